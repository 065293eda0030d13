import { isIPv6 } from 'node:net';
import { huawei, LianyunError, type Clock, type HuaweiIdentity } from '@lianyun/protocol';
import type { DeviceOptions } from '../options.ts';
import { whereOf } from '../net/endpoint.ts';
import type { TlsOptions } from '../net/tls-options.ts';
import type { Provisioned, ProvisionOptions } from '../provision/provision.ts';
import { fill } from './data.ts';
import type { RuleChoice } from './rules.ts';
import { given } from './speaker.ts';

/** Who the device is and where it connects (seed 2.3). Members as in the vendor's document and code. */
export class ConnectAuthInfo {
  static readonly SECRET_AUTH = 0 as const;
  static readonly X509_AUTH = 1 as const;
  static readonly PROTOCOL_MQTT = 'MQTT';
  /** What signs the password, and whether the platform looks at the signed hour. */
  static readonly CHECK_STAMP_OFF = 0 as const;
  static readonly CHECK_STAMP_SHA256 = 1 as const;
  static readonly CHECK_STAMP_SM3 = 2 as const;
  /** Bootstrap: none, by the device's own credentials, by those of its registration group. */
  static readonly BS_MODE_DIRECT_CONNECT = 0 as const;
  static readonly BS_MODE_STANDARD_BOOTSTRAP = 1 as const;
  static readonly BS_MODE_BOOTSTRAP_WITH_SCOPEID = 2 as const;

  /** The device id. */
  id = '';
  /** Host name, without scheme and port. */
  serverUri = '';
  /** 1883, or 8883 for TLS. A platform of one's own may listen elsewhere: with {@link iotCertPath} that is TLS, without it is not. */
  port = 1883;
  /** 0: secret, 1: X.509 certificate. */
  authType: 0 | 1 = 0;
  secret: string | undefined = undefined;
  /** The device's certificate and key, PEM files. */
  certPath: string | undefined = undefined;
  keyPath: string | undefined = undefined;
  /** Opens an encrypted key. */
  keyPassword: string | undefined = undefined;
  /** The platform's authority, a PEM file; needed for port 8883. */
  iotCertPath: string | undefined = undefined;
  /** The registration group; `secret` is then the group's, base64. */
  scopeId: string | undefined = undefined;
  protocol = 'MQTT';
  /** 0: no bootstrap, 1 or true: with the device's own credentials, 2: with those of its registration group. `serverUri` is then the bootstrap server. */
  bsMode: 0 | 1 | 2 | boolean = 0;
  /** The bootstrap server's authority, a PEM file; needed for port 8883. */
  bsCertPath: string | undefined = undefined;
  /** What the device sends with its bootstrap request: `{"baseStrategyKeyword":"…"}` for a static policy that looks for a keyword. */
  bsMessage: string | undefined = undefined;
  /** The file, in the form of the vendor's Python SDK, that keeps what the bootstrap server said, readable by its owner only: later connects ask nobody. Left out: `server_info.json` beside the program. A device a file. */
  serverInfoPath: string | undefined = undefined;
  /** Whether the platform shall check how fresh the signed hour is: '1' or '0'. */
  checkTimestamp: '0' | '1' | boolean = '1';
  /** What signs the password: 0 or 1 HMAC-SHA256, 2 HMAC-SM3; with 0 the platform does not look at the signed hour. Left out: as `checkTimestamp` says. */
  checkStampMethod: 0 | 1 | 2 | undefined = undefined;
  /** Whether a connection that is lost is made again. */
  reconnectOnFailure = true;
  /** Least time between two attempts, ms; without it the first waits are drawn from nothing up. */
  minBackoff: number | undefined = undefined;
  /** Longest wait between two attempts, ms. */
  maxBackoff = 30_000;
  /** Messages that wait while there is no connection; the oldest goes first when there are more. 0: as many as the outbox takes. */
  maxBufferMessage = 0;
  /** Unacknowledged messages at a time. */
  inflightMessages = 20;
  /** Whether the SDK's name and version are told after connecting. */
  autoReportDeviceInfo = false;
  /** Whether the device runs the platform's device-side rules. */
  enableRuleManage = false;
  /** The time zone of the rules' times, of the IANA database: `Asia/Shanghai`. Left out: UTC, as the platform means them. */
  ruleTimeZone: string | undefined = undefined;
  /** The file that keeps the rules, so that they run after a restart before there is a connection. Left out: in memory. A device a file. */
  ruleInfoPath: string | undefined = undefined;

  constructor(given?: Partial<ConnectAuthInfo>) {
    fill(this, given);
  }

  /** The name that the vendor's document has for {@link iotCertPath}. */
  get iotCertFile(): string | undefined {
    return this.iotCertPath;
  }

  set iotCertFile(value: string | undefined) {
    this.iotCertPath = value;
  }
}

/** How the connection is kept (seed 2.3). */
export class MqttConnectConf {
  /** Seconds, 30 to 1200. */
  keepAliveTime = 120;
  qos: 0 | 1 = 1;
  /** Deadline of one attempt to connect, seconds. */
  timeout = 10;

