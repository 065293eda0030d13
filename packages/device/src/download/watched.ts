import { isLianyunError, LianyunError, type Clock } from '@lianyun/protocol';
import { connectionError } from '../net/http.ts';
import { StallWatch } from './stall-watch.ts';

interface Watched {
  readonly clock: Clock;
  readonly stallMs: number;
  /** Where the transfer is at: redirects change it. */
  readonly at: { readonly url: URL };
  readonly signal: AbortSignal;
}

/** Runs one attempt of a transfer, and ends it when the other side is silent for too long, with `timeout`. Whatever fails has a code. */
export async function watched<T>({ clock, stallMs, at, signal }: Watched, run: (signal: AbortSignal, watch: StallWatch) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', onAbort, { once: true });
  const watch = new StallWatch(clock, stallMs, () => controller.abort(new LianyunError('timeout', `${at.url.host} was silent for ${stallMs} ms.`)));
  try {
    return await run(controller.signal, watch);
  } catch (cause) {
    if (controller.signal.aborted) throw controller.signal.reason;
    throw isLianyunError(cause) ? cause : connectionError(at.url, cause);
  } finally {
    watch.stop();
    signal.removeEventListener('abort', onAbort);
  }
}
