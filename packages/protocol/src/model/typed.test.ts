import { describe, expect, expectTypeOf, it } from 'vitest';
import type { JsonObject } from '../json.ts';
import type { PropertyGroup } from '../vocabulary.ts';
import { compileModel, defineModel, forCloud, readHuaweiProfile, type ArgsOf, type CallOf, type Cloud, type CommandNames, type EventsOf, type Int64, type OutputOf, type ReportOf, type ServiceNames, type SetOf } from './index.ts';
import { flat, lamp } from './lamp.fixtures.ts';

type Lamp = typeof lamp;
type Flat = typeof flat;
const report = (group: ReportOf<Lamp>) => group;
const reportFlat = (group: ReportOf<Flat>) => group;
const post = (event: EventsOf<Lamp>) => event;

describe('the types of a model', () => {
  it('let pass what the model allows', () => {
    const groups: ReportOf<Lamp>[] = [
      { service: 'light', values: { on: true, color: 'red', mode: 'eco', zone: 'in', temperature: 1.5, pos: { x: 1, lit: false, tint: 'warm' }, tags: ['a'], names: [] } },
      { service: 'light', values: {}, at: 0 },
      { service: 'light', values: { ['__proto__']: true, color: '__proto__' } },
      { service: 'meter', values: { energy: 2n ** 53n, constructor: 1 } },
      { service: 'meter', values: { energy: '9007199254740993' } },
    ];
    expect(forCloud(lamp, 'huawei').check.checkProperties(groups, 'report')).toBeUndefined();
    expect(forCloud(lamp, 'tencent').check.checkProperties(groups.slice(0, 3), 'report')).toBeUndefined();
    expect(forCloud(lamp, 'tencent').check.checkProperties(groups, 'report')).toMatchObject({ path: 'properties.meter.energy', reason: 'out-of-range' });
    expect(compileModel(flat).checkProperties([reportFlat({ values: { on: true, points: [{ x: 1 }, {}] } })], 'report')).toBeUndefined();
  });

  // What does not compile here is given to the check as a program in JavaScript would.
  it.each<[string, ReportOf<Lamp>, string]>([
    // @ts-expect-error: no such property
    ['properties.light.onn', report({ service: 'light', values: { onn: true } }), 'no property "onn"'],
    // @ts-expect-error: a property of another service
    ['properties.meter.on', report({ service: 'meter', values: { on: true } }), 'no property "on"'],
    // @ts-expect-error: no such service
    ['properties.lamp', report({ service: 'lamp', values: { on: true } }), 'no service "lamp"'],
    // @ts-expect-error: the service is needed
    ['properties', report({ values: { on: true } }), 'one of them must be named'],
    // @ts-expect-error: 1 is true on no cloud for a program
    ['properties.light.on', report({ service: 'light', values: { on: 1 } }), 'true or false'],
    // @ts-expect-error: not one of the values
    ['properties.light.color', report({ service: 'light', values: { color: 'blue' } }), '"red", "green"'],
    // @ts-expect-error: the number is Tencent's, on the wire
    ['properties.light.color', report({ service: 'light', values: { color: 0 } }), '"red", "green"'],
    // @ts-expect-error: text
    ['properties.light.temperature', report({ service: 'light', values: { temperature: '1' } }), 'a number'],
    // @ts-expect-error: no such member
    ['properties.light.pos.y', report({ service: 'light', values: { pos: { y: 1 } } }), 'no member "y"'],
    // @ts-expect-error: a member of another type
    ['properties.light.pos.lit', report({ service: 'light', values: { pos: { lit: 1 } } }), 'true or false'],
    // @ts-expect-error: an element of another type
    ['properties.light.tags[1]', report({ service: 'light', values: { tags: ['a', 1] } }), 'a string'],
    // @ts-expect-error: a boolean is no integer
    ['properties.meter.energy', report({ service: 'meter', values: { energy: true } }), 'an integer'],
  ])('refuse %s on both clouds, and so does the check', (path, group, words) => {
    for (const cloud of ['huawei', 'tencent'] as const) {
      const violation = forCloud(lamp, cloud).check.checkProperties([group], 'report');
      expect(violation).toMatchObject({ path, message: expect.stringContaining(words) });
    }
  });

  it('refuse a service and a wrong value on a model without services', () => {
    const { check } = forCloud(flat, 'tencent');
    // @ts-expect-error: there are no services
    expect(check.checkProperties([reportFlat({ service: 'light', values: { on: true } })], 'report')).toMatchObject({ reason: 'unknown-service' });
    // @ts-expect-error: 1 is not true
    expect(check.checkProperties([reportFlat({ values: { on: 1 } })], 'report')).toMatchObject({ reason: 'wrong-type' });
    // @ts-expect-error: no such property
    expect(check.checkProperties([reportFlat({ values: { off: true } })], 'report')).toMatchObject({ reason: 'unknown-property' });
    expectTypeOf<ServiceNames<Flat>>().toEqualTypeOf<undefined>();
    expectTypeOf<CommandNames<Flat>>().toEqualTypeOf<'go'>();
    expectTypeOf<ArgsOf<Flat, undefined, 'go'>>().branded.toEqualTypeOf<{ readonly fast: boolean }>();
    expectTypeOf<SetOf<Flat>>().branded.toEqualTypeOf<{ readonly service?: undefined; readonly values: { readonly on?: boolean }; readonly at?: number }>();
    expectTypeOf<EventsOf<Flat>['name']>().toEqualTypeOf<'done'>();
  });

  it('give a set handler the writable properties only', () => {
    type Light = Extract<SetOf<Lamp>, { service: 'light' }>['values'];
    expectTypeOf<keyof Light>().toEqualTypeOf<'on' | 'brightness' | 'color' | 'label' | 'bornAt' | 'pos' | '__proto__'>();
    expectTypeOf<Light['color']>().toEqualTypeOf<'red' | 'green' | '__proto__' | undefined>();
    expectTypeOf<SetOf<Lamp>['service']>().toEqualTypeOf<'light' | 'meter'>();
    expectTypeOf<Extract<SetOf<Lamp>, { service: 'meter' }>['values']>().toEqualTypeOf<{ readonly energy?: bigint }>();
    expectTypeOf<Extract<ReportOf<Lamp>, { service: 'meter' }>['values']>().toEqualTypeOf<{ readonly energy?: Int64; readonly constructor?: number | typeof Object.prototype.constructor }>();
  });

  it('know the commands', () => {
    expectTypeOf<ServiceNames<Lamp>>().toEqualTypeOf<'light' | 'meter' | 'empty'>();
    expectTypeOf<CommandNames<Lamp>>().toEqualTypeOf<'blink' | 'free' | 'reset'>();
    expectTypeOf<CommandNames<Lamp, 'meter'>>().toEqualTypeOf<'reset'>();
    expectTypeOf<ArgsOf<Lamp, 'light', 'blink'>>().branded.toEqualTypeOf<{ readonly times: number; readonly soft?: boolean }>();
    expectTypeOf<ArgsOf<Lamp, 'meter', 'reset'>>().branded.toEqualTypeOf<{ readonly to: bigint }>();
    expectTypeOf<OutputOf<Lamp, 'light', 'blink'>>().branded.toEqualTypeOf<{ readonly done: boolean; readonly total: Int64 }>();
    expectTypeOf<OutputOf<Lamp, 'light', 'free'>>().toEqualTypeOf<JsonObject>();
    // @ts-expect-error: a command of another service
    expectTypeOf<ArgsOf<Lamp, 'light', 'reset'>>();
    expectTypeOf<Extract<CallOf<Lamp>, { name: 'reset' }>>().branded.toEqualTypeOf<{ readonly service: 'meter'; readonly name: 'reset'; readonly args: { readonly to: bigint } }>();
    expectTypeOf<CallOf<Lamp, 'blink'>['args']['times']>().toEqualTypeOf<number>();
  });

  it('know the responses of a command by name', () => {
    const model = defineModel({ services: { s: { commands: { c: { responses: { ok: { n: 'int' }, no: { why: 'string' } } } } } } });
    expectTypeOf<OutputOf<typeof model, 's', 'c'>>().branded.toEqualTypeOf<{ readonly n: number } | { readonly why: string }>();
    expect(model.services[0]?.commands[0]?.outputs.map(({ name }) => name)).toEqual(['ok', 'no']);
  });

  it('know the events', () => {
    const event = post({ service: 'light', name: 'overheated', params: { celsius: 90, lit: true } });
    expect(forCloud(lamp, 'huawei').check.checkEvent(event.service, event.name, event.params)).toBeUndefined();
    // @ts-expect-error: a parameter is missing
    post({ service: 'light', name: 'overheated', params: { celsius: 90 } });
    // @ts-expect-error: no such parameter
    post({ service: 'light', name: 'overheated', params: { celsius: 90, lit: true, x: 1 } });
    // @ts-expect-error: another severity than the model's
    post({ service: 'light', name: 'overheated', severity: 'info', params: { celsius: 90, lit: true } });
    // @ts-expect-error: the meter has no events
    post({ service: 'meter', name: 'overheated', params: { celsius: 90, lit: true } });
  });

  it('are those of any message for a model that was read at run time', () => {
    const model = readHuaweiProfile([]);
    expect(model.services).toEqual([]);
    expectTypeOf<ReportOf<typeof model>>().toEqualTypeOf<PropertyGroup>();
    expectTypeOf<SetOf<typeof model>>().toEqualTypeOf<PropertyGroup>();
    expectTypeOf<CommandNames<typeof model>>().toEqualTypeOf<string>();
    expectTypeOf<ReportOf<undefined>>().toEqualTypeOf<PropertyGroup>();
    expectTypeOf<ArgsOf<typeof model, string, string>>().toEqualTypeOf<JsonObject>();
    expectTypeOf<Cloud>().toEqualTypeOf<'huawei' | 'tencent'>();
  });
});
