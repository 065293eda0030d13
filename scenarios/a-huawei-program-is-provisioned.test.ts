// Device provisioning in the words of Huawei's own SDK (bsMode), in its four identity forms.
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { derivedSecret, type LianyunError } from '@lianyun/protocol';
import { ConnectAuthInfo, IotDevice, ServiceProperty } from 'lianyun/huawei';
import { Rig, type Over } from './support/rig.ts';

const GROUP_SECRET = 'Z3JvdXAtc2VjcmV0LW9mLWF0LWxlYXN0LTMyLWJ5dGVzISE=';
const { BS_MODE_STANDARD_BOOTSTRAP: OWN, BS_MODE_BOOTSTRAP_WITH_SCOPEID: GROUP, X509_AUTH } = ConnectAuthInfo;

const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function begin(over: Over = 'mqtt') {
  const folder = mkdtempSync(path.join(tmpdir(), 'lianyun-provision-'));
  open.push(() => rmSync(folder, { recursive: true }));
  const rig = await Rig.open({ over });
  open.push(() => rig[Symbol.asyncDispose]());
  const isTls = over === 'mqtts';
  const file = (id: string): string => path.join(folder, `${id}.json`);
  const make = (auth: Partial<ConnectAuthInfo> & { readonly id: string }): IotDevice => {
    const tls = isTls ? { bsCertPath: rig.authority.file, iotCertPath: rig.authority.file } : {};
    const device = new IotDevice({ connectAuthInfo: { serverUri: '127.0.0.1', port: (isTls ? rig.ports.mqtts : rig.mqttPort) ?? 0, serverInfoPath: file(auth.id), ...tls, ...auth } });
    open.push(() => device.destroy());
    return device;
  };
  /** A certificate and its key as files. */
  const certified = (name: string) => {
    const { cert, key } = rig.authority.forDevice(name);
    const [certPath, keyPath] = [path.join(folder, `${name}.pem`), path.join(folder, `${name}.key`)];
    writeFileSync(certPath, cert);
    writeFileSync(keyPath, key);
    return { certPath, keyPath, fingerprint: new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase() };
  };
  /** Reports, as a device does that is where it belongs. */
  const reports = async (device: IotDevice): Promise<unknown> => {
    await new Promise<string>((resolve, reject) => device.getClient().reportProperties([new ServiceProperty({ serviceId: 'light', properties: { level: 7 } })], { onSuccess: resolve, onFailure: (_, error) => reject(error) }));
    return (await rig.huawei('GET', `/devices/${device.getDeviceId()}/shadow`)).body;
  };
  return { rig, make, file, certified, reports, provisioning: rig.platform.huawei.provisioning };
}

const REPORTED = { shadow: [{ service_id: 'light', reported: { properties: { level: 7 } } }] };
/** How often a device asked where to connect. */
function countsAsking(rig: Rig): () => number {
  let count = 0;
  rig.platform.on('frame', ({ direction, topic }) => void (direction === 'up' && topic.endsWith('/bootstrap/up') ? count++ : undefined));
  return () => count;
}

