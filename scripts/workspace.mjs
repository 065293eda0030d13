// How the packages of this workspace find each other, for what bundles them.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** Whether an import stays one: of a built-in, and of what `external` names. */
export function isExternal(external) {
  return (name) => name.startsWith('node:') || external.some((each) => (each.endsWith('/*') ? name.startsWith(each.slice(0, -1)) : name === each));
}

/** The source of every entry of every package, by the name that it is imported with. */
export async function sourcesOf(root) {
  const found = {};
  for (const dir of await readdir(path.join(root, 'packages'))) {
    const { name, exports = {} } = JSON.parse(await readFile(path.join(root, 'packages', dir, 'package.json'), 'utf8'));
    for (const [subpath, target] of Object.entries(exports)) found[path.posix.join(name, subpath)] = path.join(root, 'packages', dir, target['@lianyun/source']);
  }
  return found;
}
