import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import { signHuawei } from '@lianyun/platform';
import type { MqttClient } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { HUAWEI, SEED } from './support/clouds.ts';
import { gatewaySeed } from './support/gateways.ts';
import { huaweiCredentials } from './support/credentials.ts';
import { fetchUrl } from './support/http.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const IMAGE = 'the image of version 2.0';
const SHA256 = createHash('sha256').update(IMAGE).digest('hex');
const [{ ak, sk }] = SEED.huawei.accessKeys;

interface OtaEvent {
  readonly device: string;
  readonly type: string;
  readonly paras: JsonObject & { readonly url?: string; readonly access_token?: string };
}

/** A device on a foreign client that hears of upgrades. */
class OtaDevice {
  readonly client: MqttClient;
  readonly events = new Log<OtaEvent>();
  readonly #id: string;

  constructor(client: MqttClient, id: string) {
    this.client = client;
    this.#id = id;
    client.on('message', (topic, payload) => {
      if (topic !== `$oc/devices/${id}/sys/events/down`) return;
      const { object_device_id: device, services } = JSON.parse(payload.toString()) as { object_device_id: string; services: readonly { service_id: string; event_type: string; paras: OtaEvent['paras'] }[] };
      for (const { service_id: service, event_type: type, paras } of services) if (service === '$ota') this.events.add({ device, type, paras });
    });
  }

  /** The next event, the `count`th of all. */
  async event(count: number): Promise<OtaEvent> {
    return (await this.events.take(count)).at(-1) as OtaEvent;
  }

  async tell(type: string, paras: object, device = this.#id): Promise<void> {
    await this.client.publishAsync(`$oc/devices/${this.#id}/sys/events/up`, JSON.stringify({ object_device_id: device, services: [{ service_id: '$ota', event_type: type, event_time: '20260102T030405Z', paras }] }), { qos: 1 });
  }
}

const firmware = (more: object = {}) => ({ app_id: 'default', package_type: 'firmwarePackage', product_id: 'lamp', version: '2.0', file_location: { obs_location: { region_name: 'cn-north-4', bucket_name: 'fw', object_key: 'lamp/2.0.bin', sign_method: 'SHA256', sign: SHA256 } }, ...more });

/** Puts the image where the API's packages look for it, signed with the access key. */
async function putImage(rig: Rig, path = '/objects/fw/lamp/2.0.bin', bytes = IMAGE): Promise<void> {
  const headers = signHuawei({ method: 'PUT', url: path, headers: { host: `127.0.0.1:${rig.httpPort}`, 'x-sdk-content-sha256': 'UNSIGNED-PAYLOAD' }, body: Buffer.alloc(0) }, { id: ak, secret: sk }, { at: rig.clock.now() });
  expect(await fetchUrl(`http://127.0.0.1:${rig.httpPort}${path}`, { method: 'PUT', headers, body: bytes })).toMatchObject({ status: 200 });
}

const task = (packageId: string, more: object = {}) => ({ app_id: 'default', task_name: 'to 2.0', task_type: 'firmwareUpgrade', targets: ['lamp_1'], document: { package_id: packageId }, ...more });
const idOf = (answer: { readonly body: unknown }, name: 'package_id' | 'task_id'): string => (answer.body as Record<typeof name, string>)[name];
const show = async (rig: Rig, taskId: string, query = ''): Promise<JsonObject> => (await rig.huawei('GET', `/batchtasks/${taskId}${query}`)).body as JsonObject;

