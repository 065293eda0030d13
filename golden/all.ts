// Replays cases, scenario by scenario, each in a world of its own.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FakeClock } from '@lianyun/protocol/testing';
import type { Deviation } from './deviations.ts';
import { FACES } from './faces.ts';
import { startIn } from './history.ts';
import { throwAwayMaterial, upgradeWebSocket } from './material.ts';
import { replay } from './replay.ts';
import { byScenario, type Case } from './transcript.ts';
import { Wire } from './wire.ts';

/** Where a scenario does not show when it was recorded. */
const STARTS_AT = Date.UTC(2026, 10, 21, 23, 0, 0);

/** The transcripts that are kept in the project. */
export const keptTranscripts = (): Promise<string[]> => transcriptsIn('fixtures');

/** Cases in the form of the transcripts that nobody recorded: what the vendors' documents say of more calls and orders. */
export const derivedTranscripts = (): Promise<string[]> => transcriptsIn('derived');

async function transcriptsIn(name: string): Promise<string[]> {
  const directory = path.join(import.meta.dirname, name);
  return (await readdir(directory)).filter((name) => name.endsWith('.jsonl')).map((name) => path.join(directory, name));
}

/** The rules for where ours differs on purpose. */
export async function keptDeviations(): Promise<readonly Deviation[]> {
  // Our own file: golden.test.ts holds each rule against the transcripts.
  return JSON.parse(await readFile(path.join(import.meta.dirname, 'deviations.json'), 'utf8')) as Deviation[];
}

/** Replays cases; `tell` hears of each with what is wrong with it, nothing when it passed. */
export async function replayAll(cases: readonly Case[], rules: readonly Deviation[], tell: (id: string, faults: readonly string[]) => void): Promise<void> {
  for (const scenario of byScenario(cases).values()) {
    const face = FACES.find(({ sdk }) => sdk === scenario[0]?.sdk);
    if (face === undefined) {
      for (const { id, sdk } of scenario) tell(id, [`no face replays ${JSON.stringify(sdk)}`]);
      continue;
    }
    const directory = await mkdtemp(path.join(tmpdir(), 'lianyun-golden-'));
    try {
      await using wire = await Wire.open({ material: await throwAwayMaterial(directory, face.hosts?.(scenario)), upgrade: upgradeWebSocket });
      for (const [id, faults] of await replay({ face, wire, clock: new FakeClock({ now: startIn(scenario) ?? STARTS_AT }), cases: scenario, directory, rules })) tell(id, faults);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
}
