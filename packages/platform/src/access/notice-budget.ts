/** Notices of one connection in a window, and how long that is. */
const NOTICES = 100;
const WINDOW_MS = 10_000;
/** Characters of one: a topic may have tens of thousands. */
const MAX_CHARACTERS = 1_000;

/** What one connection may say in the log: a client that does the same forbidden thing for ever shall not fill the disk. */
export class NoticeBudget {
  #windowAt = 0;
  #given = 0;
  #leftOut = 0;

  /** Gives a notice, or counts it; how many were left out is told with the next one that is given. */
  give(text: string, now: number, give: (text: string) => void): void {
    if (now - this.#windowAt >= WINDOW_MS || now < this.#windowAt) {
      this.#windowAt = now;
      this.#given = 0;
    }
    if (this.#given >= NOTICES) return void this.#leftOut++;
    this.#given++;
    const words = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)} ... (${String(text.length)} characters)` : text;
    give(this.#leftOut === 0 ? words : `${words} (${this.#takeLeftOut()} notices of this connection were left out before it.)`);
    if (this.#given === NOTICES) give(`No more notices of this connection in the next ${String(WINDOW_MS / 1000)} seconds: it has had ${String(NOTICES)}.`);
  }

  #takeLeftOut(): string {
    const count = String(this.#leftOut);
    this.#leftOut = 0;
    return count;
  }
}
