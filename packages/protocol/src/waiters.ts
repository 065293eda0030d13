import type { Clock, Timer } from './clock.ts';
import { LianyunError } from './errors.ts';

/** How long a request waits, and what may end the wait earlier. */
export interface Wait {
  /** Milliseconds. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  /** What is awaited, for the text of the error. */
  readonly what: string;
}

interface Waiter<T> {
  readonly group: string;
  resolve(value: T): void;
  reject(error: LianyunError): void;
}

/** Requests that wait for their answers. Equal keys are answered first in, first out. */
export class Waiters<T> {
  readonly #clock: Clock;
  #queues: Map<string, Waiter<T>[]> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Registers a wait before the request is sent. `cancel` ends it with an error; `group` is what {@link failGroup} goes by. */
  add(key: string, group: string, wait: Wait): { readonly answer: Promise<T>; cancel(error: LianyunError): void } {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // The stack of the caller, kept for an error that comes from a timer.
    const origin = new Error(`${wait.what} was requested here`);
    let timer: Timer | undefined;
    const onAbort = (): void => waiter.reject(new LianyunError('aborted', `The wait for ${wait.what} was aborted.`, { cause: wait.signal?.reason }));
    const finish = (): void => {
      timer?.cancel();
      wait.signal?.removeEventListener('abort', onAbort);
      this.#remove(key, waiter);
    };
    const waiter: Waiter<T> = {
      group,
      resolve: (value) => {
        finish();
        resolve(value);
      },
      reject: (error) => {
        finish();
        error.cause ??= origin;
        reject(error);
      },
    };
    this.#queues ??= new Map();
    const queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, [waiter]);
    else queue.push(waiter);
    timer = this.#clock.after(wait.deadlineMs, () => waiter.reject(new LianyunError('timeout', `No answer to ${wait.what} within ${wait.deadlineMs} ms.`)), true);
    if (wait.signal?.aborted === true) onAbort();
    else wait.signal?.addEventListener('abort', onAbort, { once: true });
    return { answer: promise, cancel: (error) => waiter.reject(error) };
  }

  /** Answers the oldest wait for the key. False when there is none. */
  resolve(key: string, value: T): boolean {
    const waiter = this.#queues?.get(key)?.[0];
    waiter?.resolve(value);
    return waiter !== undefined;
  }

  /** Ends every wait of a group, or every wait there is. */
  failGroup(error: () => LianyunError, group?: string): void {
    for (const queue of [...(this.#queues?.values() ?? [])]) for (const waiter of [...queue]) if (group === undefined || waiter.group === group) waiter.reject(error());
  }

  #remove(key: string, waiter: Waiter<T>): void {
    const queue = this.#queues?.get(key);
    if (queue === undefined) return;
    const at = queue.indexOf(waiter);
    if (at >= 0) queue.splice(at, 1);
    if (queue.length === 0) this.#queues?.delete(key);
  }
}
