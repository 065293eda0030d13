// Whatever stands in a request, the API answers with HTTP 200 and a code of one of its families, and what it refuses leaves everything as it was.
import { stringifyExact, type JsonValue } from '@lianyun/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Platform } from '../../platform.ts';
import { openStorage, type Storage } from '../../storage/storage.ts';
import { Folder } from '../../storage/storage.fixtures.ts';
import { VERSIONS } from './actions.ts';
import type { Spec } from './parameters.ts';
import { signTencent } from './signature.ts';

const RUNS = process.env['LIANYUN_NIGHTLY'] === '1' ? 2000 : 10;
interface Asked {
  readonly action: string;
  readonly version: string;
}

const ACTIONS = [...VERSIONS].flatMap(([version, actions]) => [...actions].map(([action, { spec }]) => ({ action, version, spec })));
const KEY = { id: 'AKIDTEST', secret: 'self-made-secret-key' };
/** Those of the reference (10.7), and those that every API of version 3.0 has. */
const FAMILIES = /^(AuthFailure|InvalidParameter|InvalidParameterValue|MissingParameter|UnknownParameter|ResourceNotFound|FailedOperation|UnsupportedOperation|LimitExceeded|UnauthorizedOperation|RequestSizeLimitExceeded)(\.\w+)*$/;

const TEMPLATE = {
  version: '1.0',
  properties: [
    { id: 'level', name: 'Level', mode: 'rw', define: { type: 'int', min: '0', max: '100', start: '0', step: '1', unit: '%' } },
    { id: 'label', name: 'Label', mode: 'rw', define: { type: 'string', min: '0', max: '64' } },
  ],
  events: [{ id: 'burnt', name: 'Burnt', type: 'fault', params: [] }],
  actions: [{ id: 'blink', name: 'Blink', input: [{ id: 'times', name: 't', define: { type: 'int', min: '1', max: '10', start: '1', step: '1', unit: '' } }], output: [] }],
};

let folder: Folder;
let storage: Storage;
let platform: Platform;
let host: string;
let projectId: string;

beforeAll(async () => {
  folder = new Folder();
  storage = openStorage({ directory: folder.path, synchronous: 'NORMAL' });
  platform = new Platform({ keys: { huawei: [], tencent: [KEY] }, storage });
  const { http } = await platform.listen({ host: '127.0.0.1', mqtt: 0, http: 0 });
  host = `127.0.0.1:${http}`;
});
afterAll(async () => {
  await platform.close();
  await storage.close();
  folder[Symbol.dispose]();
});

/** What requests may be about; made again when one of them was deleted. */
function furnish(): void {
  const { registry, tencent: { projects } } = platform;
  if (projects.list().length === 0) projectId = projects.create({ name: 'house', description: '' }).id;
  for (const [productId, productType] of [['LAMP000001', 0], ['GATE000001', 5], ['BARE000001', 0]] as const) {
    if (registry.findProduct('tencent', productId) === undefined) registry.createProduct({ cloud: 'tencent', productId, productType, name: productId, projectId, ...(productId === 'BARE000001' ? {} : { model: TEMPLATE }) });
  }
  for (const [productId, nodeId, gateway] of [['GATE000001', 'gate1'], ['LAMP000001', 'lamp1'], ['LAMP000001', 'lamp2', 'GATE000001/gate1'], ['BARE000001', 'bare1']] as const) {
    if (registry.findDevice('tencent', `${productId}/${nodeId}`) === undefined) registry.createDevice({ cloud: 'tencent', productId, nodeId, ...(gateway === undefined ? {} : { gateway }) });
  }
}

/** All that requests can change. */
function everything(): string {
  const { registry, twins, events, mailbox, upgrades: { book, packages }, tencent: { projects } } = platform;
  const all = { limit: 10_000 };
  const devices = registry.listDevices({ cloud: 'tencent', ...all }).items;
  return stringifyExact({
    projects: projects.list(),
    products: registry.listProducts({ cloud: 'tencent', ...all }).items,
    devices,
    twins: devices.map(({ device }) => [twins.read('tencent', device), events.list('tencent', device, { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 100 }), mailbox.letters('tencent', device)]),
    packages: packages.list({ cloud: 'tencent', ...all }).items,
    tasks: book.tasks.page({ cloud: 'tencent' }, all).items,
    upgrades: book.upgrades.page({ cloud: 'tencent' }, all).items,
  });
}

