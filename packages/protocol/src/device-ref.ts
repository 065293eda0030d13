/**
 * Names a device within its cloud: Huawei's device id; Tencent's `ProductId/DeviceName`, as the cloud's own API writes it.
 */
export type DeviceRef = string;
