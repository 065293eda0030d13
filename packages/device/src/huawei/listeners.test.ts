// What a listener's method throws, at once or later, becomes a problem of the device, and a failed answer where something waits for one.
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { ScriptedServer } from '../testing/scripted-server.ts';
import { listenTo, until } from '../testing/support.ts';
import { AbstractGateway, CommandRsp, ServiceProperty } from './index.ts';

const ID = 'prod1_dev1';
const SUB = 'prod1_sub';
const DOWN = `$oc/devices/${ID}/sys`;

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

/** What a method does that fails. */
type Fail = () => never | Promise<never>;

interface Case {
  readonly listener: string;
  readonly register: (device: Gateway, fail: Fail) => void;
  /** A downlink that has the listener called; without one the connection does. */
  readonly topic?: string;
  readonly payload?: object;
  /** The answer: the end of its topic, and what is in it. */
  readonly answer?: readonly [topic: string, body: object];
}

/** A gateway whose methods for sub-devices fail as they are told. */
class Gateway extends AbstractGateway {
  fail: Fail | undefined;
  override onSubDevCommand(): void | Promise<void> {
    return this.fail?.();
  }
  override onSubDevPropertiesSet(): void | Promise<void> {
    return this.fail?.();
  }
  override onSubDevPropertiesGet(): void | Promise<void> {
    return this.fail?.();
  }
  override onSubDevMessage(): void | Promise<void> {
    return this.fail?.();
  }
  override onSubDevEvent(): void | Promise<void> {
    return this.fail?.();
  }
  override onAddSubDevices(): void | Promise<void> {
    return this.fail?.();
  }
  override onDeleteSubDevices(): void | Promise<void> {
    return this.fail?.();
  }
}

const event = (service: string, type: string, paras: object, device = ID): Pick<Case, 'topic' | 'payload'> => ({ topic: `${DOWN}/events/down`, payload: { object_device_id: device, services: [{ service_id: service, event_type: type, event_time: '20261122T010203Z', event_id: 'e1', paras }] } });
const progress = (code: number): readonly [string, object] => ['/sys/events/up', { services: [{ service_id: '$ota', event_type: 'upgrade_progress_report', paras: { result_code: code, version: '1.0', description: 'no power' } }] }];
const result = (type: string): readonly [string, object] => ['/sys/events/up', { services: [{ service_id: '$file_manager', event_type: type, paras: { object_name: 'o', result_code: 1, status_description: 'no power' } }] }];
const own = (gateway: Gateway, fail: Fail): void => {
  gateway.fail = fail;
};

const COMMAND_FAILED = ['/commands/response/request_id=r1', { result_code: -1, paras: { error: 'no power' } }] as const;
const SET_FAILED = ['/properties/set/response/request_id=r1', { result_code: -1, result_desc: 'no power' }] as const;
const GET_FAILED = ['/properties/get/response/request_id=r1', { services: [] }] as const;

