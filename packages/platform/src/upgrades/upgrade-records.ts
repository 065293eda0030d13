import type { DeviceRef, JsonObject, JsonValue } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import type { ObjectPlace } from '../objects/signer.ts';
import type { Shape } from '../storage/records.ts';

/** What is upgraded. Tencent has firmware only. */
export type UpgradeKind = 'firmware' | 'software';

/** A version of a product's firmware or software, and where its bytes are. */
export interface UpgradePackage {
  readonly cloud: Cloud;
  readonly id: string;
  readonly productId: string;
  readonly kind: UpgradeKind;
  readonly version: string;
  /** Where the bytes are in the object store; they may come later. */
  readonly place: ObjectPlace;
  /** What the bytes must be, as it was said or found out when the package was made. Digests in hex digits. */
  readonly bytes?: number;
  readonly sha256?: string;
  readonly md5?: string;
  /** How Huawei devices are let in: with a token, as for packages that the platform keeps (v1), or by a signed URL, as for those in object storage (v2). */
  readonly delivery: 'token' | 'signed';
  readonly name?: string;
  readonly description?: string;
  /** Text that goes to the device with the offer (Huawei `custom_info`), or stays with the package (Tencent `FirmwareUserDefined`). */
  readonly info?: string;
  /** Only devices that run one of these are upgraded; left out: all. */
  readonly sourceVersions?: readonly string[];
  /** The part of the device that it is for (Huawei `module_name`, Tencent `FwType`). */
  readonly module?: string;
  /** Where its object storage is, as an application said (Huawei `region_name`). */
  readonly region?: string;
  /** Ms since 1970, as every instant here. */
  readonly createdAt: number;
  readonly serial: number;
}

/** How far the upgrade of one device is. */
export type UpgradeStage =
  /** Before the time that was set for the task. */
  | 'scheduled'
  /** An application has to confirm it. */
  | 'confirming'
  /** The device is not there, has not subscribed, or is busy with another upgrade. */
  | 'waiting'
  /** It was asked which version runs (Huawei). */
  | 'asked'
  | 'offered'
  | 'downloading'
  | 'downloaded'
  | 'burning'
  /** It failed and is tried again at its time. */
  | 'retrying'
  | 'succeeded'
  | 'failed'
  /** The device was not there, or silent, for too long. */
  | 'expired'
  | 'stopped';

/** The stages as lists show them. */
export type UpgradeStatus = 'waiting' | 'processing' | 'retrying' | 'succeeded' | 'failed' | 'stopped';

/** The status that goes with each stage. */
export const STATUS: Readonly<Record<UpgradeStage, UpgradeStatus>> = {
  scheduled: 'waiting',
  confirming: 'waiting',
  waiting: 'waiting',
  asked: 'processing',
  offered: 'processing',
  downloading: 'processing',
  downloaded: 'processing',
  burning: 'processing',
  retrying: 'retrying',
  succeeded: 'succeeded',
  failed: 'failed',
  expired: 'failed',
  stopped: 'stopped',
};

/** The upgrade of one device, as a part of a task. */
export interface Upgrade {
  readonly cloud: Cloud;
  readonly task: string;
  readonly device: DeviceRef;
  readonly kind: UpgradeKind;
  readonly stage: UpgradeStage;
  /** Goes with the stage. */
  readonly status: UpgradeStatus;
  /** Whether it can still change by itself. */
  readonly isOpen: boolean;
  /** When something happens although the device does nothing. */
  readonly dueAt?: number;
  /** The version that the device ran when the upgrade began, as far as it was known; and the one that it is to run. */
  readonly from?: string;
  readonly to: string;
  readonly percent?: number;
  /** Why it failed: the code as the device gave it, or none; and in words. */
  readonly code?: number;
  readonly text?: string;
  /** How often it was tried again. */
  readonly retries: number;
  readonly changedAt: number;
  readonly serial: number;
}

/** How a task goes about it. */
export interface UpgradePolicy {
  /** Nothing happens before. */
  readonly startAt?: number;
  /** How often a failed upgrade is tried again, and after how long. */
  readonly retries?: number;
  readonly retryAfterMs?: number;
  /** How long a device that was offered the package may be silent; what the cloud does unless said otherwise. */
  readonly silenceMs?: number;
  /** An application confirms each upgrade before it begins. */
  readonly needsConfirmation?: boolean;
  /** Devices of the product that turn up later are upgraded as well. */
  readonly isDynamic?: boolean;
}

/** An order to upgrade devices. */
export interface UpgradeTask {
  readonly cloud: Cloud;
  readonly id: string;
  readonly packageId: string;
  readonly productId: string;
  readonly kind: UpgradeKind;
  readonly version: string;
  readonly name?: string;
  readonly policy: UpgradePolicy;
  /** Only devices that run one of these; left out: as the package says. */
  readonly sourceVersions?: readonly string[];
  /** Travels to the device (Huawei `task_ext_info`). */
  readonly info?: JsonValue;
  /** What its devices were found by, as it was given (Huawei `targets_filter`). */
  readonly filter?: JsonObject;
  readonly status: TaskStatus;
  /** How many upgrades have each status. */
  readonly counts: TaskCounts;
  readonly createdAt: number;
  readonly endedAt?: number;
  readonly serial: number;
}

/** `partial`: some succeeded and some failed; `stopped`: some were stopped before they could end. */
export type TaskStatus = 'waiting' | 'running' | 'succeeded' | 'failed' | 'partial' | 'stopped';

/** How many parts of a task have each status. */
export type TaskCounts = Readonly<Record<UpgradeStatus, number>>;

export const NO_COUNTS: TaskCounts = { waiting: 0, processing: 0, retrying: 0, succeeded: 0, failed: 0, stopped: 0 };

/** How a task stands that has so many parts of each status. `startAt`: nothing happens before; `isDynamic`: it may get more. */
export function statusOfTask({ counts, policy }: { readonly counts: TaskCounts; readonly policy: Pick<UpgradePolicy, 'startAt' | 'isDynamic'> }, now: number): TaskStatus {
  if (policy.startAt !== undefined && now < policy.startAt && counts.stopped === 0) return 'waiting';
  if (policy.isDynamic === true || counts.waiting + counts.processing + counts.retrying > 0) return 'running';
  if (counts.stopped > 0) return 'stopped';
  return counts.failed === 0 ? 'succeeded' : counts.succeeded === 0 ? 'failed' : 'partial';
}

export const isOver = (status: TaskStatus): boolean => status !== 'waiting' && status !== 'running';

export const PACKAGES: Shape<UpgradePackage> = {
  name: 'upgrade_packages',
  key: ['cloud', 'id'],
  columns: { id: 'text', version: 'text', productId: 'text', kind: 'text', cloud: 'text' },
};
export const TASKS: Shape<UpgradeTask> = {
  name: 'upgrade_tasks',
  key: ['cloud', 'id'],
  columns: { id: 'text', packageId: 'text', productId: 'text', status: 'text', kind: 'text', cloud: 'text' },
};
export const UPGRADES: Shape<Upgrade> = {
  name: 'upgrades',
  key: ['cloud', 'task', 'device'],
  columns: { device: 'text', task: 'text', status: 'text', isOpen: 'flag', dueAt: 'number', cloud: 'text' },
};
