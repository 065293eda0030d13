import { systemClock, type Clock, type LianyunError } from '@lianyun/protocol';
import { DeviceCore } from '../device.ts';
import type { Device } from '../index.ts';
import { ClientConf, readConfiguration, type ConnectAuthInfo } from './configuration.ts';
import { DeviceClient } from './device-client.ts';
import { FileManagerService } from './file-manager-service.ts';
import type { ConnectListener } from './listeners.ts';
import { OTAService } from './ota-service.ts';
import { Speaker } from './speaker.ts';
import { TimeSyncService } from './time-sync-service.ts';
import type { huawei } from '@lianyun/protocol';

/** What a lost network is told as; refusals are told as their CONNACK code. */
const NO_NETWORK = -1;
const DRAIN_MS = 2000;

/** A device on IoTDA, in the words of Huawei's own SDK (seed 1.1). */
export class IotDevice {
  readonly #auth: ConnectAuthInfo;
  readonly #core: DeviceCore;
  readonly #speaker: Speaker;
  readonly #client: DeviceClient;
  readonly #ota: OTAService;
  readonly #time: TimeSyncService;
  readonly #files: FileManagerService;
  /** Whether the platform wants the device's log: until it says otherwise. */
  #logs = true;
  readonly #connectListeners = new Set<ConnectListener>();
  #wasOnline = false;
  /** When the connection was lost that is made again. */
  #lostAt: number | undefined;

  /**
   * Makes a device; it connects when `connect()` is called. Throws `bad-config` naming the member that is wrong or missing.
   * @param clock time and chance, for tests.
   */
  constructor(clientConf: ClientConf | ConstructorParameters<typeof ClientConf>[0], { clock = systemClock }: { readonly clock?: Clock } = {}) {
    const conf = clientConf instanceof ClientConf ? clientConf : new ClientConf(clientConf);
    this.#auth = conf.connectAuthInfo;
    this.#core = new DeviceCore(readConfiguration(conf, clock));
    this.#speaker = new Speaker(this.#core, { qos: conf.mqttConnectConf.qos, clock });
    this.#client = new DeviceClient(this.#speaker);
    this.#ota = new OTAService(this.#speaker);
    this.#time = new TimeSyncService(this.#speaker);
    this.#files = new FileManagerService(this.#speaker);
    this.#core.peer.handle('log.config', ({ body: { on } }) => {
      this.#logs = on;
    });
    this.#core.on('online', () => this.#onOnline());
    this.#core.on('offline', ({ error }) => this.#onOffline(error));
  }

  /**
   * Connects and signs in (seed 2.1). Resolves once with the first outcome: 0 connected, 4 wrong secret or signature (the device gives up), another
   * CONNACK code, -1 no network, when it goes on trying in the background.
   */
  async connect(): Promise<number> {
    const core = this.#core;
    if (core.isOnline) return 0;
    const { promise, resolve } = Promise.withResolvers<number>();
    const onOnline = (): void => resolve(0);
    const onOffline = ({ error }: { readonly error: LianyunError }): void => resolve(numberOf(error));
    const onClosed = ({ error }: { readonly error: LianyunError | undefined }): void => resolve(error === undefined ? NO_NETWORK : numberOf(error));
    core.once('online', onOnline).once('offline', onOffline).once('closed', onClosed);
    core.connect({ deadlineMs: Number.MAX_SAFE_INTEGER }).catch((error: LianyunError) => resolve(numberOf(error)));
    try {
      const outcome = await promise;
      if (outcome !== 0 && !this.#auth.reconnectOnFailure) await core.close();
      return outcome;
    } finally {
      core.off('online', onOnline).off('offline', onOffline).off('closed', onClosed);
    }
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

  /** Disconnects and leaves nothing behind (seed 2.2); what waits is delivered for up to two seconds. */
  async destroy(): Promise<void> {
    await this.#core.close({ drainMs: this.#core.isOnline ? DRAIN_MS : 0 });
  }

  /** Hears of the connection from now on; returns what takes it back. */
  addConnectListener(listener: ConnectListener): () => void {
    this.#connectListeners.add(listener);
    return () => this.#connectListeners.delete(listener);
  }

  /** The device beneath, with receipts, `problem` events and all that this face has no words for. */
  get device(): Device<typeof huawei> {
    // The core of a Huawei device is what that type describes.
    return this.#core;
  }

  #onOnline(): void {
    const isAgain = this.#wasOnline;
    this.#wasOnline = true;
    this.#log(`connect complete, the uri is ${this.#auth.serverUri}`, this.#speaker.now());
    if (this.#lostAt !== undefined) this.#log('connect lost', this.#lostAt);
    this.#lostAt = undefined;
    if (this.#auth.autoReportDeviceInfo) this.#client.reportDeviceInfo();
    for (const listener of this.#connectListeners) this.#speaker.call('ConnectListener.connectComplete', () => listener.connectComplete(isAgain, this.#auth.serverUri));
  }

  /** What the platform shows as the device's log, until it switches that off (Huawei 5.6). */
  #log(content: string, at: number): void {
    if (this.#logs) this.#speaker.send('log.report', { type: 'DEVICE_STATUS', content, at }, undefined, { at: this.#speaker.now(), hold: 'live' });
  }

  #onOffline(error: LianyunError): void {
    if (!this.#wasOnline) return;
    this.#lostAt ??= this.#speaker.now();
    for (const listener of this.#connectListeners) this.#speaker.call('ConnectListener.connectionLost', () => listener.connectionLost(error.message));
    if (!this.#auth.reconnectOnFailure) void this.#core.close();
  }
}

/** The CONNACK code of a refusal (Huawei 1.6), -1 for anything else. */
const numberOf = ({ place: { number } }: LianyunError): number => number ?? NO_NETWORK;
