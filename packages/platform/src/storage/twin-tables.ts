import { stringifyExact, type DeviceRef, type JsonValue } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import { samplesOf, type HistoryPoint, type HistoryQuery, type Sample } from '../history.ts';
import { TwinState } from '../twin-state.ts';
import type { Database } from './database.ts';
import { HistoryChunks, type Series, type SeriesSample } from './history-chunks.ts';
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
  series: Map<string, Series> | undefined;
  /** What was reported together last: most reports are like the one before. */
  company: Company | undefined;
  /** What is not in the tables yet. */
  unfolded: { readonly id: number; readonly operation: Operation }[];
}

/** Names as they stood in a report, and where their values go. */
interface Company {
  readonly service: string;
  readonly names: readonly string[];
  readonly series: Series;
  /** For each name of the series its place among `names`. */
  readonly order: readonly number[];
}

/** A device may report its properties in ever other company; beyond so many series each property gets one of its own. */
const COMPANIES = 64;

/** The tables of twins, series and history. */
export class TwinTables {
  readonly #database: Database;
  readonly #chunks: HistoryChunks;

  constructor(database: Database) {
    this.#database = database;
    this.#chunks = new HistoryChunks(database);
  }

  /** A twin as the tables have it; a new one when they have none. */
  load(cloud: Cloud, device: DeviceRef): LiveTwin {
    const found = this.#database.get<{ id: number; folded: number; state: string }>('SELECT id, folded, state FROM twins WHERE cloud = ? AND device = ?', cloud, device);
    const blank = { cloud, device, series: undefined, company: undefined, unfolded: [] };
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
    for (const [series, samples] of this.#samples(twin, twin.row)) this.#chunks.add(series, samples);
    twin.folded = folded;
    twin.unfolded = [];
  }

  /** Removes a twin; its history is nobody's from here on, and goes little by little. */
  remove(cloud: Cloud, device: DeviceRef): void {
    this.#database.run('UPDATE series SET twin = NULL WHERE twin = (SELECT id FROM twins WHERE cloud = ? AND device = ?)', cloud, device);
    this.#database.run('DELETE FROM twins WHERE cloud = ? AND device = ?', cloud, device);
  }

  /** The points that the tables have: of each series that has the property, one more than the page takes if there are more. */
  points(query: HistoryQuery): HistoryPoint[] {
    const { cloud, device, service = '', property } = query;
    const all = this.#database.all<{ id: number; properties: string; span: number }>(
      'SELECT s.id, s.properties, s.span FROM twins AS t JOIN series AS s ON s.twin = t.id WHERE t.cloud = ? AND t.device = ? AND s.service = ?',
      cloud, device, service,
    );
    return all.flatMap(({ id, properties, span }) => {
      const column = (JSON.parse(properties) as readonly string[]).indexOf(property);
      return column < 0 ? [] : this.#chunks.points({ id, span }, column, query);
    });
  }

  /** What a twin's reports say, those of one series together. */
  #samples(twin: LiveTwin, row: number): ReadonlyMap<Series, SeriesSample[]> {
    const bySeries = new Map<Series, SeriesSample[]>();
    for (const { id, operation: [change, , , at, groups] } of twin.unfolded) {
      if (change !== 'report' || groups === null) continue;
      for (const sample of samplesOf(groups, at)) {
        for (const { series, values } of this.#columns(twin, row, sample)) {
          const samples = bySeries.get(series);
          const one = { at: sample.at, id, values };
          if (samples === undefined) bySeries.set(series, [one]);
          else samples.push(one);
        }
      }
    }
    return bySeries;
  }

  /** The series that a sample goes into, and its values in their order. */
  #columns(twin: LiveTwin, row: number, { service, values }: Sample): readonly { readonly series: Series; readonly values: readonly JsonValue[] }[] {
    const names = Object.keys(values);
    if (names.length === 0) return [];
    const given = Object.values(values);
    const { company } = twin;
    if (company?.service === service && isSame(company.names, names)) return [{ series: company.series, values: company.order.map((place) => given[place] ?? null) }];
    const known = (twin.series ??= this.#seriesOf(row));
    const sorted = names.toSorted();
    const together = key(service, sorted);
    if (known.has(together) || names.length === 1 || known.size < COMPANIES) {
      const series = known.get(together) ?? this.#addSeries(known, row, together);
      const order = sorted.map((name) => names.indexOf(name));
      twin.company = { service, names, series, order };
      return [{ series, values: order.map((place) => given[place] ?? null) }];
    }
    return names.map((name, place) => {
      const alone = key(service, [name]);
      return { series: known.get(alone) ?? this.#addSeries(known, row, alone), values: [given[place] ?? null] };
    });
  }

  #seriesOf(row: number): Map<string, Series> {
    const all = this.#database.all<{ id: number; service: string; properties: string; span: number }>('SELECT id, service, properties, span FROM series WHERE twin = ?', row);
    return new Map(all.map(({ id, service, properties, span }) => [key(service, JSON.parse(properties) as readonly string[]), { id, span }]));
  }

  #addSeries(known: Map<string, Series>, row: number, together: string): Series {
    const [service = '', ...names] = JSON.parse(together) as readonly string[]; // made by key
    const series = { id: this.#database.run('INSERT INTO series (twin, service, properties) VALUES (?, ?, ?)', row, service, JSON.stringify(names)), span: 0 };
    known.set(together, series);
    return series;
  }
}

/** What a series is about, as a text. */
const key = (service: string, names: readonly string[]): string => JSON.stringify([service, ...names]);

function isSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
