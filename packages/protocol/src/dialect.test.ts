import { describe, expect, it } from 'vitest';
import { entriesOf } from './codec.ts';
import type { AnyDialect, Row } from './dialect.ts';
import { huawei } from './huawei/index.ts';
import { tencent } from './tencent/index.ts';
import { EXCHANGES, isRequest } from './vocabulary.ts';

const identityOf = (row: Row): string => `${row.direction} ${row.topic}`;

describe.each<AnyDialect>([huawei, tencent])('the rows of $name', (dialect) => {
  const rows = entriesOf(dialect);

  it.each([
    ['envelope, since the topic alone says how a document is opened', (row: Row) => row.envelope],
    ['way to be subscribed', (row: Row) => row.subscribe],
  ])('that share a topic share their %s', (_, of) => {
    const byTopic = new Map(rows.map(([, row]) => [identityOf(row), of(row)]));
    for (const [op, row] of rows) expect(of(row), op).toBe(byTopic.get(identityOf(row)));
  });

  it('have no direction, topic and tag in common', () => {
    const identities = rows.flatMap(([, row]) => [row.tag ?? ''].flat().map((tag) => `${identityOf(row)} ${tag}`));
    expect(new Set(identities).size).toBe(identities.length);
  });

  it('name the same clause as their dialect', () => {
    for (const [op, row] of rows) expect(row.clause, op).toMatch(new RegExp(`^${dialect.name} \\d`));
  });

  it('have an answer for every request, which goes the other way and is tied in the same manner', () => {
    for (const [op, row] of rows) {
      const answer = isRequest(op) ? EXCHANGES[op] : row.settledBy;
      if (answer === undefined) continue;
      const reply = dialect.rows[answer];
      expect(reply?.direction, op).toBe(row.direction === 'up' ? 'down' : 'up');
      expect(reply?.key === undefined, op).toBe(row.key === undefined);
    }
  });

  it('are subscribed on use only if they come down', () => {
    for (const [op, row] of rows) if (row.subscribe !== undefined) expect(row.direction, op).toBe('down');
  });
});
