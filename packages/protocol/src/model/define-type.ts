import { defined } from '../wire.ts';
import { entriesAt, onlyAt } from './define-spot.ts';
import type { EnumOption, Option, Parameter, ValueType } from './model.ts';
import { boundsAt, choiceAt, fail, integerAt, isAbsent, itemsOf, longAt, memberOf, notNegative, numberAt, shown, textAt, type Spot } from './spot.ts';

const PLAIN = ['int', 'long', 'decimal', 'string', 'boolean', 'date-time', 'timestamp', 'json-object', 'string-list'] as const;
const TYPES = [...PLAIN, 'enum', 'struct', 'array'] as const;
const MEMBER_TYPES = ['int', 'long', 'decimal', 'string', 'boolean', 'enum', 'date-time', 'timestamp'] as const;
const ITEM_TYPES = ['int', 'decimal', 'string', 'struct'] as const;

type TypeName = (typeof TYPES)[number];

const SCALE = ['min', 'max', 'step', 'start', 'unit'];
/** The members of each type, beside `type`. */
const MEMBERS: Readonly<Record<TypeName, readonly string[]>> = {
  int: SCALE,
  long: SCALE,
  decimal: SCALE,
  string: ['minLength', 'maxLength', 'values'],
  boolean: ['labels'],
  enum: ['values'],
  'date-time': ['maxLength'],
  timestamp: [],
  'json-object': ['maxLength'],
  'string-list': ['maxLength'],
  struct: ['members'],
  array: ['items'],
};

/** Reads the type in a literal: its name, or an object that has `traits` beside what belongs to the type. */
export function readTypeLiteral(spot: Spot, traits: readonly string[], allowed: readonly TypeName[] = TYPES): ValueType {
  const isName = typeof spot.value === 'string';
  // An object without members reads as every type with nothing declared.
  const body: Spot = isName ? { value: {}, path: spot.path } : spot;
  const plain = allowed.filter((each) => PLAIN.some((name) => name === each));
  const type = isName ? choiceAt<TypeName>(spot, plain, 'unknown-type') : choiceAt<TypeName>(memberOf(spot, 'type'), allowed, 'unknown-type');
  const isItem = allowed === ITEM_TYPES;
  if (!isName) onlyAt(spot, ['type', ...MEMBERS[type].filter((each) => !isItem || each !== 'values'), ...traits]);
  switch (type) {
    case 'int':
      return { kind: 'int', ...defined({ ...boundsAt(body, numeric(integerAt)), ...scale(body) }) };
    case 'long':
      return { kind: 'long', ...defined({ ...boundsAt(body, numeric(longAt)), ...scale(body) }) };
    case 'decimal':
      return { kind: 'decimal', ...defined({ ...boundsAt(body, numeric(numberAt)), ...scale(body) }) };
    case 'string': {
      const values = memberOf(body, 'values');
      const lengths = { minLength: length(body, 'minLength'), maxLength: length(body, 'maxLength') };
      return { kind: 'string', ...defined({ ...lengths, options: values.value === undefined ? undefined : readStrings(values) }) };
    }
    case 'boolean':
      return { kind: 'boolean', ...defined({ labels: readLabels(memberOf(body, 'labels')) }) };
    case 'enum':
      return { kind: 'string-enum', options: readOptions(memberOf(body, 'values')) };
    case 'timestamp':
      return { kind: 'timestamp' };
    case 'date-time':
    case 'json-object':
    case 'string-list':
      return { kind: type, ...defined({ maxLength: length(body, 'maxLength') }) };
    case 'struct':
      return { kind: 'struct', members: readMembers(memberOf(body, 'members')) };
    case 'array':
      return { kind: 'array', items: readTypeLiteral(memberOf(body, 'items'), [], ITEM_TYPES) };
  }
}

function readMembers(spot: Spot): readonly Parameter[] {
  const entries = entriesAt(spot);
  if (entries.length === 0) fail(spot.path, 'missing', 'no member is given; a struct needs at least one');
  return entries.map((each) => {
    const type = readTypeLiteral(each, ['title', 'description'], MEMBER_TYPES);
    const texts = typeof each.value === 'string' ? {} : defined({ title: textAt(memberOf(each, 'title')), description: textAt(memberOf(each, 'description')) });
    return { name: each.name, ...texts, type, required: false };
  });
}

/** In the vendors' files numbers may be strings; in a program they are numbers. */
const numeric =
  <N>(read: (spot: Spot) => N) =>
  (spot: Spot): N =>
    typeof spot.value === 'string' ? fail(spot.path, 'bad-shape', `${shown(spot.value)} is given, a number is expected`) : read(spot);

const number = numeric(numberAt);

function scale(spot: Spot): { step: number | undefined; start: number | undefined; unit: string | undefined } {
  const step = memberOf(spot, 'step');
  return { step: notNegative(step, number(step)), start: number(memberOf(spot, 'start')), unit: textAt(memberOf(spot, 'unit')) };
}

function length(spot: Spot, name: string): number | undefined {
  const place = memberOf(spot, name);
  return notNegative(place, numeric(integerAt)(place));
}

function readLabels(spot: Spot): { off: string; on: string } | undefined {
  if (isAbsent(spot.value)) return undefined;
  onlyAt(spot, ['off', 'on']);
  return { off: string(memberOf(spot, 'off')), on: string(memberOf(spot, 'on')) };
}

const string = ({ value, path }: Spot): string => (typeof value === 'string' ? value : fail(path, 'bad-enum-mapping', `${shown(value)} is given, a string is expected`));

const readStrings = (spot: Spot): readonly Option<string>[] => distinct(itemsOf(spot).map((each) => ({ value: string(each) })), spot);

function readOptions(spot: Spot): readonly EnumOption[] {
  const isList = Array.isArray(spot.value);
  const options = isList ? itemsOf(spot).map(readOption) : entriesAt(spot).map((each) => ({ value: each.name, number: integer(each) }));
  const numbered = options.filter((each) => each.number !== undefined);
  if (numbered.length !== 0 && numbered.length !== options.length) fail(spot.path, 'bad-enum-mapping', 'some values have a number and some have none; all or none is expected');
  if (new Set(numbered.map((each) => each.number)).size !== numbered.length) fail(spot.path, 'bad-enum-mapping', 'two values have the same number');
  return distinct(options, spot);
}

function readOption(spot: Spot): EnumOption {
  if (typeof spot.value === 'string') return { value: spot.value };
  onlyAt(spot, ['value', 'number', 'label']);
  const [number, label] = [memberOf(spot, 'number'), memberOf(spot, 'label')];
  return {
    value: string(memberOf(spot, 'value')),
    ...defined({ number: number.value === undefined ? undefined : integer(number), label: label.value === undefined ? undefined : string(label) }),
  };
}

/** A key of Tencent's mapping has at most 15 digits. */
function integer({ value, path }: Spot): number {
  const isKey = typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e15;
  return isKey ? value : fail(path, 'bad-enum-mapping', `${shown(value)} is given, an integer of at most 15 digits is expected`);
}

function distinct<T extends Option<string>>(options: readonly T[], spot: Spot): readonly T[] {
  if (options.length === 0) fail(spot.path, 'bad-enum-mapping', 'no value is given; at least one is expected');
  const seen = new Set<string>();
  for (const { value } of options) {
    if (seen.has(value)) fail(spot.path, 'bad-enum-mapping', `${shown(value)} stands there twice`);
    seen.add(value);
  }
  return options;
}
