import { describe, expect, it } from 'vitest';
import { derivedTranscripts, keptDeviations, keptTranscripts, replayAll } from './all.ts';
import { covering, expectation } from './deviations.ts';
import { withHistory } from './history.ts';
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

  it('may be of another device, at another host, with other requests and notes', async () => {
    const some = all.filter(({ sdk, scenario }) => sdk === 'huawei-python' && ['commands', 'connect', 'qos0'].includes(scenario));
    const text = JSON.stringify(some).replaceAll('product01', 'fact7').replaceAll('device01', 'unit_9').replaceAll('iot-mqtts.example.com', 'hub.example.org').replace(/request_id=([\w-]+)/g, 'request_id=$1-x').replace(/"request_id":"([\w-]+)"/g, '"request_id":"$1-x"');
    const others = (JSON.parse(text) as typeof some).map(({ note: _, ...each }) => {
      const callbacks = (each['callbacks'] ?? []) as { name: string; args: unknown[] }[];
      return { ...each, callbacks: callbacks.map(({ name, args }) => ({ name, args: name === 'CommandListener.on_command' ? [String(args[0]).replace(/^[\w-]+$/, '$&-x'), ...args.slice(1)] : args })) };
    });
    const failures: string[] = [];
    await replayAll(others, rules, (id, faults) => void (faults.length > 0 && failures.push(`${id}: ${faults.join('; ')}`)));
    expect([failures, others.length]).toEqual([[], some.length]);
    expect(some.length).toBeGreaterThan(20);
  }, 120_000);

  it('are covered by rules that look at what was recorded, and not at what somebody noted', () => {
    const used = JSON.stringify(rules.map(({ when }) => when));
    expect(used).not.toContain('/note');
    expect(used).not.toContain('"/id"');
  });

  it('each give every rule something to do', () => {
    const idle = rules.filter((rule) => !withHistory([...all, ...derived]).some((recorded) => covering([rule], recorded).length > 0 && JSON.stringify(expectation(recorded, [rule])) !== JSON.stringify(recorded)));
    expect(idle.map(({ api, reason }) => `${api}: ${reason}`)).toEqual([]);
    expect(rules.filter(({ reason }) => reason.length < 20)).toEqual([]);
  });
});
