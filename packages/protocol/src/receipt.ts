import { isLianyunError, LianyunError } from './errors.ts';

/**
 * What becomes of one message. Both promises settle, whatever happens: a receipt that nobody looks at never becomes an
 * unhandled rejection.
 */
export interface Receipt {
  /** Resolves when the message is in the outbox. Rejects with `outbox-full`, `not-permitted`, `too-large`, `offline`, `closed`. */
  readonly stored: Promise<void>;
  /**
   * Resolves when the cloud has taken the message: PUBACK at QoS 1, the cloud's own answer where it gives one, the write to
   * the socket at QoS 0. Rejects with `expired`, `dropped`, `refused`, `offline`, `closed` or what `stored` rejected with.
   */
  readonly delivered: Promise<void>;
}

type State = 'open' | 'done' | LianyunError;

interface Settlers {
  resolve(): void;
  reject(error: LianyunError): void;
}

const ignore = (): void => undefined;

/** One promise that is only made when somebody asks for it. */
class Milestone {
  #state: State = 'open';
  #promise: Promise<void> | undefined;
  #settlers: Settlers | undefined;

  get promise(): Promise<void> {
    if (this.#promise === undefined) {
      const state = this.#state;
      if (state === 'done') this.#promise = Promise.resolve();
      else if (state === 'open') {
        this.#promise = new Promise<void>((resolve, reject) => {
          this.#settlers = { resolve, reject };
        });
      } else {
        this.#promise = Promise.reject(state);
        this.#promise.catch(ignore);
      }
    }
    return this.#promise;
  }

  settle(state: Exclude<State, 'open'>): void {
    if (this.#state !== 'open') return;
    this.#state = state;
    if (state === 'done') this.#settlers?.resolve();
    else {
      // Marked as handled before it is rejected: most receipts succeed, and need no second promise for it.
      this.#promise?.catch(ignore);
      this.#settlers?.reject(state);
    }
    this.#settlers = undefined;
  }
}

/** The writable side of a {@link Receipt}. */
export class PendingReceipt implements Receipt {
  readonly #stored = new Milestone();
  readonly #delivered = new Milestone();

  get stored(): Promise<void> {
    return this.#stored.promise;
  }

  get delivered(): Promise<void> {
    return this.#delivered.promise;
  }

  markStored(): void {
    this.#stored.settle('done');
  }

  markDelivered(): void {
    this.#stored.settle('done');
    this.#delivered.settle('done');
  }

  fail(error: LianyunError): void {
    this.#stored.settle(error);
    this.#delivered.settle(error);
  }
}

/** A receipt that has failed already. */
export function failedReceipt(error: unknown): Receipt {
  const receipt = new PendingReceipt();
  receipt.fail(isLianyunError(error) ? error : new LianyunError('bad-input', String(error), { cause: error }));
  return receipt;
}
