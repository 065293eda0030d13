import type { DeviceRule, LianyunError, RuleCondition } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import { describe, expect, it } from 'vitest';
import { RuleEngine } from './engine.ts';
import { Zone } from './zone.ts';

const MINUTE_MS = 60_000;
const SATURDAY = Date.UTC(2026, 10, 21, 10);

const data = (path: string, operator: string, value: string): RuleCondition => ({ kind: 'data', device: 'd1', path, operator, value });
const hot = data('room/temperature', '>', '30');
const wet = data('room/humidity', '>=', '80');

function begin(timeZone = 'UTC') {
  const clock = new FakeClock({ now: SATURDAY });
  const fired: string[] = [];
  const problems: LianyunError[] = [];
  const engine = new RuleEngine({ device: 'd1', clock, now: () => clock.now(), zone: new Zone(timeZone), act: (action, rule) => fired.push(`${rule.id} ${action.name ?? ''}`), problem: (error) => void problems.push(error) });
  const load = (conditions: readonly RuleCondition[], more: Partial<DeviceRule> = {}): void => engine.load({ id: 'r', isActive: true, logic: 'or', conditions, actions: [{ type: 'DEVICE_CMD', isEnabled: true, name: 'fan' }], ...more });
  const report = (values: Record<string, number>, service = 'room'): void => engine.report([{ service, values }]);
  const taken = (): readonly string[] => fired.splice(0);
  return { clock, engine, load, report, taken, problems };
}

describe('a rule about properties', () => {
  it('is met by each report that meets it', () => {
    const { load, report, taken } = begin();
    load([hot]);
    report({ temperature: 31 });
    report({ temperature: 30 });
    report({ temperature: 32 });
    expect(taken()).toEqual(['r fan', 'r fan']);
    report({ temperature: 99 }, 'cellar');
    report({ humidity: 99 });
    expect(taken()).toEqual([]);
  });

  it('with or needs one of them, with and all, by what was reported last', () => {
    const { load, report, taken } = begin();
    load([hot, wet], { id: 'or' });
    load([hot, wet], { id: 'and', logic: 'and' });
    load([hot, wet], { id: 'none', logic: undefined } as unknown as Partial<DeviceRule>);
    report({ temperature: 31 });
    expect(taken()).toEqual(['or fan']);
    report({ humidity: 80 });
    expect(taken()).toEqual(['or fan', 'and fan', 'none fan']);
    report({ temperature: 20 });
    report({ humidity: 81 });
    expect(taken()).toEqual(['or fan']);
  });

  it('does not keep the rules behind it from being met when it is not', () => {
    const { load, report, taken } = begin();
    load([wet], { id: 'first' });
    load([hot], { id: 'second' });
    report({ temperature: 31, humidity: 1 });
    expect(taken()).toEqual(['second fan']);
  });

  it('counts in its time range only', () => {
    const { load, report, taken, clock } = begin();
    load([hot], { window: { from: '10:00', to: '11:00', days: [7] } });
    report({ temperature: 31 });
    expect(taken()).toEqual(['r fan']);
    clock.advance(61 * MINUTE_MS);
    report({ temperature: 31 });
    expect(taken()).toEqual([]);
  });

  it('does every enabled action in order, and nothing while it is inactive or about another device', () => {
    const { load, report, taken } = begin();
    const actions = [{ isEnabled: true, name: 'a' }, { isEnabled: false, name: 'b' }, { isEnabled: true, name: 'c' }];
    load([hot], { actions });
    report({ temperature: 31 });
    expect(taken()).toEqual(['r a', 'r c']);
    load([hot], { actions, isActive: false });
    load([{ kind: 'data', device: 'd2', path: 'room/temperature', operator: '>', value: '30' }], { id: 'other' });
    report({ temperature: 31 });
    expect(taken()).toEqual([]);
  });

  it.each([
    ['another logic', { logic: 'xor' }, 'xor'],
    ['an operator that is not documented', { conditions: [data('room/temperature', '!=', '3')] }, '!='],
    ['a condition of another type', { conditions: [{ kind: 'unknown', type: 'MOON' }] }, 'MOON'],
    ['an action of another type', { actions: [{ type: 'SMS', isEnabled: true }] }, 'SMS'],
    ['a time range without an end', { window: { from: '08:00' } }, 'time range'],
    ['a path that is missing', { conditions: [{ kind: 'data', operator: '>', value: '3' }] }, 'path'],
    ['a daily timer without a time', { conditions: [{ kind: 'daily' }] }, 'HH:mm'],
    ['a timer without a start', { conditions: [{ kind: 'interval', everySeconds: 1, count: 1 }] }, 'startTime'],
  ] as const)('with %s is a problem in words', (_, rule, word) => {
    const { load, report, taken, problems } = begin();
    load([hot], rule);
    expect(problems).toMatchObject([{ code: 'unsupported', message: expect.stringContaining(word) }]);
    if (!('actions' in rule)) report({ temperature: 31 });
    expect(taken()).toEqual([]);
  });

  it('is gone when it was removed', () => {
    const { engine, load, report, taken } = begin();
    load([hot]);
    expect(engine.remove('r')).toBe(true);
    expect(engine.remove('r')).toBe(false);
    report({ temperature: 31 });
    expect(taken()).toEqual([]);
  });
});

