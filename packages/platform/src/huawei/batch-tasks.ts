import { LianyunError, type Clock, type JsonObject, type Timer } from '@lianyun/protocol';
import type { Page, PageRequest } from '../registry-store.ts';
import type { Records, Shape } from '../storage/records.ts';
import type { Storage } from '../storage/storage.ts';
import { isOver, NO_COUNTS, statusOfTask, type TaskCounts, type TaskStatus, type UpgradeStatus } from '../upgrades/upgrade-records.ts';

/** One thing that is done to many devices (Huawei 14.8). What upgrades them is a task of its own kind. */
export interface BatchTask {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  /** What is done, as it was given. */
  readonly document?: JsonObject;
  /** What the targets were found by, as it was given. */
  readonly filter?: JsonObject;
  readonly policy: BatchPolicy;
  readonly status: TaskStatus;
  /** How many targets have each status. */
  readonly counts: TaskCounts;
  /** Ms since 1970. */
  readonly createdAt: number;
  readonly serial: number;
}

/** How a task goes about it: when it begins, how often what failed is tried again, and after how long. */
export interface BatchPolicy {
  readonly startAt?: number;
  readonly retries?: number;
  readonly retryAfterMs?: number;
}

/** What became of one target of a task. */
export interface BatchTarget {
  readonly task: string;
  /** A device's id. */
  readonly target: string;
  readonly status: UpgradeStatus;
  readonly output?: string;
  readonly error?: { readonly code: string; readonly text: string };
  /** How often it was tried again. */
  readonly retries: number;
  /** When it begins, or is tried again. */
  readonly dueAt?: number;
  readonly serial: number;
}

/** How a target's part ended. */
export type BatchOutcome = Pick<BatchTarget, 'output' | 'error'>;

/**
 * Does a task's part for one target: now, and what it returns is stored together with what it did; or later, and a promise is waited for. Only what
 * the storage refuses is thrown. What the end of the process cuts off counts as failed.
 */
export type Perform = (task: BatchTask, target: string) => { readonly now: () => BatchOutcome } | { readonly later: () => Promise<BatchOutcome> };

export const BATCH_TASKS: Shape<BatchTask> = { name: 'batch_tasks', key: ['id'], columns: { id: 'text', status: 'text', type: 'text' } };
export const BATCH_TARGETS: Shape<BatchTarget> = { name: 'batch_targets', key: ['task', 'target'], columns: { target: 'text', status: 'text', task: 'text', dueAt: 'number' } };

/** Targets that are being worked for at a time. */
const AT_A_TIME = 100;
/** Before it is tried again when the storage refuses. */
const PAUSE_MS = 1000;
const ALL = Number.MAX_SAFE_INTEGER;

/** Tasks for many devices: some targets at a time, the oldest first, over restarts. */
export class BatchTasks {
  readonly #options: { readonly storage: Storage; readonly clock: Clock; problem(problem: LianyunError): void };
  readonly #tasks: Records<BatchTask>;
  readonly #targets: Records<BatchTarget>;
  #perform: Perform | undefined;
  #timer: Timer | undefined;
  /** What is under way for a target now: of work that was begun anew, only the last says what becomes of it. */
  readonly #attempts = new Map<string, object>();
  #active = 0;
  #pausedUntil = 0;
  #isClosed = false;

  constructor(options: { readonly storage: Storage; readonly clock: Clock; problem(problem: LianyunError): void }) {
    this.#options = options;
    this.#tasks = options.storage.records(BATCH_TASKS);
    this.#targets = options.storage.records(BATCH_TARGETS);
  }

  /** Says how targets are worked for, and goes on with what the last process left. */
  begin(perform: Perform): void {
    this.#perform = perform;
    for (const { id: task } of this.#tasks.page({ status: 'running' }, { limit: ALL }).items) {
      for (const target of this.#targets.page({ task, status: 'processing' }, { limit: ALL }).items) {
        this.#settle(target, { error: { code: 'IOTDA.000001', text: 'The platform went down before it knew what became of it.' } });
      }
    }
    this.#pump();
  }

  create(draft: Omit<BatchTask, 'id' | 'serial' | 'status' | 'counts' | 'createdAt'>, targets: readonly string[]): BatchTask {
    const { storage, clock } = this.#options;
    const now = clock.now();
    const names = [...new Set(targets)];
    const serial = storage.registryStore.nextSerial();
    const task: BatchTask = { ...draft, id: serial.toString(16).padStart(24, '0'), status: 'running', counts: { ...NO_COUNTS, waiting: names.length }, createdAt: now, serial };
    for (const target of names) this.#targets.put({ task: task.id, target, status: 'waiting', retries: 0, dueAt: Math.max(now, draft.policy.startAt ?? now), serial: storage.registryStore.nextSerial() });
    const made = this.#putTask(task);
    this.#pump();
    return made;
  }

  /** Undefined when there is none. */
  find(id: string): BatchTask | undefined {
    return this.#tasks.get({ id });
  }

  /** Newest first. */
  list(where: Pick<BatchTask, 'type'> & Partial<Pick<BatchTask, 'status'>>, page: PageRequest): Page<BatchTask> {
    return this.#tasks.page(where, page);
  }

  /** Newest first. */
  targets({ id }: BatchTask, where: Partial<Pick<BatchTarget, 'status' | 'target'>>, page: PageRequest): Page<BatchTarget> {
    return this.#targets.page({ task: id, ...where }, page);
  }

