import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '@lianyun/protocol/testing';
import type { CertificateWithKey } from '@lianyun/platform';
import { Device, huawei, tencent } from 'lianyun';
import { SEED, TENCENT } from './support/clouds.ts';
import { describeForeign } from './support/foreign.ts';
import { Program } from './support/program.ts';
import { Rig } from './support/rig.ts';

const DAY_MS = 86_400_000;
const fingerprint = ({ cert }: CertificateWithKey, kind: 'fingerprint' | 'fingerprint256' = 'fingerprint256'): string => new X509Certificate(cert)[kind].replaceAll(':', '');

const onHuawei = (rig: Rig, { cert, key }: CertificateWithKey, deviceId = 'lamp_9'): Device<typeof huawei> =>
  rig.own(new Device({ dialect: huawei, server: rig.server, identity: { deviceId, certificate: true }, tls: { ca: rig.authority.pem, cert, key } }));

const onTencent = (rig: Rig, { cert, key }: CertificateWithKey, deviceName = 'lamp9'): Device<typeof tencent> =>
  rig.own(new Device({ dialect: tencent, server: rig.server, identity: { productId: 'LAMP000001', deviceName, certificate: true }, tls: { ca: rig.authority.pem, cert, key } }));

/** Registers a Huawei device through the API, as its owner does. */
async function register(rig: Rig, auth: object): Promise<void> {
  expect(await rig.huawei('POST', '/devices', { node_id: '9', product_id: 'lamp', auth_info: auth })).toMatchObject({ status: 201 });
}

describe('A Huawei device with a certificate', () => {
  it.each([
    ['SHA-1', (own: CertificateWithKey) => fingerprint(own, 'fingerprint').toLowerCase()],
    ['SHA-256 in capitals', (own: CertificateWithKey) => fingerprint(own)],
  ])('is known by its %s fingerprint, whoever signed it, and reports', async (_kind, of) => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const own = rig.authority.forDevice('anything');
    await register(rig, { auth_type: 'CERTIFICATES', fingerprint: of(own) });
    const lamp = onHuawei(rig, own);
    await lamp.connect();
    await lamp.properties.report({ service: 'light', values: { level: 4 } }).delivered;
    expect(rig.notices.all).toEqual([]);
  });

  it('is refused with another certificate, with none, and with a password', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const [own, other] = [rig.authority.forDevice('own'), rig.authority.forDevice('other')];
    await register(rig, { auth_type: 'CERTIFICATES', fingerprint: fingerprint(own), secret: 'secret-of-lamp-9' });
    await expect(onHuawei(rig, other).connect()).rejects.toMatchObject({ code: 'bad-credentials' });
    await rig.notices.first(({ text }) => text.includes('is not that of lamp_9'));
    const server = { dialect: huawei, server: rig.server, tls: { ca: rig.authority.pem } } as const;
    await expect(rig.own(new Device({ ...server, identity: { deviceId: 'lamp_9', certificate: true } })).connect()).rejects.toMatchObject({ code: 'bad-credentials' });
    await rig.notices.first(({ text }) => text.includes('this connection brought none'));
    await expect(rig.own(new Device({ ...server, identity: { deviceId: 'lamp_9', secret: 'secret-of-lamp-9' } })).connect()).rejects.toMatchObject({ code: 'bad-credentials' });
    expect(rig.platform.access.connections).toBe(0);
  });

  it('cannot use its certificate for another device', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const own = rig.authority.forDevice('own');
    await register(rig, { auth_type: 'CERTIFICATES', fingerprint: fingerprint(own) });
    // One with a secret, which a certificate does not replace.
    await expect(onHuawei(rig, own, 'lamp_1').connect()).rejects.toMatchObject({ code: 'bad-credentials' });
    await rig.notices.first(({ text }) => text.includes('lamp_1 signs in with a password'));
  });

  it('is refused when its certificate has expired', async () => {
    const clock = new FakeClock({ now: Date.now() });
    await using rig = await Rig.open({ over: 'mqtts', clock });
    const own = rig.authority.forDevice('own', 10);
    rig.platform.registry.createDevice({ cloud: 'huawei', productId: 'lamp', nodeId: '9', authType: 'certificate', fingerprint: fingerprint(own) });
    clock.advance(11 * DAY_MS);
    await expect(onHuawei(rig, own).connect()).rejects.toMatchObject({ code: 'bad-credentials' });
    await rig.notices.first(({ text }) => text.includes('the certificate of lamp_9 expired on'));
  });
});

