import type { PacketCursor } from './packet-cursor.ts';
import type {
  AckPacket, AckType, AuthPacket, ConnackPacket, ConnectPacket, DisconnectPacket, MqttVersion, PacketType, Qos, SubackPacket, SubscribePacket,
  Subscription, UnsubackPacket, UnsubscribePacket, Will,
} from './packets.ts';
import type { PropertyCarrier, PropertiesOf } from './properties.ts';
import { readProperties } from './read-properties.ts';
import { forbiddenReasonCode } from './reason-codes.ts';
import { filterFault, filterFault5, hasWildcard, isShared } from './topic.ts';

/** CONNECT, section 3.1; sets the cursor's version. */
export function readConnect(cursor: PacketCursor): ConnectPacket {
  cursor.version = readVersion(cursor);
  const version = cursor.version;
  const flagsAt = cursor.at;
  const flags = cursor.byte('connect flags');
  checkConnectFlags(cursor, version, flags, flagsAt);
  const keepAliveSeconds = cursor.uint16('keep alive');
  const properties = propertiesOf(cursor, 'connect');
  const clientId = cursor.text('client identifier', 'client-id-characters');
  const will = (flags & 0x04) === 0 ? undefined : readWill(cursor, flags);
  // MQTT 3.1 section 3.1: the remaining length takes precedence over the user name and password flags.
  const mayEnd = version === 3;
  const username = (flags & 0x80) === 0 || (mayEnd && cursor.left === 0) ? undefined : cursor.text('user name');
  const password = (flags & 0x40) === 0 || (mayEnd && cursor.left === 0) ? undefined : cursor.binary('password');
  cursor.end();
  return {
    type: 'connect', version, clientId, clean: (flags & 0x02) !== 0, keepAliveSeconds,
    ...(username !== undefined && { username }), ...(password !== undefined && { password }), ...(will && { will }), ...(properties && { properties }),
  };
}

function readVersion(cursor: PacketCursor): MqttVersion {
  const at = cursor.at;
  const name = cursor.text('protocol name');
  if (name !== 'MQTT' && name !== 'MQIsdp') cursor.fail('protocol-name', 'protocol name', { at });
  const level = cursor.byte('protocol level');
  if (name === 'MQIsdp' ? level === 3 : level === 4 || level === 5) return level as MqttVersion; // the condition admits these three
  // Whoever speaks a later version knows how MQTT 5 refuses it; the name of MQTT 3.1 has no later version.
  if (name === 'MQTT' && level > 5) cursor.version = 5;
  return cursor.fail('protocol-level', 'protocol level', { at: cursor.at - 1, detail: `${name} level ${String(level)}` });
}

function checkConnectFlags(cursor: PacketCursor, version: MqttVersion, flags: number, at: number): void {
  const field = 'connect flags';
  // MQTT 3.1 section 3.1: the bit is not used.
  if (version !== 3 && (flags & 0x01) !== 0) cursor.fail('connect-flags', field, { at });
  if ((flags & 0x04) === 0) {
    // MQTT 3.1 section 3.1: without a will the value of the other will flags is disregarded.
    if (version !== 3 && (flags & 0x38) !== 0) cursor.fail('will-flags', field, { at });
  } else if ((flags & 0x18) === 0x18) cursor.fail('will-qos', 'will QoS', { at });
  if (version !== 5 && (flags & 0xc0) === 0x40) cursor.fail('password-flag', field, { at });
}

function readWill(cursor: PacketCursor, flags: number): Will {
  const properties = propertiesOf(cursor, 'will');
  const topic = readTopic(cursor, 'will topic');
  const payload = cursor.binary('will payload');
  const qos = ((flags >> 3) & 3) as Qos; // 3 has been refused
  return { topic, payload, qos, retain: (flags & 0x20) !== 0, ...(properties && { properties }) };
}

function readTopic(cursor: PacketCursor, field: string): string {
  const at = cursor.at;
  const topic = cursor.text(field);
  if (topic === '') cursor.fail('topic-empty', field, { at });
  if (hasWildcard(topic)) cursor.fail('topic-wildcard', field, { at, clause: cursor.version === 5 ? 'MQTT-4.7.0-1' : 'MQTT-4.7.1-1' });
  return topic;
}

/** CONNACK, section 3.2. Return codes before MQTT 5 are passed on as they are: what to make of an unknown one is the session's decision. */
export function readConnack(cursor: PacketCursor): ConnackPacket {
  const at = cursor.at;
  const flags = cursor.byte('acknowledge flags');
  if (flags > 1) cursor.fail('connack-flags', 'acknowledge flags', { at });
  const reasonCode = readReasonCode(cursor, 'connack');
  if (flags === 1 && reasonCode !== 0) cursor.fail('session-present', 'session present', { at });
  const properties = propertiesOf(cursor, 'connack');
  cursor.end();
  return { type: 'connack', sessionPresent: flags === 1, reasonCode, ...(properties && { properties }) };
}

/** PUBACK, PUBREC, PUBREL or PUBCOMP, sections 3.4 to 3.7. */
export function readAck(cursor: PacketCursor, type: AckType): AckPacket {
  const packetId = cursor.packetId();
  const packet: AckPacket = { type, packetId, reasonCode: 0 };
  if (cursor.version === 5) readReason(cursor, packet);
  cursor.end();
  return packet;
}

