// The server's end of one MQTT connection: takes any credentials, grants what is asked, acknowledges QoS 1, and records.
import type { Duplex } from 'node:stream';
import { MqttProtocolError, PacketReader, TurnWriter, type ConnectPacket, type PacketHandlers, type Qos, type SubscribePacket, type UnsubscribePacket } from '@lianyun/protocol/mqtt';
import type { Recorder, SeenPublish } from './recorder.ts';

interface Options {
  readonly recorder: Recorder;
  readonly isTls: boolean;
  /** Subject of the certificate that the client showed. */
  readonly clientCertSubject: unknown;
  /** The CONNACK code of the next connection. */
  connack(): number;
  acknowledges(): boolean;
  /** What is sent back when a message arrives. */
  respond(topic: string, publish: SeenPublish): readonly { readonly topic: string; readonly bytes: Buffer; readonly qos: 0 | 1 }[];
  onOpen(end: MqttEnd): void;
  onClose(end: MqttEnd): void;
}

/** The largest packet that a program under test sends. */
const MAX_PACKET_BYTES = 4 * 1024 * 1024;

export class MqttEnd implements PacketHandlers {
  readonly #stream: Duplex;
  readonly #options: Options;
  readonly #reader: PacketReader;
  #writer: TurnWriter | undefined;
  #packetId = 0;

  constructor(stream: Duplex, options: Options) {
    this.#stream = stream;
    this.#options = options;
    this.#reader = new PacketReader({ maxPacketBytes: MAX_PACKET_BYTES, expectConnect: true, handlers: this });
    stream.on('error', () => undefined);
    stream.on('close', () => options.onClose(this));
    stream.on('data', (chunk: Buffer) => {
      try {
        this.#reader.push(chunk);
      } catch (error) {
        if (!(error instanceof MqttProtocolError)) throw error;
        options.recorder.note(`violation: ${error.message}`);
        stream.destroy();
      }
    });
  }

  /** Sends a downlink. */
  send(topic: string, payload: Buffer, qos: 0 | 1): void {
    this.#writer?.publish(topic, payload, qos, qos === 0 ? 0 : (this.#packetId = (this.#packetId % 65_535) + 1), false);
    this.#options.recorder.activity++;
  }

  /** Cuts the connection, as a network does. */
  cut(): void {
    this.#stream.destroy();
  }

  connect(packet: ConnectPacket): void {
    const { recorder, isTls, clientCertSubject, connack, onOpen } = this.#options;
    const { version, clientId, username, password, keepAliveSeconds, clean, will } = packet;
    recorder.connect({
      clientId,
      username: username ?? null,
      password: password?.toString() ?? null,
      passwordLength: password?.length ?? null,
      keepalive: keepAliveSeconds,
      clean,
      protocolName: version === 3 ? 'MQIsdp' : 'MQTT',
      protocolVersion: version,
      will: will ?? null,
      tls: isTls,
      clientCertSubject,
    });
    this.#writer = new TurnWriter({ version, write: (chunk, done) => void this.#stream.write(chunk, done) });
    const code = connack();
    this.#writer.packet({ type: 'connack', sessionPresent: false, reasonCode: code });
    if (code === 0) return onOpen(this);
    this.#writer.flush();
    this.#stream.end();
  }

  publish(topic: string, payload: Buffer, qos: Qos, packetId: number, dup: boolean, retain: boolean): void {
    const seen = { topic, qos, retain, payload: readPayload(payload), ...(dup ? { dup } : {}) };
    this.#options.recorder.publish(seen);
    if (qos === 1 && this.#options.acknowledges()) this.#writer?.puback(packetId);
    for (const answer of this.#options.respond(topic, seen)) this.send(answer.topic, answer.bytes, answer.qos);
  }

  puback(): void {
    this.#options.recorder.note('PUBACK');
  }

  subscribe({ packetId, subscriptions }: SubscribePacket): void {
    this.#options.recorder.subscribe(subscriptions.map(({ filter, qos }) => ({ topic: filter, qos })));
    this.#writer?.packet({ type: 'suback', packetId, reasonCodes: subscriptions.map(({ qos }) => qos) });
  }

  unsubscribe({ packetId, filters }: UnsubscribePacket): void {
    this.#options.recorder.unsubscribe(filters);
    this.#writer?.packet({ type: 'unsuback', packetId, reasonCodes: [] });
  }

  pingreq(): void {
    this.#writer?.packet({ type: 'pingresp' });
  }

  disconnect(): void {
    this.#options.recorder.note('DISCONNECT');
    this.#stream.end();
  }
}

/** A payload as the transcripts show it: JSON, else text, else bytes. */
function readPayload(payload: Buffer): unknown {
  const text = payload.toString('utf8');
  if (!Buffer.from(text).equals(payload)) return { $base64: payload.toString('base64') };
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

