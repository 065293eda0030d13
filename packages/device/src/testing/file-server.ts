// Test support: an HTTP server that gives a file, right or wrong, as a test tells it to.
import type http from 'node:http';
import { WebServer } from './web-server.ts';

/** A request as the server saw it. */
export interface Asked {
  /** Number of the request, from 0. */
  readonly index: number;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  /** Where the asked range begins; 0 without one. */
  readonly start: number;
}

/** How one request is answered. Left out: what a sound server with ranges and an ETag does. */
export interface Manners {
  readonly content?: Buffer;
  readonly status?: number;
  readonly headers?: http.OutgoingHttpHeaders;
  /** ETag of the content; null: none. */
  readonly etag?: string | null;
  /** False: Range is ignored. */
  readonly ranges?: boolean;
  /** False: If-Range is ignored. */
  readonly ifRange?: boolean;
  /** Bytes of a part at most. */
  readonly partBytes?: number;
  /** Bytes of the body after which the connection is closed. */
  readonly cutAfter?: number;
  /** Bytes of the body after which it is reset: what has not been read by then is lost. */
  readonly resetAfter?: number;
  /** Bytes of the body after which nothing comes any more. */
  readonly stallAfter?: number;
  /** Added to what Content-Length of the whole file says; the body stays as it is. */
  readonly lengthOff?: number;
  /** `chunked`: without Content-Length; `close`: ended by the end of the connection. */
  readonly framing?: 'chunked' | 'close';
}

/** Gives a file on a port of its own; every request is answered as `manners` says. */
export class FileServer implements AsyncDisposable {
  readonly asked: readonly Asked[];
  readonly #web: WebServer;

  private constructor(web: WebServer, asked: readonly Asked[]) {
    this.#web = web;
    this.asked = asked;
  }

  static async listen(manners: (asked: Asked) => Manners): Promise<FileServer> {
    const all: Asked[] = [];
    const web = await WebServer.listen((request, response) => {
      const range = /^bytes=(\d+)-/.exec(request.headers.range ?? '');
      const asked = { index: all.length, path: request.url ?? '', headers: request.headers, start: Number(range?.[1] ?? 0) };
      all.push(asked);
      answer(response, asked, manners(asked));
    });
    return new FileServer(web, all);
  }

  get port(): number {
    return this.#web.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/files/app.bin?sign=a-secret-of-the-url`;
  }

  /** Connections that are open. */
  get open(): number {
    return this.#web.open;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#web[Symbol.asyncDispose]();
  }
}

function answer(response: http.ServerResponse, { headers, start }: Asked, manners: Manners): void {
  const { content = Buffer.alloc(0), etag = '"one"', ranges = true, ifRange = true, framing } = manners;
  const stands = !ifRange || headers['if-range'] === undefined || headers['if-range'] === etag;
  const isPart = ranges && start > 0 && stands;
  const isBeyond = isPart && start >= content.length;
  const status = manners.status ?? (isBeyond ? 416 : isPart ? 206 : 200);
  const from = status === 206 ? start : 0;
  const body = status === 200 || status === 206 ? content.subarray(from, manners.partBytes === undefined || status === 200 ? undefined : from + manners.partBytes) : Buffer.alloc(0);
  if (framing === 'close') response.useChunkedEncodingByDefault = false;
  response.writeHead(status, {
    ...(etag === null ? {} : { etag }),
    ...(status === 206 ? { 'content-range': `bytes ${from}-${from + body.length - 1}/${content.length}` } : {}),
    ...(status === 416 ? { 'content-range': `bytes */${content.length}` } : {}),
    ...(framing === undefined ? { 'content-length': body.length + (status === 200 ? (manners.lengthOff ?? 0) : 0) } : framing === 'close' ? { connection: 'close' } : {}),
    ...manners.headers,
  });
  const stop = manners.cutAfter ?? manners.resetAfter ?? manners.stallAfter;
  if (stop === undefined) {
    response.end(body);
    // A body that is shorter than it says ends with the connection.
    if ((manners.lengthOff ?? 0) > 0) response.socket?.end();
    return;
  }
  response.flushHeaders();
  response.write(body.subarray(0, stop), () => {
    if (manners.cutAfter !== undefined) response.socket?.destroy();
    if (manners.resetAfter !== undefined) response.socket?.resetAndDestroy();
  });
}
