import { execFile } from 'node:child_process';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { huawei, isLianyunError, tencent } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Device, LianyunError, reply, type DeviceOptions } from './index.ts';
import { ScriptedServer, type Received, type Script, type ServerConnection } from './testing/scripted-server.ts';
import { huaweiDevice, HUAWEI_IDENTITY, listenTo, outcomeOf, tencentDevice, TENCENT_IDENTITY, turns, until } from './testing/support.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

async function serve(script: Script = {}): Promise<{ clock: FakeClock; server: ScriptedServer }> {
  const clock = new FakeClock();
  const server = await ScriptedServer.listen(clock, script);
  open.push(server);
  return { clock, server };
}

/** A Huawei device that is online. */
async function onHuawei(script: Script = {}, options: Parameters<typeof huaweiDevice>[1] = {}) {
  const { clock, server } = await serve(script);
  const device = huaweiDevice(server, options);
  open.push({ [Symbol.asyncDispose]: async () => void (await device.close()) });
  const log = listenTo(device);
  await device.connect();
  return { clock, server, device, log };
}

type Answers = Partial<Record<string, (body: { clientToken: string } & Record<string, unknown>) => unknown>>;
const DOWN = '$thing/down/property/ABCDE12345/dev1';

/** Answers what a Tencent device sends, by its method, as the cloud would. */
function answering(answers: Answers): (message: Received, connection: ServerConnection) => void {
  return ({ text }, connection) => {
    if (!text.startsWith('{')) return;
    const body = JSON.parse(text) as { method: string; clientToken: string };
    const answer = answers[body.method]?.(body);
    if (answer !== undefined) connection.send(DOWN, { method: `${body.method}_reply`, clientToken: body.clientToken, ...answer });
  };
}

/** A Tencent device that is online; `onSet` is registered before it connects. */
async function onTencent(answers: Answers = {}, prepare: (device: ReturnType<typeof tencentDevice>) => void = () => undefined) {
  const { clock, server } = await serve({ onPublish: answering(answers) });
  const device = tencentDevice(server);
  open.push({ [Symbol.asyncDispose]: async () => void (await device.close()) });
  const log = listenTo(device);
  prepare(device);
  await device.connect();
  return { clock, server, device, log };
}

const command = (id: string, name = 'reboot', paras: unknown = {}) => [`$oc/devices/prod1_dev1/sys/commands/request_id=${id}`, { service_id: 'sys', command_name: name, paras }] as const;
const answers = (server: ScriptedServer): unknown[] => server.bodies('/commands/response/');

describe('a report', () => {
  it('leaves on the right topic at QoS 1 and is delivered by its PUBACK (Huawei)', async () => {
    const { device, server } = await onHuawei();
    const receipt = device.properties.report([{ service: 'env', values: { t: 21.5 }, at: Date.UTC(2026, 0, 2, 3, 4, 5, 6) }, { service: 'sys', values: { load: 1 } }]);
    await receipt.stored;
    await receipt.delivered;
    expect(server.published).toMatchObject([{ topic: '$oc/devices/prod1_dev1/sys/properties/report', qos: 1 }]);
    expect(server.bodies('report')).toEqual([{ services: [{ service_id: 'env', properties: { t: 21.5 }, event_time: '2026-01-02T03:04:05.006Z' }, { service_id: 'sys', properties: { load: 1 } }] }]);
  });

  it('leaves at QoS 0 where the device says so, and is delivered by the write', async () => {
    const { device, server } = await onHuawei({ pubacks: false }, { qos: 0 });
    await device.properties.report({ service: 's', values: { n: 1 } }).delivered;
    await until(() => server.published.length === 1, 'the report');
    expect(server.published[0]?.qos).toBe(0);
  });

  it('is one socket write with all the others of the turn', async () => {
    const connect = vi.spyOn(net, 'connect');
    const { device, server } = await onHuawei();
    const write = vi.spyOn(connect.mock.results[0]?.value as net.Socket, 'write');
    const receipts = Array.from({ length: 25 }, (_, n) => device.properties.report({ service: 's', values: { n } }));
    await Promise.resolve();
    receipts.push(device.properties.report({ service: 's', values: { n: 25 } }));
    await Promise.all(receipts.map(({ delivered }) => delivered));
    expect(server.published).toHaveLength(26);
    expect(write).toHaveBeenCalledTimes(1);
  });

  it('is refused in words, and told as a problem, when it is not a report at all', async () => {
    const { device, log, server } = await onHuawei();
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const wrong: unknown[] = [undefined, null, [], {}, { values: 'x' }, [{ service: 's', values: { a: 1 } }, null], { service: 's', values: [1] }];
    for (const value of wrong) {
      // A program in JavaScript can pass anything.
      const { stored, delivered } = device.properties.report(value as never);
      await expect(stored).rejects.toMatchObject({ code: 'bad-input' });
      await expect(delivered).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('report()') });
    }
    expect(log.problems).toHaveLength(wrong.length);
    await expect(device.properties.report({ values: { a: 1 } }).delivered).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('service') });
    await expect(device.properties.report({ service: 's', values: { a: cycle } as never }).delivered).rejects.toMatchObject({ code: 'bad-input' });
    await turns(5);
    expect(server.published).toEqual([]);
  });

  it('that the model does not allow is refused with path and range, before it is sent', async () => {
    const model = { checkProperties: () => ({ path: '$[0].values.t', message: 't is 200: a number from -40 to 85 is expected.' }), checkArgs: () => undefined, checkEvent: () => undefined };
    const { device, log } = await onHuawei({}, { model });
    await expect(device.properties.report({ service: 's', values: { t: 200 } }).delivered).rejects.toMatchObject({ code: 'model-violation', place: { path: '$[0].values.t' }, message: expect.stringContaining('-40 to 85') });
    expect(log.problems).toMatchObject([{ code: 'model-violation' }]);
  });

  it('over the payload limit of the cloud is refused with both sizes, counted in bytes', async () => {
    const { device, server, log } = await onTencent();
    const text = '云'.repeat(30_000);
    await expect(device.properties.report({ values: { text } }).delivered).rejects.toMatchObject({ code: 'too-large', message: expect.stringMatching(/9\d{4} bytes; the tencent cloud takes 65536/) });
    expect(log.problems).toMatchObject([{ code: 'too-large' }]);
    await turns(5);
    expect(server.published).toEqual([]);
    const fits = device.properties.report({ values: { text: 'x'.repeat(60_000) } });
    await fits.stored;
  });

  it('that nobody looks at becomes no unhandled rejection', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const { device } = await onHuawei({ pubacks: false });
    device.properties.report({ service: 's', values: { n: 1 } });
    device.properties.report(undefined as never);
    void device.topics.publish('a/+', 'x').delivered;
    await device.close();
    await turns(5);
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('on Tencent is delivered by report_reply with code 0', async () => {
    const { device, server } = await onTencent({ report: () => ({ code: 0, status: 'success' }) });
    await device.properties.report({ values: { power: 1 }, at: 1_700_000_000_123 }).delivered;
    expect(server.bodies('/up/property/')).toEqual([{ method: 'report', clientToken: expect.any(String), timestamp: 1_700_000_000_123, params: { power: 1 } }]);
    expect(server.published[0]?.qos).toBe(0);
  });

  it('on Tencent is refused by another code, which the error carries', async () => {
    const { device } = await onTencent({ report: () => ({ code: 406, status: 'property not in template' }) });
    await expect(device.properties.report({ values: { power: 1 } }).delivered).rejects.toMatchObject({ code: 'refused', place: { number: 406 }, message: expect.stringContaining('property not in template') });
  });

  it('on Tencent that is not answered is written again with the same token, and fails after the third time', async () => {
    const { device, server, clock } = await onTencent();
    const { delivered } = device.properties.report({ values: { power: 1 } });
    for (let i = 1; i <= 3; i++) {
      await until(() => server.published.length === i, 'the report');
      expect(await outcomeOf(delivered)).toBe('open');
      clock.advance(5000);
      await turns(5);
    }
    await expect(delivered).rejects.toMatchObject({ code: 'timeout' });
    const bodies = server.bodies('/up/property/') as { clientToken: string }[];
    expect(new Set(bodies.map(({ clientToken }) => clientToken)).size).toBe(1);
    expect(bodies).toHaveLength(3);
    expect(device.isOnline).toBe(true);
  });
});

