import { LianyunError } from '../errors.ts';
import { defined } from '../wire.ts';
import { forCloud } from './for-cloud.ts';
import { given } from './given.ts';
import type { AnyModel, Command, Event, Option, Parameter, Property, Scale, ThingModel, ValueType } from './model.ts';
import { readTencentTemplate } from './tencent-template.ts';
import { refuseProblems } from './write.ts';

/** A data template (tencent 2.10). */
export interface TencentTemplate {
  readonly version: string;
  readonly profile: { readonly ProductId?: string; readonly CategoryId?: string };
  readonly properties: readonly Readonly<Record<string, unknown>>[];
  readonly events: readonly Readonly<Record<string, unknown>>[];
  readonly actions: readonly Readonly<Record<string, unknown>>[];
}

/** The functions (properties and events) of a product (2.10). */
const MOST_FUNCTIONS = 100;

/**
 * Writes a Tencent data template, as `readTencentTemplate` reads it and ModifyModelDefinition takes it. Bounds are strings.
 *
 * @param model Tencent's own, or another, which must be on Tencent whole; `forCloud(model, 'tencent').model` is the part that is
 * @throws LianyunError `bad-config` for what Tencent has no place for, for names that it does not take, and for more than 100 properties and events
 */
export function toTencentTemplate(model: AnyModel): TencentTemplate {
  const { version, productId, categoryId, services } = given(model).cloud === 'tencent' ? model : wholeModel(model);
  const properties = services.flatMap((service) => service.properties.map(writeProperty));
  const events = services.flatMap((service) => service.events.map(writeEvent));
  const actions = services.flatMap((service) => service.commands.map(writeAction));
  const functions = properties.length + events.length;
  if (functions > MOST_FUNCTIONS) throw new LianyunError('bad-config', `The thing model has ${functions} properties and events; Tencent takes at most ${MOST_FUNCTIONS}.`);
  const template = {
    // The reader takes '' for a version that is not given; the members must be there (2.10).
    version: version ?? '',
    profile: defined({ ProductId: productId, CategoryId: categoryId }),
    properties,
    events,
    actions,
  };
  readTencentTemplate(template);
  return template;
}

function wholeModel(model: AnyModel): ThingModel {
  const { model: own, problems } = forCloud(model, 'tencent');
  refuseProblems(problems, 'tencent');
  return own;
}

type Written = Readonly<Record<string, unknown>>;

const writeHead = ({ name, title, description }: Pick<Parameter, 'name' | 'title' | 'description'>): Written => ({ id: name, name: title ?? '', desc: description ?? '' });

function writeProperty(property: Property): Written {
  return { ...writeHead(property), required: property.required, mode: property.writable ? 'rw' : 'r', define: writeType(property.type) };
}

function writeEvent(event: Event): Written {
  return { ...writeHead(event), type: event.type, ...defined({ required: event.required }), params: event.params.map(writeParameter) };
}

function writeAction(command: Command): Written {
  const [output] = command.outputs;
  return { ...writeHead(command), ...defined({ required: command.required }), input: command.args.map(writeParameter), output: (output?.params ?? []).map(writeParameter) };
}

const writeParameter = (parameter: Parameter): Written => ({ ...writeHead(parameter), define: writeType(parameter.type) });

function writeType(type: ValueType): Written {
  switch (type.kind) {
    case 'boolean':
      return { type: 'bool', ...(type.labels && { mapping: { 0: type.labels.off, 1: type.labels.on } }) };
    case 'int':
      return { type: 'int', ...writeScale(type) };
    case 'decimal':
      return { type: 'float', ...writeScale(type) };
    case 'int-enum':
      return { type: 'enum', mapping: mapping(type.options) };
    case 'string-enum':
      return { type: 'stringenum', mapping: mapping(type.options) };
    case 'string':
      return { type: 'string', ...defined({ min: text(type.minLength), max: text(type.maxLength) }) };
    case 'timestamp':
      return { type: 'timestamp' };
    case 'struct':
      return { type: 'struct', specs: type.members.map((member) => ({ ...writeHead(member), dataType: writeType(member.type) })) };
    case 'array':
      return { type: 'array', arrayInfo: writeType(type.items) };
    case 'long':
    case 'date-time':
    case 'json-object':
    case 'string-list':
      throw new LianyunError('bad-config', `Tencent has no type ${type.kind}: write the model with forCloud(model, 'tencent').model.`);
  }
}

const writeScale = ({ min, max, start, step, unit }: Scale<number>): Written => defined({ min: text(min), max: text(max), start: text(start), step: text(step), unit });

const text = (value: number | undefined): string | undefined => (value === undefined ? undefined : String(value));

/** Entries, since `__proto__` may be a value. */
const mapping = (options: readonly Option<string | number>[]): Written => Object.fromEntries(options.map(({ value, label }) => [String(value), label ?? String(value)]));
