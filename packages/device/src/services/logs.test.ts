import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { Device, LogConfig } from '../index.ts';
import { ScriptedServer, type Script } from '../testing/scripted-server.ts';
import { huaweiDevice, listenTo, tencentDevice, until, type Log } from '../testing/support.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

const NOW = Date.UTC(2026, 10, 21, 12);
const HOUR_MS = 3_600_000;
const ENTRY = { type: 'DEVICE_PROPERTY', content: 'level is 7' };

async function serve(script: Script = {}) {
  const clock = new FakeClock({ now: NOW });
  const server = await ScriptedServer.listen(clock, script);
  open.push(server);
  return { clock, server };
}

async function onHuawei() {
  const { clock, server } = await serve();
  const device = huaweiDevice(server);
  open.push({ [Symbol.asyncDispose]: async () => void (await device.close()) });
  const log = listenTo(device);
  await device.connect();
  const configure = (paras: object): void => server.last.send('$oc/devices/prod1_dev1/sys/events/down', { services: [{ service_id: '$log', event_type: 'log_config', event_time: '20261121T120000Z', paras }] });
  return { clock, server, device, log, configure };
}

interface Reconnecting {
  readonly server: ScriptedServer;
  readonly clock: FakeClock;
  readonly device: Pick<Device, 'on' | 'off' | 'once'>;
  readonly log: Log;
}

/** Ends the connection, and waits for the next. @returns how long there was none, ms. */
async function cutAndReconnect({ server, clock, device, log }: Reconnecting): Promise<number> {
  const [gone, back] = ['offline', 'online'].map((event) => new Promise<void>((resolve) => device.once(event as 'online', resolve)));
  server.last.reset();
  await gone;
  const awayMs = log.offline.at(-1)?.nextAttemptMs ?? 0;
  clock.advance(awayMs);
  await back;
  return awayMs;
}

/** What was logged: type and content, and whether the time stamp is the one of the event. */
const logged = (server: ScriptedServer): readonly unknown[] =>
  server.bodies('/events/up').map((body) => {
    const [{ event_type: event, paras }] = (body as { services: [{ event_type: string; paras: { type: string; content: string; timestamp: string } }] }).services;
    return [event, paras.type, paras.content, Number(paras.timestamp) - NOW];
  });

describe('the logs of a Huawei device', () => {
  it('are on from the beginning, and travel with a time in milliseconds', async () => {
    const { device, server, clock, log } = await onHuawei();
    expect(device.logs.config).toEqual({ on: true });
    clock.advance(5);
    await device.logs.report(ENTRY).delivered;
    await device.logs.report({ ...ENTRY, type: 'DEVICE_COMMAND', at: NOW - 7 }).delivered;
    expect(logged(server)).toEqual([['log_report', 'DEVICE_PROPERTY', 'level is 7', 5], ['log_report', 'DEVICE_COMMAND', 'level is 7', -7]]);
    expect(log.problems).toEqual([]);
  });

  it('obey the switch, also one that nobody listens to, and the receipt says that nothing was sent', async () => {
    const { device, server, log, configure } = await onHuawei();
    configure({ switch: 'off' });
    await until(() => !device.logs.config.on, 'off');
    await expect(device.logs.report(ENTRY).delivered).rejects.toMatchObject({ code: 'switched-off', place: {} });
    const heard: LogConfig[] = [];
    const undo = device.logs.onConfig((config) => void heard.push(config));
    expect(() => device.logs.onConfig(() => undefined)).toThrow(expect.objectContaining({ code: 'duplicate-handler' }));
    configure({ switch: 'on', end_time: null });
    await until(() => heard.length === 1, 'on');
    await device.logs.report(ENTRY).delivered;
    undo();
    configure({ switch: 'off' });
    await until(() => !device.logs.config.on, 'off again');
    expect([heard, logged(server).length, log.problems]).toEqual([[{ on: true }], 1, []]);
  });

  it('end when the time is over that the cloud gave, and not before', async () => {
    const { device, clock, configure } = await onHuawei();
    configure({ switch: 'on', end_time: '20261121T130000Z' });
    await until(() => device.logs.config.until !== undefined, 'the end');
    expect(device.logs.config).toEqual({ on: true, until: NOW + HOUR_MS });
    clock.advance(HOUR_MS - 1);
    await device.logs.report(ENTRY).delivered;
    clock.advance(1);
    expect(device.logs.config).toEqual({ on: false });
    await expect(device.logs.report(ENTRY).delivered).rejects.toMatchObject({ code: 'switched-off' });
  });

  it('tell of each connect, and of each loss with its reason, when the program wants it and the cloud does', async () => {
    const { device, server, clock, log, configure } = await onHuawei();
    const end = device.logs.reportConnections();
    const cut = (): Promise<number> => cutAndReconnect({ server, clock, device, log });
    const awayMs = await cut();
    await until(() => logged(server).length === 2, 'both lines');
    expect(logged(server)).toEqual([
      ['log_report', 'DEVICE_STATUS', expect.stringMatching(/^connection lost \(network\): .*127\.0\.0\.1/), 0],
      ['log_report', 'DEVICE_STATUS', expect.stringMatching(/^connect complete, the uri is mqtt:\/\/.*:\d+$/), awayMs],
    ]);
    configure({ switch: 'off' });
    await until(() => !device.logs.config.on, 'off');
    await cut();
    configure({ switch: 'on' });
    await until(() => device.logs.config.on, 'on');
    end();
    await cut();
    await device.properties.report({ service: 's', values: { a: 1 } }).delivered;
    expect([logged(server).length, log.problems]).toEqual([2, []]);
  });

  it('make a problem of a handler that throws, and of an entry that is none', async () => {
    const { device, log, configure } = await onHuawei();
    device.logs.onConfig(() => Promise.reject(new Error('no disk')));
    configure({ switch: 'off' });
    await until(() => log.problems.length === 1, 'the problem');
    expect(log.problems[0]).toMatchObject({ code: 'handler-failed', message: expect.stringContaining('no disk') });
    for (const wrong of [undefined, {}, { type: '', content: '' }, { type: 'A', content: 7 }, { ...ENTRY, at: Number.NaN }]) await expect(device.logs.report(wrong as never).delivered).rejects.toMatchObject({ code: 'bad-input' });
  });
});

