import { describe, expect, it } from 'vitest';
import { Replays } from './replays.ts';
import { FakeClock } from './testing/fake-clock.ts';

describe('the memory of requests', () => {
  it('knows a request by key and payload', () => {
    const replays = new Replays(new FakeClock());
    expect([replays.isNew('k', 'a'), replays.isNew('k', 'a'), replays.isNew('k', 'b'), replays.isNew('l', 'b'), replays.isNew('k', 'a')]).toEqual([true, false, true, true, true]);
  });

  it('gives the answer again once there is one', () => {
    const replays = new Replays(new FakeClock());
    let answers = 0;
    replays.isNew('k', 'a');
    replays.isNew('k', 'a');
    expect(answers).toBe(0);
    replays.answered('k', () => answers++);
    replays.isNew('k', 'a');
    replays.isNew('k', 'a');
    expect(answers).toBe(2);
  });

  it('forgets after two minutes', () => {
    const clock = new FakeClock();
    const replays = new Replays(clock);
    replays.isNew('k', 'a');
    clock.advance(119_999);
    expect(replays.isNew('k', 'a')).toBe(false);
    clock.advance(1);
    expect(replays.isNew('k', 'a')).toBe(true);
  });

  it('remembers the last 256 and no more', () => {
    const replays = new Replays(new FakeClock());
    for (let at = 0; at < 300; at++) expect(replays.isNew(`k${at}`, 'a')).toBe(true);
    for (let at = 44; at < 300; at++) expect(replays.isNew(`k${at}`, 'a'), `k${at}`).toBe(false);
    expect(replays.isNew('k43', 'a')).toBe(true);
  });

  it('does nothing for an answer to what it has forgotten', () => {
    new Replays(new FakeClock()).answered('k', () => {
      throw new Error('must not be called');
    });
  });
});
