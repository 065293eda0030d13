// A project that has our SDK as users get it: from the tarball.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const BENCH = fileURLToPath(new URL('./', import.meta.url));
const ROOT = path.resolve(BENCH, '..');

/**
 * Packs what lies in packages/device/dist and unpacks it in an empty project in `folder`, beside MQTT.js as it is installed and a copy of the programs of this
 * benchmark, which find both there. Returns the directory of the programs.
 */
export function packedProject(folder) {
  const text = execFileSync('npm', ['pack', '--workspace', 'lianyun', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [{ filename }] = Object.values(JSON.parse(text.slice(text.search(/^[[{]/m))));
  const installed = path.join(folder, 'node_modules/lianyun');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['--extract', '--file', path.join(folder, filename), '--directory', installed, '--strip-components=1']);
  symlinkSync(path.join(ROOT, 'node_modules/mqtt'), path.join(folder, 'node_modules/mqtt'));
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'empty', private: true }));
  cpSync(BENCH, path.join(folder, 'bench'), { recursive: true, filter: (source) => path.basename(source) !== 'results' });
  return path.join(folder, 'bench');
}
