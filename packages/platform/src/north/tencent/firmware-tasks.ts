import type { Device } from '../../records.ts';
import type { TaskStatus, Upgrade, UpgradePackage, UpgradePolicy, UpgradeStage, UpgradeTask } from '../../upgrades/upgrade-records.ts';
import type { NorthContext } from '../context.ts';
import { refusal } from '../refusal.ts';
import { action, productOf, seconds, targetOf } from './action.ts';
import { filtered, FIRMWARE, firmwareOf } from './firmware.ts';
import { pageOf } from './page.ts';

const MINUTE_MS = 60_000;
/** `Type` of a task: for the devices that there are, or also for those that turn up later (10.5). */
const STATIC = 1;
const DYNAMIC = 7;
/** `OverrideMode`: what is under way of the devices gives way. */
const OVERRIDE = 2;

const PAGE = { Offset: 'integer?', Limit: 'integer?' } as const;
const TASK = { ...FIRMWARE, TaskId: 'integer' } as const;
const DEVICE = { ProductId: 'text', DeviceName: 'text' } as const;

/** Status of a device in a task (5.2). What waits is 0 while its device is offline. */
const DEVICE_STATUS: Readonly<Record<UpgradeStage, number>> = {
  scheduled: 1, waiting: 1, offered: 2, downloading: 3, burning: 4, failed: 5, stopped: 5, succeeded: 6, asked: 7, retrying: 7, confirming: 8, expired: 10, downloaded: 20,
};
const OFFLINE = 0;
const TASK_STATUS: Readonly<Record<TaskStatus, number>> = { waiting: 3, running: 4, succeeded: 5, failed: 5, partial: 5, stopped: 6 };

const TASK_FILTERS: Readonly<Record<string, (task: UpgradeTask) => string>> = { TaskId: ({ id }) => id, Status: ({ status }) => String(TASK_STATUS[status]), Type: (task) => String(typeOf(task)) };

