import { readdirSync, rmSync } from 'node:fs';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { LianyunError } from '@lianyun/protocol';
import { syncFolder } from '../private-file.ts';
import { newBlobName, noBlob, type BlobDraft, type Blobs, type ByteRange } from './blobs.ts';

const NAME = /^[0-9a-f]{32}$/;
const READ_BYTES = 256 * 1024;

/** Bytes in files of one folder, made with the first of them. A file has its name only when all of it is on disk. */
export class FileBlobs implements Blobs {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Removes what a process that ended in the middle of its work left: files that nothing tells of. Called before anything else. */
  sweep(isKnown: (blob: string) => boolean): void {
    for (const name of namesIn(this.#folder)) {
      const isOurs = NAME.test(name) || name.endsWith('.part');
      if (isOurs && !isKnown(name)) rmSync(path.join(this.#folder, name), { force: true });
    }
  }

  async create(): Promise<BlobDraft> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const blob = newBlobName();
    const draft = path.join(this.#folder, `${blob}.part`);
    const handle = await open(draft, 'wx', 0o600);
    const discard = async (): Promise<void> => {
      await handle.close().catch(() => undefined);
      await rm(draft, { force: true });
    };
    return {
      write: (chunk) => writeAll(handle, chunk),
      commit: async () => {
        await handle.sync();
        await handle.close();
        await rename(draft, this.#fileOf(blob));
        syncFolder(this.#folder);
        return blob;
      },
      discard,
    };
  }

  async read(blob: string, range?: ByteRange): Promise<Readable> {
    let handle: FileHandle;
    try {
      handle = await open(this.#fileOf(blob), 'r');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw noBlob(blob, error);
      throw error;
    }
    return handle.createReadStream({ highWaterMark: READ_BYTES, ...range });
  }

  async remove(blob: string): Promise<void> {
    await rm(this.#fileOf(blob), { force: true });
  }

  #fileOf(blob: string): string {
    if (!NAME.test(blob)) throw noBlob(blob);
    return path.join(this.#folder, blob);
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten;
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EFBIG') throw cause;
    throw new LianyunError('too-large', 'The disk is full: there is no room for this object.', { cause });
  }
}

/** The names in a folder; none when there is no folder. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
