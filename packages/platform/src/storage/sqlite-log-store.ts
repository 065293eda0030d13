import type { DeviceRef } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import { LOGS_KEPT, writtenAt, type LogLine, type LogPage, type LogQuery, type LogStore, type StoredLog } from '../log-store.ts';
import type { Database, SqlValue } from './database.ts';
import { Shelf } from './shelf.ts';
import type { Turns } from './turns.ts';

const ADD = 'INSERT INTO logs (cloud, device, arrived_at, bytes, at, type, content) VALUES (?, ?, ?, ?, ?, ?, ?)';
/** Behind every character that an id can have. The pluses before `device` keep SQLite to the index that has the lines in order. */
const LAST = '\uffff';

/** Logs in the database. */
export class SqliteLogStore implements LogStore {
  readonly #database: Database;
  readonly #turns: Turns;
  readonly shelf: Shelf;

  constructor({ database, turns, cached }: { readonly database: Database; readonly turns: Turns; readonly cached: number }) {
    this.#database = database;
    this.#turns = turns;
    this.shelf = new Shelf({ database, turns, table: 'logs', bounds: LOGS_KEPT, cached });
  }

  add(cloud: Cloud, device: DeviceRef, lines: readonly LogLine[], arrivedAt: number): void {
    this.#turns.write(() => {
      for (const line of lines) {
        this.shelf.makeRoom(cloud, device, line.content.length);
        this.#database.run(ADD, cloud, device, arrivedAt, line.content.length, writtenAt(line, arrivedAt), line.type, line.content);
      }
    });
  }

  list({ cloud, device, deviceBegins, from, to, type, words = [], behind, limit }: LogQuery): LogPage {
    const wanted: (readonly [condition: string, ...values: SqlValue[]])[] = [
      ['cloud = ?', cloud],
      ...(device === undefined ? [] : [['device = ?', device] as const]),
      ...(deviceBegins === undefined ? [] : [['+device >= ? AND +device < ?', deviceBegins, deviceBegins + LAST] as const]),
      ...(from === undefined ? [] : [['at >= ?', from] as const]),
      ...(to === undefined ? [] : [['at <= ?', to] as const]),
      ...(type === undefined ? [] : [['type = ?', type] as const]),
      ...words.map((word) => ['instr(content, ?) > 0', word] as const),
      ...(behind === undefined ? [] : [['(at, serial) < (?, ?)', behind.at, behind.serial] as const]),
    ];
    const where = wanted.map(([condition]) => condition).join(' AND ');
    const rows = this.#turns.read(() =>
      this.#database.all<StoredLog>(`SELECT serial, device, at, type, content FROM logs WHERE ${where} ORDER BY at DESC, serial DESC LIMIT ?`, ...wanted.flatMap(([, ...values]) => values), limit + 1),
    );
    return { items: rows.slice(0, limit).map(({ device: of, type: kind, content, at, serial }) => ({ device: of, type: kind, content, at, serial })), isLast: rows.length <= limit };
  }

  delete(cloud: Cloud, device: DeviceRef): void {
    this.#turns.write(() => this.shelf.clear(cloud, device));
  }
}
