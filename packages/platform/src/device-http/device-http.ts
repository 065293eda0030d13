import { X509Certificate } from 'node:crypto';
import { LianyunError, rightsOf, tencent, tencentHttpGateway, type Clock, type DeviceRef, type TencentCredential, type TencentHttpFault, type TencentHttpRequest, type TencentLogLine } from '@lianyun/protocol';
import type { LogLine } from '../log-store.ts';
import { refusal } from '../north/refusal.ts';
import type { Device, TencentProduct } from '../records.ts';
import type { Registry } from '../registry.ts';
import { fingerprintOf } from '../seed-schema.ts';
import { TopicPolicies } from '../tencent/topic-policies.ts';
import type { CertificateWithKey } from '../tls/authority.ts';
import { SeenRequests } from './seen-requests.ts';

export interface DeviceHttpOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  /** A device's certificate with a new key; undefined when this platform has no authority to sign it. */
  issue(name: string): CertificateWithKey | undefined;
  /** Takes what a device published, as if it had come over its connection. */
  takeUplink(device: DeviceRef, frame: { readonly topic: string; readonly payload: Buffer; readonly qos: 0 | 1 }): void | Promise<void>;
  /** Takes lines of a device's log. */
  takeLogs(device: DeviceRef, lines: readonly LogLine[]): void;
  /** Something that came in cannot be taken. */
  problem(problem: LianyunError): void;
}

/** What a registration gives. */
export interface Registered {
  /** The length of the text before it was encrypted. */
  readonly bytes: number;
  readonly payload: string;
  readonly isNew: boolean;
}

/** The cloud's codes for a signature that does not hold (reference 4.1, 10.3). */
const FAULTS: Readonly<Record<TencentHttpFault, readonly [code: string, text: string]>> = {
  missing: ['AuthFailure.InvalidAuthorization', 'X-TC-Algorithm, X-TC-Timestamp, X-TC-Nonce and X-TC-Signature are expected.'],
  malformed: ['AuthFailure.InvalidAuthorization', 'X-TC-Timestamp and X-TC-Nonce are whole numbers.'],
  'unknown-algorithm': ['AuthFailure.InvalidAuthorization', 'X-TC-Algorithm is hmacsha256, hmacsha1 or rsa-sha256.'],
  'bad-signature': ['AuthFailure.SignatureFailure', 'The signature is not that of this request.'],
  expired: ['AuthFailure.SignatureExpire', 'The time stamp is more than five minutes away from the time here.'],
};

/** Devices of a product that may come to be by registration, unless somebody says otherwise. */
export const REGISTER_LIMIT = 1000;
const WINDOW_MS = 300_000;
const NOT_JSON = refusal('InvalidParameter', 'The body is no JSON object.');

/** What Tencent's devices ask for over HTTP: their credentials (reference 4), to publish (7.7), and to take their logs (7.6). Everything fails with the cloud's codes. */
export class DeviceHttp {
  readonly #options: DeviceHttpOptions;
  readonly #seen = new SeenRequests(WINDOW_MS);
  readonly #policies: TopicPolicies;

  constructor(options: DeviceHttpOptions) {
    this.#options = options;
    this.#policies = new TopicPolicies(options.registry);
  }

  /** Registers a device with the secret of its product, as current SDKs ask for it. */
  register(request: TencentHttpRequest): Registered {
    const { ProductId: productId, DeviceName: deviceName } = documentIn(request.body);
    if (typeof productId !== 'string' || typeof deviceName !== 'string') throw refusal('MissingParameter', 'ProductId and DeviceName are expected, both text.');
    const product = this.#product(productId);
    this.#verify(request, { device: `${productId}/${deviceName}`, secret: product.productSecret });
    return this.#enroll(product, deviceName);
  }

