import fc from 'fast-check';
import type { JsonObject, JsonValue } from './json.ts';
import { isTopicLevel } from './topic.ts';
import type { Message, Op } from './vocabulary.ts';

/** What a dialect can express, per operation: the law `decode(encode(m)) = m` holds for every message made here. */
export type Messages = { readonly [K in Op]?: fc.Arbitrary<Message<K>> };

/** Names that a careless program trips over. */
const TRAPS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'method', 'clientToken', 'code', 'services', 'length', '0', ' ', '\u2028', '\ud800', '\u0000', '{a}', '$'];

export const text = fc.oneof({ weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) }, { weight: 1, arbitrary: fc.constantFrom('', ...TRAPS) });
/** `""` means "not given" on both clouds, so an optional member never holds it. */
export const given = text.filter((value) => value !== '');
/** An id or a device name stands in a topic, where `+ # /` and control characters would change its meaning. */
export const level = fc.oneof(fc.uuid(), given.filter(isTopicLevel));

const object = (values: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonObject> => fc.array(fc.tuple(text, values), { maxLength: 5 }).map((members): JsonObject => Object.fromEntries(members));
/** A number as it is read back: not -0, which JSON.stringify writes as 0, and a bigint for what is written as an integer that no number holds. */
const asRead = (value: number): number | bigint => (Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21 ? BigInt(value) : value + 0);
/** An integer that no number holds. */
const wide = fc.oneof(fc.bigInt({ min: 2n ** 53n, max: 2n ** 200n }), fc.bigInt({ min: -(2n ** 200n), max: -(2n ** 53n) }));
/** Any JSON value. */
const { json } = fc.letrec<{ json: JsonValue }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(asRead),
    fc.maxSafeInteger(),
    wide,
    fc.array(tie('json'), { maxLength: 4 }),
    object(tie('json')),
  ),
}));
export const anyJson = json;
export const values = object(json);

export const code = fc.oneof(fc.constantFrom(0, 1, -1, 406), fc.maxSafeInteger());
export const integer = fc.maxSafeInteger();
export const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Uint8Array.from(array));
/** Plain objects: fast-check's own may have no prototype, which no decoder makes. */
export const record = <T extends object, K extends keyof T>(model: { [N in keyof T]: fc.Arbitrary<T[N]> }, requiredKeys: K[]) => fc.record<T, K>(model, { requiredKeys, noNullPrototype: true });
