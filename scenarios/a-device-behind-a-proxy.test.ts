import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Device, huawei, publishOverHttp, type DeviceOptions } from 'lianyun';
import { Certificates, TlsFront } from './support/certificates.ts';
import { CLOUDS, HUAWEI, SEED, TENCENT } from './support/clouds.ts';
import { Rig, type Over } from './support/rig.ts';
import { TestProxy, type ProxyScript } from './support/test-proxy.ts';

const USER = { name: 'ann', password: 'p:w@d' };
const WRITTEN = 'ann:p%3Aw%40d';
const OVER: readonly Over[] = ['mqtt', 'mqtts', 'ws', 'wss'];

let certificates: Certificates;
beforeAll(() => {
  certificates = new Certificates();
});
afterAll(() => certificates[Symbol.dispose]());

const KINDS: readonly { readonly name: string; readonly script: (own: Certificates) => ProxyScript; readonly scheme: string }[] = [
  { name: 'an HTTP proxy', script: () => ({}), scheme: 'http' },
  { name: 'an HTTP proxy over TLS', script: ({ trusted }) => ({ tls: trusted.forServer(['127.0.0.1']) }), scheme: 'https' },
  { name: 'a SOCKS5 proxy', script: () => ({ kind: 'socks5' }), scheme: 'socks5' },
  { name: 'a SOCKS5 proxy that looks up names', script: () => ({ kind: 'socks5' }), scheme: 'socks5h' },
];

const VARIABLES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'];
afterEach(() => {
  for (const name of VARIABLES) Reflect.deleteProperty(process.env, name);
});

/** A platform whose certificate is of the same authority as the proxy's. */
const open = (over: Over): Promise<Rig> => Rig.open({ over, authority: certificates.trusted });

const filesOf = (server: string, options: Partial<DeviceOptions<typeof huawei>>): Device<typeof huawei> => new Device({ dialect: huawei, server, identity: { deviceId: 'lamp_1', secret: 'secret-of-lamp-1' }, ...options });

describe.each(KINDS)('Behind $name', ({ script, scheme }) => {
  it.each(OVER.flatMap((over) => CLOUDS.map((cloud) => ({ over, cloud, name: `${cloud.name} over ${over}` }))))('a device reports and is called: $name', async ({ over, cloud }) => {
    await using rig = await open(over);
    await using proxy = await TestProxy.listen(script(certificates));
    const lamp = await rig.online(cloud, 1, { proxy: proxy.url(undefined, scheme), ...(scheme === 'https' && { tls: { ca: certificates.trusted.file } }) });
    lamp.commands.handle('blink', ({ args }) => ({ blinked: args['times'] ?? 0 }));
    const reports = Array.from({ length: 50 }, (_, level) => lamp.properties.report(cloud.group({ level })).delivered);
    await Promise.all(reports);
    expect(await rig.reported(cloud, 1)).toEqual({ level: 49 });
    expect(await rig.blink(cloud, 1, 2)).toMatchObject({ status: 200 });
    expect(proxy.requests).toEqual([{ to: new URL(rig.server.replace(/^\w+/, 'http')).host, user: undefined }]);
  });

  it('user and password are given, and those that are wrong are refused as the proxy refuses them', async () => {
    await using rig = await open('mqtts');
    await using proxy = await TestProxy.listen({ ...script(certificates), user: USER });
    await rig.online(HUAWEI, 1, { proxy: proxy.url(WRITTEN, scheme) });
    expect(proxy.requests.map(({ user }) => user)).toEqual([scheme.startsWith('socks') ? 'ann' : 'ann:p:w@d']);
    for (const user of [undefined, 'ann:wrong']) {
      const lamp = rig.device(HUAWEI, 2, { proxy: proxy.url(user, scheme) });
      const words = user === undefined ? 'wants a user and a password' : 'does not accept user and password';
      await expect(lamp.connect()).rejects.toMatchObject({ code: 'proxy-refused', message: expect.stringContaining(`The proxy ${scheme}://127.0.0.1:${proxy.port} ${words}`) });
      expect(lamp.state).toMatchObject({ at: 'closed' });
    }
  });

  it.each(['http', 'https'] as const)('files go to and fro over %s', async (protocol) => {
    await using front = await TlsFront.open(certificates.trusted.forServer(['127.0.0.1']));
    await using rig = await Rig.open({ over: protocol === 'https' ? 'mqtts' : 'mqtt', authority: certificates.trusted, ...(protocol === 'https' && { publicUrl: `https://${front.where}` }) });
    front.leads = rig.httpPort;
    await using proxy = await TestProxy.listen(script(certificates));
    const lamp = rig.own(filesOf(rig.server, { ...((protocol === 'https' || scheme === 'https') && { tls: { ca: certificates.trusted.file } }), proxy: proxy.url(undefined, scheme) }));
    await lamp.connect();
    const content = randomBytes(200_000);
    await lamp.files.upload(content, { name: 'a.bin' }).done;
    const { file } = await lamp.files.download('a.bin', { to: certificates.folder }).done;
    expect(readFileSync(file).equals(content)).toBe(true);
    // What is not encrypted an HTTP proxy is asked for by its whole address, as curl does.
    const isWhole = protocol === 'http' && !scheme.startsWith('socks');
    const expected: unknown = isWhole ? expect.stringContaining(`http://127.0.0.1:${rig.httpPort}/objects/`) : protocol === 'http' ? `127.0.0.1:${rig.httpPort}` : front.where;
    expect(proxy.requests.map(({ to }) => to)).toEqual([`127.0.0.1:${(protocol === 'https' ? rig.ports.mqtts : rig.ports.mqtt) ?? 0}`, expected, expected]);
  });
});

