import { isLianyunError, type Clock, type LianyunError } from '@lianyun/protocol';
import { AGAIN, DEFAULTS, networkOf, type DownloadTuning } from '../download/options.ts';
import { sleep } from '../download/patience.ts';
import type { NetworkSettings } from '../net/open.ts';
import { backoffMs } from '../session-state.ts';
import { put } from './put.ts';
import type { UploadSource } from './source.ts';

/** How patient an upload is, and how it knows the server. */
export type UploadTuning = Omit<DownloadTuning, 'maxBytes'>;

export interface UploadOptions extends Pick<UploadTuning, 'tls' | 'stallMs' | 'attempts' | 'maxBackoffMs'> {
  /** Where to put it, asked anew for every attempt. */
  target(): { readonly url: string; readonly headers?: Readonly<Record<string, string>> | undefined };
  /** Gets a fresh URL when that of {@link target} has expired; false when there is none. */
  renew(signal: AbortSignal): Promise<boolean>;
  readonly source: UploadSource;
  /** The device's. */
  readonly network: NetworkSettings;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  onSent(bytes: number): void;
  /** An attempt failed; the next one begins in `inMs`. */
  onRetry(retry: { readonly error: LianyunError; readonly inMs: number }): void;
}

/** Puts a file where a signed URL says, in as many attempts as it takes, each from the beginning. Resolves with the status; rejects as {@link put} does. */
export async function upload({ attempts = DEFAULTS.attempts, maxBackoffMs = DEFAULTS.maxBackoffMs, stallMs = DEFAULTS.stallMs, tls, network, target, renew, onRetry, ...work }: UploadOptions): Promise<number> {
  const { clock, signal } = work;
  for (let attempt = 1; ; attempt++) {
    try {
      return await put({ ...work, ...target(), network: networkOf({ network, tls }), stallMs });
    } catch (error) {
      if (isLianyunError(error, 'expired-url') && !signal.aborted && (await renew(signal))) {
        attempt = 0;
        continue;
      }
      if (!isLianyunError(error) || !AGAIN.has(error.code) || signal.aborted || attempt >= attempts) throw error;
      const inMs = backoffMs(attempt, clock.random(), maxBackoffMs);
      onRetry({ error, inMs });
      await sleep(clock, inMs, signal);
    }
  }
}
