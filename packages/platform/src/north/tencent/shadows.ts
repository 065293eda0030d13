import { isJsonObject, parseExact, stringifyExact, type JsonObject, type ShadowDocument } from '@lianyun/protocol';
import { refusal } from '../refusal.ts';
import { action, renamed, targetOf } from './action.ts';

const NAMED = { ProductId: 'text', DeviceName: 'text' } as const;

/** The actions of IoT Hub on the shadows of devices (7.2). */
export const shadowActions = {
  DescribeDeviceShadow: action(NAMED, (p, context) => ({ Data: dataOf(context.tencent.shadows.get(targetOf({ ...p, DeviceId: undefined }, context).device)) })),

  UpdateDeviceShadow: action({ ...NAMED, State: 'document', ShadowVersion: 'integer?' }, (p, context) => {
    const { device } = targetOf({ ProductId: p.ProductId, DeviceName: p.DeviceName, DeviceId: undefined }, context);
    const desired = desiredIn(p.State);
    return { Data: dataOf(renamed({ conflict: 'InvalidParameterValue.ShadowVersionConflict', 'too-large': 'InvalidParameterValue.PayloadOverLimit' }, () => context.tencent.shadows.want(device, desired, p.ShadowVersion))) };
  }),

  DeleteDeviceShadow: action(NAMED, (p, context) => {
    context.tencent.shadows.remove(targetOf({ ...p, DeviceId: undefined }, context).device);
    return {};
  }),
};

/** `{"desired":{…}}`, or the same in `state`; null takes all of it back. */
function desiredIn(text: string): JsonObject | null {
  let document: unknown;
  try {
    document = parseExact(text);
  } catch {
    throw refusal('InvalidParameterValue', 'State is no JSON text.');
  }
  const state = isJsonObject(document) && isJsonObject(document['state']) ? document['state'] : document;
  const desired = isJsonObject(state) ? state['desired'] : undefined;
  if (desired === null || isJsonObject(desired)) return desired;
  throw refusal('InvalidParameterValue', 'State needs the member desired: an object, or null.');
}

const dataOf = ({ reported, desired, delta, at, version }: ShadowDocument): string => stringifyExact({ state: { reported, desired, delta }, metadata: {}, timestamp: at, version });
