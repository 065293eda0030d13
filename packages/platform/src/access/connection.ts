import { failedReceipt, LianyunError, PendingReceipt, type Frame, type Receipt } from '@lianyun/protocol';
import { messageProperties, PacketReader, TurnWriter, type ConnackPacket, type ConnectPacket, type DisconnectPacket, type MqttVersion, type PacketHandlers, type PublishProperties, type Qos, type SubscribePacket, type TurnSink, type UnsubscribePacket } from '@lianyun/protocol/mqtt';
import type { ConnectionHost } from './connection-host.ts';
import { Deadlines } from './deadlines.ts';
import { Downlinks, type DownlinkOwner } from './downlinks.ts';
import { judgeFault, offline } from './fault.ts';
import { NoticeBudget } from './notice-budget.ts';
import type { Client, ClientLimits, Notice, OfflineReason, Uplink } from './port.ts';
import type { Proof } from './proof.ts';
import { connackProperties, DISCONNECT_CODES, Mqtt5 } from './mqtt5.ts';
import { routeTo, type Routed } from './routing-index.ts';
import { judgeConnect } from './sign-in.ts';
import { Subscriptions, type SubscriptionOwner } from './subscriptions.ts';
import type { Origin, Transport } from './transport.ts';
import { UplinkIntake, type IntakeOwner } from './uplink-intake.ts';

/** What a connection waits for: its CONNECT, its keepalive and PUBACKs, the other end's FIN, nothing. */
type State = 'connecting' | 'online' | 'closing' | 'closed';

/**
 * One MQTT connection. It is its own packet handlers, byte sink and deadline: ten thousand of these wait at once, so each is few objects and no
 * closures, and what few devices need is made when it is needed. No session outlives it: `clean session` 0 is accepted and treated as 1, CONNACK never says `session present`. Will and retain are ignored.
 */
export class Connection implements PacketHandlers, TurnSink, SubscriptionOwner, DownlinkOwner, IntakeOwner {
  /** What the writer begins with; CONNECT then sets its version. */
  readonly version: MqttVersion = 4;
  readonly peer: string;
  dueTick = 0;
  readonly #transport: Transport;
  readonly #proof: Proof;
  /** Over MQTT 5. */
  #five: Mqtt5 | undefined = undefined;
  readonly #host: ConnectionHost<Connection>;
  readonly #reader: PacketReader;
  readonly #writer: TurnWriter;
  #state: State = 'connecting';
  #client: Client | undefined = undefined;
  #limits: ClientLimits | undefined = undefined;
  #isImplicit = false;
  /** 0: no keepalive. */
  #idleTicks = 0;
  #heardTick = 0;
  #subscriptions: Subscriptions | undefined = undefined;
  #downlinks: Downlinks | undefined = undefined;
  #intake: UplinkIntake | undefined = undefined;
  #notices: NoticeBudget | undefined = undefined;

  constructor(transport: Transport, { peer, proof }: Origin, host: ConnectionHost<Connection>) {
    this.#transport = transport;
    this.peer = peer;
    this.#proof = proof;
    this.#host = host;
    this.#reader = new PacketReader({ handlers: this, maxPacketBytes: host.limits.maxPacketBytes, maxConnectBytes: host.limits.maxConnectBytes, expectConnect: true });
    this.#writer = new TurnWriter(this, host.writes);
    host.deadlines.wakeAt(this, host.deadlines.now + Deadlines.ticks(host.limits.connectMs));
  }

  /** Set while the client is signed in; and the address of this machine that it reached. */
  get client(): Client | undefined {
    return this.#client;
  }
  get localAddress(): string | undefined {
    return this.#transport.localAddress;
  }

  // What the transport tells

