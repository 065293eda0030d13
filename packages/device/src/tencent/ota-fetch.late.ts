import { OtaFetch, type FetchOptions } from './ota-fetch.ts';

/** Asks for a file; see {@link OtaFetch}. */
export function openFetch(options: FetchOptions): Promise<OtaFetch> {
  return OtaFetch.open(options);
}
