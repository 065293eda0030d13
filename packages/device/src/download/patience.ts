import { isLianyunError, LianyunError, type Clock } from '@lianyun/protocol';

interface Bounds {
  readonly clock: Clock;
  /** What it is, for the text of the error. */
  readonly what: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Runs something whose signal is aborted at the deadline, with `timeout`, and with the given signal, with `aborted` or its own reason. */
export async function bounded<T>({ clock, what, deadlineMs, signal }: Bounds, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(isLianyunError(signal?.reason) ? signal.reason : new LianyunError('aborted', `${what} was aborted.`, { cause: signal?.reason }));
  const timer = clock.after(deadlineMs, () => controller.abort(new LianyunError('timeout', `${what} took more than ${deadlineMs} ms.`)), true);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    return await run(controller.signal);
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Waits; rejects with the signal's reason when it is aborted. */
export async function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.after(ms, resolve, true);
  try {
    await orAborted(promise, signal);
  } finally {
    timer.cancel();
  }
}

/** What a promise gives; rejects with the signal's reason when that is aborted first. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as LianyunError);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
