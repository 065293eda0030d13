import { LianyunError, type JsonObject, type JsonValue } from '@lianyun/protocol';
import * as v from 'valibot';
import type { BatchTarget, BatchTask } from '../../huawei/batch-tasks.ts';
import type { Page, PageRequest } from '../../registry-store.ts';
import { isOver, type TaskStatus, type Upgrade, type UpgradeKind, type UpgradePolicy, type UpgradeStatus, type UpgradeTask } from '../../upgrades/upgrade-records.ts';
import type { NorthContext } from '../context.ts';
import { checkDocument, OPERATION_TYPES } from './batch-operations.ts';
import { absent, anyObject, listOf, object, oneOf, pageIn, pageOut, param, readBody, readInstant, readValue, text, textIn, typeIn, whole, type Answer, type Call } from './call.ts';
import { timestamp } from './shapes.ts';

/** What is done to the devices of a task; `createDevices` has no devices to do it to. */
const TASK_TYPES = ['softwareUpgrade', 'firmwareUpgrade', ...OPERATION_TYPES, 'createDevices'] as const;
const KINDS: Readonly<Partial<Record<string, UpgradeKind>>> = { softwareUpgrade: 'software', firmwareUpgrade: 'firmware' };
const TYPES = { software: 'softwareUpgrade', firmware: 'firmwareUpgrade' } as const satisfies Record<UpgradeKind, string>;

/** The words of 14.8, which has `Waitting` so. */
const TASK_WORDS: Readonly<Record<TaskStatus, string>> = { waiting: 'Waitting', running: 'Processing', succeeded: 'Success', failed: 'Fail', partial: 'PartialSuccess', stopped: 'Stopped' };
const PASSING: readonly string[] = ['initializing', 'stopping'];
const DETAIL_WORDS: Readonly<Record<UpgradeStatus, string>> = { waiting: 'Waitting', processing: 'Processing', retrying: 'FailWaitRetry', succeeded: 'Success', failed: 'Fail', stopped: 'Stopped' };

/** What a device means by a result code (5.2). */
const RESULTS: Readonly<Record<number, string>> = {
  1: 'The device is in use.', 2: 'The signal is poor.', 3: 'It is the newest version already.', 4: 'The battery is low.', 5: 'There is not enough storage.', 6: 'The download timed out.',
  7: 'The package could not be verified.', 8: 'This type of upgrade is not supported.', 9: 'There is not enough memory.', 10: 'The installation failed.', 255: 'Internal error of the device.',
};

const MINUTE_MS = 60_000;
/** Devices of one task at most (14.8). */
const MAX_TARGETS = 30_000;
const filterSchema = v.strictObject({ group_ids: listOf(text(36), 100) }, 'a filter has group_ids and nothing else');

const createSchema = object({
  app_id: absent(text(36)),
  task_name: text(128),
  task_type: oneOf(TASK_TYPES),
  task_mode: absent(text(32)),
  targets: absent(listOf(text(128), MAX_TARGETS)),
  targets_filter: absent(anyObject),
  document: absent(anyObject),
  document_source: absent(text(256)),
  task_policy: absent(object({ schedule_time: absent(text(32)), retry_count: absent(whole(1, 5)), retry_interval: absent(whole(0, 1440)) })),
  need_confirm: absent(v.boolean('true or false is expected')),
  task_ext_info: absent(v.custom<JsonValue>((value) => value !== undefined)),
});

type Body = v.InferOutput<typeof createSchema>;

/** POST /batchtasks (14.5, 14.8). */
export async function createTask(call: Call): Promise<object> {
  const body = readBody(call, createSchema);
  const { task_type: type } = body;
  if (type === 'createDevices') throw bad('task_type', 'this platform takes no files of devices; create each with POST /devices');
  const kind = KINDS[type];
  if (kind === undefined && body.need_confirm === true) throw bad('need_confirm', 'only upgrades can be confirmed');
  const document = kind === undefined ? checkDocument(type, body.document) : body.document;
  const packageId = kind === undefined ? undefined : packageOf(call, kind, document);
  const targets = await targetsOf(call, body);
  const policy = policyOf(body);
  const filter = body.targets === undefined && body.targets_filter !== undefined ? { filter: body.targets_filter } : {};
  if (packageId === undefined) return { task_id: call.context.huawei.batchTasks.create({ type, name: body.task_name, policy, ...filter, ...(document === undefined ? {} : { document }) }, targets).id };
  const info = body.task_ext_info === undefined ? {} : { info: body.task_ext_info };
  return { task_id: call.context.upgrades.create({ cloud: 'huawei', packageId, devices: targets, name: body.task_name, policy, ...filter, ...info }).id };
}

