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
