import type { IncomingMessage } from 'node:http';
import { LianyunError } from '@lianyun/protocol';
import type { Digests } from './digests.ts';
import type { PartFile } from './part-file.ts';

/** Bytes that are written at once. There are two buffers of this size. */
const BATCH_BYTES = 1_048_576;

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
 * Takes a body into the file: one buffer fills while the other is being written, and the server waits when both are full, so that memory does
 * not depend on the size of the file, of the pieces, or on speed. When the body is cut, what came is written before the promise rejects with the cause.
 */
export async function receive(response: IncomingMessage, { part, start, ready, digests, limit, isAnnounced, onBusy, onWritten }: Target): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let filling: Buffer = Buffer.allocUnsafeSlow(BATCH_BYTES);
  let spare: Buffer | undefined = Buffer.allocUnsafeSlow(BATCH_BYTES);
  let filled = 0;
  let end = start;
  /** What came when both buffers were full: the rest of one piece. */
  let rest: Buffer | undefined;
  let writing: Promise<void> | undefined;
  const take = (chunk: Buffer): void => {
    const taken = chunk.copy(filling, filled);
    filled += taken;
    if (filled < BATCH_BYTES) return;
    if (writing === undefined) {
      follow(write());
      return take(chunk.subarray(taken));
    }
    rest = chunk.subarray(taken);
    response.pause();
  };
  const write = async (): Promise<void> => {
    const full = filling;
    const bytes = filled;
    // Never while another write is under way, so that the other buffer is here.
    filling = spare ?? Buffer.allocUnsafeSlow(BATCH_BYTES);
    spare = undefined;
    filled = 0;
    await part.append(full.subarray(0, bytes));
    spare = full;
    onWritten();
  };
  /** Waits for a write, and takes what had to wait for it. */
  const follow = (work: Promise<void>): void => {
    writing = work.then(() => {
      writing = undefined;
      if (rest === undefined) return;
      const piece = rest;
      rest = undefined;
      take(piece);
      onBusy(rest !== undefined);
      if (rest === undefined) response.resume();
    });
    // Whoever waits for it has the failure; this one only ends the reading.
    writing.catch(reject);
  };
  follow(ready);
  response.on('data', (chunk: Buffer) => {
    end += chunk.length;
    if (end > limit) return reject(new LianyunError('wrong-size', `The server sends more than the ${limit} bytes that ${isAnnounced ? 'were announced' : 'are allowed where no size was announced'}.`));
    digests.update(chunk);
    take(chunk);
    onBusy(rest !== undefined);
  });
  response.on('end', resolve);
  response.on('error', reject);
  const cut = (): void => reject(new LianyunError('network', 'The server closed the connection in the middle of the file.'));
  response.on('close', cut);
  // What happened before anybody listened is not told again.
  if (response.destroyed) cut();
  try {
    await promise;
  } finally {
    response.removeAllListeners('data');
    while (writing !== undefined) await writing;
    if (filled > 0) await write();
  }
}
