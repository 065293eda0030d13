import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ClientRequestException } from '@huaweicloud/huaweicloud-sdk-core/exception/ClientRequestException.js';
import { FakeClock } from '@lianyun/protocol/testing';
import { Device, huawei, reply } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { HUAWEI, SEED } from './support/clouds.ts';
import { happens, Rig } from './support/rig.ts';
import { huaweiClient, huaweiUpload } from './support/vendor-clients.ts';

const KETTLE = {
  product_id: 'kettle',
  name: '水壶 kettle',
  device_type: 'Kettle',
  protocol_type: 'MQTT',
  data_format: 'json',
  service_capabilities: [
    {
      service_id: 'heat',
      service_type: 'heat',
      properties: [
        { property_name: 'celsius', data_type: 'decimal', min: '0', max: '100', method: 'RW' },
        { property_name: 'label', data_type: 'string', max_length: 64, method: 'RW' },
      ],
      commands: [{ command_name: 'boil', paras: [{ para_name: 'until', data_type: 'int', min: '40', max: '100' }], responses: [{ response_name: 'boiled', paras: [{ para_name: 'seconds', data_type: 'int' }] }] }],
      events: [{ event_type: 'dry', paras: [{ para_name: 'level', data_type: 'int' }] }],
    },
  ],
};

/** What a call that is refused rejects with. */
async function refused(call: Promise<object>): Promise<ClientRequestException> {
  const error: unknown = await call.then(
    (answer) => answer,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ClientRequestException);
  return error as ClientRequestException;
}

