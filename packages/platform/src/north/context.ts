import type { Clock, DeviceRef } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import type { Broadcasts } from '../broadcaster.ts';
import type { Topology } from '../children.ts';
import type { DesiredState } from '../desired.ts';
import type { DeviceHttp } from '../device-http/device-http.ts';
import type { Downlink } from '../downlink.ts';
import type { Files } from '../files.ts';
import type { HuaweiServices } from '../huawei/services.ts';
import type { AccessKeys } from '../keys.ts';
import type { Objects } from '../objects/objects.ts';
import type { Origin } from '../objects/origin.ts';
import type { GrantSigner } from '../objects/signer.ts';
import type { Postman } from '../postman.ts';
import type { DeviceLogs } from '../logs.ts';
import type { Registry } from '../registry.ts';
import type { Storage } from '../storage/storage.ts';
import type { TencentServices } from '../tencent/services.ts';
import type { Upgrades } from '../upgrades/upgrades.ts';
import type { SecretOf } from './signed-request.ts';

/** What the northbound APIs work on. */
export interface NorthContext {
  readonly registry: Registry;
  readonly storage: Storage;
  readonly postman: Postman;
  readonly downlink: Downlink;
  readonly children: Topology;
  readonly deviceHttp: DeviceHttp;
  readonly logs: DeviceLogs;
  readonly desired: DesiredState;
  readonly broadcasts: Broadcasts;
  readonly objects: Objects;
  /** Signs URLs of objects. */
  readonly signer: GrantSigner;
  /** Where the HTTP side is reached from outside. */
  readonly origin: Origin;
  readonly files: Files;
  readonly upgrades: Upgrades;
  readonly huawei: HuaweiServices;
  readonly tencent: TencentServices;
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

/** Removes a device, and ends its connection. */
export function removeDevice({ registry, downlink, children }: NorthContext, cloud: Cloud, device: DeviceRef): void {
  const found = registry.device(cloud, device);
  registry.deleteDevice(cloud, device);
  downlink.kick(cloud, device, 'the device was deleted');
  if (found.gateway !== undefined) children.removed(cloud, found.gateway, [found]);
  else children.forget(cloud, device);
}
