import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { peerOf } from '../peer-of.ts';
import { proofOf, type ServerTls } from '../tls/server-tls.ts';
import type { Connection } from './connection.ts';
import type { Acceptor } from './tcp.ts';
import type { Transport } from './transport.ts';

/** Where both clouds speak MQTT over WebSocket (Huawei 1.1, Tencent 1.1). */
const PATH = '/mqtt';
/** Sub-protocols that clients ask for: `mqtt` [MQTT-6.0.0-3], and what some still call MQTT 3.1. */
const PROTOCOLS = ['mqtt', 'mqttv3.1'];

export interface Upgrading {
  readonly acceptor: Acceptor;
  /** Largest WebSocket message; one may hold many MQTT packets. */
  readonly maxBytes: number;
  /** Given when the server speaks TLS. */
  readonly tls?: ServerTls | undefined;
  now(): number;
}

/** Takes MQTT connections over WebSocket at `/mqtt` of an HTTP server (MQTT 3.1.1 section 6). */
export function acceptUpgrades(server: Server, { acceptor, maxBytes, tls, now }: Upgrading): void {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxBytes,
    // A client that asks for none is taken as well.
    handleProtocols: (asked) => PROTOCOLS.find((protocol) => asked.has(protocol)) ?? false,
  });
  // A device whose clock is wrong learns it here, before its sign-in is refused.
  sockets.on('headers', (headers) => void headers.push(`Date: ${new Date(now()).toUTCString()}`));
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => undefined);
    const refusal = refusalOf(request);
    // Nobody else knows the socket any more: what its other end does not close would stay, and the server with it.
    if (refusal !== undefined) return void socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const peer = peerOf(socket);
      // Of a server that speaks TLS these are TLS sockets.
      const proof = tls === undefined ? { isSecure: false } : proofOf(socket as TLSSocket, tls);
      const transport = new WebSocketTransport(webSocket, socket);
      const connection = acceptor.accept(transport, { peer, proof });
      if (connection === undefined) webSocket.terminate();
      else transport.serve(connection);
    });
  });
}

/** Why a request to upgrade is refused, as an HTTP status. */
function refusalOf({ url = '/', headers }: IncomingMessage): string | undefined {
  if (headers.upgrade?.toLowerCase() !== 'websocket') return '501 Not Implemented';
  if (url.split('?')[0] !== PATH) return '404 Not Found';
  const asked = headers['sec-websocket-protocol']?.split(',').map((protocol) => protocol.trim());
  return asked === undefined || asked.some((protocol) => PROTOCOLS.includes(protocol)) ? undefined : '400 Bad Request';
}

/** A WebSocket as a stream of bytes: where its messages end says nothing about packets [MQTT-6.0.0-2]. */
class WebSocketTransport implements Transport {
  readonly localAddress: string | undefined;
  readonly #socket: WebSocket;

  constructor(webSocket: WebSocket, { localAddress }: Socket) {
    this.#socket = webSocket;
    this.localAddress = localAddress;
  }

  /** Hands on what comes in. */
  serve(connection: Connection): void {
    this.#socket.on('message', (data: RawData, isBinary: boolean) => {
      // One Buffer as long as nobody asks for other binary types.
      if (isBinary) return connection.receive(data as Buffer);
      connection.notice('protocol-error', 'A text message came over the WebSocket [MQTT-6.0.0-1].');
      connection.end('protocol-error');
    });
    this.#socket.on('close', () => connection.lost());
    // A message that is too large, a frame that is none: `close` follows.
    this.#socket.on('error', () => undefined);
  }

  write(chunk: Uint8Array, done: (error?: Error | null) => void): void {
    this.#socket.send(chunk, done);
  }

  end(): void {
    this.#socket.close(1000);
  }

  destroy(): void {
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}
