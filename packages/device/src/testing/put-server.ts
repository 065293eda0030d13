// Test support: an HTTP server that takes files, or does not, as a test tells it to.
import type http from 'node:http';
import { WebServer } from './web-server.ts';

/** A PUT as the server saw it. */
export interface PutSeen {
  /** Number of the request, from 0. */
  readonly index: number;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  /** What came of the body. */
  body: Buffer;
}

/** What is done with one request. Left out: what a sound server does. */
export interface PutManners {
  readonly status?: number;
  readonly text?: string;
  /** Bytes of the body after which the connection is cut. */
  readonly cutAfter?: number;
  /** Bytes of the body after which it is answered, and no more is read. */
  readonly answerAfter?: number;
  /** True: nothing is ever answered. */
  readonly isSilent?: boolean;
  /** True: the connection is closed instead of an answer. */
  readonly closes?: boolean;
}

/** Takes files on a port of its own. */
export class PutServer implements AsyncDisposable {
  readonly seen: readonly PutSeen[];
  readonly #web: WebServer;

  private constructor(web: WebServer, seen: readonly PutSeen[]) {
    this.#web = web;
    this.seen = seen;
  }

  static async listen(manners: (seen: PutSeen) => PutManners = () => ({})): Promise<PutServer> {
    const all: PutSeen[] = [];
    const web = await WebServer.listen((request, response) => {
      const seen: PutSeen = { index: all.length, path: request.url ?? '', headers: request.headers, body: Buffer.alloc(0) };
      all.push(seen);
      take({ request, response, seen }, manners(seen));
    });
    return new PutServer(web, all);
  }

  get port(): number {
    return this.#web.port;
  }

  /** Connections that are open. */
  get open(): number {
    return this.#web.open;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#web[Symbol.asyncDispose]();
  }
}

interface Exchange {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly seen: PutSeen;
}

function take({ request, response, seen }: Exchange, { status = 200, text = '', cutAfter, answerAfter, isSilent, closes }: PutManners): void {
  const answer = (): void => {
    if (closes === true) response.socket?.destroy();
    else if (isSilent !== true) response.writeHead(status).end(text);
  };
  request.on('error', () => undefined);
  request.on('data', (chunk: Buffer) => {
    seen.body = Buffer.concat([seen.body, chunk]);
    if (cutAfter !== undefined && seen.body.length >= cutAfter) request.socket.resetAndDestroy();
    if (answerAfter === undefined || seen.body.length < answerAfter || response.headersSent) return;
    request.pause();
    answer();
  });
  request.on('end', () => {
    if (answerAfter === undefined) answer();
  });
}
