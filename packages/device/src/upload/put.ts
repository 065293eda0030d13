import type http from 'node:http';
import { LianyunError, type Clock } from '@lianyun/protocol';
import { refusalOf } from '../download/answer.ts';
import { readUrl } from '../download/request.ts';
import { watched } from '../download/watched.ts';
import { shown, wayTo } from '../net/http.ts';
import type { NetworkSettings } from '../net/open.ts';
import type { UploadSource } from './source.ts';

/** One attempt to put a file where a URL says. */
export interface Put {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly source: UploadSource;
  readonly network: NetworkSettings;
  readonly clock: Clock;
  readonly stallMs: number;
  readonly signal: AbortSignal;
  /** Told of the bytes that have left. */
  onSent(bytes: number): void;
}

/** What is read of an answer at most: it says why, where something is wrong. */
const MAX_ANSWER_BYTES = 2048;

/**
 * Puts a file, in pieces, so that memory does not depend on its size. Resolves with the status. Rejects with `expired-url`, `not-found`, `too-large`, `wrong-digest`,
 * `unsafe-url`, `untrusted-server`, `bad-response`, `network`, `timeout`, or the reason of the signal.
 */
export async function put({ url: text, headers, source, network, clock, stallMs, signal, onSent }: Put): Promise<number> {
  const at = { url: readUrl(text) };
  return watched({ clock, stallMs, at, signal }, async (ending, watch) => {
    const way = await wayTo(at.url, network, ending);
    const request = way.request({ method: 'PUT', headers: { ...headers, 'content-length': source.bytes }, signal: ending });
    try {
      const answer = answerTo(request);
      // Whoever waits for it has the failure; meanwhile it ends the sending.
      answer.catch(() => undefined);
      const isWhole = await send(request, { source, answer, signal: ending }, (bytes) => {
        watch.touch();
        onSent(bytes);
      });
      const response = await answer;
      watch.touch();
      const fault = way.faultIn(response);
      if (fault !== undefined) throw fault;
      const { statusCode: status = 0 } = response;
      if (status === 200 || status === 201 || status === 204) {
        if (!isWhole) throw new LianyunError('bad-response', `${shown(at.url)} answered ${status} before it had all of the ${source.bytes} bytes.`, { number: status });
        response.resume();
        return status;
      }
      const why = await beginningOf(response);
      if (status === 400 && why.includes('BadDigest')) throw new LianyunError('wrong-digest', `${at.url.host} got other bytes than were announced: ${why}`, { number: status });
      throw refusalOf(response, at.url, why);
    } finally {
      request.destroy();
    }
  });
}

function answerTo(request: http.ClientRequest): Promise<http.IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  request.on('response', resolve);
  request.on('error', reject);
  request.on('close', () => reject(new LianyunError('network', 'The server closed the connection before it answered.')));
  return promise;
}

interface Sending {
  readonly source: UploadSource;
  readonly answer: Promise<http.IncomingMessage>;
  readonly signal: AbortSignal;
}

/** Sends the body, piece by piece, as fast as the server takes it; stops when the server answers before it has all of it. Resolves with whether all of it is on its way. */
async function send(request: http.ClientRequest, { source, answer, signal }: Sending, onSent: (bytes: number) => void): Promise<boolean> {
  let sent = 0;
  for await (const chunk of source.chunks(signal)) {
    const left = new Promise<'left'>((resolve, reject) => {
      request.write(chunk, (error) => (error instanceof Error ? reject(error) : resolve('left')));
    });
    // One that fails when the server has answered already is of no interest.
    left.catch(() => undefined);
    // The answer to all of it may be there before we hear that the last piece has left.
    if ((await Promise.race([left, answer])) !== 'left') return sent + chunk.length === source.bytes;
    onSent((sent += chunk.length));
  }
  request.end();
  return true;
}

/** The beginning of an answer's text, in one line. */
async function beginningOf(response: http.IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      text += chunk as string;
      if (text.length >= MAX_ANSWER_BYTES) break;
    }
  } catch {
    // What came says enough.
  }
  return text.replace(/\s+/g, ' ').slice(0, 300).trim();
}