describe('a rule with a timer', () => {
  const daily: RuleCondition = { kind: 'daily', time: '10:30', days: [7] };
  const thrice: RuleCondition = { kind: 'interval', start: '2026-11-21 10:10:00', everySeconds: 60, count: 3 };

  it('is met at its time, exactly as often as it says', () => {
    const { load, taken, clock } = begin();
    load([thrice]);
    clock.advance(10 * MINUTE_MS - 1);
    expect(taken()).toEqual([]);
    clock.advance(1);
    expect(taken()).toEqual(['r fan']);
    clock.advance(600 * MINUTE_MS);
    expect(taken()).toEqual(['r fan', 'r fan']);
    expect(clock.timers).toBe(0);
  });

  it('is met every week at its time in its time zone', () => {
    const { load, taken, clock } = begin('Asia/Shanghai');
    // Ten o'clock UTC is six in the evening there.
    load([{ kind: 'daily', time: '18:30', days: [7] }]);
    clock.advance(30 * MINUTE_MS);
    expect(taken()).toEqual(['r fan']);
    clock.advance(7 * 24 * 60 * MINUTE_MS - 1);
    expect(taken()).toEqual([]);
    clock.advance(1);
    expect(taken()).toEqual(['r fan']);
  });

  it('with and looks at the last known values', () => {
    const { load, report, taken, clock } = begin();
    load([daily, hot], { logic: 'and' });
    report({ temperature: 31 });
    expect(taken()).toEqual([]);
    clock.advance(30 * MINUTE_MS);
    expect(taken()).toEqual(['r fan']);
    report({ temperature: 20 });
    clock.advance(7 * 24 * 60 * MINUTE_MS);
    expect(taken()).toEqual([]);
  });

  it('with and and several timers needs all at once, with or each of them, and one firing for both', () => {
    const { load, taken, clock } = begin();
    const same: RuleCondition = { kind: 'interval', start: '2026-11-21 10:30:00', everySeconds: 60, count: 2 };
    load([daily, same], { id: 'and', logic: 'and' });
    load([daily, same], { id: 'or' });
    clock.advance(30 * MINUTE_MS);
    expect(taken()).toEqual(['and fan', 'or fan']);
    clock.advance(MINUTE_MS);
    expect(taken()).toEqual(['or fan']);
  });

  it('stops when it becomes inactive, is replaced, or the engine is closed', () => {
    const { engine, load, taken, clock } = begin();
    load([thrice]);
    load([thrice], { isActive: false });
    expect(clock.timers).toBe(0);
    load([thrice]);
    engine.close();
    clock.advance(60 * MINUTE_MS);
    expect(taken()).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  it('is met by the clock as it is set, and never for what was jumped over', () => {
    const { load, taken, clock, problems } = begin();
    load([daily]);
    clock.set(SATURDAY + 40 * MINUTE_MS);
    clock.advance(MINUTE_MS);
    expect(taken()).toEqual([]);
    expect(problems).toMatchObject([{ code: 'expired' }]);
    // Set back to before it: it is due again.
    clock.set(SATURDAY);
    clock.advance(31 * MINUTE_MS);
    expect(taken()).toEqual(['r fan']);
  });
});
