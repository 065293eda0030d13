import { isLianyunError, LianyunError, systemClock, type Clock } from '@lianyun/protocol';
import { DeviceCore } from '../device.ts';
import type { RulesService } from '../services/rules.ts';
import type { Device } from '../index.ts';
import type { AbstractService, ServiceOwner } from './abstract-service.ts';
import { ConnectListeners } from './connect-listeners.ts';
import { ClientConf, ConnectAuthInfo, isBootstrap, readConfiguration, rulesOf } from './configuration.ts';
import { DeviceEvent, type ServiceProperty } from './data.ts';
import { ConnectionLog } from './connection-log.ts';
import { DeviceClient } from './device-client.ts';
import { DeviceLogService } from './device-log-service.ts';
import { FileManagerService } from './file-manager-service.ts';
import type { ConnectListener } from './listeners.ts';
import { OTAService } from './ota-service.ts';
import { Bootstrap } from './provisioning.ts';
import { Services } from './services.ts';
import { Speaker } from './speaker.ts';
import { TimeSyncService } from './time-sync-service.ts';
import type { huawei } from '@lianyun/protocol';

/** What a lost network is told as; refusals are told as their CONNACK code. */
const NO_NETWORK = -1;
const DRAIN_MS = 2000;

/** A device on IoTDA, in the words of Huawei's own SDK (seed 1.1). */
export class IotDevice implements ServiceOwner {
  readonly #auth: ConnectAuthInfo;
  readonly #core: DeviceCore;
  readonly #speaker: Speaker;
  readonly #services: Services;
  readonly #bootstrap: Bootstrap | undefined;
  /** The host that it connects to. */
  #serverUri: string;
  readonly #client: DeviceClient;
  readonly #ota: OTAService;
  readonly #time: TimeSyncService;
  readonly #files: FileManagerService;
  readonly #logs: DeviceLogService;
  readonly #connectionLog: ConnectionLog;
  readonly #connection: ConnectListeners;
  #wasOnline = false;
  /** Whether the loss of the connection was told. */
  #isLost = false;
  #listens = false;

