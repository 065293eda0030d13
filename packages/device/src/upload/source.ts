import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { LianyunError } from '@lianyun/protocol';
import { diskError, errnoOf, type Disk } from '../disk/disk.ts';

/** What is uploaded: the path of a file, or bytes, which must stay as they are until the end. */
export type UploadContent = string | Uint8Array;

/** Bytes that are looked through at once. */
const READ_BYTES = 1_048_576;
/** Bytes that are sent at once: few enough that a slow line shows a sign of life often. */
const SEND_BYTES = 65_536;

/** The bytes of an upload. Everything rejects with `not-found`, `disk-failed`, `bad-input`, or the reason of the signal. */
export class UploadSource {
  /** What it is called where nobody says otherwise; undefined for bytes. */
  readonly name: string | undefined;
  readonly bytes: number;
  /** Hex digits. */
  readonly sha256: string;
  readonly md5: string;
  readonly #content: Uint8Array | FileHandle;

  private constructor(content: Uint8Array | FileHandle, about: { readonly name: string | undefined; readonly bytes: number; readonly sha256: string; readonly md5: string }) {
    this.#content = content;
    this.name = about.name;
    this.bytes = about.bytes;
    this.sha256 = about.sha256;
    this.md5 = about.md5;
  }

  /** Looks through all of it once, since its digest goes before it. */
  static async open(disk: Disk, content: UploadContent, signal: AbortSignal): Promise<UploadSource> {
    if (content instanceof Uint8Array) return new UploadSource(content, { name: undefined, bytes: content.length, ...digestsOf(content) });
    if (typeof content !== 'string' || content === '' || content.includes('\0')) throw new LianyunError('bad-input', 'An upload takes the path of a file, or bytes.');
    const handle = await disk.open(content, 'r').catch((cause: unknown) => {
      throw errnoOf(cause) === 'ENOENT' ? new LianyunError('not-found', `There is no file ${content}.`, { cause }) : diskError(`${content} cannot be read`, cause);
    });
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw new LianyunError('bad-input', `${content} is no file.`);
      const [sha256, md5] = [createHash('sha256'), createHash('md5')];
      for await (const chunk of chunksOf(handle, { bytes: stat.size, atOnce: READ_BYTES, signal })) {
        sha256.update(chunk);
        md5.update(chunk);
      }
      return new UploadSource(handle, { name: path.basename(content), bytes: stat.size, sha256: sha256.digest('hex'), md5: md5.digest('hex') });
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The bytes in pieces; each is only valid until the next is asked for. Rejects with `wrong-digest` at the end when they are not what they were. */
  async *chunks(signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const hash = createHash('sha256');
    for await (const chunk of this.#content instanceof Uint8Array ? slicesOf(this.#content) : chunksOf(this.#content, { bytes: this.bytes, atOnce: SEND_BYTES, signal })) {
      hash.update(chunk);
      yield chunk;
    }
    if (hash.digest('hex') !== this.sha256) throw new LianyunError('wrong-digest', `${this.name ?? 'What was to be uploaded'} has changed while it was uploaded.`);
  }

  async close(): Promise<void> {
    if (!(this.#content instanceof Uint8Array)) await this.#content.close();
  }
}

const digestsOf = (bytes: Uint8Array) => ({ sha256: createHash('sha256').update(bytes).digest('hex'), md5: createHash('md5').update(bytes).digest('hex') });

function* slicesOf(bytes: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += SEND_BYTES) yield bytes.subarray(at, at + SEND_BYTES);
}

interface Reading {
  readonly bytes: number;
  readonly atOnce: number;
  readonly signal: AbortSignal;
}

async function* chunksOf(handle: FileHandle, { bytes, atOnce, signal }: Reading): AsyncGenerator<Uint8Array, void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(atOnce, Math.max(bytes, 1)));
  for (let at = 0; at < bytes; ) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, bytes - at), at).catch((cause: unknown) => {
      throw diskError('The file cannot be read', cause);
    });
    if (bytesRead === 0) throw new LianyunError('wrong-digest', `The file is shorter than it was: ${at} of ${bytes} bytes.`);
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