describe('Certificate and key', () => {
  it.each([
    ['as text', ({ cert, key }: CertificateWithKey) => ({ cert, key })],
    ['as bytes', ({ cert, key }: CertificateWithKey) => ({ cert: Buffer.from(cert), key: new TextEncoder().encode(key) })],
    ['in files', ({ cert, key }: CertificateWithKey, folder: string) => {
      const [certFile, keyFile] = [path.join(folder, 'own.pem'), path.join(folder, 'own.key')];
      writeFileSync(certFile, cert);
      writeFileSync(keyFile, key, { mode: 0o600 });
      return { cert: certFile, key: keyFile };
    }],
  ])('are taken %s, over TLS and secure WebSocket', async (_form, of) => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const own = rig.authority.forDevice('own');
    await register(rig, { auth_type: 'CERTIFICATES', fingerprint: fingerprint(own) });
    const tls = { ca: rig.authority.pem, ...of(own, path.dirname(rig.authority.file)) };
    for (const server of [rig.server, `wss://127.0.0.1:${rig.ports.https ?? 0}`]) {
      const lamp = rig.own(new Device({ dialect: huawei, server, identity: { deviceId: 'lamp_9', certificate: true }, tls }));
      await lamp.connect();
      await lamp.close();
    }
    expect(rig.notices.all).toEqual([]);
  });
});

describeForeign('openssl', 'Certificate and key in PKCS#12', (openssl) => {
  it.each(['its path', 'its bytes'])('are taken by %s', async (form) => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const own = rig.authority.forDevice('own');
    await register(rig, { auth_type: 'CERTIFICATES', fingerprint: fingerprint(own) });
    const folder = path.dirname(rig.authority.file);
    const [cert, key, pfx] = [path.join(folder, 'own.pem'), path.join(folder, 'own.key'), path.join(folder, 'own.p12')];
    writeFileSync(cert, own.cert);
    writeFileSync(key, own.key);
    execFileSync(openssl, ['pkcs12', '-export', '-in', cert, '-inkey', key, '-out', pfx, '-passout', 'pass:open sesame'], { stdio: 'ignore' });
    const lamp = rig.own(new Device({ dialect: huawei, server: rig.server, identity: { deviceId: 'lamp_9', certificate: true }, tls: { ca: rig.authority.pem, pfx: form === 'its path' ? pfx : readFileSync(pfx), passphrase: 'open sesame' } }));
    await lamp.connect();
    await lamp.properties.report({ service: 'light', values: { level: 4 } }).delivered;
  });
});

describeForeign(['openssl', 'softhsm2-util', 'pkcs11.so'], 'A key that never leaves its hardware', (openssl, softhsm, engine) => {
  it('signs the device in by an OpenSSL engine, and is not in the process', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const own = rig.authority.forDevice('own');
    await register(rig, { auth_type: 'CERTIFICATES', fingerprint: fingerprint(own) });
    const folder = path.dirname(rig.authority.file);
    const [key, pkcs8] = [path.join(folder, 'own.key'), path.join(folder, 'own.p8')];
    writeFileSync(key, own.key);
    execFileSync(openssl, ['pkcs8', '-topk8', '-nocrypt', '-in', key, '-out', pkcs8], { stdio: 'ignore' });
    mkdirSync(path.join(folder, 'tokens'));
    const env = { SOFTHSM2_CONF: path.join(folder, 'softhsm2.conf') };
    writeFileSync(env.SOFTHSM2_CONF, `directories.tokendir = ${path.join(folder, 'tokens')}\n`);
    const token = (...args: string[]): void => void execFileSync(softhsm, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
    token('--init-token', '--free', '--label', 'board', '--pin', '1234', '--so-pin', '5678');
    token('--import', pkcs8, '--token', 'board', '--label', 'own', '--id', '01', '--pin', '1234');
    const script = `
      import { Device, huawei } from 'lianyun';
      const device = new Device({ dialect: huawei, server: '${rig.server}', identity: { deviceId: 'lamp_9', certificate: true }, tls: {
        ca: ${JSON.stringify(rig.authority.file)}, cert: ${JSON.stringify(own.cert)},
        privateKeyEngine: ${JSON.stringify(engine)}, privateKeyIdentifier: 'pkcs11:token=board;object=own;type=private;pin-value=1234' } });
      await device.connect();
      await device.properties.report({ service: 'light', values: { level: 7 } }).delivered;
      await device.close();
      console.log('signed in');`;
    const library = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib64/pkcs11/libsofthsm2.so', '/usr/lib64/libsofthsm2.so'].find((file) => existsSync(file)) ?? '';
    await using program = new Program(process.execPath, ['--conditions=@lianyun/source', '--input-type=module', '--eval', script], { env: { ...env, PKCS11_MODULE_PATH: library } });
    await program.line(/^signed in$/);
    expect(rig.notices.all).toEqual([]);
  }, 60_000);
});

