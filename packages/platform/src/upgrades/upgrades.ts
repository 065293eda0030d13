import { LianyunError, type DeviceRef, type JsonObject, type JsonValue, type Message, type Peer } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import type { Downlink } from '../downlink.ts';
import type { Registry } from '../registry.ts';
import { DueTimer } from '../storage/due-timer.ts';
import type { Storage } from '../storage/storage.ts';
import { UpgradeBook } from './upgrade-book.ts';
import { UpgradePackages } from './upgrade-packages.ts';
import { isOver, NO_COUNTS, type Upgrade, type UpgradePolicy, type UpgradeTask } from './upgrade-records.ts';
import { UpgradeSender, type SenderOptions } from './upgrade-sender.ts';
import { UpgradeSteps } from './upgrade-steps.ts';

export interface UpgradesOptions extends SenderOptions {
  readonly peers: Readonly<Record<Cloud, Pick<Peer, 'send' | 'handle'>>>;
  readonly storage: Storage;
  readonly registry: Registry;
  readonly downlink: Pick<Downlink, 'route'>;
  onUpgrade(upgrade: Upgrade): void;
  problem(problem: LianyunError): void;
}

/** What a task is made of. */
export interface TaskDraft {
  readonly cloud: Cloud;
  readonly packageId: string;
  /** Left out: all devices of the package's product, those of `sourceVersions` if they are given. */
  readonly devices?: readonly DeviceRef[];
  readonly name?: string;
  readonly policy?: UpgradePolicy;
  /** Only devices that run one of these; left out: as the package says. */
  readonly sourceVersions?: readonly string[];
  /** Travels to the device (Huawei `task_ext_info`). */
  readonly info?: JsonValue;
  /** What the devices were found by, as it was given (Huawei `targets_filter`). */
  readonly filter?: JsonObject;
}

/** Devices that are begun with before others have their turn. */
const A_TURN = 500;
const PAGE = 1000;

/**
 * Upgrades of devices, whatever the cloud: a package, a task for devices, and how far each of them is. A Huawei device is asked for its version and
 * offered the package when it has told it; a Tencent device is offered it when it is there, and again whenever it tells another version (Huawei 7,
 * Tencent 5.2). One upgrade of a kind at a time for a device; the next waits.
 */
export class Upgrades {
  readonly packages: UpgradePackages;
  /** What is recorded of tasks and upgrades. */
  readonly book: UpgradeBook;
  readonly #options: UpgradesOptions;
  readonly #steps: UpgradeSteps;
  readonly #timer: DueTimer<Upgrade>;

  constructor(options: UpgradesOptions) {
    const { storage, clock, objects, registry, downlink, onUpgrade, problem } = options;
    this.#options = options;
    this.book = new UpgradeBook({
      storage,
      clock,
      onChange: (upgrade) => {
        if (upgrade.dueAt !== undefined) this.#timer.wakeAt(upgrade.dueAt);
        onUpgrade(upgrade);
      },
    });
    this.packages = new UpgradePackages({ book: this.book, objects, registry, clock });
    this.#steps = new UpgradeSteps({ book: this.book, sender: new UpgradeSender(options), registry, downlink, clock, problem });
    this.#timer = new DueTimer({ records: this.book.upgrades, clock, onDue: (upgrade) => this.#steps.due(upgrade), problem });
    this.#takeHuawei();
    this.#takeTencent();
  }

  close(): void {
    this.#timer.close();
    this.book.forgetStorage();
  }

