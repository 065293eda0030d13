import type http from 'node:http';
import { LianyunError, type Clock } from '@lianyun/protocol';
import { bounded } from '../download/patience.ts';
import { connectionError, shown } from '../download/request.ts';
import { readTls, type TlsOptions } from '../net/tls-options.ts';

/** A request with a short answer. */
interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly tls: TlsOptions | undefined;
  readonly clock: Clock;
  /** What it is, for the texts of errors. */
  readonly what: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What is read of an answer at most. */
const MAX_ANSWER_BYTES = 262_144;

/** Reads where to go: the base with the path of the API, or a URL whose own path and query hold as they are. Throws `bad-config`. */
export function readApiUrl(name: string, base: unknown, path: string): URL {
  const url = typeof base === 'string' && URL.canParse(base) ? new URL(base) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw new LianyunError('bad-config', `${name} is no http or https URL: for example https://ap-guangzhou.gateway.tencentdevices.com is expected.`);
  if (url.pathname === '/') url.pathname = path;
  return url;
}

/**
 * Sends a request on a connection of its own and resolves with the text of the answer. Redirects are not followed: what is signed is meant for one host. Rejects with
 * `bad-response` (`place.number` is the status), `untrusted-server`, `network`, `timeout`, `aborted`, `bad-config`.
 */
export async function post({ url, headers, body, tls, clock, what, deadlineMs, signal }: Post): Promise<string> {
  const secure = tls === undefined ? undefined : readTls(tls);
  return bounded({ clock, what, deadlineMs, signal }, async (ending) => {
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    // What only few devices need is loaded when it is needed.
    const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
    try {
      const sent = request(url, {
        method: 'POST',
        agent: false,
        signal: ending,
        headers: { ...headers, 'Content-Length': Buffer.byteLength(body), Connection: 'close' },
        ...(secure === undefined ? {} : { secureContext: secure.context, rejectUnauthorized: !secure.insecure, ...(secure.servername === undefined ? {} : { servername: secure.servername }) }),
      });
      sent.on('response', resolve);
      sent.on('error', reject);
      sent.end(body);
      const response = await promise;
      return await textOf(response, url);
    } catch (cause) {
      if (ending.aborted) throw ending.reason;
      throw cause instanceof LianyunError ? cause : connectionError(url, cause);
    }
  });
}

async function textOf(response: http.IncomingMessage, url: URL): Promise<string> {
  const { statusCode: status = 0, statusMessage = '' } = response;
  if (status !== 200) {
    response.destroy();
    throw new LianyunError('bad-response', `${shown(url)} answered ${status} ${statusMessage}.`, { number: status });
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    if ((bytes += chunk.length) > MAX_ANSWER_BYTES) throw new LianyunError('bad-response', `${shown(url)} answers with more than ${MAX_ANSWER_BYTES} bytes.`);
  }
  return Buffer.concat(chunks).toString('utf8');
}
