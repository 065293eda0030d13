import { createHmac, timingSafeEqual, type Hmac } from 'node:crypto';
import { LianyunError } from '../errors.ts';
import type { MqttCredentials, Refusal, SignIn } from '../sign-in.ts';
import { isTopicLevel } from '../topic.ts';

/** What a password can be made with (reference 1.3); SM3 is what Huawei's Java and C SDKs can use as well. */
export type HuaweiSignature = 'hmac-sha256' | 'hmac-sm3';

/** A device with a secret of its own (reference 1.3). */
export interface HuaweiSecretIdentity {
  readonly deviceId: string;
  /** The device's secret as text, as the console shows it. */
  readonly secret: string;
  /** Whether the cloud shall check how fresh the signed hour is. Left out: true. */
  readonly checkTimestamp?: boolean;
  /** What signs; HMAC-SHA256 when left out. The cloud always checks how fresh an SM3 signature is. */
  readonly signature?: HuaweiSignature;
  readonly certificate?: never;
  readonly scopeId?: never;
  readonly groupSecret?: never;
}

/** A device that proves itself with an X.509 certificate; certificate and key are given to the connection's TLS options (1.4). */
export interface HuaweiCertificateIdentity {
  readonly deviceId: string;
  readonly certificate: true;
  /** As in {@link HuaweiSecretIdentity}: only written into the client id, nothing is signed. */
  readonly checkTimestamp?: boolean;
  readonly signature?: never;
  readonly secret?: never;
  readonly scopeId?: never;
  readonly groupSecret?: never;
}

/** A device that has no secret yet and signs in at the bootstrap host with the secret of its registration group (6.2). */
export interface HuaweiGroupSecretIdentity {
  readonly deviceId: string;
  readonly scopeId: string;
  /** The group's secret, base64, as the console shows it. */
  readonly groupSecret: string;
  /** As in {@link HuaweiSecretIdentity}. Huawei's Python SDK always writes false here. */
  readonly checkTimestamp?: boolean;
  readonly signature?: HuaweiSignature;
  readonly secret?: never;
  readonly certificate?: never;
}

/** A device that signs in at the bootstrap host with a certificate of its registration group (6.2). */
export interface HuaweiGroupCertificateIdentity {
  readonly deviceId: string;
  readonly scopeId: string;
  readonly certificate: true;
  readonly secret?: never;
  readonly groupSecret?: never;
  readonly checkTimestamp?: never;
  readonly signature?: never;
}

/** How a device proves to IoTDA who it is: its own secret or certificate, or those of its registration group. */
export type HuaweiIdentity = HuaweiSecretIdentity | HuaweiCertificateIdentity | HuaweiGroupSecretIdentity | HuaweiGroupCertificateIdentity;

/** `2` is HMAC-SM3 with a fresh time stamp, which Huawei's Java and C SDKs can send. */
type Flavour = '0' | '1' | '2';

interface Form {
  readonly device: string;
  readonly scope?: string;
  /** Missing in the group certificate's form, which signs nothing. */
  readonly signed?: { readonly flavour: Flavour; readonly stamp: string; readonly hourAt: number };
}

const HOUR_MS = 3_600_000;

/**
 * Sign-in of Huawei Cloud IoTDA (reference 1.3, 1.4, 6.2). A node id's and a bridge's client id (types 2 and 3) are not
 * served and count as malformed.
 */
