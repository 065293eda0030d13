import type { Clock, Timer } from '@lianyun/protocol';

/** A clock that knows which of its timers still run. */
export class CountedClock implements Clock {
  readonly #clock: Clock;
  readonly #running = new Map<object, string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Where each timer that still runs was started. */
  get running(): readonly string[] {
    return [...this.#running.values()];
  }

  now(): number {
    return this.#clock.now();
  }

  elapsed(): number {
    return this.#clock.elapsed();
  }

  after(delayMs: number, fn: () => void, keepAlive?: boolean): Timer {
    const key = {};
    const timer = this.#clock.after(
      delayMs,
      () => {
        this.#running.delete(key);
        fn();
      },
      keepAlive,
    );
    this.#running.set(key, `${delayMs} ms${keepAlive === true ? ', keeps the process alive' : ''}, ${new Error('started').stack?.split('\n')[2]?.trim() ?? ''}`);
    return {
      cancel: () => {
        this.#running.delete(key);
        timer.cancel();
      },
    };
  }

  random(): number {
    return this.#clock.random();
  }
}

/** The sockets, servers, pipes and processes of this process, by kind. */
export function openHandles(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (/TCP|Pipe|Process|UDP|GetAddrInfo|Connect|Shutdown|Write/.test(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** Waits until no more is open than `before`, or says what is. A socket that was destroyed needs some turns of the event loop. */
export async function settledHandles(before: ReadonlyMap<string, number>, deadlineMs = 3000): Promise<string | undefined> {
  const end = performance.now() + deadlineMs;
  while (true) {
    const more = [...openHandles()].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind, count]) => `${kind} ${count} instead of ${before.get(kind) ?? 0}`);
    if (more.length === 0) return undefined;
    if (performance.now() > end) return more.join(', ');
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
}