  /**
   * Makes a device; it connects when `connect()` is called. Throws `bad-config` naming the member that is wrong or missing.
   * @param clock time and chance, for tests.
   */
  constructor(clientConf: ClientConf | ConstructorParameters<typeof ClientConf>[0], { clock = systemClock }: { readonly clock?: Clock } = {}) {
    const conf = clientConf instanceof ClientConf ? clientConf : new ClientConf(clientConf);
    this.#auth = conf.connectAuthInfo;
    this.#core = new DeviceCore(readConfiguration(conf, clock));
    this.#speaker = new Speaker(this.#core, { qos: conf.mqttConnectConf.qos, clock });
    this.#services = new Services(this.#speaker, this);
    this.#connection = new ConnectListeners(this.#speaker);
    this.#client = new DeviceClient(this.#speaker, { services: this.#services, connection: this.#connection, rules: rulesOf(this.#auth) });
    this.#bootstrap = isBootstrap(this.#auth) ? new Bootstrap({ core: this.#core, conf, clock }) : undefined;
    this.#serverUri = this.#auth.serverUri;
    this.#ota = new OTAService(this.#speaker);
    this.#time = new TimeSyncService(this.#speaker);
    this.#files = new FileManagerService(this.#speaker);
    this.#logs = new DeviceLogService(this.#speaker);
    this.#connectionLog = new ConnectionLog(this.#speaker);
    this.#core.on('online', () => this.#onOnline());
    this.#core.on('offline', ({ error }) => this.#onOffline(error));
    this.#core.on('closed', ({ error }) => {
      // A program that ends its connection hears that it ended, too.
      if (this.#wasOnline && !this.#isLost) this.#connection.lost(error?.message ?? 'the device was closed');
    });
  }

  /** A device that signs in with its secret. @param iotCertFile the platform's authority, a PEM file; needed for port 8883. */
  // The vendor's own parameters.
  // eslint-disable-next-line @typescript-eslint/max-params
  static createBySecret(serverUri: string, port: number, deviceId: string, secret: string, iotCertFile?: string | null): IotDevice {
    return new IotDevice(new ClientConf({ connectAuthInfo: { serverUri, port, id: deviceId, secret, iotCertPath: iotCertFile ?? undefined } }));
  }

  /** A device that signs in with its certificate. All files are PEM. */
  // The vendor's own parameters.
  // eslint-disable-next-line @typescript-eslint/max-params
  static createByCertificate(serverUri: string, port: number, deviceId: string, certPath: string, keyPath: string, iotCertFile: string): IotDevice {
    return new IotDevice(new ClientConf({ connectAuthInfo: { serverUri, port, id: deviceId, authType: ConnectAuthInfo.X509_AUTH, certPath, keyPath, iotCertPath: iotCertFile } }));
  }

  /**
   * Connects and signs in (seed 2.1). Resolves once with the first outcome: 0 connected, 4 wrong secret or signature, another
   * CONNACK code (3: the server is not available), -1 no network. After 3 and -1 it goes on trying in the background; the others end the attempts. With `bsMode` it asks the bootstrap server first where to connect, once; when that
   * fails, which a problem of the device tells in words, it does not go on by itself.
   */
  async connect(): Promise<number> {
    const [outcome, error] = await this.#connect();
    this.#connection.ended(outcome, error);
    return outcome;
  }

  /** Properties, commands, messages, events, shadow and information (seed 2.2). */
  getClient(): DeviceClient {
    return this.#client;
  }

  /** Upgrades (seed 2.2). */
  getOtaService(): OTAService {
    return this.#ota;
  }

  /** The platform's time (seed 2.2). */
  getTimeSyncService(): TimeSyncService {
    return this.#time;
  }

  /** Files in object storage (seed 2.2). */
  getFileManagerService(): FileManagerService {
    return this.#files;
  }

  /** The device's log, as far as the platform wants it (Huawei 5.6). */
  getDeviceLogService(): DeviceLogService {
    return this.#logs;
  }

  /** The rules that the device runs itself, where the configuration wants them (`enableRuleManage`). */
  getRuleManageService(): RulesService {
    return this.#core.rules;
  }

  /** The device's id. */
  getDeviceId(): string {
    return this.#core.id;
  }

  /**
   * Adds a service of the product model: its properties are read and set and its commands called through it, as long as there is no listener for them.
   * Throws `bad-input`.
   */
  addService(serviceId: string, deviceService: AbstractService): void {
    this.listenToEvents();
    this.#services.add(serviceId, deviceService);
  }

  /** A service that was added; undefined when there is none of that id. */
  getService(serviceId: string): AbstractService | undefined {
    return this.#services.get(serviceId);
  }

  /** Reports properties of a service. @param properties names of the model; empty: all. */
  firePropertiesChanged(serviceId: string, properties: readonly string[]): void {
    this.#fire([serviceId], properties, undefined);
  }

  /** Reports all properties of some services in one message. */
  fireServicesChanged(serviceIds: readonly string[]): void {
    this.#fire(serviceIds, [], new Date(this.#speaker.now()).toISOString());
  }

  /** Disconnects and leaves nothing behind (seed 2.2); what waits is delivered for up to two seconds. */
  async destroy(): Promise<void> {
    this.#bootstrap?.stop();
    this.#services.stop();
    await this.#core.close({ drainMs: this.#core.isOnline ? DRAIN_MS : 0 });
  }

  /** Hears of the connection from now on; returns what takes it back. */
  addConnectListener(listener: ConnectListener): () => void {
    return this.#connection.add(listener);
  }

  /** The device beneath, with receipts, `problem` events and all that this face has no words for. */
  get device(): Device<typeof huawei> {
    // The core of a Huawei device is what that type describes.
    return this.#core;
  }

  /** What a subclass of this face speaks through. @internal */
  protected get speaker(): Speaker {
    return this.#speaker;
  }

  /** An event that no other service of the platform's own takes. @internal */
  onOwnEvent(event: DeviceEvent): void {
    const service = this.#services.get(event.serviceId);
    if (service === undefined) return this.#core.onProblem(new LianyunError('unknown-message', `An event ${event.eventType} of ${event.serviceId} arrived, and no such service was added.`, { device: this.#core.id }));
    this.#speaker.call(`${event.serviceId}.onEvent`, () => service.onEvent(event));
  }

  /** From now on events of the platform are this device's own services'. @internal */
  protected listenToEvents(): void {
    if (this.#listens) return;
    this.#listens = true;
    this.#core.peer.handle('event.notify', ({ body }) => {
      for (const { service = '', name, id, at, params } of body.events) {
        this.onOwnEvent(new DeviceEvent({ serviceId: service, eventType: name, eventTime: at === undefined ? undefined : new Date(at).toISOString(), eventId: id, paras: params }));
      }
    });
  }

  async #connect(): Promise<readonly [outcome: number, error?: LianyunError]> {
    const core = this.#core;
    if (core.isOnline) return [0];
    try {
      this.#serverUri = (await this.#bootstrap?.ask()) ?? this.#serverUri;
    } catch (error) {
      if (!isLianyunError(error)) return [NO_NETWORK];
      return [error.code === 'refused' ? NO_NETWORK : numberOf(error), error];
    }
    const { promise, resolve } = Promise.withResolvers<readonly [number, LianyunError?]>();
    const onOnline = (): void => resolve([0]);
    const onEnd = ({ error }: { readonly error: LianyunError | undefined }): void => resolve(error === undefined ? [NO_NETWORK] : [numberOf(error), error]);
    core.once('online', onOnline).once('offline', onEnd).once('closed', onEnd);
    core.connect({ deadlineMs: Number.MAX_SAFE_INTEGER }).catch((error: LianyunError) => resolve([numberOf(error), error]));
    try {
      const outcome = await promise;
      if (outcome[0] !== 0 && !this.#auth.reconnectOnFailure) await core.close();
      return outcome;
    } finally {
      core.off('online', onOnline).off('offline', onEnd).off('closed', onEnd);
    }
  }

  #fire(serviceIds: readonly string[], properties: readonly string[], eventTime: string | undefined): void {
    for (const id of serviceIds.filter((each) => this.#services.get(each) === undefined)) {
      this.#core.onProblem(new LianyunError('bad-input', `There is no service ${id} to report: add it with addService().`, { device: this.#core.id }));
    }
    const report = (values: readonly ServiceProperty[]): void => {
      if (values.length > 0) this.#client.reportProperties(values);
    };
    const values = this.#services.read(serviceIds, properties, eventTime);
    if (values instanceof Promise) this.#speaker.call('A service', () => values.then(report));
    else report(values);
  }

  #onOnline(): void {
    const isAgain = this.#wasOnline;
    this.#wasOnline = true;
    this.#isLost = false;
    this.#connectionLog.connected(this.#serverUri);
    if (this.#auth.autoReportDeviceInfo) this.#client.reportDeviceInfo();
    this.#connection.connected(isAgain, this.#serverUri);
  }

  #onOffline(error: LianyunError): void {
    // A refusal is no fault of the network: the program that called connect() knows its number.
    const isAttempt = !this.#wasOnline || this.#isLost;
    if (isAttempt && error.place.number === undefined) this.#connectionLog.failed(error.message);
    if (isAttempt) return;
    this.#isLost = true;
    this.#connectionLog.lost();
    this.#connection.lost(error.message);
    if (!this.#auth.reconnectOnFailure) void this.#core.close();
  }

}

/** The CONNACK code of a refusal (Huawei 1.6), -1 for anything else. */
const numberOf = ({ place: { number } }: LianyunError): number => number ?? NO_NETWORK;
