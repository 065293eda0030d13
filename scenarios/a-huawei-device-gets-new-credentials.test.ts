import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Device, huawei, type HuaweiIdentity } from 'lianyun';
import { Rig } from './support/rig.ts';

const fingerprintOf = (cert: string): string => new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();

describe('A Huawei device gets a new secret', () => {
  const lampOf = (rig: Rig, secret: string) => rig.own(new Device({ dialect: huawei, identity: { deviceId: 'lamp_1', secret }, server: rig.server }));

  it('one that is given or made up, and is disconnected if that is asked for', async () => {
    await using rig = await Rig.open();
    const lamp = lampOf(rig, 'secret-of-lamp-1');
    await lamp.connect();
    const { status, body } = await rig.huawei('POST', '/devices/lamp_1/action?action_id=resetSecret', { secret: 'another-secret' });
    expect([status, body]).toEqual([200, { device_id: 'lamp_1', secret: 'another-secret', secret_type: 'PRIMARY' }]);
    expect(lamp.isOnline).toBe(true);
    const gone = new Promise((resolve) => rig.platform.once('offline', resolve));
    const made = (await rig.huawei('POST', '/devices/lamp_1/action?action_id=resetSecret', { force_disconnect: true })).body as { secret: string };
    expect(await gone).toMatchObject({ device: 'lamp_1', reason: 'kicked' });
    expect(made.secret).toMatch(/^[\x21-\x7e]{8,32}$/);
    await lamp.close();
    await expect(lampOf(rig, 'secret-of-lamp-1').connect()).rejects.toMatchObject({ code: 'bad-credentials' });
    await lampOf(rig, made.secret).connect();
  });

  it('and is told when the request is wrong', async () => {
    await using rig = await Rig.open();
    expect((await rig.huawei('POST', '/devices/lamp_1/action', {})).body).toMatchObject({ error_code: 'IOTDA.000006', error_msg: expect.stringContaining('action_id') });
    expect((await rig.huawei('POST', '/devices/lamp_1/action?action_id=resetSecret', { secret: 'short' })).body).toMatchObject({ error_code: 'IOTDA.000006', error_msg: expect.stringContaining('8 to 32') });
    expect((await rig.huawei('POST', '/devices/lamp_9/action?action_id=resetSecret', {})).body).toMatchObject({ error_code: 'IOTDA.014000' });
  });
});

describe('A Huawei device gets a new certificate', () => {
  it('with the fingerprint that it was made with and the one that follows, over TLS only', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const [first, second] = [rig.authority.forDevice('lamp_3'), rig.authority.forDevice('lamp_3')];
    const identity: HuaweiIdentity = { deviceId: 'lamp_3', certificate: true };
    const lampOf = ({ cert, key }: { readonly cert: string; readonly key: string }) => rig.own(new Device({ dialect: huawei, identity, server: rig.server, tls: { ca: rig.authority.file, cert, key } }));
    const auth = { auth_type: 'CERTIFICATES', fingerprint: fingerprintOf(first.cert), secure_access: true };
    expect((await rig.huawei('POST', '/devices', { device_id: 'lamp_3', node_id: '3', product_id: 'lamp', auth_info: auth })).status).toBe(201);
    const lamp = lampOf(first);
    await lamp.connect();
    const plain = rig.own(new Device({ dialect: huawei, identity, server: `mqtt://127.0.0.1:${rig.mqttPort}` }));
    await expect(plain.connect()).rejects.toMatchObject({ code: 'bad-credentials', place: { number: 5 } });
    const gone = new Promise((resolve) => rig.platform.once('offline', resolve));
    const { status, body } = await rig.huawei('POST', '/devices/lamp_3/reset-fingerprint', { fingerprint: fingerprintOf(second.cert), force_disconnect: true });
    expect([status, body]).toMatchObject([200, { device_id: 'lamp_3', auth_info: { fingerprint: fingerprintOf(second.cert) } }]);
    await gone;
    await lamp.close();
    await expect(lampOf(first).connect()).rejects.toMatchObject({ code: 'bad-credentials' });
    await lampOf(second).connect();
    expect((await rig.huawei('POST', '/devices/lamp_3/reset-fingerprint', { fingerprint: 'zz' })).body).toMatchObject({ error_code: 'IOTDA.000006', error_msg: expect.stringContaining('hex') });
  });
});
