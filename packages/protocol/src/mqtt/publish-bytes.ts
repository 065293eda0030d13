// The global Buffer asks Node's getter each time.
import { Buffer } from 'node:buffer';
import type { MqttVersion, Qos } from './packets.ts';
import type { PublishProperties } from './properties.ts';
import { forbiddenReasonCode } from './reason-codes.ts';
import { judgeText, putText } from './text.ts';
import { hasWildcard } from './topic.ts';
import { MAX_REMAINING, packetBytes, putVarint, writeError } from './wire.ts';
import { propertyBlock } from './write-properties.ts';

/** A PUBLISH to be written; `packetId` is 0 at QoS 0, `properties` need MQTT 5. */
export interface PublishFields {
  topic: string;
  payload: string | Uint8Array;
  qos: Qos;
  packetId: number;
  dup: boolean;
  retain: boolean;
  version: MqttVersion;
  properties?: PublishProperties | undefined;
}

/** Exact size of the PUBLISH in bytes; throws `MqttProtocolError` if the standard forbids it. */
export function publishBytes(fields: PublishFields): number {
  const { topic, payload, qos, version } = fields;
  checkPublish(qos, fields.packetId, fields.dup, version);
  const block = publishBlock(topic, fields.properties, version);
  return packetBytes(publishRemaining(topicBytes(topic, version), payloadBytes(payload), qos, block, version));
}

/** Writes the PUBLISH at `at` of a buffer with room for {@link publishBytes}; returns the offset behind it. Throws as that function does. */
export function writePublish(buffer: Buffer, at: number, fields: PublishFields): number {
  const { topic, payload, qos, packetId, version } = fields;
  checkPublish(qos, packetId, fields.dup, version);
  const block = publishBlock(topic, fields.properties, version);
  const bytes = topicBytes(topic, version);
  const body = payloadBytes(payload);
  const remaining = publishRemaining(bytes, body, qos, block, version);
  checkRoom(buffer, at, packetBytes(remaining));
  const p = putPublishHead(buffer, at, publishFlags(qos, fields.dup, fields.retain), remaining, topic, bytes);
  return putPublishRest(buffer, p, packetId, block, version, payload, body);
}

/** Writes the PUBACK at `at`, four to five bytes; returns the offset behind it. A reason code other than 0 needs MQTT 5. */
export function writePuback(buffer: Buffer, at: number, packetId: number, reasonCode = 0): number {
  checkPuback(packetId, reasonCode, 5);
  checkRoom(buffer, at, reasonCode === 0 ? 4 : 5);
  return putPuback(buffer, at, packetId, reasonCode);
}

// What follows is the hot path taken apart, so that a writer that remembers its topic measures it once. Positional for the same reason.

/** Size of the properties of MQTT 5 when there are none: their length. */
const NO_BLOCK_BYTES = 1;

export function checkPublish(qos: Qos, packetId: number, dup: boolean, version: MqttVersion): void {
  if (qos === 0) {
    if (packetId !== 0) throw writeError('packet-id-at-qos-0', 'PUBLISH', 'packet identifier', version);
    if (dup) throw writeError('dup', 'PUBLISH', 'DUP', version);
  } else {
    if (qos !== 1 && qos !== 2) throw writeError('qos', 'PUBLISH', 'QoS', version);
    checkPacketId(packetId, 'PUBLISH', version);
  }
}

export function checkPuback(packetId: number, reasonCode: number, version: MqttVersion): void {
  checkPacketId(packetId, 'PUBACK', version);
  if (reasonCode === 0) return;
  if (version !== 5) throw writeError('version-field', 'PUBACK', 'reason code', version);
  if (forbiddenReasonCode('puback', reasonCode) !== undefined) throw writeError('reason-code', 'PUBACK', 'reason code', version, String(reasonCode));
}

export function putPuback(buffer: Buffer, at: number, packetId: number, reasonCode: number): number {
  buffer[at] = 0x40;
  buffer[at + 1] = reasonCode === 0 ? 2 : 3;
  buffer[at + 2] = packetId >> 8;
  buffer[at + 3] = packetId;
  if (reasonCode === 0) return at + 4;
  buffer[at + 4] = reasonCode;
  return at + 5;
}

function checkPacketId(id: number, packet: string, version: MqttVersion): void {
  if (id === 0) throw writeError('packet-id', packet, 'packet identifier', version);
  if ((id & 0xffff) !== id) throw writeError('field-range', packet, 'packet identifier', version, String(id));
}

/** Length of a topic's UTF-8 form; throws if a PUBLISH must not carry it. An empty topic is for the caller to allow. */
export function topicBytes(topic: string, version: MqttVersion): number {
  const verdict = judgeText(topic);
  if (verdict !== 'ascii' && verdict !== 'unicode') throw writeError(verdict, 'PUBLISH', 'topic', version);
  if (hasWildcard(topic)) throw writeError('topic-wildcard', 'PUBLISH', 'topic', version);
  const bytes = verdict === 'ascii' ? topic.length : Buffer.byteLength(topic);
  if (bytes > 0xffff) throw writeError('string-length', 'PUBLISH', 'topic', version);
  return bytes;
}

export function payloadBytes(payload: string | Uint8Array): number {
  return typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
}

/** The encoded properties, undefined for none; throws where an empty topic has no alias or properties meet MQTT 3. */
export function publishBlock(topic: string, properties: PublishProperties | undefined, version: MqttVersion): Buffer | undefined {
  if (topic === '' && properties?.topicAlias === undefined) {
    throw writeError(version === 5 ? 'topic-alias-missing' : 'topic-empty', 'PUBLISH', 'topic', version);
  }
  return properties === undefined ? undefined : propertyBlock(properties, 'publish', version);
}

export function publishRemaining(topicLength: number, payloadLength: number, qos: Qos, block: Buffer | undefined, version: MqttVersion): number {
  const properties = block === undefined ? (version === 5 ? NO_BLOCK_BYTES : 0) : block.length;
  const remaining = 2 + topicLength + (qos === 0 ? 0 : 2) + properties + payloadLength;
  if (remaining > MAX_REMAINING) throw writeError('too-large', 'PUBLISH', 'packet', version);
  return remaining;
}

/** First byte of a PUBLISH. */
export function publishFlags(qos: Qos, dup: boolean, retain: boolean): number {
  return 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
}

export function putPublishHead(buffer: Buffer, at: number, first: number, remaining: number, topic: string, topicLength: number): number {
  buffer[at] = first;
  const p = putVarint(buffer, at + 1, remaining);
  buffer[p] = topicLength >> 8;
  buffer[p + 1] = topicLength;
  return putText(buffer, p + 2, topic, topicLength);
}

/** `packetId` 0 stands for QoS 0, which has none. */
export function putPublishRest(
  buffer: Buffer, at: number, packetId: number, block: Buffer | undefined, version: MqttVersion, payload: string | Uint8Array, bytes: number,
): number {
  let p = at;
  if (packetId !== 0) {
    buffer[p] = packetId >> 8;
    buffer[p + 1] = packetId;
    p += 2;
  }
  if (block !== undefined) {
    buffer.set(block, p);
    p += block.length;
  } else if (version === 5) buffer[p++] = 0;
  if (typeof payload === 'string') return putText(buffer, p, payload, bytes);
  buffer.set(payload, p);
  return p + bytes;
}

function checkRoom(buffer: Buffer, at: number, bytes: number): void {
  if (at < 0 || at + bytes > buffer.length) throw new RangeError(`A packet of ${String(bytes)} bytes does not fit at ${String(at)} of ${String(buffer.length)}`);
}
