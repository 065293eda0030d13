import { LianyunError } from '@lianyun/protocol';

/** A time as a clock on the wall shows it. */
export interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly date: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const DAY_MS = 86_400_000;

/** A day of the week as rules count them, 1 Sunday to 7 Saturday (Huawei 10.3). */
export function weekdayOf({ year, month, date }: Pick<WallTime, 'year' | 'month' | 'date'>): number {
  return new Date(Date.UTC(year, month - 1, date)).getUTCDay() + 1;
}

/** The date some days on. */
export function daysOn({ year, month, date }: WallTime, days: number): Pick<WallTime, 'year' | 'month' | 'date'> {
  const there = new Date(Date.UTC(year, month - 1, date) + days * DAY_MS);
  return { year: there.getUTCFullYear(), month: there.getUTCMonth() + 1, date: there.getUTCDate() };
}

/** Where the times of rules are told. */
export class Zone {
  readonly #format: Intl.DateTimeFormat | undefined;

  /** @param name of the IANA database, `Asia/Shanghai`; `UTC` is what the cloud means (Huawei 10.3). Throws `bad-config`. */
  constructor(name: string) {
    try {
      this.#format = name === 'UTC' ? undefined : new Intl.DateTimeFormat('en-US', { timeZone: name, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
    } catch (cause) {
      throw new LianyunError('bad-config', `timeZone is ${JSON.stringify(name)}: UTC or a name of the IANA database is expected, for example "Asia/Shanghai".`, { cause });
    }
  }

  /** What a clock on the wall shows at an instant. */
  at(instant: number): WallTime {
    if (this.#format === undefined) {
      const there = new Date(instant);
      return { year: there.getUTCFullYear(), month: there.getUTCMonth() + 1, date: there.getUTCDate(), hour: there.getUTCHours(), minute: there.getUTCMinutes(), second: there.getUTCSeconds() };
    }
    const parts = Object.fromEntries(this.#format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day: date = 1, hour = 0, minute = 0, second = 0 } = parts;
    return { year, month, date, hour, minute, second };
  }

  /** The instant at which a clock on the wall shows a time: the first of two when it is put back, the one after the gap when it is put forward. */
  instantOf({ year, month, date, hour, minute, second }: WallTime): number {
    const wall = Date.UTC(year, month - 1, date, hour, minute, second);
    // What holds a day before and a day after are the only offsets there can be.
    const candidates = [wall - this.#offset(wall - DAY_MS), wall - this.#offset(wall + DAY_MS)];
    const exact = candidates.filter((instant) => instant + this.#offset(instant) === wall);
    return exact.length > 0 ? Math.min(...exact) : Math.max(...candidates);
  }

  #offset(instant: number): number {
    const { year, month, date, hour, minute, second } = this.at(instant);
    return Date.UTC(year, month - 1, date, hour, minute, second) - Math.floor(instant / 1000) * 1000;
  }
}
