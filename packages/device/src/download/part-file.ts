import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { LianyunError } from '@lianyun/protocol';
import { syncDirectory } from '../disk/atomic-file.ts';
import { diskError, type Disk } from '../disk/disk.ts';

/** Bytes read at once when a partial file is looked through. */
const READ_BYTES = 1_048_576;
/** Nobody else's file is written through a link. Windows has no such links. */
const NO_FOLLOW = process.platform === 'win32' ? 0 : constants.O_NOFOLLOW;

/** The file that grows. Everything rejects with `disk-full` or `disk-failed`. */
export class PartFile {
  readonly #disk: Disk;
  readonly #name: string;
  readonly #handle: FileHandle;
  #size: number;

  private constructor(disk: Disk, name: string, { handle, size }: { readonly handle: FileHandle; readonly size: number }) {
    this.#disk = disk;
    this.#name = name;
    this.#handle = handle;
    this.#size = size;
  }

  /** One that is there already, only to be looked through: it may be a link, belong to somebody else, or be running. */
  static async look(disk: Disk, name: string): Promise<PartFile> {
    try {
      const handle = await disk.open(name, constants.O_RDONLY);
      return new PartFile(disk, name, { handle, size: (await handle.stat()).size });
    } catch (cause) {
      throw diskError(`${name} cannot be read`, cause);
    }
  }

  static async open(disk: Disk, name: string): Promise<PartFile> {
    try {
      await disk.mkdir(path.dirname(name), { recursive: true });
      const handle = await disk.open(name, constants.O_RDWR | constants.O_CREAT | NO_FOLLOW, 0o600);
      return new PartFile(disk, name, { handle, size: (await handle.stat()).size });
    } catch (cause) {
      throw diskError(`${name} cannot be written`, cause);
    }
  }

  /** Bytes that it holds. */
  get size(): number {
    return this.#size;
  }

  /** Makes sure that it can grow to this size. */
  async needRoom(bytes: number): Promise<void> {
    const more = bytes - this.#size;
    const { bavail, bsize } = await this.#try(() => this.#disk.statfs(path.dirname(this.#name)));
    if (bavail * bsize < more) throw new LianyunError('disk-full', `There is no room for ${this.#name}: ${more} bytes more are needed, ${bavail * bsize} are free.`);
  }

  /** Looks through all of it. */
  async forEach(take: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<void> {
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, Math.max(this.#size, 1)));
    for (let at = 0; at < this.#size; ) {
      signal.throwIfAborted();
      const { bytesRead } = await this.#try(() => this.#handle.read(buffer, 0, Math.min(buffer.length, this.#size - at), at));
      if (bytesRead === 0) throw diskError(`${this.#name} is shorter than it was`, undefined);
      take(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  }

  /** Writes behind what is there. */
  async append(pieces: readonly Uint8Array[]): Promise<void> {
    await this.#try(async () => {
      for (let left = pieces; left.length > 0; ) {
        const { bytesWritten } = await this.#handle.writev(left, this.#size);
        this.#size += bytesWritten;
        left = behind(left, bytesWritten);
      }
    });
  }

  async empty(): Promise<void> {
    await this.#try(() => this.#handle.truncate(0));
    this.#size = 0;
  }

  /** Puts it in its final place, whole and on the disk. */
  async becomes(file: string): Promise<void> {
    await this.#try(async () => {
      await this.#handle.sync();
      await this.#handle.close();
      await this.#disk.rename(this.#name, file);
      await syncDirectory(this.#disk, path.dirname(file));
    });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async remove(): Promise<void> {
    await this.#disk.rm(this.#name, { force: true });
  }

  async #try<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (cause) {
      throw this.#failed(cause);
    }
  }

  #failed(cause: unknown): LianyunError {
    return diskError(`${this.#name} cannot be written`, cause);
  }
}

/** What of the pieces comes after so many bytes: a disk may take less than it is given. */
function behind(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let skipped = 0;
  for (const [index, piece] of pieces.entries()) {
    if (skipped + piece.length > bytes) return [piece.subarray(bytes - skipped), ...pieces.slice(index + 1)];
    skipped += piece.length;
  }
  return [];
}
