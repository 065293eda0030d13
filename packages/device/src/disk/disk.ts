import type fs from 'node:fs/promises';
import { LianyunError } from '@lianyun/protocol';
import { node } from '../node.ts';

/** What is done with the disk, so that a test can let it be full or broken. */
export type Disk = Pick<typeof fs, 'open' | 'statfs' | 'stat' | 'rename' | 'rm' | 'mkdir' | 'readFile'>;

/** The disk of this machine. */
export const systemDisk = (): Disk => node.fsPromises();

const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** What Node says of a system call that failed: its code, `ENOSPC` for example. */
export function errnoOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

/** An error of the disk in our words: `disk-full` or `disk-failed`. */
export function diskError(what: string, cause: unknown): LianyunError {
  const isFull = FULL.has(errnoOf(cause) ?? '');
  return new LianyunError(isFull ? 'disk-full' : 'disk-failed', `${what}: ${isFull ? 'the disk is full' : cause instanceof Error ? cause.message : String(cause)}.`, { cause });
}
