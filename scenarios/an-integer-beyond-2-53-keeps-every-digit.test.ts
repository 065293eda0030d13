import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openStorage } from '@lianyun/platform';
import { compileModel, readHuaweiProfile, readTencentTemplate } from '@lianyun/protocol';
import { stringifyExact, type JsonObject, type PropertyGroup } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { HUAWEI, SEED, TENCENT } from './support/clouds.ts';
import { Rig } from './support/rig.ts';

const MOST = 2n ** 63n - 1n;
const ODD = 2n ** 53n + 1n;
/** What a careless program merges into its objects. */
const TRAPS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];

const longs = (name: 'property_name' | 'para_name', names: readonly string[]) => names.map((each) => ({ [name]: each, data_type: 'long', method: 'RWE', min: '-9223372036854775808', max: MOST }));
const floats = (names: readonly string[]) => names.map((id) => ({ id, name: id, mode: 'rw', define: { type: 'float', min: '-1e19', max: 10n ** 19n } }));
const LEVEL = { id: 'level', name: 'Level', mode: 'rw', define: { type: 'int', min: '0', max: '100' } };

const PROFILE = [
  {
    service_id: 'light',
    properties: [...longs('property_name', ['total', 'least', ...TRAPS]), { property_name: 'level', data_type: 'int', method: 'RW', min: '0', max: '100' }],
    commands: [{ command_name: 'blink', paras: longs('para_name', ['times']), responses: [{ paras: longs('para_name', ['blinked']) }] }],
    events: [{ event_type: 'burnt', paras: longs('para_name', ['hours']) }],
  },
];
const TEMPLATE = {
  version: '1.0',
  properties: [...floats(['total', 'least', ...TRAPS]), LEVEL],
  events: [{ id: 'burnt', name: 'Burnt', type: 'fault', params: floats(['hours']) }],
  actions: [{ id: 'blink', name: 'Blink', input: floats(['times']), output: floats(['blinked']) }],
};
const seed = stringifyExact({
  huawei: { ...SEED.huawei, products: [{ ...SEED.huawei.products[0], service_capabilities: PROFILE }] },
  tencent: { ...SEED.tencent, products: [{ ...SEED.tencent.products[0], template: TEMPLATE }] },
});

/** Values under every trap, told apart by more digits than a number has. */
const trapped = (): JsonObject => Object.fromEntries(TRAPS.map((name, index) => [name, ODD + BigInt(index) * 2n]));
const LAMP = { ProductId: 'LAMP000001', DeviceName: 'lamp1' };
/** Of the answer of an action. */
const field = (body: unknown, name: string): unknown => (body as Record<string, unknown>)[name];

