import { LianyunError, type Clock, type DeviceRef, type DeviceRule, type JsonValue, type PropertyGroup, type RuleAction, type RuleCondition, type Timer } from '@lianyun/protocol';
import { meets, OPERATORS } from './comparison.ts';
import { isWithin, minutesOf, nextDue, startOf, type TimerCondition } from './timetable.ts';
import type { Zone } from './zone.ts';

interface EngineOptions {
  readonly device: DeviceRef;
  readonly clock: Pick<Clock, 'after'>;
  /** The time, ms since 1970; corrected by what the cloud says. */
  now(): number;
  readonly zone: Zone;
  /** A rule was met: does one of its actions. */
  act(action: RuleAction, rule: DeviceRule): void;
  problem(problem: LianyunError): void;
}

interface Loaded {
  readonly rule: DeviceRule;
  readonly timers: { readonly condition: TimerCondition; due: number | undefined }[];
}

/** The clock is looked at this often while a timer waits: it may be set meanwhile. */
const LOOK_MS = 60_000;

const isTimer = (condition: RuleCondition): condition is TimerCondition => condition.kind === 'daily' || condition.kind === 'interval';

/**
 * Runs the rules of one device (Huawei 10.3): by what it reports, and by the time. A rule with `and` and a timer looks at the last known values when the
 * timer is due; with several timers it needs all of them at once.
 */
export class RuleEngine {
  readonly #options: EngineOptions;
  readonly #rules = new Map<string, Loaded>();
  readonly #latest = new Map<string, JsonValue>();
  #timer: Timer | undefined;
  #lookedAt: number;
  #isClosed = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#lookedAt = options.now();
  }

  get rules(): readonly DeviceRule[] {
    return [...this.#rules.values()].map(({ rule }) => rule);
  }

  rule(id: string): DeviceRule | undefined {
    return this.#rules.get(id)?.rule;
  }

  /** Takes a rule in the place of the one with its id; its timers begin anew. */
  load(rule: DeviceRule): void {
    const now = this.#options.now();
    const timers = rule.isActive ? rule.conditions.filter(isTimer).map((condition) => ({ condition, due: nextDue(condition, now, this.#options.zone) })) : [];
    this.#rules.set(rule.id, { rule, timers });
    const fault = faultOf(rule, this.#options.zone);
    if (fault !== undefined) this.#options.problem(new LianyunError('unsupported', `The rule ${rule.name ?? rule.id} cannot do all that it says: ${fault}.`, { device: this.#options.device }));
    this.#arm();
  }

  /** False when there was none. */
  remove(id: string): boolean {
    const wasThere = this.#rules.delete(id);
    this.#arm();
    return wasThere;
  }

  /** The device reported values. */
  report(groups: readonly PropertyGroup[]): void {
    const told = new Set<string>();
    for (const { service = '', values } of groups) {
      for (const [name, value] of Object.entries(values)) {
        const path = `${service}/${name}`;
        told.add(path);
        this.#latest.set(path, value);
      }
    }
    for (const { rule } of this.#rules.values()) if (this.#isMetBy(rule, told)) this.#fire(rule);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #isMetBy({ isActive, logic, conditions }: DeviceRule, told: ReadonlySet<string>): boolean {
    const isTold = (condition: RuleCondition): boolean => condition.kind === 'data' && condition.path !== undefined && told.has(condition.path);
    if (!isActive || !conditions.some(isTold)) return false;
    if (isOr(logic)) return conditions.some((condition) => isTold(condition) && this.#holds(condition));
    return isAnd(logic) && conditions.every((condition) => this.#holds(condition));
  }

  /** Whether a property's last known value meets a condition; a timer holds at its instant only. */
  #holds(condition: RuleCondition): boolean {
    const { device } = this.#options;
    if (condition.kind !== 'data' || condition.path === undefined || (condition.device ?? device) !== device) return false;
    const value = this.#latest.get(condition.path);
    return value !== undefined && meets(value, condition);
  }

  #fire(rule: DeviceRule): void {
    const { act, now, zone } = this.#options;
    if (rule.window !== undefined && !isWithin(rule.window, now(), zone)) return;
    for (const action of rule.actions) if (action.isEnabled) act(action, rule);
  }

  /** One timer runs, for whatever is due first. */
  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#isClosed) return;
    const { clock, now } = this.#options;
    const first = Math.min(...[...this.#rules.values()].flatMap(({ timers }) => timers.map(({ due }) => due ?? Infinity)));
    if (first === Infinity) return;
    this.#timer = clock.after(Math.min(Math.max(first - now(), 0), LOOK_MS), () => this.#look());
  }

  #look(): void {
    const { now: time, zone, problem, device } = this.#options;
    const now = time();
    const isSetBack = now < this.#lookedAt;
    this.#lookedAt = now;
    let missed = 0;
    for (const { rule, timers } of [...this.#rules.values()]) {
      const due = new Set<RuleCondition>();
      for (const timer of timers) {
        const isDue = timer.due !== undefined && timer.due <= now;
        // What a machine slept through, or a clock jumped over, is too late.
        if (isDue && now - (timer.due ?? 0) < LOOK_MS) due.add(timer.condition);
        else if (isDue) missed++;
        if (isDue || isSetBack) timer.due = nextDue(timer.condition, now, zone);
      }
      if (due.size === 0) continue;
      const { logic, conditions } = rule;
      if (isOr(logic) || (isAnd(logic) && conditions.every((condition) => due.has(condition) || this.#holds(condition)))) this.#fire(rule);
    }
    if (missed > 0) problem(new LianyunError('expired', `${missed} timer(s) of rules were due while this machine slept or its clock was set: they are not made up for.`, { device }));
    this.#arm();
  }
}

const isOr = (logic: string | undefined): boolean => logic?.toLowerCase() === 'or';
/** Without a word all conditions count. */
const isAnd = (logic: string | undefined): boolean => logic === undefined || logic.toLowerCase() === 'and';

/** What of a rule this program cannot do. */
function faultOf({ logic, window, conditions, actions }: DeviceRule, zone: Zone): string | undefined {
  if (!isOr(logic) && !isAnd(logic)) return `its logic is ${JSON.stringify(logic)}; and, or is expected`;
  if (window !== undefined && (minutesOf(window.from) === undefined || minutesOf(window.to) === undefined)) return 'its time range has no startTime or endTime HH:mm';
  for (const condition of conditions) {
    if (condition.kind === 'unknown') return `it has a condition of the type ${JSON.stringify(condition.type)}`;
    if (condition.kind === 'data' && condition.path === undefined) return 'it has a condition about a property without a path';
    if (condition.kind === 'data' && !Object.hasOwn(OPERATORS, condition.operator ?? '')) return `it compares with ${JSON.stringify(condition.operator ?? '')}; ${Object.keys(OPERATORS).join(', ')} are expected`;
    if (condition.kind === 'daily' && minutesOf(condition.time) === undefined) return 'it has a daily timer without a time HH:mm';
    if (condition.kind === 'interval' && startOf(condition.start, zone) === undefined) return 'it has a timer without a startTime yyyy-MM-dd HH:mm:ss';
  }
  const strange = actions.find(({ type = 'DEVICE_CMD' }) => type !== 'DEVICE_CMD');
  return strange === undefined ? undefined : `it has an action of the type ${JSON.stringify(strange.type)}`;
}