  /** Makes a task and begins with it. Fails with `not-found` when there is no such package. A device that cannot be upgraded is a failed part of it. */
  create({ cloud, packageId, devices, name, policy = {}, sourceVersions, info, filter }: TaskDraft): UpgradeTask {
    const { productId, kind, version } = this.book.package(cloud, packageId);
    const serial = this.book.nextSerial();
    const task: UpgradeTask = {
      cloud, packageId, productId, kind, version, policy, serial,
      // As each cloud numbers its tasks.
      id: cloud === 'huawei' ? serial.toString(16).padStart(24, '0') : String(serial),
      status: 'running',
      counts: NO_COUNTS,
      createdAt: this.#options.clock.now(),
      ...(name === undefined ? {} : { name }),
      ...(sourceVersions === undefined ? {} : { sourceVersions }),
      ...(info === undefined ? {} : { info }),
      ...(filter === undefined ? {} : { filter }),
    };
    const targets = [...new Set(devices ?? this.#devicesFor(task))];
    const upgrades = this.book.open(task, targets.map((device) => [device, this.#steps.firstOf(task, device)]));
    this.#advanceAll(upgrades);
    return this.book.task(cloud, task.id);
  }

  /** Ends what is not at its end: of these devices, or of all. */
  stop(task: UpgradeTask, devices?: readonly DeviceRef[]): void {
    if (devices === undefined && task.policy.isDynamic === true) this.book.settle({ ...task, policy: { ...task.policy, isDynamic: false } });
    const stopped = this.#those(task, devices, ({ isOpen }) => isOpen).map((upgrade) => this.book.change(upgrade, { stage: 'stopped' }));
    this.#advanceAll(stopped);
  }

  /** Begins anew with what failed, waits for another try, or was stopped. */
  retry(task: UpgradeTask, devices?: readonly DeviceRef[]): void {
    for (const upgrade of this.#those(task, devices, ({ status }) => status === 'failed' || status === 'retrying' || status === 'stopped')) this.#steps.again(upgrade, 0);
  }

  /** Lets begin what waits for a confirmation; tells how many. */
  confirm(task: UpgradeTask, devices?: readonly DeviceRef[]): number {
    const waiting = this.#those(task, devices, ({ stage }) => stage === 'confirming');
    for (const upgrade of waiting) this.#steps.again(upgrade);
    return waiting.length;
  }

  /** Forgets a task. Fails with `conflict` while it is under way. */
  remove(task: UpgradeTask): void {
    if (!isOver(task.status)) throw new LianyunError('conflict', `The upgrade task ${task.id} is not at its end; stop it first.`);
    for (const upgrade of this.#those(task, undefined, () => true)) this.book.upgrades.remove(upgrade);
    this.book.tasks.remove(task);
  }

  /** A device is no more. */
  forget(cloud: Cloud, device: DeviceRef): void {
    for (const upgrade of this.book.openOf(cloud, device)) this.book.change(upgrade, { stage: 'failed', text: 'The device was deleted.' });
  }

  /** A device can be reached now, and on Huawei those that connect through it. */
  cameOnline(cloud: Cloud, via: DeviceRef): void {
    if (this.book.isIdle(cloud)) return;
    this.#steps.reached(cloud, via);
    if (cloud === 'huawei') for (const { device } of this.#options.registry.childrenOf(cloud, via)) this.#steps.reached(cloud, device);
  }

  #takeHuawei(): void {
    const peer = this.#options.peers.huawei;
    peer.handle('ota.version', (message) => {
      this.#keepVersions('huawei', message);
      this.#steps.versionTold('huawei', message);
    });
    peer.handle('ota.progress', (message) => this.#steps.progressTold('huawei', message));
  }

  #takeTencent(): void {
    const { peers: { tencent: peer }, storage, problem } = this.#options;
    peer.handle('ota.version', (message) => {
      const { device, via, body: { firmware: version = '' } } = message;
      const answer = (code: number, text: string): void => void peer.send('ota.version.ack', { device, via, body: { code, text, version } }).delivered.catch(() => undefined);
      // What a version may look like (5.1).
      if (version === '' || version.length > 32) return answer(-1, 'version must have 1 to 32 characters');
      this.#keepVersions('tencent', message);
      const goOn = (): void => {
        answer(0, 'success');
        this.#join(device);
        this.#steps.versionTold('tencent', message);
      };
      const stored = storage.stored();
      if (stored === undefined) return goOn();
      // When it cannot be stored there is no answer, and the device tells again; the storage says why.
      return void stored.then(goOn, () => undefined).catch((cause: unknown) => problem(new LianyunError('handler-failed', `The version that ${device} told could not be followed: ${String(cause)}`, { device, cause })));
    });
    peer.handle('ota.progress', (message) => this.#steps.progressTold('tencent', message));
  }

  /** What a device leaves out, or leaves empty, stays as it was. */
  #keepVersions(cloud: Cloud, { device, body }: Message<'ota.version'>): void {
    const { registry } = this.#options;
    const told = Object.fromEntries(Object.entries(body).filter(([, version]) => version !== ''));
    registry.updateDevice(cloud, device, { info: { ...registry.device(cloud, device).info, ...told } });
  }

  /** A Tencent device takes part in the dynamic tasks of its product from its first word on. */
  #join(device: DeviceRef): void {
    const { productId, info } = this.#options.registry.device('tencent', device);
    for (const task of this.book.tasks.page({ cloud: 'tencent', productId, status: 'running' }, { limit: PAGE }).items) {
      if (task.policy.isDynamic !== true || this.book.upgrades.get({ cloud: 'tencent', task: task.id, device }) !== undefined) continue;
      const version = info?.firmware ?? '';
      if (version === task.version || (task.sourceVersions !== undefined && !task.sourceVersions.includes(version))) continue;
      this.book.add(task, device, this.#steps.firstOf(task, device));
    }
  }

  *#devicesFor({ cloud, productId, kind, sourceVersions }: UpgradeTask): Generator<DeviceRef> {
    const { registry } = this.#options;
    let before = Number.MAX_SAFE_INTEGER;
    for (let { items } = registry.listDevices({ cloud, productId, limit: PAGE }); items.length > 0; { items } = registry.listDevices({ cloud, productId, limit: PAGE, before })) {
      for (const { device, info, serial } of items) {
        if (sourceVersions === undefined || sourceVersions.includes(info?.[kind] ?? '')) yield device;
        before = serial;
      }
    }
  }

  /** The upgrades of a task that are meant: of these devices, or of all. */
  #those(task: UpgradeTask, devices: readonly DeviceRef[] | undefined, fits: (upgrade: Upgrade) => boolean): readonly Upgrade[] {
    const { cloud, id } = task;
    const all = devices === undefined
      ? this.book.upgradesOf(task, {}, { limit: Number.MAX_SAFE_INTEGER }).items
      : devices.flatMap((device) => this.book.upgrades.get({ cloud, task: id, device }) ?? []);
    return all.filter(fits);
  }

  /** Begins with what waits of the devices, some at a time: a fleet must not keep others from being served. */
  #advanceAll(upgrades: readonly Upgrade[]): void {
    for (const { cloud, device } of upgrades.slice(0, A_TURN)) this.#steps.advance(cloud, device);
    if (upgrades.length > A_TURN) setImmediate(() => this.#advanceAll(upgrades.slice(A_TURN)));
  }
}
