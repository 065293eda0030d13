import { LianyunError, type Clock } from '@lianyun/protocol';

interface Wait {
  readonly device: string;
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
  /** Why the last attempt to connect failed. */
  lastFailure(): LianyunError | undefined;
}

interface Waiter {
  resolve(): void;
  reject(error: LianyunError): void;
}

/** Those who wait for a device to be online. */
export class Arrivals {
  #waiters: readonly Waiter[] = [];

  /** Waits; `start` is called when the wait has begun. Rejects with `timeout`, `aborted`, and with what {@link fail} is given. */
  async wait({ device, clock, deadlineMs, signal, lastFailure }: Wait, start: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { resolve, reject };
    const onAbort = (): void => reject(new LianyunError('aborted', 'The wait for the connection was aborted; the device goes on trying.', { cause: signal?.reason }));
    const timer = clock.after(
      deadlineMs,
      () => {
        const last = lastFailure();
        reject(new LianyunError('timeout', `${device} was not online within ${deadlineMs} ms${last === undefined ? '' : `: ${last.message}`}`, { cause: last }));
      },
      true,
    );
    this.#waiters = [...this.#waiters, waiter];
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      start();
      await promise;
    } finally {
      timer.cancel();
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** The device is online. */
  arrive(): void {
    for (const waiter of this.#waiters) waiter.resolve();
  }

  /** It will not be. */
  fail(error: LianyunError): void {
    for (const waiter of this.#waiters) waiter.reject(error);
  }
}
