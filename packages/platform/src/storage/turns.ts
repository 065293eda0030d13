import type { LianyunError } from '@lianyun/protocol';
import type { Database } from './database.ts';

/** Something that takes part in the transactions of the turns. */
export interface TurnMember {
  /** Writes what it has collected in this turn. */
  beforeCommit(): void;
  /** The turn is undone: what is kept in memory must be as the database is. */
  afterRollback(): void;
}

/** What was written in one transaction, and who waits for it. */
type Waiting = PromiseWithResolvers<void>;

/** Brings what was committed to the disk; no transaction is under way when the time before has failed. Left out: what is committed is stored. */
type Sync = (hasFailed: boolean) => Promise<void>;

/** A turn with so many writes is one of a crowd: the next one brings more. */
const CROWD = 16;
/** So many turns of a crowd are one transaction: a sync costs the same for a few as for many, and as much as a hundred reports. */
const TURNS_OF_A_CROWD = 4;

/**
 * One transaction for all that is written during one turn of the event loop, or during several when a crowd writes or the disk is busy with the one
 * before: a fleet pays for one commit and one sync a group, not one a message, and the loop goes on meanwhile. Reads over the same connection see what is not
 * committed yet. A turn is stored as a whole or not at all.
 */
export class Turns {
  readonly #database: Database;
  readonly #sync: Sync | undefined;
  readonly #members: TurnMember[] = [];
  readonly #onFault: (fault: LianyunError) => void;
  /** Settles with the transaction under way; undefined while nothing was written. */
  #turn: Waiting | undefined;
  /** Writes of the transaction under way, those of them that belong to turns that are over, and the number of these. */
  #writes = 0;
  #writesBefore = 0;
  #turnsOver = 0;
  /** The turn under way is over, and only waits for the disk. */
  #isDue = false;
  /** Why the turn under way cannot be committed. */
  #failure: LianyunError | undefined;
  /** Committed, and not synced; in order. */
  #unsynced: Waiting[] = [];
  #isSyncing = false;
  #hasSyncFailed = false;

  constructor(database: Database, { sync, onFault }: { readonly sync?: Sync | undefined; readonly onFault: (fault: LianyunError) => void }) {
    this.#database = database;
    this.#sync = sync;
    this.#onFault = onFault;
  }

  join(member: TurnMember): void {
    this.#members.push(member);
  }

  /** Resolves when all that was written so far is stored; undefined when it is. Rejects when it could not be; what could not be committed is undone. */
  get stored(): Promise<void> | undefined {
    return (this.#turn ?? this.#unsynced.at(-1))?.promise;
  }

  /** Does something that writes. If it throws, nothing of this turn is stored: an uplink that is half taken in must not be acknowledged. */
  write<T>(work: () => T): T {
    this.#begin();
    this.#writes++;
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return work();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Does something that reads. If that fails, nothing of this turn is stored: who reads may have been about to write. */
  read<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#begin();
      throw this.#fail(error);
    }
  }

  /** Commits now what was written in this turn. */
  flush(): void {
    const turn = this.#turn;
    if (turn === undefined) return;
    this.#turn = undefined;
    this.#isDue = false;
    try {
      if (this.#failure === undefined) {
        for (const member of this.#members) member.beforeCommit();
        this.#database.commit();
        return this.#committed(turn);
      }
    } catch (error) {
      this.#fail(error);
    }
    const failure = this.#failure;
    this.#failure = undefined;
    this.#undo();
    turn.reject(failure);
    if (failure !== undefined) this.#onFault(failure);
  }

  #begin(): void {
    if (this.#turn !== undefined) return;
    const turn = Promise.withResolvers<void>();
    this.#turn = turn;
    // Not everybody who writes waits; the fault is told in any case.
    turn.promise.catch(() => undefined);
    this.#writes = this.#writesBefore = this.#turnsOver = 0;
    setImmediate(() => this.#turnOver(turn));
    try {
      this.#database.begin();
    } catch (error) {
      this.#fail(error);
    }
  }

  #turnOver(turn: Waiting): void {
    if (this.#turn !== turn) return;
    const isCrowd = this.#writes - this.#writesBefore >= CROWD;
    this.#writesBefore = this.#writes;
    if (isCrowd && ++this.#turnsOver < TURNS_OF_A_CROWD) setImmediate(() => this.#turnOver(turn));
    else if (this.#isSyncing) this.#isDue = true;
    else this.flush();
  }

  #committed(turn: Waiting): void {
    if (this.#sync === undefined) return turn.resolve();
    this.#unsynced.push(turn);
    if (!this.#isSyncing) void this.#syncAll(this.#sync);
  }

  /** Never rejects. */
  async #syncAll(sync: Sync): Promise<void> {
    this.#isSyncing = true;
    while (this.#unsynced.length > 0) {
      if (this.#hasSyncFailed) this.flush();
      const turns = [...this.#unsynced];
      let fault: LianyunError | undefined;
      try {
        await sync(this.#hasSyncFailed);
      } catch (error) {
        fault = this.#database.fault(error);
      }
      this.#hasSyncFailed = fault !== undefined;
      this.#unsynced = this.#unsynced.slice(turns.length);
      for (const turn of turns) {
        if (fault === undefined) turn.resolve();
        else turn.reject(fault);
      }
      if (fault !== undefined) this.#onFault(fault);
      // While the disk was busy.
      if (this.#isDue) this.flush();
    }
    this.#isSyncing = false;
  }

  #fail(error: unknown): LianyunError {
    return (this.#failure ??= this.#database.fault(error));
  }

  #undo(): void {
    try {
      this.#database.rollback();
    } catch {
      // SQLite has undone it by itself: it does when the disk is full.
    }
    try {
      for (const member of this.#members) member.afterRollback();
    } catch (error) {
      this.#onFault(this.#database.fault(error));
    }
  }
}
