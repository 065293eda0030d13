import { FakeClock } from '@lianyun/protocol/testing';
import type { Device, tencent } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { SEED, TENCENT } from './support/clouds.ts';
import { happens, Rig } from './support/rig.ts';

const [{ ProductId, DeviceName }] = SEED.tencent.devices;
const TARGET = { ProductId, DeviceName };
const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64');
const refused = (code: string) => ({ status: 200, body: { Error: { Code: code, Message: expect.any(String) }, RequestId: expect.any(String) } });
const lamp = (rig: Rig): Device<typeof tencent> => rig.device(TENCENT, 1) as Device<typeof tencent>;

describe('A Tencent device that answers calls', () => {
  it('is called in the form of IoT Hub, many times at once, each with its own answer', async () => {
    await using rig = await Rig.open();
    const device = lamp(rig);
    device.rpc.onCall(async ({ text }) => {
      await Promise.resolve();
      return `${text}!`;
    });
    await device.connect();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => rig.tencent('PublishRRPCMessage', { ...TARGET, Payload: `call ${index}` })));
    expect(answers.map(({ body }) => (body as { PayloadBase64: string }).PayloadBase64)).toEqual(Array.from({ length: 20 }, (_, index) => base64(`call ${index}!`)));
    expect(new Set(answers.map(({ body }) => (body as { MessageId: number }).MessageId)).size).toBe(20);
  });

  it('is called in the form of IoT Explorer, with any bytes', async () => {
    await using rig = await Rig.open();
    const device = lamp(rig);
    device.rpc.onCall(({ bytes }) => Uint8Array.from(bytes).reverse());
    await device.connect();
    expect(await rig.tencent('CallDeviceRRPCSync', { ...TARGET, Payload: base64(Uint8Array.from([0, 1, 255])), Encoding: 'base64' })).toEqual({
      status: 200,
      body: { ClientToken: expect.stringMatching(/^v2.*::/), Status: 'Replied', MessageId: expect.any(String), PayloadBase64: base64(Uint8Array.from([255, 1, 0])), ReplyTopic: expect.stringMatching(/^\$iotrrpc\/up\/LAMP000001\/lamp1\/\d+$/), RequestId: expect.any(String) },
    });
  });

  it('is called over topics of its product, with a token that its answer repeats', async () => {
    await using rig = await Rig.open();
    const device = lamp(rig);
    device.topics.subscribe(`${ProductId}/${DeviceName}/control`, ({ payload }) => {
      const { clientToken, ask } = JSON.parse(payload.toString()) as { readonly clientToken: string; readonly ask: string };
      for (const token of ['another', clientToken]) device.topics.publish(`${ProductId}/${DeviceName}/data`, JSON.stringify({ method: 'rrpc_sync_reply', clientToken: token, payload: base64(`${ask} ${token === clientToken}`) }));
    });
    await device.connect();
    const call = { ...TARGET, Payload: '{"ask":"time"}', Topic: `${ProductId}/${DeviceName}/control`, ReplyTopic: `${ProductId}/${DeviceName}/data` };
    expect(await rig.tencent('CallDeviceRRPCSync', call)).toMatchObject({ body: { Status: 'Replied', PayloadBase64: base64('time true'), ReplyTopic: call.ReplyTopic } });
    expect(await rig.tencent('CallDeviceRRPCSync', { ...call, ReplyTopic: 'elsewhere' })).toEqual(refused('InvalidParameterValue'));
    expect(await rig.tencent('CallDeviceRRPCSync', { ...call, Topic: `${ProductId}/lamp2/control` })).toEqual(refused('InvalidParameterValue'));
  });

  it('is called over topics of its product with the payload as it was given, whatever its numbers and names', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(TENCENT, 1);
    await client.subscribeAsync(`${ProductId}/${DeviceName}/control`);
    const arrives = happens(client, 'message');
    const call = rig.tencent('CallDeviceRRPCSync', { ...TARGET, Payload: '{"total":9007199254740993,"__proto__":{"a":-12345678901234567890}}', Topic: `${ProductId}/${DeviceName}/control`, ReplyTopic: `${ProductId}/${DeviceName}/data` });
    const [, payload] = await arrives;
    const [, clientToken = ''] = /^\{"total":9007199254740993,"__proto__":\{"a":-12345678901234567890\},"clientToken":"([^"]+)"\}$/.exec(String(payload)) ?? [];
    await client.publishAsync(`${ProductId}/${DeviceName}/data`, JSON.stringify({ method: 'rrpc_sync_reply', clientToken, payload: base64('ok') }));
    expect(await call).toMatchObject({ body: { Status: 'Replied', PayloadBase64: base64('ok') } });
  });

  it('has a handler that fails: a problem of the device, and silence for the cloud', async () => {
    const clock = new FakeClock({ now: Date.now() });
    await using rig = await Rig.open({ clock });
    const device = lamp(rig);
    const undo = device.rpc.onCall(() => Promise.reject(new Error('no bulb')));
    expect(() => device.rpc.onCall(() => '')).toThrow(expect.objectContaining({ code: 'duplicate-handler' }));
    await device.connect();
    const call = rig.tencent('PublishRRPCMessage', { ...TARGET, Payload: 'x' });
    expect(await rig.told(device).problems.first(({ code }) => code === 'handler-failed')).toMatchObject({ message: expect.stringContaining('no bulb') });
    clock.advance(4000);
    expect(await call).toEqual(refused('FailedOperation.RRPCTimeout'));
    undo();
    device.rpc.onCall(() => 42 as never);
    const next = rig.tencent('CallDeviceRRPCSync', { ...TARGET, Payload: 'x' });
    await rig.told(device).problems.first(({ message }) => message.includes('gave number'));
    clock.advance(5000);
    expect(await next).toMatchObject({ body: { Status: 'Timeout', PayloadBase64: '' } });
  });
});

