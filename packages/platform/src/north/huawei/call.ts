import { isJsonObject, isLianyunError, LianyunError, parseExact, type JsonObject } from '@lianyun/protocol';
import * as v from 'valibot';
import type { Device } from '../../records.ts';
import type { NorthContext } from '../context.ts';
import { refusal, refusalOf } from '../refusal.ts';
import { markerOf, timestamp } from './shapes.ts';

/** One request to the API, its signature verified. */
export interface Call {
  readonly context: NorthContext;
  /** What stands in the path, by name. */
  readonly params: ReadonlyMap<string, string>;
  readonly query: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** What a route answers: the body, or undefined for none. */
export type Answer = object | undefined | Promise<object | undefined>;

/** An error answer of IoTDA. */
export interface HuaweiFault {
  readonly status: number;
  readonly body: { readonly error_code: string; readonly error_msg: string };
}

/** A member of a body that may be missing, `null` or `""`, which all mean "not given" (reference, section 0). */
export const absent = <S extends v.GenericSchema>(schema: S) =>
  v.optional(v.pipe(v.unknown(), v.transform((value) => (value === null || value === '' ? undefined : value)), v.optional(schema)));

/** A text of at most `max` characters. Half of a surrogate pair could not be kept: no encoding has it. */
export const text = (max: number) =>
  v.pipe(
    v.string('a string is expected'),
    v.minLength(1, 'a text that is not empty is expected'),
    v.maxLength(max, `at most ${max} characters are expected`),
    v.check((value) => value.isWellFormed(), 'text without half of a surrogate pair is expected'),
  );

/** One of some words. */
export const oneOf = <const T extends readonly string[]>(options: T) => v.picklist(options, `one of ${options.join(', ')} is expected`);

/** A JSON object taken as it is. */
export const anyObject = v.custom<JsonObject>(isJsonObject, 'an object is expected');

/** An object with these members; others are passed over. Not an array, in which they would be missing all the same. */
export function object<const E extends v.ObjectEntries>(entries: E) {
  const schema = v.object(entries);
  return v.pipe(v.custom<v.InferInput<typeof schema>>(isJsonObject, 'an object is expected'), schema);
}

/** A whole number from `min` to `max`. */
export const whole = (min: number, max: number) => {
  const range = `${min} to ${max} is expected`;
  return v.pipe(v.number('a number is expected'), v.integer('a whole number is expected'), v.minValue(min, range), v.maxValue(max, range));
};

/** The ids of one to `max` devices, or of other things. */
export const listOf = <S extends v.GenericSchema>(item: S, max: number) => v.pipe(v.array(item, 'an array is expected'), v.minLength(1, 'at least one is expected'), v.maxLength(max, `at most ${max} are expected`));

/** Reads the body by a schema. Refuses with IOTDA.000008 what is no JSON and with IOTDA.000006 what has another shape, naming the member. */
export function readBody<S extends v.GenericSchema>({ body }: Call, schema: S): v.InferOutput<S> {
  let json: unknown;
  try {
    json = parseExact(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw refusal('IOTDA.000008', `Invalid input. The body is no JSON: ${body.length === 0 ? 'it is empty' : error instanceof Error ? error.message : String(error)}`);
  }
  return readValue(json, schema);
}

/** Reads a value by a schema; `root` is what errors call it. */
export function readValue<S extends v.GenericSchema>(value: unknown, schema: S, root = ''): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = [root, v.getDotPath(issue) ?? ''].filter((part) => part !== '').join('.') || 'the body';
  throw new LianyunError('bad-input', `Invalid input data. ${path}: ${issue.received === 'undefined' ? 'is missing' : issue.message}`, { path });
}

/** A path parameter; the route names it, so it is there. */
export const param = ({ params }: Call, name: string): string => params.get(name) ?? '';

/** The device that the path names. */
export const deviceOf = (call: Call): Device => call.context.registry.device('huawei', param(call, 'device_id'));

/** A whole number in the query. */
function integerIn({ query }: Call, name: string, { min, max, fallback }: { readonly min: number; readonly max: number; readonly fallback: number }): number {
  const given = query.get(name);
  if (given === undefined || given === '') return fallback;
  const number = /^\d{1,9}$/.test(given) ? Number(given) : -1;
  if (number < min || number > max) throw new LianyunError('bad-input', `Invalid input. The specified parameter '${name}' is out of range: ${min} to ${max} is expected, ${JSON.stringify(given.slice(0, 40))} is given.`, { path: name });
  return number;
}

/** Text in the query, undefined when it is missing or empty. */
export const textIn = ({ query }: Call, name: string): string | undefined => query.get(name) || undefined;

/** A word that the query must have, one of these. */
export function typeIn<const T extends string>(call: Call, name: string, options: readonly T[]): T {
  const given = textIn(call, name);
  const found = options.find((option) => option === given);
  if (found === undefined) throw new LianyunError('bad-input', `Invalid input data. ${name}: one of ${options.join(', ')} is expected in the query`, { path: name });
  return found;
}

/** An instant as the API writes it, yyyyMMdd'T'HHmmss'Z' (14.3), in ms since 1970. Refuses what is none with IOTDA.000009. */
export function readInstant(text: string, path: string): number {
  const at = Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  // Not what is made of the 30th of February.
  if (Number.isNaN(at) || timestamp(at) !== text) throw refusal('IOTDA.000009', `Invalid input. Invalid time format. ${path}: yyyyMMdd'T'HHmmss'Z' is expected, ${JSON.stringify(text.slice(0, 40))} is given.`);
  return at;
}

/** The time between `start_time` and `end_time` of the query, either of which may be missing. */
export function timesIn(call: Call): { readonly from: number; readonly to: number } | undefined {
  const [start, end] = ['start_time', 'end_time'].map((name) => {
    const given = textIn(call, name);
    return given === undefined ? undefined : readInstant(given, name);
  });
  if (start === undefined && end === undefined) return undefined;
  const [from, to] = [start ?? 0, end ?? Number.MAX_SAFE_INTEGER];
  if (from >= to) throw refusal('IOTDA.000010', 'Invalid input. The start time must be earlier than the end time.');
  return { from, to };
}

const FIRST_MARKER = 'f'.repeat(24);

/** Which page the query asks for (14.3). */
export function pageIn(call: Call): { readonly limit: number; readonly offset: number; readonly before?: number } {
  const marker = textIn(call, 'marker') ?? FIRST_MARKER;
  if (!/^[0-9a-f]{24}$/i.test(marker)) throw new LianyunError('bad-input', "Invalid input. The specified parameter 'marker' is out of range: 24 hex digits are expected.", { path: 'marker' });
  const before = Number(BigInt(`0x${marker}`));
  return {
    limit: integerIn(call, 'limit', { min: 1, max: 50, fallback: 10 }),
    offset: integerIn(call, 'offset', { min: 0, max: 500, fallback: 0 }),
    ...(Number.isSafeInteger(before) ? { before } : {}),
  };
}

/** What an answer says of its page: how many there are in all, and the marker that the next page begins behind. */
export function pageOut(call: Call, items: readonly { readonly serial: number }[], count: number): { readonly count: number; readonly marker: string } {
  const last = items.at(-1);
  return { count, marker: last === undefined ? (textIn(call, 'marker') ?? FIRST_MARKER) : markerOf(last) };
}

/** What the API answers to an error (14.9). */
export function faultOf(error: unknown): HuaweiFault {
  const fault = (status: number, code: string, message: string): HuaweiFault => ({ status, body: { error_code: code, error_msg: message } });
  const own = refusalOf(error);
  if (own !== undefined && error instanceof Error) return fault(own.status, own.code, error.message);
  if (!isLianyunError(error)) return fault(500, 'IOTDA.000001', 'Internal server error.');
  switch (error.code) {
    case 'bad-input':
      return fault(400, error.place.path === 'limit' ? 'IOTDA.000017' : error.place.path === 'marker' ? 'IOTDA.000018' : 'IOTDA.000006', error.message);
    case 'bad-config':
    case 'model-violation':
    case 'conflict':
    case 'too-large':
      return fault(400, 'IOTDA.000006', `Invalid input data. ${error.message}`);
    case 'not-found':
      return error.place.device === undefined ? fault(404, 'IOTDA.000006', `Invalid input data. ${error.message}`) : fault(404, 'IOTDA.014000', error.message);
    case 'bad-credentials':
      return fault(401, 'APIGW.0301', error.message);
    case 'storage-failed':
      return fault(500, 'IOTDA.000001', 'Internal server error. Nothing was changed; try again later.');
    case 'unsupported':
      return fault(400, 'IOTDA.014112', error.message);
    case 'offline':
    case 'kicked':
    case 'keepalive':
    case 'network':
    case 'closed':
    case 'server-shutdown':
      return fault(403, 'IOTDA.014016', `Operation not allowed. The device is not online. (${error.message})`);
    default:
      return fault(500, 'IOTDA.000001', error.message);
  }
}
