import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  AbstractGateway,
  AddedSubDeviceInfo,
  CommandRsp,
  DeviceMessage,
  DeviceProperty,
  DeviceStatus,
  IotResult,
  ServiceProperty,
  type Command,
  type DeviceEvents,
  type DeviceInfo,
  type PropSet,
  type PropsGet,
  type SubDevicesInfo,
} from 'lianyun/huawei';
import { SEED } from './support/clouds.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const [LAMP] = SEED.huawei.devices;
const [PRODUCT] = SEED.huawei.products;
const CHILD = `${PRODUCT.product_id}_child1`;

/** The list of a gateway, in memory. */
class List {
  readonly nodes = new Map<string, DeviceInfo>();
  version = 0;
  readonly changes = new Log<SubDevicesInfo>();

  getSubDevice(nodeId: string): DeviceInfo | undefined {
    return this.nodes.get(nodeId);
  }

  addSubDevices(info: SubDevicesInfo): number {
    for (const device of info.devices) this.nodes.set(device.nodeId ?? '', device);
    this.version = info.version ?? this.version;
    this.changes.add(info);
    return 0;
  }

  deleteSubDevices(info: SubDevicesInfo): number {
    for (const { nodeId } of info.devices) this.nodes.delete(nodeId ?? '');
    this.version = info.version ?? this.version;
    this.changes.add(info);
    return 0;
  }

  getVersion(): number {
    return this.version;
  }
}

class Gateway extends AbstractGateway {
  readonly seen = new Log<unknown>();

  override onSubDevCommand(requestId: string, command: Command): void {
    this.seen.add(command);
    this.getClient().respondCommand(requestId, new CommandRsp({ paras: { for: command.deviceId ?? '' } }));
  }

  override onSubDevPropertiesSet(requestId: string, propSet: PropSet): Promise<void> {
    this.seen.add(propSet);
    if (propSet.services[0]?.properties['level'] === 13) return Promise.reject(new Error('no such level'));
    this.getClient().respondPropertiesSet(requestId, IotResult.SUCCESS);
    return Promise.resolve();
  }

  override onSubDevPropertiesGet(requestId: string, propsGet: PropsGet): void {
    this.getClient().respondPropertiesGet(requestId, [new ServiceProperty({ serviceId: propsGet.serviceId, properties: { level: 4 } })]);
  }

  override onSubDevMessage(message: DeviceMessage): void {
    this.seen.add(message);
  }

  override onSubDevEvent(events: DeviceEvents): void {
    this.seen.add(events);
  }
}

let rig: Rig;
let list: List;
let gateway: Gateway;

beforeEach(async () => {
  rig = await Rig.open();
  list = new List();
  gateway = new Gateway(list, { connectAuthInfo: { id: LAMP.device_id, secret: LAMP.secret, serverUri: '127.0.0.1', port: rig.mqttPort } });
  expect(await gateway.connect()).toBe(0);
});

afterEach(async () => {
  await gateway.destroy();
  await rig[Symbol.asyncDispose]();
});

/** Has the gateway create its sub-device, and waits until its list has it. */
async function addChild(): Promise<unknown[]> {
  const answers = new Log<unknown[]>();
  gateway.setGtwOperateSubDeviceListener({ onAddSubDeviceRsp: (...args) => answers.add(args), onDelSubDeviceRsp: (...args) => answers.add(args) });
  gateway.gtwAddSubDevice([new AddedSubDeviceInfo({ nodeId: 'child1', productId: PRODUCT.product_id, name: 'first' })], 'e-1');
  const answer = await answers.first(() => true);
  await list.changes.first(({ devices }) => devices.length > 0);
  return answer;
}

