import type { Device } from '../../records.ts';
import { removeDevice, type NorthContext } from '../context.ts';
import { refusal } from '../refusal.ts';
import { action, productOf, renamed, seconds, TARGET, targetOf } from './action.ts';

/** The devices' actions (10.5, 10.6). */
export const deviceActions = {
  CreateDevice: action({ ProductId: 'text', DeviceName: 'text', DefinedPsk: 'text?' }, (p, context) => {
    productOf(p.ProductId, context);
    if (!/^[a-zA-Z0-9:_-]{1,48}$/.test(p.DeviceName)) throw refusal('InvalidParameterValue.DeviceNameInvalid', 'DeviceName is not allowed: 1 to 48 of a–z, A–Z, 0–9, :, _ and - are expected.');
    const device = renamed({ conflict: 'InvalidParameterValue.DeviceAlreadyExist' }, () =>
      context.registry.createDevice({ cloud: 'tencent', productId: p.ProductId, nodeId: p.DeviceName, ...(p.DefinedPsk ? { secret: p.DefinedPsk } : {}) }),
    );
    return { Data: { DeviceName: device.nodeId, DevicePsk: device.secret, DeviceCert: '', DevicePrivateKey: '' } };
  }),

  DescribeDevice: action(TARGET, (p, context) => {
    const device = targetOf(p, context);
    return { Device: deviceInfo(device, context, device.secret) };
  }),

  // ProductId "-1" means those of all products (10.6).
  GetDeviceList: action({ ProductId: 'text', Offset: 'integer?', Limit: 'integer?', DeviceName: 'text?', ProjectId: 'text?' }, (p, context) => {
    const { Offset: offset = 0, Limit: limit = 10 } = p;
    if (offset < 0) throw refusal('InvalidParameterValue', 'Offset is not allowed: 0 or more is expected.');
    if (limit < 1 || limit > 100) throw refusal('InvalidParameterValue', 'Limit is not allowed: 1 to 100 is expected.');
    if (p.ProductId !== '-1') productOf(p.ProductId, context);
    const { items, total } = context.registry.listDevices({
      cloud: 'tencent',
      offset,
      limit,
      ...(p.ProductId === '-1' ? {} : { productId: p.ProductId }),
      ...(p.DeviceName ? { nodeId: p.DeviceName } : {}),
    });
    return { Devices: items.map((device) => deviceInfo(device, context, '')), Total: total };
  }),

  DeleteDevice: action({ ProductId: 'text', DeviceName: 'text', ForceDelete: 'flag?' }, (p, context) => {
    deleteOne(targetOf({ ProductId: p.ProductId, DeviceName: p.DeviceName, DeviceId: undefined }, context), context);
    return { ResultCode: '', ResultMessage: '' };
  }),

  // All are looked up before the first is deleted: a name that is wrong deletes nothing.
  DeleteDevices: action({ DevicesItems: 'targets' }, (p, context) => {
    if (p.DevicesItems.length === 0) throw refusal('InvalidParameterValue', 'DevicesItems is empty: at least one device is expected.');
    const devices = new Map(p.DevicesItems.map((item) => targetOf({ ...item, DeviceId: undefined }, context)).map((device) => [device.device, device]));
    for (const device of devices.values()) deleteOne(device, context);
    return { ResultCode: '', ResultMessage: '' };
  }),

  UpdateDevicesEnableState: action({ DevicesItems: 'targets', Status: 'integer' }, (p, context) => {
    if (p.Status !== 0 && p.Status !== 1) throw refusal('InvalidParameterValue', 'Status is not allowed: 0 (disabled) or 1 (enabled) is expected.');
    const devices = p.DevicesItems.map((item) => targetOf({ ...item, DeviceId: undefined }, context));
    if (devices.length === 0) throw refusal('InvalidParameterValue', 'DevicesItems is empty: at least one device is expected.');
    for (const { device } of devices) context.registry.updateDevice('tencent', device, { enabled: p.Status === 1 });
    return { ResultCode: '', ResultMessage: '' };
  }),
};

function deleteOne({ device, gateway }: Device, context: NorthContext): void {
  if (gateway !== undefined) throw refusal('UnauthorizedOperation.DeviceHasAlreadyBindGateway', `The device ${device} is bound to the gateway ${gateway}; unbind it first.`);
  renamed({ conflict: 'UnauthorizedOperation.GatewayHasBindedDevices' }, () => removeDevice(context, 'tencent', device));
}

function statusOf({ device, activatedAt }: Device, { downlink }: NorthContext): number {
  if (downlink.isOnline('tencent', device)) return 1;
  return activatedAt === undefined ? 3 : 0;
}

/** DeviceInfo (10.6); lists leave the secret empty. */
function deviceInfo(device: Device, context: NorthContext, psk: string): object {
  const product = context.registry.product('tencent', device.productId);
  return {
    DeviceName: device.nodeId,
    Status: statusOf(device, context),
    DevicePsk: psk,
    FirstOnlineTime: seconds(device.activatedAt),
    LoginTime: seconds(device.lastOnlineAt),
    CreateTime: seconds(device.createdAt),
    Version: device.info?.firmware ?? '',
    DeviceCert: '',
    LogLevel: device.logs?.level ?? 0,
    EnableState: device.enabled ? 1 : 0,
    ProductId: device.productId,
    ProductName: product.name,
    DeviceType: String(product.productType),
    IsLora: false,
    CreateUserId: 0,
    CreatorNickName: '',
  };
}
