import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { reply, type CommandCall, type RuleCommand, type RuleOptions } from '../index.ts';
import { ScriptedServer, type Received } from '../testing/scripted-server.ts';
import { huaweiDevice, listenTo, tencentDevice, temporaryDirectory, turns, until } from '../testing/support.ts';

const DEVICE = 'prod1_dev1';
const SYS = `$oc/devices/${DEVICE}/sys`;

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

const hot = (id: string, version: number, more: object = {}) => ({
  ruleId: id,
  ruleName: `name of ${id}`,
  logic: 'or',
  status: 'active',
  ruleVersionInShadow: version,
  conditions: [{ type: 'DEVICE_DATA', operator: '>', value: '30', deviceInfo: { deviceId: DEVICE, path: 'room/temperature' } }],
  actions: [{ type: 'DEVICE_CMD', status: 'enable', deviceId: DEVICE, command: { serviceId: 'fan', commandName: 'on', commandBody: { speed: 3 } } }],
  ...more,
});

async function begin(options: RuleOptions | undefined = {}, clock = new FakeClock({ now: Date.UTC(2026, 10, 21, 10) })) {
  const server = await ScriptedServer.listen(clock);
  open.push(server);
  const device = huaweiDevice(server);
  open.push({ [Symbol.asyncDispose]: async () => void (await device.close()) });
  const log = listenTo(device);
  const calls: CommandCall[] = [];
  device.commands.handle('*', (call) => {
    calls.push(call);
    return call.name === 'refused' ? reply({ code: 7, text: 'too late' }) : {};
  });
  const stop = options === undefined ? undefined : device.rules.start(options);
  await device.connect();
  let requests = 0;
  /** Sends a property set, and waits for its answer. @returns what the device published meanwhile. */
  const push = async (...services: { service_id: string; properties: object }[]): Promise<readonly Received[]> => {
    const before = server.published.length;
    const id = `${requests++}`;
    server.last.send(`${SYS}/properties/set/request_id=${id}`, { services });
    await until(() => server.published.some(({ topic }) => topic.endsWith(`response/request_id=${id}`)), 'the answer to a set');
    return server.published.slice(before);
  };
  const versions = (map: Record<string, number>) => push({ service_id: '$device_rule', properties: Object.fromEntries(Object.entries(map).map(([id, version]) => [id, { version }])) });
  /** Sends rules, and something that is answered after it. */
  const deliver = async (...rulesInfos: object[]): Promise<void> => {
    server.last.send(`${SYS}/events/down`, { services: [{ service_id: '$device_rule', event_type: 'device_rule_config_response', event_time: '20261121T100000Z', paras: { rulesInfos } }] });
    await push({ service_id: 'none', properties: {} });
  };
  const report = async (temperature: number): Promise<void> => {
    await device.properties.report({ service: 'room', values: { temperature } }).delivered;
    await turns(2);
  };
  const ids = () => device.rules.list.map(({ id, version }) => `${id} ${version}`);
  return { server, device, log, calls, stop, push, versions, deliver, report, ids, clock };
}

/** What a device published, in short: rules that it asks for, or answers. */
const said = (published: readonly Received[]): readonly unknown[] =>
  published.map(({ topic, text }) => {
    const body = JSON.parse(text) as { services?: { paras: unknown }[] };
    return topic.endsWith('events/up') ? body.services?.[0]?.paras : body;
  });

