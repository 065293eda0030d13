import type { Clock, Timer } from '@lianyun/protocol';

/** Tells when nothing has come for too long. */
export class StallWatch {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onStall: () => void;
  #timer: Timer | undefined;
  #lastAt: number;
  #isHeld = false;

  constructor(clock: Clock, limitMs: number, onStall: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onStall = onStall;
    this.#lastAt = clock.elapsed();
    this.#wait(limitMs);
  }

  /** Something came. `isHeld`: what follows is our own silence, until the next call. */
  touch(isHeld = false): void {
    this.#lastAt = this.#clock.elapsed();
    this.#isHeld = isHeld;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #wait(ms: number): void {
    this.#timer = this.#clock.after(
      ms,
      () => {
        const leftMs = this.#isHeld ? this.#limitMs : this.#lastAt + this.#limitMs - this.#clock.elapsed();
        if (leftMs > 0) this.#wait(leftMs);
        else this.#onStall();
      },
      true,
    );
  }
}
