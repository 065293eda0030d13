import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FakeClock } from '@lianyun/protocol/testing';
import { Device, isLianyunError, registerDevice, tencent, type RegisteredDevice, type RegistrationOptions } from 'lianyun';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Rig } from './support/rig.ts';

const SECRET = 'hzvf5LF9S0isvBhDSauWMaIk';
const product = (RegisterType: 0 | 1 | 2, more: object = {}) => ({ ProductId: 'SELF000001', ProductName: 'self', ProductSecret: SECRET, RegisterType, ...more });
const seed = (RegisterType: 0 | 1 | 2, more: object = {}): string =>
  JSON.stringify({ tencent: { products: [product(RegisterType, more)], devices: [{ ProductId: 'SELF000001', DeviceName: 'declared', DevicePsk: 'c2VjcmV0LW9mLWRlY2xhcmVk' }] } });

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lianyun-register-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const register = (rig: Rig, deviceName: string, more: Partial<RegistrationOptions> = {}): Promise<RegisteredDevice> =>
  registerDevice({ productId: 'SELF000001', deviceName, productSecret: SECRET, url: `http://127.0.0.1:${rig.httpPort}`, ...more });
const online = async (rig: Rig, { identity, tls }: RegisteredDevice): Promise<Device<typeof tencent>> => {
  const device = rig.own(new Device({ dialect: tencent, server: rig.server, identity, ...(rig.over === 'mqtts' ? { tls: { ca: rig.authority.file, ...tls } } : {}) }));
  await device.connect();
  return device;
};
const refusal = (code: string, ours: 'refused' | 'clock-skew' = 'refused') => expect.objectContaining({ code: ours, cause: expect.objectContaining({ code }) });

describe('A Tencent device that knows only the secret of its product', () => {
  it.each(['current', 'legacy'] as const)('registers itself and connects, by the %s API', async (form) => {
    await using rig = await Rig.open({ seed: seed(2) });
    const registered = await register(rig, 'fresh', { form });
    expect(registered).toEqual({ identity: { productId: 'SELF000001', deviceName: 'fresh', deviceSecret: expect.stringMatching(/^[A-Za-z0-9+/]{22}==$/) }, ...(form === 'current' ? { isNew: true } : {}) });
    const device = await online(rig, registered);
    await device.topics.publish('SELF000001/fresh/data', 'here').delivered;
    expect(rig.platform.registry.device('tencent', 'SELF000001/fresh')).toMatchObject({ authType: 'secret', activatedAt: expect.any(Number) });
  });

  it('is given the secret that was made for it beforehand, as often as it asks until it has been online', async () => {
    await using rig = await Rig.open({ seed: seed(1) });
    const [first, second] = [await register(rig, 'declared'), await register(rig, 'declared', { form: 'legacy' })];
    expect(first).toEqual({ identity: { productId: 'SELF000001', deviceName: 'declared', deviceSecret: 'c2VjcmV0LW9mLWRlY2xhcmVk' }, isNew: false });
    expect(second.identity).toEqual(first.identity);
    await online(rig, first);
    await expect(register(rig, 'declared')).rejects.toEqual(refusal('UnauthorizedOperation.DeviceHasActivated'));
    await expect(register(rig, 'declared', { form: 'legacy' })).rejects.toEqual(expect.objectContaining({ code: 'refused', message: expect.stringContaining('UnauthorizedOperation.DeviceHasActivated'), cause: expect.objectContaining({ code: '-1' }) }));
  });

  it('gets a certificate with its key where the product has certificates, and connects with it', async () => {
    await using rig = await Rig.open({ over: 'mqtts', seed: seed(2, { EncryptionType: '1' }) });
    const registered = await register(rig, 'fresh', { url: `https://127.0.0.1:${rig.ports.https ?? 0}`, tls: { ca: rig.authority.file } });
    expect(registered).toEqual({ identity: { productId: 'SELF000001', deviceName: 'fresh', certificate: true }, tls: { cert: expect.any(String), key: expect.stringContaining('PRIVATE KEY') }, isNew: true });
    expect(new X509Certificate(registered.tls?.cert ?? '').subject).toBe('CN=SELF000001fresh');
    await online(rig, registered);
    // A certificate that was given out before is worth nothing any more.
    const again = await register(rig, 'other');
    const last = await register(rig, 'other');
    await expect(online(rig, again)).rejects.toMatchObject({ code: 'bad-credentials' });
    await online(rig, last);
  });

  it('is refused in the words of the cloud', async () => {
    await using rig = await Rig.open({ seed: seed(1) });
    await expect(register(rig, 'unheard-of')).rejects.toEqual(refusal('ResourceNotFound.DeviceNotExist'));
    await expect(register(rig, 'declared', { productSecret: `x${SECRET}` })).rejects.toEqual(refusal('AuthFailure.SignatureFailure'));
    await expect(register(rig, 'declared', { productId: 'NOBODY0001' })).rejects.toEqual(refusal('InvalidParameterValue.ProductIdInvalid'));
    await expect(register(rig, 'declared', { clock: new FakeClock({ now: Date.now() - 3_600_000 }) })).rejects.toEqual(refusal('AuthFailure.SignatureExpire', 'clock-skew'));
    rig.platform.registry.updateDevice('tencent', 'SELF000001/declared', { enabled: false });
    await expect(register(rig, 'declared')).rejects.toEqual(refusal('UnauthorizedOperation.DeviceIsNotEnabled'));
    rig.platform.registry.updateProduct('tencent', 'SELF000001', { registerType: 0 });
    await expect(register(rig, 'declared')).rejects.toEqual(refusal('UnauthorizedOperation.DynamicRegisterClosed'));
    rig.platform.registry.updateProduct('tencent', 'SELF000001', { registerType: 2, encryptionType: '1' });
    await expect(register(rig, 'with-certificate')).rejects.toEqual(refusal('UnsupportedOperation'));
    expect(rig.platform.registry.findDevice('tencent', 'SELF000001/with-certificate')).toBeUndefined();
  });

  it('is not let in when as many have come by registration as may', async () => {
    await using rig = await Rig.open({ seed: seed(2, { RegisterLimit: 2 }) });
    await Promise.all([register(rig, 'one'), register(rig, 'two')]);
    await expect(register(rig, 'three')).rejects.toEqual(refusal('LimitExceeded.DeviceExceedLimit'));
    // Those that are there may ask again.
    expect(await register(rig, 'one')).toMatchObject({ isNew: false });
    expect(await register(rig, 'declared')).toMatchObject({ isNew: false });
  });
});

