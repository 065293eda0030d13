import { createHash, type Hash } from 'node:crypto';
import { isJsonObject, isLianyunError, LianyunError } from '@lianyun/protocol';
import type { TlsOptions } from '../net/tls-options.ts';
import { ValueError } from './errors.ts';
import type { OtaFetch } from './ota-fetch.ts';
import { openFetch } from './ota-fetch.late.ts';
import { missing, objectIn, type Routes } from './routes.ts';
import { isNothing, keyOf, type Payload, type Result, type TopicCallback } from './words.ts';

/** Where an upgrade is (reference 5.4). */
export const OtaState = { IOT_OTAS_UNINITED: 0, IOT_OTAS_INITED: 1, IOT_OTAS_FETCHING: 2, IOT_OTAS_FETCHED: 3, IOT_OTAS_DISCONNECTED: 4 } as const;

/** What `otaIoctlNumber` and `otaIoctlString` are asked for. */
export const OtaCmdType = { IOT_OTAG_FETCHED_SIZE: 0, IOT_OTAG_FILE_SIZE: 1, IOT_OTAG_MD5SUM: 2, IOT_OTAG_VERSION: 3, IOT_OTAG_CHECK_FIRMWARE: 4 } as const;
export type OtaCmdType = (typeof OtaCmdType)[keyof typeof OtaCmdType];

/** A firmware that was offered. */
interface Offer {
  readonly version: string;
  readonly url: string;
  readonly bytes: number;
  readonly md5: string;
}

const GRANT_MS = 2000;
const TIMEOUT_MS = 10_000;
const REPORT_MS = 1000;
const MAX_VERSION = 32;
const WRONG_MD5 = -4;
const NOT_INSTALLED = -5;

/** What goes with the numbers of failures; the vendor's SDK always says `time_out`. */
const TEXTS: Readonly<Record<number, string>> = { [-1]: 'download timeout', [-2]: 'file not exist', [-3]: 'url signature expired', [WRONG_MD5]: 'md5 not match', [NOT_INSTALLED]: 'upgrade fail' };

/** Firmware of one device, the gateway's own or a sub-device's: fetched, counted and hashed piece by piece, as its program asks (reference 5). */
export class Ota {
  readonly #routes: Routes;
  readonly #name: string;
  readonly #tls: TlsOptions | undefined;
  #state: number = OtaState.IOT_OTAS_UNINITED;
  #offer: Offer | undefined;
  #fetch: OtaFetch | undefined;
  #md5: Hash = createHash('md5');
  #fetched = 0;
  #reportedAt: number | undefined;
  /** Gives up what is fetched: what it still brings is nobody's any more. */
  #ending = new AbortController();

  constructor(routes: Routes, name: { readonly productId: string; readonly deviceName: string }, tls: TlsOptions | undefined) {
    this.#routes = routes;
    this.#name = keyOf(name.productId, name.deviceName);
    this.#tls = tls;
  }

  get isFetching(): boolean {
    return this.#state === OtaState.IOT_OTAS_FETCHING;
  }

  get isFetched(): boolean {
    return this.#state === OtaState.IOT_OTAS_FETCHED;
  }

