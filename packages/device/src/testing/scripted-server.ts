// Test support: an MQTT server on a real socket that does what a test tells it to, right or wrong.
import net from 'node:net';
import type { Clock } from '@lianyun/protocol';
import { encodePacket, MqttProtocolError, PacketReader, TurnWriter, type ConnectPacket, type ConnackProperties, type Packet, type PacketHandlers, type PublishProperties, type Qos, type SubscribePacket, type UnsubscribePacket } from '@lianyun/protocol/mqtt';

/** What the server does on one connection. Left out: what a sound server does. */
export interface Script {
  /** CONNACK code; `never`: it does not answer; `close`: it closes instead; `reset`: it cuts the connection instead. */
  readonly connack?: number | 'never' | 'close' | 'reset';
  /** What CONNACK says to a device of MQTT 5. */
  readonly connackProperties?: ConnackProperties;
  /** Reason code of the PUBACK for a message (MQTT 5), and the reason in words. */
  readonly puback?: (message: Received) => readonly [code: number, text?: string];
  /** Milliseconds of the server's clock before CONNACK. */
  readonly connackAfterMs?: number;
  /** False: no PUBACK is ever sent. */
  readonly pubacks?: boolean;
  /** Code for each filter, or `never`. */
  readonly suback?: 'never' | ((filter: string) => number);
  /** False: PINGREQ is not answered. */
  readonly pings?: boolean;
  /** Once true, nothing is answered any more and nothing is closed. */
  readonly isDead?: () => boolean;
  /** False: after the sign-in nothing is read from the socket any more. */
  readonly reads?: boolean;
  /** Everything is sent in pieces of one byte. */
  readonly isByteByByte?: boolean;
  /** How the connection ends when this message comes, a number being the reason code of the DISCONNECT before it (MQTT 5); undefined: it does not. */
  readonly endOn?: (message: Received) => 'close' | 'reset' | number | undefined;
  /** Does more with a message, after its PUBACK. */
  readonly onPublish?: (message: Received, connection: ServerConnection) => void;
}

/** A PUBLISH that came in. */
export interface Received {
  readonly topic: string;
  readonly text: string;
  readonly qos: Qos;
  readonly packetId: number;
  /** Of MQTT 5. */
  readonly properties?: PublishProperties;
  /** Number of the connection, from 0. */
  readonly connection: number;
}

/** One connection, as the server sees it. */
export class ServerConnection implements PacketHandlers {
  readonly index: number;
  readonly published: Received[] = [];
  readonly subscribed: string[] = [];
  /** The same with the QoS that was asked for. */
  readonly requested: { readonly filter: string; readonly qos: Qos }[] = [];
  /** How many filters each SUBSCRIBE had. */
  readonly subscribes: number[] = [];
  readonly unsubscribed: string[] = [];
  readonly pubacked: number[] = [];
  connected: ConnectPacket | undefined;
  pingCount = 0;
  hasDisconnected = false;
  isOpen = true;
  readonly #server: ScriptedServer;
  readonly #socket: net.Socket;
  readonly #reader: PacketReader;
  readonly #writer: TurnWriter;
  #script: Script = {};

