import type { JsonValue, ThingModel } from '@lianyun/protocol';

/** A property, or a parameter of an event or an action, as the vendor's SDK lists it; `data` is the zero of its type, for a program to fill. */
export interface TemplateProperty {
  key: string;
  data: JsonValue;
  /** Not used. */
  data_buff_len: number;
  /** bool, int, float, enum, stringenum, string, timestamp, struct or array. */
  type: string;
}

/** An event of a data template. */
export interface TemplateEvent {
  event_name: string;
  /** info, alert or fault. */
  type: string;
  timestamp: number;
  eventDataNum: number;
  events_prop: TemplateProperty[];
}

/** An action of a data template. */
export interface TemplateAction {
  action_id: string;
  timestamp: number;
  input_num: number;
  output_num: number;
  actions_input_prop: TemplateProperty[];
  actions_output_prop: TemplateProperty[];
}

type Parameter = ThingModel['services'][number]['properties'][number] | ThingModel['services'][number]['commands'][number]['args'][number];
type ValueType = Parameter['type'];

/** What the data template calls a type (reference 2.10). */
const TYPES: Readonly<Partial<Record<ValueType['kind'], string>>> = { boolean: 'bool', int: 'int', decimal: 'float', 'int-enum': 'enum', 'string-enum': 'stringenum', string: 'string', timestamp: 'timestamp', struct: 'struct', array: 'array' };

/** The three lists of a template. */
export function listsOf({ services: [service] }: ThingModel): { events: TemplateEvent[]; actions: TemplateAction[]; properties: TemplateProperty[] } {
  const { properties = [], events = [], commands = [] } = service ?? {};
  return {
    properties: properties.map(propertyOf),
    events: events.map(({ name, type, params }) => ({ event_name: name, type: type ?? '', timestamp: 0, eventDataNum: params.length, events_prop: params.map(propertyOf) })),
    actions: commands.map(({ name, args, outputs }) => {
      const results = outputs.flatMap(({ params }) => params);
      return { action_id: name, timestamp: 0, input_num: args.length, output_num: results.length, actions_input_prop: args.map(propertyOf), actions_output_prop: results.map(propertyOf) };
    }),
  };
}

const propertyOf = ({ name, type }: Parameter): TemplateProperty => ({ key: name, data: zeroOf(type), data_buff_len: 0, type: TYPES[type.kind] ?? type.kind });

function zeroOf(type: ValueType): JsonValue {
  switch (type.kind) {
    case 'string':
    case 'string-enum':
      return '';
    case 'array':
      return [];
    case 'struct':
      return Object.fromEntries(type.members.map((member) => [member.name, zeroOf(member.type)]));
    default:
      return 0;
  }
}
