import { Device, tencent, type ChildResult } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { SEED } from './support/clouds.ts';
import { tencentCredentials } from './support/credentials.ts';
import { gatewaySeed, onlineGateway, TENCENT_GATEWAY } from './support/gateways.ts';
import { Rig } from './support/rig.ts';

const open = (lamps = 3): Promise<Rig> => Rig.open({ seed: gatewaySeed(lamps) });
const codes = (results: readonly ChildResult[]): readonly (readonly [number, string | undefined])[] => results.map(({ code, text }) => [code, text]);

async function gatewayOf(rig: Rig, which: 1 | 2): Promise<Device<typeof tencent>> {
  const device = rig.own(TENCENT_GATEWAY.gateway(rig.server, {}, which)) as Device<typeof tencent>;
  await device.connect();
  return device;
}

describe('A Tencent gateway', () => {
  it('is told by number and in words why a device cannot be bound', async () => {
    await using rig = await open();
    const [one, two] = [await gatewayOf(rig, 1), await gatewayOf(rig, 2)];
    const lamp = TENCENT_GATEWAY.newLamp(0);
    expect(codes(await one.gateway.add([lamp]))).toEqual([[0, undefined]]);
    expect(codes(await one.gateway.add([lamp]))).toEqual([[809, 'it is bound to this gateway already']]);
    expect(codes(await two.gateway.add([lamp]))).toEqual([[806, 'it is bound to another gateway']]);
    expect(codes(await one.gateway.add([{ device: 'LAMP000001/nobody', secret: 'x' }]))).toEqual([[802, expect.stringContaining('no such device')]]);
    expect(codes(await one.gateway.add([{ device: 'LAMP000001/sub1', secret: 'wrong' }]))).toEqual([[803, expect.stringContaining('signature')]]);
    expect(codes(await one.gateway.add([{ device: 'GATE000001/gate2', secret: 'Z2F0ZXdheS1zZWNyZXQ=' }]))).toEqual([[807, expect.any(String)]]);
    expect(codes(await one.gateway.add([{ ...TENCENT_GATEWAY.newLamp(1), method: 'hmacsha256' } as never]))).toEqual([[0, undefined]]);
    expect(codes(await two.gateway.remove(['LAMP000001/sub0', 'LAMP000001/nobody']))).toEqual([[-1, expect.any(String)], [802, expect.any(String)]]);
  });

  it('cannot bind with a signature that has expired, nor by a method that the cloud does not know', async () => {
    await using rig = await open();
    const signed = tencent.children.signing?.sign({ device: 'LAMP000001/sub0', secret: 'c2VjcmV0LW9mLWxhbXAtMA==' }, { now: Date.now() - 3_700_000, random: () => 0.5 });
    const client = await rig.foreignAs(tencentCredentials('GATE000001', 'gate1', { psk: 'Z2F0ZXdheS1zZWNyZXQ=' }));
    await client.subscribeAsync('$gateway/operation/result/GATE000001/gate1');
    const bind = async (entry: object): Promise<unknown> => {
      const answer = new Promise<unknown>((resolve) => client.once('message', (_topic, payload) => resolve(JSON.parse(payload.toString()))));
      await client.publishAsync('$gateway/operation/GATE000001/gate1', JSON.stringify({ type: 'bind', payload: { devices: [{ product_id: 'LAMP000001', device_name: 'sub0', authtype: 'psk', ...entry }] } }));
      return answer;
    };
    const entry = { signature: signed?.signature, random: signed?.random, timestamp: Math.floor((signed?.at ?? 0) / 1000) };
    const result = (code: number) => ({ type: 'bind', payload: { devices: [{ product_id: 'LAMP000001', device_name: 'sub0', result: code }] } });
    expect(await bind({ ...entry, signmethod: 'hmacsha1' })).toEqual(result(805));
    expect(await bind({ ...entry, signmethod: 'hmacmd5' })).toEqual(result(804));
  });

  it('that is no gateway product may bind nothing', async () => {
    await using rig = await open();
    const lamp = rig.own(new Device({ dialect: tencent, server: rig.server, identity: { productId: 'LAMP000001', deviceName: 'sub1', deviceSecret: 'c2VjcmV0LW9mLWxhbXAtMQ==' } }));
    await lamp.connect();
    expect(codes(await lamp.gateway.add([TENCENT_GATEWAY.newLamp(0)]))).toEqual([[808, expect.any(String)]]);
  });

  it('may use the topics of its lamps only while they are online', async () => {
    await using rig = await open();
    const device = await gatewayOf(rig, 1);
    await device.gateway.add([TENCENT_GATEWAY.newLamp(0)]);
    const lamp = device.gateway.child('LAMP000001/sub0');
    const refused = new Promise((resolve) => rig.platform.once('notice', resolve));
    const receipt = lamp.properties.report({ values: { level: 1 } });
    receipt.delivered.catch(() => undefined);
    expect(await refused).toMatchObject({ kind: 'forbidden-publish', text: expect.stringContaining('sub0') });
    await device.gateway.online(['LAMP000001/sub0']);
    await lamp.properties.report({ values: { level: 2 } }).delivered;
    expect(rig.platform.twins.read('tencent', 'LAMP000001/sub0')[0]?.reported?.values).toEqual({ level: 2 });
    await device.gateway.remove(['LAMP000001/sub0']);
    const again = new Promise((resolve) => rig.platform.once('notice', resolve));
    lamp.properties.report({ values: { level: 3 } }).delivered.catch(() => undefined);
    expect(await again).toMatchObject({ kind: 'forbidden-publish' });
  });

  it('has its lamps offline while it is away, and online again with itself although it said nothing', async () => {
    await using rig = await open();
    const device = await onlineGateway(rig, TENCENT_GATEWAY, 2);
    await device.gateway.offline(['LAMP000001/sub1']);
    const status = () => ['sub0', 'sub1'].map((name) => rig.platform.downlink.isOnline('tencent', `LAMP000001/${name}`));
    const gone = new Promise((resolve) => rig.platform.on('offline', (event) => (event.device === 'GATE000001/gate1' ? resolve(event) : undefined)));
    await device.close();
    await gone;
    expect(status()).toEqual([false, false]);
    await rig.foreignAs(tencentCredentials('GATE000001', 'gate1', { psk: 'Z2F0ZXdheS1zZWNyZXQ=' }));
    expect(status()).toEqual([true, false]);
  });

  it('gives a lamp what waited for it when it comes online', async () => {
    await using rig = await open();
    const device = await gatewayOf(rig, 1);
    await device.gateway.add([TENCENT_GATEWAY.newLamp(0)]);
    await TENCENT_GATEWAY.set(rig, 0, { level: 70 });
    const { promise, resolve } = Promise.withResolvers<unknown>();
    device.gateway.child('LAMP000001/sub0').properties.onSet(({ groups }) => resolve(groups));
    await device.gateway.online(['LAMP000001/sub0']);
    expect(await promise).toEqual([{ values: { level: 70 } }]);
  });
});

