import { isLianyunError } from '@lianyun/protocol';
import type { FastifyReply } from 'fastify';
import { refusalOf } from '../refusal.ts';

const MAX_MESSAGE = 1000;

/** Answers with an error in the vendor's shape: HTTP 200, whatever it is (10.4). */
export function sendTencentFault(reply: FastifyReply, error: unknown): FastifyReply {
  const code = tencentCodeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  // What a request says stands in some of them, and a request may be long.
  return reply.code(200).send({ Response: { Error: { Code: code, Message: code === 'InternalError' ? 'An internal error has occurred.' : message.slice(0, MAX_MESSAGE) }, RequestId: reply.request.id } });
}

/** The cloud's code for what went wrong (10.7). */
export function tencentCodeOf(error: unknown): string {
  const own = refusalOf(error);
  if (own !== undefined) return own.code;
  if (!isLianyunError(error)) return 'InternalError';
  switch (error.code) {
    case 'bad-input':
    case 'bad-config':
    case 'model-violation':
      return 'InvalidParameterValue';
    case 'too-large':
      return 'RequestSizeLimitExceeded';
    case 'not-found':
      return 'ResourceNotFound';
    case 'conflict':
      return 'UnsupportedOperation';
    case 'storage-failed':
      return 'InternalError';
    default:
      return 'FailedOperation';
  }
}
