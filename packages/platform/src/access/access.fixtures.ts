import { connect, type Socket } from 'node:net';
import type { Clock, TopicKind } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import { generate, parser, type IConnackPacket, type IConnectPacket, type Packet } from 'mqtt-packet';
import type { AccessLimits } from './limits.ts';
import type { AccessPolicy, AccessPort, Admission, Client, ConnectRequest, Notice, OfflineReason, Uplink } from './port.ts';
import { createAccessServer } from './server.ts';

/** Something that happens once and is waited for. */
class Moments {
  readonly #waiting = new Set<() => void>();

  /** Something has happened: whoever waits looks again. */
  happened(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** Resolves with the first value that is not undefined. */
  until<T>(find: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}

/**
 * A platform of a few rules: the client id is the device; user name `huawei` or `tencent` is its cloud, any other is refused with the name as
 * the refusal; topics that begin with `$` are the protocol's own unless they contain `/user/`; `forbidden` is what nobody may do.
 */
export class TestPolicy implements AccessPolicy {
  /** What happened, in order: `online d`, `up d topic text`, `offline d reason`. */
  readonly events: string[] = [];
  readonly notices: Notice[] = [];
  readonly requests: ConnectRequest[] = [];
  readonly frames: string[] = [];
  isTracing = false;
  payloadBytes = 1_000;
  maxSubscriptions = 10;
  /** What `onUplink` does besides recording. */
  take: (client: Client, uplink: Uplink) => void | Promise<void> = () => undefined;
  hear: (client: Client) => void = () => undefined;
  readonly #moments = new Moments();

  admit(request: ConnectRequest): Admission {
    this.requests.push(request);
    const { username, clientId } = request;
    if (username === 'fails') throw new Error('out of order');
    if (username === 'huawei' || username === 'tencent') {
      const { payloadBytes, maxSubscriptions } = this;
      return { accepted: true, cloud: username, device: clientId, limits: { payloadBytes, maxSubscriptions }, implicit: username === 'huawei' };
    }
    // The test writes the refusal into the user name.
    return { accepted: false, refusal: username as 'bad-credentials', why: `it asked for ${username}` };
  }

  kindOf(_client: Client, topic: string): TopicKind {
    if (topic.includes('forbidden')) return 'forbidden';
    return isSystem(topic) ? 'system' : 'custom';
  }

  maySubscribe(_client: Client, filter: string): boolean {
    return !filter.includes('forbidden');
  }

  isImplicit(_client: Client, topic: string): boolean {
    return isSystem(topic);
  }

  isRouted(_client: Client, filter: string): boolean {
    return !isSystem(filter);
  }

  onUplink(client: Client, uplink: Uplink): void | Promise<void> {
    this.#record(`up ${client.device} ${uplink.topic} ${uplink.payload.toString()}`);
    return this.take(client, uplink);
  }

  onOnline(client: Client): void {
    this.#record(`online ${client.device}`);
    this.hear(client);
  }

  onOffline(client: Client, reason: OfflineReason): void {
    this.#record(`offline ${client.device} ${reason}`);
  }

  onFrame(client: Client, direction: 'up' | 'down', frame: { readonly topic: string; readonly payload: Buffer; readonly qos: 0 | 1 }): void {
    this.frames.push(`${direction} ${client.device} ${frame.topic} ${frame.payload.toString()} ${String(frame.qos)}`);
  }

  wantsTrace(): boolean {
    return this.isTracing;
  }

  onNotice(notice: Notice): void {
    this.notices.push(notice);
    this.#moments.happened();
  }

  event(text: string): Promise<string> {
    return this.#moments.until(() => this.events.find((event) => event === text));
  }

  /** The first notice of a kind. */
  notice(kind: Notice['kind']): Promise<Notice> {
    return this.#moments.until(() => this.notices.find((notice) => notice.kind === kind));
  }

  #record(event: string): void {
    this.events.push(event);
    this.#moments.happened();
  }
}

function isSystem(topic: string): boolean {
  return topic.startsWith('$') && !topic.includes('/user/');
}

/** An MQTT client that sends what it is told, byte for byte, and keeps what comes back, as the reference parser reads it. */
export class RawClient {
  readonly socket: Socket;
  readonly received: Packet[] = [];
  /** How many times data came: what left in one write comes in one piece here. */
  reads = 0;
  readonly #version: 4 | 5;
  #taken = 0;
  #isClosed = false;
  readonly #moments = new Moments();

