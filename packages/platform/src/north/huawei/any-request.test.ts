// Whatever stands in a request, each route answers as documented: never with a status of 5xx, and what it refuses leaves everything as it was.
import { stringifyExact, type JsonValue } from '@lianyun/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Platform } from '../../platform.ts';
import { openStorage, type Storage } from '../../storage/storage.ts';
import { Folder } from '../../storage/storage.fixtures.ts';
import { StillClock } from '../north.fixtures.ts';
import { OPERATION_TYPES } from './batch-operations.ts';
import { ROUTES } from './routes.ts';
import { signHuawei } from './signature.ts';

const RUNS = process.env['LIANYUN_NIGHTLY'] === '1' ? 1000 : 5;
const KEY = { id: 'AKHWTEST', secret: 'self-made-sk' };

const MODEL = [
  {
    service_id: 'light',
    properties: [{ property_name: 'level', data_type: 'int', min: '0', max: '100', method: 'RW' }, { property_name: 'count', data_type: 'long', method: 'RW' }],
    commands: [{ command_name: 'blink', paras: [{ para_name: 'times', data_type: 'int', min: '1', max: '10' }] }],
  },
];
const BLINK = { service_id: 'light', command_name: 'blink', paras: { times: 3 } };
const TAGS = [{ tag_key: 'floor', tag_value: '3' }];
const RULE = {
  name: 'bright',
  rule_type: 'DEVICE_SIDE',
  condition_group: {
    logic: 'and',
    time_range: { start_time: '08:00', end_time: '20:00', days_of_week: '1,7' },
    conditions: [
      { type: 'DEVICE_DATA', device_property_condition: { device_id: 'lamp_1', filters: [{ path: 'light/level', operator: '>', value: '9' }] } },
      { type: 'DAILY_TIMER', daily_timer_condition: { time: '12:00', days_of_week: '1' } },
      { type: 'SIMPLE_TIMER', simple_timer_condition: { start_time: '20250101T000000Z', repeat_interval: 5, repeat_count: 3 } },
    ],
  },
  actions: [{ type: 'DEVICE_CMD', device_command: { device_id: 'lamp_1', cmd: { service_id: 'light', command_name: 'blink', command_body: { times: 1 } } } }],
  device_side: { device_ids: ['lamp_1'] },
};

interface Good {
  readonly body?: object;
  readonly query?: Readonly<Record<string, string>>;
}

