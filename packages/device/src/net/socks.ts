import { isIP, type Socket } from 'node:net';
import { node } from '../node.ts';
import { LianyunError } from '@lianyun/protocol';
import type { Proxy } from './proxy-url.ts';

/** Where a tunnel leads to. */
export interface Destination {
  readonly host: string;
  readonly port: number;
}

const VERSION = 5;
const [NO_AUTHENTICATION, BY_PASSWORD, NONE_ACCEPTABLE] = [0, 2, 255];
const CONNECT = 1;
const [IPV4, NAME, IPV6] = [1, 3, 4];

/** Replies of RFC 1928 section 6. */
const REPLIES: Readonly<Record<number, string>> = {
  1: 'failed',
  2: 'does not allow the connection',
  3: 'cannot reach the network of the server',
  4: 'cannot reach the server',
  5: 'was refused by the server: nothing listens there',
  6: 'gave up on the way to the server (TTL expired)',
  7: 'has no CONNECT',
  8: 'does not take this kind of address',
};
const NOT_ALLOWED = 2;

const CHANGES = ['readable', 'end', 'error', 'close'] as const;

/** Reads a socket, as many bytes as are asked for. What comes behind them stays in the socket. */
class Reader {
  readonly #socket: Socket;
  #onChange: () => void = () => undefined;
  // One listener for all of it: to a new one Node.js says at once again what is there already, and nothing else would get its turn.
  readonly #listener = (): void => this.#onChange();

  constructor(socket: Socket) {
    this.#socket = socket;
    for (const event of CHANGES) socket.on(event, this.#listener);
  }

  async take(count: number): Promise<Buffer> {
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onChange = resolve;
      const bytes = this.#socket.read(count) as Buffer | null;
      if (bytes !== null && bytes.length === count) return bytes;
      if (bytes !== null || this.#socket.readableEnded || this.#socket.destroyed) throw new LianyunError('proxy-failed', 'closed the connection in the middle of SOCKS5');
      await promise;
    }
  }

  /** What a promise resolves with, unless the connection is gone before. */
  async unlessClosed<T>(promise: Promise<T>): Promise<T> {
    const { promise: closed, reject } = Promise.withResolvers<never>();
    const onClose = (): void => reject(new LianyunError('proxy-failed', 'closed the connection in the middle of SOCKS5'));
    this.#socket.once('close', onClose);
    try {
      return await Promise.race([promise, closed]);
    } finally {
      this.#socket.off('close', onClose);
    }
  }

  stop(): void {
    for (const event of CHANGES) this.#socket.off(event, this.#listener);
  }
}

/**
 * Asks a SOCKS5 proxy for a way to a server (RFC 1928, 1929). The texts of what it rejects with go on behind the proxy's name: `proxy-refused` where the
 * proxy does not want to, `proxy-failed` where it could not.
 */
export async function askSocks(socket: Socket, proxy: Proxy, to: Destination): Promise<void> {
  const reader = new Reader(socket);
  try {
    await ask(reader, socket, { ...proxy, to });
  } finally {
    reader.stop();
  }
}

async function ask(reader: Reader, socket: Socket, { scheme, user, to: { host, port } }: Pick<Proxy, 'scheme' | 'user'> & { readonly to: Destination }): Promise<void> {
  const methods = user === undefined ? [NO_AUTHENTICATION] : [NO_AUTHENTICATION, BY_PASSWORD];
  socket.write(Buffer.from([VERSION, methods.length, ...methods]));
  const [version, method = NONE_ACCEPTABLE] = await reader.take(2);
  if (version !== VERSION) throw new LianyunError('proxy-failed', 'does not speak SOCKS5');
  if (method === BY_PASSWORD && user !== undefined) {
    const [name, password] = [Buffer.from(user.name), Buffer.from(user.password)];
    socket.write(Buffer.concat([Buffer.from([1, name.length]), name, Buffer.from([password.length]), password]));
    const [, status] = await reader.take(2);
    if (status !== 0) throw new LianyunError('proxy-refused', 'does not accept user and password');
  } else if (method !== NO_AUTHENTICATION) {
    throw new LianyunError('proxy-refused', user === undefined ? 'wants a user and a password' : 'takes no user and password, and wants another proof');
  }
  // Nothing can end the search for a name, which may take long.
  const address = await reader.unlessClosed(addressOf(host, scheme === 'socks5h'));
  socket.write(Buffer.concat([Buffer.from([VERSION, CONNECT, 0]), address, Buffer.from([port >> 8, port & 0xff])]));
  const [again, reply = 1, , kind = 0] = await reader.take(4);
  if (again !== VERSION) throw new LianyunError('proxy-failed', 'does not speak SOCKS5');
  if (reply !== 0) throw new LianyunError(reply === NOT_ALLOWED ? 'proxy-refused' : 'proxy-failed', `${REPLIES[reply] ?? 'answered with a code that SOCKS5 does not define'} (SOCKS5 reply ${reply})`, { number: reply });
  // The address that the proxy connects from.
  const bytes = kind === IPV4 ? 4 : kind === IPV6 ? 16 : ((await reader.take(1))[0] ?? 0);
  await reader.take(bytes + 2);
}

async function addressOf(host: string, isRemote: boolean): Promise<Buffer> {
  if (isIP(host) === 0 && isRemote) {
    const name = Buffer.from(host);
    return Buffer.concat([Buffer.from([NAME, name.length]), name]);
  }
  const { address, family } = isIP(host) === 0 ? await node.dns().lookup(host) : { address: host, family: isIP(host) };
  return family === 4 ? Buffer.from([IPV4, ...address.split('.').map(Number)]) : Buffer.from([IPV6, ...bytesOf(address)]);
}

/** The bytes of an IPv6 address. */
function bytesOf(address: string): number[] {
  const [front = '', back] = address.replace(/%.*$/, '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }).split('::');
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [first, last] = [groups(front), groups(back ?? '')];
  const all = back === undefined ? first : [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
  return all.flatMap((group) => [group >> 8, group & 0xff]);
}
