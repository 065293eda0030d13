import type { Clock, DeviceRef } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import type { Downlink } from '../downlink.ts';
import type { AccessKeys } from '../keys.ts';
import type { Registry } from '../registry.ts';
import type { Storage } from '../storage/storage.ts';
import type { SecretOf } from './signed-request.ts';

/** What the northbound APIs work on. */
export interface NorthContext {
  readonly registry: Registry;
  readonly storage: Storage;
  readonly downlink: Downlink;
  readonly keys: AccessKeys;
  readonly clock: Clock;
  /** The one Huawei project there is; left out: any project id names it. */
  readonly projectId?: string;
}

/** Finds the secrets of a cloud's access keys. */
export function secretsOf({ keys }: NorthContext, cloud: Cloud): SecretOf {
  const secrets = new Map(keys[cloud].map(({ id, secret }) => [id, secret]));
  return (id) => secrets.get(id);
}

/** Removes a device with all that is known of it, and ends its connection. */
export function removeDevice({ registry, storage, downlink }: NorthContext, cloud: Cloud, device: DeviceRef): void {
  registry.deleteDevice(cloud, device);
  storage.twins.delete(cloud, device);
  downlink.kick(cloud, device, 'the device was deleted');
}
