import type { FastifyRequest } from 'fastify';
import type { SignedRequest } from './signed-request.ts';

const NOTHING = Buffer.alloc(0);

/** A request as its signature covers it: the target as it was on the wire, the body byte for byte. */
export function incoming(request: FastifyRequest): SignedRequest {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]);
  return {
    method: request.method,
    url: request.originalUrl,
    headers: Object.fromEntries(headers) as Record<string, string | undefined>, // joined above
    body: Buffer.isBuffer(request.body) ? request.body : NOTHING,
  };
}
