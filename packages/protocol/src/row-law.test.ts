import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyJson, MESSAGES } from './arbitraries.fixtures.ts';
import { Codec, entriesOf } from './codec.ts';
import type { AnyDialect } from './dialect.ts';
import type { LianyunError } from './errors.ts';
import { huawei } from './huawei/index.ts';
import { isJsonObject } from './json.ts';
import { tencent } from './tencent/index.ts';
import { fillTemplate } from './topic.ts';
import type { Message, Op } from './vocabulary.ts';

const SLOTS = { deviceId: 'd1', requestId: 'r1', productId: 'ABCDE12345', deviceName: 'd1' };
const dialects: AnyDialect[] = [huawei, tencent];

describe.each(dialects)('the rows of $name', (dialect) => {
  const codec = new Codec(dialect);
  const arbitraries: { readonly [K in Op]?: fc.Arbitrary<Message> } = MESSAGES[dialect.name];
  const arbitraryOf = (op: Op): fc.Arbitrary<Message> => arbitraries[op] ?? fc.constant({ device: '', via: '', body: {} });

  it('have a generator each', () => {
    expect(Object.keys(arbitraries).toSorted()).toEqual(Object.keys(dialect.rows).toSorted());
  });

  it.each(entriesOf(dialect))('read back every %s that they wrote', (op, row) => {
    fc.assert(
      fc.property(arbitraryOf(op), (message) => {
        const frame = codec.encode(op, message);
        const problems: LianyunError[] = [];
        const reads = codec.decode(row.direction, { topic: frame.topic, payload: frame.payload, via: message.via }, (problem) => problems.push(problem));
        assert.deepStrictEqual(problems, []);
        assert.deepStrictEqual(reads, [{ op, message }]);
      }),
      { numRuns: 300 },
    );
  });

  /** Reads what may be anything: nothing is thrown, and every frame gives a message or a problem that says where. */
  function readAnything(op: Op, topic: string, text: string): void {
    const problems: LianyunError[] = [];
    const reads = codec.decode(codec.row(op).direction, { topic, payload: text, via: 'd1' }, (problem) => problems.push(problem));
    assert.ok(reads.length + problems.length > 0, 'the frame was dropped in silence');
    for (const problem of problems) {
      assert.ok(problem.code === 'bad-frame' || problem.code === 'unknown-message', problem.stack);
      assert.equal(problem.place.topic, topic);
      assert.ok(problem.message.includes(topic) || problem.place.path !== undefined, problem.message);
      if (problem.code === 'bad-frame') assert.match(problem.place.path ?? '', /^\$/);
    }
  }

  it.each(entriesOf(dialect))('say where an arbitrary document on the topic of %s is wrong', (op, row) => {
    const topic = fillTemplate(row.template, SLOTS);
    fc.assert(fc.property(anyJson, (document) => readAnything(op, topic, JSON.stringify(document))));
    if (row.tag !== undefined) fc.assert(fc.property(anyJson, anyJson, (clientToken, document) => readAnything(op, topic, JSON.stringify({ ...(isJsonObject(document) ? document : { params: document }), method: row.tag, clientToken }))));
  });

  it.each(entriesOf(dialect))('say where arbitrary text on the topic of %s is wrong', (op, row) => {
    const topic = fillTemplate(row.template, SLOTS);
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => readAnything(op, topic, text)));
  });

  it.each(entriesOf(dialect))('say where a changed %s is wrong', (op, row) => {
    const fixtures = fixturesOf(dialect, op);
    const topic = fillTemplate(row.template, SLOTS);
    fc.assert(
      fc.property(fc.constantFrom(...fixtures), fc.nat(), fc.option(anyJson, { nil: undefined }), (payload, at, replacement) => readAnything(op, topic, JSON.stringify(changed(payload, at, replacement)) ?? '')),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...fixtures), fc.nat(), (payload, at) => {
        const text = JSON.stringify(payload);
        readAnything(op, topic, text.slice(0, at % (text.length + 1)));
      }),
    );
  });

  it('report a topic that no row has', () => {
    for (const direction of ['up', 'down'] as const)
      fc.assert(
        fc.property(fc.string({ unit: 'binary' }), (topic) => {
          const problems: LianyunError[] = [];
          expect(codec.decode(direction, { topic, payload: '{}', via: 'd1' }, (problem) => problems.push(problem))).toEqual([]);
          expect(problems.map(({ code, place }) => [code, place.topic])).toEqual([['unknown-message', topic]]);
        }),
      );
  });
});

function fixturesOf(dialect: AnyDialect, op: Op): unknown[] {
  const folder = new URL(`../fixtures/${dialect.name}/`, import.meta.url);
  const file = readdirSync(folder).find((each) => each === `${op}.json`);
  assert.ok(file !== undefined, `${op} has no fixture`);
  return (JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { readonly payload: unknown }[]).map(({ payload }) => payload);
}

/** The document with its `at`th place replaced; undefined takes the member away. */
function changed(document: unknown, at: number, replacement: unknown): unknown {
  const paths: (readonly (string | number)[])[] = [];
  const collect = (value: unknown, path: readonly (string | number)[]): void => {
    paths.push(path);
    if (Array.isArray(value)) value.forEach((item, index) => collect(item, [...path, index]));
    else if (isJsonObject(value)) for (const [name, item] of Object.entries(value)) collect(item, [...path, name]);
  };
  collect(document, []);
  const target = paths[at % paths.length] ?? [];
  const rebuild = (value: unknown, path: readonly (string | number)[]): unknown => {
    const [head, ...rest] = path;
    if (head === undefined) return replacement;
    if (Array.isArray(value)) return value.map((item: unknown, index) => (index === head ? rebuild(item, rest) : item));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, name === head ? rebuild(item, rest) : item]));
  };
  return rebuild(document, target);
}