describe('a command', () => {
  it('runs its handler, whose return value is the answer', async () => {
    const { device, server } = await onHuawei();
    device.commands.handle('reboot', ({ args, service, name, device: id }) => ({ got: { args, service: service ?? '', name, id } }));
    server.last.send(...command('7', 'reboot', { delay: 3 }), { qos: 1, packetId: 40 });
    await until(() => answers(server).length === 1, 'the answer');
    expect(server.published[0]?.topic).toBe('$oc/devices/prod1_dev1/sys/commands/response/request_id=7');
    expect(answers(server)).toEqual([{ result_code: 0, paras: { got: { args: { delay: 3 }, service: 'sys', name: 'reboot', id: 'prod1_dev1' } } }]);
    expect(server.last.pubacked).toEqual([40]);
  });

  it('of an asynchronous handler leaves its PUBACK and its answer in one socket write', async () => {
    const connect = vi.spyOn(net, 'connect');
    const { device, server } = await onHuawei();
    device.commands.handle('reboot', async () => {
      for (let i = 0; i < 20; i++) await Promise.resolve();
      return { done: true };
    });
    const write = vi.spyOn(connect.mock.results[0]?.value as net.Socket, 'write');
    server.last.send(...command('1'), { qos: 1, packetId: 5 });
    await until(() => answers(server).length === 1 && server.last.pubacked.length === 1, 'answer and PUBACK');
    expect(write).toHaveBeenCalledTimes(1);
  });

  it('answers with reply() carry code, name and output, or text', async () => {
    const { device, server } = await onHuawei();
    device.commands.handle('a', () => reply({ code: 5, name: 'a_response', output: { left: 2 } }));
    device.commands.handle('b', async () => reply({ code: 6, text: 'no water' }));
    device.commands.handle('c', () => undefined);
    for (const name of ['a', 'b', 'c']) server.last.send(...command(name, name));
    await until(() => answers(server).length === 3, 'the answers');
    expect(answers(server).toSorted((x, y) => JSON.stringify(y).localeCompare(JSON.stringify(x)))).toEqual(
      expect.arrayContaining([{ result_code: 5, response_name: 'a_response', paras: { left: 2 } }, { result_code: 6, paras: { error: 'no water' } }, { result_code: 0 }]),
    );
  });

  it('whose handler throws, now or later, is answered with -1 and the text, and is a problem', async () => {
    const { device, server, log } = await onHuawei();
    device.commands.handle('now', () => {
      throw new Error('valve stuck');
    });
    // A program in JavaScript throws anything.
    const text = 'just text' as unknown as Error;
    device.commands.handle('later', () => Promise.reject(text));
    server.last.send(...command('1', 'now'));
    server.last.send(...command('2', 'later'));
    await until(() => answers(server).length === 2, 'the answers');
    expect(answers(server)).toEqual([{ result_code: -1, paras: { error: 'valve stuck' } }, { result_code: -1, paras: { error: 'just text' } }]);
    expect(log.problems).toMatchObject([{ code: 'handler-failed', cause: { message: 'valve stuck' } }, { code: 'handler-failed', cause: 'just text' }]);
  });

  it('whose handler never finishes is answered with -1 before the cloud gives up, and its signal is aborted', async () => {
    const { device, server, log, clock } = await onHuawei();
    let signal: AbortSignal | undefined;
    device.commands.handle('hang', (call) => {
      ({ signal } = call);
      return new Promise(() => undefined);
    });
    server.last.send(...command('1', 'hang'));
    await until(() => signal !== undefined, 'the handler');
    clock.advance(17_999);
    await turns(5);
    expect([answers(server).length, signal?.aborted]).toEqual([0, false]);
    clock.advance(1);
    await until(() => answers(server).length === 1, 'the answer');
    expect(answers(server)).toMatchObject([{ result_code: -1, paras: { error: expect.stringContaining('within 18000 ms') } }]);
    expect([signal?.aborted, isLianyunError(signal?.reason, 'timeout')]).toEqual([true, true]);
    expect(log.problems).toMatchObject([{ code: 'handler-failed', cause: { code: 'timeout' } }]);
  });

  it('whose handler is at work when the device is closed leaves no timer, and its signal is aborted', async () => {
    const { device, server, log, clock } = await onHuawei();
    let signal: AbortSignal | undefined;
    device.commands.handle('hang', (call) => {
      ({ signal } = call);
      return new Promise(() => undefined);
    });
    server.last.send(...command('1', 'hang'));
    await until(() => signal !== undefined, 'the handler');
    await device.close();
    await turns(5);
    expect([signal?.aborted, clock.timers, log.problems.length]).toEqual([true, 0, 0]);
  });

  it('whose handler has finished is not aborted by a later close', async () => {
    const { device, server } = await onHuawei();
    let signal: AbortSignal | undefined;
    device.commands.handle('a', async (call) => {
      ({ signal } = call);
      return {};
    });
    server.last.send(...command('1', 'a'));
    await until(() => answers(server).length === 1, 'the answer');
    await device.close();
    expect(signal?.aborted).toBe(false);
  });

  it('whose handler returns what is no object is answered with -1 and is a problem', async () => {
    const { device, server, log } = await onHuawei();
    for (const [name, value] of [['text', 'ok'], ['number', 5], ['list', [1]]] as const) device.commands.handle(name, () => value as never);
    device.commands.handle('null', () => null as never);
    for (const name of ['text', 'number', 'list', 'null']) server.last.send(...command(name, name));
    await until(() => answers(server).length === 4, 'the answers');
    expect((answers(server) as { result_code: number }[]).map((answer) => answer.result_code).toSorted()).toEqual([-1, -1, -1, 0]);
    expect(log.problems.map(({ code }) => code)).toEqual(['handler-failed', 'handler-failed', 'handler-failed']);
  });

  it('takes a promise of another library for a promise', async () => {
    const { device, server } = await onHuawei();
    const thenable = { then: (resolve: (value: unknown) => void) => void resolve({ done: true }) };
    device.commands.handle('a', () => thenable as never);
    server.last.send(...command('1', 'a'));
    await until(() => answers(server).length === 1, 'the answer');
    expect(answers(server)).toEqual([{ result_code: 0, paras: { done: true } }]);
  });

  it('that nothing handles is answered with -1, and the problem says how to register', async () => {
    const { server, log } = await onHuawei();
    server.last.send(...command('1', 'fly'));
    await until(() => answers(server).length === 1, 'the answer');
    expect(answers(server)).toEqual([{ result_code: -1, paras: { error: 'this device has no command fly' } }]);
    expect(log.problems).toMatchObject([{ code: 'unknown-message', message: expect.stringContaining('commands.handle("fly"') }]);
  });

  it('goes to the handler of its service, then of its name, then of *', async () => {
    const { device, server } = await onHuawei();
    const undo = device.commands.handle('go', () => ({ by: 'service' }), { service: 'sys' });
    device.commands.handle('go', () => ({ by: 'name' }));
    device.commands.handle('*', () => ({ by: 'star' }));
    expect(() => device.commands.handle('go', () => undefined)).toThrow(expect.objectContaining({ code: 'duplicate-handler' }));
    server.last.send(...command('1', 'go'));
    await until(() => answers(server).length === 1, 'the first');
    undo();
    undo();
    server.last.send(...command('2', 'go'));
    server.last.send(...command('3', 'stay'));
    await until(() => answers(server).length === 3, 'all');
    expect(answers(server)).toMatchObject([{ paras: { by: 'service' } }, { paras: { by: 'name' } }, { paras: { by: 'star' } }]);
  });

  it('that is delivered twice runs once and is answered twice', async () => {
    const { device, server } = await onHuawei();
    const handler = vi.fn(async () => ({ n: handler.mock.calls.length }));
    device.commands.handle('reboot', handler);
    server.last.send(...command('9'), { qos: 1, packetId: 3 });
    await until(() => answers(server).length === 1, 'the answer');
    server.last.send(...command('9'), { qos: 1, packetId: 3, dup: true });
    await until(() => answers(server).length === 2, 'the answer again');
    expect(handler).toHaveBeenCalledTimes(1);
    expect(answers(server)).toEqual([{ result_code: 0, paras: { n: 1 } }, { result_code: 0, paras: { n: 1 } }]);
    expect(server.last.pubacked).toEqual([3, 3]);
  });

  it('whose arguments break the model is answered with -1 and the range, and the handler is not run', async () => {
    const handler = vi.fn();
    const model = { checkProperties: () => undefined, checkArgs: () => ({ path: '$.delay', message: 'delay is 99: 0 to 60 is expected.' }), checkEvent: () => undefined };
    const { device, server } = await onHuawei({}, { model });
    device.commands.handle('reboot', handler);
    server.last.send(...command('1'));
    await until(() => answers(server).length === 1, 'the answer');
    expect(answers(server)).toEqual([{ result_code: -1, paras: { error: 'delay is 99: 0 to 60 is expected.' } }]);
    expect(handler).not.toHaveBeenCalled();
  });

  it('is an action on Tencent', async () => {
    const { device, server } = await onTencent();
    device.commands.handle('toggle', ({ args, service }) => ({ args, service: service ?? null }));
    server.last.send('$thing/down/action/ABCDE12345/dev1', { method: 'action', clientToken: 't1', actionId: 'toggle', timestamp: 1, params: { on: 1 } });
    await until(() => server.published.length === 1, 'the answer');
    expect(server.bodies('/up/action/')).toEqual([{ method: 'action_reply', clientToken: 't1', code: 0, status: '', response: { args: { on: 1 }, service: null } }]);
  });

  it('cannot be registered with what is no name or no function', async () => {
    const { device } = await onHuawei();
    for (const [name, handler] of [[undefined, () => undefined], ['a', undefined]] as const) expect(() => device.commands.handle(name as never, handler as never)).toThrow(expect.objectContaining({ code: 'bad-input' }));
    expect(() => reply({ code: 'ok' } as never)).toThrow(expect.objectContaining({ code: 'bad-input' }));
  });
});

