import path from 'node:path';
import { LianyunError } from '@lianyun/protocol';
import { systemDisk } from '../disk/disk.ts';
import { Download } from '../download/download.ts';
import { distinctFileName } from '../download/file-name.ts';
import type { DownloadOptions, DownloadTuning } from '../download/options.ts';
import type { DownloadProgress } from '../download/progress-feed.ts';
import type { UploadContent, UploadSource } from '../upload/source.ts';
import type { UploadOptions, UploadTuning } from '../upload/upload.ts';
import { openSource, upload } from '../upload/upload.late.ts';
import type { DeviceContext } from './context.ts';
import type { FileTransfer } from './file-transfer.ts';
import { startTransfer } from './start-transfer.ts';

interface Kind {
  /** What the cloud calls it, for the texts of errors. */
  readonly what: 'file' | 'resource';
  readonly maxNameBytes: number;
}

/** A file on its way to the cloud. */
interface Outgoing {
  readonly name: string;
  readonly source: UploadSource;
  readonly signal: AbortSignal;
  /** Puts it where the target says, in as many attempts as it takes. */
  put(to: Pick<UploadOptions, 'target' | 'renew'>, onProgress?: (progress: DownloadProgress) => void): Promise<void>;
}

/** A file on its way to this disk. */
interface Incoming {
  /** Where it will be. */
  readonly file: string;
  readonly signal: AbortSignal;
  /** Gets it, in as many attempts as it takes. Resolves with its size. */
  get(from: Pick<DownloadOptions, 'source' | 'renew' | 'bytes' | 'digest'>, onProgress?: (progress: DownloadProgress) => void): Promise<number>;
}

/** Files of a device on their way, whatever the cloud asks and hears about them. */
export class FileTransfers {
  readonly #context: DeviceContext;
  readonly #kind: Kind;
  readonly #coming = new Set<string>();

  constructor(context: DeviceContext, kind: Kind) {
    this.#context = context;
    this.#kind = kind;
  }

  /** Opens what is to be uploaded, and closes it when `run` is over. */
  upload<R>(content: UploadContent, options: UploadTuning & { readonly name?: string }, run: (file: Outgoing) => Promise<R>): FileTransfer<R> {
    const { clock, network } = this.#context;
    return startTransfer(this.#context, { what: `The upload of a ${this.#kind.what}`, options }, async (signal, teller) => {
      const source = await openSource(systemDisk(), content, signal);
      try {
        const { name = source.name, ...tuning } = options;
        this.#checkName(name);
        const put: Outgoing['put'] = async (to, onProgress) => {
          const onSent = (sent: number): void => {
            const progress = { bytes: sent, total: source.bytes, resumed: 0 };
            teller.progress(progress);
            onProgress?.(progress);
          };
          await upload({ ...tuning, ...to, network, source, clock, signal, onSent, onRetry: (retry) => teller.retry(retry) });
        };
        return await run({ name, source, signal, put });
      } finally {
        await source.close();
      }
    });
  }

  /** Finds a place for what is to be downloaded into the directory `to`, and keeps it from others until `run` is over. */
  download<R>(name: string | undefined, options: DownloadTuning & { readonly to: string }, run: (file: Incoming) => Promise<R>): FileTransfer<R> {
    const { clock, network } = this.#context;
    const { what } = this.#kind;
    return startTransfer(this.#context, { what: `The download of a ${what}`, options }, async (signal, teller) => {
      const { to, ...tuning } = options;
      this.#checkName(name);
      if (typeof to !== 'string' || to === '' || to.includes('\0')) throw new LianyunError('bad-input', `${what}s.download() takes the directory that the ${what} comes into: { to }.`);
      const file = path.resolve(to, distinctFileName(name));
      // No file is called so: a name of distinctFileName() begins with no dot. Beside `x`, `x.part` may be one of its own.
      const part = path.join(path.dirname(file), `.${path.basename(file)}.part`);
      if (this.#coming.has(file)) throw new LianyunError('conflict', `${file} is being downloaded already.`);
      this.#coming.add(file);
      const get: Incoming['get'] = async (from, onProgress) => {
        const download = new Download({ ...tuning, ...from, network, file, part, clock, signal });
        download.on('progress', (progress) => {
          teller.progress(progress);
          onProgress?.(progress);
        });
        download.on('retry', (retry) => teller.retry(retry));
        await download.done;
        return download.progress.bytes;
      };
      try {
        return await run({ file, signal, get });
      } finally {
        this.#coming.delete(file);
      }
    });
  }

  #checkName(name: string | undefined): asserts name is string {
    const { what, maxNameBytes } = this.#kind;
    if (typeof name === 'string' && name !== '' && Buffer.byteLength(name) <= maxNameBytes) return;
    throw new LianyunError('bad-input', `A ${what} in the cloud needs a name of 1 to ${maxNameBytes} bytes.`);
  }
}
