import { LianyunError } from '../errors.ts';
import type { JsonValue } from '../json.ts';
import { defined } from '../wire.ts';
import { forCloud } from './for-cloud.ts';
import { given } from './given.ts';
import { readHuaweiProfile } from './huawei-profile.ts';
import type { AnyModel, Command, Event, Option, Parameter, Property, Service, ThingModel, ValueType } from './model.ts';
import { refuseProblems } from './write.ts';

/** An element of `service_capabilities` (huawei 14.6). */
export type HuaweiService = Readonly<Record<string, unknown>> & { readonly service_id: string };

/** What a product has beside its model (huawei 14.6); what is left out is left to the cloud. */
export interface HuaweiProductOptions {
  /** At most 64 characters. */
  readonly name: string;
  /** At most 32 characters. */
  readonly deviceType: string;
  /** `MQTT` when left out. */
  readonly protocolType?: string;
  /** `json` when left out. */
  readonly dataFormat?: 'json' | 'binary';
  readonly productId?: string;
  readonly manufacturerName?: string;
  readonly industry?: string;
  readonly description?: string;
  readonly appId?: string;
}

/** The body of CreateProduct. */
export interface HuaweiProduct {
  readonly name: string;
  readonly device_type: string;
  readonly protocol_type: string;
  readonly data_format: string;
  readonly service_capabilities: readonly HuaweiService[];
  readonly product_id?: string;
  readonly manufacturer_name?: string;
  readonly industry?: string;
  readonly description?: string;
  readonly app_id?: string;
}

/**
 * Writes the `service_capabilities` of a Huawei product, as `readHuaweiProfile` reads them. Bounds are strings.
 *
 * @param model Huawei's own, or another, which must be on Huawei whole; `forCloud(model, 'huawei').model` is the part that is
 * @throws LianyunError `bad-config` for what Huawei has no place for, or for names and sizes that it does not take
 */
export function toHuaweiProfile(model: AnyModel): readonly HuaweiService[] {
  const own = given(model).cloud === 'huawei' ? model : wholeModel(model);
  const services = own.services.map(writeService);
  own.services.forEach(refuseSizes);
  readHuaweiProfile(services);
  return services;
}

/** Writes the body of CreateProduct (huawei 14.6). Throws as {@link toHuaweiProfile} does, and for a name or a device type that is too long. */
export function toHuaweiProduct(model: AnyModel, options: HuaweiProductOptions): HuaweiProduct {
  const { name, deviceType, protocolType = 'MQTT', dataFormat = 'json' } = options;
  for (const [option, text, most] of [['name', name, 64], ['deviceType', deviceType, 32]] as const) {
    if (text.length < 1 || text.length > most) throw new LianyunError('bad-config', `${option} of a Huawei product has ${text.length} characters; 1 to ${most} are allowed.`, { path: `$.${option}` });
  }
  return {
    name,
    device_type: deviceType,
    protocol_type: protocolType,
    data_format: dataFormat,
    service_capabilities: toHuaweiProfile(model),
    ...defined({
      product_id: options.productId,
      manufacturer_name: options.manufacturerName,
      industry: options.industry,
      description: options.description,
      app_id: options.appId,
    }),
  };
}

function wholeModel(model: AnyModel): ThingModel {
  const { model: own, problems } = forCloud(model, 'huawei');
  refuseProblems(problems, 'huawei');
  return own;
}

function writeService({ name = '', type, option, description, properties, commands, events }: Service): HuaweiService {
  return defined({
    service_id: name,
    service_type: type,
    option,
    description,
    properties: properties.map(writeProperty),
    commands: commands.map(writeCommand),
    events: events.map(writeEvent),
  }); // service_id is never undefined
}

function writeProperty(property: Property): object {
  const method = `${property.readable ? 'R' : ''}${property.writable ? 'W' : ''}${property.observable ? 'E' : ''}`;
  return { property_name: property.name, ...writeBody(property), method };
}

function writeCommand({ name, args, outputs }: Command): object {
  return {
    command_name: name,
    paras: args.map(writePara),
    responses: outputs.map((output) => defined({ response_name: output.name, paras: output.params.map(writePara) })),
  };
}

const writeEvent = ({ name, params }: Event): object => ({ event_type: name, paras: params.map(writePara) });

const writePara = (parameter: Parameter): object => ({ para_name: parameter.name, ...writeBody(parameter) });

function writeBody({ type, required, description, defaultValue }: Parameter): object {
  return defined({ ...writeType(type), required, description, default_value: defaultValue });
}

function writeType(type: ValueType): Record<string, JsonValue | undefined> {
  switch (type.kind) {
    case 'int':
    case 'long':
    case 'decimal':
      return { data_type: type.kind, min: bound(type.min), max: bound(type.max), step: type.step, unit: type.unit };
    case 'string':
      return { data_type: 'string', max_length: type.maxLength, enum_list: type.options && enumList(type.options) };
    case 'string-enum':
      return { data_type: 'enum', enum_list: enumList(type.options) };
    case 'boolean':
      return { data_type: 'boolean' };
    case 'date-time':
      return { data_type: 'DateTime', max_length: type.maxLength };
    case 'json-object':
      return { data_type: 'jsonObject', max_length: type.maxLength };
    case 'string-list':
      return { data_type: 'string list', max_length: type.maxLength };
    case 'int-enum':
    case 'timestamp':
    case 'struct':
    case 'array':
      throw new LianyunError('bad-config', `Huawei has no type ${type.kind}: write the model with forCloud(model, 'huawei').model.`);
  }
}

const bound = (value: number | bigint | undefined): string | undefined => (value === undefined ? undefined : String(value));
const enumList = (options: readonly Option<string>[]): readonly string[] => options.map(({ value }) => value);

/** The sizes that the reader leaves to the registry. */
function refuseSizes({ name, properties, commands }: Service): void {
  for (const [what, { length }] of [['properties', properties], ['commands', commands]] as const) {
    if (length > 500) throw new LianyunError('bad-config', `The service ${name} has ${length} ${what}; Huawei takes at most 500.`);
  }
  const long = properties.find(({ type }) => 'unit' in type && (type.unit ?? '').length > 16);
  if (long !== undefined) throw new LianyunError('bad-config', `The unit of ${name}.${long.name} is longer than the 16 characters that Huawei takes.`);
}