describe('a message that MQTT cannot carry', () => {
  it('fails alone: an answer whose topic would be too long harms neither the connection nor the outbox', async () => {
    const { device, server, log } = await onHuawei();
    device.commands.handle('reboot', () => ({ ok: true }));
    // The topic of the answer is longer than that of the command, which is as long as a topic can be.
    const [topic, body] = command('x'.repeat(65_535 - command('')[0].length));
    server.last.send(topic, body);
    server.last.send(...command('2'));
    await until(() => answers(server).length === 1, 'the other answer');
    expect(log.problems).toMatchObject([{ code: 'bad-input', message: expect.stringContaining('cannot be written') }]);
    await device.properties.report({ service: 's', values: { n: 1 } }).delivered;
    expect([device.isOnline, device.pending]).toEqual([true, { count: 0, bytes: 0 }]);
  });

  it('is a sign-in as well: connect() rejects', async () => {
    const { server } = await serve();
    const device = huaweiDevice(server, { identity: { deviceId: 'd'.repeat(66_000), secret: 'x' } });
    await expect(device.connect()).rejects.toMatchObject({ code: 'bad-config' });
    await device.close();
  });
});

describe('a property set', () => {
  const set = (id: string) => [`$oc/devices/prod1_dev1/sys/properties/set/request_id=${id}`, { services: [{ service_id: 's', properties: { interval: 5 } }] }] as const;
  const results = (server: ScriptedServer): unknown[] => server.bodies('/properties/set/response/');

  it('runs the handler; nothing returned is success, another code or a throw failure', async () => {
    const { device, server, log } = await onHuawei();
    const outcomes = [() => undefined, async () => ({ code: 0, text: 'set' }), () => ({ code: 4, text: 'read only' }), () => Promise.reject(new Error('no')), () => 'yes' as never];
    const seen: unknown[] = [];
    device.properties.onSet(({ groups }) => {
      seen.push(groups);
      return outcomes[seen.length - 1]?.();
    });
    for (let i = 1; i <= 5; i++) {
      server.last.send(...set(String(i)));
      await until(() => results(server).length === i, 'the answer');
    }
    expect(results(server)).toMatchObject([{ result_code: 0 }, { result_code: 0, result_desc: 'set' }, { result_code: 4, result_desc: 'read only' }, { result_code: -1, result_desc: 'no' }, { result_code: -1 }]);
    expect(seen[0]).toEqual([{ service: 's', values: { interval: 5 } }]);
    expect(log.problems.map(({ code }) => code)).toEqual(['handler-failed', 'handler-failed']);
  });

  it('without a handler is answered with -1', async () => {
    const { server } = await onHuawei();
    server.last.send(...set('1'));
    await until(() => results(server).length === 1, 'the answer');
    expect(results(server)).toMatchObject([{ result_code: -1, result_desc: 'this device takes no property set' }]);
  });

  it('that breaks the model is answered with -1 and told as a problem', async () => {
    const model = { checkProperties: () => ({ path: '$', message: 'interval is 5: 10 to 60 is expected.' }), checkArgs: () => undefined, checkEvent: () => undefined };
    const { device, server, log } = await onHuawei({}, { model });
    device.properties.onSet(() => undefined);
    server.last.send(...set('1'));
    await until(() => results(server).length === 1, 'the answer');
    expect(log.problems).toMatchObject([{ code: 'model-violation' }]);
  });

  it('on Tencent without a clientToken is run, and cannot be answered', async () => {
    const handler = vi.fn();
    const { server } = await onTencent({ get_status: () => ({ code: 0, data: {} }) }, (device) => device.properties.onSet(handler));
    await until(() => server.published.length === 1, 'get_status');
    server.last.send(DOWN, { method: 'control', params: { power: 1 } });
    await until(() => handler.mock.calls.length === 1, 'the handler');
    await turns(5);
    expect(handler.mock.calls[0]?.[0]).toMatchObject({ groups: [{ values: { power: 1 } }] });
    expect(server.published).toHaveLength(1);
  });

  it('registers one handler at a time', async () => {
    const { device } = await onHuawei();
    const undo = device.properties.onSet(() => undefined);
    expect(() => device.properties.onSet(() => undefined)).toThrow(expect.objectContaining({ code: 'duplicate-handler' }));
    undo();
    device.properties.onSet(() => undefined);
  });
});

