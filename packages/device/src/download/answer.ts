import type { IncomingMessage } from 'node:http';
import { LianyunError, type ErrorCode } from '@lianyun/protocol';
import { shown } from '../net/http.ts';

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

/** Why a server did not do what it was asked to: `expired-url`, `not-found`, `too-large`, `timeout`, `network` (it is overloaded or broken), `bad-response`. `why` is what it says itself. */
export function refusalOf({ statusCode: status = 0, statusMessage = '' }: Pick<IncomingMessage, 'statusCode' | 'statusMessage'>, url: URL, why = ''): LianyunError {
  const said = `${shown(url)} answered ${status}${statusMessage === '' ? '' : ` ${statusMessage}`}`;
  const fail = (code: ErrorCode, text: string): LianyunError => new LianyunError(code, `${text}${why === '' ? '' : `: ${why}`}.`, { number: status });
  if (status === 401 || status === 403) return fail('expired-url', `${said}: URL or token are not valid, or no longer`);
  if (status === 404 || status === 410) return fail('not-found', said);
  if (status === 413) return fail('too-large', said);
  if (status === 408) return fail('timeout', said);
  return fail(AGAIN.has(status) ? 'network' : 'bad-response', said);
}

/** Reads status and headers. Throws `expired-url`, `not-found`, `timeout`, `network` (the server is overloaded or broken), `bad-response`. */
export function readAnswer(response: IncomingMessage, url: URL): Answer | Unsatisfied {
  const { statusCode: status = 0, headers } = response;
  const bad = (text: string): LianyunError => new LianyunError('bad-response', `${shown(url)} ${text}.`, { number: status });
  const length = digits(headers['content-length']);
  const range = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
  if (status === 416) return { total: digits(range?.[3]) };
  if (status !== 200 && status !== 206) throw refusalOf(response, url);
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding !== 'identity') throw bad(`sends the file in the coding ${coding}, which nobody asked for`);
  const etag = headers.etag?.startsWith('"') === true ? headers.etag : undefined;
  const common = { isDelimited: length !== undefined || headers['transfer-encoding'] !== undefined, etag, modified: headers['last-modified'] };
  if (status === 200) return { ...common, start: 0, end: length, total: length };
  const [start, last] = [digits(range?.[1]), digits(range?.[2])];
  if (start === undefined || last === undefined || last < start || (length !== undefined && length !== last + 1 - start)) throw bad('answered with a part of the file, without saying which');
  return { ...common, start, end: last + 1, total: digits(range?.[3]) };
}

function digits(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
