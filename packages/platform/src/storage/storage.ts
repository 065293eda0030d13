import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { systemClock, type Clock, type DeviceRef, type LianyunError } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import { MemoryEventLog, type EventLog } from '../event-log.ts';
import { MemoryGatewayLists, type GatewayLists } from '../gateway-lists.ts';
import { DAY_MS, HISTORY_DAYS, type History } from '../history.ts';
import { MemoryLogStore, type LogStore } from '../log-store.ts';
import { MemoryMailbox, type Mailbox } from '../mailbox.ts';
import { MemoryHistory } from '../memory-history.ts';
import { MemoryBlobs, type Blobs } from '../objects/blobs.ts';
import { FileBlobs } from '../objects/file-blobs.ts';
import { MemoryRegistryStore, type RegistryStore } from '../registry-store.ts';
import { MemoryTwins, type Twins } from '../twin.ts';
import { Database } from './database.ts';
import { MemoryRecords, type Records, type Shape } from './records.ts';
import { Retention } from './retention.ts';
import { migrate } from './schema.ts';
import { openSealer, type Sealer } from './sealer.ts';
import { SqliteEventLog } from './sqlite-event-log.ts';
import { SqliteGatewayLists } from './sqlite-gateway-lists.ts';
import { SqliteLogStore } from './sqlite-log-store.ts';
import { SqliteMailbox } from './sqlite-mailbox.ts';
import { SqliteRecords } from './sqlite-records.ts';
import { SqliteRegistryStore } from './sqlite-registry-store.ts';
import { SqliteTwins } from './sqlite-twins.ts';
import { Turns } from './turns.ts';

export interface StorageOptions {
  /** The folder that keeps `lianyun.db`, `secrets.key` and `objects/`; made if need be. Left out: all is kept in memory, and lives as long as the process. */
  readonly directory?: string | undefined;
  readonly clock?: Clock;
  /** FULL (what counts unless said otherwise): what is stored outlasts a power cut. NORMAL: only the end of the process. */
  readonly synchronous?: 'FULL' | 'NORMAL';
  /**
   * How many days a reported value is kept by its own time, and events, messages and logs by their arrival; 30 unless said otherwise. In memory, the
   * last 20,000 reports of all devices at most. Of one device never more than the last 1000 events and lines of its log, and 100 messages in each direction.
   */
  readonly historyDays?: number;
  /** How many devices, and how many twins, stay in memory without need; 20,000 unless said otherwise. */
  readonly cached?: number;
  /** How large the database file may become, in bytes. Left out: as large as the disk. */
  readonly limitBytes?: number;
}

/** Where a platform keeps what it knows. */
export interface Storage extends AsyncDisposable {
  readonly registryStore: RegistryStore;
  readonly twins: Twins;
  readonly history: History;
  readonly events: EventLog;
  readonly logs: LogStore;
  readonly mailbox: Mailbox;
  readonly gatewayLists: GatewayLists;
  /** The bytes of objects. */
  readonly blobs: Blobs;
  /** The records of a kind, the same ones whenever they are asked for. */
  records<T extends { readonly serial: number }>(shape: Shape<T>): Records<T>;
  /** A secret of the platform's own, made when it is first asked for. */
  secret(name: string): string;
  /**
   * Resolves when what was written so far is stored; undefined when it is already. Rejects when it could not be: then nothing of this turn of the
   * event loop was, and what reads afterwards does not find it.
   */
  stored(): Promise<void> | undefined;
  /** Hears of every turn that could not be stored. Returns a function that takes the listener back. */
  onFault(listener: (fault: LianyunError) => void): () => void;
  /** Stores what is not stored yet and lets go of the file. Rejects when that fails. */
  close(): Promise<void>;
}

/**
 * Opens a storage. Fails with `bad-config` when another program holds the folder, when the database is damaged, another program's or a newer
 * lianyun's, and when its key is missing, wrong or open to others.
 */
export function openStorage({ directory, clock = systemClock, synchronous = 'FULL', historyDays = HISTORY_DAYS, cached = 20_000, limitBytes }: StorageOptions = {}): Storage {
  const keepMs = historyDays * DAY_MS;
  if (directory === undefined) return memoryStorage(clock, keepMs);
  const database = new Database({ file: path.join(directory, 'lianyun.db'), ...(limitBytes === undefined ? {} : { limitBytes }) });
  try {
    migrate(database);
    const sealer = openSealer(directory, database);
    const blobs = new FileBlobs(path.join(directory, 'objects'));
    blobs.sweep((blob) => database.get('SELECT serial FROM objects WHERE blob = ?', blob) !== undefined);
    return new SqliteStorage({ database, sealer, blobs, synchronous, clock, keepMs, cached });
  } catch (error) {
    database.close();
    throw database.fault(error, 'bad-config');
  }
}