describe('a property get', () => {
  it('is answered with what the handler returns, and with nothing when it throws, lies or is not there', async () => {
    const { device, server, log } = await onHuawei();
    const get = (id: string) => server.last.send(`$oc/devices/prod1_dev1/sys/properties/get/request_id=${id}`, { service_id: 's' });
    const results = (): unknown[] => server.bodies('/properties/get/response/');
    get('1');
    await until(() => results().length === 1, 'the answer without a handler');
    let undo = device.properties.onGet(({ service }) => [{ service: service ?? 'all', values: { t: 1 } }]);
    get('2');
    await until(() => results().length === 2, 'the answer');
    for (const handler of [() => Promise.reject(new Error('sensor gone')), () => 'x' as never]) {
      undo();
      undo = device.properties.onGet(handler);
      const { length } = results();
      get(String(length + 1));
      await until(() => results().length > length, 'the answer');
    }
    expect(results()).toEqual([{ services: [] }, { services: [{ service_id: 's', properties: { t: 1 } }] }, { services: [] }, { services: [] }]);
    expect(log.problems.map(({ code }) => code)).toEqual(['handler-failed', 'handler-failed']);
  });
});

describe('the shadow (Tencent)', () => {
  it('is read when the device comes online: what waited goes through onSet and is cleared with the same token', async () => {
    const handler = vi.fn();
    const { server } = await onTencent({ get_status: () => ({ code: 0, data: { reported: { power: 0 }, control: { power: 1 } } }), clear_control: () => ({ code: 0 }) }, (device) => device.properties.onSet(handler));
    await until(() => server.published.length === 2, 'clear_control');
    const [get, clear] = server.bodies('/up/property/') as { method: string; clientToken: string }[];
    expect([get?.method, clear?.method]).toEqual(['get_status', 'clear_control']);
    expect(clear?.clientToken).toBe(get?.clientToken);
    expect(handler.mock.calls).toMatchObject([[{ device: 'ABCDE12345/dev1', groups: [{ values: { power: 1 } }] }]]);
  });

  it('is read when a handler comes later than the connection', async () => {
    const handler = vi.fn();
    const { device, server } = await onTencent({ get_status: () => ({ code: 0, data: { control: { power: 1 } } }), clear_control: () => ({ code: 0 }) });
    expect(server.published).toEqual([]);
    device.properties.onSet(handler);
    await until(() => server.published.length === 2, 'clear_control');
    expect(handler).toHaveBeenCalledOnce();
  });

  it('is not cleared when the handler fails, nor when nothing waited', async () => {
    const failing = await onTencent({ get_status: () => ({ code: 0, data: { control: { power: 1 } } }) }, (device) => device.properties.onSet(() => ({ code: 3 })));
    await until(() => failing.server.published.length === 1, 'get_status');
    const idle = await onTencent({ get_status: () => ({ code: 0, data: { control: {} } }) }, (device) => device.properties.onSet(() => undefined));
    await until(() => idle.server.published.length === 1, 'get_status');
    await turns(10);
    expect([failing.server.published.length, idle.server.published.length]).toEqual([1, 1]);
  });

  it('goes before what waited in the outbox', async () => {
    const { clock, server } = await serve();
    const device = tencentDevice(server);
    open.push({ [Symbol.asyncDispose]: async () => void (await device.close()) });
    device.properties.onSet(() => undefined);
    device.properties.report({ values: { a: 1 } });
    await device.connect();
    await until(() => server.published.length === 2, 'both');
    expect((server.bodies('/up/') as { method: string }[]).map(({ method }) => method)).toEqual(['get_status', 'report']);
    expect(clock.timers).toBeGreaterThan(0);
  });

  it('can be asked for: the state, a refusal, a timeout, the end of the connection', async () => {
    let code = 0;
    let isSilent = false;
    const { device, clock, server, log } = await onTencent({ get_status: () => (isSilent ? undefined : { code, status: 'said', data: { reported: { a: 1 } } }) });
    expect(await device.shadow.get()).toEqual({ id: expect.any(String), services: [{ reported: { a: 1 } }] });
    code = 500;
    await expect(device.shadow.get()).rejects.toMatchObject({ code: 'refused', place: { number: 500 } });
    isSilent = true;
    const { length } = server.published;
    const waits = [device.shadow.get(), device.shadow.get({ deadlineMs: 60_000 })];
    for (const wait of waits) wait.catch(() => undefined);
    await until(() => server.published.length === length + 2, 'the questions');
    clock.advance(5000);
    await expect(waits[0]).rejects.toMatchObject({ code: 'timeout' });
    server.last.close();
    await expect(waits[1]).rejects.toMatchObject({ code: 'offline' });
    await expect(device.shadow.get()).rejects.toMatchObject({ code: 'offline' });
    expect(log.problems).toEqual([]);
  });

  it('that was being read when the connection ended is no problem of its own: it is read anew', async () => {
    const { device, log, clock, server } = await onTencent({}, (own) => own.properties.onSet(() => undefined));
    await until(() => server.published.length === 1, 'get_status');
    server.last.close();
    await until(() => log.offline.length === 1, 'offline');
    clock.advance(log.offline[0]?.nextAttemptMs ?? 0);
    await until(() => server.published.length === 2, 'get_status again');
    await device.close();
    await turns(5);
    expect(log.problems).toEqual([]);
  });

  it('that cannot be read at connect is a problem, and the device stays online', async () => {
    const { device, log, clock, server } = await onTencent({}, (own) => own.properties.onSet(() => undefined));
    await until(() => server.published.length === 1, 'get_status');
    clock.advance(5000);
    await until(() => log.problems.length === 1, 'the problem');
    expect(log.problems).toMatchObject([{ code: 'timeout' }]);
    expect(device.isOnline).toBe(true);
  });
});

