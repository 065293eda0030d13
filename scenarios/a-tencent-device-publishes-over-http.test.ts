import type { PlatformEvents } from '@lianyun/platform';
import { parseExact } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import { publishOverHttp, type HttpPublishOptions } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { SEED, TENCENT } from './support/clouds.ts';
import { Log } from './support/log.ts';
import { happens, Rig } from './support/rig.ts';

const [{ ProductId, DeviceName, DevicePsk }] = SEED.tencent.devices;
const EVENTS = `$thing/up/event/${ProductId}/${DeviceName}`;
const REPORTS = `$thing/up/property/${ProductId}/${DeviceName}`;

const publish = (rig: Rig, topic: string, payload: string | Uint8Array, more: Partial<HttpPublishOptions> = {}) =>
  publishOverHttp({ productId: ProductId, deviceName: DeviceName, ...('privateKey' in more ? {} : { deviceSecret: DevicePsk }), url: `http://127.0.0.1:${rig.httpPort}`, topic, payload, ...more });
const refusal = (code: string, ours: 'refused' | 'clock-skew' = 'refused') => expect.objectContaining({ code: ours, cause: expect.objectContaining({ code }) });

describe('A Tencent device without a connection', () => {
  it('reports over HTTP, and the cloud knows it as if it had come over MQTT', async () => {
    await using rig = await Rig.open();
    expect(await publish(rig, REPORTS, JSON.stringify({ method: 'report', clientToken: 't', params: { level: 42, label: '灯' } }))).toEqual({ requestId: expect.any(String) });
    expect(await rig.reported(TENCENT, 1)).toEqual({ level: 42, label: '灯' });
    const told = new Log<PlatformEvents['event'][0]>();
    rig.platform.on('event', told.add);
    await publish(rig, EVENTS, JSON.stringify({ method: 'event_post', clientToken: 'e', eventId: 'burnt', type: 'fault', params: { hours: 7 } }), { qos: 1 });
    expect(told.all).toMatchObject([{ device: 'LAMP000001/lamp1', event: { name: 'burnt', params: { hours: 7 } } }]);
  });

  it('sends bytes, which arrive as they are', async () => {
    await using rig = await Rig.open();
    const bytes = Uint8Array.from([0, 255, 1, 254, 13, 10]);
    await publish(rig, `$thing/up/raw/${ProductId}/${DeviceName}`, bytes);
    expect(rig.platform.mailbox.received('tencent', 'LAMP000001/lamp1').map(({ message }) => ('bytes' in message ? [...message.bytes] : message))).toEqual([[...bytes]]);
  });

  it('reaches whoever has subscribed one of its own topics', async () => {
    await using rig = await Rig.open();
    const listener = await rig.foreign(TENCENT, 1);
    await listener.subscribeAsync(TENCENT.topics.custom(1), { qos: 1 });
    const arrives = happens(listener, 'message');
    await publish(rig, TENCENT.topics.custom(1), 'over HTTP');
    expect((await arrives).slice(0, 2).map(String)).toEqual([TENCENT.topics.custom(1), 'over HTTP']);
  });

  it('gets the answer of the cloud over its connection, if it has one', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(TENCENT, 1);
    await client.subscribeAsync(TENCENT.topics.set(1));
    const arrives = happens(client, 'message');
    await publish(rig, REPORTS, JSON.stringify({ method: 'report', clientToken: 't-7', params: { level: 1 } }));
    expect(parseExact(String((await arrives)[1]))).toMatchObject({ method: 'report_reply', clientToken: 't-7', code: 0 });
  });

  it('with a certificate signs with its key', async () => {
    const [product] = SEED.tencent.products;
    const seed = JSON.stringify({ tencent: { products: [{ ...product, EncryptionType: '1', RegisterType: 2, ProductSecret: 'x'.repeat(16) }] } });
    await using rig = await Rig.open({ over: 'mqtts', seed });
    const own = rig.authority.forDevice('anything');
    rig.platform.registry.createDevice({ cloud: 'tencent', productId: ProductId, nodeId: DeviceName, certificate: own.cert });
    await publish(rig, REPORTS, JSON.stringify({ method: 'report', params: { level: 5 } }), { privateKey: own.key });
    expect(await rig.reported(TENCENT, 1)).toEqual({ level: 5 });
    await expect(publish(rig, REPORTS, '{}', { privateKey: rig.authority.forDevice('anything').key })).rejects.toEqual(refusal('AuthFailure.SignatureFailure'));
    // The secret that every device has somewhere is not what this one proves itself with.
    const { secret } = rig.platform.registry.device('tencent', 'LAMP000001/lamp1');
    await expect(publish(rig, REPORTS, '{}', { deviceSecret: secret })).rejects.toEqual(refusal('AuthFailure.SignatureFailure'));
  });
});

