import { LianyunError } from '@lianyun/protocol';
import { describe, expect, it } from 'vitest';
import { HandClock, kindsOf } from '../storage/storage.fixtures.ts';
import type { Storage } from '../storage/storage.ts';
import { BatchTasks, type BatchOutcome, type BatchTask, type Perform } from './batch-tasks.ts';

const clock = new HandClock();
const FAILED: BatchOutcome = { error: { code: 'IOTDA.014016', text: 'offline' } };
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A task's targets by status, when what can happen by itself has happened. */
async function settled(tasks: BatchTasks, { id }: BatchTask): Promise<readonly (readonly [target: string, status: string])[]> {
  for (;;) {
    const task = tasks.find(id);
    if (task === undefined) throw new Error('the task is gone');
    const { items } = tasks.targets(task, {}, { limit: 99 });
    if (!items.some((target) => target.status === 'processing' || (target.status === 'waiting' && (target.dueAt ?? 0) <= clock.at))) return items.map(({ target, status }) => [target, status] as const).reverse();
    await turn();
  }
}

function open(storage: Storage, perform?: Perform): BatchTasks {
  const tasks = new BatchTasks({ storage, clock, problem: (problem) => { throw problem; } });
  if (perform !== undefined) tasks.begin(perform);
  return tasks;
}

const draft = { type: 'freezeDevices', name: 'winter', policy: {} };

describe.each(kindsOf(clock))('batch tasks %s', (_name, run) => {
  it('do each target once, the first first, and count what became of them', () => run(async (at) => {
    const done: string[] = [];
    const tasks = open(at.storage, (_task, target) => ({ now: () => (done.push(target), target === 'b' ? FAILED : { output: 'ok' }) }));
    const task = tasks.create(draft, ['a', 'b', 'a', 'c']);
    expect(await settled(tasks, task)).toEqual([['a', 'succeeded'], ['b', 'failed'], ['c', 'succeeded']]);
    expect(done).toEqual(['a', 'b', 'c']);
    expect(tasks.find(task.id)).toMatchObject({ status: 'partial', counts: { waiting: 0, processing: 0, succeeded: 2, failed: 1 } });
    expect(tasks.targets(task, { status: 'failed' }, { limit: 9 })).toMatchObject({ total: 1, items: [{ target: 'b', error: { code: 'IOTDA.014016' } }] });
    tasks.close();
  }));

  it('wait for their time, and try again what failed as often as the policy says', () => run(async (at) => {
    let tries = 0;
    const tasks = open(at.storage, () => ({ later: async () => (++tries < 3 ? FAILED : {}) }));
    const task = tasks.create({ ...draft, policy: { startAt: clock.at + 60_000, retries: 5, retryAfterMs: 30_000 } }, ['a']);
    expect([tasks.find(task.id)?.status, await settled(tasks, task)]).toEqual(['waiting', [['a', 'waiting']]]);
    clock.pass(59_999);
    expect(await settled(tasks, task)).toEqual([['a', 'waiting']]);
    clock.pass(1);
    expect(await settled(tasks, task)).toEqual([['a', 'retrying']]);
    clock.pass(30_000);
    await turn();
    expect([await settled(tasks, task), tries]).toEqual([[['a', 'retrying']], 2]);
    clock.pass(30_000);
    await turn();
    expect([await settled(tasks, task), tries, tasks.find(task.id)?.status]).toEqual([[['a', 'succeeded']], 3, 'succeeded']);
    tasks.close();
  }));

  it('are stopped, and begun anew with what did not succeed', () => run(async (at) => {
    const held = Promise.withResolvers<BatchOutcome>();
    const tasks = open(at.storage, (_task, target) => (target === 'a' ? { later: () => held.promise } : { now: () => ({}) }));
    const task = tasks.create(draft, ['a', 'b']);
    while (tasks.targets(task, { status: 'succeeded' }, { limit: 0 }).total === 0) await turn();
    expect(() => tasks.remove(tasks.find(task.id) ?? task)).toThrow(expect.objectContaining({ code: 'conflict' }));
    tasks.stop(task);
    held.resolve(FAILED);
    expect(await settled(tasks, task)).toEqual([['a', 'stopped'], ['b', 'succeeded']]);
    expect(tasks.find(task.id)?.status).toBe('stopped');
    tasks.retry(task);
    expect(await settled(tasks, task)).toEqual([['a', 'failed'], ['b', 'succeeded']]);
    tasks.remove(tasks.find(task.id) ?? task);
    expect([tasks.find(task.id), tasks.targets(task, {}, { limit: 9 }).total]).toEqual([undefined, 0]);
    tasks.close();
  }));

  it('are begun anew while what was stopped is under way still: what becomes of that is not told', () => run(async (at) => {
    const tries: PromiseWithResolvers<BatchOutcome>[] = [];
    const tasks = open(at.storage, () => ({
      later: () => {
        const made = Promise.withResolvers<BatchOutcome>();
        tries.push(made);
        return made.promise;
      },
    }));
    const task = tasks.create(draft, ['a']);
    while (tries.length < 1) await turn();
    tasks.stop(task);
    tasks.retry(task);
    while (tries.length < 2) await turn();
    tries[0]?.resolve(FAILED);
    for (let each = 0; each < 10; each++) await turn();
    expect(tasks.targets(task, {}, { limit: 9 }).items).toMatchObject([{ target: 'a', status: 'processing' }]);
    tries[1]?.resolve({ output: 'ok' });
    expect(await settled(tasks, task)).toEqual([['a', 'succeeded']]);
    tasks.close();
  }));

  it('begin at their time while another is under way', () => run(async (at) => {
    const held = Promise.withResolvers<BatchOutcome>();
    const tasks = open(at.storage, (_task, target) => (target === 'slow' ? { later: () => held.promise } : { now: () => ({}) }));
    const slow = tasks.create(draft, ['slow']);
    const later = tasks.create({ ...draft, policy: { startAt: clock.at + 1000 } }, ['a']);
    clock.pass(1000);
    expect(await settled(tasks, later)).toEqual([['a', 'succeeded']]);
    held.resolve({});
    expect(await settled(tasks, slow)).toEqual([['slow', 'succeeded']]);
    tasks.close();
  }));

  it('work for some at a time, and let others have their turn', () => run(async (at) => {
    const names = Array.from({ length: 450 }, (_, index) => `d${index}`);
    let [active, most, turns] = [0, 0, 0];
    const tasks = open(at.storage, () => ({
      later: async () => {
        most = Math.max(most, ++active);
        await turn();
        active--;
        return {};
      },
    }));
    const task = tasks.create(draft, names);
    while (tasks.find(task.id)?.status === 'running') {
      turns++;
      await turn();
    }
    expect(tasks.find(task.id)).toMatchObject({ status: 'succeeded', counts: { succeeded: 450 } });
    expect(most).toBeLessThanOrEqual(100);
    expect(turns).toBeGreaterThan(3);
    tasks.close();
  }));
});

