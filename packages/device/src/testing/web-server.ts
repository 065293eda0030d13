// Test support: an HTTP server on a port of its own, whose connections a test can count.
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Listens until it is disposed of, and then leaves no connection. */
export class WebServer implements AsyncDisposable {
  readonly #server: http.Server;
  readonly #sockets = new Set<Socket>();

  private constructor(onRequest: http.RequestListener) {
    this.#server = http.createServer(onRequest);
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async listen(onRequest: http.RequestListener): Promise<WebServer> {
    const server = new WebServer(onRequest);
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
