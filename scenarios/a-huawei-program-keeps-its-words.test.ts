import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CommandRsp,
  DeviceBaseInfo,
  DeviceEvent,
  DeviceMessage,
  IotDevice,
  IotResult,
  OTAPackageInfo,
  ServiceProperty,
  ShadowData,
  UrlInfo,
} from 'lianyun/huawei';
import { SEED } from './support/clouds.ts';
import { authOf, told } from './support/huawei-program.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const [LAMP] = SEED.huawei.devices;

let rig: Rig;
let device: IotDevice;

const make = (auth: object = {}, mqtt: object = {}): IotDevice =>
  new IotDevice({ connectAuthInfo: { ...authOf(rig), ...auth }, mqttConnectConf: mqtt });

beforeEach(async () => {
  rig = await Rig.open();
  device = make();
});

afterEach(async () => {
  await device.destroy();
  await rig[Symbol.asyncDispose]();
});

describe('A program in the words of Huawei’s own SDK', () => {
  it('hears from connect() how it went: 0, 4 for a wrong secret, -1 without a network', async () => {
    expect(await device.connect()).toBe(0);
    const impostor = make({ secret: 'not-its-secret' });
    expect(await impostor.connect()).toBe(4);
    await impostor.destroy();
    const nowhere = make({ port: 1 });
    expect(await nowhere.connect()).toBe(-1);
    await nowhere.destroy();
  });

  it('reports properties, events, messages and information, and each listener hears once', async () => {
    await device.connect();
    const client = device.getClient();
    const [reported, happened, sent, informed] = [told(), told(), told(), told()];
    const events = once(rig.platform, 'event');
    const messages = once(rig.platform, 'message');
    client.reportProperties([new ServiceProperty({ serviceId: 'light', properties: { level: 7 }, eventTime: '2026-11-22T01:02:03.004Z' })], reported.listener);
    client.reportEvent(new DeviceEvent({ serviceId: 'light', eventType: 'burnt', paras: { hours: 5 }, eventId: 'e1' }), happened.listener);
    client.reportDeviceMessage(new DeviceMessage({ content: 'hello', name: 'n', id: '7' }), sent.listener);
    client.reportDeviceInfo(new DeviceBaseInfo({ fwVersion: '1.2', swVersion: '3.4' }), informed.listener);
    for (const { outcome } of [reported, happened, sent, informed]) expect(await outcome).toMatch(/success/);
    expect(await events).toMatchObject([{ device: LAMP.device_id, event: { service: 'light', name: 'burnt', id: 'e1', params: { hours: 5 } } }]);
    expect(await messages).toMatchObject([{ device: LAMP.device_id, message: { content: 'hello', name: 'n', messageId: '7' } }]);
    expect(await rig.huawei('GET', `/devices/${LAMP.device_id}/shadow`)).toMatchObject({ body: { shadow: [{ service_id: 'light', reported: { properties: { level: 7 }, event_time: '20261122T010203Z' } }] } });
    expect(await rig.huawei('GET', `/devices/${LAMP.device_id}`)).toMatchObject({ body: { fw_version: '1.2', sw_version: '3.4' } });
  });

  it('answers commands, sets and gets, at once or later', async () => {
    const client = device.getClient();
    client.setCommandListener({
      onCommand: async (requestId, serviceId, commandName, paras) => {
        await Promise.resolve();
        client.respondCommand(requestId, new CommandRsp({ responseName: 'done', paras: { serviceId, commandName, ...paras } }));
      },
    });
    client.setPropertiesListener({
      onPropertySet: (requestId, services) => client.respondPropertiesSet(requestId, services[0]?.properties['level'] === 3 ? IotResult.SUCCESS : IotResult.FAIL),
      onPropertyGet: (requestId, serviceId) => client.respondPropertiesGet(requestId, [new ServiceProperty({ serviceId, properties: { level: 9 } })]),
    });
    await device.connect();
    expect(await rig.huawei('POST', `/devices/${LAMP.device_id}/commands`, { service_id: 'light', command_name: 'blink', paras: { times: 2 } })).toMatchObject({
      status: 200,
      body: { response: { result_code: 0, response_name: 'done', paras: { serviceId: 'light', commandName: 'blink', times: 2 } } },
    });
    const set = (level: number) => rig.huawei('PUT', `/devices/${LAMP.device_id}/properties`, { services: [{ service_id: 'light', properties: { level } }] });
    expect(await set(3)).toMatchObject({ body: { response: { result_code: 0, result_desc: 'Success' } } });
    expect(await set(4)).toMatchObject({ body: { response: { result_code: 1, result_desc: 'Fail' } } });
    expect(await rig.huawei('GET', `/devices/${LAMP.device_id}/properties?service_id=light`)).toMatchObject({ body: { response: { services: [{ service_id: 'light', properties: { level: 9 } }] } } });
  });

  it('fails a request whose listener throws or is missing, and tells it as a problem', async () => {
    await device.connect();
    const problems = new Log<Error>();
    device.device.on('problem', problems.add);
    const command = () => rig.huawei('POST', `/devices/${LAMP.device_id}/commands`, { service_id: 'light', command_name: 'blink', paras: { times: 2 } });
    expect(await command()).toMatchObject({ body: { response: { result_code: -1, paras: { error: 'this device has no command listener' } } } });
    device.getClient().setCommandListener({ onCommand: () => Promise.reject(new Error('no power')) });
    expect(await command()).toMatchObject({ body: { response: { result_code: -1, paras: { error: 'no power' } } } });
    expect(problems.all).toMatchObject([{ code: 'handler-failed', message: expect.stringContaining('no power') as string }]);
  });

  it('gets messages in both forms, the shadow, the time and a URL for a file', async () => {
    const client = device.getClient();
    const seen = new Log<unknown>();
    client.setDeviceMsgListener({ onDeviceMessage: (message) => seen.add(message) });
    client.setRawDeviceMsgListener({ onRawDeviceMessage: (message) => seen.add(message.toUtf8String()) });
    client.setDeviceShadowListener({ onShadowGet: (requestId, objectDeviceId, shadow) => seen.add([requestId, objectDeviceId, shadow]) });
    device.getTimeSyncService().setListener({ onTimeSyncResponse: (...times) => seen.add(times) });
    device.getFileManagerService().setListener({ onUploadUrl: (info) => seen.add(info), onDownloadUrl: () => undefined });
    await device.connect();
    await rig.huawei('POST', `/devices/${LAMP.device_id}/messages`, { message: 'hi', name: 'n', message_id: '3' });
    expect(await seen.first((each) => each instanceof DeviceMessage)).toEqual(new DeviceMessage({ objectDeviceId: LAMP.device_id, content: 'hi', name: 'n', id: '3' }));
    await rig.huawei('POST', `/devices/${LAMP.device_id}/messages`, { message: 'raw', payload_format: 'raw' });
    await seen.first((each) => each === 'raw');
    client.getDeviceShadow('r1');
    expect(await seen.first((each) => Array.isArray(each) && each[0] === 'r1')).toEqual(['r1', LAMP.device_id, []]);
    device.getTimeSyncService().requestTimeSync();
    const [sent, received, answered] = (await seen.first((each) => Array.isArray(each) && typeof each[0] === 'number')) as number[];
    expect([sent, received, answered].every((each) => Math.abs((each ?? 0) - Date.now()) < 60_000)).toBe(true);
    device.getFileManagerService().getUploadFileUrl('a.txt', { hash_code: 'ab', size: 2 });
    expect(await seen.first((each) => each instanceof UrlInfo)).toMatchObject({ url: expect.stringMatching(/^http/) as string, objectName: expect.any(String) as string });
    expect(ShadowData.length + OTAPackageInfo.length).toBe(2);
  });

  it('names what is wrong with its configuration', () => {
    const cases: readonly [object, object, string][] = [
      [{ id: '' }, {}, 'ConnectAuthInfo.id'],
      [{ serverUri: undefined }, {}, 'ConnectAuthInfo.serverUri'],
      [{ secret: undefined }, {}, 'ConnectAuthInfo.secret is missing'],
      [{ protocol: 'HTTP' }, {}, 'ConnectAuthInfo.protocol is "HTTP"'],
      [{ authType: 1 }, {}, 'ConnectAuthInfo.certPath'],
      [{ port: '1883' }, {}, 'ConnectAuthInfo.port'],
      [{}, { keepAliveTime: 29 }, 'MqttConnectConf.keepAliveTime is 29'],
      [{}, { keepAliveTime: 1201 }, 'MqttConnectConf.keepAliveTime is 1201'],
      [{}, { qos: 2 }, 'MqttConnectConf.qos'],
      [{}, { timeout: 0 }, 'MqttConnectConf.timeout'],
    ];
    for (const [auth, mqtt, message] of cases) expect(() => make(auth, mqtt)).toThrow(message);
  });
});
