import { LianyunError } from '@lianyun/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signHuawei } from './signature.ts';
import { KEYS, NorthUnderTest } from '../north.fixtures.ts';

const LAMP = {
  name: 'lamp',
  device_type: 'Lamp',
  protocol_type: 'MQTT',
  data_format: 'json',
  service_capabilities: [
    {
      service_id: 'light',
      properties: [
        { property_name: 'on', data_type: 'int', min: '0', max: '1', method: 'RWE' },
        { property_name: 'lux', data_type: 'int', method: 'R' },
      ],
      commands: [{ command_name: 'blink', paras: [{ para_name: 'times', data_type: 'int', min: '1', max: '10', required: true }], responses: [] }],
    },
  ],
};

let north: NorthUnderTest;
beforeEach(async () => {
  north = await new NorthUnderTest().start();
});
afterEach(() => north[Symbol.asyncDispose]());

/** A product with a model and one device that is online. */
async function lampOnline(): Promise<void> {
  await north.huawei('POST', '/products', { ...LAMP, product_id: 'lamp' });
  await north.huawei('POST', '/devices', { product_id: 'lamp', node_id: 'd1' });
  north.downlink.online.add('lamp_d1');
}

describe('products', () => {
  it('are created, shown, listed and deleted in the vendor’s shape', async () => {
    const created = await north.huawei('POST', '/products', LAMP);
    expect(created.status).toBe(201);
    expect(created.body).toEqual({ ...LAMP, app_id: 'default', app_name: 'Default', product_id: expect.stringMatching(/^[0-9a-f]{24}$/), create_time: '20261121T224632Z' });
    const id = created.body['product_id'] as string;
    expect((await north.huawei('GET', `/products/${id}`)).body).toEqual(created.body);
    const listed = await north.huawei('GET', '/products?product_name=lamp');
    const { service_capabilities: _model, ...short } = created.body;
    expect(listed).toMatchObject({ status: 200, body: { products: [short], page: { count: 1 } } });
    const deleted = await north.huawei('DELETE', `/products/${id}`);
    expect([deleted.status, deleted.text]).toEqual([204, '']);
    expect(await north.huawei('GET', `/products/${id}`)).toMatchObject({ status: 404, body: { error_code: 'IOTDA.000006' } });
  });

  it('are refused with the place in the model that cannot be read', async () => {
    const bad = { ...LAMP, service_capabilities: [{ service_id: 'light', properties: [{ property_name: 'on', data_type: 'integer', method: 'R' }] }] };
    const answer = await north.huawei('POST', '/products', bad);
    expect(answer).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000006' } });
    expect(answer.body['error_msg']).toContain('service_capabilities[0].properties[0].data_type');
  });

  it('are not deleted while they have devices', async () => {
    await lampOnline();
    const answer = await north.huawei('DELETE', '/products/lamp');
    expect(answer).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000006', error_msg: expect.stringContaining('still has 1 device') } });
  });

  it('with an id that exists are refused', async () => {
    await lampOnline();
    expect(await north.huawei('POST', '/products', { ...LAMP, product_id: 'lamp' })).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('exists already') } });
  });
});

