// A program that upgrades itself, for tests that end it at any moment: `slot` names the version that a start runs. It takes one JSON argument.
import fs from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '@lianyun/protocol';
import { huaweiDevice } from './support.ts';

interface Orders {
  readonly url: string;
  readonly root: string;
  /** The disk operation at which the process ends itself as a power cut would. */
  readonly cutAt?: number;
  /** False: the new version fails its confirmation. */
  readonly isGood: boolean;
}

// The argument is the test's own.
const { url, root, cutAt, isGood } = JSON.parse(process.argv[2] ?? '{}') as Orders;
const slot = path.join(root, 'slot');
let operations = 0;

/** Every call that changes the disk is a moment at which the power may be cut. */
function count(): void {
  operations++;
  if (operations === cutAt) process.kill(process.pid, 'SIGKILL');
}

const { rename, rm, open } = fs;
fs.rename = (...args) => (count(), rename(...args));
fs.rm = (...args) => (count(), rm(...args));
fs.open = async (...args) => {
  count();
  const handle = await open(...args);
  const sync = handle.sync.bind(handle);
  handle.sync = () => (count(), sync());
  return handle;
};

/** A switch of slots happens at once or not at all, as a boot loader's does. */
async function boot(version: string): Promise<void> {
  count();
  writeFileSync(`${slot}.new`, version);
  await fs.rename(`${slot}.new`, slot);
  count();
}

const running = (await fs.readFile(slot, 'utf8')).trim();
const device = huaweiDevice({ url, clock: systemClock });
/** Ends as a program does that is started again. */
const end = (): Promise<never> => {
  process.send?.(operations, () => process.exit(0));
  return new Promise<never>(() => undefined);
};
const installation = device.ota.install({
  directory: path.join(root, 'ota'),
  apply: async ({ version }) => {
    await boot(version);
    await end();
  },
  confirm: () => {
    count();
    if (!isGood) throw new Error('no light');
  },
  rollback: async ({ from }) => {
    if (running === from) return;
    await boot(from);
    await end();
  },
});
installation.on('over', () => void end());
device.ota.report({ software: running });
await device.connect();