describe('a topic of its own', () => {
  it('carries bytes as they are, and the message may be kept', async () => {
    const { server } = await serve();
    const device = huaweiDevice(server);
    open.push({ [Symbol.asyncDispose]: async () => void (await device.close()) });
    const kept: Buffer[] = [];
    device.topics.subscribe('in/#', ({ payload }) => void kept.push(payload));
    const bytes = new Uint8Array([0, 255, 1]);
    const receipt = device.topics.publish('out', bytes);
    bytes.fill(9);
    await device.connect();
    await receipt.delivered;
    expect(server.published[0]?.text).toBe(Buffer.from([0, 255, 1]).toString());
    server.last.send('in/a', 'first');
    server.last.send('in/b', 'second');
    await until(() => kept.length === 2, 'both');
    expect(kept.map(String)).toEqual(['first', 'second']);
  });

  it('outside the rights of the device is refused before anything is sent', async () => {
    const { device, server, log } = await onHuawei();
    const foreign = device.topics.publish('$oc/devices/other/sys/properties/report', '{}');
    await expect(foreign.delivered).rejects.toMatchObject({ code: 'not-permitted', place: { topic: '$oc/devices/other/sys/properties/report' } });
    expect(() => device.topics.subscribe('$oc/devices/+/sys/commands/#', () => undefined)).toThrow(expect.objectContaining({ code: 'not-permitted' }));
    await device.topics.publish('mine', 'x').delivered;
    expect(server.published.map(({ topic }) => topic)).toEqual(['mine']);
    expect([server.last.subscribed, log.problems.map(({ code }) => code)]).toEqual([[], ['not-permitted']]);
  });

  it('on Tencent is only one of the three declared', async () => {
    const { device } = await onTencent();
    await device.topics.publish('ABCDE12345/dev1/data', 'x').delivered;
    for (const topic of ['ABCDE12345/dev2/data', 'ABCDE12345/dev1/control', 'elsewhere']) await expect(device.topics.publish(topic, 'x').delivered).rejects.toMatchObject({ code: 'not-permitted' });
  });

  it('that is no topic, a payload that is none, a wrong option: each is refused in words', async () => {
    const { device, server } = await onHuawei();
    const cases: [unknown, unknown, object, string][] = [
      ['a/+', 'x', {}, 'no topic'],
      ['', 'x', {}, 'no topic'],
      [undefined, 'x', {}, 'no topic'],
      ['a\u0000', 'x', {}, 'no topic'],
      ['a', undefined, {}, 'neither text nor a Uint8Array'],
      ['a', { a: 1 }, {}, 'neither text nor a Uint8Array'],
      ['a', 'x', { qos: 2 }, 'qos is 2'],
      ['a', 'x', { expiresMs: -1 }, 'expiresMs is -1'],
      ['a', 'x', { expiresMs: NaN }, 'expiresMs is NaN'],
    ];
    for (const [topic, payload, options, words] of cases) await expect(device.topics.publish(topic as never, payload as never, options).stored).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining(words) });
    for (const filter of ['a/#/b', '', undefined]) expect(() => device.topics.subscribe(filter as never, () => undefined)).toThrow(expect.objectContaining({ code: 'bad-input' }));
    expect(() => device.topics.subscribe('a', undefined as never)).toThrow(expect.objectContaining({ code: 'bad-input' }));
    await turns(5);
    expect([server.published, device.pending]).toEqual([[], { count: 0, bytes: 0 }]);
  });

  it('has handlers that may throw, now or later: a problem', async () => {
    const { device, server, log } = await onHuawei();
    device.topics.subscribe('a', () => {
      throw new Error('now');
    });
    device.topics.subscribe('a', () => Promise.reject(new Error('later')));
    server.last.send('a', 'x', { qos: 1, packetId: 2 });
    await until(() => log.problems.length === 2, 'both');
    expect(log.problems).toMatchObject([{ code: 'handler-failed', message: expect.stringContaining('now') }, { code: 'handler-failed', message: expect.stringContaining('later') }]);
    await until(() => server.last.pubacked.length === 1, 'PUBACK');
  });
});

