/** A timer that was started by a {@link Clock}. */
export interface Timer {
  /** Stops the timer; does nothing when it has fired already. */
  cancel(): void;
}

/** Time and randomness. Everything that waits, stamps or draws lots takes one, so that a test can put its own in place. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /**
   * Milliseconds since some moment; only differences mean something. Unlike {@link now} it does not jump when the time is set, which a
   * device without a battery does once after every start, by decades.
   */
  elapsed(): number;
  /** Runs `fn` once after `delayMs`. A timer never keeps the process alive by itself unless `keepAlive` is true. */
  after(delayMs: number, fn: () => void, keepAlive?: boolean): Timer;
  /** A number in [0, 1). Not for secrets. */
  random(): number;
}

/** A class and no closure: each of thousands of devices has a timer running all the time. */
class SystemTimer implements Timer {
  readonly #timeout: NodeJS.Timeout;

  constructor(timeout: NodeJS.Timeout) {
    this.#timeout = timeout;
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }
}

// Held here because each look at the global one asks Node's getter.
const { performance } = globalThis;

/** The clock of this machine. This file is the only one that touches the global timers, `Date.now`, `performance.now` and `Math.random`. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(delayMs, fn, keepAlive = false) {
    // Node fires at once for a delay beyond 2^31-1 ms (24.8 days); a longer wait is cut to that.
    const timeout = setTimeout(fn, Math.min(delayMs, 0x7fff_ffff));
    if (!keepAlive) timeout.unref();
    return new SystemTimer(timeout);
  },
  random: () => Math.random(),
};
