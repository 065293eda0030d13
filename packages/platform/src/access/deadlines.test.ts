import { FakeClock } from '@lianyun/protocol/testing';
import { describe, expect, it } from 'vitest';
import { Deadlines, type Waiting } from './deadlines.ts';

describe('deadlines', () => {
  function make(): { clock: FakeClock; deadlines: Deadlines; item: (name: string) => Waiting; woken: string[] } {
    const clock = new FakeClock();
    const woken: string[] = [];
    return { clock, deadlines: new Deadlines(clock), woken, item: (name) => ({ dueTick: 0, onDue: () => void woken.push(name) }) };
  }

  it('wake in order, never early and at most two ticks late', () => {
    const { clock, deadlines, item, woken } = make();
    deadlines.wakeAt(item('b'), deadlines.now + Deadlines.ticks(3_000));
    clock.advance(400);
    deadlines.wakeAt(item('a'), deadlines.now + Deadlines.ticks(1_000));
    clock.advance(999);
    expect(woken).toEqual([]);
    clock.advance(1_000);
    expect(woken).toEqual(['a']);
    clock.advance(2_000);
    expect(woken).toEqual(['a', 'b']);
  });

  it('an earlier one replaces a later one, a later one does not replace an earlier one', () => {
    const { clock, deadlines, item, woken } = make();
    const both = item('x');
    deadlines.wakeAt(both, deadlines.now + 10);
    deadlines.wakeAt(both, deadlines.now + 2);
    deadlines.wakeAt(both, deadlines.now + 20);
    clock.advance(1_000);
    expect(woken).toEqual(['x']);
    clock.advance(20_000);
    expect(woken).toEqual(['x']);
  });

  it('who is cancelled, even by one woken at the same moment, is not woken', () => {
    const { clock, deadlines, item, woken } = make();
    const victim = item('victim');
    deadlines.wakeAt({ dueTick: 0, onDue: () => void deadlines.cancel(victim) }, deadlines.now + 1);
    deadlines.wakeAt(victim, deadlines.now + 1);
    clock.advance(5_000);
    expect(woken).toEqual([]);
  });

  it('run no timer while nobody waits', () => {
    const { clock, deadlines, item } = make();
    const one = item('one');
    deadlines.wakeAt(one, deadlines.now + 3);
    deadlines.cancel(one);
    clock.advance(500);
    expect(clock.timers).toBe(0);
  });
});
