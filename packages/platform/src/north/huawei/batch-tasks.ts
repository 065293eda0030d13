import { LianyunError, type JsonValue } from '@lianyun/protocol';
import * as v from 'valibot';
import type { TaskStatus, Upgrade, UpgradeKind, UpgradePolicy, UpgradeStatus, UpgradeTask } from '../../upgrades/upgrade-records.ts';
import { refusal } from '../refusal.ts';
import { absent, anyObject, oneOf, pageIn, pageOut, param, readBody, text, textIn, typeIn, type Answer, type Call } from './call.ts';
import { timestamp } from './shapes.ts';

const TASK_TYPES = [
  'softwareUpgrade', 'firmwareUpgrade', 'createDevices', 'deleteDevices', 'freezeDevices', 'unfreezeDevices', 'createCommands', 'createAsyncCommands',
  'createMessages', 'updateDeviceShadows', 'updateDevices', 'changeGateway',
] as const;
const KINDS: Readonly<Partial<Record<(typeof TASK_TYPES)[number], UpgradeKind>>> = { softwareUpgrade: 'software', firmwareUpgrade: 'firmware' };
const TYPES = { software: 'softwareUpgrade', firmware: 'firmwareUpgrade' } as const satisfies Record<UpgradeKind, string>;

/** The words of 14.8, which has `Waitting` so. */
const TASK_WORDS: Readonly<Record<TaskStatus, string>> = { waiting: 'Waitting', running: 'Processing', succeeded: 'Success', failed: 'Fail', partial: 'PartialSuccess', stopped: 'Stopped' };
const DETAIL_WORDS: Readonly<Record<UpgradeStatus, string>> = { waiting: 'Waitting', processing: 'Processing', retrying: 'FailWaitRetry', succeeded: 'Success', failed: 'Fail', stopped: 'Stopped' };

/** What a device means by a result code (5.2). */
const RESULTS: Readonly<Record<number, string>> = {
  1: 'The device is in use.', 2: 'The signal is poor.', 3: 'It is the newest version already.', 4: 'The battery is low.', 5: 'There is not enough storage.', 6: 'The download timed out.',
  7: 'The package could not be verified.', 8: 'This type of upgrade is not supported.', 9: 'There is not enough memory.', 10: 'The installation failed.', 255: 'Internal error of the device.',
};

const MINUTE_MS = 60_000;
const whole = (min: number, max: number) => v.pipe(v.number('a number is expected'), v.integer('a whole number is expected'), v.minValue(min, `${min} to ${max} is expected`), v.maxValue(max, `${min} to ${max} is expected`));

const createSchema = v.object({
  app_id: absent(text(36)),
  task_name: text(128),
  task_type: oneOf(TASK_TYPES),
  task_mode: absent(text(32)),
  targets: absent(v.pipe(v.array(text(128), 'an array is expected'), v.maxLength(30_000, 'at most 30000 are expected'))),
  targets_filter: absent(anyObject),
  document: absent(anyObject),
  document_source: absent(text(256)),
  task_policy: absent(v.object({ schedule_time: absent(text(32)), retry_count: absent(whole(1, 5)), retry_interval: absent(whole(0, 1440)) })),
  need_confirm: absent(v.boolean('true or false is expected')),
  task_ext_info: absent(v.custom<JsonValue>((value) => value !== undefined)),
});

/** POST /batchtasks: upgrades (14.5, 14.8). */
export function createTask(call: Call): Answer {
  const { upgrades } = call.context;
  const body = readBody(call, createSchema);
  const kind = KINDS[body.task_type];
  if (kind === undefined) throw bad('task_type', 'this platform runs softwareUpgrade and firmwareUpgrade');
  if (body.targets_filter !== undefined) throw bad('targets_filter', 'there are no groups of devices here; name the devices in targets');
  if (body.document_source !== undefined) throw bad('document_source', 'this platform takes no files of targets; name the devices in targets');
  const packageId = body.document?.['package_id'];
  if (typeof packageId !== 'string') throw bad('document.package_id', 'is missing');
  if (body.targets === undefined || body.targets.length === 0) throw bad('targets', 'at least one device is expected');
  const pack = upgrades.book.package('huawei', packageId);
  if (pack.kind !== kind) throw bad('document.package_id', `the package is of ${pack.kind}, the task of ${kind}`);
  const task = upgrades.create({
    cloud: 'huawei',
    packageId,
    devices: body.targets,
    name: body.task_name,
    policy: policyOf(body),
    ...(body.task_ext_info === undefined ? {} : { info: body.task_ext_info }),
  });
  return { task_id: task.id };
}

function policyOf({ task_policy: policy = {}, need_confirm: needsConfirmation }: v.InferOutput<typeof createSchema>): UpgradePolicy {
  return {
    ...(policy.schedule_time === undefined ? {} : { startAt: instantIn(policy.schedule_time) }),
    ...(policy.retry_count === undefined ? {} : { retries: policy.retry_count }),
    ...(policy.retry_interval === undefined ? {} : { retryAfterMs: policy.retry_interval * MINUTE_MS }),
    ...(needsConfirmation === undefined ? {} : { needsConfirmation }),
  };
}

