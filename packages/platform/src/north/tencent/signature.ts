import type { AccessKey } from '../../keys.ts';
import { parseTarget } from '../percent.ts';
import { hmac, sameText, sha256Hex, type SecretOf, type SignedRequest, type Verdict } from '../signed-request.ts';

const TC3 = 'TC3-HMAC-SHA256';
/** What X-TC-Content-SHA256 says where the body is not signed, and what stands for the body then. */
const UNSIGNED = 'UNSIGNED-PAYLOAD';
/** How far a request's time may be from ours (10.3). */
const SKEW_MS = 5 * 60_000;

/** How a request is to be signed. */
export interface TencentSigning {
  /** Ms since 1970. */
  readonly at: number;
  /** Left out: the first part of the host, as the vendor's client has it. */
  readonly service?: string;
}

/** Signs a request for Tencent's API by TC3-HMAC-SHA256 (10.3). Returns the headers that it is to be sent with: `x-tc-timestamp` and `authorization` besides its own. */
export function signTencent(request: SignedRequest, key: AccessKey, { at, service }: TencentSigning): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000));
  const host = request.headers['host'] ?? '';
  const scope = `${dayOf(Number(timestamp))}/${service ?? host.split('.')[0] ?? ''}/tc3_request`;
  const names = ['content-type', 'host'];
  const signature = tc3(request, { timestamp, scope, names, host: withoutPort(host), secret: key.secret });
  const headers = Object.fromEntries(Object.entries(request.headers).filter((entry): entry is [string, string] => entry[1] !== undefined));
  return { ...headers, 'x-tc-timestamp': timestamp, authorization: `${TC3} Credential=${key.id}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}` };
}

/** Verifies TC3-HMAC-SHA256. `now` is ms since 1970. */
export function verifyTencent(request: SignedRequest, secretOf: SecretOf, now: number): Verdict {
  const { authorization, 'x-tc-timestamp': timestamp } = request.headers;
  if (authorization === undefined) return { fault: 'missing', why: 'The header Authorization is missing.' };
  const match = /^TC3-HMAC-SHA256 Credential=([^/,]+)\/(\d{4}-\d\d-\d\d)\/([^/,]+)\/tc3_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(authorization.trim());
  const [, keyId, day, service, list, signature] = match ?? [];
  if (keyId === undefined || day === undefined || service === undefined || list === undefined || signature === undefined) {
    return { fault: 'malformed', why: `The header Authorization is not in the form of ${TC3}.` };
  }
  if (timestamp === undefined || !/^\d{1,12}$/.test(timestamp)) return { fault: 'malformed', why: 'The header X-TC-Timestamp is missing or not in seconds.' };
  const names = list.toLowerCase().split(';');
  if (!names.includes('host') || !names.includes('content-type')) return { fault: 'malformed', why: 'SignedHeaders must name content-type and host.' };
  if (isExpired(Number(timestamp), now)) return { fault: 'expired', why: 'X-TC-Timestamp is more than five minutes away from the time of this server.' };
  if (day !== dayOf(Number(timestamp))) return { fault: 'mismatch', why: 'The day in Credential is not that of X-TC-Timestamp.' };
  const secret = secretOf(keyId);
  if (secret === undefined) return { fault: 'unknown-key', why: `There is no SecretId ${JSON.stringify(keyId)}.` };
  const wireHost = request.headers['host'] ?? '';
  // The vendor's client signs the host without the port that it sends (10.3); the vendor's document has the headers' values signed in lower case.
  for (const host of new Set([wireHost, withoutPort(wireHost)])) {
    for (const isLower of [false, true]) {
      const expected = tc3(request, { timestamp, scope: `${day}/${service}/tc3_request`, names, host, secret, isLower });
      if (sameText(expected, signature)) return { keyId };
    }
  }
  return { fault: 'mismatch', why: 'The signature does not belong to this request.' };
}

interface Tc3 {
  readonly timestamp: string;
  readonly scope: string;
  readonly names: readonly string[];
  readonly host: string;
  readonly secret: string;
  /** The headers' values are signed in lower case. */
  readonly isLower?: boolean;
}

