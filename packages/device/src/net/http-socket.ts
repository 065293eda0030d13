import type http from 'node:http';
import type { OnReadOpts, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { DirectBody, type Body } from './direct-body.ts';
import { sharedBuffer } from './tcp.ts';

/** A connection for one request of Node's HTTP client. What the client makes of it can be passed by: see {@link bodyOf}. */
export class HttpSocket extends Duplex {
  readonly #socket: Socket;
  #body: DirectBody | undefined;
  #isAtEnd = false;

  /** @param connect opens the connection, which is to read as it is told. */
  constructor(connect: (onread: OnReadOpts) => Socket) {
    super();
    const shared = sharedBuffer();
    this.#socket = connect({
      buffer: () => this.#body?.room ?? shared,
      callback: (count, buffer) => (buffer === shared ? this.#onPiece(Buffer.from(buffer.subarray(0, count))) : this.#body?.onRead(count) === true),
    });
    this.#socket.on('end', () => this.#onEnd());
    this.#socket.on('error', (error) => this.destroy(error));
    this.#socket.on('close', () => {
      // What came before the end may be waiting to be read; the end of that is the end of this.
      if (!this.#isAtEnd) this.destroy();
    });
  }

  /** What the client does when it is through with a connection. */
  destroySoon(): void {
    this.end();
    this.#socket.destroySoon();
  }

  /** Has the rest of a body, of so many bytes in all, come past the client; undefined when the client has all that comes. */
  divert(answer: http.IncomingMessage, bytes: number): DirectBody | undefined {
    // What is held here belongs before what the client holds not yet.
    while (this.read() !== null);
    if (this.#isAtEnd || this.destroyed || answer.complete) return undefined;
    const held = answer.read() as Buffer | null;
    return (this.#body = new DirectBody({ held, left: bytes - (held?.length ?? 0), onWanted: () => void this.#socket.resume() }));
  }

  override _read(): void {
    if (this.#body === undefined) this.#socket.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done);
  }

  override _final(done: () => void): void {
    this.#socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    this.#body?.onEnd(error);
    done(error);
  }

  /** What was read into the buffer that all sockets share, copied. */
  #onPiece(piece: Buffer): boolean {
    return this.#body === undefined ? this.push(piece) : this.#body.onPiece(piece);
  }

  #onEnd(): void {
    this.#isAtEnd = true;
    this.#body?.onEnd();
    this.push(null);
  }
}

/**
 * The body of an answer of which nobody has read anything. Where its length is known its bytes come straight from the connection: Node's HTTP client copies every piece into memory of its own, which costs more than
 * to receive it, and more than its SHA-256.
 */
export function bodyOf(answer: http.IncomingMessage): Body {
  const { 'content-length': length, 'transfer-encoding': coding } = answer.headers;
  const socket: unknown = answer.socket;
  return length === undefined || coding !== undefined || !(socket instanceof HttpSocket) ? answer : (socket.divert(answer, Number(length)) ?? answer);
}