  constructor(server: ScriptedServer, socket: net.Socket, index: number) {
    this.#server = server;
    this.#socket = socket;
    this.index = index;
    socket.setNoDelay(true);
    this.#reader = new PacketReader({ maxPacketBytes: 10_000_000, expectConnect: true, handlers: this });
    this.#writer = new TurnWriter({
      version: 4,
      write: (chunk, done) => {
        if (this.#script.isByteByByte === true) this.#trickle(Buffer.from(chunk), done);
        else socket.write(chunk, done);
      },
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isOpen = false;
    });
    socket.on('data', (data: Buffer) => {
      try {
        this.#reader.push(data);
      } catch (error) {
        if (!(error instanceof MqttProtocolError)) throw error;
        server.faults.push(error);
        socket.destroy();
      }
    });
  }

  /** Sends a message to the device: text as it is, anything else as JSON. */
  send(topic: string, body: unknown, { qos = 0, packetId = qos === 0 ? 0 : 1, dup = false, properties }: { qos?: Qos; packetId?: number; dup?: boolean; properties?: PublishProperties } = {}): void {
    this.#writer.publish(topic, typeof body === 'string' ? body : JSON.stringify(body), qos, packetId, dup, false, properties);
  }

  /** Sends any packet. */
  packet(packet: Packet): void {
    this.#writer.packet(packet);
  }

  /** Sends bytes that need not be MQTT. */
  raw(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.#writer.flush();
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  connect(packet: ConnectPacket): void {
    this.connected = packet;
    this.#script = this.#server.scriptOf(this.index, packet);
    this.#writer.version = packet.version;
    const { connack = 0, connackProperties, connackAfterMs, reads } = this.#script;
    const answer = (): void => {
      if (connack === 'close') this.close();
      else if (connack === 'reset') this.reset();
      else if (connack !== 'never') {
        // As bytes: the writer refuses codes that MQTT does not define.
        if (packet.version !== 5) this.raw(Buffer.from([0x20, 2, 0, connack]));
        else this.packet({ type: 'connack', sessionPresent: false, reasonCode: connack, ...(connackProperties && { properties: connackProperties }) });
        if (connack !== 0) this.close();
      }
    };
    if (connackAfterMs === undefined) answer();
    else this.#server.clock.after(connackAfterMs, answer);
    if (reads === false) this.#socket.pause();
  }

  // eslint-disable-next-line @typescript-eslint/max-params -- as PacketHandlers has it: an object for every message costs
  publish(topic: string, payload: Buffer, qos: Qos, packetId: number, _dup?: boolean, _retain?: boolean, properties?: PublishProperties): void {
    const message: Received = { topic, text: payload.toString(), qos, packetId, connection: this.index, ...(properties && { properties }) };
    this.published.push(message);
    this.#server.published.push(message);
    const ending = this.#script.endOn?.(message);
    if (ending !== undefined) {
      this.#reader.stop();
      if (typeof ending === 'number') this.packet({ type: 'disconnect', reasonCode: ending });
      return ending === 'reset' ? this.reset() : this.close();
    }
    if (this.#isDead) return;
    const [code = 0, reasonString] = this.#script.puback?.(message) ?? [];
    if (qos === 1 && this.#script.pubacks !== false) {
      if (reasonString === undefined) this.#writer.puback(packetId, code);
      else this.#writer.packet({ type: 'puback', packetId, reasonCode: code, properties: { reasonString } });
    }
    this.#script.onPublish?.(message, this);
  }

  puback(packetId: number): void {
    this.pubacked.push(packetId);
  }

  subscribe(packet: SubscribePacket): void {
    const filters = packet.subscriptions.map(({ filter }) => filter);
    this.subscribed.push(...filters);
    this.subscribes.push(filters.length);
    this.requested.push(...packet.subscriptions.map(({ filter, qos }) => ({ filter, qos })));
    const { suback } = this.#script;
    if (this.#isDead || suback === 'never') return;
    this.#writer.packet({ type: 'suback', packetId: packet.packetId, reasonCodes: packet.subscriptions.map(({ filter, qos }) => suback?.(filter) ?? qos) });
  }

  unsubscribe(packet: UnsubscribePacket): void {
    this.unsubscribed.push(...packet.filters);
    if (!this.#isDead) this.#writer.packet({ type: 'unsuback', packetId: packet.packetId, reasonCodes: [] });
  }

  pingreq(): void {
    this.pingCount++;
    if (!this.#isDead && this.#script.pings !== false) this.#writer.packet({ type: 'pingresp' });
  }

  disconnect(): void {
    this.hasDisconnected = true;
    this.#socket.end();
  }

  get #isDead(): boolean {
    return this.#script.isDead?.() === true;
  }

  #trickle(bytes: Buffer, done: (error?: Error | null) => void): void {
    const [first, rest] = [bytes.subarray(0, 1), bytes.subarray(1)];
    this.#socket.write(first, rest.length === 0 ? done : () => setImmediate(() => this.#trickle(rest, done)));
  }
}

/** A server that listens on a port of its own. The script is asked anew for every connection. */
export class ScriptedServer implements AsyncDisposable {
  readonly clock: Clock;
  readonly connections: ServerConnection[] = [];
  /** Every PUBLISH of every connection, in order. */
  readonly published: Received[] = [];
  /** What a device sent that the standard forbids. */
  readonly faults: MqttProtocolError[] = [];
  readonly scriptOf: (index: number, connect: ConnectPacket) => Script;
  readonly #server: net.Server;

  private constructor(clock: Clock, script: Script | ((index: number, connect: ConnectPacket) => Script)) {
    this.clock = clock;
    this.scriptOf = typeof script === 'function' ? script : () => script;
    this.#server = net.createServer((socket) => {
      this.connections.push(new ServerConnection(this, socket, this.connections.length));
    });
  }

  static async listen(clock: Clock, script: Script | ((index: number, connect: ConnectPacket) => Script) = {}): Promise<ScriptedServer> {
    const server = new ScriptedServer(clock, script);
    const { promise, resolve } = Promise.withResolvers<void>();
    server.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    return server;
  }

  get port(): number {
    // A TCP server that listens has an address object.
    return (this.#server.address() as net.AddressInfo).port;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** Connections that are open. */
  get open(): number {
    return this.connections.filter((connection) => connection.isOpen).length;
  }

  /** The newest connection. */
  get last(): ServerConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error('nobody has connected yet');
    return last;
  }

  /** What came in on a topic that ends so, as JSON. */
  bodies(ending: string): unknown[] {
    return this.published.filter(({ topic }) => topic.includes(ending)).map(({ text }) => JSON.parse(text) as unknown);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.connections) connection.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }
}

/** The bytes of a packet of MQTT 3.1.1. */
export function bytesOf(packet: Packet): Buffer {
  return encodePacket(packet, 4);
}
