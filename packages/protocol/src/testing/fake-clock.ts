import type { Clock, Timer } from '../clock.ts';

interface Entry {
  readonly at: number;
  readonly fn: () => void;
}

/** A clock that a test moves by hand. Timers fire in the order of their time, equal times in the order they were started. */
export class FakeClock implements Clock {
  #now: number;
  #elapsed = 0;
  readonly #timers = new Set<Entry>();
  readonly #randoms: number[];

  /** `now` is where it starts, ms since 1970; `randoms` are given out in turn, then 0.5 for ever. */
  constructor({ now = Date.UTC(2026, 10, 21), randoms = [] }: { readonly now?: number; readonly randoms?: readonly number[] } = {}) {
    this.#now = now;
    this.#randoms = [...randoms];
  }

  /** How many timers are running: a test that expects nothing left behind looks here. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  elapsed(): number {
    return this.#elapsed;
  }

  /** Sets the time as a person or a time service does: {@link now} jumps, nothing becomes due. */
  set(now: number): void {
    this.#now = now;
  }

  after(delayMs: number, fn: () => void): Timer {
    const entry = { at: this.#elapsed + Math.max(0, delayMs), fn };
    this.#timers.add(entry);
    return { cancel: () => void this.#timers.delete(entry) };
  }

  random(): number {
    return this.#randoms.shift() ?? 0.5;
  }

  /** Moves the time on and fires what becomes due on the way, timers started by timers included. Promises settle after it, not within. */
  advance(ms: number): void {
    const end = this.#elapsed + ms;
    for (let due = this.#next(end); due !== undefined; due = this.#next(end)) {
      this.#timers.delete(due);
      this.#pass(due.at - this.#elapsed);
      due.fn();
    }
    this.#pass(end - this.#elapsed);
  }

  #pass(ms: number): void {
    this.#elapsed += ms;
    this.#now += ms;
  }

  #next(end: number): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#timers) if (entry.at <= end && (first === undefined || entry.at < first.at)) first = entry;
    return first;
  }
}
