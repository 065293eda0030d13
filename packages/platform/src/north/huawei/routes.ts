import type { HTTPMethods } from 'fastify';
import type { Answer, Call } from './call.ts';
import { countAsyncHistory, createAsyncCommand, listAsyncCommands, listAsyncHistory, showAsyncCommand } from './async-commands.ts';
import { confirmTask, createTask, deleteTask, listTasks, retryTask, showTask, stopTask } from './batch-tasks.ts';
import { actOnDevice, resetFingerprint } from './credentials.ts';
import { addDevice, changeGateway, deleteDevice, freezeDevice, listDevices, showDevice, unfreezeDevice, updateDevice } from './devices.ts';
import { listLogs } from './logs.ts';
import { broadcastMessage, createMessage, deleteMessage, listMessages, showMessage } from './messages.ts';
import { createPackage, deletePackage, listPackages, showPackage } from './packages.ts';
import { createProduct, deleteProduct, listProducts, showProduct, updateProduct } from './products.ts';
import { createCommand, listProperties, updateProperties } from './requests.ts';
import { changeRuleStatus, createRule, deleteRule, listRules, showRule, updateRule } from './rules.ts';
import { deleteShadow, showShadow, updateShadow } from './shadow.ts';
import { actOnGroup, createGroup, deleteGroup, listGroupDevices, listGroups, listGroupsOfDevice, showGroup, updateGroup } from './device-groups.ts';
import { searchDevices } from './search.ts';
import { bindTags, queryTagged, unbindTags } from './tags.ts';

/** One operation of the API. */
export interface Route {
  readonly method: HTTPMethods;
  readonly path: string;
  readonly status: number;
  readonly answer: (call: Call) => Answer;
  /** The largest body, where it is not that of every route. */
  readonly bodyBytes?: number;
}

/** The part of 14.4 that there is; `path` follows the project. */
export const ROUTES: readonly Route[] = [
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
  { method: 'GET', path: '/devices/:device_id/logs', status: 200, answer: listLogs },
  { method: 'POST', path: '/broadcast-messages', status: 201, answer: broadcastMessage },
  { method: 'GET', path: '/devices/:device_id/shadow', status: 200, answer: showShadow },
  { method: 'PUT', path: '/devices/:device_id/shadow', status: 200, answer: updateShadow },
  { method: 'DELETE', path: '/devices/:device_id/shadow', status: 204, answer: deleteShadow },
  { method: 'POST', path: '/devices/:device_id/freeze', status: 204, answer: freezeDevice },
  { method: 'POST', path: '/devices/:device_id/unfreeze', status: 204, answer: unfreezeDevice },
  { method: 'POST', path: '/devices/:device_id/change-gateway', status: 200, answer: changeGateway },
  { method: 'POST', path: '/search/query-devices', status: 200, answer: searchDevices },
  { method: 'POST', path: '/ota-upgrades/packages', status: 201, answer: createPackage },
  { method: 'GET', path: '/ota-upgrades/packages', status: 200, answer: listPackages },
  { method: 'GET', path: '/ota-upgrades/packages/:package_id', status: 200, answer: showPackage },
  { method: 'DELETE', path: '/ota-upgrades/packages/:package_id', status: 204, answer: deletePackage },
  // 30,000 devices whose ids have 128 characters.
  { method: 'POST', path: '/batchtasks', status: 201, answer: createTask, bodyBytes: 6 * 1024 * 1024 },
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
  { method: 'GET', path: '/devices/:device_id/async-commands-history', status: 200, answer: listAsyncHistory },
  { method: 'POST', path: '/devices/:device_id/async-commands-history/count', status: 200, answer: countAsyncHistory },
  { method: 'POST', path: '/device-group', status: 201, answer: createGroup },
  { method: 'GET', path: '/device-group', status: 200, answer: listGroups },
  { method: 'GET', path: '/device-group/:group_id', status: 200, answer: showGroup },
  { method: 'PUT', path: '/device-group/:group_id', status: 200, answer: updateGroup },
  { method: 'DELETE', path: '/device-group/:group_id', status: 204, answer: deleteGroup },
  { method: 'POST', path: '/device-group/:group_id/action', status: 200, answer: actOnGroup },
  { method: 'GET', path: '/device-group/:group_id/devices', status: 200, answer: listGroupDevices },
  { method: 'POST', path: '/devices/:device_id/list-device-group', status: 200, answer: listGroupsOfDevice },
  { method: 'POST', path: '/tags/bind-resource', status: 200, answer: bindTags },
  { method: 'POST', path: '/tags/unbind-resource', status: 200, answer: unbindTags },
  { method: 'POST', path: '/tags/query-resources', status: 200, answer: queryTagged },
  { method: 'POST', path: '/rules', status: 201, answer: createRule },
  { method: 'GET', path: '/rules', status: 200, answer: listRules },
  { method: 'GET', path: '/rules/:rule_id', status: 200, answer: showRule },
  { method: 'PUT', path: '/rules/:rule_id', status: 200, answer: updateRule },
  { method: 'DELETE', path: '/rules/:rule_id', status: 204, answer: deleteRule },
  { method: 'PUT', path: '/rules/:rule_id/status', status: 200, answer: changeRuleStatus },
];