  constructor(given?: Partial<MqttConnectConf>) {
    fill(this, given);
  }
}

/** All of a device's configuration (seed 2.3). */
export class ClientConf {
  connectAuthInfo: ConnectAuthInfo;
  mqttConnectConf: MqttConnectConf;

  constructor(given?: { readonly connectAuthInfo?: Partial<ConnectAuthInfo>; readonly mqttConnectConf?: Partial<MqttConnectConf> } | ConnectAuthInfo, mqttConnectConf?: Partial<MqttConnectConf>) {
    const isPositional = given instanceof ConnectAuthInfo;
    const auth = isPositional ? given : given?.connectAuthInfo;
    const mqtt = isPositional ? mqttConnectConf : given?.mqttConnectConf;
    this.connectAuthInfo = auth instanceof ConnectAuthInfo ? auth : new ConnectAuthInfo(auth);
    this.mqttConnectConf = mqtt instanceof MqttConnectConf ? mqtt : new MqttConnectConf(mqtt);
  }
}

/** Reads a configuration. Throws `bad-config` naming the member that is wrong or missing, and what is expected. */
export function readConfiguration({ connectAuthInfo: auth, mqttConnectConf: mqtt }: ClientConf, clock?: Clock): DeviceOptions<typeof huawei> {
  const { id, serverUri, port, protocol, bsMode, checkTimestamp } = auth;
  if (typeof id !== 'string' || id.trim() === '') bad('ConnectAuthInfo.id', id, 'the device id');
  if (typeof protocol !== 'string' || protocol.toUpperCase() !== ConnectAuthInfo.PROTOCOL_MQTT) bad('ConnectAuthInfo.protocol', protocol, 'MQTT');
  if (typeof serverUri !== 'string' || serverUri.trim() === '') bad('ConnectAuthInfo.serverUri', serverUri, 'the host name that the console shows');
  // What addressOf() could not put before a port.
  if (!isIPv6(unbracketed(serverUri)) && /[:/?#@\s[\]]/u.test(serverUri.trim())) bad('ConnectAuthInfo.serverUri', serverUri.replace(/^.*@/u, '…@'), 'the host name alone, without scheme, port and path,');
  if (!Number.isInteger(port) || port < 1 || port > 65_535) bad('ConnectAuthInfo.port', port, 'the number 1883, or 8883 for TLS,');
  if (![0, 1, 2, true, false].includes(bsMode)) bad('ConnectAuthInfo.bsMode', bsMode, '0, 1 or 2');
  if (!['0', '1', true, false].includes(checkTimestamp)) bad('ConnectAuthInfo.checkTimestamp', checkTimestamp, "'0' or '1'");
  if (![0, 1, 2, undefined, null].includes(auth.checkStampMethod)) bad('ConnectAuthInfo.checkStampMethod', auth.checkStampMethod, '0, 1 or 2');
  if (!Number.isInteger(mqtt.keepAliveTime) || mqtt.keepAliveTime < 30 || mqtt.keepAliveTime > 1200) bad('MqttConnectConf.keepAliveTime', mqtt.keepAliveTime, 'whole seconds from 30 to 1200');
  if (mqtt.qos !== 0 && mqtt.qos !== 1) bad('MqttConnectConf.qos', mqtt.qos, '0 or 1');
  if (typeof mqtt.timeout !== 'number' || !(mqtt.timeout > 0)) bad('MqttConnectConf.timeout', mqtt.timeout, 'seconds above 0');
  // What would be missing later.
  if (isBootstrap(auth) && port === 8883) tlsOf(auth, 'bsCertPath');
  const isTls = isSecured(port, auth.iotCertPath);
  return { ...basisOf(mqtt, auth, clock), identity: identityOf(auth), server: addressOf(auth, isTls), ...(isTls ? { tls: tlsOf(auth, 'iotCertPath') } : {}) };
}

/** How the device runs rules; undefined: it runs none. */
export function rulesOf({ enableRuleManage, ruleTimeZone, ruleInfoPath }: ConnectAuthInfo): RuleChoice | undefined {
  if (enableRuleManage !== true) return undefined;
  const [timeZone, file] = [given(ruleTimeZone), given(ruleInfoPath)];
  return { ...(timeZone === undefined ? {} : { timeZone }), ...(file === undefined ? {} : { file }) };
}

/** Whether the device asks first where to connect. */
export const isBootstrap = ({ bsMode }: ConnectAuthInfo): boolean => bsMode !== 0 && bsMode !== false;

/** What is sent to the bootstrap server, and how it is known (Huawei 6). */
export function provisioningOf({ connectAuthInfo: auth, mqttConnectConf: mqtt }: ClientConf): Pick<ProvisionOptions, 'identity' | 'server' | 'tls' | 'keepaliveSeconds' | 'connectTimeoutMs' | 'connectDeadlineMs' | 'message'> {
  const isTls = isSecured(auth.port, auth.bsCertPath);
  const message = given(auth.bsMessage);
  return {
    identity: identityOf(auth),
    server: addressOf(auth, isTls),
    ...(isTls ? { tls: tlsOf(auth, 'bsCertPath') } : {}),
    keepaliveSeconds: mqtt.keepAliveTime,
    connectTimeoutMs: mqtt.timeout * 1000,
    connectDeadlineMs: mqtt.timeout * 1000,
    ...(message === undefined ? {} : { message }),
  };
}

/** The device's options where it was told to connect. Throws `bad-config` when that needs TLS and there is no authority. */
export function relocationOf({ connectAuthInfo: auth, mqttConnectConf: mqtt }: ClientConf, { server, identity }: Provisioned, clock: Clock): DeviceOptions<typeof huawei> {
  const { protocol, hostname, port } = new URL(server);
  const isTls = protocol === 'mqtts:' || isSecured(Number(port), auth.iotCertPath);
  return { ...basisOf(mqtt, auth, clock), server: `${isTls ? 'mqtts' : 'mqtt'}://${hostname}:${port}`, identity, ...(isTls ? { tls: tlsOf(auth, 'iotCertPath') } : {}) };
}

const isSecured = (port: number, authority: string | undefined): boolean => port === 8883 || (port !== 1883 && given(authority) !== undefined);
const unbracketed = (host: string): string => host.trim().replace(/^\[|\]$/g, '');
const addressOf = ({ serverUri, port }: ConnectAuthInfo, isTls: boolean): string => `${isTls ? 'mqtts' : 'mqtt'}://${whereOf({ host: unbracketed(serverUri), port })}`;

/** What does not depend on where the device connects. */
function basisOf(mqtt: MqttConnectConf, { inflightMessages, maxBackoff, minBackoff, maxBufferMessage }: ConnectAuthInfo, clock: Clock | undefined): Omit<DeviceOptions<typeof huawei>, 'server' | 'identity'> {
  return {
    dialect: huawei,
    keepaliveSeconds: mqtt.keepAliveTime,
    qos: mqtt.qos,
    connectTimeoutMs: mqtt.timeout * 1000,
    window: inflightMessages,
    maxBackoffMs: maxBackoff,
    ...(minBackoff === undefined || minBackoff === null ? {} : { minConnectIntervalMs: minBackoff }),
    ...(maxBufferMessage > 0 ? { outbox: { maxCount: maxBufferMessage, policy: 'drop-oldest' as const } } : {}),
    ...(clock === undefined ? {} : { clock }),
  };
}

function identityOf({ id, authType, secret, scopeId, certPath, keyPath, checkTimestamp, checkStampMethod, bsMode }: ConnectAuthInfo): HuaweiIdentity {
  const method = checkStampMethod ?? (checkTimestamp === '1' || checkTimestamp === true ? 1 : 0);
  const isChecked = method !== 0;
  const signing = { checkTimestamp: isChecked, ...(method === 2 ? { signature: 'hmac-sm3' as const } : {}) };
  const isGroup = bsMode === ConnectAuthInfo.BS_MODE_BOOTSTRAP_WITH_SCOPEID;
  const scope = given(scopeId);
  if (isGroup && scope === undefined) bad('ConnectAuthInfo.scopeId', scopeId, 'the id of the registration group');
  if (!isGroup && scope !== undefined) bad('ConnectAuthInfo.scopeId', scopeId, 'nothing without bsMode 2');
  if (authType === 1) {
    if (typeof certPath !== 'string' || certPath === '') bad('ConnectAuthInfo.certPath', certPath, "the file of the device's certificate");
    if (typeof keyPath !== 'string' || keyPath === '') bad('ConnectAuthInfo.keyPath', keyPath, "the file of the certificate's key");
    return scope === undefined ? { deviceId: id, certificate: true, checkTimestamp: isChecked } : { deviceId: id, scopeId: scope, certificate: true };
  }
  if (authType !== 0) bad('ConnectAuthInfo.authType', authType, '0 (secret) or 1 (certificate)');
  if (typeof secret !== 'string' || secret === '') bad('ConnectAuthInfo.secret', secret === undefined || secret === null ? secret : typeof secret, "the device's secret, as text");
  return scope === undefined ? { deviceId: id, secret, ...signing } : { deviceId: id, scopeId: scope, groupSecret: secret, ...signing };
}

/** Whom to trust, and the device's own certificate. @param member what names the authority's file. */
function tlsOf(auth: ConnectAuthInfo, member: 'iotCertPath' | 'bsCertPath'): TlsOptions {
  const { authType, certPath, keyPath } = auth;
  const passphrase = given(auth.keyPassword);
  const authority = auth[member];
  if (typeof authority !== 'string' || authority === '') bad(`ConnectAuthInfo.${member}`, authority, "the file of the platform's authority, which the vendor's console offers");
  return {
    ca: authority,
    ...(authType === 1 ? { cert: certPath ?? '', key: keyPath ?? '', ...(passphrase === undefined ? {} : { passphrase }) } : {}),
  };
}

function bad(member: string, value: unknown, expected: string): never {
  const shown = value === undefined || value === null || value === '' ? 'missing' : JSON.stringify(value);
  throw new LianyunError('bad-config', `${member} is ${shown}: ${expected} is expected.`);
}