describe("Huawei's own client", () => {
  it('goes from product and model over device, properties, command, event and message to what is kept of them', async () => {
    await using rig = await Rig.open();
    const call = huaweiClient(rig.httpPort);
    expect(await call('POST', '/products', { body: KETTLE })).toMatchObject({ httpStatusCode: 201, product_id: 'kettle', name: KETTLE.name, create_time: expect.stringMatching(/^\d{8}T\d{6}Z$/) });
    expect(await call('GET', '/products/{product_id}', { path: { product_id: 'kettle' } })).toMatchObject({ httpStatusCode: 200, ...KETTLE });
    const added = await call('POST', '/devices', { body: { node_id: 'k1', product_id: 'kettle', device_name: '厨房 1', description: 'a&b=c', auth_info: { auth_type: 'SECRET', secret: 'kettle-secret' }, extension_info: { floor: 2 } } });
    expect(added).toMatchObject({ httpStatusCode: 201, device_id: 'kettle_k1', node_id: 'k1', gateway_id: 'kettle_k1', node_type: 'GATEWAY', status: 'INACTIVE', auth_info: { secret: 'kettle-secret' } });
    const path = { device_id: 'kettle_k1' };

    const device = rig.own(new Device({ dialect: huawei, server: rig.server, identity: { deviceId: 'kettle_k1', secret: 'kettle-secret' } }));
    const sets: unknown[] = [];
    device.properties.onSet(({ groups }) => {
      sets.push(groups);
      return { code: 0, text: '好的' };
    });
    device.properties.onGet(() => [{ service: 'heat', values: { celsius: 21.5 } }]);
    device.commands.handle('boil', ({ args }) => reply({ code: 0, name: 'boiled', output: { seconds: Number(args['until']) * 2 } }));
    await device.connect();
    const shown = await call('GET', '/devices/{device_id}', { path });
    expect(shown).toMatchObject({ httpStatusCode: 200, status: 'ONLINE', device_name: '厨房 1', description: 'a&b=c', product_name: KETTLE.name, extension_info: { floor: 2 }, active_time: expect.any(String) });
    expect(JSON.stringify(shown)).not.toContain('kettle-secret');

    await device.properties.report({ service: 'heat', values: { celsius: 20.5, label: '“x” <1>' } }).delivered;
    expect(await call('GET', '/devices/{device_id}/shadow', { path })).toMatchObject({
      device_id: 'kettle_k1',
      shadow: [{ service_id: 'heat', reported: { properties: { celsius: 20.5, label: '“x” <1>' }, event_time: expect.stringMatching(/^\d{8}T\d{6}Z$/) }, version: expect.any(Number) }],
    });
    expect(await call('GET', '/devices/{device_id}/properties', { path, query: { service_id: 'heat' } })).toMatchObject({ request_id: expect.any(String), response: { services: [{ service_id: 'heat', properties: { celsius: 21.5 } }] } });
    expect(await call('PUT', '/devices/{device_id}/properties', { path, body: { services: [{ service_id: 'heat', properties: { celsius: 60 } }] } })).toMatchObject({ response: { result_code: 0, result_desc: '好的' } });
    expect(sets).toEqual([[{ service: 'heat', values: { celsius: 60 } }]]);

    const command = { service_id: 'heat', command_name: 'boil', paras: { until: 90 } };
    expect(await call('POST', '/devices/{device_id}/commands', { path, body: command })).toMatchObject({ httpStatusCode: 200, command_id: expect.any(String), response: { result_code: 0, response_name: 'boiled', paras: { seconds: 180 } } });

    await device.events.post({ service: 'heat', name: 'dry', params: { level: 1 } }).delivered;
    expect(rig.platform.events.list('huawei', 'kettle_k1', { from: 0, to: Infinity, limit: 10 }).items).toMatchObject([{ service: 'heat', name: 'dry', params: { level: 1 } }]);

    const { promise: arrived, resolve } = Promise.withResolvers<unknown>();
    device.messages.onMessage((message) => resolve('content' in message ? message.content : message.bytes));
    expect(await call('POST', '/devices/{device_id}/messages', { path, body: { message_id: 'm-1', name: 'greet', message: { text: '你好' } } })).toMatchObject({ httpStatusCode: 201, message_id: 'm-1', result: { status: 'DELIVERED' } });
    expect(await arrived).toEqual({ text: '你好' });
    const kept = { message_id: 'm-1', name: 'greet', message: { text: '你好' }, status: 'DELIVERED' };
    expect(await call('GET', '/devices/{device_id}/messages', { path })).toMatchObject({ device_id: 'kettle_k1', messages: [kept] });
    expect(await call('GET', '/devices/{device_id}/messages/{message_id}', { path: { ...path, message_id: 'm-1' } })).toMatchObject(kept);

    expect(await call('DELETE', '/devices/{device_id}', { path })).toMatchObject({ httpStatusCode: 204 });
    expect(await refused(call('GET', '/devices/{device_id}', { path }))).toMatchObject({ httpStatusCode: 404, errorCode: 'IOTDA.014000' });
    expect(await call('DELETE', '/products/{product_id}', { path: { product_id: 'kettle' } })).toMatchObject({ httpStatusCode: 204 });
    expect(rig.problems.all).toEqual([]);
  });

  it('puts a package into the store, starts its upgrade, and sees the task to its end when the device runs the new version', async () => {
    await using rig = await Rig.open();
    const call = huaweiClient(rig.httpPort);
    const directory = await mkdtemp(path.join(tmpdir(), 'lianyun-upgrade-'));
    const image = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    await huaweiUpload(rig.httpPort, 'fw/lamp/2.0.bin', image);
    const obs = { region_name: 'cn-north-4', bucket_name: 'fw', object_key: 'lamp/2.0.bin' };
    const { package_id } = (await call('POST', '/ota-upgrades/packages', { body: { app_id: 'default', package_type: 'firmwarePackage', product_id: 'lamp', version: '2.0', description: '新版', file_location: { obs_location: obs } } })) as { readonly package_id: string };
    expect(await call('GET', '/ota-upgrades/packages', { query: { package_type: 'firmwarePackage', product_id: 'lamp' } })).toMatchObject({ packages: [{ package_id, version: '2.0' }], page: { count: 1 } });
    expect(await call('GET', '/ota-upgrades/packages/{package_id}', { path: { package_id } })).toMatchObject({ package_id, description: '新版', file_location: { obs_location: obs } });

    const device = rig.own(HUAWEI.device(1, rig.server)) as Device<typeof huawei>;
    const { promise: downloaded, resolve, reject } = Promise.withResolvers<string>();
    device.ota.onOffer((upgrade) => {
      const file = path.join(directory, 'new.bin');
      upgrade.download({ directory, fileName: 'new.bin' }).done.then(() => resolve(file), reject);
    });
    await device.connect();
    await device.ota.report({ firmware: '1.0' }).delivered;
    const { task_id } = (await call('POST', '/batchtasks', { body: { app_id: 'default', task_name: 'to 2.0', task_type: 'firmwareUpgrade', targets: ['lamp_1'], document: { package_id } } })) as { readonly task_id: string };
    expect((await readFile(await downloaded)).equals(image)).toBe(true);
    const task = (): Promise<object> => call('GET', '/batchtasks/{task_id}', { path: { task_id } });
    expect(await task()).toMatchObject({ batchtask: { task_id, status: 'Processing', task_progress: { total: 1, processing: 1 } } });
    await device.ota.report({ firmware: '2.0' }).delivered;
    expect(await task()).toMatchObject({ batchtask: { status: 'Success', task_progress: { total: 1, success: 1 } }, task_details: [{ target: 'lamp_1', status: 'Success' }] });
    expect(await call('GET', '/devices/{device_id}', { path: { device_id: 'lamp_1' } })).toMatchObject({ fw_version: '2.0' });
    expect(await call('GET', '/batchtasks', { query: { task_type: 'firmwareUpgrade' } })).toMatchObject({ batchtasks: [{ task_id }], page: { count: 1 } });
    expect(await refused(call('GET', '/batchtasks/{task_id}', { path: { task_id: 'f'.repeat(24) } }))).toMatchObject({ httpStatusCode: 404 });
    await rm(directory, { recursive: true });
    expect(rig.problems.all).toEqual([]);
  });

  it('changes products and devices, and what is desired of them', async () => {
    await using rig = await Rig.open();
    const call = huaweiClient(rig.httpPort);
    const lamp = { device_id: 'lamp_1' };
    expect(await call('PUT', '/devices/{device_id}', { path: lamp, body: { device_name: '走廊', description: null, extension_info: { floor: 3 } } })).toMatchObject({ httpStatusCode: 200, device_id: 'lamp_1', device_name: '走廊', extension_info: { floor: 3 } });
    expect(await call('GET', '/devices/{device_id}', { path: lamp })).toMatchObject({ device_name: '走廊', extension_info: { floor: 3 } });

    await call('POST', '/products', { body: KETTLE });
    const [heat] = KETTLE.service_capabilities;
    const capabilities = [{ ...heat, properties: [{ property_name: 'litres', data_type: 'decimal', min: '0', max: '2', method: 'RW' }] }];
    const path = { product_id: 'kettle' };
    expect(await call('PUT', '/products/{product_id}', { path, body: { name: 'Kettle 2', service_capabilities: capabilities } })).toMatchObject({ httpStatusCode: 200, name: 'Kettle 2', device_type: 'Kettle', service_capabilities: capabilities });
    expect(await refused(call('PUT', '/products/{product_id}', { path, body: { service_capabilities: [{ service_id: 7 }] } }))).toMatchObject({ errorCode: 'IOTDA.000006', errorMsg: expect.stringContaining('service_capabilities[0].service_id') });
    expect(await call('GET', '/products/{product_id}', { path })).toMatchObject({ name: 'Kettle 2', service_capabilities: capabilities });

    // The new model is the one that counts.
    await call('POST', '/devices', { body: { node_id: 'k1', product_id: 'kettle', auth_info: { secret: 'kettle-secret' } } });
    const kettle = { device_id: 'kettle_k1' };
    const desire = (desired: object): Promise<object> => call('PUT', '/devices/{device_id}/shadow', { path: kettle, body: { shadow: [{ service_id: 'heat', desired }] } });
    expect(await refused(desire({ celsius: 5 }))).toMatchObject({ errorCode: 'IOTDA.000006' });
    expect(await desire({ litres: 1.5 })).toMatchObject({ device_id: 'kettle_k1', shadow: [{ service_id: 'heat', desired: { properties: { litres: 1.5 } } }] });
    const device = rig.own(new Device({ dialect: huawei, server: rig.server, identity: { deviceId: 'kettle_k1', secret: 'kettle-secret' } }));
    const { promise: set, resolve } = Promise.withResolvers<unknown>();
    device.properties.onSet(({ groups }) => resolve(groups));
    await device.connect();
    expect(await set).toEqual([{ service: 'heat', values: { litres: 1.5 } }]);

    const closed = new Promise<void>((done) => device.once('offline', () => done()));
    expect(await call('POST', '/devices/{device_id}/freeze', { path: kettle })).toMatchObject({ httpStatusCode: 204 });
    await closed;
    expect(await call('GET', '/devices/{device_id}', { path: kettle })).toMatchObject({ status: 'FROZEN' });
  });

  it.each([
    { name: 'SDK-HMAC-SHA256', options: {} },
    { name: 'V11-HMAC-SHA256', options: { derivedFor: 'cn-north-4' } },
    { name: 'SDK-HMAC-SHA256 behind a base path', options: { basePath: '/gateway/iot' } },
  ])('signs with $name: every method, texts outside ASCII, reserved characters in a query', async ({ options }) => {
    await using rig = await Rig.open();
    const call = huaweiClient(rig.httpPort, options);
    const name = "灯 #1 & 2 = (3)! *'~+/?%41:;@,$[]";
    expect(await call('POST', '/devices', { body: { node_id: 'n1', product_id: 'lamp', device_name: name } })).toMatchObject({ device_name: name });
    expect(await call('GET', '/devices', { query: { device_name: name, limit: 5, product_id: 'lamp' } })).toMatchObject({ devices: [{ device_id: 'lamp_n1' }], page: { count: 1 } });
    expect(await call('GET', '/devices', { query: { device_name: 'another', limit: 5 } })).toMatchObject({ devices: [], page: { count: 0 } });
    expect(await refused(call('PUT', '/devices/{device_id}/properties', { path: { device_id: 'lamp_n1' }, body: { services: [{ service_id: 'light', properties: { level: 1 } }] } }))).toMatchObject({ errorCode: 'IOTDA.014016' });
    expect(await call('DELETE', '/devices/{device_id}', { path: { device_id: 'lamp_n1' } })).toMatchObject({ httpStatusCode: 204 });
  });

  it.each([
    { fault: 'a wrong secret', options: { sk: 'not-the-secret' } },
    { fault: 'an unknown access key', options: { ak: 'AKUNKNOWN' } },
    { fault: 'a wrong secret, with a derived key', options: { sk: 'not-the-secret', derivedFor: 'cn-north-4' } },
  ])('is told about $fault by its own exception, with the code and the request id', async ({ options }) => {
    await using rig = await Rig.open();
    const error = await refused(huaweiClient(rig.httpPort, options)('GET', '/devices'));
    expect(error).toMatchObject({ httpStatusCode: 401, errorCode: 'APIGW.0301', requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(error.errorMsg).toContain('Incorrect IAM authentication information');
    expect(JSON.stringify(error)).not.toContain(SEED.huawei.accessKeys[0].sk);
  });

  it('is told about what it asks wrongly by its own exception: status, code, and the member in words', async () => {
    await using rig = await Rig.open();
    const call = huaweiClient(rig.httpPort);
    const lamp = { device_id: 'lamp_1' };
    const cases: readonly { readonly call: Promise<object>; readonly is: { readonly httpStatusCode: number; readonly errorCode: string }; readonly says: RegExp }[] = [
      { call: call('GET', '/devices/{device_id}', { path: { device_id: 'nobody' } }), is: { httpStatusCode: 404, errorCode: 'IOTDA.014000' }, says: /nobody/ },
      { call: call('GET', '/products/{product_id}', { path: { product_id: 'nothing' } }), is: { httpStatusCode: 404, errorCode: 'IOTDA.000006' }, says: /nothing/ },
      { call: call('POST', '/devices', { body: { product_id: 'lamp' } }), is: { httpStatusCode: 400, errorCode: 'IOTDA.000006' }, says: /node_id/ },
      { call: call('POST', '/devices', { body: { node_id: '1', product_id: 'lamp' } }), is: { httpStatusCode: 400, errorCode: 'IOTDA.014031' }, says: /lamp_1/ },
      { call: call('POST', '/devices', { body: { node_id: 'x', product_id: 'lamp', auth_info: { secret: 'short' } } }), is: { httpStatusCode: 400, errorCode: 'IOTDA.000006' }, says: /auth_info\.secret.*8/ },
      { call: call('POST', '/products', { body: { ...KETTLE, protocol_type: 'Telex' } }), is: { httpStatusCode: 400, errorCode: 'IOTDA.000006' }, says: /protocol_type.*MQTT/ },
      { call: call('GET', '/devices', { query: { limit: 51 } }), is: { httpStatusCode: 400, errorCode: 'IOTDA.000017' }, says: /limit.*1 to 50/ },
      { call: call('GET', '/devices', { query: { marker: 'zz' } }), is: { httpStatusCode: 400, errorCode: 'IOTDA.000018' }, says: /marker/ },
      { call: call('POST', '/devices/{device_id}/commands', { path: lamp, body: { service_id: 'light', command_name: 'blink', paras: { times: 11 } } }), is: { httpStatusCode: 400, errorCode: 'IOTDA.000006' }, says: /times.*10/ },
      { call: call('POST', '/devices/{device_id}/commands', { path: lamp, body: { service_id: 'light', command_name: 'blink', paras: { times: 1 } } }), is: { httpStatusCode: 403, errorCode: 'IOTDA.014016' }, says: /lamp_1/ },
      { call: call('GET', '/nothing-like-this'), is: { httpStatusCode: 404, errorCode: 'APIGW.0101' }, says: /nothing-like-this/ },
      { call: huaweiClient(rig.httpPort, { projectId: 'another' })('GET', '/devices'), is: { httpStatusCode: 403, errorCode: 'IOTDA.000022' }, says: /p1/ },
    ];
    for (const { call: asked, is, says } of cases) {
      const error = await refused(asked);
      expect(error).toMatchObject({ ...is, requestId: expect.any(String) });
      expect(error.errorMsg).toMatch(says);
    }
  });

  it("relays a device's own result code with HTTP 200, and a silent device as IOTDA.014111 in an answer that is no exception", async () => {
    const clock = new FakeClock({ now: Date.now() });
    await using rig = await Rig.open({ clock });
    const call = huaweiClient(rig.httpPort);
    const device = await rig.online(HUAWEI, 1);
    device.commands.handle('blink', () => reply({ code: 5, output: { why: 'hot' } }));
    const ask = (device_id: string): Promise<object> => call('POST', '/devices/{device_id}/commands', { path: { device_id }, body: { service_id: 'light', command_name: 'blink', paras: { times: 1 } } });
    expect(await ask('lamp_1')).toMatchObject({ httpStatusCode: 200, response: { result_code: 5, paras: { why: 'hot' } } });

    const mute = await rig.foreign(HUAWEI, 2);
    const heard = happens(mute, 'message');
    const answer = ask('lamp_2');
    await heard;
    clock.advance(20_000);
    expect(await answer).toMatchObject({ httpStatusCode: 200, command_id: expect.any(String), error_code: 'IOTDA.014111' });
  });

  it('pages through a list by marker and by offset: every device once, the youngest first', async () => {
    await using rig = await Rig.open();
    const call = huaweiClient(rig.httpPort);
    await call('POST', '/products', { body: KETTLE });
    const names = Array.from({ length: 23 }, (_, index) => `k${index}`);
    for (const node_id of names) await call('POST', '/devices', { body: { node_id, product_id: 'kettle' } });
    const page = async (query: Record<string, string | number>): Promise<{ readonly ids: readonly string[]; readonly count: number; readonly marker: string }> => {
      const { devices, page: of } = (await call('GET', '/devices', { query: { product_id: 'kettle', ...query } })) as { readonly devices: readonly { readonly node_id: string }[]; readonly page: { readonly count: number; readonly marker: string } };
      return { ids: devices.map(({ node_id }) => node_id), ...of };
    };

    const byMarker: string[] = [];
    for (let at = await page({ limit: 10 }); at.ids.length > 0; at = await page({ limit: 10, marker: at.marker })) {
      expect(at.marker).toMatch(/^[0-9a-f]{24}$/);
      expect(at.ids.length).toBeLessThanOrEqual(10);
      byMarker.push(...at.ids);
    }
    expect(byMarker).toEqual([...names].reverse());

    const byOffset = [await page({ limit: 10 }), await page({ limit: 10, offset: 10 }), await page({ limit: 10, offset: 20 })];
    expect(byOffset.flatMap(({ ids }) => ids)).toEqual(byMarker);
    expect(byOffset.map(({ count }) => count)).toEqual([23, 23, 23]);
    expect((await page({})).ids).toHaveLength(10);
  });
});