/** SUBSCRIBE, section 3.8. */
export function readSubscribe(cursor: PacketCursor): SubscribePacket {
  const packetId = cursor.packetId();
  const properties = propertiesOf(cursor, 'subscribe');
  if (cursor.left === 0) cursor.fail('no-filters', 'payload');
  const subscriptions: Subscription[] = [];
  while (cursor.left > 0) subscriptions.push(readSubscription(cursor));
  return { type: 'subscribe', packetId, subscriptions, ...(properties && { properties }) };
}

function readSubscription(cursor: PacketCursor): Subscription {
  const filter = readFilter(cursor);
  const at = cursor.at;
  const field = 'subscription options';
  const options = cursor.byte(field);
  if ((options & (cursor.version === 5 ? 0xc0 : 0xfc)) !== 0) cursor.fail('subscription-options', field, { at });
  if ((options & 0x03) === 3) cursor.fail('subscription-qos', field, { at });
  if ((options & 0x30) === 0x30) cursor.fail('retain-handling', field, { at });
  const noLocal = (options & 0x04) !== 0;
  if (noLocal && isShared(filter)) cursor.fail('share-no-local', field, { at });
  return {
    filter, qos: (options & 3) as Qos, noLocal, retainAsPublished: (options & 0x08) !== 0,
    retainHandling: (options >> 4) as 0 | 1 | 2, // 3 and the bits above have been refused
  };
}

function readFilter(cursor: PacketCursor): string {
  const at = cursor.at;
  const filter = cursor.text('topic filter');
  const fault = cursor.version === 5 ? filterFault5(filter) : filterFault(filter);
  if (fault !== undefined) cursor.fail(fault, 'topic filter', { at });
  return filter;
}

/** SUBACK, section 3.9. */
export function readSuback(cursor: PacketCursor): SubackPacket {
  const packetId = cursor.packetId();
  const properties = propertiesOf(cursor, 'suback');
  return { type: 'suback', packetId, reasonCodes: readReasonCodes(cursor, 'suback'), ...(properties && { properties }) };
}

/** UNSUBSCRIBE, section 3.10. */
export function readUnsubscribe(cursor: PacketCursor): UnsubscribePacket {
  const packetId = cursor.packetId();
  const properties = propertiesOf(cursor, 'unsubscribe');
  if (cursor.left === 0) cursor.fail('no-unsubscribe-filters', 'payload');
  const filters: string[] = [];
  while (cursor.left > 0) filters.push(readFilter(cursor));
  return { type: 'unsubscribe', packetId, filters, ...(properties && { properties }) };
}

/** UNSUBACK, section 3.11. */
export function readUnsuback(cursor: PacketCursor): UnsubackPacket {
  const packetId = cursor.packetId();
  const properties = propertiesOf(cursor, 'unsuback');
  const reasonCodes = cursor.version === 5 ? readReasonCodes(cursor, 'unsuback') : [];
  cursor.end();
  return { type: 'unsuback', packetId, reasonCodes, ...(properties && { properties }) };
}

/** DISCONNECT, section 3.14. */
export function readDisconnect(cursor: PacketCursor): DisconnectPacket {
  const packet: DisconnectPacket = { type: 'disconnect', reasonCode: 0 };
  if (cursor.version === 5) readReason(cursor, packet);
  cursor.end();
  return packet;
}

/** AUTH, MQTT 5 section 3.15. */
export function readAuth(cursor: PacketCursor): AuthPacket {
  const packet: AuthPacket = { type: 'auth', reasonCode: 0 };
  readReason(cursor, packet);
  cursor.end();
  return packet;
}

/** Reason code and properties, of which MQTT 5 lets a sender leave out the second or both. */
function readReason(cursor: PacketCursor, packet: AckPacket | DisconnectPacket | AuthPacket): void {
  if (cursor.left === 0) return;
  packet.reasonCode = readReasonCode(cursor, packet.type);
  if (cursor.left === 0) return;
  const properties = readProperties(cursor, packet.type);
  if (properties !== undefined) packet.properties = properties;
}

function propertiesOf<C extends PropertyCarrier>(cursor: PacketCursor, carrier: C): PropertiesOf[C] | undefined {
  return cursor.version === 5 ? readProperties(cursor, carrier) : undefined;
}

function readReasonCodes(cursor: PacketCursor, type: 'suback' | 'unsuback'): number[] {
  if (cursor.left === 0) cursor.fail('no-reason-codes', 'reason codes');
  const codes: number[] = [];
  while (cursor.left > 0) codes.push(readReasonCode(cursor, type));
  return codes;
}

function readReasonCode(cursor: PacketCursor, type: PacketType): number {
  const at = cursor.at;
  const code = cursor.byte('reason code');
  const clause = cursor.version === 5 ? forbiddenReasonCode(type, code) : type === 'suback' && code > 2 && code !== 0x80 ? 'MQTT-3.9.3-2' : undefined;
  if (clause !== undefined) cursor.fail('reason-code', 'reason code', { at, detail: `0x${code.toString(16)}`, clause });
  return code;
}
