import { failedReceipt, isLianyunError, LianyunError, type DeviceRef, type Frame, type Link, type MessageProperties, type Receipt, type SendOptions, type Timer } from '@lianyun/protocol';
import { MqttProtocolError } from '@lianyun/protocol/mqtt';
import { AckWatch } from './ack-watch.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import type { Entry } from './entry.ts';
import { refusedMessage } from './mqtt5.ts';
import { loadLateSoon } from './load-late.ts';
import { whereOf, type Endpoint } from './net/endpoint.ts';
import type { Settings } from './options.ts';
import type { Outbox } from './outbox.ts';
import { excessOf } from './payload-limit.ts';
import type { SessionOwner, Subscription } from './session-owner.ts';
import { next, serverOf, type Effect, type Ending, type SessionEvent, type SessionState } from './session-state.ts';
import { Subscriptions, type Told } from './subscriptions.ts';

/** Times that a message is written before the missing answer of the cloud fails it. */
const MAX_ATTEMPTS = 3;
/** Packet ids in use above which nothing is sent: the rest is for subscriptions. */
const MAX_PACKET_IDS = 65_000;
/** Filters in one SUBSCRIBE: those of a gateway with thousands of sub-devices make a packet that servers refuse, the connection with it. */
const MAX_FILTERS = 256;
/** Bytes handed to the socket but not taken by it yet, above which the pump waits. */
const HIGH_WATER_BYTES = 1_048_576;

/** Keeps one MQTT connection alive and sends what the outbox holds. It is the device's link. */
export class Session implements Link, ConnectionOwner {
  #options: Settings;
  readonly #outbox: Outbox;
  readonly #owner: SessionOwner;
  #state: SessionState = { at: 'idle' };
  #connection: Connection | undefined;
  /** Signed in: subscriptions can be sent. */
  #isConnected = false;
  /** Subscribed as well: messages can be sent. */
  #isReady = false;
  #isClosing = false;
  #closing: Promise<void> | undefined;
  #timer: Timer | undefined;
  #packetId = 0;
  readonly subscriptions: Subscriptions;
  readonly #acks: AckWatch;

  constructor(options: Settings, owner: SessionOwner, parts: { readonly outbox: Outbox; readonly system: readonly Subscription[] }) {
    this.#options = options;
    this.#owner = owner;
    this.#outbox = parts.outbox;
    this.#outbox.pump = this;
    this.subscriptions = new Subscriptions(parts.system);
    this.#acks = new AckWatch(parts.outbox, this.subscriptions, this);
  }

  get state(): SessionState {
    return this.#state;
  }

  get inFlight(): number {
    return this.#outbox.inFlight;
  }

  /** Connects elsewhere from the next attempt on. */
  relocate(options: Settings): void {
    this.#options = options;
  }

