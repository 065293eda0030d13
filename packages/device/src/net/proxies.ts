import { isExempt } from './no-proxy.ts';
import { readProxyUrl, type Proxy } from './proxy-url.ts';

/** Where something is to be reached. */
export interface Target {
  readonly host: string;
  /** Over TLS. */
  readonly isSecure: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Which proxy leads where. */
export class Proxies {
  readonly #secure: Proxy | undefined;
  readonly #plain: Proxy | undefined;
  readonly #exempt: string;

  constructor({ secure, plain, exempt }: { readonly secure: Proxy | undefined; readonly plain: Proxy | undefined; readonly exempt: string }) {
    this.#secure = secure;
    this.#plain = plain;
    this.#exempt = exempt;
  }

  /** Whether one of them is spoken to over TLS. */
  get isSecure(): boolean {
    return this.#secure?.scheme === 'https' || this.#plain?.scheme === 'https';
  }

  /** The proxy on the way to a host; undefined when there is none. */
  for({ host, isSecure }: Target): Proxy | undefined {
    const proxy = isSecure ? this.#secure : this.#plain;
    return proxy === undefined || isExempt(host, this.#exempt) ? undefined : proxy;
  }
}

/**
 * Reads the `proxy` option: the address of a proxy; false for none; left out, what the environment says, as curl reads it: `https_proxy` or `HTTPS_PROXY` for
 * what goes over TLS, `http_proxy` or `HTTP_PROXY` for what does not, `all_proxy` or `ALL_PROXY` for both, but for the hosts of `no_proxy` or `NO_PROXY`.
 * Undefined when there is no proxy. Throws `bad-config` naming the option or the variable.
 */
export function readProxies(option: unknown, environment: Environment = process.env): Proxies | undefined {
  if (option === false) return undefined;
  const exempt = valueOf(environment, 'no_proxy', 'NO_PROXY')?.value ?? '';
  if (option !== undefined) {
    const proxy = readProxyUrl(option, 'proxy');
    return new Proxies({ secure: proxy, plain: proxy, exempt });
  }
  const all = valueOf(environment, 'all_proxy', 'ALL_PROXY');
  // In a CGI program a client sets HTTP_PROXY, by a header named Proxy.
  const http = valueOf(environment, 'http_proxy', ...(environment['REQUEST_METHOD'] === undefined ? ['HTTP_PROXY'] : []));
  const [secure, plain] = [valueOf(environment, 'https_proxy', 'HTTPS_PROXY') ?? all, http ?? all];
  if (secure === undefined && plain === undefined) return undefined;
  return new Proxies({ secure: secure && readProxyUrl(secure.value, secure.name), plain: plain && readProxyUrl(plain.value, plain.name), exempt });
}

/** The first variable that has a value. */
function valueOf(environment: Environment, ...names: readonly string[]): { readonly name: string; readonly value: string } | undefined {
  for (const name of names) {
    const value = environment[name];
    if (value !== undefined && value.trim() !== '') return { name, value };
  }
  return undefined;
}
