import type { DeviceRef } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import type { Database } from './database.ts';
import { Recent } from './recent.ts';
import type { TurnMember, Turns } from './turns.ts';

interface ShelfOptions {
  readonly database: Database;
  readonly turns: Turns;
  /** A table with serial, cloud, device, arrived_at and bytes, and an index by cloud and device. */
  readonly table: string;
  /** What is kept of one device. The latest stays, however large it is. */
  readonly bounds: { readonly count: number; readonly bytes: number };
  /** Of how many devices the fill is known without looking. */
  readonly cached: number;
}

interface Fill {
  count: number;
  bytes: number;
}

/** What a table keeps of each device, up to a count and a size: the oldest arrivals give way. */
export class Shelf implements TurnMember {
  readonly #options: ShelfOptions;
  readonly #fills: Recent<string, Fill>;

  constructor(options: ShelfOptions) {
    this.#options = options;
    this.#fills = new Recent(options.cached);
    options.turns.join(this);
  }

  /** A row is about to be added, in this turn: makes room for it. */
  makeRoom(cloud: Cloud, device: DeviceRef, bytes: number): void {
    const { database, table, bounds } = this.#options;
    const fill = this.#fill(cloud, device);
    fill.count++;
    fill.bytes += bytes;
    while (fill.count > 1 && (fill.count > bounds.count || fill.bytes > bounds.bytes)) {
      const oldest = database.get<{ serial: number; bytes: number }>(`SELECT serial, bytes FROM ${table} WHERE cloud = ? AND device = ? ORDER BY serial LIMIT 1`, cloud, device);
      if (oldest === undefined) return;
      database.run(`DELETE FROM ${table} WHERE serial = ?`, oldest.serial);
      fill.count--;
      fill.bytes -= oldest.bytes;
    }
  }

  /** Removes all that it has of a device. */
  clear(cloud: Cloud, device: DeviceRef): void {
    this.#options.database.run(`DELETE FROM ${this.#options.table} WHERE cloud = ? AND device = ?`, cloud, device);
    this.#fills.delete(keyOf(cloud, device));
  }

  /** Something else than the oldest went. */
  forgetFills(): void {
    this.#fills.clear();
  }

  beforeCommit(): void {
    // Rows are written at once.
  }

  afterRollback(): void {
    this.forgetFills();
  }

  #fill(cloud: Cloud, device: DeviceRef): Fill {
    const key = keyOf(cloud, device);
    let fill = this.#fills.get(key);
    if (fill === undefined) {
      const { database, table } = this.#options;
      fill = database.get<Fill>(`SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM ${table} WHERE cloud = ? AND device = ?`, cloud, device) ?? { count: 0, bytes: 0 };
      this.#fills.set(key, fill);
    }
    return fill;
  }
}

const keyOf = (cloud: Cloud, device: DeviceRef): string => `${cloud} ${device}`;
