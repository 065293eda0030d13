import fc from 'fast-check';
import type { JsonObject, JsonValue } from './json.ts';
import { isTopicLevel } from './topic.ts';
import type { Message, Op, PropertyGroup } from './vocabulary.ts';

/** What a dialect can express, per operation: the law `decode(encode(m)) = m` holds for every message made here. */
export type Messages = { readonly [K in Op]?: fc.Arbitrary<Message<K>> };

/** Names that a careless program trips over. */
const TRAPS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'method', 'clientToken', 'code', 'services', 'length', '0', ' ', '\u2028', '\ud800', '\u0000', '{a}', '$'];

const text = fc.oneof({ weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) }, { weight: 1, arbitrary: fc.constantFrom('', ...TRAPS) });
/** `""` means "not given" on both clouds, so an optional member never holds it. */
const given = text.filter((value) => value !== '');
/** An id or a device name stands in a topic, where `+ # /` and control characters would change its meaning. */
const level = fc.oneof(fc.uuid(), given.filter(isTopicLevel));

const object = (values: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonObject> => fc.array(fc.tuple(text, values), { maxLength: 5 }).map((members): JsonObject => Object.fromEntries(members));
/** Any JSON value; not -0, which JSON.stringify writes as 0. */
const { json } = fc.letrec<{ json: JsonValue }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    fc.maxSafeInteger(),
    fc.array(tie('json'), { maxLength: 4 }),
    object(tie('json')),
  ),
}));
export const anyJson = json;
const values = object(json);

const code = fc.oneof(fc.constantFrom(0, 1, -1, 406), fc.maxSafeInteger());
const failure = code.filter((value) => value !== 0);
/** Plain objects: fast-check's own may have no prototype, which no decoder makes. */
const record = <T extends object, K extends keyof T>(model: { [N in keyof T]: fc.Arbitrary<T[N]> }, requiredKeys: K[]) => fc.record<T, K>(model, { requiredKeys, noNullPrototype: true });

/**
 * Huawei cannot express: a group without a service; times outside the years 0 to 9999; a result for another device than the
 * connected one (it names the gateway only, 9.1); a text together with success or output, or output that is only an `error`
 * text of a failure (4.2); the id of a report; when a command was called; `""` for a service or a response name.
 */
function huaweiMessages(): Messages {
  const at = fc.oneof(fc.constantFrom(0, 1), fc.integer({ min: Date.parse('0000-01-01T00:00:00Z'), max: Date.parse('9999-12-31T23:59:59.999Z') }));
  const group = record<Required<PropertyGroup>, 'service' | 'values'>({ service: text, values, at }, ['service', 'values']);
  const groups = fc.array(group, { maxLength: 4 });
  const own = <B>(body: fc.Arbitrary<B>) => level.chain((device) => fc.record({ device: fc.constant(device), via: fc.constant(device), id: level, body }, { noNullPrototype: true }));
  const sent = <B>(body: fc.Arbitrary<B>) => fc.record({ device: fc.oneof(level, given), via: level, id: level, body }, { noNullPrototype: true });
  return {
    'property.report': own(record({ groups }, ['groups'])).map(({ device, via, body }) => ({ device, via, body })),
    'property.set': sent(record({ groups }, ['groups'])),
    'property.set.result': own(record({ code, text: given }, ['code'])),
    'property.get': sent(record({ service: given }, [])),
    'property.get.result': own(record({ groups }, ['groups'])),
    'command.invoke': sent(record({ service: given, name: text, args: values }, ['name', 'args'])),
    'command.result': own(
      fc.oneof(
        record({ code: failure, name: given, text }, ['code', 'text']),
        record({ code, name: given, output: values }, ['code']).filter((body) => body.code === 0 || !isErrorOnly(body.output)),
      ),
    ),
  };
}

function isErrorOnly(output: JsonObject | undefined): boolean {
  return output !== undefined && Object.keys(output).length === 1 && typeof output['error'] === 'string';
}

/**
 * Tencent cannot express: services, so there is one group and one state without a name; times of single groups; a report before
 * March 1973 (its milliseconds look like seconds, 2.1); a call's time finer than a second, or 0, which means no clock (2.7); a result of a
 * command without output (`response` is mandatory, 2.7) or with a name; `""` for a text or a token.
 */
function tencentMessages(): Messages {
  const device = fc.tuple(level, level).map(([product, name]) => `${product}/${name}`);
  const sent = <B>(body: fc.Arbitrary<B>) => record({ device, via: device, id: given, body }, ['device', 'via', 'body']);
  const at = fc.integer({ min: 100_000_000_000, max: Number.MAX_SAFE_INTEGER });
  const seconds = fc.integer({ min: 1, max: 99_999_999_999 }).map((value) => value * 1000);
  const outcome = record({ code, text: given }, ['code']);
  const state = record({ reported: values, desired: values }, []);
  return {
    'property.report': sent(record({ values, at }, ['values']).map((group) => ({ groups: [group] }))),
    'property.report.ack': sent(outcome),
    'property.set': sent(values.map((each) => ({ groups: [{ values: each }] }))),
    'property.set.result': sent(outcome),
    'shadow.get': sent(record({ include: fc.constant('metadata' as const) }, [])),
    'shadow.state': sent(record({ code, text: given, services: fc.array(state, { maxLength: 1 }) }, ['code', 'services'])),
    'shadow.clear': sent(fc.constant({})),
    'shadow.cleared': sent(outcome),
    'command.invoke': sent(record({ name: text, args: values, at: seconds }, ['name', 'args'])),
    'command.result': sent(record({ code, text: given, output: values }, ['code', 'output'])),
  };
}

/** Generators of the messages of each dialect. */
export const MESSAGES: Readonly<Record<'huawei' | 'tencent', Messages>> = { huawei: huaweiMessages(), tencent: tencentMessages() };
