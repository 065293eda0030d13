import { LianyunError } from '@lianyun/protocol';

/** What devices are found by (Huawei 14.4, SearchDevices). */
const FIELDS = [
  'app_id', 'device_id', 'gateway_id', 'product_id', 'device_name', 'node_id', 'status', 'node_type', 'tag_key', 'tag_value', 'sw_version', 'fw_version', 'group_id',
  'create_time', 'marker',
] as const;
export type SearchField = (typeof FIELDS)[number];

/** Which field an operator may be about. */
const ORDERED: readonly SearchField[] = ['create_time', 'marker'];
const BEGINS: readonly SearchField[] = ['device_name', 'node_id', 'tag_key', 'tag_value'];
const NOT_LISTED: readonly SearchField[] = ['tag_key', 'tag_value'];

const MAX_LENGTH = 400;
const MAX_CONDITIONS = 5;
const MAX_ROWS = 50;
const MAX_OFFSET = 500;

interface Condition {
  readonly field: SearchField;
  readonly operator: '=' | '!=' | '>' | '<' | 'like' | 'in' | 'not in';
  readonly values: readonly string[];
}

/** Conditions: one of the lists has to hold as a whole. None: everything fits. */
export type Where = readonly (readonly Condition[])[];

export interface DeviceQueryText {
  /** `count`: only how many there are. A list: only these members. */
  readonly select: 'all' | 'count' | readonly string[];
  readonly where: Where;
  readonly isAscending: boolean;
  readonly offset: number;
  readonly limit: number;
}

/** Reads `select … from device …`. Fails with `bad-input`, saying what is expected where. */
export function readDeviceQuery(sql: string): DeviceQueryText {
  if (sql.length > MAX_LENGTH) throw bad(`at most ${MAX_LENGTH} characters are expected, ${sql.length} are given`);
  const reader = new Reader(sql);
  reader.demand('select');
  const select = readSelect(reader);
  reader.demand('from');
  reader.demand('device');
  const where = reader.takes('where') ? readConditions(reader) : [];
  let isAscending = false;
  if (reader.takes('order')) {
    for (const word of ['by', 'marker']) reader.demand(word);
    isAscending = reader.takes('asc');
    if (!isAscending) reader.takes('desc');
  }
  let [offset, limit] = [0, 10];
  if (reader.takes('limit')) {
    limit = reader.number();
    if (reader.takes(',')) [offset, limit] = [limit, reader.number()];
    if (limit > MAX_ROWS || offset > MAX_OFFSET) throw bad(`limit: at most ${MAX_ROWS} rows behind at most ${MAX_OFFSET} are expected`);
  }
  reader.end();
  return { select, where, isAscending, offset, limit };
}

/** Reads what may stand behind `where`. Fails with `bad-input`. */
export function readWhere(text: string): Where {
  if (text.length > MAX_LENGTH) throw bad(`at most ${MAX_LENGTH} characters are expected, ${text.length} are given`);
  const reader = new Reader(text);
  const where = readConditions(reader);
  reader.end();
  return where;
}

/** Whether something fits; `valuesOf` says what it has of a field, several where it may have several. */
export function fits(where: Where, valuesOf: (field: SearchField) => readonly string[]): boolean {
  return where.length === 0 || where.some((all) => all.every((condition) => holds(condition, valuesOf(condition.field))));
}

function holds({ operator, values: [wanted = '', ...more] }: Condition, has: readonly string[]): boolean {
  switch (operator) {
    case '=':
      return has.includes(wanted);
    case '!=':
      return !has.includes(wanted);
    case '>':
      return has.some((value) => value > wanted);
    case '<':
      return has.some((value) => value < wanted);
    case 'like':
      return has.some((value) => value.startsWith(wanted));
    case 'in':
      return has.some((value) => value === wanted || more.includes(value));
    case 'not in':
      return !has.some((value) => value === wanted || more.includes(value));
  }
}

function readSelect(reader: Reader): DeviceQueryText['select'] {
  if (reader.takes('*')) return 'all';
  if (reader.takes('count')) {
    reader.demand('(');
    if (!reader.takes('*') && reader.number() !== 1) throw bad('count(*) or count(1) is expected');
    reader.demand(')');
    return 'count';
  }
  const names = [reader.word()];
  while (reader.takes(',')) names.push(reader.word());
  return names;
}

/** AND binds closer than OR; nothing is nested. */
function readConditions(reader: Reader): Where {
  const lists: Condition[][] = [[readCondition(reader)]];
  for (let count = 1; ; count++) {
    const isAnd = reader.takes('and');
    if (!isAnd && !reader.takes('or')) return lists;
    if (count === MAX_CONDITIONS) throw bad(`at most ${MAX_CONDITIONS} conditions are expected`);
    if (!isAnd) lists.push([]);
    lists.at(-1)?.push(readCondition(reader));
  }
}

