import { isLianyunError, LianyunError, stringifyExact, violationError, type DeviceRef } from '@lianyun/protocol';
import * as v from 'valibot';
import type { Device, DeviceDraft } from '../../records.ts';
import type { Page, PageRequest } from '../../registry-store.ts';
import { sift } from '../../sift.ts';
import { removeDevice, type NorthContext } from '../context.ts';
import { refusal } from '../refusal.ts';
import { absent, anyObject, deviceOf, object, pageIn, pageOut, param, readBody, text, textIn, timesIn, typeIn, type Answer, type Call } from './call.ts';
import { checkKeys } from './shadow.ts';
import { deviceBody, deviceItem } from './shapes.ts';

const secret = v.pipe(text(32), v.minLength(8, '8 to 32 characters are expected'));
const fingerprint = v.pipe(v.string('a string is expected'), v.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i, '40 or 64 hex digits are expected'));
const extension = v.pipe(anyObject, v.check((value) => Buffer.byteLength(stringifyExact(value)) <= 1024, 'at most 1024 bytes of JSON are expected'));
const nothing = v.custom<undefined>(() => false, 'this platform keeps one secret and one fingerprint a device; leave it out');

const addSchema = object({
  device_id: absent(text(128)),
  node_id: text(64),
  device_name: absent(text(256)),
  product_id: text(36),
  auth_info: absent(
    object({
      auth_type: absent(v.picklist(['SECRET', 'CERTIFICATES'], 'SECRET or CERTIFICATES is expected')),
      secret: absent(secret),
      fingerprint: absent(fingerprint),
      secondary_secret: absent(nothing),
      secondary_fingerprint: absent(nothing),
      secure_access: absent(v.boolean('true or false is expected')),
      timeout: absent(v.number('a number is expected')),
    }),
  ),
  description: absent(text(2048)),
  gateway_id: absent(text(128)),
  app_id: absent(text(36)),
  extension_info: absent(extension),
  shadow: absent(v.array(object({ service_id: text(64), desired: anyObject }), 'an array is expected')),
});

/** POST /devices */
export function addDevice(call: Call): Answer {
  const { registry, storage, clock, children, desired } = call.context;
  const body = readBody(call, addSchema);
  checkKeys((body.shadow ?? []).map((each) => each.desired));
  const groups = (body.shadow ?? []).map(({ service_id: service, desired }) => ({ service, values: desired }));
  const violation = registry.findProduct('huawei', body.product_id) === undefined ? undefined : registry.model('huawei', body.product_id).checkProperties(groups, 'set');
  if (violation !== undefined) throw violationError(violation);
  const device = create(call, draftOf(body));
  if (groups.length > 0) storage.twins.desire('huawei', device.device, groups, clock.now());
  if (device.gateway !== undefined) children.added('huawei', device.gateway, [device]);
  desired.changed(device.device);
  return deviceBody(call.context, device, { secret: true });
}

function draftOf(body: v.InferOutput<typeof addSchema>): DeviceDraft {
  const { auth_info: auth = {} } = body;
  return {
    cloud: 'huawei',
    productId: body.product_id,
    nodeId: body.node_id,
    authType: auth.auth_type === 'CERTIFICATES' ? 'certificate' : 'secret',
    secureAccess: auth.secure_access ?? false,
    ...(body.device_id === undefined ? {} : { device: body.device_id }),
    ...(body.device_name === undefined ? {} : { name: body.device_name }),
    ...(auth.secret === undefined ? {} : { secret: auth.secret }),
    ...(auth.fingerprint === undefined ? {} : { fingerprint: auth.fingerprint }),
    ...(body.gateway_id === undefined ? {} : { gateway: body.gateway_id }),
    ...(body.description === undefined ? {} : { description: body.description }),
    ...(body.app_id === undefined ? {} : { appId: body.app_id }),
    ...(body.extension_info === undefined ? {} : { extensionInfo: body.extension_info }),
  };
}

function create({ context: { registry } }: Call, draft: DeviceDraft): Device {
  try {
    return registry.createDevice(draft);
  } catch (error) {
    if (isLianyunError(error, 'conflict')) throw refusal('IOTDA.014031', `Invalid input. The device already exists: ${error.place.device ?? ''}`);
    throw error;
  }
}

