import { isTopicFilter } from '@lianyun/protocol/mqtt';
import { ValueError } from './errors.ts';

/** A topic, a topic with its QoS, or a list of those. */
export type TopicSelection = string | readonly [topic: string, qos: number] | readonly (readonly [topic: string, qos: number])[];

/** What a program wants to subscribe; `qos` is for a topic alone. Throws {@link ValueError}. */
export function selected(topic: TopicSelection, qos: number): { filter: string; qos: 0 | 1 }[] {
  const list = typeof topic === 'string' ? [[topic, qos] as const] : isPair(topic) ? [topic] : topic;
  if (!Array.isArray(list) || list.length === 0) throw new ValueError('Invalid topic: text, a pair of text and QoS, or a list of pairs is expected.');
  return list.map(([filter, level]: readonly [string, number]) => {
    if (!isFilter(filter)) throw new ValueError('Invalid topic: text is expected, not empty.');
    return { filter, qos: qosOf(level) };
  });
}

/** What a program wants to unsubscribe. Throws {@link ValueError}. */
export function unselected(topic: string | readonly string[]): readonly string[] {
  const topics = typeof topic === 'string' ? [topic] : topic;
  if (!Array.isArray(topics) || topics.length === 0 || topics.some((each) => !isFilter(each))) throw new ValueError('Invalid topic: text is expected, not empty.');
  return topics as readonly string[];
}

export const isFilter = (topic: unknown): topic is string => typeof topic === 'string' && topic !== '' && isTopicFilter(topic);

/** Throws {@link ValueError} for a QoS that the cloud does not know. */
export function qosOf(qos: unknown): 0 | 1 {
  if (qos !== 0 && qos !== 1) throw new ValueError(`Invalid QoS level ${String(qos)}: the cloud knows 0 and 1.`);
  return qos;
}

const isPair = (topic: TopicSelection): topic is readonly [string, number] => Array.isArray(topic) && topic.length === 2 && typeof topic[0] === 'string';
