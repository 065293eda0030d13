/** What happened, in order, and a way to wait for it. A wait that is never over ends with the test's own deadline. */
export class Log<T> {
  readonly all: T[] = [];
  readonly #looks = new Set<() => void>();

  readonly add = (entry: T): void => {
    this.all.push(entry);
    for (const look of [...this.#looks]) look();
  };

  /** Resolves with the first entry that fits, whether it has happened already or is yet to come. */
  first(fits: (entry: T) => boolean = () => true): Promise<T> {
    return this.#until(() => this.all.find(fits));
  }

  /** Resolves with the first `count` entries. */
  take(count: number): Promise<readonly T[]> {
    return this.#until(() => (this.all.length >= count ? this.all.slice(0, count) : undefined));
  }

  #until<R>(find: () => R | undefined): Promise<R> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        this.#looks.delete(look);
        resolve(found);
      };
      this.#looks.add(look);
      look();
    });
  }
}
