import type { DeviceRef, FileDirection } from '@lianyun/protocol';
import type { Shape } from '../storage/records.ts';

/** A resource of a device, in one direction: the latest of its name. */
export interface Resource {
  readonly device: DeviceRef;
  readonly direction: FileDirection;
  readonly name: string;
  /** What the device announced, or what it is to get. Hex digits; '' where nobody has said. */
  readonly bytes: number;
  readonly md5: string;
  /** Which version it is to have, or puts; left out: the resource has none (reference 7.8). */
  readonly version?: string;
  /** FILE, AUDIO, VOICE or VIDEO. */
  readonly type?: string;
  /** The version that the device has, as it told. */
  readonly has?: string;
  /** The device is to remove it. */
  readonly isLeaving?: boolean;
  /** What names it in the device's messages about what it puts (reference 7.9). */
  readonly token?: string;
  /** What the device told last. */
  readonly told?: ResourceTold;
  /** The device has not told that it is done, or failed. */
  readonly isOpen: boolean;
  readonly serial: number;
}

/** What a device told of a resource; 0 is no error. */
export interface ResourceTold {
  readonly state: 'uploading' | 'downloading' | 'burning' | 'done' | 'fail';
  readonly code: number;
  readonly percent?: number;
  readonly text?: string;
  readonly at: number;
}

export const RESOURCES: Shape<Resource> = { name: 'resources', key: ['device', 'direction', 'name'], columns: { name: 'text', device: 'text', direction: 'text', isOpen: 'flag' } };