  /** Subscribes at QoS 1: `[0, mid]`, `[-1, mid]` when the server grants less, or nothing within 2 s. */
  async init(callback: TopicCallback | null | undefined): Promise<Result> {
    const { line } = this.#routes;
    line.online();
    const topic = `$ota/update/${this.#name}`;
    this.#routes.on(topic, (payload, _, qos) => this.#receive({ payload, topic, qos }, callback));
    let result: Result = [0, 0];
    const granted = await line.within<number>(GRANT_MS, (resolve) => {
      result = line.subscribe([{ filter: topic, qos: 1 }], resolve);
      return undefined;
    });
    if (granted !== 1) return [-1, result[1]];
    if (this.#state === OtaState.IOT_OTAS_UNINITED) this.#state = OtaState.IOT_OTAS_INITED;
    return result;
  }

  reportVersion(version: unknown): Result {
    if (isNothing(version) || typeof version !== 'string') throw new ValueError('Invalid version: text of 1 to 32 characters is expected.');
    if (version.length > MAX_VERSION) throw new ValueError(`Invalid version length: ${version.length} characters, 32 at most.`);
    return this.#publish({ type: 'report_version', report: { version } }, 1);
  }

  reportSuccess(version: string | null | undefined): Result {
    return this.#report({ state: 'done', result_code: '0', result_msg: '' }, version);
  }

  reportFailure(version: string | null | undefined, code = NOT_INSTALLED): Result {
    return this.#report({ state: 'fail', result_code: String(code), result_msg: TEXTS[code] ?? '' }, version);
  }

  /** A number of the upgrade, and `success`; or -1 and the reason. */
  number(command: unknown): [value: number, reason: string] {
    const offer = this.#offered;
    if (offer === undefined) return [-1, 'state error'];
    switch (valueOf(command)) {
      case OtaCmdType.IOT_OTAG_FETCHED_SIZE:
        return [this.#fetched, 'success'];
      case OtaCmdType.IOT_OTAG_FILE_SIZE:
        return [offer.bytes, 'success'];
      case OtaCmdType.IOT_OTAG_CHECK_FIRMWARE:
        return this.#check(offer);
      default:
        return [-1, 'cmd type error'];
    }
  }

  /** A text of the upgrade, and `success`; or `null` as text and the reason. */
  text(command: unknown, length: number): [value: string, reason: string] {
    const offer = this.#offered;
    if (offer === undefined) return ['null', 'state error'];
    const found = { [OtaCmdType.IOT_OTAG_VERSION]: ['version', offer.version], [OtaCmdType.IOT_OTAG_MD5SUM]: ['md5sum', offer.md5] }[Number(valueOf(command))];
    if (found === undefined) return ['null', 'cmd type error'];
    const [name, text] = found as [string, string];
    return text.length > length ? ['null', `${name} length error`] : [text, 'success'];
  }

  resetMd5(): 0 {
    this.#md5 = createHash('md5');
    return 0;
  }

  updateMd5(bytes: unknown): 0 | -1 {
    if (!(bytes instanceof Uint8Array)) return -1;
    this.#md5.update(bytes);
    return 0;
  }

  /** Asks for the firmware from an offset on: 0, or 1 with a reported failure. */
  async download(offset: unknown, size: unknown): Promise<0 | 1> {
    if (!isCount(offset) || typeof size !== 'number' || !(size > 0)) throw new ValueError('Invalid length: an offset from 0 on and a size above 0 are expected.');
    const offer = this.#offered;
    if (offer === undefined) return 1;
    if (offset === 0) this.resetMd5();
    this.#fetched = offset;
    this.#reportedAt = undefined;
    this.#state = OtaState.IOT_OTAS_FETCHING;
    return this.open(offer.url, offset, TIMEOUT_MS);
  }

  /** Asks for a file: 0, or 1 with a reported failure. */
  async open(url: string, offset: number, timeoutMs: number): Promise<0 | 1> {
    this.close();
    const { signal } = this.#ending;
    try {
      const fetch = await openFetch({ url, offset, timeoutMs, clock: this.#routes.line.clock, tls: this.#tls, isChecked: this.#offer !== undefined, signal });
      if (!signal.aborted) {
        this.#fetch = fetch;
        return 0;
      }
      fetch.close();
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
    }
    return 1;
  }

  /** The next piece of the firmware, counted, hashed and reported: `[bytes, n]`, `[null, -1]` when nothing is being fetched, `[null, -2]` when it fails. */
  async yield(bytes: unknown): Promise<[piece: Buffer | null, n: number]> {
    const offer = this.#offer;
    if (!this.isFetching || offer === undefined || this.#fetch === undefined) return [null, -1];
    if (this.#reportedAt === undefined) this.#progress(0);
    const [piece, count] = await this.fetch(bytes);
    if (piece === null) return [piece, count];
    if (count === 0 && bytes !== 0 && this.#fetched < offer.bytes) {
      this.#failed(new LianyunError('wrong-size', `The firmware ended after ${this.#fetched} of ${offer.bytes} bytes.`));
      return [null, -2];
    }
    this.#md5.update(piece);
    this.#fetched += count;
    const isWhole = this.#fetched >= offer.bytes;
    if (isWhole) this.#state = OtaState.IOT_OTAS_FETCHED;
    if (isWhole || this.#routes.line.clock.elapsed() - (this.#reportedAt ?? 0) >= REPORT_MS) this.#progress(Math.floor((this.#fetched * 100) / offer.bytes));
    if (isWhole) this.close();
    return [piece, count];
  }

  /** The next piece, and nothing beside: `[bytes, n]`, `[null, -1]` when nothing is open, `[null, -2]` when it fails. */
  async fetch(bytes: unknown): Promise<[piece: Buffer | null, n: number]> {
    const { signal } = this.#ending;
    if (this.#fetch === undefined) return [null, -1];
    if (!isCount(bytes)) throw new ValueError(`Invalid length: buf_len is ${String(bytes)}; a whole number of bytes is expected.`);
    // A stream has nothing to give to somebody who wants nothing.
    if (bytes === 0) return [Buffer.alloc(0), 0];
    try {
      const piece = await this.#fetch.read(bytes);
      return signal.aborted ? [null, -1] : [piece, piece.length];
    } catch (error) {
      // It was given up for another firmware, or by the program: that is no failure of the one that is offered now.
      if (signal.aborted) return [null, -1];
      this.#failed(error);
      return [null, -2];
    }
  }

  close(): void {
    this.#ending.abort();
    this.#ending = new AbortController();
    this.#fetch?.close();
    this.#fetch = undefined;
  }

  get #offered(): Offer | undefined {
    return this.isFetching || this.isFetched ? this.#offer : undefined;
  }

  #check({ md5 }: Offer): [number, string] {
    if (!this.isFetched) return [-1, 'state error'];
    if (this.#md5.copy().digest('hex') === md5.toLowerCase()) return [0, 'success'];
    this.reportFailure(undefined, WRONG_MD5);
    return [-1, 'md5 error'];
  }

  #failed(error: unknown): void {
    const { line } = this.#routes;
    line.problem(error instanceof Error ? error : new Error(String(error)));
    if (line.isConnected && this.#offer !== undefined) this.reportFailure(undefined, failureOf(error));
  }

  #progress(percent: number): void {
    const { line } = this.#routes;
    this.#reportedAt = line.clock.elapsed();
    // The upgrade goes on without a connection; the next piece reports again.
    if (line.isConnected) this.#publish(this.#body({ state: 'downloading', percent: String(percent), result_code: '0', result_msg: '' }, undefined), 0);
  }

  #report(progress: object, version: string | null | undefined): Result {
    return this.#publish(this.#body(progress, version), 1);
  }

  #body(progress: object, version: string | null | undefined): object {
    return { type: 'report_progress', report: { progress, version: version ?? this.#offer?.version ?? null } };
  }

  #publish(message: object, qos: 0 | 1): Result {
    return this.#routes.line.publish(`$ota/report/${this.#name}`, message, qos);
  }

  #receive({ payload, topic, qos }: { readonly payload: Payload; readonly topic: string; readonly qos: number }, callback: TopicCallback | null | undefined): void {
    const { line } = this.#routes;
    const message = objectIn(payload, topic, line);
    if (message === undefined) return;
    const { type } = message;
    if (typeof type !== 'string') return void missing('type', topic, line);
    if (type === 'report_version_rsp') {
      if (typeof callback === 'function') line.call('otaCb', () => callback(topic, qos, payload, line.userdata));
    } else if (type === 'update_firmware') this.#take(message, topic);
    else line.problem(new LianyunError('unknown-message', `A message of type ${type} arrived on ${topic}, which nothing handles.`, { topic, path: '$.type' }));
  }

  #take({ file_size: bytes, md5sum: md5, url, version }: Readonly<Record<string, unknown>>, topic: string): void {
    const { line } = this.#routes;
    if (typeof bytes !== 'number' || !(bytes > 0)) return void missing('file_size', topic, line);
    for (const [name, value] of Object.entries({ md5sum: md5, url, version })) if (typeof value !== 'string' || value === '') return void missing(name, topic, line);
    const offer = { bytes, md5: String(md5), url: String(url), version: String(version) };
    // The cloud offers a firmware again after every report of another version: one that is being fetched goes on, and so does what the program has hashed of it before it asks for the rest.
    const isSame = this.isFetching && this.#offer?.version === offer.version && this.#offer.md5 === offer.md5;
    this.#offer = offer;
    if (isSame) return;
    this.close();
    this.#fetched = 0;
    this.#reportedAt = undefined;
    this.resetMd5();
    this.#state = OtaState.IOT_OTAS_FETCHING;
  }
}

/** A number of bytes. */
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** A command, or a member of an enumeration of one's own. */
const valueOf = (command: unknown): unknown => (isJsonObject(command) ? command['value'] : command);

/** What the cloud calls the failure of a download (reference 5.1). */
function failureOf(error: unknown): number {
  if (isLianyunError(error, 'expired-url')) return -3;
  if (isLianyunError(error, 'not-found')) return -2;
  return -1;
}