describe('what cannot be read', () => {
  for (const [what, topic, body, code, path] of [
    ['a frame that is no JSON', '$oc/devices/prod1_dev1/sys/commands/request_id=1', '{"a":', 'bad-frame', '$'],
    ['a body with a wrong type', '$oc/devices/prod1_dev1/sys/properties/set/request_id=1', { services: [{ service_id: 5, properties: {} }] }, 'bad-frame', '$.services[0].service_id'],
    ['a body that is a list', '$oc/devices/prod1_dev1/sys/commands/request_id=1', [1], 'bad-frame', '$'],
    ['a topic that nothing handles', 'somewhere/else', 'hello', 'unknown-message', undefined],
  ] as const) {
    it(`is a problem naming the topic: ${what}; the connection lives on`, async () => {
      const { server, log, device } = await onHuawei();
      device.commands.handle('reboot', () => ({ ok: true }));
      server.last.send(topic, body, { qos: 1, packetId: 8 });
      server.last.send(...command('2'));
      await until(() => answers(server).length === 1, 'the next command');
      expect(log.problems).toMatchObject([{ code, place: { topic, ...(path === undefined ? {} : { path }) } }]);
      expect(log.problems[0]?.message).toContain(topic);
      expect(log.problems[0]?.place.excerpt).toBe(typeof body === 'string' ? body : JSON.stringify(body));
      expect([server.last.pubacked, device.isOnline]).toEqual([[8], true]);
    });
  }

  it('is told of an answer that nobody waits for', async () => {
    const { server, log } = await onTencent();
    server.last.send(DOWN, { method: 'report_reply', clientToken: 'never-sent', code: 0 });
    await until(() => log.problems.length === 1, 'the problem');
    expect(log.problems).toMatchObject([{ code: 'unexpected-reply' }]);
  });

  it('at QoS 2 ends the connection, which is made again', async () => {
    const { server, log, clock, device } = await onHuawei();
    server.last.send('a', 'x', { qos: 2, packetId: 1 });
    await until(() => log.offline.length === 1, 'offline');
    expect(log.offline).toMatchObject([{ reason: 'network', error: { code: 'protocol-violation', message: expect.stringContaining('QoS 2') } }]);
    clock.advance(log.offline[0]?.nextAttemptMs ?? 0);
    await until(() => device.isOnline, 'online again');
  });
});

