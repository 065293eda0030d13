import { closeSync, fdatasync, mkdirSync, openSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type * as sqliteModule from 'node:sqlite';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { isLianyunError, LianyunError } from '@lianyun/protocol';

/** A value that goes into a statement. Numbers are whole: a column of the database never holds another. */
export type SqlValue = string | number | Uint8Array | null;

export interface DatabaseOptions {
  readonly file: string;
  /** How large the file may become, in bytes; one that is larger stays as it is. */
  readonly limitBytes?: number;
}

/** In the header of our files ("LYUN"), so that no other program's database is taken for one. */
const APPLICATION_ID = 0x4c59554e;
const BUSY_MS = 1000;
const dataSync = promisify(fdatasync);
/** Of new files: what a turn adds to the journal and the history fills pages one after the other. */
const PAGE_BYTES = 8192;

// The primary result codes of SQLite that say more than their text.
const BUSY = 5;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;

/** 0 for one that is not there. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}

/** Loaded when it is needed: who keeps all in memory does not pay for it. Node.js 22 announces it as experimental; what we use of it is tested there, and the user has nothing to decide. */
function sqlite(): typeof sqliteModule {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** One connection to a SQLite file, the only one: while it is open, no other program can open the file. */
export class Database {
  readonly file: string;
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** The log of SQLite's, to be synced. */
  #log: number | undefined;

  /** Opens or creates the file. Fails with `bad-config` when another program holds it, when it is damaged, or when it is not ours. */
  constructor({ file, limitBytes }: DatabaseOptions) {
    this.file = file;
    // SQLite takes an empty file for a new one, and removes the log, which may have all that was stored.
    if (sizeOf(file) === 0 && sizeOf(`${file}-wal`) > 0) throw new LianyunError('bad-config', `${this.#words(CORRUPT)} (it is empty or missing, and its log ${file}-wal is not)`);
    try {
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      // Ahead of SQLite, which would let everybody read it; its other files take their mode from this one.
      closeSync(openSync(file, 'a', 0o600));
    } catch (cause) {
      throw new LianyunError('bad-config', `The database ${file} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
    const { DatabaseSync: Connection } = sqlite();
    this.#connection = new Connection(file, { open: false });
    try {
      this.#connection.open();
      this.#configure(limitBytes);
    } catch (error) {
      if (this.#connection.isOpen) this.#connection.close();
      throw isLianyunError(error) ? error : this.fault(error, 'bad-config');
    }
  }

  #configure(limitBytes: number | undefined): void {
    this.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    // Before anything is read. Held until the connection ends, however it ends; and the index of the WAL stays in memory.
    this.exec('PRAGMA locking_mode = EXCLUSIVE');
    // The first that reads the file.
    const { application_id: owner = 0 } = this.get<{ application_id: number }>('PRAGMA application_id') ?? {};
    const { count = 0 } = this.get<{ count: number }>('SELECT count(*) AS count FROM sqlite_schema') ?? {};
    if (owner !== APPLICATION_ID && count > 0) throw new LianyunError('bad-config', `The file ${this.file} is the database of another program; give a folder of its own to --data.`);
    // Has no effect on a file that has pages.
    this.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
    this.exec('PRAGMA journal_mode = WAL');
    // A commit does not wait for the disk; who wants to know that it is there calls sync().
    this.exec('PRAGMA synchronous = NORMAL');
    if (owner !== APPLICATION_ID) this.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    this.exec('PRAGMA wal_autocheckpoint = 8000; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF');
    if (limitBytes === undefined) return;
    const { page_size: pageBytes = PAGE_BYTES } = this.get<{ page_size: number }>('PRAGMA page_size') ?? {};
    this.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(limitBytes / pageBytes))}`);
  }

  /** Runs SQL without parameters. Throws SQLite's own errors, as all that runs SQL here; {@link fault} puts them in words. */
  exec(sql: string): void {
    this.#connection.exec(sql);
  }

  begin(): void {
    this.#statement('BEGIN').run();
  }

  /** Ends the transaction: what it wrote is in the log, and outlasts the process. */
  commit(): void {
    this.#statement('COMMIT').run();
  }

  rollback(): void {
    this.#statement('ROLLBACK').run();
  }

  /**
   * Resolves when what was committed outlasts a power cut. The event loop goes on meanwhile. After it failed, the log may have a hole, behind
   * which nothing counts, though a sync succeeds: with `hasFailed` all of it moves into the file first, which takes no transaction under way.
   */
  async sync(hasFailed = false): Promise<void> {
    if (hasFailed && this.get<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)')?.busy !== 0) throw new Error('the log could not be moved into the file');
    // SQLite keeps the log open as well, from the first commit to the end, and has no lock on it that closing this would lose.
    this.#log ??= openSync(`${this.file}-wal`, 'r+');
    await dataSync(this.#log);
  }

  /** Runs a statement and tells the row id that it inserted. */
  run(sql: string, ...values: SqlValue[]): number {
    return Number(this.#statement(sql).run(...values).lastInsertRowid);
  }

  /** How many rows a statement changed. */
  change(sql: string, ...values: SqlValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  /** The first row; the caller knows its columns. */
  get<Row>(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  /** All rows; the caller knows their columns. */
  all<Row>(sql: string, ...values: SqlValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /** The rows one by one. */
  each<Row>(sql: string, ...values: SqlValue[]): Iterable<Row> {
    return this.#statement(sql).iterate(...values) as Iterable<Row>;
  }

  /** Says what went wrong with the file, and what to do. */
  fault(error: unknown, code: 'bad-config' | 'storage-failed' = 'storage-failed'): LianyunError {
    // What was found in use is bad configuration where it is found in opening.
    if (isLianyunError(error)) return code === 'bad-config' && error.code === 'storage-failed' ? new LianyunError(code, error.message, { cause: error.cause }) : error;
    const cause = error instanceof Error ? error : new Error(String(error));
    const number = 'errcode' in cause && typeof cause.errcode === 'number' ? cause.errcode & 0xff : 0;
    return new LianyunError(code, `${this.#words(number)} (${cause.message})`, { cause });
  }

  #words(number: number): string {
    const { file } = this;
    switch (number) {
      case BUSY:
        return `The database ${file} is in use by another program: another lianyun, most likely. Stop that one, or give this one another folder`;
      case CORRUPT:
      case NOT_A_DATABASE:
        return `The database ${file} is damaged. Stop the platform and restore the file from a copy; or save what can be read with: sqlite3 ${file} .recover; or move ${file} and ${file}-wal away to begin with an empty one`;
      case FULL:
        return `The database ${file} cannot grow: the disk is full, or the file is as large as it may be. Make room; what devices send meanwhile is not acknowledged, and comes again`;
      default:
        return `The database ${file} failed`;
    }
  }

  /** Ends the connection; all that is committed moves into the one file. */
  close(): void {
    this.#statements.clear();
    if (this.#log !== undefined) closeSync(this.#log);
    this.#log = undefined;
    this.#connection.close();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#connection.prepare(sql)));
    return statement;
  }
}