describe('What a device got when it registered', () => {
  it('is kept in a file that only its owner can read, and not asked for again', async () => {
    const file = path.join(folder, 'credential.json');
    // One that a crash left behind must not lend its mode to the new one.
    await writeFile(`${file}.new`, 'half of', { mode: 0o666 });
    const kept = await (async () => {
      await using rig = await Rig.open({ seed: seed(2) });
      const registered = await register(rig, 'fresh', { file });
      await online(rig, registered);
      expect(await register(rig, 'fresh', { file })).toEqual({ identity: registered.identity });
      return registered;
    })();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['credential.json']);
    // Nobody has to be there to ask.
    expect(await registerDevice({ productId: 'SELF000001', deviceName: 'fresh', productSecret: SECRET, url: 'http://127.0.0.1:9', file })).toEqual({ identity: kept.identity });
    await expect(registerDevice({ productId: 'SELF000001', deviceName: 'other', productSecret: SECRET, file })).rejects.toMatchObject({ code: 'bad-config', message: expect.stringContaining('another device') });
  });

  it('is never written over a file that holds something else, nor where there is no directory', async () => {
    await using rig = await Rig.open({ seed: seed(2) });
    const file = path.join(folder, 'notes.txt');
    await writeFile(file, 'my notes');
    await expect(register(rig, 'fresh', { file })).rejects.toMatchObject({ code: 'bad-config' });
    expect(await readFile(file, 'utf8')).toBe('my notes');
    await expect(register(rig, 'fresh', { file: path.join(folder, 'nowhere', 'c.json') })).rejects.toMatchObject({ code: 'disk-failed' });
    // The device has not been online: it may ask again.
    expect(await register(rig, 'fresh', { file: path.join(folder, 'c.json') })).toMatchObject({ isNew: false });
  });

  it('is in no error and in no notice', async () => {
    await using rig = await Rig.open({ seed: seed(2) });
    const frames: unknown[] = [];
    rig.platform.on('frame', (frame) => frames.push(frame));
    const { identity } = await register(rig, 'fresh');
    await online(rig, { identity });
    const errors = await Promise.all([register(rig, 'fresh'), register(rig, 'x', { productSecret: `y${SECRET}` }), register(rig, '///')].map((each) => each.then(String, (error: unknown) => error)));
    const told = [...errors.map((error) => (isLianyunError(error) ? [error.message, error.stack, error.cause, error.place] : error)), rig.notices.all, rig.problems.all, frames];
    const text = JSON.stringify(told);
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain('deviceSecret' in identity ? identity.deviceSecret : '?');
  });
});

