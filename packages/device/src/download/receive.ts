import { LianyunError } from '@lianyun/protocol';
import type { Body } from '../net/direct-body.ts';
import type { Digests } from './digests.ts';
import type { PartFile } from './part-file.ts';

/** Bytes that are gathered before they are written. */
const BATCH_BYTES = 1_048_576;
/** Pieces that are gathered before they are written, however small they are. */
const BATCH_PIECES = 1024;

interface Target {
  readonly part: PartFile;
  /** Where in the file the body belongs. */
  readonly start: number;
  /** What must have happened before the first byte is written; meanwhile they are taken in. */
  readonly ready: Promise<void>;
  readonly digests: Digests;
  /** Bytes that the file may have at most, and why. */
  readonly limit: number;
  readonly isAnnounced: boolean;
  /** Told of every sign of life, and whether the silence that follows is ours. */
  onBusy(isOurs: boolean): void;
  onWritten(): void;
}

/**
 * Takes a body into the file: one batch of its pieces is gathered while the one before is being written, and the server waits when that takes longer, so that memory does not depend on the size of the
 * file, of the pieces, or on speed. When the body is cut, what came is written before the promise rejects with the cause.
 */
export async function receive(body: Body, { part, start, ready, digests, limit, isAnnounced, onBusy, onWritten }: Target): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let batch = new Batch();
  let end = start;
  let writing: Promise<void> | undefined;
  let isHeld = false;
  const write = async (): Promise<void> => {
    const { pieces } = batch;
    batch = new Batch();
    await part.append(pieces);
    for (const piece of pieces) body.release?.(piece);
    onWritten();
  };
  /** Waits for a write, and goes on with what came meanwhile. */
  const follow = (work: Promise<void>): void => {
    writing = work.then(() => {
      writing = undefined;
      if (batch.isFull) follow(write());
      if (!isHeld) return;
      isHeld = false;
      onBusy(false);
      body.resume();
    });
    // Whoever waits for it has the failure; this one only ends the reading.
    writing.catch(reject);
  };
  follow(ready);
  body.on('data', (piece: Buffer) => {
    end += piece.length;
    if (end > limit) return reject(new LianyunError('wrong-size', `The server sends more than the ${limit} bytes that ${isAnnounced ? 'were announced' : 'are allowed where no size was announced'}.`));
    digests.update(piece);
    batch.add(piece);
    isHeld = batch.isFull && writing !== undefined;
    if (isHeld) body.pause();
    else if (batch.isFull) follow(write());
    onBusy(isHeld);
  });
  body.on('end', resolve);
  body.on('error', reject);
  const cut = (): void => reject(new LianyunError('network', 'The server closed the connection in the middle of the file.'));
  body.on('close', cut);
  // What happened before anybody listened is not told again.
  if (body.destroyed) cut();
  try {
    await promise;
  } finally {
    body.removeAllListeners('data');
    while (writing !== undefined) await writing;
    if (batch.pieces.length > 0) await write();
  }
}

/** Pieces that are written together. */
class Batch {
  readonly pieces: Uint8Array[] = [];
  #bytes = 0;

  get isFull(): boolean {
    return this.#bytes >= BATCH_BYTES || this.pieces.length >= BATCH_PIECES;
  }

  add(piece: Buffer): void {
    this.#bytes += piece.length;
    const last = this.pieces.at(-1);
    // What lies behind the last piece in the same memory is one with it.
    if (last?.buffer === piece.buffer && last.byteOffset + last.length === piece.byteOffset) this.pieces[this.pieces.length - 1] = Buffer.from(piece.buffer, last.byteOffset, last.length + piece.length);
    else this.pieces.push(piece);
  }
}
