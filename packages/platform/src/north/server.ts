import { randomUUID } from 'node:crypto';
import { stringifyExact } from '@lianyun/protocol';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { deviceHttp, isDevicePath } from '../device-http/routes.ts';
import { objectsHttp } from '../objects/http.ts';
import { OBJECTS_PATH } from '../objects/signer.ts';
import { refuseUnreadable, takeBareLineFeeds } from './bare-line-feeds.ts';
import { secretsOf, type NorthContext } from './context.ts';
import { HEAD_BYTES, openHttp, type HttpAddress, type HttpListener } from './http.ts';
import { sendHuaweiFault } from './huawei/fault.ts';
import { huaweiNorth, isHuaweiPath, withoutBasePath } from './huawei/index.ts';
import { refusal } from './refusal.ts';
import { Response, UPGRADING } from './response.ts';
import { sendTencentFault } from './tencent/fault.ts';
import { tencentNorth } from './tencent/index.ts';

/** The largest body that is taken unless said otherwise: a product with its model, generously. */
const BODY_BYTES = 2 * 1024 * 1024;

export interface NorthboundOptions extends NorthContext {
  /** `stderr`: pino writes one JSON line a request to stderr; left out: nothing is logged. */
  readonly log?: 'stderr';
  readonly bodyLimitBytes?: number;
  /** The largest object that may be put; 5 GiB unless said otherwise. */
  readonly objectBytes?: number;
}

/** The HTTP side of the platform. */
export interface Northbound extends AsyncDisposable {
  /**
   * Starts to listen, with `tls` over TLS; port 0 takes any free one. Resolves with the port and the server behind it, for those who share it. Rejects
   * with `port-in-use`, `bad-config`. May be called once without and once with TLS.
   */
  listen(address: HttpAddress): Promise<Pick<HttpListener, 'port' | 'server'>>;
  /** Stops to listen, and ends when the requests under way are answered, or after five seconds. */
  close(): Promise<void>;
}

/** Both clouds' APIs on one port: Huawei's by path, Tencent's at `/`; what Tencent's devices ask over HTTP; objects below `/objects/`; and `/healthz`. */
export function createNorthbound({ log, bodyLimitBytes = BODY_BYTES, objectBytes, ...context }: NorthboundOptions): Northbound {
  const app = fastify({
    http: { ...UPGRADING, ServerResponse: Response, maxHeaderSize: HEAD_BYTES },
    bodyLimit: bodyLimitBytes,
    // A device's id has up to 128 characters, and more when they are encoded.
    routerOptions: { maxParamLength: 512 },
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    rewriteUrl: ({ url = '/' }) => (url.startsWith(OBJECTS_PATH) ? url : withoutBasePath(url)),
    forceCloseConnections: 'idle',
    // What comes while it closes is answered as always: the framework's own 503 is one that no vendor's client can read.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => {
      if (!takeBareLineFeeds(error, socket, (connection) => void app.server.emit('connection', connection))) refuseUnreadable(socket);
    },
    frameworkErrors: (error, request, reply) => {
      void sendFault(request, reply.header('x-request-id', request.id), error);
    },
    logger: log === undefined ? false : { level: 'info', stream: process.stderr, redact: ['req.headers.authorization'] },
  });
  // Signatures cover the body byte for byte: every content type is kept as it came.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  void app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  app.setReplySerializer((payload) => stringifyExact(payload));
  // No answer leaves before what it says is stored.
  app.addHook('onSend', async (_request, _reply, payload) => {
    await context.storage.stored();
    return payload;
  });
  app.setErrorHandler((error, request, reply) => sendFault(request, reply, error));
  app.setNotFoundHandler((request, reply) => sendHuaweiFault(reply, refusal('APIGW.0101', `The API does not exist or has not been published: ${request.method} ${request.originalUrl.slice(0, 200)}`, 404)));
  app.get('/healthz', () => ({ status: 'ok' }));
  huaweiNorth(app, context);
  tencentNorth(app, context);
  deviceHttp(app, context.deviceHttp);
  const { objects, signer, clock } = context;
  objectsHttp(app, { objects, signer, clock, secretOf: secretsOf(context, 'huawei'), ...(objectBytes === undefined ? {} : { maxBytes: objectBytes }) });

  const listeners: HttpListener[] = [];
  const close = async (): Promise<void> => {
    await Promise.all([app.close(), ...listeners.map((listener) => listener.close())]);
  };
  return {
    listen: async (address) => {
      const listener = await openHttp(app, address, clock);
      listeners.push(listener);
      return listener;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What goes wrong before a handler runs: a body that is too large or cut off, a path that is not encoded properly. */
function sendFault(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const status = error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
  const message = error instanceof Error ? error.message : String(error);
  if (status >= 500) request.log.error({ err: error }, 'request failed');
  if (isHuaweiPath(request.originalUrl) || !(/^\/(?:\?|$)/.test(request.originalUrl) || isDevicePath(request.originalUrl))) {
    return sendHuaweiFault(reply, refusal(status >= 500 ? 'IOTDA.000001' : 'IOTDA.000008', status >= 500 ? 'Internal server error.' : `Invalid input. ${message}`, status));
  }
  return sendTencentFault(reply, status === 413 ? refusal('RequestSizeLimitExceeded', message) : status >= 500 ? error : refusal('InvalidParameter', message));
}
