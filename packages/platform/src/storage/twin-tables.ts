import { stringifyExact, type DeviceRef } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import type { HistoryPoint, HistoryQuery } from '../history.ts';
import { TwinState } from '../twin-state.ts';
import type { Database } from './database.ts';
import { HistoryChunks, type Series, type SeriesSample } from './history-chunks.ts';
import { companyOf, mergedSamples, valuesOf, type Company, type Shapes, type WrittenSample } from './written-report.ts';

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
  /** What its last report looked like. */
  readonly shapes: Shapes;
  /** What is not in the tables yet; without samples for what was no report. */
  unfolded: { readonly id: number; readonly samples: readonly WrittenSample[] }[];
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
    const blank = { cloud, device, series: undefined, shapes: [], unfolded: [] };
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
    for (const { id, samples } of twin.unfolded) {
      for (const sample of mergedSamples(samples)) {
        for (const { series, values } of this.#seriesFor(twin, row, sample)) {
          const others = bySeries.get(series);
          const one = { at: sample.at, id, values };
          if (others === undefined) bySeries.set(series, [one]);
          else others.push(one);
        }
      }
    }
    return bySeries;
  }

  /** The series that a sample goes into, with its values for each. */
  #seriesFor(twin: LiveTwin, row: number, sample: WrittenSample): readonly { readonly series: Series; readonly values: string }[] {
    const { company, values } = sample;
    const { service, names, key } = company;
    if (names.length === 0) return [];
    const known = (twin.series ??= this.#seriesOf(row));
    const series = known.get(key);
    if (series !== undefined) return [{ series, values }];
    if (names.length === 1 || known.size < COMPANIES) return [{ series: this.#addSeries(known, row, company), values }];
    return valuesOf(sample).map((value, index) => {
      const alone = companyOf(service, names.slice(index, index + 1));
      return { series: known.get(alone.key) ?? this.#addSeries(known, row, alone), values: stringifyExact([value]) };
    });
  }

  #seriesOf(row: number): Map<string, Series> {
    const all = this.#database.all<{ id: number; service: string; properties: string; span: number }>('SELECT id, service, properties, span FROM series WHERE twin = ?', row);
    return new Map(all.map(({ id, service, properties, span }) => [companyOf(service, JSON.parse(properties) as readonly string[]).key, { id, span }]));
  }

  #addSeries(known: Map<string, Series>, row: number, { service, names, key }: Company): Series {
    const series = { id: this.#database.run('INSERT INTO series (twin, service, properties) VALUES (?, ?, ?)', row, service, JSON.stringify(names)), span: 0 };
    known.set(key, series);
    return series;
  }
}
