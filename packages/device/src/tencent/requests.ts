import { AsyncLocalStorage } from 'node:async_hooks';

/** Requests that wait for an answer at most; older ones are forgotten. */
const MAX_WAITING = 1000;

/** The request whose callback is running. */
const answering = new AsyncLocalStorage<{ readonly requests: Requests; readonly id: string }>();

/** Requests of the cloud that the program answers by a call of its own, which need not say which one it answers. */
export class Requests {
  readonly #waiting = new Set<string>();
  #latest: string | undefined;

  /** The one that came last, answered or not. */
  get latest(): string | undefined {
    return this.#latest;
  }

  /** Notes a request, and calls its callback: an answer that it gives, with all that it awaits, is to this one. */
  run(id: string, callback: () => void): void {
    this.#latest = id;
    this.#waiting.add(id);
    const [oldest] = this.#waiting;
    if (this.#waiting.size > MAX_WAITING && oldest !== undefined) this.#waiting.delete(oldest);
    answering.run({ requests: this, id }, callback);
  }

  /** Which request a call answers: the given one, else the one whose callback is running, else the oldest that waits. Undefined: none does. */
  answer(given: string | undefined): string | undefined {
    const running = answering.getStore();
    const id = given ?? (running?.requests === this ? running.id : undefined) ?? [...this.#waiting][0];
    if (id !== undefined) this.#waiting.delete(id);
    return id;
  }

  /** Forgets all: nobody waits for an answer any more. */
  forget(): void {
    this.#waiting.clear();
  }
}
