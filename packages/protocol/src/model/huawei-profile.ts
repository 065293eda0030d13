import type { JsonValue } from '../json.ts';
import { defined } from '../wire.ts';
import type { Command, CommandOutput, Event, Option, Parameter, Property, Service, ThingModel, ValueType } from './model.ts';
import {
  boundsAt,
  choiceAt,
  fail,
  flagAt,
  integerAt,
  isAbsent,
  itemsOf,
  longAt,
  memberOf,
  nameAt,
  notNegative,
  numberAt,
  shown,
  textAt,
  unique,
  type Spot,
} from './spot.ts';

export const HUAWEI_NAME = /^[\p{L}\p{N}_?'#().,&%@!-]{1,64}$/u;
export const HUAWEI_NAME_RULE = "1 to 64 letters (also Chinese), digits and _?'#().,&%@!-";
const METHODS = ['R', 'W', 'E', 'RW', 'RE', 'WE', 'RWE'] as const;
const DATA_TYPES = ['int', 'long', 'decimal', 'string', 'DateTime', 'jsonObject', 'enum', 'boolean', 'string list'] as const;
const OPTIONS = ['Master', 'Mandatory', 'Optional'] as const;

/**
 * Reads the `service_capabilities` of a Huawei product (huawei 14.6) as they stand in CreateProduct or in a seed file.
 * `null`, `""` and a missing member are the same; bounds may be strings or numbers; `min` and `max` of what is no number
 * are passed over, as the cloud does; members that we do not know too. Sizes of arrays are the registry's affair.
 *
 * @param root the JSON path of `capabilities`, which the errors begin with
 * @throws LianyunError `bad-config`; `place.path` is the JSON path, {@link modelFaultOf} the kind of fault
 */
export function readHuaweiProfile(capabilities: unknown, root = '$.service_capabilities'): ThingModel {
  if (isAbsent(capabilities)) fail(root, 'no-model', 'nothing is given, an array of services is expected');
  const spots = itemsOf({ value: capabilities, path: root });
  return { cloud: 'huawei', services: unique(spots.map(readService), spots, 'service_id') };
}

function readService(spot: Spot): Service {
  const option = memberOf(spot, 'option');
  const properties = itemsOf(memberOf(spot, 'properties'));
  const commands = itemsOf(memberOf(spot, 'commands'));
  const events = itemsOf(memberOf(spot, 'events'));
  return defined({
    name: nameAt(memberOf(spot, 'service_id'), HUAWEI_NAME, HUAWEI_NAME_RULE),
    type: textAt(memberOf(spot, 'service_type')),
    option: isAbsent(option.value) ? undefined : choiceAt(option, OPTIONS, 'bad-shape'),
    description: textAt(memberOf(spot, 'description')),
    properties: unique(properties.map(readProperty), properties, 'property_name'),
    commands: unique(commands.map(readCommand), commands, 'command_name'),
    events: unique(events.map(readEvent), events, 'event_type'),
  });
}

function readProperty(spot: Spot): Property {
  const method = choiceAt(memberOf(spot, 'method'), METHODS, 'bad-access');
  return {
    ...readParameter(spot, 'property_name'),
    readable: method.includes('R'),
    writable: method.includes('W'),
    observable: method.includes('E'),
  };
}

function readCommand(spot: Spot): Command {
  const responses = itemsOf(memberOf(spot, 'responses'));
  return {
    name: nameAt(memberOf(spot, 'command_name'), HUAWEI_NAME, HUAWEI_NAME_RULE),
    args: readParameters(memberOf(spot, 'paras')),
    outputs: unique(responses.map(readResponse), responses, 'response_name'),
  };
}

function readResponse(spot: Spot): CommandOutput {
  const name = memberOf(spot, 'response_name');
  return defined({
    name: isAbsent(name.value) ? undefined : nameAt(name, HUAWEI_NAME, HUAWEI_NAME_RULE),
    params: readParameters(memberOf(spot, 'paras')),
  });
}

function readEvent(spot: Spot): Event {
  return { name: nameAt(memberOf(spot, 'event_type'), HUAWEI_NAME, HUAWEI_NAME_RULE), params: readParameters(memberOf(spot, 'paras')) };
}

function readParameters(list: Spot): readonly Parameter[] {
  const spots = itemsOf(list);
  const read = spots.map((spot) => readParameter(spot, 'para_name'));
  return unique(read, spots, 'para_name', 'duplicate-parameter');
}

function readParameter(spot: Spot, key: 'property_name' | 'para_name'): Parameter {
  const fallback = memberOf(spot, 'default_value').value;
  return defined({
    name: nameAt(memberOf(spot, key), HUAWEI_NAME, HUAWEI_NAME_RULE),
    description: textAt(memberOf(spot, 'description')),
    type: readType(spot),
    required: flagAt(memberOf(spot, 'required')) ?? false,
    // Part of a JSON document, and kept as it is.
    defaultValue: fallback === null ? undefined : (fallback as JsonValue | undefined),
  });
}

function readType(spot: Spot): ValueType {
  const type = choiceAt(memberOf(spot, 'data_type'), DATA_TYPES, 'unknown-type');
  switch (type) {
    case 'int':
      return { kind: 'int', ...defined({ ...boundsAt(spot, integerAt), ...scale(spot) }) };
    case 'long':
      return { kind: 'long', ...defined({ ...boundsAt(spot, longAt), ...scale(spot) }) };
    case 'decimal':
      return { kind: 'decimal', ...defined({ ...boundsAt(spot, numberAt), ...scale(spot) }) };
    case 'string': {
      const options = enumList(spot);
      return { kind: 'string', ...defined({ maxLength: maxLength(spot), options: options.length === 0 ? undefined : options }) };
    }
    case 'enum': {
      const options = enumList(spot);
      if (options.length === 0) fail(memberOf(spot, 'enum_list').path, 'bad-enum-mapping', 'no value is given; a property of type enum needs at least one');
      return { kind: 'string-enum', options };
    }
    case 'boolean':
      return { kind: 'boolean' };
    case 'DateTime':
      return { kind: 'date-time', ...defined({ maxLength: maxLength(spot) }) };
    case 'jsonObject':
      return { kind: 'json-object', ...defined({ maxLength: maxLength(spot) }) };
    case 'string list':
      return { kind: 'string-list', ...defined({ maxLength: maxLength(spot) }) };
  }
}

function scale(spot: Spot): { step: number | undefined; unit: string | undefined } {
  const step = memberOf(spot, 'step');
  return { step: notNegative(step, numberAt(step)), unit: textAt(memberOf(spot, 'unit')) };
}

function maxLength(spot: Spot): number | undefined {
  const place = memberOf(spot, 'max_length');
  return notNegative(place, integerAt(place));
}

function enumList(spot: Spot): readonly Option<string>[] {
  const spots = itemsOf(memberOf(spot, 'enum_list'));
  const seen = new Set<string>();
  return spots.map(({ value, path }) => {
    if (typeof value !== 'string') fail(path, 'bad-enum-mapping', `${shown(value)} is given, a string is expected`);
    if (seen.has(value)) fail(path, 'bad-enum-mapping', `${shown(value)} stands twice in the list`);
    seen.add(value);
    return { value };
  });
}
