// X.509 devices in the words of Huawei's own SDK: the fingerprint is registered through the API, the certificate is asked for on the TLS port.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConnectAuthInfo, IotDevice, ServiceProperty } from 'lianyun/huawei';
import { Rig } from './support/rig.ts';

let rig: Rig;
let folder: string;
const devices: IotDevice[] = [];

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'lianyun-x509-'));
  rig = await Rig.open({ over: 'mqtts' });
});

afterEach(async () => {
  await Promise.all(devices.splice(0).map((device) => device.destroy()));
  await rig[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function own(device: IotDevice): IotDevice {
  devices.push(device);
  return device;
}

/** A certificate and its key as files. */
function certified(name: string, passphrase?: string) {
  const { cert, key } = rig.authority.forDevice(name);
  const [certPath, keyPath] = [path.join(folder, `${name}.pem`), path.join(folder, `${name}.key`)];
  writeFileSync(certPath, cert);
  writeFileSync(keyPath, passphrase === undefined ? key : createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }));
  return { certPath, keyPath, fingerprint: new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase() };
}

const register = (fingerprint: string) => rig.huawei('POST', '/devices', { node_id: '9', product_id: 'lamp', auth_info: { auth_type: 'CERTIFICATES', fingerprint } });

describe('A program in the words of Huawei’s own SDK', () => {
  it('signs in with its certificate and reports; another certificate is refused with 4', async () => {
    const [mine, other] = [certified('mine'), certified('other')];
    expect(await register(mine.fingerprint)).toMatchObject({ status: 201, body: { device_id: 'lamp_9', auth_info: { auth_type: 'CERTIFICATES', fingerprint: mine.fingerprint } } });
    const make = ({ certPath, keyPath }: typeof mine): IotDevice => own(IotDevice.createByCertificate('127.0.0.1', rig.ports.mqtts ?? 0, 'lamp_9', certPath, keyPath, rig.authority.file));
    const device = make(mine);
    expect(await device.connect()).toBe(0);
    await new Promise<string>((resolve, reject) => device.getClient().reportProperties([new ServiceProperty({ serviceId: 'light', properties: { level: 4 } })], { onSuccess: resolve, onFailure: (_, error) => reject(error) }));
    expect(await rig.huawei('GET', '/devices/lamp_9/shadow')).toMatchObject({ body: { shadow: [{ reported: { properties: { level: 4 } } }] } });
    expect(await rig.huawei('GET', '/devices/lamp_9')).toMatchObject({ body: { status: 'ONLINE' } });
    expect(await make(other).connect()).toBe(4);
  });

  it('opens the key of its certificate with a password', async () => {
    const mine = certified('mine', 'open sesame');
    await register(mine.fingerprint);
    const auth = { id: 'lamp_9', serverUri: '127.0.0.1', port: rig.ports.mqtts ?? 0, authType: ConnectAuthInfo.X509_AUTH, certPath: mine.certPath, keyPath: mine.keyPath, iotCertFile: rig.authority.file } as const;
    expect(await own(new IotDevice({ connectAuthInfo: { ...auth, keyPassword: 'open sesame' } })).connect()).toBe(0);
    expect(() => new IotDevice({ connectAuthInfo: { ...auth, keyPassword: 'abracadabra' } })).toThrow(expect.objectContaining({ code: 'bad-config' }));
  });

  it('connects over TLS with its secret, and not to a server that it has no reason to trust', async () => {
    const device = own(IotDevice.createBySecret('127.0.0.1', rig.ports.mqtts ?? 0, 'lamp_1', 'secret-of-lamp-1', rig.authority.file));
    expect(await device.connect()).toBe(0);
    const foreign = path.join(folder, 'foreign.pem');
    writeFileSync(foreign, rig.authority.forDevice('anybody').cert);
    const doubting = own(IotDevice.createBySecret('127.0.0.1', rig.ports.mqtts ?? 0, 'lamp_1', 'secret-of-lamp-1', foreign));
    expect(await doubting.connect()).toBe(-1);
  });
});
