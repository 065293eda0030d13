import type { Clock, Timer } from '@lianyun/protocol';

/** Something that waits for a deadline. It keeps its own place, so that a waiting connection costs no timer and no closure. */
export interface Waiting {
  /** The tick it is woken at, 0 when it does not wait. Belongs to {@link Deadlines}. */
  dueTick: number;
  onDue(): void;
}

const TICK_MS = 500;

/**
 * One timer for the deadlines of all connections, in ticks of half a second. Ticks are counted, not read from the clock: when the
 * clock is set, or the machine has slept, nobody is late for it. They stand still while nobody waits.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Set<Waiting>>();
  readonly #onTick = (): void => {
    this.#tick();
  };
  #now = 1;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The current tick. */
  get now(): number {
    return this.#now;
  }

  /** How many ticks it takes until `ms` have certainly passed. */
  static ticks(ms: number): number {
    return Math.ceil(ms / TICK_MS) + 1;
  }

  /** How many whole seconds a number of ticks is. */
  static seconds(ticks: number): number {
    return Math.floor((ticks * TICK_MS) / 1000);
  }

  /** Wakes `item` at `tick`, or sooner if that is what it waits for already. */
  wakeAt(item: Waiting, tick: number): void {
    if (item.dueTick !== 0) {
      if (item.dueTick <= tick) return;
      this.cancel(item);
    }
    item.dueTick = Math.max(tick, this.#now + 1);
    const others = this.#waiting.get(item.dueTick);
    if (others === undefined) this.#waiting.set(item.dueTick, new Set([item]));
    else others.add(item);
    this.#timer ??= this.#clock.after(TICK_MS, this.#onTick);
  }

  cancel(item: Waiting): void {
    const tick = item.dueTick;
    if (tick === 0) return;
    item.dueTick = 0;
    const others = this.#waiting.get(tick);
    others?.delete(item);
    if (others?.size === 0) this.#waiting.delete(tick);
  }

  /** Stops the timer; whoever waits is not woken. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting.clear();
  }

  #tick(): void {
    this.#timer = undefined;
    const tick = ++this.#now;
    // Stays in the map meanwhile, so that one of them can cancel another.
    const due = this.#waiting.get(tick) ?? [];
    try {
      for (const item of due) {
        item.dueTick = 0;
        item.onDue();
      }
    } finally {
      this.#waiting.delete(tick);
      if (this.#waiting.size > 0) this.#timer ??= this.#clock.after(TICK_MS, this.#onTick);
    }
  }
}
