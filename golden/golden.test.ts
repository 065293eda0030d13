import { describe, expect, it } from 'vitest';
import { derivedTranscripts, keptDeviations, keptTranscripts, replayAll } from './all.ts';
import { covering, expectation } from './deviations.ts';
import { withHistory } from './replay.ts';
import { readTranscripts } from './transcript.ts';

const all = await readTranscripts(await keptTranscripts());
const derived = await readTranscripts(await derivedTranscripts());
const rules = await keptDeviations();

describe('The transcripts of the vendors’ own SDKs', () => {
  it('are what ours sends, hears and returns, but for the rules', async () => {
    const failures: string[] = [];
    let passed = 0;
    await replayAll(all, rules, (id, faults) => {
      if (faults.length === 0) passed++;
      else failures.push(`${id}: ${faults.join('; ')}`);
    });
    expect(failures).toEqual([]);
    expect(passed).toBe(all.length);
  }, 300_000);

  it('are continued by cases that the reference describes and nobody recorded', async () => {
    const failures: string[] = [];
    await replayAll(derived, rules, (id, faults) => void (faults.length > 0 && failures.push(`${id}: ${faults.join('; ')}`)));
    expect(failures).toEqual([]);
    expect(derived.length).toBeGreaterThan(0);
  }, 300_000);

  it('fail when what was recorded is changed in any of its parts', async () => {
    const [first] = all.filter(({ id }) => id === 'hw.property.report.one');
    if (first === undefined) throw new Error('the case is not there');
    const publish = (first['publishes'] as object[])[0];
    const changed = [
      { ...first, id: 'topic', publishes: [{ ...publish, topic: 'another' }] },
      { ...first, id: 'qos', publishes: [{ ...publish, qos: 0 }] },
      { ...first, id: 'payload', publishes: [{ ...publish, payload: { services: [{ service_id: 'smoke', properties: { alarm: 2, temperature: 36.5 } }] } }] },
      { ...first, id: 'more', publishes: [publish, publish] },
      { ...first, id: 'callback', callbacks: [{ name: 'CommandListener.on_command', args: [] }] },
      { ...first, id: 'error', error: { type: 'ValueError', message: 'x' } },
      { ...first, id: 'api', api: 'DeviceClient.unheard_of' },
    ];
    const failures: string[] = [];
    await replayAll([first, ...changed], rules, (id, faults) => void (faults.length > 0 && failures.push(id)));
    expect(failures).toEqual(changed.map(({ id }) => id));
  }, 60_000);

  it('each give every rule something to do', () => {
    const idle = rules.filter((rule) => !withHistory([...all, ...derived]).some((recorded) => covering([rule], recorded).length > 0 && JSON.stringify(expectation(recorded, [rule])) !== JSON.stringify(recorded)));
    expect(idle.map(({ api, reason }) => `${api}: ${reason}`)).toEqual([]);
    expect(rules.filter(({ reason }) => reason.length < 20)).toEqual([]);
  });
});
