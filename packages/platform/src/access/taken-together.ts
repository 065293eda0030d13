/** An uplink that waits to be taken. */
export interface WaitingUplink {
  onTaken(): void;
  onFailed(error: unknown): void;
}

/** Uplinks of all connections that wait for the same promise: a storage gives one for thousands, and each reaction to it costs as much as an acknowledgement. */
export class TakenTogether {
  #promise: Promise<void> | undefined;
  #uplinks: WaitingUplink[] = [];

  /** Tells an uplink what became of the promise. */
  wait(promise: Promise<void>, uplink: WaitingUplink): void {
    if (promise === this.#promise) return void this.#uplinks.push(uplink);
    const uplinks = [uplink];
    this.#promise = promise;
    this.#uplinks = uplinks;
    promise.then(
      () => {
        this.#forget(promise);
        for (const each of uplinks) each.onTaken();
      },
      (error: unknown) => {
        this.#forget(promise);
        for (const each of uplinks) each.onFailed(error);
      },
    );
  }

  /** Whoever still comes with a promise that has settled waits for it alone. */
  #forget(promise: Promise<void>): void {
    if (this.#promise === promise) this.#promise = undefined;
  }
}
