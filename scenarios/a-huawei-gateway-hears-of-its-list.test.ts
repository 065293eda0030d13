// Sub-devices that come and go, by the gateway's wish and by the application's, in the words of Huawei's own SDK.
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AbstractGateway, AddedSubDeviceInfo, DeviceEvent, DeviceInfo, ServiceProperty, SubDevicesPersistence, type SubDevicesInfo } from 'lianyun/huawei';
import { SEED } from './support/clouds.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const [LAMP] = SEED.huawei.devices;

/** The list of a gateway, which outlives the program. */
class List extends SubDevicesPersistence {
  readonly nodes = new Map<string, DeviceInfo>();
  version = 0;

  getSubDevice(nodeId: string): DeviceInfo | undefined {
    return this.nodes.get(nodeId);
  }

  addSubDevices({ devices, version }: SubDevicesInfo): number {
    for (const device of devices) this.nodes.set(device.nodeId ?? '', device);
    this.version = version ?? this.version;
    return 0;
  }

  deleteSubDevices({ devices, version }: SubDevicesInfo): number {
    for (const { deviceId } of devices) for (const [node, info] of this.nodes) if (info.deviceId === deviceId) this.nodes.delete(node);
    this.version = version ?? this.version;
    return 0;
  }

  getVersion(): number {
    return this.version;
  }
}

class Gateway extends AbstractGateway {
  readonly changes = new Log<string>();

  override onAddSubDevices(info: SubDevicesInfo): void {
    void super.onAddSubDevices(info);
    this.changes.add(`added ${info.devices.map(({ deviceId }) => deviceId).join(' ')}`);
  }

  override onDeleteSubDevices(info: SubDevicesInfo): void {
    void super.onDeleteSubDevices(info);
    this.changes.add(`deleted ${info.devices.map(({ deviceId }) => deviceId).join(' ')}`);
  }
}

let rig: Rig;
let list: List;
const gateways: Gateway[] = [];

async function start(): Promise<Gateway> {
  const gateway = new Gateway(list, { connectAuthInfo: { id: LAMP.device_id, secret: LAMP.secret, serverUri: '127.0.0.1', port: rig.mqttPort } });
  gateways.push(gateway);
  expect(await gateway.connect()).toBe(0);
  return gateway;
}

const create = (node: string) => rig.huawei('POST', '/devices', { node_id: node, product_id: 'lamp', device_name: `the ${node}`, gateway_id: LAMP.device_id });

beforeEach(async () => {
  rig = await Rig.open();
  list = new List();
});

afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.destroy()));
  await rig[Symbol.asyncDispose]();
});

describe('A gateway in the words of Huawei’s own SDK', () => {
  it('hears of sub-devices that the application adds and deletes', async () => {
    const gateway = await start();
    expect(await create('a')).toMatchObject({ status: 201 });
    await gateway.changes.first((each) => each === 'added lamp_a');
    expect(list.getSubDevice('a')).toMatchObject({ deviceId: 'lamp_a', parentDeviceId: LAMP.device_id, productId: 'lamp', name: 'the a' });
    const { version } = list;
    expect(await rig.huawei('DELETE', '/devices/lamp_a')).toMatchObject({ status: 204 });
    await gateway.changes.first((each) => each === 'deleted lamp_a');
    expect([list.nodes.size, list.version > version]).toEqual([0, true]);
  });

  it('asks after a restart for what it has missed', async () => {
    const first = await start();
    await create('a');
    await create('b');
    await first.changes.first((each) => each.includes('lamp_b'));
    await first.destroy();
    await create('c');
    await rig.huawei('DELETE', '/devices/lamp_a');
    const second = await start();
    second.syncSubDevices();
    await second.changes.first((each) => each.startsWith('added') && each.includes('lamp_c'));
    await second.changes.first((each) => each === 'deleted lamp_a');
    expect([...list.nodes.keys()].sort()).toEqual(['b', 'c']);
  });

  it('is told which sub-devices could not be created, and why', async () => {
    const gateway = await start();
    const answers = new Log<unknown>();
    gateway.setGtwOperateSubDeviceListener({ onAddSubDeviceRsp: answers.add, onDelSubDeviceRsp: () => undefined });
    gateway.gtwAddSubDevice([new AddedSubDeviceInfo({ nodeId: 'x', productId: 'no-such-product' }), new AddedSubDeviceInfo({ nodeId: 'y', productId: 'lamp', deviceId: 'an_id', description: 'd', extensionInfo: { a: 1 } })]);
    expect(await answers.first()).toMatchObject({
      successfulDevices: [{ deviceInfo: { deviceId: 'an_id', nodeId: 'y' } }],
      addSubDeviceFailedReasons: [{ nodeId: 'x', productId: 'no-such-product', errorCode: expect.stringMatching(/^IOTDA\./) as string, errorMsg: expect.stringContaining('no-such-product') as string }],
    });
    expect(await rig.huawei('GET', '/devices/an_id')).toMatchObject({ body: { gateway_id: LAMP.device_id, description: 'd' } });
  });

  it('tells what a search found, and values and events of its sub-devices', async () => {
    await create('a');
    const gateway = await start();
    const found = once(rig.platform, 'event');
    gateway.reportSubDevList([new DeviceInfo({ nodeId: 'n1', name: 'a new one', productId: 'lamp' })]);
    expect(await found).toMatchObject([{ device: LAMP.device_id, event: { service: 'sub_device_discovery', name: 'scan_result', params: { devices: [{ node_id: 'n1', name: 'a new one', product_id: 'lamp' }] } } }]);
    const reported = Promise.withResolvers<string>();
    gateway.reportSubDeviceProperties('lamp_a', [new ServiceProperty({ serviceId: 'light', properties: { level: 6 } })], { onSuccess: reported.resolve, onFailure: (_, error) => reported.reject(error) });
    await reported.promise;
    expect(await rig.huawei('GET', '/devices/lamp_a/shadow')).toMatchObject({ body: { shadow: [{ reported: { properties: { level: 6 } } }] } });
    const burnt = once(rig.platform, 'event');
    gateway.getClient().reportSubEvent('lamp_a', new DeviceEvent({ serviceId: 'light', eventType: 'burnt', paras: { hours: 5 } }));
    expect(await burnt).toMatchObject([{ device: 'lamp_a', event: { service: 'light', name: 'burnt', params: { hours: 5 } } }]);
  });

  it('answers with a failure what it has not overridden, and its own listeners do not hear what is for a sub-device', async () => {
    await create('a');
    const gateway = await start();
    const heard: string[] = [];
    gateway.getClient().setCommandListener({ onCommand: () => void heard.push('command') });
    gateway.getClient().setPropertiesListener({ onPropertySet: () => void heard.push('set'), onPropertyGet: () => void heard.push('get') });
    gateway.reportSubDeviceStatus('lamp_a', 'ONLINE');
    expect(await rig.huawei('POST', '/devices/lamp_a/commands', { service_id: 'light', command_name: 'blink', paras: { times: 1 } })).toMatchObject({ body: { response: { result_code: -1 } } });
    expect(await rig.huawei('PUT', '/devices/lamp_a/properties', { services: [{ service_id: 'light', properties: { level: 1 } }] })).toMatchObject({ body: { response: { result_code: -1 } } });
    expect(await rig.huawei('GET', '/devices/lamp_a/properties?service_id=light')).toMatchObject({ body: { response: { services: [] } } });
    expect(heard).toEqual([]);
  });
});
