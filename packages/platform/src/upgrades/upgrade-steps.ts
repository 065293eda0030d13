import { isLianyunError, LianyunError, type Clock, type DeviceRef, type Message } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import type { Downlink } from '../downlink.ts';
import type { Registry } from '../registry.ts';
import { currentOf, isUnderWay, type UpgradeBook, type UpgradeChange } from './upgrade-book.ts';
import type { Upgrade, UpgradeStage, UpgradeTask } from './upgrade-records.ts';
import { isUnreachable, type Target, type UpgradeSender } from './upgrade-sender.ts';

interface UpgradeStepsOptions {
  readonly book: UpgradeBook;
  readonly sender: UpgradeSender;
  readonly registry: Registry;
  readonly downlink: Pick<Downlink, 'route'>;
  readonly clock: Clock;
  problem(problem: LianyunError): void;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How long a stage may last (Huawei 7.1; Tencent 5.2: silence of up to 900 s). A stage that is not here lasts for as long as it takes. */
const LASTS: Readonly<Record<Cloud, Partial<Record<UpgradeStage, number>>>> = {
  huawei: { waiting: 25 * HOUR_MS, asked: 3 * MINUTE_MS, offered: 24 * HOUR_MS, downloading: 24 * HOUR_MS, downloaded: 24 * HOUR_MS },
  tencent: { offered: 15 * MINUTE_MS, downloading: 15 * MINUTE_MS, downloaded: 15 * MINUTE_MS, burning: 15 * MINUTE_MS },
};

const TOO_LATE: Partial<Record<UpgradeStage, string>> = {
  waiting: 'The device did not come online in time.',
  asked: 'The device did not tell its version in time.',
};

/** How the upgrade of one device goes on: what the platform does, what the device says, what time does. */
export class UpgradeSteps {
  readonly #options: UpgradeStepsOptions;
  readonly #book: UpgradeBook;

  constructor(options: UpgradeStepsOptions) {
    this.#options = options;
    this.#book = options.book;
  }