describe('batch tasks', () => {
  const [, [, inDatabase]] = kindsOf(clock) as [unknown, ReturnType<typeof kindsOf>[number]];

  it('go on after a restart: what waited is done, what was under way has failed', () => inDatabase(async (at) => {
    const first = open(at.storage, (_task, target) => (target === 'b' ? { later: () => new Promise(() => undefined) } : { now: () => ({}) }));
    const task = first.create(draft, ['a', 'b']);
    const later = first.create({ ...draft, policy: { startAt: clock.at + 1000 } }, ['c']);
    while (first.targets(task, { status: 'succeeded' }, { limit: 0 }).total === 0) await turn();
    first.close();
    await at.again();
    const done: string[] = [];
    const second = open(at.storage, (_task, target) => ({ now: () => (done.push(target), {}) }));
    expect(await settled(second, task)).toEqual([['a', 'succeeded'], ['b', 'failed']]);
    expect(second.targets(task, { target: 'b' }, { limit: 1 }).items).toMatchObject([{ error: { code: 'IOTDA.000001', text: expect.stringContaining('went down') } }]);
    clock.pass(1000);
    expect(await settled(second, later)).toEqual([['c', 'succeeded']]);
    expect(done).toEqual(['c']);
    second.close();
  }));

  it('whose part is refused by the storage do it again, and not in a hurry', () => inDatabase(async (at) => {
    let tries = 0;
    const tasks = open(at.storage, () => ({
      now: () => {
        if (++tries === 1) throw new LianyunError('storage-failed', 'the disk is full');
        return {};
      },
    }));
    const task = tasks.create(draft, ['a']);
    for (let each = 0; each < 20; each++) await turn();
    expect(tries).toBe(1);
    clock.pass(1000);
    expect(await settled(tasks, task)).toEqual([['a', 'succeeded']]);
    expect(tries).toBe(2);
    tasks.close();
  }));
});
