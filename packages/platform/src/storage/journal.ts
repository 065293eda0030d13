import { parseExact, stringifyExact, type DeviceRef, type PropertyGroup } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import type { Database } from './database.ts';

/** What can happen to a twin. */
export type TwinChange = 'report' | 'desire' | 'forget' | 'clear' | 'delete';

/** One thing that happened to a twin. A list, because so it is written; `groups` is null for all properties. */
export type Operation = readonly [change: TwinChange, cloud: Cloud, device: DeviceRef, at: number, groups: readonly PropertyGroup[] | null];

/**
 * The operations on twins in the order in which they came: one short row a turn at the end of one table, whichever devices it is about. What is in
 * the tables of twins and history is trimmed from its beginning.
 */
export class Journal {
  readonly #database: Database;
  /** The rows that are not trimmed. */
  #rows: { readonly last: number; readonly bytes: number }[] = [];
  #bytes = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** How large what is not trimmed is. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds the operations of a turn; `last` is the number of the last one. */
  append(operations: readonly Operation[], last: number): void {
    const text = stringifyExact(operations);
    this.#database.run('INSERT INTO journal VALUES (?, ?)', last, text);
    this.#keep(last, text.length);
  }

  /** Removes the rows that have only operations before the number `first`. */
  trim(first: number): void {
    let count = 0;
    for (const { last, bytes } of this.#rows) {
      if (last >= first) break;
      this.#bytes -= bytes;
      count++;
    }
    if (count === 0) return;
    this.#rows.splice(0, count);
    this.#database.run('DELETE FROM journal WHERE last < ?', first);
  }

  /** Reads all that is stored, from the beginning. */
  *replay(): Generator<readonly [number: number, operation: Operation]> {
    this.#rows = [];
    this.#bytes = 0;
    for (const { last, operations: text } of this.#database.all<{ last: number; operations: string }>('SELECT last, operations FROM journal ORDER BY last')) {
      this.#keep(last, text.length);
      const operations = parseExact(text) as readonly Operation[]; // written by append
      for (const [index, operation] of operations.entries()) yield [last - operations.length + 1 + index, operation];
    }
  }

  #keep(last: number, bytes: number): void {
    this.#rows.push({ last, bytes });
    this.#bytes += bytes;
  }
}
