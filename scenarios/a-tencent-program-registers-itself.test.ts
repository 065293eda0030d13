import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { StateError } from 'lianyun/tencent';
import { afterEach, describe, expect, it } from 'vitest';
import { Rig } from './support/rig.ts';
import { TencentProgram } from './support/tencent-program.ts';

const SECRET = 'hzvf5LF9S0isvBhDSauWMaIk';
const NEW = { productId: 'SELF000001', deviceName: 'fresh', secret: 'YOUR_DEVICE_SECRET' } as const;
const seed = (RegisterType: 0 | 1 | 2, more: object = {}): string =>
  JSON.stringify({ tencent: { products: [{ ProductId: 'SELF000001', ProductName: 'self', ProductSecret: SECRET, RegisterType, ...more }], devices: [{ ProductId: 'SELF000001', DeviceName: 'declared', DevicePsk: 'c2VjcmV0LW9mLWRlY2xhcmVk' }] } });

const open: AsyncDisposable[] = [];
const home = process.cwd();
afterEach(async () => {
  process.chdir(home);
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

interface FileOf {
  readonly key_deviceinfo: { readonly deviceSecret: string };
  readonly cert_deviceinfo: Readonly<Record<'devCaFile' | 'devCertFile' | 'devPrivateKeyFile', string>>;
}
const fileOf = ({ directory }: TencentProgram): FileOf => JSON.parse(readFileSync(path.join(directory, 'device_info.json'), 'utf8')) as FileOf;

/** A program whose device knows only the secret of its product. */
function program(rig: Pick<Rig, 'mqttPort'>, more: ConstructorParameters<typeof TencentProgram>[1] = {}): TencentProgram {
  const made = new TencentProgram(rig, { ...NEW, ...more, file: { productSecret: SECRET, ...more.file } });
  open.push(made);
  return made;
}

async function platform(...options: Parameters<typeof Rig.open>): Promise<Rig> {
  const rig = await Rig.open(...options);
  open.push(rig);
  return rig;
}

describe('A program whose device knows only the secret of its product', () => {
  it.each(['/device/register', '/register/dev'])('registers it by %s, and connects with what the file has from then on', async (api) => {
    const rig = await platform({ seed: seed(2) });
    const own = program(rig);
    const { explorer } = own;
    expect(() => explorer.connect()).toThrow(StateError);
    const [rc, secret] = await explorer.dynregDevice(10, `http://127.0.0.1:${rig.httpPort}${api}`);
    expect([rc, secret]).toEqual([0, expect.stringMatching(/^[A-Za-z0-9+/]{22}==$/)]);
    expect(fileOf(own)).toMatchObject({ productId: 'SELF000001', productSecret: SECRET, key_deviceinfo: { deviceSecret: secret }, cert_deviceinfo: { devCaFile: 'YOUR_CA_FILE_NAME' } });
    expect(statSync(path.join(own.directory, 'device_info.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(own.directory)).toEqual(['device_info.json']);
    await own.online();
    expect(await rig.tencent('DescribeDevice', { ProductId: 'SELF000001', DeviceName: 'fresh' })).toMatchObject({ body: { Device: { Status: 1 } } });
    // Another run of the program needs no registration.
    await explorer.disconnect();
    const next = program(rig, { secret: fileOf(own).key_deviceinfo.deviceSecret });
    await next.online();
  });

  it('gets a certificate where the product has certificates, and connects with it', async () => {
    const rig = await platform({ over: 'mqtts', seed: seed(2, { EncryptionType: '1' }) });
    const own = program(rig, { tls: true, domain: `127.0.0.1:${rig.ports.mqtts ?? 0}`, ca: rig.authority.file, file: { auth_mode: 'CERT' } });
    process.chdir(own.directory);
    expect(await own.explorer.dynregDevice(10, `https://127.0.0.1:${rig.ports.https ?? 0}/device/register`)).toEqual([0, 'success']);
    const { devCertFile, devPrivateKeyFile } = fileOf(own).cert_deviceinfo;
    expect([devCertFile, devPrivateKeyFile].map((file) => [path.basename(file), statSync(file).mode & 0o777])).toEqual([['cert.txt', 0o600], ['privateKey.txt', 0o600]]);
    await own.online();
    // The file says KEY where nobody changed it: what it names is used all the same.
    const other = program(rig, { deviceName: 'other', tls: true, domain: `127.0.0.1:${rig.ports.mqtts ?? 0}`, ca: rig.authority.file });
    expect(await other.explorer.dynregDevice(10, `https://127.0.0.1:${rig.ports.https ?? 0}/device/register`)).toEqual([0, 'success']);
    await other.online();
    // Two devices of one directory do not take each other's certificates.
    expect(fileOf(other).cert_deviceinfo.devCertFile).not.toBe(devCertFile);
    expect(own.explorer.isMqttConnected()).toBe(true);
    await own.explorer.disconnect();
    own.told.all.length = 0;
    await own.online();
  });

  it('keeps what was written into its file since it was read, and makes one anew that is no longer there', async () => {
    const rig = await platform({ seed: seed(2) });
    const own = program(rig);
    const place = path.join(own.directory, 'device_info.json');
    const subDev = { subdev_num: 1, subdev_list: [{ sub_productId: 'SUBPROD001', sub_devName: 'lamp' }] };
    writeFileSync(place, JSON.stringify({ ...fileOf(own), subDev }));
    const [, secret] = await own.explorer.dynregDevice(10, `http://127.0.0.1:${rig.httpPort}/device/register`);
    expect(fileOf(own)).toMatchObject({ subDev, key_deviceinfo: { deviceSecret: secret } });
    rmSync(place);
    const [rc, other] = await own.explorer.dynregDevice(10, `http://127.0.0.1:${rig.httpPort}/device/register`);
    expect([rc, fileOf(own)]).toMatchObject([0, { subDev, productId: 'SELF000001', key_deviceinfo: { deviceSecret: other } }]);
  });

  it('changes nothing else in its file, and connects with the new secret where it had another', async () => {
    const rig = await platform({ seed: seed(2) });
    const file = { note: 'old', old: 'old', subDev: { subdev_num: 0, subdev_list: [] } };
    for (const [deviceName, secret] of [['had-one', 'b2xkb2xkb2xkb2xkb2xkb2xk'], ['had-none', '']] as const) {
      const own = program(rig, { deviceName, secret, file });
      const [rc, fresh] = await own.explorer.dynregDevice(10, `http://127.0.0.1:${rig.httpPort}/device/register`);
      expect([rc, fileOf(own)]).toEqual([0, expect.objectContaining({ ...file, productSecret: SECRET, key_deviceinfo: { deviceSecret: fresh } })]);
      await own.online();
    }
  });

  it('is told in the words of the cloud when it is refused, and its file stays as it was', async () => {
    const rig = await platform({ seed: seed(1) });
    const own = program(rig, { deviceName: 'unheard-of' });
    const before = readFileSync(path.join(own.directory, 'device_info.json'), 'utf8');
    for (const api of ['/device/register', '/register/dev']) {
      const [rc, why] = await own.explorer.dynregDevice(10, `http://127.0.0.1:${rig.httpPort}${api}`);
      expect([rc, why]).toEqual([-1, expect.stringMatching(/unheard-of|not/i)]);
    }
    expect(await program(rig, { file: { productSecret: `x${SECRET}` } }).explorer.dynregDevice(10, `http://127.0.0.1:${rig.httpPort}/device/register`)).toMatchObject([-1, expect.stringMatching(/signature/i)]);
    expect(readFileSync(path.join(own.directory, 'device_info.json'), 'utf8')).toBe(before);
    expect(() => own.explorer.connect()).toThrow(StateError);
  });

  it('keeps no secret in its log and in no message', async () => {
    const rig = await platform({ seed: seed(2) });
    const own = program(rig);
    const log = path.join(own.directory, 'log.txt');
    own.explorer.logInit('debug', log);
    const [, secret] = await own.explorer.dynregDevice(10, `http://127.0.0.1:${rig.httpPort}/device/register`);
    await own.online();
    await own.explorer.disconnect();
    const text = readFileSync(log, 'utf8') + own.problems.all.map(String).join('\n') + JSON.stringify(rig.notices.all);
    expect(text).toContain('connected');
    for (const hidden of [SECRET, secret]) expect(text).not.toContain(hidden);
  });
});

describe('An answer to a registration that is no credential', () => {
  const PAYLOAD = 's6FB3a1BA/YYbcmSE12XpeDVmQNDcf1QgVD141RRbmmAnFwQfp1ECAu5O016mCOvYlJJ6V59yM4OqQSiWphfTg==';
  const response = (changes: object): string => JSON.stringify({ Response: { Len: 53, Payload: PAYLOAD, RequestId: 'r', ...changes } });

  async function answering(text: string): Promise<string> {
    const server = http.createServer((_request, answer) => answer.end(text));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push({ [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) });
    const address = server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/device/register`;
  }

  it.each([
    ['is cut short', response({ Payload: Buffer.from(PAYLOAD, 'base64').subarray(0, 48).toString('base64') })],
    ['is cut in the middle of a block', response({ Payload: PAYLOAD.slice(0, 60) })],
    ['was changed', response({ Payload: PAYLOAD.replace('s6FB', 's7FB') })],
    ['is longer than it says', response({ Len: 500 })],
    ['is a page', '<html>captive portal</html>'],
  ])('%s: -1 and why, the file as it was, and a whole answer is taken afterwards', async (_what, text) => {
    const own = program({ mqttPort: 1 }, { productId: 'ABCDE12345', deviceName: 'dev1' });
    const file = path.join(own.directory, 'device_info.json');
    const before = readFileSync(file, 'utf8');
    expect(await own.explorer.dynregDevice(10, await answering(text))).toEqual([-1, expect.stringMatching(/registration|answer|credential|JSON/)]);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(await own.explorer.dynregDevice(10, await answering(response({})))).toEqual([0, 'lDZ6Uqt+I9E0wW7rvDUs7Q==']);
  });

  it('rejects where nobody answers, and where the file cannot be written', async () => {
    const own = program({ mqttPort: 1 }, { productId: 'ABCDE12345', deviceName: 'dev1' });
    await expect(own.explorer.dynregDevice(1, 'http://127.0.0.1:1/device/register')).rejects.toMatchObject({ code: 'network' });
    mkdirSync(path.join(own.directory, 'device_info.json.new'));
    await expect(own.explorer.dynregDevice(10, await answering(response({})))).rejects.toMatchObject({ code: 'disk-failed' });
    writeFileSync(path.join(own.directory, 'note'), 'still here');
    expect(fileOf(own).key_deviceinfo.deviceSecret).toBe('YOUR_DEVICE_SECRET');
  });
});
