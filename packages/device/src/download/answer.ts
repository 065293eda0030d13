import type { IncomingMessage } from 'node:http';
import { LianyunError } from '@lianyun/protocol';
import { shown } from './request.ts';

/** What the server says before the bytes. */
export interface Answer {
  /** Where its bytes belong. */
  readonly start: number;
  /** Where they end, if the server says so. */
  readonly end: number | undefined;
  /** Size of the whole file, if the server says so. */
  readonly total: number | undefined;
  /** Whether the end of the bytes is marked, so that a cut is seen. */
  readonly isDelimited: boolean;
  /** What names this very content: an ETag that is not weak; else the date of the last change. */
  readonly etag: string | undefined;
  readonly modified: string | undefined;
}

/** The bytes that are asked for are not there (any more): the file has to be fetched from its beginning, or is whole already. */
export interface Unsatisfied {
  readonly total: number | undefined;
}

/** Statuses after which trying again can help. */
const AGAIN = new Set([425, 429, 500, 502, 503, 504]);

/** Reads status and headers. Throws `expired-url`, `not-found`, `timeout`, `network` (the server is overloaded or broken), `bad-response`. */
export function readAnswer(response: IncomingMessage, url: URL): Answer | Unsatisfied {
  const { statusCode: status = 0, statusMessage = '', headers } = response;
  const fail = (code: 'expired-url' | 'not-found' | 'timeout' | 'network' | 'bad-response', text: string): LianyunError => new LianyunError(code, `${shown(url)} ${text}.`, { number: status });
  const said = `answered ${status}${statusMessage === '' ? '' : ` ${statusMessage}`}`;
  const length = digits(headers['content-length']);
  const range = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
  if (status === 416) return { total: digits(range?.[3]) };
  if (status === 401 || status === 403) throw fail('expired-url', `${said}: URL or token are not valid, or no longer`);
  if (status === 404 || status === 410) throw fail('not-found', said);
  if (status === 408) throw fail('timeout', said);
  if (AGAIN.has(status)) throw fail('network', said);
  if (status !== 200 && status !== 206) throw fail('bad-response', said);
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding !== 'identity') throw fail('bad-response', `sends the file in the coding ${coding}, which nobody asked for`);
  const etag = headers.etag?.startsWith('"') === true ? headers.etag : undefined;
  const common = { isDelimited: length !== undefined || headers['transfer-encoding'] !== undefined, etag, modified: headers['last-modified'] };
  if (status === 200) return { ...common, start: 0, end: length, total: length };
  const [start, last] = [digits(range?.[1]), digits(range?.[2])];
  if (start === undefined || last === undefined || last < start || (length !== undefined && length !== last + 1 - start)) throw fail('bad-response', 'answered with a part of the file, without saying which');
  return { ...common, start, end: last + 1, total: digits(range?.[3]) };
}

function digits(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