describe('A message over HTTP', () => {
  it('is refused in the words of the cloud', async () => {
    await using rig = await Rig.open();
    await expect(publish(rig, REPORTS, '{}', { deviceSecret: 'bm90LWl0cy1zZWNyZXQ=' })).rejects.toEqual(refusal('AuthFailure.SignatureFailure'));
    await expect(publish(rig, REPORTS, '{}', { deviceName: 'nobody' })).rejects.toEqual(refusal('ResourceNotFound.DeviceNotExist'));
    await expect(publish(rig, `$thing/up/property/${ProductId}/lamp2`, '{}')).rejects.toEqual(refusal('UnauthorizedOperation'));
    await expect(publish(rig, 'a/b/c', '{}')).rejects.toEqual(refusal('UnauthorizedOperation'));
    await expect(publish(rig, REPORTS, '{}', { clock: new FakeClock({ now: Date.now() + 3_600_000 }) })).rejects.toEqual(refusal('AuthFailure.SignatureExpire', 'clock-skew'));
    rig.platform.registry.updateDevice('tencent', 'LAMP000001/lamp1', { enabled: false });
    await expect(publish(rig, REPORTS, '{}')).rejects.toEqual(refusal('UnauthorizedOperation.DeviceIsNotEnabled'));
    expect(await rig.reported(TENCENT, 1)).toEqual({});
  });

  it('is taken once: a copy of the request is refused', async () => {
    await using rig = await Rig.open();
    // The same time and the same chance make the same request.
    const copy = () => publish(rig, REPORTS, JSON.stringify({ method: 'report', params: { level: 3 } }), { clock: new FakeClock({ now, randoms: [0.25] }) });
    const now = Date.now();
    await copy();
    await expect(copy()).rejects.toEqual(refusal('AuthFailure.SignatureExpire'));
  });

  it('that nobody answers ends with an error that says why', async () => {
    await expect(publishOverHttp({ productId: ProductId, deviceName: DeviceName, deviceSecret: DevicePsk, url: 'http://127.0.0.1:1', topic: REPORTS, payload: '' })).rejects.toMatchObject({ code: 'network' });
    await using rig = await Rig.open();
    await expect(publish(rig, REPORTS, '{}', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    await expect(publish(rig, REPORTS, '{}', { url: `http://127.0.0.1:${rig.httpPort}/nowhere` })).rejects.toMatchObject({ code: 'bad-response', place: { number: 404 } });
  });

  it.each([
    ['no topic', { topic: '' }, 'bad-input'],
    ['a filter', { topic: 'a/#' }, 'bad-input'],
    ['a payload that is no text', { payload: { level: 1 } }, 'bad-input'],
    ['QoS 2', { qos: 2 }, 'bad-input'],
    ['too much', { payload: 'x'.repeat(65_537) }, 'too-large'],
    ['no secret and no key', { deviceSecret: undefined }, 'bad-config'],
    ['a key that is none', { deviceSecret: undefined, privateKey: 'not a key' }, 'bad-config'],
    ['a URL that is none', { url: 'ftp://host' }, 'bad-config'],
  ])('with %s is refused before anything is sent', async (_what, wrong, code) => {
    const options = { productId: ProductId, deviceName: DeviceName, deviceSecret: DevicePsk, url: 'http://127.0.0.1:1', topic: REPORTS, payload: '{}', ...wrong };
    await expect(publishOverHttp(options as never)).rejects.toMatchObject({ code });
  });
});