/** A request of each route that has a body or needs a query, as programs send it. */
const GOOD: Readonly<Record<string, Good>> = {
  'POST /products': { body: { product_id: 'new', name: 'lamp', device_type: 'Lamp', protocol_type: 'MQTT', data_format: 'json', service_capabilities: MODEL, manufacturer_name: 'm', industry: 'i', description: 'd', app_id: 'default' } },
  'PUT /products/:product_id': { body: { name: 'lamp 2', device_type: 'Lamp', service_capabilities: MODEL } },
  'POST /devices': {
    body: {
      device_id: 'lamp_new', node_id: 'new', product_id: 'lamp', device_name: '灯', description: 'd', gateway_id: 'lamp_gw', app_id: 'default', extension_info: { a: [1] }, auth_info: { auth_type: 'SECRET', secret: 'secret-of-new', secure_access: true, timeout: 0 },
      shadow: [{ service_id: 'light', desired: { level: 3 } }],
    },
  },
  'PUT /devices/:device_id': { body: { device_name: 'n', description: 'd', extension_info: { a: 1 }, auth_info: { secure_access: true } } },
  'POST /devices/:device_id/commands': { body: BLINK },
  'GET /devices/:device_id/properties': { query: { service_id: 'light' } },
  'PUT /devices/:device_id/properties': { body: { services: [{ service_id: 'light', properties: { level: 3 } }] } },
  'POST /devices/:device_id/messages': {
    body: { message: { hello: 1 }, message_id: 'm', name: 'n', encoding: 'none', payload_format: 'standard', ttl: 60, properties: { correlation_data: 'c', response_topic: 'r', user_properties: [{ prop_key: 'k', prop_value: 'v' }] } },
  },
  'POST /broadcast-messages': { body: { app_id: 'default', topic_full_name: '$oc/broadcast/x', message: 'aGk=', ttl: 0, message_id: 'b' } },
  'PUT /devices/:device_id/shadow': { body: { shadow: [{ service_id: 'light', desired: { level: 7, count: 1 } }] } },
  'POST /devices/:device_id/change-gateway': { body: { gateway_id: 'lamp_1' } },
  'POST /search/query-devices': { body: { sql: "select * from device where product_id = 'lamp' and device_name like 'lamp%' order by marker limit 0,5" } },
  'POST /ota-upgrades/packages': {
    body: { package_type: 'firmwarePackage', product_id: 'lamp', version: '2', support_source_versions: ['1'], description: 'd', custom_info: 'i', module_name: 'mcu', file_location: { obs_location: { region_name: 'r', bucket_name: 'b', object_key: 'k', sign_method: 'SHA256', sign: '0'.repeat(64) } } },
  },
  'GET /ota-upgrades/packages': { query: { package_type: 'firmwarePackage' } },
  'POST /batchtasks': { body: { task_name: 't', task_type: 'updateDeviceShadows', targets: ['lamp_1'], document: { shadow: [{ service_id: 'light', desired: { level: 1 } }] }, task_policy: { schedule_time: '20990101T000000Z', retry_count: 1, retry_interval: 5 } } },
  'GET /batchtasks': { query: { task_type: 'freezeDevices' } },
  'POST /batchtasks/:task_id/stop': { body: { targets: ['lamp_1'] } },
  'POST /batchtasks/:task_id/retry': { body: { targets: ['lamp_1'] } },
  'POST /batchtasks/:task_id/confirm': { body: { targets: ['lamp_1'] } },
  'POST /devices/:device_id/action': { query: { action_id: 'resetSecret' }, body: { secret: 'another-secret', force_disconnect: true, secret_type: 'PRIMARY' } },
  'POST /devices/:device_id/reset-fingerprint': { body: { fingerprint: '0'.repeat(40), force_disconnect: false, fingerprint_type: 'PRIMARY' } },
  'POST /devices/:device_id/async-commands': { body: { ...BLINK, expire_time: 60, send_strategy: 'delay' } },
  'POST /device-group': { body: { name: 'new', description: 'd', super_group_id: ':group_id', app_id: 'default', group_type: 'STATIC' } },
  'PUT /device-group/:group_id': { body: { name: 'changed', description: 'd' } },
  'POST /device-group/:group_id/action': { query: { action_id: 'addDevice', device_id: 'lamp_1' } },
  'POST /tags/bind-resource': { body: { resource_type: 'device', resource_id: 'lamp_1', tags: TAGS } },
  'POST /tags/unbind-resource': { body: { resource_type: 'device', resource_id: 'lamp_1', tag_keys: ['floor'] } },
  'POST /tags/query-resources': { body: { resource_type: 'device', tags: TAGS } },
  'POST /rules': { body: RULE },
  'PUT /rules/:rule_id': { body: RULE },
  'PUT /rules/:rule_id/status': { body: { status: 'inactive' } },
};

/** Requests that are refused in any case here: nobody is there who could answer, or the task is not in such a state. */
const REFUSED = new Set([
  'POST /devices/:device_id/commands', 'GET /devices/:device_id/properties', 'PUT /devices/:device_id/properties', 'DELETE /products/:product_id', 'POST /devices/:device_id/change-gateway',
  'POST /batchtasks/:task_id/retry', 'POST /batchtasks/:task_id/confirm', 'DELETE /batchtasks/:task_id', 'DELETE /device-group/:group_id',
]);

// What waits for a time waits for ever: nothing changes by itself between two looks at everything.
const clock = new StillClock();
let folder: Folder;
let storage: Storage;
let platform: Platform;
let host: string;

beforeAll(async () => {
  folder = new Folder();
  storage = openStorage({ directory: folder.path, synchronous: 'NORMAL', clock });
  platform = new Platform({ keys: { huawei: [KEY], tencent: [] }, projectId: 'p1', storage, clock });
  const { http } = await platform.listen({ host: '127.0.0.1', mqtt: 0, http: 0 });
  host = `127.0.0.1:${http}`;
});
afterAll(async () => {
  await platform.close();
  await storage.close();
  folder[Symbol.dispose]();
});