describe('A Tencent device with a certificate', () => {
  const seed = (DeviceCert?: string): string => {
    const [product] = SEED.tencent.products;
    const device = { ProductId: 'LAMP000001', DeviceName: 'lamp9', ...(DeviceCert === undefined ? {} : { DeviceCert }) };
    return JSON.stringify({ tencent: { products: [{ ...product, EncryptionType: '1' }], devices: [device] } });
  };

  it('is known by its common name when the platform signed it', async () => {
    await using rig = await Rig.open({ over: 'mqtts', seed: seed() });
    const lamp = onTencent(rig, rig.authority.forDevice('LAMP000001lamp9'));
    await lamp.connect();
    await lamp.properties.report(TENCENT.group({ level: 4 })).delivered;
    await expect(onTencent(rig, rig.authority.forDevice('LAMP000001lamp8')).connect()).rejects.toMatchObject({ code: 'bad-credentials' });
    await rig.notices.first(({ text }) => text.includes('is for "LAMP000001lamp8", not for LAMP000001lamp9'));
  });

  it('is known by the certificate that its record has, and no other authority can make one with its name', async () => {
    await using elsewhere = await Rig.open({ over: 'mqtts' });
    const own = elsewhere.authority.forDevice('LAMP000001lamp9');
    await using rig = await Rig.open({ over: 'mqtts', seed: seed(own.cert) });
    await onTencent(rig, own).connect();
    await using strict = await Rig.open({ over: 'mqtts', seed: seed() });
    await expect(onTencent(strict, own).connect()).rejects.toMatchObject({ code: 'bad-credentials' });
    await strict.notices.first(({ text }) => text.includes("this platform's authority did not sign"));
  });

  it('may send a password beside it, as the Python SDK does', async () => {
    await using rig = await Rig.open({ over: 'mqtts', seed: seed() });
    const { cert, key } = rig.authority.forDevice('LAMP000001lamp9');
    const credentials = { ...TENCENT.credentials(1), clientId: 'LAMP000001lamp9', username: 'LAMP000001lamp9;21010406;aB3dE;99999999999', password: 'whatever;hmacsha1' };
    const client = await rig.foreignAs(credentials, { protocol: 'mqtts', port: rig.ports.mqtts ?? 0, ca: rig.authority.pem, cert, key });
    expect(client.connected).toBe(true);
  });
});

describe('secure_access', () => {
  it('lets a Huawei device in over TLS only', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    await register(rig, { auth_type: 'SECRET', secret: 'secret-of-lamp-9', secure_access: true });
    const identity = { deviceId: 'lamp_9', secret: 'secret-of-lamp-9' };
    await expect(rig.own(new Device({ dialect: huawei, server: `mqtt://127.0.0.1:${rig.ports.mqtt}`, identity })).connect()).rejects.toMatchObject({ code: 'bad-credentials' });
    await rig.notices.first(({ text }) => text.includes('lamp_9 may connect over TLS only'));
    await rig.own(new Device({ dialect: huawei, server: rig.server, tls: { ca: rig.authority.pem }, identity })).connect();
    expect(rig.platform.access.client('huawei', 'lamp_9')).toBeDefined();
  });
});
