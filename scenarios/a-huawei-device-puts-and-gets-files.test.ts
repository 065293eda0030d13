import { createHash } from 'node:crypto';
import type { DeviceFile } from '@lianyun/platform';
import type { MqttClient } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { HUAWEI } from './support/clouds.ts';
import { huaweiCredentials } from './support/credentials.ts';
import { gatewaySeed } from './support/gateways.ts';
import { fetchUrl } from './support/http.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const UP = '$oc/devices/lamp_1/sys/events/up';
const EVENT_DOWN = '$oc/devices/lamp_1/sys/events/down';

interface Grant {
  readonly url: string;
  readonly bucket_name: string;
  readonly object_name: string;
  readonly expire: number;
  readonly file_attributes?: { readonly hash_code?: string; readonly size?: number };
}

interface FileEvent {
  readonly service_id: string;
  readonly event_type: string;
  readonly paras: Grant;
}

/** A lamp on a foreign client, and its events of the file service. */
class FileLamp {
  readonly client: MqttClient;
  readonly down = new Log<FileEvent>();

  constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, payload) => {
      if (topic !== EVENT_DOWN) return;
      const { services } = JSON.parse(payload.toString()) as { services: readonly FileEvent[] };
      for (const each of services) this.down.add(each);
    });
  }

  async tell(event: string, paras: object, service = '$file_manager'): Promise<void> {
    await this.client.publishAsync(UP, JSON.stringify({ object_device_id: 'lamp_1', services: [{ service_id: service, event_type: event, event_time: '20260102T030405Z', event_id: '', paras }] }), { qos: 1 });
  }

  async ask(direction: 'upload' | 'download', paras: object): Promise<Grant> {
    const before = this.down.all.length;
    await this.tell(`get_${direction}_url`, paras);
    const answer = (await this.down.take(before + 1))[before];
    expect(answer).toMatchObject({ service_id: '$file_manager', event_type: `get_${direction}_url_response` });
    return answer?.paras as Grant;
  }
}

async function transfer(method: 'GET' | 'PUT', url: string, body = ''): Promise<{ readonly status: number; readonly text: string }> {
  const { status, text } = await fetchUrl(url, { method, headers: { 'content-type': 'text/plain' }, body });
  return { status, text };
}

