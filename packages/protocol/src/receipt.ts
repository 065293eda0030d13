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

const ignore = (): void => undefined;

/** The writable side of a {@link Receipt}. Its promises are only made when somebody asks for them. */
export class PendingReceipt implements Receipt {
  #storedState: State = 'open';
  #deliveredState: State = 'open';
  #stored: PromiseWithResolvers<void> | undefined;
  #delivered: PromiseWithResolvers<void> | undefined;

  get stored(): Promise<void> {
    return (this.#stored ??= promised(this.#storedState)).promise;
  }

  get delivered(): Promise<void> {
    return (this.#delivered ??= promised(this.#deliveredState)).promise;
  }

  markStored(): void {
    if (this.#storedState !== 'open') return;
    this.#storedState = 'done';
    this.#stored?.resolve();
  }

  markDelivered(): void {
    this.markStored();
    if (this.#deliveredState !== 'open') return;
    this.#deliveredState = 'done';
    this.#delivered?.resolve();
  }

  fail(error: LianyunError): void {
    if (this.#storedState === 'open') {
      this.#storedState = error;
      reject(this.#stored, error);
    }
    if (this.#deliveredState !== 'open') return;
    this.#deliveredState = error;
    reject(this.#delivered, error);
  }
}

/** A promise for a milestone that may have been reached or missed already. */
function promised(state: State): PromiseWithResolvers<void> {
  const made = Promise.withResolvers<void>();
  if (state === 'done') made.resolve();
  else if (state !== 'open') reject(made, state);
  return made;
}

/** Marked as handled before it is rejected: most receipts succeed, and need no second promise for it. */
function reject(made: PromiseWithResolvers<void> | undefined, error: LianyunError): void {
  made?.promise.catch(ignore);
  made?.reject(error);
}

/** A receipt that has failed already. */
export function failedReceipt(error: unknown): Receipt {
  const receipt = new PendingReceipt();
  receipt.fail(isLianyunError(error) ? error : new LianyunError('bad-input', String(error), { cause: error }));
  return receipt;
}