/** The actions about tasks of firmware (10.5, 10.6). */
export const firmwareTaskActions = {
  UpdateFirmware: action({ ...FIRMWARE, DeviceName: 'text', FirmwareOriVersion: 'text', UpgradeMethod: 'integer?' }, (p, context) => {
    const pack = firmwareOf(p, context);
    const device = targetOf({ ProductId: p.ProductID, DeviceName: p.DeviceName, DeviceId: undefined }, context);
    if (!device.enabled) throw refusal('UnauthorizedOperation.DeviceIsNotEnabled', `The device ${device.device} is disabled.`);
    if (device.info?.firmware === pack.version) throw refusal('FailedOperation.DeviceFirmwareIsUpdated', `The device ${device.device} runs ${pack.version} already.`);
    if (context.upgrades.book.openOf('tencent', device.device).length > 0) throw refusal('FailedOperation.OtherUpdateTaskExist', `The device ${device.device} is being upgraded already.`);
    context.upgrades.create({ cloud: 'tencent', packageId: pack.id, devices: [device.device], policy: methodOf(p.UpgradeMethod), ...sourceOf(p.FirmwareOriVersion) });
    return {};
  }),

  // Without DeviceNames all devices of the product are meant, of FirmwareOriVersion if it is given.
  BatchUpdateFirmware: action(
    {
      ...FIRMWARE,
      FirmwareOriVersion: 'text?', UpgradeMethod: 'integer?', DeviceNames: 'texts?', FileName: 'text?', FileMd5: 'text?', FileSize: 'integer?', TimeoutInterval: 'integer?', Type: 'integer?',
      DelayTime: 'integer?', OverrideMode: 'integer?', MaxRetryNum: 'integer?', RetryInterval: 'integer?', TaskUserDefine: 'text?', RateLimit: 'integer?',
    },
    (p, context) => {
      const pack = firmwareOf(p, context);
      if (p.FileName || p.FileMd5) throw refusal('InvalidParameterValue', 'FileName is not allowed: this platform takes no files of devices; name them in DeviceNames.');
      if (p.Type !== undefined && p.Type !== STATIC && p.Type !== DYNAMIC) throw refusal('InvalidParameterValue', 'Type is not allowed: 1 (static) or 7 (dynamic) is expected.');
      const devices = p.DeviceNames === undefined || p.DeviceNames.length === 0 ? undefined : p.DeviceNames.map((name) => targetOf({ ProductId: p.ProductID, DeviceName: name, DeviceId: undefined }, context).device);
      if (p.OverrideMode === OVERRIDE) giveWay(pack, devices, context);
      const policy: UpgradePolicy = {
        ...methodOf(p.UpgradeMethod),
        ...(p.Type === DYNAMIC ? { isDynamic: true } : {}),
        ...within('TimeoutInterval', p.TimeoutInterval, [120, 900], (value) => ({ silenceMs: value * 1000 })),
        ...within('DelayTime', p.DelayTime, [0, 525_600], (value) => ({ startAt: context.clock.now() + value * MINUTE_MS })),
        ...within('MaxRetryNum', p.MaxRetryNum, [0, 100], (value) => ({ retries: value })),
        ...within('RetryInterval', p.RetryInterval, [0, 525_600], (value) => ({ retryAfterMs: value * MINUTE_MS })),
      };
      const task = context.upgrades.create({
        cloud: 'tencent',
        packageId: pack.id,
        policy,
        ...(devices === undefined ? {} : { devices }),
        ...(p.TaskUserDefine ? { info: p.TaskUserDefine } : {}),
        ...sourceOf(p.FirmwareOriVersion),
      });
      return { TaskId: Number(task.id) };
    },
  ),

  PublishFirmwareUpdateMessage: action({ ProductID: 'text', DeviceName: 'text?', FwType: 'text?' }, (p, context) => {
    productOf(p.ProductID, context);
    const device = p.DeviceName ? targetOf({ ProductId: p.ProductID, DeviceName: p.DeviceName, DeviceId: undefined }, context).device : undefined;
    const { upgrades } = context;
    const tasks = upgrades.book.tasks.page({ cloud: 'tencent', productId: p.ProductID, status: 'running' }, { limit: Number.MAX_SAFE_INTEGER }).items;
    const confirmed = tasks.reduce((sum, task) => sum + upgrades.confirm(task, device === undefined ? undefined : [device]), 0);
    if (confirmed === 0) throw refusal('ResourceNotFound.FirmwareTaskNotExist', 'No upgrade waits for a confirmation.');
    return { Status: 0 };
  }),

  DescribeFirmwareTasks: action({ ...FIRMWARE, ...PAGE, Filters: 'filters?' }, (p, context) => {
    const { id: packageId } = firmwareOf(p, context);
    const found = filtered(context.upgrades.book.tasks.page({ cloud: 'tencent', packageId }, { limit: Number.MAX_SAFE_INTEGER }).items, p.Filters, TASK_FILTERS);
    return { TaskInfos: pageOf(found, p).items.map(taskInfo), Total: found.length };
  }),

  DescribeFirmwareTask: action(TASK, (p, context) => {
    const pack = firmwareOf(p, context);
    const task = taskOf(p.TaskId, pack, context);
    const { policy, sourceVersions = [], info } = task;
    return {
      ...taskInfo(task),
      ProductId: task.productId,
      ProductName: productOf(task.productId, context).name,
      OriginalVersion: sourceVersions.join(','),
      UpgradeMethod: policy.needsConfirmation === true ? 1 : 0,
      UpgradeMode: '',
      CreateUserId: 0,
      DelayTime: policy.startAt === undefined ? 0 : Math.round((policy.startAt - task.createdAt) / MINUTE_MS),
      TimeoutInterval: (policy.silenceMs ?? 900_000) / 1000,
      MaxRetryNum: policy.retries ?? 0,
      RetryInterval: (policy.retryAfterMs ?? 0) / MINUTE_MS,
      TaskUserDefined: typeof info === 'string' ? info : '',
      FwType: pack.module ?? '',
    };
  }),

  DescribeFirmwareTaskDevices: action({ ...FIRMWARE, ...PAGE, Filters: 'filters?', TaskId: 'integer?' }, (p, context) => {
    const pack = firmwareOf(p, context);
    const filters: Readonly<Record<string, (upgrade: Upgrade) => string>> = { TaskId: ({ task }) => task, DeviceName: nameOf, Status: (upgrade) => String(statusOf(upgrade, context)) };
    const found = filtered(upgradesFor(p.TaskId, pack, context), p.Filters, filters);
    return { Devices: pageOf(found, p).items.map((upgrade) => deviceItem(upgrade, pack, context)), Total: found.length };
  }),

  DescribeFirmwareTaskStatistics: action({ ...FIRMWARE, TaskId: 'integer?' }, (p, context) => {
    const all = upgradesFor(p.TaskId, firmwareOf(p, context), context);
    const count = (...statuses: readonly Upgrade['status'][]): number => all.filter(({ status }) => statuses.includes(status)).length;
    return { SuccessTotal: count('succeeded'), FailureTotal: count('failed', 'stopped'), UpgradingTotal: count('waiting', 'processing', 'retrying') };
  }),

  DescribeFirmwareTaskDistribution: action({ ...FIRMWARE, TaskId: 'integer?' }, (p, context) => {
    const totals = new Map<number, number>();
    for (const upgrade of upgradesFor(p.TaskId, firmwareOf(p, context), context)) totals.set(statusOf(upgrade, context), (totals.get(statusOf(upgrade, context)) ?? 0) + 1);
    return { StatusInfos: [...totals].sort(([a], [b]) => a - b).map(([Status, Total]) => ({ Status, Total })) };
  }),

  RetryDeviceFirmwareTask: action({ ...TASK, DeviceName: 'text' }, (p, context) => {
    const [task, device] = partOf(p, context);
    context.upgrades.retry(task, [device]);
    return {};
  }),

  CancelDeviceFirmwareTask: action({ ...TASK, DeviceName: 'text' }, (p, context) => {
    const [task, device] = partOf(p, context);
    context.upgrades.stop(task, [device]);
    return {};
  }),

  UpdateOtaTaskStatus: action({ ProductId: 'text', TaskId: 'integer', Status: 'integer' }, (p, context) => {
    productOf(p.ProductId, context);
    const task = context.upgrades.book.tasks.get({ cloud: 'tencent', id: String(p.TaskId) });
    if (task?.productId !== p.ProductId) throw noTask(p.TaskId);
    context.upgrades.stop(task);
    return {};
  }),

  DescribeFirmwareUpdateStatus: action(DEVICE, (p, context) => {
    const { device } = targetOf({ ...p, DeviceId: undefined }, context);
    const upgrade = context.upgrades.book.latestOf('tencent', device);
    if (upgrade === undefined) throw refusal('ResourceNotFound.FirmwareTaskNotExist', `The device ${device} is in no upgrade task.`);
    return { OriVersion: upgrade.from ?? '', DstVersion: upgrade.to, Status: statusOf(upgrade, context), Percent: upgrade.percent ?? 0 };
  }),

  CheckFirmwareUpdate: action(DEVICE, (p, context) => {
    const { device, info } = targetOf({ ...p, DeviceId: undefined }, context);
    return { CurrentVersion: info?.firmware ?? '', DstVersion: context.upgrades.book.openOf('tencent', device).at(-1)?.to ?? '' };
  }),

  DescribeDeviceFirmwares: action(DEVICE, (p, context) => {
    const { info, lastOnlineAt } = targetOf({ ...p, DeviceId: undefined }, context);
    return { Firmwares: info?.firmware === undefined ? [] : [{ FwType: 'mcu', Version: info.firmware, UpdateTime: seconds(lastOnlineAt) }] };
  }),
};

