import { createHmac, timingSafeEqual } from 'node:crypto';
import { LianyunError } from '../errors.ts';
import type { MqttCredentials, Refusal, SignIn } from '../sign-in.ts';
import { isTopicLevel } from '../topic.ts';
import { refOf } from './reference.ts';

/** The signature algorithms of the login. Tencent's Python and C SDKs send `hmacsha1`, its Java SDK `hmacsha256`. */
export type TencentHmac = 'hmacsha1' | 'hmacsha256';

interface Named {
  /** Ten letters and digits. */
  readonly productId: string;
  readonly deviceName: string;
  /** How long the login is good for, seconds. Left out: 3600. Every attempt gets a new one. */
  readonly expiresInSeconds?: number;
  /** The number of the SDK in the user name. Left out: `12010126`, as in Tencent's documentation; the cloud does not check it. */
  readonly sdkAppId?: string;
}

/** A device with a secret (PSK) of its own (reference 1.2). */
export interface TencentSecretIdentity extends Named {
  /** The device's secret, base64, as the console shows it. */
  readonly deviceSecret: string;
  /** Left out: `hmacsha256`. */
  readonly hmac?: TencentHmac;
  /**
   * True: over `mqtts://` secret and server prove each other by TLS-PSK, as the vendor's C SDK does (1.4): no certificate is looked at and no password is
   * sent. Elsewhere the password is.
   */
  readonly psk?: boolean;
  readonly certificate?: never;
}

/** A device that proves itself by a certificate, which is given to the connection's TLS options (1.3). */
export interface TencentCertificateIdentity extends Named {
  readonly certificate: true;
  readonly deviceSecret?: never;
  readonly hmac?: never;
  readonly psk?: never;
}

/** How a device proves to IoT Explorer who it is. */
export type TencentIdentity = TencentSecretIdentity | TencentCertificateIdentity;

const DEFAULT_EXPIRES_SECONDS = 3600;
const DEFAULT_SDK_APP_ID = '12010126';
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

interface Form {
  readonly productId: string;
  readonly deviceName: string;
  /** Unix seconds; 19 digits occur, and milliseconds of a Python device, which lie far in the future. */
  readonly expiry: bigint;
}

/** Sign-in of Tencent Cloud IoT Explorer (reference 1.2 to 1.4). */
export const tencentSignIn: SignIn<TencentIdentity> = {
  deviceOf: (identity) => refOf(namesOf(identity)),

  credentials(identity, context) {
    const { productId, deviceName } = namesOf(identity);
    const { sdkAppId = DEFAULT_SDK_APP_ID, expiresInSeconds = DEFAULT_EXPIRES_SECONDS } = identity;
    if (!/^\d{1,10}$/.test(sdkAppId)) fail('sdkAppId must be up to ten digits', 'leave it out');
    if (!Number.isSafeInteger(expiresInSeconds) || expiresInSeconds < 1) fail('expiresInSeconds must be a whole number above 0', 'leave it out for an hour');
    const connId = Array.from({ length: 5 }, () => ALPHABET.charAt(Math.floor(context.random() * ALPHABET.length))).join('');
    const clientId = `${productId}${deviceName}`;
    const username = `${clientId};${sdkAppId};${connId};${Math.floor(context.now / 1000) + expiresInSeconds}`;
    const proof = proofOf(identity);
    if (proof === 'certificate') return { clientId, username };
    if (proof.isPsk && context.isTls === true) return { clientId, username, psk: { identity: clientId, key: Buffer.from(proof.deviceSecret, 'base64') } };
    return { clientId, username, password: passwordOf(username, proof.deviceSecret, proof.hmac) };
  },

  claim(credentials) {
    const form = read(credentials);
    if (form === undefined || !isProductId(form.productId) || !isDeviceName(form.deviceName)) return undefined;
    return { device: refOf(form), proof: (credentials.password ?? '') === '' ? 'certificate' : 'secret' };
  },

  verify(credentials, secret, nowMs): Refusal | undefined {
    const form = read(credentials);
    if (form === undefined) return 'malformed';
    const password = credentials.password ?? '';
    const hmac = password.slice(password.lastIndexOf(';') + 1);
    // Nobody can prove a secret that is not there.
    if ((hmac !== 'hmacsha1' && hmac !== 'hmacsha256') || Buffer.from(secret, 'base64').length === 0) return 'bad-signature';
    if (!isSame(password.toLowerCase(), passwordOf(credentials.username, secret, hmac))) return 'bad-signature';
    return form.expiry * 1000n < BigInt(Math.floor(nowMs)) ? 'expired' : undefined;
  },
};

