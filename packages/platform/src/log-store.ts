import type { DeviceRef } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';
import { instant } from './history.ts';
import { Recent } from './recent.ts';

/** A line of a device's log, as it came in. */
export interface LogLine {
  /** What it is about (Huawei: `DEVICE_STATUS`, …), or how grave it is (Tencent: `ERROR`, `WARN`, `INFO`, `DEBUG`). */
  readonly type: string;
  readonly content: string;
  /** When it was written, ms since 1970; left out: when it arrived. */
  readonly at?: number;
}

/** A line that is kept. */
export interface StoredLog extends Required<LogLine> {
  readonly device: DeviceRef;
  /** Ascends with arrival. */
  readonly serial: number;
}

/** Where a page ends: the next one begins behind it. */
export type LogMark = Pick<StoredLog, 'at' | 'serial'>;

/** Which lines are asked for; both instants inclusive, ms since 1970. */
export interface LogQuery {
  readonly cloud: Cloud;
  readonly device?: DeviceRef;
  /** Of all devices whose ids begin so. */
  readonly deviceBegins?: string;
  readonly from?: number;
  readonly to?: number;
  readonly type?: string;
  /** What a line has to contain, all of it. */
  readonly words?: readonly string[];
  readonly behind?: LogMark;
  readonly limit: number;
}

/** Lines, the youngest first. `isLast`: nothing is behind this page. */
export interface LogPage {
  readonly items: readonly StoredLog[];
  readonly isLast: boolean;
}

/** What devices sent of their logs. */
export interface LogStore {
  add(cloud: Cloud, device: DeviceRef, lines: readonly LogLine[], arrivedAt: number): void;
  list(query: LogQuery): LogPage;
  delete(cloud: Cloud, device: DeviceRef): void;
}

/** What is kept of a device; the oldest arrivals give way. */
export const LOGS_KEPT = { count: 1000, bytes: 1024 * 1024 };

/** The time of a line: its arrival where the device does not say. */
export const writtenAt = ({ at }: LogLine, arrivedAt: number): number => instant(at ?? arrivedAt, arrivedAt);

/** A log store that lives as long as the process. */
export class MemoryLogStore implements LogStore {
  readonly #lines = { huawei: new Map<DeviceRef, Recent<StoredLog>>(), tencent: new Map<DeviceRef, Recent<StoredLog>>() };
  #serial = 0;

  add(cloud: Cloud, device: DeviceRef, lines: readonly LogLine[], arrivedAt: number): void {
    const kept = this.#lines[cloud].get(device) ?? new Recent<StoredLog>(LOGS_KEPT);
    this.#lines[cloud].set(device, kept);
    for (const line of lines) kept.push({ device, type: line.type, content: line.content, at: writtenAt(line, arrivedAt), serial: ++this.#serial }, line.content.length);
  }

  list({ cloud, device, deviceBegins = '', from = -Infinity, to = Infinity, type, words = [], behind, limit }: LogQuery): LogPage {
    const found = [...this.#lines[cloud]]
      .filter(([each]) => (device === undefined || each === device) && each.startsWith(deviceBegins))
      .flatMap(([, kept]) => kept.items())
      .filter((line) => line.at >= from && line.at <= to && (type === undefined || line.type === type) && words.every((word) => line.content.includes(word)) && (behind === undefined || youngerFirst(behind, line) < 0))
      .sort(youngerFirst);
    return { items: found.slice(0, limit), isLast: found.length <= limit };
  }

  delete(cloud: Cloud, device: DeviceRef): void {
    this.#lines[cloud].delete(device);
  }
}

const youngerFirst = (a: LogMark, b: LogMark): number => b.at - a.at || b.serial - a.serial;