/** GET /devices/{device_id} */
export function showDevice(call: Call): Answer {
  return deviceBody(call.context, deviceOf(call), { secret: false });
}

/** GET /devices. There is one resource space, so app_id narrows nothing, and one level of gateways, so neither does is_cascade_query. */
export async function listDevices(call: Call): Promise<object> {
  const filters = { productId: 'product_id', gateway: 'gateway_id', nodeId: 'node_id', name: 'device_name' } as const;
  const wanted: { -readonly [M in keyof typeof filters]?: string } = {};
  for (const [member, name] of Object.entries(filters)) {
    const value = textIn(call, name);
    if (value !== undefined) wanted[member as keyof typeof filters] = value; // its own keys
  }
  if (textIn(call, 'is_cascade_query') !== undefined) typeIn(call, 'is_cascade_query', ['true', 'false']);
  const { registry } = call.context;
  const page = pageIn(call);
  const times = timesIn(call);
  const read = (part: PageRequest): Page<Device> => registry.listDevices({ cloud: 'huawei', ...part, ...wanted });
  const { items, total } = times === undefined ? read(page) : await sift(read, ({ createdAt }) => createdAt >= times.from && createdAt < times.to, page);
  return { devices: items.map((device) => deviceItem(call.context, device)), page: pageOut(call, items, total) };
}

/** The body of UpdateDevice. */
export const updateSchema = object({
  device_name: absent(text(256)),
  description: absent(text(2048)),
  extension_info: absent(extension),
  auth_info: absent(object({ secure_access: absent(v.boolean('true or false is expected')) })),
});

/** PUT /devices/{device_id}: what is left out stays as it was. */
export function updateDevice(call: Call): Answer {
  const { device } = deviceOf(call);
  return deviceBody(call.context, changeDevice(call.context, device, readBody(call, updateSchema)), { secret: false });
}

/** Changes what is known of a device. */
export function changeDevice({ registry }: NorthContext, device: DeviceRef, body: v.InferOutput<typeof updateSchema>): Device {
  return registry.updateDevice('huawei', device, {
    ...(body.device_name === undefined ? {} : { name: body.device_name }),
    ...(body.description === undefined ? {} : { description: body.description }),
    ...(body.extension_info === undefined ? {} : { extensionInfo: body.extension_info }),
    ...(body.auth_info?.secure_access === undefined ? {} : { secureAccess: body.auth_info.secure_access }),
  });
}

/** The body of ChangeGateway. */
export const changeGatewaySchema = object({ gateway_id: text(128) });

/** POST /devices/{device_id}/change-gateway: both gateways are told (14.5). */
export function changeGateway(call: Call): Answer {
  moveDevice(call.context, deviceOf(call), readBody(call, changeGatewaySchema));
  return {};
}

/** Puts a sub-device under another gateway. */
export function moveDevice({ registry, children }: NorthContext, target: Device, { gateway_id: gateway }: v.InferOutput<typeof changeGatewaySchema>): void {
  const { device, gateway: before } = target;
  const refuse = (what: string): LianyunError => new LianyunError('bad-input', `Invalid input data. gateway_id: ${what}`, { path: 'gateway_id' });
  if (before === undefined) throw refuse(`${device} is no sub-device: it connects by itself`);
  if (before === gateway) throw refuse(`${gateway} is the gateway of ${device} already`);
  if (registry.device('huawei', gateway).gateway !== undefined) throw refuse(`${gateway} is itself a sub-device`);
  children.removed('huawei', before, [target]);
  children.added('huawei', gateway, [registry.updateDevice('huawei', device, { gateway })]);
}

/** DELETE /devices/{device_id} */
export function deleteDevice(call: Call): Answer {
  removeDevice(call.context, 'huawei', param(call, 'device_id'));
  return undefined;
}

/** POST /devices/{device_id}/freeze: it is disconnected, and cannot sign in until it is unfrozen (14.5). */
export function freezeDevice(call: Call): Answer {
  call.context.registry.updateDevice('huawei', param(call, 'device_id'), { enabled: false });
  return undefined;
}

/** POST /devices/{device_id}/unfreeze */
export function unfreezeDevice(call: Call): Answer {
  call.context.registry.updateDevice('huawei', param(call, 'device_id'), { enabled: true });
  return undefined;
}
