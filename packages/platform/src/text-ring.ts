/** Bytes of a page; a text that is larger gets one of its own. */
const PAGE_BYTES = 1_048_576;

interface Page {
  readonly bytes: Buffer;
  /** The number of its first text. */
  readonly first: number;
}

/**
 * The latest of many texts, numbered from 1. They are kept as bytes, out of the reach of the garbage collector, which would copy and mark
 * tens of thousands of them time and again though hardly any is ever read.
 */
export class TextRing {
  readonly #limit: number;
  readonly #maxBytes: number;
  /** Oldest first. */
  readonly #pages: Page[] = [];
  #pageBytes = 0;
  /** Bytes that are written to the last page. */
  #used = 0;
  #count = 0;
  /** Where each text is in its page, at its number modulo the limit. */
  readonly #starts: Uint32Array;
  readonly #lengths: Uint32Array;

  /** Keeps the last `limit` texts, fewer when they take more than about `maxBytes`. */
  constructor({ limit, maxBytes }: { readonly limit: number; readonly maxBytes: number }) {
    this.#limit = limit;
    this.#maxBytes = maxBytes;
    this.#starts = new Uint32Array(limit);
    this.#lengths = new Uint32Array(limit);
  }

  /** The number of the oldest text that is kept. */
  get oldest(): number {
    return Math.max(this.#count - this.#limit + 1, this.#pages[0]?.first ?? 1);
  }

  /** Takes a text, without lone surrogates; returns its number. */
  push(text: string): number {
    const length = Buffer.byteLength(text);
    const number = ++this.#count;
    let page = this.#pages.at(-1);
    if (page === undefined || this.#used + length > page.bytes.length) page = this.#turn(length, number);
    page.bytes.write(text, this.#used);
    const at = number % this.#limit;
    this.#starts[at] = this.#used;
    this.#lengths[at] = length;
    this.#used += length;
    return number;
  }

  /** A text that is kept still; undefined when it is not. */
  get(number: number): string | undefined {
    const at = number % this.#limit;
    const start = this.#starts[at] ?? 0;
    if (number < this.oldest || number > this.#count) return undefined;
    return this.#pages.findLast(({ first }) => first <= number)?.bytes.toString('utf8', start, start + (this.#lengths[at] ?? 0));
  }

  /** Begins a page, and lets go of those that are not needed any more. */
  #turn(length: number, first: number): Page {
    const bytes = Math.max(length, PAGE_BYTES);
    let spare: Buffer | undefined;
    while (this.#pages.length > 0 && (this.#pageBytes + bytes > this.#maxBytes || (this.#pages[1]?.first ?? first) <= first - this.#limit)) {
      const dropped = this.#pages.shift()?.bytes;
      this.#pageBytes -= dropped?.length ?? 0;
      if (dropped?.length === bytes) spare = dropped;
    }
    const page = { bytes: spare ?? Buffer.allocUnsafeSlow(bytes), first };
    this.#pages.push(page);
    this.#pageBytes += bytes;
    this.#used = 0;
    return page;
  }
}
