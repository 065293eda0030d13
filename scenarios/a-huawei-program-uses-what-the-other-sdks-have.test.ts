// What Huawei's Java and C SDKs do for a device beyond the Python one, in the words of the face.
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AbstractGateway, ConnectAuthInfo, DeviceMessage, DeviceProperty, IotDevice, IotResult, ServiceProperty } from 'lianyun/huawei';
import { SEED } from './support/clouds.ts';
import { authOf, judged } from './support/huawei-program.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const [LAMP] = SEED.huawei.devices;

let rig: Rig;
const devices: IotDevice[] = [];

function make(more: Partial<ConnectAuthInfo> = {}): IotDevice {
  const device = new IotDevice({ connectAuthInfo: { ...authOf(rig), ...more } });
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

describe('A program in the words of Huawei’s own SDKs', () => {
  it.each([
    ['with HMAC-SM3', ConnectAuthInfo.CHECK_STAMP_SM3],
    ['with HMAC-SHA256', ConnectAuthInfo.CHECK_STAMP_SHA256],
    ['with HMAC-SHA256, whatever the hour', ConnectAuthInfo.CHECK_STAMP_OFF],
  ] as const)('signs %s', async (_, checkStampMethod) => {
    expect(await make({ checkStampMethod }).connect()).toBe(0);
    expect(await make({ checkStampMethod, secret: 'another' }).connect()).toBe(4);
    expect(() => make({ checkStampMethod: 3 as never })).toThrow('ConnectAuthInfo.checkStampMethod is 3');
  });

  it('packs properties and messages that it reports', async () => {
    const topics: string[] = [];
    rig.platform.on('frame', ({ direction, topic }) => void (direction === 'up' ? topics.push(topic) : undefined));
    const device = make();
    await device.connect();
    const client = device.getClient();
    const [reported, sent] = [judged(), judged()];
    const messages = once(rig.platform, 'message');
    client.reportCompressedProperties([new ServiceProperty({ serviceId: 'light', properties: { level: 11, label: '灯'.repeat(20) } })], reported.listener);
    client.reportCompressedDeviceMessage(new DeviceMessage({ name: 'n', content: 'x'.repeat(5000) }), sent.listener);
    expect([await reported.outcome, await sent.outcome]).toEqual(['success', 'success']);
    expect(await rig.huawei('GET', `/devices/${LAMP.device_id}/shadow`)).toMatchObject({ body: { shadow: [{ reported: { properties: { level: 11, label: '灯'.repeat(20) } } }] } });
    expect(await messages).toMatchObject([{ message: { name: 'n', content: 'x'.repeat(5000) } }]);
    expect(topics.slice(-2)).toEqual([`$oc/devices/${LAMP.device_id}/sys/properties/report?encoding=gzip`, `$oc/devices/${LAMP.device_id}/sys/messages/up?encoding=gzip`]);
    // What was not asked for is not packed.
    const plain = judged();
    client.reportProperties([new ServiceProperty({ serviceId: 'light', properties: { level: 12 } })], plain.listener);
    await plain.outcome;
    expect(topics.at(-1)).toBe(`$oc/devices/${LAMP.device_id}/sys/properties/report`);
  });

  it('packs what its sub-devices report', async () => {
    class Hub extends AbstractGateway {}
    const hub = new Hub({ getSubDevice: () => undefined, addSubDevices: () => 0, deleteSubDevices: () => 0, getVersion: () => 0 }, { connectAuthInfo: authOf(rig) });
    devices.push(hub);
    expect(await rig.huawei('POST', '/devices', { node_id: 'sub', product_id: 'lamp', gateway_id: LAMP.device_id })).toMatchObject({ status: 201 });
    await hub.connect();
    const topics: string[] = [];
    rig.platform.on('frame', ({ direction, topic }) => void (direction === 'up' ? topics.push(topic) : undefined));
    const reported = judged();
    hub.reportCompressedSubDeviceProperties([new DeviceProperty({ deviceId: 'lamp_sub', services: [new ServiceProperty({ serviceId: 'light', properties: { level: 3 } })] })], reported.listener);
    expect(await reported.outcome).toBe('success');
    expect(await rig.huawei('GET', '/devices/lamp_sub/shadow')).toMatchObject({ body: { shadow: [{ reported: { properties: { level: 3 } } }] } });
    expect(topics.filter((topic) => !topic.endsWith('/events/up'))).toEqual([`$oc/devices/${LAMP.device_id}/sys/gateway/sub_devices/properties/report?encoding=gzip`]);
  });

  it('takes a configuration, and what its listener gives is the answer', async () => {
    const { configurations } = rig.platform.huawei;
    const device = make();
    const seen: unknown[] = [];
    const client = device.getClient();
    client.setDeviceConfigListener({
      onDeviceConfig: async (config) => {
        await Promise.resolve();
        seen.push(config);
        if (config === 'nonsense') throw new Error('what is that?');
        return config === 'no' ? new IotResult({ resultCode: 3, resultDesc: 'not now' }) : undefined;
      },
    });
    const problems = new Log<Error>();
    device.device.on('problem', problems.add);
    configurations.update(LAMP.device_id, { interval: 60 });
    await device.connect();
    const settled = async (status: string): Promise<unknown> => {
      while (configurations.get(LAMP.device_id)?.status !== status) await new Promise((resolve) => void setImmediate(resolve));
      return configurations.get(LAMP.device_id);
    };
    await settled('taken');
    configurations.update(LAMP.device_id, 'no');
    expect(await settled('refused')).toMatchObject({ code: 3, text: 'not now' });
    configurations.update(LAMP.device_id, 'nonsense');
    expect(await settled('refused')).toMatchObject({ code: -1, text: 'what is that?' });
    expect(seen).toEqual([{ interval: 60 }, 'no', 'nonsense']);
    expect(problems.all).toMatchObject([{ code: 'handler-failed', message: expect.stringContaining('what is that?') as string }]);
    // Another listener takes the place of the first; without one nothing is answered.
    client.setDeviceConfigListener({ onDeviceConfig: () => undefined });
    configurations.update(LAMP.device_id, 'more');
    await settled('taken');
    client.setDeviceConfigListener(null);
    configurations.update(LAMP.device_id, 'last');
    await problems.first(({ message }) => message.includes('config.update'));
    expect(configurations.get(LAMP.device_id)?.status).toBe('pending');
  });

  it('sends its log while the platform wants it', async () => {
    const device = make();
    const lines = new Log<string>();
    rig.platform.on('log', ({ type, content, at }) => lines.add(`${type} ${content} ${at}`));
    await device.connect();
    await lines.first((line) => line.startsWith('DEVICE_STATUS connect complete'));
    const logs = device.getDeviceLogService();
    const report = async (timestamp: string | number): Promise<string> => {
      const { listener, outcome } = judged();
      logs.reportDeviceLog(timestamp, 'DEVICE_PROPERTY', 'level is 7', listener);
      return outcome;
    };
    expect([logs.canReportLog(), await report('1744594200123'), await report(1_744_594_200_124), await report('')]).toEqual([true, 'success', 'success', 'bad-input']);
    expect(lines.all.slice(1)).toEqual(['DEVICE_PROPERTY level is 7 1744594200123', 'DEVICE_PROPERTY level is 7 1744594200124']);
    const arrives = async (): Promise<void> => {
      const before = new Promise<void>((resolve) => device.getClient().setDeviceMsgListener({ onDeviceMessage: () => resolve() }));
      await rig.huawei('POST', `/devices/${LAMP.device_id}/messages`, { message: 'behind it' });
      await before;
    };
    rig.platform.logs.configure('huawei', LAMP.device_id, { on: false });
    await arrives();
    expect([logs.canReportLog(), await report(1)]).toEqual([false, 'switched-off']);
    const until = Date.UTC(2100, 0, 1);
    rig.platform.logs.configure('huawei', LAMP.device_id, { on: true, until });
    await arrives();
    expect([logs.canReportLog(), logs.endTime, await report(2)]).toEqual([true, '2100-01-01T00:00:00.000Z', 'success']);
  });
});
