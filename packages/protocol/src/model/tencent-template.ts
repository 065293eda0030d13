import { defined } from '../wire.ts';
import { EVENT_TYPES, type Command, type Event, type Option, type Parameter, type Property, type ThingModel, type ValueType } from './model.ts';
import {
  boundsAt,
  choiceAt,
  fail,
  flagAt,
  integerAt,
  isAbsent,
  itemsOf,
  join,
  memberOf,
  nameAt,
  notNegative,
  numberAt,
  objectAt,
  shown,
  textAt,
  unique,
  type ModelFaultKind,
  type Spot,
} from './spot.ts';

// The reference names no characters; these are what the console's identifiers are made of, and a dash.
export const TENCENT_NAME = /^[A-Za-z0-9_-]{1,64}$/;
export const TENCENT_NAME_RULE = '1 to 64 letters, digits, _ and -';
const MODES = ['r', 'rw'] as const;

/** The types by the place where they may stand (2.10): a struct holds no struct and no array, an array only these four. */
const DEFINE_TYPES = ['bool', 'int', 'float', 'enum', 'stringenum', 'string', 'timestamp', 'struct', 'array'] as const;
const MEMBER_TYPES = ['bool', 'int', 'float', 'string', 'enum', 'stringenum', 'timestamp'] as const;
const ITEM_TYPES = ['int', 'float', 'string', 'struct'] as const;

/**
 * Reads a Tencent data template (tencent 2.10) as the console exports it and ModifyModelDefinition takes it, parsed.
 * Numeric bounds may be strings or numbers; a missing array is an empty one; members that we do not know are passed over.
 *
 * @param root the JSON path of `template`, which the errors begin with
 * @throws LianyunError `bad-config`; `place.path` is the JSON path, {@link modelFaultOf} the kind of fault,
 * {@link tencentModelCode} the name that Tencent's API gives it
 */
export function readTencentTemplate(template: unknown, root = '$'): ThingModel {
  if (isAbsent(template)) fail(root, 'no-model', 'nothing is given, a data template is expected: an object with properties, events and actions');
  const spot = { value: template, path: root };
  const profile = memberOf(spot, 'profile');
  const properties = itemsOf(memberOf(spot, 'properties'));
  const events = itemsOf(memberOf(spot, 'events'));
  const actions = itemsOf(memberOf(spot, 'actions'));
  const service = {
    properties: unique(properties.map(readProperty), properties, 'id'),
    commands: unique(actions.map(readAction), actions, 'id'),
    events: unique(events.map(readEvent), events, 'id'),
  };
  return defined({
    cloud: 'tencent' as const,
    services: [service],
    version: textAt(memberOf(spot, 'version')),
    productId: isAbsent(profile.value) ? undefined : textAt(memberOf(profile, 'ProductId')),
    categoryId: isAbsent(profile.value) ? undefined : textAt(memberOf(profile, 'CategoryId')),
  });
}

function readHead(spot: Spot): Pick<Parameter, 'name' | 'title' | 'description'> {
  return defined({
    name: nameAt(memberOf(spot, 'id'), TENCENT_NAME, TENCENT_NAME_RULE),
    title: textAt(memberOf(spot, 'name')),
    description: textAt(memberOf(spot, 'desc')),
  });
}

function readProperty(spot: Spot): Property {
  const head = readHead(spot);
  const mode = choiceAt(memberOf(spot, 'mode'), MODES, 'bad-access');
  const required = flagAt(memberOf(spot, 'required')) ?? false;
  return { ...head, type: readType(memberOf(spot, 'define'), DEFINE_TYPES), required, readable: true, writable: mode === 'rw', observable: true };
}

function readEvent(spot: Spot): Event {
  return defined({
    ...readHead(spot),
    required: flagAt(memberOf(spot, 'required')),
    type: choiceAt(memberOf(spot, 'type'), EVENT_TYPES, 'bad-event-type'),
    params: readParameters(memberOf(spot, 'params')),
  });
}

function readAction(spot: Spot): Command {
  return defined({
    ...readHead(spot),
    required: flagAt(memberOf(spot, 'required')),
    args: readParameters(memberOf(spot, 'input')),
    outputs: [{ params: readParameters(memberOf(spot, 'output')) }],
  });
}

