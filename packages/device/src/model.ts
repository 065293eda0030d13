import { forCloud, LianyunError, type AnyDialect, type AnyModel, type CloudModel, type JsonObject, type PropertyGroup, type ThingModel } from '@lianyun/protocol';

/** What a device needs of a compiled thing model. */
export interface ModelCheck {
  checkProperties(groups: readonly PropertyGroup[], use: 'report' | 'set'): { readonly path: string; readonly message: string } | undefined;
  checkArgs(service: string | undefined, command: string, args: JsonObject): { readonly path: string; readonly message: string } | undefined;
  checkEvent(service: string | undefined, event: string, params: JsonObject, severity?: string): { readonly path: string; readonly message: string } | undefined;
  /** Says the severity of an event that leaves it out. */
  readonly model?: Pick<ThingModel, 'services'>;
}

/**
 * The model of a device. From `defineModel()`, or read from a vendor's file: values are a program's, the same on both clouds, and
 * become the cloud's on their way; of `defineModel()` the compiler knows names and values. From `forCloud()`: the same, for the
 * cloud of the device. From `compileModel()`: values are the cloud's own, and checked as they are.
 */
export type DeviceModel = ModelCheck | AnyModel | CloudModel;

/** A model as the services use it. The conversions are there where values are a program's. */
export type ModelInUse = { readonly check: ModelCheck; readonly toWire?: undefined; readonly fromWire?: undefined } | Pick<CloudModel, 'check' | 'toWire' | 'fromWire'>;

type Cloud = AnyDialect['name'];

// A model is data: put onto a cloud once, it serves every device of the process.
const onClouds = new WeakMap<AnyModel, Map<Cloud, CloudModel>>();

function onCloud(model: AnyModel, cloud: Cloud): CloudModel {
  const known = onClouds.get(model) ?? new Map<Cloud, CloudModel>();
  const program = known.get(cloud) ?? forCloud(model, cloud);
  onClouds.set(model, known.set(cloud, program));
  return program;
}

/** Reads the model that a program gave. Throws `bad-config` for what is none, or is on another cloud. */
export function readModel(model: DeviceModel | undefined, { name: cloud }: Pick<AnyDialect, 'name'>): ModelInUse | undefined {
  if (model === undefined) return undefined;
  // Types say what it can be; a program in JavaScript can pass anything.
  if (typeof model === 'object' && model !== null) {
    if ('services' in model) return onCloud(model, cloud);
    if ('checkProperties' in model) return { check: model };
    if ('toWire' in model && model.model.cloud === cloud) return model;
    if ('toWire' in model) throw new LianyunError('bad-config', `model is on the ${model.model.cloud} cloud, the device on ${cloud}: forCloud(model, '${cloud}') is expected.`);
  }
  throw new LianyunError('bad-config', 'model is none: what defineModel(), forCloud(), readHuaweiProfile(), readTencentTemplate() or compileModel() gives is expected.');
}
