import { LianyunError, type Clock, type DeviceRef } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import type { Page, PageRequest } from '../registry-store.ts';
import type { Records } from '../storage/records.ts';
import type { Storage } from '../storage/storage.ts';
import { isOver, PACKAGES, STATUS, statusOfTask, TASKS, UPGRADES, type Upgrade, type UpgradeKind, type UpgradePackage, type UpgradeStage, type UpgradeTask } from './upgrade-records.ts';

/** What changes about an upgrade; `dueAt` left out: nothing happens by itself. */
export type UpgradeChange = { readonly stage: UpgradeStage } & Partial<Pick<Upgrade, 'dueAt' | 'from' | 'percent' | 'code' | 'text' | 'retries'>>;

type Rest = Omit<Upgrade, 'stage' | 'status' | 'isOpen' | 'changedAt' | 'dueAt'>;

/** Upgrades of one device that are open at a time, generously. */
const MANY = 100;
const OPEN: ReadonlySet<UpgradeStage> = new Set(['scheduled', 'confirming', 'waiting', 'asked', 'offered', 'downloading', 'downloaded', 'burning', 'retrying']);

/** Packages, tasks and upgrades as they are recorded. Every change of an upgrade goes through here, so that its task's counts are right. */
export class UpgradeBook {
  readonly packages: Records<UpgradePackage>;
  readonly tasks: Records<UpgradeTask>;
  readonly upgrades: Records<Upgrade>;
  /** Ends what this listens to. */
  readonly forgetStorage: () => void;
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #onChange: (upgrade: Upgrade) => void;
  /** Clouds of which nothing is open: most of the time nobody has to look for anything. */
  readonly #idle = new Set<Cloud>();

  constructor({ storage, clock, onChange }: { readonly storage: Storage; readonly clock: Clock; onChange(upgrade: Upgrade): void }) {
    this.packages = storage.records(PACKAGES);
    this.tasks = storage.records(TASKS);
    this.upgrades = storage.records(UPGRADES);
    this.#storage = storage;
    this.#clock = clock;
    this.#onChange = onChange;
    // What was written of a turn that failed is not so.
    this.forgetStorage = storage.onFault(() => this.#idle.clear());
  }

  nextSerial(): number {
    return this.#storage.registryStore.nextSerial();
  }

  package(cloud: Cloud, id: string): UpgradePackage {
    const found = this.packages.get({ cloud, id });
    if (found === undefined) throw new LianyunError('not-found', `There is no upgrade package ${JSON.stringify(id)}.`);
    return found;
  }

  task(cloud: Cloud, id: string): UpgradeTask {
    const found = this.tasks.get({ cloud, id });
    if (found === undefined) throw new LianyunError('not-found', `There is no upgrade task ${JSON.stringify(id)}.`);
    return found;
  }

  /** The upgrades of a task, the latest first. */
  upgradesOf({ cloud, id }: UpgradeTask, where: Partial<Pick<Upgrade, 'status' | 'device'>>, page: PageRequest): Page<Upgrade> {
    return this.upgrades.page({ cloud, task: id, ...where }, page);
  }

  /** The upgrades of a device that are not at their end, oldest first. */
  openOf(cloud: Cloud, device: DeviceRef): readonly Upgrade[] {
    return this.isIdle(cloud) ? [] : this.upgrades.page({ cloud, device, isOpen: true }, { limit: MANY }).items.toReversed();
  }

  /** The latest upgrade of a device. */
  latestOf(cloud: Cloud, device: DeviceRef): Upgrade | undefined {
    return this.upgrades.page({ cloud, device }, { limit: 1 }).items[0];
  }

  /** Whether no upgrade of a cloud is open. */
  isIdle(cloud: Cloud): boolean {
    if (!this.#idle.has(cloud) && this.upgrades.page({ cloud, isOpen: true }, { limit: 0 }).total === 0) this.#idle.add(cloud);
    return this.#idle.has(cloud);
  }

  /** Adds a task with its upgrades. */
  open(task: UpgradeTask, changes: readonly (readonly [device: DeviceRef, change: UpgradeChange])[]): readonly Upgrade[] {
    const counts = { ...task.counts };
    const upgrades = changes.map(([device, change]) => this.#record(this.#fresh(task, device), change));
    for (const { status } of upgrades) counts[status]++;
    this.settle({ ...task, counts });
    for (const upgrade of upgrades) this.#onChange(upgrade);
    return upgrades;
  }

  /** Adds an upgrade to a task that is there. */
  add(task: UpgradeTask, device: DeviceRef, change: UpgradeChange): Upgrade {
    return this.#put(this.#fresh(task, device), undefined, change);
  }

  /** Writes what became of an upgrade. */
  change(upgrade: Upgrade, change: UpgradeChange): Upgrade {
    const { dueAt: _over, ...rest } = upgrade;
    return this.#put(rest, upgrade, change);
  }

  /** Writes a task with what follows from its counts. */
  settle(task: UpgradeTask): UpgradeTask {
    const status = statusOfTask(task, this.#clock.now());
    const { endedAt, ...rest } = task;
    const settled: UpgradeTask = { ...rest, status, ...(isOver(status) ? { endedAt: endedAt ?? this.#clock.now() } : {}) };
    this.tasks.put(settled);
    return settled;
  }

  #fresh({ cloud, id, kind, version }: UpgradeTask, device: DeviceRef): Rest {
    return { cloud, task: id, device, kind, to: version, retries: 0, serial: this.nextSerial() };
  }

  #record(rest: Rest, change: UpgradeChange): Upgrade {
    const { stage } = change;
    const upgrade: Upgrade = { ...rest, ...change, status: STATUS[stage], isOpen: OPEN.has(stage), changedAt: this.#clock.now() };
    this.upgrades.put(upgrade);
    if (upgrade.isOpen) this.#idle.delete(upgrade.cloud);
    return upgrade;
  }

  #put(rest: Rest, before: Upgrade | undefined, change: UpgradeChange): Upgrade {
    const upgrade = this.#record(rest, change);
    const { cloud, task: id, status } = upgrade;
    const task = this.tasks.get({ cloud, id });
    if (task !== undefined && (before?.status !== status || before.stage === 'scheduled')) {
      const counts = { ...task.counts };
      if (before !== undefined) counts[before.status]--;
      counts[status]++;
      this.settle({ ...task, counts });
    }
    this.#onChange(upgrade);
    return upgrade;
  }
}

/** Whether a device's own doing is what an upgrade waits for. */
export const isUnderWay = ({ stage }: Upgrade): boolean => STATUS[stage] === 'processing';

/** The upgrade of each kind that a device is busy with, or could begin now: one at a time. */
export function currentOf(open: readonly Upgrade[]): readonly Upgrade[] {
  const kinds: readonly UpgradeKind[] = ['firmware', 'software'];
  return kinds.flatMap((kind) => {
    const own = open.filter((upgrade) => upgrade.kind === kind);
    const current = own.find(isUnderWay) ?? own.find(({ stage }) => stage === 'waiting');
    return current === undefined ? [] : [current];
  });
}
