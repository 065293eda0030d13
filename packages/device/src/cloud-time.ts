import type { Clock } from '@lianyun/protocol';

/** A step of the machine's clock beyond which what was measured against it holds no longer, ms. */
const STEP_MS = 60_000;

/** The cloud's time, as far as it was measured; the machine's until then. The machine's clock is never changed. */
export class CloudTime {
  readonly #clock: Clock;
  #measured: { readonly offsetMs: number; readonly now: number; readonly elapsed: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ms since 1970. */
  now(): number {
    const now = this.#clock.now();
    const then = this.#measured;
    if (then === undefined) return now;
    // Who sets the clock right later must not be signed in wrong for it.
    const hasStepped = Math.abs(now - then.now - (this.#clock.elapsed() - then.elapsed)) > STEP_MS;
    return hasStepped ? now : now + then.offsetMs;
  }

  /** Takes what the cloud's clock is ahead of the machine's. */
  learn(offsetMs: number): void {
    this.#measured = { offsetMs, now: this.#clock.now(), elapsed: this.#clock.elapsed() };
  }
}