function memoryStorage(clock: Clock, keepMs: number): Storage {
  const history = new MemoryHistory();
  const records = new Map<string, unknown>();
  const secrets = new Map<string, string>();
  return {
    blobs: new MemoryBlobs(),
    records: (shape) => kept(records, shape.name, () => new MemoryRecords(shape)),
    secret: (name) => kept(secrets, name, newSecret),
    registryStore: new MemoryRegistryStore(),
    twins: new MemoryTwins(history),
    history: bounded(history, clock, keepMs),
    events: new MemoryEventLog(),
    logs: new MemoryLogStore(),
    mailbox: new MemoryMailbox(),
    gatewayLists: new MemoryGatewayLists(),
    stored: () => undefined,
    onFault: () => () => undefined,
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const newSecret = (): string => randomBytes(32).toString('base64');

/** What is kept under a name; made when it is first asked for. Each name is asked for in one place only, with its own type. */
function kept<T>(all: Map<string, unknown>, name: string, make: () => T): T {
  if (!all.has(name)) all.set(name, make());
  return all.get(name) as T;
}

/** What is older than it is kept does not show, whether it is removed already or not. */
function bounded(history: History, clock: Clock, keepMs: number): History {
  return { query: (query) => history.query({ ...query, from: Math.max(query.from, clock.now() - keepMs) }) };
}

interface SqliteStorageOptions {
  readonly database: Database;
  readonly sealer: Sealer;
  readonly blobs: Blobs;
  readonly synchronous: 'FULL' | 'NORMAL';
  readonly clock: Clock;
  readonly keepMs: number;
  readonly cached: number;
}

/** Forgets all that is known of a device that was deleted. */
export function forgetDevice({ twins, events, logs, mailbox }: Pick<Storage, 'twins' | 'events' | 'logs' | 'mailbox'>, cloud: Cloud, device: DeviceRef): void {
  twins.delete(cloud, device);
  events.delete(cloud, device);
  logs.delete(cloud, device);
  mailbox.delete(cloud, device);
}

/** Answers with `value` once what was written is stored. Rejects when it cannot be. */
export function onceStored<T>(storage: Pick<Storage, 'stored'>, value: T): T | Promise<T> {
  return storage.stored()?.then(() => value) ?? value;
}

class SqliteStorage implements Storage {
  readonly registryStore: RegistryStore;
  readonly twins: Twins;
  readonly history: History;
  readonly events: EventLog;
  readonly logs: LogStore;
  readonly mailbox: Mailbox;
  readonly gatewayLists: GatewayLists;
  readonly blobs: Blobs;
  readonly #database: Database;
  readonly #sealer: Sealer;
  readonly #records = new Map<string, unknown>();
  readonly #turns: Turns;
  readonly #sqliteTwins: SqliteTwins;
  readonly #retention: Retention;
  readonly #listeners = new Set<(fault: LianyunError) => void>();
  #isClosed = false;

  constructor({ database, sealer, blobs, synchronous, clock, keepMs, cached }: SqliteStorageOptions) {
    this.#database = database;
    this.#sealer = sealer;
    this.blobs = blobs;
    this.#turns = new Turns(database, {
      ...(synchronous === 'FULL' ? { sync: (hasFailed: boolean) => database.sync(hasFailed) } : {}),
      onFault: (fault) => {
        for (const listener of this.#listeners) listener(fault);
      },
    });
    const store = new SqliteRegistryStore({ database, turns: this.#turns, sealer, cached });
    this.#sqliteTwins = new SqliteTwins({ database, turns: this.#turns, cached });
    this.registryStore = store;
    this.twins = this.#sqliteTwins;
    this.history = bounded(this.#sqliteTwins, clock, keepMs);
    const events = new SqliteEventLog({ database, turns: this.#turns, cached });
    const mailbox = new SqliteMailbox({ database, turns: this.#turns, cached });
    this.events = events;
    const logs = new SqliteLogStore({ database, turns: this.#turns, cached });
    this.logs = logs;
    this.mailbox = mailbox;
    this.gatewayLists = new SqliteGatewayLists({ database, turns: this.#turns });
    store.disconnectAll(clock.now());
    this.#turns.flush();
    const shelves = { events: events.shelf, received: mailbox.shelf, logs: logs.shelf };
    this.#retention = new Retention({ database, turns: this.#turns, clock, keepMs, onExpired: (table) => shelves[table].forgetFills() });
  }

  records<T extends { readonly serial: number }>(shape: Shape<T>): Records<T> {
    return kept(this.#records, shape.name, () => new SqliteRecords({ database: this.#database, turns: this.#turns, sealer: this.#sealer }, shape));
  }

  secret(name: string): string {
    const sealed = this.#turns.read(() => this.#database.get<{ sealed: Uint8Array }>('SELECT sealed FROM seals WHERE name = ?', name)?.sealed);
    if (sealed !== undefined) return this.#sealer.open(name, sealed);
    const secret = newSecret();
    this.#turns.write(() => this.#database.run('INSERT INTO seals VALUES (?, ?)', name, this.#sealer.seal(name, secret)));
    return secret;
  }

  stored(): Promise<void> | undefined {
    return this.#turns.stored;
  }

  onFault(listener: (fault: LianyunError) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#retention.close();
    const stored = this.stored();
    this.#turns.flush();
    try {
      await stored;
      this.#sqliteTwins.foldAll();
      const folded = this.stored();
      this.#turns.flush();
      await folded;
    } finally {
      this.#database.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
