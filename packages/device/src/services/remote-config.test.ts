import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import type { RemoteConfigHandler } from '../index.ts';
import { ScriptedServer } from '../testing/scripted-server.ts';
import { huaweiDevice, listenTo, tencentDevice, turns, until } from '../testing/support.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

async function begin(handler?: RemoteConfigHandler) {
  const clock = new FakeClock();
  const server = await ScriptedServer.listen(clock);
  open.push(server);
  const device = huaweiDevice(server);
  open.push({ [Symbol.asyncDispose]: async () => void (await device.close()) });
  const log = listenTo(device);
  if (handler !== undefined) device.remoteConfig.onUpdate(handler);
  await device.connect();
  const update = (content: unknown): void => server.last.send('$oc/devices/prod1_dev1/sys/events/down', { object_device_id: 'prod1_dev1', services: [{ service_id: '$device_config', event_type: 'config_update', event_time: '20261121T100000Z', paras: { config_content: content } }] });
  const answers = () => server.bodies('/events/up').map((body) => (body as { services: object[] }).services[0]);
  return { clock, server, device, log, update, answers };
}

describe('the configuration of a device', () => {
  it('is handed to its handler, and answered when that is done', async () => {
    const seen: unknown[] = [];
    const { update, answers } = await begin(({ device, content }) => void seen.push([device, content]));
    update({ interval: 60 });
    update('interval=60');
    await until(() => answers().length === 2, 'two answers');
    expect(seen).toEqual([['prod1_dev1', { interval: 60 }], ['prod1_dev1', 'interval=60']]);
    expect(answers()[0]).toMatchObject({ service_id: '$device_config', event_type: 'config_update_response', paras: { result_code: 0 } });
  });

  it.each<[string, RemoteConfigHandler, object]>([
    ['its code', () => ({ code: 3, text: 'too short' }), { result_code: 3, description: 'too short' }],
    ['-1 when it throws', () => Promise.reject(new Error('no disk')), { result_code: -1, description: 'no disk' }],
    ['-1 when it answers nonsense', () => ({ code: 'x' }) as never, { result_code: -1 }],
  ])('is answered with %s', async (_, handler, paras) => {
    const { update, answers } = await begin(handler);
    update({});
    await until(() => answers().length === 1, 'the answer');
    expect(answers()[0]).toMatchObject({ paras });
  });

  it('is not answered while nobody takes it, so that it comes again; that is told', async () => {
    const { update, answers, log, device } = await begin();
    update({ a: 1 });
    await until(() => log.problems.length === 1, 'the problem');
    expect(log.problems).toMatchObject([{ code: 'unknown-message' }]);
    const seen: unknown[] = [];
    const undo = device.remoteConfig.onUpdate(({ content }) => void seen.push(content));
    expect(() => device.remoteConfig.onUpdate(() => undefined)).toThrow(expect.objectContaining({ code: 'duplicate-handler' }));
    update({ a: 1 });
    await until(() => answers().length === 1, 'the answer');
    undo();
    update({ a: 2 });
    await until(() => log.problems.length === 2, 'the problem');
    expect([seen, answers().length]).toEqual([[{ a: 1 }], 1]);
  });

  it('is asked for on Tencent only, in JavaScript it is refused with unsupported', async () => {
    const { device } = await begin();
    expectTypeOf(device.remoteConfig).not.toHaveProperty('get');
    // @ts-expect-error: Huawei gives a configuration by itself
    await expect(device.remoteConfig.get()).rejects.toMatchObject({ code: 'unsupported' });
  });
});

describe('the configuration of a Tencent product', () => {
  async function onTencent(handler: RemoteConfigHandler) {
    const server = await ScriptedServer.listen(new FakeClock());
    open.push(server);
    const device = tencentDevice(server);
    open.push({ [Symbol.asyncDispose]: async () => void (await device.close()) });
    const log = listenTo(device);
    device.remoteConfig.onUpdate(handler);
    await device.connect();
    const topicOf = (): string | undefined => server.last.subscribed.find((filter) => filter.startsWith('$config/'));
    await until(() => topicOf() !== undefined, 'the subscription');
    const topic = topicOf() ?? '';
    return { log, push: (content: unknown, result = 0): void => server.last.send(topic, { type: 'push', result, payload: content }) };
  }

  it('is handed over in the same form, and asks for no answer', async () => {
    const seen: unknown[] = [];
    const { push, log } = await onTencent(({ device, content }) => void seen.push([device, content]));
    push({ interval: 9 });
    push(null);
    await until(() => seen.length === 2, 'both');
    expect([seen, log.problems]).toEqual([[['ABCDE12345/dev1', { interval: 9 }], ['ABCDE12345/dev1', null]], []]);
  });

  it.each<[string, RemoteConfigHandler, string]>([
    ['throws', () => Promise.reject(new Error('no disk')), 'no disk'],
    ['refuses it', () => ({ code: 3, text: 'too short' }), '3: too short'],
    ['answers nonsense', () => ({ code: 'x' }) as never, 'what is no answer'],
  ])('is a problem, told once, when the handler %s', async (_, handler, words) => {
    const { push, log } = await onTencent(handler);
    push({});
    push({}, 1001);
    await until(() => log.problems.some(({ code }) => code === 'refused'), 'the end');
    await turns(5);
    expect(log.problems.filter(({ code }) => code !== 'refused')).toMatchObject([{ code: 'handler-failed', message: expect.stringContaining(words) }]);
    expect(log.problems.filter(({ code }) => code === 'refused')).toMatchObject([{ place: { number: 1001 } }]);
  });
});

describe('information at every connect', () => {
  it('is told now and after each reconnect, until it is taken back', async () => {
    const { device, server, answers, clock, log } = await begin();
    let version = 1;
    const undo = device.info.reportAtConnect(() => ({ firmware: `v${version++}` }));
    const reconnect = async (): Promise<void> => {
      const [gone, back] = [new Promise<void>((resolve) => device.once('offline', () => resolve())), new Promise<void>((resolve) => device.once('online', resolve))];
      await until(() => device.pending.count === 0, 'what was sent');
      server.last.reset();
      await gone;
      clock.advance(log.offline.at(-1)?.nextAttemptMs ?? 0);
      await back;
      await until(() => device.pending.count === 0, 'what was sent');
    };
    await reconnect();
    undo();
    await reconnect();
    expect(answers()).toMatchObject([{ service_id: '$sdk_info', paras: { device_sdk_version: expect.stringMatching(/^Lianyun_v/), fw_version: 'v1' } }, { paras: { fw_version: 'v2' } }]);
  });

  it('that cannot be told is a problem', async () => {
    const { device, log } = await begin();
    device.info.reportAtConnect(() => {
      throw new Error('no version');
    });
    await turns(1);
    expect(log.problems).toMatchObject([{ code: 'handler-failed', message: expect.stringContaining('no version') }]);
  });
});
