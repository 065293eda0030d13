import { LianyunError, type Clock, type DeviceRef, type FileDirection, type Peer } from '@lianyun/protocol';
import type { Origin } from './objects/origin.ts';
import type { Objects, PutOptions, StoredObject } from './objects/objects.ts';
import type { Digest, GrantSigner, ObjectPlace } from './objects/signer.ts';
import type { PageRequest } from './registry-store.ts';
import { DeviceRecords } from './storage/device-records.ts';
import type { Shape } from './storage/records.ts';
import type { Storage } from './storage/storage.ts';

/** What a device was granted for a file, and what it said became of it: the latest of each direction. */
interface FileGrant {
  readonly device: DeviceRef;
  readonly direction: FileDirection;
  /** The file's name among those of its device. */
  readonly object: string;
  /** What the device called it, where it could not be called so. */
  readonly asked?: string;
  /** Ms since 1970, as every instant here. */
  readonly grantedAt: number;
  readonly expiresAt: number;
  /** What the device told of it: 0 is success, 1 failure; the HTTP status that it saw. */
  readonly result?: { readonly code: number; readonly status?: number; readonly text?: string; readonly at: number };
  readonly serial: number;
}

/** A file of a device, as an application sees it. */
export interface DeviceFile extends FileGrant {
  /** What is in the object store under its name now. */
  readonly stored?: StoredObject;
}

const GRANTS: Shape<FileGrant> = { name: 'files', key: ['device', 'direction', 'object'], columns: { object: 'text', device: 'text', direction: 'text' } };

/** How long a URL is good (Huawei 5.4). */
const EXPIRES_SECONDS = 3600;
const MAX_NAME_BYTES = 512;
/** Names that are kept for a device; the oldest give way. */
const KEPT = 1000;

interface FilesOptions {
  readonly storage: Storage;
  readonly objects: Objects;
  readonly signer: GrantSigner;
  readonly origin: Origin;
  /** Of Huawei's devices. */
  readonly peer: Pick<Peer, 'handle'>;
  readonly clock: Clock;
  /** A file came in, or its device told what became of it. */
  onFile(file: DeviceFile): void;
  problem(problem: LianyunError): void;
}

/** The files that Huawei devices put into object storage and get from it (Huawei 5.4, 8). Each device has a bucket of its own. */
export class Files {
  readonly #options: FilesOptions;
  readonly #grants: DeviceRecords<FileGrant>;

  constructor(options: FilesOptions) {
    this.#options = options;
    this.#grants = new DeviceRecords(options.storage, GRANTS, KEPT);
    options.objects.onStored((object) => this.#stored(object));
    this.#takeRequests();
  }

  /** What a device was granted, the latest first. */
  list(device: DeviceRef, page: PageRequest): { readonly items: readonly DeviceFile[]; readonly total: number } {
    const { items, total } = this.#grants.page({ device }, page);
    return { total, items: items.map((grant) => this.#fileOf(grant)) };
  }

  /** Where a device's file is in the object store. */
  placeOf(device: DeviceRef, name: string): ObjectPlace {
    return { bucket: bucketOf(device), key: objectOf(name) };
  }

  /** Puts a file where its device finds it when it asks for the name. Rejects as {@link Objects.put} does. */
  put(device: DeviceRef, name: string, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options?: PutOptions): Promise<StoredObject> {
    return this.#options.objects.put(this.placeOf(device, name), source, options);
  }

  /** Forgets a device and removes its files. */
  forget(device: DeviceRef): void {
    this.#grants.forget(device);
    const { objects, problem } = this.#options;
    objects.empty(bucketOf(device)).catch((cause: unknown) => {
      problem(new LianyunError('handler-failed', `The files of ${device} could not be removed: ${cause instanceof Error ? cause.message : String(cause)}`, { device, cause }));
    });
  }

  #takeRequests(): void {
    const { peer, objects, signer, origin, clock, storage, onFile } = this.#options;

    // The same whether there is such a file: object storage says so when the URL is used.
    peer.handle('file.request', async ({ device, via, body }) => {
      const { direction, name, hash, bytes } = body;
      if (name === '' || Buffer.byteLength(name) > MAX_NAME_BYTES) throw new LianyunError('bad-input', `${device} asked for a URL for a file whose name has ${Buffer.byteLength(name)} bytes; 1 to ${MAX_NAME_BYTES} are expected.`, { device });
      const place = this.placeOf(device, name);
      const now = clock.now();
      const expiresAt = now + EXPIRES_SECONDS * 1000;
      const { key: object, bucket } = place;
      this.#grants.begin({ device, direction, object, ...(object === name ? {} : { asked: name }), grantedAt: now, expiresAt });
      await storage.stored();
      const digest = digestOf(hash);
      const announced = direction === 'download' ? {} : { ...(bytes === undefined ? {} : { bytes }), ...(digest === undefined ? {} : { digest }) };
      const path = signer.pathOf({ place, method: direction === 'upload' ? 'PUT' : 'GET', expiresAt, ...announced });
      const known = direction === 'download' ? objects.find(place) : undefined;
      const attributes = { ...(known === undefined ? {} : { hash: known.sha256, bytes: known.bytes }), ...(hash === undefined ? {} : { hash }), ...(bytes === undefined ? {} : { bytes }) };
      return { direction, url: origin.forDevice('huawei', via) + path, bucket, object, expiresSeconds: EXPIRES_SECONDS, ...attributes };
    });

    peer.handle('file.result', async ({ device, body: { direction, object, code, status, text } }) => {
      const grant = this.#grants.get({ device, direction, object });
      if (grant === undefined) throw new LianyunError('unexpected-reply', `${device} told of the ${direction} of ${JSON.stringify(object.slice(0, 200))}, for which it was granted nothing.`, { device });
      const result = { code, at: clock.now(), ...(status === undefined ? {} : { status }), ...(text === undefined ? {} : { text }) };
      const told = { ...grant, result };
      this.#grants.change(told);
      onFile(this.#fileOf(told));
    });
  }

  #stored({ bucket, key: object }: StoredObject): void {
    const device = deviceOf(bucket);
    const grant = device === undefined ? undefined : this.#grants.get({ device, direction: 'upload', object });
    if (grant !== undefined) this.#options.onFile(this.#fileOf(grant));
  }

  #fileOf(grant: FileGrant): DeviceFile {
    const stored = this.#options.objects.find({ bucket: bucketOf(grant.device), key: grant.object });
    return { ...grant, ...(stored === undefined ? {} : { stored }) };
  }
}

const BUCKET = 'files-';
const bucketOf = (device: DeviceRef): string => `${BUCKET}${device}`;
const deviceOf = (bucket: string): DeviceRef | undefined => (bucket.startsWith(BUCKET) ? bucket.slice(BUCKET.length) : undefined);

/**
 * What a file is called in its bucket: as the device calls it, since Huawei's Python SDK looks it up by that name (5.4). A segment that would not
 * survive a URL's path, and control characters, are replaced.
 */
function objectOf(name: string): string {
  const segments = name.toWellFormed().replace(/\p{Cc}/gu, '_').split('/');
  return segments.map((segment) => (segment === '.' || segment === '..' ? '_'.repeat(segment.length) : segment)).join('/');
}

/** A hash that a device announces is SHA-256 in hex digits (5.4); what has another form cannot be checked. */
function digestOf(hash: string | undefined): Digest | undefined {
  return hash !== undefined && /^[0-9a-f]{64}$/i.test(hash) ? { algorithm: 'sha256', hex: hash } : undefined;
}
