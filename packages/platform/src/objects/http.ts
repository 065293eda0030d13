import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { isLianyunError, LianyunError, type Clock } from '@lianyun/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { incoming } from '../north/incoming.ts';
import { verifyHuawei } from '../north/huawei/signature.ts';
import { parseTarget, percentDecode } from '../north/percent.ts';
import { refusal, refusalOf } from '../north/refusal.ts';
import type { SecretOf } from '../north/signed-request.ts';
import { preconditionOf, rangeOf } from './conditions.ts';
import { MAX_OBJECT_BYTES, type Objects, type PutOptions, type StoredObject } from './objects.ts';
import { OBJECTS_PATH, type Digest, type GrantFault, type GrantSigner, type ObjectPlace } from './signer.ts';

export interface ObjectsHttpOptions {
  readonly objects: Objects;
  readonly signer: GrantSigner;
  /** The secrets of the keys that may do everything with objects. */
  readonly secretOf: SecretOf;
  readonly clock: Clock;
  readonly maxBytes?: number;
}

/** What a request may do, and what was said beforehand of the bytes that it brings. */
type Permission = Pick<PutOptions, 'bytes' | 'digests'>;

const FAULTS: Readonly<Record<GrantFault, readonly [code: string, message: string]>> = {
  malformed: ['AccessDenied', 'The URL is not one that was signed here for this method.'],
  mismatch: ['SignatureDoesNotMatch', 'The signature does not belong to this URL and method.'],
  expired: ['AccessDenied', 'Request has expired'],
};

/**
 * Objects over HTTP, as object storage serves them: GET and HEAD with single ranges and conditions, PUT and DELETE. Who has a signed URL may do
 * what it says; who signs with an access key of Huawei's API (14.2) may do everything.
 */
export function objectsHttp(app: FastifyInstance, options: ObjectsHttpOptions): void {
  const { objects, maxBytes = MAX_OBJECT_BYTES } = options;
  // A scope of its own: here bodies are not collected, and their size is bounded by what an object may have.
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _body, ready) => ready(null));
    scope.setErrorHandler((error, request, reply) => sendFault(request, reply, error));
    // A transfer does not keep the server from closing: it ends with it.
    const open = new Set<Socket>();
    scope.addHook('onRequest', (request, reply, next) => {
      const { socket } = request.raw;
      open.add(socket);
      reply.raw.once('close', () => open.delete(socket));
      next();
    });
    scope.addHook('preClose', (next) => {
      for (const socket of open) socket.destroy();
      next();
    });
    scope.route({
      method: ['GET', 'HEAD', 'PUT', 'DELETE'],
      url: `${OBJECTS_PATH}*`,
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        const place = placeOf(request);
        const permission = permit(request, place, options);
        const object = objects.find(place);
        if (request.method === 'GET' || request.method === 'HEAD') {
          if (object === undefined) throw noSuchKey(place);
          return serve({ request, reply, object, objects });
        }
        if (preconditionOf(request.method, request.headers, object === undefined ? undefined : validatorsOf(object)) === 412) throw preconditionFailed();
        if (request.method === 'DELETE') {
          await objects.delete(place);
          return reply.code(204).send();
        }
        const source = request.raw.iterator({ destroyOnReturn: false });
        const stored = await objects.put(place, source, { ...permission, ...announced(request, permission), maxBytes: boundOf(request, maxBytes), type: typeOf(request) });
        return reply.header('etag', etagOf(stored)).send();
      },
    });
    done();
  });
}

/** What an answer with an object is made of. */
interface Serving {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly objects: Objects;
  readonly object: StoredObject;
}

