import type { NetworkSettings } from './open.ts';
import { readProxies } from './proxies.ts';
import { readTls } from './secure.late.ts';
import type { TlsOptions } from './tls-options.ts';

/** How a program says how servers are reached. */
export interface NetworkOptions {
  /** Over TLS: whom to trust, and the device's own certificate. */
  readonly tls?: TlsOptions | undefined;
  /** The proxy on the way, false for none; left out, what the environment says (see the option of a device). */
  readonly proxy?: string | false | undefined;
}

/** Reads them, and the environment. Throws `bad-config`. */
export function readNetwork({ tls, proxy }: NetworkOptions): NetworkSettings {
  const proxies = readProxies(proxy);
  return { ...(tls && { tls: readTls(tls) }), ...(proxies && { proxies }) };
}
