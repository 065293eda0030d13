import { defined } from '../wire.ts';
import type { Command, EnumOption, Event, Parameter, Property, Service, ThingModel, ValueType } from './model.ts';

/** The literal that `defineModel` makes this model of, as short as it gets. It is data for `write`: no type knows its names. */
export function literalOf({ services, version, productId, categoryId }: ThingModel<'both'>): object {
  const [first] = services;
  const isFlat = first !== undefined && first.name === undefined;
  return defined({
    version,
    productId,
    categoryId,
    ...(isFlat ? membersOf(first) : { services: named(services, (service) => service.name ?? '', serviceOf) }),
  });
}

/** An object by names; entries, since `__proto__` may be a name. */
function named<T>(list: readonly T[], nameOf: (each: T) => string, write: (each: T) => unknown): object {
  return Object.fromEntries(list.map((each) => [nameOf(each), write(each)]));
}

const byName = <T extends { readonly name: string }>(list: readonly T[], write: (each: T) => unknown) => named(list, ({ name }) => name, write);

function serviceOf(service: Service): object {
  return defined({ type: service.type, option: service.option, description: service.description, ...membersOf(service) });
}

function membersOf({ properties, commands, events }: Service): object {
  return {
    ...(properties.length > 0 && { properties: byName(properties, propertyOf) }),
    ...(commands.length > 0 && { commands: byName(commands, commandOf) }),
    ...(events.length > 0 && { events: byName(events, eventOf) }),
  };
}

const propertyOf = (property: Property) =>
  shortest({
    ...bodyOf(property.type),
    writable: property.writable ? true : undefined,
    readable: property.readable ? undefined : false,
    observable: property.observable ? undefined : false,
    required: property.required ? true : undefined,
    ...restOf(property),
  });

const parameterOf = (parameter: Parameter) => shortest({ ...bodyOf(parameter.type), required: parameter.required ? undefined : false, ...restOf(parameter) });
const parametersOf = (parameters: readonly Parameter[]) => byName(parameters, parameterOf);

const restOf = ({ title, description, defaultValue }: Parameter) => ({ title, description, defaultValue });

function commandOf({ title, description, required, args, outputs }: Command): object {
  const [only, ...others] = outputs;
  const isOne = only !== undefined && others.length === 0 && only.name === undefined;
  return defined({
    title,
    description,
    required,
    args: args.length === 0 ? undefined : parametersOf(args),
    output: isOne ? parametersOf(only.params) : undefined,
    responses: isOne || only === undefined ? undefined : named(outputs, ({ name = '' }) => name, ({ params }) => parametersOf(params)),
  });
}

function eventOf({ title, description, required, type, params }: Event): object {
  return defined({ title, description, required, severity: type, params: params.length === 0 ? undefined : parametersOf(params) });
}

/** The name of a type alone where it declares nothing. */
function shortest(typed: Readonly<Record<string, unknown>>): unknown {
  const body = defined(typed);
  return Object.keys(body).length === 1 ? body['type'] : body;
}

function bodyOf(type: ValueType): Readonly<Record<string, unknown>> {
  switch (type.kind) {
    case 'string': {
      const { kind, options, ...lengths } = type;
      return { type: kind, ...lengths, values: options?.map(({ value }) => value) };
    }
    case 'string-enum':
      return { type: 'enum', values: valuesOf(type.options) };
    case 'struct':
      return { type: 'struct', members: byName(type.members, (member) => shortest({ ...bodyOf(member.type), title: member.title, description: member.description })) };
    case 'array':
      return { type: 'array', items: shortest(bodyOf(type.items)) };
    default: {
      const { kind, ...rest } = type;
      return { type: kind, ...rest };
    }
  }
}

/** A list of names, an object of numbers, or with labels a list of options. Where an object would change the order, a list. */
function valuesOf(options: readonly EnumOption[]): unknown {
  if (options.every(({ number, label }) => number === undefined && label === undefined)) return options.map(({ value }) => value);
  const hasNumbers = options.every(({ number, label }) => number !== undefined && label === undefined);
  const numbers = Object.fromEntries(options.map(({ value, number }) => [value, number]));
  const keepsOrder = Object.keys(numbers).every((name, index) => name === options[index]?.value);
  if (hasNumbers && keepsOrder) return numbers;
  return options.map(({ value, number, label }) => defined({ value, number, label }));
}
