import { LianyunError, systemClock, type Frame, type MessageProperties, type MqttCredentials, type Timer } from '@lianyun/protocol';
import { messageProperties, MqttProtocolError, PacketReader, TurnWriter, type AckProperties, type ConnackPacket, type DisconnectPacket, type PacketHandlers, type PublishProperties, type Qos, type SubackPacket, type TurnSink, type UnsubackPacket } from '@lianyun/protocol/mqtt';
import { connectProperties, Mqtt5 } from './mqtt5.ts';
import type { Carrier, CarrierOwner } from './net/carrier.ts';
import type { Endpoint } from './net/endpoint.ts';
import { openCarrier, shownWay } from './net/open.ts';
import type { Settings } from './options.ts';
import type { DisconnectReason, Ending } from './session-state.ts';
import { endingOf, goodbyeOf, hintFor, protocolFault, refusalOf } from './faults.late.ts';

/** How to connect, and how long to wait. */
export type ConnectionOptions = Pick<Settings, 'network' | 'mqttVersion' | 'keepaliveSeconds' | 'connectTimeoutMs' | 'ackSilenceMs' | 'payloadBytes' | 'clock'>;

/** Where to connect, and as whom. */
export interface Attempt {
  readonly endpoint: Endpoint;
  readonly credentials: MqttCredentials;
}

/** Room for topic and head of a received PUBLISH beside the largest payload. */
const HEAD_BYTES = 70_000;

/** Messages without an answer above which answers are gathered for a moment of this machine's own time: a server has work for longer than that. */
const GATHER = { above: 256, ms: 1 } as const;

/** What a connection tells its owner. */
export interface ConnectionOwner {
  /** Messages that were sent and are not answered. */
  readonly inFlight: number;
  onConnected(): void;
  /** A PUBLISH; `payload` is only valid during the call. The PUBACK leaves after it returns. */
  onPublish(topic: string, payload: Buffer, properties: MessageProperties | undefined, qos: 0 | 1): void;
  /** `reasonCode` above 0x7f (MQTT 5): the server has not taken the message. */
  onPuback(packetId: number, reasonCode: number, reasonString: string | undefined): void;
  onSuback(packetId: number, reasonCodes: readonly number[]): void;
  onUnsuback(packetId: number): void;
  /** The socket has taken the writer's bytes up to this offset. */
  onWritten(total: number): void;
  onEnd(ending: Ending): void; // the end, told exactly once
}

const CLOSE_MS = 1000; // how long DISCONNECT may take to leave

/** One MQTT connection. It never reconnects, queues or stores: it ends once, with one reason. */
export class Connection implements PacketHandlers, TurnSink, CarrierOwner {
  readonly version: 3 | 4 | 5;
  readonly #options: ConnectionOptions;
  #credentials: MqttCredentials | undefined; // let go of once they are sent
  readonly #username: string;
  readonly #owner: ConnectionOwner;
  readonly #endpoint: Endpoint;
  readonly #carrier: Carrier;
  readonly #reader: PacketReader;
  /** What leaves over this connection, one write per turn of the event loop. */
  readonly writer: TurnWriter;
  #timer: Timer | undefined;
  #five: Mqtt5 | undefined; // over MQTT 5, once signed in
  readonly #isByKey: boolean;
  #isConnected = false;
  #hasEnded = false;
  #heard = false;
  #wrote = false;
  #pong: Timer | undefined; // runs while a ping is unanswered
  #gathering: Timer | undefined; // runs while nothing is read

  constructor(options: ConnectionOptions, { endpoint, credentials }: Attempt, owner: ConnectionOwner) {
    this.#options = options;
    this.version = options.mqttVersion;
    this.#endpoint = endpoint;
    this.#credentials = credentials;
    this.#username = credentials.username;
    this.#isByKey = credentials.psk !== undefined;
    this.#owner = owner;
    this.#reader = new PacketReader({ version: this.version, maxPacketBytes: options.payloadBytes + HEAD_BYTES, handlers: this });
    this.#carrier = openCarrier(endpoint, credentials.psk === undefined ? options.network : { ...options.network, psk: credentials.psk }, this);
    this.writer = new TurnWriter(this);
    this.#timer = options.clock.after(options.connectTimeoutMs, () => this.end('network', new LianyunError('timeout', `${this.#where()} did not answer within ${options.connectTimeoutMs} ms.`)), true);
  }

  write(chunk: Buffer, done: (error?: Error | null) => void): void {
    this.#carrier.write(chunk, done);
  }

