import { isLianyunError, LianyunError } from '@lianyun/protocol';
import type { DeviceContext } from './context.ts';

/** Part of the cloud's waiting time that a handler gets: the rest is for the way back. */
const SHARE = 0.9;

/**
 * Runs a user's handler so that an answer always leaves in time: what it throws and its silence become a failure in words, and a problem
 * of the device. The signal is aborted when the cloud is about to give up, and when the device is closed.
 */
export async function withDeadline<T>(context: DeviceContext, what: string, run: (signal: AbortSignal) => T | Promise<T>): Promise<{ readonly value: T } | { readonly failure: string }> {
  const { clock, dialect, device, running } = context;
  const controller = new AbortController();
  try {
    const result = run(controller.signal);
    if (!isThenable(result)) return { value: result };
    const ms = Math.floor(dialect.limits.answerMs * SHARE);
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const end = (error: LianyunError): void => {
      controller.abort(error);
      reject(error);
    };
    running.add(end);
    const timer = clock.after(ms, () => end(new LianyunError('timeout', `The handler of ${what} did not finish within ${ms} ms.`, { device })), true);
    try {
      return { value: await Promise.race([result, ended]) };
    } finally {
      timer.cancel();
      running.delete(end);
    }
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    // A handler that the end of the device cut short has not failed.
    if (!isLianyunError(controller.signal.reason, 'closed')) context.problem(new LianyunError('handler-failed', `The handler of ${what} failed: ${text}`, { device, cause }));
    return { failure: text };
  }
}

/** Promises of other libraries count as well. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
