import { LianyunError, systemClock, tencent, type JsonObject, type MqttCredentials } from '@lianyun/protocol';
import { isTopicName } from '@lianyun/protocol/mqtt';
import { lineOptionsOf, signIn, type Address, type HubOptions } from './address.ts';
import type { TlsOptions } from '../net/tls-options.ts';
import { childrenIn, isRegistered, readDeviceFile, type DeviceFile } from './configuration.ts';
import { StateError, ValueError } from './errors.ts';
import { Gateway, type GatewaySubdev } from './gateway.ts';
import { Ntp, Rrpc, Shadow, subscribe } from './hub-services.ts';
import type { LineOptions, MqttCallbacks } from './line.ts';
import { Logger, type LoggerLevel } from './log.ts';
import { publish, register, type HttpSurroundings } from './over-http.ts';
import { Routes } from './routes.ts';
import { isFilter, qosOf, selected, unselected, type TopicSelection } from './selection.ts';
import type { TemplateProperty } from './template-lists.ts';
import { keyOf, NO_HANDLE, type HubState, type Publishable, type Result, type TopicCallback } from './words.ts';

/** A device on Tencent's cloud: connection, gateway, shadow, calls, broadcasts, time (the vendor's hub). */
export class QcloudHub implements AsyncDisposable {
  /** @internal */
  protected readonly routes: Routes;
  /** @internal */
  protected file: DeviceFile;
  readonly #options: HubOptions;
  readonly #address: Address;
  #credentials: MqttCredentials | undefined;
  readonly #gateway: Gateway;
  readonly #ntp: Ntp;
  readonly #shadows = new Map<string, Shadow>();
  readonly #rrpcs = new Map<string, Rrpc>();

