// Bundles what devices install. A device loads what a connection over TCP needs in one file, and whatever else when it is first used: an ES module can load another only in a
// function that waits, so what is loaded is CommonJS, behind an ES module for every entry.
import { transform } from 'esbuild';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';
import { isExternal, sourcesOf } from './workspace.mjs';

/** Resolves with the files that went into it. */
export async function bundleForDevices({ root, cwd, entries, external, target }) {
  const bundle = await rollup({
    input: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, path.join(cwd, file)])),
    external: isExternal(external),
    plugins: [late(path.join(cwd, 'src/load-late.ts')), sources(await sourcesOf(root), target), short(target)],
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  const dist = path.join(cwd, 'dist');
  // What an earlier build left has other names.
  await rm(dist, { recursive: true, force: true });
  const options = {
    dir: dist,
    format: 'cjs',
    esModule: false,
    interop: 'default',
    entryFileNames: '[name].cjs',
    chunkFileNames: 'shared-[hash].cjs',
    hashCharacters: 'base36',
    hoistTransitiveImports: false,
  };
  // Everything that the first entry loads at its start goes into one file, though other entries need less: a file takes a device longer to find than to read.
  const first = Object.keys(entries)[0];
  const start = new Set(startOf((await bundle.generate(options)).output, `${first}.cjs`));
  const { output } = await bundle.write({ ...options, onlyExplicitManualChunks: true, manualChunks: (id) => (start.has(id) ? 'start' : undefined) });
  await bundle.close();
  for (const { isEntry, name, fileName, exports } of output) {
    if (isEntry) await writeFile(path.join(dist, `${name}.js`), `import entry from './${fileName}';\nexport const { ${exports.join(', ')} } = entry;\n`);
  }
  return output.flatMap(({ moduleIds = [] }) => moduleIds).filter((id) => !id.startsWith(LATE));
}

/** The modules in the files that a file has loaded before it runs. */
function startOf(output, fileName) {
  const { imports } = output.find((chunk) => chunk.fileName === fileName);
  return imports.flatMap((each) => [...(output.find((chunk) => chunk.fileName === each)?.moduleIds ?? []), ...(each.startsWith('shared-') ? startOf(output, each) : [])]);
}

const LATE = '\0late:';

/**
 * A module `x.late.ts` has functions only, and is loaded when the first of them is called, or some time after the start. Everything that imports it gets functions of the
 * same names instead, which do that; in the sources, in tests and in other bundles it is a module like any other. `list` is the module that keeps what loads them.
 */
function late(list) {
  return {
    name: 'late',
    async resolveId(name, importer, options) {
      if (!name.endsWith('.late.ts') || importer.startsWith(LATE)) return null;
      const { id } = await this.resolve(name, importer, { ...options, skipSelf: true });
      return { id: LATE + id, moduleSideEffects: true };
    },
    async load(id) {
      if (!id.startsWith(LATE)) return null;
      const file = id.slice(LATE.length);
      const { exports } = await this.load({ id: file });
      return [
        `import { late } from ${JSON.stringify(list)};`,
        'let loaded;',
        `const load = () => (loaded ??= import(${JSON.stringify(file)}));`,
        'late.push(load);',
        ...exports.map((name) => `export function ${name}(...args) { return load().${name}(...args); }`),
      ].join('\n');
    },
    /** Loads at once what an import() would load some time. */
    renderDynamicImport: ({ moduleId }) => (moduleId.startsWith(LATE) ? { left: 'require(', right: ')' } : null),
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle);
      for (const id of this.getModuleIds()) {
        // Only then is what the file exports what the module exports.
        if (id.endsWith('.late.ts') && !id.startsWith(LATE) && !chunks.some(({ facadeModuleId }) => facadeModuleId === id)) throw new Error(`${id} has no file of its own.`);
      }
    },
  };
}

/** Reads TypeScript, and finds packages: our own by their sources, others as Node.js does. */
function sources(own, target) {
  return {
    name: 'sources',
    resolveId(name, importer) {
      const id = path.isAbsolute(name) ? name : name.startsWith('.') ? path.resolve(path.dirname(importer), name) : (own[name] ?? fileURLToPath(import.meta.resolve(name)));
      // As our packages and valibot say of themselves: what nobody uses of a module need not be there.
      return { id, moduleSideEffects: false };
    },
    async load(file) {
      const text = await readFile(file, 'utf8');
      return file.endsWith('.ts') ? transform(text, { loader: 'ts', target, sourcefile: file, tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } } }) : text;
    },
  };
}

/** Says what is wrong where Node.js is too old for even the first line, as the options of a device do where it is only too old for them. It stands in the files that a program begins with. */
const OLD_NODE =
  'if(typeof process.getBuiltinModule!="function")throw Object.assign(new Error("lianyun needs Node.js 22.13 or newer; this program runs on "+process.version+"."),{name:"LianyunError",code:"unsupported"});\n';

/**
 * Makes it small; names stay and lines are short, so that a stack trace from far away can be read. Modules of Node.js are asked for in the one way that also works where
 * a program is bundled as an ES module, which has no require().
 */
function short(target) {
  return {
    name: 'short',
    // Not sooner: a line may end within a name that rollup has yet to put in.
    async generateBundle(_, output) {
      for (const file of Object.values(output)) {
        const { code } = await transform(file.code.replaceAll(/\brequire\(('node:[\w/]+')\)/g, 'process.getBuiltinModule($1)'), { minifySyntax: true, minifyWhitespace: true, lineLimit: 160, target, legalComments: 'inline' });
        // A text that goes on in the next line is legal, but bundlers that indent what they take in put spaces into it.
        file.code = (file.isEntry ? code.replace(/^"use strict";/, `$&${OLD_NODE}`) : code).replaceAll(/(?<!\\)((?:\\\\)*)\\\n/g, '$1');
      }
    },
  };
}
