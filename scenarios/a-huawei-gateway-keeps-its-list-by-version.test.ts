import { once } from 'node:events';
import { Device, huawei, MemoryTopology, type GatewayChange, type PropertyGroup } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { huaweiCredentials } from './support/credentials.ts';
import { gatewaySeed, HUAWEI_GATEWAY, onlineGateway } from './support/gateways.ts';
import { Rig } from './support/rig.ts';

const open = (): Promise<Rig> => Rig.open({ seed: gatewaySeed(0) });

/** A gateway that keeps its list in a store that outlives it. */
function gatewayWith(rig: Rig, topology: MemoryTopology): { readonly device: Device<typeof huawei>; readonly changes: GatewayChange[]; changed(count: number): Promise<void> } {
  const device = rig.own(new Device({ dialect: huawei, server: rig.server, identity: { deviceId: 'gate_1', secret: 'secret-of-gate-1' }, topology }));
  const changes: GatewayChange[] = [];
  let onChange: (() => void) | undefined;
  device.gateway.onChange((change) => {
    changes.push(change);
    onChange?.();
  });
  const changed = (count: number): Promise<void> =>
    new Promise((resolve) => {
      onChange = () => {
        if (changes.length >= count) resolve();
      };
      onChange();
    });
  return { device, changes, changed };
}

/** Resolves when the platform has seen the gateway's question. */
const asked = (rig: Rig): Promise<void> =>
  new Promise((resolve) => {
    rig.platform.on('frame', ({ messages, direction }) => {
      if (direction === 'up' && messages.some(({ op }) => op === 'child.sync')) resolve();
    });
  });

describe('The list of a Huawei gateway', () => {
  it('is brought up to date at connect with what changed while the gateway was away, in order', async () => {
    await using rig = await open();
    const topology = new MemoryTopology();
    const first = gatewayWith(rig, topology);
    await first.device.connect();
    await HUAWEI_GATEWAY.addLamp(rig, 0);
    await first.changed(1);
    expect(topology.version).toBe(1);
    await first.device.close();

    await HUAWEI_GATEWAY.addLamp(rig, 1);
    await HUAWEI_GATEWAY.removeLamp(rig, 0);
    const second = gatewayWith(rig, topology);
    await second.device.connect();
    await second.changed(2);
    expect(second.changes.map(({ change, version, children }) => [change, version, children.map(({ device }) => device)])).toEqual([
      ['added', 2, ['lamp_sub1']],
      ['removed', 3, ['lamp_sub0']],
    ]);
    expect((await second.device.gateway.list()).map(({ device, gateway, node, product }) => [device, gateway, node, product])).toEqual([['lamp_sub1', 'gate_1', 'sub1', 'lamp']]);
  });

  it('is not told again when nothing changed', async () => {
    await using rig = await open();
    const topology = new MemoryTopology();
    const first = gatewayWith(rig, topology);
    await first.device.connect();
    await HUAWEI_GATEWAY.addLamp(rig, 0);
    await first.changed(1);
    await first.device.close();
    const question = asked(rig);
    const second = gatewayWith(rig, topology);
    await second.device.connect();
    await question;
    // A whole exchange after the question: a notice would have come before its answer.
    await second.device.gateway.online(['lamp_sub0']);
    expect(second.changes).toEqual([]);
  });

  it('comes whole for a gateway that knows nothing, or too little', async () => {
    await using rig = await open();
    for (let lamp = 0; lamp < 3; lamp++) await HUAWEI_GATEWAY.addLamp(rig, lamp);
    const { device, changes, changed } = gatewayWith(rig, new MemoryTopology());
    await device.connect();
    await changed(1);
    expect(changes).toMatchObject([{ change: 'added', version: 3, children: [{ device: 'lamp_sub0' }, { device: 'lamp_sub1' }, { device: 'lamp_sub2' }] }]);
  });
});

describe('A Huawei gateway that missed more than the platform remembers', () => {
  it('gets the whole list with the version of now', async () => {
    await using rig = await open();
    const topology = new MemoryTopology();
    topology.version = 1;
    for (let lamp = 0; lamp < 102; lamp++) await HUAWEI_GATEWAY.addLamp(rig, lamp);
    const { device, changes, changed } = gatewayWith(rig, topology);
    await device.connect();
    await changed(1);
    expect(changes).toMatchObject([{ change: 'added', version: 102, children: { length: 102 } }]);
    expect(topology.version).toBe(102);
  });
});

