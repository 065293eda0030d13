import { FieldWriter } from './field-writer.ts';
import { firstByte } from './packets.ts';
import type {
  AckPacket, AuthPacket, ConnackPacket, ConnectPacket, DisconnectPacket, MqttVersion, Packet, PacketType, PublishPacket, SubackPacket,
  SubscribePacket, Subscription, UnsubackPacket, UnsubscribePacket, Will,
} from './packets.ts';
import type { PropertiesOf, PropertyCarrier } from './properties.ts';
import { publishBytes, writePublish } from './publish-bytes.ts';
import { forbiddenReasonCode } from './reason-codes.ts';
import { filterFault, filterFault5, hasWildcard, isShared } from './topic.ts';
import { propertyBlock } from './write-properties.ts';

/**
 * Encodes a packet for a connection of this version. Throws `MqttProtocolError` if the standard forbids the packet, or if it says something this
 * version has no field for. For PUBLISH and PUBACK in quantity there are `writePublish` and `writePuback`.
 */
export function encodePacket(packet: Packet, version: MqttVersion): Buffer {
  if (packet.type === 'publish') return encodePublish(packet, version);
  const writer = new FieldWriter(packet.type.toUpperCase(), version);
  writeFields(writer, packet);
  return writer.finish(firstByte(packet.type));
}

function encodePublish(packet: PublishPacket, version: MqttVersion): Buffer {
  const fields = { ...packet, version };
  const buffer = Buffer.allocUnsafe(publishBytes(fields));
  writePublish(buffer, 0, fields);
  return buffer;
}

function writeFields(writer: FieldWriter, packet: Exclude<Packet, PublishPacket>): void {
  switch (packet.type) {
    case 'connect': return writeConnect(writer, packet);
    case 'connack': return writeConnack(writer, packet);
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp': return writeAck(writer, packet);
    case 'subscribe': return writeSubscribe(writer, packet);
    case 'suback': return writeSuback(writer, packet);
    case 'unsubscribe': return writeUnsubscribe(writer, packet);
    case 'unsuback': return writeUnsuback(writer, packet);
    case 'disconnect': return writeReason(writer, packet);
    case 'auth': return writeAuth(writer, packet);
    case 'pingreq':
    case 'pingresp':
  }
}

function writeConnect(writer: FieldWriter, packet: ConnectPacket): void {
  const { version, will, username, password } = packet;
  if (version !== writer.version) writer.fail('protocol-level', 'protocol level', { detail: `${String(version)} on a connection of ${String(writer.version)}` });
  if (version !== 5 && password !== undefined && username === undefined) writer.fail('password-flag', 'password');
  writer.text(version === 3 ? 'MQIsdp' : 'MQTT', 'protocol name');
  writer.byte(version, 'protocol level');
  writer.byte(
    (username === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40) | (packet.clean ? 0x02 : 0) | (will === undefined ? 0 : willFlags(writer, will)),
    'connect flags',
  );
  writer.uint16(packet.keepAliveSeconds, 'keep alive');
  writeProperties(writer, packet.properties, 'connect');
  writer.text(packet.clientId, 'client identifier', 'client-id-characters');
  if (will !== undefined) {
    writeProperties(writer, will.properties, 'will');
    if (will.topic === '') writer.fail('topic-empty', 'will topic');
    if (hasWildcard(will.topic)) writer.fail('topic-wildcard', 'will topic');
    writer.text(will.topic, 'will topic');
    writer.binary(will.payload, 'will payload');
  }
  if (username !== undefined) writer.text(username, 'user name');
  if (password !== undefined) writer.binary(password, 'password');
}

function willFlags(writer: FieldWriter, will: Will): number {
  if (!isQos(will.qos)) writer.fail('will-qos', 'will QoS', { detail: String(will.qos) });
  return 0x04 | (will.qos << 3) | (will.retain ? 0x20 : 0);
}

function writeConnack(writer: FieldWriter, packet: ConnackPacket): void {
  if (packet.sessionPresent && packet.reasonCode !== 0) writer.fail('session-present', 'session present');
  writer.byte(packet.sessionPresent ? 1 : 0, 'acknowledge flags');
  writeReasonCode(writer, packet.type, packet.reasonCode);
  writeProperties(writer, packet.properties, 'connack');
}

function writeAck(writer: FieldWriter, packet: AckPacket): void {
  writer.packetId(packet.packetId);
  writeReason(writer, packet);
}

