import { LianyunError } from '@lianyun/protocol';
import type { LogMark } from '../../log-store.ts';
import { pageIn, param, textIn, type Answer, type Call } from './call.ts';
import { timestamp } from './shapes.ts';

/** A marker has 24 hex digits (14.3): 14 for the time of a line, which may lie before 1970, and 10 for its number. */
const DIGITS = { at: 14, serial: 10 } as const;
const OFFSET = 2n ** 54n;

/** GET /devices/{device_id}/logs: what a device sent, the youngest first. The cloud has no such request; it is in the form of the others. */
export function listLogs(call: Call): Answer {
  const { registry, logs } = call.context;
  const { device } = registry.device('huawei', param(call, 'device_id'));
  const { limit } = pageIn(call);
  const [type, behind] = [textIn(call, 'type'), markIn(call)];
  const { items } = logs.list({ cloud: 'huawei', device, limit, ...(type === undefined ? {} : { type }), ...(behind === undefined ? {} : { behind }) });
  const last = items.at(-1);
  return {
    logs: items.map((line) => ({ type: line.type, content: line.content, time: timestamp(line.at) })),
    page: { count: items.length, marker: last === undefined ? (textIn(call, 'marker') ?? 'f'.repeat(24)) : markerOf(last) },
  };
}

const markerOf = ({ at, serial }: LogMark): string => (BigInt(at) + OFFSET).toString(16).padStart(DIGITS.at, '0') + serial.toString(16).padStart(DIGITS.serial, '0');

function markIn(call: Call): LogMark | undefined {
  const marker = textIn(call, 'marker');
  if (marker === undefined || /^f+$/i.test(marker)) return undefined;
  const at = Number(BigInt(`0x${marker.slice(0, DIGITS.at)}`) - OFFSET);
  if (!Number.isSafeInteger(at)) throw new LianyunError('bad-input', "Invalid input. The specified parameter 'marker' is out of range: that of the page before is expected.", { path: 'marker' });
  return { at, serial: Number.parseInt(marker.slice(DIGITS.at), 16) };
}
