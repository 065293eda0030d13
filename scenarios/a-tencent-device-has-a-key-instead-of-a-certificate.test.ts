import tls from 'node:tls';
import type { IClientOptions } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '@lianyun/protocol/testing';
import { Device, huawei, tencent, type DeviceOptions } from 'lianyun';
import { HUAWEI, SEED, TENCENT } from './support/clouds.ts';
import { describeForeign } from './support/foreign.ts';
import { Program } from './support/program.ts';
import { Rig } from './support/rig.ts';

const [LAMP_1, LAMP_2] = SEED.tencent.devices;
const keyOf = ({ DevicePsk }: { readonly DevicePsk: string }): Buffer => Buffer.from(DevicePsk, 'base64');
const clientIdOf = ({ DeviceName }: { readonly DeviceName: string }): string => `LAMP000001${DeviceName}`;
const userOf = (device: { readonly DeviceName: string }): { clientId: string; username: string } => ({ clientId: clientIdOf(device), username: `${clientIdOf(device)};12010126;aB3dE;9223372036854775807` });

type Options = Partial<DeviceOptions<typeof tencent>>;

const byKey = (rig: Rig, { deviceSecret = LAMP_1.DevicePsk, deviceName = LAMP_1.DeviceName, ...options }: Options & { readonly deviceSecret?: string; readonly deviceName?: string } = {}): Device<typeof tencent> =>
  rig.own(new Device({ dialect: tencent, server: rig.server, identity: { productId: 'LAMP000001', deviceName, deviceSecret, psk: true }, ...options }));

describe('A Tencent device that proves itself by TLS-PSK', () => {
  it.each([4, 5] as const)('reports, and is called, without a certificate or a password (mqttVersion %i)', async (mqttVersion) => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const lamp = byKey(rig, { mqttVersion });
    lamp.commands.handle('blink', ({ args }) => ({ blinked: args['times'] ?? 0 }));
    await lamp.connect();
    await lamp.properties.report(TENCENT.group({ level: 4 })).delivered;
    expect(await rig.reported(TENCENT, 1)).toEqual({ level: 4 });
    expect(await rig.blink(TENCENT, 1, 2)).toMatchObject({ status: 200 });
    expect(rig.notices.all).toEqual([]);
  });

  it('signs in by password where its list goes on with another transport', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const lamp = byKey(rig, { server: ['mqtts://127.0.0.1:1', `wss://127.0.0.1:${rig.ports.https ?? 0}/mqtt`], tls: { ca: rig.authority.file } });
    await lamp.connect();
    expect(rig.platform.access.isOnline('tencent', TENCENT.ref(1))).toBe(true);
  });

  it.each([
    ['with another key', { deviceSecret: 'bm90LWl0cy1zZWNyZXQ=' }, 'named "LAMP000001lamp1" and has another TLS-PSK key', 'has another key for this device'],
    ['that nobody has registered', { deviceName: 'lamp99' }, 'that no device has', 'has no key for this device'],
  ])('is refused %s, and both ends say so', async (_name, identity, words, own) => {
    await using rig = await Rig.open({ over: 'mqtts' });
    await expect(byKey(rig, identity).connect()).rejects.toMatchObject({ code: 'bad-credentials', message: expect.stringContaining(own) });
    expect((await rig.notices.first(({ kind }) => kind === 'handshake-failed')).text).toContain(words);
  });

  it('is refused when it is disabled', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    rig.platform.registry.updateDevice('tencent', TENCENT.ref(1), { enabled: false });
    await expect(byKey(rig).connect()).rejects.toMatchObject({ code: 'bad-credentials' });
  });

  it('is not fobbed off with a certificate by a server that does not have its key', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const server = tls.createServer(rig.authority.forServer(['127.0.0.1']));
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as { port: number };
      const lamp = byKey(rig, { server: `mqtts://127.0.0.1:${port}`, tls: { ca: rig.authority.pem } });
      await expect(lamp.connect()).rejects.toMatchObject({ code: 'tls-failed', message: expect.stringContaining('does not take TLS-PSK') });
    } finally {
      server.close();
    }
  });

  it('needs mqtts://', () => {
    const identity = { productId: 'LAMP000001', deviceName: 'lamp1', deviceSecret: LAMP_1.DevicePsk, psk: true } as const;
    for (const server of ['mqtt://h', ['ws://h', 'wss://h']]) expect(() => new Device({ dialect: tencent, server, identity })).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining('mqtts://') }));
    expect(() => new Device({ dialect: tencent, server: 'mqtts://h', identity: { ...identity, psk: 'yes' as never } })).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining('psk must be true or false') }));
  });

  it('still finds its key there when the platform has replaced its certificate', async () => {
    const clock = new FakeClock({ now: Date.now() });
    await using rig = await Rig.open({ over: 'mqtts', clock });
    for (let day = 0; day < 380; day++) clock.advance(86_400_000);
    await byKey(rig).connect();
  });
});