describe('devices', () => {
  it('get the id product_node and a secret, which only the create answer shows', async () => {
    await north.huawei('POST', '/products', { ...LAMP, product_id: 'lamp' });
    const created = await north.huawei('POST', '/devices', { product_id: 'lamp', node_id: 'd1', device_name: '灯', description: null, auth_info: { auth_type: 'SECRET', secret: '', timeout: 300 } });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      device_id: 'lamp_d1',
      node_id: 'd1',
      gateway_id: 'lamp_d1',
      node_type: 'GATEWAY',
      device_name: '灯',
      product_name: 'lamp',
      status: 'INACTIVE',
      create_time: '20261121T224632Z',
      auth_info: { auth_type: 'SECRET', secret: expect.stringMatching(/^[0-9a-f]{32}$/), secure_access: false, timeout: 0 },
      tags: [],
    });
    const shown = await north.huawei('GET', '/devices/lamp_d1');
    expect(shown.body['auth_info']).toEqual({ auth_type: 'SECRET', secure_access: false, timeout: 0 });
  });

  it('show whether they are online, offline, never seen or frozen', async () => {
    await lampOnline();
    const status = async () => (await north.huawei('GET', '/devices/lamp_d1')).body['status'];
    expect(await status()).toBe('ONLINE');
    north.downlink.online.clear();
    expect(await status()).toBe('INACTIVE');
    north.registry.cameOnline('huawei', 'lamp_d1', north.clock.now());
    north.registry.wentOffline('huawei', 'lamp_d1', north.clock.now());
    expect(await status()).toBe('OFFLINE');
    north.registry.updateDevice('huawei', 'lamp_d1', { enabled: false });
    expect(await status()).toBe('FROZEN');
  });

  it('behind a gateway are endpoints of it, and the gateway is not deleted before them', async () => {
    await lampOnline();
    const child = await north.huawei('POST', '/devices', { product_id: 'lamp', node_id: 'child', gateway_id: 'lamp_d1' });
    expect(child.body).toMatchObject({ gateway_id: 'lamp_d1', node_type: 'ENDPOINT' });
    expect(await north.huawei('DELETE', '/devices/lamp_d1')).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('delete them first') } });
    expect(await north.huawei('POST', '/devices', { product_id: 'lamp', node_id: 'x', gateway_id: 'nobody' })).toMatchObject({ status: 404, body: { error_code: 'IOTDA.014000' } });
  });

  it('may have ids as long as the API allows', async () => {
    await lampOnline();
    const id = 'x'.repeat(128);
    expect(await north.huawei('POST', '/devices', { product_id: 'lamp', node_id: 'long', device_id: id })).toMatchObject({ status: 201 });
    expect(await north.huawei('GET', `/devices/${id}`)).toMatchObject({ status: 200, body: { device_id: id } });
  });

  it('have further information of 1 KB at most', async () => {
    await lampOnline();
    const of = (bytes: number) => ({ extension_info: { a: 'é'.repeat((bytes - 8) / 2) } });
    expect(await north.huawei('PUT', '/devices/lamp_d1', of(1024))).toMatchObject({ status: 200, body: of(1024) });
    for (const [method, path, body] of [['PUT', '/devices/lamp_d1', {}], ['POST', '/devices', { product_id: 'lamp', node_id: 'd2' }]] as const) {
      expect(await north.huawei(method, path, { ...body, ...of(1026) })).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000006', error_msg: expect.stringContaining('extension_info') } });
    }
  });

  it('that exist already, or of an unknown product, are refused with the documented codes', async () => {
    await lampOnline();
    expect(await north.huawei('POST', '/devices', { product_id: 'lamp', node_id: 'd1' })).toMatchObject({ status: 400, body: { error_code: 'IOTDA.014031' } });
    expect(await north.huawei('POST', '/devices', { product_id: 'nope', node_id: 'd1' })).toMatchObject({ status: 404, body: { error_code: 'IOTDA.000006', error_msg: expect.stringContaining('"nope"') } });
    expect(await north.huawei('GET', '/devices/nope')).toMatchObject({ status: 404, body: { error_code: 'IOTDA.014000' } });
  });

  it('are deleted with their connection and their shadow', async () => {
    await lampOnline();
    north.twins.report('huawei', 'lamp_d1', [{ service: 'light', values: { on: 1 } }], 1);
    expect((await north.huawei('DELETE', '/devices/lamp_d1')).status).toBe(204);
    expect(north.downlink.asked).toMatchObject([{ what: 'kick', device: 'lamp_d1' }]);
    expect(north.twins.read('huawei', 'lamp_d1')).toEqual([]);
    expect((await north.huawei('DELETE', '/devices/lamp_d1')).status).toBe(404);
  });

  it('are listed newest first, page by page, by marker or by offset', async () => {
    await north.huawei('POST', '/products', { ...LAMP, product_id: 'lamp' });
    for (let i = 0; i < 5; i++) await north.huawei('POST', '/devices', { product_id: 'lamp', node_id: `d${i}` });
    const page = async (query: string) => (await north.huawei('GET', `/devices?${query}`)).body as { devices: { node_id: string }[]; page: { count: number; marker: string } };
    const first = await page('product_id=lamp&limit=2');
    expect([first.devices.map((each) => each.node_id), first.page.count]).toEqual([['d4', 'd3'], 5]);
    expect(first.page.marker).toMatch(/^[0-9a-f]{24}$/);
    const second = await page(`limit=2&marker=${first.page.marker}`);
    expect(second.devices.map((each) => each.node_id)).toEqual(['d2', 'd1']);
    const third = await page(`limit=2&marker=${second.page.marker}`);
    expect(third.devices.map((each) => each.node_id)).toEqual(['d0']);
    const last = await page(`limit=2&marker=${third.page.marker}`);
    expect([last.devices, last.page]).toEqual([[], { count: 5, marker: third.page.marker }]);
    expect((await page('offset=4')).devices.map((each) => each.node_id)).toEqual(['d0']);
    expect((await page('node_id=d3')).devices).toHaveLength(1);
    expect(second.devices[0]).not.toHaveProperty('auth_info');
  });

  it('are listed by the time of their creation, page by page', async () => {
    await north.huawei('POST', '/products', { ...LAMP, product_id: 'lamp' });
    for (let i = 0; i < 5; i++) {
      await north.huawei('POST', '/devices', { product_id: 'lamp', node_id: `d${i}` });
      north.clock.at += 60_000;
    }
    const list = async (query: string) => (await north.huawei('GET', `/devices?${query}`)).body as { devices: { node_id: string }[]; page: { count: number; marker: string } };
    const between = 'start_time=20261121T224732Z&end_time=20261121T225032Z';
    const first = await list(`${between}&limit=2`);
    expect([first.devices.map(({ node_id }) => node_id), first.page.count]).toEqual([['d3', 'd2'], 3]);
    expect((await list(`${between}&limit=2&marker=${first.page.marker}`)).devices.map(({ node_id }) => node_id)).toEqual(['d1']);
    expect((await list(`${between}&offset=1&is_cascade_query=true`)).devices.map(({ node_id }) => node_id)).toEqual(['d2', 'd1']);
  });

  it('that are sub-devices change their gateway, and both are told', async () => {
    await lampOnline();
    for (const body of [{ node_id: 'other' }, { node_id: 'child', gateway_id: 'lamp_d1' }]) await north.huawei('POST', '/devices', { product_id: 'lamp', ...body });
    north.children.told.length = 0;
    const move = (device: string, gateway_id: unknown) => north.huawei('POST', `/devices/${device}/change-gateway`, { gateway_id });
    expect((await move('lamp_child', 'lamp_other')).status).toBe(200);
    expect(north.children.told).toEqual([{ what: 'removed', gateway: 'lamp_d1', children: ['lamp_child'] }, { what: 'added', gateway: 'lamp_other', children: ['lamp_child'] }]);
    expect((await north.huawei('GET', '/devices?gateway_id=lamp_other')).body).toMatchObject({ devices: [{ device_id: 'lamp_child' }] });
    for (const [device, gateway, words] of [['lamp_child', 'lamp_other', 'already'], ['lamp_d1', 'lamp_other', 'no sub-device'], ['lamp_child', 'lamp_child', 'sub-device'], ['lamp_child', 7, 'string']] as const) {
      expect(await move(device, gateway)).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000006', error_msg: expect.stringContaining(words) } });
    }
    expect(await move('lamp_child', 'nobody')).toMatchObject({ status: 404, body: { error_code: 'IOTDA.014000' } });
  });

  it.each([
    ['limit=0', 'IOTDA.000017'],
    ['limit=51', 'IOTDA.000017'],
    ['limit=x', 'IOTDA.000017'],
    ['marker=abc', 'IOTDA.000018'],
    ['offset=501', 'IOTDA.000006'],
    ['start_time=2025-01-01', 'IOTDA.000009'],
    ['start_time=20250230T000000Z', 'IOTDA.000009'],
    ['start_time=20250102T000000Z&end_time=20250101T000000Z', 'IOTDA.000010'],
    ['is_cascade_query=yes', 'IOTDA.000006'],
  ])('are not listed for the query %s', async (query, code) => {
    expect(await north.huawei('GET', `/devices?${query}`)).toMatchObject({ status: 400, body: { error_code: code } });
  });
});

