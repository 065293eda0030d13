import { mergeOwn, type DeviceRef, type JsonObject, type JsonValue, type PropertyGroup } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';

/** A place in a history: a time, and the number of the report among those of the same time. */
export interface HistoryPlace {
  /** When the value was taken, ms since 1970. */
  readonly at: number;
  /** The number of the report that brought it; ascends with arrival. */
  readonly id: number;
}

/** A value that a device reported. */
export interface HistoryPoint extends HistoryPlace {
  readonly value: JsonValue;
}

/** Which values of one property: taken from `from` to `to`, both included, and before the place `before`; the latest `limit` of them. */
export interface HistoryQuery {
  readonly cloud: Cloud;
  readonly device: DeviceRef;
  readonly service?: string;
  readonly property: string;
  readonly from: number;
  readonly to: number;
  readonly before?: HistoryPlace;
  readonly limit: number;
}

/** Values, the latest first. `next`: there are more, before this place. */
export interface HistoryPage {
  readonly points: readonly HistoryPoint[];
  readonly next?: HistoryPlace;
}

/** What devices reported, property by property. */
export interface History {
  query(query: HistoryQuery): HistoryPage;
}

/** How long values are kept unless said otherwise. */
export const HISTORY_DAYS = 30;
export const DAY_MS = 86_400_000;

/** The latest instant that a Date can hold: what a device says goes no further. */
const LAST_INSTANT = 8.64e15;

/** What one report says of one service at one time. */
export interface Sample {
  /** '' for the one without a name. */
  readonly service: string;
  readonly at: number;
  readonly values: JsonObject;
}

/** Takes a report apart by service and time; of what it says twice of one time, the later counts. */
export function samplesOf(groups: readonly PropertyGroup[], arrivedAt: number): readonly Sample[] {
  const samples = groups.map(({ service = '', at = arrivedAt, values }): Sample => ({ service, at: instant(at, arrivedAt), values }));
  if (samples.length < 2) return samples;
  const merged = new Map<string, Sample>();
  for (const sample of samples) {
    const key = `${sample.at} ${sample.service}`;
    const first = merged.get(key);
    merged.set(key, first === undefined ? sample : { ...sample, values: mergeOwn([first.values, sample.values]) });
  }
  return [...merged.values()];
}

/** An instant that can be written down: `otherwise` for what is no number. */
export function instant(at: number, otherwise: number): number {
  return Number.isFinite(at) ? Math.trunc(Math.min(Math.max(at, -LAST_INSTANT), LAST_INSTANT)) : otherwise;
}

/** Whether a point belongs to what is asked for, its page left aside. */
export function isWithin({ at, id }: HistoryPlace, { from, to, before }: HistoryQuery): boolean {
  return at >= from && at <= to && (before === undefined || at < before.at || (at === before.at && id < before.id));
}

/** Makes the page of points that may be more than it takes, in any order. */
export function pageOf(points: HistoryPoint[], { limit }: HistoryQuery): HistoryPage {
  points.sort((a, b) => b.at - a.at || b.id - a.id);
  if (points.length <= limit) return { points };
  const shown = points.slice(0, limit);
  const last = shown.at(-1);
  return last === undefined ? { points: shown } : { points: shown, next: { at: last.at, id: last.id } };
}

/** What a device said at once, as it came: taken apart when it is asked for, since most of it never is. */
interface Report {
  readonly groups: readonly PropertyGroup[];
  readonly arrivedAt: number;
  readonly id: number;
}

/** The reports of one device, in the order of their arrival. */
interface Reports {
  list: Report[];
  /** How many of the first are dropped already. */
  dropped: number;
}

/** Below this many, dropped reports may stay in a list. */
const COMPACT_FROM = 64;

/** A history that lives as long as the process and keeps the last `limit` reports of all devices together. */
export class MemoryHistory implements History {
  readonly #limit: number;
  readonly #devices = { huawei: new Map<DeviceRef, Reports>(), tencent: new Map<DeviceRef, Reports>() };
  /** Whose report each one is, in the order of arrival, round and round. */
  readonly #order: Reports[] = [];
  #turn = 0;
  #id = 0;

  constructor({ limit = 20_000 }: { readonly limit?: number } = {}) {
    this.#limit = limit;
  }

  add(cloud: Cloud, device: DeviceRef, groups: readonly PropertyGroup[], arrivedAt: number): void {
    let reports = this.#devices[cloud].get(device);
    if (reports === undefined) this.#devices[cloud].set(device, (reports = { list: [], dropped: 0 }));
    reports.list.push({ groups, arrivedAt, id: ++this.#id });
    const oldest = this.#order[this.#turn];
    if (oldest !== undefined) drop(oldest);
    this.#order[this.#turn] = reports;
    this.#turn = (this.#turn + 1) % this.#limit;
  }

  delete(cloud: Cloud, device: DeviceRef): void {
    this.#devices[cloud].delete(device);
  }

  query(query: HistoryQuery): HistoryPage {
    const { cloud, device, service: wanted = '', property } = query;
    const reports = this.#devices[cloud].get(device);
    const points: HistoryPoint[] = [];
    for (const { groups, arrivedAt, id } of reports?.list.slice(reports.dropped) ?? []) {
      for (const { service, at, values } of samplesOf(groups, arrivedAt)) {
        const value = Object.hasOwn(values, property) ? values[property] : undefined;
        if (service === wanted && value !== undefined && isWithin({ at, id }, query)) points.push({ at, id, value });
      }
    }
    return pageOf(points, query);
  }
}

function drop(reports: Reports): void {
  reports.dropped++;
  if (reports.dropped < COMPACT_FROM || reports.dropped * 2 < reports.list.length) return;
  reports.list = reports.list.slice(reports.dropped);
  reports.dropped = 0;
}
