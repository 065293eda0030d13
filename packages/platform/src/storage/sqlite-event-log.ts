import { parseExact, stringifyExact, type DeviceEvent, type DeviceRef } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import { EVENTS_KEPT, toStored, type EventLog, type EventPage, type EventQuery, type StoredEvent } from '../event-log.ts';
import type { Database, SqlValue } from './database.ts';
import { Shelf } from './shelf.ts';
import type { Turns } from './turns.ts';

interface EventRow {
  readonly serial: number;
  readonly at: number;
  readonly event: string;
}

const ADD = 'INSERT INTO events (cloud, device, arrived_at, bytes, at, name, severity, event) VALUES (?, ?, ?, ?, ?, ?, ?, ?)';

/** Events in the database. */
export class SqliteEventLog implements EventLog {
  readonly #database: Database;
  readonly #turns: Turns;
  readonly shelf: Shelf;

  constructor({ database, turns, cached }: { readonly database: Database; readonly turns: Turns; readonly cached: number }) {
    this.#database = database;
    this.#turns = turns;
    this.shelf = new Shelf({ database, turns, table: 'events', bounds: EVENTS_KEPT, cached });
  }

  add(cloud: Cloud, device: DeviceRef, events: readonly DeviceEvent[], arrivedAt: number): void {
    this.#turns.write(() => {
      for (const event of events) {
        const { at, ...rest } = toStored(event, arrivedAt);
        const text = stringifyExact(rest);
        this.shelf.makeRoom(cloud, device, text.length);
        this.#database.run(ADD, cloud, device, arrivedAt, text.length, at, event.name, event.severity ?? null, text);
      }
    });
  }

  list(cloud: Cloud, device: DeviceRef, { from, to, name, severity, behind, limit }: EventQuery): EventPage {
    const filters = Object.entries({ name, severity }).filter((filter): filter is [string, string] => filter[1] !== undefined);
    // The plus keeps SQLite to the index that has them in order.
    const where = ['cloud = ? AND device = ? AND at >= ? AND at <= ?', ...filters.map(([column]) => `+${column} = ?`)].join(' AND ');
    const values: SqlValue[] = [cloud, device, from, to, ...filters.map(([, value]) => value)];
    const [more, mark] = behind === undefined ? ['', []] : [' AND (at, serial) < (?, ?)', [behind.at, behind.serial]];
    return this.#turns.read(() => {
      const { total = 0 } = this.#database.get<{ total: number }>(`SELECT count(*) AS total FROM events WHERE ${where}`, ...values) ?? {};
      const rows = this.#database.all<EventRow>(`SELECT serial, at, event FROM events WHERE ${where}${more} ORDER BY at DESC, serial DESC LIMIT ?`, ...values, ...mark, limit + 1);
      return { total, items: rows.slice(0, limit).map(toEvent), isLast: rows.length <= limit };
    });
  }

  delete(cloud: Cloud, device: DeviceRef): void {
    this.#turns.write(() => this.shelf.clear(cloud, device));
  }
}

function toEvent({ serial, at, event }: EventRow): StoredEvent {
  // Written by add.
  return { ...(parseExact(event) as Omit<StoredEvent, 'at' | 'serial'>), at, serial };
}
