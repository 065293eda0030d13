// What the recorded program had done by the time of a case, as far as its transcript shows it: rules of deviations may ask for it.
import { byScenario, injectionsOf, scenarioOf, type Case } from './transcript.ts';

interface Event {
  readonly service_id?: string;
  readonly event_type?: string;
  readonly event_time?: unknown;
  readonly paras?: { readonly rulesInfos?: readonly DeviceRule[] };
}

interface DeviceRule {
  readonly ruleId: string;
  readonly ruleVersionInShadow?: number;
}

/** Who the recorded Huawei device was, as its scenario shows it: by what it signed in as, else by the topics, of which one may name another device. A scenario that shows nothing has the device of the transcripts. */
export function deviceIn(cases: readonly Case[]): string {
  const names = cases.flatMap((each) => ([each['connect'] ?? []].flat() as { username?: string }[]).map(({ username }) => username));
  const [name] = names.filter((each) => each !== undefined && !each.includes(';'));
  if (name !== undefined) return name;
  const topics = cases.flatMap((each) => [...((each['publishes'] ?? []) as { topic: string }[]), ...injectionsOf(each)].map(({ topic }) => topic));
  const counts = new Map<string, number>();
  for (const id of topics.flatMap((topic) => /^\$oc\/devices\/([^/]+)\//.exec(topic)?.[1] ?? [])) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0] ?? 'product01_device01';
}

/** Apis that only a gateway of Huawei's has. */
const GATEWAY_API = /^AbstractGateway\.|sub_dev|_batch_(properties|status)$|\$sub_device_manager/;
/** Whether the recorded program was a gateway. */
export const isGateway = (cases: readonly Case[]): boolean => cases.some(({ api }) => GATEWAY_API.test(api));

/** Why the vendor's SDK cannot connect by TLS on newer versions of Python, in Python's words. */
const NO_CLIENT_SOCKET = 'Cannot create a client socket';

class History {
  readonly #heard = new Set<string>();
  readonly #subscribed = new Map<string, unknown>();
  readonly #injected = new Set<string>();
  readonly #rules = new Map<string, DeviceRule>();
  #weekday: number | undefined;
  #isWithoutTls = false;

  /** Members for a case, whose own callbacks and subscriptions count, and whose downlinks do not yet. */
  membersFor(recorded: Case): Record<string, unknown> {
    for (const { name } of (recorded['callbacks'] ?? []) as { name: string }[]) this.#heard.add(name.split('.')[0] ?? name);
    for (const entry of (recorded['subscribes'] ?? []) as { topic: string }[]) if (!entry.topic.includes('/sys/')) this.#subscribed.set(entry.topic, entry);
    for (const { payload } of (recorded['publishes'] ?? []) as { payload: unknown }[]) for (const event of eventsIn(payload)) this.#weekday = weekdayOf(event) ?? this.#weekday;
    this.#isWithoutTls = recorded.api === 'connect' ? JSON.stringify(recorded['logs'] ?? '').includes(NO_CLIENT_SOCKET) : this.#isWithoutTls;
    const members = { heard: [...this.#heard], subscribed: [...this.#subscribed.values()], injected: [...this.#injected], rules: [...this.#rules.values()], withoutTls: this.#isWithoutTls, ...(this.#weekday === undefined ? {} : { weekday: this.#weekday }) };
    if (recorded.api === 'disconnect') this.#isWithoutTls = false;
    for (const { payload } of injectionsOf(recorded)) for (const event of eventsIn(payload)) this.#inject(event);
    return members;
  }

  #inject({ event_type: type, paras }: Event): void {
    if (type !== undefined) this.#injected.add(type);
    if (type !== 'device_rule_config_response') return;
    for (const rule of paras?.rulesInfos ?? []) {
      const known = this.#rules.get(rule.ruleId)?.ruleVersionInShadow ?? -1;
      if ((rule.ruleVersionInShadow ?? 0) > known) this.#rules.set(rule.ruleId, rule);
    }
  }
}

/**
 * Cases with what the program had done by then. `heard`: its listeners; `subscribed`: its custom topics; `injected`: the events that were sent to it before; `rules`: the device-side rules that it
 * had been given, the newest of each; `device`: who it was, and `gateway`: whether it was one (Huawei); `withoutTls`: its TLS could not be used when it connected last (Tencent); `weekday`: of the day on which it was recorded, 1 for Sunday to 7 for Saturday, as far as its own events tell.
 */
export function withHistory(cases: readonly Case[]): Case[] {
  const histories = new Map<string, History>();
  const programs = new Map([...byScenario(cases)].map(([key, own]) => [key, { device: deviceIn(own), gateway: isGateway(own) }]));
  return cases.map((recorded) => {
    const key = scenarioOf(recorded);
    const history = histories.get(key) ?? new History();
    histories.set(key, history);
    return { ...recorded, ...history.membersFor(recorded), ...programs.get(key) };
  });
}

/** When a scenario was recorded, as far as its own events tell: rules of a device look at the day and the hour. */
export function startIn(cases: readonly Case[]): number | undefined {
  for (const each of cases) {
    for (const { payload } of (each['publishes'] ?? []) as { payload: unknown }[]) {
      for (const event of eventsIn(payload)) {
        const start = instantOf(event);
        if (start !== undefined) return start;
      }
    }
  }
  return undefined;
}

function eventsIn(payload: unknown): readonly Event[] {
  const services = (payload as { readonly services?: unknown } | null | undefined)?.services;
  return Array.isArray(services) ? services.filter((each): each is Event => typeof each === 'object' && each !== null) : [];
}

function weekdayOf(event: Event): number | undefined {
  const instant = instantOf(event);
  return instant === undefined ? undefined : new Date(instant).getUTCDay() + 1;
}

/** Only what the SDK tells by itself has the time at which it was told. */
function instantOf({ service_id: service, event_time: at }: Event): number | undefined {
  const instant = typeof at === 'string' && service?.startsWith('$') === true ? Date.parse(at) : Number.NaN;
  return Number.isNaN(instant) ? undefined : instant;
}