async function call({ action, version }: Asked, body: string, method = 'POST'): Promise<{ readonly status: number; readonly answer: { readonly RequestId?: unknown; readonly Error?: { readonly Code: string; readonly Message: string } } }> {
  const request = { method, url: '/', headers: { host, 'content-type': 'application/json', 'x-tc-action': action, 'x-tc-version': version }, body: Buffer.from(body) };
  const { host: _host, ...headers } = signTencent(request, KEY, { at: Date.now() });
  const response = await fetch(`http://${host}/`, { method, headers, ...(method === 'POST' ? { body: request.body } : {}) });
  return { status: response.status, answer: ((await response.json()) as { readonly Response: object }).Response };
}

const product = fc.constantFrom('LAMP000001', 'GATE000001', 'BARE000001', 'NONE000001', '-1');
const name = fc.constantFrom('lamp1', 'lamp2', 'gate1', 'bare1', 'new1', 'x'.repeat(48));
const version = fc.constantFrom('1.0', '1.1', '', '..', 'ä/b');
const json = (values: fc.Arbitrary<JsonValue>) => values.map((value) => stringifyExact(value));
/** What programs send, by the name of the parameter. */
const LIKELY: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  ProductId: product, ProductID: product, GatewayProductId: fc.constant('GATE000001'), ProductIds: fc.array(product, { maxLength: 3 }),
  DeviceName: name, GatewayDeviceName: fc.constant('gate1'), DeviceNames: fc.array(name, { maxLength: 3 }),
  DeviceId: fc.constantFrom('LAMP000001/lamp1', 'LAMP000001', '/', ''),
  DevicesItems: fc.array(fc.record({ ProductId: product, DeviceName: name }), { maxLength: 3 }),
  ProjectId: fc.constantFrom('prj-1', ''), ProductName: fc.constantFrom('p-1', ''), ProjectName: fc.string(), EncryptionType: fc.constantFrom('1', '2', '3'),
  FirmwareVersion: version, FirmwareOriVersion: version, FwType: fc.constantFrom('mcu', 'moudule', ''), Md5sum: fc.constantFrom('0'.repeat(32), 'F'.repeat(32), 'x'),
  Data: json(fc.oneof(fc.record({ level: fc.integer({ min: -1, max: 101 }) }), fc.constant({ label: '灯\u0000' }), fc.constant({ free: 2n ** 60n }))),
  ActionId: fc.constantFrom('blink', 'dance'), InputParams: json(fc.record({ times: fc.integer({ min: 0, max: 11 }) })),
  ModelSchema: json(fc.constantFrom<JsonValue>(TEMPLATE as unknown as JsonValue, {}, { properties: [{ id: 'a' }] })),
  Method: fc.constantFrom('desired', 'reported', 'wish'), DataTimestamp: fc.constantFrom(Date.now(), 0, -1, Number.MAX_SAFE_INTEGER),
  MinTime: fc.integer(), MaxTime: fc.constant(Number.MAX_SAFE_INTEGER), StartTime: fc.integer(), EndTime: fc.constantFrom(0, Number.MAX_SAFE_INTEGER), Type: fc.constantFrom('info', 1, 7),
  FieldName: fc.constantFrom('level', '__proto__'), Context: fc.constantFrom('', '1-1', 'MS4x'), Offset: fc.integer({ min: 0, max: 30 }), Limit: fc.integer({ min: 1, max: 100 }),
  Topic: fc.constantFrom('LAMP000001/lamp1/data', '$thing/down/raw/LAMP000001/lamp1', '#'), ReplyTopic: fc.constantFrom('LAMP000001/lamp1/data', 'x'), TopicName: fc.constantFrom('news', 'a/#', `\${deviceName}`), NewTopicName: fc.constant('old'),
  Filters: fc.array(fc.record({ Name: fc.constantFrom('Status', 'TaskId', 'FwType', 'constructor'), Values: fc.array(fc.string(), { maxLength: 2 }) }), { maxLength: 2 }),
  PageNum: fc.constant(1), PageSize: fc.integer({ min: 1, max: 100 }), TaskId: fc.integer({ min: 0, max: 200 }), Status: fc.integer({ min: 0, max: 2 }), Privilege: fc.integer({ min: 0, max: 4 }),
  RegisterType: fc.integer({ min: 0, max: 3 }), RegisterLimit: fc.integer(), ForceDelete: fc.boolean(), Qos: fc.integer({ min: 0, max: 2 }), Keywords: fc.constantFrom('productid:LAMP000001 devicename:lamp1 loglevel:WARN x', 'productid:LAMP000001', 'x', ''), DevStatus: fc.constantFrom('dev', 'released', 'x'),
};

