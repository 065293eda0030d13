// Bundles every package to dist/, one file per entry. The published `lianyun` carries @lianyun/protocol and valibot inside.
import { build } from 'esbuild';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleForDevices } from './bundle-for-devices.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const NODE = 'node22.13';

/** Every package: its entries, and what is not inlined. */
export const TARGETS = [
  { dir: 'protocol', entries: { index: 'src/index.ts', mqtt: 'src/mqtt/index.ts', testing: 'src/testing/index.ts' }, external: ['valibot'] },
  { dir: 'device', entries: { index: 'src/index.ts', huawei: 'src/huawei/index.ts', tencent: 'src/tencent/index.ts' }, external: ['ws'], isForDevices: true },
  { dir: 'platform', entries: { index: 'src/index.ts' }, external: ['asn1js', 'fastify', 'valibot', 'ws', '@lianyun/protocol', '@lianyun/protocol/*'] },
  { dir: 'cli', entries: { main: 'src/main.ts', sampler: 'src/tour/sampler.ts' }, external: ['commander', 'lianyun', '@lianyun/platform'] },
];

/** Bundles one package. `inlined`: the directories of the packages of others that are inside. */
export async function buildPackage({ dir, entries, external, isForDevices = false }) {
  const cwd = path.join(root, 'packages', dir);
  const inputs = isForDevices ? await bundleForDevices({ root, cwd, entries, external, target: NODE }) : await bundle({ cwd, entries, external });
  return { inlined: [...new Set(inputs.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []))] };
}

/** Resolves with the files that went into it. */
async function bundle({ cwd, entries, external }) {
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
    target: NODE,
    conditions: ['@lianyun/source'],
    external,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'linked',
    metafile: true,
    logLevel: 'warning',
  });
  return Object.keys(metafile.inputs).map((file) => path.resolve(cwd, file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await Promise.all(TARGETS.map(buildPackage));
