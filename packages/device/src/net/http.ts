import type http from 'node:http';
import net, { type OnReadOpts, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { LianyunError } from '@lianyun/protocol';
import { node } from '../node.ts';
import { certificateFault, textOf } from './fault.ts';
import { HttpSocket } from './http-socket.ts';
import type { NetworkSettings } from './open.ts';
import type { Proxy } from './proxy-url.ts';
import { connectOptions } from './secure.late.ts';
import { authorization, dialProxy, openTunnel, refusedBy, refusesOf } from './tunnel.ts';

/** What a request says; its own URL is that of the way. */
interface Asked {
  readonly method?: string;
  readonly headers: http.OutgoingHttpHeaders;
  readonly signal: AbortSignal;
}

/** A way to the server of a URL, for one request. */
export interface HttpWay {
  /** Begins the request, on a connection that nobody else uses. */
  request(asked: Asked): http.ClientRequest;
  /** What an answer says that is a proxy's and not the server's: `proxy-refused`, `proxy-failed`. */
  faultIn(answer: http.IncomingMessage): LianyunError | undefined;
}

/** Finds the way to the server of a URL, through a proxy where there is one. Rejects with `proxy-failed`, `proxy-refused`, or the reason of the signal. */
export async function wayTo(url: URL, network: NetworkSettings, signal: AbortSignal): Promise<HttpWay> {
  const { request, faultIn } = await findWay(url, network, signal);
  return { faultIn, request: (asked) => request(asked).on('response', ({ headers }) => network.serverTime?.learnFrom(headers)) };
}

async function findWay(url: URL, network: NetworkSettings, signal: AbortSignal): Promise<HttpWay> {
  const isSecure = url.protocol === 'https:';
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port);
  const proxy = network.proxies?.for({ host, isSecure });
  const { request } = isSecure ? node.https() : node.http();
  const secure = isSecure ? connectOptions({ host, port }, network.tls) : {};
  const faultIn = (): undefined => undefined;
  // No connection stays behind, none is shared with the program's. Without an agent the client has to be told the port that goes without saying.
  const defaultPort = isSecure ? 443 : 80;
  if (proxy === undefined) {
    const open = (onread: OnReadOpts): Socket => (isSecure ? openSecure(secure, onread) : net.connect({ host, port, noDelay: true, onread }));
    return { faultIn, request: (asked) => request(url, { ...asked, defaultPort, createConnection: () => new HttpSocket(open) }) };
  }
  const way = { proxy, tls: network.tls, signal };
  if (isSecure || proxy.scheme.startsWith('socks')) {
    const tunnel = await openTunnel(way, { host, port });
    return { faultIn, request: (asked) => request(url, { ...asked, defaultPort, createConnection: () => (isSecure ? node.tls().connect({ ...secure, socket: tunnel }) : tunnel) }) };
  }
  // An HTTP proxy is asked for what is not encrypted by its whole address (RFC 9112 section 3.2.2).
  const socket = await dialProxy(way);
  return {
    faultIn: (answer) => proxyFault(proxy, url, answer),
    request: ({ headers, ...asked }) => request({ ...asked, path: `${url.origin}${url.pathname}${url.search}`, headers: { ...headers, ...authorization(proxy), host: url.host }, createConnection: () => socket }),
  };
}

function openSecure(secure: ConnectionOptions, onread: OnReadOpts): Socket {
  // Node's documentation has `onread` for TLS, its types do not.
  const options: ConnectionOptions & Pick<TcpNetConnectOpts, 'onread'> = { ...secure, ALPNProtocols: ['http/1.1'], onread };
  return node.tls().connect(options).setNoDelay(true);
}

function proxyFault(proxy: Proxy, url: URL, { statusCode: status = 0, statusMessage: said = '' }: http.IncomingMessage): LianyunError | undefined {
  // What else it says may be the server's own word.
  return status === 407 || status === 502 || status === 504 ? refusedBy(proxy, url.host, refusesOf(proxy, { status, said })) : undefined;
}

/** A URL as it may stand in a message: what comes behind the path may be a signature, what before the host a password. */
export function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** Why a connection, or an answer on it, failed: what is wrong with the server's certificate, `bad-response`, `bad-input` or `network`. */
export function connectionError(url: URL, cause: unknown): LianyunError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const text = cause instanceof Error ? textOf(cause) : String(cause);
  const known = cause instanceof Error ? certificateFault(cause) : undefined;
  if (known !== undefined) return new LianyunError(known.code, `${url.host}: ${known.text} (${text}).`, { cause });
  if (code === 'ERR_INVALID_CHAR' || code === 'ERR_UNESCAPED_CHARACTERS') return new LianyunError('bad-input', `${shown(url)} cannot be asked for: ${text}.`, { cause });
  if (code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE') return new LianyunError('bad-response', `${shown(url)} did not answer in HTTP: ${text}.`, { cause });
  return new LianyunError('network', `The connection to ${url.host} failed: ${text}.`, { cause });
}
