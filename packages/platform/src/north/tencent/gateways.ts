import type { Device } from '../../records.ts';
import type { NorthContext } from '../context.ts';
import { refusal } from '../refusal.ts';
import { action, productOf, targetOf } from './action.ts';

/** Product type of gateways (10.6). */
const GATEWAY = 5;

const GATEWAY_NAMES = { GatewayProductId: 'text', GatewayDeviceName: 'text' } as const;
const BIND = { ...GATEWAY_NAMES, ProductId: 'text', DeviceNames: 'texts' } as const;

function gatewayOf({ GatewayProductId, GatewayDeviceName }: { readonly GatewayProductId: string; readonly GatewayDeviceName: string }, context: NorthContext): Device {
  if (productOf(GatewayProductId, context).productType !== GATEWAY) throw refusal('InvalidParameterValue.ProductIsNotGateway', `The product ${GatewayProductId} is no gateway product.`);
  return targetOf({ ProductId: GatewayProductId, DeviceName: GatewayDeviceName, DeviceId: undefined }, context);
}

/** The devices that a request names: all of them, or the request is refused as a whole. */
function devicesOf(productId: string, names: readonly string[], context: NorthContext): readonly Device[] {
  if (names.length === 0) throw refusal('InvalidParameterValue', 'DeviceNames is empty: at least one device is expected.');
  return [...new Set(names)].map((name) => targetOf({ ProductId: productId, DeviceName: name, DeviceId: undefined }, context));
}

/** The actions about gateways and the devices behind them (10.5, 10.6). */
export const gatewayActions = {
  BindDevices: action(BIND, (p, context) => {
    const gateway = gatewayOf(p, context);
    if (productOf(p.ProductId, context).productType === GATEWAY) throw refusal('InvalidParameterValue', `The product ${p.ProductId} is a gateway product: its devices cannot be bound.`);
    const devices = devicesOf(p.ProductId, p.DeviceNames, context);
    const taken = devices.find((device) => device.gateway !== undefined && device.gateway !== gateway.device);
    if (taken !== undefined) throw refusal('UnauthorizedOperation.DeviceHasAlreadyBindGateway', `The device ${taken.device} is bound to the gateway ${taken.gateway ?? ''}; unbind it first.`);
    const bound = devices.filter((device) => device.gateway === undefined).map(({ device }) => context.registry.updateDevice('tencent', device, { gateway: gateway.device }));
    context.children.added('tencent', gateway.device, bound);
    return {};
  }),

  UnbindDevices: action(BIND, (p, context) => {
    const gateway = gatewayOf(p, context);
    const devices = devicesOf(p.ProductId, p.DeviceNames, context);
    const foreign = devices.find((device) => device.gateway !== gateway.device);
    if (foreign !== undefined) throw refusal('InvalidParameterValue.DeviceHasNotBindGateway', `The device ${foreign.device} is not bound to ${gateway.device}.`);
    context.children.removed('tencent', gateway.device, devices);
    return {};
  }),

  DescribeGatewayBindDevices: action({ ...GATEWAY_NAMES, ProductId: 'text?', Offset: 'integer?', Limit: 'integer?' }, (p, context) => {
    const gateway = gatewayOf(p, context);
    const { Offset: offset = 0, Limit: limit = 10 } = p;
    if (offset < 0) throw refusal('InvalidParameterValue', 'Offset is not allowed: 0 or more is expected.');
    if (limit < 1 || limit > 100) throw refusal('InvalidParameterValue', 'Limit is not allowed: 1 to 100 is expected.');
    const product = p.ProductId ? productOf(p.ProductId, context) : undefined;
    const { items, total } = context.registry.listDevices({ cloud: 'tencent', gateway: gateway.device, offset, limit, ...(product === undefined ? {} : { productId: product.productId }) });
    return { Devices: items.map(({ productId, nodeId }) => ({ ProductId: productId, DeviceName: nodeId })), Total: total, ProductName: product?.name ?? '' };
  }),

  DescribeDeviceBindGateway: action({ ProductId: 'text', DeviceName: 'text' }, (p, context) => {
    const { device, gateway } = targetOf({ ...p, DeviceId: undefined }, context);
    if (gateway === undefined) throw refusal('InvalidParameterValue.DeviceHasNotBindGateway', `The device ${device} is not bound to a gateway.`);
    const found = context.registry.device('tencent', gateway);
    return { GatewayProductId: found.productId, GatewayDeviceName: found.nodeId, GatewayName: found.name };
  }),
};
