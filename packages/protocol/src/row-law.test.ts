import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyJson, bytes } from './arbitraries.fixtures.ts';
import { Codec, entriesOf } from './codec.ts';
import { ANY_TAG, type AnyDialect, type Row } from './dialect.ts';
import { plain, type Payload } from './envelope.ts';
import type { LianyunError } from './errors.ts';
import { huaweiMessages } from './huawei/arbitraries.fixtures.ts';
import { huawei } from './huawei/index.ts';
import { isJsonObject, parseExact, stringifyExact } from './json.ts';
import { tencentMessages } from './tencent/arbitraries.fixtures.ts';
import { tencent } from './tencent/index.ts';
import { fillTemplate } from './topic.ts';
import type { Message, Op } from './vocabulary.ts';
import { fixturesIn, payloadOf } from './wire-fixtures.fixtures.ts';

const SLOTS = { deviceId: 'd1', requestId: 'r1', productId: 'ABCDE12345', deviceName: 'd1' };
const folder = (dialect: AnyDialect): URL => new URL(`../fixtures/${dialect.name}/`, import.meta.url);
const fixturesOf = (dialect: AnyDialect) => fixturesIn(readdirSync(folder(dialect)).map((file) => [file, readFileSync(new URL(file, folder(dialect)), 'utf8')]));
const MESSAGES = { huawei: huaweiMessages, tencent: tencentMessages };
const dialects: AnyDialect[] = [huawei, tencent];

describe.each(dialects)('the rows of $name', (dialect) => {
  const codec = new Codec(dialect);
  const files = fixturesOf(dialect);
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
  function readAnything(op: Op, topic: string, payload: Payload): void {
    const problems: LianyunError[] = [];
    const reads = codec.decode(codec.row(op).direction, { topic, payload, via: 'd1' }, (problem) => problems.push(problem));
    for (const read of reads) assert.equal(typeof (codec.row<Op>(read.op).key?.(read.message) ?? dialect.correlation(read.message)), 'string');
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
    fc.assert(fc.property(anyJson, (document) => readAnything(op, topic, stringifyExact(document))));
    for (const tag of typeof row.tag === 'object' ? row.tag : [row.tag ?? ANY_TAG]) {
      if (tag === ANY_TAG) continue;
      // What the envelope carries beside the body, around a body of any kind, and as a body that overrides it.
      fc.assert(fc.property(anyJson, anyJson, (id, body) => readAnything(op, topic, stringifyExact({ ...sealed(row, tag, body), ...(isJsonObject(body) ? body : {}), clientToken: id }))), { numRuns: 50 });
      fc.assert(fc.property(anyJson, (body) => readAnything(op, topic, stringifyExact(sealed(row, tag, body)))), { numRuns: 100 });
    }
  });

  it.each(entriesOf(dialect))('say where arbitrary text and bytes on the topic of %s is wrong', (op, row) => {
    const topic = fillTemplate(row.template, SLOTS);
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => readAnything(op, topic, text)));
    fc.assert(fc.property(bytes, (payload) => readAnything(op, topic, payload)));
  });

  it.each(entriesOf(dialect))('say where a changed %s is wrong', (op, row) => {
    const fixtures = files.get(op) ?? [];
    const topic = fillTemplate(row.template, SLOTS);
    fc.assert(
      fc.property(fc.constantFrom(...fixtures), fc.nat(), fc.option(anyJson, { nil: undefined }), ({ payload }, at, replacement) => readAnything(op, topic, written(changed(payload, at, replacement)))),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...fixtures), fc.nat(), (fixture, at) => {
        const payload = payloadOf(fixture);
        readAnything(op, topic, payload.slice(0, at % (payload.length + 1)));
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

const written = (document: unknown): string => (document === undefined ? '' : stringifyExact(document));

/** The document that an envelope makes around a body. */
function sealed(row: Row, tag: string, body: unknown): object {
  return parseExact(String((row.envelope ?? plain).seal({ tag, id: 't', body }))) as object;
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
