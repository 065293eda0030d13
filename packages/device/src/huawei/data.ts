import type { JsonObject, JsonValue, Vocabulary } from '@lianyun/protocol';

/** Fills in what is given; what is left out, or undefined, keeps its default. */
export const fill = (target: object, given: object | null | undefined): void => void Object.assign(target, Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)));

/** How an operation ended (seed 11.1). */
export class IotResult {
  static readonly SUCCESS = new IotResult({ resultCode: 0, resultDesc: 'Success' });
  static readonly FAIL = new IotResult({ resultCode: 1, resultDesc: 'Fail' });
  static readonly TIMEOUT = new IotResult({ resultCode: 2, resultDesc: 'Timeout' });

  /** 0 is success, everything else failure. */
  resultCode = 0;
  /** At most 128 bytes. */
  resultDesc: string | undefined = undefined;

  constructor(given?: Partial<IotResult>) {
    fill(this, given);
  }

  /** What the listener's own error says. @internal */
  static failed(why: string): IotResult {
    return new IotResult({ resultCode: -1, resultDesc: within(why, 128) });
  }
}

/** Values of one service's properties (seed 6.2). */
export class ServiceProperty {
  /** The service of the product model. */
  serviceId = '';
  /** Values by property name. */
  properties: JsonObject = {};
  /** When they were taken: `yyyy-MM-dd'T'HH:mm:ss.SSS'Z'` or `yyyyMMdd'T'HHmmss'Z'`, UTC. Left out, or in another form: the platform stamps the arrival. */
  eventTime: string | undefined = undefined;

  constructor(given?: Partial<ServiceProperty>) {
    fill(this, given);
  }
}

/** The desired or the reported half of a shadow (seed 6.2). */
export class PropertiesData {
  properties: JsonObject = {};
  eventTime: string | undefined = undefined;

  constructor(given?: Partial<PropertiesData>) {
    fill(this, given);
  }
}

/** One service's shadow (seed 6.2). */
export class ShadowData {
  serviceId = '';
  desired: PropertiesData | undefined = undefined;
  reported: PropertiesData | undefined = undefined;
  version: number | undefined = undefined;

  constructor(given?: Partial<ShadowData>) {
    fill(this, given);
  }
}

const half = (properties: JsonObject | undefined, at: number | undefined): PropertiesData | undefined =>
  properties === undefined ? undefined : new PropertiesData({ properties, eventTime: at === undefined ? undefined : new Date(at).toISOString() });

/** One service's shadow in this face's words. */
export function shadowOf({ service = '', desired, desiredAt, reported, reportedAt, version }: Vocabulary['shadow.state']['services'][number]): ShadowData {
  return new ShadowData({ serviceId: service, desired: half(desired, desiredAt), reported: half(reported, reportedAt), version });
}

/** An event of a service (seed 3.2). */
export class DeviceEvent {
  serviceId = '';
  eventType = '';
  /** In one of the forms of {@link ServiceProperty.eventTime}. */
  eventTime: string | undefined = undefined;
  /** Ties the event to the one that asked for it. */
  eventId: string | undefined = undefined;
  paras: JsonObject = {};

  constructor(given?: Partial<DeviceEvent>) {
    fill(this, given);
  }
}

/** The answer to a command (seed 4.2). */
export class CommandRsp {
  /** 0 is success, everything else failure. */
  resultCode = 0;
  responseName: string | undefined = undefined;
  paras: JsonObject = {};

  constructor(given?: Partial<CommandRsp>) {
    fill(this, given);
  }

  /** The code of success. */
  static successCode(): number {
    return 0;
  }

  /** The code of a failure that has none of its own. */
  static failCode(): number {
    return -1;
  }
}

/** A message without a model (seed 5.2). */
export class DeviceMessage {
  /** The device that it is for or from; left out: the connected one. */
  objectDeviceId: string | undefined = undefined;
  id: string | undefined = undefined;
  name: string | undefined = undefined;
  content: JsonValue = '';

