import { LianyunError, stringifyExact, violationError, type JsonObject } from '@lianyun/protocol';
import type * as v from 'valibot';
import { ASYNC_STATUSES, type AsyncCommand, type AsyncCommandFilter } from '../../huawei/async-commands.ts';
import type { Device } from '../../records.ts';
import type { Page, PageRequest } from '../../registry-store.ts';
import type { NorthContext } from '../context.ts';
import { absent, anyObject, deviceOf, object, oneOf, pageIn, pageOut, param, readBody, text, textIn, timesIn, typeIn, whole, type Answer, type Call } from './call.ts';
import { timestamp } from './shapes.ts';

const STATUSES = [...ASYNC_STATUSES.queue, ...ASYNC_STATUSES.history];
const DAY_SECONDS = 86_400;
/** How long a command may wait (14.7). */
const MAX_SECONDS = 2 * DAY_SECONDS;
/** Of `paras`, in bytes. */
const MAX_BYTES = 32 * 1024;

/** The body of CreateAsyncCommand. */
export const asyncCommandSchema = object({
  service_id: absent(text(64)),
  command_name: absent(text(128)),
  paras: anyObject,
  expire_time: absent(whole(0, MAX_SECONDS)),
  send_strategy: absent(oneOf(['immediately', 'delay'])),
});

/** POST /devices/{device_id}/async-commands: kept, and brought to the device (14.5, 14.7). */
export function createAsyncCommand(call: Call): Answer {
  const target = deviceOf(call);
  return commandBody(queue(call.context, target, readBody(call, asyncCommandSchema)));
}

/** Gives a device a command that nobody waits for. */
export function queue({ registry, huawei }: NorthContext, { device, productId }: Device, body: v.InferOutput<typeof asyncCommandSchema>): AsyncCommand {
  const { service_id: service, command_name: name = '', paras: args, expire_time: expireSeconds = 0, send_strategy: strategy = 'delay' } = body;
  const violation = registry.model('huawei', productId).checkArgs(service, name, args);
  if (violation !== undefined) throw violationError(violation, device);
  if (Buffer.byteLength(stringifyExact(args)) > MAX_BYTES) throw new LianyunError('bad-input', `Invalid input data. paras: at most ${MAX_BYTES} bytes are expected`, { path: 'paras' });
  return huawei.commands.create(device, { name, args, ...(service === undefined ? {} : { service }), expireSeconds: expireSeconds === 0 ? DAY_SECONDS : expireSeconds, strategy });
}

/** GET /devices/{device_id}/async-commands/{command_id} */
export function showAsyncCommand(call: Call): Answer {
  return commandBody(call.context.huawei.commands.get(deviceOf(call).device, param(call, 'command_id')));
}

/** GET /devices/{device_id}/async-commands: those that are not at their end. */
export async function listAsyncCommands(call: Call): Promise<object> {
  const { items, total } = await commandsOf(call, 'queue', pageIn(call));
  return { commands: items.map(commandItem), page: pageOut(call, items, total) };
}

/** GET /devices/{device_id}/async-commands-history: those that are; how many there are is asked for itself. */
export async function listAsyncHistory(call: Call): Promise<object> {
  const { items } = await commandsOf(call, 'history', pageIn(call));
  const { marker } = pageOut(call, items, 0);
  return { commands: items.map(commandItem), page: { marker } };
}

/** POST /devices/{device_id}/async-commands-history/count */
export async function countAsyncHistory(call: Call): Promise<object> {
  const { total } = await commandsOf(call, 'history', { limit: 0 });
  return { count: total };
}

function commandsOf(call: Call, of: AsyncCommandFilter['of'], page: PageRequest): Promise<Page<AsyncCommand>> {
  const { device } = deviceOf(call);
  const status = textIn(call, 'status') === undefined ? undefined : typeIn(call, 'status', STATUSES);
  const name = textIn(call, 'command_name');
  const times = timesIn(call);
  return call.context.huawei.commands.list(device, { of, ...(status === undefined ? {} : { status }), ...(name === undefined ? {} : { name }), ...(times === undefined ? {} : { times }) }, page);
}

function resultOf({ result, fault }: AsyncCommand): JsonObject | undefined {
  if (fault !== undefined) return { error_code: fault.code, error_msg: fault.text };
  if (result === undefined) return undefined;
  return { result_code: result.code, ...(result.name === undefined ? {} : { response_name: result.name }), paras: result.output ?? (result.text === undefined ? {} : { error: result.text }) };
}

/** A command as lists show it: without what it says and what was answered. */
function commandItem(command: AsyncCommand): object {
  const { id, device, service, name, status, strategy, expireSeconds, createdAt, sentAt, deliveredAt = command.answeredAt, answeredAt } = command;
  return {
    device_id: device,
    command_id: id,
    service_id: service,
    command_name: name,
    expire_time: expireSeconds,
    status,
    created_time: timestamp(createdAt),
    sent_time: shown(sentAt),
    // Who answers has it.
    delivered_time: shown(deliveredAt),
    response_time: shown(answeredAt),
    send_strategy: strategy,
  };
}

const shown = (at: number | undefined): string | undefined => (at === undefined ? undefined : timestamp(at));

const commandBody = (command: AsyncCommand): object => ({ ...commandItem(command), paras: command.args, result: resultOf(command) });