const odd = fc.constantFrom('', '__proto__', '\ud800', '\u0000', '../..', "'; DROP TABLE devices; --", 'x'.repeat(3000), '9007199254740993');
const garbage: fc.Arbitrary<JsonValue> = fc.oneof(
  odd,
  fc.string({ unit: 'binary' }),
  fc.constantFrom<JsonValue>(null, -1, 1.5, 1e300, 2n ** 63n, true, [], {}, [null], [[]], [{}], Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
  // An own member of that name, as JSON.parse makes it.
  fc.constantFrom<JsonValue>(JSON.parse('{"__proto__":{"ProductId":"LAMP000001"}}') as JsonValue, [JSON.parse('{"ProductId":"LAMP000001","DeviceName":"lamp1","__proto__":1}') as JsonValue]),
  fc.jsonValue() as fc.Arbitrary<JsonValue>,
);

/** The body of a request: most of it as programs write it, some of it not. */
function bodyFor(spec: Spec): fc.Arbitrary<string> {
  const members = Object.keys(spec).map((member) => fc.oneof({ weight: 8, arbitrary: LIKELY[member] ?? fc.oneof(fc.string(), fc.integer()) }, { weight: 1, arbitrary: garbage }, { weight: 1, arbitrary: fc.constant(undefined) }).map((value) => [member, value] as const));
  const strange = fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.tuple(fc.constantFrom('__proto__', 'constructor', 'toString', 'Unknown'), garbage) });
  return fc.tuple(fc.tuple(...members), strange).map(([known, other]) => stringifyExact(Object.fromEntries([...known, ...(other === undefined ? [] : [other])].filter(([, value]) => value !== undefined))));
}

async function expectSound(asked: Asked, body: string): Promise<void> {
  furnish();
  const before = everything();
  const { status, answer } = await call(asked, body);
  expect(status).toBe(200);
  expect(answer.RequestId).toMatch(/^[0-9a-f-]{36}$/);
  if (answer.Error === undefined) return;
  expect(answer.Error).toEqual({ Code: expect.stringMatching(FAMILIES), Message: expect.stringMatching(/^.{1,1000}$/s) });
  expect(everything()).toBe(before);
}

describe('Whatever stands in a request', () => {
  it.each(ACTIONS)('$action answers in a documented way, and changes nothing when it refuses', { timeout: 10_000 + RUNS * 1000 }, async (asked) => {
    await fc.assert(fc.asyncProperty(bodyFor(asked.spec), (body) => expectSound(asked, body)), { numRuns: RUNS });
  });

  it('a body that is no object of parameters is refused by every action', async () => {
    const bodies = ['', 'null', '[]', '7', '"x"', '{', '{"a":1,}', `${'['.repeat(20_000)}${']'.repeat(20_000)}`, `{"ProductId":${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}}`, '\ufeff{}', 'x'.repeat(2 * 1024 * 1024 + 1)];
    for (const asked of ACTIONS.filter(({ action }) => ['DescribeDevice', 'ControlDeviceData', 'CreateProject'].includes(action))) for (const body of bodies) await expectSound(asked, body);
  });

  it('a text that is much too long is refused by every action that takes one', async () => {
    for (const asked of ACTIONS) {
      for (const [member, kind] of Object.entries(asked.spec)) {
        if (!kind.startsWith('text')) continue;
        furnish();
        const long = 'x'.repeat(100_000);
        const before = everything();
        const { answer } = await call(asked, JSON.stringify({ [member]: kind.startsWith('texts') ? [long] : long }));
        expect([asked.action, member, answer.Error?.Code]).toEqual([asked.action, member, expect.stringMatching(/^(InvalidParameter|MissingParameter)$/)]);
        expect(everything()).toBe(before);
      }
    }
  });

  it('a method that the API does not have is answered in its shape', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) expect(await call({ action: 'DescribeDevice', version: '2019-04-23' }, '', method)).toMatchObject({ status: 200, answer: { Error: { Code: 'UnsupportedProtocol' }, RequestId: expect.any(String) } });
  });
});
