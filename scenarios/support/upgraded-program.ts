// A program that installs what it is offered, for tests that end it at any moment; started again and again, as a supervisor does. The file `slot` names the version
// that a start runs. It takes one JSON argument, and says on stdout how far it is.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CLOUDS, type CloudName } from './clouds.ts';
import { asHuawei } from './upgrades.ts';

interface Orders {
  readonly cloud: CloudName;
  readonly server: string;
  readonly root: string;
  /** False: the new version fails its confirmation. */
  readonly isGood: boolean;
}

// The argument is the test's own.
const { cloud: name, server, root, isGood } = JSON.parse(process.argv[2] ?? '{}') as Orders;
const cloud = CLOUDS.find((each) => each.name === name);
if (cloud === undefined) throw new Error(`there is no cloud ${name}`);
const slot = path.join(root, 'slot');
const running = readFileSync(slot, 'utf8');
const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** The start after this one runs the version. */
function boot(version: string): void {
  writeFileSync(`${slot}.new`, version);
  // At once or not at all, as a boot loader's switch.
  renameSync(`${slot}.new`, slot);
}

const device = asHuawei(cloud.device(1, server));
let isEnding = false;
const end = async (): Promise<never> => {
  isEnding = true;
  await device.close({ drainMs: 2000 });
  process.exit(0);
};
const installation = device.ota.install({
  directory: path.join(root, 'ota'),
  download: { maxBackoffMs: 50 },
  apply({ version, file }) {
    // What is installed: a test compares it.
    writeFileSync(path.join(root, `installed-${version}`), readFileSync(file));
    boot(version);
    return end();
  },
  confirm() {
    if (!isGood) throw new Error('no light');
  },
  rollback({ from }) {
    if (running === from) return;
    boot(from);
    return end();
  },
});
installation.on('state', ({ state }) => say(`state ${state}`));
installation.on('over', () => void end());
device.ota.report({ firmware: running });
try {
  await device.connect();
  say(`runs ${running}`);
} catch (error) {
  // Whoever ends before there is a connection has no use for one.
  if (!isEnding) throw error;
}
