import { EventEmitter } from 'node:events';
import { isLianyunError, LianyunError, type OtaOffer, type Receipt, type Timer } from '@lianyun/protocol';
import { tellEach } from '../device-events.ts';
import { systemDisk } from '../disk/disk.ts';
import { installFailureOf, isPause, rolledBack } from './failures.ts';
import { InstallJournal, type Installations } from './install-journal.ts';
import { checkInstallOptions, type InstallationEvents, type InstallOptions } from './install-options.ts';
import { isAtWork, nextAction, type InstallRecord, type InstallState } from './install-record.ts';
import { callStep } from './install-step.ts';
import type { InstallationHost } from './installation-host.ts';
import { fetchImage, wholeImage } from './installation-image.ts';
import type { Upgrade, Versions } from './upgrade.ts';

type Kind = OtaOffer['kind'];

/** States in which the new version may run already, and may still be given up. */
const ON_TRIAL: ReadonlySet<InstallState> = new Set(['prepared', 'applied', 'rolling-back']);
const MINUTE = 60_000;
/** How long after a restart an unfinished download is left to be offered again, by a cloud that does not have to (Huawei). */
const ORPHAN_MS = MINUTE;
/** A rollback that throws is tried so often in one process. */
const MAX_FAILED_ROLLBACKS = 3;

/**
 * Installs the versions that the cloud offers so that a power cut at any moment leaves the old version or the new one, and never a lie: every step is in a
 * journal on the disk before it begins; a version that does not say in time that it works is rolled back; the cloud hears of a success only from the new
 * version; a version that failed is refused until another one is offered.
 */
export class Installation extends EventEmitter<InstallationEvents> {
  readonly #options: InstallOptions;
  readonly #host: InstallationHost;
  readonly #journal: InstallJournal;
  #known: Installations;
  /** The upgrade that is being installed, if it was offered to this process. */
  #upgrade: Upgrade | undefined;
  #isTrial = false;
  #trialTimer: Timer | undefined;
  #orphanTimer: Timer | undefined;
  #turn: Promise<void> = Promise.resolve();
  #finishing: Promise<void> | undefined;
  #failedRollbacks = 0;
  #isWorking = false;
  #isStale = false;

  /** @internal */
  constructor(host: InstallationHost, options: InstallOptions) {
    super();
    this.#host = host;
    this.#options = options;
    checkInstallOptions(options);
    this.#journal = new InstallJournal(options.directory);
    this.#known = this.#journal.read();
  }

  /** What is being installed, and how far it is; undefined when nothing is. */
  get current(): { readonly state: InstallState; readonly kind: Kind; readonly version: string; readonly from: string } | undefined {
    const record = this.#known.current;
    return record && { state: record.state, kind: record.kind, version: record.version, from: record.from };
  }

  /** The versions that are refused because they failed. */
  get refused(): readonly { readonly kind: Kind; readonly version: string; readonly why: string }[] {
    return this.#known.refused;
  }

  /** Forgets which versions failed: they are taken again when they are offered. Rejects with `disk-full`, `disk-failed`. */
  async reset(): Promise<void> {
    await this.#save({ ...this.#known, refused: [] });
  }

  /** Of versions that run, those that do so on trial, as what ran before them: they are not to be told yet. @internal */
  heldBack(versions: Versions): Versions {
    const record = this.#known.current;
    return record !== undefined && ON_TRIAL.has(record.state) && versions[record.kind] === record.version ? { [record.kind]: record.from } : {};
  }

