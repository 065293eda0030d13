import { Fetching } from './fetching.ts';
import type { DownloadOptions } from './options.ts';
import type { TransferTeller } from './progress-feed.ts';

/** Fetches a file; see {@link Fetching}. */
export function fetchFile(options: DownloadOptions, teller: TransferTeller): Promise<string> {
  return new Fetching(options, teller).run();
}