describe('A gateway in the words of Huawei’s own SDK', () => {
  it('creates sub-devices and deletes them, and its persistence has the list', async () => {
    expect(await addChild()).toMatchObject([{ successfulDevices: [{ deviceInfo: { deviceId: CHILD, nodeId: 'child1', name: 'first' } }], addSubDeviceFailedReasons: [] }, 'e-1']);
    expect(gateway.getSubDeviceByNodeId('child1')).toMatchObject({ deviceId: CHILD });
    expect(gateway.getSubDeviceByDeviceId(CHILD)).toMatchObject({ nodeId: 'child1' });
    expect(gateway.getSubDeviceByDeviceId('nounderscore')).toBeUndefined();
    const answers = new Log<unknown[]>();
    gateway.setGtwOperateSubDeviceListener({ onAddSubDeviceRsp: () => undefined, onDelSubDeviceRsp: (...args) => answers.add(args) });
    gateway.gtwDelSubDevice([CHILD, 'nobody'], 'e-2');
    expect(await answers.first(() => true)).toMatchObject([{ successfulDevices: [CHILD], failedDevices: [{ deviceId: 'nobody', errorCode: expect.stringMatching(/^IOTDA/) as string }] }, 'e-2']);
    await list.changes.first(() => list.nodes.size === 0);
  });

  it('syncs its list from nothing', async () => {
    await addChild();
    list.nodes.clear();
    list.version = 0;
    gateway.syncSubDevices();
    await list.changes.first(() => list.nodes.size === 1);
    expect(list.version).toBeGreaterThan(0);
  });

  it('reports values, status and messages of sub-devices', async () => {
    await addChild();
    const messages = new Log<unknown>();
    rig.platform.on('message', messages.add);
    const statuses = Promise.withResolvers<string>();
    gateway.reportBatchStatus([new DeviceStatus({ deviceId: CHILD, status: 'ONLINE' })], { onSuccess: statuses.resolve, onFailure: (_, error) => statuses.reject(error) });
    await statuses.promise;
    const reported = Promise.withResolvers<string>();
    gateway.reportBatchProperties([new DeviceProperty({ deviceId: CHILD, services: [new ServiceProperty({ serviceId: 'light', properties: { level: 5 } })] })], { onSuccess: reported.resolve, onFailure: (_, error) => reported.reject(error) });
    await reported.promise;
    gateway.reportSubDeviceMessage(new DeviceMessage({ objectDeviceId: CHILD, content: 'up' }));
    await messages.first(() => true);
    expect(messages.all).toMatchObject([{ device: CHILD, message: { content: 'up' } }]);
    expect(await rig.huawei('GET', `/devices/${CHILD}/shadow`)).toMatchObject({ body: { shadow: [{ service_id: 'light', reported: { properties: { level: 5 } } }] } });
    expect(await rig.huawei('GET', `/devices/${CHILD}`)).toMatchObject({ body: { status: 'ONLINE' } });
  });

  it('hears and answers for a sub-device what the platform asks of it, and a method that fails is a failed answer', async () => {
    await addChild();
    gateway.reportSubDeviceStatus(CHILD, 'ONLINE');
    expect(await rig.huawei('POST', `/devices/${CHILD}/commands`, { service_id: 'light', command_name: 'blink', paras: { times: 1 } })).toMatchObject({ body: { response: { result_code: 0, paras: { for: CHILD } } } });
    const set = (level: number) => rig.huawei('PUT', `/devices/${CHILD}/properties`, { services: [{ service_id: 'light', properties: { level } }] });
    expect(await set(2)).toMatchObject({ body: { response: { result_code: 0 } } });
    expect(await set(13)).toMatchObject({ body: { response: { result_code: -1, result_desc: 'no such level' } } });
    expect(await rig.huawei('GET', `/devices/${CHILD}/properties?service_id=light`)).toMatchObject({ body: { response: { services: [{ service_id: 'light', properties: { level: 4 } }] } } });
    await rig.huawei('POST', `/devices/${CHILD}/messages`, { message: 'down', name: 'n' });
    expect(await gateway.seen.first((each) => each instanceof DeviceMessage)).toMatchObject({ objectDeviceId: CHILD, content: 'down', name: 'n' });
    expect(gateway.seen.all[0]).toMatchObject({ deviceId: CHILD, serviceId: 'light', commandName: 'blink', paras: { times: 1 } });
  });

  it('refuses a status that the platform does not know', async () => {
    const failed = Promise.withResolvers<Error>();
    gateway.reportSubDeviceStatus(CHILD, 'SLEEPING', { onSuccess: () => failed.reject(new Error('it was taken')), onFailure: (_, error) => failed.resolve(error) });
    expect((await failed.promise).message).toContain('ONLINE or OFFLINE');
  });
});
