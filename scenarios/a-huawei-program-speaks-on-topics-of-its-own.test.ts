// Messages and topics without a model, information and the connection, in the words of Huawei's own SDK.
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeviceMessage, IotDevice, RawMessage, type ConnectAuthInfo } from 'lianyun/huawei';
import { SEED } from './support/clouds.ts';
import { authOf, judged } from './support/huawei-program.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const [LAMP, OTHER] = SEED.huawei.devices;

let rig: Rig;
const devices: IotDevice[] = [];

function make(lamp: { readonly device_id: string; readonly secret: string } = LAMP, auth: Partial<ConnectAuthInfo> = {}, mqtt: object = {}): IotDevice {
  const device = new IotDevice({ connectAuthInfo: { ...authOf(rig, lamp), ...auth }, mqttConnectConf: mqtt });
  devices.push(device);
  return device;
}

beforeEach(async () => {
  rig = await Rig.open();
});

afterEach(async () => {
  await Promise.all(devices.splice(0).map((device) => device.destroy()));
  await rig[Symbol.asyncDispose]();
});

describe('A program in the words of Huawei’s own SDK', () => {
  it('publishes text and bytes to topics of its own, which another device hears, by a wildcard too, until it takes that back', async () => {
    const [sender, hearer] = [make(), make(OTHER)];
    await Promise.all([sender.connect(), hearer.connect()]);
    const heard = new Log<string>();
    const note = (by: string) => ({ topic, payload }: RawMessage) => heard.add(`${by} ${topic} ${Buffer.from(payload).toString('hex')}`);
    const client = hearer.getClient();
    const undo = client.subscribeTopic('lamps/+/state', 1, { onMessageReceived: note('+') });
    client.subscribeTopic('lamps/one/#', 0, note('#'));
    const publish = async (message: RawMessage): Promise<string> => {
      const { listener, outcome } = judged();
      sender.getClient().publishRawMessage(message, listener);
      return outcome;
    };
    const marker = async (text: string): Promise<void> => {
      while (!heard.all.some((each) => each.endsWith(Buffer.from(text).toString('hex')))) expect(await publish(new RawMessage('lamps/one/marker', text))).toBe('success');
    };
    await marker('ready');
    expect(await publish(new RawMessage('lamps/one/state', Buffer.from([0, 1, 255])))).toBe('success');
    await marker('first');
    expect(heard.all.filter((each) => each.endsWith('0001ff')).sort()).toEqual(['# lamps/one/state 0001ff', '+ lamps/one/state 0001ff']);
    undo();
    expect(await publish(new RawMessage('lamps/one/state', 'ab', 0))).toBe('success');
    await marker('second');
    expect(heard.all.filter((each) => each.endsWith(' 6162'))).toEqual(['# lamps/one/state 6162']);
    expect(await publish(new RawMessage('$oc/devices/somebody/user/x', 'not mine'))).toBe('not-permitted');
  });

  it('sends a message as text, as JSON and as any bytes, and gets any', async () => {
    const device = make();
    await device.connect();
    const client = device.getClient();
    const sent: unknown[] = [];
    rig.platform.on('message', ({ message }) => sent.push(message));
    const outcomes = [judged(), judged(), judged()];
    client.reportDeviceMessage('hello', outcomes[0]?.listener);
    client.reportDeviceMessage(new DeviceMessage({ name: 'n', id: '1', content: { 温度: [1, null] } }), outcomes[1]?.listener);
    client.publishRawMessage(new RawMessage(`$oc/devices/${LAMP.device_id}/sys/messages/up`, Buffer.from([1, 2, 255])), outcomes[2]?.listener);
    expect(await Promise.all(outcomes.map(({ outcome }) => outcome))).toEqual(['success', 'success', 'success']);
    expect(sent).toMatchObject([{ content: 'hello' }, { name: 'n', messageId: '1', content: { 温度: [1, null] } }, { bytes: new Uint8Array([1, 2, 255]) }]);

    const got = new Log<Buffer>();
    const texts = new Log<DeviceMessage>();
    client.setRawDeviceMsgListener({ onRawDeviceMessage: ({ payload }) => got.add(payload) });
    client.setDeviceMsgListener({ onDeviceMessage: texts.add });
    for (const message of ['AP8=', Buffer.from('[1,2]').toString('base64'), Buffer.from('{"content":"c","name":"n"}').toString('base64')]) {
      expect(await rig.huawei('POST', `/devices/${LAMP.device_id}/messages`, { message, encoding: 'base64', payload_format: 'raw' })).toMatchObject({ status: 201 });
    }
    expect((await got.take(3)).map((each) => each.toString('latin1'))).toEqual(['\u0000\u00FF', '[1,2]', '{"content":"c","name":"n"}']);
    expect(texts.all).toEqual([new DeviceMessage({ objectDeviceId: LAMP.device_id, content: 'c', name: 'n' })]);
  });

  it('gets messages that waited for it', async () => {
    await rig.huawei('POST', `/devices/${LAMP.device_id}/messages`, { message: 'one' });
    await rig.huawei('POST', `/devices/${LAMP.device_id}/messages`, { message: 'two' });
    const device = make();
    const texts = new Log<unknown>();
    device.getClient().setDeviceMsgListener({ onDeviceMessage: ({ content }) => texts.add(content) });
    await device.connect();
    expect(await texts.take(2)).toEqual(['one', 'two']);
  });

  it('is subscribed again, and its listeners hear again, after a loss', async () => {
    const device = make();
    const connected = new Log<boolean>();
    const lost = new Log<string>();
    const undo = device.addConnectListener({ connectComplete: (again) => connected.add(again), connectionLost: lost.add });
    const heard = new Log<string>();
    await device.connect();
    device.getClient().subscribeTopic(`$oc/devices/${LAMP.device_id}/user/#`, 1, ({ topic, payload }) => heard.add(`${topic.split('/').at(-1) ?? ''} ${payload.toString()}`));
    const send = (topic: string) => rig.huawei('POST', `/devices/${LAMP.device_id}/messages`, { message: 'hi', topic, payload_format: 'raw' });
    while ((await send('first')).status !== 201);
    await heard.first((each) => each === 'first hi');
    rig.platform.access.kick('huawei', LAMP.device_id, 'for the test');
    await connected.first((again) => again);
    while ((await send('second')).status !== 201);
    await heard.first((each) => each === 'second hi');
    undo();
    await device.destroy();
    expect([connected.all, lost.all.length]).toEqual([[false, true], 1]);
  });

  it('tells the SDK’s name and version by itself where it is asked for', async () => {
    const device = make(LAMP, { autoReportDeviceInfo: true });
    const informed = new Promise<void>((resolve) => rig.platform.on('frame', ({ messages }) => messages.some(({ op }) => op === 'info.report') && resolve()));
    await device.connect();
    await informed;
    expect(await rig.huawei('GET', `/devices/${LAMP.device_id}`)).toMatchObject({ body: { device_sdk_version: expect.stringMatching(/^Lianyun_v/) as string } });
    const silent = make(OTHER);
    await silent.connect();
    expect(await rig.huawei('GET', `/devices/${OTHER.device_id}`)).not.toMatchObject({ body: { device_sdk_version: expect.stringContaining('Lianyun') as string } });
  });

  it('publishes at the QoS that it was made with', async () => {
    const device = make(LAMP, {}, { qos: 0 });
    await device.connect();
    const qos = once(rig.platform, 'message');
    const { listener, outcome } = judged();
    device.getClient().reportDeviceMessage('at most once', listener);
    expect(await outcome).toBe('success');
    expect(await qos).toMatchObject([{ message: { content: 'at most once' } }]);
  });

  it('is sent nothing on a topic that it has not subscribed', async () => {
    const device = make();
    await device.connect();
    expect(await rig.huawei('POST', `/devices/${LAMP.device_id}/messages`, { message: 'hi', topic: 'news', payload_format: 'raw' })).toMatchObject({ status: 400, body: { error_code: 'IOTDA.014112' } });
  });
});
