import type { FastifyReply } from 'fastify';
import { faultOf } from './call.ts';

/** Answers with an error in the vendor's shape. */
export function sendHuaweiFault(reply: FastifyReply, error: unknown): FastifyReply {
  const { status, body } = faultOf(error);
  return reply.code(status).send(body);
}