  constructor(port: number, version: 4 | 5 = 4) {
    this.#version = version;
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const reader = parser({ protocolVersion: version });
    reader.on('packet', (packet) => {
      this.received.push(packet);
    });
    this.socket.on('data', (chunk: Buffer) => {
      this.reads++;
      reader.parse(chunk);
      this.#moments.happened();
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.#isClosed = true;
      this.#moments.happened();
    });
  }

  send(...bytes: (Packet | Buffer | number[])[]): void {
    this.socket.write(Buffer.concat(bytes.map((each) => (Buffer.isBuffer(each) || Array.isArray(each) ? Buffer.from(each) : generate(each, { protocolVersion: this.#version })))));
  }

  /** The next packet that was not asked for before. */
  next(): Promise<Packet> {
    return this.#moments.until(() => {
      const packet = this.received[this.#taken];
      if (packet !== undefined) this.#taken++;
      return packet;
    });
  }

  /** Resolves when the server has closed the connection. */
  closed(): Promise<true> {
    return this.#moments.until(() => this.#isClosed || undefined);
  }

  async signIn(device: string, more: Partial<IConnectPacket> = {}): Promise<IConnackPacket> {
    this.send(connectPacket(device, { protocolVersion: this.#version, ...more }));
    const packet = await this.next();
    if (packet.cmd !== 'connack') throw new Error(`CONNACK was expected, ${packet.cmd} came`);
    return packet;
  }

  /** Waits until the server has handled everything sent so far. */
  async fence(): Promise<void> {
    const from = this.received.length;
    this.send({ cmd: 'pingreq' });
    await this.#moments.until(() => this.received.slice(from).find((packet) => packet.cmd === 'pingresp'));
  }

  /** The PUBLISH packets received so far, as `topic text qos`, with `dup` where it is set. */
  get messages(): string[] {
    return this.received.flatMap((packet) =>
      packet.cmd === 'publish' ? [`${packet.topic} ${packet.payload.toString()} ${String(packet.qos)}${packet.dup ? ' dup' : ''}`] : [],
    );
  }

  get cmds(): string[] {
    return this.received.map((packet) => packet.cmd);
  }
}

export function connectPacket(device: string, more: Partial<IConnectPacket> = {}): IConnectPacket {
  return { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: device, keepalive: 60, username: 'huawei', ...more };
}

export function publishPacket(topic: string, payload: string | Buffer, qos: 0 | 1 | 2 = 0, messageId = 1): Packet {
  return { cmd: 'publish', topic, payload, qos, dup: false, retain: false, ...(qos > 0 && { messageId }) };
}

export function subscribePacket(filters: Record<string, 0 | 1 | 2>, messageId = 1): Packet {
  return { cmd: 'subscribe', messageId, subscriptions: Object.entries(filters).map(([topic, qos]) => ({ topic, qos })) };
}

/** An access server on a free port, with its policy and clock. `dispose` closes all clients and the server. */
export class TestAccess implements AsyncDisposable {
  readonly policy = new TestPolicy();
  readonly clock: FakeClock;
  readonly server: AccessPort;
  readonly clients: RawClient[] = [];
  port = 0;

  constructor(limits: Partial<AccessLimits> = {}) {
    this.clock = new FakeClock();
    const clock: Clock = this.clock;
    this.server = createAccessServer({ policy: this.policy, clock, limits });
  }

  static async open(limits: Partial<AccessLimits> = {}): Promise<TestAccess> {
    const access = new TestAccess(limits);
    access.port = await access.server.listen({ host: '127.0.0.1', port: 0 });
    return access;
  }

  connect(version: 4 | 5 = 4): RawClient {
    const client = new RawClient(this.port, version);
    this.clients.push(client);
    return client;
  }

  /** A client that has signed in with MQTT 5. */
  async online5(device: string, more: Partial<IConnectPacket> = {}): Promise<RawClient> {
    const client = this.connect(5);
    await client.signIn(device, more);
    return client;
  }

  /** A client that has signed in. */
  async online(device: string, more: Partial<IConnectPacket> = {}): Promise<RawClient> {
    const client = this.connect();
    await client.signIn(device, more);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) client.socket.destroy();
    await this.server.close();
  }
}