/** An instant as the API writes it: yyyyMMdd'T'HHmmss'Z' (14.3). */
function instantIn(time: string): number {
  const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(at) || !/^\d{8}T\d{6}Z$/.test(time)) throw refusal('IOTDA.000009', `Invalid input. task_policy.schedule_time: yyyyMMdd'T'HHmmss'Z' is expected, ${JSON.stringify(time)} is given.`);
  return at;
}

/** GET /batchtasks. There is one resource space, so app_id narrows nothing. */
export function listTasks(call: Call): Answer {
  const kind = KINDS[typeIn(call, 'task_type', TASK_TYPES)];
  const wanted = textIn(call, 'status');
  const status = wordIn(TASK_WORDS, 'status', wanted);
  const { items, total } = kind === undefined ? { items: [], total: 0 } : call.context.upgrades.book.tasks.page({ cloud: 'huawei', kind, ...(status === undefined ? {} : { status }) }, pageIn(call));
  return { batchtasks: items.map(taskItem), page: pageOut(call, items, total) };
}

/** GET /batchtasks/{task_id}: the task, and a page of its parts. */
export function showTask(call: Call): Answer {
  const { book } = call.context.upgrades;
  const task = taskOf(call);
  const device = textIn(call, 'target');
  const status = wordIn(DETAIL_WORDS, 'task_detail_status', textIn(call, 'task_detail_status'));
  const { items, total } = book.upgradesOf(task, { ...(device === undefined ? {} : { device }), ...(status === undefined ? {} : { status }) }, pageIn(call));
  const all = book.upgradesOf(task, {}, { limit: Number.MAX_SAFE_INTEGER }).items;
  return {
    batchtask: { ...taskItem(task), targets: all.map((upgrade) => upgrade.device).reverse() },
    task_details: items.map((upgrade) => detailOf(call, upgrade)),
    page: pageOut(call, items, total),
  };
}

/** DELETE /batchtasks/{task_id} */
export function deleteTask(call: Call): Answer {
  call.context.upgrades.remove(taskOf(call));
  return undefined;
}

const targetsSchema = v.object({ targets: absent(v.array(text(128), 'an array is expected')) });

/** POST /batchtasks/{task_id}/stop: of these devices, or of all. */
export function stopTask(call: Call): Answer {
  const task = taskOf(call);
  if (task.status !== 'waiting' && task.status !== 'running') throw wrongState(task, 'stopped');
  call.context.upgrades.stop(task, targetsIn(call));
  return {};
}

/** POST /batchtasks/{task_id}/retry: what failed, waits for its next try, or was stopped. */
export function retryTask(call: Call): Answer {
  const task = taskOf(call);
  if (task.status === 'waiting' || task.status === 'succeeded') throw wrongState(task, 'retried');
  call.context.upgrades.retry(task, targetsIn(call));
  return {};
}

/** POST /batchtasks/{task_id}/confirm: what waits for a confirmation. */
export function confirmTask(call: Call): Answer {
  call.context.upgrades.confirm(taskOf(call), targetsIn(call));
  return {};
}

const taskOf = (call: Call): UpgradeTask => call.context.upgrades.book.task('huawei', param(call, 'task_id'));
/** The devices that a body names; none, or no body, means all. */
const targetsIn = (call: Call): readonly string[] | undefined => (call.body.length === 0 ? undefined : readBody(call, targetsSchema).targets);

function wrongState({ id, status }: UpgradeTask, what: string): LianyunError {
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

function taskItem({ id, name, kind, packageId, policy, info, status, counts, createdAt }: UpgradeTask): object {
  const { startAt, retries, retryAfterMs, needsConfirmation } = policy;
  return {
    task_id: id,
    task_name: name,
    task_type: TYPES[kind],
    document: { package_id: packageId },
    task_policy: {
      schedule_time: startAt === undefined ? undefined : timestamp(startAt),
      retry_count: retries,
      retry_interval: retryAfterMs === undefined ? undefined : retryAfterMs / MINUTE_MS,
    },
    need_confirm: needsConfirmation,
    task_ext_info: info,
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

function detailOf({ context: { registry } }: Call, { device, status, stage, percent, code, text: words, to }: Upgrade): object {
  const hasFailed = status === 'failed' || status === 'retrying';
  const isKnown = registry.findDevice('huawei', device) !== undefined;
  return {
    target: device,
    status: DETAIL_WORDS[status],
    output: status === 'succeeded' ? to : percent === undefined ? '' : `${percent}%`,
    error: hasFailed ? { error_code: !isKnown ? 'IOTDA.014000' : stage === 'expired' ? 'IOTDA.014111' : String(code ?? 'IOTDA.000006'), error_msg: words ?? RESULTS[code ?? -1] ?? '' } : undefined,
  };
}
