import type { Clock, Timer } from '@lianyun/protocol';
import type { Database } from './database.ts';
import type { Turns } from './turns.ts';

/** One step: so many series are looked at, so many chunks or rows removed at most. */
const SERIES = 200;
const CHUNKS = 500;
const ROWS = 500;
const STEP_MS = 1000;
/** Between two rounds over everything. */
const ROUND_MS = 3_600_000;

const EXPIRED = 'DELETE FROM chunks WHERE id IN (SELECT id FROM chunks WHERE series = ? AND last_at < ? ORDER BY last_at LIMIT ?)';

interface RetentionOptions {
  readonly database: Database;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly keepMs: number;
  /** Called when rows of these tables went. */
  onExpired(table: 'events' | 'received' | 'logs'): void;
}

/** Tables whose rows stand in the order of their arrival. */
const BY_ARRIVAL = ['events', 'received', 'logs', 'letters'] as const;

/**
 * Removes what is older than it is kept, and the history of devices that are gone: in steps of a millisecond or a few, each in the turn in
 * which it happens. Nobody waits for it: a value that is too old is not shown any more, removed or not, and events and messages may stay an hour longer.
 */
export class Retention {
  readonly #options: RetentionOptions;
  #timer: Timer | undefined;
  /** The last series that was looked at in this round. */
  #series = 0;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#after(STEP_MS);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #after(delayMs: number): void {
    this.#timer = this.#options.clock.after(delayMs, () => {
      let isDone = true;
      try {
        isDone = this.#options.turns.write(() => this.#step());
      } catch {
        // The turn that it belonged to has told.
      }
      this.#after(isDone ? ROUND_MS : STEP_MS);
    });
  }

  /** Tells whether the round is over. */
  #step(): boolean {
    const oldest = this.#options.clock.now() - this.#options.keepMs;
    const isHistoryDone = this.#stepHistory(oldest);
    // All of them have a step.
    return BY_ARRIVAL.map((table) => this.#stepRows(table, oldest)).every(Boolean) && isHistoryDone;
  }

  #stepHistory(oldest: number): boolean {
    const { database } = this.#options;
    let left = CHUNKS;
    const found = database.all<{ id: number; twin: number | null }>('SELECT id, twin FROM series WHERE id > ? ORDER BY id LIMIT ?', this.#series, SERIES);
    for (const { id, twin } of found) {
      const removed = database.change(EXPIRED, id, twin === null ? Number.MAX_SAFE_INTEGER : oldest, left);
      left -= removed;
      // There may be more of it: the next step begins here.
      if (left === 0) return false;
      if (twin === null) database.run('DELETE FROM series WHERE id = ?', id);
      this.#series = id;
    }
    if (found.length === SERIES) return false;
    this.#series = 0;
    return true;
  }

  /** What arrived first stands first: a table is left at the first row that is kept. */
  #stepRows(table: (typeof BY_ARRIVAL)[number], oldest: number): boolean {
    const { database, onExpired } = this.#options;
    const rows = database.all<{ serial: number; arrived_at: number }>(`SELECT serial, arrived_at FROM ${table} WHERE serial > 0 ORDER BY serial LIMIT ?`, ROWS);
    const kept = rows.findIndex(({ arrived_at: arrivedAt }) => arrivedAt >= oldest);
    const last = rows.at(kept < 0 ? -1 : kept - 1);
    if (last === undefined || kept === 0) return true;
    database.run(`DELETE FROM ${table} WHERE serial <= ?`, last.serial);
    if (table !== 'letters') onExpired(table);
    return kept > 0 || rows.length < ROWS;
  }
}
