import { parseExact, stringifyExact, type DeviceRef } from '@lianyun/protocol';
import { CHANGES_KEPT, type GatewayLists, type ListChange } from '../gateway-lists.ts';
import type { Database } from './database.ts';
import type { Turns } from './turns.ts';

interface ChangeRow {
  readonly version: number;
  readonly change: ListChange['change'];
  readonly children: string;
}

/** Gateways' lists in the database. Changes are rare, so nothing is kept in memory. */
export class SqliteGatewayLists implements GatewayLists {
  readonly #database: Database;
  readonly #turns: Turns;

  constructor({ database, turns }: { readonly database: Database; readonly turns: Turns }) {
    this.#database = database;
    this.#turns = turns;
  }

  version(gateway: DeviceRef): number | undefined {
    return this.#turns.read(() => this.#database.get<{ version: number }>('SELECT version FROM gateway_lists WHERE gateway = ?', gateway))?.version;
  }

  begin(gateway: DeviceRef, version: number): void {
    this.#turns.write(() => this.#database.run('INSERT INTO gateway_lists VALUES (?, ?) ON CONFLICT DO NOTHING', gateway, version));
  }

  add(gateway: DeviceRef, { version, change, children }: ListChange): void {
    this.#turns.write(() => {
      if (this.#database.change('UPDATE gateway_lists SET version = ? WHERE gateway = ?', version, gateway) === 0) return;
      this.#database.run('INSERT INTO gateway_changes VALUES (?, ?, ?, ?)', gateway, version, change, stringifyExact(children));
      this.#database.run('DELETE FROM gateway_changes WHERE gateway = ? AND version <= ?', gateway, version - CHANGES_KEPT);
    });
  }

  since(gateway: DeviceRef, version: number): readonly ListChange[] {
    const rows = this.#turns.read(() => this.#database.all<ChangeRow>('SELECT version, change, children FROM gateway_changes WHERE gateway = ? AND version > ? ORDER BY version', gateway, version));
    return rows.map(({ children, ...row }) => ({ ...row, children: parseExact(children) as ListChange['children'] })); // written by add
  }

  delete(gateway: DeviceRef): void {
    this.#turns.write(() => {
      this.#database.run('DELETE FROM gateway_lists WHERE gateway = ?', gateway);
      this.#database.run('DELETE FROM gateway_changes WHERE gateway = ?', gateway);
    });
  }
}
