import { LianyunError } from '@lianyun/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { secretsOf, type NorthContext } from '../context.ts';
import { incoming } from '../incoming.ts';
import { parseTarget } from '../percent.ts';
import { refusal } from '../refusal.ts';
import { performBatch } from './batch-operations.ts';
import { faultOf } from './call.ts';
import { sendHuaweiFault } from './fault.ts';
import { packageDownload } from './package-download.ts';
import { ROUTES } from './routes.ts';
import { verifyHuawei } from './signature.ts';

const BASE = '/v5/iot/';

/** A request target without what stands before `/v5/iot/`: the vendor's client takes an endpoint with a base path, and signs it. */
export function withoutBasePath(url: string): string {
  const query = url.indexOf('?');
  const at = (query < 0 ? url : url.slice(0, query)).indexOf(BASE);
  return at > 0 ? url.slice(at) : url;
}

/** Whether a request target belongs to this API. */
export const isHuaweiPath = (url: string): boolean => withoutBasePath(url).startsWith(BASE);

/** Huawei's IoTDA v5 API (14). */
export function huaweiNorth(app: FastifyInstance, context: NorthContext): void {
  const secretOf = secretsOf(context, 'huawei');

  const check = (request: FastifyRequest, project: string | undefined): void => {
    const verdict = verifyHuawei(incoming(request), secretOf);
    if ('fault' in verdict) throw new LianyunError('bad-credentials', `Incorrect IAM authentication information: ${verdict.why}`);
    if (context.projectId !== undefined && project !== context.projectId) {
      throw refusal('IOTDA.000022', `Operation not allowed. There is no project ${JSON.stringify(project)} here; it is called ${JSON.stringify(context.projectId)}.`, 403);
    }
  };

  packageDownload(app, context);
  context.huawei.batchTasks.begin(performBatch(context));
  for (const { method, path, status, answer, bodyBytes } of ROUTES) {
    app.route({
      method,
      ...(bodyBytes === undefined ? {} : { bodyLimit: bodyBytes }),
      url: `${BASE}:project_id${path}`,
      handler: async (request, reply) => {
        try {
          const params = new Map(Object.entries(request.params as Record<string, string>)); // what the path's `:names` matched
          check(request, params.get('project_id'));
          const { body } = incoming(request);
          const query = new Map(parseTarget(request.originalUrl)?.query);
          const result = await answer({ context, params, query, body });
          return await (result === undefined ? reply.code(status).send() : reply.code(status).send(result));
        } catch (error) {
          if (faultOf(error).status >= 500) request.log.error({ err: error }, 'request failed');
          return await sendHuaweiFault(reply, error);
        }
      },
    });
  }
}