describe('A fault of a proxy', () => {
  const http = (status: number): ProxyScript => ({ status });
  const socks = (reply: number): ProxyScript => ({ kind: 'socks5', reply });
  it.each<[string, ProxyScript, string, RegExp, number | undefined]>([
    ['403', http(403), 'proxy-refused', /does not allow the connection \(403 Forbidden\), on the way to 127\.0\.0\.1:1883/, 403],
    ['407', http(407), 'proxy-refused', /wants a user and a password \(407 /, 407],
    ['500', http(500), 'proxy-failed', /answered 500 Internal Server Error, on the way/, 500],
    ['502', http(502), 'proxy-failed', /cannot reach the server \(502 Bad Gateway\), on the way/, 502],
    ['504', http(504), 'proxy-failed', /cannot reach the server \(504 /, 504],
    ['SOCKS5 1', socks(1), 'proxy-failed', /failed \(SOCKS5 reply 1\), on the way to 127\.0\.0\.1:1883/, 1],
    ['SOCKS5 2', socks(2), 'proxy-refused', /does not allow the connection \(SOCKS5 reply 2\)/, 2],
    ['SOCKS5 3', socks(3), 'proxy-failed', /cannot reach the network of the server/, 3],
    ['SOCKS5 4', socks(4), 'proxy-failed', /cannot reach the server/, 4],
    ['SOCKS5 5', socks(5), 'proxy-failed', /was refused by the server/, 5],
    ['SOCKS5 6', socks(6), 'proxy-failed', /TTL expired/, 6],
    ['SOCKS5 7', socks(7), 'proxy-failed', /has no CONNECT/, 7],
    ['SOCKS5 8', socks(8), 'proxy-failed', /does not take this kind of address/, 8],
    ['SOCKS5 99', socks(99), 'proxy-failed', /a code that SOCKS5 does not define \(SOCKS5 reply 99\)/, 99],
    ['no answer in HTTP', { answer: 'SSH-2.0-OpenSSH\r\n' }, 'proxy-failed', /failed on the way to 127\.0\.0\.1:1883: .*Parse Error/, undefined],
    ['no answer in SOCKS5', { kind: 'socks5', answer: 'HTTP/1.1 400 Bad Request\r\n\r\n' }, 'proxy-failed', /does not speak SOCKS5/, undefined],
    ['the end instead of an answer in HTTP', { answer: '' }, 'proxy-failed', /failed on the way to .*(socket hang up|was cut)/, undefined],
    ['the end instead of an answer in SOCKS5', { kind: 'socks5', answer: '' }, 'proxy-failed', /closed the connection in the middle of SOCKS5/, undefined],
  ])('is told as its own: %s', async (_name, script, code, words, number) => {
    await using proxy = await TestProxy.listen(script);
    const lamp = HUAWEI.device(1, 'mqtt://127.0.0.1:1883', { proxy: proxy.url() });
    const offline = new Promise((resolve) => lamp.once('offline', resolve));
    lamp.connect().catch(() => undefined);
    expect(await offline).toMatchObject({ reason: 'network', error: { code, place: number === undefined ? {} : { number }, message: expect.stringMatching(words) } });
    expect(lamp.state.at).toBe(code === 'proxy-refused' ? 'closed' : 'waiting');
    await lamp.close();
  });

  it.each(['http', 'https', 'socks5'])('is that nothing listens there (%s), and the device goes on trying', async (scheme) => {
    const lamp = HUAWEI.device(1, 'mqtt://127.0.0.1:1883', { proxy: `${scheme}://127.0.0.1:1` });
    const offline = new Promise((resolve) => lamp.once('offline', resolve));
    lamp.connect().catch(() => undefined);
    expect(await offline).toMatchObject({ error: { code: 'proxy-failed', message: expect.stringMatching(/^The proxy \w+:\/\/127\.0\.0\.1:1 cannot be reached: nothing listens there/) } });
    await lamp.close();
  });

  it('is that it is not who it should be, over TLS', async () => {
    await using proxy = await TestProxy.listen({ tls: certificates.trusted.forServer(['127.0.0.1']) });
    const lamp = HUAWEI.device(1, 'mqtt://127.0.0.1:1883', { proxy: proxy.url() });
    const offline = new Promise((resolve) => lamp.once('offline', resolve));
    lamp.connect().catch(() => undefined);
    expect(await offline).toMatchObject({ error: { code: 'proxy-failed', message: expect.stringMatching(/cannot be reached: .*(certificate|issuer)/) } });
    await lamp.close();
  });

  it('is its silence, which is named with both', async () => {
    await using proxy = await TestProxy.listen({ answer: null });
    const lamp = HUAWEI.device(1, 'mqtt://127.0.0.1:1883', { proxy: proxy.url(), connectTimeoutMs: 50 });
    const offline = new Promise((resolve) => lamp.once('offline', resolve));
    lamp.connect().catch(() => undefined);
    expect(await offline).toMatchObject({ error: { code: 'timeout', message: expect.stringContaining(`127.0.0.1:1883 (through the proxy ${proxy.url()}) did not answer`) } });
    await lamp.close();
    await expect.poll(() => proxy.open).toBe(0);
  });

  it('is not that of a server that it leads to: its certificate is judged as ever', async () => {
    await using rig = await open('mqtts');
    await using proxy = await TestProxy.listen();
    for (const server of [rig.server, `wss://127.0.0.1:${rig.ports.https ?? 0}`]) {
      const lamp = rig.own(HUAWEI.device(1, server, { proxy: proxy.url() }));
      await expect(lamp.connect()).rejects.toMatchObject({ code: 'untrusted-server' });
    }
  });

  it.each([
    ['502', { status: 502 }, 'proxy-failed', /cannot reach the server \(502 Bad Gateway\)/],
    ['407', { user: USER }, 'proxy-refused', /wants a user and a password \(407 /],
    ['SOCKS5 5', { kind: 'socks5', reply: 5 }, 'proxy-failed', /was refused by the server/],
  ] as const)('ends a download or an upload as its own: %s', async (_name, script, code, words) => {
    await using front = await TestProxy.listen(script);
    await using rig = await Rig.open({ over: 'mqtts', authority: certificates.trusted, publicUrl: 'http://127.0.0.1:9' });
    // The device itself goes straight; its files go through the proxy.
    process.env['http_proxy'] = front.url();
    const lamp = rig.own(filesOf(rig.server, { tls: { ca: certificates.trusted.file } }));
    await lamp.connect();
    await rig.platform.files.put('lamp_1', 'a.bin', [Buffer.from('hello')]);
    const transfers = [lamp.files.upload(Buffer.from('x'), { name: 'b.bin', attempts: 1 }), lamp.files.download('a.bin', { to: certificates.folder, attempts: 1 })];
    for (const { done } of transfers) await expect(done).rejects.toMatchObject({ code, message: expect.stringMatching(words) });
  });
});

const told = { productId: 'LAMP000001', deviceName: 'lamp1', deviceSecret: SEED.tencent.devices[0].DevicePsk, topic: TENCENT.topics.report(1), payload: TENCENT.reportText({ level: 9 }) };

describe('A device without a connection', () => {
  it.each(KINDS)('publishes over HTTP and https through $name', async ({ script, scheme }) => {
    await using rig = await open('mqtts');
    await using proxy = await TestProxy.listen(script(certificates));
    for (const [protocol, port] of [['http', rig.ports.http], ['https', rig.ports.https ?? 0]] as const) {
      await publishOverHttp({ ...told, url: `${protocol}://127.0.0.1:${port}`, tls: { ca: certificates.trusted.file }, proxy: proxy.url(undefined, scheme) });
      expect(proxy.requests.at(-1)?.to).toContain(`127.0.0.1:${port}`);
    }
    expect(await rig.reported(TENCENT, 1)).toEqual({ level: 9 });
  });

  it('is told of the proxy as such', async () => {
    await using rig = await open('mqtt');
    await using proxy = await TestProxy.listen({ user: USER });
    await expect(publishOverHttp({ ...told, url: `http://127.0.0.1:${rig.httpPort}`, proxy: proxy.url() })).rejects.toMatchObject({ code: 'proxy-refused', message: expect.stringContaining(proxy.url()) });
  });
});

describe('Names', () => {
  it('are looked up by the proxy with socks5h and http, where this machine could not', async () => {
    await using rig = await open('mqtt');
    for (const script of [{ kind: 'socks5', leads: rig.mqttPort }, { leads: rig.mqttPort }] as const) {
      await using proxy = await TestProxy.listen(script);
      const lamp = rig.own(HUAWEI.device(1, 'mqtt://iot.invalid:1883', { proxy: proxy.url(undefined, 'kind' in script ? 'socks5h' : 'http') }));
      await lamp.connect();
      expect(proxy.requests.map(({ to }) => to)).toEqual(['iot.invalid:1883']);
      await lamp.close();
    }
  });

  it.each(['http', 'https'] as const)('stand in a request as the URL has them, without the port that goes without saying (%s)', async (protocol) => {
    const hosts: unknown[] = [];
    const onRequest: http.RequestListener = ({ headers }, response) => {
      hosts.push(headers.host);
      response.end(JSON.stringify({ Response: { RequestId: 'r1' } }));
    };
    const server = protocol === 'http' ? http.createServer(onRequest) : https.createServer(certificates.trusted.forServer(['api.lan']), onRequest);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      // A TCP server that listens has an address object.
      await using proxy = await TestProxy.listen({ kind: 'socks5', leads: (server.address() as AddressInfo).port });
      await publishOverHttp({ ...told, url: `${protocol}://api.lan`, tls: { ca: certificates.trusted.file }, proxy: proxy.url(undefined, 'socks5h') });
      expect([hosts, proxy.requests.map(({ to }) => to)]).toEqual([['api.lan'], [`api.lan:${protocol === 'http' ? 80 : 443}`]]);
    } finally {
      server.close();
    }
  });

  it('are looked up here with socks5', async () => {
    await using rig = await open('mqtt');
    await using proxy = await TestProxy.listen({ kind: 'socks5' });
    const lamp = rig.own(HUAWEI.device(1, `mqtt://localhost:${rig.mqttPort}`, { proxy: proxy.url() }));
    await lamp.connect();
    expect(proxy.requests[0]?.to).toMatch(/^(127\.0\.0\.1|0{31}1):/);
    const lost = HUAWEI.device(1, 'mqtt://iot.invalid:1883', { proxy: proxy.url() });
    const offline = new Promise((resolve) => lost.once('offline', resolve));
    lost.connect().catch(() => undefined);
    expect(await offline).toMatchObject({ error: { message: expect.stringContaining('the name cannot be resolved') } });
    await lost.close();
  });
});

describe('The environment', () => {
  it.each([
    ['mqtts', 'https_proxy'],
    ['mqtts', 'HTTPS_PROXY'],
    ['wss', 'https_proxy'],
    ['mqtt', 'http_proxy'],
    ['ws', 'HTTP_PROXY'],
    ['ws', 'ALL_PROXY'],
  ] as const)('says which proxy a device uses over %s: %s; the option has the last word', async (over, name) => {
    await using rig = await open(over);
    await using proxy = await TestProxy.listen();
    process.env[name] = proxy.url();
    await rig.online(HUAWEI, 1);
    expect(proxy.requests).toHaveLength(1);
    await rig.online(HUAWEI, 2, { proxy: false });
    expect(proxy.requests).toHaveLength(1);
    process.env['NO_PROXY'] = '10.0.0.0/8, 127.0.0.1';
    await rig.online(HUAWEI, 1);
    expect(proxy.requests).toHaveLength(1);
  });
});