describe('commands and properties', () => {
  it('relay the answer of the device, a failure of its own too', async () => {
    await lampOnline();
    north.downlink.result = { code: 0, name: 'blink_rsp', output: { done: true } };
    const done = await north.huawei('POST', '/devices/lamp_d1/commands', { service_id: 'light', command_name: 'blink', paras: { times: 3 } });
    expect(done).toMatchObject({ status: 200, body: { command_id: expect.any(String), response: { result_code: 0, response_name: 'blink_rsp', paras: { done: true } } } });
    expect(north.downlink.asked).toEqual([{ what: 'invoke', cloud: 'huawei', device: 'lamp_d1', request: { id: done.body['command_id'], service: 'light', name: 'blink', args: { times: 3 } } }]);
    north.downlink.result = { code: 5, text: 'no bulb' };
    const failed = await north.huawei('POST', '/devices/lamp_d1/commands', { service_id: 'light', command_name: 'blink', paras: { times: 3 } });
    expect(failed).toMatchObject({ status: 200, body: { response: { result_code: 5, paras: { error: 'no bulb' } } } });
  });

  it('ask the device for live values', async () => {
    await lampOnline();
    north.downlink.groups = [{ service: 'light', values: { on: 1 }, at: Date.UTC(2025, 3, 14, 1, 30) }];
    const answer = await north.huawei('GET', '/devices/lamp_d1/properties?service_id=light');
    expect(answer).toMatchObject({ status: 200, body: { request_id: expect.any(String), response: { services: [{ service_id: 'light', properties: { on: 1 }, event_time: '20250414T013000Z' }] } } });
    expect(await north.huawei('GET', '/devices/lamp_d1/properties')).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('service_id') } });
  });

  it('change properties of the device', async () => {
    await lampOnline();
    const answer = await north.huawei('PUT', '/devices/lamp_d1/properties', { services: [{ service_id: 'light', properties: { on: 1 } }] });
    expect(answer).toMatchObject({ status: 200, body: { response: { result_code: 0, result_desc: 'success' } } });
    expect(north.downlink.asked).toMatchObject([{ request: { groups: [{ service: 'light', values: { on: 1 } }] } }]);
  });

  it('take a service with a Chinese name, a space and a slash, in a product without a model', async () => {
    north.registry.createProduct({ cloud: 'huawei', productId: 'free', name: 'free' });
    north.registry.createDevice({ cloud: 'huawei', productId: 'free', nodeId: 'd' });
    north.downlink.online.add('free_d');
    expect((await north.huawei('GET', `/devices/free_d/properties?service_id=${encodeURIComponent('温度 a/b')}`)).status).toBe(200);
    expect(north.downlink.asked).toMatchObject([{ request: { service: '温度 a/b' } }]);
  });

  it('of a device that does not answer end with HTTP 200 and IOTDA.014111 under their id', async () => {
    await lampOnline();
    const late = new LianyunError('timeout', 'no answer in 20 s');
    north.downlink.result = north.downlink.outcome = north.downlink.groups = late;
    const command = await north.huawei('POST', '/devices/lamp_d1/commands', { service_id: 'light', command_name: 'blink', paras: { times: 1 } });
    expect(command).toMatchObject({ status: 200, body: { command_id: expect.any(String), error_code: 'IOTDA.014111', error_msg: expect.any(String) } });
    const read = await north.huawei('GET', '/devices/lamp_d1/properties?service_id=light');
    expect(read).toMatchObject({ status: 200, body: { request_id: expect.any(String), error_code: 'IOTDA.014111' } });
    const write = await north.huawei('PUT', '/devices/lamp_d1/properties', { services: [{ service_id: 'light', properties: { on: 1 } }] });
    expect(write).toMatchObject({ status: 200, body: { request_id: expect.any(String), error_code: 'IOTDA.014111' } });
  });

  it('of a device that is offline are refused at once, naming the gateway of a child', async () => {
    await lampOnline();
    await north.huawei('POST', '/devices', { product_id: 'lamp', node_id: 'child', gateway_id: 'lamp_d1' });
    north.downlink.online.clear();
    const command = { service_id: 'light', command_name: 'blink', paras: { times: 1 } };
    expect(await north.huawei('POST', '/devices/lamp_d1/commands', command)).toMatchObject({ status: 403, body: { error_code: 'IOTDA.014016' } });
    expect(await north.huawei('POST', '/devices/lamp_child/commands', command)).toMatchObject({ status: 400, body: { error_code: 'IOTDA.014028' } });
    expect(await north.huawei('POST', '/devices/nope/commands', command)).toMatchObject({ status: 404, body: { error_code: 'IOTDA.014000' } });
  });

  it.each([
    ['POST', '/devices/lamp_d1/commands', { service_id: 'light', command_name: 'blink', paras: { times: 11 } }, 'commands.light.blink.args.times'],
    ['POST', '/devices/lamp_d1/commands', { service_id: 'light', command_name: 'dance', paras: {} }, 'commands.light.dance'],
    ['POST', '/devices/lamp_d1/commands', { service_id: 'heat', command_name: 'blink', paras: {} }, 'heat'],
    ['PUT', '/devices/lamp_d1/properties', { services: [{ service_id: 'light', properties: { lux: 1 } }] }, 'properties.light.lux'],
    ['GET', '/devices/lamp_d1/properties?service_id=heat', undefined, 'heat'],
  ])('that the model does not allow are refused: %s %s %j', async (method, path, body, place) => {
    await lampOnline();
    const answer = await north.huawei(method, path, body);
    expect(answer).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000006', error_msg: expect.stringContaining(place) } });
    expect(north.downlink.asked).toEqual([]);
  });
});

