import path from 'node:path';
import type { KeyLike } from 'node:crypto';
import { failedReceipt, isLianyunError, LianyunError, type DeviceRef, type JsonValue, type OtaOffer, type Receipt, type UpgradeFailure, type UpgradeStep } from '@lianyun/protocol';
import type { Download } from '../download/download.ts';
import { safeFileName } from '../download/file-name.ts';
import type { DownloadTuning } from '../download/options.ts';
import type { DeviceContext } from '../services/context.ts';
import { failureOf, isPause } from './failures.ts';
import { downloadImage, partName, signatureIn } from './image.ts';

/** Versions that run on a device. */
export type Versions<K extends OtaOffer['kind'] = OtaOffer['kind']> = { readonly [Each in K]?: string };

/** How the file of an upgrade is fetched. */
export interface UpgradeDownloadOptions extends DownloadTuning {
  /** Where the file is put; it is called by kind and version, and grows beside it. */
  readonly directory: string;
  /** Instead of the name by kind and version. */
  readonly fileName?: string | undefined;
  /** An Ed25519 public key, PEM or KeyObject: the file is taken only with a signature of its SHA-256 by that key. */
  readonly publicKey?: KeyLike | undefined;
  /** The signature, 64 bytes or their base64. Left out: what `info` says, as base64 alone or as `{"signature":"…"}` among other things. */
  readonly signature?: string | Uint8Array | undefined;
  /** False: progress and failure are not told to the cloud. */
  readonly reports?: boolean | undefined;
}

/** What an upgrade asks of the service that it belongs to. */
export interface UpgradeHost {
  readonly context: DeviceContext;
  /** Tells the cloud a step of the upgrade to a version. */
  tell(target: Pick<OtaOffer, 'kind' | 'version'>, step: UpgradeStep): Receipt;
  /** Settles when all downloads of a kind so far have ended: they take turns at the partial file. */
  readonly downloads: Map<OtaOffer['kind'], Promise<unknown>>;
  /** Waits for the cloud to offer the same upgrade again. */
  renew(upgrade: Upgrade, signal: AbortSignal): Promise<boolean>;
}

/** A version that the cloud wants this device to have (Huawei 5.2, Tencent 5.1). */
export class Upgrade<K extends OtaOffer['kind'] = OtaOffer['kind']> {
  readonly device: DeviceRef;
  readonly kind: K;
  readonly version: string;
  /** Size of the file, if the cloud says so: always on Tencent and for what Huawei's platform keeps itself. */
  readonly bytes: number | undefined;
  readonly digest: OtaOffer['digest'];
  /** What the cloud calls the file. It may hold anything: join it to no path. */
  readonly fileName: string | undefined;
  /** Free text of the package's maker. Huawei only. */
  readonly info: string | undefined;
  /** Huawei only. */
  readonly taskId: string | undefined;
  readonly taskInfo: JsonValue | undefined;
  readonly #host: UpgradeHost;
  readonly #controller = new AbortController();
  #offer: OtaOffer;
  #isOver = false;
  #told: { readonly percent: number; readonly at: number } | undefined;

  /** @internal */
  constructor(host: UpgradeHost, offer: OtaOffer & { readonly kind: K }) {
    this.#host = host;
    this.#offer = offer;
    this.device = host.context.device;
    this.kind = offer.kind;
    this.version = offer.version;
    this.bytes = offer.bytes;
    this.digest = offer.digest;
    this.fileName = offer.fileName;
    this.info = offer.info;
    this.taskId = offer.taskId;
    this.taskInfo = offer.taskInfo;
    const { running } = host.context;
    const end = (error: LianyunError): void => this.#controller.abort(error);
    running.add(end);
    this.signal.addEventListener('abort', () => running.delete(end), { once: true });
  }

  /** Where the file is, as the cloud said last. It may be signed, and so a secret. */
  get url(): string {
    return this.#offer.url;
  }

