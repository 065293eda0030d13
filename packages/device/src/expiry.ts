import type { Clock, Timer } from '@lianyun/protocol';

/** Expiry is looked at no more often than this, ms: a thousand messages that expire one by one do not cost a thousand looks at all of them. */
const GRAIN_MS = 100;

/** One timer for the expiry of many messages. */
export class Expiry {
  readonly #clock: Clock;
  readonly #onDue: (now: number) => number;
  #watch: { readonly at: number; readonly timer: Timer } | undefined;

  /** `onDue` settles what has expired and returns the next instant at which something will have, or Infinity. */
  constructor(clock: Clock, onDue: (now: number) => number) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Sees to it that a look is taken at this instant. */
  watch(at: number): void {
    if (at === Infinity || (this.#watch !== undefined && this.#watch.at <= at)) return;
    this.#watch?.timer.cancel();
    this.#watch = { at, timer: this.#clock.after(Math.max(0, at - this.#clock.elapsed()), () => this.#look()) };
  }

  cancel(): void {
    this.#watch?.timer.cancel();
    this.#watch = undefined;
  }

  #look(): void {
    this.#watch = undefined;
    const now = this.#clock.elapsed();
    this.watch(Math.max(this.#onDue(now), now + GRAIN_MS));
  }
}