const CASES: readonly Case[] = [
  { listener: 'CommandListener.onCommand', register: (device, onCommand) => device.getClient().setCommandListener({ onCommand }), topic: `${DOWN}/commands/request_id=r1`, payload: { service_id: 's', command_name: 'c', paras: {} }, answer: COMMAND_FAILED },
  { listener: 'PropertyListener.onPropertySet', register: (device, onPropertySet) => device.getClient().setPropertiesListener({ onPropertySet, onPropertyGet: () => undefined }), topic: `${DOWN}/properties/set/request_id=r1`, payload: { services: [{ service_id: 's', properties: { x: 1 } }] }, answer: SET_FAILED },
  { listener: 'PropertyListener.onPropertyGet', register: (device, onPropertyGet) => device.getClient().setPropertiesListener({ onPropertyGet, onPropertySet: () => undefined }), topic: `${DOWN}/properties/get/request_id=r1`, payload: { service_id: 's' }, answer: GET_FAILED },
  { listener: 'DeviceMessageListener.onDeviceMessage', register: (device, onDeviceMessage) => device.getClient().setDeviceMsgListener({ onDeviceMessage }), topic: `${DOWN}/messages/down`, payload: { content: 'c' } },
  { listener: 'RawDeviceMessageListener.onRawDeviceMessage', register: (device, onRawDeviceMessage) => device.getClient().setRawDeviceMsgListener({ onRawDeviceMessage }), topic: `${DOWN}/messages/down`, payload: { content: 'c' } },
  { listener: 'DeviceShadowListener.onShadowGet', register: (device, onShadowGet) => device.getClient().setDeviceShadowListener({ onShadowGet }), topic: `${DOWN}/shadow/get/response/request_id=r1`, payload: { object_device_id: ID, shadow: [] } },
  { listener: 'OTAListener.onQueryVersion', register: (device, onQueryVersion) => device.getOtaService().setOtaListener({ onQueryVersion, onReceivePackageInfo: () => undefined }), ...event('$ota', 'version_query', {}) },
  {
    listener: 'OTAListener.onReceivePackageInfo',
    register: (device, onReceivePackageInfo) => {
      device.getOtaService().setOtaListener({ onReceivePackageInfo, onQueryVersion: () => undefined });
      device.getOtaService().reportVersion('1.0');
    },
    ...event('$ota', 'firmware_upgrade_v2', { url: 'https://localhost/x', version: '2.0', expires: 60 }),
    answer: progress(255),
  },
  { listener: 'TimeSyncListener.onTimeSyncResponse', register: (device, onTimeSyncResponse) => device.getTimeSyncService().setListener({ onTimeSyncResponse }), ...event('$time_sync', 'time_sync_response', { device_send_time: 1, server_recv_time: 2, server_send_time: 3 }) },
  { listener: 'FileManagerListener.onUploadUrl', register: (device, onUploadUrl) => device.getFileManagerService().setListener({ onUploadUrl, onDownloadUrl: () => undefined }), ...event('$file_manager', 'get_upload_url_response', { url: 'https://h/x', object_name: 'o' }), answer: result('upload_result_report') },
  { listener: 'FileManagerListener.onDownloadUrl', register: (device, onDownloadUrl) => device.getFileManagerService().setListener({ onDownloadUrl, onUploadUrl: () => undefined }), ...event('$file_manager', 'get_download_url_response', { url: 'https://h/x', object_name: 'o' }), answer: result('download_result_report') },
  { listener: 'remoteConfig.onUpdate', register: (device, onDeviceConfig) => device.getClient().setDeviceConfigListener({ onDeviceConfig }), ...event('$device_config', 'config_update', { config_content: {} }), answer: ['/sys/events/up', { services: [{ event_type: 'config_update_response', paras: { result_code: -1, description: 'no power' } }] }] },
  { listener: 'GtwOperateSubDeviceListener.onAddSubDeviceRsp', register: (device, onAddSubDeviceRsp) => device.setGtwOperateSubDeviceListener({ onAddSubDeviceRsp, onDelSubDeviceRsp: () => undefined }), ...event('$sub_device_manager', 'add_sub_device_response', { successful_devices: [], failed_devices: [] }) },
  { listener: 'SubDevDiscoveryListener.onScan', register: (device, onScan) => device.setSubDevDiscoveryListener({ onScan }), ...event('$sub_device_manager', 'start_scan', { protocol: 'p' }) },
  { listener: 'onSubDevCommand', register: own, topic: `${DOWN}/commands/request_id=r1`, payload: { object_device_id: SUB, service_id: 's', command_name: 'c', paras: {} }, answer: COMMAND_FAILED },
  { listener: 'onSubDevPropertiesSet', register: own, topic: `${DOWN}/properties/set/request_id=r1`, payload: { object_device_id: SUB, services: [{ service_id: 's', properties: { x: 1 } }] }, answer: SET_FAILED },
  { listener: 'onSubDevPropertiesGet', register: own, topic: `${DOWN}/properties/get/request_id=r1`, payload: { object_device_id: SUB, service_id: 's' }, answer: GET_FAILED },
  { listener: 'onSubDevMessage', register: own, topic: `${DOWN}/messages/down`, payload: { object_device_id: SUB, content: 'c' } },
  { listener: 'onSubDevEvent', register: own, ...event('$ota', 'version_query', {}, SUB) },
  { listener: 'onAddSubDevices', register: own, ...event('$sub_device_manager', 'add_sub_device_notify', { devices: [], version: 1 }) },
  { listener: 'onDeleteSubDevices', register: own, ...event('$sub_device_manager', 'delete_sub_device_notify', { devices: [], version: 1 }) },
  { listener: 'ConnectListener.connectionLost', register: (device, connectionLost) => void device.addConnectListener({ connectComplete: () => undefined, connectionLost }) },
  {
    listener: 'ActionListener.onSuccess',
    register: (device, onSuccess) => device.getClient().reportProperties([new ServiceProperty({ serviceId: 's', properties: { x: 1 } })], { onSuccess, onFailure: () => undefined }),
    topic: `${DOWN}/messages/down`,
    payload: {},
  },
];