  start(): void {
    loadLateSoon(this.#options.clock);
    this.#dispatch({ on: 'start', now: this.#options.clock.now() });
  }

  /** Ends the connection and every wait; nothing is sent any more. Resolves when the socket is gone. */
  async close(): Promise<void> {
    this.#dispatch({ on: 'close' });
    await this.#closing;
  }

  /** Takes nothing more that is to be stored: the device is closing. */
  stopIntake(): void {
    this.#isClosing = true;
  }

  send(_via: DeviceRef, frame: Frame, options: SendOptions): Receipt {
    const outbox = this.#outbox;
    if (this.#isClosing && options.hold === 'store') return failedReceipt(new LianyunError('closed', 'The device is closing and takes no more messages.', { topic: frame.topic }));
    const excess = excessOf(frame, this.#options);
    if (excess !== undefined) {
      this.#owner.onProblem(excess);
      return failedReceipt(excess);
    }
    if (this.#state.at === 'closed') return failedReceipt(new LianyunError('closed', 'The device is closed.', { topic: frame.topic }));
    if (options.hold === 'live' && !this.#isReady) return failedReceipt(new LianyunError('offline', 'There is no connection, and this message is worthless later.', { topic: frame.topic }));
    const receipt = outbox.add(frame, options);
    this.#pump();
    return receipt;
  }

  settle(_via: DeviceRef, key: string, error?: LianyunError): boolean {
    const found = this.#outbox.settleKey(key, error);
    if (found) this.#pump();
    return found;
  }

  /** Keeps filters subscribed, over reconnects too. `told` hears of the SUBSCRIBE that leaves now, if one does and is answered. */
  subscribe(subscriptions: readonly Subscription[], told?: Told): void {
    if (subscriptions.length === 0) return;
    this.subscriptions.want(subscriptions);
    if (this.#isConnected) this.#sendSubscribe(subscriptions, told);
  }

  /** The same for filters of the protocol's own, which stay whatever a program subscribes beside them. */
  keep(subscriptions: readonly Subscription[]): void {
    this.subscribe(this.subscriptions.keep(subscriptions));
  }

  unsubscribe(filters: string | readonly string[], told?: Told): void {
    const gone = this.subscriptions.drop(typeof filters === 'string' ? [filters] : filters);
    if (!this.#isConnected || gone.length === 0) return;
    const packetId = this.#nextPacketId();
    if (told !== undefined) this.subscriptions.asked(packetId, { filters: gone, isSubscribe: false, told });
    this.#connection?.sendUnsubscribe(packetId, gone);
  }

  onConnected(): void {
    this.#isConnected = true;
    const { wanted } = this.subscriptions;
    if (wanted.length === 0) return this.#ready();
    this.#sendSubscribe(wanted);
  }

  onPublish(topic: string, payload: Buffer, properties: MessageProperties | undefined, qos: 0 | 1): void {
    this.#owner.onPublish(topic, payload, properties, qos);
  }

  onPuback(packetId: number, reasonCode: number, reasonString: string | undefined): void {
    this.#acks.progress();
    const refused = reasonCode < 0x80 ? undefined : (topic: string): LianyunError => refusedMessage(topic, reasonCode, reasonString);
    if (this.#outbox.acknowledge(packetId, refused)) this.#pump();
  }

  onSuback(packetId: number, reasonCodes: readonly number[]): void {
    const asked = this.subscriptions.answered(packetId, true);
    if (asked === undefined) return;
    this.#acks.progress();
    for (const [index, filter] of asked.filters.entries()) if ((reasonCodes[index] ?? 0x80) >= 0x80) this.#owner.onSubscriptionRefused(filter, reasonCodes[index] ?? 0x80);
    asked.told?.(reasonCodes);
    if (this.subscriptions.open === 0) this.#ready();
  }

  onUnsuback(packetId: number): void {
    this.subscriptions.answered(packetId, false)?.told?.([]);
  }

  onWritten(total: number): void {
    this.#outbox.written(total);
    this.#pump();
  }

  onRoom(): void {
    this.#pump();
  }

  repeatOverdue(): void {
    if (!this.#isReady) return;
    for (const entry of this.#outbox.overdue(this.#options.answerMs, MAX_ATTEMPTS)) this.#repeat(entry);
    // Those that failed left their place in the window to others.
    this.#pump();
  }

  onEnd(ending: Ending): void {
    const { clock } = this.#options;
    this.#drop(ending);
    // A server that closes because of a message does not do so because of another client.
    const byServer = ending.byServer && !this.#outbox.isSuspicious;
    this.#dispatch({ on: 'ended', now: clock.now(), random: clock.random(), ending: { ...ending, byServer } });
  }

  #ready(): void {
    if (this.#state.at !== 'connecting') return;
    this.#isReady = true;
    this.#dispatch({ on: 'ready', now: this.#options.clock.now() });
    this.#pump();
  }

  /** Writes what waits in the outbox, as far as window and socket allow. */
  #pump(): void {
    const connection = this.#connection;
    if (!this.#isReady || connection === undefined) return;
    const { window } = this.#options;
    const outbox = this.#outbox;
    const maximum = Math.min(MAX_PACKET_IDS, connection.receiveMaximum);
    while (connection.writer.pendingBytes < HIGH_WATER_BYTES && outbox.onWire.packetIds < maximum) {
      const entry = outbox.take(outbox.inFlight < window);
      if (entry === undefined) break;
      this.#write(connection, entry);
      if (!this.#acks.isRunning) this.#watchAcks(connection);
    }
  }

  #write(connection: Connection, entry: Entry): void {
    const outbox = this.#outbox;
    const packetId = entry.frame.qos === 0 ? 0 : this.#nextPacketId();
    try {
      outbox.markSent(entry, packetId, connection.sendPublish(entry.frame, packetId, entry.bytes));
    } catch (cause) {
      if (isLianyunError(cause)) outbox.reject(entry, cause);
      else if (cause instanceof MqttProtocolError) outbox.reject(entry, new LianyunError('bad-input', `The message cannot be written: ${cause.message}`, { topic: entry.frame.topic, cause }));
      else throw cause;
    }
  }

  #repeat(entry: Entry): void {
    const { onWire } = this.#outbox;
    if (this.#connection === undefined || onWire.packetIds >= Math.min(MAX_PACKET_IDS, this.#connection.receiveMaximum)) return;
    const packetId = entry.frame.qos === 0 ? 0 : this.#nextPacketId();
    this.#connection.sendPublish(entry.frame, packetId, entry.bytes);
    onWire.repeat(entry, packetId);
  }

  #watchAcks(connection: Connection): void {
    this.#acks.start({ connection, settings: this.#options, endpoint: this.#endpoint });
  }

  #sendSubscribe(subscriptions: readonly Subscription[], told?: Told): void {
    const connection = this.#connection;
    // Who is told hears of all in one answer.
    const size = told === undefined ? MAX_FILTERS : subscriptions.length;
    for (let at = 0; at < subscriptions.length; at += size) {
      const packetId = this.#nextPacketId();
      const part = subscriptions.slice(at, at + size);
      this.subscriptions.asked(packetId, { filters: part.map(({ filter }) => filter), isSubscribe: true, told });
      connection?.sendSubscribe(packetId, part);
    }
    if (connection !== undefined && !this.#acks.isRunning) this.#watchAcks(connection);
  }

  /** The server that is tried or connected to. */
  get #endpoint(): Endpoint {
    const { endpoints } = this.#options;
    return endpoints[serverOf(this.#state)] ?? endpoints[0];
  }

  #nextPacketId(): number {
    const { onWire } = this.#outbox;
    do this.#packetId = (this.#packetId % 65_535) + 1;
    while (onWire.hasPacketId(this.#packetId) || this.subscriptions.hasPacketId(this.#packetId));
    return this.#packetId;
  }

  /** Forgets the connection; what was in flight waits again or fails. */
  #drop({ error, byServer }: Ending): void {
    this.#connection = undefined;
    this.#isConnected = false;
    this.#isReady = false;
    this.subscriptions.forgetAsked();
    this.#acks.stop();
    this.#outbox.disconnected(new LianyunError('offline', 'The connection ended before the message was delivered.', { cause: error }), byServer);
  }

  #dispatch(event: SessionEvent): void {
    const step = next(this.#state, event, this.#options.pace);
    this.#state = step.state;
    for (const effect of step.effects) this.#run(effect);
  }

  #run(effect: Effect): void {
    const { clock } = this.#options;
    switch (effect.do) {
      case 'connect':
        return this.#connect();
      case 'wait':
        this.#timer = clock.after(effect.ms, () => this.#dispatch({ on: 'timer', now: clock.now() }), true);
        return;
      case 'cancel-wait':
        return this.#timer?.cancel();
      case 'end-connection':
        this.#closing = this.#connection?.close();
        return;
      case 'announce-online':
        return this.#owner.onOnline();
      case 'announce-offline':
        return this.#owner.onOffline(effect.ending, this.#state.at === 'waiting' ? Math.max(0, this.#state.until - clock.now()) : undefined);
      case 'announce-closed':
        return this.#owner.onClosed(effect.ending);
      default:
        return effect satisfies never;
    }
  }

  #connect(): void {
    const endpoint = this.#endpoint;
    try {
      this.#connection = new Connection(this.#options, { endpoint, credentials: this.#owner.credentials(endpoint.scheme === 'mqtts') }, this);
    } catch (cause) {
      const error = isLianyunError(cause) ? cause : new LianyunError('bad-config', `The connection to ${whereOf(endpoint)} cannot be tried: ${String(cause)}`, { cause });
      this.#dispatch({ on: 'ended', now: this.#options.clock.now(), random: 0, ending: { reason: 'bad-credentials', error, isFatal: true, byServer: false } });
    }
  }
}
