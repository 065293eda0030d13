import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '@lianyun/protocol';

/** A step of the machine's clock beyond which what was measured against it holds no longer, ms. */
const STEP_MS = 60_000;

/** The time of another clock, as far as it was measured; the machine's until then. The machine's clock is never changed. */
export class CloudTime {
  readonly #clock: Clock;
  #measured: { readonly offsetMs: number; readonly now: number; readonly elapsed: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ms since 1970. */
  now(): number {
    return this.#clock.now() + this.aheadMs;
  }

  /** What it is ahead of the machine's, ms; 0 as long as nobody knows. */
  get aheadMs(): number {
    const then = this.#measured;
    if (then === undefined) return 0;
    // Who sets the clock right later must not be signed in wrong for it.
    const hasStepped = Math.abs(this.#clock.now() - then.now - (this.#clock.elapsed() - then.elapsed)) > STEP_MS;
    return hasStepped ? 0 : then.offsetMs;
  }

  /** Takes what an answer over HTTP says of the time, if it does (RFC 9110 section 6.6.1; what a cache gives was made as long ago as `Age` says, RFC 9111 section 5.1). */
  learnFrom({ date = '', age = '' }: IncomingHttpHeaders): void {
    const at = Date.parse(date) + (/^\d{1,9}$/.test(age) ? Number(age) * 1000 : 0);
    if (!Number.isNaN(at)) this.learn(at - this.#clock.now());
  }

  /** Takes what it is ahead of the machine's. */
  learn(offsetMs: number): void {
    this.#measured = { offsetMs, now: this.#clock.now(), elapsed: this.#clock.elapsed() };
  }
}

/** How wrong the machine's clock is, for texts that go on. `aheadMs`: what the server's is ahead of it. */
export function skewText(aheadMs: number): string {
  return `this machine's clock is ${Math.round(Math.abs(aheadMs) / 60_000)} minutes ${aheadMs > 0 ? 'behind' : 'ahead of'} the server's`;
}
