import type http from 'node:http';
import net, { isIP, type Socket } from 'node:net';
import { isLianyunError, LianyunError, type ErrorCode } from '@lianyun/protocol';
import { whereOf } from './endpoint.ts';
import { textOf } from './fault.ts';
import { node } from '../node.ts';
import { shownProxy, type Proxy } from './proxy-url.ts';
import { askSocks, type Destination } from './socks.ts';
import { contextOf } from './secure.late.ts';
import type { TlsSettings } from './tls-options.ts';

/** The way to a proxy. */
export interface Way {
  readonly proxy: Proxy;
  /** How an https proxy is known. */
  readonly tls: TlsSettings | undefined;
  readonly signal: AbortSignal;
}

/** Says that a proxy is at fault, and on the way to where. */
function faultOf(proxy: Proxy, what: string, cause: unknown, code: ErrorCode = 'proxy-failed'): LianyunError {
  const number = isLianyunError(cause) ? cause.place.number : undefined;
  return new LianyunError(code, `The proxy ${shownProxy(proxy)} ${what}.`, { cause, ...(number === undefined ? {} : { number }) });
}

/** The same of what a proxy does not do, whose text goes on behind its name. */
export function refusedBy(proxy: Proxy, where: string, why: LianyunError): LianyunError {
  return faultOf(proxy, `${why.message}, on the way to ${where}`, why, why.code);
}

/** What a proxy wants to see before it does anything; nothing without user and password. */
export function authorization({ user }: Proxy): Readonly<Record<string, string>> {
  return user === undefined ? {} : { 'proxy-authorization': `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}` };
}

/** Connects to a proxy. Rejects with `proxy-failed`, or the reason of the signal. */
export async function dialProxy({ proxy, tls: settings, signal }: Way): Promise<Socket> {
  const { scheme, host, port } = proxy;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket =
    scheme === 'https'
      ? node.tls().connect({ host, port, secureContext: contextOf(settings), rejectUnauthorized: settings?.insecure !== true, ...(isIP(host) === 0 ? { servername: host } : {}) }, resolve)
      : net.connect({ host, port }, resolve);
  socket.setNoDelay(true);
  const onAbort = (): void => void socket.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once('error', reject);
  socket.once('close', reject);
  try {
    await promise;
    return socket;
  } catch (cause) {
    socket.destroy();
    signal.throwIfAborted();
    throw faultOf(proxy, `cannot be reached: ${cause instanceof Error ? textOf(cause) : 'it closed the connection'}`, cause);
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.off('close', reject);
    // Whoever uses it next listens for more; until then a fault shows when it is written to.
    socket.on('error', () => undefined);
    socket.off('error', reject);
  }
}

/** A connection to a server through a proxy. Rejects with `proxy-failed`, `proxy-refused`, or the reason of the signal. */
export async function openTunnel(way: Way, to: Destination): Promise<Socket> {
  const { proxy, signal } = way;
  const socket = await dialProxy(way);
  const onAbort = (): void => void socket.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (signal.aborted) socket.destroy();
    if (proxy.scheme === 'http' || proxy.scheme === 'https') await askHttp(socket, proxy, to);
    else await askSocks(socket, proxy, to);
    return socket;
  } catch (cause) {
    socket.destroy();
    signal.throwIfAborted();
    if (isLianyunError(cause)) throw refusedBy(proxy, whereOf(to), cause);
    throw faultOf(proxy, `failed on the way to ${whereOf(to)}: ${cause instanceof Error ? textOf(cause) : String(cause)}`, cause);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Asks for a way to a server (RFC 9110 section 9.3.6). The texts of what it rejects with go on behind the proxy's name. */
async function askHttp(socket: Socket, proxy: Proxy, to: Destination): Promise<void> {
  const { request } = node.http();
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly answer: http.IncomingMessage; readonly head: Buffer }>();
  const asked = request({ method: 'CONNECT', path: whereOf(to), headers: { host: whereOf(to), ...authorization(proxy) }, createConnection: () => socket });
  asked.once('connect', (answer, _socket, head: Buffer) => resolve({ answer, head }));
  asked.once('error', reject);
  asked.end();
  const { answer, head } = await promise;
  const { statusCode: status = 0, statusMessage = '' } = answer;
  if (status < 200 || status > 299) throw refusesOf(proxy, { status, said: statusMessage });
  if (head.length > 0) socket.unshift(head);
}

/** Why an HTTP proxy does not do what it is asked to; the text goes on behind its name. */
export function refusesOf({ user }: Proxy, { status, said }: { readonly status: number; readonly said: string }): LianyunError {
  const shown = `${status}${said === '' ? '' : ` ${said}`}`;
  if (status === 407) return new LianyunError('proxy-refused', `${user === undefined ? 'wants a user and a password' : 'does not accept user and password'} (${shown})`, { number: status });
  if (status === 403) return new LianyunError('proxy-refused', `does not allow the connection (${shown})`, { number: status });
  return new LianyunError('proxy-failed', status === 502 || status === 503 || status === 504 ? `cannot reach the server (${shown})` : `answered ${shown}`, { number: status });
}
