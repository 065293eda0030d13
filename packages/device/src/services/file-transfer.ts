import { EventEmitter } from 'node:events';
import { emitOrFail, ProgressFeed, type DownloadEvents, type DownloadProgress, type TransferTeller } from '../download/progress-feed.ts';

/**
 * A file on its way, in either direction. Events `progress` and `retry`; `for await (const progress of transfer)` gives the newest progress, however slow
 * the reader is, ends with the transfer and throws what {@link done} rejects with.
 */
export class FileTransfer<R> extends EventEmitter<DownloadEvents> implements AsyncIterable<DownloadProgress> {
  /** What came of it. One that nobody looks at is no unhandled rejection. */
  readonly done: Promise<R>;
  readonly #feed = new ProgressFeed<DownloadProgress>({ bytes: 0, total: undefined, resumed: 0 });

  /** @internal */
  constructor(run: (teller: TransferTeller) => Promise<R>) {
    super();
    const teller: TransferTeller = {
      progress: (progress) => {
        this.#feed.tell(progress);
        emitOrFail(this, 'progress', progress);
      },
      retry: (retry) => emitOrFail(this, 'retry', retry),
    };
    this.done = run(teller).finally(() => this.#feed.end());
    this.done.catch(() => undefined);
  }

  get progress(): DownloadProgress {
    return this.#feed.now;
  }

  [Symbol.asyncIterator](): AsyncGenerator<DownloadProgress, void> {
    return this.#feed.read(this.done);
  }
}
