import { isLianyunError, LianyunError, type Clock, type DeviceRef, type Peer, type Vocabulary } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';
import type { Downlink } from './downlink.ts';
import { Recent } from './recent.ts';
import type { Registry } from './registry.ts';

/** Which logs a device is to send: Huawei switches them on, until a time; Tencent has levels from 0 (none) over 1 (error) to 4 (debug). */
export type LogConfig = Vocabulary['log.config'];

/** A piece of a device's log. `at` is ms since 1970, as the device has it. */
export interface LogEntry extends Readonly<Vocabulary['log.report']> {
  readonly device: DeviceRef;
}

interface DeviceLogsOptions {
  readonly peers: Readonly<Record<Cloud, Pick<Peer, 'handle' | 'send'>>>;
  readonly registry: Registry;
  readonly downlink: Pick<Downlink, 'route'>;
  readonly clock: Clock;
  onLog(entry: LogEntry): void;
  problem(problem: LianyunError): void;
}

/** What is kept of a device's log; the oldest gives way. */
const KEPT = { count: 200, bytes: 1024 * 1024 };
const LEVELS = 4;

/** The logs that devices send to Huawei's cloud, and what both clouds ask them for (Huawei 5.6, Tencent 7.6). */
export class DeviceLogs {
  readonly #options: DeviceLogsOptions;
  readonly #logs = new Map<DeviceRef, Recent<LogEntry>>();

  constructor(options: DeviceLogsOptions) {
    const { peers: { huawei, tencent }, registry, onLog } = options;
    this.#options = options;
    huawei.handle('log.report', ({ device, body }) => {
      const entry: LogEntry = { ...body, device };
      const log = this.#logs.get(device) ?? new Recent<LogEntry>(KEPT);
      this.#logs.set(device, log);
      log.push(entry, body.content.length);
      onLog(entry);
    });
    tencent.handle('log.query', ({ device }) => registry.device('tencent', device).logs ?? { on: false, level: 0 });
  }

  /** What a Huawei device sent lately, the oldest first. */
  list(device: DeviceRef): readonly LogEntry[] {
    return this.#logs.get(device)?.items() ?? [];
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

  /** A Huawei device connected. */
  cameOnline(device: DeviceRef): void {
    const config = this.#options.registry.findDevice('huawei', device)?.logs;
    if (config !== undefined) this.#tell('huawei', device, config);
  }

  /** A device is no more. */
  forget(device: DeviceRef): void {
    this.#logs.delete(device);
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
