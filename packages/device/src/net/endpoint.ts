import { LianyunError } from '@lianyun/protocol';

/** A server, and how it is spoken to. */
export interface Endpoint {
  readonly scheme: 'mqtt' | 'mqtts';
  readonly host: string;
  readonly port: number;
}

/** The schemes that an address may be written with. */
const SCHEMES: Readonly<Record<string, Endpoint['scheme']>> = { mqtt: 'mqtt', tcp: 'mqtt', mqtts: 'mqtts', ssl: 'mqtts', tls: 'mqtts' };
const PORTS: Readonly<Record<Endpoint['scheme'], number>> = { mqtt: 1883, mqtts: 8883 };
const LATER = new Set(['ws', 'wss']);

/** Whether an endpoint is spoken to over TLS. */
export const isSecure = ({ scheme }: Endpoint): boolean => scheme === 'mqtts';

/** An endpoint as an address. */
export const whereOf = ({ host, port }: Endpoint): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Reads the `server` option. Throws `bad-config`, saying what was read. */
export function readEndpoint(server: string): Endpoint {
  const bad = (why: string): LianyunError => new LianyunError('bad-config', `server ${why}: mqtts://host:port or mqtt://host:port is expected, with brackets around an IPv6 address.`);
  if (typeof server !== 'string' || server.trim() === '') throw bad('is missing');
  // What stands before an @ may be a password: such a text is not repeated.
  if (server.includes('@')) throw bad('holds a user or password, which belong into identity');
  const shown = JSON.stringify(server);
  const [, written = 'mqtt', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(server.trim()) ?? [];
  const name = written.toLowerCase();
  if (LATER.has(name)) throw new LianyunError('unsupported', `server ${shown}: ${name}:// is not built yet, only mqtt:// and mqtts:// are.`);
  const scheme = Object.hasOwn(SCHEMES, name) ? SCHEMES[name] : undefined;
  if (scheme === undefined) throw bad(`${shown} has the unknown scheme ${name}`);
  let url: URL;
  try {
    // By a scheme that the URL parser does not know: of those it knows it drops the usual port.
    url = new URL(`mqtt://${rest}`);
  } catch {
    throw bad(`${shown} is no address`);
  }
  if (url.hostname === '') throw bad(`${shown} names no host`);
  if ((url.pathname !== '' && url.pathname !== '/') || url.search !== '' || url.hash !== '') throw bad(`${shown} goes on behind the port`);
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const port = url.port === '' ? PORTS[scheme] : Number(url.port);
  if (port === 0) throw bad(`${shown} names port 0`);
  return { scheme, host, port };
}
