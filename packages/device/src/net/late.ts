import type { Carrier, CarrierOwner } from './carrier.ts';

/** A carrier that takes more than one step to open. */
export class LateCarrier implements Carrier {
  readonly #abort = new AbortController();
  #inner: Carrier | undefined;
  #isClosed = false;
  #listeners: (() => void)[] = [];

  /** `open` resolves with the carrier, which then tells the owner itself; what it rejects with is told as a failure. */
  constructor(open: (signal: AbortSignal) => Promise<Carrier>, owner: CarrierOwner) {
    open(this.#abort.signal).then(
      (carrier) => {
        this.#inner = carrier;
        carrier.once('close', () => this.#close());
        if (this.#abort.signal.aborted) carrier.destroy();
      },
      (error: unknown) => {
        if (!this.#abort.signal.aborted) owner.onFailed(error instanceof Error ? error : new Error(String(error)));
        this.#close();
      },
    );
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  write(chunk: Buffer, done: (error?: Error | null) => void): void {
    if (this.#inner === undefined) done(new Error('The connection is not open.'));
    else this.#inner.write(chunk, done);
  }

  destroySoon(): void {
    if (this.#inner === undefined) this.destroy();
    else this.#inner.destroySoon();
  }

  destroy(): void {
    this.#abort.abort();
    this.#inner?.destroy();
  }

  resume(): void {
    this.#inner?.resume();
  }

  once(_event: 'close', listener: () => void): void {
    if (this.#isClosed) listener();
    else this.#listeners.push(listener);
  }

  #close(): void {
    this.#isClosed = true;
    for (const listener of this.#listeners.splice(0)) listener();
  }
}
