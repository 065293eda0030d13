import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStorage } from '@lianyun/platform';
import { derivedSecret } from '@lianyun/protocol';
import { Device, huawei, provision, type HuaweiIdentity, type ProvisionOptions } from 'lianyun';
import { huaweiCredentials } from './support/credentials.ts';
import { happens, Rig, type Over } from './support/rig.ts';

const GROUP_SECRET = 'Z3JvdXAtc2VjcmV0LW9mLWF0LWxlYXN0LTMyLWJ5dGVzISE=';
const OWN: HuaweiIdentity = { deviceId: 'lamp_1', secret: 'secret-of-lamp-1' };
const GROUP = { scopeId: 'scope1', productId: 'lamp', secret: GROUP_SECRET };

const fingerprintOf = (cert: string): string => new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();

async function open(over: Over = 'mqtt') {
  const rig = await Rig.open({ over });
  const tls = over === 'mqtts' ? { tls: { ca: rig.authority.file } } : {};
  const ask = (identity: HuaweiIdentity, options: Partial<ProvisionOptions> = {}) => provision({ identity, server: rig.server, ...tls, ...options });
  /** Makes the device that was provisioned, and connects it. */
  const connect = async ({ options }: Awaited<ReturnType<typeof provision>>): Promise<void> => {
    const device = rig.own(new Device({ dialect: huawei, ...options, ...tls }));
    await device.connect();
    await device.properties.report({ service: 'light', values: { level: 7 } }).delivered;
  };
  return { rig, ask, connect, provisioning: rig.platform.huawei.provisioning };
}

