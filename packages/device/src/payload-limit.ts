import { LianyunError, type Frame } from '@lianyun/protocol';
import type { Settings } from './options.ts';

/** What is wrong with a message that is larger than its cloud takes; undefined when nothing is. */
export function excessOf({ topic, payload }: Frame, { payloadBytes, cloud }: Pick<Settings, 'payloadBytes' | 'cloud'>): LianyunError | undefined {
  // A string of a third of the limit cannot exceed it in UTF-8: most messages need no counting.
  if (payload.length * 3 <= payloadBytes) return undefined;
  const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength;
  return bytes <= payloadBytes ? undefined : new LianyunError('too-large', `The message for ${topic} has ${bytes} bytes; the ${cloud} cloud takes ${payloadBytes}.`, { topic });
}
