import { describe, expect, it } from 'vitest';
import { FakeClock } from './fake-clock.ts';

describe('the fake clock', () => {
  it('fires timers in the order of their time, equal ones in the order they were started, each at its own time', () => {
    const clock = new FakeClock({ now: 1000 });
    const fired: string[] = [];
    const note = (name: string) => () => fired.push(`${name}@${clock.now()}`);
    clock.after(30, note('c'));
    clock.after(10, note('a'));
    clock.after(10, note('b'));
    clock.after(31, note('d'));
    clock.advance(30);
    expect(fired).toEqual(['a@1010', 'b@1010', 'c@1030']);
    expect([clock.now(), clock.timers]).toEqual([1030, 1]);
  });

  it('fires what a timer starts when that is due as well', () => {
    const clock = new FakeClock({ now: 0 });
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.now());
      if (fired.length < 10) clock.after(10, again);
    };
    clock.after(10, again);
    clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
  });

  it('fires no cancelled timer, also when another timer cancels it', () => {
    const clock = new FakeClock();
    const fired: string[] = [];
    const late = clock.after(20, () => fired.push('late'));
    clock.after(10, () => late.cancel());
    clock.advance(100);
    late.cancel();
    expect(fired).toEqual([]);
  });

  it('gives out its random numbers in turn, then 0.5', () => {
    const clock = new FakeClock({ randoms: [0.1, 0.9] });
    expect([clock.random(), clock.random(), clock.random()]).toEqual([0.1, 0.9, 0.5]);
  });
});