/** What requests are about; made again when one of them was deleted. Gives the values of the paths' parameters. */
async function furnish(): Promise<Readonly<Record<string, string>>> {
  const { registry, upgrades, huawei } = platform;
  const all = { limit: 10_000 };
  // What the last request began comes to its end.
  const isBusy = (type: string): boolean => huawei.batchTasks.list({ type, status: 'running' }, all).items.some(({ counts, policy }) => counts.processing > 0 || (counts.waiting > 0 && (policy.startAt ?? 0) <= clock.now()));
  while (OPERATION_TYPES.some(isBusy)) await new Promise((resolve) => void setImmediate(resolve));
  for (const { device } of registry.listDevices({ cloud: 'huawei', ...all }).items.filter((each) => each.device === 'lamp_new')) registry.deleteDevice('huawei', device);
  if (registry.findProduct('huawei', 'new') !== undefined) registry.deleteProduct('huawei', 'new');
  if (registry.findProduct('huawei', 'lamp') === undefined) registry.createProduct({ cloud: 'huawei', productId: 'lamp', name: 'lamp', model: MODEL });
  else registry.updateProduct('huawei', 'lamp', { model: MODEL });
  for (const nodeId of ['gw', '1']) if (registry.findDevice('huawei', `lamp_${nodeId}`) === undefined) registry.createDevice({ cloud: 'huawei', productId: 'lamp', nodeId });
  for (const { id } of platform.mailbox.letters('huawei', 'lamp_1')) platform.mailbox.remove('huawei', 'lamp_1', id);
  platform.mailbox.put('huawei', 'lamp_1', { id: 'kept', content: 'x', format: 'standard', encoding: 'none', status: 'delivered', createdAt: 1, expiresAt: 2 });
  const groups = await huawei.groups.list({}, all);
  const group = groups.items.find(({ name }) => name === 'all') ?? huawei.groups.create({ name: 'all', type: 'STATIC', appId: 'default' });
  for (const { id } of groups.items.filter((each) => each.parent !== undefined)) huawei.groups.remove(id);
  huawei.groups.add(group.id, 'lamp_gw');
  const [task = huawei.batchTasks.create({ type: 'freezeDevices', name: 't', policy: { startAt: Date.UTC(2099, 0) } }, ['lamp_1'])] = huawei.batchTasks.list({ type: 'freezeDevices', status: 'waiting' }, { limit: 1 }).items;
  const rule = huawei.rules.list({}, { limit: 1 }).items[0] ?? huawei.rules.create({ type: 'DEVICE_SIDE', appId: 'default', name: 'r', wire: {}, rule: { name: 'r', isActive: true, logic: 'and', conditions: [], actions: [] }, devices: ['lamp_1'] });
  const pack = upgrades.packages.list({ cloud: 'huawei', limit: 1 }).items[0] ?? (await upgrades.packages.add({ cloud: 'huawei', productId: 'lamp', kind: 'firmware', version: '1', source: { place: { bucket: 'b', key: 'k' } } }));
  const queue = await huawei.commands.list('lamp_1', { of: 'queue' }, { limit: 1 });
  const command = queue.items[0] ?? huawei.commands.create('lamp_1', { service: 'light', name: 'blink', args: { times: 1 }, strategy: 'delay', expireSeconds: 86_400 });
  return { product_id: 'lamp', device_id: 'lamp_1', message_id: 'kept', group_id: group.id, task_id: task.id, rule_id: rule.id, package_id: pack.id, command_id: command.id };
}