  constructor(given?: Partial<Pick<DeviceMessage, 'objectDeviceId' | 'deviceId' | 'id' | 'name' | 'content'>>) {
    const { deviceId, ...rest } = given ?? {};
    fill(this, { ...(deviceId === undefined ? {} : { objectDeviceId: deviceId }), ...rest });
  }

  /** The name that the vendor's code has for {@link objectDeviceId}. */
  get deviceId(): string | undefined {
    return this.objectDeviceId;
  }

  set deviceId(value: string | undefined) {
    this.objectDeviceId = value;
  }
}

/** A message of any bytes. */
export class RawDeviceMessage {
  payload: Buffer;

  constructor(payload: Uint8Array) {
    this.payload = Buffer.from(payload);
  }

  toUtf8String(): string {
    return this.payload.toString('utf8');
  }
}

/** A message on any topic. */
export class RawMessage {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly qos: 0 | 1;

  constructor(topic: string, payload: string | Uint8Array, qos: 0 | 1 = 1) {
    this.topic = topic;
    this.payload = payload;
    this.qos = qos;
  }
}

/** What a device tells about itself (seed 8.2). The SDK's own name and version are added. */
export class DeviceBaseInfo {
  fwVersion: string | undefined = undefined;
  swVersion: string | undefined = undefined;

  constructor(given?: Partial<DeviceBaseInfo>) {
    fill(this, given);
  }
}

/** The platform asks which versions run. */
export class OTAQueryVersion {
  taskId: string | undefined = undefined;
  taskExtInfo: JsonValue | undefined = undefined;
  subDeviceCount: number | undefined = undefined;

  constructor(given?: Partial<OTAQueryVersion>) {
    fill(this, given);
  }
}

/** A package that is offered (seed 7.2). */
export class OTAPackageInfo {
  /** What it is, and whether the platform keeps it (1: with a token) or object storage does (2: the URL is signed). */
  kind: 'firmware' | 'software' = 'firmware';
  formatVersion: 1 | 2 = 1;
  url = '';
  version = '';
  /** Bytes. */
  fileSize: number | undefined = undefined;
  fileName: string | undefined = undefined;
  /** For `Authorization: Bearer`; packages of format 1 have it. */
  accessToken: string | undefined = undefined;
  /** Seconds until token or URL are no longer valid. */
  expires: number | undefined = undefined;
  /** SHA-256 of the package, hex. */
  sign: string | undefined = undefined;
  customInfo: string | undefined = undefined;
  taskId: string | undefined = undefined;
  subDeviceCount: number | undefined = undefined;
  taskExtInfo: JsonValue | undefined = undefined;

  constructor(given?: Partial<Omit<OTAPackageInfo, 'expire'>>) {
    fill(this, given);
  }

  /** Another spelling of {@link expires}. */
  get expire(): number | undefined {
    return this.expires;
  }

  set expire(value: number | undefined) {
    this.expires = value;
  }
}

/** A package that was downloaded and checked (seed 7.2). */
export class OTAPackage {
  package: Buffer;

  constructor(content: Uint8Array) {
    this.package = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  }
}

/** Where a file is put or fetched (seed 9.2). */
export class UrlInfo {
  url = '';
  bucketName: string | undefined = undefined;
  objectName: string | undefined = undefined;
  /** Seconds until the URL is no longer valid. */
  expire: number | undefined = undefined;
  fileAttributes: JsonObject | undefined = undefined;

  constructor(given?: Partial<Omit<UrlInfo, 'expires'>>) {
    fill(this, given);
  }

  /** The name that the vendor's document has for {@link expire}. */
  get expires(): number | undefined {
    return this.expire;
  }

  set expires(value: number | undefined) {
    this.expire = value;
  }
}

/** As much of a text as has no more bytes than that, in whole characters. */
function within(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  let end = Math.min(maxBytes, bytes.length);
  // Inside of a character of UTF-8.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
