import { isLianyunError, LianyunError, type Clock, type Timer } from '@lianyun/protocol';
import type { Records } from './records.ts';

/** A record to which something happens by itself. */
interface Due {
  readonly serial: number;
  readonly dueAt?: number;
}

interface DueTimerOptions<T extends Due> {
  readonly records: Records<T>;
  readonly clock: Clock;
  /** Must change the record, so that it is not due any more. */
  onDue(record: T): void;
  problem(problem: LianyunError): void;
}

const AT_A_TIME = 100;
/** Before it is tried again when the storage refuses. */
const PAUSE_MS = 1000;

/** One timer for all records of a kind: it runs for the one that is due first. */
export class DueTimer<T extends Due> {
  readonly #options: DueTimerOptions<T>;
  #timer: Timer | undefined;
  #at = Number.POSITIVE_INFINITY;

  constructor(options: DueTimerOptions<T>) {
    this.#options = options;
    this.#wakeForNext();
  }

  /** Something is due then. */
  wakeAt(at: number): void {
    if (at >= this.#at) return;
    this.#timer?.cancel();
    this.#at = at;
    const { clock } = this.#options;
    this.#timer = clock.after(Math.max(0, at - clock.now()), () => this.#fire());
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    // Nothing is earlier than that.
    this.#at = Number.NEGATIVE_INFINITY;
  }

  #fire(): void {
    const { records, clock, onDue, problem } = this.#options;
    this.#at = Number.POSITIVE_INFINITY;
    try {
      for (let due = records.upTo('dueAt', clock.now(), AT_A_TIME); due.length > 0; due = records.upTo('dueAt', clock.now(), AT_A_TIME)) for (const record of due) onDue(record);
      this.#wakeForNext();
    } catch (cause) {
      problem(isLianyunError(cause) ? cause : new LianyunError('handler-failed', `What is due could not be done: ${String(cause)}`, { cause }));
      this.wakeAt(clock.now() + PAUSE_MS);
    }
  }

  #wakeForNext(): void {
    const [next] = this.#options.records.upTo('dueAt', Number.MAX_SAFE_INTEGER, 1);
    if (next?.dueAt !== undefined) this.wakeAt(next.dueAt);
  }
}