export const huaweiSignIn: SignIn<HuaweiIdentity> = {
  deviceOf: (identity) => deviceIdOf(identity),

  credentials(identity, { now }) {
    const deviceId = deviceIdOf(identity);
    const proof = proofOf(identity);
    const { scopeId } = identity;
    if (scopeId !== undefined) {
      requireText(scopeId, 'scopeId', 'the id of the registration group');
      if (endsLikeSignature(scopeId)) fail(`scopeId ${JSON.stringify(scopeId)} ends like the signature of a client id, a digit and ten digits`, 'give the registration group another name');
    }
    const head = scopeId === undefined ? `${deviceId}_0` : `${deviceId}_0_${scopeId}`;
    if (scopeId !== undefined && proof === 'certificate') return { clientId: head, username: deviceId };
    const stamp = hourStamp(now);
    const flavour = flavourOf(identity);
    const clientId = `${head}_${flavour}_${stamp}`;
    if (proof === 'certificate') return { clientId, username: deviceId };
    const secret = scopeId === undefined ? proof.secret : derivedSecret(deviceId, proof.secret);
    return { clientId, username: deviceId, password: passwordOf(secret, stamp, flavour) };
  },

  claim(credentials) {
    const form = read(credentials);
    if (form === undefined) return undefined;
    const { device, scope, signed } = form;
    if (scope !== undefined) return { device, scope, proof: signed === undefined ? 'certificate' : 'secret' };
    return { device, proof: (credentials.password ?? '') === '' ? 'certificate' : 'secret' };
  },

  verify(credentials, secret, nowMs): Refusal | undefined {
    const form = read(credentials);
    if (form === undefined) return 'malformed';
    const { device, scope, signed } = form;
    // A form that signs nothing cannot prove a secret, and nobody can prove a secret that is not there.
    if (signed === undefined || secret === '') return 'bad-signature';
    const key = scope === undefined ? secret : derivedSecret(device, secret);
    if (!isSame(credentials.password ?? '', passwordOf(key, signed.stamp, signed.flavour))) return 'bad-signature';
    const hourNow = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
    return signed.flavour !== '0' && Math.abs(hourNow - signed.hourAt) > HOUR_MS ? 'expired' : undefined;
  },
};

/** The hour of `now` in UTC as `YYYYMMDDHH` (1.3). */
export function hourStamp(now: number): string {
  return new Date(now).toISOString().slice(0, 13).replace(/[-T]/g, '');
}

/** The password for an hour: the hour is the key and the secret the message, not the other way round (1.3). */
export function passwordOf(secret: string, stamp: string, flavour: Flavour = '1'): string {
  return (flavour === '2' ? sm3(stamp) : createHmac('sha256', stamp)).update(secret).digest('hex');
}

function sm3(key: string): Hmac {
  try {
    return createHmac('sm3', key);
  } catch (cause) {
    throw new LianyunError('unsupported', "This Node.js has no SM3: its OpenSSL was built without it. Sign with 'hmac-sha256'.", { cause });
  }
}

function flavourOf({ checkTimestamp, signature = 'hmac-sha256' }: HuaweiIdentity): Flavour {
  if (signature === 'hmac-sha256') return checkTimestamp === false ? '0' : '1';
  if (signature !== 'hmac-sm3') return fail(`signature is ${JSON.stringify(signature)}`, "give 'hmac-sha256' or 'hmac-sm3'");
  if (checkTimestamp === false) fail("signature 'hmac-sm3' and checkTimestamp: false exclude each other", 'the cloud always checks how fresh an SM3 signature is');
  return '2';
}

/** The secret that a group's secret (base64) gives a device; the platform registers the device with it (6.2, 6.4). */
export function derivedSecret(deviceId: string, groupSecret: string): string {
  return createHmac('sha256', deviceId).update(Buffer.from(groupSecret, 'base64')).digest('hex');
}

/**
 * How a device signs in after it was provisioned: with the secret that it was given; without one, with its own, or with the one that its group's secret
 * gives it, or with the same certificate (6.3, 6.4). Throws `bad-config`.
 */
export function provisionedIdentity(identity: HuaweiIdentity, secret?: string): HuaweiIdentity {
  const deviceId = deviceIdOf(identity);
  const proof = proofOf(identity);
  const checked = identity.checkTimestamp === undefined ? {} : { checkTimestamp: identity.checkTimestamp };
  if (proof === 'certificate') return { deviceId, certificate: true, ...checked };
  const signature = identity.signature === undefined ? {} : { signature: identity.signature };
  return { deviceId, secret: secret ?? (identity.scopeId === undefined ? proof.secret : derivedSecret(deviceId, proof.secret)), ...checked, ...signature };
}

