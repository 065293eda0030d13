import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Codec } from './codec.ts';
import type { AnyDialect } from './dialect.ts';
import { textOf, type Payload } from './envelope.ts';
import { readEventTime } from './huawei/event-time.ts';
import { huawei } from './huawei/index.ts';
import { isJsonObject } from './json.ts';
import { tencent } from './tencent/index.ts';
import type { Op } from './vocabulary.ts';
import { fixturesIn, payloadOf, type Fixture } from './wire-fixtures.fixtures.ts';

const folder = (dialect: AnyDialect): URL => new URL(`../fixtures/${dialect.name}/`, import.meta.url);
const fixturesOf = (dialect: AnyDialect) => fixturesIn(readdirSync(folder(dialect)).map((file) => [file, readFileSync(new URL(file, folder(dialect)), 'utf8')]));

/**
 * What a document says: of Huawei's, without the members that mean "not given", with times as instants and without the device where
 * it is the connected one.
 */
function meaning(dialect: AnyDialect, payload: Payload, via: string): unknown {
  const say = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(say);
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name, item]) => item !== null && item !== '' && !(name === 'object_device_id' && item === via))
        .map(([name, item]) => [name, name === 'event_time' && typeof item === 'string' ? readEventTime(item) : name === 'device_send_time' || name.startsWith('server_') ? Number(item) : say(item)]),
    );
  };
  try {
    const document = JSON.parse(textOf(payload)) as unknown;
    return dialect.name === 'huawei' ? say(document) : document;
  } catch {
    return Buffer.from(payload).toString('hex');
  }
}

describe.each<AnyDialect>([huawei, tencent])('the fixtures of $name', (dialect) => {
  const codec = new Codec(dialect);
  const files = fixturesOf(dialect);
  const read = (op: Op, { topic, via }: Fixture, payload: Payload) =>
    codec.decode(codec.row(op).direction, { topic, via, payload }, (problem) => {
      throw problem;
    });

  it('are there for every row, and for nothing else', () => {
    expect([...files.keys()].toSorted()).toEqual(Object.keys(dialect.rows).toSorted());
    for (const [op, fixtures] of files) expect(fixtures.length, op).toBeGreaterThan(0);
  });

  it('have names of their own and say where they were seen', () => {
    for (const [op, fixtures] of files) {
      expect(new Set(fixtures.map(({ name }) => name)).size, op).toBe(fixtures.length);
      for (const { source } of fixtures) expect(source).toMatch(/^(golden \S+|(huawei|tencent) \d.*)$/);
    }
  });

  const cases = [...files].flatMap(([op, fixtures]) => fixtures.map((fixture): [Op, string, Fixture] => [op, fixture.name, fixture]));

  it.each(cases)('%s is read: %s', (op, _, fixture) => {
    assert.deepStrictEqual(read(op, fixture, payloadOf(fixture)), [{ op, message: fixture.message }]);
  });

  it.each(cases)('%s is written to the same topic and means the same: %s', (op, _, fixture) => {
    const frame = codec.encode(op, fixture.message);
    expect(frame.topic).toBe(fixture.topic);
    assert.deepStrictEqual(read(op, fixture, frame.payload), [{ op, message: fixture.message }]);
  });

  it.each(cases.filter(([, , { source }]) => source.startsWith('golden ')))('%s is written as the vendor writes it: %s', (op, _, fixture) => {
    const ours = meaning(dialect, codec.encode(op, fixture.message).payload, fixture.via);
    const theirs = meaning(dialect, payloadOf(fixture), fixture.via);
    if (fixture.differs === undefined) assert.deepStrictEqual(ours, theirs);
    else assert.notDeepStrictEqual(ours, theirs, 'differs no longer');
  });
});
