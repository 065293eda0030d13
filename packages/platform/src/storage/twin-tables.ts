import type { DeviceRef } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import { pointsOf, type HistoryPoint, type HistoryQuery } from '../history.ts';
import { TwinState } from '../twin-state.ts';
import type { Database, SqlValue } from './database.ts';
import type { Operation } from './journal.ts';

/** A twin in memory, and what happened to it since it was last written to its tables. */
export interface LiveTwin {
  readonly cloud: Cloud;
  readonly device: DeviceRef;
  state: TwinState;
  /** The number of the last operation that is in the tables. */
  folded: number;
  /** Its row; undefined until it has one. */
  row: number | undefined;
  /** The ids of its series, by service and property, as far as they were needed. */
  readonly series: Map<string, Map<string, number>>;
  /** What is not in the tables yet. */
  unfolded: { readonly id: number; readonly operation: Operation }[];
}

/** Rows in one statement: its cost is shared by many. */
const ROWS = 32;
const ONE_POINT = 'INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?)';
const MANY_POINTS = `INSERT OR REPLACE INTO history VALUES ${Array.from({ length: ROWS }, () => '(?, ?, ?, ?)').join(', ')}`;

const PAGE = `SELECT h.at, h.id, h.value FROM history AS h WHERE h.series = ? AND h.at >= ? AND (h.at, h.id) < (?, ?) ORDER BY h.at DESC, h.id DESC LIMIT ?`;

/** The tables of twins, series and history. */
export class TwinTables {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** A twin as the tables have it; a new one when they have none. */
  load(cloud: Cloud, device: DeviceRef): LiveTwin {
    const found = this.#database.get<{ id: number; folded: number; state: string }>('SELECT id, folded, state FROM twins WHERE cloud = ? AND device = ?', cloud, device);
    const blank = { cloud, device, series: new Map<string, Map<string, number>>(), unfolded: [] };
    if (found === undefined) return { ...blank, state: new TwinState(), folded: 0, row: undefined };
    return { ...blank, state: TwinState.parse(found.state), folded: found.folded, row: found.id };
  }

  /** Writes what happened to a twin since the last time. */
  fold(twin: LiveTwin): void {
    const folded = twin.unfolded.at(-1)?.id;
    if (folded === undefined) return;
    const state = JSON.stringify(twin.state);
    if (twin.row === undefined) twin.row = this.#database.run('INSERT INTO twins (cloud, device, folded, state) VALUES (?, ?, ?, ?)', twin.cloud, twin.device, folded, state);
    else this.#database.run('UPDATE twins SET folded = ?, state = ? WHERE id = ?', folded, state, twin.row);
    this.#insert(this.#points(twin, twin.row));
    twin.folded = folded;
    twin.unfolded = [];
  }

  /** Removes a twin; its history is nobody's from here on, and goes little by little. */
  remove(cloud: Cloud, device: DeviceRef): void {
    this.#database.run('UPDATE series SET twin = NULL WHERE twin = (SELECT id FROM twins WHERE cloud = ? AND device = ?)', cloud, device);
    this.#database.run('DELETE FROM twins WHERE cloud = ? AND device = ?', cloud, device);
  }

  /** The points that the tables have, one more than the page takes if there are more. */
  points({ cloud, device, service = '', property, from, to, before, limit }: HistoryQuery): HistoryPoint[] {
    const series = this.#database.get<{ id: number }>(
      'SELECT s.id FROM twins AS t JOIN series AS s ON s.twin = t.id WHERE t.cloud = ? AND t.device = ? AND s.service = ? AND s.property = ?',
      cloud, device, service, property,
    );
    if (series === undefined) return [];
    // Before all of the instant after the last one.
    const end = before !== undefined && before.at <= to ? before : { at: to + 1, id: 0 };
    const rows = this.#database.all<{ at: number; id: number; value: string }>(PAGE, series.id, from, end.at, end.id, limit + 1);
    return rows.map(({ at, id, value }) => ({ at, id, value: JSON.parse(value) as HistoryPoint['value'] })); // written by fold
  }

  /** The rows that a twin's reports become, those of one series together. */
  #points(twin: LiveTwin, row: number): SqlValue[] {
    const bySeries = new Map<number, SqlValue[]>();
    for (const { id, operation: [change, , , at, groups] } of twin.unfolded) {
      if (change !== 'report' || groups === null) continue;
      for (const { service, property, point } of pointsOf(groups, at, id)) {
        const series = this.#seriesOf(twin, row, service, property);
        let values = bySeries.get(series);
        if (values === undefined) bySeries.set(series, (values = []));
        values.push(series, point.at, point.id, JSON.stringify(point.value));
      }
    }
    return [...bySeries.values()].flat();
  }

  #insert(values: readonly SqlValue[]): void {
    const step = ROWS * 4;
    let at = 0;
    for (; at + step <= values.length; at += step) this.#database.run(MANY_POINTS, ...values.slice(at, at + step));
    for (; at < values.length; at += 4) this.#database.run(ONE_POINT, ...values.slice(at, at + 4));
  }

  #seriesOf(twin: LiveTwin, row: number, service: string, property: string): number {
    let properties = twin.series.get(service);
    if (properties === undefined) twin.series.set(service, (properties = new Map<string, number>()));
    const kept = properties.get(property);
    if (kept !== undefined) return kept;
    const found = this.#database.get<{ id: number }>('SELECT id FROM series WHERE twin = ? AND service = ? AND property = ?', row, service, property);
    const id = found?.id ?? this.#database.run('INSERT INTO series (twin, service, property) VALUES (?, ?, ?)', row, service, property);
    properties.set(property, id);
    return id;
  }
}
