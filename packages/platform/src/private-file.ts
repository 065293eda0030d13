import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { LianyunError } from '@lianyun/protocol';

/**
 * The text of a file that only its owner may read, undefined when there is none. `what` names its content: "the access keys". Fails with
 * `bad-config` when it is open to other users or cannot be read.
 */
export function readPrivateFile(file: string, what: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new LianyunError('bad-config', `${what} in ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`, { cause: error });
  }
  // Windows has no such modes.
  const mode = statSync(file).mode & 0o777;
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new LianyunError('bad-config', `${what} in ${file} are open to other users (mode ${mode.toString(8).padStart(4, '0')}); close them with: chmod 600 ${file}`);
  }
  return text;
}

/** Writes a file that only its owner may read: complete, on disk and closed to others before it gets its name. Fails with `bad-config` where it cannot be written. */
export function writePrivateFile(file: string, text: string): void {
  writeWhole(file, text, 0o600);
}

/** The same for a file that everybody may read. */
export function writePublicFile(file: string, text: string): void {
  writeWhole(file, text, 0o644);
}

function writeWhole(file: string, text: string, mode: number): void {
  try {
    replace(file, text, mode);
  } catch (cause) {
    // A folder that may not be written to, a link to nowhere, a full disk: what the system says names the file, or the folder.
    throw new LianyunError('bad-config', `${file} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}.`, { cause });
  }
}

function replace(file: string, text: string, mode: number): void {
  const folder = path.dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.new`;
  rmSync(draft, { force: true });
  const handle = openSync(draft, 'wx', mode);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, file);
  syncFolder(folder);
}

/** Makes a new name outlast a power cut. Windows cannot open folders, and does not need to. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
