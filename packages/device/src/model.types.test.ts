import { compileModel, defineModel, forCloud, huawei, readHuaweiProfile, tencent, toBoth, type ThingModel } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { Device, reply, type CommandCall, type DeviceEvent, type PropertyGroup, type Receipt } from './index.ts';
import { HUAWEI_IDENTITY, huaweiDevice, TENCENT_IDENTITY } from './testing/support.ts';

const lamp = defineModel({
  services: {
    light: {
      properties: {
        on: { type: 'boolean', writable: true },
        brightness: { type: 'int', min: 0, max: 100, writable: true },
        color: { type: 'enum', values: { red: 0, green: 1 }, writable: true },
        celsius: { type: 'decimal', min: -40, max: 150 },
      },
      commands: { blink: { args: { times: { type: 'int', min: 1, max: 10 } }, output: { blinked: { type: 'int', min: 0, max: 10 } } }, rest: {} },
      events: { overheated: { severity: 'alert', params: { celsius: 'decimal' } } },
    },
    meter: { properties: { energy: { type: 'long', min: 0, writable: true } }, commands: { reset: { args: { to: 'long' } } } },
  },
});

const where = { server: 'localhost', clock: new FakeClock() };
const onHuawei = () => new Device({ ...where, dialect: huawei, identity: HUAWEI_IDENTITY, model: lamp });
const onTencent = () => new Device({ ...where, dialect: tencent, identity: TENCENT_IDENTITY, model: forCloud(lamp, 'tencent') });
const devices = [onHuawei, onTencent] as const;
type Lamp = ReturnType<typeof onHuawei> | ReturnType<typeof onTencent>;

/** That nothing leaves, and why. */
async function refused(receipt: Receipt, path: string, range: string): Promise<void> {
  await expect(receipt.stored).rejects.toMatchObject({ code: 'model-violation', place: { path }, message: expect.stringContaining(range) });
}

describe.each(devices)('a device whose model the compiler knows (%#)', (make) => {
  const device: Lamp = make();

  it('reports what the model has, and nothing else compiles or leaves', async () => {
    const report: Lamp['properties']['report'] = (groups) => device.properties.report(groups);
    const before = device.pending.count;
    report({ service: 'light', values: { on: true, color: 'red', brightness: 5 }, at: 1 });
    report([{ service: 'light', values: { celsius: -40 } }, { service: 'meter', values: { energy: 5n } }]);
    expect(device.pending.count).toBe(before + 2);
    // @ts-expect-error: no such property
    await refused(report({ service: 'light', values: { colour: 'red' } }), 'properties.light.colour', 'on, brightness, color, celsius');
    // @ts-expect-error: a property of another service
    await refused(report({ service: 'meter', values: { on: true } }), 'properties.meter.on', 'energy');
    // @ts-expect-error: no such service
    await refused(report({ service: 'lamp', values: { on: true } }), 'properties.lamp', 'light, meter');
    // @ts-expect-error: 1 is true on a wire, not in a program
    await refused(report({ service: 'light', values: { on: 1 } }), 'properties.light.on', 'true or false');
    // @ts-expect-error: not one of the values
    await refused(report({ service: 'light', values: { color: 'blue' } }), 'properties.light.color', '"red", "green"');
    // @ts-expect-error: text
    await refused(report([{ service: 'light', values: { celsius: '20' } }]), 'properties.light.celsius', 'a number from -40 to 150');
    // The compiler knows no ranges.
    await refused(report({ service: 'light', values: { brightness: 101 } }), 'properties.light.brightness', 'an integer from 0 to 100');
    await refused(report({ service: 'meter', values: { energy: 2 ** 53 } }), 'properties.meter.energy', 'as a bigint or a string of digits');
    expect(device.pending.count).toBe(before + 2);
  });

  it('posts the events of the model', async () => {
    const before = device.pending.count;
    device.events.post({ service: 'light', name: 'overheated', params: { celsius: 99 } });
    expect(device.pending.count).toBe(before + 1);
    // @ts-expect-error: no such event
    await refused(device.events.post({ service: 'light', name: 'cooled', params: { celsius: 9 } }), 'events.light.cooled', 'overheated');
    // @ts-expect-error: a parameter is missing
    await refused(device.events.post({ service: 'light', name: 'overheated', params: {} }), 'events.light.overheated.celsius', 'a number');
    // @ts-expect-error: a parameter of another type
    await refused(device.events.post([{ service: 'light', name: 'overheated', params: { celsius: true } }]), 'events.light.overheated.celsius', 'a number');
    // @ts-expect-error: another severity than the model's
    device.events.post({ service: 'light', name: 'overheated', severity: 'info', params: { celsius: 1 } });
  });

  it('handles sets and commands with the types of the model', () => {
    const undo = device.properties.onSet(({ groups }) => {
      for (const group of groups) {
        if (group.service === 'light') {
          expectTypeOf(group.values.on).toEqualTypeOf<boolean | undefined>();
          expectTypeOf(group.values.color).toEqualTypeOf<'red' | 'green' | undefined>();
          // @ts-expect-error: the cloud cannot set it
          void group.values.celsius;
        } else expectTypeOf(group.values.energy).toEqualTypeOf<bigint | undefined>();
      }
    });
    undo();
    const undos = [
      device.commands.handle('blink', ({ args, service, name, device: of, signal }) => {
        expectTypeOf(args.times).toEqualTypeOf<number>();
        expectTypeOf(service).toEqualTypeOf<'light'>();
        expectTypeOf(name).toEqualTypeOf<'blink'>();
        expectTypeOf(of).toEqualTypeOf<string>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        return { blinked: args.times };
      }),
      device.commands.handle('reset', async ({ args }) => void expectTypeOf(args.to).toEqualTypeOf<bigint>(), { service: 'meter' }),
      device.commands.handle('blink', async ({ args }) => reply({ code: 5, output: { left: args.times } }), { service: 'light' }),
      device.commands.handle('rest', () => undefined),
      device.commands.handle('*', (call) => {
        expectTypeOf(call.name).toEqualTypeOf<'blink' | 'rest' | 'reset'>();
        if (call.name === 'reset') expectTypeOf(call.args.to).toEqualTypeOf<bigint>();
        return reply({ code: 1 });
      }),
    ];
    for (const each of undos) each();
    const wrong = [
      // @ts-expect-error: no such command
      () => device.commands.handle('blnk', () => undefined),
      // @ts-expect-error: a command of another service
      () => device.commands.handle('reset', () => undefined, { service: 'light' }),
      // @ts-expect-error: the answer is missing
      () => device.commands.handle('blink', () => undefined),
      // @ts-expect-error: the answer is of another type
      () => device.commands.handle('blink', () => ({ blinked: 'often' })),
      // @ts-expect-error: no such argument
      () => device.commands.handle('blink', ({ args }) => ({ blinked: args.often })),
    ];
    expect(wrong).toHaveLength(5);
  });
});

