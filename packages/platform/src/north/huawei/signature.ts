import { hkdfSync } from 'node:crypto';
import type { AccessKey } from '../../keys.ts';
import { parseTarget, percentDecode, percentEncode, type Target } from '../percent.ts';
import { hmac, sameText, sha256Hex, type SecretOf, type SignedRequest, type Verdict } from '../signed-request.ts';

const PLAIN = 'SDK-HMAC-SHA256';
const DERIVED = 'V11-HMAC-SHA256';
const DATE = /^\d{8}T\d{6}Z$/;
const SERVICE = 'iotdm';

/** How a request is to be signed. */
export interface HuaweiSigning {
  /** Ms since 1970; left out: the header `x-sdk-date` says it. */
  readonly at?: number;
  /** Headers that the signature covers besides `host` and `x-sdk-date`; left out: all that the request has. */
  readonly headers?: readonly string[];
  /** Signs with a key derived for the region (V11-HMAC-SHA256). */
  readonly region?: string;
}

/** Signs a request for Huawei's API (14.2). Returns the headers that it is to be sent with: `x-sdk-date` and `authorization` besides its own. */
export function signHuawei(request: SignedRequest, key: AccessKey, { at, headers: covered, region }: HuaweiSigning = {}): Record<string, string> {
  const date = at === undefined ? (request.headers['x-sdk-date'] ?? '') : new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
  const headers: Record<string, string> = { 'x-sdk-date': date };
  for (const [name, value] of Object.entries(request.headers)) if (value !== undefined && name !== 'x-sdk-date') headers[name] = value;
  const names = [...new Set(['host', 'x-sdk-date', ...(covered ?? Object.keys(headers))])].sort();
  const target = parseTarget(request.url) ?? { path: request.url, rawQuery: '', query: [] };
  const scope = region === undefined ? undefined : `${date.slice(0, 8)}/${region}/${SERVICE}`;
  const text = canonical({ ...request, headers }, { target, uri: canonicalUri(target, percentDecode), names, bodyHash: bodyHashOf({ ...request, headers }) });
  const signature = signText(text, { date, scope, key });
  const credential = scope === undefined ? `${PLAIN} Access=${key.id}` : `${DERIVED} Credential=${key.id}/${scope}`;
  return { ...headers, authorization: `${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}` };
}

/**
 * Verifies the signature of a request to Huawei's API: SDK-HMAC-SHA256 or V11-HMAC-SHA256 (14.2). With `isBodyPending` the body is not there yet:
 * the hash that X-Sdk-Content-Sha256 says is taken for it, and the caller checks it.
 */
export function verifyHuawei(request: SignedRequest, secretOf: SecretOf, { isBodyPending = false }: { readonly isBodyPending?: boolean } = {}): Verdict {
  const { authorization, 'x-sdk-date': date } = request.headers;
  if (authorization === undefined) return { fault: 'missing', why: 'The header Authorization is missing.' };
  const parsed = parseAuthorization(authorization);
  if (parsed === undefined) return { fault: 'malformed', why: `The header Authorization is not in the form of ${PLAIN} or ${DERIVED}.` };
  if (date === undefined || !DATE.test(date)) return { fault: 'malformed', why: 'The header X-Sdk-Date is missing or not in the form yyyyMMddTHHmmssZ.' };
  const { keyId, scope, names, signature } = parsed;
  const missing = names.find((name) => request.headers[name] === undefined);
  if (missing !== undefined) return { fault: 'mismatch', why: `The signed header ${missing} is missing.` };
  const target = parseTarget(request.url);
  if (target === undefined) return { fault: 'malformed', why: 'The query is not percent-encoded properly.' };
  const secret = secretOf(keyId);
  if (secret === undefined) return { fault: 'unknown-key', why: `There is no access key ${JSON.stringify(keyId)}.` };
  const announced = request.headers['x-sdk-content-sha256'];
  if (!isBodyPending && announced !== undefined && announced !== 'UNSIGNED-PAYLOAD' && announced !== sha256Hex(request.body)) {
    return { fault: 'mismatch', why: 'The body does not have the hash that X-Sdk-Content-Sha256 says.' };
  }
  if (scope !== undefined && !scope.startsWith(`${date.slice(0, 8)}/`)) return { fault: 'mismatch', why: 'The day in Credential is not that of X-Sdk-Date.' };
  // The vendor's signer encodes the path that it was given, which may be encoded already.
  const uris = new Set([canonicalUri(target, percentDecode), canonicalUri(target, (segment) => segment)]);
  const bodyHash = bodyHashOf(request);
  for (const uri of uris) {
    const expected = signText(canonical(request, { target, uri, names, bodyHash }), { date, scope, key: { id: keyId, secret } });
    if (sameText(expected, signature)) return { keyId };
  }
  return { fault: 'mismatch', why: 'The signature does not belong to this request.' };
}

interface Authorization {
  readonly keyId: string;
  readonly scope?: string;
  readonly names: readonly string[];
  readonly signature: string;
}

function parseAuthorization(text: string): Authorization | undefined {
  const match = /^(SDK-HMAC-SHA256 Access|V11-HMAC-SHA256 Credential)=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(text.trim());
  const [, form, credential, list, signature] = match ?? [];
  if (form === undefined || credential === undefined || list === undefined || signature === undefined) return undefined;
  const names = list.split(';').map((name) => name.toLowerCase());
  if (form.startsWith(PLAIN)) return { keyId: credential, names, signature };
  const parts = credential.split('/');
  if (parts.length !== 4 || parts[3] !== SERVICE) return undefined;
  return { keyId: parts[0] ?? '', scope: parts.slice(1).join('/'), names, signature };
}

function canonicalUri({ path }: Target, read: (segment: string) => string | undefined): string {
  const uri = path.split('/').map((segment) => percentEncode(read(segment) ?? segment)).join('/');
  return uri.endsWith('/') ? uri : `${uri}/`;
}

function canonicalQuery({ query }: Target): string {
  const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...query]
    .sort(([nameA, valueA], [nameB, valueB]) => inOrder(nameA, nameB) || inOrder(valueA, valueB))
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .join('&');
}

const bodyHashOf = (request: SignedRequest): string => request.headers['x-sdk-content-sha256'] ?? sha256Hex(request.body);

interface Parts {
  readonly target: Target;
  readonly uri: string;
  readonly names: readonly string[];
  readonly bodyHash: string;
}

function canonical({ method, headers }: SignedRequest, { target, uri, names, bodyHash }: Parts): string {
  const block = names.map((name) => `${name}:${(headers[name] ?? '').trim()}\n`).join('');
  return [method, uri, canonicalQuery(target), block, names.join(';'), bodyHash].join('\n');
}

function signText(text: string, { date, scope, key }: { readonly date: string; readonly scope: string | undefined; readonly key: AccessKey }): string {
  if (scope === undefined) return hmac('sha256', key.secret, [PLAIN, date, sha256Hex(text)].join('\n')).toString('hex');
  const derived = Buffer.from(hkdfSync('sha256', key.secret, key.id, scope, 32)).toString('hex');
  return hmac('sha256', derived, [DERIVED, date, scope, sha256Hex(text)].join('\n')).toString('hex');
}
