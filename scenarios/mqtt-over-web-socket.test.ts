import http, { type IncomingMessage } from 'node:http';
import { createConnection, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { encodePacket } from '@lianyun/protocol/mqtt';
import { FakeClock } from '@lianyun/protocol/testing';
import { CLOUDS, HUAWEI, TENCENT } from './support/clouds.ts';
import { Program, ROOT } from './support/program.ts';
import { happens, Rig } from './support/rig.ts';
import { TestProxy } from './support/test-proxy.ts';

const HOUR_MS = 3_600_000;
const OVER = ['ws', 'wss'] as const;
const CASES = OVER.flatMap((over) => CLOUDS.map((cloud) => ({ over, cloud, name: `${over}, ${cloud.name}` })));

describe('A device over WebSocket', () => {
  it.each(CASES)('reports, takes commands and large messages, and says goodbye ($name)', async ({ over, cloud }) => {
    await using rig = await Rig.open({ over });
    const [lamp, other] = [await rig.online(cloud, 1), await rig.online(cloud, 2)];
    lamp.commands.handle('blink', ({ args }) => ({ blinked: args['times'] ?? 0 }));
    await lamp.properties.report(cloud.group({ level: 7 })).delivered;
    expect(await rig.reported(cloud, 1)).toEqual({ level: 7 });
    expect(await rig.blink(cloud, 1, 2)).toMatchObject({ status: 200 });
    // Several WebSocket frames and TLS records each way.
    const topic = cloud.name === 'huawei' ? 'free/big' : 'LAMP000001/lamp1/data';
    const reader = cloud.name === 'huawei' ? other : lamp;
    const payload = Buffer.alloc(cloud.payloadBytes > 200_000 ? 200_000 : 15_000, 'abc');
    const arrived = new Promise<Buffer>((resolve) => reader.topics.subscribe(topic, (message) => resolve(message.payload)));
    await expect.poll(async () => {
      await lamp.topics.publish(topic, payload).delivered;
      return Promise.race([arrived, Promise.resolve(undefined)]);
    }, { timeout: 15_000 }).toEqual(payload);
    const gone = new Promise((resolve) => rig.platform.once('offline', resolve));
    await lamp.close();
    expect(await gone).toMatchObject({ reason: 'client-disconnect' });
    expect([rig.notices.all, rig.problems.all]).toEqual([[], []]);
  });

  it.each(OVER)('comes back after the platform was away (%s)', async (over) => {
    await using rig = await Rig.open({ over });
    const lamp = await rig.online(HUAWEI, 1, { maxBackoffMs: 5 });
    const back = new Promise<void>((resolve) => void lamp.once('online', resolve));
    rig.platform.access.kick('huawei', 'lamp_1', 'for the test');
    await back;
    await lamp.properties.report(HUAWEI.group({ level: 1 })).delivered;
  });

  it('is refused like over TLS when the server is not who it should be', async () => {
    await using rig = await Rig.open({ over: 'wss' });
    await using other = await Rig.open({ over: 'wss' });
    const lamp = other.own(HUAWEI.device(1, rig.server, { tls: { ca: other.authority.pem } }));
    await expect(lamp.connect()).rejects.toMatchObject({ code: 'untrusted-server' });
  });

  it.each(CASES.flatMap((each) => ([4, 5] as const).map((mqttVersion) => ({ ...each, mqttVersion, title: `${each.name}, mqttVersion ${mqttVersion}` }))))('is told that its clock is wrong where that is why its sign-in is refused, and signs in when it was set ($title)', async ({ over, cloud, mqttVersion }) => {
    const [clock, own] = [new FakeClock({ now: Date.now() }), new FakeClock({ now: Date.now() - 3 * HOUR_MS })];
    await using rig = await Rig.open({ over, clock });
    const lamp = rig.device(cloud, 1, { clock: own, mqttVersion });
    const online = lamp.connect();
    const { reason, error, nextAttemptMs = 0 } = await rig.told(lamp).offline.first(() => true);
    expect({ reason, error, at: lamp.state.at }).toMatchObject({ reason: 'clock-skew', at: 'waiting', error: { code: 'clock-skew', place: { number: mqttVersion === 5 ? 0x86 : 4 }, message: expect.stringContaining("180 minutes behind the server's") } });
    own.set(clock.now());
    own.advance(nextAttemptMs);
    await online;
    await lamp.close();
  });

  it.each(OVER)('is told that its secret is wrong where its clock is right (%s)', async (over) => {
    await using rig = await Rig.open({ over });
    for (const cloud of CLOUDS) await expect(rig.own(cloud.impostor(1, rig.server, rig.options)).connect()).rejects.toMatchObject({ code: 'bad-credentials' });
  });

  it('says what a server answered that has no WebSocket there', async () => {
    await using rig = await Rig.open({ over: 'ws' });
    const lamp = rig.own(HUAWEI.device(1, `ws://127.0.0.1:${rig.httpPort}/elsewhere`));
    lamp.connect().catch(() => undefined);
    const { error } = await rig.told(lamp).offline.first(() => true);
    expect(error).toMatchObject({ code: 'network', message: expect.stringContaining('answered HTTP 404 instead of opening a WebSocket at /elsewhere') });
  });

  it('gives up a server that answers nothing to the request to upgrade', async () => {
    await using rig = await Rig.open();
    await using silent = await Silent.open();
    const lamp = rig.own(HUAWEI.device(1, silent.url, { connectTimeoutMs: 50 }));
    lamp.connect().catch(() => undefined);
    const { error } = await rig.told(lamp).offline.first(() => true);
    expect(error).toMatchObject({ code: 'timeout' });
    await lamp.close();
  });

  it('takes binary messages only, whatever their borders', async () => {
    await using rig = await Rig.open();
    await using server = await Chopping.open();
    const lamp = rig.own(TENCENT.device(1, server.url));
    await lamp.connect();
    server.socket?.send('text');
    const { error } = await rig.told(lamp).offline.first(() => true);
    expect(error).toMatchObject({ code: 'protocol-violation', message: expect.stringContaining('MQTT-6.0.0-1') });
    await lamp.close();
  });

  it.each(['straight', 'through a proxy'])('says how to install ws where it is missing, and leaves nothing open: %s', async (way) => {
    await using server = await Silent.open();
    await using proxy = await TestProxy.listen();
    const hooks = `import { registerHooks } from 'node:module'; registerHooks({ resolve: (name, context, next) => { if (name === 'ws') throw new Error('Cannot find package ws'); return next(name, context); } });`;
    const script = `import { Device, huawei } from 'lianyun'; const device = new Device({ dialect: huawei, server: '${server.url}', identity: { deviceId: 'a', secret: 'b' }, proxy: ${way === 'straight' ? 'false' : JSON.stringify(proxy.url())} }); await device.connect().catch((error) => console.log(JSON.stringify([error.code, error.message, device.state.at])));`;
    await using program = new Program(process.execPath, ['--conditions=@lianyun/source', '--import', `data:text/javascript,${encodeURIComponent(hooks)}`, '--input-type=module', '-e', script], { cwd: ROOT });
    expect(JSON.parse(await program.line(/^\[/))).toEqual(['unsupported', expect.stringContaining('npm install ws'), 'closed']);
    expect(proxy.requests).toHaveLength(way === 'straight' ? 0 : 1);
    await expect.poll(() => proxy.open).toBe(0);
    expect(await program.end()).toMatchObject({ code: 0 });
  });
});

describe('MQTT.js over WebSocket', () => {
  it.each(CASES)('reports and is sent a command ($name)', async ({ over, cloud }) => {
    await using rig = await Rig.open({ over });
    const url = `${over}://127.0.0.1:${over === 'ws' ? rig.ports.http : rig.ports.https}/mqtt`;
    const client = await rig.foreignTo(url, cloud.credentials(1), over === 'wss' ? { ca: rig.authority.pem } : {});
    await client.subscribeAsync(cloud.topics.everything(1));
    await client.publishAsync(cloud.topics.report(1), cloud.reportText({ level: 3 }), { qos: 1 });
    expect(await rig.reported(cloud, 1)).toEqual({ level: 3 });
    const command = happens(client, 'message');
    void rig.blink(cloud, 1, 3);
    const [topic] = (await command) as [string];
    expect(topic).toContain(cloud.name === 'huawei' ? '/sys/commands/request_id=' : '$thing/down/action/');
  });
});

describe('The platform', () => {
  const upgrade = (port: number, path: string, protocols: string[] = ['mqtt']): Promise<IncomingMessage | WebSocket> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols);
      socket.on('open', () => resolve(socket));
      socket.on('unexpected-response', (request, response) => {
        request.destroy();
        resolve(response);
      });
      socket.on('error', reject);
    });

  it('refuses another path and another sub-protocol, and answers with mqtt', async () => {
    await using rig = await Rig.open();
    expect(await upgrade(rig.httpPort, '/other')).toMatchObject({ statusCode: 404 });
    expect(await upgrade(rig.httpPort, '/mqtt', ['chat'])).toMatchObject({ statusCode: 400 });
    for (const protocols of [['mqtt'], ['chat', 'mqtt'], []]) {
      const socket = (await upgrade(rig.httpPort, '/mqtt?x=1', protocols)) as WebSocket;
      expect(socket.protocol).toBe(protocols.includes('mqtt') ? 'mqtt' : '');
      socket.terminate();
    }
    expect(rig.platform.access.connections).toBe(0);
  });

  it('reads packets in pieces of one byte and many in one message, and ends a client that sends text', async () => {
    await using rig = await Rig.open();
    const socket = (await upgrade(rig.httpPort, '/mqtt')) as WebSocket;
    const { clientId, username, password } = HUAWEI.credentials(1);
    const connect = encodePacket({ type: 'connect', version: 4, clientId, username, password: Buffer.from(password), clean: true, keepAliveSeconds: 60 }, 4);
    for (const byte of connect) socket.send(Uint8Array.of(byte));
    const reports = Array.from({ length: 20 }, (_, at) => encodePacket({ type: 'publish', topic: HUAWEI.topics.report(1), payload: Buffer.from(HUAWEI.reportText({ level: at })), qos: 0, packetId: 0, dup: false, retain: false }, 4));
    socket.send(Buffer.concat([...reports, encodePacket({ type: 'pingreq' }, 4)]));
    const received: Buffer[] = [];
    await new Promise<void>((resolve) => socket.on('message', (data: Buffer) => (received.push(data), Buffer.concat(received).includes(Buffer.from([0xd0, 0])) && resolve())));
    expect(await rig.reported(HUAWEI, 1)).toEqual({ level: 19 });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.send('hello');
    await closed;
    await rig.notices.first(({ kind, text }) => kind === 'protocol-error' && text.includes('MQTT-6.0.0-1'));
    expect(rig.platform.access.connections).toBe(0);
  });

  it.each(['http', 'https'] as const)('answers a request over %s that offers to go on in HTTP/2 as one that does not', async (scheme) => {
    await using rig = await Rig.open({ over: 'wss' });
    const socket = scheme === 'http' ? createConnection({ host: '127.0.0.1', port: rig.httpPort }) : tls.connect({ host: '127.0.0.1', port: rig.ports.https ?? 0, ca: rig.authority.pem });
    socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n');
    expect(String(await new Promise((resolve) => socket.once('data', resolve)))).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    socket.destroy();
  });

  it('goes down although a client that it refused does not close its side', async () => {
    await using rig = await Rig.open();
    const socket = createConnection({ host: '127.0.0.1', port: rig.httpPort, allowHalfOpen: true });
    socket.write('GET /other HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const answer = await new Promise((resolve) => socket.once('data', resolve));
    expect(String(answer)).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    await rig.platform.close();
    socket.destroy();
  });

  it('ends every WebSocket when it goes down', async () => {
    await using rig = await Rig.open({ over: 'ws' });
    const lamp = await rig.online(HUAWEI, 1, { maxBackoffMs: 60_000 });
    await upgrade(rig.httpPort, '/mqtt').then((socket) => (socket as WebSocket).on('error', () => undefined));
    await rig.platform.close();
    await rig.told(lamp).offline.first(() => true);
  });
});

