import { FakeClock } from '@lianyun/protocol/testing';
import type { LogEntry } from '@lianyun/platform';
import type { MqttClient } from 'mqtt';
import type { Device, huawei } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { HUAWEI, TENCENT } from './support/clouds.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

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
    expect(told.all).toEqual([{ device: 'lamp_1', type: 'DEVICE_STATUS', content: 'connect complete, the uri is ssl://h:8883', at: 1_744_594_200_000 }]);
    for (let each = 0; each < 250; each++) await client.publishAsync(UP, report(`line ${each}`), { qos: each % 50 === 49 ? 1 : 0 });
    const kept = rig.platform.logs.list('lamp_1').map(({ content }) => content);
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([200, 'line 50', 'line 249']);
    expect([rig.platform.logs.list('lamp_2'), rig.problems.all]).toEqual([[], []]);
    await rig.huawei('DELETE', '/devices/lamp_1');
    expect(rig.platform.logs.list('lamp_1')).toEqual([]);
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
});
