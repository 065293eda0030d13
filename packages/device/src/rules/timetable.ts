import type { RuleCondition, RuleWindow } from '@lianyun/protocol';
import { daysOn, weekdayOf, type Zone } from './zone.ts';

/** A condition that becomes true at instants. */
export type TimerCondition = Extract<RuleCondition, { kind: 'daily' | 'interval' }>;

/** Minutes since midnight of `HH:mm`; undefined when it is none. */
export function minutesOf(text: string | undefined): number | undefined {
  const match = /^\s*(\d{1,2}):(\d\d)\s*$/.exec(text ?? '');
  if (match === null) return undefined;
  const [hour, minute] = [Number(match[1]), Number(match[2])];
  return hour < 24 && minute < 60 ? hour * 60 + minute : undefined;
}

/**
 * Whether a rule counts at an instant (Huawei 10.3). Both ends are included. A window that goes over midnight belongs to the day on which it began; one
 * that ends where it begins is the whole day. Without a beginning or an end there is none.
 */
export function isWithin({ from, to, days }: RuleWindow, instant: number, zone: Zone): boolean {
  const [begin, end] = [minutesOf(from), minutesOf(to)];
  if (begin === undefined || end === undefined) return false;
  const wall = zone.at(instant);
  const minute = wall.hour * 60 + wall.minute;
  const isOn = (ahead: number): boolean => days === undefined || days.includes(weekdayOf(daysOn(wall, ahead)));
  if (begin === end) return isOn(0);
  if (begin < end) return begin <= minute && minute <= end && isOn(0);
  return (begin <= minute && isOn(0)) || (minute <= end && isOn(-1));
}

/** When a timer is due for the first time after an instant; undefined: never again. */
export function nextDue(condition: TimerCondition, after: number, zone: Zone): number | undefined {
  return condition.kind === 'daily' ? nextDaily(condition, after, zone) : nextOfInterval(condition, after, zone);
}

function nextDaily({ time, days }: Extract<TimerCondition, { kind: 'daily' }>, after: number, zone: Zone): number | undefined {
  const minutes = minutesOf(time);
  if (minutes === undefined) return undefined;
  const today = zone.at(after);
  for (let ahead = 0; ahead <= 8; ahead++) {
    const date = daysOn(today, ahead);
    if (days !== undefined && !days.includes(weekdayOf(date))) continue;
    const due = zone.instantOf({ ...date, hour: Math.floor(minutes / 60), minute: minutes % 60, second: 0 });
    if (due > after) return due;
  }
  return undefined;
}

/** Exactly `count` times: neither one less nor one more, as the vendor's engines have it (Huawei 10.4). What is past is not made up for. */
function nextOfInterval({ start, everySeconds = 0, count = 1 }: Extract<TimerCondition, { kind: 'interval' }>, after: number, zone: Zone): number | undefined {
  const first = startOf(start, zone);
  if (first === undefined) return undefined;
  const everyMs = everySeconds * 1000;
  const passed = after < first ? 0 : everyMs > 0 ? Math.floor((after - first) / everyMs) + 1 : 1;
  return passed < (everyMs > 0 ? count : Math.min(count, 1)) ? first + passed * everyMs : undefined;
}

/** The instant of `yyyy-MM-dd HH:mm:ss`. */
export function startOf(text: string | undefined, zone: Zone): number | undefined {
  const match = /^\s*(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)\s*$/.exec(text ?? '');
  if (match === null) return undefined;
  const [year = 0, month = 0, date = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const there = new Date(Date.UTC(year, month - 1, date, hour, minute, second));
  // A date that is none is moved on to another.
  const isReal = there.getUTCMonth() === month - 1 && there.getUTCDate() === date && there.getUTCHours() === hour && there.getUTCMinutes() === minute && there.getUTCSeconds() === second;
  return isReal ? zone.instantOf({ year, month, date, hour, minute, second }) : undefined;
}