  /** Where an upgrade begins. A device that cannot be upgraded has failed at once. */
  firstOf(task: UpgradeTask, device: DeviceRef): UpgradeChange {
    const { cloud, kind, policy: { startAt, needsConfirmation } } = task;
    const version = this.#options.registry.findDevice(cloud, device)?.info?.[kind];
    const from = version === undefined ? {} : { from: version };
    const failed = this.#failureOf(task, device);
    if (failed !== undefined) return { ...from, ...failed };
    if (startAt !== undefined && startAt > this.#options.clock.now()) return { stage: 'scheduled', ...from, dueAt: startAt };
    return { ...from, ...(needsConfirmation === true ? { stage: 'confirming' } : this.#lasting(cloud, 'waiting')) };
  }

  /** Begins with what waits of a device, if it can be reached. */
  advance(cloud: Cloud, device: DeviceRef): void {
    for (const upgrade of currentOf(this.#book.openOf(cloud, device))) if (upgrade.stage === 'waiting') this.#begin(upgrade);
  }

  /** The same for a device that connected: it may have lost what was sent before, or what it did, so a Huawei device is asked again until it has the package. */
  reached(cloud: Cloud, device: DeviceRef): void {
    for (const upgrade of currentOf(this.#book.openOf(cloud, device))) {
      const { stage } = upgrade;
      if (stage === 'waiting' || (cloud === 'huawei' && (stage === 'asked' || stage === 'offered' || stage === 'downloading'))) this.#begin(upgrade);
    }
  }

  /** Begins anew, with nothing of what became of it before; what could not be upgraded at all has failed again. */
  again({ code: _code, text: _text, percent: _percent, ...upgrade }: Upgrade, retries = upgrade.retries): void {
    const task = this.#taskOf(upgrade);
    const failed = task === undefined ? undefined : this.#failureOf(task, upgrade.device);
    this.#book.change(upgrade, { ...(failed ?? this.#lasting(upgrade.cloud, 'waiting')), retries });
    this.advance(upgrade.cloud, upgrade.device);
  }

  /** A device told which versions run. */
  versionTold(cloud: Cloud, { device, via, body }: Pick<Message<'ota.version'>, 'device' | 'via' | 'body'>): void {
    // Whoever runs the version is at the goal, also when nobody has asked yet.
    for (const upgrade of this.#book.openOf(cloud, device)) if (body[upgrade.kind] === upgrade.to) this.#book.change(upgrade, { stage: 'succeeded', percent: 100 });
    for (const upgrade of currentOf(this.#book.openOf(cloud, device))) {
      // A Tencent device is offered it again after every word of another version (Tencent 5.2).
      if (cloud === 'tencent' || upgrade.stage === 'asked') this.#offer(upgrade, { device, via }, body[upgrade.kind]);
    }
    this.advance(cloud, device);
  }

  /** A device told how far it is. */
  progressTold(cloud: Cloud, { device, body }: Pick<Message<'ota.progress'>, 'device' | 'body'>): void {
    const upgrade = this.#meant(cloud, device, body.version);
    if (upgrade === undefined) return;
    const { code, state, percent = upgrade.percent, text } = body;
    const told = { code, ...(percent === undefined ? {} : { percent }), ...(text === undefined || text === '' ? {} : { text }) };
    if (code !== 0 || state === 'fail') return this.#fail(upgrade, { stage: 'failed', ...told });
    // On Huawei the version that runs is what counts, whatever the progress says (7.1).
    if (cloud === 'huawei' ? body.version === upgrade.to : state === 'done') {
      if (cloud === 'huawei') this.#keepVersion(upgrade);
      this.#book.change(upgrade, { stage: 'succeeded', ...told, percent: 100 });
      return this.advance(cloud, device);
    }
    const stage = state === 'burning' ? 'burning' : percent === 100 ? 'downloaded' : 'downloading';
    // Huawei gives a day for the download and one for the rest; on Tencent every word counts.
    const keepsTime = cloud === 'huawei' && upgrade.dueAt !== undefined && (stage === upgrade.stage || (upgrade.stage === 'offered' && stage === 'downloading'));
    this.#book.change(upgrade, { ...this.#lasting(cloud, stage, this.#taskOf(upgrade)), ...told, ...(keepsTime ? { dueAt: upgrade.dueAt } : {}) });
  }

  /** The time of a stage is over. */
  due(upgrade: Upgrade): void {
    const { stage, cloud } = upgrade;
    if (stage === 'retrying') return this.again(upgrade);
    if (stage !== 'scheduled') return this.#fail(upgrade, { stage: 'expired', text: TOO_LATE[stage] ?? 'The device was silent for too long.' });
    if (this.#taskOf(upgrade)?.policy.needsConfirmation !== true) return this.again(upgrade);
    this.#book.change(upgrade, { stage: 'confirming' });
    this.advance(cloud, upgrade.device);
  }

  /** Why a device cannot be upgraded by a task. */
  #failureOf({ cloud, productId }: UpgradeTask, device: DeviceRef): UpgradeChange | undefined {
    const found = this.#options.registry.findDevice(cloud, device);
    if (found === undefined) return { stage: 'failed', text: `There is no device ${device}.` };
    return found.productId === productId ? undefined : { stage: 'failed', text: `The device is of the product ${found.productId}, the package is for ${productId}.` };
  }

  #begin(upgrade: Upgrade): void {
    const { cloud, device } = upgrade;
    const { downlink, sender, registry } = this.#options;
    const via = downlink.route(cloud, device);
    const task = this.#taskOf(upgrade);
    if (via === undefined || task === undefined) return;
    if (cloud === 'tencent') {
      const version = registry.findDevice(cloud, device)?.info?.firmware;
      if (version === upgrade.to) return void this.#book.change(upgrade, { stage: 'succeeded', percent: 100 });
      return this.#offer(upgrade, { device, via }, version);
    }
    const asked = this.#book.change(upgrade, this.#lasting(cloud, 'asked'));
    sender.ask({ device, via }, task).catch((error: unknown) => this.#notSent(asked, error));
  }

  #offer(upgrade: Upgrade, target: Target, version: string | undefined): void {
    const { cloud } = upgrade;
    const task = this.#taskOf(upgrade);
    const pack = task === undefined ? undefined : this.#book.packages.get({ cloud, id: task.packageId });
    if (task === undefined || pack === undefined) return this.#fail(upgrade, { stage: 'failed', text: 'The package is no more.' });
    const sources = task.sourceVersions ?? pack.sourceVersions;
    if (sources !== undefined && (version === undefined || !sources.includes(version))) {
      // A Tencent device that has not told its version yet will.
      if (version === undefined && cloud === 'tencent') return;
      return this.#fail(upgrade, { stage: 'failed', text: `The device runs ${version ?? 'an unknown version'}, from which this package does not lead on: ${sources.join(', ')}.` });
    }
    const offered = this.#book.change(upgrade, { ...this.#lasting(cloud, 'offered', task), ...(version === undefined ? {} : { from: version }) });
    this.#options.sender.offer(target, pack, task).catch((error: unknown) => this.#notSent(offered, error));
  }

  /** What was to be sent did not leave: it waits for another occasion, if there can be one. */
  #notSent(sent: Upgrade, error: unknown): void {
    try {
      const upgrade = this.#book.upgrades.get(sent);
      // Something has happened since.
      if (upgrade?.stage !== sent.stage || upgrade.changedAt !== sent.changedAt) return;
      if (isUnreachable(error)) this.#book.change(upgrade, this.#lasting(sent.cloud, 'waiting'));
      else this.#fail(upgrade, { stage: 'failed', text: error instanceof Error ? error.message : String(error) });
    } catch (cause) {
      this.#options.problem(isLianyunError(cause) ? cause : new LianyunError('handler-failed', `The upgrade of ${sent.device} could not go on: ${String(cause)}`, { device: sent.device, cause }));
    }
  }

  #fail(upgrade: Upgrade, change: UpgradeChange): void {
    const { retries = 0, retryAfterMs = 0 } = this.#taskOf(upgrade)?.policy ?? {};
    const isOver = upgrade.retries >= retries;
    this.#book.change(upgrade, isOver ? change : { ...change, stage: 'retrying', retries: upgrade.retries + 1, dueAt: this.#options.clock.now() + retryAfterMs });
    this.advance(upgrade.cloud, upgrade.device);
  }

  /** The upgrade that a device speaks of: Huawei's name the version that runs, Tencent's the one that it is to be. */
  #meant(cloud: Cloud, device: DeviceRef, version: string): Upgrade | undefined {
    const open = this.#book.openOf(cloud, device).filter((upgrade) => isUnderWay(upgrade) || upgrade.stage === 'waiting');
    const upgrade = open.find(({ to }) => to === version) ?? (cloud === 'huawei' || version === '' ? open.find(isUnderWay) : undefined);
    // A late word about what is over is nothing to wonder at.
    if (upgrade !== undefined || this.#book.latestOf(cloud, device) !== undefined) return upgrade;
    throw new LianyunError('unexpected-reply', `${device} told of an upgrade that nobody asked it for, with the version ${JSON.stringify(version.slice(0, 64))}.`, { device });
  }

  #keepVersion({ cloud, device, kind, to }: Upgrade): void {
    const { registry } = this.#options;
    registry.updateDevice(cloud, device, { info: { ...registry.device(cloud, device).info, [kind]: to } });
  }

  #taskOf({ cloud, task: id }: Upgrade): UpgradeTask | undefined {
    return this.#book.tasks.get({ cloud, id });
  }

  #lasting(cloud: Cloud, stage: UpgradeStage, task?: UpgradeTask): UpgradeChange {
    const lasts = task?.policy.silenceMs ?? LASTS[cloud][stage];
    return { stage, ...(lasts === undefined ? {} : { dueAt: this.#options.clock.now() + lasts }) };
  }
}
