import { parseExact, stringifyExact, type DeviceRef, type PropertyGroup } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';
import { isWithin, pageOf, samplesOf, type History, type HistoryPage, type HistoryPoint, type HistoryQuery } from './history.ts';
import { TextRing } from './text-ring.ts';

const MIB = 1_048_576;

/** Where the reports of a device begin: the number of the last one; 0: there is none. */
export interface Trail {
  last: number;
}

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
  readonly #trails = { huawei: new Map<DeviceRef, Trail>(), tencent: new Map<DeviceRef, Trail>() };

  constructor({ limit = 20_000, maxBytes = 64 * MIB }: { readonly limit?: number; readonly maxBytes?: number } = {}) {
    this.#limit = limit;
    this.#reports = new TextRing({ limit, maxBytes });
    this.#arrivals = new Float64Array(limit);
    this.#previous = new Float64Array(limit);
  }

  /** The trail of a device, for {@link add}; it is the device's until that is deleted. */
  trail(cloud: Cloud, device: DeviceRef): Trail {
    let trail = this.#trails[cloud].get(device);
    if (trail === undefined) this.#trails[cloud].set(device, (trail = { last: 0 }));
    return trail;
  }

  add(trail: Trail, groups: readonly PropertyGroup[], arrivedAt: number): void {
    const id = this.#reports.push(stringifyExact(groups));
    this.#arrivals[id % this.#limit] = arrivedAt;
    this.#previous[id % this.#limit] = trail.last;
    trail.last = id;
  }

  delete(cloud: Cloud, device: DeviceRef): void {
    this.#trails[cloud].delete(device);
  }

  query(query: HistoryQuery): HistoryPage {
    const { cloud, device, service: wanted = '', property } = query;
    const points: HistoryPoint[] = [];
    let id = this.#trails[cloud].get(device)?.last ?? 0;
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
