// What may stand between a device and the platform's files: it hands requests on, and treats the answers as a test says.
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { CertificateWithKey } from '@lianyun/platform';
import { Log } from './log.ts';

/** A request as it came. */
export interface Passed {
  /** Number of the request, from 0. */
  readonly index: number;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
}

/** How a request is treated. Left out: handed on, and the answer as it is. */
interface Treatment {
  /** Bytes of the body after which the connection is reset; over TLS it is closed without a word. */
  readonly cutAfter?: number;
  /** Answered with this, and nothing handed on. */
  readonly status?: number;
  readonly location?: string;
  /** False: the whole file, whatever range was asked for. */
  readonly ranges?: boolean;
  /** Another body than the platform's, of its length. */
  change?(body: Buffer): Buffer;
}

export class Front implements AsyncDisposable {
  readonly passed = new Log<Passed>();
  /** Bytes of bodies that went through so far, told as they do. */
  readonly bytes = new Log<number>();
  /** The port that requests are handed on to. */
  to = 0;
  readonly #server: http.Server;
  readonly #sockets = new Set<Socket>();
  readonly #scheme: 'http' | 'https';
  readonly #treat: (passed: Passed) => Treatment;
  #sum = 0;

  private constructor(treat: (passed: Passed) => Treatment, identity: CertificateWithKey | undefined) {
    this.#treat = treat;
    this.#scheme = identity === undefined ? 'http' : 'https';
    const onRequest: http.RequestListener = (request, response) => this.#take(request, response);
    this.#server = identity === undefined ? http.createServer(onRequest) : https.createServer(identity, onRequest);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** On a port of its own; with a certificate over TLS. */
  static async open(treat: (passed: Passed) => Treatment = () => ({}), identity?: CertificateWithKey): Promise<Front> {
    const front = new Front(treat, identity);
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  get url(): string {
    // A TCP server that listens has an address object.
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { headers, url: path = '' } = request;
    const passed = { index: this.passed.all.length, path, headers };
    const treatment = this.#treat(passed);
    const { status, location, ranges = true } = treatment;
    this.passed.add(passed);
    if (status !== undefined) return void response.writeHead(status, location === undefined ? {} : { location }).end();
    const { range: _range, ...withoutRange } = headers;
    const onward = http.request({ host: '127.0.0.1', port: this.to, path, agent: false, headers: ranges ? headers : withoutRange }, (answer) => {
      const { 'accept-ranges': _accepts, ...told } = answer.headers;
      response.writeHead(answer.statusCode ?? 500, ranges ? answer.headers : told);
      this.#hand(answer, response, treatment);
    });
    onward.on('error', () => response.socket?.destroy());
    response.on('close', () => onward.destroy());
    onward.end();
  }

  #hand(answer: http.IncomingMessage, response: http.ServerResponse, { cutAfter, change }: Treatment): void {
    let sent = 0;
    answer.on('error', () => response.socket?.destroy());
    answer.on('data', (chunk: Buffer) => {
      const piece = cutAfter === undefined ? chunk : chunk.subarray(0, Math.max(0, cutAfter - sent));
      sent += piece.length;
      this.bytes.add((this.#sum += piece.length));
      response.write(change?.(piece) ?? piece);
      if (cutAfter === undefined || sent < cutAfter) return;
      answer.destroy();
      // What was written first leaves before the reset.
      response.write('', () => cut(response.socket));
    });
    answer.on('end', () => response.end());
  }
}

/** Node cannot reset a connection that TLS runs over. */
function cut(socket: Socket | null): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket?.resetAndDestroy();
}