function packageOf({ context: { upgrades } }: Call, kind: UpgradeKind, document: JsonObject | undefined): string {
  const id = document?.['package_id'];
  if (typeof id !== 'string') throw bad('document.package_id', 'is missing');
  const pack = upgrades.book.package('huawei', id);
  if (pack.kind !== kind) throw bad('document.package_id', `the package is of ${pack.kind}, the task of ${kind}`);
  return id;
}

/** The devices that are meant: `targets` counts before `targets_filter` (14.8). */
async function targetsOf({ context: { huawei } }: Call, { targets, targets_filter: filter, document_source: file }: Body): Promise<readonly string[]> {
  if (targets !== undefined) return targets;
  if (filter === undefined) throw file === undefined ? bad('targets', 'at least one device is expected, or targets_filter') : bad('document_source', 'this platform takes no files of targets; name the devices in targets');
  const { group_ids: ids } = readValue(filter, filterSchema, 'targets_filter');
  const devices = new Set<string>();
  for (const id of ids) for (const device of await huawei.groups.allDevices(id)) devices.add(device);
  if (devices.size === 0) throw bad('targets_filter.group_ids', 'there is no device in these groups');
  if (devices.size > MAX_TARGETS) throw bad('targets_filter.group_ids', `${devices.size} devices are in these groups; at most ${MAX_TARGETS} are expected`);
  return [...devices];
}

function policyOf({ task_policy: policy = {}, need_confirm: needsConfirmation }: Body): UpgradePolicy {
  return {
    ...(policy.schedule_time === undefined ? {} : { startAt: readInstant(policy.schedule_time, 'task_policy.schedule_time') }),
    ...(policy.retry_count === undefined ? {} : { retries: policy.retry_count }),
    ...(policy.retry_interval === undefined ? {} : { retryAfterMs: policy.retry_interval * MINUTE_MS }),
    ...(needsConfirmation === undefined ? {} : { needsConfirmation }),
  };
}

/** GET /batchtasks. There is one resource space, so app_id narrows nothing. */
export function listTasks(call: Call): Answer {
  const type = typeIn(call, 'task_type', TASK_TYPES);
  const kind = KINDS[type];
  const wanted = textIn(call, 'status');
  // No task is ever in one of these here, but they are words that may be asked for.
  if (wanted !== undefined && PASSING.includes(wanted.toLowerCase())) return { batchtasks: [], page: pageOut(call, [], 0) };
  const status = wordIn(TASK_WORDS, 'status', wanted);
  const where = status === undefined ? {} : { status };
  const { items, total } = kind === undefined ? call.context.huawei.batchTasks.list({ type, ...where }, pageIn(call)) : call.context.upgrades.book.tasks.page({ cloud: 'huawei', kind, ...where }, pageIn(call));
  return { batchtasks: items.map(taskItem), page: pageOut(call, items, total) };
}

/** GET /batchtasks/{task_id}: the task, and a page of its parts. */
export function showTask(call: Call): Answer {
  const task = taskOf(call);
  const target = textIn(call, 'target');
  const wanted = textIn(call, 'task_detail_status');
  // Nothing is ever removed here, but it is a word that may be asked for.
  const isRemoved = wanted?.toLowerCase() === 'removed';
  const status = isRemoved ? undefined : wordIn(DETAIL_WORDS, 'task_detail_status', wanted);
  const { items, total } = isRemoved ? { items: [], total: 0 } : detailsOf(call, task, { ...(target === undefined ? {} : { target }), ...(status === undefined ? {} : { status }) }, pageIn(call));
  const all = detailsOf(call, task, {}, { limit: Number.MAX_SAFE_INTEGER }).items;
  return {
    batchtask: { ...taskItem(task), targets: all.map((each) => each.detail.target).reverse() },
    task_details: items.map(({ detail }) => detail),
    page: pageOut(call, items, total),
  };
}

/** DELETE /batchtasks/{task_id} */
export function deleteTask(call: Call): Answer {
  const task = taskOf(call);
  if ('packageId' in task) call.context.upgrades.remove(task);
  else call.context.huawei.batchTasks.remove(task);
  return undefined;
}

const targetsSchema = object({ targets: absent(v.array(text(128), 'an array is expected')) });

/** POST /batchtasks/{task_id}/stop: of these devices, or of all. */
export function stopTask(call: Call): Answer {
  const task = taskOf(call);
  if (isOver(task.status)) throw wrongState(task, 'stopped');
  if ('packageId' in task) call.context.upgrades.stop(task, targetsIn(call));
  else call.context.huawei.batchTasks.stop(task, targetsIn(call));
  return {};
}

/** POST /batchtasks/{task_id}/retry: what failed, waits for its next try, or was stopped. */
export function retryTask(call: Call): Answer {
  const task = taskOf(call);
  if (task.status === 'waiting' || task.status === 'succeeded') throw wrongState(task, 'retried');
  if ('packageId' in task) call.context.upgrades.retry(task, targetsIn(call));
  else call.context.huawei.batchTasks.retry(task, targetsIn(call));
  return {};
}

