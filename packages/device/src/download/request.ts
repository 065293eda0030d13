import type http from 'node:http';
import { LianyunError } from '@lianyun/protocol';
import { errnoOf } from '../disk/disk.ts';
import type { DownloadSource, DownloadTls } from './options.ts';

/** Redirects that are followed at most. */
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

interface Question {
  readonly source: DownloadSource;
  /** Bytes that are there already; 0 asks for the whole file. */
  readonly offset: number;
  /** ETag or date of the file that those bytes belong to: if it is another now, the whole file is wanted. */
  readonly validator: string | undefined;
  readonly tls: DownloadTls | undefined;
  /** Whether something will tell a wrong file from the right one: only then another host may give it. */
  readonly isChecked: boolean;
  readonly signal: AbortSignal;
}

/** Asks for a file and follows redirects. Rejects with `unsafe-url`, `bad-response`, `untrusted-server`, `network`, or the reason of the signal. */
export async function ask(question: Question): Promise<{ readonly response: http.IncomingMessage; readonly url: URL }> {
  const { source, offset, validator } = question;
  const range = offset === 0 ? {} : { range: `bytes=${offset}-`, ...(validator === undefined ? {} : { 'if-range': validator }) };
  // What is compressed on the way has another size and another digest.
  const own = { accept: '*/*', 'accept-encoding': 'identity', ...range };
  let url = readUrl(source.url);
  let secret: Readonly<Record<string, string>> = { ...source.headers, ...(source.token === undefined ? {} : { authorization: `Bearer ${source.token}` }) };
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const response = await get(url, { ...secret, ...own }, question);
    const { statusCode = 0, headers } = response;
    if (!REDIRECTS.has(statusCode)) return { response, url };
    response.destroy();
    const target = targetOf(headers.location, url);
    if (target.origin !== url.origin) {
      if (!question.isChecked) throw new LianyunError('unsafe-url', `${shown(url)} leads to another host, ${shown(target)}, and no digest was announced that could tell its file from another.`);
      // What was given for one host is not another's to know, nor the first one's again when that leads back.
      secret = {};
    }
    url = target;
  }
  throw new LianyunError('unsafe-url', `${shown(readUrl(source.url))} leads on and on: more than ${MAX_REDIRECTS} redirects.`);
}

/** A URL as it may stand in a message: what comes behind the path may be a signature, what before the host a password. */
export function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** Reads a URL. Throws `unsafe-url`. */
export function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw new LianyunError('unsafe-url', `The URL of the file is ${url === undefined ? 'none' : `a ${url.protocol} one`}: http or https is expected.`);
  return url;
}

function targetOf(location: string | undefined, from: URL): URL {
  if (location === undefined || !URL.canParse(location, from.href)) throw new LianyunError('bad-response', `${shown(from)} leads elsewhere, without saying where.`);
  const target = readUrl(new URL(location, from).href);
  if (from.protocol === 'https:' && target.protocol === 'http:') throw new LianyunError('unsafe-url', `${shown(from)} leads from https to http, ${shown(target)}.`);
  return target;
}

/** Begins a request on a connection of its own. */
type Begin = (options: { readonly method?: string; readonly headers: http.OutgoingHttpHeaders; readonly signal: AbortSignal }) => http.ClientRequest;

/** What begins requests to a URL's server. */
export async function requester(url: URL, tls: DownloadTls | undefined): Promise<Begin> {
  // Most devices never transfer a file: what only those need is loaded when it is needed.
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  // No connection stays behind, none is shared with the program's.
  return (options) => request(url, { agent: false, ...options, ...(tls === undefined ? {} : { ca: tls.ca, cert: tls.cert, key: tls.key, rejectUnauthorized: tls.insecure !== true }) });
}

async function get(url: URL, headers: Record<string, string>, { tls, signal }: Question): Promise<http.IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  try {
    const begin = await requester(url, tls);
    const request = begin({ headers, signal });
    request.on('response', resolve);
    request.on('error', reject);
    request.end();
    return await promise;
  } catch (cause) {
    throw signal.aborted ? signal.reason : connectionError(url, cause);
  }
}

/** What Node calls a certificate that does not hold. */
const UNTRUSTED = /^(CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH|INVALID_PURPOSE|INVALID_CA|CRL_)/;

/** Why a connection, or an answer on it, failed: `untrusted-server`, `bad-response`, `bad-input` or `network`. */
export function connectionError(url: URL, cause: unknown): LianyunError {
  const code = errnoOf(cause) ?? '';
  const text = cause instanceof Error ? cause.message : String(cause);
  if (UNTRUSTED.test(code)) return new LianyunError('untrusted-server', `The certificate of ${url.host} is not trusted: ${text}.`, { cause });
  if (code === 'ERR_INVALID_CHAR' || code === 'ERR_UNESCAPED_CHARACTERS') return new LianyunError('bad-input', `${shown(url)} cannot be asked for: ${text}.`, { cause });
  if (code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE') return new LianyunError('bad-response', `${shown(url)} did not answer in HTTP: ${text}.`, { cause });
  return new LianyunError('network', `The connection to ${url.host} failed: ${text}.`, { cause });
}