describe('the rules of a device', () => {
  it('are asked for when the cloud tells versions, before the set is answered', async () => {
    const { versions } = await begin();
    expect(said(await versions({ a: 1 }))).toEqual([{ ruleIds: ['a'], delIds: [] }, { result_code: 0, result_desc: 'Success' }]);
    expect(said(await versions({ b: 0, c: 2 }))[0]).toEqual({ ruleIds: ['a', 'b', 'c'], delIds: [] });
    expect(said(await versions({ c: -1 }))[0]).toEqual({ ruleIds: ['a', 'b'], delIds: ['c'] });
  });

  it('are not asked for again when they are there in this version', async () => {
    const { versions, deliver, ids } = await begin();
    await versions({ a: 1, b: 1 });
    await deliver(hot('a', 1), hot('b', 1));
    expect(ids()).toEqual(['a 1', 'b 1']);
    expect(said(await versions({ a: 1, b: 2 }))[0]).toEqual({ ruleIds: ['b'], delIds: [] });
    await deliver(hot('b', 2));
    expect(said(await versions({ a: 1, b: 2 }))).toEqual([{ result_code: 0, result_desc: 'Success' }]);
  });

  it('do commands of this device, whose results are told to nobody', async () => {
    const { versions, deliver, report, calls, server } = await begin();
    await versions({ a: 1 });
    await deliver(hot('a', 1));
    const before = server.published.length;
    await report(30);
    expect(calls).toEqual([]);
    await report(31);
    expect(calls).toMatchObject([{ device: DEVICE, service: 'fan', name: 'on', args: { speed: 3 } }]);
    expect(server.published.slice(before).map(({ topic }) => topic)).toEqual([`${SYS}/properties/report`, `${SYS}/properties/report`]);
  });

  it('take a newer version only', async () => {
    const { deliver, ids, report, calls } = await begin();
    await deliver(hot('a', 5));
    await deliver(hot('a', 4, { actions: [] }));
    await deliver(hot('a', 5, { actions: [] }));
    expect(ids()).toEqual(['a 5']);
    await report(31);
    expect(calls).toHaveLength(1);
    await deliver(hot('a', 6, { status: 'inactive' }));
    await report(31);
    expect(calls).toHaveLength(1);
  });

  it('are gone when the cloud takes them away, and an answer that was on its way does not bring them back', async () => {
    const { versions, deliver, ids, report, calls } = await begin();
    await versions({ a: 1 });
    await deliver(hot('a', 1));
    expect(said(await versions({ a: -1 }))).toEqual([{ ruleIds: [], delIds: ['a'] }, { result_code: 0, result_desc: 'Success' }]);
    await deliver(hot('a', 2));
    expect(ids()).toEqual([]);
    await report(31);
    expect(calls).toEqual([]);
    await versions({ a: 3 });
    await deliver(hot('a', 3));
    expect(ids()).toEqual(['a 3']);
  });

  it('are answered for when one that is unknown is taken away', async () => {
    const { versions } = await begin();
    expect(said(await versions({ x: -1 }))).toEqual([{ ruleIds: [], delIds: ['x'] }, { result_code: 0, result_desc: 'Success' }]);
  });

  it("leave the program's own services of the same set to its handler", async () => {
    const { device, push } = await begin();
    const seen: unknown[] = [];
    device.properties.onSet(({ groups }) => void seen.push(groups));
    expect(said(await push({ service_id: '$device_rule', properties: { a: { version: 1 } } }, { service_id: 'room', properties: { temperature: 1 } }))).toEqual([{ ruleIds: ['a'], delIds: [] }, { result_code: 0 }]);
    expect(seen).toEqual([[{ service: 'room', values: { temperature: 1 } }]]);
  });

  it('are asked for again at a connect when the answer was lost', async () => {
    const { versions, server, device, clock, log } = await begin();
    await versions({ a: 1 });
    await until(() => device.pending.count === 0, 'the PUBACK');
    const back = new Promise<void>((resolve) => device.once('online', resolve));
    const gone = new Promise<void>((resolve) => device.once('offline', () => resolve()));
    server.last.reset();
    await gone;
    clock.advance(log.offline.at(-1)?.nextAttemptMs ?? 0);
    await back;
    await until(() => said(server.last.published).length > 0, 'the request');
    expect(said(server.last.published)).toEqual([{ ruleIds: ['a'], delIds: [] }]);
  });

  it('are asked for in the shadow on demand', async () => {
    const { device, server } = await begin();
    const synced = device.rules.sync();
    await until(() => server.published.length === 1, 'the question');
    const [question] = server.published;
    expect(JSON.parse(question?.text ?? '')).toMatchObject({ service_id: '$device_rule' });
    const id = question?.topic.split('request_id=')[1] ?? '';
    server.last.send(`${SYS}/shadow/get/response/request_id=${id}`, { object_device_id: DEVICE, shadow: [{ service_id: '$device_rule', desired: { properties: { a: { version: 3 } }, event_time: '20261121T100000Z' }, version: 1 }] });
    await synced;
    await until(() => server.published.length === 2, 'the request');
    expect(said(server.published.slice(1))).toEqual([{ ruleIds: ['a'], delIds: [] }]);
  });

  it('are not taken before they are started, and not after they were stopped', async () => {
    const { versions, stop, device, deliver, report, calls, clock } = await begin();
    await versions({ a: 1 });
    await deliver(hot('a', 1, { conditions: [...hot('a', 1).conditions, { type: 'SIMPLE_TIMER', startTime: '2026-11-21 11:00:00', repeatInterval: 60, repeatCount: 2 }] }));
    const timers = clock.timers;
    expect(() => device.rules.start()).toThrow(expect.objectContaining({ code: 'duplicate-handler' }));
    stop?.();
    expect(clock.timers).toBe(timers - 1);
    await report(31);
    expect(calls).toEqual([]);
    expect(device.rules.list).toEqual([]);
    const other = await begin(undefined);
    other.stop?.();
    expect(said(await other.versions({ a: 1 }))).toMatchObject([{ result_code: -1 }]);
  });

  it('end with the device', async () => {
    const { deliver, device, clock } = await begin();
    await deliver(hot('a', 1, { conditions: [{ type: 'DAILY_TIMER', time: '12:00' }] }));
    await device.close();
    expect(clock.timers).toBe(0);
  });

  it('run without a connection', async () => {
    const { deliver, device, server, calls, clock } = await begin();
    await deliver(hot('a', 1, { conditions: [{ type: 'DAILY_TIMER', time: '10:01', daysOfWeek: '7' }] }));
    const gone = new Promise<void>((resolve) => device.once('offline', () => resolve()));
    await server[Symbol.asyncDispose]();
    open.shift();
    await gone;
    clock.advance(60_000);
    await turns(2);
    expect(calls).toHaveLength(1);
  });
});

