import { readFile } from 'node:fs/promises';
import { isJsonObject, LianyunError, type TencentCredential } from '@lianyun/protocol';
import { writeAtomically } from '../disk/atomic-file.ts';
import { diskError, errnoOf, systemDisk } from '../disk/disk.ts';

interface Owner {
  readonly productId: string;
  readonly deviceName: string;
}

/**
 * The credential that a file holds for a device; undefined when there is no file. Rejects with `bad-config` for a file that holds something else, or another
 * device's: it is never written over. `disk-failed`.
 */
export async function readCredential(file: string, { productId, deviceName }: Owner): Promise<TencentCredential | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined;
    throw diskError(`${file} cannot be read`, cause);
  }
  const kept = parsed(text);
  if (kept === undefined) throw new LianyunError('bad-config', `${file} holds no credential that was kept here; move it away, or name another file.`);
  if (kept['productId'] !== productId || kept['deviceName'] !== deviceName) throw new LianyunError('bad-config', `${file} holds the credential of another device than ${productId}/${deviceName}; name another file.`);
  const { deviceSecret, certificate, privateKey } = kept;
  if (typeof deviceSecret === 'string') return { deviceSecret };
  if (typeof certificate === 'string' && typeof privateKey === 'string') return { certificate, privateKey };
  throw new LianyunError('bad-config', `${file} holds no credential that was kept here; move it away, or name another file.`);
}

/** Keeps a credential, whole or not at all, readable by its owner only. Rejects with `disk-full`, `disk-failed`. */
export async function writeCredential(file: string, { productId, deviceName }: Owner, credential: TencentCredential): Promise<void> {
  try {
    await writeAtomically(systemDisk(), file, `${JSON.stringify({ productId, deviceName, ...credential }, undefined, 2)}\n`);
  } catch (cause) {
    throw diskError(`The credential cannot be kept in ${file}`, cause);
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const document: unknown = JSON.parse(text);
    return isJsonObject(document) ? document : undefined;
  } catch {
    // The cause could carry what stands there.
    return undefined;
  }
}