async function open(): Promise<{ rig: Rig; lamp: FileLamp; files: Log<DeviceFile>; [Symbol.asyncDispose](): Promise<void> }> {
  const rig = await Rig.open();
  const files = new Log<DeviceFile>();
  rig.platform.on('file', files.add);
  const lamp = new FileLamp(await rig.foreign(HUAWEI, 1));
  return { rig, lamp, files, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
}

const list = (rig: Rig) => rig.platform.files.list('lamp_1', { limit: 10 });
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('A Huawei device', () => {
  it('puts a file where it is told, at the address at which it reached the platform, and says so', async () => {
    await using opened = await open();
    const { rig, lamp, files } = opened;
    const attributes = { hash_code: sha256('a picture'), size: 9 };
    const grant = await lamp.ask('upload', { file_name: 'a.jpg', file_attributes: attributes });
    // The Python SDK looks the file up by the object's name (5.4).
    expect(grant).toMatchObject({ object_name: 'a.jpg', bucket_name: 'files-lamp_1', expire: 3600, file_attributes: attributes });
    expect(new URL(grant.url).host).toBe(`127.0.0.1:${rig.httpPort}`);
    expect(await transfer('PUT', grant.url, 'another text')).toMatchObject({ status: 400, text: expect.stringContaining('BadDigest') });
    expect(await transfer('PUT', grant.url, 'a picture')).toEqual({ status: 200, text: '' });
    expect(files.all).toMatchObject([{ device: 'lamp_1', direction: 'upload', object: 'a.jpg', stored: { bytes: 9, sha256: attributes.hash_code, type: 'text/plain' } }]);
    await lamp.tell('upload_result_report', { object_name: 'a.jpg', result_code: 0, status_code: 200, status_description: 'upload success' });
    expect((await files.take(2))[1]).toMatchObject({ object: 'a.jpg', result: { code: 0, status: 200, text: 'upload success' } });
    expect(list(rig)).toMatchObject({ total: 1, items: [{ object: 'a.jpg', result: { code: 0 }, stored: { bytes: 9 } }] });
    expect(rig.problems.all).toEqual([]);
  });

  it('gets what it put, and what an application put for it, and tells what became of it', async () => {
    await using opened = await open();
    const { rig, lamp, files } = opened;
    await rig.platform.files.put('lamp_1', 'map/city.json', [Buffer.from('{"a":1}')]);
    // Size and hash come with what is there, though the device named none.
    const grant = await lamp.ask('download', { file_name: 'map/city.json' });
    expect(grant).toMatchObject({ object_name: 'map/city.json', file_attributes: { size: 7, hash_code: sha256('{"a":1}') } });
    expect(await transfer('GET', grant.url)).toEqual({ status: 200, text: '{"a":1}' });
    await lamp.tell('download_result_report', { object_name: 'map/city.json', result_code: 0, status_code: 200 }, 'file_manager');
    expect(await files.first()).toMatchObject({ direction: 'download', object: 'map/city.json', result: { code: 0, status: 200 } });
    const none = await lamp.ask('download', { file_name: 'none' });
    expect(none).not.toHaveProperty('file_attributes');
    expect(await transfer('GET', none.url)).toMatchObject({ status: 404, text: expect.stringContaining('NoSuchKey') });
  });

  it('is refused a URL that has expired, or is for something else', async () => {
    await using opened = await open();
    const { rig, lamp } = opened;
    const grant = await lamp.ask('upload', { file_name: 'a.txt' });
    expect(await transfer('GET', grant.url)).toMatchObject({ status: 403 });
    expect(await transfer('PUT', grant.url.replace('files-lamp_1', 'files-lamp_2'), 'x')).toMatchObject({ status: 403 });
    const expired = grant.url.replace(/Expires=\d+/, 'Expires=1');
    expect(await transfer('PUT', expired, 'x')).toMatchObject({ status: 403, text: expect.stringContaining('SignatureDoesNotMatch') });
    expect(list(rig).items[0]).not.toHaveProperty('stored');
    await lamp.tell('upload_result_report', { object_name: 'a.txt', result_code: 1, status_code: 403, status_description: 'Request has expired' });
    await lamp.tell('upload_result_report', { object_name: 'never asked for', result_code: 0 });
    expect(await rig.problems.first()).toMatchObject({ code: 'unexpected-reply', message: expect.stringContaining('never asked for') });
    expect(list(rig)).toMatchObject({ total: 1, items: [{ result: { code: 1, status: 403 } }] });
  });

  it('cannot name its way out of its files', async () => {
    await using opened = await open();
    const { rig, lamp } = opened;
    for (const [name, object] of [['../../etc/passwd', '__/__/etc/passwd'], ['./x', '_/x'], ['a\u0000b\nc', 'a_b_c'], ['..\\..\\win.ini', '..\\..\\win.ini'], ['/root', '/root'], ['图 片?#&%.jpg', '图 片?#&%.jpg'], ['\ud800', '\ufffd']] as const) {
      const grant = await lamp.ask('upload', { file_name: name });
      expect(grant.object_name).toBe(object);
      expect(await transfer('PUT', grant.url, name)).toMatchObject({ status: 200 });
      expect(rig.platform.objects.find({ bucket: 'files-lamp_1', key: object })).toMatchObject({ bytes: Buffer.byteLength(name) });
    }
    for (const name of ['', 'x'.repeat(513)]) {
      const before = rig.problems.all.length;
      await lamp.tell('get_upload_url', { file_name: name });
      expect((await rig.problems.take(before + 1))[before]).toMatchObject({ code: expect.stringMatching(/bad-input|bad-frame/) });
    }
  });

  it('takes its files with it when it is deleted', async () => {
    await using opened = await open();
    const { rig, lamp } = opened;
    const grant = await lamp.ask('upload', { file_name: 'a.txt' });
    await transfer('PUT', grant.url, 'x');
    expect(await rig.huawei('DELETE', '/devices/lamp_1')).toMatchObject({ status: 204 });
    expect([list(rig).total, rig.platform.objects.find({ bucket: 'files-lamp_1', key: 'a.txt' })]).toEqual([0, undefined]);
  });

  it('takes its files with it when its gateway removes it', async () => {
    await using rig = await Rig.open({ seed: gatewaySeed(0) });
    await rig.huawei('POST', '/devices', { node_id: '5', product_id: 'lamp', gateway_id: 'gate_1' });
    await rig.platform.files.put('lamp_5', 'a.txt', [Buffer.from('x')]);
    const gateway = await rig.foreignAs(huaweiCredentials('gate_1', 'secret-of-gate-1'));
    const remove = { services: [{ service_id: '$sub_device_manager', event_type: 'delete_sub_device_request', event_time: '20260102T030405Z', event_id: '1', paras: { devices: ['lamp_5'] } }] };
    await gateway.publishAsync('$oc/devices/gate_1/sys/events/up', JSON.stringify(remove), { qos: 1 });
    expect([rig.platform.registry.findDevice('huawei', 'lamp_5'), rig.platform.objects.list('files-lamp_5', { limit: 1 }).total, rig.problems.all]).toEqual([undefined, 0, []]);
  });
});
