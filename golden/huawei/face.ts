// Huawei's transcripts through lianyun/huawei.
import { readEventTime } from '@lianyun/protocol';
import type { Face } from '../replay.ts';
import { hostIn } from './host.ts';
import { HuaweiStage } from './stage.ts';

export const huaweiFace: Face = {
  sdk: 'huawei-python',
  equality: { absentIsEmpty: true, instantOf: readEventTime, namedErrors: new Set() },
  // Not `tlsErrors`: those are the words of the recording server's TLS library. A handshake that fails shows in dials, connects and what is returned.
  compared: ['connect', 'connack', 'dial', 'subscribes', 'unsubscribes', 'publishes', 'callbacks', 'returns', 'error', 'http', 'server_info.json'],
  // Huawei's own SDK verifies the chain and no name.
  hosts: (cases) => [...new Set([hostIn(cases), ...cases.flatMap((each) => ((each['dial'] ?? []) as { host: string }[]).map(({ host }) => host))])],
  // The vendor's program keeps them in sets: their order means nothing.
  normalised: (observed) => ({ ...observed, publishes: sorted(observed['publishes']) }),
  open: (options) => HuaweiStage.open(options),
};

/** A value with its lists of rule ids in order. */
function sorted(value: unknown, name?: string): unknown {
  if (Array.isArray(value)) return name === 'ruleIds' || name === 'delIds' ? [...(value as unknown[])].sort() : value.map((each: unknown) => sorted(each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([member, each]) => [member, sorted(each, member)]));
}
