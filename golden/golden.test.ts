import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { derivedTranscripts, keptDeviations, keptTranscripts, replayAll } from './all.ts';
import { covering, expectation } from './deviations.ts';
import { withHistory } from './history.ts';
import { byScenario, readTranscripts } from './transcript.ts';

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

  it('may be of another device of Tencent’s, with other sub-devices, hosts, tokens, secrets, properties and scenario names, and without notes', async () => {
    const some = all.filter(({ sdk }) => sdk === 'tencent-python');
    const others: readonly (readonly [string, string])[] = [
      ['GOLDPROD01', 'X7Y8Z9Q0W1'], ['dev001', 'unit_9'], ['SUBPROD001', 'LAMPS00002'], ['"subdev1"', '"lamp-1"'], ['"subdev2"', '"lamp-2"'], ['/subdev1', '/lamp-1'],
      ['my.private.host', 'mqtt.example.org'], ['ota.example.com', 'files.example.org'], ['dynreg.example.com', 'hub.example.org'],
      ['ProductSecret0123456789', 'AnotherSecretOfAProduct'], ['c3ViLXNlY3JldA==', 'b3RoZXItc2VjcmV0'], ['bmV3LWRldmljZS1wc2s=', 'b3RoZXItZGV2aWNlLXBzaw=='],
      ['power_switch', 'valve'], ['brightness', 'opening'],
    ];
    const text = others.reduce((made, [from, to]) => made.replaceAll(from, to), JSON.stringify(some));
    const names = new Map([...new Set(some.map(({ scenario }) => scenario))].map((scenario, index) => [scenario, `scenario ${index}`]));
    const changed = (JSON.parse(text) as typeof some).map(({ note: _, ...each }, index) => ({ ...each, id: `${index} ${each.id}`, scenario: names.get(some[index]?.scenario ?? '') ?? '' }));
    const failures: string[] = [];
    await replayAll(changed, rules, (id, faults) => void (faults.length > 0 && failures.push(`${id}: ${faults.join('; ')}`)));
    expect([failures, changed.length]).toEqual([[], some.length]);
    expect(text).not.toContain('GOLDPROD01');
  }, 300_000);

  it('may come in files whose scenarios have the same names', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'lianyun-golden-files-'));
    try {
      const some = all.filter(({ scenario }) => ['commands', 'badsub_qos2'].includes(scenario));
      const lines = (change: (text: string) => string): string => some.map((each) => change(JSON.stringify({ ...each, file: undefined }))).join('\n');
      const files = ['one.jsonl', 'other.jsonl'].map((name) => path.join(directory, name));
      await writeFile(files[0] ?? '', lines((text) => text));
      await writeFile(files[1] ?? '', lines((text) => text.replaceAll('product01', 'fact7').replaceAll('GOLDPROD01', 'X7Y8Z9Q0W1')));
      const cases = await readTranscripts(files);
      expect([...byScenario(cases).values()].map((own) => own.length)).toEqual([...byScenario(some).values(), ...byScenario(some).values()].map((own) => own.length));
      expect(new Set(withHistory(cases).filter(({ sdk }) => sdk === 'huawei-python').map(({ device }) => device)).size).toBe(2);
      const failures: string[] = [];
      await replayAll(cases, rules, (id, faults) => void (faults.length > 0 && failures.push(`${id}: ${faults.join('; ')}`)));
      expect([failures, new Set(some.map(({ sdk }) => sdk)).size]).toEqual([[], 2]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }, 120_000);

  it('are covered by rules that look at what was recorded, and not at what somebody noted', () => {
    const used = JSON.stringify(rules.map(({ when }) => when));
    expect(used).not.toContain('/note');
    expect(used).not.toContain('/scenario');
    expect(used).not.toContain('"/id"');
  });

  it('each give every rule something to do', () => {
    const idle = rules.filter((rule) => !withHistory([...all, ...derived]).some((recorded) => covering([rule], recorded).length > 0 && JSON.stringify(expectation(recorded, [rule])) !== JSON.stringify(recorded)));
    expect(idle.map(({ api, reason }) => `${api}: ${reason}`)).toEqual([]);
    expect(rules.filter(({ reason }) => reason.length < 20)).toEqual([]);
  });
});
