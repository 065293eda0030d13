import type http from 'node:http';
import { isLianyunError, LianyunError } from '@lianyun/protocol';
import { connectionError, shown, wayTo } from '../net/http.ts';
import type { NetworkSettings } from '../net/open.ts';
import type { DownloadSource } from './options.ts';

/** Redirects that are followed at most. */
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

interface Question {
  readonly source: DownloadSource;
  /** Bytes that are there already; 0 asks for the whole file. */
  readonly offset: number;
  /** ETag or date of the file that those bytes belong to: if it is another now, the whole file is wanted. */
  readonly validator: string | undefined;
  readonly network: NetworkSettings;
  /** Whether something will tell a wrong file from the right one: only then another host may give it. */
  readonly isChecked: boolean;
  readonly signal: AbortSignal;
}

/** Asks for a file and follows redirects. Rejects with `unsafe-url`, `bad-response`, `network`, what is wrong with certificate or proxy, or the reason of the signal. */
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

/** Reads a URL. Throws `unsafe-url`. */
export function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw new LianyunError('unsafe-url', `The URL of the file is ${url === undefined ? 'none' : `a ${url.protocol} one`}: http or https is expected.`);
  return url;
}

function targetOf(header: string | undefined, from: URL): URL {
  const location = header === undefined ? undefined : utf8In(header);
  if (location === undefined || !URL.canParse(location, from.href)) throw new LianyunError('bad-response', `${shown(from)} leads elsewhere, without saying where.`);
  const target = readUrl(new URL(location, from).href);
  if (from.protocol === 'https:' && target.protocol === 'http:') throw new LianyunError('unsafe-url', `${shown(from)} leads from https to http, ${shown(target)}.`);
  return target;
}

/** A header that Node has read byte by byte: many servers write a name into Location as it is, in UTF-8. */
function utf8In(header: string): string {
  const text = Buffer.from(header, 'latin1').toString('utf8');
  return text.includes('\uFFFD') ? header : text;
}

async function get(url: URL, headers: Record<string, string>, { network, signal }: Question): Promise<http.IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  try {
    const way = await wayTo(url, network, signal);
    const request = way.request({ headers, signal });
    request.on('response', resolve);
    request.on('error', reject);
    request.end();
    const response = await promise;
    const fault = way.faultIn(response);
    if (fault === undefined) return response;
    response.destroy();
    throw fault;
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw isLianyunError(cause) ? cause : connectionError(url, cause);
  }
}
