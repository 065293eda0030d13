import { isLianyunError, type DeviceRef } from '@lianyun/protocol';
import type { Device, TencentProduct } from '../../records.ts';
import type { NorthContext } from '../context.ts';
import { refusal } from '../refusal.ts';
import { readBySpec, type Given, type Parameters, type Spec } from './parameters.ts';

/** One action of the API: takes parameters, gives the fields of `Response`. */
export interface Action {
  readonly spec: Spec;
  run(given: Given, context: NorthContext, request: ActionRequest): object | Promise<object>;
}

/** How the request came in. */
interface ActionRequest {
  /** What it called this server: name and port. */
  readonly host: string;
}

/** Declares an action by what it takes and what it does. */
export function action<const S extends Spec>(spec: S, run: (parameters: Parameters<S>, context: NorthContext, request: ActionRequest) => object | Promise<object>): Action {
  return { spec, run: (given, context, request) => run(readBySpec(spec, given), context, request) };
}

/** The parameters that name a device: ProductId and DeviceName, or DeviceId, which overrides them. */
export const TARGET = { ProductId: 'text?', DeviceName: 'text?', DeviceId: 'text?' } as const satisfies Spec;

/** The device that the parameters name. */
export function targetOf({ ProductId: productId, DeviceName: deviceName, DeviceId: deviceId }: Parameters<typeof TARGET>, { registry }: NorthContext): Device {
  let ref: DeviceRef;
  if (deviceId) ref = deviceId;
  else {
    const missing = productId === undefined ? 'ProductId' : deviceName === undefined ? 'DeviceName' : undefined;
    if (missing !== undefined) throw refusal('MissingParameter', `The request is missing the required parameter \`${missing}\`.`);
    ref = `${productId}/${deviceName}`;
  }
  const device = registry.findDevice('tencent', ref);
  if (device === undefined) throw refusal('ResourceNotFound.DeviceNotExist', `There is no device ${JSON.stringify(ref)}.`);
  return device;
}

/** The product with an id. */
export function productOf(productId: string, { registry }: NorthContext): TencentProduct {
  if (registry.findProduct('tencent', productId) === undefined) throw refusal('ResourceNotFound.StudioProductNotExist', `There is no product ${JSON.stringify(productId)}.`);
  return registry.product('tencent', productId);
}

/** Does it; an error with one of these codes becomes a refusal with the vendor's. */
export function renamed<T>(codes: Partial<Record<string, string>>, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const code = isLianyunError(error) ? codes[error.code] : undefined;
    if (code === undefined || !(error instanceof Error)) throw error;
    throw refusal(code, error.message);
  }
}

/** Seconds since 1970, 0 for never. */
export const seconds = (at: number | undefined): number => (at === undefined ? 0 : Math.floor(at / 1000));
