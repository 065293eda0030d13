import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, Server as TlsServer, type TLSSocket } from 'node:tls';
import { listenError } from '../listen-error.ts';
import { peerOf } from '../peer-of.ts';
import { Handshakes } from '../tls/handshakes.ts';
import { handshakeText, proofOf, type ServerTls } from '../tls/server-tls.ts';
import type { Connection } from './connection.ts';
import type { Proof } from './proof.ts';
import { sharingReads } from './shared-reads.ts';
import type { Origin, Transport } from './transport.ts';

/** Who takes the connections of a listener. */
export interface Acceptor {
  /** Undefined: it is refused. */
  accept(transport: Transport, origin: Origin): Connection | undefined;
  /** Something is wrong with the listener itself, for example no file descriptor is left. */
  listenerFault(error: Error): void;
  /** A client and this end did not agree on TLS. */
  handshakeFailed(peer: string, text: string): void;
}

/** A port that is open. */
export interface Listener {
  readonly port: number;
  /** Takes nobody any more; resolves when the last connection is gone. */
  close(): Promise<void>;
}

/** Connections that may wait to be accepted: a fleet comes back all at once. The kernel's limit (net.core.somaxconn) may be lower. */
const BACKLOG = 4096;

const CONNECTION = Symbol('connection');

/** A socket that knows its connection: all sockets share their listeners. */
interface Tagged extends Socket {
  [CONNECTION]?: Connection;
}

const PLAIN: Proof = { isSecure: false };

/** Opens a listener for TCP, with `tls` for TLS. Rejects with `port-in-use` or `bad-config`. */
export async function openListener(
  { host, port, tls }: { readonly host: string; readonly port: number; readonly tls?: ServerTls },
  { acceptor, handshakeMs }: { readonly acceptor: Acceptor; readonly handshakeMs: number },
): Promise<Listener> {
  const handshakes = new Handshakes();
  const server: Server = tls === undefined ? createServer({ noDelay: true, pauseOnConnect: true }, (socket) => open(sharingReads(socket), PLAIN, acceptor).resume()) : createTlsListener(tls, { acceptor, handshakeMs, handshakes });
  await new Promise<void>((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      reject(listenError('MQTT', error, { host, port }));
    };
    server.once('error', onError);
    try {
      server.listen({ host, port, backlog: BACKLOG }, () => {
        server.off('error', onError);
        resolve();
      });
    } catch (error) {
      reject(listenError('MQTT', error, { host, port }));
    }
  });
  server.on('error', (error) => {
    acceptor.listenerFault(error);
  });
  const address = server.address();
  const forget = tls?.onRenewed(() => {
    // Everything anew: what is left out here is left out from then on.
    if (server instanceof TlsServer) server.setSecureContext(tls.mqttOptions);
  });
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () =>
      new Promise<void>((resolve) => {
        forget?.();
        server.close(() => {
          resolve();
        });
        handshakes.end();
      }),
  };
}

interface TlsListening {
  readonly acceptor: Acceptor;
  readonly handshakeMs: number;
  readonly handshakes: Handshakes;
}

function createTlsListener(tls: ServerTls, { acceptor, handshakeMs, handshakes }: TlsListening): TlsServer {
  const server = createTlsServer({ ...tls.mqttOptions, noDelay: true, handshakeTimeout: handshakeMs });
  server.on('connection', (socket: Socket) => handshakes.begin(socket));
  server.on('secureConnection', (socket) => {
    handshakes.done(socket);
    open(socket, proofOf(socket, tls), acceptor);
  });
  server.on('tlsClientError', (error, socket) => {
    const text = handshakeText(error, tls.keys.askedBy(socket));
    if (text !== undefined) acceptor.handshakeFailed(peerOf(socket), text);
    socket.destroy();
  });
  return server;
}

function open(socket: Tagged | TLSSocket, proof: Proof, acceptor: Acceptor): Socket {
  socket.on('error', onError);
  const connection = acceptor.accept(socket, { peer: peerOf(socket), proof });
  if (connection === undefined) return socket.destroy();
  (socket as Tagged)[CONNECTION] = connection;
  socket.on('data', onData);
  return socket.on('close', onClose);
}

function onData(this: Tagged, chunk: Buffer): void {
  this[CONNECTION]?.receive(chunk);
}

function onClose(this: Tagged): void {
  this[CONNECTION]?.lost();
}

/** A reset or a broken pipe: `close` follows and says all there is to say. */
function onError(): void {
  return;
}
