import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as face from './index.ts';

const DEVICE = ['productId', 'deviceName'] as const;
const CHILD = ['sub_productId', 'sub_devName'] as const;

/** The five tables of the vendor's document, with the parameters of the vendor's code. */
const SEED = {
  connect: [],
  disconnect: [],
  subscribe: ['topic', 'qos'],
  unsubscribe: ['topic'],
  publish: ['topic', 'payload', 'qos'],
  registerMqttCallback: ['on_connect', 'on_disconnect', 'on_message', 'on_publish', 'on_subscribe', 'on_unsubscribe', 'on_refused'],
  registerUserCallback: ['topic', 'callback'],
  isMqttConnected: [],
  getConnectState: [],
  setReconnectInterval: ['max_sec', 'min_sec'],
  setMessageTimout: ['timeout'],
  setKeepaliveInterval: ['interval'],

  gatewayInit: [],
  isSubdevStatusOnline: CHILD,
  updateSubdevStatus: [...CHILD, 'status'],
  gatewaySubdevGetConfigList: [],
  gatewaySubdevOnline: CHILD,
  gatewaySubdevOffline: CHILD,
  gatewaySubdevBind: [...CHILD, 'sub_secret'],
  gatewaySubdevUnbind: CHILD,
  gatewaySubdevSubscribe: ['topic'],

  templateInit: [...DEVICE, 'propertyCb', 'actionCb', 'eventCb', 'serviceCb'],
  getEventsList: DEVICE,
  getActionList: DEVICE,
  getPropertyList: DEVICE,
  templateSetup: [...DEVICE, 'config_file'],
  templateEventPost: [...DEVICE, 'message'],
  templateJsonConstructReportArray: [...DEVICE, 'payload'],
  templateReportSysInfo: [...DEVICE, 'sysInfo'],
  templateControlReply: [...DEVICE, 'replyPara', 'clientToken'],
  templateActionReply: [...DEVICE, 'clientToken', 'response', 'replyPara'],
  templateGetStatus: DEVICE,
  templateReport: [...DEVICE, 'message'],
  clearControl: DEVICE,
  templateDeinit: DEVICE,

  dynregDevice: ['timeout', 'dynregDomain'],

  otaInit: [...DEVICE, 'callback'],
  otaIsFetching: DEVICE,
  otaIsFetchFinished: DEVICE,
  otaReportUpgradeSuccess: [...DEVICE, 'version'],
  otaReportUpgradeFail: [...DEVICE, 'version'],
  otaIoctlNumber: [...DEVICE, 'cmdType'],
  otaIoctlString: [...DEVICE, 'cmdType', 'length'],
  otaResetMd5: DEVICE,
  otaMd5Update: [...DEVICE, 'buf'],
  httpInit: [...DEVICE, 'host', 'url', 'offset', 'size', 'timeoutSec'],
  otaReportVersion: [...DEVICE, 'version'],
  otaDownloadStart: [...DEVICE, 'offset', 'size'],
  otaFetchYield: [...DEVICE, 'buf_len'],
} as const;

/** What the vendor's classes have beyond them. */
const BEYOND = {
  getProductID: [],
  getDeviceName: [],
  logInit: ['level', 'filePath', 'maxBytes', 'backupCount', 'enable'],
  getNtpAccurateTime: [],
  httpFetch: [...DEVICE, 'buf_len'],
  httpCallback: ['on_connect', 'on_disconnect', 'on_message', 'on_publish', 'on_subscribe', 'on_unsubscribe', 'on_refused'],
  isHttpConnected: [],
  httpDevice: ['topicName', 'payload', 'qos', 'timeout', 'httpDomain'],
  gatewaySubdevGetBindList: ['product_id', 'device_name'],
  shadowInit: [...DEVICE, 'callback'],
  getShadow: DEVICE,
  shadowUpdate: [...DEVICE, 'shadow_docs', 'length'],
  shadowJsonConstructReport: [...DEVICE, '...props'],
  shadowJsonConstructDesireAllNull: DEVICE,
  rrpcInit: [...DEVICE, 'callback'],
  rrpcReply: [...DEVICE, 'reply', 'length', 'processId'],
  resourceInit: [...DEVICE, 'callback'],
  resourceCreateUploadTask: [...DEVICE, 'filePath'],
  resourceReportUploadProgress: DEVICE,
  resourceUploadfile: ['url', 'timeout'],
  resourceFinished: [],
  broadcastInit: [...DEVICE, 'callback'],
} as const;

