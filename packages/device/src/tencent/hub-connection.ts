import { LianyunError, systemClock, tencent, type JsonObject, type MqttCredentials } from '@lianyun/protocol';
import { isTopicName } from '@lianyun/protocol/mqtt';
import type { Device } from '../index.ts';
import type { TlsOptions } from '../net/tls-options.ts';
import { lineOptionsOf, signIn, type Address, type HubOptions } from './address.ts';
import { isRegistered, readDeviceFile, type DeviceFile } from './configuration.ts';
import { StateError, ValueError } from './errors.ts';
import { Ntp } from './hub-services.ts';
import type { LineOptions, MqttCallbacks } from './line.ts';
import { Logger, LoggerLevel } from './log.ts';
import { publish, register, type HttpSurroundings } from './over-http.ts';
import { Routes } from './routes.ts';
import { isFilter, qosOf, selected, unselected, type TopicSelection } from './selection.ts';
import { keyOf, NO_HANDLE, type HubState, type Publishable, type Result, type TopicCallback } from './words.ts';

/** What the vendor's constructors take, in whichever order. */
interface Given extends Address {
  readonly device_file: string;
  readonly userdata: unknown;
  readonly options: HubOptions;
}

/** The connection of a device on Tencent's cloud, and what it asks over HTTP (reference 6.1, 6.5). */
export class HubConnection implements AsyncDisposable {
  /** @internal */
  protected readonly routes: Routes;
  /** @internal */
  protected file: DeviceFile;
  readonly #options: HubOptions;
  readonly #address: Address;
  readonly #ntp: Ntp;
  #credentials: MqttCredentials | undefined;

  /** @internal */
  protected constructor({ device_file: path, userdata, options, tls, domain, useWebsocket }: Given) {
    this.#options = options;
    this.#address = { tls, domain, useWebsocket };
    this.routes = new Routes({ clock: options.clock ?? systemClock, userdata });
    this.file = readDeviceFile(path);
    this.#ntp = new Ntp(this.routes, keyOf(this.file.productId, this.file.deviceName));
    if (isRegistered(this.file)) this.routes.line.check(this.#lineOptions());
  }

  /** The levels of a log, as `te.LoggerLevel.DEBUG` names them in the vendor's programs. */
  get LoggerLevel(): typeof LoggerLevel {
    return LoggerLevel;
  }

  /** Begins to connect: 0, or 1 when that was done before. `on_connect` tells of the connection; without one the device goes on trying. */
  connect(): 0 | 1 {
    if (!isRegistered(this.file)) throw new StateError(`${this.file.path} holds no ${this.file.isCertificate ? 'certificate (devCertFile and devPrivateKeyFile)' : 'device secret'}: fill it in, or call dynregDevice() first.`);
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
    return this.routes.subscribe(selected(topic, qos));
  }

  unsubscribe(topic: string | readonly string[]): Result {
    this.routes.line.online();
    return this.routes.unsubscribe(unselected(topic));
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

  /** The vendor's other name of {@link registerMqttCallback}, in its samples over HTTP. */
  httpCallback(
    on_connect?: MqttCallbacks['on_connect'],
    on_disconnect?: MqttCallbacks['on_disconnect'],
    on_message?: MqttCallbacks['on_message'],
    on_publish?: MqttCallbacks['on_publish'],
    on_subscribe?: MqttCallbacks['on_subscribe'],
    on_unsubscribe?: MqttCallbacks['on_unsubscribe'],
    on_refused?: MqttCallbacks['on_refused'],
  ): void {
    this.registerMqttCallback(on_connect, on_disconnect, on_message, on_publish, on_subscribe, on_unsubscribe, on_refused);
  }

  /** Registers what takes the messages of a topic; null takes it back. `on_message` gets those of the others. */
  registerUserCallback(topic: string, callback: TopicCallback | null): void {
    if (!isFilter(topic)) throw new ValueError('Invalid topic: text is expected, not empty.');
    this.routes.callback(topic, callback);
  }

  isMqttConnected(): boolean {
    return this.routes.line.isConnected;
  }

  /** The vendor's other name of {@link isMqttConnected}: requests over HTTP need no connection. */
  isHttpConnected(): boolean {
    return this.isMqttConnected();
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

  /**
   * The device of `lianyun` beneath, for what the vendor's SDK has no method for: `remoteConfig`, `messages.withCodec()`, `rpc`, `binding`, `logs`, `resources.onOffer()` and all else. It uses the same
   * connection; what a method of this class has subscribed stays with that. It is a new one after each `connect()` that follows a `disconnect()`. Throws {@link StateError} before `connect()`.
   */
  get device(): Device<typeof tencent> {
    // The core of a Tencent device is what that type describes.
    return this.routes.line.core as Device<typeof tencent>;
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
  async httpDevice(topicName: string | null = null, payload: Publishable = null, qos: number = 0, timeout = 10, httpDomain: string | null = null): Promise<[rc: number, answer: JsonObject | string]> {
    return publish(this.file, { topic: topicName, payload, qos: qosOf(qos) }, this.#http(timeout, httpDomain));
  }

  /** @internal Tells that a device was not initialised. */
  protected noHandle(init: string, productId: string, deviceName: string): Result {
    this.routes.line.problem(new LianyunError('not-found', `${init}() was not called for ${keyOf(productId, deviceName)}.`, { device: keyOf(productId, deviceName) }));
    return [...NO_HANDLE] as Result;
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