function tc3({ method, url, headers, body }: SignedRequest, { timestamp, scope, names, host, secret, isLower = false }: Tc3): string {
  const at = url.indexOf('?');
  const [path, query] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
  const valueOf = (name: string): string => (name === 'host' ? host : (headers[name] ?? '').trim());
  const block = names.map((name) => `${name}:${isLower ? valueOf(name).toLowerCase() : valueOf(name)}\n`).join('');
  const canonical = [method, path, query, block, names.join(';'), sha256Hex(headers['x-tc-content-sha256'] === UNSIGNED ? UNSIGNED : body)].join('\n');
  const [day = '', service = ''] = scope.split('/');
  const key = hmac('sha256', hmac('sha256', hmac('sha256', `TC3${secret}`, day), service), 'tc3_request');
  return hmac('sha256', key, [TC3, timestamp, scope, sha256Hex(canonical)].join('\n')).toString('hex');
}

/** A request that is signed the old way: all of it, the signature too, stands in its parameters. */
export interface ParameterRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const METHODS: ReadonlyMap<string, 'sha1' | 'sha256'> = new Map([['HmacSHA1', 'sha1'], ['HmacSHA256', 'sha256']]);

/** Signs parameters the old way (10.2): the value of `Signature`. `SignatureMethod` among them chooses the hash, HmacSHA1 if left out. */
export function signTencentParameters(request: ParameterRequest, secret: string): string {
  return parameterSignature(request, request.host, secret);
}

/** Verifies HmacSHA1 and HmacSHA256. `now` is ms since 1970. */
export function verifyTencentParameters(request: ParameterRequest, secretOf: SecretOf, now: number): Verdict {
  const { parameters, host } = request;
  const [keyId, signature, timestamp, method = 'HmacSHA1'] = ['SecretId', 'Signature', 'Timestamp', 'SignatureMethod'].map((name) => parameters.get(name));
  if (keyId === undefined || signature === undefined) return { fault: 'missing', why: 'SecretId or Signature is missing.' };
  if (!METHODS.has(method)) return { fault: 'malformed', why: 'SignatureMethod is neither HmacSHA1 nor HmacSHA256.' };
  if (timestamp === undefined || !/^\d{1,12}$/.test(timestamp)) return { fault: 'malformed', why: 'Timestamp is missing or not in seconds.' };
  if (isExpired(Number(timestamp), now)) return { fault: 'expired', why: 'Timestamp is more than five minutes away from the time of this server.' };
  const secret = secretOf(keyId);
  if (secret === undefined) return { fault: 'unknown-key', why: `There is no SecretId ${JSON.stringify(keyId)}.` };
  const isRight = [host, withoutPort(host)].some((each) => sameText(parameterSignature(request, each, secret), signature));
  return isRight ? { keyId } : { fault: 'mismatch', why: 'The signature does not belong to this request.' };
}

function parameterSignature({ method, path, parameters }: ParameterRequest, host: string, secret: string): string {
  const pairs = [...parameters].filter(([name]) => name !== 'Signature').sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([name, value]) => `${name}=${value}`);
  return hmac(METHODS.get(parameters.get('SignatureMethod') ?? 'HmacSHA1') ?? 'sha1', secret, `${method}${host}${path}?${pairs.join('&')}`).toString('base64');
}

/** The parameters of a form or a query, in which `+` is a space; undefined when they are not encoded properly or one stands twice. */
export function readParameters(text: string): ReadonlyMap<string, string> | undefined {
  const pairs = parseTarget(`/?${text.replaceAll('+', '%20')}`)?.query;
  if (pairs === undefined) return undefined;
  const parameters = new Map(pairs);
  return parameters.size === pairs.length ? parameters : undefined;
}

const dayOf = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);
const isExpired = (seconds: number, now: number): boolean => Math.abs(now - seconds * 1000) > SKEW_MS;
const withoutPort = (host: string): string => host.replace(/:\d+$/, '');
