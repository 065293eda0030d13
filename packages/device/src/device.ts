import { EventEmitter } from 'node:events';
import { isLianyunError, LianyunError, Peer, subscriptionsOf, type AnyDialect, type Clock, type DeviceRef, type MessageProperties, type MqttCredentials, type Op } from '@lianyun/protocol';
import { reasonText } from '@lianyun/protocol/mqtt';
import { Arrivals } from './arrivals.ts';
import { CloudTime } from './cloud-time.ts';
import { tellListeners, type CloseReport, type DeviceEvents } from './device-events.ts';
import { readModel } from './model.ts';
import type { NetworkSettings } from './net/open.ts';
import { checkKey, NO_FACE, readOptions, type DeviceOptions, type FaceSettings } from './options.ts';
import { Outbox } from './outbox.ts';
import { packing } from './packing.ts';
import type { BindingService } from './services/binding.ts';
import type { CommandsService } from './services/commands.ts';
import { DeviceContext } from './services/context.ts';
import type { EventsService } from './services/events.ts';
import type { FilesService } from './services/files.ts';
import type { InfoService } from './services/info.ts';
import type { LogsService } from './services/logs.ts';
import type { MessagesService } from './services/messages.ts';
import { DeviceServices } from './services/device-services.ts';
import type { GatewayService } from './services/gateway.ts';
import type { OtaService } from './services/ota.ts';
import type { PropertiesService } from './services/properties.ts';
import type { RemoteConfigService } from './services/remote-config.ts';
import type { ResourcesService } from './services/resources.ts';
import type { VersionedResourcesService } from './services/versioned-resources.ts';
import type { RpcService } from './services/rpc.ts';
import type { RulesService } from './services/rules.ts';
import type { ShadowService } from './services/shadow.ts';
import type { TimeService } from './services/time.ts';
import type { TopicsService } from './services/topics.ts';
import { Session } from './session.ts';
import { serverOf, type Ending, type SessionState } from './session-state.ts';

/**
 * A device on one cloud. The type {@link Device} narrows it to what the dialect can do. Node's EventEmitter is its base because `on`/`once`/`off` and `events.once()` are what Node programs expect.
 */
export class DeviceCore extends EventEmitter<DeviceEvents> implements AsyncDisposable {
  /** The device within its cloud: device id (Huawei), `ProductId/DeviceName` (Tencent). */
  readonly id: DeviceRef;
  readonly #dialect: AnyDialect;
  readonly #clock: Clock;
  readonly #cloudTime: CloudTime;
  /** @internal What the vendors' faces speak through. */ readonly peer: Peer;
  /** @internal */ readonly network: NetworkSettings;
  readonly #outbox: Outbox;
  /** @internal The same. */ readonly session: Session;
  readonly #face: FaceSettings;
  #identity: never;
  #servers: string | readonly string[];
  readonly #context: DeviceContext;
  readonly #services: DeviceServices;
  /** Who waits in connect(), and why the last attempt failed. */
  #arrivals: Arrivals | undefined;
  #lastFailure: LianyunError | undefined;
  #isClosing = false;
  #undelivered = 0;

