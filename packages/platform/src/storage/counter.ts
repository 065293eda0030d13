import type { Database } from './database.ts';

/** A number that only ascends, also over restarts. */
export class Counter {
  readonly #database: Database;
  readonly #name: string;
  #value: number;
  #stored: number;

  constructor(database: Database, name: string) {
    this.#database = database;
    this.#name = name;
    this.#stored = this.#value = database.get<{ value: number }>('SELECT value FROM counters WHERE name = ?', name)?.value ?? 0;
  }

  next(): number {
    return ++this.#value;
  }

  /** Writes down how far it has come; in the transaction of what was numbered. */
  store(): void {
    if (this.#stored === this.#value) return;
    this.#database.run('INSERT INTO counters VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value', this.#name, this.#value);
    this.#stored = this.#value;
  }

  /** What was stored in this turn is undone; no number is given out twice all the same. */
  undo(): void {
    this.#stored = -1;
  }
}
