// What npm runs in a package's directory before it packs it: dist/ made anew, with declarations, the licence and those of what is inlined.
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { buildPackage, TARGETS } from './build.mjs';
import { isExternal, sourcesOf } from './workspace.mjs';

const root = path.resolve(import.meta.dirname, '..');
const target = TARGETS.find(({ dir }) => path.resolve(root, 'packages', dir) === process.cwd());
if (target === undefined) throw new Error(`${process.cwd()} is no package of this workspace: run npm pack in one, or with --workspace.`);

await rm('dist', { recursive: true, force: true });
const { inlined } = await buildPackage(target);
// A command has nothing to declare.
if (JSON.parse(await readFile('package.json', 'utf8')).exports !== undefined) await declarations(target);
await cp(path.join(root, 'LICENSE'), 'LICENSE');
if (inlined.length > 0) await writeFile('dist/LICENSES.txt', (await Promise.all(inlined.map(licenceOf))).join('\n'));

/** One declaration file for each entry; what the JavaScript has inlined is inlined here as well. Where there are both forms of a module, the ES module declares what the other does. */
async function declarations({ entries, external, isForDevices = false }) {
  // Found by these paths they are part of the one program that is compiled; found through node_modules each of their files is foreign to it, and the plugin compiles a
  // program for each.
  const paths = Object.fromEntries(Object.entries(await sourcesOf(root)).map(([name, file]) => [name, [file]]));
  const bundle = await rollup({
    input: entries,
    external: isExternal(external),
    plugins: [dts({ tsconfig: path.join(root, 'tsconfig.json'), respectExternal: true, compilerOptions: { customConditions: ['@lianyun/source'], stripInternal: true, paths } })],
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  const ending = isForDevices ? 'd.cts' : 'd.ts';
  await bundle.write({ dir: 'dist', format: 'es', entryFileNames: `[name].${ending}`, chunkFileNames: `shared-[hash].${ending}` });
  await bundle.close();
  if (isForDevices) await Promise.all(Object.keys(entries).map((name) => writeFile(`dist/${name}.d.ts`, `export * from './${name}.cjs';\n`)));
}

/** Name, version and licence text of a package in node_modules. */
async function licenceOf(directory) {
  const { name, version } = JSON.parse(await readFile(path.join(directory, 'package.json'), 'utf8'));
  for (const file of ['LICENSE', 'LICENSE.md', 'license', 'LICENCE']) {
    const text = await readFile(path.join(directory, file), 'utf8').catch(() => undefined);
    if (text !== undefined) return `${name} ${version}\n\n${text}\n`;
  }
  throw new Error(`${name} ${version} is inlined and has no licence file.`);
}
