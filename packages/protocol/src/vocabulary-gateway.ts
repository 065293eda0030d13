import type { DeviceRef } from './device-ref.ts';
import type { JsonObject } from './json.ts';

/** A sub-device to be added: by product and node (Huawei), or by its own signature (Tencent). */
export type ChildDraft =
  | { product: string; node: string; device?: DeviceRef; gateway?: DeviceRef; name?: string; description?: string; info?: JsonObject }
  | { device: DeviceRef; signature: string; random: number; at: number; /** `hmacsha1`, `hmacsha256`, or what a gateway says that knows better. */ method: string; proof: 'psk' | 'certificate' };

/** What became of one sub-device in a request. Where none came to be (Huawei), product and node name it; what was added is described in full. */
export interface ChildResult extends Partial<ChildInfo> {
  /** 0 is success. Huawei's failures are all -1 and carry their code as text in `error`. */
  code: number;
  error?: string;
  text?: string;
}

/** A sub-device as the cloud describes it. */
export interface ChildInfo {
  device: DeviceRef;
  gateway?: DeviceRef;
  node?: string;
  product?: string;
  name?: string;
  description?: string;
  manufacturer?: string;
  model?: string;
  firmware?: string;
  software?: string;
  status?: string;
  info?: JsonObject;
}
