// Test support: an HTTP server that takes files, or does not, as a test tells it to.
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A PUT as the server saw it. */
export interface PutSeen {
  /** Number of the request, from 0. */
  readonly index: number;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  /** What came of the body. */
  body: Buffer;
}

/** What is done with one request. Left out: what a sound server does. */
export interface PutManners {
  readonly status?: number;
  readonly text?: string;
  /** Bytes of the body after which the connection is cut. */
  readonly cutAfter?: number;
  /** Bytes of the body after which it is answered, and no more is read. */
  readonly answerAfter?: number;
  /** True: nothing is ever answered. */
  readonly isSilent?: boolean;
  /** True: the connection is closed instead of an answer. */
  readonly closes?: boolean;
}

/** Takes files on a port of its own. */
export class PutServer implements AsyncDisposable {
  readonly seen: PutSeen[] = [];
  readonly #server: http.Server;
  readonly #sockets = new Set<Socket>();

  private constructor(manners: (seen: PutSeen) => PutManners) {
    this.#server = http.createServer((request, response) => {
      const seen: PutSeen = { index: this.seen.length, path: request.url ?? '', headers: request.headers, body: Buffer.alloc(0) };
      this.seen.push(seen);
      const { status = 200, text = '', cutAfter, answerAfter, isSilent, closes } = manners(seen);
      const answer = (): void => {
        if (closes === true) response.socket?.destroy();
        else if (isSilent !== true) response.writeHead(status).end(text);
      };
      request.on('error', () => undefined);
      request.on('data', (chunk: Buffer) => {
        seen.body = Buffer.concat([seen.body, chunk]);
        if (cutAfter !== undefined && seen.body.length >= cutAfter) request.socket.resetAndDestroy();
        if (answerAfter === undefined || seen.body.length < answerAfter || response.headersSent) return;
        request.pause();
        answer();
      });
      request.on('end', () => {
        if (answerAfter === undefined) answer();
      });
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async listen(manners: (seen: PutSeen) => PutManners = () => ({})): Promise<PutServer> {
    const server = new PutServer(manners);
    const { promise, resolve } = Promise.withResolvers<void>();
    server.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    return server;
  }

  get port(): number {
    // A TCP server that listens has an address object.
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open. */
  get open(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }
}
