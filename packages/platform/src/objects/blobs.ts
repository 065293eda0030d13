import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { LianyunError } from '@lianyun/protocol';

/** The first and the last byte of a part, both in it. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Bytes that are being taken in. It ends with one of commit and discard. */
export interface BlobDraft {
  /** Resolves when there is room for more. Rejects with `too-large` when there is no room at all. */
  write(chunk: Uint8Array): Promise<void>;
  /** Keeps what was written, all of it, for good; resolves with its name. */
  commit(): Promise<string>;
  discard(): Promise<void>;
}

/** Where the bytes of objects are. Their names are made here, and nothing from the outside is in them. */
export interface Blobs {
  create(): Promise<BlobDraft>;
  /** Rejects with `not-found`. Whoever reads goes on reading when the blob is removed meanwhile. */
  read(blob: string, range?: ByteRange): Promise<Readable>;
  remove(blob: string): Promise<void>;
}

export const newBlobName = (): string => randomBytes(16).toString('hex');

export const noBlob = (blob: string, cause?: unknown): LianyunError => new LianyunError('not-found', `There is no blob ${blob}.`, { cause });

/** What there may be in memory, all objects together. */
const MEMORY_BYTES = 256 * 1024 * 1024;

/** Bytes that live as long as the process. */
export class MemoryBlobs implements Blobs {
  readonly #blobs = new Map<string, readonly Buffer[]>();
  readonly #limitBytes: number;
  #bytes = 0;

  constructor(limitBytes = MEMORY_BYTES) {
    this.#limitBytes = limitBytes;
  }

  create(): Promise<BlobDraft> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const give = (): void => {
      this.#bytes -= bytes;
      bytes = 0;
    };
    return Promise.resolve({
      write: async (chunk) => {
        if (this.#bytes + chunk.length > this.#limitBytes) {
          throw new LianyunError('too-large', `All objects together may have ${this.#limitBytes} bytes while they are kept in memory; keep them in a folder (lianyun up --data), or delete some.`);
        }
        this.#bytes += chunk.length;
        bytes += chunk.length;
        // What comes out of a socket may be a view of a buffer that is used again.
        chunks.push(Buffer.from(chunk));
      },
      commit: async () => {
        const blob = newBlobName();
        this.#blobs.set(blob, chunks);
        return blob;
      },
      discard: async () => give(),
    });
  }

  async read(blob: string, range?: ByteRange): Promise<Readable> {
    const chunks = this.#blobs.get(blob);
    if (chunks === undefined) throw noBlob(blob);
    return Readable.from(partOf(chunks, range), { objectMode: false });
  }

  async remove(blob: string): Promise<void> {
    for (const { length } of this.#blobs.get(blob) ?? []) this.#bytes -= length;
    this.#blobs.delete(blob);
  }
}

function* partOf(chunks: readonly Buffer[], { start, end }: ByteRange = { start: 0, end: Number.POSITIVE_INFINITY }): Generator<Buffer> {
  let at = 0;
  for (const chunk of chunks) {
    if (at > end) return;
    const part = chunk.subarray(Math.max(0, start - at), end - at + 1);
    if (part.length > 0) yield part;
    at += chunk.length;
  }
}
