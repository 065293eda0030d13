import { LianyunError, type Frame } from '@lianyun/protocol';
import type { Settings } from './options.ts';

/** What is wrong with a message that has more to it than can be sent: it is larger than its cloud takes, or has properties without MQTT 5. */
export function excessOf({ topic, payload, properties }: Frame, { payloadBytes, cloud, mqttVersion }: Pick<Settings, 'payloadBytes' | 'cloud' | 'mqttVersion'>): LianyunError | undefined {
  if (properties !== undefined && mqttVersion !== 5) return new LianyunError('unsupported', `The message for ${topic} has properties, which MQTT 3.1.1 cannot carry; make the device with mqttVersion: 5.`, { topic });
  // A string of a third of the limit cannot exceed it in UTF-8: most messages need no counting.
  if (payload.length * 3 <= payloadBytes) return undefined;
  const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength;
  return bytes <= payloadBytes ? undefined : new LianyunError('too-large', `The message for ${topic} has ${bytes} bytes; the ${cloud} cloud takes ${payloadBytes}.`, { topic });
}