describe('what a rule does', () => {
  const forOther = { actions: [{ type: 'DEVICE_CMD', status: 'enable', deviceId: 'prod1_dev2', command: { serviceId: 'bell', commandName: 'ring', commandBody: {} } }] };

  it('for another device is handed to onAction', async () => {
    const seen: RuleCommand[] = [];
    const { deliver, report, calls } = await begin({ onAction: (command) => void seen.push(command) });
    await deliver(hot('a', 1, forOther));
    await report(31);
    expect(seen).toMatchObject([{ device: 'prod1_dev2', service: 'bell', name: 'ring', args: {}, rule: { id: 'a', name: 'name of a' } }]);
    expect(calls).toEqual([]);
  });

  it('for another device is a problem when nobody does it', async () => {
    const { deliver, report, log } = await begin();
    await deliver(hot('a', 1, forOther));
    await report(31);
    expect(log.problems).toMatchObject([{ code: 'unknown-message', message: expect.stringContaining('onAction') }]);
  });

  it('can be done by onCommand instead of the handlers of commands', async () => {
    const seen: RuleCommand[] = [];
    const { deliver, report, calls } = await begin({ onCommand: (command) => void seen.push(command) });
    await deliver(hot('a', 1));
    await report(31);
    expect(seen).toMatchObject([{ device: DEVICE, service: 'fan', name: 'on', args: { speed: 3 } }]);
    expect(calls).toEqual([]);
  });

  it('is a problem when it throws, or ends with a code', async () => {
    const { deliver, report, log } = await begin({ onCommand: () => Promise.reject(new Error('stuck')) });
    await deliver(hot('a', 1));
    await report(31);
    await until(() => log.problems.length > 0, 'the problem');
    expect(log.problems).toMatchObject([{ code: 'handler-failed', message: expect.stringContaining('stuck') }]);
    const second = await begin();
    await second.deliver(hot('a', 1, { actions: [{ type: 'DEVICE_CMD', deviceId: DEVICE, command: { serviceId: 'fan', commandName: 'refused' } }] }));
    await second.report(31);
    await until(() => second.log.problems.length > 0, 'the problem');
    expect(second.log.problems).toMatchObject([{ code: 'refused', place: { number: 7 } }]);
  });
});

describe('rules in a file', () => {
  async function file(): Promise<string> {
    const directory = await temporaryDirectory();
    open.push(directory);
    return path.join(directory.path, 'kept', 'rules.json');
  }

  it('are there after a restart, before there is a connection', async () => {
    const name = await file();
    const { deliver, device, server } = await begin({ file: name });
    await deliver(hot('a', 3), hot('b', 1));
    await device.rules.stored();
    expect((await stat(name)).mode & 0o777).toBe(0o600);
    const again = huaweiDevice(server);
    open.push({ [Symbol.asyncDispose]: async () => void (await again.close()) });
    const calls: string[] = [];
    again.commands.handle('on', ({ name: called }) => void calls.push(called));
    again.rules.start({ file: name });
    expect(again.rules.list).toEqual(device.rules.list);
    again.properties.report({ service: 'room', values: { temperature: 31 } });
    await turns(2);
    expect(calls).toEqual(['on', 'on']);
  });

  it('are gone from it when they are taken away, all of them as well', async () => {
    const name = await file();
    const { deliver, versions, device } = await begin({ file: name });
    await deliver(hot('a', 1));
    await versions({ a: -1 });
    await device.rules.stored();
    expect(JSON.parse(await readFile(name, 'utf8'))).toMatchObject({ services: [{ paras: { rulesInfos: [] } }] });
  });

  it.each([
    ['is damaged', (text: string) => text.slice(0, 40)],
    ['has a rule that is none', (text: string) => text.replace('"ruleId":"a"', '"ruleId":7')],
    ["is another device's", (text: string) => text.replaceAll(DEVICE, 'prod1_dev9')],
  ])('that %s are not taken, which is told, and come anew', async (_, spoil) => {
    const name = await file();
    const first = await begin({ file: name });
    await first.deliver(hot('a', 1));
    await first.device.rules.stored();
    await first.device.close();
    await writeFile(name, spoil(await readFile(name, 'utf8')));
    const { log, versions, deliver, ids } = await begin({ file: name });
    expect(log.problems).toMatchObject([{ code: 'disk-failed', message: expect.stringContaining(name) }]);
    expect(ids()).toEqual([]);
    expect(said(await versions({ a: 1 }))[0]).toEqual({ ruleIds: ['a'], delIds: [] });
    await deliver(hot('a', 1));
    expect(ids()).toEqual(['a 1']);
  });
});

describe('a device without rules', () => {
  it('is one on Tencent: it is refused in words', async () => {
    const clock = new FakeClock();
    const server = await ScriptedServer.listen(clock);
    open.push(server);
    const device = tencentDevice(server) as unknown as ReturnType<typeof huaweiDevice>;
    open.push({ [Symbol.asyncDispose]: async () => void (await device.close()) });
    expect(() => device.rules).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });
});