  /** The program has said which versions run. @internal */
  reported(): void {
    const { context } = this.#host;
    this.#advance();
    const record = this.#known.current;
    if (record?.state !== 'downloading' || this.#upgrade !== undefined) return;
    if (!context.dialect.ota.offersAgain) this.#orphanTimer ??= context.clock.after(ORPHAN_MS, () => this.#abandonOrphan());
    this.#turn = this.#turn.then(() => this.#goOn(record)).catch((error: unknown) => this.#stopped(error));
  }

  /** A download lost its process: goes on with the file if all of it is here; the rest waits for the next offer. */
  async #goOn(record: InstallRecord): Promise<void> {
    const file = await wholeImage(this.#host.context, record, this.#options);
    if (file === undefined || this.#known.current !== record) return;
    this.#orphanTimer?.cancel();
    await this.#set({ ...record, state: 'downloaded', file });
    this.#advance();
  }

  /** The cloud offers a version. @internal */
  offered(upgrade: Upgrade): Promise<void> {
    // One after the other: what became of the last one counts for the next.
    const turn = this.#turn.then(() => (upgrade.isOver ? undefined : this.#take(upgrade)));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #take(upgrade: Upgrade): Promise<void> {
    const { kind, version, bytes, digest, info, taskId } = upgrade;
    // The last one tidies up; whether the cloud has heard of its end does not matter here.
    await this.#finishing?.catch(() => undefined);
    const { current, refused } = this.#known;
    if (current !== undefined && isAtWork(current, this.#upgrade?.isOver === false)) {
      // It goes on by itself, and ends this offer with it.
      if (current.kind === kind && current.version === version) return void (this.#upgrade = upgrade);
      if (current.kind !== kind || current.state !== 'downloading') return void upgrade.fail('busy', `${current.kind} ${current.version} is being installed`);
    }
    const from = this.#host.running(kind);
    if (from === undefined) return void upgrade.fail('unsupported', `the program has not said which ${kind} runs`);
    const before = refused.find((each) => each.kind === kind && each.version === version);
    if (before !== undefined) return void upgrade.fail('install', `${version} failed before: ${before.why}`);
    if (from === version) return void this.#host.succeeded(kind, version);
    const word = await this.#options.accept?.(upgrade);
    if (upgrade.isOver) return;
    if (word !== undefined) return void upgrade.fail(word);
    this.#orphanTimer?.cancel();
    this.#upgrade = upgrade;
    this.#isTrial = false;
    const record: InstallRecord = { kind, version, from, state: 'downloading', tries: 0, ...(bytes === undefined ? {} : { bytes }), ...(digest === undefined ? {} : { digest }), ...(info === undefined ? {} : { info }), ...(taskId === undefined ? {} : { taskId }) };
    // Another version than the one that failed is taken: from now on that one may come again.
    await this.#save({ current: record, refused: refused.filter((each) => each.kind !== kind) });
    await this.#download(upgrade, record);
  }

  async #download(upgrade: Upgrade, record: InstallRecord): Promise<void> {
    let file: string;
    try {
      file = await fetchImage(upgrade, this.#options, (progress) => this.emit('progress', progress));
    } catch (error) {
      if (isPause(error) || this.#known.current !== record) throw error;
      const isRefused = isLianyunError(error, 'wrong-signature');
      await this.#save({ current: undefined, refused: isRefused ? [...this.#known.refused, { kind: record.kind, version: record.version, why: error.message }] : this.#known.refused });
      throw error;
    }
    if (this.#known.current !== record) return;
    await this.#set({ ...record, state: 'downloaded', file });
    this.#advance();
  }

  /** Does what is to be done next, and then what is next, until there is something to wait for. */
  #advance(): void {
    this.#isStale = true;
    if (this.#isWorking) return;
    this.#isWorking = true;
    this.#work().catch((error: unknown) => this.#stopped(error));
  }

  #stopped(error: unknown): void {
    if (!isPause(error)) this.#host.context.problem(isLianyunError(error) ? error : new LianyunError('handler-failed', `The installation stopped: ${String(error)}`, { cause: error }));
  }

  async #work(): Promise<void> {
    try {
      while (this.#isStale) {
        this.#isStale = false;
        await this.#run();
      }
    } finally {
      this.#isWorking = false;
    }
  }

  async #run(): Promise<void> {
    for (;;) {
      const record = this.#known.current;
      if (record === undefined) return;
      const { confirm, prepare, apply, confirmWithinMs = 5 * MINUTE } = this.#options;
      switch (nextAction(record, this.#host.running(record.kind), this.#isTrial)) {
        case 'wait':
          return;
        case 'await-version':
          this.#trialTimer ??= this.#host.context.clock.after(confirmWithinMs, () => this.#endTrial(confirmWithinMs), true);
          return;
        case 'prepare':
          await this.#step(record, 'prepared', prepare);
          break;
        case 'apply':
          if (record.tries === 0) this.#host.tell(record, { at: 'installing' });
          this.#isTrial = true;
          await this.#step(record, 'applied', apply);
          break;
        case 'confirm':
          this.#stopTrial();
          // A trial that began with the end of the process begins here.
          if (record.state === 'prepared') await this.#set({ ...record, state: 'applied', tries: 0 });
          else await this.#step(record, 'confirmed', confirm, confirmWithinMs);
          break;
        case 'give-up':
          await this.#giveUp(record, new LianyunError('handler-failed', record.state === 'applied' ? `${record.version} did not come up, or ended before it was confirmed.` : `The process ended ${record.tries} times while ${record.version} was being installed.`));
          break;
        case 'roll-back':
          await this.#rollBack(record);
          break;
        case 'end-rollback':
          this.#host.failed(rolledBack(record));
          await this.#set({ ...record, state: 'rolled-back', tries: 0 }, true);
          break;
        case 'tell-success':
          return (this.#finishing = this.#finish(record, this.#host.succeeded(record.kind, record.version)));
        case 'tell-failure': {
          const { reason = 'install', text = 'the version was rolled back' } = record.failure ?? {};
          return (this.#finishing = this.#finish(record, [this.#host.tell(record, { at: 'failed', failure: reason, text })]));
        }
      }
    }
  }

  /** Writes down that a step begins, takes it, and writes down that it is done. What goes wrong gives the version up. */
  async #step(record: InstallRecord, done: InstallState, work: InstallOptions['prepare'], withinMs = this.#options.stepWithinMs ?? 30 * MINUTE): Promise<void> {
    try {
      const begun = await this.#set({ ...record, tries: record.tries + 1 });
      if (work !== undefined) await callStep(this.#host.context, begun, { work: work.bind(this.#options), withinMs });
      await this.#set({ ...begun, state: done, tries: 0 });
    } catch (error) {
      if (isLianyunError(error, 'closed')) throw error;
      await this.#giveUp(record, error);
    }
  }

  async #giveUp(record: InstallRecord, error: unknown): Promise<void> {
    this.#stopTrial();
    const { kind, version } = record;
    const text = error instanceof Error ? error.message : String(error);
    const why = isLianyunError(error) ? error : new LianyunError('handler-failed', `${kind} ${version} could not be installed: ${text}`, { cause: error });
    this.#host.context.problem(why);
    const failure = { reason: installFailureOf(error), text };
    const refused = [...this.#known.refused.filter((each) => each.kind !== kind), { kind, version, why: text }];
    await this.#save({ current: { ...record, state: 'rolling-back', tries: 0, failure }, refused }, true);
  }

  async #rollBack(record: InstallRecord): Promise<void> {
    const begun = await this.#set({ ...record, tries: record.tries + 1 }, true);
    this.#host.failed(rolledBack(record));
    try {
      await callStep(this.#host.context, begun, { work: (step) => this.#options.rollback(step), withinMs: this.#options.stepWithinMs ?? 30 * MINUTE });
      this.#host.restored(record.kind, record.from);
      await this.#set({ ...begun, state: 'rolled-back', tries: 0 }, true);
    } catch (cause) {
      if (isLianyunError(cause, 'closed')) throw cause;
      if (++this.#failedRollbacks >= MAX_FAILED_ROLLBACKS) await this.#set({ ...begun, state: 'rolled-back', tries: 0 }, true);
      this.#host.context.problem(new LianyunError('handler-failed', `The rollback of ${record.kind} ${record.version} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause }));
    }
  }

  /** The cloud has to have heard all of it before it is forgotten. */
  async #finish(record: InstallRecord, told: readonly Receipt[]): Promise<void> {
    this.#upgrade?.end(new LianyunError('aborted', `The upgrade to ${record.version} is over.`));
    this.#upgrade = undefined;
    this.#isTrial = false;
    await Promise.all(told.map(({ delivered }) => delivered));
    if (this.#known.current !== record) return;
    if (record.file !== undefined) await systemDisk().rm(record.file, { force: true });
    await this.#save({ ...this.#known, current: undefined });
    if (record.state === 'confirmed' || record.state === 'rolled-back') tellEach<InstallationEvents, 'over'>(this, 'over', [{ outcome: record.state, kind: record.kind, version: record.version }], this.#host.context);
  }

  #stopTrial(): void {
    this.#trialTimer?.cancel();
    this.#trialTimer = undefined;
  }

  #endTrial(ms: number): void {
    const record = this.#known.current;
    this.#trialTimer = undefined;
    if (record?.state !== 'applied') return;
    void this.#giveUp(record, new LianyunError('timeout', `${record.version} has not said within ${ms} ms that it runs.`)).then(() => this.#advance());
  }

  #abandonOrphan(): void {
    const record = this.#known.current;
    if (record?.state !== 'downloading' || this.#upgrade !== undefined) return;
    this.#finishing = this.#finish(record, [this.#host.tell(record, { at: 'failed', failure: 'download', text: 'the program was restarted during the download' })]);
    this.#finishing.catch(() => undefined);
  }

  /** Puts a new state into the journal. `isBack`: the way back does not wait for a disk that fails. */
  async #set(current: InstallRecord, isBack = false): Promise<InstallRecord> {
    await this.#save({ ...this.#known, current }, isBack);
    return current;
  }

  async #save(known: Installations, isBack = false): Promise<void> {
    const before = this.#known.current;
    try {
      await this.#journal.write(known);
    } catch (error) {
      if (!isBack) throw error;
      this.#host.context.problem(error as LianyunError);
    }
    this.#known = known;
    const { current } = known;
    if (current !== undefined && current.state !== before?.state) tellEach<InstallationEvents, 'state'>(this, 'state', [{ state: current.state, kind: current.kind, version: current.version }], this.#host.context);
  }
}
