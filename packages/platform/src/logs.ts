import { isLianyunError, LianyunError, type Clock, type DeviceRef, type Peer, type Vocabulary } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';
import type { Downlink } from './downlink.ts';
import type { LogLine, LogPage, LogQuery } from './log-store.ts';
import type { Registry } from './registry.ts';
import type { Storage } from './storage/storage.ts';

/** Which logs a device is to send: Huawei switches them on, until a time; Tencent has levels from 0 (none) over 1 (error) to 4 (debug). */
export type LogConfig = Vocabulary['log.config'];

/** A line of a device's log, as it comes in. `at` is ms since 1970, as the device has it; left out, the device does not say. */
export interface LogEntry extends LogLine {
  readonly cloud: Cloud;
  readonly device: DeviceRef;
}

interface DeviceLogsOptions {
  readonly peers: Readonly<Record<Cloud, Pick<Peer, 'handle' | 'send'>>>;
  readonly storage: Pick<Storage, 'logs'>;
  readonly registry: Registry;
  readonly downlink: Pick<Downlink, 'route'>;
  readonly clock: Clock;
  onLog(entry: LogEntry): void;
  problem(problem: LianyunError): void;
}

const LEVELS = 4;

/** The logs that devices send, to Huawei over MQTT and to Tencent over HTTP, and what both clouds ask them for (Huawei 5.6, Tencent 7.6). */
export class DeviceLogs {
  readonly #options: DeviceLogsOptions;

  constructor(options: DeviceLogsOptions) {
    const { peers: { huawei, tencent }, registry } = options;
    this.#options = options;
    huawei.handle('log.report', ({ device, body }) => this.take('huawei', device, [body]));
    tencent.handle('log.query', ({ device }) => registry.device('tencent', device).logs ?? { on: false, level: 0 });
  }

  /** Takes in what a device sent. */
  take(cloud: Cloud, device: DeviceRef, lines: readonly LogLine[]): void {
    const { storage, clock, onLog } = this.#options;
    storage.logs.add(cloud, device, lines, clock.now());
    for (const line of lines) onLog({ ...line, cloud, device });
  }

  /** What devices sent, the youngest first: the last 1000 lines of each, up to 1 MiB, for as long as history is kept. */
  list(query: LogQuery): LogPage {
    return this.#options.storage.logs.list(query);
  }

  /**
   * Says which logs a device is to send. It is told now if it can be reached; a Huawei device also whenever it connects, a Tencent device when it
   * asks. Fails with `not-found`, and with `bad-input` for a level that there is not.
   */
  configure(cloud: Cloud, device: DeviceRef, { on, until, level }: LogConfig): void {
    const { registry } = this.#options;
    if (cloud === 'tencent' && (level === undefined || !Number.isInteger(level) || level < 0 || level > LEVELS)) throw new LianyunError('bad-input', `The log level of ${device} must be 0 to ${LEVELS}.`, { device, path: 'level' });
    const config = cloud === 'tencent' ? { on: level !== 0, ...(level === undefined ? {} : { level }) } : { on, ...(until === undefined ? {} : { until }) };
    registry.updateDevice(cloud, device, { logs: config });
    this.#tell(cloud, device, config);
  }

  /** A Huawei device connected, by itself or through its gateway. */
  cameOnline(device: DeviceRef): void {
    const config = this.#options.registry.findDevice('huawei', device)?.logs;
    if (config !== undefined) this.#tell('huawei', device, config);
  }

  #tell(cloud: Cloud, device: DeviceRef, config: LogConfig): void {
    const { peers, downlink, clock, problem } = this.#options;
    const via = downlink.route(cloud, device);
    // What was to be sent for a time only is over.
    if (via === undefined || (config.on && config.until !== undefined && config.until <= clock.now())) return;
    peers[cloud].send('log.config', { device, via, at: clock.now(), body: config }).delivered.catch((error: unknown) => {
      // It asks when it wants to know, or is told when it connects.
      if (isLianyunError(error, 'offline') || isLianyunError(error, 'unsupported')) return;
      problem(isLianyunError(error) ? error : new LianyunError('handler-failed', `${device} was not told which logs to send: ${String(error)}`, { device, cause: error }));
    });
  }
}