describe('A key on the platform', () => {
  const psk = (device: typeof LAMP_1 | typeof LAMP_2, key = keyOf(device), more: object = {}): IClientOptions =>
    ({ protocol: 'mqtts', pskCallback: () => ({ identity: clientIdOf(device), psk: key }), checkServerIdentity: () => undefined, rejectUnauthorized: false, ...more }) as IClientOptions;

  it.each([
    ['TLS 1.2 with the first suite of the C SDK', { ciphers: 'PSK-AES128-CBC-SHA', maxVersion: 'TLSv1.2' }],
    ['TLS 1.2 with the second suite of the C SDK', { ciphers: 'PSK-AES256-CBC-SHA', maxVersion: 'TLSv1.2' }],
    ['TLS 1.3', { minVersion: 'TLSv1.3' }],
  ])('is taken in %s', async (_name, options) => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const client = await rig.foreignAs({ ...userOf(LAMP_1), password: '' }, { ...psk(LAMP_1, undefined, options), port: rig.ports.mqtts ?? 0 });
    expect(client.connected).toBe(true);
  });

  it('stands for its own device only', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const options = { ...psk(LAMP_2, undefined, { ciphers: 'PSK', maxVersion: 'TLSv1.2' }), port: rig.ports.mqtts ?? 0 };
    await expect(rig.foreignAs({ ...userOf(LAMP_1), password: '' }, options)).rejects.toMatchObject({ code: 4 });
    await expect(rig.foreignAs({ ...HUAWEI.credentials(1), password: '' }, options)).rejects.toMatchObject({ code: 4 });
    expect(rig.platform.access.connections).toBe(0);
  });

  it.each([
    // Names the device in the handshake, and then has the certificate instead of the key.
    ['in TLS 1.3', { ciphers: 'TLS_AES_256_GCM_SHA384', minVersion: 'TLSv1.3' }],
    ['in TLS 1.2', { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:PSK-AES128-CBC-SHA', maxVersion: 'TLSv1.2' }],
  ])('is not proven by naming whose it is (%s)', async (_name, options) => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const client = psk(LAMP_1, Buffer.from('not the key'), options);
    await expect(rig.foreignAs({ ...userOf(LAMP_1), password: '' }, { ...client, port: rig.ports.mqtts ?? 0 })).rejects.toMatchObject({ code: 4 });
    await rig.notices.first(({ text }) => text.includes('signs in with a password, and brought none'));
  });

  it('does not get in the way of certificates: a client that offers both suites has the certificate', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const socket = tls.connect({ port: rig.ports.mqtts ?? 0, host: '127.0.0.1', ca: rig.authority.pem, maxVersion: 'TLSv1.2', ciphers: 'PSK:ECDHE+AESGCM', pskCallback: () => ({ identity: clientIdOf(LAMP_1), psk: keyOf(LAMP_1) }) });
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    expect(socket.getCipher().name).toMatch(/^ECDHE-ECDSA/);
    socket.destroy();
    // A device of the other cloud, over the same port.
    const lamp = rig.own(new Device({ dialect: huawei, server: rig.server, identity: { deviceId: 'lamp_1', secret: 'secret-of-lamp-1' }, tls: { ca: rig.authority.pem } }));
    await lamp.connect();
  });
});

describeForeign(['mosquitto_pub'], 'mosquitto_pub with a key', (pub) => {
  const run = (rig: Rig, { key = keyOf(LAMP_1), device = LAMP_1, level = 3 }: { key?: Buffer; device?: typeof LAMP_1 | typeof LAMP_2; level?: number } = {}): Program => {
    const { clientId, username } = userOf(device);
    const args = ['-h', '127.0.0.1', '-p', String(rig.ports.mqtts), '-i', clientId, '-u', username, '-q', '1', '-t', TENCENT.topics.report(1), '-m', TENCENT.reportText({ level })];
    return new Program(pub, [...args, '--psk', key.toString('hex'), '--psk-identity', clientIdOf(LAMP_1)]);
  };

  it('reports', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    await using report = run(rig);
    expect(await report.end()).toEqual({ code: 0, signal: null });
    expect(await rig.reported(TENCENT, 1)).toEqual({ level: 3 });
  });

  it('is refused with another key, and as another device', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    await using stranger = run(rig, { key: Buffer.from('not the key') });
    expect((await stranger.end()).code).not.toBe(0);
    await rig.notices.first(({ kind, text }) => kind === 'handshake-failed' && text.includes('has another TLS-PSK key'));
    await using impostor = run(rig, { device: LAMP_2 });
    expect(await impostor.end()).toMatchObject({ code: 4 });
    expect(await rig.reported(TENCENT, 1)).toEqual({});
  });
});