  /**
   * Reads a device file (`device_info.json`, reference 8.1); `connect()` connects. Throws {@link KeyError} naming a missing member, LianyunError `bad-config`.
   * @param device_file its path. @param tls whether to connect over TLS. @param userdata what every callback gets. @param domain another host, `host:port`, or a
   * URL. @param useWebsocket MQTT over WebSocket.
   */
  constructor(device_file: string, tls = true, userdata: unknown = null, domain: string | null = null, useWebsocket = false, options: HubOptions = {}) {
    this.#options = options;
    this.#address = { tls, domain, useWebsocket };
    this.routes = new Routes({ clock: options.clock ?? systemClock, userdata });
    this.file = readDeviceFile(device_file);
    const name = keyOf(this.file.productId, this.file.deviceName);
    this.#gateway = new Gateway(this.routes, name);
    this.#ntp = new Ntp(this.routes, name);
    if (isRegistered(this.file)) this.routes.line.check(this.#lineOptions());
  }

  /** Begins to connect: 0, or 1 when that was done before. `on_connect` tells of the connection; without one the device goes on trying. */
  connect(): 0 | 1 {
    if (!isRegistered(this.file)) throw new StateError(`${this.file.path} holds no device secret: call dynregDevice() first.`);
    return this.routes.line.connect(this.#lineOptions()) ? 0 : 1;
  }

  /** Disconnects. Throws {@link StateError} unless connected. What is under way is delivered for up to two seconds. */
  async disconnect(): Promise<void> {
    this.routes.line.online();
    await this.routes.line.end();
  }

  /** Disconnects, or gives up connecting; leaves nothing behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.routes.line.end();
  }

  /** Subscribes, now and after every reconnect. Throws {@link StateError}, {@link ValueError}. */
  subscribe(topic: TopicSelection, qos: number = 0): Result {
    this.routes.line.online();
    return this.routes.line.subscribe(selected(topic, qos));
  }

  unsubscribe(topic: string | readonly string[]): Result {
    this.routes.line.online();
    return this.routes.line.unsubscribe(unselected(topic));
  }

  /** Publishes what JSON can write, as Python does: text arrives quoted. Throws {@link StateError}, {@link ValueError}, TypeError. */
  publish(topic: string, payload: Publishable, qos: number = 0): Result {
    this.routes.line.online();
    if (typeof topic !== 'string' || topic === '') throw new ValueError('Invalid topic: text is expected, not empty.');
    if (!isTopicName(topic)) throw new ValueError(`Invalid topic ${topic}: a topic to publish to has no + and #.`);
    return this.routes.line.publish(topic, payload, qosOf(qos));
  }

  /** Registers the callbacks of the connection (reference 6.2); `on_refused` is not the vendor's. */
  registerMqttCallback(
    on_connect?: MqttCallbacks['on_connect'],
    on_disconnect?: MqttCallbacks['on_disconnect'],
    on_message?: MqttCallbacks['on_message'],
    on_publish?: MqttCallbacks['on_publish'],
    on_subscribe?: MqttCallbacks['on_subscribe'],
    on_unsubscribe?: MqttCallbacks['on_unsubscribe'],
    on_refused?: MqttCallbacks['on_refused'],
  ): void {
    this.routes.line.callbacks = { on_connect, on_disconnect, on_message, on_publish, on_subscribe, on_unsubscribe, on_refused };
  }

  /** Registers what takes the messages of a topic; null takes it back. `on_message` gets those of the others. */
  registerUserCallback(topic: string, callback: TopicCallback | null): void {
    if (!isFilter(topic)) throw new ValueError('Invalid topic: text is expected, not empty.');
    this.routes.callback(topic, callback);
  }

  isMqttConnected(): boolean {
    return this.routes.line.isConnected;
  }

  getConnectState(): HubState {
    return this.routes.line.state;
  }

  /** Longest and shortest wait before an attempt to connect, seconds; the longest comes first. */
  setReconnectInterval(max_sec: number, min_sec: number): void {
    if (!(min_sec >= 0 && max_sec >= min_sec)) throw new ValueError(`max_sec is ${max_sec} and min_sec ${min_sec}: seconds are expected, the longer first.`);
    Object.assign(this.routes.line.pace, { floorMs: min_sec * 1000, ceilingMs: max_sec * 1000 });
  }

  /** How long a message may wait to be settled, seconds; 5 unless it was set. */
  setMessageTimout(timeout: number): void {
    if (!(timeout > 0)) throw new ValueError(`timeout is ${timeout}: seconds above 0 are expected.`);
    this.routes.line.settleMs = timeout * 1000;
  }

  /** Seconds between signs of life, 0 to 900; counts for the next `connect()`. */
  setKeepaliveInterval(interval: number): void {
    const { min, max } = tencent.limits.keepaliveSeconds;
    if (!Number.isInteger(interval) || interval < min || interval > max) throw new ValueError(`interval is ${interval}: whole seconds from ${min} to ${max} are expected.`);
    this.routes.line.keepaliveSeconds = interval;
  }

  getProductID(): string {
    return this.file.productId;
  }

  getDeviceName(): string {
    return this.file.deviceName;
  }

  /** Writes a log: to a file that is closed at `maxBytes` and kept as `filePath.1` …, or to standard error. Null while `enable` is false. */
  logInit(level: LoggerLevel = 'info', filePath?: string | null, maxBytes = 10_485_760, backupCount = 5, enable = true): Logger | null {
    const logger = enable ? new Logger({ level, file: filePath ?? undefined, maxBytes, backups: backupCount, clock: this.routes.line.clock }) : undefined;
    this.routes.line.logger = logger;
    return logger ?? null;
  }

  /** Hears what went wrong without anybody asking: refused messages, frames that cannot be read, callbacks that threw. Returns what takes it back. */
  onProblem(listener: (problem: Error) => void): () => void {
    return this.routes.line.onProblem(listener);
  }

  /** The platform's time, ms since 1970; -1 when it does not answer within 1.5 s. */
  getNtpAccurateTime(): Promise<number> {
    return this.#ntp.get();
  }

  /**
   * Registers the device with the product's secret (reference 4), writes the secret or the paths of the certificate into the device file, readable by its owner only, and connects with it from
   * then on: `[0, secret]`, `[0, "success"]` for a certificate, `[-1, why]` when the cloud refuses. Rejects when it cannot be asked. @param timeout seconds. @param dynregDomain a URL with its path.
   */
  async dynregDevice(timeout = 10, dynregDomain: string | null = null): Promise<[rc: number, text: string]> {
    const [rc, text] = await register(this.file, this.#http(timeout, dynregDomain));
    if (rc === 0) {
      this.file = readDeviceFile(this.file.path);
      this.#credentials = undefined;
    }
    return [rc, text];
  }

  /** Publishes over HTTP, without a connection (reference 7.7): `[0, the cloud's answer]`, `[-1, why]` when it refuses. Rejects when it cannot be asked. */
  httpDevice(topicName: string | null = null, payload: Publishable = null, qos: number = 0, timeout = 10, httpDomain: string | null = null): Promise<[rc: number, answer: JsonObject | string]> {
    return publish(this.file, { topic: topicName, payload, qos: qosOf(qos) }, this.#http(timeout, httpDomain));
  }

  /** Begins to speak for sub-devices; the device file names them. Throws {@link KeyError} where it does not. */
  gatewayInit(): Result {
    this.routes.line.online();
    return this.#gateway.init(childrenIn(this.file));
  }

  /** Whether a sub-device is online as far as `updateSubdevStatus` said. */
  isSubdevStatusOnline(sub_productId: string, sub_devName: string): boolean {
    return this.#gateway.isOnline(sub_productId, sub_devName);
  }

  /** Notes here that a sub-device is `online` or `offline`. */
  updateSubdevStatus(sub_productId: string, sub_devName: string, status: string): void {
    this.#gateway.setStatus(sub_productId, sub_devName, status);
  }

  gatewaySubdevGetConfigList(): GatewaySubdev[] {
    return this.#gateway.children;
  }

  /** Brings a sub-device online. `rc`: 0, the platform's own number, or 1 without an answer within 1.5 s. */
  gatewaySubdevOnline(sub_productId: string, sub_devName: string): Promise<Result> {
    return this.#gateway.operate('online', sub_productId, sub_devName);
  }

  gatewaySubdevOffline(sub_productId: string, sub_devName: string): Promise<Result> {
    return this.#gateway.operate('offline', sub_productId, sub_devName);
  }

  /** Binds a sub-device with its secret. */
  gatewaySubdevBind(sub_productId: string, sub_devName: string, sub_secret: string): Promise<Result> {
    return this.#gateway.bind(sub_productId, sub_devName, sub_secret);
  }

  gatewaySubdevUnbind(sub_productId: string, sub_devName: string): Promise<Result> {
    return this.#gateway.operate('unbind', sub_productId, sub_devName);
  }

  /** Subscribes topics of sub-devices: `registerUserCallback` and `on_message` get what arrives. */
  gatewaySubdevSubscribe(topic: TopicSelection): Result {
    this.routes.line.online();
    return this.#gateway.subscribe(selected(topic, 0));
  }

  /** What the platform has bound to this gateway. */
  gatewaySubdevGetBindList(_product_id?: string, _device_name?: string): Promise<[rc: number, list: GatewaySubdev[]]> {
    return this.#gateway.bindList();
  }

  shadowInit(productId: string, deviceName: string, callback: TopicCallback | null): Result {
    return handle(this.#shadows, keyOf(productId, deviceName), () => new Shadow(this.routes, productId, deviceName)).init(callback);
  }

  getShadow(productId: string, deviceName: string): Result | undefined {
    return this.#shadow(productId, deviceName)?.get();
  }

  shadowUpdate(productId: string, deviceName: string, shadow_docs: Publishable, _length?: number): Result | undefined {
    return this.#shadow(productId, deviceName)?.update(shadow_docs);
  }

  shadowJsonConstructReport(productId: string, deviceName: string, ...props: readonly Pick<TemplateProperty, 'key' | 'data' | 'type'>[]): JsonObject | undefined {
    return this.#shadow(productId, deviceName)?.constructReport(props);
  }

  shadowJsonConstructDesireAllNull(productId: string, deviceName: string): JsonObject | undefined {
    return this.#shadow(productId, deviceName)?.constructClear();
  }

  rrpcInit(productId: string, deviceName: string, callback: TopicCallback | null): Result {
    return handle(this.#rrpcs, keyOf(productId, deviceName), () => new Rrpc(this.routes, productId, deviceName)).init(callback);
  }

  /** Answers the request whose callback is running, else the oldest that waits; `processId` names another. */
  rrpcReply(productId: string, deviceName: string, reply: Publishable, _length?: number, processId?: string): Result | undefined {
    const found = this.#rrpcs.get(keyOf(productId, deviceName));
    if (found === undefined) this.noHandle('rrpcInit', productId, deviceName);
    return found?.reply(reply, processId);
  }

  broadcastInit(productId: string, deviceName: string, callback: TopicCallback | null): Result {
    return subscribe(this.routes, `$broadcast/rxd/${keyOf(productId, deviceName)}`, callback, 'broadcastCb');
  }

  /** @internal Tells that a device was not initialised. */
  protected noHandle(init: string, productId: string, deviceName: string): Result {
    this.routes.line.problem(new LianyunError('not-found', `${init}() was not called for ${keyOf(productId, deviceName)}.`, { device: keyOf(productId, deviceName) }));
    return [...NO_HANDLE] as Result;
  }

  #shadow(productId: string, deviceName: string): Shadow | undefined {
    const found = this.#shadows.get(keyOf(productId, deviceName));
    if (found === undefined) this.noHandle('shadowInit', productId, deviceName);
    return found;
  }

  /** @internal Whom a server of files is trusted by. */
  protected get downloadTls(): TlsOptions | undefined {
    const ca = this.file.caFile ?? this.#options.ca;
    return ca === undefined ? undefined : { ca };
  }

  #http(timeout: number, url: string | null): HttpSurroundings {
    return { isTls: this.#address.tls, url, ca: this.file.caFile ?? this.#options.ca, timeout, clock: this.routes.line.clock };
  }

  #lineOptions(): LineOptions {
    return lineOptionsOf(this.file, this.#address, { ...this.#options, credentials: (this.#credentials ??= signIn(this.file, this.routes.line.clock)) });
  }
}

/** Finds what a device was initialised with, or makes it. */
export function handle<T>(known: Map<string, T>, key: string, make: () => T): T {
  let found = known.get(key);
  if (found === undefined) known.set(key, (found = make()));
  return found;
}