describe("Tencent's API of gateways", () => {
  const gate = { GatewayProductId: 'GATE000001', GatewayDeviceName: 'gate1' };
  const failure = (code: string) => ({ status: 200, body: { Error: { Code: code } } });

  it('binds, lists and unbinds, and tells which gateway a device has', async () => {
    await using rig = await open();
    expect(await rig.tencent('BindDevices', { ...gate, ProductId: 'LAMP000001', DeviceNames: ['sub0', 'sub1'] })).toMatchObject({ body: { RequestId: expect.any(String) } });
    const list = (await rig.tencent('DescribeGatewayBindDevices', { ...gate, ProductId: 'LAMP000001', Offset: 0, Limit: 10 })).body;
    expect(list).toMatchObject({ Total: 2, ProductName: SEED.tencent.products[0].ProductName, Devices: expect.arrayContaining([{ ProductId: 'LAMP000001', DeviceName: 'sub0' }]) });
    expect((await rig.tencent('DescribeDeviceBindGateway', { ProductId: 'LAMP000001', DeviceName: 'sub0' })).body).toMatchObject(gate);
    expect(await rig.tencent('DeleteDevice', { ProductId: 'LAMP000001', DeviceName: 'sub0' })).toMatchObject(failure('UnauthorizedOperation.DeviceHasAlreadyBindGateway'));
    expect(await rig.tencent('DeleteDevice', { ProductId: 'GATE000001', DeviceName: 'gate1' })).toMatchObject(failure('UnauthorizedOperation.GatewayHasBindedDevices'));
    await rig.tencent('UnbindDevices', { ...gate, ProductId: 'LAMP000001', DeviceNames: ['sub0', 'sub1'] });
    expect(await rig.tencent('DescribeDeviceBindGateway', { ProductId: 'LAMP000001', DeviceName: 'sub0' })).toMatchObject(failure('InvalidParameterValue.DeviceHasNotBindGateway'));
  });

  it('refuses what cannot be, with the vendor\'s codes', async () => {
    await using rig = await open();
    const bind = (changes: object) => rig.tencent('BindDevices', { ...gate, ProductId: 'LAMP000001', DeviceNames: ['sub0'], ...changes });
    expect(await bind({ GatewayProductId: 'LAMP000001', GatewayDeviceName: 'sub0' })).toMatchObject(failure('InvalidParameterValue.ProductIsNotGateway'));
    expect(await bind({ DeviceNames: ['sub0', 'nobody'] })).toMatchObject(failure('ResourceNotFound.DeviceNotExist'));
    expect(await bind({ DeviceNames: [] })).toMatchObject(failure('InvalidParameterValue'));
    expect(await bind({ DeviceNames: 'sub0' })).toMatchObject(failure('InvalidParameter'));
    expect(await bind({ ProductId: 'GATE000001', DeviceNames: ['gate2'] })).toMatchObject(failure('InvalidParameterValue'));
    await bind({});
    expect(await bind({ GatewayDeviceName: 'gate2' })).toMatchObject(failure('UnauthorizedOperation.DeviceHasAlreadyBindGateway'));
    expect(await rig.tencent('UnbindDevices', { ...gate, GatewayDeviceName: 'gate2', ProductId: 'LAMP000001', DeviceNames: ['sub0'] })).toMatchObject(failure('InvalidParameterValue.DeviceHasNotBindGateway'));
    expect(await rig.tencent('DescribeGatewayBindDevices', { ...gate, Limit: 0 })).toMatchObject(failure('InvalidParameterValue'));
  });
});
