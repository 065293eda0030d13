import { createHash, createHmac, createSign, createVerify, timingSafeEqual, type KeyLike } from 'node:crypto';
import { LianyunError } from '../errors.ts';
import type { SignInContext } from '../sign-in.ts';

/** How a device signs an HTTP request: with a secret as text, or with its RSA key (reference 4.1, 7.7). */
export type TencentHttpAlgorithm = 'hmacsha256' | 'hmacsha1' | 'rsa-sha256';

/** What a request is signed over, beside time and chance. */
export interface TencentHttpDraft {
  /** Without a port. */
  readonly host: string;
  /** Without a query. */
  readonly path: string;
  readonly body: string | Uint8Array;
}

/** How a request is signed. */
export type TencentHttpKey =
  /** The secret of the product or the device as it stands: its base64 is not decoded. */
  | { readonly secret: string; readonly algorithm?: Exclude<TencentHttpAlgorithm, 'rsa-sha256'> }
  /** The private key of the device's certificate, PEM. */
  | { readonly privateKey: KeyLike };

/** A request as it came in. */
export interface TencentHttpRequest {
  /** The header `Host`, with or without a port. */
  readonly host: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** What a signature is held against. */
export interface TencentHttpProof {
  readonly secret?: string | undefined;
  /** That of the device's certificate. */
  readonly publicKey?: KeyLike | undefined;
}

/** Why a request is refused. */
export type TencentHttpFault = 'missing' | 'malformed' | 'unknown-algorithm' | 'bad-signature' | 'expired';

/** How far the time stamp of a request may be from now, either way, ms: as for every request to the cloud's API (10.3). */
const HTTP_WINDOW_MS = 300_000;

const HASHES = { hmacsha256: 'sha256', hmacsha1: 'sha1' } as const;
const RSA = 'rsa-sha256';
const MAX_NONCE = 0x7fff_ffff;

/** The headers that sign a request; their names are those of the wire. Throws `bad-config` for a key that cannot sign. */
export function signTencentHttp(draft: TencentHttpDraft, key: TencentHttpKey, { now, random }: SignInContext): Record<string, string> {
  const algorithm = 'secret' in key ? (key.algorithm ?? 'hmacsha256') : RSA;
  const [timestamp, nonce] = [String(Math.floor(now / 1000)), String(Math.floor(random() * MAX_NONCE))];
  const text = textToSign(draft, { algorithm, timestamp, nonce });
  return {
    'Content-Type': 'application/json; charset=utf-8',
    'X-TC-Algorithm': algorithm,
    'X-TC-Timestamp': timestamp,
    'X-TC-Nonce': nonce,
    'X-TC-Signature': 'secret' in key ? createHmac(HASHES[key.algorithm ?? 'hmacsha256'], key.secret).update(text).digest('base64') : signedByKey(text, key.privateKey),
  };
}

/** Why a request is not signed with that secret or key; undefined when it is. Compares in constant time. */
export function verifyTencentHttp({ host, path, headers, body }: TencentHttpRequest, { secret, publicKey }: TencentHttpProof, nowMs: number): TencentHttpFault | undefined {
  const [written, timestamp, nonce, signature] = ['x-tc-algorithm', 'x-tc-timestamp', 'x-tc-nonce', 'x-tc-signature'].map((name) => headers[name]?.trim() ?? '');
  if (!written || !timestamp || !nonce || !signature) return 'missing';
  if (!/^\d{1,15}$/.test(timestamp) || !/^\d{1,20}$/.test(nonce)) return 'malformed';
  const algorithm = written.toLowerCase();
  if (algorithm !== RSA && !Object.hasOwn(HASHES, algorithm)) return 'unknown-algorithm';
  // A header may be written in capitals and the text in small letters (4.1); who signs may count the port to the host or not.
  const texts = [host, withoutPort(host)].flatMap((each) => [each, each.toLowerCase()]).flatMap((each) => [written, algorithm].map((name) => textToSign({ host: each, path, body }, { algorithm: name, timestamp, nonce })));
  const isSigned = [...new Set(texts)].some((text) => (algorithm === RSA ? publicKey !== undefined && verifiedByKey(text, publicKey, signature) : secret !== undefined && isHmac(HASHES[algorithm as keyof typeof HASHES], { secret, text, signature })));
  if (!isSigned) return 'bad-signature';
  return Math.abs(nowMs - Number(timestamp) * 1000) > HTTP_WINDOW_MS ? 'expired' : undefined;
}

/** Whether a signature is that of a text, written in any of the ways that are documented or seen: base64 of the digest, of its hex digits, or these themselves. */
export function isHmac(hash: 'sha256' | 'sha1', { secret, text, signature }: { readonly secret: string; readonly text: string; readonly signature: string }): boolean {
  const digest = createHmac(hash, secret).update(text).digest();
  const hex = digest.toString('hex');
  return [digest.toString('base64'), Buffer.from(hex).toString('base64')].some((each) => isSame(each, signature)) || isSame(hex, signature.toLowerCase());
}

/** Eight lines; the query is always an empty one. */
function textToSign({ host, path, body }: TencentHttpDraft, { algorithm, timestamp, nonce }: { readonly algorithm: string; readonly timestamp: string; readonly nonce: string }): string {
  return ['POST', host, path, '', algorithm, timestamp, nonce, createHash('sha256').update(body).digest('hex')].join('\n');
}

const withoutPort = (host: string): string => host.replace(/:\d+$/, '');

function isSame(expected: string, given: string): boolean {
  const [left, right] = [Buffer.from(expected), Buffer.from(given)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function signedByKey(text: string, privateKey: KeyLike): string {
  try {
    return createSign('RSA-SHA256').update(text).sign(privateKey, 'base64');
  } catch {
    // The cause could carry the key.
    throw new LianyunError('bad-config', "The request cannot be signed: the device's private key is no private key in PEM form.");
  }
}

function verifiedByKey(text: string, publicKey: KeyLike, signature: string): boolean {
  try {
    return createVerify('RSA-SHA256').update(text).verify(publicKey, signature, 'base64');
  } catch {
    return false;
  }
}
