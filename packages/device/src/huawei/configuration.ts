import { huawei, LianyunError, type Clock, type HuaweiIdentity } from '@lianyun/protocol';
import type { DeviceOptions } from '../options.ts';
import type { TlsOptions } from '../net/tls-options.ts';
import { given } from './speaker.ts';

/** Who the device is and where it connects (seed 2.3). Members as in the vendor's document and code. */
export class ConnectAuthInfo {
  /** Bootstrap: none, by the device's own credentials, by those of its registration group. */
  static readonly BS_MODE_NONE = 0;
  static readonly BS_MODE_STANDARD = 1;
  static readonly BS_MODE_GROUP = 2;
  static readonly SECRET_AUTH = 0;
  static readonly X509_AUTH = 1;

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
  /** The platform's authority, a PEM file; needed for port 8883. */
  iotCertPath: string | undefined = undefined;
  /** The registration group. */
  scopeId: string | undefined = undefined;
  protocol = 'MQTT';
  /** 0: no bootstrap, 1 or true: with the device's own credentials, 2: with those of its registration group. */
  bsMode: 0 | 1 | 2 | boolean = 0;
  /** The bootstrap server's authority, a PEM file. */
  bsCertPath: string | undefined = undefined;
  /** What the device sends with its bootstrap request. */
  bsMessage: string | undefined = undefined;
  /** Whether the platform shall check how fresh the signed hour is: '1' or '0'. */
  checkTimestamp: '0' | '1' | boolean = '1';
  /** Whether a connection that is lost is made again. */
  reconnectOnFailure = true;
  /** Longest wait between two attempts, ms. */
  maxBackoff = 30_000;
  /** Messages that wait while there is no connection; the oldest goes first when there are more. 0: as many as the outbox takes. */
  maxBufferMessage = 0;
  /** Unacknowledged messages at a time. */
  inflightMessages = 20;
  /** Whether the SDK's name and version are told after connecting. */
  autoReportDeviceInfo = false;

  constructor(given?: Partial<ConnectAuthInfo>) {
    Object.assign(this, given);
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
    Object.assign(this, given);
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
  if (protocol.toUpperCase() !== 'MQTT') bad('ConnectAuthInfo.protocol', protocol, 'MQTT');
  if (typeof serverUri !== 'string' || serverUri.trim() === '') bad('ConnectAuthInfo.serverUri', serverUri, 'the host name that the console shows');
  if (!Number.isInteger(port) || port < 1 || port > 65_535) bad('ConnectAuthInfo.port', port, 'the number 1883, or 8883 for TLS,');
  if (![0, 1, 2, true, false].includes(bsMode)) bad('ConnectAuthInfo.bsMode', bsMode, '0, 1 or 2');
  if (!['0', '1', true, false].includes(checkTimestamp)) bad('ConnectAuthInfo.checkTimestamp', checkTimestamp, "'0' or '1'");
  if (!Number.isInteger(mqtt.keepAliveTime) || mqtt.keepAliveTime < 30 || mqtt.keepAliveTime > 1200) bad('MqttConnectConf.keepAliveTime', mqtt.keepAliveTime, 'whole seconds from 30 to 1200');
  if (mqtt.qos !== 0 && mqtt.qos !== 1) bad('MqttConnectConf.qos', mqtt.qos, '0 or 1');
  if (typeof mqtt.timeout !== 'number' || !(mqtt.timeout > 0)) bad('MqttConnectConf.timeout', mqtt.timeout, 'seconds above 0');
  if (bsMode !== 0 && bsMode !== false) throw new LianyunError('unsupported', 'ConnectAuthInfo.bsMode: device provisioning is not built yet; give the address and the secret of a device that exists.');
  const { maxBufferMessage } = auth;
  const isTls = port === 8883 || (port !== 1883 && given(auth.iotCertPath) !== undefined);
  return {
    dialect: huawei,
    identity: identityOf(auth),
    server: `${isTls ? 'mqtts' : 'mqtt'}://${serverUri.trim()}:${port}`,
    ...(isTls ? { tls: tlsOf(auth) } : {}),
    keepaliveSeconds: mqtt.keepAliveTime,
    qos: mqtt.qos,
    connectTimeoutMs: mqtt.timeout * 1000,
    window: auth.inflightMessages,
    maxBackoffMs: auth.maxBackoff,
    ...(maxBufferMessage > 0 ? { outbox: { maxCount: maxBufferMessage, policy: 'drop-oldest' as const } } : {}),
    ...(clock === undefined ? {} : { clock }),
  };
}

function identityOf({ id, authType, secret, scopeId, certPath, keyPath, checkTimestamp }: ConnectAuthInfo): HuaweiIdentity {
  const isChecked = checkTimestamp === '1' || checkTimestamp === true;
  if (scopeId !== undefined && scopeId !== null) bad('ConnectAuthInfo.scopeId', scopeId, 'nothing without bsMode 2');
  if (authType === 1) {
    if (typeof certPath !== 'string' || certPath === '') bad('ConnectAuthInfo.certPath', certPath, "the file of the device's certificate");
    if (typeof keyPath !== 'string' || keyPath === '') bad('ConnectAuthInfo.keyPath', keyPath, "the file of the certificate's key");
    return { deviceId: id, certificate: true, checkTimestamp: isChecked };
  }
  if (authType !== 0) bad('ConnectAuthInfo.authType', authType, '0 (secret) or 1 (certificate)');
  if (typeof secret !== 'string' || secret === '') bad('ConnectAuthInfo.secret', secret === undefined || secret === null ? secret : typeof secret, "the device's secret, as text");
  return { deviceId: id, secret, checkTimestamp: isChecked };
}

function tlsOf({ iotCertPath, certPath, keyPath, authType }: ConnectAuthInfo): TlsOptions {
  if (typeof iotCertPath !== 'string' || iotCertPath === '') bad('ConnectAuthInfo.iotCertPath', iotCertPath, "the file of the platform's authority, which the vendor's console offers");
  return {
    ca: iotCertPath,
    ...(authType === 1 ? { cert: certPath ?? '', key: keyPath ?? '' } : {}),
  };
}

function bad(member: string, value: unknown, expected: string): never {
  const shown = value === undefined || value === null ? 'missing' : JSON.stringify(value);
  throw new LianyunError('bad-config', `${member} is ${shown}: ${expected} is expected.`);
}
