import { parseExact, stringifyExact, type DeviceMessage, type DeviceRef } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import { LETTERS_KEPT, RECEIVED_KEPT, sizeOf, type Letter, type Mailbox, type ReceivedLetter } from '../mailbox.ts';
import type { Database } from './database.ts';
import { Shelf } from './shelf.ts';
import type { TurnMember, Turns } from './turns.ts';

const PUT = `INSERT INTO letters (cloud, device, arrived_at, id, is_waiting, letter) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (cloud, device, id) DO UPDATE SET is_waiting = excluded.is_waiting, letter = excluded.letter`;
const OLDEST_SETTLED = 'SELECT serial FROM letters WHERE cloud = ? AND device = ? AND is_waiting = 0 ORDER BY serial LIMIT 1';

/** Messages in the database. */
export class SqliteMailbox implements Mailbox, TurnMember {
  readonly #database: Database;
  readonly #turns: Turns;
  readonly shelf: Shelf;
  /** The devices for which something may wait: asked about at every sign-in. */
  readonly #waiting = { huawei: new Set<DeviceRef>(), tencent: new Set<DeviceRef>() };

  constructor({ database, turns, cached }: { readonly database: Database; readonly turns: Turns; readonly cached: number }) {
    this.#database = database;
    this.#turns = turns;
    this.shelf = new Shelf({ database, turns, table: 'received', bounds: RECEIVED_KEPT, cached });
    this.#findWaiting();
    turns.join(this);
  }

  receive(cloud: Cloud, device: DeviceRef, message: DeviceMessage, at: number): void {
    const bytes = sizeOf(message);
    const [content, payload] = 'bytes' in message ? [null, message.bytes] : [stringifyExact(message), null];
    this.#turns.write(() => {
      this.shelf.makeRoom(cloud, device, bytes);
      this.#database.run('INSERT INTO received (cloud, device, arrived_at, bytes, content, payload) VALUES (?, ?, ?, ?, ?, ?)', cloud, device, at, bytes, content, payload);
    });
  }

  received(cloud: Cloud, device: DeviceRef): readonly ReceivedLetter[] {
    const rows = this.#turns.read(() =>
      this.#database.all<{ arrived_at: number; content: string | null; payload: Uint8Array | null }>('SELECT arrived_at, content, payload FROM received WHERE cloud = ? AND device = ? ORDER BY serial', cloud, device),
    );
    // Written by receive: one of both.
    return rows.map(({ arrived_at: at, content, payload }) => ({ at, message: content === null ? { bytes: payload ?? new Uint8Array() } : (parseExact(content) as DeviceMessage) }));
  }

  put(cloud: Cloud, device: DeviceRef, letter: Letter): void {
    const isWaiting = letter.status === 'pending';
    this.#turns.write(() => {
      this.#database.run(PUT, cloud, device, letter.createdAt, letter.id, isWaiting ? 1 : 0, stringifyExact(letter));
      const { count = 0 } = this.#database.get<{ count: number }>('SELECT count(*) AS count FROM letters WHERE cloud = ? AND device = ?', cloud, device) ?? {};
      if (count > LETTERS_KEPT) this.#database.run(`DELETE FROM letters WHERE serial = (${OLDEST_SETTLED})`, cloud, device);
      this.#noteWaiting(cloud, device, isWaiting);
    });
  }

  letters(cloud: Cloud, device: DeviceRef): readonly Letter[] {
    const rows = this.#turns.read(() => this.#database.all<{ letter: string }>('SELECT letter FROM letters WHERE cloud = ? AND device = ? ORDER BY serial', cloud, device));
    return rows.map(({ letter }) => parseExact(letter) as Letter); // written by put
  }

  find(cloud: Cloud, device: DeviceRef, id: string): Letter | undefined {
    const row = this.#turns.read(() => this.#database.get<{ letter: string }>('SELECT letter FROM letters WHERE cloud = ? AND device = ? AND id = ?', cloud, device, id));
    return row === undefined ? undefined : (parseExact(row.letter) as Letter); // written by put
  }

  remove(cloud: Cloud, device: DeviceRef, id: string): boolean {
    return this.#turns.write(() => {
      const isRemoved = this.#database.change('DELETE FROM letters WHERE cloud = ? AND device = ? AND id = ?', cloud, device, id) > 0;
      this.#noteWaiting(cloud, device, false);
      return isRemoved;
    });
  }

  mayWait(cloud: Cloud, device: DeviceRef): boolean {
    return this.#waiting[cloud].has(device);
  }

  delete(cloud: Cloud, device: DeviceRef): void {
    this.#turns.write(() => {
      this.shelf.clear(cloud, device);
      this.#database.run('DELETE FROM letters WHERE cloud = ? AND device = ?', cloud, device);
      this.#waiting[cloud].delete(device);
    });
  }

  beforeCommit(): void {
    // Rows are written at once.
  }

  afterRollback(): void {
    for (const waiting of Object.values(this.#waiting)) waiting.clear();
    this.#findWaiting();
  }

  #findWaiting(): void {
    for (const cloud of ['huawei', 'tencent'] as const) {
      for (const { device } of this.#database.each<{ device: DeviceRef }>('SELECT DISTINCT device FROM letters WHERE cloud = ? AND is_waiting = 1', cloud)) this.#waiting[cloud].add(device);
    }
  }

  #noteWaiting(cloud: Cloud, device: DeviceRef, isSure: boolean): void {
    if (isSure) this.#waiting[cloud].add(device);
    else if (this.#waiting[cloud].has(device) && this.#database.get('SELECT 1 FROM letters WHERE cloud = ? AND device = ? AND is_waiting = 1 LIMIT 1', cloud, device) === undefined) this.#waiting[cloud].delete(device);
  }
}
