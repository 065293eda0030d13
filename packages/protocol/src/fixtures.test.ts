import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Codec, entriesOf } from './codec.ts';
import type { AnyDialect } from './dialect.ts';
import { huawei } from './huawei/index.ts';
import { tencent } from './tencent/index.ts';
import type { Message, Op } from './vocabulary.ts';

/** A frame as somebody's platform or SDK really sends it, and the message it is. `source` says where it was seen. */
interface Fixture {
  readonly name: string;
  readonly source: string;
  readonly topic: string;
  readonly via: string;
  readonly payload: unknown;
  readonly message: Message;
}

const folder = (dialect: AnyDialect): URL => new URL(`../fixtures/${dialect.name}/`, import.meta.url);
const filesOf = (dialect: AnyDialect): Map<Op, readonly Fixture[]> =>
  new Map(readdirSync(folder(dialect)).map((file) => [file.replace(/[.]json$/, '') as Op, JSON.parse(readFileSync(new URL(file, folder(dialect)), 'utf8')) as Fixture[]]));

describe.each<AnyDialect>([huawei, tencent])('the fixtures of $name', (dialect) => {
  const codec = new Codec(dialect);
  const files = filesOf(dialect);
  const read = (op: Op, { topic, via }: Fixture, payload: string) =>
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
    assert.deepStrictEqual(read(op, fixture, JSON.stringify(fixture.payload)), [{ op, message: fixture.message }]);
  });

  it.each(cases)('%s is written to the same topic and means the same: %s', (op, _, fixture) => {
    const frame = codec.encode(op, fixture.message);
    expect(frame.topic).toBe(fixture.topic);
    assert.deepStrictEqual(read(op, fixture, String(frame.payload)), [{ op, message: fixture.message }]);
  });
});

describe('every dialect', () => {
  it('has one envelope for all rows of a topic, since the topic alone says how a document is opened', () => {
    for (const dialect of [huawei, tencent] as AnyDialect[]) {
      const envelopes = new Map<string, unknown>();
      for (const [op, row] of entriesOf(dialect)) {
        const known = envelopes.get(`${row.direction} ${row.topic}`);
        if (envelopes.has(`${row.direction} ${row.topic}`)) expect(row.envelope, op).toBe(known);
        envelopes.set(`${row.direction} ${row.topic}`, row.envelope);
      }
    }
  });

  it('has no two rows with the same direction, topic and tag', () => {
    for (const dialect of [huawei, tencent] as AnyDialect[]) {
      const identities = entriesOf(dialect).map(([, row]) => `${row.direction} ${row.topic} ${row.tag ?? ''}`);
      expect(new Set(identities).size).toBe(identities.length);
    }
  });
});