describe('A program in the words of Huawei’s own SDK is provisioned', () => {
  it('by its own secret; what it was told is kept for its owner alone, and a second start asks nobody', async () => {
    const { rig, make, file, reports } = await begin();
    const asked = countsAsking(rig);
    const auth = { id: 'lamp_1', secret: 'secret-of-lamp-1', bsMode: OWN };
    const device = make(auth);
    expect(await device.connect()).toBe(0);
    expect(await reports(device)).toMatchObject(REPORTED);
    expect(JSON.parse(readFileSync(file('lamp_1'), 'utf8'))).toEqual({ server_uri: '127.0.0.1', port: rig.mqttPort, secret: null });
    expect(statSync(file('lamp_1')).mode & 0o777).toBe(0o600);
    await device.destroy();
    expect(await make(auth).connect()).toBe(0);
    expect(asked()).toBe(1);
  });

  it('by its group’s secret; it is registered, and signs in with the secret that was derived for it, also after a restart and a loss', async () => {
    const { rig, make, file, reports, provisioning } = await begin();
    const asked = countsAsking(rig);
    provisioning.putGroup({ scopeId: 'line_1', productId: 'lamp', secret: GROUP_SECRET });
    const auth = { id: 'lamp_new', scopeId: 'line_1', secret: GROUP_SECRET, bsMode: GROUP };
    const device = make(auth);
    expect(await device.connect()).toBe(0);
    expect(await reports(device)).toMatchObject(REPORTED);
    expect(JSON.parse(readFileSync(file('lamp_new'), 'utf8'))).toMatchObject({ secret: derivedSecret('lamp_new', GROUP_SECRET) });
    const back = new Promise<void>((resolve) => {
      const undo = device.addConnectListener({ connectComplete: (again) => (again ? (undo(), resolve()) : undefined), connectionLost: () => undefined });
    });
    rig.platform.access.kick('huawei', 'lamp_new', 'for the test');
    await back;
    await device.destroy();
    const again = make(auth);
    expect(await again.connect()).toBe(0);
    expect(await reports(again)).toMatchObject(REPORTED);
    expect(asked()).toBe(1);
    // true is the vendor's document, and means the device's own credentials.
    expect(() => make({ ...auth, bsMode: true })).toThrow('scopeId');
  });

  it('by its own certificate, and by one of its group’s authority', async () => {
    const { rig, make, certified, reports, provisioning } = await begin('mqtts');
    const own = certified('own');
    expect(await rig.huawei('POST', '/devices', { node_id: '8', product_id: 'lamp', auth_info: { auth_type: 'CERTIFICATES', fingerprint: own.fingerprint } })).toMatchObject({ status: 201 });
    const first = make({ id: 'lamp_8', authType: X509_AUTH, ...pathsOf(own), bsMode: true });
    expect(await first.connect()).toBe(0);
    expect(await reports(first)).toMatchObject(REPORTED);
    provisioning.putGroup({ scopeId: 'the_certs', productId: 'lamp' });
    const theirs = certified('lamp_77');
    const second = make({ id: 'lamp_77', scopeId: 'the_certs', authType: X509_AUTH, ...pathsOf(theirs), bsMode: GROUP });
    expect(await second.connect()).toBe(0);
    expect(await reports(second)).toMatchObject(REPORTED);
  });

  it('by what it says of itself, and is told when there is no place for it; then it may ask again', async () => {
    const { rig, make, file, provisioning } = await begin();
    provisioning.putPolicy({ keyword: 'north', source: 'report', address: `127.0.0.1:${rig.mqttPort}` });
    const auth = { id: 'lamp_1', secret: 'secret-of-lamp-1', bsMode: OWN };
    const lost = make({ ...auth, bsMessage: JSON.stringify({ baseStrategyKeyword: 'south' }) });
    const problems: LianyunError[] = [];
    lost.device.on('problem', (problem) => void problems.push(problem));
    expect(await lost.connect()).toBe(-1);
    expect(problems).toMatchObject([{ code: 'refused', place: { number: 100_414 } }]);
    expect(existsSync(file('lamp_1'))).toBe(false);
    provisioning.putPolicy({ keyword: 'south', source: 'report', address: `127.0.0.1:${rig.mqttPort}` });
    expect(await lost.connect()).toBe(0);
    await lost.destroy();
    rmSync(file('lamp_1'));
    expect(await make({ ...auth, bsMessage: JSON.stringify({ baseStrategyKeyword: 'far north' }) }).connect()).toBe(0);
    expect(await make({ id: 'lamp_2', secret: 'not-its-secret', bsMode: OWN }).connect()).toBe(4);
  });
});

const pathsOf = ({ certPath, keyPath }: { readonly certPath: string; readonly keyPath: string }) => ({ certPath, keyPath });
