import type { Downlink } from '../downlink.ts';
import type { Device } from '../records.ts';

/** How a device stands, in the words of IoTDA (Huawei 14.6). */
export type DeviceStatus = 'ONLINE' | 'OFFLINE' | 'INACTIVE' | 'FROZEN';

export function deviceStatus(downlink: Pick<Downlink, 'isOnline'>, { device, enabled, activatedAt }: Device): DeviceStatus {
  if (!enabled) return 'FROZEN';
  if (downlink.isOnline('huawei', device)) return 'ONLINE';
  return activatedAt === undefined ? 'INACTIVE' : 'OFFLINE';
}

/** The resource space that devices, products and groups are in unless they name another. */
export const DEFAULT_APP = { id: 'default', name: 'Default' } as const;
