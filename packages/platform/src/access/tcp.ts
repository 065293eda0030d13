import { createServer, type Server, type Socket } from 'node:net';
import { listenError } from '../listen-error.ts';
import type { Connection } from './connection.ts';

/** Who takes the connections of a listener. */
export interface Acceptor {
  /** Undefined: it is refused. */
  accept(socket: Socket, peer: string): Connection | undefined;
  /** Something is wrong with the listener itself, for example no file descriptor is left. */
  listenerFault(error: Error): void;
}

/** Connections that may wait to be accepted: a fleet comes back all at once. The kernel's limit (net.core.somaxconn) may be lower. */
const BACKLOG = 4096;

const CONNECTION = Symbol('connection');

/** A socket that knows its connection: all sockets share their listeners. */
interface Tagged extends Socket {
  [CONNECTION]?: Connection;
}

/** Opens a TCP listener. Rejects with `port-in-use` or `bad-config`. */
export async function openListener({ host, port }: { readonly host: string; readonly port: number }, acceptor: Acceptor): Promise<Server> {
  const server = createServer({ noDelay: true }, (socket) => {
    open(socket, acceptor);
  });
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
  return server;
}

/** The port that a listener has. */
export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function open(socket: Tagged, acceptor: Acceptor): void {
  const { remoteAddress, remotePort } = socket;
  socket.on('error', onError);
  const connection = acceptor.accept(socket, `${remoteAddress ?? 'gone'}:${String(remotePort ?? 0)}`);
  if (connection === undefined) return void socket.destroy();
  socket[CONNECTION] = connection;
  socket.on('data', onData);
  socket.on('close', onClose);
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
