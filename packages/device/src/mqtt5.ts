import { LianyunError, type ErrorCode, type Frame } from '@lianyun/protocol';
import { ALIAS_BYTES, IncomingAliases, OutgoingAliases, publishBytes, publishProperties, reasonText, type ConnackProperties, type ConnectProperties, type TurnWriter } from '@lianyun/protocol/mqtt';

/** Topics that the server may give aliases to. */
const TOPIC_ALIASES = 32;

/** What the device says of itself in CONNECT. */
export function connectProperties(maximumPacketSize: number): ConnectProperties {
  return { topicAliasMaximum: TOPIC_ALIASES, maximumPacketSize };
}

/** What an MQTT 5 connection has beside an older one; the server said it in CONNACK. */
export class Mqtt5 {
  /** Messages at QoS 1 that may wait for their PUBACK at once. */
  readonly receiveMaximum: number;
  /** Instead of what the device asked for. */
  readonly keepaliveSeconds: number | undefined;
  readonly incoming = new IncomingAliases(TOPIC_ALIASES);
  readonly #outgoing: OutgoingAliases;
  readonly #maximumPacketBytes: number;

  constructor({ receiveMaximum = 65_535, serverKeepAlive, maximumPacketSize = Infinity, topicAliasMaximum = 0 }: ConnackProperties = {}) {
    this.receiveMaximum = receiveMaximum;
    this.keepaliveSeconds = serverKeepAlive;
    this.#maximumPacketBytes = maximumPacketSize;
    this.#outgoing = new OutgoingAliases(topicAliasMaximum);
  }

  /** Writes a PUBLISH. Throws `too-large`, and what MQTT forbids. */
  publish(writer: TurnWriter, { topic, payload, qos, properties }: Frame, packetId: number): void {
    const limit = this.#maximumPacketBytes;
    const bytes = limit === Infinity ? 0 : publishBytes({ topic, payload, qos, packetId, dup: false, retain: false, version: 5, properties: publishProperties(properties) });
    if (bytes > limit) throw new LianyunError('too-large', `The message for ${topic} makes a packet of ${bytes} bytes; the server takes ${limit}.`, { topic });
    this.#outgoing.publish(topic, (name, alias) => writer.publish(name, payload, qos, packetId, false, false, publishProperties(properties, alias)), bytes + ALIAS_BYTES <= limit);
  }
}

const CODES: Readonly<Record<number, ErrorCode>> = { 0x87: 'not-permitted', 0x90: 'not-permitted', 0x97: 'quota', 0x99: 'bad-input' };

/** Why a message is not taken, by the PUBACK of MQTT 5 (section 3.4.2.1). */
export function refusedMessage(topic: string, reasonCode: number, reasonString: string | undefined): LianyunError {
  const told = reasonString === undefined ? '' : `: ${reasonString}`;
  return new LianyunError(CODES[reasonCode] ?? 'refused', `The server did not take the message on ${topic}, with ${reasonText(reasonCode)}${told}.`, { topic, number: reasonCode });
}