/** The password for a user name: signed with the bytes that the base64 secret stands for (1.2). */
export function passwordOf(username: string, deviceSecret: string, hmac: TencentHmac): string {
  const digest = createHmac(hmac === 'hmacsha1' ? 'sha1' : 'sha256', Buffer.from(deviceSecret, 'base64')).update(username).digest('hex');
  return `${digest};${hmac}`;
}

/** The first ten characters of a client id are the product id (0.1). */
function read({ clientId, username }: MqttCredentials): Form | undefined {
  const [name, sdkAppId = '', connId = '', expiry = '', ...more] = username.split(';');
  if (name !== clientId || sdkAppId === '' || connId === '' || !/^\d{1,20}$/.test(expiry) || more.length > 0) return undefined;
  return { productId: clientId.slice(0, 10), deviceName: clientId.slice(10), expiry: BigInt(expiry) };
}

function isSame(given: string, expected: string): boolean {
  const left = Buffer.from(given);
  const right = Buffer.from(expected);
  return left.length === right.length && timingSafeEqual(left, right);
}

const isProductId = (text: unknown): text is string => typeof text === 'string' && /^[A-Za-z0-9]{10}$/.test(text);
const isDeviceName = (text: unknown): text is string => typeof text === 'string' && isTopicLevel(text) && !text.includes(';');

function namesOf({ productId, deviceName }: TencentIdentity): { readonly productId: string; readonly deviceName: string } {
  if (!isProductId(productId)) fail('productId must be ten letters and digits', 'copy it from the product in the console');
  if (!isDeviceName(deviceName)) fail('deviceName must be text without + # / ; and control characters', 'copy it from the device in the console');
  return { productId, deviceName };
}

/** Read as unknown: a program in JavaScript or a configuration file can hold anything. The secret never gets into a text. */
function proofOf(identity: TencentIdentity): 'certificate' | { readonly deviceSecret: string; readonly hmac: TencentHmac; readonly isPsk: boolean } {
  const { deviceSecret, certificate, psk = false, hmac = 'hmacsha256' }: Readonly<Partial<Record<string, unknown>>> = { ...identity };
  if (certificate !== undefined) {
    if (deviceSecret !== undefined) fail('deviceSecret and certificate exclude each other', 'give the one that the device has');
    if (certificate !== true) fail('certificate must be true', 'put certificate and key into the TLS options of the connection');
    return 'certificate';
  }
  if (deviceSecret === undefined) fail('deviceSecret is missing', 'give the secret of the device, or certificate: true');
  if (typeof deviceSecret !== 'string' || !/^[A-Za-z0-9+/]{2,}={0,2}$/.test(deviceSecret)) fail('deviceSecret is no base64 text', 'copy it from the device in the console');
  if (hmac !== 'hmacsha1' && hmac !== 'hmacsha256') fail('hmac must be hmacsha1 or hmacsha256', 'leave it out for hmacsha256');
  if (typeof psk !== 'boolean') fail('psk must be true or false', 'leave it out to sign in with a password');
  return { deviceSecret, hmac, isPsk: psk };
}

function fail(wrong: string, cure: string): never {
  throw new LianyunError('bad-config', `The Tencent identity cannot sign in: ${wrong}; ${cure}.`);
}
