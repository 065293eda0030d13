import { LianyunError, type Clock, type DeviceRef, type FileDirection, type Peer } from '@lianyun/protocol';
import type { Downlink } from '../downlink.ts';
import type { Objects } from '../objects/objects.ts';
import type { ObjectPlace, UrlGrant } from '../objects/signer.ts';
import type { DeviceRecords } from '../storage/device-records.ts';
import type { Storage } from '../storage/storage.ts';
import type { Resource } from './resource-records.ts';

const MAX_NAME_BYTES = 255;
/** The vendor's C SDK has no room for more. */
const MAX_VERSION = 32;

/** What both protocols of resources work with. */
export interface ResourceRoom {
  readonly peer: Pick<Peer, 'handle' | 'send'>;
  readonly storage: Storage;
  readonly objects: Objects;
  readonly downlink: Pick<Downlink, 'route'>;
  readonly clock: Clock;
  onResource(resource: Resource): void;
  readonly records: DeviceRecords<Resource>;
  placeOf(device: DeviceRef, direction: FileDirection, name: string): ObjectPlace;
  /** A URL as the device `via` reaches it, good for an hour. */
  urlFor(via: DeviceRef, grant: Omit<UrlGrant, 'expiresAt'>): string;
}

/** Fails with `bad-input` for a name that a resource cannot have. */
export function checkName(name: string): void {
  if (name === '' || Buffer.byteLength(name) > MAX_NAME_BYTES) throw new LianyunError('bad-input', `The name of a resource has ${Buffer.byteLength(name)} bytes; 1 to ${MAX_NAME_BYTES} are expected.`);
}

/** The same of a version. */
export function checkVersion(version: string): void {
  if (version === '' || version.length > MAX_VERSION) throw new LianyunError('bad-input', `The version of a resource has ${version.length} characters; 1 to ${MAX_VERSION} are expected.`);
}
