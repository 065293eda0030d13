/** Work for many, one at a time for each: who is asked for again meanwhile is worked for once more. */
export class Flights<K> {
  /** Those for whom work is under way; true: once more. */
  readonly #running = new Map<K, boolean>();

  /** Begins, or has what is under way followed by another. `work` does not reject. */
  begin(key: K, work: () => Promise<void>): void {
    if (this.#running.has(key)) return void this.#running.set(key, true);
    this.#running.set(key, false);
    void work().finally(() => {
      const isStale = this.#running.get(key) === true;
      this.#running.delete(key);
      if (isStale) this.begin(key, work);
    });
  }
}