function readCondition(reader: Reader): Condition {
  const name = reader.word();
  const field = FIELDS.find((each) => each === name);
  if (field === undefined) throw bad(`${JSON.stringify(name)} is no field; one of ${FIELDS.join(', ')} is expected`);
  const value = (): string => valueOf(field, reader.text());
  const only = (operator: Condition['operator'], fields: readonly SearchField[], isIn = true): Condition['operator'] => {
    if (fields.includes(field) !== isIn) throw bad(`${operator} is not for ${field}`);
    return operator;
  };
  if (reader.takes('like')) return { field, operator: only('like', BEGINS), values: [prefixOf(reader.text())] };
  const isNot = reader.takes('not');
  if (isNot || reader.takes('in')) {
    if (isNot) reader.demand('in');
    const operator = only(isNot ? 'not in' : 'in', NOT_LISTED, false);
    reader.demand('(');
    const values = [value()];
    while (reader.takes(',')) values.push(value());
    reader.demand(')');
    return { field, operator, values };
  }
  for (const operator of ['!=', '='] as const) if (reader.takes(operator)) return { field, operator, values: [value()] };
  for (const operator of ['>', '<'] as const) if (reader.takes(operator)) return { field, operator: only(operator, ORDERED), values: [value()] };
  throw bad(`behind ${field}: one of =, !=, >, <, like, in, not in is expected`);
}

function valueOf(field: SearchField, text: string): string {
  if (text === '') throw bad(`${field}: nothing is compared with an empty text`);
  if (field === 'marker') return text.toLowerCase();
  if (field !== 'create_time') return text;
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw bad(`create_time: yyyy-MM-dd'T'HH:mm:ss.SSS'Z' is expected, ${JSON.stringify(text)} is given`);
  return new Date(at).toISOString();
}

function prefixOf(text: string): string {
  if (!/^[\p{L}\p{N}_-]{4,}%$/u.test(text)) throw bad(`like: a beginning of at least 4 letters, digits, _ and - before % is expected, ${JSON.stringify(text)} is given`);
  return text.slice(0, -1);
}

const bad = (what: string): LianyunError => new LianyunError('bad-input', `Invalid input data. sql: ${what}.`, { path: 'sql' });

const TOKEN = /\s*(?:('(?:[^']|'')*'|"(?:[^"]|"")*")|(!=|[=<>(),*])|([A-Za-z_]\w*)|(\d+))/y;

interface Token {
  readonly kind: 'text' | 'sign' | 'word' | 'number';
  readonly value: string;
}

/** The tokens of a text, one after the other. */
class Reader {
  readonly #text: string;
  #at = 0;
  #next: Token | undefined;

  constructor(text: string) {
    this.#text = text;
    this.#advance();
  }

  /** Takes a word, whatever its case, or a sign, if it is the next. */
  takes(wanted: string): boolean {
    const isNext = this.#next !== undefined && this.#next.kind !== 'text' && this.#next.value.toLowerCase() === wanted;
    if (isNext) this.#advance();
    return isNext;
  }

  demand(wanted: string): void {
    if (!this.takes(wanted)) throw bad(`${wanted} is expected${this.#place()}`);
  }

  word(): string {
    return this.#take('word', 'a name');
  }

  number(): number {
    return Number(this.#take('number', 'a number').slice(0, 9));
  }

  /** A text in quotes, or a number without. */
  text(): string {
    return this.#next?.kind === 'number' ? this.#take('number', 'a number') : this.#take('text', 'a text in quotes');
  }

  end(): void {
    if (this.#next !== undefined) throw bad(`nothing more is expected${this.#place()}`);
  }

  #take(kind: Token['kind'], words: string): string {
    if (this.#next?.kind !== kind) throw bad(`${words} is expected${this.#place()}`);
    const { value } = this.#next;
    this.#advance();
    return value;
  }

  #place(): string {
    return this.#next === undefined ? ' at the end' : `, ${JSON.stringify(this.#next.value.slice(0, 40))} is given`;
  }

  #advance(): void {
    this.#next = undefined;
    if (this.#text.slice(this.#at).trim() === '') return;
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (match === null) throw bad(`what is ${JSON.stringify(this.#text.slice(this.#at).trim().slice(0, 20))}?`);
    this.#at = TOKEN.lastIndex;
    const [, quoted, sign, word, number = ''] = match;
    if (quoted !== undefined) this.#next = { kind: 'text', value: quoted.slice(1, -1).replaceAll(quoted.charAt(0).repeat(2), quoted.charAt(0)) };
    else if (sign !== undefined) this.#next = { kind: 'sign', value: sign };
    else this.#next = word === undefined ? { kind: 'number', value: number } : { kind: 'word', value: word };
  }
}
