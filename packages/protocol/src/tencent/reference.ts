import * as v from 'valibot';
import { LianyunError } from '../errors.ts';
import { isTopicLevel } from '../topic.ts';
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

const level = v.pipe(v.string(), v.check(isTopicLevel, 'a level of a topic is expected'));

/** A device in the body of a message (reference 3). */
export const pair = { product_id: level, device_name: level };

export const readPair = (entry: { readonly product_id: string; readonly device_name: string }): DeviceRef => refOf({ productId: entry.product_id, deviceName: entry.device_name });

export const writePair = (device: DeviceRef) => {
  const { productId, deviceName } = slotsOf(device);
  return { product_id: productId, device_name: deviceName };
};
