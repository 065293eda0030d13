import { isJsonObject, LianyunError, type JsonObject } from '@lianyun/protocol';
import { writeAtomically } from './atomic-file.ts';
import { diskError, errnoOf, type Disk } from './disk.ts';

/**
 * What a small file says, as `read` makes it of its JSON object; undefined when there is no such file. Rejects with `disk-failed` when it cannot be read,
 * and with `damage` behind its name when it is no JSON object or `read` finds nothing in it.
 */
export async function readStateFile<T>(disk: Disk, file: string, { read, damage }: { readonly read: (content: JsonObject) => T | undefined; readonly damage: string }): Promise<T | undefined> {
  let text: string;
  try {
    text = await disk.readFile(file, 'utf8');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined;
    throw diskError(`${file} cannot be read`, cause);
  }
  const content = parsed(text);
  const found = isJsonObject(content) ? read(content) : undefined;
  if (found === undefined) throw new LianyunError('disk-failed', `${file} ${damage}`);
  return found;
}

/** Writes it, whole or not at all, for its owner only. Rejects with `disk-full` or `disk-failed`. */
export async function writeStateFile(disk: Disk, file: string, text: string): Promise<void> {
  try {
    await writeAtomically(disk, file, text);
  } catch (cause) {
    throw diskError(`${file} cannot be written`, cause);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