describe('a message', () => {
  it.each([
    ['timeout', 'IOTDA.014111'],
    ['dropped', 'IOTDA.014016'],
    ['refused', 'IOTDA.000006'],
  ] as const)('that an online device does not take (%s) was taken by the platform and has FAILED', async (code, error_code) => {
    await lampOnline();
    north.downlink.posted = new LianyunError(code, 'no PUBACK after 4 sends');
    expect(await north.huawei('POST', '/devices/lamp_d1/messages', { message: 'x', message_id: 'm1' })).toMatchObject({ status: 201, body: { message_id: 'm1', result: { status: 'FAILED', finished_time: expect.any(String) } } });
    expect(await north.huawei('GET', '/devices/lamp_d1/messages/m1')).toMatchObject({ body: { status: 'FAILED', error_info: { error_code, error_msg: expect.stringContaining('PUBACK') } } });
  });
});

describe('a shadow', () => {
  it('shows what was reported and what is desired, service by service', async () => {
    await north.huawei('POST', '/products', { ...LAMP, product_id: 'lamp' });
    await north.huawei('POST', '/devices', { product_id: 'lamp', node_id: 'd1', shadow: [{ service_id: 'light', desired: { on: 1 } }] });
    north.twins.report('huawei', 'lamp_d1', [{ service: 'light', values: { on: 0 } }], Date.UTC(2025, 3, 14, 1, 29));
    expect((await north.huawei('GET', '/devices/lamp_d1/shadow')).body).toEqual({
      device_id: 'lamp_d1',
      shadow: [
        {
          service_id: 'light',
          desired: { properties: { on: 1 }, event_time: '20261121T224632Z' },
          reported: { properties: { on: 0 }, event_time: '20250414T012900Z' },
          version: 2,
        },
      ],
    });
  });
});