  onWritten(total: number): void {
    this.#owner.onWritten(total);
  }

  /** Sends a PUBLISH; `packetId` is 0 at QoS 0, `bytes` the payload's where they are known. Returns the writer's offset behind it. Throws for what MQTT forbids. */
  sendPublish(frame: Frame, packetId: number, bytes?: number): number {
    this.#wrote = true;
    if (this.#five === undefined) this.writer.publish(frame.topic, frame.payload, frame.qos, packetId, false, false, undefined, bytes);
    else this.#five.publish(this.writer, frame, packetId);
    return this.writer.bytesQueued;
  }

  sendSubscribe(packetId: number, filters: readonly { readonly filter: string; readonly qos: 0 | 1 }[]): void {
    this.#wrote = true;
    const subscriptions = filters.map(({ filter, qos }) => ({ filter, qos, noLocal: false, retainAsPublished: false, retainHandling: 0 as const }));
    this.writer.packet({ type: 'subscribe', packetId, subscriptions });
  }

  sendUnsubscribe(packetId: number, filters: readonly string[]): void {
    this.#wrote = true;
    this.writer.packet({ type: 'unsubscribe', packetId, filters: [...filters] });
  }

  /** Sends DISCONNECT and ends. Resolves when the socket is gone. */
  async close(): Promise<void> {
    if (this.#isConnected && !this.#hasEnded) {
      this.writer.packet({ type: 'disconnect', reasonCode: 0 });
      this.writer.flush();
    }
    this.end('closed', new LianyunError('closed', 'The device was closed.'));
    if (this.#carrier.closed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#carrier.once('close', resolve);
    // A peer that takes nothing any more must not hold up the end.
    const timer = this.#options.clock.after(CLOSE_MS, () => this.#carrier.destroy(), true);
    await promise;
    timer.cancel();
  }

  /** Messages at QoS 1 that may wait for their PUBACK at once. */
  get receiveMaximum(): number {
    return this.#five?.receiveMaximum ?? Infinity;
  }

  /** From now on counts as silent, until something is heard. */
  startListening(): void {
    this.#heard = false;
  }

  /** Asks for a sign of life when nothing was heard since the last call; without one the connection ends. */
  checkSilence(): void {
    if (this.#hasEnded || !this.#isConnected) return;
    if (!this.#heard) return this.#ping();
    this.#heard = false;
    this.#pong?.cancel();
    this.#pong = undefined;
  }

  /** Ends the connection; the owner hears of it once. */
  end(reason: DisconnectReason, error: LianyunError, isFatal = false, byServer = false): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#timer?.cancel();
    this.#pong?.cancel();
    this.#gathering?.cancel();
    this.#reader.stop();
    this.writer.discard();
    // A socket that is still connecting has nothing to say goodbye with.
    if (reason === 'closed' && this.#isConnected) this.#carrier.destroySoon();
    else this.#carrier.destroy();
    this.#owner.onEnd({ reason, error, isFatal, byServer });
  }

  connack(packet: ConnackPacket): void {
    if (this.#isConnected) return this.#refuse('the server sent CONNACK twice');
    const { reasonCode, properties } = packet;
    if (reasonCode !== 0) {
      const { reason, isFatal, name, text } = refusalOf(packet, this.version, this.#options.network.serverTime?.aheadMs ?? 0);
      return this.end(reason, new LianyunError(reason, `${this.#where()} refused the sign-in of ${this.#username} with CONNACK ${name}: ${text}.`, { number: reasonCode }), isFatal);
    }
    if (properties?.maximumQos === 0) return this.end('network', new LianyunError('unsupported', `${this.#where()} takes messages at QoS 0 only, where none is sure to arrive.`), true);
    if (this.version === 5) this.#five = new Mqtt5(properties);
    this.#isConnected = true;
    this.#timer?.cancel();
    this.#keepAlive();
    this.#owner.onConnected();
  }

  // eslint-disable-next-line @typescript-eslint/max-params -- as PacketHandlers has it: an object for every message costs
  publish(name: string, payload: Buffer, qos: Qos, packetId: number, _dup?: boolean, _retain?: boolean, properties?: PublishProperties): void {
    if (!this.#isConnected) return this.#refuse('the server sent a message before it answered the sign-in');
    if (qos === 2) return this.#refuse('the server sent a message at QoS 2, which was not subscribed');
    const topic = this.#five === undefined ? name : this.#five.incoming.topicOf(name, properties);
    if (topic === undefined) return this.#refuse('the server sent a topic alias that stands for no topic [MQTT-3.3.2-9]');
    this.#owner.onPublish(topic, payload, properties === undefined ? undefined : messageProperties(properties), qos);
    if (qos === 1 && !this.#hasEnded) this.writer.puback(packetId);
  }

  puback(packetId: number, reasonCode: number, properties: AckProperties | undefined): void {
    this.#owner.onPuback(packetId, reasonCode, properties?.reasonString);
  }

  /** Only an MQTT 5 server may say goodbye. */
  disconnect(packet: DisconnectPacket): void {
    if (this.version !== 5) return this.#refuse('the server sent DISCONNECT, which only clients may before MQTT 5');
    const { reason, error, isFatal, byServer } = goodbyeOf(packet, (code, text) => new LianyunError(code, `${this.#where()} ended the connection with ${text}.`, { number: packet.reasonCode }));
    this.end(reason, error, isFatal, byServer);
  }

  suback(packet: SubackPacket): void {
    this.#owner.onSuback(packet.packetId, packet.reasonCodes);
  }

  unsuback({ packetId }: UnsubackPacket): void {
    this.#owner.onUnsuback(packetId);
  }

  pingresp(): void {
    this.#pong?.cancel();
    this.#pong = undefined;
  }

  /** Bytes can be written: signs in. */
  onOpen(): void {
    const { keepaliveSeconds } = this.#options;
    if (this.#credentials === undefined) return;
    const { clientId, username, password } = this.#credentials;
    this.#credentials = undefined;
    try {
      this.writer.packet({
        type: 'connect',
        version: this.version,
        clientId,
        clean: true,
        keepAliveSeconds: keepaliveSeconds,
        username,
        ...(password === undefined ? {} : { password: Buffer.from(password) }),
        ...(this.version === 5 ? { properties: connectProperties(this.#options.payloadBytes + HEAD_BYTES) } : {}),
      });
    } catch (cause) {
      return this.end('bad-credentials', new LianyunError('bad-config', `The sign-in cannot be written: ${(cause as Error).message}`, { cause }), true);
    }
    this.writer.flush();
  }

  /** Bytes came in. */
  onBytes(count: number, buffer: Uint8Array): boolean {
    this.#heard = true;
    try {
      this.#reader.push(buffer, count);
    } catch (error) {
      if (!(error instanceof MqttProtocolError)) throw error;
      this.#refuse(error.message + hintFor(this.version, this.#isConnected), error);
    }
    if (this.#hasEnded || this.#owner.inFlight <= GATHER.above) return !this.#hasEnded;
    // A server writes each acknowledgement by itself, and to read it alone costs more than its message did.
    this.#gathering = systemClock.after(GATHER.ms, () => this.#carrier.resume(), true);
    return false;
  }

  #refuse(text: string, cause?: unknown): void {
    this.end('network', protocolFault(text, { where: this.#where(), isConnected: this.#isConnected, cause }));
  }

  onFailed(cause: Error): void {
    const { reason, error, isFatal, byServer } = endingOf(cause, { where: this.#where(), isConnected: this.#isConnected, isByKey: this.#isByKey });
    this.end(reason, error, isFatal, byServer);
  }

  onClosed(): void {
    const text = this.#isConnected ? 'closed the connection' : 'closed the connection before it answered the sign-in';
    this.end('network', new LianyunError('network', `${this.#where()} ${text}.`), false, this.#isConnected);
  }

  #keepAlive(): void {
    const seconds = this.#five?.keepaliveSeconds ?? this.#options.keepaliveSeconds;
    if (seconds === 0) return;
    // Half the interval: one lost ping still leaves time for the next before the server gives up at one and a half.
    this.#timer = this.#options.clock.after(
      seconds * 500,
      () => {
        if (!this.#wrote) this.#ping();
        else this.checkSilence();
        this.#wrote = false;
        this.#keepAlive();
      },
      true,
    );
  }

  #ping(): void {
    if (this.#pong !== undefined) return;
    this.#heard = false;
    this.writer.packet({ type: 'pingreq' });
    const { clock, ackSilenceMs: silenceMs } = this.#options;
    this.#pong = clock.after(
      silenceMs,
      () => {
        this.#pong = undefined;
        if (!this.#heard) this.end('keepalive', new LianyunError('keepalive', `${this.#where()} does not answer any more: nothing came back within ${silenceMs} ms of a ping.`));
      },
      true,
    );
  }

  #where(): string {
    return shownWay(this.#endpoint, this.#options.network);
  }
}
