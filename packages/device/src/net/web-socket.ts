import type { Socket } from 'node:net';
import { LianyunError } from '@lianyun/protocol';
import type { RawData, WebSocket } from 'ws';
import type { CloudTime } from '../cloud-time.ts';
import type { Carrier, CarrierOwner } from './carrier.ts';
import { whereOf, type Endpoint } from './endpoint.ts';
import { node } from '../node.ts';
import type { TlsSettings } from './tls-options.ts';
import { connectOptions } from './secure.late.ts';

/** Largest WebSocket message that is taken; one may hold many MQTT packets. */
const MAX_MESSAGE_BYTES = 16 * 1_048_576;

/** How the server is known and reached. */
export interface WebSocketWay {
  readonly tls?: TlsSettings;
  readonly serverTime?: CloudTime;
  /** A connection to the server that is there already. */
  readonly tunnel?: Socket;
}

/** Loads the package `ws`, which only those need who use WebSocket. Rejects with `unsupported`. */
async function loadWebSocket(): Promise<typeof WebSocket> {
  try {
    return (await import('ws')).WebSocket;
  } catch (cause) {
    throw new LianyunError('unsupported', 'ws:// and wss:// need the package ws, which cannot be loaded; install it beside this one: npm install ws', { cause });
  }
}

/** Opens a WebSocket (MQTT 3.1.1 section 6): binary messages, sub-protocol `mqtt`. */
export async function openWebSocket(endpoint: Endpoint, { tls, serverTime, tunnel }: WebSocketWay, owner: CarrierOwner): Promise<Carrier> {
  const Socket = await loadWebSocket();
  const { scheme, path } = endpoint;
  const secure = scheme === 'wss' ? connectOptions(endpoint, tls) : {};
  const { port: _port, host: _host, ...options } = secure;
  const through = tunnel === undefined ? {} : { createConnection: () => (scheme === 'wss' ? node.tls().connect({ ...secure, socket: tunnel }) : tunnel) };
  const socket = new Socket(`${scheme}://${whereOf(endpoint)}${path}`, 'mqtt', { perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES, ...options, ...through });
  socket.on('upgrade', ({ headers }) => serverTime?.learnFrom(headers));
  socket.on('unexpected-response', (_, { headers }) => serverTime?.learnFrom(headers));
  return new WebSocketCarrier(socket, endpoint, owner);
}

class WebSocketCarrier implements Carrier {
  readonly #socket: WebSocket;
  readonly #owner: CarrierOwner;
  #isOver = false;

  constructor(socket: WebSocket, { path }: Endpoint, owner: CarrierOwner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.on('open', () => owner.onOpen());
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on('unexpected-response', (request, { statusCode }) => {
      request.destroy();
      owner.onFailed(new Error(`the server answered HTTP ${statusCode ?? 0} instead of opening a WebSocket at ${path}`));
    });
    socket.on('error', (error) => owner.onFailed(error));
    socket.on('close', () => owner.onClosed());
  }

  get closed(): boolean {
    return this.#socket.readyState === this.#socket.CLOSED;
  }

  write(chunk: Buffer, done: (error?: Error | null) => void): void {
    this.#socket.send(chunk, done);
  }

  destroySoon(): void {
    this.#isOver = true;
    // The other end's goodbye has to be read.
    this.#socket.resume();
    this.#socket.close(1000);
  }

  destroy(): void {
    this.#isOver = true;
    this.#socket.terminate();
  }

  resume(): void {
    this.#socket.resume();
  }

  once(event: 'close', listener: () => void): void {
    this.#socket.once(event, listener);
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#isOver) return;
    if (!isBinary) return this.#owner.onFailed(new LianyunError('protocol-violation', 'the server sent a text message over the WebSocket [MQTT-6.0.0-1]'));
    // One Buffer as long as nobody asks for other binary types.
    const bytes = data as Buffer;
    if (!this.#owner.onBytes(bytes.length, bytes) && !this.#isOver) this.#socket.pause();
  }
}
