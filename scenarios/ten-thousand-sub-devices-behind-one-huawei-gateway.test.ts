import { MemoryTopology, type ChildResult, type Device, type GatewayChange } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { gatewaySeed, HUAWEI_GATEWAY } from './support/gateways.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

/** `npm run nightly` takes ten times as many, and asks fifty times as many of them something. */
const isNightly = process.env['LIANYUN_NIGHTLY'] === '1';
const COUNT = isNightly ? 100_000 : 10_000;
const COMMANDS = isNightly ? 10_000 : 200;
/** Requests of applications at a time: each is a connection of its own. */
const AT_ONCE = 200;

/** What one message may name at most, by what carries it (huawei 3.5, 5.5). */
const LIMITS: Readonly<Record<string, number>> = { add_sub_device_request: 50, delete_sub_device_request: 50, sub_device_update_status: 100, devices: 100 };

interface Uplink {
  readonly devices?: readonly unknown[];
  readonly services?: readonly { readonly event_type: string; readonly paras: { readonly devices?: readonly unknown[]; readonly device_statuses?: readonly unknown[] } }[];
}

/** The devices that each uplink names, by its kind, and the size of the largest frame in either direction. */
function countNamed(rig: Rig): { readonly named: ReadonlyMap<string, readonly number[]>; largestBytes: number } {
  const named = new Map<string, number[]>();
  const counts = { named, largestBytes: 0 };
  rig.platform.on('frame', ({ direction, payload }) => {
    counts.largestBytes = Math.max(counts.largestBytes, Buffer.byteLength(payload));
    if (direction !== 'up' || !payload.startsWith('{')) return;
    const { devices, services = [] } = JSON.parse(payload) as Uplink;
    const note = (what: string, list: readonly unknown[] | undefined): void => {
      if (list !== undefined) named.set(what, [...(named.get(what) ?? []), list.length]);
    };
    note('devices', devices);
    for (const { event_type: type, paras } of services) note(type, paras.devices ?? paras.device_statuses);
  });
  return counts;
}

const failed = (results: readonly ChildResult[]): readonly ChildResult[] => results.filter(({ code }) => code !== 0);

describe(`${COUNT} sub-devices behind one Huawei gateway`, () => {
  it('are added, online, reporting, asked, listed by version and removed within the documented limits of a message', async () => {
    await using rig = await Rig.open({ seed: gatewaySeed(0) });
    const frames = countNamed(rig);
    const topology = new MemoryTopology();
    // All of them report at once.
    const options = { topology, outbox: { maxCount: COUNT * 2, maxBytes: COUNT * 4096 } };
    const device = rig.own(HUAWEI_GATEWAY.gateway(rig.server, options)) as Device;
    await device.connect();
    const lamps = Array.from({ length: COUNT }, (_, lamp) => lamp);
    const refs = lamps.map((lamp) => HUAWEI_GATEWAY.lamp(lamp));

    expect(failed(await device.gateway.add(lamps.map((lamp) => HUAWEI_GATEWAY.newLamp(lamp))))).toEqual([]);
    expect(failed(await device.gateway.online(refs))).toEqual([]);
    const listed = await rig.huawei('GET', '/devices?gateway_id=gate_1&limit=2');
    expect(listed).toMatchObject({ status: 200, body: { page: { count: COUNT } } });
    expect(await rig.huawei('GET', `/devices/lamp_sub${COUNT - 1}`)).toMatchObject({ body: { status: 'ONLINE', gateway_id: 'gate_1' } });

    await Promise.all(lamps.map((lamp) => device.gateway.child(HUAWEI_GATEWAY.lamp(lamp)).properties.report({ service: 'light', values: { level: lamp % 101, label: `lamp ${lamp}` } }).delivered));
    const twin = (ref: string): unknown => rig.platform.twins.read('huawei', ref)[0]?.reported?.values;
    for (const lamp of lamps) expect(twin(HUAWEI_GATEWAY.lamp(lamp))).toEqual({ level: lamp % 101, label: `lamp ${lamp}` });

    for (const lamp of lamps) device.gateway.child(HUAWEI_GATEWAY.lamp(lamp)).commands.handle('blink', ({ args }) => ({ blinked: Number(args['times']) * COUNT + lamp }));
    const step = COUNT / COMMANDS;
    for (let from = 0; from < COMMANDS; from += AT_ONCE) {
      const asked = Array.from({ length: AT_ONCE }, (_, index) => (from + index) * step);
      const answers = await Promise.all(asked.map((lamp) => HUAWEI_GATEWAY.blink(rig, lamp, 1 + (lamp % 10))));
      for (const [index, lamp] of asked.entries()) expect(answers[index]).toMatchObject(HUAWEI_GATEWAY.blinked((1 + (lamp % 10)) * COUNT + lamp));
    }

    // A gateway that has lost its list asks from version 0, and has all of them in its notices.
    const version = topology.version;
    expect(version).toBe(COUNT / 50);
    const changes = new Log<GatewayChange>();
    device.gateway.onChange(changes.add);
    topology.version = 0;
    for (const ref of refs) topology.delete(ref);
    await device.gateway.sync();
    expect((await changes.take(COUNT / 500)).map((change) => [change.change, change.children.length, change.version])).toEqual(
      Array.from({ length: COUNT / 500 }, (_, part) => ['added', 500, part === COUNT / 500 - 1 ? version : 0]),
    );
    expect([topology.version, new Set((await device.gateway.list()).map(({ device: ref }) => ref)).size]).toEqual([version, COUNT]);

    expect(failed(await device.gateway.remove(refs))).toEqual([]);
    expect([await device.gateway.list(), rig.platform.registry.childrenOf('huawei', 'gate_1')]).toEqual([[], []]);
    for (const [what, limit] of Object.entries(LIMITS)) {
      const counts = frames.named.get(what) ?? [];
      expect([what, Math.max(...counts), counts.reduce((sum, count) => sum + count, 0)]).toEqual([what, limit, COUNT]);
    }
    expect(frames.largestBytes).toBeLessThan(1_048_576);
    expect([rig.problems.all, rig.told(device).problems.all]).toEqual([[], []]);
  }, 120_000);
});
