import { LianyunError } from '../errors.ts';

const FIRST_AT = Date.parse('0000-01-01T00:00:00Z');
const LAST_AT = Date.parse('9999-12-31T23:59:59.999Z');

/** `yyyy-MM-dd'T'HH:mm:ss.SSS'Z'`, the documented form that keeps the milliseconds (reference, section 0). Throws `bad-input`. */
export function eventTime(at: number): string {
  if (!(at >= FIRST_AT && at <= LAST_AT)) throw new LianyunError('bad-input', `${at} is no time of an event: milliseconds since 1970 within the years 0 to 9999 are expected.`);
  const second = Math.floor(at / 1000);
  // Formatting costs as much as the rest of a report's JSON; the reports of a second share all but the milliseconds.
  if (second !== written.second) written = { second, text: new Date(second * 1000).toISOString().slice(0, -4) };
  const ms = Math.floor(at) - second * 1000;
  return `${written.text}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`;
}

// The second that was written, and read, last: a memory of pure functions, nothing depends on it.
let written = { second: Number.NaN, text: '' };
let read = { second: 0, text: '' };

/** `yyyyMMdd'T'HHmmss'Z'`, the form of the platform's own messages, to the second. */
export function compactTime(at: number): string {
  return eventTime(at).replace(/[-:]|\.\d+/g, '');
}

const FULL_LENGTH = '2025-04-14T01:30:00.123Z'.length;
const MILLISECONDS = /^\d{3}Z$/;
const COMPACT = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;

/** Reads both documented forms. Anything else is undefined: the platform then stamps the arrival, as the reference says. */
export function readEventTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text.length === FULL_LENGTH && text.startsWith(read.text) && read.text !== '' && MILLISECONDS.test(text.slice(read.text.length))) return read.second + Number(text.slice(-4, -1));
  const iso = ISO.test(text) ? text : text.replace(COMPACT, '$1-$2-$3T$4:$5:$6Z');
  const at = ISO.test(iso) ? Date.parse(iso) : Number.NaN;
  // Date.parse lets 30 February and hour 24 pass and moves them on.
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 19) !== iso.slice(0, 19)) return undefined;
  if (iso.length === FULL_LENGTH) read = { second: at - Number(iso.slice(-4, -1)), text: iso.slice(0, -4) };
  return at;
}
