import { parseExact, stringifyExact, type DeviceRef, type PropertyGroup } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import type { Database } from './database.ts';
import { companyOf, groupOf, type Company, type WrittenSample } from './written-report.ts';

/** What can happen to a twin. */
export type TwinChange = 'report' | 'desire' | 'forget' | 'clear' | 'delete';

/** One thing that happened to a twin. A list, because so it is written; `groups` is null for all properties. */
export type Operation = readonly [change: TwinChange, cloud: Cloud, device: DeviceRef, at: number, groups: readonly PropertyGroup[] | null];

/** A report as it is written: each part names its company by the place in the row. */
type WrittenReport = readonly [change: 'samples', cloud: Cloud, device: DeviceRef, samples: readonly (readonly [company: number, at: number, values: unknown])[]];

/** A row of the journal. Version 1 had the operations alone. */
type Row = readonly Operation[] | { readonly companies: readonly (readonly [service: string, ...names: string[]])[]; readonly operations: readonly (Operation | WrittenReport)[] };

/**
 * The operations on twins in the order in which they came: one short row a transaction at the end of one table, whichever devices it is about. What
 * is in the tables of twins and history is trimmed from its beginning.
 */
export class Journal {
  readonly #database: Database;
  /** The rows that are not trimmed. */
  #rows: { readonly last: number; readonly bytes: number }[] = [];
  #bytes = 0;
  /** What goes into the next row. */
  #operations: string[] = [];
  #companies = new Map<string, number>();
  /** The one that was asked for last: a fleet has one. */
  #latest: { readonly company: Company; readonly place: number } | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** How large what is not trimmed is. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds an operation to the next row. */
  add(operation: Operation): void {
    this.#operations.push(stringifyExact(operation));
  }

  /** Adds a report to the next row. */
  addReport(cloud: Cloud, device: DeviceRef, samples: readonly WrittenSample[]): void {
    let text = '';
    for (const { company, at, values } of samples) text += `${text === '' ? '' : ','}[${this.#placeOf(company)},${at},${values}]`;
    this.#operations.push(`["samples","${cloud}",${JSON.stringify(device)},[${text}]]`);
  }

  /** Writes the row; `last` is the number of its last operation. */
  append(last: number): void {
    const text = `{"companies":[${[...this.#companies.keys()].join(',')}],"operations":[${this.#operations.join(',')}]}`;
    this.forget();
    this.#database.run('INSERT INTO journal VALUES (?, ?)', last, text);
    this.#keep(last, text.length);
  }

  /** Forgets what was to go into the next row. */
  forget(): void {
    this.#operations = [];
    this.#companies = new Map();
    this.#latest = undefined;
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
      const operations = operationsOf(parseExact(text) as Row); // written by append
      for (const [index, operation] of operations.entries()) yield [last - operations.length + 1 + index, operation];
    }
  }

  #placeOf(company: Company): number {
    if (this.#latest?.company === company) return this.#latest.place;
    const place = this.#companies.get(company.key) ?? this.#companies.size;
    this.#companies.set(company.key, place);
    this.#latest = { company, place };
    return place;
  }

  #keep(last: number, bytes: number): void {
    this.#rows.push({ last, bytes });
    this.#bytes += bytes;
  }
}

function operationsOf(row: Row): readonly Operation[] {
  if (!('companies' in row)) return row;
  const companies = row.companies.map(([service, ...names]) => companyOf(service, names));
  return row.operations.map((operation) => {
    if (operation[0] !== 'samples') return operation;
    const [, cloud, device, samples] = operation;
    const groups = samples.map(([place, at, values]) => groupOf({ company: companies[place] ?? companyOf('', []), at, values: stringifyExact(values) }));
    return ['report', cloud, device, 0, groups];
  });
}
