import { isLianyunError } from '@lianyun/protocol';
import type { FastifyReply } from 'fastify';
import { refusalOf } from '../refusal.ts';

/** Answers with an error in the vendor's shape: HTTP 200, whatever it is (10.4). */
export function sendTencentFault(reply: FastifyReply, error: unknown): FastifyReply {
  const message = error instanceof Error ? error.message : String(error);
  return reply.code(200).send({ Response: { Error: { Code: tencentCodeOf(error), Message: tencentCodeOf(error) === 'InternalError' ? 'An internal error has occurred.' : message }, RequestId: reply.request.id } });
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
      return 'ResourceInUse';
    case 'storage-failed':
      return 'InternalError';
    default:
      return 'FailedOperation';
  }
}