  /** The same, as older SDKs ask for it. */
  registerLegacy(body: Buffer): Registered {
    const request = tencentHttpGateway.registration.readLegacy(documentIn(body));
    if ('wrong' in request) throw refusal('InvalidParameter', request.wrong);
    const { productId, deviceName, timestamp, nonce } = request;
    const product = this.#product(productId);
    if (!tencentHttpGateway.registration.verifyLegacy(request, product.productSecret)) throw faultOf('bad-signature');
    if (Math.abs(this.#options.clock.now() - timestamp * 1000) > WINDOW_MS) throw faultOf('expired');
    this.#once(`${productId}/${deviceName}`, String(timestamp), String(nonce));
    return this.#enroll(product, deviceName);
  }

  /** Takes in what a device publishes. */
  async publish(request: TencentHttpRequest): Promise<void> {
    const message = tencentHttpGateway.publish.read(documentIn(request.body));
    if ('wrong' in message) throw refusal('InvalidParameter', message.wrong);
    const { topic, qos } = message;
    const ref = this.#signedBy(request, message);
    const payload = Buffer.from(message.payload);
    const most = tencent.limits.payloadBytes;
    if (payload.length > most) throw refusal('InvalidParameterValue.PayloadOverLimit', `Payload has ${payload.length} bytes; at most ${most} are taken.`);
    if (!rightsOf(tencent).mayPublish(topic, [ref]) && !this.#policies.mayPublish(topic, [ref])) throw refusal('UnauthorizedOperation', `The device ${ref} may not publish to ${JSON.stringify(topic)}.`);
    await this.#options.takeUplink(ref, { topic, payload, qos });
  }

  /** Takes in lines of a device's log: all of them, or none and a problem that names the first that is wrong (7.6). */
  takeLogs(request: TencentHttpRequest): void {
    const document = documentIn(request.body);
    const logs = tencentHttpGateway.logs.read(document);
    if ('wrong' in logs) {
      // Only who is known may cause a problem to be told.
      const { ProductId: productId, DeviceName: deviceName } = document;
      if (typeof productId === 'string' && typeof deviceName === 'string') this.#tellOfLogs(this.#signedBy(request, { productId, deviceName }), logs.wrong);
      throw refusal('InvalidParameter', logs.wrong);
    }
    this.#options.takeLogs(this.#signedBy(request, logs), logs.lines.map(toLine));
  }

  /** The same, as older SDKs upload them. */
  takeLegacyLogs(body: Buffer): void {
    const logs = tencentHttpGateway.logs.readLegacy(body);
    if ('wrong' in logs) throw refusal('InvalidParameter', logs.wrong);
    const device = this.#device(logs);
    const { device: ref, secret, authType } = device;
    if (authType !== 'secret' || !tencentHttpGateway.logs.verifyLegacy(body, secret)) throw faultOf('bad-signature');
    const now = this.#options.clock.now();
    // A device that has not asked for the time yet says 0.
    if (logs.timestamp !== 0 && Math.abs(now - logs.timestamp * 1000) > WINDOW_MS) throw faultOf('expired');
    checkEnabled(device);
    // There is no nonce: the same lines come again when their answer was lost.
    if (this.#seen.isNew(`${ref} logs ${logs.signature}`, now)) this.#options.takeLogs(ref, logs.lines.map(toLine));
  }

  /** The device that signed a request with its own secret or key, and may do so. */
  #signedBy(request: TencentHttpRequest, names: { readonly productId: string; readonly deviceName: string }): DeviceRef {
    const device = this.#device(names);
    this.#verify(request, { device: device.device, ...proofOf(device) });
    checkEnabled(device);
    return device.device;
  }

  #device({ productId, deviceName }: { readonly productId: string; readonly deviceName: string }): Device {
    const ref = `${productId}/${deviceName}`;
    const device = this.#options.registry.findDevice('tencent', ref);
    if (device === undefined) throw refusal('ResourceNotFound.DeviceNotExist', `There is no device ${JSON.stringify(ref)}.`);
    return device;
  }

  #tellOfLogs(device: DeviceRef, wrong: string): void {
    const path = `$.${wrong.split(':', 1)[0] ?? ''}`;
    this.#options.problem(new LianyunError('bad-frame', `${device} uploaded a log of which nothing was taken: ${wrong}.`, { device, path }));
  }

  #product(productId: string): TencentProduct {
    const { registry } = this.#options;
    if (registry.findProduct('tencent', productId) === undefined) throw refusal('InvalidParameterValue.ProductIdInvalid', `There is no product ${JSON.stringify(productId)}.`);
    return registry.product('tencent', productId);
  }

  #verify(request: TencentHttpRequest, { device, ...proof }: { readonly device: DeviceRef; readonly secret?: string; readonly publicKey?: X509Certificate['publicKey'] }): void {
    const fault = tencentHttpGateway.verify(request, proof, this.#options.clock.now());
    if (fault !== undefined) throw faultOf(fault);
    this.#once(device, request.headers['x-tc-timestamp'] ?? '', request.headers['x-tc-nonce'] ?? '');
  }

