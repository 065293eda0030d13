import { parseExact, stringifyExact, type DeviceRef, type PropertyGroup } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';
import { isWithin, pageOf, samplesOf, type History, type HistoryPage, type HistoryPoint, type HistoryQuery } from './history.ts';
import { TextRing } from './text-ring.ts';

const MIB = 1_048_576;

/**
 * A history that lives as long as the process and keeps the last `limit` reports of all devices together, fewer when they take more than
 * about `maxBytes`. A report is kept as it came and taken apart when it is asked for, since most never are.
 */
export class MemoryHistory implements History {
  readonly #limit: number;
  readonly #reports: TextRing;
  // At the number of a report modulo the limit: when it came, and the number of the one before it of the same device.
  readonly #arrivals: Float64Array;
  readonly #previous: Float64Array;
  /** The number of each device's last report. */
  readonly #last = { huawei: new Map<DeviceRef, number>(), tencent: new Map<DeviceRef, number>() };

  constructor({ limit = 20_000, maxBytes = 64 * MIB }: { readonly limit?: number; readonly maxBytes?: number } = {}) {
    this.#limit = limit;
    this.#reports = new TextRing({ limit, maxBytes });
    this.#arrivals = new Float64Array(limit);
    this.#previous = new Float64Array(limit);
  }

  add(cloud: Cloud, device: DeviceRef, groups: readonly PropertyGroup[], arrivedAt: number): void {
    const last = this.#last[cloud];
    const id = this.#reports.push(stringifyExact(groups));
    this.#arrivals[id % this.#limit] = arrivedAt;
    this.#previous[id % this.#limit] = last.get(device) ?? 0;
    last.set(device, id);
  }

  delete(cloud: Cloud, device: DeviceRef): void {
    this.#last[cloud].delete(device);
  }

  query(query: HistoryQuery): HistoryPage {
    const { cloud, device, service: wanted = '', property } = query;
    const points: HistoryPoint[] = [];
    let id = this.#last[cloud].get(device) ?? 0;
    for (let text = this.#reports.get(id); text !== undefined; text = this.#reports.get(id)) {
      // Written by add().
      for (const { service, at, values } of samplesOf(parseExact(text) as PropertyGroup[], this.#arrivals[id % this.#limit] ?? 0)) {
        const value = Object.hasOwn(values, property) ? values[property] : undefined;
        if (service === wanted && value !== undefined && isWithin({ at, id }, query)) points.push({ at, id, value });
      }
      id = this.#previous[id % this.#limit] ?? 0;
    }
    return pageOf(points, query);
  }
}