describe('A list of servers', () => {
  it('is tried in its order, and the device stays with the one that let it in', async () => {
    await using rig = await Rig.open({ over: 'wss' });
    const dead = await freedPort();
    const server = [`mqtts://127.0.0.1:${dead}`, `mqtts://127.0.0.1:${rig.ports.http}`, `wss://127.0.0.1:${rig.ports.https}`];
    const lamp = rig.own(HUAWEI.device(1, server as never, { tls: { ca: rig.authority.pem }, maxBackoffMs: 3_600_000 }));
    await lamp.connect();
    expect(rig.told(lamp).offline.all.map(({ nextAttemptMs }) => nextAttemptMs)).toEqual([0, 0]);
    expect(lamp.state).toMatchObject({ at: 'online', server: 2 });
  });

  it('names the address that is wrong', () => {
    expect(() => HUAWEI.device(1, ['mqtt://a', 'ftp://b'] as never)).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining('"ftp://b" has the unknown scheme ftp') }));
    expect(() => HUAWEI.device(1, [] as never)).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining('server is missing') }));
  });
});

/** A port that nobody listens on. */
async function freedPort(): Promise<number> {
  const server = http.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

class Silent implements AsyncDisposable {
  readonly #sockets = new Set<Duplex>();
  readonly #server = http.createServer();

  static async open(): Promise<Silent> {
    const silent = new Silent();
    silent.#server.on('upgrade', (_request, socket) => {
      silent.#sockets.add(socket);
      // One that comes when its client has given up already ends with it.
      socket.on('error', () => undefined).on('end', () => socket.destroy()).resume();
    });
    await new Promise<void>((resolve) => silent.#server.listen(0, '127.0.0.1', resolve));
    return silent;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** An MQTT server that sends its answers byte by byte, each in a message of its own. */
class Chopping implements AsyncDisposable {
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  socket: WebSocket | undefined;

  static async open(): Promise<Chopping> {
    const chopping = new Chopping();
    await new Promise((resolve) => chopping.#server.once('listening', resolve));
    chopping.#server.on('connection', (socket) => {
      chopping.socket = socket;
      socket.on('message', (data: Buffer) => {
        // CONNACK; SUBACK with the filters of a Tencent device, all granted.
        const answer = data[0] === 0x10 ? Buffer.from([0x20, 2, 0, 0]) : data[0] === 0x82 ? suback(data) : Buffer.alloc(0);
        for (const byte of answer) socket.send(Uint8Array.of(byte));
      });
    });
    return chopping;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The answer to a SUBSCRIBE, read by hand. */
function suback(packet: Buffer): Buffer {
  let at = 1;
  while (((packet[at] ?? 0) & 0x80) !== 0) at++;
  const [high = 0, low = 0] = packet.subarray(at + 1, at + 3);
  let count = 0;
  for (at += 3; at < packet.length; count++) at += 2 + packet.readUInt16BE(at) + 1;
  return Buffer.from([0x90, 2 + count, high, low, ...Array.from({ length: count }, () => 0)]);
}
