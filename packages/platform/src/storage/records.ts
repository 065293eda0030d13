import type { Page, PageRequest } from '../registry-store.ts';

/** How a member is kept: as what it is found by; a secret is sealed, and nothing is found by it. */
type ColumnKind = 'text' | 'number' | 'flag' | 'secret';

/** What kind of records there are, and by which of their members they are found. Everything else of a record is JSON. */
export interface Shape<T extends Serial> {
  /** The table. */
  readonly name: string;
  /** The members that name one record. */
  readonly key: readonly (keyof T & string)[];
  /** The members that lists filter by and that the key has, and secrets; the one that leaves the fewest records first. Member `fooBar` is the column `foo_bar`. */
  readonly columns: Readonly<Partial<Record<keyof T & string, ColumnKind>>>;
}

interface Serial {
  /** Ascends with creation; lists page by it. */
  readonly serial: number;
}

/** Records of one kind. They are values: they are replaced, never changed in place. */
export interface Records<T extends Serial> {
  /** The record that has these values in the members of its key. */
  get(key: Partial<T>): T | undefined;
  /** Adds a record, or replaces the one of the same key. */
  put(record: T): void;
  remove(key: Partial<T>): boolean;
  /** Those that have these values in their columns: newest first, and how many there are. */
  page(where: Partial<T>, page: PageRequest): Page<T>;
  /** Of those that have a number in this column, the `limit` least, up to `most`. */
  upTo(column: keyof T & string, most: number, limit: number): readonly T[];
}

/** Records that live as long as the process. */
export class MemoryRecords<T extends Serial> implements Records<T> {
  readonly #shape: Shape<T>;
  readonly #all = new Map<string, T>();
  /** By column and value, so that one finds its few among the many. */
  readonly #index = new Map<string, Map<unknown, Set<T>>>();

  constructor(shape: Shape<T>) {
    this.#shape = shape;
    for (const column of Object.keys(shape.columns)) this.#index.set(column, new Map());
  }

  get(key: Partial<T>): T | undefined {
    return this.#all.get(this.#keyOf(key));
  }

  put(record: T): void {
    this.remove(record);
    this.#all.set(this.#keyOf(record), record);
    for (const [column, values] of this.#index) {
      const value = record[column as keyof T];
      const found = values.get(value);
      if (found === undefined) values.set(value, new Set([record]));
      else found.add(record);
    }
  }

  remove(key: Partial<T>): boolean {
    const record = this.get(key);
    if (record === undefined) return false;
    for (const [column, values] of this.#index) {
      const value = record[column as keyof T];
      const found = values.get(value);
      found?.delete(record);
      if (found?.size === 0) values.delete(value);
    }
    return this.#all.delete(this.#keyOf(key));
  }

  page(where: Partial<T>, { before = Number.POSITIVE_INFINITY, offset = 0, limit }: PageRequest): Page<T> {
    const wanted = Object.entries(where).filter(([, value]) => value !== undefined);
    const candidates = wanted.map(([column, value]) => this.#index.get(column)?.get(value) ?? new Set<T>()).sort((a, b) => a.size - b.size);
    const found = [...(candidates[0] ?? this.#all.values())].filter((record) => wanted.every(([column, value]) => record[column as keyof T] === value));
    const items = found.filter(({ serial }) => serial < before).sort((a, b) => b.serial - a.serial);
    return { items: items.slice(offset, offset + limit), total: found.length };
  }

  upTo(column: keyof T & string, most: number, limit: number): readonly T[] {
    const values = [...(this.#index.get(column)?.keys() ?? [])].filter((value): value is number => typeof value === 'number' && value <= most).sort((a, b) => a - b);
    const found: T[] = [];
    for (const value of values) {
      for (const record of this.#index.get(column)?.get(value) ?? []) {
        if (found.length === limit) return found;
        found.push(record);
      }
    }
    return found;
  }

  #keyOf(key: Partial<T>): string {
    return JSON.stringify(this.#shape.key.map((member) => key[member]));
  }
}
