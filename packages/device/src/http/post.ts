import type http from 'node:http';
import { LianyunError, type Clock } from '@lianyun/protocol';
import type { CloudTime } from '../cloud-time.ts';
import { bounded } from '../download/patience.ts';
import { connectionError, shown, wayTo } from '../net/http.ts';
import { readNetwork, type NetworkOptions } from '../net/options.ts';

/** A request with a short answer. */
interface Post extends NetworkOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly clock: Clock;
  /** What it is, for the texts of errors. */
  readonly what: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
  /** Learns what the answer says of the time. */
  readonly serverTime: CloudTime;
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
 * `bad-response` (`place.number` is the status), `network`, what is wrong with certificate or proxy, `timeout`, `aborted`, `bad-config`.
 */
export async function post({ url, headers, body, tls, proxy, clock, what, deadlineMs, signal, serverTime }: Post): Promise<string> {
  const network = { ...readNetwork({ tls, proxy }), serverTime };
  return bounded({ clock, what, deadlineMs, signal }, async (ending) => {
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    try {
      const way = await wayTo(url, network, ending);
      const sent = way.request({ method: 'POST', signal: ending, headers: { ...headers, 'Content-Length': Buffer.byteLength(body), Connection: 'close' } });
      sent.on('response', resolve);
      sent.on('error', reject);
      sent.end(body);
      const response = await promise;
      const fault = way.faultIn(response);
      if (fault === undefined) return await textOf(response, url);
      response.destroy();
      throw fault;
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