describe('the logs of a Tencent device', () => {
  async function onTencent(levels: readonly unknown[]) {
    const answers = [...levels];
    const asked: unknown[] = [];
    const { clock, server } = await serve({
      onPublish: ({ topic, text }, connection) => {
        if (!topic.startsWith('$log/operation/')) return;
        const { clientToken } = JSON.parse(text) as { clientToken: string };
        asked.push(topic);
        const answer = answers.shift();
        if (answer !== undefined) connection.send('$log/operation/result/ABCDE12345/dev1', { type: 'get_log_level', clientToken, log_level: answer });
      },
    });
    const device = tencentDevice(server);
    open.push({ [Symbol.asyncDispose]: async () => void (await device.close()) });
    const log = listenTo(device);
    return { clock, server, device, log, asked };
  }

  it('have the level that the cloud says, asked for at the first use and at every connect, and told by itself', async () => {
    const { clock, server, device, log, asked } = await onTencent([3, 1]);
    const heard: LogConfig[] = [];
    device.logs.onConfig((config) => void heard.push(config));
    expect(device.logs.config).toEqual({ on: false });
    await device.connect();
    await until(() => heard.length === 1, 'the level');
    expect(server.last.subscribed).toContain('$log/operation/result/ABCDE12345/dev1');
    server.last.send('$log/operation/result/ABCDE12345/dev1', { log_level: 0 });
    await until(() => heard.length === 2, 'a level without a question');
    await cutAndReconnect({ server, clock, device, log });
    await until(() => heard.length === 3, 'the level after the reconnect');
    expect(heard).toEqual([{ on: true, level: 3 }, { on: false, level: 0 }, { on: true, level: 1 }]);
    expect([device.logs.config, asked.length, log.problems]).toEqual([{ on: true, level: 1 }, 2, []]);
  });

  it('can be asked for, with a deadline, and cannot be sent over this connection', async () => {
    const { clock, server, device, log } = await onTencent([4]);
    await device.connect();
    expect(server.last.subscribed).not.toContain('$log/operation/result/ABCDE12345/dev1');
    expect(await device.logs.query()).toEqual({ on: true, level: 4 });
    const late = device.logs.query({ deadlineMs: 500 });
    await until(() => server.bodies('$log/operation').length === 2, 'the question');
    clock.advance(500);
    await expect(late).rejects.toMatchObject({ code: 'timeout' });
    expect(log.problems).toEqual([]);
    const everything = device.logs as unknown as { report(entry: object): { delivered: Promise<void> }; reportConnections(): void };
    await expect(everything.report(ENTRY).delivered).rejects.toMatchObject({ code: 'unsupported' });
    expect(() => everything.reportConnections()).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });

  it('are a problem when the cloud does not answer, and none while there is no connection', async () => {
    const { clock, server, device, log } = await onTencent([]);
    device.logs.onConfig(() => undefined);
    await device.connect();
    await until(() => server.bodies('$log/operation').length === 1, 'the question');
    clock.advance(5000);
    await until(() => log.problems.length === 1, 'the problem');
    expect(log.problems[0]).toMatchObject({ code: 'timeout', message: expect.stringContaining('log.query') });
  });
});

it('a Huawei device has no level to ask for', async () => {
  const { device } = await onHuawei();
  await expect((device.logs as unknown as { query(): Promise<LogConfig> }).query()).rejects.toMatchObject({ code: 'unsupported' });
});
