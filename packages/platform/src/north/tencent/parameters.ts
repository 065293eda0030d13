import { isJsonObject, parseExact, type JsonObject } from '@lianyun/protocol';
import { refusal } from '../refusal.ts';

/** Narrows a list: to what has one of the values in a member. */
export interface Filter {
  readonly Name: string;
  readonly Values: readonly string[];
}

/** What an action takes: the name of a parameter and its type, a `?` behind it when it may be left out. A document is a text of any length. */
export type Spec = Readonly<Record<string, 'text' | 'text?' | 'document' | 'document?' | 'texts' | 'texts?' | 'targets' | 'filters?' | 'integer' | 'integer?' | 'flag?'>>;

interface Types {
  text: string;
  'text?': string | undefined;
  document: string;
  'document?': string | undefined;
  texts: readonly string[];
  'texts?': readonly string[] | undefined;
  targets: readonly { readonly ProductId: string; readonly DeviceName: string }[];
  'filters?': readonly Filter[] | undefined;
  integer: number;
  'integer?': number | undefined;
  'flag?': boolean | undefined;
}

/** The parameters that a spec lets through. */
export type Parameters<S extends Spec> = { readonly [N in keyof S]: Types[S[N]] };

/** The parameters that say how a request is made, not what it asks for; in a body or a query they belong to no action. */
const PUBLIC = new Set(['Action', 'Version', 'Region', 'Timestamp', 'Nonce', 'SecretId', 'Signature', 'SignatureMethod', 'RequestClient', 'Token', 'Language']);

/** What came in: JSON has types, a form and a query have text only. */
export type Given = { readonly from: 'json'; readonly values: JsonObject } | { readonly from: 'text'; readonly values: ReadonlyMap<string, string> };

/** The parameters of a JSON body. */
export function parametersOf(body: Buffer): Given {
  const text = body.toString('utf8');
  let values: unknown;
  try {
    values = text === '' ? {} : parseExact(text);
  } catch (error) {
    throw refusal('InvalidParameter', `The body is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isJsonObject(values)) throw refusal('InvalidParameter', 'The body is no JSON object.');
  return { from: 'json', values };
}

/** Reads what came in by the spec of an action. Refuses with MissingParameter, UnknownParameter and InvalidParameter, naming the parameter. */
export function readBySpec<S extends Spec>(spec: S, given: Given): Parameters<S> {
  const values = new Map<string, unknown>(given.from === 'json' ? Object.entries(given.values) : listed(spec, given.values));
  for (const [name, value] of values) {
    if (value === null || PUBLIC.has(name)) values.delete(name);
    else if (!Object.hasOwn(spec, name)) throw refusal('UnknownParameter', `The parameter \`${name}\` is not recognized; known are ${Object.keys(spec).join(', ')}.`);
  }
  const read = Object.entries(spec).map(([name, type]) => {
    const value = values.get(name);
    if (value !== undefined) return [name, convert(name, type, given.from === 'text' && typeof value === 'string' ? fromText(type, value) : value)];
    if (!type.endsWith('?')) throw refusal('MissingParameter', `The request is missing the required parameter \`${name}\`.`);
    return [name, undefined];
  });
  return Object.fromEntries(read) as Parameters<S>; // every name of the spec, each with a value of its type
}

/** A form and a query write a list as `Name.0`, `Name.1`, …, one of objects as `Name.0.Member`, and a list in one of these as `Name.0.Member.0`. */
function listed(spec: Spec, values: ReadonlyMap<string, string>): Map<string, unknown> {
  const read = new Map<string, unknown>();
  const lists = new Map<string, Map<string, unknown>>();
  for (const [name, value] of values) {
    const [, list = '', index = '', member, part] = /^(\w+)\.(\d{1,4})(?:\.(\w+)(?:\.(\d{1,4}))?)?$/.exec(name) ?? [];
    const kind = Object.hasOwn(spec, list) ? spec[list]?.replace('?', '') : undefined;
    if (kind !== (member === undefined ? 'texts' : kind === 'filters' ? 'filters' : 'targets')) {
      read.set(name, value);
      continue;
    }
    const items = lists.get(list) ?? new Map<string, unknown>();
    lists.set(list, items);
    const item = items.get(index) as Readonly<Record<string, unknown>> | undefined; // made below
    const before = member === undefined ? undefined : item?.[member];
    items.set(index, member === undefined ? value : { ...item, [member]: part === undefined ? value : [...(Array.isArray(before) ? (before as readonly unknown[]) : []), value] });
  }
  for (const [list, items] of lists) read.set(list, [...items.values()]);
  return read;
}

function fromText(type: Spec[string], value: string): unknown {
  if (type.startsWith('integer')) return /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (type.startsWith('flag')) return value === 'true' || value === 'false' ? value === 'true' : value;
  return value;
}

type Kind = 'text' | 'document' | 'texts' | 'targets' | 'filters' | 'integer' | 'flag';

/** Characters of a text that is no document: as many as the longest that is documented has. */
const MAX_TEXT = 2048;

/** Half of a surrogate pair could not be kept: no encoding has it. */
const isDocument = (value: unknown): value is string => typeof value === 'string' && value.isWellFormed();
const isText = (value: unknown): value is string => isDocument(value) && value.length <= MAX_TEXT;
const isTarget = (value: unknown): boolean => isJsonObject(value) && Object.keys(value).length === 2 && isText(value['ProductId']) && isText(value['DeviceName']);

const isFilter = (value: unknown): boolean => isJsonObject(value) && Object.keys(value).length === 2 && isText(value['Name']) && Array.isArray(value['Values']) && value['Values'].every(isText);

const KINDS: Readonly<Record<Kind, { readonly words: string; is(value: unknown): boolean }>> = {
  text: { words: `a string of up to ${MAX_TEXT} characters`, is: isText },
  document: { words: 'a string', is: isDocument },
  texts: { words: `a list of strings of up to ${MAX_TEXT} characters`, is: (value) => Array.isArray(value) && value.every(isText) },
  targets: { words: 'a list of { ProductId, DeviceName }', is: (value) => Array.isArray(value) && value.every(isTarget) },
  filters: { words: 'a list of { Name, Values }', is: (value) => Array.isArray(value) && value.every(isFilter) },
  integer: { words: 'an integer', is: (value) => Number.isSafeInteger(value) },
  flag: { words: 'a boolean', is: (value) => typeof value === 'boolean' },
};

function convert(name: string, type: Spec[string], value: unknown): unknown {
  const { words, is } = KINDS[type.replace('?', '') as Kind]; // a type without its mark is a kind
  if (!is(value)) throw refusal('InvalidParameter', `The type of the parameter \`${name}\` is not right: ${words} is expected.`);
  return value;
}

/** Reads a JSON object that is written in a string, as this API likes it (10.4). */
export function objectIn(name: string, text: string, code = 'InvalidParameterValue'): JsonObject {
  let value: unknown;
  try {
    value = parseExact(text);
  } catch {
    throw refusal(code, `The parameter \`${name}\` is a string that holds no JSON.`);
  }
  if (!isJsonObject(value)) throw refusal(code, `The parameter \`${name}\` is a string that holds JSON, but no object.`);
  return value;
}
