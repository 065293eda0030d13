import type { JsonObject } from '../json.ts';
import { convertMembers, type Convert } from './convert.ts';
import type { CheckedValues } from './check.ts';
import type { MappedType } from './map-type.ts';
import type { EventType } from './model.ts';

/** A group of values on either side; other members (`at`) are kept. */
export interface GroupLike {
  readonly service?: string | undefined;
  readonly values: CheckedValues;
}
/** A command on either side; other members are kept. */
export interface CallLike {
  readonly service?: string | undefined;
  readonly name: string;
  readonly args: CheckedValues;
}
/** An event on either side; other members are kept. */
export interface EventLike {
  readonly service?: string | undefined;
  readonly name: string;
  readonly severity?: EventType;
  readonly params: CheckedValues;
}

/** What comes out: another service, and values as the other side has them. */
export type Converted<T, K extends string> = Omit<T, 'service' | K> & { readonly service?: string } & { readonly [k in K]: JsonObject };

/**
 * Puts values and names of a program into the form of a cloud, or back. Pure and total: what the model does not know, or
 * what does not fit its type, comes out as it went in, for a check to refuse it. Integers beyond 2^53 come out as bigint.
 */
export interface Conversion {
  /** Groups of a report, of a set or of a shadow. Out of one group of Tencent may come several, one a service. */
  properties<T extends GroupLike>(groups: readonly T[]): readonly Converted<T, 'values'>[];
  /** A call of a command, for its arguments. */
  call<T extends CallLike>(call: T): Converted<T, 'args'>;
  /** What the command `of` answered; `response` is Huawei's `response_name`. */
  output(of: Pick<CallLike, 'service' | 'name'>, output: CheckedValues, response?: string): JsonObject;
  /** An event. On the way to Tencent the severity of the model is put in when it is left out. */
  event<T extends EventLike>(event: T): Converted<T, 'params'>;
}

/** Named types as `mapType` maps them. */
export type MappedFields = readonly (readonly [name: string, type: MappedType])[];

/** A service of a program's model, mapped onto a cloud. */
export interface MappedService {
  readonly name: string | undefined;
  readonly properties: MappedFields;
  readonly commands: readonly { readonly name: string; readonly args: MappedFields; readonly outputs: readonly { readonly name?: string; readonly params: MappedFields }[] }[];
  readonly events: readonly { readonly name: string; readonly severity?: EventType; readonly params: MappedFields }[];
}

type Direction = 'toWire' | 'fromWire';

/** Compiles one direction. `isFlat`: the cloud has no services, so that names alone tell where a value belongs. */
export function compileConversion(services: readonly MappedService[], direction: Direction, isFlat: boolean): Conversion {
  const parts = new Map(services.map((service) => [service.name, compileService(service, direction)]));
  const partOf = (service: string | undefined) => parts.get(service);
  const losesService = isFlat && direction === 'toWire';
  const homes = isFlat && direction === 'fromWire' ? homesOf(services) : undefined;
  const place = (service: string | undefined): { readonly service?: string } => (service === undefined || losesService ? {} : { service });
  const homeOf = (kind: keyof Homes, { service, name }: Pick<CallLike, 'service' | 'name'>) => (homes === undefined ? service : homes[kind].get(name));

  return {
    properties: (groups) =>
      (homes === undefined ? groups : groups.flatMap((group) => split(group, homes.properties))).map(({ service, values, ...rest }) => ({
        ...rest,
        ...place(service),
        values: converted(partOf(service)?.properties, values),
      })), // rest and values are those of the group

    call({ service, args, ...rest }) {
      const home = homeOf('commands', { service, name: rest.name });
      return { ...rest, ...place(home), args: converted(partOf(home)?.commands.get(rest.name)?.args, args) }; // as above
    },

    output(of, output, response) {
      const forms = partOf(homeOf('commands', of))?.commands.get(of.name)?.outputs ?? [];
      const hasAll = (names: ReadonlySet<string>) => Object.keys(output).every((name) => names.has(name));
      const form = response === undefined ? (forms.find(({ names }) => hasAll(names)) ?? forms[0]) : forms.find(({ name }) => name === response);
      return converted(form?.convert, output);
    },

    event({ service, params, severity: given, ...rest }) {
      const home = homeOf('events', { service, name: rest.name });
      const event = partOf(home)?.events.get(rest.name);
      const severity = given ?? (losesService ? event?.severity : undefined);
      return { ...rest, ...place(home), ...(severity && { severity }), params: converted(event?.params, params) } as never; // as above
    },
  };
}

// A value is JSON on the wire, save for bigints, which the writer of JSON knows.
const converted = (convert: Convert | undefined, values: CheckedValues): JsonObject => (convert === undefined ? values : convert(values)) as JsonObject;

function compileService(service: MappedService, direction: Direction) {
  const compile = (fields: MappedFields) => convertMembers(fields.map(([name, type]) => [name, type[direction]]));
  return {
    properties: compile(service.properties),
    commands: new Map(
      service.commands.map(({ name, args, outputs }) => [
        name,
        { args: compile(args), outputs: outputs.map(({ name: response, params }) => ({ name: response, names: new Set(params.map(([param]) => param)), convert: compile(params) })) },
      ]),
    ),
    events: new Map(service.events.map(({ name, severity, params }) => [name, { severity, params: compile(params) }])),
  };
}

/** Which service has a name, where names are unique across services. */
interface Homes {
  readonly properties: ReadonlyMap<string, string | undefined>;
  readonly commands: ReadonlyMap<string, string | undefined>;
  readonly events: ReadonlyMap<string, string | undefined>;
}

function homesOf(services: readonly MappedService[]): Homes {
  const by = (names: (service: MappedService) => readonly string[]) => new Map(services.flatMap((service) => names(service).map((name) => [name, service.name] as const)));
  return {
    properties: by(({ properties }) => properties.map(([name]) => name)),
    commands: by(({ commands }) => commands.map(({ name }) => name)),
    events: by(({ events }) => events.map(({ name }) => name)),
  };
}

/** One group for every service, in the order of its first value; what no service has stands in a group without one. */
function split<T extends GroupLike>(group: T, homes: Homes['properties']): readonly T[] {
  const groups = new Map<string | undefined, [string, unknown][]>();
  for (const entry of Object.entries(group.values)) {
    const home = homes.get(entry[0]);
    const entries = groups.get(home);
    if (entries === undefined) groups.set(home, [entry]);
    else entries.push(entry);
  }
  if (groups.size === 0) return [group];
  return [...groups].map(([service, entries]) => ({ ...group, service, values: Object.fromEntries(entries) }));
}
