import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import * as v from 'valibot';
import { LianyunError } from '../errors.ts';
import { isJsonObject } from '../json.ts';
import type { SignInContext } from '../sign-in.ts';
import { integer, members } from '../wire.ts';
import { isHmac, signTencentHttp, type TencentHttpAlgorithm } from './sign-in-http.ts';

/** What a device registers with. */
export interface TencentRegistration {
  readonly productId: string;
  readonly deviceName: string;
  /** The product's secret, as text: at least 16 characters. */
  readonly productSecret: string;
}

/** What a device gets for it: a secret in base64, or a certificate with its key, both PEM. */
export type TencentCredential = { readonly deviceSecret: string } | { readonly certificate: string; readonly privateKey: string };

/** An answer of the cloud's that says why it refuses: its own code and text. */
export interface TencentRefusal {
  readonly code: string;
  readonly text: string;
}

/** What a registration was answered. */
export type RegistrationAnswer = { readonly credential: TencentCredential; /** Whether the device came to be by this registration; undefined when the cloud does not say. */ readonly isNew?: boolean } | { readonly refusal: TencentRefusal };

/** The two APIs: that of the current SDKs (reference 4.1), and that of older ones (4.2). */
export type RegistrationForm = 'current' | 'legacy';

/** An HTTP request as it is about to leave. */
export interface TencentHttpCall {
  /** Where, unless the program says otherwise. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The paths of the two APIs. */
export const REGISTRATION_PATHS: Readonly<Record<RegistrationForm, string>> = { current: '/device/register', legacy: '/register/dev' };

const KEY_BYTES = 16;
const BLOCK_BYTES = 16;
const IV = Buffer.alloc(BLOCK_BYTES, '0');
const MAX_NONCE = 0x7fff_ffff;

/** The request of a registration. `host` and `path` are those that it goes to. Throws `bad-config` for a product secret that is none. */
export function writeRegistration(
  { productId, deviceName, productSecret }: TencentRegistration,
  { form, host, path, algorithm = 'hmacsha256' }: { readonly form: RegistrationForm; readonly host: string; readonly path: string; readonly algorithm?: Exclude<TencentHttpAlgorithm, 'rsa-sha256'> },
  context: SignInContext,
): TencentHttpCall {
  keyOf(productSecret);
  if (form === 'current') {
    const body = JSON.stringify({ ProductId: productId, DeviceName: deviceName });
    return { path, body, headers: signTencentHttp({ host, path, body }, { secret: productSecret, algorithm }, context) };
  }
  const fields = { deviceName, nonce: Math.floor(context.random() * MAX_NONCE), productId, timestamp: Math.floor(context.now / 1000) };
  // The digest goes through its hex digits, whatever the documentation says: the vendor's code does so (4.2).
  const signature = Buffer.from(createHmac('sha1', productSecret).update(legacyText(fields)).digest('hex')).toString('base64');
  return { path, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: JSON.stringify({ ...fields, signature }) };
}

const legacyBody = members({ deviceName: v.string(), nonce: integer, productId: v.string(), timestamp: integer, signature: v.string() });

/** A request of the older API as it came in. */
export type LegacyRegistration = v.InferOutput<typeof legacyBody>;

/** Reads one; the text says what is wrong. */
export function readLegacyRegistration(document: unknown): LegacyRegistration | { readonly wrong: string } {
  const parsed = v.safeParse(legacyBody, document);
  return parsed.success ? parsed.output : { wrong: `${v.getDotPath(parsed.issues[0]) ?? 'the body'}: ${parsed.issues[0].message}` };
}

/** Whether it is signed with the product's secret: by either hash, with or without the detour through hex digits. */
export function verifyLegacyRegistration(request: LegacyRegistration, productSecret: string): boolean {
  const given = { secret: productSecret, text: legacyText(request), signature: request.signature };
  return isHmac('sha1', given) || isHmac('sha256', given);
}

/** Encrypts what a device is to get. Throws `bad-config` for a product secret that is none. */
export function sealCredential(credential: TencentCredential, productSecret: string): { readonly bytes: number; readonly payload: string } {
  const document = 'deviceSecret' in credential ? { encryptionType: 2, psk: credential.deviceSecret } : { encryptionType: 1, clientCert: credential.certificate, clientKey: credential.privateKey };
  const text = Buffer.from(JSON.stringify(document));
  const cipher = createCipheriv('aes-128-cbc', keyOf(productSecret), IV).setAutoPadding(false);
  const padded = Buffer.concat([text, Buffer.alloc((BLOCK_BYTES - (text.length % BLOCK_BYTES)) % BLOCK_BYTES)]);
  return { bytes: text.length, payload: Buffer.concat([cipher.update(padded), cipher.final()]).toString('base64') };
}

/**
 * Decrypts what a device got. There is no signature over it: what is cut short or changed shows in the padding, in the encoding or in the text, and is refused
 * as a whole. Throws `bad-response`, whose `place.path` says what is wrong: `$.Payload`, `$.Len`, or the member of what was encrypted.
 * @param bytes the length of the text, which the answer names; undefined when it does not.
 */
export function openCredential(payload: string, bytes: number | undefined, productSecret: string): TencentCredential {
  const text = decrypted(payload, bytes, keyOf(productSecret));
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw broken('$.Payload', 'what comes out is no JSON');
  }
  if (!isJsonObject(document)) throw broken('$.Payload', 'what comes out is no object');
  const { encryptionType, psk, clientCert, clientKey } = document;
  if (encryptionType === 2) {
    if (typeof psk !== 'string' || !isBase64(psk)) throw broken('$.psk', 'no secret in base64 comes out');
    return { deviceSecret: psk };
  }
  if (encryptionType !== 1) throw broken('$.encryptionType', `encryptionType is neither 1 (certificate) nor 2 (secret)`);
  if (typeof clientCert !== 'string' || clientCert === '') throw broken('$.clientCert', 'no certificate comes out');
  if (typeof clientKey !== 'string' || clientKey === '') throw broken('$.clientKey', 'no private key comes out');
  return { certificate: unfolded(clientCert), privateKey: unfolded(clientKey) };
}

