import type { Clock, Vocabulary } from '@lianyun/protocol';
import type { DownloadSource } from '../download/options.ts';

type Grant = Vocabulary['file.grant'];

/** The signature of a URL is made over this type, whatever the file is (Huawei 8). */
const HEADERS = { 'content-type': 'text/plain' } as const;
/** How long a URL is taken to be good when nobody says so, seconds. */
const EXPIRES_SECONDS = 3600;
/** URLs in a row that the server may refuse long before their time. */
const MAX_EARLY = 2;

/** Where the cloud lets a file be put or had for a while, and then again. */
export class SignedUrl {
  readonly #clock: Clock;
  readonly #ask: (signal: AbortSignal) => Promise<Grant>;
  #grant: Grant;
  #since: number;
  #early = 0;

  /** @param ask asks the cloud for a fresh one. */
  constructor(first: Grant, clock: Clock, ask: (signal: AbortSignal) => Promise<Grant>) {
    this.#grant = first;
    this.#clock = clock;
    this.#ask = ask;
    this.#since = clock.elapsed();
  }

  /** What the cloud granted last. */
  get grant(): Grant {
    return this.#grant;
  }

  readonly source = (): DownloadSource => ({ url: this.#grant.url, headers: HEADERS });

  /** Gets a fresh URL for one that the server refuses; false when that would not help. */
  readonly renew = async (signal: AbortSignal): Promise<boolean> => {
    const halfMs = (this.#grant.expiresSeconds || EXPIRES_SECONDS) * 500;
    this.#early = this.#clock.elapsed() - this.#since < halfMs ? this.#early + 1 : 0;
    if (this.#early >= MAX_EARLY) return false;
    const fresh = await this.#ask(signal).catch(() => undefined);
    if (fresh === undefined) return false;
    this.#grant = fresh;
    this.#since = this.#clock.elapsed();
    return true;
  };
}