/** POST /batchtasks/{task_id}/confirm: what waits for a confirmation. */
export function confirmTask(call: Call): Answer {
  const task = taskOf(call);
  const targets = targetsIn(call);
  if (!('packageId' in task)) throw bad('task_id', 'only upgrades can be confirmed');
  call.context.upgrades.confirm(task, targets);
  return {};
}

/** A task of either kind: their ids are drawn from one row of numbers. */
type Task = UpgradeTask | BatchTask;

const taskOf = (call: Call): Task => call.context.huawei.batchTasks.find(param(call, 'task_id')) ?? call.context.upgrades.book.task('huawei', param(call, 'task_id'));
/** The devices that a body names; none, or no body, means all. */
const targetsIn = (call: Call): readonly string[] | undefined => (call.body.length === 0 ? undefined : readBody(call, targetsSchema).targets);

function detailsOf({ context }: Call, task: Task, { target, status }: { readonly target?: string; readonly status?: UpgradeStatus }, page: PageRequest): Page<{ readonly serial: number; readonly detail: Detail }> {
  const where = status === undefined ? {} : { status };
  if ('packageId' in task) {
    const { items, total } = context.upgrades.book.upgradesOf(task, { ...where, ...(target === undefined ? {} : { device: target }) }, page);
    return { total, items: items.map((upgrade) => ({ serial: upgrade.serial, detail: upgradeDetail(context, upgrade) })) };
  }
  const { items, total } = context.huawei.batchTasks.targets(task, { ...where, ...(target === undefined ? {} : { target }) }, page);
  return { total, items: items.map((each) => ({ serial: each.serial, detail: targetDetail(each) })) };
}

function wrongState({ id, status }: Task, what: string): LianyunError {
  return new LianyunError('bad-input', `Invalid input data. The task ${id} is ${TASK_WORDS[status]} and cannot be ${what}.`);
}

const bad = (path: string, what: string): LianyunError => new LianyunError('bad-input', `Invalid input data. ${path}: ${what}`, { path });

/** The one of our words that an API's word means, whatever its case (section 16). */
function wordIn<K extends string>(words: Readonly<Record<K, string>>, name: string, given: string | undefined): K | undefined {
  if (given === undefined) return undefined;
  const found = (Object.keys(words) as K[]).find((word) => words[word].toLowerCase() === given.toLowerCase()); // its own keys
  if (found === undefined) throw bad(name, `one of ${Object.values(words).join(', ')} is expected`);
  return found;
}

function taskItem(task: Task): object {
  const { id, name, policy, filter, status, counts, createdAt } = task;
  const { startAt, retries, retryAfterMs } = policy;
  const own = 'packageId' in task ? { task_type: TYPES[task.kind], document: { package_id: task.packageId }, need_confirm: task.policy.needsConfirmation, task_ext_info: task.info } : { task_type: task.type, document: task.document };
  return {
    task_id: id,
    task_name: name,
    ...own,
    targets_filter: filter,
    task_policy: {
      schedule_time: startAt === undefined ? undefined : timestamp(startAt),
      retry_count: retries,
      retry_interval: retryAfterMs === undefined ? undefined : retryAfterMs / MINUTE_MS,
    },
    status: TASK_WORDS[status],
    status_desc: '',
    task_progress: {
      total: Object.values(counts).reduce((sum, count) => sum + count, 0),
      processing: counts.processing,
      success: counts.succeeded,
      fail: counts.failed,
      waitting: counts.waiting,
      fail_wait_retry: counts.retrying,
      stopped: counts.stopped,
      removed: 0,
    },
    create_time: timestamp(createdAt),
  };
}

/** One target's part as the API shows it (14.8). */
interface Detail {
  readonly target: string;
  readonly status: string;
  readonly output: string;
  readonly error?: { readonly error_code: string; readonly error_msg: string } | undefined;
}

function targetDetail({ target, status, output = '', error }: BatchTarget): Detail {
  return { target, status: DETAIL_WORDS[status], output, error: error === undefined ? undefined : { error_code: error.code, error_msg: error.text } };
}

function upgradeDetail({ registry }: NorthContext, { device, status, stage, percent, code, text: words, to }: Upgrade): Detail {
  const hasFailed = status === 'failed' || status === 'retrying';
  const isKnown = registry.findDevice('huawei', device) !== undefined;
  return {
    target: device,
    status: DETAIL_WORDS[status],
    output: status === 'succeeded' ? to : percent === undefined ? '' : `${percent}%`,
    error: hasFailed ? { error_code: !isKnown ? 'IOTDA.014000' : stage === 'expired' ? 'IOTDA.014111' : String(code ?? 'IOTDA.000006'), error_msg: words ?? RESULTS[code ?? -1] ?? '' } : undefined,
  };
}
