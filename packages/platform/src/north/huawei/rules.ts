import { LianyunError, parseExact, stringifyExact, type DeviceRule, type JsonObject, type RuleAction, type RuleCondition } from '@lianyun/protocol';
import * as v from 'valibot';
import type { RuleDraft } from '../../rules/device-rules.ts';
import type { RuleRecord } from '../../rules/rule-records.ts';
import { absent, anyObject, object, oneOf, pageIn, pageOut, param, readBody, text, textIn, whole, type Answer, type Call } from './call.ts';
import { APP, timestamp } from './shapes.ts';

const STATUSES = ['active', 'inactive'] as const;
const OPERATORS = ['>', '>=', '<', '<=', '=', 'between', 'in'] as const;
const time = v.pipe(v.string('a string is expected'), v.regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'HH:mm is expected'));
const days = v.pipe(v.string('a string is expected'), v.regex(/^[1-7](?:,[1-7])*$/, 'days from 1 (Sunday) to 7 (Saturday) are expected, for example "1,2,7"'));
const instant = v.pipe(v.string('a string is expected'), v.regex(/^(?:\d{8}T\d{6}Z|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)$/, "yyyyMMdd'T'HHmmss'Z' is expected"));

const filter = object({ path: text(128), operator: oneOf(OPERATORS), value: absent(text(64)), in_values: absent(v.array(text(64), 'an array is expected')), strategy: absent(text(32)) });

const condition = v.variant('type', [
  v.object({ type: v.literal('DEVICE_DATA'), device_property_condition: object({ device_id: absent(text(128)), product_id: absent(text(36)), filters: v.pipe(v.array(filter, 'an array is expected'), v.minLength(1, 'at least one is expected')) }) }),
  v.object({ type: v.literal('DAILY_TIMER'), daily_timer_condition: object({ time, days_of_week: absent(days) }) }),
  v.object({ type: v.literal('SIMPLE_TIMER'), simple_timer_condition: object({ start_time: instant, repeat_interval: absent(whole(1, 525_600)), repeat_count: absent(whole(1, 9999)) }) }),
]);

const action = object({
  type: v.literal('DEVICE_CMD', 'a rule of devices does DEVICE_CMD'),
  device_command: object({ device_id: absent(text(128)), cmd: object({ service_id: absent(text(64)), command_name: text(128), command_body: absent(anyObject) }) }),
});

const ruleSchema = object({
  name: text(128),
  description: absent(text(256)),
  condition_group: object({
    conditions: v.pipe(v.array(condition, 'an array is expected'), v.minLength(1, 'at least one is expected'), v.maxLength(10, 'at most 10 are expected')),
    logic: absent(oneOf(['and', 'or'])),
    time_range: absent(object({ start_time: time, end_time: time, days_of_week: absent(days) })),
  }),
  actions: v.pipe(v.array(action, 'an array is expected'), v.minLength(1, 'at least one is expected'), v.maxLength(10, 'at most 10 are expected')),
  rule_type: v.literal('DEVICE_SIDE', 'this platform has rules that devices run themselves: DEVICE_SIDE'),
  status: absent(oneOf(STATUSES)),
  app_id: absent(text(36)),
  device_side: absent(object({ device_ids: absent(v.array(text(128), 'an array is expected')), device_id: absent(text(128)) })),
});
type Body = v.InferOutput<typeof ruleSchema>;

/** POST /rules */
export function createRule(call: Call): Answer {
  return ruleBody(call.context.huawei.rules.create(draftOf(call)));
}

/** GET /rules */
export function listRules(call: Call): Answer {
  const type = textIn(call, 'rule_type');
  const appId = textIn(call, 'app_id');
  if (type !== undefined && type !== 'DEVICE_SIDE') return { rules: [], page: pageOut(call, [], 0) };
  const { items, total } = call.context.huawei.rules.list({ ...(type === undefined ? {} : { type }), ...(appId === undefined ? {} : { appId }) }, pageIn(call));
  return { rules: items.map(ruleBody), page: pageOut(call, items, total) };
}