describe('A call of a Tencent device', () => {
  it('that is offline, disabled, unknown or does not listen fails in the words of the cloud', async () => {
    await using rig = await Rig.open();
    for (const action of ['PublishRRPCMessage', 'CallDeviceRRPCSync']) {
      expect(await rig.tencent(action, { ...TARGET, Payload: 'x' })).toEqual(refused('FailedOperation.DeviceOffline'));
      expect(await rig.tencent(action, { ...TARGET, DeviceName: 'nobody', Payload: 'x' })).toEqual(refused('ResourceNotFound.DeviceNotExist'));
      expect(await rig.tencent(action, { ...TARGET, Payload: 'x'.repeat(65_537) })).toEqual(refused('InvalidParameterValue.PayloadOverLimit'));
    }
    await rig.online(TENCENT, 1);
    expect(await rig.tencent('PublishRRPCMessage', { ...TARGET, Payload: 'x' })).toEqual(refused('FailedOperation.DeviceNoSubscription'));
    expect(await rig.tencent('CallDeviceRRPCSync', { ...TARGET, Payload: 'x', Encoding: 'hex' })).toEqual(refused('InvalidParameterValue'));
    rig.platform.registry.updateDevice('tencent', 'LAMP000001/lamp1', { enabled: false });
    expect(await rig.tencent('PublishRRPCMessage', { ...TARGET, Payload: 'x' })).toEqual(refused('UnauthorizedOperation.DeviceIsNotEnabled'));
  });

  it('is understood by a foreign client: the number in the topic is that of the answer', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(TENCENT, 1);
    await client.subscribeAsync(`$rrpc/rxd/${ProductId}/${DeviceName}/+`);
    const arrives = happens(client, 'message');
    const call = rig.tencent('PublishRRPCMessage', { ...TARGET, Payload: '{"cmd":"x"}' });
    const [topic, payload] = await arrives;
    expect(String(payload)).toBe('{"cmd":"x"}');
    const id = String(topic).split('/').at(-1) ?? '';
    await client.publishAsync(`$rrpc/txd/${ProductId}/${DeviceName}/${id}`, '"ok"');
    expect(await call).toMatchObject({ body: { MessageId: Number(id), PayloadBase64: base64('"ok"') } });
  });
});
