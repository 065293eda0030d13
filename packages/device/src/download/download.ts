import { EventEmitter } from 'node:events';
import { fetchFile } from './fetching.late.ts';
import type { DownloadOptions } from './options.ts';
import { emitOrFail, ProgressFeed, type DownloadEvents, type DownloadProgress } from './progress-feed.ts';

/**
 * A file on its way from a server to this disk. It appears under its name at once, whole and checked, or not at all; a cut is followed by
 * further attempts, and what is there already is not fetched again, after a restart of the process neither.
 *
 * `for await (const progress of download)` gives the newest progress, however slow the reader is, ends with the download and throws what {@link done}
 * rejects with.
 */
export class Download extends EventEmitter<DownloadEvents> implements AsyncIterable<DownloadProgress> {
  /**
   * Resolves with the name of the file. Rejects with `wrong-digest`, `wrong-size`, `wrong-signature`, `disk-full`, `disk-failed`, `expired-url`, `not-found`,
   * `unsafe-url`, `untrusted-server`, `self-signed-server`, `wrong-server-name`, `expired-certificate`, `proxy-failed`, `proxy-refused`, `bad-response`, `network`, `timeout`, `aborted`, `bad-input`, `bad-config`. One that nobody looks at is no unhandled rejection.
   */
  readonly done: Promise<string>;
  readonly #feed: ProgressFeed<DownloadProgress>;

  constructor(options: DownloadOptions) {
    super();
    this.#feed = new ProgressFeed({ bytes: 0, total: options.bytes, resumed: 0 });
    this.done = this.#run(options).finally(() => this.#feed.end());
    this.done.catch(() => undefined);
  }

  get progress(): DownloadProgress {
    return this.#feed.now;
  }

  [Symbol.asyncIterator](): AsyncGenerator<DownloadProgress, void> {
    return this.#feed.read(this.done);
  }

  async #run(options: DownloadOptions): Promise<string> {
    // Whoever made it listens first.
    await Promise.resolve();
    return fetchFile(options, {
      progress: (progress) => {
        this.#feed.tell(progress);
        emitOrFail(this, 'progress', progress);
      },
      retry: (retry) => emitOrFail(this, 'retry', retry),
    });
  }
}
