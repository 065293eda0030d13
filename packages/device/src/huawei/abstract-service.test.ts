import { FakeClock } from '@lianyun/protocol/testing';
import { describe, expect, it } from 'vitest';
import { AbstractService, Command, command, CommandRsp, IotDevice, IotResult, Property, property } from './index.ts';

class Smoke extends AbstractService {
  readonly humidity = new Property({ val: 40, fieldName: 'humidity', propName: 'humidity', writeable: false });
  readonly level = new Property({ val: 1, fieldName: 'level', propName: 'smokeLevel' });
  readonly limit = new Property({ val: 5, fieldName: 'limit', propName: 'limit' });
  readonly slow = new Property({ fieldName: 'slow', propName: 'slow', writeable: false });

  constructor() {
    super();
    this.defineProperties(this.humidity, this.level, this.limit, this.slow);
    this.command2method = { ringAlarm: 'ring', later: 'ringLater', broken: 'gone', thrower: 'fail' };
  }

  getSlow(): Promise<number> {
    return Promise.resolve(7);
  }

  setLimit(value: number): Promise<void> {
    if (value > 10) return Promise.reject(new Error('too high'));
    this.limit.val = value;
    return Promise.resolve();
  }

  ring(paras: Readonly<Record<string, unknown>>): CommandRsp {
    return new CommandRsp({ responseName: 'rang', paras: { seconds: Number(paras['seconds']) } });
  }

  ringLater(): Promise<CommandRsp> {
    return Promise.resolve(new CommandRsp({ resultCode: 3 }));
  }

  fail(): never {
    throw new Error('no battery');
  }
}

/** What a compiler makes of `@property()` and `@command()`: each is called with the context of a member, and its initializers with the instance. */
function decorate(instance: object, decorator: (target: never, context: never) => void, member: { readonly kind: 'field' | 'getter' | 'method' | 'accessor'; readonly name: string }): void {
  decorator(undefined as never, { ...member, static: false, private: false, metadata: {}, addInitializer: (initialize: () => void) => initialize.call(instance) } as never);
}

class Decorated extends AbstractService {
  temperature = 20;

  constructor() {
    super();
    decorate(this, property('temp'), { kind: 'field', name: 'temperature' });
    decorate(this, property(undefined, { writeable: false }), { kind: 'field', name: 'serial' });
    decorate(this, property(), { kind: 'getter', name: 'doubled' });
    decorate(this, command('reset'), { kind: 'method', name: 'reset' });
  }

  serial = 'S1';

  get doubled(): number {
    return this.temperature * 2;
  }

  reset(): CommandRsp {
    this.temperature = 0;
    return new CommandRsp();
  }
}

const run = (service: AbstractService, commandName: string, paras = {}): CommandRsp | Promise<CommandRsp> => service.onCommand(new Command({ commandName, paras }));

describe('A service of the product model', () => {
  it('reads what it can, from fields and getters, at once or later', async () => {
    const smoke = new Smoke();
    expect(smoke.onRead(['humidity', 'unknown'])).toEqual({ humidity: 40 });
    expect(await smoke.onRead([])).toEqual({ humidity: 40, smokeLevel: 1, limit: 5, slow: 7 });
  });

  it('sets one property after the other, until one cannot be set', async () => {
    const smoke = new Smoke();
    expect(smoke.onWrite({ smokeLevel: 2 })).toBe(IotResult.SUCCESS);
    expect(smoke.level.val).toBe(2);
    expect(smoke.onWrite({ humidity: 1 })).toMatchObject({ resultCode: -1, resultDesc: 'property not found or not writeable: humidity' });
    expect(await smoke.onWrite({ limit: 9, smokeLevel: 3 })).toBe(IotResult.SUCCESS);
    expect(await smoke.onWrite({ limit: 11, smokeLevel: 4 })).toMatchObject({ resultCode: -1, resultDesc: 'too high' });
    expect([smoke.limit.val, smoke.level.val]).toEqual([9, 3]);
  });

  it('runs its commands, and says what is wrong with one that cannot be run', async () => {
    const smoke = new Smoke();
    expect(run(smoke, 'ringAlarm', { seconds: 3 })).toMatchObject({ resultCode: 0, responseName: 'rang', paras: { seconds: 3 } });
    expect(await run(smoke, 'later')).toMatchObject({ resultCode: 3 });
    expect(run(smoke, 'unknown')).toMatchObject({ resultCode: -1, paras: { error: 'command not found: unknown' } });
    expect(run(smoke, 'broken')).toMatchObject({ resultCode: -1, paras: { error: 'method not found: gone' } });
    expect(run(smoke, 'thrower')).toMatchObject({ resultCode: -1, paras: { error: 'method execute failed, Exception: no battery' } });
  });

  it('is declared by decorators as well', () => {
    const [first, second] = [new Decorated(), new Decorated()];
    expect(first.onWrite({ temp: 21 })).toBe(IotResult.SUCCESS);
    expect(first.onRead([])).toEqual({ temp: 21, serial: 'S1', doubled: 42 });
    expect(first.onWrite({ serial: 'S2' })).toMatchObject({ resultCode: -1 });
    expect(run(first, 'reset')).toMatchObject({ resultCode: 0 });
    expect([first.temperature, second.temperature]).toEqual([0, 20]);
    expect(() => decorate(first, command(), { kind: 'method', name: '#private' })).toThrow('@command()');
  });

  it('reports again and again, until it is told to stop or its device is destroyed', async () => {
    const clock = new FakeClock({ now: 0 });
    const device = new IotDevice({ connectAuthInfo: { id: 'prod1_dev1', secret: 'secret-1', serverUri: '127.0.0.1', port: 1883 } }, { clock });
    const reports: unknown[] = [];
    device.getClient().reportProperties = (services) => void reports.push(services.map(({ serviceId, properties }) => [serviceId, properties]));
    const decorated = new Decorated();
    expect(() => decorated.enableAutoReport(5)).toThrow('addService()');
    device.addService('meter', decorated);
    decorated.enableAutoReport(5);
    decorated.enableAutoReport(1);
    clock.advance(5_000);
    clock.advance(5_000);
    expect(reports).toEqual(Array.from({ length: 2 }, () => [['meter', { temp: 20, serial: 'S1', doubled: 40 }]]));
    decorated.disableAutoReport();
    clock.advance(20_000);
    expect(reports).toHaveLength(2);
    decorated.enableAutoReport(5);
    await device.destroy();
    clock.advance(20_000);
    expect(reports).toHaveLength(2);
  });
});
