import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as face from './index.ts';

/** Every method that the vendor's documents name (seed 1 to 11), with its parameters; where they disagree, as the vendor's code has it. */
const METHODS = {
  IotDevice: ['connect()', 'getClient()', 'getOtaService()', 'getTimeSyncService()', 'getFileManagerService()', 'destroy()'],
  DeviceClient: [
    'reportEvent(deviceEvent, listener)',
    'setCommandListener(listener)',
    'respondCommand(requestId, commandResponse, listener)',
    'setDeviceMsgListener(listener)',
    'reportDeviceMessage(deviceMessage, listener)',
    'setPropertyListener(listener)',
    'setPropertiesListener(listener)',
    'respondPropertiesGet(requestId, services, listener)',
    'respondPropertiesSet(requestId, iotResult, listener)',
    'reportProperties(services, listener)',
    'getDeviceShadow(requestId, serviceId, objectDeviceId, listener)',
    'setDeviceShadowListener(listener)',
    'reportDeviceInfo(deviceBaseInfo, listener)',
  ],
  OTAService: ['setOtaListener(listener)', 'reportVersion(fwVersion, swVersion, listener)', 'reportOtaStatus(resultCode, version, progress, description, listener)'],
  TimeSyncService: ['setListener(listener)', 'requestTimeSync(listener)'],
  FileManagerService: [
    'setListener(listener)',
    'getUploadFileUrl(fileName, fileAttributes, listener)',
    'getDownloadFileUrl(fileName, fileAttributes, listener)',
    'reportUploadResult(objectName, resultCode, statusCode, statusDescription, listener)',
    'reportDownloadResult(objectName, resultCode, statusCode, statusDescription, listener)',
  ],
} as const;

/** What Huawei's other SDKs have, by the names that those have, and what they do without a name. */
const BEYOND = {
  DeviceClient: ['reportCompressedProperties(services, listener)', 'reportCompressedDeviceMessage(deviceMessage, listener)', 'setDeviceConfigListener(listener)'],
  AbstractGateway: ['reportCompressedSubDeviceProperties(deviceProperties, listener)'],
  DeviceLogService: ['canReportLog()', 'reportDeviceLog(timestamp, logType, content, listener)'],
} as const;

/** The methods that a program writes, of the abstract listeners. */
const LISTENERS = {
  CommandListener: ['onCommand(requestId, serviceId, commandName, paras)'],
  DeviceMessageListener: ['onDeviceMessage(message)'],
  PropertyListener: ['onPropertySet(requestId, services)', 'onPropertyGet(requestId, serviceId)'],
  DeviceShadowListener: ['onShadowGet(requestId, objectDeviceId, shadow)'],
  OTAListener: ['onQueryVersion(query)', 'onReceivePackageInfo(pkg)', 'onReceivePackage(pkg)'],
  FileManagerListener: ['onUploadUrl(urlInfo)', 'onDownloadUrl(urlInfo)'],
  TimeSyncListener: ['onTimeSyncResponse(deviceSendTime, serverRecvTime, serverSendTime)'],
  ActionListener: ['onSuccess(message)', 'onFailure(message, error)'],
} as const;

/** The members of the data classes. */
const FIELDS: Readonly<Record<string, readonly [make: () => object, members: readonly string[]]>> = {
  ClientConf: [() => new face.ClientConf(), ['connectAuthInfo', 'mqttConnectConf']],
  ConnectAuthInfo: [() => new face.ConnectAuthInfo(), ['id', 'serverUri', 'port', 'authType', 'secret', 'certPath', 'keyPath', 'iotCertFile', 'iotCertPath', 'scopeId', 'protocol', 'bsMode']],
  MqttConnectConf: [() => new face.MqttConnectConf(), ['keepAliveTime', 'qos', 'timeout']],
  DeviceEvent: [() => new face.DeviceEvent(), ['serviceId', 'eventType', 'eventTime', 'eventId', 'paras']],
  CommandRsp: [() => new face.CommandRsp(), ['resultCode', 'responseName', 'paras']],
  DeviceMessage: [() => new face.DeviceMessage(), ['objectDeviceId', 'id', 'name', 'content']],
  ServiceProperty: [() => new face.ServiceProperty(), ['serviceId', 'properties', 'eventTime']],
  ShadowData: [() => new face.ShadowData(), ['serviceId', 'desired', 'reported', 'version']],
  PropertiesData: [() => new face.PropertiesData(), ['properties', 'eventTime']],
  OTAPackageInfo: [() => new face.OTAPackageInfo(), ['url', 'version', 'fileSize', 'accessToken', 'expires', 'expire', 'sign']],
  OTAPackage: [() => new face.OTAPackage(new Uint8Array()), ['package']],
  DeviceBaseInfo: [() => new face.DeviceBaseInfo(), ['fwVersion', 'swVersion']],
  UrlInfo: [() => new face.UrlInfo(), ['url', 'bucketName', 'objectName', 'expires', 'expire', 'fileAttributes']],
  IotResult: [() => new face.IotResult(), ['resultCode', 'resultDesc']],
};

/** Members for this package's own files; they are in no declaration that is published. */
const INTERNAL = new Set(['speaker', 'onOwnEvent', 'listenToEvents', 'join', 'failed']);

type Constructor = { readonly name: string; readonly prototype: object };
const classes = Object.entries(face).filter((entry): entry is [string, (typeof entry)[1] & Constructor] => typeof entry[1] === 'function' && /^class\b/.test(Function.prototype.toString.call(entry[1])));

