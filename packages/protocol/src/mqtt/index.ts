/** MQTT 3.1, 3.1.1 and 5 packets over any stream of bytes, for both ends of a connection. */
export { encodePacket } from './encode-packet.ts';
export { messageProperties, publishProperties } from './message-properties.ts';
export type { PacketHandlers } from './packet-handlers.ts';
export { PacketReader } from './packet-reader.ts';
export type { PacketReaderOptions } from './packet-reader.ts';
export type {
  AckPacket, AckType, AuthPacket, ConnackPacket, ConnectPacket, DisconnectPacket, MqttVersion, Packet, PacketType, PingPacket, PublishPacket, Qos,
  SubackPacket, SubscribePacket, Subscription, UnsubackPacket, UnsubscribePacket, Will,
} from './packets.ts';
export type {
  AckProperties, AuthProperties, ConnackProperties, ConnectProperties, DisconnectProperties, PublishProperties, SubscribeProperties,
  UnsubscribeProperties, WillProperties,
} from './properties.ts';
export { publishBytes, writePuback, writePublish } from './publish-bytes.ts';
export type { PublishFields } from './publish-bytes.ts';
export { MqttProtocolError } from './rules.ts';
export type { MqttErrorCode, MqttRule } from './rules.ts';
export { reasonText } from './reason-words.ts';
export { hasWildcard, isTopicFilter, isTopicName, topicMatches } from './topic.ts';
export { ALIAS_BYTES, IncomingAliases, OutgoingAliases } from './topic-aliases.ts';
export { TurnWriter } from './turn-writer.ts';
export type { TurnSink, WriteTurns } from './turn-writer.ts';
