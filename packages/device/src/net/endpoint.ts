import { LianyunError } from '@lianyun/protocol';

/** A server, and how it is spoken to. */
export interface Endpoint {
  readonly scheme: 'mqtt' | 'mqtts' | 'ws' | 'wss';
  readonly host: string;
  readonly port: number;
  /** Over WebSocket. */
  readonly path: string;
}

/** The schemes that an address may be written with. */
const SCHEMES: Readonly<Record<string, Endpoint['scheme']>> = { mqtt: 'mqtt', tcp: 'mqtt', mqtts: 'mqtts', ssl: 'mqtts', tls: 'mqtts', ws: 'ws', wss: 'wss' };
/** The ports of both clouds (Huawei 1.1, Tencent 1.1). */
const PORTS: Readonly<Record<Endpoint['scheme'], number>> = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 };
/** Where both clouds speak MQTT over WebSocket. */
const PATH = '/mqtt';

/** Whether an endpoint is spoken to over TLS. */
export const isSecure = ({ scheme }: Endpoint): boolean => scheme === 'mqtts' || scheme === 'wss';

/**
 * The host of an address that was read by a scheme which the URL parser does not know, in the one way that is looked up and that certificates have: a name in ASCII (IDNA) and small letters, an address without
 * brackets. Undefined for what can be no host.
 */
export function hostOf({ hostname }: URL): string | undefined {
  const known = `http://${hostname}`;
  if (hostname === '' || !URL.canParse(known)) return undefined;
  const host = new URL(known).hostname;
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

/** Host and port of an endpoint as they stand in an address. */
export const whereOf = ({ host, port }: Pick<Endpoint, 'host' | 'port'>): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

// What was read last: a crowd of devices has one server, and shares what is made of its address.
let last: { readonly server: string; readonly endpoints: readonly [Endpoint] } | undefined;

/** Reads the `server` option: one address, or several in the order in which they are tried. Throws `bad-config`, saying what was read. */
export function readEndpoints(server: string | readonly string[]): readonly [Endpoint, ...Endpoint[]] {
  if (last !== undefined && server === last.server) return last.endpoints;
  const [first, ...others] = typeof server === 'object' && Array.isArray(server) ? (server as readonly string[]) : [server as string];
  if (others.length > 0) return [readEndpoint(first), ...others.map(readEndpoint)];
  const endpoints = [readEndpoint(first)] as const;
  if (first !== undefined) last = { server: first, endpoints };
  return endpoints;
}

function readEndpoint(server: unknown): Endpoint {
  const bad = (why: string): LianyunError => new LianyunError('bad-config', `server ${why}: mqtts://host:port, mqtt://host:port, wss://host:port/mqtt or ws://host:port/mqtt is expected, with brackets around an IPv6 address.`);
  if (typeof server !== 'string' || server.trim() === '') throw bad('is missing');
  // What stands before an @ may be a password: such a text is not repeated.
  if (server.includes('@')) throw bad('holds a user or password, which belong into identity');
  const shown = JSON.stringify(server);
  const [, written = 'mqtt', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(server.trim()) ?? [];
  const name = written.toLowerCase();
  const scheme = Object.hasOwn(SCHEMES, name) ? SCHEMES[name] : undefined;
  if (scheme === undefined) throw bad(`${shown} has the unknown scheme ${name}`);
  let url: URL;
  try {
    // By a scheme that the URL parser does not know: of those it knows it drops the usual port.
    url = new URL(`mqtt://${rest}`);
  } catch {
    throw bad(`${shown} is no address`);
  }
  const host = hostOf(url);
  if (host === undefined) throw bad(`${shown} names no host`);
  const isWeb = scheme === 'ws' || scheme === 'wss';
  const hasPath = url.pathname !== '' && url.pathname !== '/';
  if ((hasPath && !isWeb) || (url.search !== '' && !isWeb) || url.hash !== '') throw bad(`${shown} goes on behind the port`);
  const port = url.port === '' ? PORTS[scheme] : Number(url.port);
  if (port === 0) throw bad(`${shown} names port 0`);
  return { scheme, host, port, path: `${hasPath ? url.pathname : PATH}${url.search}` };
}
