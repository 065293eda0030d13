import type { Device, TencentProduct } from '../../records.ts';
import type { NorthContext } from '../context.ts';
import { refusal } from '../refusal.ts';
import { action, productOf, seconds, targetOf } from './action.ts';
import { boundsOf, pageOf } from './page.ts';

/** Product type of gateways (10.6). */
const GATEWAY = 5;

const GATEWAY_NAMES = { GatewayProductId: 'text', GatewayDeviceName: 'text' } as const;
const BIND = { ...GATEWAY_NAMES, ProductId: 'text', DeviceNames: 'texts' } as const;

const PRODUCTS = { GatewayProductId: 'text', ProductIds: 'texts' } as const;

function gatewayProductOf(productId: string, context: NorthContext): TencentProduct {
  const product = productOf(productId, context);
  if (product.productType !== GATEWAY) throw refusal('InvalidParameterValue.ProductIsNotGateway', `The product ${productId} is no gateway product.`);
  return product;
}

function productsOf(productIds: readonly string[], context: NorthContext): readonly TencentProduct[] {
  if (productIds.length === 0) throw refusal('InvalidParameterValue', 'ProductIds is empty: at least one product is expected.');
  return [...new Set(productIds)].map((productId) => productOf(productId, context));
}

function gatewayOf({ GatewayProductId, GatewayDeviceName }: { readonly GatewayProductId: string; readonly GatewayDeviceName: string }, context: NorthContext): Device {
  gatewayProductOf(GatewayProductId, context);
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
    const { offset, limit } = boundsOf(p);
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

  DescribeGatewaySubDeviceList: action({ ...GATEWAY_NAMES, Offset: 'integer', Limit: 'integer' }, (p, context) => {
    const { items, total } = context.registry.listDevices({ cloud: 'tencent', gateway: gatewayOf(p, context).device, ...boundsOf(p) });
    // Who the users and families are is the application's to know.
    const shown = items.map(({ device, productId, nodeId, name, createdAt }) => ({ ProductId: productId, DeviceName: nodeId, DeviceId: device, AliasName: name === nodeId ? '' : name, FamilyId: '', RoomId: '', IconUrl: '', IconUrlGrid: '', CreateTime: seconds(createdAt), UpdateTime: seconds(createdAt) }));
    return { Total: total, DeviceList: shown };
  }),

  // Says which products' devices a gateway is made for; it is told nothing, and BindDevices does not ask for it.
  BindProducts: action(PRODUCTS, (p, context) => {
    const gateway = gatewayProductOf(p.GatewayProductId, context);
    const products = productsOf(p.ProductIds, context);
    const wrong = products.find(({ productType }) => productType === GATEWAY);
    if (wrong !== undefined) throw refusal('InvalidParameterValue', `The product ${wrong.productId} is a gateway product: it cannot be bound.`);
    context.registry.updateProduct('tencent', gateway.productId, { boundProducts: [...new Set([...(gateway.boundProducts ?? []), ...products.map(({ productId }) => productId)])] });
    return { GatewayDeviceNames: [] };
  }),

  UnbindProducts: action(PRODUCTS, (p, context) => {
    const gateway = gatewayProductOf(p.GatewayProductId, context);
    const gone = new Set(productsOf(p.ProductIds, context).map(({ productId }) => productId));
    const foreign = [...gone].find((productId) => gateway.boundProducts?.includes(productId) !== true);
    if (foreign !== undefined) throw refusal('InvalidParameterValue', `The product ${foreign} is not bound to ${gateway.productId}.`);
    const inUse = [...gone].flatMap((productId) => context.registry.listDevices({ cloud: 'tencent', productId, limit: Number.MAX_SAFE_INTEGER }).items).filter((device) => device.gateway?.startsWith(`${gateway.productId}/`) === true);
    if (inUse.length > 0) {
      // The gateways that have such devices are named in the answer.
      return { GatewayDeviceNames: [...new Set(inUse.map((device) => device.gateway?.split('/').at(-1) ?? ''))] };
    }
    context.registry.updateProduct('tencent', gateway.productId, { boundProducts: (gateway.boundProducts ?? []).filter((productId) => !gone.has(productId)) });
    return { GatewayDeviceNames: [] };
  }),

  DescribeGatewaySubProducts: action({ GatewayProductId: 'text', Offset: 'integer?', Limit: 'integer?', ProjectId: 'text?', ProductSource: 'integer?' }, (p, context) => {
    const { boundProducts = [] } = gatewayProductOf(p.GatewayProductId, context);
    const { items, total } = pageOf(boundProducts.flatMap((productId) => context.registry.findProduct('tencent', productId) ?? []), p);
    return { Products: items.map(({ productId, name }) => ({ ProductId: productId, ProductName: name })), Total: total };
  }),
};
