import { LianyunError, violationError, type JsonObject } from '@lianyun/protocol';
import * as v from 'valibot';
import type { AsyncCommand, AsyncStatus } from '../../huawei/async-commands.ts';
import { absent, anyObject, oneOf, pageIn, pageOut, param, readBody, text, textIn, typeIn, type Answer, type Call } from './call.ts';
import { timestamp } from './shapes.ts';

const STATUSES = ['PENDING', 'EXPIRED', 'SENT', 'SUCCESSFUL', 'FAILED', 'TIMEOUT', 'DELIVERED'] as const;
const DAY_SECONDS = 86_400;
const MAX_SECONDS = 30 * DAY_SECONDS;

const schema = v.object({
  service_id: absent(text(64)),
  command_name: absent(text(128)),
  paras: anyObject,
  expire_time: absent(v.pipe(v.number('a number is expected'), v.integer('a whole number is expected'), v.minValue(0, `0 to ${MAX_SECONDS} is expected`), v.maxValue(MAX_SECONDS, `0 to ${MAX_SECONDS} is expected`))),
  send_strategy: absent(oneOf(['immediately', 'delay'])),
});

/** POST /devices/{device_id}/async-commands: kept, and brought to the device (14.5, 14.7). */
export function createAsyncCommand(call: Call): Answer {
  const { registry, huawei } = call.context;
  const { device, productId } = registry.device('huawei', param(call, 'device_id'));
  const body = readBody(call, schema);
  const { service_id: service, command_name: name = '', paras: args, expire_time: expireSeconds = DAY_SECONDS, send_strategy: strategy = 'immediately' } = body;
  const violation = registry.model('huawei', productId).checkArgs(service, name, args);
  if (violation !== undefined) throw violationError(violation, device);
  return commandBody(huawei.commands.create(device, { name, args, ...(service === undefined ? {} : { service }), expireSeconds: expireSeconds === 0 ? DAY_SECONDS : expireSeconds, strategy }));
}

/** GET /devices/{device_id}/async-commands/{command_id} */
export function showAsyncCommand(call: Call): Answer {
  const { device } = call.context.registry.device('huawei', param(call, 'device_id'));
  return commandBody(call.context.huawei.commands.get(device, param(call, 'command_id')));
}

/** GET /devices/{device_id}/async-commands */
export function listAsyncCommands(call: Call): Answer {
  const { device } = call.context.registry.device('huawei', param(call, 'device_id'));
  for (const name of ['start_time', 'end_time']) {
    if (textIn(call, name) !== undefined) throw new LianyunError('bad-input', `Invalid input data. ${name}: this platform cannot filter by it; leave it out.`, { path: name });
  }
  const status = textIn(call, 'status') === undefined ? undefined : typeIn(call, 'status', STATUSES);
  const name = textIn(call, 'command_name');
  // An answer is the first that is known of a delivery, so that none stays in that state.
  if (status === 'DELIVERED') return { commands: [], page: pageOut(call, [], 0) };
  const { items, total } = call.context.huawei.commands.list({ device, ...(status === undefined ? {} : { status: status satisfies AsyncStatus }), ...(name === undefined ? {} : { name }) }, pageIn(call));
  return { commands: items.map(commandBody), page: pageOut(call, items, total) };
}

function resultOf({ result, fault }: AsyncCommand): JsonObject | undefined {
  if (fault !== undefined) return { error_code: fault.code, error_msg: fault.text };
  if (result === undefined) return undefined;
  return { result_code: result.code, ...(result.name === undefined ? {} : { response_name: result.name }), paras: result.output ?? (result.text === undefined ? {} : { error: result.text }) };
}

const shown = (at: number | undefined): string | undefined => (at === undefined ? undefined : timestamp(at));

function commandBody(command: AsyncCommand): object {
  const { id, device, service, name, args, status, strategy, expireSeconds, createdAt, sentAt, answeredAt } = command;
  return {
    device_id: device,
    command_id: id,
    service_id: service,
    command_name: name,
    paras: args,
    expire_time: expireSeconds,
    status,
    result: resultOf(command),
    created_time: timestamp(createdAt),
    sent_time: shown(sentAt),
    delivered_time: shown(answeredAt),
    response_time: shown(answeredAt),
    send_strategy: strategy,
  };
}
