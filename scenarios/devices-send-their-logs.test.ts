import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FakeClock } from '@lianyun/protocol/testing';
import { loadAccessKeys, type LogEntry } from '@lianyun/platform';
import type { MqttClient } from 'mqtt';
import { uploadLogs, type Device, type huawei, type TencentLogLine } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { HUAWEI, SEED, TENCENT } from './support/clouds.ts';
import { Log } from './support/log.ts';
import { lianyun } from './support/program.ts';
import { Rig } from './support/rig.ts';
import { tencentClient } from './support/vendor-clients.ts';

const UP = '$oc/devices/lamp_1/sys/events/up';

function heardBy(client: MqttClient): Log<Record<string, unknown>> {
  const log = new Log<Record<string, unknown>>();
  client.on('message', (_topic, payload) => log.add(JSON.parse(payload.toString()) as Record<string, unknown>));
  return log;
}

const report = (content: string, more: object = {}) => JSON.stringify({ services: [{ service_id: '$log', event_type: 'log_report', event_time: '20250414T013000Z', paras: { timestamp: '1744594200000', type: 'DEVICE_STATUS', content, ...more } }] });

describe('A Huawei device', () => {
  it('sends pieces of its log, which are told and kept as far as there is room', async () => {
    await using rig = await Rig.open();
    const told = new Log<LogEntry>();
    rig.platform.on('log', told.add);
    const client = await rig.foreign(HUAWEI, 1);
    await client.publishAsync(UP, report('connect complete, the uri is ssl://h:8883'), { qos: 1 });
    expect(told.all).toEqual([{ cloud: 'huawei', device: 'lamp_1', type: 'DEVICE_STATUS', content: 'connect complete, the uri is ssl://h:8883', at: 1_744_594_200_000 }]);
    for (let each = 0; each < 1250; each++) await client.publishAsync(UP, report(`line ${each}`), { qos: each % 50 === 49 ? 1 : 0 });
    const list = (device: string) => rig.platform.logs.list({ cloud: 'huawei', device, limit: 5000 }).items.map(({ content }) => content);
    const kept = list('lamp_1');
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([1000, 'line 1249', 'line 250']);
    expect([list('lamp_2'), rig.problems.all]).toEqual([[], []]);
    await rig.huawei('DELETE', '/devices/lamp_1');
    expect(list('lamp_1')).toEqual([]);
  });

  it('has pieces refused that are none, each with a problem that names what is wrong', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(HUAWEI, 1);
    for (const more of [{ type: '' }, { type: 'x'.repeat(65) }, { type: 7 }, { content: null }, { content: 'x'.repeat(65_537) }, { timestamp: {} }]) {
      await client.publishAsync(UP, report('x', more), { qos: 1 });
      expect(rig.problems.all.at(-1)).toMatchObject({ code: 'bad-frame', place: { path: expect.stringContaining(Object.keys(more)[0] ?? '') } });
    }
    expect([rig.problems.all.length, rig.platform.logs.list({ cloud: 'huawei', limit: 9 }).items]).toEqual([6, []]);
    // Without a time it is as old as its event.
    await client.publishAsync(UP, report('late', { timestamp: null }), { qos: 1 });
    expect(rig.platform.logs.list({ cloud: 'huawei', limit: 9 }).items).toMatchObject([{ content: 'late', at: Date.UTC(2025, 3, 14, 1, 30) }]);
  });

  it('has its log read through the API, page by page', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(HUAWEI, 1);
    for (let each = 0; each < 5; each++) await client.publishAsync(UP, report(`line ${each}`, { timestamp: String(1_744_594_200_000 + each * 1000), type: each === 2 ? 'DEVICE_MESSAGE' : 'DEVICE_STATUS' }), { qos: 1 });
    const ask = async (query: string) => (await rig.huawei('GET', `/devices/lamp_1/logs?${query}`)).body as { readonly logs: readonly object[]; readonly page: { readonly count: number; readonly marker: string } };
    const first = await ask('limit=3');
    expect(first).toEqual({ logs: [4, 3, 2].map((each) => ({ type: each === 2 ? 'DEVICE_MESSAGE' : 'DEVICE_STATUS', content: `line ${each}`, time: `20250414T01300${each}Z` })), page: { count: 3, marker: expect.stringMatching(/^[0-9a-f]{24}$/) } });
    expect(await ask(`limit=3&marker=${first.page.marker}`)).toMatchObject({ logs: [{ content: 'line 1' }, { content: 'line 0' }] });
    expect(await ask('type=DEVICE_MESSAGE')).toMatchObject({ logs: [{ content: 'line 2' }] });
    for (const query of ['limit=0', 'limit=51', 'marker=x']) expect(await rig.huawei('GET', `/devices/lamp_1/logs?${query}`)).toMatchObject({ status: 400 });
    expect(await rig.huawei('GET', '/devices/nobody/logs')).toMatchObject({ status: 404, body: { error_code: 'IOTDA.014000' } });
  });

  it('names the server that it reached, of those that it was given', async () => {
    await using rig = await Rig.open();
    const told = new Log<LogEntry>();
    rig.platform.on('log', told.add);
    const lamp = rig.device(HUAWEI, 1, { server: ['mqtt://127.0.0.1:1', rig.server] }) as Device<typeof huawei>;
    lamp.logs.reportConnections();
    await lamp.connect();
    expect((await told.first()).content).toBe(`connect complete, the uri is ${rig.server}`);
  });

  it('is told which logs to send, at once and whenever it connects, until the time is over', async () => {
    const clock = new FakeClock({ now: Date.now() });
    await using rig = await Rig.open({ clock });
    const first = await rig.foreign(HUAWEI, 1);
    const heard = heardBy(first);
    const until = Math.ceil(clock.now() / 1000) * 1000 + 60_000;
    const end = new Date(until).toISOString().replace(/[-:]|\.\d+/g, '');
    const config = { services: [expect.objectContaining({ service_id: '$log', event_type: 'log_config', paras: { switch: 'on', end_time: end } })] };
    rig.platform.logs.configure('huawei', 'lamp_1', { on: true, until });
    expect(await heard.first()).toMatchObject(config);
    await first.endAsync();
    const frames = new Log<string>();
    rig.platform.on('frame', ({ direction, payload }) => direction === 'down' && frames.add(payload));
    await rig.foreign(HUAWEI, 1);
    expect(JSON.parse(await frames.first())).toMatchObject(config);
    clock.set(until);
    await rig.foreign(HUAWEI, 1);
    // A device that was never told anything hears nothing either.
    await rig.foreign(HUAWEI, 2);
    rig.platform.logs.configure('huawei', 'lamp_1', { on: false });
    expect(JSON.parse((await frames.take(2))[1] ?? '')).toMatchObject({ services: [{ paras: { switch: 'off' } }] });
    expect(() => rig.platform.logs.configure('huawei', 'nobody', { on: true })).toThrow(expect.objectContaining({ code: 'not-found' }));
  });
});