function readParameters(list: Spot): readonly Parameter[] {
  const spots = itemsOf(list);
  const read = spots.map((spot) => ({ ...readHead(spot), type: readType(memberOf(spot, 'define'), DEFINE_TYPES), required: true }));
  return unique(read, spots, 'id', 'duplicate-parameter');
}

function readType(define: Spot, allowed: readonly (typeof DEFINE_TYPES)[number][]): ValueType {
  const type = choiceAt(memberOf(define, 'type'), allowed, 'unknown-type');
  switch (type) {
    case 'bool':
      return { kind: 'boolean', ...defined({ labels: readLabels(memberOf(define, 'mapping')) }) };
    case 'int':
      return { kind: 'int', ...defined({ ...boundsAt(define, integerAt), ...scale(define) }) };
    case 'float':
      return { kind: 'decimal', ...defined({ ...boundsAt(define, numberAt), ...scale(define) }) };
    case 'enum':
      return { kind: 'int-enum', options: readMapping(memberOf(define, 'mapping'), 'bad-enum-mapping').map(toIntOption) };
    case 'stringenum':
      return { kind: 'string-enum', options: readMapping(memberOf(define, 'mapping'), 'bad-enum-mapping').map(({ value, label }) => ({ value, label })) };
    case 'string': {
      const { min, max } = boundsAt(define, length);
      return { kind: 'string', ...defined({ minLength: min, maxLength: max }) };
    }
    case 'timestamp':
      return { kind: 'timestamp' };
    case 'struct':
      return { kind: 'struct', members: readMembers(memberOf(define, 'specs')) };
    case 'array':
      return { kind: 'array', items: readType(memberOf(define, 'arrayInfo'), ITEM_TYPES) };
  }
}

function readMembers(specs: Spot): readonly Parameter[] {
  const spots = itemsOf(specs);
  if (spots.length === 0) fail(specs.path, 'missing', 'no member is given; a struct needs at least one');
  const read = spots.map((spot) => ({ ...readHead(spot), type: readType(memberOf(spot, 'dataType'), MEMBER_TYPES), required: false }));
  return unique(read, spots, 'id');
}

const length = (spot: Spot) => notNegative(spot, integerAt(spot));

function scale(define: Spot): { step: number | undefined; start: number | undefined; unit: string | undefined } {
  const step = memberOf(define, 'step');
  return { step: notNegative(step, numberAt(step)), start: numberAt(memberOf(define, 'start')), unit: textAt(memberOf(define, 'unit')) };
}

interface MappingEntry {
  readonly value: string;
  readonly label: string;
  readonly path: string;
}

function readMapping(spot: Spot, fault: ModelFaultKind): readonly MappingEntry[] {
  const entries = isAbsent(spot.value) ? [] : Object.entries(objectAt(spot));
  if (entries.length === 0) fail(spot.path, fault, 'no value is given; a mapping needs at least one, such as {"0":"Red"}');
  return entries.map(([value, label]) => {
    const path = join(spot.path, value);
    if (value === '') fail(path, fault, 'the value is an empty string');
    return { value, label: typeof label === 'string' ? label : fail(path, fault, `${shown(label)} is given, a string is expected`), path };
  });
}

function toIntOption({ value, label, path }: MappingEntry): Option<number> {
  if (!/^(0|-?[1-9]\d{0,14})$/.test(value)) fail(path, 'bad-enum-mapping', `${shown(value)} is no integer; the values of an enum are, those of a stringenum need not be`);
  return { value: Number(value), label };
}

/** The console always writes both; a template made by hand may leave the mapping out, which loses nothing but the texts. */
function readLabels(spot: Spot): { off: string; on: string } | undefined {
  if (isAbsent(spot.value)) return undefined;
  const texts = new Map(readMapping(spot, 'bad-bool-mapping').map(({ value, label }) => [value, label]));
  const [off, on] = [texts.get('0'), texts.get('1')];
  if (off === undefined || on === undefined || texts.size !== 2) fail(spot.path, 'bad-bool-mapping', `the keys ${[...texts.keys()].join(', ')} are given, 0 and 1 are expected`);
  return { off, on };
}