const noTask = (id: number) => refusal('ResourceNotFound.FirmwareTaskNotExist', `There is no upgrade task ${id} of this firmware.`);

function taskOf(id: number, pack: UpgradePackage, { upgrades }: NorthContext): UpgradeTask {
  const task = upgrades.book.tasks.get({ cloud: 'tencent', id: String(id) });
  if (task?.packageId !== pack.id) throw noTask(id);
  return task;
}

/** The upgrades of one task, or of all of a firmware's. */
function upgradesFor(taskId: number | undefined, pack: UpgradePackage, context: NorthContext): readonly Upgrade[] {
  const { book } = context.upgrades;
  const tasks = taskId === undefined ? book.tasks.page({ cloud: 'tencent', packageId: pack.id }, { limit: Number.MAX_SAFE_INTEGER }).items : [taskOf(taskId, pack, context)];
  return tasks.flatMap((task) => book.upgradesOf(task, {}, { limit: Number.MAX_SAFE_INTEGER }).items);
}

function partOf(p: { readonly ProductID: string; readonly FirmwareVersion: string; readonly FwType: string | undefined; readonly TaskId: number; readonly DeviceName: string }, context: NorthContext): [UpgradeTask, Device['device']] {
  const task = taskOf(p.TaskId, firmwareOf(p, context), context);
  const { device } = targetOf({ ProductId: p.ProductID, DeviceName: p.DeviceName, DeviceId: undefined }, context);
  if (context.upgrades.book.upgrades.get({ cloud: 'tencent', task: task.id, device }) === undefined) throw refusal('ResourceNotFound.FirmwareTaskNotExist', `The device ${device} is not in the upgrade task ${task.id}.`);
  return [task, device];
}

