import { LianyunError, violationError, type PropertyGroup } from '@lianyun/protocol';
import * as v from 'valibot';
import type { Device } from '../../records.ts';
import type { NorthContext } from '../context.ts';
import { absent, anyObject, deviceOf, object, readBody, text, type Answer, type Call } from './call.ts';
import { shadowData } from './shapes.ts';

/** The body of UpdateDeviceShadowDesiredData. */
export const shadowSchema = object({
  shadow: v.pipe(
    v.array(object({ service_id: text(64), desired: anyObject, version: absent(v.pipe(v.number('a number is expected'), v.integer('a whole number is expected'), v.minValue(0, 'a version is not negative'))) }), 'an array is expected'),
    v.minLength(1, 'at least one service is expected'),
  ),
});

/** What a key of a shadow may not contain (3.9). */
const FORBIDDEN = /[.$\0]/;

/** GET /devices/{device_id}/shadow */
export function showShadow(call: Call): Answer {
  return answerOf(call, deviceOf(call).device);
}

/** PUT /devices/{device_id}/shadow: all of it or nothing. `version` is the one that the service must still have (14.7); `null` takes a value back. */
export function updateShadow(call: Call): Answer {
  const target = deviceOf(call);
  desire(call.context, target, readBody(call, shadowSchema));
  return answerOf(call, target.device);
}

/** Says what is desired of a device: all of it or nothing. */
export function desire({ registry, storage: { twins }, clock, desired }: NorthContext, { device, productId }: Device, { shadow }: v.InferOutput<typeof shadowSchema>): void {
  checkKeys(shadow.map((each) => each.desired));
  const groups = shadow.map(({ service_id: service, desired: values }) => ({ service, values }));
  const violation = registry.model('huawei', productId).checkProperties(groups.map(withoutNull), 'set');
  if (violation !== undefined) throw violationError(violation, device);
  for (const { service_id: service, version } of shadow) {
    const [{ version: now } = { version: 0 }] = twins.read('huawei', device, service);
    if (version !== undefined && version !== now) throw new LianyunError('conflict', `version: the shadow of the service ${service} has the version ${now}, not ${version}; read it again.`, { device });
  }
  twins.desire('huawei', device, groups, clock.now());
  desired.changed(device);
}

/** DELETE /devices/{device_id}/shadow: it begins anew with the next report. */
export function deleteShadow(call: Call): Answer {
  call.context.storage.twins.clear('huawei', deviceOf(call).device);
  return undefined;
}

/** Refuses names that a shadow cannot have. */
export function checkKeys(all: readonly object[]): void {
  for (const name of all.flatMap((values) => Object.keys(values))) {
    if (FORBIDDEN.test(name)) throw new LianyunError('bad-input', `Invalid input data. desired: ${JSON.stringify(name)} cannot be the name of a property: a shadow has no names with ., $ or NUL.`, { path: 'desired' });
  }
}

/** A null takes the value back, whatever its type. */
const withoutNull = ({ service, values }: PropertyGroup): PropertyGroup => ({
  ...(service === undefined ? {} : { service }),
  values: Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)),
});

const answerOf = ({ context: { storage } }: Call, device: string): object => ({ device_id: device, shadow: storage.twins.read('huawei', device).map(shadowData) });
