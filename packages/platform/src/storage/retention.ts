import type { Clock, Timer } from '@lianyun/protocol';
import type { Database } from './database.ts';
import type { Turns } from './turns.ts';

/** One step: so many series are looked at, so many values removed at most. */
const SERIES = 200;
const VALUES = 2000;
const STEP_MS = 1000;
/** Between two rounds over all series. */
const ROUND_MS = 3_600_000;

const EXPIRED = 'DELETE FROM history WHERE (series, at, id) IN (SELECT series, at, id FROM history WHERE series = ? AND at < ? ORDER BY at, id LIMIT ?)';

interface RetentionOptions {
  readonly database: Database;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly keepMs: number;
}

/**
 * Removes values that are older than they are kept, and those of devices that are gone: in steps of a millisecond or a few, each in the turn in
 * which it happens. Nobody waits for it: what is too old is not shown any more, removed or not.
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
    const { database, clock, keepMs } = this.#options;
    const oldest = clock.now() - keepMs;
    let left = VALUES;
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
}
