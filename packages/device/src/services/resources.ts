import { isLianyunError, LianyunError, type Receipt, type ResourceOffer, type ResourceProgress } from '@lianyun/protocol';
import type { DownloadTuning } from '../download/options.ts';
import type { DownloadProgress } from '../download/progress-feed.ts';
import type { UploadContent } from '../upload/source.ts';
import type { UploadTuning } from '../upload/upload.ts';
import type { DeviceContext } from './context.ts';
import type { FileTransfer } from './file-transfer.ts';
import { FileTransfers } from './file-transfers.ts';

/** How a resource is uploaded. */
export interface UploadResourceOptions extends UploadTuning {
  /** What the cloud is to call it; needed for bytes, the file's own name when left out. */
  readonly name?: string;
}

/** How a resource is downloaded. */
export interface DownloadResourceOptions extends DownloadTuning {
  /** The directory that it comes into; made if it is not there. */
  readonly to: string;
}

/** A resource that is in the cloud now. */
export interface UploadedResource {
  readonly name: string;
  readonly bytes: number;
  /** Hex digits. */
  readonly md5: string;
}

/** A resource that is on this disk now. */
export interface DownloadedResource {
  readonly name: string;
  /** Where it is. */
  readonly file: string;
  readonly bytes: number;
}

/** Takes a resource that the cloud offers; what it throws becomes a problem of the device. */
export type ResourceHandler = (offer: ResourceOffer) => void | Promise<void>;

/** Least time between two words about a transfer that goes on, ms. */
const STEP_MS = 1000;
/** Fresh URLs that an upload gets. */
const MAX_RENEWALS = 2;
const FAILED = -1;
const MAX_TEXT = 256;
const MAX_NAME_BYTES = 255;

/** Resources of IoT Hub: files that a device puts into the cloud's storage, and gets from it (Tencent 7.8). */
export class ResourcesService {
  readonly #context: DeviceContext;
  readonly #transfers: FileTransfers;

  constructor(context: DeviceContext) {
    this.#context = context;
    this.#transfers = new FileTransfers(context, { what: 'resource', maxNameBytes: MAX_NAME_BYTES });
  }

