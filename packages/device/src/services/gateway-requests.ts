import type { ChildInfo, DeviceRef, JsonObject } from '@lianyun/protocol';

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
