import { randomUUID } from 'node:crypto';
import { stringifyExact, tencent, type CommandResult, type JsonObject } from '@lianyun/protocol';
import type { Device } from '../../records.ts';
import { unreachable } from '../../tencent/calls.ts';
import type { NorthContext } from '../context.ts';
import { refusal } from '../refusal.ts';
import { action, TARGET, targetOf } from './action.ts';
import { objectIn } from './parameters.ts';

/** `pushResult` of a control that did not reach its device: offline, or not subscribed (10.5). */
const NOT_PUSHED = 23101;

/** What a frame has beside the values that it carries: method, token, the name of an action. */
const FRAME_BYTES = 4096;

const CALL = { ...TARGET, ActionId: 'text', InputParams: 'document?' } as const;

/** The actions that read a device's data and send it some (10.5, 10.6). */
export const dataActions = {
  DescribeDeviceData: action(TARGET, (p, context) => {
    const [twin] = context.storage.twins.read('tencent', targetOf(p, context).device);
    const { values = {}, times = {} } = twin?.reported ?? {};
    return { Data: stringifyExact(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { Value: value, LastUpdate: times[name] }]))) };
  }),

  ControlDeviceData: action({ ...TARGET, Data: 'document', Method: 'text?', DataTimestamp: 'integer?' }, async (p, context) => {
    const { registry, storage: { twins }, downlink, clock } = context;
    const { device, productId } = targetOf(p, context);
    const method = p.Method || 'desired';
    if (method !== 'desired' && method !== 'reported') throw refusal('InvalidParameterValue', 'Method is not allowed: desired or reported is expected.');
    const groups = [{ values: valuesIn('Data', p.Data) }];
    const violation = registry.model('tencent', productId).checkProperties(groups, method === 'desired' ? 'set' : 'report');
    if (violation !== undefined) {
      throw refusal(violation.reason === 'unknown-property' ? 'InvalidParameterValue.ModelPropertyNotExist' : 'InvalidParameterValue', `Data: ${violation.message}`);
    }
    if (method === 'reported') {
      twins.report('tencent', device, groups, p.DataTimestamp ?? clock.now());
      return { Data: '', Result: '' };
    }
    const { sent } = await downlink.control('tencent', device, { id: `clientToken-${randomUUID()}`, groups });
    // What did not reach the device waits for its get_status (2.3); what did takes the place of what waited.
    if (sent) twins.forgetDesired('tencent', device, groups);
    else twins.desire('tencent', device, groups, clock.now());
    return { Data: '', Result: JSON.stringify({ Sent: sent ? 1 : 0, pushResult: sent ? 0 : NOT_PUSHED }) };
  }),

  CallDeviceActionSync: action(CALL, async (p, context) => {
    const call = prepare(p, context);
    const result = await call.invoke();
    return { ClientToken: call.id, OutputParams: stringifyExact(result.output ?? {}), Status: result.text ?? '' };
  }),

  CallDeviceActionAsync: action(CALL, (p, context) => {
    const call = prepare(p, context);
    if (!context.downlink.isOnline('tencent', call.target.device)) throw offline(call.target);
    // Nobody waits for this answer. The downlink does, so that it is not taken for one to nothing.
    call.invoke().catch(() => undefined);
    return { ClientToken: call.id, Status: 'Sent' };
  }),
};

/** Values for a device: what no frame could carry is refused, and does not wait for it either. */
function valuesIn(name: string, text: string, code?: string): JsonObject {
  const [bytes, most] = [Buffer.byteLength(text), tencent.limits.payloadBytes - FRAME_BYTES];
  if (bytes > most) throw refusal('InvalidParameterValue.PayloadOverLimit', `${name} has ${bytes} bytes; at most ${most} are taken.`);
  return objectIn(name, text, code);
}

const offline = ({ device }: Device) => refusal('FailedOperation.DeviceOffline', `The device ${device} is not online.`);

interface PreparedCall {
  readonly id: string;
  readonly target: Device;
  invoke(): Promise<CommandResult>;
}

function prepare(p: { readonly ProductId: string | undefined; readonly DeviceName: string | undefined; readonly DeviceId: string | undefined; readonly ActionId: string; readonly InputParams: string | undefined }, context: NorthContext): PreparedCall {
  const target = targetOf(p, context);
  const args = valuesIn('InputParams', p.InputParams || '{}', 'InvalidParameter.ActionInputParamsInvalid');
  const violation = context.registry.model('tencent', target.productId).checkArgs(undefined, p.ActionId, args);
  if (p.ActionId === '' || violation?.reason === 'unknown-command') {
    throw refusal('InvalidParameterValue.ActionNilOrNotExist', `ActionId: ${violation?.message ?? 'it is empty'}`);
  }
  if (violation !== undefined) throw refusal('InvalidParameter.ActionInputParamsInvalid', `InputParams: ${violation.message}`);
  const id = `clientToken-${randomUUID()}`;
  const invoke = async (): Promise<CommandResult> => {
    try {
      return await context.downlink.invoke('tencent', target.device, { id, name: p.ActionId, args });
    } catch (error) {
      const why = unreachable(error);
      if (why === 'silent') throw refusal('FailedOperation.Timeout', `The device ${target.device} did not answer the action ${p.ActionId} in time.`);
      if (why === 'not-subscribed') throw refusal('FailedOperation.ActionUnreachable', `The device ${target.device} has not subscribed to its actions.`);
      throw why === 'offline' ? offline(target) : error;
    }
  };
  return { id, target, invoke };
}
