import { LianyunError, type LianyunError as Fault } from '@lianyun/protocol';
import { hostOf, whereOf } from './endpoint.ts';

/** A proxy, and how it is spoken to. */
export interface Proxy {
  /** `socks5h`: the proxy looks up names, with `socks5` this machine does. */
  readonly scheme: 'http' | 'https' | 'socks5' | 'socks5h';
  readonly host: string;
  readonly port: number;
  readonly user?: { readonly name: string; readonly password: string };
}

const SCHEMES: ReadonlySet<string> = new Set<Proxy['scheme']>(['http', 'https', 'socks5', 'socks5h']);
/** What curl takes where no port is given. */
const PORT = 1080;
const PORT_OF_TLS = 443;
/** RFC 1929 has one byte for each length. */
const MAX_SOCKS_TEXT = 255;

/** A proxy as it may stand in a message: without user and password. */
export const shownProxy = ({ scheme, host, port }: Proxy): string => `${scheme}://${whereOf({ host, port })}`;

/** Reads the address of a proxy; `name` is where it stands. Throws `bad-config`, which never repeats the address: it may hold a password. */
export function readProxyUrl(text: unknown, name: string): Proxy {
  const bad = (why: string): Fault => new LianyunError('bad-config', `${name} ${why}: http://host:port, https://host:port, socks5://host:port or socks5h://host:port is expected, with user:password@ before the host if the proxy wants that.`);
  if (typeof text !== 'string' || text.trim() === '') throw bad('is no address');
  const [, written, rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/i.exec(text.trim()) ?? [];
  const scheme = (written ?? 'http').toLowerCase();
  if (!SCHEMES.has(scheme)) throw bad(`has the scheme ${scheme}`);
  // By a scheme that the URL parser does not know: of those it knows it drops the usual port.
  const url = URL.canParse(`proxy://${rest}`) ? new URL(`proxy://${rest}`) : undefined;
  const host = url && hostOf(url);
  if (url === undefined || host === undefined) throw bad('is no address');
  if (!/^\/?$/.test(url.pathname) || url.search !== '' || url.hash !== '') throw bad('goes on behind the port');
  const port = url.port === '' ? (scheme === 'https' ? PORT_OF_TLS : PORT) : Number(url.port);
  if (port === 0) throw bad('names port 0');
  const [user, password] = [decoded(url.username), decoded(url.password)];
  if (user === undefined || password === undefined) throw bad('has a user or password that is not encoded as in a URL');
  if (scheme.startsWith('socks5') && [user, password].some((each) => Buffer.byteLength(each) > MAX_SOCKS_TEXT)) throw bad(`has a user or password of more than ${MAX_SOCKS_TEXT} bytes`);
  return { scheme: scheme as Proxy['scheme'], host, port, ...(user === '' && password === '' ? {} : { user: { name: user, password } }) };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