  /** Aborted when another version is offered instead, when the upgrade is over, and when the device is closed. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether it has succeeded or failed: nothing more is told about it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Fetches the file, and tells the cloud how far it is and what it fails of. What an earlier run of the program, or a cut, left of it is not
   * fetched again; a URL that has expired meanwhile is replaced where the cloud gives a fresh one (Tencent 5.2).
   */
  download(options: UpgradeDownloadOptions): Download {
    const { directory, fileName = `${this.kind}-${safeFileName(this.version)}`, publicKey, signature, reports = true, signal, ...tuning } = options;
    const { clock, dialect, network } = this.#host.context;
    const before = this.#host.downloads.get(this.kind);
    const download = downloadImage(() => this.#offer, clock, {
      ...tuning,
      network,
      renew: dialect.ota.offersAgain ? (end) => this.#host.renew(this, end) : undefined,
      file: path.join(directory, fileName),
      part: partName(directory, this.device, this.kind),
      signature: publicKey === undefined ? undefined : { publicKey, value: signature ?? signatureIn(this.info) },
      signal: signal === undefined ? this.signal : AbortSignal.any([signal, this.signal]),
      after: before,
    });
    // One that ends while it waits for its turn gives that to nobody.
    this.#host.downloads.set(this.kind, Promise.allSettled([before, download.done]));
    if (!reports) return download;
    download.on('progress', ({ bytes, total }) => {
      if (total !== undefined) this.#step(total === 0 ? 100 : Math.floor((bytes / total) * 100));
    });
    download.done.catch((error: unknown) => {
      if (!isPause(error)) this.fail(isLianyunError(error) ? error : 'internal');
    });
    return download;
  }

  /**
   * Tells how far the upgrade is, where the download does not do it by itself. `installing` is Tencent's state burning.
   * @returns a receipt; fails with `bad-input` after the end, `outbox-full`, `expired`, `dropped`, `closed`.
   */
  progress(step: { readonly at: 'downloading'; readonly percent: number } | { readonly at: 'installing'; readonly percent?: number }): Receipt {
    const percent = step.percent ?? 0;
    if (this.#isOver) return this.#late();
    if (!(Number.isInteger(percent) && percent >= 0 && percent <= 100)) return failedReceipt(new LianyunError('bad-input', `percent is ${String(percent)}: a whole number from 0 to 100 is expected.`));
    return this.#host.tell(this, step);
  }

  /**
   * Tells that the upgrade has failed, and ends it.
   * @param reason an error, which is told with the code that the cloud has for it; a word for the code; or the cloud's own code (Huawei 5.2: 1 to 255; Tencent 5.1: -1 to -5).
   * @param text says why; an error's own message when left out.
   * @returns a receipt; fails as that of {@link progress}.
   */
  fail(reason: UpgradeFailure | LianyunError | number, text?: string): Receipt {
    if (this.#isOver) return this.#late();
    const failure = isLianyunError(reason) ? failureOf(reason) : reason;
    const said = text ?? (isLianyunError(reason) ? reason.message : undefined);
    this.end(new LianyunError('aborted', `The upgrade to ${this.kind} ${this.version} has failed.`, { cause: isLianyunError(reason) ? reason : undefined }));
    return this.#host.tell(this, { at: 'failed', failure, ...(said === undefined ? {} : { text: said }) });
  }

  /** The cloud offered it again. @internal */
  refresh(offer: OtaOffer): void {
    this.#offer = offer;
  }

  /** Whether another offer is for the same upgrade. @internal */
  isSame({ kind, version, digest }: OtaOffer): boolean {
    return kind === this.kind && version === this.version && digest?.hex.toLowerCase() === this.digest?.hex.toLowerCase();
  }

  /** @internal */
  end(why: LianyunError): void {
    this.#isOver = true;
    this.#controller.abort(why);
  }

  /** A step of the download: no more often than the cloud needs it, but always the first and the last. */
  #step(percent: number): void {
    const { clock, dialect } = this.#host.context;
    const at = clock.elapsed();
    if (this.#isOver || percent === this.#told?.percent) return;
    if (this.#told !== undefined && percent < 100 && at - this.#told.at < dialect.ota.stepMs) return;
    this.#told = { percent, at };
    this.#host.tell(this, { at: 'downloading', percent });
  }

  #late(): Receipt {
    return failedReceipt(new LianyunError('bad-input', `The upgrade to ${this.kind} ${this.version} is over: nothing more can be told about it.`, { device: this.device }));
  }
}
