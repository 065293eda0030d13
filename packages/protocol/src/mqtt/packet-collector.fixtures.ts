// Test support: reads bytes into the packets they hold, as plain objects.
import { PacketReader } from './packet-reader.ts';
import type { PacketReaderOptions } from './packet-reader.ts';
import type { PacketHandlers } from './packet-handlers.ts';
import type { MqttVersion, Packet } from './packets.ts';
import { MqttProtocolError } from './rules.ts';

export interface Collected {
  packets: Packet[];
  /** What the reader refused, after the packets. */
  error: MqttProtocolError | undefined;
  version: MqttVersion | undefined;
}

/** Handlers that copy every packet into `packets`. */
export function collectInto(packets: Packet[]): Required<PacketHandlers> {
  const add = (packet: Packet): void => {
    packets.push(packet);
  };
  return {
    publish(topic, payload, qos, packetId, dup, retain, properties) {
      add({ type: 'publish', topic, payload: Buffer.from(payload), qos, packetId, dup, retain, ...(properties && { properties }) });
    },
    puback(packetId, reasonCode, properties) {
      add({ type: 'puback', packetId, reasonCode, ...(properties && { properties }) });
    },
    qos2Ack(type, packetId, reasonCode, properties) {
      add({ type, packetId, reasonCode, ...(properties && { properties }) });
    },
    pingreq() {
      add({ type: 'pingreq' });
    },
    pingresp() {
      add({ type: 'pingresp' });
    },
    connect: add,
    connack: add,
    subscribe: add,
    suback: add,
    unsubscribe: add,
    unsuback: add,
    disconnect: add,
    auth: add,
  };
}

/** Pushes the chunks, each from a buffer that is overwritten after the call, as a socket's shared read buffer is. */
export function collect(chunks: readonly Uint8Array[], options: Partial<PacketReaderOptions> = {}): Collected {
  const packets: Packet[] = [];
  const reader = new PacketReader({ maxPacketBytes: 1_000_000, handlers: collectInto(packets), ...options });
  let error: MqttProtocolError | undefined;
  try {
    for (const chunk of chunks) {
      const shared = Buffer.from(chunk);
      reader.push(shared);
      shared.fill(0xa5);
    }
  } catch (thrown) {
    if (!(thrown instanceof MqttProtocolError)) throw thrown;
    error = thrown;
  }
  return { packets, error, version: reader.version };
}

/** The bytes of `text`, two hexadecimal digits each, blanks ignored; `'text'` stands for a string with its length. */
export function bytes(text: string): Buffer {
  const parts = text.match(/'[^']*'|[0-9a-f]{2}/g) ?? [];
  return Buffer.concat(parts.map((part) => (part.startsWith("'") ? withLength(part.slice(1, -1)) : Buffer.from(part, 'hex'))));
}

/** One packet of this first byte and body, its remaining length filled in. */
export function frame(first: number, body: Uint8Array): Buffer {
  const length: number[] = [];
  for (let left = body.length; ; left >>>= 7) {
    length.push((left & 0x7f) | (left >= 0x80 ? 0x80 : 0));
    if (left < 0x80) break;
  }
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

function withLength(text: string): Buffer {
  const content = Buffer.from(text);
  return Buffer.concat([Buffer.from([content.length >> 8, content.length & 0xff]), content]);
}
