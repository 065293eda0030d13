import { describe, expect, it } from 'vitest';
import { LianyunError } from './errors.ts';
import { huawei } from './huawei/index.ts';
import { cases, End, settled } from './peer-end.fixtures.ts';
import { tencent } from './tencent/index.ts';
import { FakeClock } from './testing/fake-clock.ts';
import type { Message } from './vocabulary.ts';

describe.each(cases)('a peer that speaks $name', ({ dialect, device: own, service }) => {
  const start = () => {
    const clock = new FakeClock();
    return { clock, device: new End('device', dialect, clock), platform: new End('platform', dialect, clock) };
  };
  const blink = { device: own, body: { ...service, name: 'blink', args: { times: 3 } } } as const;
  const wait = { deadlineMs: 1000 } as const;

  it('answers a command with what its handler returns, and leaves no timer behind', async () => {
    const { clock, device, platform } = start();
    const seen: Message<'command.invoke'>[] = [];
    device.peer.handle('command.invoke', (message) => {
      seen.push(message);
      return { code: 0, output: { done: true } };
    });
    const answer = platform.peer.request('command.invoke', blink, wait);
    await platform.passTo(device);
    await device.passTo(platform);
    expect(await answer).toMatchObject({ device: own, via: own, body: { code: 0, output: { done: true } } });
    expect(seen).toMatchObject([{ device: own, via: own, body: { ...service, name: 'blink', args: { times: 3 } } }]);
    expect([...device.problems, ...platform.problems]).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  it('answers with a failure, once, when the answer that the handler gave cannot be written', async () => {
    const { device, platform } = start();
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    device.peer.handle('command.invoke', () => ({ code: 0, output: { cycle: cycle as never } }));
    const answer = platform.peer.request('command.invoke', blink, wait);
    await platform.passTo(device);
    await settled();
    await device.passTo(platform);
    expect((await answer).body).toMatchObject({ code: -1, text: 'the answer could not be written' });
    expect(device.codes).toEqual(['bad-input']);
    expect(device.sent).toEqual([]);
  });

  it('waits for a handler that takes its time', async () => {
    const { device, platform } = start();
    const { promise, resolve } = Promise.withResolvers<{ code: number }>();
    device.peer.handle('property.set', () => promise);
    const answer = platform.peer.request('property.set', { device: own, body: { groups: [{ ...service, values: { on: 1 } }] } }, wait);
    await platform.passTo(device);
    expect(device.sent).toEqual([]);
    resolve({ code: 7 });
    await settled();
    await device.passTo(platform);
    expect((await answer).body.code).toBe(7);
  });

  it('takes an answer that comes before the confirmation that the request was sent', async () => {
    const { device, platform } = start();
    device.peer.handle('command.invoke', () => ({ code: 0 }));
    const answer = platform.peer.request('command.invoke', blink, wait);
    const request = platform.take();
    await platform.passTo(device, request);
    await device.passTo(platform);
    expect((await answer).body.code).toBe(0);
    request.receipt.fail(new LianyunError('offline', 'gone'));
    await settled();
    expect(platform.problems).toEqual([]);
  });

  it('reports a late and a second answer as unexpected', async () => {
    const { clock, device, platform } = start();
    device.peer.handle('command.invoke', () => ({ code: 0 }));
    const answer = platform.peer.request('command.invoke', blink, wait);
    await platform.passTo(device);
    clock.advance(1000);
    await expect(answer).rejects.toMatchObject({ code: 'timeout' });
    const reply = device.take();
    await device.passTo(platform, reply);
    await device.passTo(platform, reply);
    expect(platform.codes).toEqual(['unexpected-reply', 'unexpected-reply']);
    expect(platform.problems[0]?.place.device).toBe(own);
  });

  it('gives a timeout the place where the request was made', async () => {
    const { clock, platform } = start();
    const answer = platform.peer.request('command.invoke', blink, { deadlineMs: 50 });
    clock.advance(49);
    await settled();
    clock.advance(1);
    const error: unknown = await answer.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'timeout', message: `No answer to command.invoke to ${own} within 50 ms.` });
    expect((error as Error).cause).toBeInstanceOf(Error);
    expect(clock.timers).toBe(0);
  });

  it('runs the handler of a repeated request once and answers it again from memory', async () => {
    const { device, platform } = start();
    let runs = 0;
    device.peer.handle('command.invoke', async () => ({ code: 0, output: { run: ++runs } }));
    const answer = platform.peer.request('command.invoke', blink, wait);
    const request = platform.take();
    await platform.passTo(device, request);
    await platform.passTo(device, request);
    await settled();
    expect(device.sent).toHaveLength(1);
    await platform.passTo(device, request);
    expect(device.sent).toHaveLength(2);
    const [first, second] = device.sent;
    expect(second?.frame).toEqual(first?.frame);
    expect(runs).toBe(1);
    await device.passTo(platform);
    expect((await answer).body.output).toEqual({ run: 1 });
  });

  it('runs the handler again when the same id carries another request, and after two minutes', async () => {
    const { clock, device, platform } = start();
    let runs = 0;
    device.peer.handle('command.invoke', () => ({ code: ++runs }));
    platform.peer.send('command.invoke', { ...blink, id: 'same' });
    const first = platform.take();
    platform.peer.send('command.invoke', { ...blink, body: { ...blink.body, args: { times: 4 } }, id: 'same' });
    await platform.passTo(device, first);
    await platform.passTo(device);
    expect(runs).toBe(2);
    await platform.passTo(device, first);
    expect(runs).toBe(3);
    clock.advance(120_000);
    await platform.passTo(device, first);
    expect(runs).toBe(4);
  });

  it('reports an answer from memory that cannot be sent', async () => {
    const { device, platform } = start();
    device.peer.handle('command.invoke', () => ({ code: 0 }));
    platform.peer.send('command.invoke', { ...blink, id: 'same' });
    const request = platform.take();
    await platform.passTo(device, request);
    device.broken = new LianyunError('offline', 'gone');
    await platform.passTo(device, request);
    await settled();
    expect(device.codes).toEqual(['offline']);
  });

  it('answers requests with equal keys first in, first out', async () => {
    const { device, platform } = start();
    const first = platform.peer.request('command.invoke', { ...blink, id: 'same' }, wait);
    const second = platform.peer.request('command.invoke', { ...blink, id: 'same' }, wait);
    for (const code of [1, 2]) {
      device.peer.send('command.result', { device: own, id: 'same', body: { code, output: {} } });
      await device.passTo(platform);
    }
    expect([(await first).body.code, (await second).body.code]).toEqual([1, 2]);
  });

  it('ends a wait when its signal is aborted', async () => {
    const { clock, device, platform } = start();
    const controller = new AbortController();
    device.peer.handle('command.invoke', () => ({ code: 0 }));
    const answer = platform.peer.request('command.invoke', blink, { ...wait, signal: controller.signal });
    await platform.passTo(device);
    controller.abort('no longer needed');
    await expect(answer).rejects.toMatchObject({ code: 'aborted', cause: 'no longer needed' });
    await device.passTo(platform);
    expect(platform.codes).toEqual(['unexpected-reply']);
    expect(clock.timers).toBe(0);
  });

  it('sends nothing when the signal is aborted beforehand', async () => {
    const { clock, platform } = start();
    await expect(platform.peer.request('command.invoke', blink, { ...wait, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    expect(platform.sent).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  it('fails a request at once when it cannot be sent', async () => {
    const { clock, platform } = start();
    platform.broken = new LianyunError('offline', 'There is no connection.');
    await expect(platform.peer.request('command.invoke', blink, wait)).rejects.toBe(platform.broken);
    expect(clock.timers).toBe(0);
  });

  it('ends the waits of one connection, and of all', async () => {
    const { clock, platform } = start();
    const other = `${own}2`;
    const here = platform.peer.request('command.invoke', blink, wait);
    const there = platform.peer.request('command.invoke', { ...blink, device: other }, wait);
    platform.peer.fail(() => new LianyunError('offline', 'The connection is gone.'), own);
    await expect(here).rejects.toMatchObject({ code: 'offline' });
    platform.peer.fail(() => new LianyunError('closed', 'The platform was closed.'));
    await expect(there).rejects.toMatchObject({ code: 'closed' });
    expect(clock.timers).toBe(0);
  });

  it.each([
    ['throws', () => { throw new TypeError('lamp is broken'); }],
    ['rejects', () => Promise.reject(new TypeError('lamp is broken'))],
  ])('reports a handler that %s and gives no answer', async (_, handler) => {
    const { device, platform } = start();
    device.peer.handle('command.invoke', handler);
    platform.peer.send('command.invoke', blink);
    await platform.passTo(device);
    await settled();
    expect(device.problems).toMatchObject([{ code: 'handler-failed', message: `The handler of command.invoke for ${own} threw: lamp is broken`, place: { device: own }, cause: expect.any(TypeError) as unknown }]);
    expect(device.sent).toEqual([]);
  });

  it('reports what nothing handles', async () => {
    const { device, platform } = start();
    platform.peer.send('command.invoke', blink);
    await platform.passTo(device);
    device.peer.send('property.report', { device: own, body: { groups: [{ ...service, values: {} }] } });
    await device.passTo(platform);
    expect(device.codes).toEqual(['unknown-message']);
    expect(platform.codes).toEqual(['unknown-message']);
  });

  it('hands a notification to its handler and waits for it', async () => {
    const { device, platform } = start();
    const { promise, resolve } = Promise.withResolvers<void>();
    const undo = platform.peer.handle('property.report', () => promise);
    device.peer.send('property.report', { device: own, body: { groups: [{ ...service, values: { t: 1 } }] } });
    const report = device.take();
    let isDone = false;
    const done = Promise.resolve(device.passTo(platform, report)).then(() => (isDone = true));
    await settled();
    expect(isDone).toBe(false);
    resolve();
    await done;
    undo();
    await device.passTo(platform, report);
    expect(platform.codes).toEqual(['unknown-message']);
  });

  it('refuses a second handler and a handler for what the cloud does not have', () => {
    const { device } = start();
    const undo = device.peer.handle('command.invoke', () => ({ code: 0 }));
    expect(() => device.peer.handle('command.invoke', () => ({ code: 0 }))).toThrow(expect.objectContaining({ code: 'duplicate-handler' }));
    undo();
    device.peer.handle('command.invoke', () => ({ code: 1 }));
    undo();
    expect(() => device.peer.handle('command.invoke', () => ({ code: 0 }))).toThrow(expect.objectContaining({ code: 'duplicate-handler' }));
  });

  it('calls the handler of an answer that nobody waits for', async () => {
    const { device, platform } = start();
    const seen: unknown[] = [];
    platform.peer.handle('command.result', ({ body }) => void seen.push(body.code));
    device.peer.send('command.result', { device: own, id: 'x', body: { code: 3, output: {} } });
    await device.passTo(platform);
    expect(seen).toEqual([3]);
    expect(platform.problems).toEqual([]);
  });

  it('fails the receipt of a message whose slot cannot be in a topic, and throws nothing', async () => {
    const { device } = start();
    const receipt = device.peer.send('property.report', { device: 'ABCDE12345/a+b', body: { groups: [{ ...service, values: {} }] } });
    await expect(receipt.stored).rejects.toMatchObject({ code: 'bad-input' });
    await expect(receipt.delivered).rejects.toMatchObject({ code: 'bad-input' });
    await expect(device.peer.request('shadow.get', { device: 'a/b/+', body: {} }, wait)).rejects.toMatchObject({ code: 'bad-input' });
  });

  it.each([
    ['no JSON', 'not json', '$'],
    ['an array', '[]', '$'],
    ['a wrong type', dialect.name === 'huawei' ? '{"service_id":"s","paras":"x"}' : '{"method":"action","clientToken":"t","actionId":"a","params":"x"}', dialect.name === 'huawei' ? '$.paras' : '$.params'],
  ])('reports a frame with %s by topic and path', (_, text, path) => {
    const { device } = start();
    const topic = dialect.name === 'huawei' ? `$oc/devices/${own}/sys/commands/request_id=1` : `$thing/down/action/${own}`;
    void device.peer.receive(topic, text, own);
    expect(device.problems).toMatchObject([{ code: 'bad-frame', place: { topic, path, device: own, excerpt: text } }]);
    expect(device.problems[0]?.message).toContain(path === '$' && text === 'not json' ? topic : path);
  });

  it('reports a frame on a topic that it does not know', () => {
    const { device } = start();
    void device.peer.receive('nowhere/at/all', '{}', own);
    expect(device.problems).toMatchObject([{ code: 'unknown-message', place: { topic: 'nowhere/at/all', device: own } }]);
  });

  it('makes ids that differ from message to message', () => {
    const { platform } = start();
    const frames = [1, 2, 3].map(() => {
      platform.peer.send('command.invoke', blink);
      const { frame } = platform.take();
      return `${frame.topic} ${String(frame.payload)}`;
    });
    expect(new Set(frames).size).toBe(3);
  });

  it('passes on how a message is held, its quality of service and its expiry', () => {
    const { device } = start();
    device.peer.send('property.report', { device: own, body: { groups: [] } }, { qos: 0, expiresMs: 500 });
    device.peer.send('command.result', { device: own, id: '1', body: { code: 0 } }, { qos: 1 });
    expect(device.take()).toMatchObject({ frame: { qos: 0 }, options: { hold: 'store', expiresMs: 500 } });
    expect(device.take()).toMatchObject({ frame: { qos: 1 }, options: { hold: 'live' } });
  });

  it('knows what its cloud supports', () => {
    const { device } = start();
    expect(device.peer.supports('property.report')).toBe(true);
    expect(device.peer.supports('property.get')).toBe(dialect.name === 'huawei');
  });
});

describe('a peer of a Huawei gateway', () => {
  it("answers a child's request on the gateway's topic", async () => {
    const clock = new FakeClock();
    const device = new End('device', huawei, clock);
    const platform = new End('platform', huawei, clock);
    const seen: unknown[] = [];
    device.peer.handle('command.invoke', (message) => {
      seen.push([message.device, message.via]);
      return { code: 0 };
    });
    const answer = platform.peer.request('command.invoke', { device: 'p_child', via: 'p_gw', body: { name: 'c', args: {} } }, { deadlineMs: 10 });
    await platform.passTo(device);
    expect(device.sent[0]?.frame.topic).toMatch(/^\$oc\/devices\/p_gw\/sys\/commands\/response\/request_id=/);
    await device.passTo(platform);
    expect((await answer).body.code).toBe(0);
    expect(seen).toEqual([['p_child', 'p_gw']]);
  });

  it('fails a request for an operation that Huawei does not have', async () => {
    const device = new End('device', huawei, new FakeClock());
    await expect(device.peer.request('shadow.clear', { device: 'p_d', body: {} }, { deadlineMs: 1 })).rejects.toMatchObject({ code: 'unsupported' });
  });
});

describe('a peer of a Tencent device', () => {
  const own = 'ABCDE12345/d1';
  const start = () => {
    const clock = new FakeClock();
    return { clock, device: new End('device', tencent, clock), platform: new End('platform', tencent, clock) };
  };

  it('asks the platform and is answered: the roles flip', async () => {
    const { device, platform } = start();
    platform.peer.handle('shadow.get', () => ({ code: 0, services: [{ reported: { on: 1 } }] }));
    const answer = device.peer.request('shadow.get', { device: own, body: {} }, { deadlineMs: 1000 });
    await device.passTo(platform);
    await platform.passTo(device);
    expect((await answer).body).toEqual({ code: 0, services: [{ reported: { on: 1 } }] });
  });

  it('answers a question afresh when a restarted device counts its tokens from 0 again', async () => {
    const { device, platform } = start();
    let on = 0;
    platform.peer.handle('shadow.get', () => ({ code: 0, services: [{ reported: { on: ++on } }] }));
    for (const expected of [1, 2]) {
      const answer = device.peer.request('shadow.get', { device: own, id: 'ABCDE12345-0', body: {} }, { deadlineMs: 1000 });
      await device.passTo(platform);
      await platform.passTo(device);
      expect((await answer).body.services).toEqual([{ reported: { on: expected } }]);
    }
  });

  it('settles a report with the answer of the cloud, and tells a refusal', async () => {
    const { device, platform } = start();
    device.peer.send('property.report', { device: own, id: 't', body: { groups: [{ values: { x: 1 } }] } });
    const { options } = device.take();
    expect(options.settledBy).toBe(`property.report.ack|${own}|t`);
    for (const code of [0, 406]) {
      device.settles.add(String(options.settledBy));
      platform.peer.send('property.report.ack', { device: own, id: 't', body: { code, text: 'Not find PropertySchema' } });
      await platform.passTo(device);
    }
    expect(device.settled).toMatchObject([{ error: undefined }, { error: { code: 'refused', place: { number: 406 }, message: 'The cloud refused with code 406: Not find PropertySchema (property.report.ack).' } }]);
    expect(device.problems).toEqual([]);
  });

  it('keeps the tokens of two sub-devices apart', async () => {
    const { device, platform } = start();
    const gateway = 'GATEWAY001/gw';
    const ask = (name: string) => device.peer.request('shadow.get', { device: `SUBPROD001/${name}`, via: gateway, id: 'SUBPROD001-0', body: {} }, { deadlineMs: 1000 });
    const [a, b] = [ask('a'), ask('b')];
    for (const name of ['b', 'a']) {
      platform.peer.send('shadow.state', { device: `SUBPROD001/${name}`, via: gateway, id: 'SUBPROD001-0', body: { code: 0, text: name, services: [] } });
      await platform.passTo(device);
    }
    expect([(await a).body.text, (await b).body.text]).toEqual(['a', 'b']);
  });

  it('gives no answer to a request without a token, which could not say what it answers', async () => {
    const { device } = start();
    const seen: unknown[] = [];
    device.peer.handle('property.set', (message) => {
      seen.push(message.id);
      return { code: 0 };
    });
    void device.peer.receive(`$thing/down/property/${own}`, '{"method":"control","params":{}}', own);
    await settled();
    expect(seen).toEqual([undefined]);
    expect(device.sent).toEqual([]);
  });

  it('reports a method that it does not know', () => {
    const { device } = start();
    void device.peer.receive(`$thing/down/property/${own}`, '{"method":"zzz","clientToken":"x","code":0}', own);
    expect(device.problems).toMatchObject([{ code: 'unknown-message', message: `No message on $thing/down/property/${own} is tagged "zzz".` }]);
  });
});
