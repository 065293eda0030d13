import { describe, expect, it } from 'vitest';
import { LianyunError } from './errors.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { Waiters } from './waiters.ts';

const start = () => {
  const clock = new FakeClock();
  return { clock, waiters: new Waiters<string>(clock) };
};
const wait = (deadlineMs: number, signal?: AbortSignal) => ({ deadlineMs, signal, what: 'the answer' });

describe('waiters', () => {
  it('give an answer to the oldest wait for its key', async () => {
    const { clock, waiters } = start();
    const first = waiters.add('k', 'g', wait(10));
    const second = waiters.add('k', 'g', wait(10));
    const other = waiters.add('other', 'g', wait(10));
    expect([waiters.resolve('k', 'one'), waiters.resolve('k', 'two'), waiters.resolve('k', 'three'), waiters.resolve('other', 'four')]).toEqual([true, true, false, true]);
    expect(await Promise.all([first.answer, second.answer, other.answer])).toEqual(['one', 'two', 'four']);
    expect(clock.timers).toBe(0);
  });

  it('step aside for the next when the oldest has timed out', async () => {
    const { clock, waiters } = start();
    const first = waiters.add('k', 'g', wait(10));
    const second = waiters.add('k', 'g', wait(20));
    clock.advance(10);
    expect(waiters.resolve('k', 'late')).toBe(true);
    await expect(first.answer).rejects.toMatchObject({ code: 'timeout' });
    expect(await second.answer).toBe('late');
  });

  it('end with the error that cancels them, and keep its own cause', async () => {
    const { waiters } = start();
    const cause = new Error('ECONNRESET');
    const one = waiters.add('k', 'g', wait(10));
    const two = waiters.add('k', 'g', wait(10));
    one.cancel(new LianyunError('network', 'gone', { cause }));
    two.cancel(new LianyunError('offline', 'gone'));
    await expect(one.answer).rejects.toMatchObject({ code: 'network', cause });
    await expect(two.answer).rejects.toMatchObject({ code: 'offline', cause: { message: 'the answer was requested here' } });
    expect(waiters.resolve('k', 'x')).toBe(false);
  });

  it('take a cancel after the answer for nothing', async () => {
    const { waiters } = start();
    const { answer, cancel } = waiters.add('k', 'g', wait(10));
    waiters.resolve('k', 'x');
    const next = waiters.add('k', 'g', wait(10));
    cancel(new LianyunError('offline', 'gone'));
    expect(await answer).toBe('x');
    waiters.resolve('k', 'y');
    expect(await next.answer).toBe('y');
  });

  it('end at once when the signal is aborted already', async () => {
    const { clock, waiters } = start();
    const { answer } = waiters.add('k', 'g', wait(10, AbortSignal.abort('why')));
    await expect(answer).rejects.toMatchObject({ code: 'aborted', cause: 'why' });
    expect(clock.timers).toBe(0);
    expect(waiters.resolve('k', 'x')).toBe(false);
  });

  it('end by group or all together, also when ending one ends another', async () => {
    const { clock, waiters } = start();
    const waits = ['a', 'a', 'b'].map((group, at) => waiters.add(at === 0 ? 'k' : 'l', group, wait(10)).answer.catch((error: unknown) => (error as LianyunError).message));
    let count = 0;
    const error = (): LianyunError => new LianyunError('closed', `closed ${++count}`);
    waiters.failGroup(error, 'a');
    waiters.failGroup(error, 'a');
    waiters.failGroup(error);
    expect(await Promise.all(waits)).toEqual(['closed 1', 'closed 2', 'closed 3']);
    expect(clock.timers).toBe(0);
  });
});
