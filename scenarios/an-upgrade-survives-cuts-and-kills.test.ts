// Connections are cut at random bytes and the program is killed at random moments and started again: in the end the right file was installed or the old version runs, and the platform knows which.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLOUDS, type Cloud } from './support/clouds.ts';
import { Front } from './support/front.ts';
import { runScript } from './support/program.ts';
import { Rig } from './support/rig.ts';
import { changesOf, Folder, IMAGE, packed, type Way } from './support/upgrades.ts';

const PROGRAM = fileURLToPath(new URL('./support/upgraded-program.ts', import.meta.url));
const isNightly = process.env['LIANYUN_NIGHTLY'] === '1';
const STATES = ['downloading', 'downloaded', 'prepared', 'applied', 'confirmed', 'rolling-back', 'rolled-back'] as const;

/** When a process of the program is killed. */
type Kill = { readonly afterBytes: number } | { readonly at: (typeof STATES)[number] };

interface Trial {
  readonly way: Way;
  readonly isGood: boolean;
  /** Bytes of a body after which a connection is reset: of the first request, the second, and so on. */
  readonly cuts: readonly number[];
  /** Of the first process, the second, and so on; one that does not come to that point ends by itself. */
  readonly kills: readonly Kill[];
}

const trials = fc.record<Trial>({
  way: fc.constantFrom('signed', 'token'),
  isGood: fc.boolean(),
  cuts: fc.array(fc.integer({ min: 0, max: IMAGE.length }), { minLength: 1, maxLength: 3 }),
  kills: fc.array(fc.oneof(fc.record({ afterBytes: fc.integer({ min: 0, max: IMAGE.length }) }), fc.record({ at: fc.constantFrom(...STATES) })), { minLength: 1, maxLength: isNightly ? 4 : 2 }),
});

/** Runs the program until the platform and the program's own journal say that it is over. */
async function run(cloud: Cloud, { way, isGood, cuts, kills }: Trial) {
  await using front = await Front.open(({ index }) => (cuts[index] === undefined ? {} : { cutAfter: cuts[index] }));
  await using rig = await Rig.open({ publicUrl: front.url });
  front.to = rig.httpPort;
  using folder = new Folder();
  const root = folder.path;
  writeFileSync(path.join(root, 'slot'), '1.0');
  const changes = changesOf(rig);
  const { id: packageId } = await packed(rig, cloud, { way });
  const { id: task } = rig.platform.upgrades.create({ cloud: cloud.name, packageId, devices: [cloud.ref(1)] });
  const stage = () => rig.platform.upgrades.book.upgrades.get({ cloud: cloud.name, task, device: cloud.ref(1) });
  const hasWork = (): boolean => existsSync(path.join(root, 'ota/upgrade.json')) && (JSON.parse(readFileSync(path.join(root, 'ota/upgrade.json'), 'utf8')) as { current?: unknown }).current !== undefined;
  for (let starts = 0; stage()?.isOpen === true || hasWork(); starts++) {
    if (starts > 16) throw new Error(`it never comes to an end: ${JSON.stringify(changes.all)}`);
    await using program = runScript(PROGRAM, [JSON.stringify({ cloud: cloud.name, server: rig.server, root, isGood })]);
    const kill = kills[starts];
    const before = front.bytes.all.at(-1) ?? 0;
    const point = kill === undefined ? undefined : 'at' in kill ? program.stdout.first((line) => line === `state ${kill.at}`) : front.bytes.first((sum) => sum - before >= kill.afterBytes);
    void point?.then(() => program.kill('SIGKILL'));
    await program.end();
    expect(program.stderr.all).toEqual([]);
  }
  const installed = path.join(root, 'installed-2.0');
  return {
    slot: readFileSync(path.join(root, 'slot'), 'utf8'),
    stage: stage()?.stage,
    version: rig.platform.registry.device(cloud.name, cloud.ref(1)).info?.firmware,
    isRight: existsSync(installed) && readFileSync(installed).equals(IMAGE),
    left: folder.names.filter((name) => name !== 'installed-2.0').join(),
    successes: changes.all.filter((change) => change.stage === 'succeeded').length,
  };
}

const [HUAWEI, TENCENT] = CLOUDS as readonly [Cloud, Cloud];

describe.each([HUAWEI, TENCENT])('An upgrade on $name', (cloud) => {
  it('that is cut and killed at random ends with the right file or the old version, and the platform knows which', { timeout: isNightly ? 3_600_000 : 180_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(trials, async (trial) => {
        const end = await run(cloud, trial);
        expect(end).toEqual(trial.isGood ? { slot: '2.0', stage: 'succeeded', version: '2.0', isRight: true, left: 'ota,slot', successes: 1 } : { slot: '1.0', stage: 'failed', version: '1.0', isRight: expect.any(Boolean), left: 'ota,slot', successes: 0 });
      }),
      { numRuns: isNightly ? 100 : 2, endOnFailure: true },
    );
  });
});