describe('listeners', () => {
  it('that throw harm neither each other nor the connection', async () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const { clock, server } = await serve();
    const device = huaweiDevice(server);
    open.push({ [Symbol.asyncDispose]: async () => void (await device.close()) });
    for (const event of ['online', 'offline', 'problem', 'closed'] as const)
      device.on(event, () => {
        throw new Error(`from ${event}`);
      });
    const log = listenTo(device);
    await device.connect();
    await device.properties.report({ service: 's', values: { n: 1 } }).delivered;
    server.last.close();
    await until(() => log.offline.length === 1, 'offline');
    clock.advance(log.offline[0]?.nextAttemptMs ?? 0);
    await until(() => log.online === 2, 'online again');
    await device.properties.report({ service: 's', values: { n: 2 } }).delivered;
    await device.close();
    expect(log.closed).toHaveLength(1);
    expect(log.problems.map(({ message }) => message)).toEqual(['online', 'offline', 'online', 'closed'].map((event) => `A listener of '${event}' threw: from ${event}`));
    expect(warning).toHaveBeenCalledTimes(4);
  });

  it('that fail later do so neither: what an asynchronous one rejects with is a problem', async () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const { server } = await serve();
    const device = huaweiDevice(server);
    open.push({ [Symbol.asyncDispose]: async () => void (await device.close()) });
    for (const event of ['online', 'problem', 'closed'] as const) {
      const later = (): unknown => Promise.reject(new Error(`from ${event}`));
      device.on(event, later);
    }
    const log = listenTo(device);
    await device.connect();
    await until(() => log.problems.length === 1, 'the first problem');
    await device.close();
    await until(() => log.problems.length === 2 && warning.mock.calls.length === 2, 'the second');
    expect(log.problems.map(({ code, message }) => [code, message])).toEqual(['online', 'closed'].map((event) => ['handler-failed', `A listener of '${event}' threw: from ${event}`]));
  });

  it('are not needed: no fault ends a process that listens to nothing', async () => {
    const script = fileURLToPath(new URL('./testing/deaf-process.ts', import.meta.url));
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--conditions=@lianyun/source', '--unhandled-rejections=strict', script], { timeout: 15_000 });
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^ended by itself after \d+ connections; left: nothing$/);
    expect(stderr).toBe('');
  });
});

describe('many devices in one process', () => {
  it('do not disturb each other: half of them are cut time and again, the others deliver everything', async () => {
    const clock = new FakeClock();
    const sound = await ScriptedServer.listen(clock, { onPublish: (_, connection) => connection.send('x', 'y') });
    const bad = await ScriptedServer.listen(clock, (index) => (index % 3 === 0 ? { connack: 'reset' } : { endOn: () => 'reset' }));
    open.push(sound, bad);
    const devices = Array.from({ length: 100 }, (_, i) => {
      const device = huaweiDevice(i % 2 === 0 ? sound : bad, { identity: { deviceId: `prod1_dev${i}`, secret: 's' } });
      device.topics.subscribe('x', () => undefined);
      return device;
    });
    const [good, cut] = [devices.filter((_, i) => i % 2 === 0), devices.filter((_, i) => i % 2 === 1)];
    for (const device of cut) {
      device.connect().catch(() => undefined);
      device.properties.report({ service: 's', values: { id: device.id } });
    }
    await Promise.all(good.map((device) => device.connect()));
    for (let round = 0; round < 5; round++) {
      await Promise.all(good.map((device) => device.properties.report({ service: 's', values: { id: device.id, round } }).delivered));
      clock.advance(3000);
      await turns(20);
    }
    expect(good.every((device) => device.isOnline)).toBe(true);
    expect(bad.connections.length).toBeGreaterThan(100);
    for (const { connected, published } of sound.connections) {
      expect(published).toHaveLength(5);
      expect(published.every(({ topic, text }) => topic.includes(`/${connected?.username}/`) && text.includes(`"${connected?.username}"`))).toBe(true);
    }
    await Promise.all(devices.map((device) => device.close()));
    await until(() => sound.open + bad.open === 0, 'the sockets');
    expect(clock.timers).toBe(0);
  });
});

