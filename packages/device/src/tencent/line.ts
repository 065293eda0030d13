import { LianyunError, tencent, type Clock, type MqttCredentials } from '@lianyun/protocol';
import { DeviceCore } from '../device.ts';
import type { TlsOptions } from '../net/tls-options.ts';
import type { DeviceOptions } from '../options.ts';
import type { Subscription } from '../session-owner.ts';
import type { Pace } from '../session-state.ts';
import { StateError } from './errors.ts';
import type { Logger } from './log.ts';
import { readPayload, serialise } from './serialise.ts';
import { HubState, type Payload, type Result, type Told } from './words.ts';

/** The callbacks of a connection (reference 6.2). */
export interface MqttCallbacks {
  /** Signed in; `flags` is whether the server kept a session, `rc` 0. */
  readonly on_connect?: ((flags: number, rc: number, userdata: unknown) => Told) | null | undefined;
  /** The connection ended: 0 because of `disconnect()`, 1 otherwise. */
  readonly on_disconnect?: ((rc: number, userdata: unknown) => Told) | null | undefined;
  /** A message that no other callback is for. */
  readonly on_message?: ((topic: string, qos: number, payload: Payload, userdata: unknown) => Told) | null | undefined;
  /** The server has the message: PUBACK at QoS 1, written at QoS 0. */
  readonly on_publish?: ((mid: number, userdata: unknown) => Told) | null | undefined;
  /** The server's answer to a subscription: the QoS that it grants (128: refused). */
  readonly on_subscribe?: ((granted_qos: number, mid: number, userdata: unknown) => Told) | null | undefined;
  readonly on_unsubscribe?: ((mid: number, userdata: unknown) => Told) | null | undefined;
  /** The server refused the sign-in with this CONNACK code; the device goes on trying. */
  readonly on_refused?: ((rc: number, reason: string, userdata: unknown) => Told) | null | undefined;
}

/** Where to connect, and as whom. */
export interface LineOptions {
  readonly identity: { readonly productId: string; readonly deviceName: string };
  /** The sign-in of every attempt: the vendor's does not change (reference 1.2). */
  readonly credentials: MqttCredentials;
  readonly server: string;
  readonly tls?: TlsOptions;
}

interface LineParts {
  readonly clock: Clock;
  readonly userdata: unknown;
  /** Gives a message to the one that subscribed it; false: there is none. */
  receive(topic: string, payload: Payload, qos: number): boolean;
  /** Takes what nobody subscribed; false: it was for nobody. */
  rest(topic: string, payload: Payload, qos: number): boolean;
}

const DEFAULT_SETTLE_MS = 5000;
const DEFAULT_KEEPALIVE_SECONDS = 60;
const DRAIN_MS = 2000;
/** paho's number for a connection that was lost. */
const LOST = 1;

/** What every part of the face speaks through: one connection at a time, message ids, callbacks. */
export class Line {
  readonly clock: Clock;
  readonly userdata: unknown;
  readonly #receive: LineParts['receive'];
  readonly #rest: LineParts['rest'];
  callbacks: MqttCallbacks = {};
  logger: Logger | undefined;
  /** How long a message may wait to be settled. */
  settleMs = DEFAULT_SETTLE_MS;
  keepaliveSeconds = DEFAULT_KEEPALIVE_SECONDS;
  /** The session reads it before every attempt. */
  readonly pace: { -readonly [K in keyof Pace]: Pace[K] } = { floorMs: 0, ceilingMs: 60_000, servers: 1, persists: true };
  readonly #problems = new Set<(problem: Error) => void>();
  /** How often it was connected. */
  connections = 0;
  #core: DeviceCore | undefined;
  #ending: Promise<void> | undefined;
  #wasConnected = false;
  #mid = 0;

  constructor({ clock, userdata, receive, rest }: LineParts) {
    this.clock = clock;
    this.userdata = userdata;
    this.#receive = receive;
    this.#rest = rest;
  }

