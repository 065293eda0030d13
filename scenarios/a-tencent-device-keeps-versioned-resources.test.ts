import { createHash } from 'node:crypto';
import type { Resource } from '@lianyun/platform';
import type { MqttClient } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { gatewaySeed, onlineGateway, TENCENT_GATEWAY } from './support/gateways.ts';
import { TENCENT } from './support/clouds.ts';
import { fetchUrl } from './support/http.ts';
import { Log } from './support/log.ts';
import { Lives } from './support/lives.ts';
import { Rig } from './support/rig.ts';

const REF = 'LAMP000001/lamp1';
const UP = `$thing/up/service/${REF}`;
const DOWN = `$thing/down/service/${REF}`;
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
type Frame = Record<string, unknown> & { readonly method: string };

/** A device of the vendor's, as its C SDK writes. */
class Foreign {
  readonly heard = new Log<Frame>();
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on('message', (_topic, payload) => {
      // Every message of this topic has a token, also where nothing is answered by it.
      const { clientToken: _token, ...frame } = JSON.parse(payload.toString()) as Frame;
      this.heard.add(frame);
    });
  }

  static async in(rig: Rig): Promise<Foreign> {
    const client = await rig.foreign(TENCENT, 1);
    const foreign = new Foreign(client);
    await client.subscribeAsync(DOWN);
    return foreign;
  }

  async tell(frame: object): Promise<void> {
    await this.#client.publishAsync(UP, JSON.stringify(frame), { qos: 1 });
  }

  /** Tells its versions; gives the answer. */
  async versions(...list: readonly (readonly [name: string, version: string, type?: string])[]): Promise<Frame> {
    const before = this.heard.all.length;
    await this.tell({ method: 'report_version', report: { resource_list: list.map(([resource_name, version, resource_type = 'FILE']) => ({ resource_name, version, resource_type })) } });
    return (await this.heard.take(before + 1))[before] as Frame;
  }

  /** The next of a kind that comes. */
  next(method: string, nth = 0): Promise<Frame> {
    let seen = 0;
    return this.heard.first((frame) => frame.method === method && seen++ === nth);
  }

  result(resource_name: string, version: string, result_code: string, method = 'report_result'): Promise<void> {
    return this.tell({ method, report: { progress: { resource_name, state: 'done', result_code, result_msg: result_code === '0' ? 'success' : 'space not enough' }, version } });
  }
}

