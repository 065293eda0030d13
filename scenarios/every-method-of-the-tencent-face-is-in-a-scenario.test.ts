import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { QcloudExplorer } from 'lianyun/tencent';
import { describe, expect, it } from 'vitest';

/** The scenarios of programs that know nothing but the face. */
const files = (await readdir(import.meta.dirname)).filter((name) => /^a-tencent-(program|template)-.*\.test\.ts$/.test(name));
const texts = await Promise.all(files.map((name) => readFile(path.join(import.meta.dirname, name), 'utf8')));

function methodsOf(prototype: object): string[] {
  const above: object | null = Object.getPrototypeOf(prototype) as object | null;
  const own = Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { value }]) => (typeof value === 'function' && name !== 'constructor' ? [name] : []));
  return above === null || above === Object.prototype ? own : [...methodsOf(above), ...own];
}

describe('The scenarios of programs in the words of Tencent’s own SDK', () => {
  // What every program's device file and callbacks go through stands in support/tencent-program.ts.
  const ELSEWHERE = new Set(['registerMqttCallback', 'onProblem', 'noHandle']);

  it.each(methodsOf(QcloudExplorer.prototype).filter((name) => !ELSEWHERE.has(name)))('use %s against the platform', (name) => {
    expect(texts.some((text) => new RegExp(`\\b(explorer|hub)\\.${name}\\(`).test(text))).toBe(true);
  });

  it('make no device of their own beside it', () => {
    for (const [index, text] of texts.entries()) expect(/new Device\(|rig\.(online|device)\(/.test(text), files[index]).toBe(false);
  });
});