  /** Who copies a request must not have it taken again. */
  #once(device: DeviceRef, timestamp: string, nonce: string): void {
    if (!this.#seen.isNew(`${device} ${timestamp} ${nonce}`, this.#options.clock.now())) throw refusal('AuthFailure.SignatureExpire', 'This request was here before: every request needs a nonce of its own.');
  }

  #enroll(product: TencentProduct, deviceName: string): Registered {
    const { registry } = this.#options;
    const { productId, registerType, registerLimit = REGISTER_LIMIT, registered = 0 } = product;
    const ref = `${productId}/${deviceName}`;
    if (registerType === 0) throw refusal('UnauthorizedOperation.DynamicRegisterClosed', `Dynamic registration is switched off for the product ${productId}.`);
    const known = registry.findDevice('tencent', ref);
    if (known === undefined) {
      if (!/^[a-zA-Z0-9:_-]{1,48}$/.test(deviceName)) throw refusal('InvalidParameterValue.DeviceNameInvalid', 'DeviceName is not allowed: 1 to 48 of a–z, A–Z, 0–9, :, _ and - are expected.');
      if (registerType === 1) throw refusal('ResourceNotFound.DeviceNotExist', `There is no device ${ref}: the product's devices are created before they register.`);
      if (registered >= registerLimit) throw refusal('LimitExceeded.DeviceExceedLimit', `${registered} devices of the product ${productId} have come by registration; no more are allowed.`);
    } else {
      if (!known.enabled) throw refusal('UnauthorizedOperation.DeviceIsNotEnabled', `The device ${ref} is disabled.`);
      if (known.activatedAt !== undefined) throw refusal('UnauthorizedOperation.DeviceHasActivated', `The device ${ref} has been online: it has its credential.`);
    }
    const isCertificate = known === undefined ? product.encryptionType === '1' : known.authType === 'certificate';
    const issued = isCertificate ? this.issue(`${productId}${deviceName}`) : undefined;
    const device = known ?? registry.createDevice({ cloud: 'tencent', productId, nodeId: deviceName });
    if (known === undefined) registry.updateProduct('tencent', productId, { registered: registered + 1 });
    if (issued !== undefined) registry.updateDevice('tencent', ref, certified(issued.cert));
    const credential: TencentCredential = issued === undefined ? { deviceSecret: device.secret } : { certificate: issued.cert, privateKey: issued.key };
    return { ...tencentHttpGateway.registration.seal(credential, product.productSecret), isNew: known === undefined };
  }

  /** A device's certificate with its key, signed by this platform. Refused with UnsupportedOperation where it has no authority. */
  issue(name: string): CertificateWithKey {
    const issued = this.#options.issue(name);
    if (issued === undefined) throw refusal('UnsupportedOperation', 'This platform has no certificate authority: it does not listen over TLS.');
    return issued;
  }
}

/** What is known of a device that has this certificate, and no other. */
export function certified(pem: string): Pick<Device, 'certificate' | 'fingerprint'> {
  const fingerprint = fingerprintOf(pem);
  return { certificate: pem, ...(fingerprint === undefined ? {} : { fingerprint }) };
}

function checkEnabled({ device, enabled }: Device): void {
  if (!enabled) throw refusal('UnauthorizedOperation.DeviceIsNotEnabled', `The device ${device} is disabled.`);
}

const toLine = ({ level, content, at }: TencentLogLine): LogLine => ({ type: level, content, ...(at === undefined ? {} : { at }) });

function faultOf(fault: TencentHttpFault): Error {
  const [code, text] = FAULTS[fault];
  return refusal(code, text);
}

/** What a device signs with: its secret, or the key of its certificate. */
function proofOf({ authType, secret, certificate }: Device): { readonly secret?: string; readonly publicKey?: X509Certificate['publicKey'] } {
  if (authType === 'secret') return { secret };
  return certificate === undefined ? {} : { publicKey: new X509Certificate(certificate).publicKey };
}

function documentIn(body: Uint8Array): Readonly<Record<string, unknown>> {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    throw NOT_JSON;
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw NOT_JSON;
  return document as Readonly<Record<string, unknown>>; // an object, by the line above
}
