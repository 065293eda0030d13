import * as v from 'valibot';
import { row } from '../dialect.ts';
import { isJsonObject, parseExact, type JsonObject } from '../json.ts';
import { once } from '../once.ts';
import { absent, defined, integer, jsonObject, members } from '../wire.ts';
import type { DeviceRule, RuleAction, RuleCondition } from '../vocabulary.ts';
import { eventDown, eventUp, received, sent, systemTags } from './event-envelope.ts';

const SERVICE = '$device_rule';

/** Text without the single quotes that some rules carry around it: names and paths have none. */
const plainText = once(() => v.pipe(v.string(), v.transform((text) => (/^'.*'$/s.test(text) && text.length > 1 ? text.slice(1, -1) : text))));

/** A value that is text by the document, and a number or a truth value in the rules of careless programs. */
const looseText = once(() => v.union([plainText(), v.pipe(v.union([v.number(), v.boolean()]), v.transform(String))]));

/** Days of the week, `"1,2,3"`. */
const days = once(() => v.union([
  v.pipe(v.string(), v.regex(/^\s*\d{1,4}\s*(?:,\s*\d{1,4}\s*)*$/, 'days are expected, for example "1,2,7"'), v.transform((text) => text.split(',').map(Number))),
  v.array(integer),
]));

/** An object, or the text of one: in JSON, or with the quotes and words of Python. */
const body = once(() => v.union([jsonObject, v.pipe(v.string(), v.transform(readObject), jsonObject)]));

function readObject(text: string): JsonObject | undefined {
  for (const each of [text, fromPython(text)]) {
    try {
      const value = parseExact(each);
      if (isJsonObject(value)) return value;
    } catch {
      // Neither is an error by itself.
    }
  }
  return undefined;
}

const WORDS: Readonly<Record<string, string>> = { True: 'true', False: 'false', None: 'null' };

function fromPython(text: string): string {
  return text.replace(/'((?:[^'\\]|\\.)*)'|"(?:[^"\\]|\\.)*"|\b(?:True|False|None)\b/gs, (match: string, single: string | undefined) =>
    single === undefined ? (WORDS[match] ?? match) : `"${single.replace(/\\'/g, "'").replace(/(?<!\\)"/g, '\\"')}"`,
  );
}

const condition = once(() => members({
  type: absent(v.string()),
  deviceInfo: absent(members({ deviceId: absent(plainText()), path: absent(plainText()) })),
  operator: absent(v.string()),
  value: absent(looseText()),
  inValues: absent(v.array(looseText())),
  time: absent(v.string()),
  daysOfWeek: absent(days()),
  startTime: absent(v.string()),
  repeatInterval: absent(integer),
  repeatCount: absent(integer),
}));

const action = once(() => members({
  type: absent(v.string()),
  status: absent(v.string()),
  deviceId: absent(plainText()),
  command: absent(members({ serviceId: absent(plainText()), commandName: absent(plainText()), commandBody: absent(body()) })),
}));

const info = once(() => members({
  ruleId: v.string(),
  ruleName: absent(v.string()),
  logic: absent(v.string()),
  status: absent(v.string()),
  ruleVersionInShadow: absent(integer),
  timeRange: absent(members({ startTime: absent(v.string()), endTime: absent(v.string()), daysOfWeek: absent(days()) })),
  conditions: absent(v.array(condition())),
  actions: absent(v.array(action())),
}));

/** `active` and `inactive` for rules, `enable` for actions; the golden transcripts have `active` for both. */
const isOn = (status: string | undefined): boolean => status === undefined || !/^(?:inactive|disabled?)$/i.test(status);

const KINDS = { DEVICE_DATA: 'data', DAILY_TIMER: 'daily', SIMPLE_TIMER: 'interval' } as const;

