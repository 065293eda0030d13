// 9. What is installed: the packed package with all that it depends on at run time, unpacked.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const KIB = 1024;

export const size = {
  name: 'size',
  title: 'Size of what is installed',
  tables: [
    { title: 'installed with all dependencies, KiB', figure: 'kib' },
    { title: 'packages', figure: 'packages' },
    { title: 'files', figure: 'files' },
  ],
  ratios: [{ title: 'installed', figure: 'kib', pairs: [['ours', 'MQTT.js']] }],

  async prepare() {
    this.figures = { ours: packed('lianyun'), 'MQTT.js': installed('mqtt') };
    return [`Nothing moves here: every round gives the same. The tarball of lianyun has ${(this.figures.ours.tarball / KIB).toFixed(0)} KiB.`];
  },

  async round({ add }) {
    for (const [name, { bytes, packages, files }] of Object.entries(this.figures)) add(name, 'installed', { kib: bytes / KIB, packages, files });
  },
};

/** What npm would publish of a package of this workspace, which has no dependencies. */
function packed(name) {
  const text = execFileSync('npm', ['pack', '--workspace', name, '--dry-run', '--json'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [{ unpackedSize, entryCount, size: tarball }] = Object.values(JSON.parse(text.slice(text.search(/^[[{]/m))));
  return { bytes: unpackedSize, files: entryCount, packages: 1, tarball };
}

/** A package with all that it needs at run time, as npm ci laid it out here. */
function installed(name) {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const found = new Set();
  const visit = (at, wanted) => {
    // As Node.js looks: from the inside out.
    for (let base = at; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
      const key = `${base === '' ? '' : `${base}/`}node_modules/${wanted}`;
      if (packages[key] !== undefined) {
        if (found.has(key)) return;
        found.add(key);
        for (const each of Object.keys(packages[key].dependencies ?? {})) visit(key, each);
        return;
      }
      if (base === '') throw new Error(`${wanted}, which ${at} needs, is not in package-lock.json`);
    }
  };
  visit('', name);
  const files = [...found].flatMap((key) => filesOf(path.join(root, key)));
  return { bytes: files.reduce((sum, file) => sum + statSync(file).size, 0), files: files.length, packages: found.size };
}

/** The files of a package, without those of the packages in it. */
function filesOf(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesOf(file);
    return entry.isFile() ? [file] : [];
  });
}
