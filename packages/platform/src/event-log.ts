import { stringifyExact, type DeviceEvent, type DeviceRef } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';
import { instant } from './history.ts';
import { Recent } from './recent.ts';

/** An event that a device told. */
export interface StoredEvent extends DeviceEvent {
  /** When it happened; the arrival where the device does not say. */
  readonly at: number;
  /** Ascends with arrival. */
  readonly serial: number;
}

/** Where a page ends: the next one begins behind it. */
export interface EventMark {
  readonly at: number;
  readonly serial: number;
}

/** Which events are asked for; both instants inclusive, ms since 1970. */
export interface EventQuery {
  readonly from: number;
  readonly to: number;
  readonly name?: string;
  readonly severity?: DeviceEvent['severity'];
  readonly behind?: EventMark;
  readonly limit: number;
}

/** Events, the youngest first. `total` counts all pages, `isLast` says that nothing is behind this one. */
export interface EventPage {
  readonly items: readonly StoredEvent[];
  readonly total: number;
  readonly isLast: boolean;
}

/** What devices told of events. */
export interface EventLog {
  add(cloud: Cloud, device: DeviceRef, events: readonly DeviceEvent[], arrivedAt: number): void;
  list(cloud: Cloud, device: DeviceRef, query: EventQuery): EventPage;
  delete(cloud: Cloud, device: DeviceRef): void;
}

/** What is kept for a device; the oldest arrivals give way. */
export const EVENTS_KEPT = { count: 1000, bytes: 1024 * 1024 };

/** An event with its time: the arrival where the device does not say. */
export function toStored(event: DeviceEvent, arrivedAt: number): Omit<StoredEvent, 'serial'> {
  return { ...event, at: instant(event.at ?? arrivedAt, arrivedAt) };
}

/** An event log that lives as long as the process. */
export class MemoryEventLog implements EventLog {
  readonly #events = { huawei: new Map<DeviceRef, Recent<StoredEvent>>(), tencent: new Map<DeviceRef, Recent<StoredEvent>>() };
  #serial = 0;

  add(cloud: Cloud, device: DeviceRef, events: readonly DeviceEvent[], arrivedAt: number): void {
    const log = this.#events[cloud].get(device) ?? new Recent<StoredEvent>(EVENTS_KEPT);
    this.#events[cloud].set(device, log);
    for (const event of events) log.push({ ...toStored(event, arrivedAt), serial: ++this.#serial }, stringifyExact(event.params).length);
  }

  list(cloud: Cloud, device: DeviceRef, { from, to, name, severity, behind, limit }: EventQuery): EventPage {
    const all = (this.#events[cloud].get(device)?.items() ?? [])
      .filter((event) => event.at >= from && event.at <= to && (name === undefined || event.name === name) && (severity === undefined || event.severity === severity))
      .sort(youngerFirst);
    const rest = behind === undefined ? all : all.filter((event) => youngerFirst(behind, event) < 0);
    return { items: rest.slice(0, limit), total: all.length, isLast: rest.length <= limit };
  }

  delete(cloud: Cloud, device: DeviceRef): void {
    this.#events[cloud].delete(device);
  }
}

function youngerFirst(a: EventMark, b: EventMark): number {
  return b.at - a.at || b.serial - a.serial;
}