const OURS = ['onProblem'];
/** The vendor's `LoggerLevel`, `ReplyPara` and `hub`, and ours. */
const PROPERTIES = ['LoggerLevel', 'device', 'hub', 'ReplyPara'];
const EXPORTED = ['ErrorCode', 'HubState', 'KeyError', 'Logger', 'LoggerLevel', 'OtaCmdType', 'OtaState', 'QcloudExplorer', 'QcloudHub', 'ReplyPara', 'SessionState', 'StateError', 'ValueError'];

const text = readFileSync(path.join(import.meta.dirname, '../../../../docs/from-python.md'), 'utf8');
const INNER = new Set(['constructor', 'noHandle', 'downloadTls']);

/** What a prototype and those above it have. */
function membersOf(prototype: object): [name: string, member: PropertyDescriptor][] {
  const above: object | null = Object.getPrototypeOf(prototype) as object | null;
  const own = Object.entries(Object.getOwnPropertyDescriptors(prototype)).filter(([name]) => !INNER.has(name));
  return above === null || above === Object.prototype ? own : [...membersOf(above), ...own];
}

const members = membersOf(face.QcloudExplorer.prototype);
const methods = new Map(members.flatMap(([name, { value }]) => (typeof value === 'function' ? [[name, value as () => unknown] as const] : [])));
const properties = members.flatMap(([name, { get }]) => (get === undefined ? [] : [name]));

/** The names in the head of a method. */
function parametersOf(method: () => unknown): string[] {
  const source = Function.prototype.toString.call(method);
  const head = source.slice(source.indexOf('(') + 1, source.indexOf(') {'));
  return head.split(',').map((each) => each.trim().replace(/\s*=.*$/, '').replace(/^_/, '')).filter((each) => each !== '');
}

describe('The face of Tencent’s SDK', () => {
  it('has the 49 methods of the vendor’s five tables', () => {
    expect(Object.keys(SEED)).toHaveLength(49);
  });

  it.each(Object.entries({ ...SEED, ...BEYOND }))('has %s with the vendor’s parameters', (name, parameters) => {
    const method = methods.get(name);
    expect(method).toBeTypeOf('function');
    expect(method === undefined ? [] : parametersOf(method)).toEqual(parameters);
  });

  it('has nothing beyond that but what docs/from-python.md names', () => {
    const extra = [...methods.keys()].filter((name) => !Object.hasOwn(SEED, name) && !Object.hasOwn(BEYOND, name));
    expect(extra).toEqual(OURS);
    expect(properties).toEqual(PROPERTIES);
    for (const name of [...extra, 'on_refused']) expect(text).toContain(`\`${name}(`);
    expect(Object.keys(face).sort()).toEqual(EXPORTED);
  });

  it('is made with the parameters of the vendor’s two constructors, in the order of each', () => {
    const heads = [face.QcloudExplorer, face.QcloudHub].map((made) => /constructor\(([^)]*)\)/.exec(Function.prototype.toString.call(made))?.[1]?.split(',').map((each) => each.trim().replace(/\s*=.*$/, '')));
    expect(heads).toEqual([['device_file', 'tls', 'userdata', 'domain', 'useWebsocket', 'options'], ['device_file', 'userdata', 'tls', 'domain', 'useWebsocket', 'options']]);
  });

  it('is in docs/from-python.md, every name', () => {
    for (const name of [...methods.keys(), ...properties]) expect(text).toMatch(new RegExp(`\`${name}[\`(]`));
  });
});
