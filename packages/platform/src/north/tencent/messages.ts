import { stringifyExact, type DeviceEvent } from '@lianyun/protocol';
import type { EventMark } from '../../event-log.ts';
import { unreachable } from '../../tencent/calls.ts';
import { refusal } from '../refusal.ts';
import { action, productOf, renamed, TARGET, targetOf } from './action.ts';
import type { Parameters } from './parameters.ts';
import { bytesIn, checkTopic } from './payload.ts';

const SEVERITIES: readonly string[] = ['info', 'alert', 'fault'] satisfies DeviceEvent['severity'][];
const isSeverity = (text: string): text is NonNullable<DeviceEvent['severity']> => SEVERITIES.includes(text);
const DAY_MS = 86_400_000;
const PAYLOAD = { Payload: 'document', Qos: 'integer?', PayloadEncoding: 'text?' } as const;

/** The actions around events and messages without a model (10.5, 10.6). */
export const messageActions = {
  // Times are whole seconds here; 0 or none is a day ago, and now (10.6).
  ListEventHistory: action({ ...TARGET, Type: 'text?', StartTime: 'integer?', EndTime: 'integer?', Context: 'text?', Size: 'integer?', EventId: 'text?' }, (p, context) => {
    const { device, productId, nodeId } = targetOf(p, context);
    const now = context.clock.now();
    const from = p.StartTime ? p.StartTime * 1000 : now - DAY_MS;
    const to = p.EndTime ? p.EndTime * 1000 + 999 : now;
    const { Size: limit = 10 } = p;
    if (from > to) throw refusal('InvalidParameterValue.StartTimeLaterEndTime', 'StartTime is later than EndTime.');
    if (limit < 1 || limit > 100) throw refusal('InvalidParameterValue', 'Size is not allowed: 1 to 100 is expected.');
    const severity = p.Type || undefined;
    if (severity !== undefined && !isSeverity(severity)) throw refusal('InvalidParameterValue', 'Type is not allowed: info, alert or fault is expected.');
    const behind = readMark(p.Context);
    const { items, total, isLast } = context.storage.events.list('tencent', device, {
      from,
      to,
      limit,
      ...(severity === undefined ? {} : { severity }),
      ...(p.EventId ? { name: p.EventId } : {}),
      ...(behind === undefined ? {} : { behind }),
    });
    const last = items.at(-1);
    return {
      Context: isLast || last === undefined ? '' : `${last.at}-${last.serial}`,
      Total: total,
      Listover: isLast,
      EventHistory: items.map((event) => ({ TimeStamp: event.at, ProductId: productId, DeviceName: nodeId, EventId: event.name, Type: event.severity ?? '', Data: stringifyExact(event.params) })),
    };
  }),

  PublishMessage: action({ ...TARGET, Topic: 'text', ...PAYLOAD }, async (p, context) => {
    const { device } = targetOf(p, context);
    const { Topic: topic } = p;
    const { payload, qos } = payloadIn(p);
    checkTopic('Topic', topic, device, context);
    try {
      await context.downlink.publish('tencent', device, { topic, payload, qos });
    } catch (error) {
      const why = unreachable(error);
      if (why === 'not-subscribed') throw refusal('FailedOperation.DeviceNoSubscription', `The device ${device} has not subscribed ${topic}.`);
      if (why === 'offline') throw refusal('FailedOperation.DeviceOffline', `The device ${device} is not online.`);
      throw error;
    }
    return {};
  }),

  // Does not wait for the devices (7.4).
  PublishBroadcastMessage: action({ ProductId: 'text', ...PAYLOAD }, (p, context) => {
    productOf(p.ProductId, context);
    const { payload, qos } = payloadIn(p);
    renamed({ conflict: 'FailedOperation.BroadcastTaskIsRunning' }, () => context.broadcasts.toProduct(p.ProductId, payload, qos));
    return { TaskId: context.storage.registryStore.nextSerial() };
  }),
};

/** What is published, as both actions are given it. */
function payloadIn(p: Parameters<typeof PAYLOAD>): { readonly payload: Buffer; readonly qos: 0 | 1 } {
  const { Qos: qos = 0 } = p;
  if (qos !== 0 && qos !== 1) throw refusal('InvalidParameterValue', 'Qos is not allowed: 0 or 1 is expected.');
  return { payload: bytesIn(p.Payload, p.PayloadEncoding), qos };
}

/** Where the page before ended, as that page's Context says. */
function readMark(context: string | undefined): EventMark | undefined {
  if (context === undefined || context === '') return undefined;
  const [, at, serial] = /^(\d{1,15})-(\d{1,15})$/.exec(context) ?? [];
  if (at === undefined || serial === undefined) throw refusal('InvalidParameterValue', 'Context is not allowed: that of the page before is expected.');
  return { at: Number(at), serial: Number(serial) };
}
