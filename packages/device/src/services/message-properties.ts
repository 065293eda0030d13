import { LianyunError, type MessageProperties } from '@lianyun/protocol';
import { isTopicName } from '@lianyun/protocol/mqtt';

const NAMES: Readonly<Record<keyof MessageProperties, (value: unknown) => boolean>> = {
  userProperties: (value) => Array.isArray(value) && value.every((pair: unknown) => Array.isArray(pair) && pair.length === 2 && pair.every((each) => typeof each === 'string')),
  contentType: (value) => typeof value === 'string',
  responseTopic: (value) => typeof value === 'string' && isTopicName(value),
  correlationData: (value) => value instanceof Uint8Array,
  payloadFormatIndicator: (value) => typeof value === 'boolean',
  expirySeconds: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffff_ffff,
};

/** What is wrong with the properties of a message; types say most of it, but a program in JavaScript can pass anything. */
export function propertiesFault(properties: MessageProperties | undefined, device: string): LianyunError | undefined {
  if (properties === undefined) return undefined;
  const bad = (text: string): LianyunError => new LianyunError('bad-input', text, { device });
  if (typeof properties !== 'object' || properties === null) return bad('properties is no object: for example { userProperties: [["name", "value"]] } is expected.');
  for (const [name, value] of Object.entries(properties)) {
    // Object.entries forgets the names.
    const test = Object.hasOwn(NAMES, name) ? NAMES[name as keyof MessageProperties] : undefined;
    if (test === undefined) return bad(`properties.${name} is unknown; known are ${Object.keys(NAMES).join(', ')}.`);
    if (value !== undefined && !test(value)) return bad(`properties.${name} is not what MQTT 5 has there.`);
  }
  return undefined;
}