describe('An answer to a registration that is no credential', () => {
  /** A server that gives this answer to everybody. */
  async function answering(status: number, text: string): Promise<AsyncDisposable & { readonly url: string }> {
    const server = http.createServer((_request, response) => response.writeHead(status).end(text));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return { url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`, [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
  }
  const PAYLOAD = 's6FB3a1BA/YYbcmSE12XpeDVmQNDcf1QgVD141RRbmmAnFwQfp1ECAu5O016mCOvYlJJ6V59yM4OqQSiWphfTg==';
  const response = (changes: object): string => JSON.stringify({ Response: { Len: 53, Payload: PAYLOAD, RequestId: 'r', ...changes } });

  it.each([
    ['is cut short', 200, response({ Payload: Buffer.from(PAYLOAD, 'base64').subarray(0, 48).toString('base64') })],
    ['is cut in the middle of a block', 200, response({ Payload: PAYLOAD.slice(0, 60) })],
    ['was changed', 200, response({ Payload: PAYLOAD.replace('s6FB', 's7FB') })],
    ['is missing', 200, response({ Payload: null })],
    ['is a page', 200, '<html>captive portal</html>'],
    ['is an error of HTTP', 404, 'nothing here'],
    ['is a redirect', 302, ''],
    ['is endless', 200, 'x'.repeat(400_000)],
  ])('%s: nothing is kept, and the error says so', async (_what, status, text) => {
    await using server = await answering(status, text);
    const file = path.join(folder, 'credential.json');
    await expect(registerDevice({ productId: 'ABCDE12345', deviceName: 'dev1', productSecret: SECRET, url: server.url, file })).rejects.toMatchObject({ code: 'bad-response' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken as it is when it is whole', async () => {
    await using server = await answering(200, response({}));
    expect(await registerDevice({ productId: 'ABCDE12345', deviceName: 'dev1', productSecret: SECRET, url: server.url })).toEqual({ identity: { productId: 'ABCDE12345', deviceName: 'dev1', deviceSecret: 'lDZ6Uqt+I9E0wW7rvDUs7Q==' } });
  });
});

it.each([
  ['no options', undefined, 'options'],
  ['no product', { deviceName: 'd', productSecret: SECRET }, 'productId'],
  ['no name', { productId: 'ABCDE12345', productSecret: SECRET }, 'deviceName'],
  ['no secret', { productId: 'ABCDE12345', deviceName: 'd' }, 'productSecret'],
  ['a short secret', { productId: 'ABCDE12345', deviceName: 'd', productSecret: 'short' }, 'productSecret'],
  ['a URL that is none', { productId: 'ABCDE12345', deviceName: 'd', productSecret: SECRET, url: 'host' }, 'url'],
  ['an unknown option', { productId: 'ABCDE12345', deviceName: 'd', productSecret: SECRET, psk: 1 }, 'psk'],
  ['an unknown form', { productId: 'ABCDE12345', deviceName: 'd', productSecret: SECRET, form: 'new' }, 'form'],
  ['an unknown algorithm', { productId: 'ABCDE12345', deviceName: 'd', productSecret: SECRET, algorithm: 'md5' }, 'algorithm'],
  ['an empty file name', { productId: 'ABCDE12345', deviceName: 'd', productSecret: SECRET, file: '' }, 'file'],
])('A registration with %s is refused before anything is sent, and the option named', async (_what, options, named) => {
  await expect(registerDevice(options as never)).rejects.toMatchObject({ code: 'bad-config', message: expect.stringContaining(named) });
});