/** A method as `name(parameters)`, without defaults. */
function signature(owner: object, name: string): string {
  const descriptor = Object.getOwnPropertyDescriptor(owner, name);
  if (typeof descriptor?.value !== 'function') return `${name} is missing`;
  const text = Function.prototype.toString.call(descriptor.value);
  const parameters = text.slice(text.indexOf('(') + 1, text.search(/\)\s*\{/)).replace(/\s*=\s*[^,(]*(?:\([^)]*\))?/g, '');
  return `${name}(${parameters.split(',').map((each) => each.trim()).filter((each) => each !== '').join(', ')})`;
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const read = (...steps: string[]): Promise<string> => readFile(path.join(import.meta.dirname, ...steps), 'utf8');

describe('The face of Huawei’s SDK', () => {
  it('has every documented method with its parameters in their order', () => {
    for (const [name, expected] of Object.entries(METHODS)) {
      const { prototype } = face[name as keyof typeof METHODS];
      expect(expected.map((each) => signature(prototype, each.slice(0, each.indexOf('('))))).toEqual([...expected]);
    }
  });

  it('has what the vendor’s other SDKs have', () => {
    for (const [name, expected] of Object.entries(BEYOND)) {
      const { prototype } = face[name as keyof typeof BEYOND];
      expect(expected.map((each) => signature(prototype, each.slice(0, each.indexOf('('))))).toEqual([...expected]);
    }
    expect(new face.ConnectAuthInfo({ checkStampMethod: face.ConnectAuthInfo.CHECK_STAMP_SM3, keyPassword: 'p' })).toMatchObject({ checkStampMethod: 2, keyPassword: 'p' });
  });

  it('has a scenario against the platform for each of them, and for each method of a gateway', async () => {
    const folder = path.join(import.meta.dirname, '..', '..', '..', '..', 'scenarios');
    const files = (await readdir(folder)).filter((name) => name.startsWith('a-huawei-'));
    const scenarios = (await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')))).filter((text) => text.includes("from 'lianyun/huawei'")).join('\n');
    const gateway = Object.getOwnPropertyNames(face.AbstractGateway.prototype).filter((name) => name !== 'constructor' && !INTERNAL.has(name));
    const wanted = [...Object.values(METHODS), ...Object.values(BEYOND), ...Object.values(LISTENERS)].flat().map((each) => each.slice(0, each.indexOf('('))).concat(gateway);
    // Nothing in a scenario can make the platform ask for a search: the transcripts do (events/down $sub_device_manager start_scan).
    const missing = wanted.filter((name) => !new RegExp(`\\b${name}\\b`).test(scenarios) && name !== 'setSubDevDiscoveryListener');
    expect(missing).toEqual([]);
  });

  it('has every documented listener', async () => {
    const source = await read('listeners.ts');
    for (const [name, expected] of Object.entries(LISTENERS)) {
      expect(typeof face[name as keyof typeof LISTENERS]).toBe('function');
      const body = source.slice(source.indexOf(`abstract class ${name} `), source.indexOf('\n}', source.indexOf(`abstract class ${name} `)));
      const found = [...body.matchAll(/^ {2}(?:abstract )?(\w+)\??\((.*)\): Told;$/gm)].map(([, method = '', parameters = '']) => `${method}(${[...parameters.matchAll(/(\w+): /g)].map(([, each]) => each).join(', ')})`);
      expect(found).toEqual([...expected]);
    }
  });

  it('has every documented member of the data classes, and takes them by name', () => {
    for (const [name, [make, members]] of Object.entries(FIELDS)) expect([name, members.filter((member) => !(member in make()))]).toEqual([name, []]);
    expect(new face.UrlInfo({ url: 'u', expire: 5 }).expires).toBe(5);
    expect(new face.ConnectAuthInfo({ iotCertFile: 'ca.pem' }).iotCertPath).toBe('ca.pem');
    expect(new face.DeviceMessage({ deviceId: 'd' }).objectDeviceId).toBe('d');
  });

  it('has nothing beyond that which docs/from-python.md does not name', async () => {
    const docs = await read('..', '..', '..', '..', 'docs', 'from-python.md');
    const isNamed = (name: string): boolean => docs.includes(name) || docs.includes(snake(name));
    const documented = new Set(Object.values(METHODS).flat().map((each) => each.slice(0, each.indexOf('('))));
    const extra = classes.flatMap(([name, { prototype }]) => [
      ...(name in METHODS || name in LISTENERS || name in FIELDS || isNamed(name) ? [] : [name]),
      ...Object.getOwnPropertyNames(prototype)
        .filter((member) => member !== 'constructor' && !INTERNAL.has(member) && !documented.has(member) && FIELDS[name]?.[1].includes(member) !== true && !isNamed(member))
        .map((member) => `${name}.${member}`),
    ]);
    expect(extra).toEqual([]);
    const members = classes.flatMap(([name, owner]) => [
      ...Object.keys(FIELDS[name]?.[0]() ?? {}).filter((member) => FIELDS[name]?.[1].includes(member) !== true && !isNamed(member)).map((member) => `${name}.${member}`),
      ...Object.getOwnPropertyNames(owner).filter((member) => !['length', 'name', 'prototype', ...INTERNAL].includes(member) && !docs.includes(member) && !isNamed(member)).map((member) => `static ${name}.${member}`),
    ]);
    expect(members).toEqual([]);
  });
});
