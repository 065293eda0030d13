// Test support: a proxy on a port of its own that speaks HTTP or SOCKS5, does what a test tells it to, and remembers what it was asked.
import http from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import tls from 'node:tls';

/** How a proxy behaves. Left out: what a sound one without users does. */
export interface ProxyScript {
  readonly kind?: 'http' | 'socks5';
  /** The only user that it takes. */
  readonly user?: { readonly name: string; readonly password: string };
  /** Certificate and key: it is spoken to over TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Status that an HTTP proxy answers with instead of doing anything. */
  readonly status?: number;
  /** Code that a SOCKS5 proxy answers with instead of doing anything. */
  readonly reply?: number;
  /** What is answered to the first bytes instead of anything else, before the connection is closed; null: nothing, and it is not closed. */
  readonly answer?: string | null;
  /** Where names lead to, whatever they are. */
  readonly leads?: number;
}

/** What a proxy was asked for: a way to `host:port`, or a whole URL. */
interface ProxyRequest {
  readonly to: string;
  readonly user: string | undefined;
}

export class TestProxy implements AsyncDisposable {
  readonly requests: ProxyRequest[] = [];
  readonly #script: ProxyScript;
  readonly #sockets = new Set<net.Socket>();
  readonly #server: net.Server;

  private constructor(script: ProxyScript) {
    this.#script = script;
    this.#server = script.answer === undefined && script.kind !== 'socks5' ? this.#httpServer() : net.createServer((socket) => this.#serve(socket));
    if (script.tls !== undefined) this.#server = this.#wrapped(script.tls, this.#server);
    this.#server.on('connection', (socket: Socket) => this.#own(socket));
  }

  static async listen(script: ProxyScript = {}): Promise<TestProxy> {
    const proxy = new TestProxy(script);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    // A TCP server that listens has an address object.
    return (this.#server.address() as AddressInfo).port;
  }

  /** Its address, with a user before the host if one is given. */
  url(user?: string, scheme: string = this.#script.kind ?? (this.#script.tls === undefined ? 'http' : 'https')): string {
    return `${scheme}://${user === undefined ? '' : `${user}@`}127.0.0.1:${this.port}`;
  }

  /** Connections that are open. */
  get open(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #own(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #wrapped(identity: { readonly cert: string; readonly key: string }, inner: net.Server): net.Server {
    const server = tls.createServer(identity, (socket) => void inner.emit('connection', socket));
    server.on('tlsClientError', () => undefined);
    return server;
  }

  #httpServer(): net.Server {
    const { user, status } = this.#script;
    const wanted = user === undefined ? undefined : `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;
    const judge = ({ headers }: http.IncomingMessage): number | undefined => (wanted !== undefined && headers['proxy-authorization'] !== wanted ? 407 : status);
    const note = (to: string, { headers }: http.IncomingMessage): void => {
      const [, token] = /^Basic (.+)$/.exec(headers['proxy-authorization'] ?? '') ?? [];
      this.requests.push({ to, user: token === undefined ? undefined : Buffer.from(token, 'base64').toString() });
    };
    const server = http.createServer((request, response) => {
      const { url = '', method = '', headers } = request;
      note(url, request);
      const refused = judge(request);
      if (refused !== undefined) return void response.writeHead(refused).end('this is the proxy');
      const { 'proxy-authorization': _own, ...passed } = headers;
      const onward = http.request(url, { method, headers: passed, agent: false }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.writeHead(502).end());
      request.pipe(onward);
    });
    server.on('connect', (request: http.IncomingMessage, socket: Socket) => {
      const to = request.url ?? '';
      note(to, request);
      this.#own(socket);
      const refused = judge(request);
      if (refused !== undefined) return void socket.end(`HTTP/1.1 ${refused} ${http.STATUS_CODES[refused] ?? ''}\r\n\r\n`);
      const port = Number(to.split(':').at(-1));
      this.#join(socket, port, { onOpen: () => socket.write('HTTP/1.1 200 Connection established\r\n\r\n'), onRefused: () => void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n') });
    });
    return server;
  }

  #join(socket: Socket, port: number, { onOpen, onRefused }: { onOpen(): void; onRefused(): void }): void {
    const onward = net.connect({ host: '127.0.0.1', port: this.#script.leads ?? port, noDelay: true });
    this.#own(onward);
    let isOpen = false;
    onward.once('connect', () => {
      isOpen = true;
      onOpen();
      socket.pipe(onward).pipe(socket);
    });
    onward.on('close', () => (isOpen ? socket.destroy() : onRefused()));
    socket.on('close', () => onward.destroy());
  }

  #serve(socket: Socket): void {
    const { answer } = this.#script;
    if (answer === undefined) return void this.#serveSocks(socket).catch(() => socket.destroy());
    socket.once('data', () => {
      if (answer !== null) socket.end(answer);
    });
  }

  async #serveSocks(socket: Socket): Promise<void> {
    const { user, reply } = this.#script;
    const take = taker(socket);
    const [, count = 0] = await take(2);
    const methods = [...(await take(count))];
    const method = user === undefined ? 0 : 2;
    if (!methods.includes(method)) return void socket.end(Buffer.from([5, 255]));
    socket.write(Buffer.from([5, method]));
    let name: string | undefined;
    if (user !== undefined) {
      name = (await take((await take(2))[1] ?? 0)).toString();
      const password = (await take((await take(1))[0] ?? 0)).toString();
      const isRight = name === user.name && password === user.password;
      socket.write(Buffer.from([1, isRight ? 0 : 1]));
      if (!isRight) return void socket.end();
    }
    const [, , , kind] = await take(4);
    const host = kind === 1 ? [...(await take(4))].join('.') : kind === 3 ? (await take((await take(1))[0] ?? 0)).toString() : (await take(16)).toString('hex');
    const port = (await take(2)).readUInt16BE();
    this.requests.push({ to: `${host}:${port}`, user: name });
    // An address of a name, which has a length of its own.
    const says = (code: number): Buffer => Buffer.from([5, code, 0, 3, 4, ...Buffer.from('here'), 0, 0]);
    if (reply !== undefined) return void socket.end(says(reply));
    this.#join(socket, port, { onOpen: () => socket.write(says(0)), onRefused: () => void socket.end(says(5)) });
  }
}

/** Reads a socket so many bytes at a time. */
function taker(socket: Socket): (count: number) => Promise<Buffer> {
  return async (count) => {
    for (;;) {
      const bytes = count === 0 ? Buffer.alloc(0) : (socket.read(count) as Buffer | null);
      if (bytes !== null) return bytes;
      await new Promise<void>((resolve, reject) => {
        socket.once('readable', resolve);
        socket.once('close', reject);
      });
    }
  };
}