describe('A Tencent device', () => {
  it('asks for its log level, and is told when it changes', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(TENCENT, 1);
    const heard = heardBy(client);
    const ask = (token: string) => client.publishAsync('$log/operation/LAMP000001/lamp1', JSON.stringify({ type: 'get_log_level', clientToken: token }));
    rig.platform.logs.configure('tencent', 'LAMP000001/lamp1', { on: true, level: 2 });
    await client.subscribeAsync('$log/operation/result/LAMP000001/lamp1');
    await ask('LAMP000001-1');
    expect(await heard.first()).toEqual({ clientToken: 'LAMP000001-1', log_level: 2 });
    rig.platform.logs.configure('tencent', 'LAMP000001/lamp1', { on: true, level: 4 });
    expect((await heard.take(2))[1]).toMatchObject({ log_level: 4 });
    expect((await rig.tencent('DescribeDevice', { ProductId: 'LAMP000001', DeviceName: 'lamp1' })).body).toMatchObject({ Device: { LogLevel: 4 } });
    for (const level of [-1, 5, 1.5, undefined]) expect(() => rig.platform.logs.configure('tencent', 'LAMP000001/lamp1', { on: true, ...(level === undefined ? {} : { level }) })).toThrow(expect.objectContaining({ code: 'bad-input' }));
    const other = await rig.foreign(TENCENT, 2);
    const silent = heardBy(other);
    await other.subscribeAsync('$log/operation/result/LAMP000001/lamp2');
    await other.publishAsync('$log/operation/LAMP000001/lamp2', JSON.stringify({ type: 'get_log_level', clientToken: '2' }));
    expect(await silent.first()).toEqual({ clientToken: '2', log_level: 0 });
    expect(rig.problems.all).toEqual([]);
  });

  it('uploads its log over HTTP, with its secret, in the levels that the cloud wants, and applications read it', async () => {
    await using rig = await Rig.open();
    const told = new Log<LogEntry>();
    rig.platform.on('log', told.add);
    const owner = { productId: 'LAMP000001', deviceName: 'lamp1', deviceSecret: SEED.tencent.devices[0].DevicePsk, url: `http://127.0.0.1:${rig.httpPort}` };
    const at = Date.now() - 1000;
    const lines: readonly TencentLogLine[] = [{ level: 'INFO', content: 'connected', at }, { level: 'ERROR', content: '坏了: broken', at: at + 1 }, { level: 'DEBUG', content: 'no time' }];
    expect(await uploadLogs({ ...owner, lines })).toEqual({ requestId: expect.any(String) });
    expect(told.all).toEqual([{ cloud: 'tencent', device: 'LAMP000001/lamp1', type: 'INFO', content: 'connected', at }, { cloud: 'tencent', device: 'LAMP000001/lamp1', type: 'ERROR', content: '坏了: broken', at: at + 1 }, { cloud: 'tencent', device: 'LAMP000001/lamp1', type: 'DEBUG', content: 'no time' }]);
    await expect(uploadLogs({ ...owner, deviceSecret: 'c29tZWJvZHkncw==', lines })).rejects.toMatchObject({ code: 'refused', cause: { code: 'AuthFailure.SignatureFailure' } });
    for (const wrong of [{}, [{ level: 'LOUD', content: 'x' }], [{ level: 'INFO' }], [{ level: 'INFO', content: 'x', at: Number.NaN }]]) await expect(uploadLogs({ ...owner, lines: wrong as never })).rejects.toMatchObject({ code: 'bad-input' });
    await expect(uploadLogs({ ...owner, lines: Array.from({ length: 11 }, () => ({ level: 'INFO' as const, content: 'x'.repeat(100_000) })) })).rejects.toMatchObject({ code: 'too-large' });

    const call = tencentClient(rig.httpPort, { version: '2021-04-08' });
    const all = { MinTime: at - 1, MaxTime: Date.now() + 1000 };
    const first = (await call('ListSDKLog', { ...all, Keywords: 'productid:LAMP000001 devicename:lamp1', MaxNum: 2 })) as { readonly Context: string };
    expect(first).toEqual({ Context: expect.stringMatching(/./), Listover: false, Results: [{ ProductID: 'LAMP000001', DeviceName: 'lamp1', Level: 'DEBUG', DateTime: expect.stringMatching(/Z$/), Content: 'no time' }, { ProductID: 'LAMP000001', DeviceName: 'lamp1', Level: 'ERROR', DateTime: new Date(at + 1).toISOString(), Content: '坏了: broken' }], RequestId: expect.any(String) });
    expect(await call('ListSDKLog', { ...all, Keywords: 'productid:LAMP000001 devicename:lamp1', MaxNum: 2, Context: first.Context })).toMatchObject({ Context: '', Listover: true, Results: [{ Content: 'connected' }] });
    for (const [more, found] of [['loglevel:error', 1], ['broken 坏了', 1], ['devicename:lamp2', 0], ['loglevel:warn', 0]] as const) expect(await call('ListSDKLog', { ...all, Keywords: `productid:LAMP000001 ${more}` })).toMatchObject({ Results: { length: found } });
    for (const wrong of [{ Keywords: 'devicename:lamp1' }, { Keywords: 'productid:LAMP000001', MaxNum: 0 }, { Keywords: 'productid:LAMP000001', Context: 'x' }, { Keywords: 'productid:LAMP000001', MaxTime: 0 }]) await expect(call('ListSDKLog', { ...all, ...wrong })).rejects.toMatchObject({ code: 'InvalidParameterValue' });
    await rig.tencent('DeleteDevice', { ProductId: 'LAMP000001', DeviceName: 'lamp1' });
    expect(await call('ListSDKLog', { ...all, Keywords: 'productid:LAMP000001' })).toMatchObject({ Results: [] });
  });

  it('has its log read on the command line, as a Huawei device has', { timeout: 90_000 }, async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(HUAWEI, 1);
    for (const content of ['one', 'two\nlines']) await client.publishAsync(UP, report(content), { qos: 1 });
    await uploadLogs({ productId: 'LAMP000001', deviceName: 'lamp1', deviceSecret: SEED.tencent.devices[0].DevicePsk, url: `http://127.0.0.1:${rig.httpPort}`, lines: Array.from({ length: 130 }, (_, each) => ({ level: 'INFO' as const, content: `line ${each}`, at: 1_744_594_200_000 + each })) });
    const folder = mkdtempSync(path.join(tmpdir(), 'lianyun-logs-'));
    try {
      const seed = path.join(folder, 'seed.json');
      writeFileSync(seed, JSON.stringify(SEED));
      const read = async (...args: string[]): Promise<readonly string[]> => {
        await using program = lianyun(['logs', ...args, '--http', `http://127.0.0.1:${rig.httpPort}`, '--seed', seed]);
        const { code } = await program.end();
        return [...program.stdout.all, ...(code === 0 ? [] : [`${code}`, ...program.stderr.all])];
      };
      expect(await read('lamp_1')).toEqual(['20250414T013000Z DEVICE_STATUS one', '20250414T013000Z DEVICE_STATUS two lines']);
      const lines = await read('LAMP000001/lamp1', '--last', '120');
      expect([lines.length, lines[0], lines.at(-1)]).toEqual([120, '2025-04-14T01:30:00.010Z INFO line 10', '2025-04-14T01:30:00.129Z INFO line 129']);
      expect((await read('nobody')).join('\n')).toMatch(/^1\n.*nobody/s);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('says on the command line what is wrong when it cannot be read: nobody there, somebody else, no access keys, others than the platform has', { timeout: 120_000 }, async () => {
    await using rig = await Rig.open();
    const folder = mkdtempSync(path.join(tmpdir(), 'lianyun-logs-'));
    const [other, gone] = [createServer((_, response) => void response.end('<html>')), createServer()];
    const [port, nobodys] = await Promise.all([other, gone].map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return (server.address() as AddressInfo).port;
    }));
    await new Promise((resolve) => gone.close(resolve));
    try {
      const seed = path.join(folder, 'seed.json');
      writeFileSync(seed, JSON.stringify(SEED));
      const api = `http://127.0.0.1:${rig.httpPort}`;
      const failed = async (...args: string[]): Promise<string> => {
        await using program = lianyun(['logs', ...args]);
        expect(await program.end()).toMatchObject({ code: 1 });
        return program.stderr.all.join('\n');
      };
      const empty = path.join(folder, 'empty');
      for (const device of ['lamp_1', 'LAMP000001/lamp1']) {
        expect(await failed(device, '--seed', seed, '--http', `http://127.0.0.1:${nobodys}`)).toMatch(/^lianyun: http:\/\/127\.0\.0\.1:\d+ gives no answer: connect ECONNREFUSED 127\.0\.0\.1:\d+\. Is the platform running/);
        expect(await failed(device, '--seed', seed, '--http', `http://127.0.0.1:${port}`)).toMatch(/is no platform: HTTP 200 came, and no JSON object/);
        expect(await failed(device, '--data', empty, '--http', api)).toMatch(new RegExp(`^lianyun: There are no access keys for the API in ${empty}: name the --data folder or the --seed`));
        expect(existsSync(empty)).toBe(false);
      }
      loadAccessKeys(folder);
      for (const device of ['lamp_1', 'LAMP000001/lamp1']) expect(await failed(device, '--data', folder, '--http', api)).toMatch(/It was started with other access keys: name its --data folder or its --seed\.$/);
    } finally {
      other.close();
      rmSync(folder, { recursive: true });
    }
  });
});
