import type { Server as PlainServer } from 'node:http';
import { createServer, type Server as SecureServer, type ServerOptions } from 'node:https';
import { Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Clock } from '@lianyun/protocol';
import type { FastifyInstance } from 'fastify';
import { listenError } from '../listen-error.ts';
import { whenHello } from '../tls/client-hello.ts';
import { Handshakes } from '../tls/handshakes.ts';
import type { ServerTls } from '../tls/server-tls.ts';
import { onUnreadable } from './bare-line-feeds.ts';
import { Response, UPGRADING } from './response.ts';

/** Connections that may wait to be accepted: applications without keep-alive ask for thousands of devices at once. */
const BACKLOG = 4096;
/** The largest head of a request: a GET of Tencent's API has up to 32 KiB of parameters. */
export const HEAD_BYTES = 48 * 1024;

/** How long requests under way may take once their port closes; what supervises a process waits for ten seconds at least. */
const CLOSE_MS = 5_000;

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
  /** Takes no request any more, and ends when those under way are answered, or after five seconds. */
  close(): Promise<void>;
}

/** Opens a port. Rejects with `port-in-use` or `bad-config`. */
export async function openHttp(app: FastifyInstance, { host, port, tls }: HttpAddress, clock: Clock): Promise<HttpListener> {
  try {
    if (tls === undefined) {
      const bound = boundClosing(app.server, 'connection', clock);
      await app.listen({ host, port, backlog: BACKLOG });
      // The rest ends with the app.
      return { server: app.server, port: portOf(app.server, port), close: () => Promise.resolve(bound()) };
    }
    await app.ready();
    return await openTls(app, { host, port, tls }, clock);
  } catch (cause) {
    throw listenError('HTTP', cause, { host, port });
  }
}

async function openTls(app: FastifyInstance, { host, port, tls }: Required<HttpAddress>, clock: Clock): Promise<HttpListener> {
  // With the names of authorities that it takes, a browser asks its user for a certificate of those only; programs send what they have.
  const options = (): ServerOptions => ({ ...tls.options, ...UPGRADING, ca: tls.authority.pem, ServerResponse: Response, maxHeaderSize: HEAD_BYTES });
  const server = createServer(options(), (request, response) => {
    app.routing(request, response);
    response.once('close', () => {
      if (!server.listening) server.closeIdleConnections();
    });
  });
  onUnreadable(server, (connection) => void server.emit('secureConnection', connection));
  const bound = boundClosing(server, 'secureConnection', clock);
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
        bound();
      }),
  };
}

/**
 * Keeps those who do not go on from holding up the end of a server, which Node.js waits for without a limit. The function that it gives is called when the server
 * closes: who is connected and has asked nothing goes at once, who has not asked or read to the end goes when the time is up.
 */
function boundClosing(server: PlainServer | SecureServer, opened: 'connection' | 'secureConnection', clock: Clock): () => void {
  /** What a connection had received when it was opened. */
  const received = new Map<Socket, number>();
  server.on(opened, (socket: unknown) => {
    if (!(socket instanceof Socket)) return;
    received.set(socket, socket.bytesRead);
    socket.once('close', () => received.delete(socket));
  });
  let isClosing = false;
  return () => {
    if (isClosing) return;
    isClosing = true;
    for (const [socket, bytes] of received) if (socket.bytesRead === bytes) socket.destroy();
    const timer = clock.after(CLOSE_MS, () => server.closeAllConnections());
    server.once('close', () => timer.cancel());
  };
}

/**
 * Asks a client that does not know TLS 1.3 for no certificate: Tencent's C SDK, which has none for HTTPS, goes wrong over the question. The devices that
 * show one here, over WebSocket, know TLS 1.3. `renew` takes over a new certificate of the server; `close` ends the connections whose handshake is not done.
 */
function askOnlyTls13(server: SecureServer, options: () => ServerOptions): { renew(): void; close(): void } {
  const handshakes = new Handshakes();
  // Never listens: it is given its connections.
  const quiet = createTlsServer(options(), (socket) => void server.emit('secureConnection', socket));
  quiet.on('tlsClientError', (error: Error, socket: TLSSocket) => void server.emit('tlsClientError', error, socket));
  // What Node.js does with a new connection
  const accept = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    handshakes.begin(socket);
    whenHello(socket, (offersTls13) => {
      if (!offersTls13) quiet.emit('connection', socket);
      else for (const each of accept) each.call(server, socket);
    });
  });
  server.on('secureConnection', (socket) => handshakes.done(socket));
  return {
    renew: () => quiet.setSecureContext(options()),
    close: () => handshakes.end(),
  };
}

function portOf(server: PlainServer | SecureServer, port: number): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
