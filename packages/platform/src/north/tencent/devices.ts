import type { Device } from '../../records.ts';
import { certified } from '../../device-http/device-http.ts';
import { removeDevice, type NorthContext } from '../context.ts';
import { refusal } from '../refusal.ts';
import { action, productOf, seconds, TARGET, targetOf } from './action.ts';
import { filtered } from './firmware.ts';
import { boundsOf, pageOf } from './page.ts';

/** The devices' actions (10.5, 10.6). */
export const deviceActions = {
  CreateDevice: action({ ProductId: 'text', DeviceName: 'text', DefinedPsk: 'text?' }, (p, context) => {
    const product = productOf(p.ProductId, context);
    if (!/^[a-zA-Z0-9:_-]{1,48}$/.test(p.DeviceName)) throw refusal('InvalidParameterValue.DeviceNameInvalid', 'DeviceName is not allowed: 1 to 48 of a–z, A–Z, 0–9, :, _ and - are expected.');
    const isCertificate = product.encryptionType === '1';
    if (isCertificate && p.DefinedPsk) throw refusal('UnauthorizedOperation.ProductNotSupportPSK', `The devices of the product ${p.ProductId} have certificates.`);
    if (context.registry.findDevice('tencent', `${p.ProductId}/${p.DeviceName}`) !== undefined) throw refusal('InvalidParameterValue.DeviceAlreadyExist', `The device ${p.ProductId}/${p.DeviceName} exists already.`);
    const issued = isCertificate ? context.deviceHttp.issue(`${p.ProductId}${p.DeviceName}`) : undefined;
    const own = { ...(p.DefinedPsk ? { secret: p.DefinedPsk } : {}), ...(issued === undefined ? {} : certified(issued.cert)) };
    const device = context.registry.createDevice({ cloud: 'tencent', productId: p.ProductId, nodeId: p.DeviceName, ...own });
    return { Data: { DeviceName: device.nodeId, DevicePsk: issued === undefined ? device.secret : '', DeviceCert: issued?.cert ?? '', DevicePrivateKey: issued?.key ?? '' } };
  }),

  DescribeDevice: action(TARGET, (p, context) => {
    const device = targetOf(p, context);
    return { Device: deviceInfo(device, context, device.secret) };
  }),

  // ProductId "-1" means those of all products (10.6).
  GetDeviceList: action({ ProductId: 'text', Offset: 'integer?', Limit: 'integer?', DeviceName: 'text?', ProjectId: 'text?', FirmwareVersion: 'text?', FwType: 'text?', Filters: 'filters?' }, (p, context) => {
    const bounds = boundsOf(p);
    if (p.ProductId !== '-1') productOf(p.ProductId, context);
    const query = { cloud: 'tencent', ...(p.ProductId === '-1' ? {} : { productId: p.ProductId }), ...(p.DeviceName ? { nodeId: p.DeviceName } : {}) } as const;
    const show = (items: readonly Device[], total: number): object => ({ Devices: items.map((device) => deviceInfo(device, context, '')), Total: total });
    const isProject = p.ProductId === '-1' && p.ProjectId ? context.tencent.projects.find(p.ProjectId) !== undefined : false;
    if (!isProject && !p.FirmwareVersion && p.Filters === undefined) {
      const { items, total } = context.registry.listDevices({ ...query, ...bounds });
      return show(items, total);
    }
    const inProject = isProject ? new Set(context.tencent.projects.productsOf(p.ProjectId ?? '').map(({ productId }) => productId)) : undefined;
    const all = context.registry.listDevices({ ...query, limit: Number.MAX_SAFE_INTEGER }).items;
    const wanted = all.filter((device) => inProject?.has(device.productId) !== false && (!p.FirmwareVersion || device.info?.firmware === p.FirmwareVersion));
    const { items, total } = pageOf(filtered(wanted, p.Filters, filtersOf(context)), p);
    return show(items, total);
  }),

  DeleteDevice: action({ ProductId: 'text', DeviceName: 'text', ForceDelete: 'flag?' }, (p, context) => {
    const device = targetOf({ ProductId: p.ProductId, DeviceName: p.DeviceName, DeviceId: undefined }, context);
    if (p.ForceDelete === true) unbind(device, context);
    deleteAll([context.registry.device('tencent', device.device)], context);
    return { ResultCode: '', ResultMessage: '' };
  }),

  DeleteDevices: action({ DevicesItems: 'targets' }, (p, context) => {
    if (p.DevicesItems.length === 0) throw refusal('InvalidParameterValue', 'DevicesItems is empty: at least one device is expected.');
    const devices = new Map(p.DevicesItems.map((item) => targetOf({ ...item, DeviceId: undefined }, context)).map((device) => [device.device, device]));
    deleteAll([...devices.values()], context);
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

/** What lists of devices can be narrowed by. */
const filtersOf = (context: NorthContext): Readonly<Record<string, (device: Device) => string>> => ({
  DeviceName: ({ nodeId }) => nodeId,
  ProductId: ({ productId }) => productId,
  Status: (device) => String(statusOf(device, context)),
  FirmwareVersion: ({ info }) => info?.firmware ?? '',
  EnableState: ({ enabled }) => (enabled ? '1' : '0'),
});

/** Takes a device from its gateway, and from it those that are bound to it. */
function unbind({ device, gateway }: Device, { registry, children }: NorthContext): void {
  if (gateway !== undefined) children.removed('tencent', gateway, [registry.device('tencent', device)]);
  children.removed('tencent', device, registry.childrenOf('tencent', device));
}

/** Deletes all of them, or refuses and deletes none. */
function deleteAll(devices: readonly Device[], context: NorthContext): void {
  for (const { device, gateway } of devices) {
    if (gateway !== undefined) throw refusal('UnauthorizedOperation.DeviceHasAlreadyBindGateway', `The device ${device} is bound to the gateway ${gateway}; unbind it first.`);
    const { total } = context.registry.listDevices({ cloud: 'tencent', gateway: device, limit: 1 });
    if (total > 0) throw refusal('UnauthorizedOperation.GatewayHasBindedDevices', `${total} device(s) connect through ${device}; unbind them first.`);
  }
  for (const { device } of devices) removeDevice(context, 'tencent', device);
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
    DeviceCert: psk === '' && device.authType === 'secret' ? '' : (device.certificate ?? ''),
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