describe('A Huawei gateway', () => {
  it("cannot read another's shadow through its own connection", async () => {
    await using rig = await open();
    const client = await rig.foreignAs(huaweiCredentials('gate_1', 'secret-of-gate-1'));
    await client.publishAsync('$oc/devices/gate_1/sys/shadow/get/request_id=1', JSON.stringify({ object_device_id: 'lamp_alone' }), { qos: 1 });
    expect(rig.problems.all).toMatchObject([{ code: 'not-permitted', message: expect.stringContaining('shadow.get for lamp_alone') }]);
  });

  it("cannot speak for another's device: its values are refused, and the device's twin stays as it is", async () => {
    await using rig = await open();
    const device = await onlineGateway(rig, HUAWEI_GATEWAY, 1);
    await device.gateway.child('lamp_alone').properties.report({ service: 'light', values: { level: 1 } }).delivered;
    expect(rig.problems.all).toMatchObject([{ code: 'not-permitted', message: expect.stringContaining('lamp_alone') }]);
    expect(rig.platform.twins.read('huawei', 'lamp_alone')).toEqual([]);
    expect(await device.gateway.remove(['lamp_alone'])).toMatchObject([{ device: 'lamp_alone', code: -1, error: 'IOTDA.014000' }]);
    expect(rig.platform.registry.findDevice('huawei', 'lamp_alone')).toBeDefined();
  });

  it('is told which device it cannot add twice', async () => {
    await using rig = await open();
    const device = await onlineGateway(rig, HUAWEI_GATEWAY, 1);
    expect(await device.gateway.add([HUAWEI_GATEWAY.newLamp(0)])).toMatchObject([{ node: 'sub0', product: 'lamp', code: -1, error: 'IOTDA.014031' }]);
  });

  it('sends what a lamp reports in one turn as one message, and settles each receipt', async () => {
    await using rig = await open();
    const device = await onlineGateway(rig, HUAWEI_GATEWAY, 2);
    const frames: string[] = [];
    rig.platform.on('frame', ({ topic, payload }) => {
      if (topic.endsWith('sub_devices/properties/report')) frames.push(payload);
    });
    const report = (lamp: number, group: PropertyGroup) => device.gateway.child(HUAWEI_GATEWAY.lamp(lamp)).properties.report(group);
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    const broken = report(0, { service: 'light', values: loop as never });
    const receipts = [report(0, { service: 'light', values: { level: 1 } }), report(1, { service: 'light', values: { level: 2 } }), report(0, { service: 'light', values: { label: 'x' } })];
    await Promise.all(receipts.flatMap(({ stored, delivered }) => [stored, delivered]));
    await expect(broken.delivered).rejects.toMatchObject({ code: 'bad-input' });
    expect(frames.map((frame) => (JSON.parse(frame) as { devices: { device_id: string; services: unknown[] }[] }).devices.map((each) => [each.device_id, each.services.length]))).toEqual([[['lamp_sub0', 2], ['lamp_sub1', 1]]]);
    await device.close();
    await expect(report(0, { service: 'light', values: { level: 3 } }).delivered).rejects.toMatchObject({ code: 'closed' });
  });

  it('keeps what a lamp reported while it was offline, and delivers it when it is back', async () => {
    await using rig = await open();
    const device = await onlineGateway(rig, HUAWEI_GATEWAY, 1);
    const gone = once(device, 'offline');
    rig.platform.access.kick('huawei', 'gate_1', 'the test wants it');
    await gone;
    await device.gateway.child('lamp_sub0').properties.report({ service: 'light', values: { level: 9 } }).delivered;
    expect(rig.platform.twins.read('huawei', 'lamp_sub0')[0]?.reported?.values).toEqual({ level: 9 });
  });

  it('answers a question for the live values of a lamp with those of the lamp', async () => {
    await using rig = await open();
    const device = (await onlineGateway(rig, HUAWEI_GATEWAY, 1)) as Device<typeof huawei>;
    device.properties.onGet(() => [{ service: 'light', values: { level: 99 } }]);
    device.gateway.child('lamp_sub0').properties.onGet(({ device: of }) => [{ service: 'light', values: { label: of } }]);
    expect(await rig.huawei('GET', '/devices/lamp_sub0/properties?service_id=light')).toMatchObject({ body: { response: { services: [{ properties: { label: 'lamp_sub0' } }] } } });
  });
});
