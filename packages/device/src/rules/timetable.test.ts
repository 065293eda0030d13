import type { RuleWindow } from '@lianyun/protocol';
import { describe, expect, it } from 'vitest';
import vectors from '../../fixtures/huawei-rule-time.json' with { type: 'json' };
import { isWithin, minutesOf, nextDue } from './timetable.ts';
import { weekdayOf, Zone } from './zone.ts';

const UTC = new Zone('UTC');
const at = (text: string): number => Date.parse(`${text}Z`);
const days = (text: string): number[] => text.split(',').map(Number);
const shown = (instant: number | undefined): string | undefined => (instant === undefined ? undefined : new Date(instant).toISOString().slice(0, 19));

describe('the time range of a rule', () => {
  const all = vectors.check_time_range.map((vector) => [`${vector.utcNow} in ${vector.startTime}–${vector.endTime} on ${vector.daysOfWeek}`, vector] as const);

  it.each(all)('is judged as the vendor does, but on Saturdays: %s', (_, { utcNow, startTime, endTime, daysOfWeek, weekday, result }) => {
    const window = (list: readonly number[]): RuleWindow => ({ ...(startTime === null ? {} : { from: startTime }), to: endTime, days: list });
    const isOurs = isWithin(window(days(daysOfWeek)), at(`${utcNow}:00`), UTC);
    // The vendor's engine counts a Saturday as day 0, so that its day 7 never is: days 7 and 0 change places.
    if (weekday === 'Saturday') expect(isWithin(window(days(daysOfWeek).map((day) => (day === 0 ? 7 : day === 7 ? 0 : day))), at(`${utcNow}:00`), UTC)).toBe(result);
    else expect(isOurs).toBe(result);
  });

  it('takes Saturday for day 7', () => {
    const window = { from: '08:00', to: '09:00', days: [7] };
    expect(isWithin(window, at('2026-11-21T08:30:00'), UTC)).toBe(true);
    expect(isWithin(window, at('2026-11-20T08:30:00'), UTC)).toBe(false);
    expect(isWithin({ from: '23:00', to: '01:00', days: [7] }, at('2026-11-22T00:30:00'), UTC)).toBe(true);
    expect(isWithin({ from: '23:00', to: '01:00', days: [7] }, at('2026-11-21T00:30:00'), UTC)).toBe(false);
  });

  it('has days counted as the vendor does', () => {
    // 2026-11-16 is a Monday, which Python counts as 0.
    for (const { week, result } of vectors.get_rule_week) expect(weekdayOf({ year: 2026, month: 11, date: 16 + result })).toBe(Number(week));
  });

  it('includes its last minute to the end, and is every day when it names none', () => {
    expect(isWithin({ from: '08:00', to: '09:00' }, at('2026-11-21T09:00:59'), UTC)).toBe(true);
    expect(isWithin({ from: '08:00', to: '09:00' }, at('2026-11-21T09:01:00'), UTC)).toBe(false);
  });

  it('is told in the time zone of the device', () => {
    const shanghai = new Zone('Asia/Shanghai');
    const window = { from: '08:00', to: '09:00', days: [1] };
    // Sunday, half past eight in Shanghai.
    expect(isWithin(window, at('2026-11-22T00:30:00'), shanghai)).toBe(true);
    expect(isWithin(window, at('2026-11-22T00:30:00'), UTC)).toBe(false);
  });
});

