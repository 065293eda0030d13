import type { IncomingMessage } from 'node:http';
import { LianyunError, type Clock } from '@lianyun/protocol';
import { readAnswer } from '../download/answer.ts';
import { ask } from '../download/request.ts';
import { connectionError } from '../net/http.ts';
import { readNetwork } from '../net/options.ts';
import type { TlsOptions } from '../net/tls-options.ts';

export interface FetchOptions {
  readonly url: string;
  /** Bytes that are there already. */
  readonly offset: number;
  /** Silence after which it fails, ms. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly tls: TlsOptions | undefined;
  /** Whether a digest was announced: only then another host may give the file. */
  readonly isChecked: boolean;
  /** Gives up asking; what was opened is closed by its own {@link OtaFetch.close}. */
  readonly signal: AbortSignal;
}

/** A firmware that is read piece by piece, as its reader asks for it; what the network brings meanwhile waits in the socket. */
export class OtaFetch {
  readonly #response: IncomingMessage;
  readonly #url: URL;
  readonly #options: FetchOptions;
  readonly #ending: AbortController;
  /** Nothing is left to be sent. */
  readonly #isWhole: boolean;
  /** Bytes that the server sends once more. */
  #surplus = 0;
  #failure: unknown;
  #wake: () => void = () => undefined;

  private constructor(given: { readonly response: IncomingMessage; readonly url: URL }, options: FetchOptions, ending: AbortController) {
    this.#response = given.response;
    this.#url = given.url;
    this.#options = options;
    this.#ending = ending;
    const answer = readAnswer(given.response, given.url);
    // A file that is there already has no bytes from its end on: the digest tells whether it is the announced one.
    this.#isWhole = !('start' in answer) && options.isChecked && answer.total === options.offset;
    if (this.#isWhole) {
      given.response.destroy();
      return;
    }
    if (!('start' in answer) || answer.start > options.offset) throw new LianyunError('bad-response', `${given.url.host} does not give the file from byte ${options.offset} on.`, { number: given.response.statusCode ?? 0 });
    this.#surplus = options.offset - answer.start;
    for (const event of ['readable', 'end', 'close'] as const) given.response.on(event, () => this.#wake());
    given.response.on('error', (cause) => {
      this.#failure = cause;
      this.#wake();
    });
  }

  /** Asks for a file from an offset on. Rejects with what the server says (`place.number` is the status), `network`, `timeout`. */
  static async open(options: FetchOptions): Promise<OtaFetch> {
    const { url, offset, timeoutMs, clock, tls, isChecked, signal } = options;
    const ending = new AbortController();
    const timer = clock.after(timeoutMs, () => ending.abort(new LianyunError('timeout', `The server of the firmware did not answer within ${timeoutMs} ms.`)), true);
    try {
      const given = await ask({ source: { url }, offset, validator: undefined, network: readNetwork({ ...(tls === undefined ? {} : { tls }) }), isChecked, signal: AbortSignal.any([ending.signal, signal]) });
      try {
        return new OtaFetch(given, options, ending);
      } catch (error) {
        given.response.destroy();
        throw error;
      }
    } finally {
      timer.cancel();
    }
  }

  /** Up to `bytes` bytes; fewer only at the end, none behind it. Rejects with `network`, `timeout`. */
  async read(bytes: number): Promise<Buffer> {
    if (this.#isWhole) return Buffer.alloc(0);
    while (this.#surplus > 0) {
      const skipped = await this.#take(Math.min(this.#surplus, 65_536));
      if (skipped.length === 0) return skipped;
      this.#surplus -= skipped.length;
    }
    return this.#take(bytes);
  }

  close(): void {
    this.#response.destroy();
    this.#ending.abort();
  }

  async #take(bytes: number): Promise<Buffer> {
    const { clock, timeoutMs } = this.#options;
    const response = this.#response;
    for (;;) {
      // Gives so many, or what is left when the end has come.
      const piece = response.read(bytes) as Buffer | null;
      if (piece !== null) return piece;
      if (response.readableEnded) return Buffer.alloc(0);
      if (this.#failure !== undefined) throw connectionError(this.#url, this.#failure);
      if (response.destroyed) throw new LianyunError('network', `${this.#url.host} closed the connection before the firmware was whole.`);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const timer = clock.after(timeoutMs, () => reject(new LianyunError('timeout', `Nothing came from ${this.#url.host} for ${timeoutMs} ms.`)), true);
      this.#wake = resolve;
      try {
        await promise;
      } finally {
        timer.cancel();
      }
    }
  }
}