function readCondition(each: v.InferOutput<ReturnType<typeof condition>>): RuleCondition {
  const { type = '' } = each;
  switch (type) {
    case 'DEVICE_DATA':
      return defined({ kind: KINDS[type], device: each.deviceInfo?.deviceId, path: each.deviceInfo?.path, operator: each.operator, value: each.value, values: each.inValues });
    case 'DAILY_TIMER':
      return defined({ kind: KINDS[type], time: each.time, days: each.daysOfWeek });
    case 'SIMPLE_TIMER':
      return defined({ kind: KINDS[type], start: each.startTime, everySeconds: each.repeatInterval, count: each.repeatCount });
    default:
      return { kind: 'unknown', type };
  }
}

function writeCondition(each: RuleCondition): v.InferInput<ReturnType<typeof condition>> {
  switch (each.kind) {
    case 'data':
      return defined({ type: 'DEVICE_DATA', deviceInfo: defined({ deviceId: each.device, path: each.path }), operator: each.operator, value: each.value, inValues: each.values });
    case 'daily':
      return defined({ type: 'DAILY_TIMER', time: each.time, daysOfWeek: each.days?.join(',') });
    case 'interval':
      return defined({ type: 'SIMPLE_TIMER', startTime: each.start, repeatInterval: each.everySeconds, repeatCount: each.count });
    default:
      return { type: each.type };
  }
}

const readAction = (each: v.InferOutput<ReturnType<typeof action>>): RuleAction =>
  defined({ type: each.type, isEnabled: isOn(each.status), device: each.deviceId, service: each.command?.serviceId, name: each.command?.commandName, args: each.command?.commandBody });

const writeAction = ({ type, isEnabled, device, service, name, args }: RuleAction) =>
  defined({
    type,
    status: isEnabled ? 'enable' : 'disable',
    deviceId: device,
    command: service === undefined && name === undefined && args === undefined ? undefined : defined({ serviceId: service, commandName: name, commandBody: args }),
  });

function readRule({ ruleId: id, ruleName: name, ruleVersionInShadow: version, timeRange, ...rest }: v.InferOutput<ReturnType<typeof info>>): DeviceRule {
  const window = timeRange === undefined ? undefined : defined({ from: timeRange.startTime, to: timeRange.endTime, days: timeRange.daysOfWeek });
  return { ...defined({ id, name, version, logic: rest.logic, window }), isActive: isOn(rest.status), conditions: (rest.conditions ?? []).map(readCondition), actions: (rest.actions ?? []).map(readAction) };
}

const writeRule = ({ id, name, version, isActive, logic, window, conditions, actions }: DeviceRule) =>
  defined({
    ruleId: id,
    ruleName: name,
    logic,
    status: isActive ? 'active' : 'inactive',
    timeRange: window === undefined ? undefined : defined({ startTime: window.from, endTime: window.to, daysOfWeek: window.days?.join(',') }),
    conditions: conditions.map(writeCondition),
    actions: actions.map(writeAction),
    ruleVersionInShadow: version,
  });

/** Rules that a device runs itself (reference 10). */
export const ruleRows = () => ({
  'rule.request': row<'rule.request'>()({
    ...eventUp,
    tag: systemTags(SERVICE, 'device_rule_config_request'),
    clause: 'huawei 10.1',
    wire: () => members({ ruleIds: absent(v.array(v.string())), delIds: absent(v.array(v.string())) }),
    encode: (m) => ({ ...sent(m, 'up'), body: { ruleIds: [...m.body.rules], delIds: [...m.body.removed] } }),
    decode: (f) => ({ ...received(f), body: { rules: f.body.ruleIds ?? [], removed: f.body.delIds ?? [] } }),
  }),

  'rule.deliver': row<'rule.deliver'>()({
    ...eventDown,
    tag: systemTags(SERVICE, 'device_rule_config_response'),
    clause: 'huawei 10.1',
    wire: () => members({ rulesInfos: absent(v.array(info())) }),
    // What is read tolerantly is written as one of its forms.
    encode: (m) => ({ ...sent(m, 'down'), body: { rulesInfos: m.body.rules.map(writeRule) as unknown as v.InferOutput<ReturnType<typeof info>>[] } }),
    decode: (f) => ({ ...received(f), body: { rules: (f.body.rulesInfos ?? []).map(readRule) } }),
  }),
}) as const;
