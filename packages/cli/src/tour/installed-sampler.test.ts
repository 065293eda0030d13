import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { InstallStep } from 'lianyun';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InstalledSampler } from './installed-sampler.ts';
import { Maker } from './ota-steps.ts';

let directory: string;
const maker = new Maker();

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lianyun-sampler-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** A version as an installation hands it to the program. */
async function stepTo(version: string, from: string, broken = {}): Promise<InstallStep> {
  const file = path.join(directory, 'software.image');
  await writeFile(file, maker.image(version, broken));
  return { kind: 'software', version, from, file, bytes: undefined, digest: undefined, info: undefined, taskId: undefined, signal: new AbortController().signal };
}

describe('the sampler of a thing', () => {
  it('reads this machine, and is the new version from the moment that it was confirmed, also after a restart', { timeout: 60_000 }, async () => {
    const step = await stepTo('2.0.0', '1.0.0');
    const told: string[] = [];
    {
      await using sampler = await InstalledSampler.open(directory);
      expect([sampler.version, await sampler.sample()]).toEqual(['1.0.0', expect.objectContaining({ sampler: '1.0.0', memory: expect.any(Number) })]);
      expect(await sampler.busiest(2)).toHaveLength(2);
      const { prepare, apply, confirm } = sampler.installOptions((version) => told.push(version));
      await prepare?.(step);
      await apply(step);
      // Until it is confirmed the figures are those of the version before.
      expect([told, sampler.version, (await sampler.sample()).sampler]).toEqual([['2.0.0'], '2.0.0', '1.0.0']);
      await confirm?.(step);
      expect((await sampler.sample()).sampler).toBe('2.0.0');
    }
    await using again = await InstalledSampler.open(directory);
    expect([again.version, (await again.sample()).sampler]).toEqual(['2.0.0', '2.0.0']);
  });

  it('is the old version again after a rollback, in the same process and in the one after it', { timeout: 60_000 }, async () => {
    const step = await stepTo('2.0.0', '1.0.0', { isBroken: true });
    {
      await using sampler = await InstalledSampler.open(directory);
      const { prepare, apply, confirm, rollback } = sampler.installOptions(() => undefined);
      await prepare?.(step);
      await apply(step);
      await expect(confirm?.(step)).rejects.toThrow('reads 1000 % for memory');
      await rollback(step);
      expect([sampler.version, (await sampler.sample()).sampler]).toEqual(['1.0.0', '1.0.0']);
      await prepare?.(step);
      await apply(step);
    }
    await using restarted = await InstalledSampler.open(directory);
    expect(restarted.version).toBe('2.0.0');
    await restarted.installOptions(() => undefined).rollback(step);
    expect([restarted.version, (await restarted.sample()).sampler, (await readdir(directory)).filter((name) => name.startsWith('sampler'))]).toEqual(['1.0.0', '1.0.0', []]);
  });

  it('is its own one where what is installed does not start', { timeout: 60_000 }, async () => {
    await writeFile(path.join(directory, 'broken.mjs'), 'process.exit(1)');
    await writeFile(path.join(directory, 'slot'), path.join(directory, 'broken.mjs'));
    await using sampler = await InstalledSampler.open(directory);
    expect(sampler.version).toBe('1.0.0');
  });
});
