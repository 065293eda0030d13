import { EventEmitter } from 'node:events';
import {
  isLianyunError,
  LianyunError,
  Peer,
  rightsOf,
  subscriptionsOf,
  type AnyDialect,
  type Clock,
  type DeviceRef,
  type Frame,
  type Link,
  type MqttCredentials,
  type Op,
  type Receipt,
  type SendOptions,
  failedReceipt,
} from '@lianyun/protocol';
import { readOptions, type DeviceOptions } from './options.ts';
import { Outbox } from './outbox.ts';
import { CommandsService } from './services/commands.ts';
import type { ServiceContext } from './services/context.ts';
import { Scopes } from './services/gateway-scopes.ts';
import { GatewayService } from './services/gateway.ts';
import { PropertiesService } from './services/properties.ts';
import { ShadowService } from './services/shadow.ts';
import { TopicsService } from './services/topics.ts';
import { Session, type SessionOwner } from './session.ts';
import type { DisconnectReason, Ending, SessionState } from './session-state.ts';

/** What a device tells. Nothing here needs a listener: an unheard problem harms nobody. */
export interface DeviceEvents {
  online: [];
  /** Why, and when the next attempt is made (undefined: none will be). */
  offline: [{ readonly reason: DisconnectReason; readonly error: LianyunError; readonly nextAttemptMs: number | undefined }];
  /** A frame that cannot be read, a refused message, a handler that threw. */
  problem: [LianyunError];
  /** The end: by `close()`, or because trying again cannot help. */
  closed: [{ readonly reason: DisconnectReason; readonly error: LianyunError | undefined }];
}

/** How {@link DeviceCore.close} went. */
export interface CloseReport {
  /** Messages that were not delivered; their receipts failed with `closed`. */
  readonly undelivered: number;
}

/** Room for topic and head of a received PUBLISH beside the largest payload. */
const HEAD_BYTES = 70_000;

/**
 * A device on one cloud. The type {@link Device} narrows it to what the dialect can do.
 * Node's EventEmitter is its base because `on`/`once`/`off` and `events.once()` are what Node programs expect.
 */
export class DeviceCore extends EventEmitter<DeviceEvents> implements SessionOwner, AsyncDisposable {
  /** The device within its cloud: device id (Huawei), `ProductId/DeviceName` (Tencent). */
  readonly id: DeviceRef;
  readonly properties: PropertiesService;
  readonly commands: CommandsService;
  readonly shadow: ShadowService;
  readonly topics: TopicsService;
  readonly gateway: GatewayService;
  readonly #dialect: AnyDialect;
  readonly #clock: Clock;
  readonly #peer: Peer;
  readonly #outbox: Outbox;
  readonly #session: Session;
  /** Handlers at work: what ends each of them when the device is closed. */
  readonly #running = new Set<(error: LianyunError) => void>();
  #isClosing = false;
  #undelivered = 0;

