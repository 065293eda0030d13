// Contract 5: `lianyun up`.
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import https from 'node:https';
import net from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signTencent } from '@lianyun/platform';
import { HUAWEI, SEED, TENCENT } from './support/clouds.ts';
import { launched, lianyun, ROOT, type Program } from './support/program.ts';

interface Ready {
  readonly ready: true;
  readonly mqtt: number;
  readonly mqtts: number | null;
  readonly http: number;
  readonly https: number | null;
  readonly ca: string | null;
}

let folder: string;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lianyun-up-'));
  // Where generated keys go when nobody says where: not into the state of who runs the tests.
  env = { XDG_STATE_HOME: path.join(folder, 'state') };
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const up = (...args: string[]): Program => lianyun(['up', '--mqtt', '0', '--http', '0', ...args], { env });

async function readyOf(program: Program): Promise<Ready> {
  return JSON.parse(await program.line(/^\{/)) as Ready;
}

async function seedFile(content: unknown = SEED): Promise<string> {
  const file = path.join(folder, 'seed.json');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2));
  return file;
}

/** Whether a connection to this address is taken. */
function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** The first bytes of a TLS connection. */
async function helloOf(): Promise<Buffer> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = tls.connect({ host: '127.0.0.1', port: (server.address() as net.AddressInfo).port }).on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  server.close();
  return hello;
}

/** What /healthz says over TLS. */
function getHealth(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    https.get({ host: '127.0.0.1', port, path: '/healthz', ca, agent: false }, (answer) => void answer.setEncoding('utf8').toArray().then((parts) => resolve(parts.join('')), reject)).on('error', reject);
  });
}