describe('making a device', () => {
  const good: DeviceOptions<typeof huawei> = { dialect: huawei, identity: HUAWEI_IDENTITY, server: 'localhost' };
  for (const [what, options, code, words] of [
    ['no options', undefined, 'bad-config', 'needs options'],
    ['an option that does not exist', { ...good, keepAlive: 60 }, 'bad-config', 'keepAlive is no option of a device; the options are dialect, identity, server'],
    ['no dialect', { ...good, dialect: undefined }, 'bad-config', 'dialect is none: huawei or tencent'],
    ['a dialect by name', { ...good, dialect: 'huawei' }, 'bad-config', 'dialect is none'],
    ['no identity', { ...good, identity: undefined }, 'bad-config', 'identity is none'],
    ['an identity without a secret', { ...good, identity: { deviceId: 'd' } }, 'bad-config', 'secret'],
    ['an identity without a device id', { ...good, identity: { secret: 's' } }, 'bad-config', 'deviceId'],
    ["the other cloud's identity", { ...good, identity: TENCENT_IDENTITY }, 'bad-config', 'deviceId'],
    ['no server', { ...good, server: undefined }, 'bad-config', 'server is missing: mqtts://host:port, mqtt://host:port, wss://host:port/mqtt or ws://host:port/mqtt is expected'],
    ['a server that is empty', { ...good, server: ' ' }, 'bad-config', 'server is missing'],
    ['a server that is no address', { ...good, server: 'mqtt://a b' }, 'bad-config', '"mqtt://a b" is no address'],
    ['a port out of range', { ...good, server: 'host:70000' }, 'bad-config', 'is no address'],
    ['port 0', { ...good, server: 'host:0' }, 'bad-config', 'port 0'],
    ['an IPv6 address without brackets', { ...good, server: '::1' }, 'bad-config', 'brackets'],
    ['an unknown scheme', { ...good, server: 'http://host' }, 'bad-config', 'scheme http'],
    ['a path', { ...good, server: 'mqtt://host/mqtt' }, 'bad-config', 'goes on behind the port'],
    ['a password in the address', { ...good, server: 'mqtt://user:hunter2@host' }, 'bad-config', 'belong into identity'],
    ['a path without WebSocket', { ...good, server: 'mqtts://host/mqtt' }, 'bad-config', 'goes on behind the port'],
    ['a keepalive below the range', { ...good, keepaliveSeconds: 29 }, 'bad-config', 'keepaliveSeconds is 29: a whole number from 30 to 1200'],
    ['a keepalive above the range', { ...good, keepaliveSeconds: 1201 }, 'bad-config', 'from 30 to 1200'],
    ['a keepalive that is no whole number', { ...good, keepaliveSeconds: 60.5 }, 'bad-config', 'a whole number'],
    ['a keepalive as text', { ...good, keepaliveSeconds: '60' }, 'bad-config', 'keepaliveSeconds is "60"'],
    ["a keepalive out of Tencent's range", { dialect: tencent, identity: TENCENT_IDENTITY, server: 'h', keepaliveSeconds: 901 }, 'bad-config', 'from 0 to 900'],
    ['a window of nothing', { ...good, window: 0 }, 'bad-config', 'window is 0: a whole number from 1 to 65000'],
    ['a QoS that does not exist here', { ...good, qos: 2 }, 'bad-config', 'qos is 2: 0 or 1'],
    ['a bound of the outbox that does not exist', { ...good, outbox: { maxMessages: 10 } }, 'bad-config', 'outbox.maxMessages is no option; the options are maxCount, maxBytes, policy, expiresMs'],
    ['an outbox without room', { ...good, outbox: { maxCount: 0 } }, 'bad-config', 'outbox.maxCount is 0'],
    ['an outbox without bytes', { ...good, outbox: { maxBytes: NaN } }, 'bad-config', 'outbox.maxBytes is NaN'],
    ['an expiry below zero', { ...good, outbox: { expiresMs: -1 } }, 'bad-config', 'outbox.expiresMs is -1'],
    ['a policy that does not exist', { ...good, outbox: { policy: 'drop-newest' } }, 'bad-config', 'drop-newest: reject-new or drop-oldest'],
    ['a deadline of nothing', { ...good, connectTimeoutMs: 0 }, 'bad-config', 'connectTimeoutMs is 0'],
    ['a silence of nothing', { ...good, ackSilenceMs: 0 }, 'bad-config', 'ackSilenceMs is 0'],
    ['a backoff of nothing', { ...good, maxBackoffMs: 0 }, 'bad-config', 'maxBackoffMs is 0'],
    ['an interval below zero', { ...good, minConnectIntervalMs: -5 }, 'bad-config', 'minConnectIntervalMs is -5'],
  ] as const) {
    it(`with ${what} fails at once and says so`, () => {
      const make = (): unknown => new Device(options as never);
      expect(make).toThrow(LianyunError);
      expect(make).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }));
      expect(make).not.toThrow(expect.objectContaining({ message: expect.stringContaining('hunter2') }));
    });
  }

  it('reads the address in every written form', () => {
    const connect = vi.spyOn(net, 'connect').mockImplementation(() => new net.Socket());
    const clock = new FakeClock();
    const where = (server: string): unknown => {
      const device = new Device({ ...good, server, clock });
      void device.connect().catch(() => undefined);
      const [{ host, port }] = connect.mock.calls.at(-1) as unknown as [{ host: string; port: number }];
      void device.close();
      return [host, port];
    };
    expect(where('localhost')).toEqual(['localhost', 1883]);
    expect(where('example.org:1234')).toEqual(['example.org', 1234]);
    expect(where('mqtt://example.org/')).toEqual(['example.org', 1883]);
    expect(where('tcp://10.0.0.1:99')).toEqual(['10.0.0.1', 99]);
    expect(where('mqtt://[::1]:1884')).toEqual(['::1', 1884]);
    expect(where('[fe80::1]')).toEqual(['fe80::1', 1883]);
  });
});