/** GET /rules/{rule_id} */
export function showRule(call: Call): Answer {
  return ruleBody(call.context.huawei.rules.get(param(call, 'rule_id')));
}

/** PUT /rules/{rule_id} */
export function updateRule(call: Call): Answer {
  return ruleBody(call.context.huawei.rules.update(param(call, 'rule_id'), draftOf(call)));
}

/** DELETE /rules/{rule_id} */
export function deleteRule(call: Call): Answer {
  call.context.huawei.rules.remove(param(call, 'rule_id'));
  return undefined;
}

/** PUT /rules/{rule_id}/status */
export function changeRuleStatus(call: Call): Answer {
  const { status } = readBody(call, object({ status: oneOf(STATUSES) }));
  const { rule } = call.context.huawei.rules.setActive(param(call, 'rule_id'), status === 'active');
  return { status: rule.isActive ? 'active' : 'inactive' };
}

function draftOf(call: Call): RuleDraft {
  const body = readBody(call, ruleSchema);
  const { condition_group: group, actions, device_side: side, name, description } = body;
  const conditions = group.conditions.flatMap(conditionsOf);
  const named = side?.device_ids ?? (side?.device_id === undefined ? undefined : [side.device_id]);
  const devices = [...new Set(named ?? conditions.flatMap((each) => (each.kind === 'data' && each.device !== undefined ? [each.device] : [])))];
  if (devices.length === 0) throw new LianyunError('bad-input', 'Invalid input data. device_side.device_ids: at least one device is expected', { path: 'device_side.device_ids' });
  const range = group.time_range;
  const rule: Omit<DeviceRule, 'id' | 'version'> = {
    name,
    isActive: body.status !== 'inactive',
    logic: group.logic ?? 'and',
    ...(range === undefined ? {} : { window: { from: range.start_time, to: range.end_time, days: daysOf(range.days_of_week) } }),
    conditions,
    actions: actions.map(actionOf),
  };
  const wire = { condition_group: withoutUndefined(group), actions: actions.map(withoutUndefined) };
  return { type: 'DEVICE_SIDE', appId: body.app_id ?? APP.id, name, ...(description === undefined ? {} : { description }), wire: wire as unknown as JsonObject, rule, devices };
}

/** What was left out of JSON is not there; an integer keeps its digits. */
const withoutUndefined = <T>(value: T): T => parseExact(stringifyExact(value)) as T;

const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];
const daysOf = (list: string | undefined): readonly number[] => list?.split(',').map(Number) ?? EVERY_DAY;

/** One condition for each filter (14.10). */
function conditionsOf(each: Body['condition_group']['conditions'][number]): RuleCondition[] {
  if (each.type === 'DAILY_TIMER') return [{ kind: 'daily', time: each.daily_timer_condition.time, days: daysOf(each.daily_timer_condition.days_of_week) }];
  if (each.type === 'SIMPLE_TIMER') {
    const { start_time: start, repeat_interval: minutes, repeat_count: count = 1 } = each.simple_timer_condition;
    // Minutes here, seconds for the device.
    return [{ kind: 'interval', start: start.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3 $4:$5:$6'), count, everySeconds: (minutes ?? 0) * 60 }];
  }
  const { device_id: device, filters } = each.device_property_condition;
  return filters.map(({ path, operator, value, in_values: values }) => ({
    kind: 'data',
    ...(device === undefined ? {} : { device }),
    path,
    operator,
    ...(value === undefined ? {} : { value }),
    ...(values === undefined ? {} : { values }),
  }));
}

function actionOf({ type, device_command: { device_id: device, cmd } }: Body['actions'][number]): RuleAction {
  const { service_id: service, command_name: name, command_body: args = {} } = cmd;
  return { type, isEnabled: true, ...(device === undefined ? {} : { device }), ...(service === undefined ? {} : { service }), name, args };
}

function ruleBody({ id, name, description, type, appId, wire, rule, devices, updatedAt }: RuleRecord): object {
  return { rule_id: id, name, description, ...wire, rule_type: type, status: rule.isActive ? 'active' : 'inactive', app_id: appId, device_side: { device_ids: devices }, last_update_time: timestamp(updatedAt) };
}