describe('lianyun up', () => {
  it('prints one line of JSON on stdout when it accepts connections, and nothing else; logs go to stderr', async () => {
    await using program = up('--seed', await seedFile());
    const ready = await readyOf(program);
    expect(ready).toEqual({ ready: true, mqtt: expect.any(Number), mqtts: null, http: expect.any(Number), https: null, ca: null });
    expect(ready.mqtt).toBeGreaterThan(0);
    expect(ready.http).toBeGreaterThan(0);
    const health = await fetch(`http://127.0.0.1:${ready.http}/healthz`, { headers: { connection: 'close' } });
    expect(await health.json()).toEqual({ status: 'ok' });
    for (const cloud of [HUAWEI, TENCENT]) {
      await using device = cloud.device(1, `mqtt://127.0.0.1:${ready.mqtt}`);
      await device.connect();
      await device.properties.report(cloud.group({ level: 1 })).delivered;
      await using impostor = cloud.impostor(2, `mqtt://127.0.0.1:${ready.mqtt}`);
      await expect(impostor.connect()).rejects.toMatchObject({ code: 'bad-credentials' });
    }
    await program.line(/connect-refused .*the password of lamp_2 is wrong/);
    program.kill('SIGTERM');
    expect(await program.end()).toEqual({ code: 0, signal: null });
    expect(program.stdout.all).toHaveLength(1);
    expect(program.stderr.all.join('\n')).toContain('the seed added 6 products and devices');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends cleanly with status 0 on %s, with devices connected', async (signal) => {
    await using program = up('--seed', await seedFile());
    const { mqtt, http } = await readyOf(program);
    await using device = HUAWEI.device(1, `mqtt://127.0.0.1:${mqtt}`);
    await device.connect();
    const isOffline = new Promise((resolve) => device.once('offline', resolve));
    program.kill(signal);
    expect(await program.end()).toEqual({ code: 0, signal: null });
    await isOffline;
    expect([await isOpen('127.0.0.1', mqtt), await isOpen('127.0.0.1', http)]).toEqual([false, false]);
  });

  it('ends cleanly with status 0 on a SIGTERM that comes while it opens what it keeps', async () => {
    const devices = Array.from({ length: 2_000 }, (_, at) => ({ product_id: 'many', node_id: `d${at}`, secret: 'a-secret' }));
    const seed = await seedFile({ huawei: { products: [{ product_id: 'many', name: 'many' }], devices } });
    await using program = up('--data', path.join(folder, 'data'), '--seed', seed);
    await program.line(/access keys for the APIs are in/);
    program.kill('SIGTERM');
    expect(await program.end()).toEqual({ code: 0, signal: null });
  });

  it('ends although clients hold HTTP connections open and ask nothing', async () => {
    await using program = up('--https', '0');
    const { http, https: port } = await readyOf(program);
    // What a client says first, and then no more.
    const hello = await helloOf();
    const plain = net.connect({ host: '127.0.0.1', port: http });
    const shaking = net.connect({ host: '127.0.0.1', port: port ?? 0 });
    shaking.write(hello);
    const secured = (['TLSv1.2', 'TLSv1.3'] as const).map((version) => tls.connect({ host: '127.0.0.1', port: port ?? 0, rejectUnauthorized: false, minVersion: version, maxVersion: version }));
    const sockets = [plain, shaking, ...secured];
    const ended = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve).on('error', () => undefined)));
    await Promise.all([once(plain, 'connect'), once(shaking, 'data'), ...secured.map((socket) => once(socket, 'secureConnect'))]);
    for (const socket of sockets) socket.resume();
    program.kill('SIGTERM');
    expect(await program.end()).toEqual({ code: 0, signal: null });
    await Promise.all(ended);
  });

  it('takes the seed of README.md', async () => {
    const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8');
    const [, seed = ''] = /<!-- seed\.json -->\n```json\n([^]*?)```/.exec(readme) ?? [];
    await using program = up('--seed', await seedFile(seed));
    await readyOf(program);
    expect(program.stderr.all.join('\n')).toContain('the seed added 4 products and devices');
  });

  it('runs empty, too', async () => {
    await using program = up();
    const { http } = await readyOf(program);
    expect((await fetch(`http://127.0.0.1:${http}/healthz`, { headers: { connection: 'close' } })).status).toBe(200);
  });

  it('makes access keys without a seed, keeps them with mode 0600, and prints the path, never a secret', async () => {
    const data = path.join(folder, 'data');
    await using program = up('--data', data);
    await readyOf(program);
    expect(await readdir(data)).toContain('access-keys.json');
    const file = path.join(data, 'access-keys.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const keys = JSON.parse(await readFile(file, 'utf8')) as Record<'huawei' | 'tencent', { id: string; secret: string }>;
    program.kill('SIGTERM');
    await program.end();
    const printed = [...program.stdout.all, ...program.stderr.all].join('\n');
    expect(printed).toContain(file);
    for (const { secret } of Object.values(keys)) {
      expect(secret.length).toBeGreaterThan(20);
      expect(printed).not.toContain(secret);
    }
    // The same pairs the next time.
    await using again = up('--data', data);
    await readyOf(again);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(keys);
  });

  it('makes no key that the seed gives, and prints none of those', async () => {
    await using program = up('--seed', await seedFile(), '--data', path.join(folder, 'data'));
    await readyOf(program);
    program.kill('SIGTERM');
    await program.end();
    expect(await readdir(path.join(folder, 'data'))).toEqual(['lianyun.db', 'secrets.key']);
    const printed = [...program.stdout.all, ...program.stderr.all].join('\n');
    for (const secret of ['sk-huawei', 'key-tencent', 'secret-of-lamp', 'c2VjcmV0']) expect(printed).not.toContain(secret);
  });

  it('keeps products, devices and what they reported in --data, and says without it that nothing is kept', async () => {
    const data = path.join(folder, 'data');
    {
      await using first = up('--seed', await seedFile(), '--data', data);
      const { mqtt } = await readyOf(first);
      for (const cloud of [HUAWEI, TENCENT]) {
        await using device = cloud.device(1, `mqtt://127.0.0.1:${mqtt}`);
        await device.connect();
        await device.properties.report(cloud.group({ level: 42 })).delivered;
      }
      // Not a clean end.
      first.kill('SIGKILL');
      await first.end();
      expect(first.stderr.all.join('\n')).not.toMatch(/live as long|ExperimentalWarning/);
    }
    await using again = up('--seed', await seedFile(), '--data', data);
    const { mqtt, http } = await readyOf(again);
    expect(again.stderr.all.join('\n')).toContain('the seed added 0 products and devices, 6 were there already');
    const body = JSON.stringify({ ProductId: 'LAMP000001', DeviceName: 'lamp1', FieldName: 'level', MinTime: 0, MaxTime: Date.now() + 1000 });
    const headers = { host: `127.0.0.1:${http}`, 'content-type': 'application/json', 'x-tc-action': 'DescribeDeviceDataHistory', 'x-tc-version': '2019-04-23' };
    const [{ secretId, secretKey }] = SEED.tencent.accessKeys;
    const { host: _host, ...signed } = signTencent({ method: 'POST', url: '/', headers, body: Buffer.from(body) }, { id: secretId, secret: secretKey }, { at: Date.now() });
    const answer = await fetch(`http://127.0.0.1:${http}/`, { method: 'POST', headers: { ...signed, connection: 'close' } as Record<string, string>, body });
    expect(await answer.json()).toMatchObject({ Response: { Listover: true, Results: [{ Value: '42' }] } });
    await using device = HUAWEI.device(1, `mqtt://127.0.0.1:${mqtt}`);
    await device.connect();
    // The same folder belongs to one process.
    await using second = up('--data', data);
    expect((await second.end()).code).toBe(1);
    expect(second.stderr.all.join('\n')).toMatch(/lianyun\.db is in use by another program/);
    await using without = up();
    await readyOf(without);
    expect(without.stderr.all.join('\n')).toContain('live as long as this process');
  });

  it('listens on loopback only, unless --host says otherwise', async () => {
    const outside = Object.values(networkInterfaces()).flat().find((each) => each?.family === 'IPv4' && !each.internal)?.address ?? '127.0.0.2';
    await using closed = up();
    const { mqtt, http } = await readyOf(closed);
    expect([await isOpen(outside, mqtt), await isOpen(outside, http)]).toEqual([false, false]);
    expect([await isOpen('127.0.0.1', mqtt), await isOpen('127.0.0.1', http)]).toEqual([true, true]);
    await using open = up('--host', '0.0.0.0');
    const ports = await readyOf(open);
    expect([await isOpen(outside, ports.mqtt), await isOpen(outside, ports.http)]).toEqual([true, true]);
  });

  it.each([
    [['--mqqt', '1883'], /unknown option '--mqqt'/],
    [['--mqtt', 'abc'], /--mqtt "abc" is no port: a number from 0 to 65535 is expected/],
    [['--http', '65536'], /--http "65536" is no port/],
    [['--host', 'no.such.host.invalid'], /cannot listen on no\.such\.host\.invalid/],
    [['--public-url', 'iot.example'], /--public-url iot\.example is no address: http:/],
    [['--public-url', 'https://iot.example/?tenant=1'], /--public-url .* is no address: http:/],
    [['--public-url', 'https://iot.example/#top'], /--public-url .* is no address: http:/],
    [['--public-url', 'https://user:word@iot.example'], /--public-url is no address: http:/],
    [['--mqtt'], /argument missing/],
    [['extra'], /too many arguments/],
  ])('refuses %j in words, without a stack', async (args, words) => {
    await using program = up(...args);
    expect(await program.end()).toEqual({ code: 1, signal: null });
    expect(program.stdout.all).toEqual([]);
    expect(program.stderr.all.join('\n')).toMatch(words);
    expect(program.stderr.all.filter((line) => /^\s+at /.test(line))).toEqual([]);
  });

  it('listens over TLS where it is asked to, with an authority of its own whose key only its owner can read', async () => {
    const data = path.join(folder, 'data');
    const start = async (): Promise<Program> => up('--mqtts', '0', '--https', '0', '--data', data, '--seed', await seedFile());
    await using program = await start();
    const ready = await readyOf(program);
    expect(ready).toEqual({ ready: true, mqtt: expect.any(Number), mqtts: expect.any(Number), http: expect.any(Number), https: expect.any(Number), ca: path.join(data, 'ca.pem') });
    expect((await stat(path.join(data, 'ca.key'))).mode & 0o777).toBe(0o600);
    const ca = await readFile(ready.ca ?? '', 'utf8');
    for (const host of ['127.0.0.1', 'localhost']) {
      await using device = HUAWEI.device(1, `mqtts://${host}:${ready.mqtts}`, { tls: { ca } });
      await device.connect();
      await device.properties.report(HUAWEI.group({ level: 1 })).delivered;
    }
    expect(await getHealth(ready.https ?? 0, ca)).toBe('{"status":"ok"}');
    program.kill('SIGTERM');
    expect(await program.end()).toEqual({ code: 0, signal: null });
    expect(program.stderr.all.join('\n')).not.toMatch(/handshake-failed|expires/);
    // What devices were given stays good.
    await using again = await start();
    expect((await readyOf(again)).ca).toBe(ready.ca);
    expect(await readFile(ready.ca ?? '', 'utf8')).toBe(ca);
  });

  it.each(['', 'state'])("keeps access keys in the user's home where XDG_STATE_HOME is %j, which is no folder of anybody's", async (own) => {
    env = { HOME: folder, XDG_STATE_HOME: own };
    await using program = up();
    await readyOf(program);
    expect(program.stderr.all).toContain(`lianyun: access keys for the APIs are in ${path.join(folder, '.local', 'state', 'lianyun', 'access-keys.json')}`);
  });

  it("keeps the authority in the user's state when there is no --data", async () => {
    await using program = up('--mqtts', '0');
    expect(await readyOf(program)).toMatchObject({ mqtts: expect.any(Number), https: null, ca: path.join(folder, 'state', 'lianyun', 'ca.pem') });
  });

  it('runs by the launcher as well, which hands the signal on', async () => {
    await using program = launched(['up', '--mqtt', '0', '--http', '0', '--seed', await seedFile()], { env });
    expect(await readyOf(program)).toMatchObject({ ready: true });
    program.kill('SIGTERM');
    expect(await program.end()).toEqual({ code: 0, signal: null });
  });
});
