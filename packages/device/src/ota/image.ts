import path from 'node:path';
import { isJsonObject, parseExact, type Clock, type DeviceRef, type OtaOffer } from '@lianyun/protocol';
import { Download } from '../download/download.ts';
import { distinctFileName } from '../download/file-name.ts';
import type { DownloadOptions } from '../download/options.ts';

/** How the file of an offer is fetched: all that the offer does not say itself. */
type ImageOptions = Omit<DownloadOptions, 'source' | 'bytes' | 'digest' | 'clock'>;

/**
 * Fetches the file that a cloud offers, with the size and the digest that the offer names.
 * @param offer asked anew for every attempt: the cloud may have offered it again, with a fresh URL or token.
 */
export function downloadImage(offer: () => OtaOffer, clock: Clock, options: ImageOptions): Download {
  const { bytes, digest } = offer();
  const source = (): ReturnType<DownloadOptions['source']> => {
    const { url, token } = offer();
    return { url, token: token === '' ? undefined : token };
  };
  return new Download({ ...options, source, bytes, digest, clock });
}

/** What the file of an installation is called. */
export const imageName = (kind: OtaOffer['kind']): string => `${kind}.image`;

/** Where the file of an upgrade grows. Many devices of one process may share a directory. */
export const partName = (directory: string, device: DeviceRef, kind: OtaOffer['kind']): string => path.join(directory, `${distinctFileName(device)}-${kind}.part`);

/** A signature in the free text of a package: the text itself, or a member of it; an empty one when there is none. */
export function signatureIn(info: string | undefined): string {
  if (info === undefined) return '';
  if (!info.trimStart().startsWith('{')) return info;
  try {
    const value = parseExact(info);
    return isJsonObject(value) && typeof value['signature'] === 'string' ? value['signature'] : '';
  } catch {
    return '';
  }
}
