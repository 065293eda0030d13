import type { EventEmitter } from 'node:events';
import { LianyunError } from '@lianyun/protocol';

/** How far a download is. */
export interface DownloadProgress {
  /** Bytes that are on this machine. */
  readonly bytes: number;
  /** Bytes of the whole file, as soon as somebody said so. */
  readonly total: number | undefined;
  /** Bytes of it that were there from an earlier download. */
  readonly resumed: number;
}

/** What a download tells beside its outcome. */
export interface DownloadEvents {
  progress: [DownloadProgress];
  /** An attempt failed; the next one begins in `inMs`. */
  retry: [{ readonly error: LianyunError; readonly inMs: number }];
}

/** What a transfer tells of itself. */
export interface TransferTeller {
  progress(progress: DownloadProgress): void;
  retry(retry: DownloadEvents['retry'][0]): void;
}

/** The newest progress of something, for readers at their own pace. */
export class ProgressFeed<P> {
  #now: P;
  #isOver = false;
  #changed = Promise.withResolvers<void>();

  constructor(first: P) {
    this.#now = first;
  }

  get now(): P {
    return this.#now;
  }

  tell(progress: P): void {
    this.#now = progress;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  /** Nothing comes any more. */
  end(): void {
    this.#isOver = true;
    this.#changed.resolve();
  }

  /** Gives each reader what is new since it last asked, and at the end what `done` gives or throws. */
  async *read(done: Promise<unknown>): AsyncGenerator<P, void> {
    let told: P | undefined;
    for (;;) {
      if (this.#now !== told) yield (told = this.#now);
      else if (this.#isOver) break;
      else await this.#changed.promise;
    }
    await done;
  }
}

/** Tells listeners. One that throws ends what they listen to, with `handler-failed`: nobody else could be told. */
export function emitOrFail(emitter: EventEmitter, event: string, ...args: readonly unknown[]): void {
  try {
    emitter.emit(event, ...args);
  } catch (cause) {
    throw new LianyunError('handler-failed', `A listener of '${event}' threw: ${String(cause)}`, { cause });
  }
}