describe.each([
  { cloud: HUAWEI, model: compileModel(readHuaweiProfile(PROFILE)) },
  { cloud: TENCENT, model: compileModel(readTencentTemplate(TEMPLATE)) },
])('An integer beyond 2^53 on $cloud.name', ({ cloud, model }) => {
  it('is reported, kept and told by the API as it is, under whatever name, also after a restart of the platform', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'lianyun-wide-'));
    const values = { total: MOST, least: -(2n ** 63n), ...trapped() };
    try {
      {
        await using storage = openStorage({ directory });
        await using rig = await Rig.open({ seed, storage });
        const frames: string[] = [];
        rig.platform.on('frame', ({ payload }) => frames.push(payload));
        const device = await rig.online(cloud, 1, { model });
        await device.properties.report(cloud.group(values)).delivered;
        expect(frames.some((payload) => payload.includes('"total":9223372036854775807,"least":-9223372036854775808,') && payload.includes('"__proto__":9007199254740993,"constructor":9007199254740995,'))).toBe(true);
        expect(stringifyExact(await rig.reported(cloud, 1))).toBe(stringifyExact(values));
        expect(rig.problems.all).toEqual([]);
      }
      await using storage = openStorage({ directory });
      await using rig = await Rig.open({ seed: '{}', storage });
      expect(stringifyExact(await rig.reported(cloud, 1))).toBe(stringifyExact(values));
      expect(({} as JsonObject)['total']).toBeUndefined();
      if (cloud === HUAWEI) return;
      for (const [FieldName, value] of Object.entries(values)) {
        const { body } = await rig.tencent('DescribeDeviceDataHistory', { ...LAMP, FieldName, MinTime: 0, MaxTime: 4e12 });
        expect(field(body, 'Results')).toMatchObject([{ Value: String(value) }]);
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('comes to the handler of a set as it is, and goes back as it is', async () => {
    await using rig = await Rig.open({ seed });
    const device = await rig.online(cloud, 1, { model });
    const { promise: wasSet, resolve } = Promise.withResolvers<readonly PropertyGroup[]>();
    device.properties.onSet(({ groups }) => resolve(groups));
    const values = { total: ODD, ...trapped() };
    await rig.set(cloud, 1, values);
    const groups = await wasSet;
    expect(stringifyExact(groups)).toBe(stringifyExact([cloud.group(values)]));
    await device.properties.report(groups).delivered;
    expect(stringifyExact(await rig.reported(cloud, 1))).toBe(stringifyExact(values));
  });

  it('travels in commands, their answers and events', async () => {
    await using rig = await Rig.open({ seed });
    const device = await rig.online(cloud, 1, { model });
    device.commands.handle('blink', ({ args }) => ({ blinked: BigInt(args['times'] as bigint) + 2n }));
    if (cloud === HUAWEI) {
      const { body } = await rig.huawei('POST', '/devices/lamp_1/commands', { service_id: 'light', command_name: 'blink', paras: { times: ODD } });
      expect(body).toMatchObject({ response: { result_code: 0, paras: { blinked: ODD + 2n } } });
    } else {
      const { body } = await rig.tencent('CallDeviceActionSync', { ...LAMP, ActionId: 'blink', InputParams: stringifyExact({ times: ODD }) });
      expect(field(body, 'OutputParams')).toBe(`{"blinked":${ODD + 2n}}`);
    }
    const happened = new Promise((resolve) => rig.platform.once('event', ({ event }) => resolve(event.params)));
    await device.events.post({ ...(cloud === HUAWEI && { service: 'light' }), name: 'burnt', params: { hours: ODD } }).delivered;
    expect(await happened).toEqual({ hours: ODD });
    if (cloud === TENCENT) {
      const { body } = await rig.tencent('ListEventHistory', { ...LAMP, StartTime: 0, EndTime: 4e12 });
      expect(field(body, 'EventHistory')).toMatchObject([{ Data: `{"hours":${ODD}}` }]);
    }
    expect(rig.problems.all).toEqual([]);
  });

  it('is refused by name where the model has less room, by the device and by the platform', async () => {
    await using rig = await Rig.open({ seed });
    const group = cloud.group({ level: ODD });
    const path = cloud === HUAWEI ? 'properties.light.level' : 'properties.level';
    const careful = rig.device(cloud, 1, { model });
    await expect(careful.properties.report(group).delivered).rejects.toMatchObject({ code: 'model-violation', place: { path }, message: `${path}: ${ODD} was given; allowed: an integer from 0 to 100` });
    const careless = await rig.online(cloud, 2);
    // Huawei acknowledges what it drops; Tencent refuses it.
    await careless.properties.report(group).delivered.catch((error: unknown) => expect(error).toMatchObject({ code: 'refused', message: expect.stringContaining(String(ODD)) }));
    expect(rig.problems.all).toMatchObject([{ code: 'model-violation', place: { path }, message: expect.stringContaining(`${ODD} was given; allowed: an integer from 0 to 100`) }]);
    expect(await rig.reported(cloud, 2)).toEqual({});
  });
});

describe('An integer beyond 2^53', () => {
  it.each([HUAWEI, TENCENT])('waits for an offline device of $name as it is', async (cloud) => {
    await using rig = await Rig.open({ seed });
    if (cloud === TENCENT) await rig.set(TENCENT, 1, { total: ODD });
    else expect(await rig.huawei('PUT', '/devices/lamp_1/shadow', { shadow: [{ service_id: 'light', desired: { total: ODD } }] })).toMatchObject({ status: 200, body: { shadow: [{ desired: { properties: { total: ODD } } }] } });
    const device = rig.device(cloud, 1);
    const { promise: wasSet, resolve } = Promise.withResolvers<readonly PropertyGroup[]>();
    device.properties.onSet(({ groups }) => resolve(groups));
    await device.connect();
    expect(await wasSet).toEqual([cloud.group({ total: ODD })]);
  });

  it('is a live value and a message of a Huawei device', async () => {
    await using rig = await Rig.open({ seed });
    const device = await rig.online(HUAWEI, 1);
    if (!('onGet' in device.properties)) throw new Error('a Huawei device has live values');
    device.properties.onGet(() => [HUAWEI.group({ total: MOST })]);
    expect(await rig.huawei('GET', '/devices/lamp_1/properties?service_id=light')).toMatchObject({ body: { response: { services: [{ properties: { total: MOST } }] } } });
    const { promise: told, resolve } = Promise.withResolvers<unknown>();
    device.messages.onMessage((message) => resolve('content' in message ? message.content : undefined));
    expect(await rig.huawei('POST', '/devices/lamp_1/messages', { message: { n: ODD } })).toMatchObject({ status: 201 });
    expect(await told).toEqual({ n: ODD });
    expect(await rig.huawei('GET', '/devices/lamp_1/messages')).toMatchObject({ body: { messages: [{ message: { n: ODD } }] } });
  });

  it('stands in the command of a rule that a Huawei device runs itself', async () => {
    await using rig = await Rig.open({ seed });
    const device = await rig.online(HUAWEI, 1);
    if (!('rules' in device)) throw new Error('a Huawei device has rules');
    const { promise: told, resolve } = Promise.withResolvers<unknown>();
    device.commands.handle('blink', ({ args }) => resolve(args));
    device.rules.start();
    const action = { type: 'DEVICE_CMD', device_command: { device_id: 'lamp_1', cmd: { service_id: 'light', command_name: 'blink', command_body: { times: ODD } } } };
    const condition = { type: 'DEVICE_DATA', device_property_condition: { device_id: 'lamp_1', filters: [{ path: 'light/level', operator: '>', value: '5' }] } };
    const made = await rig.huawei('POST', '/rules', { name: 'many', rule_type: 'DEVICE_SIDE', condition_group: { conditions: [condition] }, actions: [action] });
    expect(made).toMatchObject({ status: 201, body: { actions: [action] } });
    while (device.rules.list.length === 0) await new Promise((resolved) => void setImmediate(resolved));
    await device.properties.report(HUAWEI.group({ level: 6 })).delivered;
    expect(await told).toEqual({ times: ODD });
  });
});