/** All that requests can change. */
async function everything(): Promise<string> {
  const { registry, twins, mailbox, upgrades: { book, packages }, huawei } = platform;
  const all = { limit: 10_000 };
  const devices = registry.listDevices({ cloud: 'huawei', ...all }).items;
  const groups = (await huawei.groups.list({}, all)).items;
  const lists = await Promise.all(devices.flatMap(({ device }) => (['queue', 'history'] as const).map((of) => huawei.commands.list(device, { of }, all))));
  return stringifyExact({
    products: registry.listProducts({ cloud: 'huawei', ...all }).items,
    devices,
    known: devices.map(({ device }) => [twins.read('huawei', device), mailbox.letters('huawei', device), huawei.tags.of(device)]),
    commands: lists.map(({ items }) => items),
    groups: await Promise.all(groups.map(async (group) => [group, await huawei.groups.allDevices(group.id)])),
    rules: huawei.rules.list({}, all).items,
    packages: packages.list({ cloud: 'huawei', ...all }).items,
    upgrades: book.tasks.page({ cloud: 'huawei' }, all).items,
    tasks: ['freezeDevices', 'updateDeviceShadows'].map((type) => huawei.batchTasks.list({ type }, all).items.map((task) => [task, huawei.batchTasks.targets(task, {}, all).items])),
  });
}

interface Request {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

async function send(method: string, { path, query, body }: Request): Promise<{ readonly status: number; readonly text: string }> {
  const search = Object.entries(query).map(([name, value]) => `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`).join('&');
  const url = `/v5/iot/p1${path}${search === '' ? '' : `?${search}`}`;
  const request = { method, url, headers: { host, 'content-type': 'application/json' }, body: Buffer.from(body ?? '') };
  const { host: _host, ...headers } = signHuawei(request, KEY, { at: clock.now() });
  const response = await fetch(`http://${host}${url}`, { method, headers, ...(body === undefined ? {} : { body: request.body }) });
  return { status: response.status, text: await response.text() };
}

const keyOf = ({ method, path }: (typeof ROUTES)[number]): string => `${String(method)} ${path}`;
const segment = (value: string): string => encodeURIComponent(value.toWellFormed()) || '%20';

async function expectSound(method: string, request: Request): Promise<number> {
  const before = await everything();
  const { status, text } = await send(method, request);
  if (status >= 200 && status < 300) return status;
  expect([status, [400, 403, 404, 413].includes(status)]).toEqual([status, true]);
  expect(JSON.parse(text)).toEqual({ error_code: expect.stringMatching(/^(IOTDA|APIGW)\.\d{4,6}$/), error_msg: expect.stringMatching(/^.{1,2000}$/s) });
  expect(await everything()).toBe(before);
  return status;
}

const own = (text: string): JsonValue => JSON.parse(text) as JsonValue;
const odd: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom<JsonValue>('', '__proto__', '\ud800', '\u0000', '../..', "'; DROP TABLE devices; --", 'x'.repeat(5000), '9007199254740993', null, -1, 1.5, 1e300, 2n ** 63n, true, [], {}, [null], [[]], [{}]),
  fc.constantFrom<JsonValue>(own('{"__proto__":{"device_id":"lamp_1"}}'), own('[{"__proto__":1,"service_id":"light","properties":{}}]'), own('{"constructor":{"prototype":{"polluted":1}}}'), Array.from({ length: 600 }, (_, index) => `t${index}`)),
  fc.string({ unit: 'binary' }),
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>,
);

/** Every place of a value: the whole, and what is in it. */
function placesOf(value: unknown, at: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  const inner = Array.isArray(value) ? value.map((each, index) => [index, each] as const) : typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [at, ...inner.flatMap(([name, each]) => placesOf(each, [...at, name]))];
}

/** The value with another in one place; undefined: without it. */
function changed(value: unknown, [name, ...rest]: readonly (string | number)[], into: JsonValue | undefined): unknown {
  if (name === undefined) return into;
  if (Array.isArray(value)) return value.map((each: unknown, index) => (index === name ? (changed(each, rest, into) ?? null) : each));
  return Object.fromEntries(Object.entries(value as object).flatMap(([key, each]) => (key !== name ? [[key, each]] : [[key, changed(each, rest, into)]])).filter(([, each]) => each !== undefined));
}

/** What may be wrong with a request, beside its body. */
interface Twist {
  readonly places: readonly number[];
  readonly values: readonly (JsonValue | undefined)[];
  readonly extra: readonly [string, JsonValue] | undefined;
  readonly query: Readonly<Record<string, string>>;
  readonly param: string | undefined;
}