/** Answers a GET or HEAD with an object: all of it, a part, or only that it is unchanged. */
export async function serve({ request, reply, objects, object }: Serving): Promise<FastifyReply> {
  const { method, headers } = request;
  const validators = validatorsOf(object);
  const precondition = preconditionOf(method, headers, validators);
  if (precondition === 412) throw preconditionFailed();
  void reply.headers({
    etag: validators.etag,
    'last-modified': new Date(object.storedAt).toUTCString(),
    'accept-ranges': 'bytes',
    'cache-control': 'private',
    // A device chooses type and content: in a browser it must not become a page of this server.
    'x-content-type-options': 'nosniff',
    'content-security-policy': 'sandbox',
  });
  if (precondition === 304) return reply.code(304).send();
  const range = method === 'GET' ? rangeOf(headers, object.bytes, validators) : undefined;
  if (range === 'unsatisfiable') {
    void reply.header('content-range', `bytes */${object.bytes}`);
    throw refusal('InvalidRange', `The range is not in the ${object.bytes} bytes of the object.`, 416);
  }
  const length = range === undefined ? object.bytes : range.end - range.start + 1;
  void reply.type(object.type).header('content-length', length);
  if (range !== undefined) void reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${object.bytes}`);
  if (method === 'HEAD') return reply.send();
  return reply.send(await bytesOf(objects, object, range));
}

async function bytesOf(objects: Objects, object: StoredObject, range: Parameters<Objects['read']>[1]): Promise<Readable> {
  try {
    return await objects.read(object, range);
  } catch (error) {
    // Replaced or deleted between two turns.
    throw isLianyunError(error, 'not-found') ? noSuchKey(object) : error;
  }
}

/** The place that the path of a request names. It is read here: a router would undo the encoding before it is known what a slash parts. */
function placeOf({ originalUrl }: FastifyRequest): ObjectPlace {
  const path = originalUrl.split('?', 1)[0] ?? '';
  const segments = path.slice(OBJECTS_PATH.length).split('/').map(percentDecode);
  const [bucket, ...rest] = segments;
  if (bucket === undefined || segments.includes(undefined)) throw refusal('InvalidURI', 'The path is not encoded properly.');
  return { bucket, key: rest.join('/') };
}

/** What a request may do with a place; refuses in the words of object storage. */
function permit(request: FastifyRequest, place: ObjectPlace, { signer, secretOf, clock }: ObjectsHttpOptions): Permission {
  const query = new Map(parseTarget(request.originalUrl)?.query);
  const hasKey = request.headers.authorization !== undefined;
  if (!query.has('Signature')) {
    if (!hasKey) throw refusal('AccessDenied', 'Access denied: the request is not signed.', 403);
    return permitKey(request, secretOf);
  }
  if (hasKey) throw refusal('InvalidArgument', 'Only one auth mechanism allowed: the URL is signed, and there is a header Authorization.');
  const grant = signer.read(place, request.method, query, clock.now());
  if (typeof grant !== 'string') return { ...(grant.bytes === undefined ? {} : { bytes: grant.bytes }), ...(grant.digest === undefined ? {} : { digests: [grant.digest] }) };
  const [code, message] = FAULTS[grant];
  throw refusal(code, message, 403);
}

function permitKey(request: FastifyRequest, secretOf: SecretOf): Permission {
  const announcedHash = request.headers['x-sdk-content-sha256'];
  if (request.method === 'PUT' && announcedHash === undefined) throw refusal('InvalidArgument', 'X-Sdk-Content-Sha256 is missing: the body is not collected, so its hash, or UNSIGNED-PAYLOAD, must come before it.');
  const verdict = verifyHuawei(incoming(request), secretOf, { isBodyPending: true });
  if ('fault' in verdict) throw refusal('SignatureDoesNotMatch', verdict.why, 403);
  return typeof announcedHash === 'string' && announcedHash !== 'UNSIGNED-PAYLOAD' ? { digests: [{ algorithm: 'sha256', hex: announcedHash }] } : {};
}

/** What the headers say of a body, besides what was known. */
function announced({ headers }: FastifyRequest, { digests = [] }: Permission): Pick<PutOptions, 'digests'> {
  const md5 = headers['content-md5'];
  if (md5 === undefined) return { digests };
  const hex = Buffer.from(String(md5), 'base64').toString('hex');
  if (hex.length !== 32) throw refusal('InvalidDigest', 'Content-MD5 is not the base64 of an MD5 digest.');
  return { digests: [...digests, { algorithm: 'md5', hex } satisfies Digest] };
}

/** Refuses at once what says that it is too large. */
function boundOf({ headers }: FastifyRequest, maxBytes: number): number {
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw new LianyunError('too-large', `At most ${maxBytes} bytes are taken.`);
  return maxBytes;
}

const typeOf = ({ headers }: FastifyRequest): string => headers['content-type'] ?? 'application/octet-stream';
const etagOf = ({ md5 }: StoredObject): string => `"${md5}"`;
const validatorsOf = (object: StoredObject) => ({ etag: etagOf(object), modifiedAt: object.storedAt });
const preconditionFailed = (): LianyunError => refusal('PreconditionFailed', 'At least one of the conditions of the request does not hold.', 412);
const noSuchKey = ({ bucket, key }: ObjectPlace): LianyunError => refusal('NoSuchKey', `There is no object ${JSON.stringify(key)} in ${JSON.stringify(bucket)}.`, 404);

/** Answers with an error as object storage does. */
function sendFault(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const { status, code } = faultOf(error);
  if (status >= 500) request.log.error({ err: error }, 'request failed');
  const message = status === 500 || !(error instanceof Error) ? 'We encountered an internal error. Please try again.' : error.message;
  // What is left of the body is let go: the client reads the answer when it has sent it.
  request.raw.resume();
  for (const name of ['content-length', 'etag', 'last-modified']) void reply.removeHeader(name);
  const body = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message><RequestId>${request.id}</RequestId></Error>\n`;
  return reply.code(status).type('application/xml').send(request.method === 'HEAD' ? undefined : body);
}

function faultOf(error: unknown): { readonly status: number; readonly code: string } {
  const own = refusalOf(error);
  if (own !== undefined) return own;
  if (isLianyunError(error, 'too-large')) return { status: 413, code: 'EntityTooLarge' };
  if (isLianyunError(error, 'bad-input')) return { status: 400, code: error.place.path === undefined ? 'InvalidArgument' : 'BadDigest' };
  const status = error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
  return { status, code: status < 500 ? 'InvalidRequest' : 'InternalError' };
}

const escapeXml = (text: string): string => text.replace(/[<>&]/g, (char) => (char === '<' ? '&lt;' : char === '>' ? '&gt;' : '&amp;')).replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, '?');
