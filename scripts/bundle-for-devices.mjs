// Bundles what devices install. A device loads what a connection over TCP needs in one file, whatever else is loaded on demand: rollup leaves what is loaded at the start
// in one piece, where esbuild makes a file of every part that something on demand shares with it.
import { transform } from 'esbuild';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';
import { isExternal, sourcesOf } from './workspace.mjs';

/** Resolves with the files that went into it. */
export async function bundleForDevices({ root, cwd, entries, external, target }) {
  const bundle = await rollup({
    input: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, path.join(cwd, file)])),
    external: isExternal(external),
    plugins: [sources(await sourcesOf(root), target), short(target)],
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  // What an earlier build left has other names.
  await rm(path.join(cwd, 'dist'), { recursive: true, force: true });
  const { output } = await bundle.write({ dir: path.join(cwd, 'dist'), format: 'es', sourcemap: true, sourcemapExcludeSources: true, chunkFileNames: 'shared-[hash].js', hashCharacters: 'base36', hoistTransitiveImports: false });
  await bundle.close();
  return output.flatMap(({ moduleIds = [] }) => moduleIds);
}

/** Reads TypeScript, and finds packages: our own by their sources, others as Node.js does. */
function sources(own, target) {
  return {
    name: 'sources',
    resolveId(name, importer) {
      if (path.isAbsolute(name)) return name;
      return name.startsWith('.') ? path.resolve(path.dirname(importer), name) : (own[name] ?? fileURLToPath(import.meta.resolve(name)));
    },
    async load(file) {
      const text = await readFile(file, 'utf8');
      return file.endsWith('.ts') ? transform(text, { loader: 'ts', target, sourcefile: file, sourcemap: true, tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } } }) : text;
    },
  };
}

/** Makes it small; names stay and lines are short, so that a stack trace from far away can be read. */
function short(target) {
  return {
    name: 'short',
    renderChunk: (code) => transform(code, { minifySyntax: true, minifyWhitespace: true, lineLimit: 160, target, format: 'esm', sourcemap: true, legalComments: 'inline' }),
  };
}
