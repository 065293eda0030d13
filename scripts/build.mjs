// Bundles every package to dist/, one file per entry. The published `lianyun` carries @lianyun/protocol and valibot inside.
import { build } from 'esbuild';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Every package: its entries, and what is not inlined. */
export const TARGETS = [
  { dir: 'protocol', entries: { index: 'src/index.ts', mqtt: 'src/mqtt/index.ts', testing: 'src/testing/index.ts' }, external: ['valibot'] },
  { dir: 'device', entries: { index: 'src/index.ts', huawei: 'src/huawei/index.ts', tencent: 'src/tencent/index.ts' }, external: ['ws'] },
  { dir: 'platform', entries: { index: 'src/index.ts' }, external: ['asn1js', 'fastify', 'valibot', 'ws', '@lianyun/protocol', '@lianyun/protocol/*'] },
  { dir: 'cli', entries: { main: 'src/main.ts', sampler: 'src/tour/sampler.ts' }, external: ['commander', 'lianyun', '@lianyun/platform'] },
];

/** Bundles one package. `inlined`: the directories of the packages of others that are inside. */
export async function buildPackage({ dir, entries, external }) {
  const cwd = path.join(root, 'packages', dir);
  const { metafile } = await build({
    absWorkingDir: cwd,
    entryPoints: entries,
    outdir: 'dist',
    // What two entries share is one thing in a program that uses both.
    splitting: Object.keys(entries).length > 1,
    chunkNames: 'shared-[hash]',
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22.13',
    conditions: ['@lianyun/source'],
    external,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'linked',
    // What devices install is small; names stay and lines are short, so that a stack trace from far away can be read.
    ...(dir === 'device' && { minifySyntax: true, minifyWhitespace: true, lineLimit: 160 }),
    metafile: true,
    logLevel: 'warning',
  });
  const inputs = Object.keys(metafile.inputs).flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path.resolve(cwd, file))?.[1] ?? []);
  return { inlined: [...new Set(inputs)] };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await Promise.all(TARGETS.map(buildPackage));
