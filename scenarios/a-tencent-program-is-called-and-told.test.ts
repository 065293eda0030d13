import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from 'lianyun';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';
import { PATIENT, TencentProgram } from './support/tencent-program.ts';

const TARGET = { ProductId: 'LAMP000001', DeviceName: 'lamp1' } as const;
const REF = 'LAMP000001/lamp1';
const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64');

let rig: Rig;
let program: TencentProgram;

beforeEach(async () => {
  // The platform waits four seconds for an answer, which a machine with much to do may need.
  rig = await Rig.open({ clock: PATIENT });
  program = new TencentProgram(rig);
  await program.online();
});

afterEach(async () => {
  await program[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

/** Subscribes, and waits until the platform has granted it. */
async function subscribed(topic: string): Promise<void> {
  const [, mid] = program.explorer.subscribe(topic, 0);
  await program.hears('on_subscribe', (_, each) => each === mid);
}

describe('A program in the words of Tencent’s own SDK', () => {
  it('answers many calls in IoT Hub’s form at once, each with its own answer', async () => {
    const { explorer, names } = program;
    expect(explorer.rrpcReply(...names, { ok: 1 }, 0)).toBeUndefined();
    const [, mid] = explorer.rrpcInit(...names, async (topic, _qos, payload) => {
      expect(topic).toBe(`$rrpc/rxd/${REF}`);
      const { n } = payload as { n: number };
      // The later ones are answered first.
      for (let turn = 0; turn < 10 - n; turn++) await new Promise((resolve) => setImmediate(resolve));
      explorer.rrpcReply(...names, n === 0 ? 'ok' : { n }, 0);
    });
    await program.hears('on_subscribe', (_, each) => each === mid);
    const calls = await Promise.all(Array.from({ length: 10 }, (_, n) => rig.tencent('PublishRRPCMessage', { ...TARGET, Payload: JSON.stringify({ n }) })));
    expect(calls.map(({ body }) => Buffer.from((body as { PayloadBase64: string }).PayloadBase64, 'base64').toString())).toEqual(['"ok"', ...Array.from({ length: 9 }, (_, n) => JSON.stringify({ n: n + 1 }))]);
  });

  it('answers calls in IoT Explorer’s form, and over topics of its product', async () => {
    const { explorer } = program;
    await subscribed(`$iotrrpc/down/${REF}/+`);
    explorer.registerUserCallback(`$iotrrpc/down/${REF}/+`, (topic, _qos, payload) => void explorer.publish(topic.replace('/down/', '/up/'), { heard: payload as string }, 0));
    expect(await rig.tencent('CallDeviceRRPCSync', { ...TARGET, Payload: 'no json' })).toMatchObject({ body: { Status: 'Replied', PayloadBase64: base64('{"heard":"no json"}') } });

    await subscribed(`${REF}/control`);
    explorer.registerUserCallback(`${REF}/control`, (_topic, _qos, payload) => {
      const { clientToken, ask } = payload as { clientToken: string; ask: string };
      explorer.publish(`${REF}/data`, { method: 'rrpc_sync_reply', clientToken, payload: base64(`${ask}!`) }, 0);
    });
    expect(await rig.tencent('CallDeviceRRPCSync', { ...TARGET, Payload: '{"ask":"time"}', Topic: `${REF}/control`, ReplyTopic: `${REF}/data` })).toMatchObject({ body: { Status: 'Replied', PayloadBase64: base64('time!') } });
  });

  it('hears what is said to all devices of its product', async () => {
    const { explorer, names } = program;
    const [, mid] = explorer.broadcastInit(...names, program.noted('broadcastCb'));
    await program.hears('on_subscribe', (_, each) => each === mid);
    await rig.tencent('PublishBroadcastMessage', { ProductId: 'LAMP000001', Payload: '{"all":"off"}', Qos: 1 });
    expect(await program.hears('broadcastCb')).toEqual([`$broadcast/rxd/${REF}`, 0, { all: 'off' }, 'ud']);
  });

  it('hears in the callback for services that a user bound it and let go of it, and of fences, which it answers', async () => {
    const { explorer, names } = program;
    const { bindings } = rig.platform.tencent;
    const [, mid] = explorer.templateInit(...names, null, null, null, (topic, qos, payload) => {
      program.noted('serviceCb')(topic, qos, payload);
      const { method, clientToken } = payload as JsonObject;
      if (method === 'alert_fence_event') explorer.publish(`$thing/up/service/${REF}`, { method: 'alert_fence_event_reply', clientToken: clientToken as string, code: 7, status: 'not me', timestamp: 1 }, 0);
    });
    await program.hears('on_subscribe', (_, each) => each === mid);
    await bindings.notify(REF, true);
    await bindings.notify(REF, false);
    expect([await program.message('serviceCb', 'bind_device'), await program.message('serviceCb', 'unbind_device')]).toMatchObject([{ timestamp: expect.any(Number) }, { timestamp: expect.any(Number) }]);
    expect(await bindings.alarm(REF, { condition: 'Out', name: 'yard' })).toMatchObject({ code: 7, text: 'not me' });
    expect(await program.message('serviceCb', 'alert_fence_event')).toMatchObject({ data: { alert_condition: 'Out', fence_name: 'yard' } });
  });

  it('asks for its configuration and its log level, and hears when they change', async () => {
    const { explorer } = program;
    for (const kind of ['config', 'log']) {
      await subscribed(`$${kind}/operation/result/${REF}`);
      explorer.registerUserCallback(`$${kind}/operation/result/${REF}`, program.noted(kind));
    }
    explorer.publish(`$config/operation/${REF}`, { type: 'get' }, 0);
    expect(await program.message('config', 'reply')).toMatchObject({ result: 1001 });
    rig.platform.tencent.remoteConfigs.set('LAMP000001', { interval: 5 });
    await rig.platform.tencent.remoteConfigs.push('LAMP000001');
    expect(await program.message('config', 'push')).toEqual({ type: 'push', result: 0, payload: { interval: 5 } });
    rig.platform.logs.configure('tencent', REF, { on: true, level: 2 });
    explorer.publish(`$log/operation/${REF}`, { type: 'get_log_level', clientToken: 'mine' }, 0);
    expect(await program.hears('log', (_topic, _qos, payload) => (payload as JsonObject)['clientToken'] === 'mine')).toMatchObject([{}, 0, { log_level: 2 }, 'ud']);
  });

  it('is told in on_message what comes on a topic of the platform’s that it has subscribed, and that no callback is for', async () => {
    const { explorer } = program;
    await subscribed(`$config/operation/result/${REF}`);
    explorer.publish(`$config/operation/${REF}`, { type: 'get' }, 0);
    expect(await program.hears('on_message')).toEqual([`$config/operation/result/${REF}`, 0, { type: 'reply', result: 1001 }, 'ud']);
    explorer.unsubscribe(`$config/operation/result/${REF}`);
    await program.hears('on_unsubscribe');
    rig.platform.tencent.remoteConfigs.set('LAMP000001', { interval: 5 });
    await expect(rig.platform.tencent.remoteConfigs.pushTo(REF)).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('gets bytes where a message is no text', async () => {
    await subscribed(`$thing/down/raw/${REF}`);
    program.explorer.registerUserCallback(`$thing/down/raw/${REF}`, program.noted('raw'));
    await rig.tencent('PublishMessage', { ...TARGET, Topic: `$thing/down/raw/${REF}`, Payload: base64(Uint8Array.of(0, 215, 255)), PayloadEncoding: 'base64' });
    const [topic, , payload] = await program.hears('raw');
    expect([topic, [...(payload as Uint8Array)]]).toEqual([`$thing/down/raw/${REF}`, [0, 215, 255]]);
    expect(() => program.explorer.publish(`$thing/up/raw/${REF}`, Uint8Array.of(1), 0)).toThrow(TypeError);
  });
});

describe('The device beneath such a program', () => {
  it('does on the same connection what the vendor’s SDK has no method for', async () => {
    const { device } = program.explorer;
    const { remoteConfigs, bindings } = rig.platform.tencent;
    remoteConfigs.set('LAMP000001', { interval: 5 });
    expect(await device.remoteConfig.get()).toEqual({ interval: 5 });
    const pushed = new Log<unknown>();
    device.remoteConfig.onUpdate(({ content }) => pushed.add(content));
    expect(await device.logs.query()).toMatchObject({ level: 0 });
    await remoteConfigs.push('LAMP000001');
    expect(await pushed.first()).toEqual({ interval: 5 });

    const messages = device.messages.withCodec<number>({ encode: (value) => Uint8Array.of(value), decode: ([value = 0]) => value });
    const heard = new Log<number>();
    messages.onMessage(({ value }) => heard.add(value));
    device.rpc.onCall(({ text }) => `${text}!`);
    // Behind the SUBSCRIBEs.
    await messages.send(200).delivered;
    expect(await device.logs.query()).toMatchObject({ level: 0 });
    await rig.tencent('PublishMessage', { ...TARGET, Topic: `$thing/down/raw/${REF}`, Payload: base64(Uint8Array.of(201)), PayloadEncoding: 'base64' });
    expect(await heard.first()).toBe(201);
    expect(rig.platform.mailbox.received('tencent', REF).map(({ message }) => ('bytes' in message ? [...message.bytes] : message))).toEqual([[200]]);
    expect(await rig.tencent('CallDeviceRRPCSync', { ...TARGET, Payload: 'hi' })).toMatchObject({ body: { Status: 'Replied', PayloadBase64: base64('hi!') } });

    // What both have subscribed, both hear.
    const { explorer, names } = program;
    const bound = new Log<boolean>();
    device.binding.onChange((change) => bound.add(change.bound));
    const [, mid] = explorer.templateInit(...names, null, null, null, program.noted('serviceCb'));
    await program.hears('on_subscribe', (_, each) => each === mid);
    await bindings.notify(REF, true);
    expect([await bound.first(), await program.message('serviceCb', 'bind_device')]).toMatchObject([true, { method: 'bind_device' }]);
    explorer.templateDeinit(...names);
    await program.hears('on_unsubscribe');
    await bindings.notify(REF, false);
    expect(await bound.take(2)).toEqual([true, false]);
    expect(program.problems.all).toEqual([]);
  });

  it('is there from connect() on, and a new one after each disconnect()', async () => {
    const other = new TencentProgram(rig, { deviceName: 'lamp2', secret: 'c2VjcmV0LW9mLWxhbXAtMg==' });
    expect(() => other.explorer.device).toThrow(/connect\(\)/);
    await other[Symbol.asyncDispose]();
    const { explorer } = program;
    const first = explorer.device;
    await explorer.disconnect();
    expect(() => explorer.device).toThrow(/connect\(\)/);
    program.told.all.length = 0;
    await program.online();
    expect(explorer.device).not.toBe(first);
    await explorer.device.close();
    expect([explorer.isMqttConnected(), explorer.connect()]).toEqual([false, 0]);
  });
});
