// Bundles every package to dist/, one file per entry. The published `lianyun` carries @lianyun/protocol and valibot inside.
import { build } from 'esbuild';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const targets = [
  { dir: 'protocol', entries: { index: 'src/index.ts', mqtt: 'src/mqtt/index.ts', testing: 'src/testing/index.ts' }, external: ['valibot'] },
  { dir: 'device', entries: { index: 'src/index.ts' }, external: ['ws'] },
  { dir: 'platform', entries: { index: 'src/index.ts' }, external: ['fastify', '@lianyun/protocol', '@lianyun/protocol/*'] },
  { dir: 'cli', entries: { main: 'src/main.ts' }, external: ['commander', 'lianyun', '@lianyun/platform'] },
];

await Promise.all(
  targets.map(({ dir, entries, external }) => {
    const cwd = path.join(root, 'packages', dir);
    const present = Object.entries(entries).filter(([, file]) => existsSync(path.join(cwd, file)));
    return build({
      absWorkingDir: cwd,
      entryPoints: Object.fromEntries(present),
      outdir: 'dist',
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node22.13',
      conditions: ['@lianyun/source'],
      external,
      sourcemap: true,
      sourcesContent: false,
      legalComments: 'linked',
      logLevel: 'warning',
    });
  }),
);
