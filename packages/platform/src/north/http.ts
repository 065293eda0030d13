import type { Server as PlainServer } from 'node:http';
import { createServer, type Server as SecureServer, type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { listenError } from '../listen-error.ts';
import { whenHello } from '../tls/client-hello.ts';
import type { ServerTls } from '../tls/server-tls.ts';
import { onUnreadable } from './bare-line-feeds.ts';
import { Response } from './response.ts';

/** Connections that may wait to be accepted: applications without keep-alive ask for thousands of devices at once. */
const BACKLOG = 4096;

/** Where the APIs listen, with `tls` over TLS. */
export interface HttpAddress {
  readonly host: string;
  readonly port: number;
  readonly tls?: ServerTls;
}

/** An HTTP port that is open. */
export interface HttpListener {
  readonly server: PlainServer;
  readonly port: number;
  /** Takes no request any more, and ends when those under way are answered. */
  close(): Promise<void>;
}

/** Opens a port. Rejects with `port-in-use` or `bad-config`. */
export async function openHttp(app: FastifyInstance, { host, port, tls }: HttpAddress): Promise<HttpListener> {
  try {
    if (tls === undefined) {
      await app.listen({ host, port, backlog: BACKLOG });
      // This one ends with the app.
      return { server: app.server, port: portOf(app.server, port), close: () => Promise.resolve() };
    }
    await app.ready();
    return await openTls(app, { host, port, tls });
  } catch (cause) {
    throw listenError('HTTP', cause, { host, port });
  }
}

async function openTls(app: FastifyInstance, { host, port, tls }: Required<HttpAddress>): Promise<HttpListener> {
  // With the names of authorities that it takes, a browser asks its user for a certificate of those only; programs send what they have.
  const options = (): ServerOptions => ({ ...tls.options, ca: tls.authority.pem, ServerResponse: Response });
  const server = createServer(options(), (request, response) => {
    app.routing(request, response);
    response.once('close', () => {
      if (!server.listening) server.closeIdleConnections();
    });
  });
  onUnreadable(server, (connection) => void server.emit('secureConnection', connection));
  const quiet = askOnlyTls13(server, () => ({ ...options(), requestCert: false }));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port, backlog: BACKLOG }, resolve);
  await promise;
  server.off('error', reject);
  // A client whose handshake fails has nothing to be told; the socket is destroyed by Node.
  server.on('error', () => undefined);
  const forget = tls.onRenewed(() => {
    server.setSecureContext(options());
    quiet.renew();
  });
  return {
    server,
    port: portOf(server, port),
    close: () =>
      new Promise((done) => {
        forget();
        quiet.close();
        server.close(() => done());
      }),
  };
}

/**
 * Asks a client that does not know TLS 1.3 for no certificate: Tencent's C SDK, which has none for HTTPS, goes wrong over the question. The devices that
 * show one here, over WebSocket, know TLS 1.3. `renew` takes over a new certificate of the server; `close` ends the connections that have said nothing yet.
 */
function askOnlyTls13(server: SecureServer, options: () => ServerOptions): { renew(): void; close(): void } {
  const silent = new Set<Socket>();
  // Never listens: it is given its connections.
  const quiet = createTlsServer(options(), (socket) => void server.emit('secureConnection', socket));
  quiet.on('tlsClientError', (error: Error, socket: TLSSocket) => void server.emit('tlsClientError', error, socket));
  // What Node.js does with a new connection
  const accept = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
    whenHello(socket, (offersTls13) => {
      silent.delete(socket);
      if (!offersTls13) quiet.emit('connection', socket);
      else for (const each of accept) each.call(server, socket);
    });
  });
  return {
    renew: () => quiet.setSecureContext(options()),
    close: () => {
      for (const socket of silent) socket.destroy();
    },
  };
}

function portOf(server: PlainServer | SecureServer, port: number): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