const queryNames = fc.constantFrom('limit', 'marker', 'offset', 'start_time', 'end_time', 'status', 'task_type', 'action_id', 'device_id', 'service_id', 'package_type', 'group_type', 'task_detail_status', 'last_modified_time', 'app_id', '__proto__', 'product_name', 'rule_type');
const twist: fc.Arbitrary<Twist> = fc.record({
  places: fc.array(fc.nat(), { minLength: 1, maxLength: 2 }),
  values: fc.array(fc.option(odd, { nil: undefined, freq: 5 }), { minLength: 2, maxLength: 2 }),
  extra: fc.option(fc.tuple(fc.constantFrom('__proto__', 'constructor', 'toString', 'unknown'), odd), { nil: undefined, freq: 1 }),
  query: fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fc.dictionary(queryNames, fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('0', '-1', '51', 'ffffffffffffffffffffffff', 'g', '20250101T000000Z', 'x'.repeat(3000))), { maxKeys: 3, noNullPrototype: true }) }),
  param: fc.option(fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.constantFrom('__proto__', 'x'.repeat(300), 'lamp_1%00', '..%2f', '灯', "' OR 1=1")), { nil: undefined, freq: 2 }),
});

function requestOf(route: (typeof ROUTES)[number], params: Readonly<Record<string, string>>, { places, values, extra, query, param }: Twist): Request {
  const good = GOOD[keyOf(route)] ?? {};
  let body: unknown = good.body === undefined ? undefined : JSON.parse(JSON.stringify(good.body).replaceAll(/":(\w+)"/g, (_whole, name: string) => JSON.stringify(params[name])));
  for (const [index, place] of places.entries()) {
    const all = placesOf(body);
    body = changed(body, all[place % all.length] ?? [], values[index]);
  }
  if (extra !== undefined && typeof body === 'object' && body !== null && !Array.isArray(body)) body = Object.fromEntries([...Object.entries(body), extra]);
  const path = route.path.replaceAll(/:(\w+)/g, (_whole, name: string) => segment(param ?? params[name] ?? ''));
  // Who asks has nothing to send.
  const isSent = body !== undefined && route.method !== 'GET';
  return { path, query: { ...good.query, ...query }, body: isSent ? stringifyExact(body) : undefined };
}

const asWritten: Twist = { places: [], values: [], extra: undefined, query: {}, param: undefined };

describe('Whatever stands in a request', () => {
  it.each(ROUTES.map((route) => [keyOf(route), route] as const))('%s does what it is asked, and is refused where it cannot', async (key, route) => {
    const status = await expectSound(String(route.method), requestOf(route, await furnish(), asWritten));
    if (REFUSED.has(key)) expect([400, 403, 404]).toContain(status);
    else expect(status).toBe(route.status);
  });

  it.each(ROUTES.map((route) => [keyOf(route), route] as const))('%s answers in a documented way, and changes nothing when it refuses', { timeout: 20_000 + RUNS * 1000 }, async (_key, route) => {
    await fc.assert(fc.asyncProperty(twist, async (each) => void (await expectSound(String(route.method), requestOf(route, await furnish(), each)))), { numRuns: RUNS });
  });

  it('a body that is no JSON object is refused by every route that reads one', { timeout: 60_000 }, async () => {
    const bodies = ['null', '[]', '7', '"x"', '{', '{"a":1,}', '\ufeff{', `${'['.repeat(20_000)}${']'.repeat(20_000)}`, `{"a":${'{"a":'.repeat(3000)}1${'}'.repeat(3001)}`];
    for (const route of ROUTES.filter((each) => GOOD[keyOf(each)]?.body !== undefined)) {
      const params = await furnish();
      for (const body of bodies) expect([keyOf(route), body.slice(0, 20), await expectSound(String(route.method), { ...requestOf(route, params, asWritten), body })]).toEqual([keyOf(route), body.slice(0, 20), 400]);
    }
  });

  it('a body that is much too large is refused', async () => {
    await furnish();
    expect(await expectSound('POST', { path: '/products', query: {}, body: JSON.stringify({ name: 'x'.repeat(2 * 1024 * 1024) }) })).toBe(413);
  });

  it('names on the way to prototypes change none', () => {
    expect(({} as { polluted?: unknown; device_id?: unknown }).polluted).toBeUndefined();
    expect(({} as { device_id?: unknown }).device_id).toBeUndefined();
  });
});