  /** Ends what is not at its end: of these targets, or of all. What is under way ends by itself, and what becomes of it is not told any more. */
  stop(task: BatchTask, names?: readonly string[]): void {
    for (const target of this.#those(task, names, ['waiting', 'retrying', 'processing'])) this.#change(target, { status: 'stopped' });
  }

  /** Begins anew with what failed, waits for another try, or was stopped. */
  retry(task: BatchTask, names?: readonly string[]): void {
    for (const target of this.#those(task, names, ['failed', 'retrying', 'stopped'])) this.#change(target, { status: 'waiting', retries: 0, dueAt: this.#options.clock.now() });
    this.#pump();
  }

  /** Forgets a task. Fails with `conflict` while it is under way. */
  remove(task: BatchTask): void {
    if (!isOver(task.status)) throw new LianyunError('conflict', `The batch task ${task.id} is not at its end; stop it first.`);
    for (const target of this.targets(task, {}, { limit: ALL }).items) this.#targets.remove(target);
    this.#tasks.remove(task);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #those(task: BatchTask, names: readonly string[] | undefined, statuses: readonly UpgradeStatus[]): readonly BatchTarget[] {
    const all = names === undefined ? this.targets(task, {}, { limit: ALL }).items : names.flatMap((target) => this.#targets.get({ task: task.id, target }) ?? []);
    return all.filter(({ status }) => statuses.includes(status));
  }

  /** Begins with what is due, as far as there is room, and wakes for what will be. */
  #pump(): void {
    if (this.#perform === undefined || this.#isClosed) return;
    const { clock, problem } = this.#options;
    if (clock.now() < this.#pausedUntil) return this.#wakeAt(this.#pausedUntil);
    try {
      const due = this.#targets.upTo('dueAt', clock.now(), AT_A_TIME - this.#active);
      for (const target of due) this.#start(target, this.#perform);
      const [next] = this.#targets.upTo('dueAt', ALL, 1);
      if (this.#active < AT_A_TIME && next?.dueAt !== undefined) this.#wakeAt(next.dueAt);
    } catch (cause) {
      this.#pause();
      this.#wakeAt(this.#pausedUntil);
      problem(new LianyunError('handler-failed', `A batch task could not go on: ${String(cause)}`, { cause }));
    }
  }

  #wakeAt(at: number): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#timer = clock.after(Math.max(0, at - clock.now()), () => this.#pump());
  }

  #start(target: BatchTarget, perform: Perform): void {
    const task = this.#tasks.get({ id: target.task });
    if (task === undefined) return void this.#targets.remove(target);
    this.#active++;
    const work = perform(task, target.target);
    void ('now' in work ? this.#runNow(target, work.now) : this.#runLater(target, work.later))
      .catch(() => this.#pause())
      .finally(() => {
        this.#active--;
        this.#pump();
      });
  }

  /** A storage that fails tells by itself; what it did not store is due as before. */
  #pause(): void {
    this.#pausedUntil = this.#options.clock.now() + PAUSE_MS;
  }

  async #runNow(target: BatchTarget, work: () => BatchOutcome): Promise<void> {
    this.#settle(target, work());
    // A fleet must not keep others from being served.
    await new Promise<void>((resolve) => void setImmediate(resolve));
    await this.#options.storage.stored();
  }

  async #runLater(target: BatchTarget, work: () => Promise<BatchOutcome>): Promise<void> {
    const begun = this.#change(target, { status: 'processing' });
    const key = JSON.stringify([begun.task, begun.target]);
    const attempt = {};
    this.#attempts.set(key, attempt);
    try {
      await this.#options.storage.stored();
      const outcome = await work();
      const now = this.#targets.get(begun);
      // Else it was stopped, or begun anew.
      if (now?.status === 'processing' && this.#attempts.get(key) === attempt) this.#settle(now, outcome);
    } finally {
      if (this.#attempts.get(key) === attempt) this.#attempts.delete(key);
    }
  }

  #settle(target: BatchTarget, { output, error }: BatchOutcome): void {
    const said = { ...(output === undefined ? {} : { output }), ...(error === undefined ? {} : { error }) };
    if (error === undefined) return void this.#change(target, { ...said, status: 'succeeded' });
    const { retries = 0, retryAfterMs = 0 } = this.#tasks.get({ id: target.task })?.policy ?? {};
    if (target.retries >= retries) return void this.#change(target, { ...said, status: 'failed' });
    this.#change(target, { ...said, status: 'retrying', retries: target.retries + 1, dueAt: this.#options.clock.now() + retryAfterMs });
  }

  #change(target: BatchTarget, change: Pick<BatchTarget, 'status'> & Partial<BatchTarget>): BatchTarget {
    const { task: id, target: name, retries, serial } = target;
    const changed: BatchTarget = { task: id, target: name, retries, serial, ...change };
    this.#targets.put(changed);
    const task = this.#tasks.get({ id });
    if (task !== undefined && target.status !== changed.status) {
      const counts = { ...task.counts };
      counts[target.status]--;
      counts[changed.status]++;
      this.#putTask({ ...task, counts });
    }
    return changed;
  }

  #putTask(task: BatchTask): BatchTask {
    const made: BatchTask = { ...task, status: statusOfTask(task, this.#options.clock.now()) };
    this.#tasks.put(made);
    return made;
  }
}
