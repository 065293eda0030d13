import type {
  AckProperties, AuthProperties, ConnackProperties, ConnectProperties, DisconnectProperties, PublishProperties, SubscribeProperties,
  UnsubscribeProperties, WillProperties,
} from './properties.ts';

/** Protocol level: 3 is MQTT 3.1 (`MQIsdp`), 4 is MQTT 3.1.1, 5 is MQTT 5. */
export type MqttVersion = 3 | 4 | 5;
export type Qos = 0 | 1 | 2;

/** The message the server publishes for a client that vanished. */
export interface Will {
  topic: string;
  payload: Buffer;
  qos: Qos;
  retain: boolean;
  properties?: WillProperties;
}

/** CONNECT, section 3.1. Whether an empty client id is acceptable is the server's decision. */
export interface ConnectPacket {
  type: 'connect';
  version: MqttVersion;
  clientId: string;
  /** Clean Session of 3.1 and 3.1.1, Clean Start of 5. */
  clean: boolean;
  keepAliveSeconds: number;
  username?: string;
  password?: Buffer;
  will?: Will;
  properties?: ConnectProperties;
}

/** CONNACK, section 3.2. `reasonCode` is the return code (0 to 5) before MQTT 5. */
export interface ConnackPacket {
  type: 'connack';
  sessionPresent: boolean;
  reasonCode: number;
  properties?: ConnackProperties;
}

/** PUBLISH, section 3.3. `packetId` is 0 at QoS 0; an empty topic (MQTT 5) stands for the topic alias of the properties. */
export interface PublishPacket {
  type: 'publish';
  topic: string;
  payload: Buffer;
  qos: Qos;
  packetId: number;
  dup: boolean;
  retain: boolean;
  properties?: PublishProperties;
}

export type AckType = 'puback' | 'pubrec' | 'pubrel' | 'pubcomp';

/** PUBACK, PUBREC, PUBREL or PUBCOMP, sections 3.4 to 3.7. `reasonCode` is 0 before MQTT 5. */
export interface AckPacket {
  type: AckType;
  packetId: number;
  reasonCode: number;
  properties?: AckProperties;
}

/** One filter of a SUBSCRIBE; the last three are options of MQTT 5 and false, false, 0 before. */
export interface Subscription {
  filter: string;
  qos: Qos;
  noLocal: boolean;
  retainAsPublished: boolean;
  retainHandling: 0 | 1 | 2;
}

/** SUBSCRIBE, section 3.8. */
export interface SubscribePacket {
  type: 'subscribe';
  packetId: number;
  subscriptions: Subscription[];
  properties?: SubscribeProperties;
}

/** SUBACK, section 3.9: the granted QoS, or a failure of 0x80 and above, for each subscription. */
export interface SubackPacket {
  type: 'suback';
  packetId: number;
  reasonCodes: number[];
  properties?: AckProperties;
}

/** UNSUBSCRIBE, section 3.10. */
export interface UnsubscribePacket {
  type: 'unsubscribe';
  packetId: number;
  filters: string[];
  properties?: UnsubscribeProperties;
}

/** UNSUBACK, section 3.11; before MQTT 5 it carries no reason codes. */
export interface UnsubackPacket {
  type: 'unsuback';
  packetId: number;
  reasonCodes: number[];
  properties?: AckProperties;
}

/** PINGREQ or PINGRESP, sections 3.12 and 3.13. */
export interface PingPacket {
  type: 'pingreq' | 'pingresp';
}

/** DISCONNECT, section 3.14. `reasonCode` is 0 before MQTT 5. */
export interface DisconnectPacket {
  type: 'disconnect';
  reasonCode: number;
  properties?: DisconnectProperties;
}

/** AUTH of MQTT 5, section 3.15. */
export interface AuthPacket {
  type: 'auth';
  reasonCode: number;
  properties?: AuthProperties;
}

export type Packet =
  | ConnectPacket | ConnackPacket | PublishPacket | AckPacket | SubscribePacket | SubackPacket | UnsubscribePacket | UnsubackPacket
  | PingPacket | DisconnectPacket | AuthPacket;

export type PacketType = Packet['type'];

/** Packet types in the order of their number in the fixed header; 0 is reserved. */
export const PACKET_TYPES = [
  'reserved', 'connect', 'connack', 'publish', 'puback', 'pubrec', 'pubrel', 'pubcomp', 'subscribe', 'suback', 'unsubscribe', 'unsuback',
  'pingreq', 'pingresp', 'disconnect', 'auth',
] as const satisfies readonly (PacketType | 'reserved')[];

/** Lower half of the first byte where the standard fixes it: 2 for PUBREL, SUBSCRIBE and UNSUBSCRIBE, else 0 (PUBLISH has real flags). */
export const FIXED_FLAGS: readonly number[] = [0, 0, 0, 0, 0, 0, 2, 0, 2, 0, 2, 0, 0, 0, 0, 0];

const NUMBERS = Object.fromEntries(PACKET_TYPES.map((type, n) => [type, n])) as Record<PacketType, number>; // fromEntries forgets the keys

/** First byte of a packet of this type, its flags as the standard fixes them. */
export function firstByte(type: PacketType): number {
  const n = NUMBERS[type];
  return (n << 4) | (FIXED_FLAGS[n] ?? 0);
}

/** A packet's name as the standard writes it. */
export function packetName(type: number): string {
  return (PACKET_TYPES[type] ?? 'reserved').toUpperCase();
}
