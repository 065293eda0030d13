interface Bounds {
  readonly count: number;
  readonly bytes: number;
}

/** The latest of what came in, oldest first: what goes beyond one of the bounds pushes the oldest out. */
export class Recent<T> {
  readonly #bounds: Bounds;
  readonly #entries: { readonly item: T; readonly bytes: number }[] = [];
  #bytes = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** `bytes` is about what the item takes. The latest stays, however large it is. */
  push(item: T, bytes: number): void {
    this.#entries.push({ item, bytes });
    this.#bytes += bytes;
    while (this.#entries.length > 1 && (this.#entries.length > this.#bounds.count || this.#bytes > this.#bounds.bytes)) this.#bytes -= this.#entries.shift()?.bytes ?? 0;
  }

  items(): readonly T[] {
    return this.#entries.map(({ item }) => item);
  }
}
