import path from 'node:path';
import { errnoOf, type Disk } from './disk.ts';

/** Largest file that is read whole: what is kept here are a few lines. */
const MAX_BYTES = 65_536;

/**
 * Writes a small file so that after a crash at any moment it holds the old text or the new one, on the disk and not in a cache, readable by its
 * owner only. Rejects with what the system says.
 */
export async function writeAtomically(disk: Disk, file: string, text: string): Promise<void> {
  const fresh = `${file}.new`;
  const handle = await disk.open(fresh, 'w', 0o600);
  try {
    // One that a crash left behind, or somebody else made, keeps the mode that it had.
    await handle.chmod(0o600);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await disk.rename(fresh, file);
  await syncDirectory(disk, path.dirname(file));
}

/** Makes names that were given or taken in a directory outlive a power cut. */
export async function syncDirectory(disk: Disk, directory: string): Promise<void> {
  // Windows opens no directories and needs none of this.
  if (process.platform === 'win32') return;
  const handle = await disk.open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Reads what {@link writeAtomically} wrote, as JSON; undefined when there is none, or none that can be read as JSON. */
export async function readJsonFile(disk: Disk, file: string): Promise<unknown> {
  try {
    const { size } = await disk.stat(file);
    return size > MAX_BYTES ? undefined : (JSON.parse(await disk.readFile(file, 'utf8')) as unknown);
  } catch (error) {
    if (error instanceof SyntaxError || errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
