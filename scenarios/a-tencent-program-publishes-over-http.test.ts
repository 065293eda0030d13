import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SEED, TENCENT } from './support/clouds.ts';
import { Rig } from './support/rig.ts';
import { TencentProgram } from './support/tencent-program.ts';

const REPORTS = '$thing/up/property/LAMP000001/lamp1';
const [PRODUCT] = SEED.tencent.products;

let rig: Rig;
const programs: TencentProgram[] = [];

beforeEach(async () => {
  rig = await Rig.open({ over: 'mqtts', seed: JSON.stringify({ tencent: { ...SEED.tencent, products: [PRODUCT, { ProductId: 'CERT000001', ProductName: 'cert', EncryptionType: '1', template: PRODUCT.template }] } }) });
});

afterEach(async () => {
  for (const program of programs.splice(0)) await program[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

function program(...options: ConstructorParameters<typeof TencentProgram> extends [unknown, ...infer Rest] ? Rest : never): TencentProgram {
  const made = new TencentProgram(rig, ...options);
  programs.push(made);
  return made;
}
const url = (): string => `http://127.0.0.1:${rig.httpPort}/device/publish`;
const report = (values: object): object => ({ method: 'report', clientToken: 't', params: values });

describe('A program without a connection', () => {
  it('reports over HTTP with its secret, text and objects alike', async () => {
    const { explorer } = program();
    expect(await explorer.httpDevice(REPORTS, JSON.stringify(report({ level: 42, label: 'a "quoted" 灯\n' })), 1, 10, url())).toEqual([0, { RequestId: expect.any(String) }]);
    expect(await rig.reported(TENCENT, 1)).toEqual({ level: 42, label: 'a "quoted" 灯\n' });
    expect(await explorer.httpDevice(REPORTS, report({ level: 43 }), 0, 10, url())).toMatchObject([0, {}]);
    expect(await rig.reported(TENCENT, 1)).toMatchObject({ level: 43 });
    expect(explorer.isHttpConnected()).toBe(false);
  });

  it('reaches those that listen to its topic; without topic and payload it is the vendor’s own', async () => {
    const listener = program();
    await listener.online();
    const [, mid] = listener.explorer.subscribe('LAMP000001/lamp1/data', 0);
    await listener.hears('on_subscribe', (_, each) => each === mid);
    expect(await program().explorer.httpDevice(null, null, 0, 10, url())).toMatchObject([0, {}]);
    expect(await listener.hears('on_message')).toEqual(['LAMP000001/lamp1/data', 0, 'test', 'ud']);
  });

  it('proves itself with the key of its certificate, over HTTPS', async () => {
    const { body } = await rig.tencent('CreateDevice', { ProductId: 'CERT000001', DeviceName: 'dev' });
    const { DeviceCert, DevicePrivateKey } = (body as { Data: { DeviceCert: string; DevicePrivateKey: string } }).Data;
    const own = program({ productId: 'CERT000001', deviceName: 'dev', secret: '', tls: true, ca: rig.authority.file, keys: { cert: DeviceCert, key: DevicePrivateKey } });
    const topic = '$thing/up/property/CERT000001/dev';
    expect(await own.explorer.httpDevice(topic, report({ level: 5 }), 0, 10, `https://127.0.0.1:${rig.ports.https ?? 0}/device/publish`)).toMatchObject([0, {}]);
    expect(await rig.tencent('DescribeDeviceData', { ProductId: 'CERT000001', DeviceName: 'dev' })).toMatchObject({ body: { Data: expect.stringContaining('"level":{"Value":5') } });
    writeFileSync(path.join(own.directory, 'key.pem'), 'no key');
    await expect(own.explorer.httpDevice(topic, report({ level: 6 }), 0, 10, url())).rejects.toMatchObject({ code: 'bad-config' });
  });

  it('is told in the words of the cloud when it is refused; what cannot be asked rejects', async () => {
    expect(await program({ secret: 'bm90LWl0cy1zZWNyZXQ=' }).explorer.httpDevice(REPORTS, 'x', 0, 10, url())).toEqual([-1, expect.stringMatching(/signature/i)]);
    const { explorer } = program();
    expect(await explorer.httpDevice('$thing/up/property/LAMP000001/lamp2', 'x', 0, 10, url())).toEqual([-1, expect.any(String)]);
    await expect(explorer.httpDevice(REPORTS, 'x', 0, 10, 'http://127.0.0.1:1/device/publish')).rejects.toMatchObject({ code: 'network' });
    await expect((async () => explorer.httpDevice(REPORTS, 'x', 2, 10, url()))()).rejects.toThrow(/QoS/);
  });
});