describe('A Huawei device asks where to connect', () => {
  it('with its own secret, and is sent to where it asked while there is no policy', async () => {
    const { rig, ask, connect } = await open();
    await using _ = rig;
    const told = await ask(OWN);
    expect(told).toMatchObject({ from: 'cloud', options: { server: rig.server, identity: OWN } });
    await connect(told);
    expect(rig.platform.twins.read('huawei', 'lamp_1')).toMatchObject([{ reported: { values: { level: 7 } } }]);
  });

  it("with its group's secret: it is registered, and signs in with the secret that the group's gives it, now and after a restart", async () => {
    const { rig, ask, connect, provisioning } = await open();
    await using _ = rig;
    provisioning.putGroup({ ...GROUP, deviceName: 'lamp {device_id}' });
    const identity: HuaweiIdentity = { deviceId: 'lamp_new', scopeId: 'scope1', groupSecret: GROUP_SECRET };
    const folder = mkdtempSync(path.join(tmpdir(), 'lianyun-provision-'));
    try {
      const store = path.join(folder, 'provisioned.json');
      const told = await ask(identity, { store });
      expect(told.options).toEqual({ server: rig.server, identity: { deviceId: 'lamp_new', secret: derivedSecret('lamp_new', GROUP_SECRET) } });
      expect(rig.platform.registry.device('huawei', 'lamp_new')).toMatchObject({ productId: 'lamp', nodeId: 'new', name: 'lamp lamp_new', authType: 'secret' });
      expect(rig.platform.registry.device('huawei', 'lamp_new').activatedAt).toBeUndefined();
      await connect(told);
      await expect(ask(identity, { store })).resolves.toEqual({ ...told, from: 'store' });
      // Asked again, it is the same device.
      await expect(ask(identity, { store, fresh: true })).resolves.toEqual(told);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("with its own certificate, or one that its group's authority signed", async () => {
    const { rig, provisioning } = await open('mqtts');
    await using _ = rig;
    const own = rig.authority.forDevice('lamp_1');
    rig.platform.registry.updateDevice('huawei', 'lamp_1', { authType: 'certificate', fingerprint: fingerprintOf(own.cert) });
    const ask = (identity: HuaweiIdentity, { cert, key }: { readonly cert: string; readonly key: string }) => {
      const tls = { ca: rig.authority.file, cert, key };
      return provision({ identity, server: rig.server, tls }).then((told) => ({ told, tls }));
    };
    const first = await ask({ deviceId: 'lamp_1', certificate: true }, own);
    expect(first.told.options).toEqual({ server: rig.server, identity: { deviceId: 'lamp_1', certificate: true } });
    provisioning.putGroup({ scopeId: 'certs', productId: 'lamp' });
    const theirs = rig.authority.forDevice('lamp_77');
    const second = await ask({ deviceId: 'lamp_77', scopeId: 'certs', certificate: true }, theirs);
    expect(rig.platform.registry.device('huawei', 'lamp_77')).toMatchObject({ authType: 'certificate', fingerprint: fingerprintOf(theirs.cert) });
    for (const { told, tls } of [first, second]) {
      const device = rig.own(new Device({ dialect: huawei, ...told.options, tls }));
      await device.connect();
    }
    // Another certificate, though of the same authority, is another device.
    await expect(ask({ deviceId: 'lamp_77', scopeId: 'certs', certificate: true }, rig.authority.forDevice('somebody'))).rejects.toMatchObject({ code: 'refused', place: { number: 100414 } });
  });

  it('and is sent on by the policy whose keyword is in its name, or in what it says', async () => {
    const { rig, ask, provisioning } = await open();
    await using _ = rig;
    provisioning.putPolicy({ keyword: 'lamp_2', source: 'device-name', address: 'two.example.com:8883', config: '{"interval":60}' });
    provisioning.putPolicy({ keyword: 'north', source: 'report', address: 'north.example.com:1883' });
    await expect(ask({ deviceId: 'lamp_2', secret: 'secret-of-lamp-2' })).resolves.toMatchObject({ options: { server: 'mqtts://two.example.com:8883' }, config: '{"interval":60}' });
    await expect(ask(OWN, { keyword: 'far north' })).resolves.toMatchObject({ options: { server: 'mqtt://north.example.com:1883' } });
    await expect(ask(OWN, { keyword: 'south' })).rejects.toMatchObject({ code: 'refused', place: { number: 100414 } });
    await expect(ask(OWN)).rejects.toMatchObject({ code: 'refused', place: { number: 100414 } });
  });

  it('and is sent on by a function of the platform, or told that it failed', async () => {
    const { rig, ask, provisioning } = await open();
    await using _ = rig;
    const asked: unknown[] = [];
    const undo = provisioning.usePolicy(({ device, text }) => {
      asked.push([device.device, text]);
      if (text === 'broken') throw new Error('no');
      return text === undefined ? undefined : { address: 'line.example.com:8883', config: text };
    });
    await expect(ask(OWN, { message: 'line 7' })).resolves.toMatchObject({ config: 'line 7', options: { server: 'mqtts://line.example.com:8883' } });
    await expect(ask(OWN, { message: 'broken' })).rejects.toMatchObject({ code: 'refused', place: { number: 100417 } });
    await expect(ask(OWN)).resolves.toMatchObject({ options: { server: rig.server } });
    expect(asked).toEqual([['lamp_1', 'line 7'], ['lamp_1', 'broken'], ['lamp_1', undefined]]);
    undo();
    await expect(ask(OWN, { message: 'line 7' })).resolves.toMatchObject({ options: { server: rig.server } });
  });
});

describe('Who may not be provisioned', () => {
  it.each<[string, HuaweiIdentity]>([
    ['an unknown device with a secret', { deviceId: 'lamp_99', secret: 'secret-of-lamp-1' }],
    ['a device of an unknown group', { deviceId: 'lamp_new', scopeId: 'scope9', groupSecret: GROUP_SECRET }],
    ["a device with another group's secret", { deviceId: 'lamp_new', scopeId: 'scope1', groupSecret: 'YW5vdGhlcg==' }],
    ['a device without a certificate in a group of certificates', { deviceId: 'lamp_new', scopeId: 'certs', certificate: true }],
    ['a frozen device', { deviceId: 'lamp_2', scopeId: 'scope1', groupSecret: GROUP_SECRET }],
  ])('%s', async (_, identity) => {
    const { rig, ask, provisioning } = await open();
    await using _rig = rig;
    provisioning.putGroup(GROUP);
    provisioning.putGroup({ scopeId: 'certs', productId: 'lamp' });
    rig.platform.registry.updateDevice('huawei', 'lamp_2', { enabled: false });
    await expect(ask(identity)).rejects.toMatchObject({ code: 'bad-credentials' });
    expect(rig.platform.registry.findDevice('huawei', 'lamp_new')).toBeUndefined();
  });

  it('a device that its group did not register: its secret is not given away', async () => {
    const { rig, ask, provisioning } = await open();
    await using _ = rig;
    provisioning.putGroup(GROUP);
    const error = await ask({ deviceId: 'lamp_1', scopeId: 'scope1', groupSecret: GROUP_SECRET }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'refused', place: { number: 100414 } });
    expect(rig.platform.registry.device('huawei', 'lamp_1').secret).toBe('secret-of-lamp-1');
  });
});

describe('A connection through a group', () => {
  it('is for the question alone: it is not online, hears nothing of the device and may publish nothing else', async () => {
    const { rig, provisioning } = await open();
    await using _ = rig;
    provisioning.putGroup(GROUP);
    const stamp = '2025041401';
    const { clientId, username, password } = huawei.signIn.credentials({ deviceId: 'lamp_1', scopeId: 'scope1', groupSecret: GROUP_SECRET, checkTimestamp: false }, { now: Date.UTC(2025, 3, 14, 1), random: () => 0 });
    expect(clientId).toBe(`lamp_1_0_scope1_0_${stamp}`);
    const client = await rig.foreignAs({ clientId, username, password: password ?? '' });
    await client.subscribeAsync('$oc/devices/lamp_1/sys/commands/#').catch(() => undefined);
    expect(rig.notices.all.map(({ kind }) => kind)).toContain('forbidden-subscribe');
    await client.publishAsync('$oc/devices/lamp_1/sys/properties/report', JSON.stringify({ services: [{ service_id: 'light', properties: { level: 5 } }] }), { qos: 1 });
    expect(rig.platform.twins.read('huawei', 'lamp_1')).toEqual([]);
    expect(rig.notices.all.map(({ kind }) => kind)).toContain('forbidden-publish');
    expect((await rig.huawei('GET', '/devices/lamp_1')).body).toMatchObject({ status: 'INACTIVE' });
    expect((await rig.huawei('POST', '/devices/lamp_1/commands', { service_id: 'light', command_name: 'blink', paras: { times: 1 } })).body).toMatchObject({ error_code: 'IOTDA.014016' });
  });

  it('gets its answer only where it was subscribed', async () => {
    const { rig } = await open();
    await using _ = rig;
    const client = await rig.foreignAs(huaweiCredentials('lamp_1', 'secret-of-lamp-1'));
    const told: string[] = [];
    client.on('message', (topic) => told.push(topic));
    await client.publishAsync('$oc/devices/lamp_1/sys/bootstrap/up', '', { qos: 1 });
    await client.subscribeAsync('$oc/devices/lamp_1/sys/bootstrap/down');
    const [[topic, payload]] = await Promise.all([happens(client, 'message'), client.publishAsync('$oc/devices/lamp_1/sys/bootstrap/up', '', { qos: 1 })]);
    expect([topic, JSON.parse(String(payload))]).toEqual(['$oc/devices/lamp_1/sys/bootstrap/down', { address: `127.0.0.1:${rig.mqttPort}` }]);
    expect(told).toEqual(['$oc/devices/lamp_1/sys/bootstrap/down']);
  });
});

describe('Groups and policies', () => {
  it('outlive a restart, the secret sealed', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'lianyun-provision-'));
    try {
      {
        await using storage = openStorage({ directory });
        await using rig = await Rig.open({ storage });
        rig.platform.huawei.provisioning.putGroup(GROUP);
        rig.platform.huawei.provisioning.putPolicy({ id: 'a', keyword: 'lamp', source: 'device-name', address: 'a.example.com:8883' });
        await storage.stored();
      }
      await using storage = openStorage({ directory });
      await using rig = await Rig.open({ storage });
      const { provisioning } = rig.platform.huawei;
      expect(provisioning.groups).toMatchObject([GROUP]);
      expect(provisioning.policies).toMatchObject([{ id: 'a', address: 'a.example.com:8883' }]);
      await expect(provision({ identity: { deviceId: 'lamp_new', scopeId: 'scope1', groupSecret: GROUP_SECRET }, server: rig.server })).resolves.toMatchObject({ options: { server: 'mqtts://a.example.com:8883' } });
      expect(provisioning.removeGroup('scope1')).toBe(true);
      expect(provisioning.removePolicy('a')).toBe(true);
      expect([provisioning.groups, provisioning.policies]).toEqual([[], []]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it.each([
    [{ scopeId: 'a_0_2026112212', productId: 'lamp' }, 'scope'],
    [{ scopeId: 'a', productId: 'lamp', secret: 'c2hvcnQ=' }, '32 to 128'],
    [{ scopeId: 'a', productId: 'lamp', authority: 'none' }, 'PEM'],
    [{ scopeId: 'a', productId: 'unknown' }, 'unknown'],
  ])('are refused when they are wrong: %j', async (group, words) => {
    const { rig, provisioning } = await open();
    await using _ = rig;
    expect(() => provisioning.putGroup(group)).toThrow(words);
    expect(() => provisioning.putPolicy({ keyword: '', source: 'report', address: 'nowhere' })).toThrow('host:port');
  });
});