  get state(): HubState {
    const at = this.#core?.state.at;
    if (this.#ending !== undefined) return HubState.DISCONNECTING;
    if (at === 'online') return HubState.CONNECTED;
    if (at === 'connecting' || at === 'idle') return HubState.CONNECTING;
    return at === undefined && !this.#wasConnected ? HubState.INITIALIZED : HubState.DISCONNECTED;
  }

  get isConnected(): boolean {
    return this.state === HubState.CONNECTED;
  }

  /** Makes a device of what is given, so that a wrong member is told at once. Throws `bad-config`. */
  check(options: LineOptions): void {
    void this.#make(options);
  }

  /** Begins to connect; false: that was done before. */
  connect(options: LineOptions): boolean {
    if (this.#core !== undefined && this.#core.state.at !== 'closed') return false;
    const core = this.#make(options);
    this.#core = core;
    let wasOnline = false;
    core.tap = (topic, payload, qos) => this.#take(core, { topic, payload: readPayload(payload), qos });
    core.on('problem', (problem) => this.problem(problem));
    core.on('online', () => {
      wasOnline = true;
      this.connections++;
      this.#wasConnected = true;
      this.logger?.info(`connected to ${options.server}`);
      this.tell('on_connect', 0, 0);
    });
    core.on('offline', ({ error }) => {
      this.logger?.error(error.message);
      if (wasOnline) this.tell('on_disconnect', LOST);
      else if (error.place.number === undefined) this.problem(error);
      else this.#refused(error, error.place.number);
      wasOnline = false;
    });
    core.session.start();
    return true;
  }

  /** Ends the connection; what is under way is delivered for up to two seconds. */
  async end(): Promise<void> {
    if (this.#core === undefined) return;
    // Who asks again waits for the same end.
    await (this.#ending ??= this.#end(this.#core));
  }

  /** Publishes what JSON can write. Throws {@link StateError} while there is no connection, TypeError and ValueError for what JSON cannot write. */
  publish(topic: string, payload: unknown, qos: 0 | 1): Result {
    const core = this.online();
    const mid = ++this.#mid;
    const frame = { topic, payload: serialise(payload), qos };
    core.session.send(core.id, frame, { hold: 'store', expiresMs: this.settleMs }).delivered.then(
      () => this.tell('on_publish', mid),
      (error: LianyunError) => {
        // What is too large the device beneath has told already.
        if (error.code !== 'too-large') this.problem(error);
      },
    );
    return [0, mid];
  }

  /** Subscribes in one packet. `granted` hears of the lowest QoS that the server grants. */
  subscribe(subscriptions: readonly Subscription[], granted?: (qos: number) => void): Result {
    const core = this.online();
    const mid = ++this.#mid;
    core.session.subscribe(subscriptions, (codes) => {
      const [first = 0x80] = codes;
      this.tell('on_subscribe', first, mid);
      granted?.(Math.min(...codes));
    });
    return [0, mid];
  }

  unsubscribe(filters: readonly string[]): Result {
    const core = this.online();
    const mid = ++this.#mid;
    core.session.unsubscribe(filters, () => this.tell('on_unsubscribe', mid));
    return [0, mid];
  }

  /** The device beneath. Throws {@link StateError} before `connect()`. */
  get core(): DeviceCore {
    if (this.#core === undefined) throw new StateError('current state is INITIALIZED: connect() was not called');
    return this.#core;
  }

  /** The device, which has to be connected. Throws {@link StateError}. */
  online(): DeviceCore {
    if (this.#core === undefined || !this.isConnected) throw new StateError('current state is not CONNECTED');
    return this.#core;
  }

  /** Resolves with what `start` gives `resolve`, or undefined after `ms`. Register the waiter, then send. */
  async within<T>(ms: number, start: (resolve: (value: T) => void) => (() => void) | undefined): Promise<T | undefined> {
    const { promise, resolve } = Promise.withResolvers<T | undefined>();
    const timer = this.clock.after(ms, () => resolve(undefined), true);
    let undo: (() => void) | undefined;
    try {
      undo = start(resolve) ?? undefined;
      return await promise;
    } finally {
      timer.cancel();
      undo?.();
    }
  }

  /** Calls the user's callback; what it throws, or what its promise rejects with, becomes a problem. */
  call(name: string, run: () => unknown): void {
    const report = (cause: unknown): void => this.problem(new LianyunError('handler-failed', `The callback ${name} threw: ${cause instanceof Error ? cause.message : String(cause)}`, { cause }));
    try {
      const result = run();
      if (result instanceof Promise) result.catch(report);
    } catch (cause) {
      report(cause);
    }
  }

  /** Calls one of the connection's callbacks, if it is registered. */
  tell<K extends keyof MqttCallbacks>(name: K, ...args: unknown[]): void {
    const callback = this.callbacks[name];
    // Each is called with the arguments of its own name, and the user's data last.
    if (typeof callback === 'function') this.call(name, () => (callback as (...given: unknown[]) => Told)(...args, this.userdata));
  }

  /** Hears of what went wrong without anybody asking; returns what takes it back. */
  onProblem(listener: (problem: Error) => void): () => void {
    this.#problems.add(listener);
    return () => this.#problems.delete(listener);
  }

  problem(problem: Error): void {
    this.logger?.error(problem.message);
    for (const listener of this.#problems) {
      try {
        listener(problem);
      } catch (cause) {
        process.emitWarning(cause instanceof Error ? cause : new Error(String(cause)));
      }
    }
  }

  async #end(core: DeviceCore): Promise<void> {
    const wasConnected = core.isOnline;
    core.removeAllListeners('offline');
    await core.close({ drainMs: wasConnected ? DRAIN_MS : 0 });
    this.#ending = undefined;
    this.#wasConnected = true;
    this.#core = undefined;
    if (wasConnected) this.tell('on_disconnect', 0);
  }

  #make({ identity, credentials, server, tls }: LineOptions): DeviceCore {
    // Only its names are asked for: the sign-in is given.
    const options: DeviceOptions<typeof tencent> = { dialect: tencent, identity: { ...identity, certificate: true }, server, keepaliveSeconds: this.keepaliveSeconds, clock: this.clock, ...(tls === undefined ? {} : { tls }) };
    return new DeviceCore(options, { mqttVersion: 3, credentials, isQuiet: true, pace: this.pace });
  }

  /** True: nobody else is to see the message. What services of the device beneath have subscribed, they see as well. */
  #take(core: DeviceCore, { topic, payload, qos }: { readonly topic: string; readonly payload: Payload; readonly qos: number }): boolean {
    const isTaken = this.#receive(topic, payload, qos);
    if (core.takes(topic)) return false;
    if (!isTaken && !this.#rest(topic, payload, qos)) this.problem(new LianyunError('unknown-message', `A message arrived on ${topic}, which nothing was initialised for.`, { topic }));
    return true;
  }

  #refused(error: LianyunError, code: number): void {
    this.problem(error);
    this.tell('on_refused', code, error.message);
  }
}