/** Ends the upgrades that are open: of these devices, or of all of the product. */
function giveWay({ productId }: UpgradePackage, devices: readonly string[] | undefined, { upgrades }: NorthContext): void {
  for (const status of ['waiting', 'running'] as const) for (const task of upgrades.book.tasks.page({ cloud: 'tencent', productId, status }, { limit: Number.MAX_SAFE_INTEGER }).items) upgrades.stop(task, devices);
}

function methodOf(method: number | undefined): UpgradePolicy {
  if (method !== undefined && method !== 0 && method !== 1) throw refusal('InvalidParameterValue', 'UpgradeMethod is not allowed: 0 (static) or 1 (confirmed by the user) is expected.');
  return method === 1 ? { needsConfirmation: true } : {};
}

const sourceOf = (version: string | undefined): { readonly sourceVersions?: readonly string[] } => (version ? { sourceVersions: [version] } : {});

function within<T extends object>(name: string, value: number | undefined, [min, max]: readonly [number, number], use: (value: number) => T): T | object {
  if (value === undefined) return {};
  if (value < min || value > max) throw refusal('InvalidParameterValue', `${name} is not allowed: ${min} to ${max} is expected.`);
  return use(value);
}

const typeOf = ({ policy }: UpgradeTask): number => (policy.isDynamic === true ? DYNAMIC : STATIC);
const taskInfo = (task: UpgradeTask) => ({ TaskId: Number(task.id), Status: TASK_STATUS[task.status], Type: typeOf(task), CreateTime: seconds(task.createdAt) });

function statusOf({ stage, device }: Upgrade, { downlink }: NorthContext): number {
  return stage === 'waiting' && !downlink.isOnline('tencent', device) ? OFFLINE : DEVICE_STATUS[stage];
}

/** A device that was deleted meanwhile has its name still: what follows its product in its id. */
const nameOf = ({ device }: Upgrade): string => device.slice(device.indexOf('/') + 1);

function deviceItem(upgrade: Upgrade, pack: UpgradePackage, context: NorthContext): object {
  return {
    DeviceId: upgrade.device,
    DeviceName: nameOf(upgrade),
    LastProcessTime: seconds(upgrade.changedAt),
    Status: statusOf(upgrade, context),
    ErrMsg: upgrade.status === 'failed' || upgrade.status === 'stopped' ? (upgrade.text ?? '') : '',
    Retcode: upgrade.code ?? 0,
    DstVersion: upgrade.to,
    Percent: upgrade.percent ?? 0,
    OriVersion: upgrade.from ?? '',
    TaskId: Number(upgrade.task),
    FwType: pack.module ?? '',
    RetryNum: upgrade.retries,
  };
}
