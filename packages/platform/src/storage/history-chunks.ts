import { parseExact, type JsonValue } from '@lianyun/protocol';
import { isWithin, type HistoryPlace, type HistoryPoint, type HistoryQuery } from '../history.ts';
import type { Database } from './database.ts';

/** Where the values of some properties of a service, reported together, are kept. */
export interface Series {
  readonly id: number;
  /** No chunk of it is longer, in ms. */
  span: number;
}

/** One report of a series: its values in the order of the series' names. */
export interface SeriesSample extends HistoryPlace {
  /** A JSON list. */
  readonly values: string;
}

/** A chunk is read as a whole, whatever is asked of it: so many samples and so much time at most. */
const SAMPLES = 32;
const SPAN_MS = 86_400_000;

const ADD = 'INSERT INTO chunks (series, first_at, last_at, samples) VALUES (?, ?, ?, ?)';
/** The index tells which chunks may have something; those that end after the page begin no earlier than `span` before their end. */
const PAGE = 'SELECT first_at, last_at, samples FROM chunks WHERE series = ? AND last_at >= ? AND last_at <= ? AND first_at <= ? ORDER BY last_at DESC';

/** What a chunk says. Each sample is told by how much it is after the first: that takes a few digits. */
type WrittenChunk = readonly [id: number, ...samples: (readonly [at: number, id: number, ...values: JsonValue[]])[]];

/** The table of chunks. */
export class HistoryChunks {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Adds samples, of any times in any order. */
  add(series: Series, samples: SeriesSample[]): void {
    if (!isInOrder(samples)) samples.sort((a, b) => a.at - b.at || a.id - b.id);
    let chunk: SeriesSample[] = [];
    let first = samples[0]?.at ?? 0;
    for (const sample of samples) {
      if (chunk.length === SAMPLES || sample.at - first > SPAN_MS) {
        this.#put(series, chunk);
        chunk = [];
        first = sample.at;
      }
      chunk.push(sample);
    }
    this.#put(series, chunk);
  }

  /** The latest points of the property with the number `column` in the names of the series, in any order: one more than the page takes if there are more. */
  points(series: Series, column: number, query: HistoryQuery): HistoryPoint[] {
    const { from, to, before, limit } = query;
    const end = before === undefined ? to : Math.min(to, before.at);
    let points: HistoryPoint[] = [];
    for (const { first_at: firstAt, last_at: lastAt, samples } of this.#database.each<{ first_at: number; last_at: number; samples: string }>(PAGE, series.id, from, end + series.span, end)) {
      const last = points[limit];
      // Whatever follows ends no later.
      if (last !== undefined && lastAt < last.at) break;
      const [firstId, ...chunk] = parseExact(samples) as WrittenChunk; // written by #put
      for (const [at, id, ...values] of chunk) {
        const point = { at: firstAt + at, id: firstId + id, value: values[column] ?? null };
        if (isWithin(point, query)) points.push(point);
      }
      if (points.length <= limit) continue;
      points.sort((a, b) => b.at - a.at || b.id - a.id);
      points = points.slice(0, limit + 1);
    }
    return points;
  }

  #put(series: Series, chunk: readonly SeriesSample[]): void {
    const [first, last] = [chunk[0], chunk.at(-1)];
    if (first === undefined || last === undefined) return;
    let samples = `[${first.id}`;
    // A list of values that is not empty goes on in that of its sample.
    for (const { at, id, values } of chunk) samples += `,[${at - first.at},${id - first.id},${values.slice(1)}`;
    this.#database.run(ADD, series.id, first.at, last.at, `${samples}]`);
    if (last.at - first.at <= series.span) return;
    series.span = last.at - first.at;
    this.#database.run('UPDATE series SET span = ? WHERE id = ?', series.span, series.id);
  }
}

function isInOrder(samples: readonly SeriesSample[]): boolean {
  return samples.every((sample, index) => index === 0 || (samples[index - 1]?.at ?? 0) <= sample.at);
}
