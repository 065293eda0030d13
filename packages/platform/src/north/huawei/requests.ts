import { randomUUID } from 'node:crypto';
import { isLianyunError, LianyunError, violationError, type JsonObject } from '@lianyun/protocol';
import * as v from 'valibot';
import type { Device } from '../../records.ts';
import type { NorthContext } from '../context.ts';
import { refusal } from '../refusal.ts';
import { absent, anyObject, deviceOf, object, readBody, text, textIn, type Call } from './call.ts';
import { serviceData } from './shapes.ts';

/** The body of CreateCommand. */
export const commandSchema = object({ service_id: absent(text(64)), command_name: absent(text(128)), paras: anyObject });

/** POST /devices/{device_id}/commands: open until the device answers (14.5). */
export function createCommand(call: Call): Promise<CommandAnswer> {
  const target = deviceOf(call);
  return command(call.context, target, readBody(call, commandSchema));
}

/** What a device answered to a command, or that it did not. */
export type CommandAnswer = { readonly command_id: string } & Answered<{ readonly result_code: number; readonly response_name: string | undefined; readonly paras: JsonObject }>;

/** Has a device do a command, and waits for its answer. */
export async function command({ registry, downlink }: NorthContext, target: Device, { service_id: service, command_name: name = '', paras: args }: v.InferOutput<typeof commandSchema>): Promise<CommandAnswer> {
  const violation = registry.model('huawei', target.productId).checkArgs(service, name, args);
  if (violation !== undefined) throw violationError(violation, target.device);
  const id = randomUUID();
  return answered(target, { command_id: id }, async () => {
    const result = await downlink.invoke('huawei', target.device, { id, name, args, ...(service === undefined ? {} : { service }) });
    return {
      result_code: result.code,
      response_name: result.name,
      // A failure's text travels where Huawei's own SDKs put it (4.2).
      paras: result.output ?? (result.text === undefined ? {} : { error: result.text }),
    };
  });
}

/** GET /devices/{device_id}/properties: asks the device (14.5). */
export async function listProperties(call: Call): Promise<object> {
  const { registry, downlink } = call.context;
  const target = deviceOf(call);
  const service = textIn(call, 'service_id');
  if (service === undefined) throw new LianyunError('bad-input', 'Invalid input data. service_id: is missing in the query', { path: 'service_id' });
  const violation = registry.model('huawei', target.productId).checkProperties([{ service, values: {} }], 'report');
  if (violation !== undefined) throw violationError(violation, target.device);
  const id = randomUUID();
  return answered(target, { request_id: id }, async () => {
    const groups = await downlink.getProperties('huawei', target.device, { id, service });
    return { services: groups.map(serviceData) };
  });
}

const setSchema = object({
  services: v.pipe(v.array(object({ service_id: text(64), properties: anyObject }), 'an array is expected'), v.minLength(1, 'at least one service is expected')),
});

/** PUT /devices/{device_id}/properties: asks the device to change them (14.5). */
export async function updateProperties(call: Call): Promise<object> {
  const { registry, downlink } = call.context;
  const target = deviceOf(call);
  const { services } = readBody(call, setSchema);
  const groups = services.map(({ service_id: service, properties: values }) => ({ service, values }));
  const violation = registry.model('huawei', target.productId).checkProperties(groups, 'set');
  if (violation !== undefined) throw violationError(violation, target.device);
  const id = randomUUID();
  return answered(target, { request_id: id }, async () => {
    const result = await downlink.setProperties('huawei', target.device, { id, groups });
    return { result_code: result.code, result_desc: result.text };
  });
}

type Answered<R> = { readonly response: R } | { readonly error_code: string; readonly error_msg: string };

/** The device's answer under the request's id. Silence is an answer too: HTTP 200 with IOTDA.014111 (14.5). */
async function answered<I extends object, R>(target: Device, id: I, request: () => Promise<R>): Promise<I & Answered<R>> {
  try {
    return { ...id, response: await request() };
  } catch (error) {
    if (isLianyunError(error, 'timeout')) {
      return { ...id, error_code: 'IOTDA.014111', error_msg: `Request timed out. Check whether the device ${target.device} answers.` };
    }
    if (isLianyunError(error, 'offline') && target.gateway !== undefined) throw refusal('IOTDA.014028', `The gateway ${target.gateway} of ${target.device} is not online.`);
    throw error;
  }
}
