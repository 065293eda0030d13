import { LianyunError } from '@lianyun/protocol';

/** How much an outbox takes, and what happens beyond. */
export interface OutboxBounds {
  /** Messages, those in flight included. Answers, which live no longer than the connection, are counted apart, up to the same number. */
  readonly maxCount: number;
  /** Payload bytes, those in flight included; answers apart as above. */
  readonly maxBytes: number;
  /** `reject-new`: the new message's receipt fails with `outbox-full`. `drop-oldest`: the oldest waiting one fails with `dropped`. */
  readonly policy: 'reject-new' | 'drop-oldest';
  /** Milliseconds after which an undelivered message fails with `expired`, unless it brings its own. */
  readonly expiresMs: number;
}

/** What an outbox holds, counted: all of it, and of that the live messages, which have room of their own. */
export class OutboxRoom {
  readonly #bounds: OutboxBounds;
  #count = 0;
  #bytes = 0;
  #liveCount = 0;
  #liveBytes = 0;

  constructor(bounds: OutboxBounds) {
    this.#bounds = bounds;
  }

  /** Messages. */
  get count(): number {
    return this.#count;
  }

  /** Payload bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  take(bytes: number, isLive: boolean): void {
    this.#count++;
    this.#bytes += bytes;
    if (!isLive) return;
    this.#liveCount++;
    this.#liveBytes += bytes;
  }

  giveBack(bytes: number, isLive: boolean): void {
    this.#count--;
    this.#bytes -= bytes;
    if (!isLive) return;
    this.#liveCount--;
    this.#liveBytes -= bytes;
  }

  has(bytes: number, isLive: boolean): boolean {
    const { maxCount, maxBytes } = this.#bounds;
    return this.#countOf(isLive) < maxCount && this.#bytesOf(isLive) + bytes <= maxBytes;
  }

  /** How many of the oldest messages, and how many of their bytes, have to go for a stored message of that size. */
  excess(bytes: number): { readonly count: number; readonly bytes: number } {
    const { maxCount, maxBytes } = this.#bounds;
    return { count: this.#countOf(false) + 1 - maxCount, bytes: this.#bytesOf(false) + bytes - maxBytes };
  }

  /** Why a message that does not fit is not taken. */
  refusal(bytes: number, isLive: boolean, topic: string): LianyunError {
    const { maxCount, maxBytes } = this.#bounds;
    if (bytes > maxBytes) return new LianyunError('too-large', `The message has ${bytes} bytes; the outbox takes ${maxBytes} in all (option outbox.maxBytes).`, { topic });
    return new LianyunError('outbox-full', `The outbox is full: ${this.#countOf(isLive)} of ${maxCount} messages, ${this.#bytesOf(isLive)} of ${maxBytes} bytes.`, { topic });
  }

  #countOf(isLive: boolean): number {
    return isLive ? this.#liveCount : this.#count - this.#liveCount;
  }

  #bytesOf(isLive: boolean): number {
    return isLive ? this.#liveBytes : this.#bytes - this.#liveBytes;
  }
}