  constructor(options: DeviceOptions<AnyDialect>, face: FaceSettings = NO_FACE) {
    super();
    const settings = readOptions(options, face);
    const { dialect, identity } = options;
    const { clock } = settings;
    this.#dialect = dialect;
    this.#identity = identity;
    this.#servers = options.server;
    this.#clock = clock;
    this.network = settings.network;
    this.#face = face;
    this.#cloudTime = new CloudTime(clock);
    this.id = dialect.signIn.deviceOf(identity);
    // Tried once here, so that a wrong identity is told where it is given.
    checkKey(this.credentials(true), settings.endpoints);
    const problem = (error: LianyunError): void => this.onProblem(error);
    this.#outbox = new Outbox(settings.outbox, clock, problem);
    this.session = new Session(settings, this, { outbox: this.#outbox, system: face.isQuiet === true ? [] : subscriptionsOf(dialect, this.id) });
    this.peer = new Peer({ role: 'device', dialect, link: packing(this.session, dialect, options.gzipFromBytes), clock, onProblem: problem });
    this.#context = new DeviceContext(this, { peer: this.peer, session: this.session, dialect, clock, cloudTime: this.#cloudTime, model: readModel(options.model, dialect), qos: options.qos, network: settings.network });
    this.#services = new DeviceServices({ context: this.#context, peer: this.peer, session: this.session, topology: options.topology });
    this.peer.finder = this.#services;
  }

  get properties(): PropertiesService {
    return this.#services.properties;
  }

  get commands(): CommandsService {
    return this.#services.commands;
  }

  get shadow(): ShadowService {
    return this.#services.shadow;
  }

  get events(): EventsService {
    return this.#services.events;
  }

  get messages(): MessagesService {
    return this.#services.messages;
  }

  get info(): InfoService {
    return this.#services.info;
  }

  get time(): TimeService {
    return this.#services.time;
  }

  get topics(): TopicsService {
    return this.#services.topics;
  }

  get ota(): OtaService {
    return this.#services.ota;
  }

  get logs(): LogsService {
    return this.#services.logs;
  }

  get files(): FilesService {
    return this.#services.files;
  }

  get binding(): BindingService {
    return this.#services.binding;
  }

  get remoteConfig(): RemoteConfigService {
    return this.#services.remoteConfig;
  }

  get resources(): ResourcesService {
    return this.#services.resources;
  }

  get versionedResources(): VersionedResourcesService {
    return this.#services.versionedResources;
  }

  get rpc(): RpcService {
    return this.#services.rpc;
  }

  get gateway(): GatewayService {
    return this.#services.gateway;
  }

  get rules(): RulesService {
    return this.#services.rules;
  }

  /** Where the connection is: idle, connecting, online, waiting (with reason and time of the next attempt) or closed. */
  get state(): SessionState {
    return this.session.state;
  }

  /** Whether messages can leave now. */
  get isOnline(): boolean {
    return this.session.state.at === 'online';
  }

  /** Messages that are not delivered yet, and their payload bytes. */
  get pending(): { readonly count: number; readonly bytes: number } {
    return { count: this.#outbox.count, bytes: this.#outbox.bytes };
  }

  /** Whether this cloud has an operation of the vocabulary. */
  supports(op: Op): boolean {
    return this.peer.supports(op);
  }

  /**
   * Connects and signs in, and keeps the connection from then on. Resolves when the device is online; may be called again to wait for that.
   * Rejects with `bad-credentials` when the server refuses the sign-in (the device is then closed), with `timeout` after
   * `deadlineMs` (60,000 when left out), with `aborted`, `closed`; after the last three but `closed` the device goes on trying.
   */
  async connect({ deadlineMs = 60_000, signal }: { readonly deadlineMs?: number; readonly signal?: AbortSignal } = {}): Promise<void> {
    if (signal?.aborted === true) throw new LianyunError('aborted', `${this.id} was not connected: the signal was aborted before.`, { cause: signal.reason });
    const { state } = this.session;
    if (state.at === 'online') return;
    if (state.at === 'closed') throw state.why?.error ?? new LianyunError('closed', `${this.id} was closed; make a new Device to connect again.`);
    await (this.#arrivals ??= new Arrivals()).wait({ device: this.id, clock: this.#clock, deadlineMs, signal, lastFailure: () => this.#lastFailure }, () => this.session.start());
  }

  /**
   * Takes no more messages, delivers what is pending for up to `drainMs` (0 when left out), waiting for a connection where there is
   * none, and disconnects. Leaves no handle behind; receipts that are still open fail with `closed`. A second call ends the wait of the first.
   */
  async close(options: { readonly drainMs?: number } = {}): Promise<CloseReport> {
    const { drainMs = 0 } = options;
    const isFirst = !this.#isClosing;
    this.#isClosing = true;
    this.#services.onClosing();
    const { at } = this.session.state;
    if (isFirst && drainMs > 0 && at !== 'closed' && at !== 'idle') await this.#outbox.drained(drainMs);
    this.#abandon();
    await this.session.close();
    await this.#services.onClosed();
    return { undelivered: this.#undelivered };
  }

  /** {@link close} with two seconds to deliver what is pending. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ drainMs: 2000 });
  }

  /** @internal The server that is used now, as the program wrote it. */
  get server(): string {
    return [this.#servers].flat()[serverOf(this.session.state)] ?? '';
  }

  /** @internal */
  credentials(isTls: boolean): MqttCredentials {
    const clock = this.#clock;
    return this.#face.credentials ?? this.#dialect.signIn.credentials(this.#identity, { now: this.#cloudTime.now(), isTls, random: () => clock.random() });
  }

  /** @internal Connects elsewhere and as something else from now on, with the same messages and handlers: what provisioning found out (Huawei 6). */
  relocate(options: DeviceOptions<AnyDialect>): void {
    this.#identity = options.identity;
    this.#servers = options.server;
    this.session.relocate(readOptions(options));
  }

  /** @internal Asks for what waits for this device. */
  resync(): void {
    this.#services.resync().catch((error: unknown) => {
      // That the connection ended is told by events of its own.
      if (isLianyunError(error, 'offline') || isLianyunError(error, 'closed')) return;
      this.onProblem(isLianyunError(error) ? error : new LianyunError('handler-failed', `The shadow could not be applied: ${String(error)}`, { cause: error }));
    });
  }

  /** @internal */
  onProblem(problem: LianyunError): void {
    // That an answer could not leave any more is no news after the end.
    if (problem.code !== 'closed') this.#tell('problem', problem);
  }

  /** @internal Sees every message before it is read; true: it was for nobody else. */
  tap: ((topic: string, payload: Buffer, qos: 0 | 1) => boolean | void) | undefined;

  /** @internal Whether a service of this device has subscribed a topic for itself. */
  takes(topic: string): boolean {
    return this.#services.takes(topic);
  }

  /** @internal */
  onPublish(topic: string, payload: Buffer, properties: MessageProperties | undefined, qos: 0 | 1): void {
    if (this.tap?.(topic, payload, qos) === true) return;
    const isKnown = this.peer.codec.knows('down', topic);
    if (isKnown) void this.peer.receive(topic, payload, this.id, properties);
    if (this.#services.receive({ topic, payload, properties }) || isKnown) return;
    this.onProblem(new LianyunError('unknown-message', `A message arrived on ${topic}, which nothing handles.`, { topic, excerpt: payload.toString('utf8', 0, 200) }));
  }

  /** @internal */
  onSubscriptionRefused(filter: string, code: number): void {
    this.onProblem(new LianyunError('not-permitted', `The server refused the subscription of ${filter} (${reasonText(code)}).`, { topic: filter, device: this.id, number: code }));
  }

  /** @internal */
  onOnline(): void {
    this.#lastFailure = undefined;
    this.#arrivals?.arrive();
    this.#arrivals = undefined;
    this.resync();
    this.#services.onOnline();
    this.#tell('online');
  }

  /** @internal */
  onOffline(ending: Ending, nextAttemptMs: number | undefined): void {
    const { reason, error } = ending;
    this.peer.fail(() => new LianyunError('offline', 'The connection ended before the answer came.', { cause: error }));
    this.#lastFailure = error;
    this.#services.onOffline(ending);
    this.#tell('offline', { reason, error, nextAttemptMs });
  }

  /** @internal */
  onClosed(ending: Ending | undefined): void {
    this.peer.fail(() => new LianyunError('closed', 'The device was closed before the answer came.'));
    for (const end of this.#context.running) end(new LianyunError('closed', 'The device was closed while the handler was at work.'));
    if (ending !== undefined) this.#abandon(ending.error);
    this.#arrivals?.fail(ending?.error ?? new LianyunError('closed', `${this.id} was closed before it was online.`));
    this.#tell('closed', { reason: ending?.reason ?? 'closed', error: ending?.error });
  }

  #abandon(cause?: LianyunError): void {
    this.#undelivered += this.#outbox.abandon((entry) => new LianyunError('closed', 'The device was closed before the message was delivered.', { topic: entry.frame.topic, cause }));
  }

  #tell<K extends keyof DeviceEvents>(event: K, ...args: DeviceEvents[K]): void {
    tellListeners(this, event, args);
  }
}
