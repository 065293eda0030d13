import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './support/program.ts';

interface Citation {
  readonly file: string;
  readonly names: readonly string[];
}

/** The tests that a document cites: `FILE`, then the names of its tests in quotes. A file without a folder is in scenarios/. */
function citationsOf(text: string): readonly Citation[] {
  return [...text.matchAll(/`([^`\s]+\.test\.ts)`((?:\s*"[^"]+")*)/g)].map(([, file = '', names = '']) => ({
    file: file.includes('/') ? file : `scenarios/${file}`,
    names: [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name),
  }));
}

/** What stands in the first argument of `it`, `describe` and their kin, as it is written; that of a long `each` begins a line with `])(`. */
const titlesOf = (source: string): string => [...source.matchAll(/^\s*(?:(?:it|describe\w*)(?:\.each\b.*)?|\]\))\(.*$/gm)].map(([line]) => line).join('\n');

describe('docs/fidelity.md', async () => {
  const text = await readFile(path.join(ROOT, 'docs/fidelity.md'), 'utf8');
  const citations = citationsOf(text);

  it('names tests for each line of both checklists', () => {
    for (const [cloud, count] of [['Huawei', 22], ['Tencent', 10]] as const) {
      const [, table = ''] = text.split(`| ${cloud} | What | Shown by |\n`);
      const lines = [...table.split('\n\n')[0]!.matchAll(/^\| (\d+) \| (?:[^|]+) \| (.+) \|$/gm)];
      expect(lines.map(([, number]) => Number(number))).toEqual(Array.from({ length: count }, (_, index) => index + 1));
      for (const [line, , shown = ''] of lines) expect(citationsOf(shown).some(({ names }) => names.length > 0) || /keepalive|follows with/.test(shown), line).toBe(true);
    }
  });

  it('names only files and folders that are there', () => {
    const folders = [...text.matchAll(/`((?:packages|scenarios|docs)\/[^`\s]*\/)`/g)].map(([, folder = '']) => folder);
    expect(citations.length).toBeGreaterThan(40);
    for (const file of [...citations.map((each) => each.file), ...folders]) expect(existsSync(path.join(ROOT, file)), file).toBe(true);
  });

  it('names only tests that are in their files', async () => {
    for (const { file, names } of citations) {
      const titles = titlesOf(await readFile(path.join(ROOT, file), 'utf8'));
      for (const name of names) expect(titles.includes(name), `${JSON.stringify(name)} in ${file}`).toBe(true);
    }
  });

  it('and docs/from-python.md, which has a line for each fault of the vendor’s that users suffer from, name only tests that are there', async () => {
    const python = await readFile(path.join(ROOT, 'docs/from-python.md'), 'utf8');
    const lines = [...(python.split('| 9.1 | Python | Here | Test |\n')[1] ?? '').matchAll(/^\| (\d+) \| .+ \| (.+) \|$/gm)];
    expect(lines.map(([, number]) => Number(number))).toEqual(Array.from({ length: 29 }, (_, index) => index + 1));
    for (const [line, , shown = ''] of lines) {
      expect(citationsOf(shown).some(({ names }) => names.length > 0), line).toBe(true);
      for (const { file, names } of citationsOf(shown)) {
        const titles = titlesOf(await readFile(path.join(ROOT, file), 'utf8'));
        for (const name of names) expect(titles.includes(name), `${JSON.stringify(name)} in ${file}`).toBe(true);
      }
    }
  });

  it('would notice a test that is not there', () => {
    expect(citationsOf('`a.test.ts` "one" "two", `packages/b.test.ts`; `c.ts`')).toEqual([{ file: 'scenarios/a.test.ts', names: ['one', 'two'] }, { file: 'packages/b.test.ts', names: [] }]);
    expect(titlesOf("  it.each([1])('one', () => {\n    expect('two').toBe(2);\n")).toBe("  it.each([1])('one', () => {");
  });
});