describe.each([
  ['at once', () => { throw new Error('no power'); }],
  ['later', () => Promise.reject(new Error('no power'))],
] as readonly (readonly [string, Fail])[])('What a listener throws %s', (_, fail) => {
  it.each(CASES)('by $listener is a problem, and a failed answer where there is one', async ({ listener, register, topic, payload, answer }) => {
    const clock = new FakeClock({ now: Date.UTC(2026, 10, 22) });
    const server = await ScriptedServer.listen(clock);
    const gateway = new Gateway({ getSubDevice: () => undefined, addSubDevices: () => 0, deleteSubDevices: () => 0, getVersion: () => 0 }, { connectAuthInfo: { id: ID, secret: 's', serverUri: '127.0.0.1', port: server.port } }, { clock });
    open.push(server, { [Symbol.asyncDispose]: () => gateway.destroy() });
    const log = listenTo(gateway.device);
    expect(await gateway.connect()).toBe(0);
    register(gateway, fail);
    if (topic === undefined) server.last.destroy();
    else server.last.send(topic, payload);
    await until(() => log.problems.length > 0, 'the problem');
    expect(log.problems).toMatchObject([{ code: 'handler-failed', message: expect.stringContaining('no power') as string }]);
    expect(log.problems[0]?.message).toContain(listener);
    if (answer === undefined) return;
    const [end, body] = answer;
    const answers = (): unknown[] => server.published.filter((each) => each.topic.endsWith(end)).map(({ text }) => JSON.parse(text) as unknown);
    const isAnswer = (each: unknown): boolean => !JSON.stringify(each).includes('log_report') && !JSON.stringify(each).includes('version_report');
    await until(() => answers().some(isAnswer), 'the answer');
    expect(answers().filter(isAnswer)).toMatchObject([body]);
  });
});

/** Requests that a listener answers before it fails: how, and the answer. */
const ANSWERED: readonly (Omit<Case, 'register'> & { readonly register: (device: Gateway, answered: (id: string, respond: () => void) => void | Promise<void>) => void })[] = [
  {
    listener: 'CommandListener.onCommand',
    register: (device, answered) => device.getClient().setCommandListener({ onCommand: (id) => answered(id, () => device.getClient().respondCommand(id, new CommandRsp({ resultCode: 7 }))) }),
    topic: `${DOWN}/commands/request_id=r1`,
    payload: { service_id: 's', command_name: 'c', paras: {} },
    answer: ['/commands/response/request_id=r1', { result_code: 7 }],
  },
  {
    listener: 'PropertyListener.onPropertySet',
    register: (device, answered) => device.getClient().setPropertiesListener({ onPropertySet: (id) => answered(id, () => device.getClient().respondPropertiesSet(id)), onPropertyGet: () => undefined }),
    topic: `${DOWN}/properties/set/request_id=r1`,
    payload: { services: [{ service_id: 's', properties: { x: 1 } }] },
    answer: ['/properties/set/response/request_id=r1', { result_code: 0 }],
  },
  {
    listener: 'PropertyListener.onPropertyGet',
    register: (device, answered) => device.getClient().setPropertiesListener({ onPropertyGet: (id) => answered(id, () => device.getClient().respondPropertiesGet(id, [new ServiceProperty({ serviceId: 's' })])), onPropertySet: () => undefined }),
    topic: `${DOWN}/properties/get/request_id=r1`,
    payload: { service_id: 's' },
    answer: ['/properties/get/response/request_id=r1', { services: [{ service_id: 's' }] }],
  },
  {
    listener: 'onSubDevCommand',
    register: (device, answered) => void (device.onSubDevCommand = (id?: string) => answered(id ?? '', () => device.getClient().respondCommand(id ?? '', new CommandRsp({ resultCode: 7 })))),
    topic: `${DOWN}/commands/request_id=r1`,
    payload: { object_device_id: SUB, service_id: 's', command_name: 'c', paras: {} },
    answer: ['/commands/response/request_id=r1', { result_code: 7 }],
  },
];

describe.each([
  ['at once', (respond: () => void): void => { respond(); throw new Error('no power'); }],
  ['later', async (respond: () => void): Promise<void> => { await Promise.resolve(); respond(); throw new Error('no power'); }],
] as const)('What a listener throws %s after it has answered', (_, fail) => {
  it.each(ANSWERED)('by $listener is a problem, and no second answer', async ({ register, topic = '', payload, answer: [end, body] = ['', {}] }) => {
    const clock = new FakeClock({ now: Date.UTC(2026, 10, 22) });
    const server = await ScriptedServer.listen(clock);
    const gateway = new Gateway({ getSubDevice: () => undefined, addSubDevices: () => 0, deleteSubDevices: () => 0, getVersion: () => 0 }, { connectAuthInfo: { id: ID, secret: 's', serverUri: '127.0.0.1', port: server.port } }, { clock });
    open.push(server, { [Symbol.asyncDispose]: () => gateway.destroy() });
    const log = listenTo(gateway.device);
    expect(await gateway.connect()).toBe(0);
    register(gateway, (_id, respond) => fail(respond));
    server.last.send(topic, payload);
    await until(() => log.problems.length > 0, 'the problem');
    // What is sent later arrives later.
    let isSent = false;
    gateway.getClient().reportDeviceMessage('end', { onSuccess: () => void (isSent = true), onFailure: () => undefined });
    await until(() => isSent, 'the message after it');
    expect(server.bodies(end)).toMatchObject([body]);
    expect(log.problems).toMatchObject([{ code: 'handler-failed' }]);
  });
});
