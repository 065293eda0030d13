import { Device, reply, tencent } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { tencentIsControlled } from './support/core.ts';
import { SEED, TENCENT } from './support/clouds.ts';
import { Rig } from './support/rig.ts';

const LAMP_1 = { ProductId: 'LAMP000001', DeviceName: 'lamp1' };

describe('A Tencent device', () => {
  it('goes from CreateStudioProduct over sign-in and report to DescribeDeviceData', async () => {
    await using rig = await Rig.open();
    const made = await rig.tencent('CreateStudioProduct', { ProductName: 'kettle', CategoryId: 1, ProductType: 0, EncryptionType: '2', NetType: 'wifi', DataProtocol: 1, ProductDesc: '', ProjectId: 'p' });
    expect(made).toMatchObject({ status: 200, body: { Product: { ProductId: expect.stringMatching(/^[A-Z0-9]{10}$/), ProductName: 'kettle' }, RequestId: expect.any(String) } });
    const { ProductId } = (made.body as any).Product as { ProductId: string };
    const [{ template }] = SEED.tencent.products;
    expect(await rig.tencent('ModifyModelDefinition', { ProductId, ModelSchema: JSON.stringify(template) })).toMatchObject({ body: { RequestId: expect.any(String) } });
    const { body } = await rig.tencent('CreateDevice', { ProductId, DeviceName: 'k1' });
    const { DevicePsk } = (body as any).Data as { DevicePsk: string };
    expect(Buffer.from(DevicePsk, 'base64')).toHaveLength(16);
    expect(await rig.tencent('DescribeDevice', { ProductId, DeviceName: 'k1' })).toMatchObject({ body: { Device: { Status: 3, FirstOnlineTime: 0 } } });

    const device = rig.own(new Device({ dialect: tencent, server: rig.server, identity: { productId: ProductId, deviceName: 'k1', deviceSecret: DevicePsk } }));
    await device.connect();
    expect(await rig.tencent('DescribeDevice', { ProductId, DeviceName: 'k1' })).toMatchObject({ body: { Device: { Status: 1 } } });

    const at = Date.UTC(2026, 0, 2, 3, 4, 5);
    await device.properties.report({ values: { level: 40, label: '厨房' }, at }).delivered;
    await device.properties.report({ values: { level: 41 }, at: at + 1000 }).delivered;
    const data = await rig.tencent('DescribeDeviceData', { ProductId, DeviceName: 'k1' });
    expect(JSON.parse((data.body as any).Data as string)).toEqual({ level: { Value: 41, LastUpdate: at + 1000 }, label: { Value: '厨房', LastUpdate: at } });

    await device.close();
    if (rig.platform.access.isOnline('tencent', `${ProductId}/k1`)) await new Promise<void>((resolve) => rig.platform.once('offline', () => resolve()));
    expect(await rig.tencent('DescribeDevice', { ProductId, DeviceName: 'k1' })).toMatchObject({ body: { Device: { Status: 0 } } });
    expect(rig.problems.all).toEqual([]);
  });

  it('is controlled, and reports what it has done', () => tencentIsControlled({}));

  it('is not sent what its template does not allow', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(TENCENT, 1);
    const sets: unknown[] = [];
    device.properties.onSet(({ groups }) => void sets.push(groups));
    expect(await rig.set(TENCENT, 1, { level: 700 })).toMatchObject({ status: 200, body: { Error: { Code: 'InvalidParameterValue', Message: expect.stringContaining('level') } } });
    expect(await rig.set(TENCENT, 1, { colour: 1 })).toMatchObject({ body: { Error: { Code: 'InvalidParameterValue.ModelPropertyNotExist' } } });
    await device.properties.report({ values: { level: 1 } }).delivered;
    expect(sets).toEqual([]);
  });

  it('that refuses a control tells the platform, whose caller did not wait', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(TENCENT, 1);
    device.properties.onSet(() => ({ code: 22, text: 'too hot' }));
    await rig.set(TENCENT, 1, { level: 1 });
    expect(await rig.problems.first()).toMatchObject({ code: 'refused', message: expect.stringMatching(/22.*too hot/), place: { number: 22, device: 'LAMP000001/lamp1' } });
  });

  it('answers an action with its output', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(TENCENT, 1);
    const calls: unknown[] = [];
    device.commands.handle('blink', async ({ service, name, args }) => {
      calls.push({ service, name, args });
      await Promise.resolve();
      return reply({ code: 0, text: 'blinked', output: { blinked: 3 } });
    });
    const { status, body } = await rig.blink(TENCENT, 1, 3);
    expect({ status, body }).toMatchObject({ status: 200, body: { ClientToken: expect.any(String), Status: 'blinked' } });
    expect(JSON.parse((body as any).OutputParams as string)).toEqual({ blinked: 3 });
    expect(calls).toEqual([{ service: undefined, name: 'blink', args: { times: 3 } }]);
  });

  it('whose handler fails answers with the failure in Status, with HTTP 200', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(TENCENT, 1);
    device.commands.handle('blink', () => Promise.reject(new Error('the bulb is broken')));
    expect(await rig.blink(TENCENT, 1)).toMatchObject({ status: 200, body: { OutputParams: '{}', Status: 'the bulb is broken' } });
    expect(rig.told(device).problems.all).toMatchObject([{ code: 'handler-failed' }]);
  });

  it('takes an asynchronous action that nobody waits for', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(TENCENT, 1);
    const { promise: called, resolve } = Promise.withResolvers<unknown>();
    device.commands.handle('blink', ({ args }) => resolve(args));
    expect(await rig.tencent('CallDeviceActionAsync', { ...LAMP_1, ActionId: 'blink', InputParams: '{"times":2}' })).toMatchObject({ body: { Status: 'Sent', ClientToken: expect.any(String) } });
    expect(await called).toEqual({ times: 2 });
  });

  it('whose report breaks the template is told 406, and nothing of it is kept', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(TENCENT, 1);
    await expect(device.properties.report({ values: { level: 9, colour: 'red' } }).delivered).rejects.toMatchObject({ code: 'refused', place: { number: 406 }, message: expect.stringContaining('Not find PropertySchema') });
    expect(await rig.reported(TENCENT, 1)).toEqual({});
  });
});
