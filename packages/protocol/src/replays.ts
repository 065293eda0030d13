import type { Clock } from './clock.ts';

const REMEMBERED = 256;
const FORGET_MS = 120_000;

interface Answered {
  readonly fingerprint: number;
  readonly until: number;
  repeat: (() => void) | undefined;
}

/** Requests that were seen lately: redelivery is normal, running a handler twice is not. Bounded by count and time. */
export class Replays {
  readonly #clock: Clock;
  /** Made with the first request: many devices of a process get none for a long time. */
  #seen: Map<string, Answered> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Notes a request. True when it is new; a repeat (same key, same payload) is answered again from memory, or left to the
   * handler that is still at work.
   */
  isNew(key: string, text: string): boolean {
    const fingerprint = hash(text);
    this.#seen ??= new Map();
    const known = this.#seen.get(key);
    const now = this.#clock.elapsed();
    if (known !== undefined && known.fingerprint === fingerprint && known.until > now) {
      known.repeat?.();
      return false;
    }
    this.#seen.delete(key);
    this.#seen.set(key, { fingerprint, until: now + FORGET_MS, repeat: undefined });
    if (this.#seen.size > REMEMBERED) for (const oldest of this.#seen.keys()) return this.#seen.delete(oldest);
    return true;
  }

  /** Keeps the way to give the answer of `key` again. */
  answered(key: string, repeat: () => void): void {
    const known = this.#seen?.get(key);
    if (known !== undefined) known.repeat = repeat;
  }
}

/** FNV-1a. A repeat has the same key as well, so 32 bits are plenty. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value;
}
