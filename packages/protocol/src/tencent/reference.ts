import { LianyunError } from '../errors.ts';
import type { DeviceRef } from '../vocabulary.ts';

/** `ProductId/DeviceName`, as the cloud's own API writes a DeviceId (reference 10.5). */
export function refOf(slots: { readonly productId: string; readonly deviceName: string }): DeviceRef {
  return `${slots.productId}/${slots.deviceName}`;
}

export function slotsOf(device: DeviceRef): { readonly productId: string; readonly deviceName: string } {
  const at = device.indexOf('/');
  if (at < 1 || at === device.length - 1) throw new LianyunError('bad-input', `${JSON.stringify(device)} is no device: ProductId/DeviceName is expected.`, { device });
  return { productId: device.slice(0, at), deviceName: device.slice(at + 1) };
}