describe('A Huawei device', () => {
  it('is offered a package with an empty list of source versions whatever it runs', async () => {
    await using rig = await Rig.open();
    await putImage(rig);
    const created = await rig.huawei('POST', '/ota-upgrades/packages', firmware({ support_source_versions: [] }));
    expect(created).toMatchObject({ status: 201, body: { support_source_versions: [] } });
    const device = new OtaDevice(await rig.foreign(HUAWEI, 1), 'lamp_1');
    await rig.huawei('POST', '/batchtasks', task(idOf(created, 'package_id')));
    await device.event(1);
    await device.tell('version_report', { fw_version: '0.7', sw_version: '7' });
    expect(await device.event(2)).toMatchObject({ type: 'firmware_upgrade_v2', paras: { version: '2.0' } });
  });

  it('is upgraded with a package in object storage, by a signed URL, and its task is seen to the end', async () => {
    await using rig = await Rig.open();
    await putImage(rig);
    const created = await rig.huawei('POST', '/ota-upgrades/packages', firmware({ support_source_versions: ['1.0'], custom_info: 'read me', description: 'better' }));
    expect(created).toMatchObject({
      status: 201,
      body: { app_id: 'default', package_type: 'firmwarePackage', product_id: 'lamp', version: '2.0', support_source_versions: ['1.0'], custom_info: 'read me', file_location: { obs_location: { region_name: 'cn-north-4', bucket_name: 'fw', object_key: 'lamp/2.0.bin', sign: SHA256 } } },
    });
    const packageId = idOf(created, 'package_id');
    const device = new OtaDevice(await rig.foreign(HUAWEI, 1), 'lamp_1');
    const started = await rig.huawei('POST', '/batchtasks', task(packageId, { task_ext_info: { reason: 'test' } }));
    expect(started).toEqual({ status: 201, body: { task_id: expect.stringMatching(/^[0-9a-f]{24}$/) } });
    const taskId = idOf(started, 'task_id');

    expect(await device.event(1)).toEqual({ device: 'lamp_1', type: 'version_query', paras: { task_id: taskId, task_ext_info: { reason: 'test' } } });
    await device.tell('version_report', { fw_version: '1.0', sw_version: '7' });
    const { type, paras } = await device.event(2);
    expect([type, paras]).toEqual(['firmware_upgrade_v2', { version: '2.0', url: expect.any(String), expires: 86_400, file_size: IMAGE.length, file_name: '2.0.bin', sign: SHA256, custom_info: 'read me', task_id: taskId, task_ext_info: { reason: 'test' } }]);
    expect(new URL(paras.url ?? '').host).toBe(`127.0.0.1:${rig.httpPort}`);
    expect(await fetchUrl(paras.url ?? '')).toMatchObject({ status: 200, text: IMAGE });
    expect(await fetchUrl(paras.url ?? '', { headers: { range: 'bytes=4-8' } })).toMatchObject({ status: 206, text: 'image' });

    await device.tell('upgrade_progress_report', { result_code: 0, progress: 100, version: '1.0' });
    expect(await show(rig, taskId)).toMatchObject({
      batchtask: { task_id: taskId, task_name: 'to 2.0', task_type: 'firmwareUpgrade', targets: ['lamp_1'], document: { package_id: packageId }, status: 'Processing', task_progress: { total: 1, processing: 1, success: 0, fail: 0, waitting: 0, fail_wait_retry: 0, stopped: 0, removed: 0 } },
      task_details: [{ target: 'lamp_1', status: 'Processing', output: '100%' }],
      page: { count: 1 },
    });
    await device.tell('upgrade_progress_report', { result_code: 0, progress: 100, version: '2.0' });
    expect(await show(rig, taskId)).toMatchObject({ batchtask: { status: 'Success', task_progress: { total: 1, processing: 0, success: 1 } }, task_details: [{ status: 'Success', output: '2.0' }] });
    expect((await rig.huawei('GET', '/devices/lamp_1')).body).toMatchObject({ fw_version: '2.0', sw_version: '7' });
    expect(rig.problems.all).toEqual([]);
  });

  it('is upgraded with a package that the platform keeps, with the token that came with the offer and no other', async () => {
    await using rig = await Rig.open();
    const packs = await Promise.all(['lamp', 'lamp'].map((productId, n) => rig.platform.upgrades.packages.add({ cloud: 'huawei', productId, kind: 'software', version: `2.${n}`, source: { bytes: [Buffer.from(IMAGE)], fileName: '镜 像.bin' } })));
    const device = new OtaDevice(await rig.foreign(HUAWEI, 1), 'lamp_1');
    await rig.huawei('POST', '/batchtasks', task(packs[0]?.id ?? '', { task_type: 'softwareUpgrade' }));
    await device.event(1);
    await device.tell('version_report', { sw_version: '1.0' });
    const { type, paras } = await device.event(2);
    expect([type, paras]).toEqual(['software_upgrade', { version: '2.0', url: expect.stringMatching(/\/iodm\/dev\/v2\.0\/upgradefile\/applications\/default\/devices\/lamp_1\/packages\/[0-9a-f]{24}$/), file_size: IMAGE.length, file_name: '镜 像.bin', access_token: expect.stringMatching(/^[0-9a-f]+$/), expires: 86_400, sign: SHA256, task_id: expect.any(String) }]);
    const url = paras.url ?? '';
    const authorization = `Bearer ${paras.access_token}`;
    const whole = await fetchUrl(url, { headers: { authorization, 'content-type': 'application/json' } });
    expect(whole).toMatchObject({ status: 200, text: IMAGE, headers: { 'content-length': String(IMAGE.length), 'content-disposition': `attachment;filename="package"; filename*=UTF-8''%E9%95%9C%20%E5%83%8F.bin` } });
    expect(await fetchUrl(url, { headers: { authorization, range: 'bytes=4-8' } })).toMatchObject({ status: 206, text: 'image' });
    expect(await fetchUrl(url, { headers: { authorization, range: 'bytes=99-' } })).toMatchObject({ status: 416 });
    for (const headers of [{}, { authorization: 'Bearer abc' }, { authorization: authorization.replace(/.$/, (last) => (last === '0' ? '1' : '0')) }]) expect(await fetchUrl(url, { headers })).toMatchObject({ status: 401, text: expect.stringContaining('APIGW.0301') });
    for (const other of [url.replace('lamp_1', 'lamp_2'), url.replace(packs[0]?.id ?? '', packs[1]?.id ?? '')]) expect(await fetchUrl(other, { headers: { authorization } })).toMatchObject({ status: 401 });
  });

  it('cannot use a token that has expired', async () => {
    const clock = new FakeClock({ now: Date.now() });
    await using rig = await Rig.open({ clock });
    const { id } = await rig.platform.upgrades.packages.add({ cloud: 'huawei', productId: 'lamp', kind: 'firmware', version: '2.0', source: { bytes: [Buffer.from(IMAGE)], fileName: 'fw.bin' } });
    const device = new OtaDevice(await rig.foreign(HUAWEI, 1), 'lamp_1');
    await rig.huawei('POST', '/batchtasks', task(id));
    await device.event(1);
    await device.tell('version_report', { fw_version: '1.0' });
    const { paras } = await device.event(2);
    const headers = { authorization: `Bearer ${paras.access_token}` };
    clock.set(clock.now() + 86_399_000);
    expect(await fetchUrl(paras.url ?? '', { headers })).toMatchObject({ status: 200 });
    clock.set(clock.now() + 1000);
    expect(await fetchUrl(paras.url ?? '', { headers })).toMatchObject({ status: 401, text: expect.stringContaining('expired') });
  });

  it('that says why it failed is shown with its words, and is tried again when the task is', async () => {
    await using rig = await Rig.open();
    await putImage(rig);
    const packageId = idOf(await rig.huawei('POST', '/ota-upgrades/packages', firmware()), 'package_id');
    const device = new OtaDevice(await rig.foreign(HUAWEI, 1), 'lamp_1');
    const taskId = idOf(await rig.huawei('POST', '/batchtasks', task(packageId, { targets: ['lamp_1', 'lamp_2', 'nobody'] })), 'task_id');
    await device.event(1);
    await device.tell('version_report', { fw_version: '1.0' });
    await device.event(2);
    await device.tell('upgrade_progress_report', { result_code: 7, version: '1.0' });
    const { batchtask, task_details: details } = await show(rig, taskId);
    expect(batchtask).toMatchObject({ status: 'Processing', targets: ['lamp_1', 'lamp_2', 'nobody'], task_progress: { total: 3, waitting: 1, fail: 2 } });
    expect(details).toEqual([
      { target: 'nobody', status: 'Fail', output: '', error: { error_code: 'IOTDA.014000', error_msg: expect.stringContaining('nobody') } },
      { target: 'lamp_2', status: 'Waitting', output: '' },
      { target: 'lamp_1', status: 'Fail', output: '', error: { error_code: '7', error_msg: 'The package could not be verified.' } },
    ]);
    expect(await show(rig, taskId, '?task_detail_status=waitting')).toMatchObject({ task_details: [{ target: 'lamp_2' }], page: { count: 1 } });
    expect(await show(rig, taskId, '?target=lamp_1')).toMatchObject({ task_details: [{ target: 'lamp_1' }], page: { count: 1 } });
    const first = await show(rig, taskId, '?limit=2');
    const { marker } = first['page'] as { marker: string };
    expect((await show(rig, taskId, `?limit=2&marker=${marker}`))['task_details']).toMatchObject([{ target: 'lamp_1' }]);
    expect(await rig.huawei('POST', `/batchtasks/${taskId}/retry`, { targets: ['lamp_1'] })).toEqual({ status: 200, body: {} });
    expect(await device.event(3)).toMatchObject({ type: 'version_query' });
    await device.tell('version_report', { fw_version: '2.0' });
    expect(await show(rig, taskId)).toMatchObject({ batchtask: { task_progress: { success: 1, waitting: 1, fail: 1 } } });
    expect(await rig.huawei('DELETE', `/batchtasks/${taskId}`)).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000006' } });
    expect(await rig.huawei('POST', `/batchtasks/${taskId}/stop`)).toEqual({ status: 200, body: {} });
    expect(await show(rig, taskId)).toMatchObject({ batchtask: { status: 'Stopped', task_progress: { success: 1, waitting: 0, fail: 1, stopped: 1 } } });
    expect(await rig.huawei('POST', `/batchtasks/${taskId}/stop`)).toMatchObject({ status: 400 });
    expect(await rig.huawei('DELETE', `/batchtasks/${taskId}`)).toEqual({ status: 204, body: undefined });
    expect(await rig.huawei('GET', `/batchtasks/${taskId}`)).toMatchObject({ status: 404 });
  });

  it('behind a gateway is upgraded over the connection of the gateway', async () => {
    await using rig = await Rig.open({ seed: gatewaySeed(0) });
    await rig.huawei('POST', '/devices', { node_id: '5', product_id: 'lamp', gateway_id: 'gate_1' });
    await putImage(rig);
    const packageId = idOf(await rig.huawei('POST', '/ota-upgrades/packages', firmware()), 'package_id');
    const gateway = new OtaDevice(await rig.foreignAs(huaweiCredentials('gate_1', 'secret-of-gate-1')), 'gate_1');
    const taskId = idOf(await rig.huawei('POST', '/batchtasks', task(packageId, { targets: ['lamp_5'] })), 'task_id');
    expect(await gateway.event(1)).toMatchObject({ device: 'lamp_5', type: 'version_query' });
    await gateway.tell('version_report', { fw_version: '1.0' }, 'lamp_5');
    const { device, type, paras } = await gateway.event(2);
    expect([device, type, (await fetchUrl(paras.url ?? '')).text]).toEqual(['lamp_5', 'firmware_upgrade_v2', IMAGE]);
    await gateway.tell('upgrade_progress_report', { result_code: 0, version: '2.0' }, 'lamp_5');
    expect(await show(rig, taskId)).toMatchObject({ batchtask: { status: 'Success' } });
    expect((await rig.huawei('GET', '/devices/lamp_5')).body).toMatchObject({ fw_version: '2.0' });
  });
});

