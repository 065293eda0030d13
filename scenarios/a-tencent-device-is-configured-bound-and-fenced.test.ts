import type { BindingClaim } from '@lianyun/platform';
import type { BindingChange, Device, FenceAlarm, tencent } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { TENCENT } from './support/clouds.ts';
import { Log } from './support/log.ts';
import { happens, Rig } from './support/rig.ts';

const REF = 'LAMP000001/lamp1';
const lamp = (rig: Rig, which: 1 | 2 = 1): Device<typeof tencent> => rig.device(TENCENT, which) as Device<typeof tencent>;

describe('The configuration of a Tencent product', () => {
  it('is given to a device that asks, and pushed to all that listen', async () => {
    await using rig = await Rig.open();
    const { remoteConfigs } = rig.platform.tencent;
    const [one, two] = [lamp(rig), lamp(rig, 2)];
    const pushed = new Log<unknown>();
    one.remoteConfig.onUpdate(({ device, content }) => {
      expect(device).toBe(REF);
      pushed.add(content);
    });
    await Promise.all([one.connect(), two.connect()]);
    await expect(one.remoteConfig.get()).rejects.toMatchObject({ code: 'refused', place: { number: 1001 } });
    const config = { interval: 5, 名: ['a', null, 2n ** 60n] };
    remoteConfigs.set('LAMP000001', config);
    expect(await one.remoteConfig.get()).toEqual(config);
    // The second lamp does not listen.
    expect(await remoteConfigs.push('LAMP000001')).toBe(1);
    expect(await pushed.first()).toEqual(config);
    await expect(remoteConfigs.pushTo('LAMP000001/lamp2')).rejects.toMatchObject({ code: 'unsupported' });
    remoteConfigs.set('LAMP000001', undefined);
    await remoteConfigs.pushTo(REF);
    expect(await rig.told(one).problems.first(({ code }) => code === 'refused')).toMatchObject({ place: { number: 1001 } });
    expect(() => remoteConfigs.set('NOBODY0001', {})).toThrow(expect.objectContaining({ code: 'not-found' }));
  });

  it('has the documented form on the wire', async () => {
    await using rig = await Rig.open();
    rig.platform.tencent.remoteConfigs.set('LAMP000001', { a: 1 });
    const client = await rig.foreign(TENCENT, 1);
    await client.subscribeAsync(`$config/operation/result/${REF}`);
    const arrives = happens(client, 'message');
    await client.publishAsync(`$config/operation/${REF}`, '{"type":"get"}');
    expect(JSON.parse(String((await arrives)[1]))).toEqual({ type: 'reply', result: 0, payload: { a: 1 } });
  });
});

describe('A Tencent device hears', () => {
  it('that a user has bound it and let go of it', async () => {
    await using rig = await Rig.open();
    const { bindings } = rig.platform.tencent;
    const device = lamp(rig);
    await expect(bindings.notify(REF, true)).rejects.toMatchObject({ code: 'offline' });
    await device.connect();
    await expect(bindings.notify(REF, true)).rejects.toMatchObject({ code: 'unsupported' });
    const heard = new Log<BindingChange>();
    device.binding.onChange(heard.add);
    const client = await rig.tencent('DescribeDevice', { ProductId: 'LAMP000001', DeviceName: 'lamp1' }); // behind the SUBSCRIBE
    expect(client.status).toBe(200);
    await bindings.notify(REF, true);
    await bindings.notify(REF, false);
    expect(await heard.take(2)).toEqual([{ device: REF, bound: true, at: expect.any(Number) }, { device: REF, bound: false, at: expect.any(Number) }]);
  });

  it('of a fence that it crossed, and answers', async () => {
    await using rig = await Rig.open();
    const { bindings } = rig.platform.tencent;
    const device = lamp(rig);
    const heard: (FenceAlarm & { readonly device: string })[] = [];
    device.binding.onFence((alarm) => {
      heard.push(alarm);
      return alarm.condition === 'In' ? { code: 7, text: 'not me' } : undefined;
    });
    await device.connect();
    const alarm = { type: 'Fence', condition: 'Out', alarmAt: 1_628_646_780_000, name: '院子', longitude: 113.94, latitude: 22.54 } as const;
    expect(await bindings.alarm(REF, alarm)).toEqual({ code: 0, at: expect.any(Number) });
    expect(await bindings.alarm(REF, { condition: 'In' })).toEqual({ code: 7, text: 'not me', at: expect.any(Number) });
    expect(heard).toEqual([{ ...alarm, device: REF, at: expect.any(Number) }, { device: REF, condition: 'In', at: expect.any(Number) }]);
  });

  it('that its token was taken, which the application hears of', async () => {
    await using rig = await Rig.open();
    const claims: BindingClaim[] = [];
    rig.platform.on('claim', (claim) => claims.push(claim));
    const device = lamp(rig);
    await device.connect();
    await device.binding.claim('d7f3');
    expect(claims).toEqual([{ device: REF, token: 'd7f3' }]);
    await expect(device.binding.claim('')).rejects.toMatchObject({ code: 'bad-input' });
  });
});