  /**
   * Puts a file into the cloud's storage, with size and MD5 announced before, and tells the cloud how far it is and what came of it.
   * @param content the path of a file, which is sent in pieces, or bytes; neither may change until the end.
   * @returns the transfer; `done` rejects with `refused` (the cloud gives no URL), `not-found` (no such file), `wrong-digest`, `too-large`, `expired-url`, `unsafe-url`, `untrusted-server`, `bad-response`,
   * `disk-failed`, `network`, `timeout`, `offline`, `aborted`, `closed`, `bad-input`, `unsupported`.
   */
  upload(content: UploadContent, options: UploadResourceOptions = {}): FileTransfer<UploadedResource> {
    return this.#transfers.upload(content, options, async ({ name, source: { bytes, md5 }, signal, put }) => {
      const headers = { 'content-md5': Buffer.from(md5, 'hex').toString('base64') };
      const ask = (ending: AbortSignal): Promise<string> => this.#grant({ name, bytes, md5 }, ending);
      let url = await ask(signal);
      let renewals = 0;
      const renew = async (ending: AbortSignal): Promise<boolean> => {
        if (++renewals > MAX_RENEWALS) return false;
        url = await ask(ending);
        return true;
      };
      return this.#told({ direction: 'upload', name, state: 'uploading' }, async (onProgress) => {
        await put({ target: () => ({ url, headers }), renew }, onProgress);
        return { name, bytes, md5 };
      });
    });
  }

  /** Asks whether the cloud has a resource for this device. Resolves with it, or undefined. Rejects with `timeout`, `offline`, `aborted`, `closed`, `unsupported`. */
  async check(options: { readonly deadlineMs?: number; readonly signal?: AbortSignal } = {}): Promise<ResourceOffer | undefined> {
    const { peer, device, dialect } = this.#context;
    this.#context.subscribe('resource.poll');
    const { body } = await peer.request('resource.poll', { device, body: {} }, { deadlineMs: options.deadlineMs ?? dialect.limits.answerMs, ...(options.signal && { signal: options.signal }) });
    return body.offer;
  }

  /** Registers what takes a resource when the cloud offers it; the device subscribes now. @returns a function that takes the registration back. Throws `duplicate-handler`, `bad-input`, `unsupported`. */
  onOffer(handler: ResourceHandler): () => void {
    if (typeof handler !== 'function') throw new LianyunError('bad-input', 'resources.onOffer() takes a function.');
    const undo = this.#context.peer.handle('resource.offer', ({ body }) => handler(body));
    this.#context.subscribe('resource.offer');
    return undo;
  }

  /**
   * Gets a resource that the cloud offered, going on where an earlier attempt ended, checks its size and MD5, and tells the cloud how far it is and what came of it. It appears under its name at once and
   * whole, or not at all; the name on the disk is made as {@link FilesService.download} makes it.
   * @returns the transfer; `done` rejects with `not-found`, `wrong-digest`, `wrong-size`, `disk-full`, `disk-failed`, `expired-url`, `unsafe-url`, `untrusted-server`, `bad-response`, `network`, `timeout`, `aborted`,
   * `closed`, `bad-input`, `unsupported`, `conflict` (the resource is being downloaded already).
   */
  download(offer: ResourceOffer, options: DownloadResourceOptions): FileTransfer<DownloadedResource> {
    // Types say so already; a program in JavaScript can pass anything.
    const given: ResourceOffer | undefined = offer;
    return this.#transfers.download(given?.name, options, ({ file, get }) => {
      const { name, url, bytes, md5 } = offer;
      return this.#told({ direction: 'download', name, state: 'downloading' }, async (onProgress) => {
        const digest = md5 === undefined ? undefined : ({ algorithm: 'md5', hex: md5 } as const);
        return { name, file, bytes: await get({ source: () => ({ url }), bytes, digest }, onProgress) };
      });
    });
  }

  async #grant(file: { readonly name: string; readonly bytes: number; readonly md5: string }, signal: AbortSignal): Promise<string> {
    const { peer, device, dialect } = this.#context;
    this.#context.subscribe('resource.upload');
    const { body } = await peer.request('resource.upload', { device, body: file }, { deadlineMs: dialect.limits.answerMs, signal });
    if (body.url === undefined) throw new LianyunError('refused', `The cloud gives ${device} no URL for ${JSON.stringify(file.name)}.`, { device });
    return body.url;
  }

  /** Runs a transfer and tells the cloud of it: now and then while it goes on, and how it ended. */
  async #told<R>({ state, ...file }: Pick<ResourceProgress, 'direction' | 'name' | 'state'>, run: (onProgress: (progress: DownloadProgress) => void) => Promise<R>): Promise<R> {
    const { clock } = this.#context;
    let last = -Infinity;
    const onProgress = ({ bytes, total }: Pick<DownloadProgress, 'bytes' | 'total'>): void => {
      if (clock.elapsed() - last < STEP_MS) return;
      last = clock.elapsed();
      this.#tell({ ...file, state, percent: total ? Math.min(99, Math.floor((bytes / total) * 100)) : 0, code: 0 });
    };
    onProgress({ bytes: 0, total: undefined });
    try {
      const result = await run(onProgress);
      this.#tell({ ...file, state: 'done', percent: 100, code: 0 });
      return result;
    } catch (error) {
      this.#tell({ ...file, state: 'fail', code: FAILED, text: (isLianyunError(error) ? error.message : String(error)).slice(0, MAX_TEXT) });
      throw error;
    }
  }

  #tell(body: ResourceProgress): Receipt {
    const { peer, device } = this.#context;
    return peer.send('resource.progress', { device, body });
  }
}
