import { isJsonObject, LianyunError, type ChildInfo, type DeviceRef, type JsonObject } from '@lianyun/protocol';

/** A sub-device to be created under this gateway (Huawei), or to be bound to it with its own secret (Tencent). */
export type NewChild =
  | { readonly product: string; readonly node: string; readonly device?: DeviceRef; readonly name?: string; readonly description?: string; readonly info?: JsonObject }
  | { readonly device: DeviceRef; readonly secret: string; readonly method?: 'hmacsha1' | 'hmacsha256' };

/** The cloud told that sub-devices were added to this gateway, or removed from it. */
export interface GatewayChange {
  readonly change: 'added' | 'removed';
  readonly children: readonly ChildInfo[];
  /** Of the list after the change. Huawei only. */
  readonly version?: number;
}

/** Takes a notice; what it throws becomes a problem of the device. */
export type GatewayChangeHandler = (change: GatewayChange) => void | Promise<void>;

/** How long to wait for the cloud; left out: as long as it may take. */
export interface GatewayWait {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

// Types say what a sub-device can be; a program in JavaScript can pass anything, and a text is a list of its characters.

/** Those to add. Throws `bad-input`. */
export function newChildren(children: readonly NewChild[]): readonly NewChild[] {
  const given: unknown = children;
  if (Array.isArray(given) && given.every(isJsonObject)) return children;
  throw new LianyunError('bad-input', 'gateway.add() takes a list of sub-devices: [{ product, node }], on Tencent [{ device, secret }].');
}

/** Each of those that are named, once. Throws `bad-input`. */
export function childRefs(children: readonly DeviceRef[], method: 'remove' | 'online' | 'offline'): DeviceRef[] {
  const given: unknown = children;
  if (Array.isArray(given) && given.every(isRef)) return [...new Set(children)];
  throw new LianyunError('bad-input', `gateway.${method}() takes a list of the ids of sub-devices.`);
}

/** The one that is named. Throws `bad-input`. */
export function childRef(device: DeviceRef): DeviceRef {
  if (isRef(device)) return device;
  throw new LianyunError('bad-input', 'gateway.child() takes the id of a sub-device.');
}

const isRef = (value: unknown): value is DeviceRef => typeof value === 'string' && value !== '';