  /** Bytes from the other end; used only during the call. */
  receive(chunk: Buffer): void {
    this.#heardTick = this.#host.deadlines.now;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      const { kind, reason, text, answer, code } = judgeFault(error, this.#state === 'connecting');
      this.notice(kind, text);
      this.#writer.version = answer?.version ?? this.#writer.version;
      if (answer !== undefined) this.#writer.packet(answer.connack);
      this.end(reason, code, text);
    }
    this.checkUnread();
  }

  /** The transport is gone. */
  lost(): void {
    this.#state = 'closed';
    this.#reader.stop();
    this.#leave('connection-lost');
    this.#host.deadlines.cancel(this);
    this.#downlinks?.failUnwritten(offline(this.peer));
    this.#writer.discard();
    this.#host.onClosed(this);
  }

  // What the server asks

  /** Ends the connection; what was written before still goes out. An MQTT 5 client is told why, with `code` where one is more exact, and `text` if it wants that. */
  end(reason: OfflineReason, code = DISCONNECT_CODES[reason], text?: string): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    if (this.#state === 'online' && this.#five !== undefined && code !== undefined) this.#writer.packet({ type: 'disconnect', reasonCode: code, ...this.#five.reason(text) });
    this.#writer.flush();
    this.#state = 'closing';
    this.#reader.stop();
    this.#leave(reason);
    this.#transport.end();
    // Reading goes on, so that the other end's FIN is seen, and no unread byte turns our FIN into a reset that overtakes the last packets.
    this.#transport.resume();
    this.#host.deadlines.cancel(this);
    this.#host.deadlines.wakeAt(this, this.#host.deadlines.now + Deadlines.ticks(this.#host.limits.lingerMs));
  }

  /** Sends a frame of the platform; see {@link import('./port.ts').AccessPort.deliver}. */
  deliver(frame: Frame): Receipt {
    const { topic } = frame;
    const client = this.#client;
    if (client === undefined) return failedReceipt(offline(this.peer));
    const granted = this.#subscriptions?.qosOf(topic) ?? (this.#isImplicit && this.#host.policy.isImplicit(client, topic) ? 0 : undefined);
    if (granted === undefined) return failedReceipt(new LianyunError('unsupported', `${client.device} is not subscribed to ${topic}.`, { topic, device: client.device }));
    const receipt = new PendingReceipt();
    this.#downlinksOf(client).send(frame, frame.qos === 1 ? granted : 0, receipt);
    return receipt;
  }

  /** The QoS at which a message that another device published goes here, undefined when it does not. */
  grantedQos(topic: string, isOwn: boolean): 0 | 1 | undefined {
    return this.#subscriptions?.qosOf(topic, isOwn);
  }

  /** Passes on what another device published. At QoS 1 the payload is kept. */
  forward(message: Routed): void {
    if (this.#client !== undefined) this.#downlinksOf(this.#client).send(message, message.qos);
  }

  // PacketHandlers: the reader has seen to it that CONNECT comes first and once

  connect(packet: ConnectPacket): void {
    const host = this.#host;
    const verdict = judgeConnect(packet, { peer: this.peer, proof: this.#proof }, host.policy);
    this.#writer.version = packet.version;
    if (packet.version === 5) this.#five = new Mqtt5(packet.properties, host.limits.waitingUplinks);
    this.#writer.maxPacketBytes = this.#five?.maximumPacketBytes ?? Infinity;
    if (!verdict.accepted) {
      this.notice(verdict.kind, `CONNECT of ${JSON.stringify(packet.clientId)} refused: ${verdict.why}.`);
      this.#writer.packet({ type: 'connack', sessionPresent: false, reasonCode: verdict.reasonCode, ...this.#five?.reason(verdict.why) });
      return this.end('protocol-error');
    }
    const { cloud, device, limits, implicit, scope, given = {} } = verdict;
    const connack: ConnackPacket = { type: 'connack', sessionPresent: false, reasonCode: 0, ...(this.#five && { properties: connackProperties(packet, host.limits, given) }) };
    if (this.#five?.takes(connack) === false) return this.#fail('over-limit', `CONNECT of ${device} refused: it takes packets of ${String(this.#five.maximumPacketBytes)} bytes, and CONNACK is larger [MQTT-3.1.2-24].`);
    const client = (this.#client = { cloud, device, version: packet.version, clientId: given.clientId ?? packet.clientId, peer: this.peer, since: host.now(), proof: this.#proof, ...(scope === undefined ? undefined : { scope }) });
    this.#limits = limits;
    this.#isImplicit = implicit;
    this.#state = 'online';
    const keepaliveSeconds = given.keepaliveSeconds ?? packet.keepAliveSeconds;
    if (keepaliveSeconds > 0) {
      this.#idleTicks = Deadlines.ticks(keepaliveSeconds * 1500);
      host.deadlines.wakeAt(this, host.deadlines.now + this.#idleTicks);
    }
    // First of all: the platform may send downlinks as soon as it hears of the client.
    this.#writer.packet(connack);
    host.onSignIn(this, client);
  }

  // eslint-disable-next-line @typescript-eslint/max-params -- as PacketHandlers has it: an object for every message costs
  publish(name: string, payload: Buffer, qos: Qos, packetId: number, _dup = false, retain = false, properties?: PublishProperties): void {
    const client = this.#client;
    if (client === undefined || this.#limits === undefined) return;
    const topic = this.#five === undefined ? name : this.#five.incoming.topicOf(name, properties);
    if (topic === undefined) return this.#fail('protocol-error', `PUBLISH with the topic alias ${properties?.topicAlias ?? 0}, which stands for no topic [MQTT-3.3.2-9].`, 0x94);
    if (qos === 2) return this.#fail('protocol-error', `PUBLISH at QoS 2 to ${topic}: neither cloud has QoS 2 (MQTT 5 section 3.2.2.3.4).`, 0x9b);
    if (payload.length > this.#limits.payloadBytes) return this.#fail('over-limit', `PUBLISH of ${String(payload.length)} bytes to ${topic}; the limit is ${String(this.#limits.payloadBytes)}.`, 0x95);
    const offence = this.#five?.offenceOf(topic, qos, retain, this.#intake?.owed ?? 0);
    if (offence !== undefined) return this.#fail(offence.reason, offence.text, offence.code);
    const { policy, routes } = this.#host;
    const uplink: Uplink = properties === undefined ? { topic, payload, qos } : { topic, payload, qos, properties: messageProperties(properties) };
    if (policy.wantsTrace?.() === true) policy.onFrame?.(client, 'up', uplink);
    const kind = policy.kindOf(client, topic);
    if (kind === 'forbidden') {
      this.notice('forbidden-publish', `PUBLISH to ${topic} dropped: ${client.device} may not publish there.`);
      return this.#acknowledge(packetId, this.#five === undefined ? 0 : 0x87);
    }
    let taken: void | Promise<void>;
    try {
      taken = policy.onUplink(client, uplink, kind);
    } catch (error) {
      return this.intakeFailed(qos, error);
    }
    if (kind === 'custom') routeTo(routes[client.cloud], uplink, this);
    if (taken === undefined) return this.#acknowledge(packetId);
    this.#intake ??= new UplinkIntake(this, this.#writer, this.#host);
    this.#intake.wait(taken, packetId);
  }

  puback(packetId: number, reasonCode: number): void {
    this.#downlinks?.acknowledge(packetId, reasonCode);
  }

  pingreq(): void {
    this.#writer.packet({ type: 'pingresp' });
  }

  subscribe(packet: SubscribePacket): void {
    const client = this.#client;
    if (client === undefined || this.#limits === undefined) return;
    const subscriptions = (this.#subscriptions ??= new Subscriptions({ owner: this, client, policy: this.#host.policy, index: this.#host.routes[client.cloud], limit: this.#limits.maxSubscriptions }));
    this.#writer.packet({ type: 'suback', packetId: packet.packetId, reasonCodes: subscriptions.subscribe(packet) });
  }

  unsubscribe(packet: UnsubscribePacket): void {
    const reasonCodes = packet.filters.map((filter) => this.#subscriptions?.unsubscribe(filter) ?? 0x11);
    this.#writer.packet({ type: 'unsuback', packetId: packet.packetId, reasonCodes: this.#five === undefined ? [] : reasonCodes });
  }

  disconnect(packet: DisconnectPacket): void {
    const fault = this.#five?.faultOf(packet);
    return fault === undefined ? this.end('client-disconnect') : this.#fail('protocol-error', fault, 0x82);
  }

  // TurnSink, and what the parts ask of their owner

  onDue(): void {
    const { deadlines } = this.#host;
    if (this.#state === 'closing') return void this.#transport.destroy();
    if (this.#state === 'connecting') return this.#fail('protocol-error', 'No CONNECT came in time [MQTT-3.1.0-1].');
    if (this.#intake?.isPaused === true) this.#heardTick = deadlines.now;
    if (this.#idleTicks > 0 && this.#heardTick + this.#idleTicks <= deadlines.now) return this.end('keepalive-timeout');
    const next = Math.min(this.#idleTicks > 0 ? this.#heardTick + this.#idleTicks : Infinity, this.#downlinks?.onDue() ?? Infinity);
    if (next < Infinity && this.#client !== undefined) deadlines.wakeAt(this, next);
  }

  writeUnwatched(chunk: Buffer): boolean {
    if (this.#state === 'closing' || this.#state === 'closed') return true;
    this.#transport.write(chunk);
    return this.#transport.writableLength === 0;
  }

  write(chunk: Buffer, done: (error?: Error | null) => void): void {
    // The platform may throw a client out while its uplink is being taken: what would answer it comes too late.
    if (this.#state === 'closing' || this.#state === 'closed') done(new Error('The connection has ended.'));
    else this.#transport.write(chunk, done);
  }

  onWritten(total: number): void {
    this.#downlinks?.onWritten(total);
  }

  /** The platform could not take an uplink. */
  intakeFailed(qos: 0 | 1, error: unknown): void {
    if (this.#state !== 'online') return;
    const text = `An uplink at QoS ${String(qos)} could not be taken: ${String(error)}`;
    if (qos === 0) this.notice('intake-failed', text);
    else this.#fail('intake-failed', text);
  }

  pauseReading(): void {
    this.#transport.pause();
  }

  resumeReading(): void {
    this.#heardTick = this.#host.deadlines.now;
    this.#transport.resume();
  }

  checkUnread(): void {
    const bytes = this.#writer.pendingBytes;
    if (bytes <= this.#host.limits.unreadBytes || this.#state === 'closing' || this.#state === 'closed') return;
    this.#fail('over-limit', `The client does not read: ${String(bytes)} bytes wait for it.`);
    this.#transport.destroy();
  }

  notice(kind: Notice['kind'], text: string): void {
    const give = (words: string): void => this.#host.policy.onNotice({ kind, peer: this.peer, text: words, ...(this.#client !== undefined && { client: this.#client }) });
    (this.#notices ??= new NoticeBudget()).give(text, this.#host.now(), give);
  }

  #downlinksOf(client: Client): Downlinks {
    const { policy, limits, deadlines } = this.#host;
    return (this.#downlinks ??= new Downlinks({ owner: this, client, writer: this.#writer, five: this.#five, policy, limits, deadlines }));
  }

  #acknowledge(packetId: number, reasonCode = 0): void {
    if (packetId !== 0) (this.#intake ?? this.#writer).puback(packetId, reasonCode);
  }

  /** Ends the connection for a reason worth a notice, which has a reason code of its own in MQTT 5. */
  #fail(reason: Extract<OfflineReason, Notice['kind']>, text: string, code?: number): void {
    this.notice(reason, text);
    this.end(reason, code, text);
  }

  /** Signs out: from here on nothing is sent, and everything that waits for the device fails. */
  #leave(reason: OfflineReason): void {
    const client = this.#client;
    if (client === undefined) return;
    this.#client = undefined;
    this.#subscriptions?.clear();
    this.#downlinks?.failUnacknowledged(offline(this.peer));
    this.#host.onSignOut(this, client, reason);
  }
}