describe('A Tencent device of IoT Explorer', () => {
  it('tells the versions of its resources, and is told them when it has forgotten', async () => {
    await using rig = await Rig.open();
    const device = await Foreign.in(rig);
    expect(await device.versions()).toEqual({ method: 'report_version_rsp', result_code: 0, result_msg: 'success', resource_list: [] });
    const list = [{ resource_name: 'voice', version: '1.0.0', resource_type: 'AUDIO' }, { resource_name: 'map', version: '2', resource_type: 'FILE' }];
    expect(await device.versions(['voice', '1.0.0', 'AUDIO'], ['map', '2'])).toEqual({ method: 'report_version_rsp', result_code: 0, result_msg: 'success', resource_list: list });
    expect(await device.versions()).toEqual({ method: 'report_version_rsp', result_code: 0, result_msg: 'success', resource_list: list });
    for (const name of ['', 'x'.repeat(256)]) expect(await device.versions([name, '1'])).toMatchObject({ result_code: 1 });
    expect(await device.versions(['voice', 'x'.repeat(33)])).toMatchObject({ result_code: 1 });
    expect(rig.problems.all.map(({ code }) => code)).toEqual(['bad-input', 'bad-input', 'bad-input']);
    expect(await device.versions()).toMatchObject({ resource_list: list });
  });

  it('is told of a new version, gets it from its URL, and tells how far it is', async () => {
    await using rig = await Rig.open();
    const told = new Log<Resource>();
    rig.platform.on('resource', told.add);
    const { resources } = rig.platform.tencent;
    const device = await Foreign.in(rig);
    await resources.offer(REF, 'voice', [Buffer.from('hello')], { version: '1.1', resourceType: 'AUDIO' });
    const update = await device.next('update_resource');
    expect(update).toEqual({ method: 'update_resource', resource_name: 'voice', resource_type: 'AUDIO', version: '1.1', url: expect.stringMatching(/^http:/), md5sum: md5('hello'), file_size: 5 });
    expect(await fetchUrl(String(update['url']))).toMatchObject({ status: 200, text: 'hello' });
    await device.tell({ method: 'report_progress', report: { progress: { resource_name: 'voice', state: 'downloading', percent: '40', result_code: '0', result_msg: '' }, version: '1.1' } });
    expect(await told.first()).toMatchObject({ device: REF, name: 'voice', version: '1.1', isOpen: true, told: { state: 'downloading', percent: 40, code: 0 } });
    await device.result('voice', '1.1', '0');
    expect(await told.first(({ isOpen }) => !isOpen)).toMatchObject({ has: '1.1', told: { state: 'done', code: 0, text: 'success' } });
    expect(await device.versions()).toMatchObject({ resource_list: [{ resource_name: 'voice', version: '1.1', resource_type: 'AUDIO' }] });
    // What failed is over as well; another version that nobody offered is told.
    await resources.offer(REF, 'voice', [Buffer.from('hello!')], { version: '1.2' });
    await device.next('update_resource', 1);
    await device.result('voice', '1.1', '0');
    await device.result('voice', '1.2', '-6');
    expect(await told.first(({ version, isOpen }) => version === '1.2' && !isOpen)).toMatchObject({ has: '1.1', told: { code: -6, text: 'space not enough' } });
    expect(rig.problems.all).toMatchObject([{ code: 'unexpected-reply' }]);
    await expect(resources.offer(REF, 'voice', [], { version: '' })).rejects.toMatchObject({ code: 'bad-input' });
    await expect(resources.offer('LAMP000001/nobody', 'voice', [], { version: '1' })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('that was away is told when it tells its versions, and again until it has what it is to have', async () => {
    await using rig = await Rig.open();
    await rig.platform.tencent.resources.offer(REF, 'map', [Buffer.from('2')], { version: '2' });
    const device = await Foreign.in(rig);
    for (let again = 0; again < 2; again++) {
      await device.versions(['map', '1']);
      expect(await device.next('update_resource', again)).toMatchObject({ version: '2' });
    }
    await device.versions(['map', '2']);
    await device.versions(['map', '2']);
    expect(device.heard.all.filter(({ method }) => method === 'update_resource')).toHaveLength(2);
    expect(rig.platform.tencent.resources.list(REF, { limit: 9 })).toMatchObject({ total: 1, items: [{ has: '2', isOpen: false }] });
  });

  it('removes what it is told to remove, now or when it is back, and says so', async () => {
    await using rig = await Rig.open();
    const { resources } = rig.platform.tencent;
    const device = await Foreign.in(rig);
    await resources.offer(REF, 'voice', [Buffer.from('x')], { version: '1' });
    await device.result('voice', '1', '0');
    const place = resources.placeOf(REF, 'download', 'voice');
    resources.remove(REF, 'voice');
    expect(await device.next('del_resource')).toEqual({ method: 'del_resource', resource_name: 'voice', resource_type: 'FILE', version: '1' });
    await device.versions(['voice', '1']);
    expect(await device.next('del_resource', 1)).toMatchObject({ resource_name: 'voice' });
    expect(rig.platform.objects.find(place)).toBeDefined();
    await device.result('voice', '1', '0', 'del_result');
    expect([resources.list(REF, { limit: 9 }).total, rig.platform.objects.find(place)]).toEqual([0, undefined]);
    expect(() => resources.remove(REF, 'voice')).toThrow(expect.objectContaining({ code: 'not-found' }));
    await device.result('voice', '1', '0', 'del_result');
    expect(rig.problems.all).toMatchObject([{ code: 'unexpected-reply' }]);
  });

  it('asks where to put a resource of its own, puts it there, and tells of it by its token', async () => {
    await using rig = await Rig.open();
    const told = new Log<Resource>();
    rig.platform.on('resource', told.add);
    const device = await Foreign.in(rig);
    const ask = (request_id: string, resource_name = '123.wav') => device.tell({ method: 'request_url', request_id, report: { resource_name, version: '1.0.0', resource_type: 'AUDIO' } });
    await ask('12345678');
    const grant = await device.next('request_url_resp');
    expect(grant).toEqual({ method: 'request_url_resp', result_code: 0, result_msg: 'success', resource_url: expect.stringMatching(/^http:/), resource_token: expect.stringMatching(/^[0-9a-f]{24}$/), request_id: '12345678' });
    const posted = (result_code: string, resource_token: unknown = grant['resource_token']) => device.tell({ method: 'report_post_result', report: { progress: { resource_token, state: 'done', result_code, result_msg: 'success' } } });
    // What is not there yet was not put.
    await posted('0');
    expect(await told.first()).toMatchObject({ told: { state: 'fail' } });
    expect(await fetchUrl(String(grant['resource_url']), { method: 'PUT', body: Buffer.from('sound') })).toMatchObject({ status: 200 });
    await posted('0');
    expect(await told.first((each) => each.told?.state === 'done')).toMatchObject({ device: REF, direction: 'upload', name: '123.wav', version: '1.0.0', type: 'AUDIO', bytes: 5, md5: md5('sound') });
    await posted('0', 'another');
    expect(rig.problems.all).toMatchObject([{ code: 'unexpected-reply' }]);
    await ask('2', '');
    expect(await device.next('request_url_resp', 1)).toMatchObject({ result_code: 1, request_id: '2' });
  });

  it('finds all of it after a restart of the platform', async () => {
    using lives = new Lives();
    await lives.next(async (rig) => {
      await rig.platform.tencent.resources.offer(REF, 'map', [Buffer.from('2')], { version: '2' });
      const device = await Foreign.in(rig);
      await device.versions(['voice', '7', 'AUDIO']);
      await device.result('map', '2', '0');
      rig.platform.tencent.resources.remove(REF, 'voice');
    });
    await lives.next(async (rig) => {
      const device = await Foreign.in(rig);
      expect(await device.versions()).toMatchObject({ resource_list: [{ resource_name: 'map', version: '2' }, { resource_name: 'voice', version: '7', resource_type: 'AUDIO' }] });
      expect(await device.next('del_resource')).toMatchObject({ resource_name: 'voice', version: '7' });
      expect(device.heard.all.filter(({ method }) => method === 'update_resource')).toEqual([]);
    });
  });
});

describe('A Tencent gateway', () => {
  it('looks for devices when the cloud says so, and says whether it does', async () => {
    await using rig = await Rig.open({ seed: gatewaySeed(1) });
    const gateway = await onlineGateway(rig, TENCENT_GATEWAY, 0);
    const { bindings } = rig.platform.tencent;
    const heard: boolean[] = [];
    const undo = (gateway as never as { gateway: { onSearch(handler: (on: boolean) => void): () => void } }).gateway.onSearch((on) => {
      heard.push(on);
      if (heard.length === 3) throw new Error('no radio');
    });
    await gateway.time.sync();
    expect([await bindings.search('GATE000001/gate1', true), await bindings.search('GATE000001/gate1', false), await bindings.search('GATE000001/gate1', true)]).toEqual([{ code: 0 }, { code: 0 }, { code: -2 }]);
    expect(heard).toEqual([true, false, true]);
    expect(rig.told(gateway).problems.all).toMatchObject([{ code: 'handler-failed', message: expect.stringContaining('no radio') }]);
    undo();
    await gateway.close();
    await expect(bindings.search('GATE000001/gate1', true)).rejects.toMatchObject({ code: 'offline' });
    await expect(bindings.search('GATE000001/nobody', true)).rejects.toMatchObject({ code: 'not-found' });
  });
});