describe('the type of a device', () => {
  it('has live values of the model on Huawei only', () => {
    const device = onHuawei();
    device.properties.onGet(() => [{ service: 'light', values: { on: true } }])();
    // @ts-expect-error: another type
    device.properties.onGet(() => [{ service: 'light', values: { on: 'yes' } }])();
    expectTypeOf(onTencent().properties).not.toHaveProperty('onGet');
  });

  it('has the model of a sub-device, not the gateway’s', async () => {
    const gate = huaweiDevice({ url: 'localhost', clock: where.clock });
    const child = gate.gateway.child('lamp_2', { model: lamp });
    // @ts-expect-error: no such property
    await refused(child.properties.report({ service: 'light', values: { colour: 1 } }), 'properties.light.colour', 'brightness');
    // @ts-expect-error: no such command
    const handle = (): unknown => child.commands.handle('blnk', () => undefined);
    expect(handle).toBeTypeOf('function');
    expectTypeOf(gate.gateway.child('lamp_3').properties.report).parameter(0).toEqualTypeOf<PropertyGroup | readonly PropertyGroup[]>();
  });

  it.each([
    ['no model', () => huaweiDevice({ url: 'localhost', clock: where.clock })],
    ['a compiled model', () => new Device({ ...where, dialect: huawei, identity: HUAWEI_IDENTITY, model: compileModel(readHuaweiProfile([])) })],
    ['a model that was read at run time', () => new Device({ ...where, dialect: huawei, identity: HUAWEI_IDENTITY, model: readHuaweiProfile([]) })],
    ['a model of both clouds that was read at run time', () => new Device({ ...where, dialect: huawei, identity: HUAWEI_IDENTITY, model: toBoth(readHuaweiProfile([])) })],
    ['a model that was read at run time, on its cloud', () => new Device({ ...where, dialect: huawei, identity: HUAWEI_IDENTITY, model: forCloud(readHuaweiProfile([]), 'huawei') })],
  ])('takes any names and values with %s', (_, make) => {
    const device = make();
    expectTypeOf(device.properties.report).parameter(0).toEqualTypeOf<PropertyGroup | readonly PropertyGroup[]>();
    expectTypeOf(device.events.post).parameter(0).toEqualTypeOf<DeviceEvent | readonly DeviceEvent[]>();
    device.commands.handle('any', (call) => {
      expectTypeOf(call).toEqualTypeOf<CommandCall>();
      return { any: 1 };
    })();
    expect(device.id).toBe('prod1_dev1');
  });

  it('refuses what is no model, and a model on another cloud', () => {
    // @ts-expect-error: not a model
    expect(() => new Device({ ...where, dialect: huawei, identity: HUAWEI_IDENTITY, model: {} })).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining('model is none') }));
    // @ts-expect-error: not a model
    expect(() => new Device({ ...where, dialect: huawei, identity: HUAWEI_IDENTITY, model: 'lamp' })).toThrow('model is none');
    expect(() => new Device({ ...where, dialect: huawei, identity: HUAWEI_IDENTITY, model: forCloud(lamp, 'tencent') })).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining("forCloud(model, 'huawei') is expected") }));
    const flat: ThingModel<'both'> = defineModel({ properties: { on: 'boolean' } });
    expect(() => new Device({ ...where, dialect: huawei, identity: HUAWEI_IDENTITY, model: flat })).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining('no services') }));
  });
});