describe("Huawei's API", () => {
  it('lists packages and tasks page by page, shows them, and lets go of them', async () => {
    await using rig = await Rig.open();
    const ids: string[] = [];
    for (const version of ['1', '2', '3']) ids.push(idOf(await rig.huawei('POST', '/ota-upgrades/packages', firmware({ version })), 'package_id'));
    await rig.huawei('POST', '/ota-upgrades/packages', firmware({ package_type: 'softwarePackage' }));
    const list = async (query: string) => (await rig.huawei('GET', `/ota-upgrades/packages?${query}`)).body as { packages: { version: string }[]; page: { count: number; marker: string } };
    const page = await list('package_type=firmwarePackage&limit=2');
    expect([page.packages.map(({ version }) => version), page.page.count]).toEqual([['3', '2'], 3]);
    expect((await list(`package_type=firmwarePackage&limit=2&marker=${page.page.marker}`)).packages).toMatchObject([{ version: '1' }]);
    expect((await list('package_type=firmwarePackage&version=2&product_id=lamp')).page.count).toBe(1);
    expect((await list('package_type=firmwarePackage&product_id=none')).page.count).toBe(0);
    expect(await rig.huawei('GET', '/ota-upgrades/packages')).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000006', error_msg: expect.stringContaining('package_type') } });
    expect(await rig.huawei('GET', `/ota-upgrades/packages/${ids[0]}`)).toMatchObject({ status: 200, body: { version: '1', file_location: { obs_location: { object_key: 'lamp/2.0.bin' } } } });

    const taskId = idOf(await rig.huawei('POST', '/batchtasks', task(ids[0] ?? '')), 'task_id');
    expect(await rig.huawei('DELETE', `/ota-upgrades/packages/${ids[0]}`)).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining(taskId) } });
    expect(await rig.huawei('DELETE', `/ota-upgrades/packages/${ids[1]}`)).toEqual({ status: 204, body: undefined });
    expect(await rig.huawei('GET', `/ota-upgrades/packages/${ids[1]}`)).toMatchObject({ status: 404 });

    await rig.huawei('POST', '/batchtasks', task(ids[2] ?? '', { task_policy: { schedule_time: '20990101T000000Z', retry_count: 2, retry_interval: 10 } }));
    const tasks = async (query: string) => (await rig.huawei('GET', `/batchtasks?${query}`)).body as { batchtasks: object[]; page: { count: number } };
    expect(await tasks('task_type=firmwareUpgrade')).toMatchObject({ batchtasks: [{ status: 'Waitting', task_policy: { schedule_time: '20990101T000000Z', retry_count: 2, retry_interval: 10 } }, { task_id: taskId }], page: { count: 2 } });
    expect(await tasks('task_type=firmwareUpgrade&status=Waitting')).toMatchObject({ page: { count: 1 } });
    expect(await tasks('task_type=softwareUpgrade')).toMatchObject({ batchtasks: [], page: { count: 0 } });
    expect(await tasks('task_type=createDevices')).toMatchObject({ batchtasks: [] });
  });

  it('says what is wrong with a package or a task', async () => {
    await using rig = await Rig.open();
    await putImage(rig);
    const packageId = idOf(await rig.huawei('POST', '/ota-upgrades/packages', firmware()), 'package_id');
    const { file_location: location } = firmware();
    const cases = [
      ['/ota-upgrades/packages', firmware({ package_type: 'other' }), 400, 'package_type'],
      ['/ota-upgrades/packages', firmware({ product_id: 'none' }), 404, 'none'],
      ['/ota-upgrades/packages', firmware({ file_location: {} }), 400, 'obs_location'],
      ['/ota-upgrades/packages', firmware({ file_location: { obs_location: { ...location.obs_location, sign: 'ab'.repeat(32) } } }), 400, 'sha256'],
      ['/ota-upgrades/packages', firmware({ file_location: { url: 'ftp://x/y' } }), 400, 'http'],
      ['/batchtasks', task(packageId, { task_type: 'softwareUpgrade' }), 400, 'package_id'],
      ['/batchtasks', task('none'), 404, 'none'],
      ['/batchtasks', task(packageId, { targets: [] }), 400, 'targets'],
      ['/batchtasks', task(packageId, { targets: undefined, targets_filter: { group_ids: ['g'] } }), 404, 'device group "g"'],
      ['/batchtasks', task(packageId, { task_type: 'createDevices' }), 400, 'task_type'],
      ['/batchtasks', task(packageId, { task_policy: { retry_count: 6 } }), 400, 'retry_count'],
    ] as const;
    for (const [path, body, status, words] of cases) {
      const answer = await rig.huawei('POST', path, body);
      expect(answer).toMatchObject({ status, body: { error_code: 'IOTDA.000006', error_msg: expect.stringContaining(words) } });
    }
    expect(await rig.huawei('POST', '/batchtasks', task(packageId, { task_policy: { schedule_time: 'tomorrow' } }))).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000009' } });
  });

  it('takes a package from a URL elsewhere, and keeps it itself', async () => {
    await using rig = await Rig.open();
    const server = createServer((request, response) => response.writeHead(request.url?.startsWith('/fw/lamp.bin') === true ? 200 : 404).end(IMAGE));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    try {
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const created = await rig.huawei('POST', '/ota-upgrades/packages', firmware({ file_location: { url: `${base}/fw/lamp.bin?token=secret` } }));
      expect(created).toMatchObject({ status: 201, body: { file_location: { obs_location: { bucket_name: 'packages', object_key: expect.stringMatching(/\/lamp\.bin$/), sign: SHA256 } } } });
      const device = new OtaDevice(await rig.foreign(HUAWEI, 1), 'lamp_1');
      await rig.huawei('POST', '/batchtasks', task(idOf(created, 'package_id')));
      await device.event(1);
      await device.tell('version_report', { fw_version: '1.0' });
      expect(await device.event(2)).toMatchObject({ type: 'firmware_upgrade', paras: { file_name: 'lamp.bin', sign: SHA256, access_token: expect.any(String) } });
      const missing = await rig.huawei('POST', '/ota-upgrades/packages', firmware({ version: '3', file_location: { url: `${base}/none?token=secret` } }));
      expect([missing.status, JSON.stringify(missing.body)]).toEqual([400, expect.stringContaining('answered 404')]);
      expect(JSON.stringify(missing.body)).not.toContain('secret');
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
