import { given } from './given.ts';
import type { AnyModel, EnumOption, Option, Parameter, Service, ThingModel, ValueType } from './model.ts';

/**
 * The model of a vendor's file as a model of both clouds, in which Tencent's enum has a string for every number: its
 * label, made longer where two are the same. Nothing else changes, and nothing is lost. Throws `bad-config` for what is no model.
 */
export function toBoth(model: AnyModel): ThingModel<'both'> {
  const { cloud, services, ...head } = given(model);
  if (cloud === 'both') return model as ThingModel<'both'>; // cloud says so
  return { cloud: 'both', services: services.map(serviceOf), ...head };
}

function serviceOf(service: Service): Service {
  const { properties, commands, events } = service;
  return {
    ...service,
    properties: properties.map(typed),
    commands: commands.map((command) => ({
      ...command,
      args: command.args.map(typed),
      outputs: command.outputs.map((output) => ({ ...output, params: output.params.map(typed) })),
    })),
    events: events.map((event) => ({ ...event, params: event.params.map(typed) })),
  };
}

const typed = <P extends Parameter>(parameter: P): P => ({ ...parameter, type: typeOf(parameter.type) });

function typeOf(type: ValueType): ValueType {
  switch (type.kind) {
    case 'int-enum':
      return { kind: 'string-enum', options: named(type.options) };
    case 'struct':
      return { kind: 'struct', members: type.members.map(typed) };
    case 'array':
      return { kind: 'array', items: typeOf(type.items) };
    default:
      return type;
  }
}

function named(options: readonly Option<number>[]): readonly EnumOption[] {
  const labels = new Set<string>();
  const twice = new Set<string>();
  for (const { label = '' } of options) (labels.has(label) ? twice : labels).add(label);
  const taken = new Set(labels);
  return options.map(({ value: number, label = '' }) => {
    let value = label === '' ? String(number) : label;
    if (label === '' || twice.has(label)) {
      if (label !== '') value = `${label} ${number}`;
      while (taken.has(value)) value += '_';
      taken.add(value);
    }
    return { value, number, ...(label !== value && { label }) };
  });
}
