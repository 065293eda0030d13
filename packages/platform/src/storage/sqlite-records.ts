import { parseExact, stringifyExact } from '@lianyun/protocol';
import type { Page, PageRequest } from '../registry-store.ts';
import type { Database, SqlValue } from './database.ts';
import type { Records, Shape } from './records.ts';
import type { Sealer } from './sealer.ts';
import type { Turns } from './turns.ts';

type Row = Readonly<Record<string, SqlValue>> & { readonly serial: number; readonly rest: string };

/** Records in a table of the database; nothing of them is kept in memory, so that an undone turn needs no word here. */
export class SqliteRecords<T extends { readonly serial: number }> implements Records<T> {
  readonly #database: Database;
  readonly #turns: Turns;
  readonly #shape: Shape<T>;
  readonly #sealer: Sealer;
  readonly #columns: readonly (keyof T & string)[];
  readonly #put: string;
  readonly #key: string;

  constructor({ database, turns, sealer }: { readonly database: Database; readonly turns: Turns; readonly sealer: Sealer }, shape: Shape<T>) {
    this.#database = database;
    this.#turns = turns;
    this.#sealer = sealer;
    this.#shape = shape;
    this.#columns = Object.keys(shape.columns) as (keyof T & string)[]; // its own keys
    const names = this.#columns.map(columnOf);
    const key = shape.key.map(columnOf);
    this.#key = key.map((name) => `${name} = ?`).join(' AND ');
    const all = ['serial', ...names, 'rest'];
    const replaced = all.filter((name) => !key.includes(name)).map((name) => `${name} = excluded.${name}`);
    this.#put = `INSERT INTO ${shape.name} (${all.join(', ')}) VALUES (${all.map(() => '?').join(', ')}) ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${replaced.join(', ')}`;
  }

  get(key: Partial<T>): T | undefined {
    const row = this.#turns.read(() => this.#database.get<Row>(`SELECT * FROM ${this.#shape.name} WHERE ${this.#key}`, ...this.#keyOf(key)));
    return row === undefined ? undefined : this.#read(row);
  }

  put(record: T): void {
    const kept = Object.fromEntries(Object.entries(record).filter(([name]) => name !== 'serial' && !Object.hasOwn(this.#shape.columns, name)));
    const values = this.#columns.map((member) => (this.#shape.columns[member] === 'secret' && typeof record[member] === 'string' ? this.#sealer.seal(this.#ownerOf(record), record[member]) : toSql(record[member])));
    this.#turns.write(() => this.#database.run(this.#put, record.serial, ...values, stringifyExact(kept)));
  }

  remove(key: Partial<T>): boolean {
    return this.#turns.write(() => this.#database.change(`DELETE FROM ${this.#shape.name} WHERE ${this.#key}`, ...this.#keyOf(key))) > 0;
  }

  page(where: Partial<T>, { before, offset = 0, limit }: PageRequest): Page<T> {
    const wanted = this.#columns.filter((member) => where[member] !== undefined);
    const conditions = wanted.map((member) => `${columnOf(member)} = ?`);
    const values = wanted.map((member) => toSql(where[member]));
    const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const behind = before === undefined ? [] : ['serial < ?'];
    const place = [...conditions, ...behind].length === 0 ? '' : `WHERE ${[...conditions, ...behind].join(' AND ')}`;
    return this.#turns.read(() => {
      const { total = 0 } = this.#database.get<{ total: number }>(`SELECT count(*) AS total FROM ${this.#shape.name} ${filter}`, ...values) ?? {};
      if (limit === 0) return { total, items: [] };
      const rows = this.#database.all<Row>(
        `SELECT * FROM ${this.#shape.name} ${place} ORDER BY serial DESC LIMIT ? OFFSET ?`,
        ...values, ...(before === undefined ? [] : [before]), limit, offset,
      );
      return { total, items: rows.map((row) => this.#read(row)) };
    });
  }

  upTo(column: keyof T & string, most: number, limit: number): readonly T[] {
    const name = columnOf(column);
    return this.#turns
      .read(() => this.#database.all<Row>(`SELECT * FROM ${this.#shape.name} WHERE ${name} <= ? ORDER BY ${name} LIMIT ?`, most, limit))
      .map((row) => this.#read(row));
  }

  #keyOf(key: Partial<T>): SqlValue[] {
    return this.#shape.key.map((member) => toSql(key[member]));
  }

  #read(row: Row): T {
    const members = this.#columns.flatMap((member) => {
      const value = row[columnOf(member)];
      if (value === null) return [];
      return [[member, this.#shape.columns[member] === 'flag' ? value === 1 : value] as const];
    });
    // Written by put.
    const record = { ...(parseExact(row.rest) as object), ...Object.fromEntries(members), serial: row.serial } as T;
    const opened = members.flatMap(([member, value]) => (value instanceof Uint8Array ? [[member, this.#sealer.open(this.#ownerOf(record), value)] as const] : []));
    return opened.length === 0 ? record : { ...record, ...Object.fromEntries(opened) };
  }

  /** What a secret is bound to. */
  #ownerOf(record: T): string {
    return `${this.#shape.name} ${JSON.stringify(this.#shape.key.map((member) => record[member]))}`;
  }
}

const columnOf = (member: string): string => member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function toSql(value: unknown): SqlValue {
  if (value === undefined || value === null) return null;
  return typeof value === 'boolean' ? Number(value) : (value as SqlValue); // the shape says text or number
}
