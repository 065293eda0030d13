import { rightsOf, tencent, type DeviceRef } from '@lianyun/protocol';
import { isTopicName } from '@lianyun/protocol/mqtt';
import type { NorthContext } from '../context.ts';
import { refusal } from '../refusal.ts';

/** What is to be sent, from a parameter in text or base64. Refuses what is too large and an encoding that there is not. */
export function bytesIn(payload: string, encoding?: string, parameter = 'PayloadEncoding'): Buffer {
  if (encoding && encoding !== 'base64') throw refusal('InvalidParameterValue', `${parameter} is not allowed: base64 or nothing is expected.`);
  if (encoding === 'base64' && !/^[A-Za-z0-9+/]*={0,2}$/.test(payload)) throw refusal('InvalidParameterValue', 'Payload is not allowed: it is said to be base64 and is not.');
  const bytes = Buffer.from(payload, encoding === 'base64' ? 'base64' : 'utf8');
  if (bytes.length > tencent.limits.payloadBytes) throw refusal('InvalidParameterValue.PayloadOverLimit', `Payload has ${bytes.length} bytes; at most ${tencent.limits.payloadBytes} are taken.`);
  return bytes;
}

/** Refuses a topic that the device may not subscribe, or for its answer: not publish to. */
export function checkTopic(parameter: 'Topic' | 'ReplyTopic', topic: string, device: DeviceRef, { tencent: { topicPolicies } }: NorthContext): void {
  const [right, words] = parameter === 'Topic' ? (['maySubscribe', 'subscribe'] as const) : (['mayPublish', 'publish to'] as const);
  if (isTopicName(topic) && (rightsOf(tencent)[right](topic, [device]) || topicPolicies[right](topic, [device]))) return;
  throw refusal('InvalidParameterValue', `${parameter} is not allowed: ${device} may not ${words} ${JSON.stringify(topic)}.`);
}