const legacyAnswer = members({ code: integer, message: v.optional(v.unknown()), len: v.optional(v.unknown()), payload: v.optional(v.unknown()) });
const currentAnswer = members({ Response: members({ Len: v.optional(v.unknown()), Payload: v.optional(v.unknown()), State: v.optional(v.unknown()), Error: v.optional(v.unknown()) }) });

/** Reads the answer to a registration, in either API's form. Throws `bad-response` where it is neither a refusal nor a credential. */
export function readRegistrationAnswer(text: string, productSecret: string): RegistrationAnswer {
  const document = readHttpAnswer(text);
  const current = v.safeParse(currentAnswer, document);
  if (current.success) {
    const { Error: error, Payload: payload, Len: bytes, State: state } = current.output.Response;
    const refusal = refusalIn(error);
    if (refusal !== undefined) return { refusal };
    const credential = openCredential(given(payload), lengthIn(bytes), productSecret);
    return state === 0 || state === 1 ? { credential, isNew: state === 0 } : { credential };
  }
  const legacy = v.safeParse(legacyAnswer, document);
  if (!legacy.success) throw broken('$', 'it has neither Response nor code');
  const { code, message, payload, len } = legacy.output;
  if (code !== 0) return { refusal: { code: String(code), text: typeof message === 'string' ? message : '' } };
  return { credential: openCredential(given(payload), lengthIn(len), productSecret) };
}

/** The document of an answer. Throws `bad-response`. */
export function readHttpAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LianyunError('bad-response', 'The answer of the cloud is no JSON.', { path: '$', excerpt: text.slice(0, 200), cause });
  }
}

/** What `Response.Error` says. */
export function refusalIn(error: unknown): TencentRefusal | undefined {
  if (error === undefined || error === null) return undefined;
  const { Code: code, Message: message }: Readonly<Record<string, unknown>> = isJsonObject(error) ? error : {};
  return { code: typeof code === 'string' ? code : '', text: typeof message === 'string' ? message : '' };
}

const legacyText = ({ deviceName, nonce, productId, timestamp }: Omit<LegacyRegistration, 'signature'>): string => `deviceName=${deviceName}&nonce=${nonce}&productId=${productId}&timestamp=${timestamp}`;

/** The first sixteen characters of the product's secret (4.1). */
function keyOf(productSecret: string): Buffer {
  const key = Buffer.from(productSecret).subarray(0, KEY_BYTES);
  if (key.length < KEY_BYTES) throw new LianyunError('bad-config', 'productSecret has fewer than 16 characters; copy it from the product in the console.');
  return key;
}

function decrypted(payload: string, bytes: number | undefined, key: Buffer): string {
  const sealed = isBase64(payload) ? Buffer.from(payload, 'base64') : Buffer.alloc(0);
  if (sealed.length === 0 || sealed.length % BLOCK_BYTES !== 0) throw broken('$.Payload', 'it is not made of whole blocks in base64');
  const decipher = createDecipheriv('aes-128-cbc', key, IV).setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(sealed), decipher.final()]);
  let end = padded.length;
  while (end > 0 && padded[end - 1] === 0) end--;
  if (padded.length - end >= BLOCK_BYTES) throw broken('$.Payload', 'it is longer than what it holds');
  // What is cut short has fewer bytes than were announced. More of them say nothing: who counts without what a serializer puts between members is still understood.
  if (bytes !== undefined && bytes > end) throw broken('$.Len', `Len names ${bytes} bytes, and ${end} come out`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(padded.subarray(0, end));
  } catch {
    throw broken('$.Payload', 'no text comes out: it was changed, or the product secret is another');
  }
}

/** The vendor's C SDK expects line ends that are written as two characters (4.1). */
const unfolded = (pem: string): string => pem.replaceAll('\\n', '\n');

const isBase64 = (text: string): boolean => text.length >= 4 && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);

function given(payload: unknown): string {
  if (payload === undefined || payload === null || payload === '') throw broken('$.Payload', 'it is missing');
  if (typeof payload !== 'string') throw broken('$.Payload', 'it is no text');
  return payload;
}

function lengthIn(length: unknown): number | undefined {
  if (length === undefined || length === null) return undefined;
  const read = v.safeParse(integer, length);
  if (!read.success) throw broken('$.Len', 'it is no number');
  return read.output;
}

function broken(path: string, why: string): LianyunError {
  return new LianyunError('bad-response', `The credential in the answer cannot be used: ${why} (${path}).`, { path });
}