describe('a time', () => {
  it.each([
    ['00:00', 0],
    ['7:05', 425],
    ['23:59', 1439],
    ['24:00', undefined],
    ['12:60', undefined],
    ['12', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s is minute %s', (text, minutes) => {
    expect(minutesOf(text)).toBe(minutes);
  });
});

describe('a daily timer', () => {
  const daily = (time: string, list?: readonly number[]) => ({ kind: 'daily' as const, time, ...(list === undefined ? {} : { days: list }) });

  it.each([
    ['later today', '2026-11-21T06:00:00', [1, 2, 3, 4, 5, 6, 7], '2026-11-21T07:30:00'],
    ['tomorrow, at its own instant', '2026-11-21T07:30:00', [1, 2, 3, 4, 5, 6, 7], '2026-11-22T07:30:00'],
    ['on a Saturday', '2026-11-21T07:00:00', [7], '2026-11-21T07:30:00'],
    ['on the next Saturday', '2026-11-21T08:00:00', [7], '2026-11-28T07:30:00'],
    ['on a Monday, over the end of the month', '2026-11-30T08:00:00', [2], '2026-12-07T07:30:00'],
    ['on no day', '2026-11-21T08:00:00', [0, 9], undefined],
  ])('is due %s', (_, after, list, due) => {
    expect(shown(nextDue(daily('07:30', list), at(after), UTC))).toBe(due);
  });

  it('is due every day when it names none, and never without a time', () => {
    expect(shown(nextDue(daily('07:30'), at('2026-11-21T08:00:00'), UTC))).toBe('2026-11-22T07:30:00');
    expect(nextDue({ kind: 'daily' }, 0, UTC)).toBeUndefined();
    expect(nextDue(daily('25:00'), 0, UTC)).toBeUndefined();
  });

  it('keeps its time on the wall when the clocks change', () => {
    const berlin = new Zone('Europe/Berlin');
    const dues = (time: string, after: string): readonly unknown[] => {
      const first = nextDue(daily(time), at(after), berlin) ?? 0;
      return [shown(first), shown(nextDue(daily(time), first, berlin))];
    };
    // 29 March 2026: 02:00 becomes 03:00. 25 October 2026: 03:00 becomes 02:00.
    expect(dues('07:30', '2026-03-28T00:00:00')).toEqual(['2026-03-28T06:30:00', '2026-03-29T05:30:00']);
    expect(dues('07:30', '2026-10-24T00:00:00')).toEqual(['2026-10-24T05:30:00', '2026-10-25T06:30:00']);
    // A time that is skipped is an hour later; one that comes twice is its first.
    expect(dues('02:30', '2026-03-28T12:00:00')).toEqual(['2026-03-29T01:30:00', '2026-03-30T00:30:00']);
    expect(dues('02:30', '2026-10-24T12:00:00')).toEqual(['2026-10-25T00:30:00', '2026-10-26T01:30:00']);
  });
});

describe('a timer with an interval', () => {
  const every = (count: number | undefined, everySeconds: number | undefined, start = '2026-11-21 10:00:00') => ({ kind: 'interval' as const, start, ...(everySeconds === undefined ? {} : { everySeconds }), ...(count === undefined ? {} : { count }) });
  const firings = (condition: Parameters<typeof nextDue>[0], after: string): readonly unknown[] => {
    const found: unknown[] = [];
    for (let due = nextDue(condition, at(after), UTC); due !== undefined && found.length < 10; due = nextDue(condition, due, UTC)) found.push(shown(due));
    return found;
  };

  it('is due exactly as often as it says', () => {
    expect(firings(every(3, 60), '2026-11-21T09:00:00')).toEqual(['2026-11-21T10:00:00', '2026-11-21T10:01:00', '2026-11-21T10:02:00']);
    expect(firings(every(1, 60), '2026-11-21T09:00:00')).toEqual(['2026-11-21T10:00:00']);
    expect(firings(every(0, 60), '2026-11-21T09:00:00')).toEqual([]);
    expect(firings(every(undefined, 60), '2026-11-21T09:00:00')).toEqual(['2026-11-21T10:00:00']);
    expect(firings(every(5, undefined), '2026-11-21T09:00:00')).toEqual(['2026-11-21T10:00:00']);
  });

  it('does not make up for what is past', () => {
    expect(firings(every(3, 60), '2026-11-21T10:00:30')).toEqual(['2026-11-21T10:01:00', '2026-11-21T10:02:00']);
    expect(firings(every(3, 60), '2026-11-21T10:02:00')).toEqual([]);
  });

  it.each(['', '2026-11-21', '2026-02-30 10:00:00', '2026-11-21 24:00:00', 'soon'])('is never due with the start %j', (start) => {
    expect(firings(every(3, 60, start), '2020-01-01T00:00:00')).toEqual([]);
  });

  it('begins in the time zone of the device', () => {
    expect(shown(nextDue(every(3, 60), 0, new Zone('Asia/Shanghai')))).toBe('2026-11-21T02:00:00');
  });
});

describe('a time zone', () => {
  it('that nobody knows is refused', () => {
    expect(() => new Zone('Mars/Olympus')).toThrow(expect.objectContaining({ code: 'bad-config' }));
  });
});
