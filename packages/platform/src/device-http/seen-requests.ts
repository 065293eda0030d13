/** Requests that are remembered at most; then the oldest is forgotten before its time. */
const MAX_REQUESTS = 100_000;

/** Which signed requests came in lately: one that comes again is a copy. */
export class SeenRequests {
  readonly #until = new Map<string, number>();
  readonly #windowMs: number;

  /** @param windowMs how far a request's time stamp may be from now, either way. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Takes a request in; false when it was there before. */
  isNew(request: string, now: number): boolean {
    for (const [each, until] of this.#until) {
      if (until > now && this.#until.size <= MAX_REQUESTS) break;
      this.#until.delete(each);
    }
    if (this.#until.has(request)) return false;
    // Its time stamp may lie as far ahead as behind.
    this.#until.set(request, now + 2 * this.#windowMs);
    return true;
  }
}
