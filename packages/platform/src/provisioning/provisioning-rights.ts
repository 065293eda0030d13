import { codecOf, filtersFor, huawei, type DeviceRef } from '@lianyun/protocol';

/** Whether a device that came through a registration group may publish to a topic: it may ask where to connect. */
export const mayAsk = (device: DeviceRef, topic: string): boolean => codecOf(huawei).encode('provision.request', { device, via: device, body: {} }).topic === topic;

/** Whether it may subscribe a filter: that of the answer. */
export const mayHear = (device: DeviceRef, wanted: string): boolean => filtersFor(huawei, device, 'provision.request').some(({ filter }) => filter === wanted);
