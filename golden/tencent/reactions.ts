// What the recorded broker answered by itself: the transcripts show it in what a call was asked to reply, or in what it returned.
import type { SeenPublish } from '../recorder.ts';
import type { Case, Injection } from '../transcript.ts';

interface Device {
  readonly product_id: string;
  readonly device_name: string;
}

/** What the server sends on a PUBLISH of the case. */
export function reactionTo(recorded: Case, cases: readonly Case[]): (publish: SeenPublish) => readonly Injection[] {
  return ({ topic, payload }) => {
    const [, kind, , productId = '', deviceName = ''] = /^\$(gateway|sys)\/(operation)\/([^/]+)\/([^/]+)$/.exec(topic) ?? [];
    const reply = (body: object): Injection[] => [{ topic: `$${kind}/operation/result/${productId}/${deviceName}`, qos: 0, payload: body }];
    if (kind === 'sys') return timeReply(recorded, cases).flatMap(reply);
    if (kind !== 'gateway') return [];
    const { type, payload: body } = payload as { readonly type: string; readonly payload?: { readonly devices?: readonly Device[] } };
    if (type === 'describe_sub_devices') {
      const [rc, list] = recorded['returns'] as [number, Device[]];
      return rc === 0 ? reply({ type, payload: { devices: list.map(({ product_id, device_name }) => ({ product_id, device_name })) } }) : [];
    }
    const result = resultOf(recorded);
    if (result === undefined || type === 'change') return [];
    return reply({ type, payload: { devices: (body?.devices ?? []).map(({ product_id, device_name }) => ({ product_id, device_name, result })) } });
  };
}

/** The time that the server told. Nothing, where the call found none, or one no later than what an earlier call found: that is what the earlier answer left behind. */
function timeReply({ id, returns }: Case, cases: readonly Case[]): object[] {
  const time = Number(returns);
  const before = cases.slice(0, cases.findIndex((each) => each.id === id)).filter(({ api }) => api === 'getNtpAccurateTime');
  if (!(time > 0) || before.some((each) => Number(each['returns']) >= time)) return [];
  return [{ type: 'get', time: Math.floor(time / 1000), ntptime1: Math.floor(time), ntptime2: Math.ceil(time) }];
}

function resultOf({ call, returns }: Case): number | undefined {
  const said = /result (-?\d+|None)/.exec(typeof call['reply'] === 'string' ? call['reply'] : '')?.[1];
  if (said !== undefined) return said === 'None' ? undefined : Number(said);
  // The call, or the first of several.
  const [first] = (Array.isArray(returns) ? returns : []) as unknown[];
  return (Array.isArray(first) ? first[0] : first) === 0 ? 0 : undefined;
}
