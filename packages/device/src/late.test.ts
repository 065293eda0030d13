import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const PACKAGES = path.resolve(import.meta.dirname, '../..');

const files = (await Promise.all(['device', 'protocol'].map(async (name) => (await readdir(path.join(PACKAGES, name, 'src'), { recursive: true })).filter((file) => file.endsWith('.late.ts')).map((file) => path.join(name, 'src', file))))).flat();

describe('A module that a device loads late', () => {
  it('is one of several', () => expect(files.length).toBeGreaterThan(5));

  // A function of the same name takes its place until then, and can stand for nothing else.
  it.each(files)('%s exports functions that can be called without new', async (file) => {
    const exported = Object.entries((await import(path.join(PACKAGES, file))) as Record<string, unknown>);
    expect(exported.length).toBeGreaterThan(0);
    expect(exported.filter(([, value]) => typeof value !== 'function' || String(value).startsWith('class')).map(([name]) => name)).toEqual([]);
  });
});