  constructor(options: DeviceOptions<AnyDialect>) {
    super();
    const settings = readOptions(options);
    const { dialect, identity } = options;
    const { clock } = settings;
    const problem = (error: LianyunError): void => this.#problem(error);
    this.#dialect = dialect;
    this.#clock = clock;
    this.id = dialect.signIn.deviceOf(identity);
    const credentials = (): MqttCredentials => dialect.signIn.credentials(identity, { now: clock.now(), random: () => clock.random() });
    // Tried once here, so that a wrong identity is told where it is given.
    credentials();
    this.#outbox = new Outbox(settings.outbox, clock, problem);
    const { answerMs, payloadBytes } = dialect.limits;
    this.#session = new Session({ ...settings, credentials, answerMs, maxPacketBytes: payloadBytes + HEAD_BYTES, outbox: this.#outbox }, this);
    const link: Link = {
      send: (via, frame, sendOptions) => this.#send(via, frame, sendOptions),
      settle: (via, key, error) => this.#session.settle(via, key, error),
    };
    // That an answer could not leave any more is no news after the end.
    const onProblem = (error: LianyunError): void => {
      if (error.code !== 'closed') problem(error);
    };
    this.#peer = new Peer({ role: 'device', dialect, link, clock, onProblem });
    const scopes = new Scopes({ peer: this.#peer, own: this.id, dialect, problem });
    const context: ServiceContext = {
      device: this.id,
      peer: scopes.of(this.id),
      dialect,
      clock,
      model: options.model,
      qos: options.qos,
      running: this.#running,
      resync: () => {
        if (this.isOnline) this.#resync();
      },
      problem,
      refuse: (error) => {
        this.#problem(error);
        return failedReceipt(error);
      },
    };
    this.properties = new PropertiesService(context);
    this.commands = new CommandsService(context);
    this.shadow = new ShadowService(context, this.properties);
    const session = this.#session;
    const system = subscriptionsOf(dialect, this.id);
    session.subscribe(system);
    this.gateway = new GatewayService({ context, dialect, scopes, topology: options.topology, session });
    this.topics = new TopicsService({
      device: this.id,
      link: {
        ...link,
        subscribe: (list) => session.subscribe(list),
        // The protocol's own filters stay, whatever a program subscribed beside them.
        unsubscribe: (filter) => {
          if (!system.some((own) => own.filter === filter)) session.unsubscribe(filter);
        },
      },
      rights: rightsOf(dialect),
      problem,
    });
  }

  /** Where the connection is: idle, connecting, online, waiting (with reason and time of the next attempt) or closed. */
  get state(): SessionState {
    return this.#session.state;
  }

  /** Whether messages can leave now. */
  get isOnline(): boolean {
    return this.#session.state.at === 'online';
  }

  /** Messages that are not delivered yet, and their payload bytes. */
  get pending(): { readonly count: number; readonly bytes: number } {
    return { count: this.#outbox.count, bytes: this.#outbox.bytes };
  }

  /** Whether this cloud has an operation of the vocabulary. */
  supports(op: Op): boolean {
    return this.#peer.supports(op);
  }

  /**
   * Connects and signs in, and keeps the connection from then on. Resolves when the device is online; may be called again to wait for that.
   * Rejects with `bad-credentials` when the server refuses the sign-in (the device is then closed), with `timeout` after
   * `deadlineMs` (60,000 when left out), with `aborted`, `closed`; after the last three but `closed` the device goes on trying.
   */
  async connect(options: { readonly deadlineMs?: number; readonly signal?: AbortSignal } = {}): Promise<void> {
    const { deadlineMs = 60_000, signal } = options;
    if (signal?.aborted === true) throw new LianyunError('aborted', `${this.id} was not connected: the signal was aborted before.`, { cause: signal.reason });
    const { state } = this.#session;
    if (state.at === 'online') return;
    if (state.at === 'closed') throw state.why?.error ?? new LianyunError('closed', `${this.id} was closed; make a new Device to connect again.`);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let last: LianyunError | undefined;
    const onOffline: (event: DeviceEvents['offline'][0]) => void = ({ error }) => {
      last = error;
    };
    const onClosed: (event: DeviceEvents['closed'][0]) => void = ({ error }) => reject(error ?? new LianyunError('closed', `${this.id} was closed before it was online.`));
    const onAbort = (): void => reject(new LianyunError('aborted', 'The wait for the connection was aborted; the device goes on trying.', { cause: signal?.reason }));
    const timer = this.#clock.after(
      deadlineMs,
      () => reject(new LianyunError('timeout', `${this.id} was not online within ${deadlineMs} ms${last === undefined ? '' : `: ${last.message}`}`, { cause: last })),
      true,
    );
    this.once('online', resolve).on('offline', onOffline).once('closed', onClosed);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      this.#session.start();
      await promise;
    } finally {
      timer.cancel();
      this.off('online', resolve).off('offline', onOffline).off('closed', onClosed);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /**
   * Takes no more messages, delivers what is pending for up to `drainMs` (0 when left out), waiting for a connection where there is
   * none, and disconnects. Leaves no handle behind; receipts that are still open fail with `closed`. A second call ends the wait of the first.
   */
  async close(options: { readonly drainMs?: number } = {}): Promise<CloseReport> {
    const { drainMs = 0 } = options;
    const isFirst = !this.#isClosing;
    this.#isClosing = true;
    const { at } = this.#session.state;
    if (isFirst && drainMs > 0 && at !== 'closed' && at !== 'idle') await this.#drain(drainMs);
    this.#abandon();
    await this.#session.close();
    return { undelivered: this.#undelivered };
  }

  /** {@link close} with two seconds to deliver what is pending. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ drainMs: 2000 });
  }

  /** @internal */
  onPublish(topic: string, payload: Buffer): void {
    const isKnown = this.#peer.codec.knows('down', topic);
    if (isKnown) void this.#peer.receive(topic, payload, this.id);
    if (this.topics.receive(topic, payload) || isKnown) return;
    this.#problem(new LianyunError('unknown-message', `A message arrived on ${topic}, which nothing handles.`, { topic, excerpt: payload.toString('utf8', 0, 200) }));
  }

  /** @internal */
  onSubscriptionRefused(filter: string): void {
    this.#problem(new LianyunError('not-permitted', `The server refused the subscription of ${filter}.`, { topic: filter, device: this.id }));
  }

  /** @internal */
  onOnline(): void {
    this.#resync();
    this.gateway.onOnline();
    this.#tell('online');
  }

  /** @internal */
  onOffline({ reason, error }: Ending, nextAttemptMs: number | undefined): void {
    this.#peer.fail(() => new LianyunError('offline', 'The connection ended before the answer came.', { cause: error }));
    this.#tell('offline', { reason, error, nextAttemptMs });
  }

  /** @internal */
  onClosed(ending: Ending | undefined): void {
    this.#peer.fail(() => new LianyunError('closed', 'The device was closed before the answer came.'));
    for (const end of this.#running) end(new LianyunError('closed', 'The device was closed while the handler was at work.'));
    if (ending !== undefined) this.#abandon(ending.error);
    this.#tell('closed', { reason: ending?.reason ?? 'closed', error: ending?.error });
  }

  async #drain(drainMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(drainMs, resolve, true);
    this.once('closed', () => resolve());
    await Promise.race([this.#outbox.empty(), promise]);
    timer.cancel();
  }

  #resync(): void {
    this.shadow.resync().catch((error: unknown) => {
      // That the connection ended is told by events of its own.
      if (isLianyunError(error, 'offline') || isLianyunError(error, 'closed')) return;
      this.#problem(isLianyunError(error) ? error : new LianyunError('handler-failed', `The shadow could not be applied: ${String(error)}`, { cause: error }));
    });
  }

  #send(via: DeviceRef, frame: Frame, options: SendOptions): Receipt {
    const { payload } = frame;
    const limit = this.#dialect.limits.payloadBytes;
    if (this.#isClosing && options.hold === 'store') return failedReceipt(new LianyunError('closed', 'The device is closing and takes no more messages.', { topic: frame.topic }));
    // A string of a third of the limit cannot exceed it in UTF-8: most messages need no counting.
    if (payload.length * 3 > limit) {
      const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength;
      if (bytes > limit) {
        const error = new LianyunError('too-large', `The message for ${frame.topic} has ${bytes} bytes; the ${this.#dialect.name} cloud takes ${limit}.`, { topic: frame.topic });
        this.#problem(error);
        return failedReceipt(error);
      }
    }
    return this.#session.send(via, frame, options);
  }

  #abandon(cause?: LianyunError): void {
    this.#undelivered += this.#outbox.abandon((entry) => new LianyunError('closed', 'The device was closed before the message was delivered.', { topic: entry.frame.topic, cause }));
  }

  #problem(problem: LianyunError): void {
    this.#tell('problem', problem);
  }

  /** Tells every listener. One that throws harms neither the others nor the connection: it becomes a problem. */
  #tell<K extends keyof DeviceEvents>(event: K, ...args: DeviceEvents[K]): void {
    for (const listener of this.rawListeners(event)) {
      try {
        Reflect.apply(listener, this, args);
      } catch (cause) {
        const error = new LianyunError('handler-failed', `A listener of '${event}' threw: ${cause instanceof Error ? cause.message : String(cause)}`, { device: this.id, cause });
        // Nobody is left to tell of a listener of problems that throws but Node itself.
        if (event === 'problem') process.emitWarning(error);
        else this.#problem(error);
      }
    }
  }
}
