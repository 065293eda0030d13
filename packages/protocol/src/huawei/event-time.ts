import { LianyunError } from '../errors.ts';

const FIRST_AT = Date.parse('0000-01-01T00:00:00Z');
const LAST_AT = Date.parse('9999-12-31T23:59:59.999Z');

/** `yyyy-MM-dd'T'HH:mm:ss.SSS'Z'`, the documented form that keeps the milliseconds (reference, section 0). Throws `bad-input`. */
export function eventTime(at: number): string {
  if (!(at >= FIRST_AT && at <= LAST_AT)) throw new LianyunError('bad-input', `${at} is no time of an event: milliseconds since 1970 within the years 0 to 9999 are expected.`);
  return new Date(at).toISOString();
}

/** `yyyyMMdd'T'HHmmss'Z'`, the form of the platform's own messages, to the second. */
export function compactTime(at: number): string {
  return eventTime(at).replace(/[-:]|\.\d+/g, '');
}

const COMPACT = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;

/** Reads both documented forms. Anything else is undefined: the platform then stamps the arrival, as the reference says. */
export function readEventTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const iso = ISO.test(text) ? text : text.replace(COMPACT, '$1-$2-$3T$4:$5:$6Z');
  const at = ISO.test(iso) ? Date.parse(iso) : Number.NaN;
  // Date.parse lets 30 February and hour 24 pass and moves them on.
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 19) !== iso.slice(0, 19) ? undefined : at;
}
