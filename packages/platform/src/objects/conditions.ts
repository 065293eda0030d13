import type { IncomingHttpHeaders } from 'node:http';
import type { ByteRange } from './blobs.ts';

/** What the conditions of a request are held against; undefined where there is no object. */
export interface Validators {
  /** With its quotes; a strong one. */
  readonly etag: string;
  /** Ms since 1970. */
  readonly modifiedAt: number;
}

/** Why a request is not done: what it was to change or to show is not as it was (412), or still is (304). */
export function preconditionOf(method: string, headers: IncomingHttpHeaders, found: Validators | undefined): 304 | 412 | undefined {
  const { 'if-match': match, 'if-none-match': noneMatch, 'if-unmodified-since': unmodifiedSince, 'if-modified-since': modifiedSince } = headers;
  const isRead = method === 'GET' || method === 'HEAD';
  if (match !== undefined) {
    if (!names(match, found, 'strong')) return 412;
  } else if (unmodifiedSince !== undefined && found !== undefined && secondsOf(found.modifiedAt) > secondsIn(unmodifiedSince, Number.POSITIVE_INFINITY)) return 412;
  if (noneMatch !== undefined) {
    if (names(noneMatch, found, 'weak')) return isRead ? 304 : 412;
  } else if (isRead && modifiedSince !== undefined && found !== undefined && secondsOf(found.modifiedAt) <= secondsIn(modifiedSince, Number.NEGATIVE_INFINITY)) return 304;
  return undefined;
}

/**
 * The part of `bytes` bytes that a GET asks for: undefined for all of it, also when it asks in a way that may be left out of account (several
 * parts, another unit, no digits, another version by If-Range); `unsatisfiable` when nothing of it is there.
 */
export function rangeOf({ range, 'if-range': since }: IncomingHttpHeaders, bytes: number, { etag, modifiedAt }: Validators): ByteRange | 'unsatisfiable' | undefined {
  if (range === undefined) return undefined;
  const ifRange = since?.toString();
  if (ifRange !== undefined && ifRange.trim() !== etag && secondsIn(ifRange, Number.NaN) !== secondsOf(modifiedAt)) return undefined;
  const [, first, last] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(range) ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') {
    const length = Math.min(Number(last), bytes);
    return length === 0 ? 'unsatisfiable' : { start: bytes - length, end: bytes - 1 };
  }
  const [start, end] = [Number(first), last === '' ? Number.POSITIVE_INFINITY : Number(last)];
  if (end < start) return undefined;
  return start >= bytes ? 'unsatisfiable' : { start, end: Math.min(end, bytes - 1) };
}

/** Whether a list of entity tags names what was found. A weak tag is never the same as a strong one, where the comparison is strong. */
function names(list: string, found: Validators | undefined, comparison: 'strong' | 'weak'): boolean {
  if (found === undefined) return false;
  if (list.trim() === '*') return true;
  const tags = list.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => (comparison === 'weak' ? tag.replace(/^W\//, '') : tag) === found.etag);
}

const secondsOf = (at: number): number => Math.floor(at / 1000);

/** The instant of an HTTP date; `otherwise` when it is none. */
function secondsIn(date: string, otherwise: number): number {
  const at = /^[A-Z][a-z]{2}, /.test(date.trim()) ? Date.parse(date) : Number.NaN;
  return Number.isNaN(at) ? otherwise : secondsOf(at);
}