/** How a client id ends that is signed: the flavour and the hour; what may stand before them is a scope (1.3, 6.2). */
const SIGNED = /^(?:(.*)_)?(\d)_(\d{10})$/s;

/** Whether a scope id ends as a signed client id does: where it stands at the end of one, nothing tells the two apart (6.2). */
export function endsLikeSignature(scopeId: string): boolean {
  return SIGNED.test(scopeId);
}

/**
 * Device ids and scope ids hold underscores, so the client id is read from its known ends, never split from the left: from the user name on, and from
 * flavour and hour back (1.3, 6.2). A scope of several parts without a signature is taken of a group's certificate alone, which sends no password.
 */
function read({ clientId, username, password = '' }: MqttCredentials): Form | undefined {
  const head = `${username}_0_`;
  if (!isTopicLevel(username) || !clientId.startsWith(head)) return undefined;
  const tail = clientId.slice(head.length);
  const signed = SIGNED.exec(tail);
  if (signed === null) return tail === '' || (tail.includes('_') && password !== '') ? undefined : { device: username, scope: tail };
  const [, scope, flavour, stamp = ''] = signed;
  const hourAt = readHourStamp(stamp);
  if (scope === '' || (flavour !== '0' && flavour !== '1' && flavour !== '2') || hourAt === undefined) return undefined;
  return { device: username, ...(scope === undefined ? {} : { scope }), signed: { flavour, stamp, hourAt } };
}

function readHourStamp(stamp: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)$/.exec(stamp);
  if (match === null) return undefined;
  const [, year, month, day, hour] = match;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:00:00Z`);
  // Date.parse lets 30 February and hour 24 pass and moves them on.
  return Number.isNaN(at) || hourStamp(at) !== stamp ? undefined : at;
}

function isSame(given: string, expected: string): boolean {
  const left = Buffer.from(given);
  const right = Buffer.from(expected);
  return left.length === right.length && timingSafeEqual(left, right);
}

function deviceIdOf({ deviceId }: HuaweiIdentity): string {
  requireText(deviceId, 'deviceId', 'the device id, as the console shows it');
  return deviceId;
}

/** Read as unknown: a program in JavaScript or a configuration file can hold anything. The secret never gets into a text. */
function proofOf(identity: HuaweiIdentity): 'certificate' | { readonly secret: string } {
  const { secret, groupSecret, certificate, scopeId }: Readonly<Partial<Record<string, unknown>>> = { ...identity };
  const given = [secret, groupSecret, certificate].filter((member) => member !== undefined);
  if (given.length > 1) fail('secret, groupSecret and certificate exclude each other', 'give the one that the device has');
  if (certificate !== undefined) {
    if (certificate !== true) fail('certificate must be true', 'put certificate and key into the TLS options of the connection');
    return 'certificate';
  }
  if (secret === undefined && groupSecret === undefined) fail('secret is missing', 'give the secret of the device, groupSecret with scopeId, or certificate: true');
  if (secret === undefined) {
    if (scopeId === undefined) fail('scopeId is missing', 'a groupSecret goes with the scopeId of its registration group');
    if (typeof groupSecret !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(groupSecret)) fail('groupSecret is no base64 text', 'copy it from the registration group in the console');
    return { secret: groupSecret };
  }
  if (scopeId !== undefined) fail('secret and scopeId exclude each other', 'a registration group signs with groupSecret or certificate: true');
  if (typeof secret !== 'string' || secret === '') fail('secret must be text that is not empty', 'copy it from the device in the console');
  return { secret };
}

function requireText(value: unknown, member: string, meaning: string): void {
  if (typeof value !== 'string' || !isTopicLevel(value)) fail(`${member} must be text without + # / and control characters`, `give ${meaning}`);
}

function fail(wrong: string, cure: string): never {
  throw new LianyunError('bad-config', `The Huawei identity cannot sign in: ${wrong}; ${cure}.`);
}
