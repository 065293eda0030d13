import { LianyunError } from '@lianyun/protocol';
import type { FastifyInstance, FastifyRequest, HTTPMethods } from 'fastify';
import { secretsOf, type NorthContext } from '../context.ts';
import { incoming } from '../incoming.ts';
import { parseTarget } from '../percent.ts';
import { refusal } from '../refusal.ts';
import { faultOf, type Answer, type Call } from './call.ts';
import { createAsyncCommand, listAsyncCommands, showAsyncCommand } from './async-commands.ts';
import { confirmTask, createTask, deleteTask, listTasks, retryTask, showTask, stopTask } from './batch-tasks.ts';
import { actOnDevice, resetFingerprint } from './credentials.ts';
import { addDevice, deleteDevice, freezeDevice, listDevices, showDevice, unfreezeDevice, updateDevice } from './devices.ts';
import { sendHuaweiFault } from './fault.ts';
import { broadcastMessage, createMessage, deleteMessage, listMessages, showMessage } from './messages.ts';
import { packageDownload } from './package-download.ts';
import { createPackage, deletePackage, listPackages, showPackage } from './packages.ts';
import { createProduct, deleteProduct, listProducts, showProduct, updateProduct } from './products.ts';
import { createCommand, listProperties, updateProperties } from './requests.ts';
import { changeRuleStatus, createRule, deleteRule, listRules, showRule, updateRule } from './rules.ts';
import { deleteShadow, showShadow, updateShadow } from './shadow.ts';
import { verifyHuawei } from './signature.ts';

interface Route {
  readonly method: HTTPMethods;
  readonly path: string;
  readonly status: number;
  readonly answer: (call: Call) => Answer;
}

/** The part of 14.4 that there is. */
const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/products', status: 201, answer: createProduct },
  { method: 'GET', path: '/products', status: 200, answer: listProducts },
  { method: 'GET', path: '/products/:product_id', status: 200, answer: showProduct },
  { method: 'PUT', path: '/products/:product_id', status: 200, answer: updateProduct },
  { method: 'DELETE', path: '/products/:product_id', status: 204, answer: deleteProduct },
  { method: 'POST', path: '/devices', status: 201, answer: addDevice },
  { method: 'GET', path: '/devices', status: 200, answer: listDevices },
  { method: 'GET', path: '/devices/:device_id', status: 200, answer: showDevice },
  { method: 'PUT', path: '/devices/:device_id', status: 200, answer: updateDevice },
  { method: 'DELETE', path: '/devices/:device_id', status: 204, answer: deleteDevice },
  { method: 'POST', path: '/devices/:device_id/commands', status: 200, answer: createCommand },
  { method: 'GET', path: '/devices/:device_id/properties', status: 200, answer: listProperties },
  { method: 'PUT', path: '/devices/:device_id/properties', status: 200, answer: updateProperties },
  { method: 'POST', path: '/devices/:device_id/messages', status: 201, answer: createMessage },
  { method: 'GET', path: '/devices/:device_id/messages', status: 200, answer: listMessages },
  { method: 'GET', path: '/devices/:device_id/messages/:message_id', status: 200, answer: showMessage },
  { method: 'DELETE', path: '/devices/:device_id/messages/:message_id', status: 204, answer: deleteMessage },
  { method: 'POST', path: '/broadcast-messages', status: 201, answer: broadcastMessage },
  { method: 'GET', path: '/devices/:device_id/shadow', status: 200, answer: showShadow },
  { method: 'PUT', path: '/devices/:device_id/shadow', status: 200, answer: updateShadow },
  { method: 'DELETE', path: '/devices/:device_id/shadow', status: 204, answer: deleteShadow },
  { method: 'POST', path: '/devices/:device_id/freeze', status: 204, answer: freezeDevice },
  { method: 'POST', path: '/devices/:device_id/unfreeze', status: 204, answer: unfreezeDevice },
  { method: 'POST', path: '/ota-upgrades/packages', status: 201, answer: createPackage },
  { method: 'GET', path: '/ota-upgrades/packages', status: 200, answer: listPackages },
  { method: 'GET', path: '/ota-upgrades/packages/:package_id', status: 200, answer: showPackage },
  { method: 'DELETE', path: '/ota-upgrades/packages/:package_id', status: 204, answer: deletePackage },
  { method: 'POST', path: '/batchtasks', status: 201, answer: createTask },
  { method: 'GET', path: '/batchtasks', status: 200, answer: listTasks },
  { method: 'GET', path: '/batchtasks/:task_id', status: 200, answer: showTask },
  { method: 'DELETE', path: '/batchtasks/:task_id', status: 204, answer: deleteTask },
  { method: 'POST', path: '/batchtasks/:task_id/stop', status: 200, answer: stopTask },
  { method: 'POST', path: '/batchtasks/:task_id/retry', status: 200, answer: retryTask },
  { method: 'POST', path: '/batchtasks/:task_id/confirm', status: 200, answer: confirmTask },
  { method: 'POST', path: '/devices/:device_id/action', status: 200, answer: actOnDevice },
  { method: 'POST', path: '/devices/:device_id/reset-fingerprint', status: 200, answer: resetFingerprint },
  { method: 'POST', path: '/devices/:device_id/async-commands', status: 200, answer: createAsyncCommand },
  { method: 'GET', path: '/devices/:device_id/async-commands', status: 200, answer: listAsyncCommands },
  { method: 'GET', path: '/devices/:device_id/async-commands/:command_id', status: 200, answer: showAsyncCommand },
  { method: 'POST', path: '/rules', status: 201, answer: createRule },
  { method: 'GET', path: '/rules', status: 200, answer: listRules },
  { method: 'GET', path: '/rules/:rule_id', status: 200, answer: showRule },
  { method: 'PUT', path: '/rules/:rule_id', status: 200, answer: updateRule },
  { method: 'DELETE', path: '/rules/:rule_id', status: 204, answer: deleteRule },
  { method: 'PUT', path: '/rules/:rule_id/status', status: 200, answer: changeRuleStatus },
];

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
  for (const { method, path, status, answer } of ROUTES) {
    app.route({
      method,
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
