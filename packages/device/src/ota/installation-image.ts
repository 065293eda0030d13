import path from 'node:path';
import { LianyunError } from '@lianyun/protocol';
import { systemDisk } from '../disk/disk.ts';
import { Download } from '../download/download.ts';
import type { DownloadProgress } from '../download/progress-feed.ts';
import type { DeviceContext } from '../services/context.ts';
import { imageName, partName, signatureIn } from './image.ts';
import type { InstallOptions } from './install-options.ts';
import type { InstallRecord } from './install-record.ts';
import type { Upgrade } from './upgrade.ts';

/**
 * The file of an installation whose process ended between the last byte and the journal's word that it is there: checked and put in its place, with nothing
 * fetched. Undefined when not all of it is here, or nothing could tell whether it is right.
 */
export async function wholeImage({ clock, device }: DeviceContext, { kind, version, bytes, digest, info }: InstallRecord, { directory, publicKey, signature }: InstallOptions): Promise<string | undefined> {
  // A signature that the program gets from elsewhere belongs to an offer.
  if (bytes === undefined || digest === undefined || signature !== undefined) return undefined;
  const [file, part] = [path.join(directory, imageName(kind)), partName(directory, device, kind)];
  const sizes = await Promise.all([file, part].map((name) => systemDisk().stat(name).then(({ size }) => size, () => undefined)));
  if (!sizes.includes(bytes)) return undefined;
  const download = new Download({
    file,
    part,
    bytes,
    digest,
    clock,
    signature: publicKey === undefined ? undefined : { publicKey, value: signatureIn(info) },
    source: () => {
      throw new LianyunError('aborted', `${kind} ${version} is not all here: what is missing waits for the next offer.`);
    },
  });
  return download.done.catch(() => undefined);
}

/** Fetches the file of an installation; the upgrade tells the cloud how far it is. Rejects as a download does, and with what `signature` throws. */
export async function fetchImage(upgrade: Upgrade, { directory, publicKey, signature, download: tuning }: InstallOptions, onProgress: (progress: DownloadProgress) => void): Promise<string> {
  const value = publicKey === undefined ? undefined : await signature?.(upgrade);
  const download = upgrade.download({ ...tuning, directory, fileName: imageName(upgrade.kind), publicKey, signature: value });
  download.on('progress', onProgress);
  return download.done;
}
