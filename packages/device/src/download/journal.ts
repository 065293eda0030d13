import { createHash } from 'node:crypto';
import { isJsonObject } from '@lianyun/protocol';
import { readJsonFile, writeAtomically } from '../disk/atomic-file.ts';
import { diskError, type Disk } from '../disk/disk.ts';
import type { DownloadOptions } from './options.ts';

/** What a partial file belongs to. No URL, no token: they may be secrets, and a fresh URL leads to the same file. */
interface PartIdentity {
  readonly bytes: number | null;
  readonly digest: string | null;
  /** SHA-256 of the URL without what may change: query and credentials. Counts where there is no digest. */
  readonly source: string | null;
}

/** Names the very content on the server that the partial file was taken from. */
export interface Validators {
  readonly etag: string | undefined;
  readonly modified: string | undefined;
  /** Bytes of all of it, if the server says so. */
  readonly total: number | undefined;
}

const FORMAT = 1;

/** What is known of a partial file, beside it on the disk. */
export class PartJournal {
  readonly #disk: Disk;
  readonly #file: string;
  readonly #identity: PartIdentity;

  constructor(disk: Disk, part: string, { bytes, digest, source }: Pick<DownloadOptions, 'bytes' | 'digest' | 'source'>) {
    this.#disk = disk;
    this.#file = `${part}.json`;
    this.#identity = { bytes: bytes ?? null, digest: digest === undefined ? null : `${digest.algorithm}:${digest.hex.toLowerCase()}`, source: digest === undefined ? place(source().url) : null };
  }

  /** The validators of the partial file; undefined when it belongs to another file, or nobody knows to which. */
  async read(): Promise<Validators | undefined> {
    const value = await readJsonFile(this.#disk, this.#file).catch((cause: unknown) => {
      throw diskError(`${this.#file} cannot be read`, cause);
    });
    if (!isJsonObject(value) || value['format'] !== FORMAT) return undefined;
    for (const [name, expected] of Object.entries(this.#identity)) if (value[name] !== expected) return undefined;
    const text = (name: string): string | undefined => (typeof value[name] === 'string' ? value[name] : undefined);
    return { etag: text('etag'), modified: text('modified'), total: typeof value['total'] === 'number' ? value['total'] : undefined };
  }

  async write(validators: Validators): Promise<void> {
    try {
      await writeAtomically(this.#disk, this.#file, JSON.stringify({ format: FORMAT, ...this.#identity, ...validators }));
    } catch (cause) {
      throw diskError(`${this.#file} cannot be written`, cause);
    }
  }

  async remove(): Promise<void> {
    await this.#disk.rm(this.#file, { force: true });
    await this.#disk.rm(`${this.#file}.new`, { force: true });
  }
}

function place(url: string): string {
  const { origin, pathname } = new URL(url);
  return createHash('sha256').update(`${origin}${pathname}`).digest('hex');
}
