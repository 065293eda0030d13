import type { LianyunError } from '@lianyun/protocol';
import type { Database } from './database.ts';

/** Something that takes part in the transactions of the turns. */
export interface TurnMember {
  /** Writes what it has collected in this turn. */
  beforeCommit(): void;
  /** The turn is undone: what is kept in memory must be as the database is. */
  afterRollback(): void;
}

/**
 * One transaction for all that is written during one turn of the event loop, committed at its end: a fleet pays for one sync to disk a turn, not
 * one a message. Reads over the same connection see what is not committed yet. A turn is stored as a whole or not at all.
 */
export class Turns {
  readonly #database: Database;
  readonly #members: TurnMember[] = [];
  readonly #onFault: (fault: LianyunError) => void;
  /** Settles with the turn under way; undefined while nothing was written. */
  #turn: PromiseWithResolvers<void> | undefined;
  /** Why the turn under way cannot be committed. */
  #failure: LianyunError | undefined;

  constructor(database: Database, onFault: (fault: LianyunError) => void) {
    this.#database = database;
    this.#onFault = onFault;
  }

  join(member: TurnMember): void {
    this.#members.push(member);
  }

  /** Resolves when what was written in this turn is stored; undefined when nothing was. Rejects when it could not be, and is undone. */
  get stored(): Promise<void> | undefined {
    return this.#turn?.promise;
  }

  /** Does something that writes. If it throws, nothing of this turn is stored: an uplink that is half taken in must not be acknowledged. */
  write<T>(work: () => T): T {
    this.#begin();
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
    try {
      if (this.#failure === undefined) {
        for (const member of this.#members) member.beforeCommit();
        this.#database.exec('COMMIT');
        return turn.resolve();
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
    this.#turn = Promise.withResolvers<void>();
    // Not everybody who writes waits; the fault is told in any case.
    this.#turn.promise.catch(() => undefined);
    setImmediate(() => this.flush());
    try {
      this.#database.exec('BEGIN');
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): LianyunError {
    return (this.#failure ??= this.#database.fault(error));
  }

  #undo(): void {
    try {
      this.#database.exec('ROLLBACK');
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
