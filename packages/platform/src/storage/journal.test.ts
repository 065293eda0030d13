import { expect, it } from 'vitest';
import { Database } from './database.ts';
import { Journal, type Operation } from './journal.ts';
import { migrate } from './schema.ts';
import { Folder } from './storage.fixtures.ts';

it('reads back every operation of every turn, with every digit and every name', () => {
  using folder = new Folder();
  const database = new Database({ file: folder.file('lianyun.db') });
  try {
    migrate(database);
    const values = Object.fromEntries([['__proto__', { constructor: 2n ** 63n - 1n }], ['x', -(2n ** 53n) - 1n], ['y', 2 ** 53 - 1]] as const);
    const turns: readonly (readonly Operation[])[] = [
      [['report', 'huawei', '__proto__', 7, [{ service: 's', values }]], ['forget', 'tencent', 'P/d', 8, null]],
      [['desire', 'tencent', 'P/d', 9, [{ values: { n: 2n ** 64n } }]]],
    ];
    const journal = new Journal(database);
    let last = 0;
    for (const operations of turns) {
      for (const operation of operations) journal.add(operation);
      journal.append((last += operations.length));
    }
    expect([...new Journal(database).replay()]).toEqual(turns.flat().map((operation, index) => [index + 1, operation]));
  } finally {
    database.close();
  }
});
