import type { Entry } from './entry.ts';

/** Ends over the same message after which it is sent with nothing beside it, so that it is clear which message is the one. */
const ENDS_BEFORE_ALONE = 2;
/** Ends over the same message, the last ones with nothing beside it, after which the others go first. */
export const ENDS_BEFORE_HELD = 5;

/**
 * Finds the message that a server answers by closing the connection; in order as messages are, it would come first on every connection and
 * block the others for ever. It is held back when the server closed on it alone time after time, and given up when the server then
 * takes another message: a server that closes on everything is broken, and nothing is to be lost for that.
 */
export class Quarantine {
  #suspect = 0;
  #ends = 0;
  #aloneUntil = 0;
  #held: Entry | undefined;

  /** The message that waits until the server has taken another one. */
  get held(): Entry | undefined {
    return this.#held;
  }

  /** Whether the server seems to close because of a message rather than for reasons of its own. */
  get isSuspicious(): boolean {
    return this.#ends >= ENDS_BEFORE_ALONE;
  }

  /** Whether a message may join those in flight: a suspect travels alone. */
  admits(entry: Entry, inFlight: number): boolean {
    if (this.#aloneUntil === 0) return true;
    if (inFlight > 0) return false;
    if (entry.seq > this.#aloneUntil) this.#aloneUntil = 0;
    return true;
  }

  /** The server closed the connection while `inFlight` were unanswered, oldest first. `hasOthers`: more messages wait behind them. */
  closedOver(inFlight: readonly Entry[], hasOthers: boolean): void {
    const [first] = inFlight;
    const last = inFlight.at(-1);
    if (first === undefined || last === undefined) {
      // It closes for reasons of its own.
      this.#ends = 0;
      return;
    }
    if (first.seq !== this.#suspect) {
      // It closes on another one as well: the one that was held back goes in its turn again.
      this.#held = undefined;
      this.#ends = 0;
      this.#suspect = first.seq;
    }
    this.#ends++;
    if (this.#ends < ENDS_BEFORE_ALONE) return;
    this.#aloneUntil = Math.max(this.#aloneUntil, last.seq);
    if (this.#ends >= ENDS_BEFORE_HELD && inFlight.length === 1 && hasOthers) this.#held = first;
  }

  /** The cloud has taken a message. Returns the held one when this shows that the server closes on that one only. */
  taken(entry: Entry): Entry | undefined {
    const held = this.#held;
    if (entry.seq !== this.#suspect && held === undefined) return undefined;
    this.#held = undefined;
    this.#suspect = 0;
    this.#ends = 0;
    return entry === held ? undefined : held;
  }

  /** Takes the held message out again: nothing else is left that could go first. */
  release(): Entry | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }
}
