import type { ActionListener } from './listeners.ts';
import type { Speaker } from './speaker.ts';

/** The device's log, which the platform switches on and off (Huawei 5.6). Connects and losses the SDK tells by itself. */
export class DeviceLogService {
  readonly #speaker: Speaker;

  /** @internal */
  constructor(speaker: Speaker) {
    this.#speaker = speaker;
    // The platform may say so before anybody asks.
    void speaker.core.logs;
  }

  /** Whether the platform wants logs now: on until it says otherwise, and until the end that it named. */
  canReportLog(): boolean {
    return this.#speaker.core.logs.config.on;
  }

  /** Until when the platform wants logs, `yyyy-MM-dd'T'HH:mm:ss.SSS'Z'`; undefined: until it says otherwise. */
  get endTime(): string | undefined {
    const { until } = this.#speaker.core.logs.config;
    return until === undefined ? undefined : new Date(until).toISOString();
  }

  /**
   * Sends a line of the log. While the platform wants none it is not sent, and the listener hears `switched-off`.
   * @param timestamp when it was written: ms since 1970, as a number or as text.
   * @param logType `DEVICE_STATUS`, `DEVICE_PROPERTY`, `DEVICE_MESSAGE` or `DEVICE_COMMAND`.
   */
  reportDeviceLog(timestamp: string | number, logType: string, content: string, listener?: ActionListener | null): void {
    const at = typeof timestamp === 'string' && timestamp.trim() === '' ? Number.NaN : Number(timestamp);
    this.#speaker.tell(this.#speaker.core.logs.report({ type: logType, content, at }), listener);
  }
}
