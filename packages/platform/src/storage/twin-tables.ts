import { parseExact, stringifyExact, type DeviceRef } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import { samplesOf, type HistoryPoint, type HistoryQuery, type Sample } from '../history.ts';
import { TwinState } from '../twin-state.ts';
import type { Database } from './database.ts';
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
  /** Its series by what they are about; undefined until they were needed. */
  series: Map<string, number> | undefined;
  /** What is not in the tables yet. */
  unfolded: { readonly id: number; readonly operation: Operation }[];
}

/** A device may report its properties in ever other company; beyond so many series each property gets one of its own. */
const COMPANIES = 64;

const PUT = 'INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?)';
const PAGE = 'SELECT h.at, h.id, h.samples FROM history AS h WHERE h.series = ? AND h.at >= ? AND (h.at, h.id) < (?, ?) ORDER BY h.at DESC, h.id DESC LIMIT ?';

/** The tables of twins, series and history. */
export class TwinTables {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** A twin as the tables have it; a new one when they have none. */
  load(cloud: Cloud, device: DeviceRef): LiveTwin {
    const found = this.#database.get<{ id: number; folded: number; state: string }>('SELECT id, folded, state FROM twins WHERE cloud = ? AND device = ?', cloud, device);
    const blank = { cloud, device, series: undefined, unfolded: [] };
    if (found === undefined) return { ...blank, state: new TwinState(), folded: 0, row: undefined };
    return { ...blank, state: TwinState.parse(found.state), folded: found.folded, row: found.id };
  }

  /** Writes what happened to a twin since the last time. */
  fold(twin: LiveTwin): void {
    const folded = twin.unfolded.at(-1)?.id;
    if (folded === undefined) return;
    const state = stringifyExact(twin.state);
    if (twin.row === undefined) twin.row = this.#database.run('INSERT INTO twins (cloud, device, folded, state) VALUES (?, ?, ?, ?)', twin.cloud, twin.device, folded, state);
    else this.#database.run('UPDATE twins SET folded = ?, state = ? WHERE id = ?', folded, state, twin.row);
    for (const [series, rows] of this.#rows(twin, twin.row)) for (const row of rows) this.#database.run(PUT, series, ...row);
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
    const all = this.#database.all<{ id: number; properties: string }>(
      'SELECT s.id, s.properties FROM twins AS t JOIN series AS s ON s.twin = t.id WHERE t.cloud = ? AND t.device = ? AND s.service = ?',
      cloud, device, service,
    );
    // Before all of the instant after the last one.
    const end = before !== undefined && before.at <= to ? before : { at: to + 1, id: 0 };
    return all.flatMap((series) => {
      const column = (JSON.parse(series.properties) as readonly string[]).indexOf(property);
      if (column < 0) return [];
      const rows = this.#database.all<{ at: number; id: number; samples: string }>(PAGE, series.id, from, end.at, end.id, limit + 1);
      // Both lists were written by fold, and are as long as each other.
      return rows.map(({ at, id, samples }) => ({ at, id, value: (parseExact(samples) as readonly HistoryPoint['value'][])[column] ?? null }));
    });
  }

  /** The rows that a twin's reports become, those of one series together. */
  #rows(twin: LiveTwin, row: number): ReadonlyMap<number, (readonly [at: number, id: number, samples: string])[]> {
    const bySeries = new Map<number, (readonly [number, number, string])[]>();
    for (const { id, operation: [change, , , at, groups] } of twin.unfolded) {
      if (change !== 'report' || groups === null) continue;
      for (const sample of samplesOf(groups, at)) {
        for (const { series, values } of this.#columns(twin, row, sample)) {
          const rows = bySeries.get(series);
          const one = [sample.at, id, stringifyExact(values)] as const;
          if (rows === undefined) bySeries.set(series, [one]);
          else rows.push(one);
        }
      }
    }
    return bySeries;
  }

  /** The series that a sample goes into, and its values in their order. */
  #columns(twin: LiveTwin, row: number, { service, values }: Sample): readonly { readonly series: number; readonly values: readonly unknown[] }[] {
    const entries = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length === 0) return [];
    const known = (twin.series ??= this.#seriesOf(row));
    const together = key(service, entries.map(([name]) => name));
    const series = known.get(together);
    if (series !== undefined) return [{ series, values: entries.map(([, value]) => value) }];
    if (entries.length === 1 || known.size < COMPANIES) return [{ series: this.#addSeries(known, row, together), values: entries.map(([, value]) => value) }];
    return entries.map(([name, value]) => {
      const alone = key(service, [name]);
      return { series: known.get(alone) ?? this.#addSeries(known, row, alone), values: [value] };
    });
  }

  #seriesOf(row: number): Map<string, number> {
    const all = this.#database.all<{ id: number; service: string; properties: string }>('SELECT id, service, properties FROM series WHERE twin = ?', row);
    return new Map(all.map(({ id, service, properties }) => [key(service, JSON.parse(properties) as readonly string[]), id]));
  }

  #addSeries(known: Map<string, number>, row: number, together: string): number {
    const [service = '', ...names] = JSON.parse(together) as readonly string[]; // made by key
    const id = this.#database.run('INSERT INTO series (twin, service, properties) VALUES (?, ?, ?)', row, service, JSON.stringify(names));
    known.set(together, id);
    return id;
  }
}

/** What a series is about, as a text. */
const key = (service: string, names: readonly string[]): string => JSON.stringify([service, ...names]);