describe('what is no proper request', () => {
  it.each([
    ['{"name":', 400, 'IOTDA.000008', 'no JSON'],
    ['', 400, 'IOTDA.000008', 'empty'],
    ['[]', 400, 'IOTDA.000006', ''],
    ['{"product_id":"lamp"}', 400, 'IOTDA.000006', 'node_id: is missing'],
    ['{"product_id":"lamp","node_id":7}', 400, 'IOTDA.000006', 'node_id: a string is expected'],
    ['{"product_id":"lamp","node_id":"a b"}', 400, 'IOTDA.000006', '1 to 64 letters, digits'],
    ['{"product_id":"lamp","node_id":"d","auth_info":{"secret":"short"}}', 400, 'IOTDA.000006', 'auth_info.secret: 8 to 32'],
    ['{"product_id":"lamp","node_id":"d","auth_info":{"fingerprint":"zz"}}', 400, 'IOTDA.000006', 'auth_info.fingerprint: 40 or 64'],
    ['{"product_id":"lamp","node_id":"d","auth_info":{"secondary_secret":"12345678"}}', 400, 'IOTDA.000006', 'auth_info.secondary_secret'],
    ['{"product_id":"lamp","node_id":"d","shadow":[{"service_id":"light","desired":5}]}', 400, 'IOTDA.000006', 'shadow.0.desired: an object is expected'],
  ])('is refused, and the member is named: %s', async (body, status, code, words) => {
    await north.huawei('POST', '/products', { ...LAMP, product_id: 'lamp' });
    const answer = await north.huawei('POST', '/devices', body);
    expect(answer).toMatchObject({ status, body: { error_code: code, error_msg: expect.stringContaining(words) } });
  });

  it('is answered 404 with the error body when there is no such route', async () => {
    for (const [method, path] of [['GET', '/tunnels'], ['PATCH', '/devices'], ['GET', '/devices/a/b/c']] as const) {
      expect(await north.huawei(method, path)).toMatchObject({ status: 404, body: { error_code: 'APIGW.0101', error_msg: expect.stringContaining(path) } });
    }
  });

  it('is answered 413 when the body is too large', async () => {
    await using small = await new NorthUnderTest({ bodyLimitBytes: 100 }).start();
    const answer = await small.huawei('POST', '/products', LAMP);
    expect(answer).toMatchObject({ status: 413, body: { error_code: 'IOTDA.000008' } });
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('of a path that is not encoded properly is refused', async () => {
    expect(await north.huawei('GET', '/devices/%zz')).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000008' } });
  });
});

describe('authentication', () => {
  it('puts a request id on every answer, whatever it says', async () => {
    const answers = [await north.huawei('GET', '/devices'), await north.huawei('GET', '/nothing'), await north.huawei('POST', '/devices', '{'), await north.huawei('DELETE', '/devices/x')];
    const ids = answers.map((each) => each.headers.get('x-request-id'));
    for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(ids).size).toBe(4);
  });

  it('refuses what is unsigned, signed by an unknown key, with another secret, or changed on the way, with 401 APIGW.0301', async () => {
    const plain = { method: 'GET', url: '/v5/iot/p1/devices', headers: { host: north.host, 'content-type': 'application/json' }, body: Buffer.alloc(0) };
    const sign = (key: { id: string; secret: string }) => ({ ...plain, headers: signHuawei(plain, key, { at: north.clock.now() }) });
    const requests = [plain, sign({ id: 'nobody', secret: 'x' }), sign({ ...KEYS.huawei, secret: 'wrong' }), { ...sign(KEYS.huawei), url: '/v5/iot/p1/devices?limit=1' }];
    for (const request of requests) expect(await north.send(request)).toMatchObject({ status: 401, body: { error_code: 'APIGW.0301', error_msg: expect.any(String) } });
    expect((await north.send(sign(KEYS.huawei))).status).toBe(200);
  });

  it('takes the derived signature and an endpoint with a base path', async () => {
    expect((await north.huawei('GET', '/devices', undefined, { region: 'cn-north-4' })).status).toBe(200);
    expect((await north.huawei('GET', '/devices?limit=1', undefined, { base: '/hw' })).status).toBe(200);
    expect((await north.huawei('POST', '/products', LAMP, { base: '/a/b', region: 'cn-north-4' })).status).toBe(201);
  });

  it('refuses another project when it knows its own', async () => {
    await using other = await new NorthUnderTest({ projectId: 'p2' }).start();
    expect(await other.huawei('GET', '/devices')).toMatchObject({ status: 403, body: { error_msg: expect.stringContaining('"p2"') } });
  });
});