/** Reason code and properties, as short as MQTT 5 allows; before, neither exists. */
function writeReason(writer: FieldWriter, packet: AckPacket | DisconnectPacket): void {
  const { reasonCode, properties } = packet;
  if (writer.version !== 5) {
    if (reasonCode !== 0) writer.fail('version-field', 'reason code');
    if (properties !== undefined) writer.fail('version-field', 'properties');
    return;
  }
  if (reasonCode === 0 && properties === undefined) return;
  writeReasonCode(writer, packet.type, reasonCode);
  if (properties !== undefined) writer.raw(propertyBlock(properties, packet.type, writer.version));
}

function writeAuth(writer: FieldWriter, packet: AuthPacket): void {
  if (writer.version !== 5) writer.fail('version-field', 'packet');
  writeReasonCode(writer, packet.type, packet.reasonCode);
  writeProperties(writer, packet.properties, 'auth');
}

function writeSubscribe(writer: FieldWriter, packet: SubscribePacket): void {
  writer.packetId(packet.packetId);
  writeProperties(writer, packet.properties, 'subscribe');
  if (packet.subscriptions.length === 0) writer.fail('no-filters', 'payload');
  for (const subscription of packet.subscriptions) writeSubscription(writer, subscription);
}

function writeSubscription(writer: FieldWriter, subscription: Subscription): void {
  const { filter, qos, noLocal, retainAsPublished, retainHandling } = subscription;
  const field = 'subscription options';
  if (!isQos(qos)) writer.fail('subscription-qos', field);
  if (writer.version !== 5 && (noLocal || retainAsPublished || retainHandling !== 0)) writer.fail('version-field', field);
  if (!isQos(retainHandling)) writer.fail('retain-handling', field);
  if (noLocal && isShared(filter)) writer.fail('share-no-local', field);
  writeFilter(writer, filter);
  writer.byte(qos | (noLocal ? 0x04 : 0) | (retainAsPublished ? 0x08 : 0) | (retainHandling << 4), field);
}

function writeFilter(writer: FieldWriter, filter: string): void {
  const fault = writer.version === 5 ? filterFault5(filter) : filterFault(filter);
  if (fault !== undefined) writer.fail(fault, 'topic filter', { detail: filter });
  writer.text(filter, 'topic filter');
}

function writeSuback(writer: FieldWriter, packet: SubackPacket): void {
  writer.packetId(packet.packetId);
  writeProperties(writer, packet.properties, 'suback');
  writeReasonCodes(writer, packet);
}

function writeUnsubscribe(writer: FieldWriter, packet: UnsubscribePacket): void {
  writer.packetId(packet.packetId);
  writeProperties(writer, packet.properties, 'unsubscribe');
  if (packet.filters.length === 0) writer.fail('no-unsubscribe-filters', 'payload');
  for (const filter of packet.filters) writeFilter(writer, filter);
}

function writeUnsuback(writer: FieldWriter, packet: UnsubackPacket): void {
  writer.packetId(packet.packetId);
  writeProperties(writer, packet.properties, 'unsuback');
  if (writer.version === 5) writeReasonCodes(writer, packet);
  else if (packet.reasonCodes.length > 0) writer.fail('version-field', 'reason codes');
}

function writeReasonCodes(writer: FieldWriter, packet: SubackPacket | UnsubackPacket): void {
  if (packet.reasonCodes.length === 0) writer.fail('no-reason-codes', 'reason codes');
  for (const code of packet.reasonCodes) writeReasonCode(writer, packet.type, code);
}

function writeReasonCode(writer: FieldWriter, type: PacketType, code: number): void {
  const isAllowed = writer.version === 5
    ? forbiddenReasonCode(type, code) === undefined
    : type === 'suback' ? isQos(code) || code === 0x80 : code <= 5;
  if (!isAllowed) writer.fail('reason-code', 'reason code', { detail: `0x${code.toString(16)}` });
  writer.byte(code, 'reason code');
}

function writeProperties<C extends PropertyCarrier>(writer: FieldWriter, properties: PropertiesOf[C] | undefined, carrier: C): void {
  if (properties !== undefined) writer.raw(propertyBlock(properties, carrier, writer.version));
  else if (writer.version === 5) writer.byte(0, 'property length');
}

/** The types say so too, but the values may come from JavaScript. */
function isQos(value: number): boolean {
  return value === 0 || value === 1 || value === 2;
}
