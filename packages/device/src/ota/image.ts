import type { Clock, OtaOffer } from '@lianyun/protocol';
import { Download } from '../download/download.ts';
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
    return { url, token };
  };
  return new Download({ ...options, source, bytes, digest, clock });
}
