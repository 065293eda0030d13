// Port 8883 first, 443 where that leads nowhere: what the device does, and what its user is told, for every way in which a port can be of no use.
import net, { type AddressInfo, type Socket } from 'node:net';
import { FakeClock } from '@lianyun/protocol/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Certificates } from './support/certificates.ts';
import { CLOUDS, HUAWEI, type AnyDevice } from './support/clouds.ts';
import { Program } from './support/program.ts';
import { Rig } from './support/rig.ts';

let certificates: Certificates;
beforeAll(() => {
  certificates = new Certificates();
});
afterAll(() => certificates[Symbol.dispose]());

/** A port, and how many have come to it. */
class Port implements AsyncDisposable {
  readonly #server: net.Server;
  readonly #sockets = new Set<Socket>();
  #came = 0;
  #told = Promise.withResolvers<void>();

  private constructor(server: net.Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket.on('error', () => undefined));
      this.#came++;
      this.#told.resolve();
    });
  }

  static async open(onConnection: (socket: Socket) => void): Promise<Port> {
    const server = net.createServer(onConnection);
    const port = new Port(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return port;
  }

  get number(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Somebody has connected, for the `count`th time. */
  async visited(count = 1): Promise<void> {
    while (this.#came < count) {
      this.#told = Promise.withResolvers();
      await this.#told.promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Reads, and never says a word: what a firewall that answers in place of the server does. */
const SILENT = (socket: Socket): void => void socket.resume();
/** Takes nothing that is sent to it. */
const DEAF = (socket: Socket): void => void socket.pause();
const CLOSES = (socket: Socket): void => void socket.end();
const RESETS = (socket: Socket): void => void socket.resetAndDestroy();
/** Another service than MQTT. */
const TALKS = (socket: Socket): void => void socket.end('SSH-2.0-OpenSSH_9.2\r\n');

/** A port that was free a moment ago. */
async function refusing(): Promise<number> {
  const port = await Port.open(CLOSES);
  const { number } = port;
  await port[Symbol.asyncDispose]();
  return number;
}

/** What a device tells of its attempts. */
function offlineOf(device: AnyDevice): { readonly code: string; readonly message: string; readonly nextAttemptMs: number | undefined }[] {
  const told: ReturnType<typeof offlineOf> = [];
  device.on('offline', ({ error, nextAttemptMs }) => told.push({ code: error.code, message: error.message, nextAttemptMs }));
  return told;
}

const secured = () => Rig.open({ over: 'wss', authority: certificates.trusted });

describe.each(CLOUDS)('Where 8883 is of no use a device of $name goes on to 443', (cloud) => {
  it('at once where the port refuses', async () => {
    await using rig = await secured();
    const clock = new FakeClock({ now: Date.now() });
    const dead = await refusing();
    const lamp = rig.own(cloud.device(1, [`mqtts://127.0.0.1:${dead}`, `wss://127.0.0.1:${rig.ports.https ?? 0}`] as never, { tls: { ca: rig.authority.pem }, clock }));
    const told = offlineOf(lamp);
    const next = new Promise<void>((resolve) => lamp.once('offline', () => setImmediate(resolve)));
    const online = lamp.connect();
    await next;
    clock.advance(0);
    await online;
    expect(told).toEqual([{ code: 'network', nextAttemptMs: 0, message: expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:${dead}: nothing listens there; .*\\(ECONNREFUSED\\)\\.$`)) }]);
    expect(lamp.state).toMatchObject({ at: 'online', server: 1 });
  });

  it.each([
    { what: 'takes the connection and never answers', answer: SILENT },
    { what: 'takes the connection and reads nothing', answer: DEAF },
  ])('after the deadline of an attempt where the port $what', async ({ answer }) => {
    await using rig = await secured();
    await using port = await Port.open(answer);
    const clock = new FakeClock({ now: Date.now() });
    const lamp = rig.own(cloud.device(1, [`mqtts://127.0.0.1:${port.number}`, `wss://127.0.0.1:${rig.ports.https ?? 0}`] as never, { tls: { ca: rig.authority.pem }, clock }));
    const told = offlineOf(lamp);
    const online = lamp.connect();
    await port.visited();
    clock.advance(9_999);
    expect(told).toEqual([]);
    clock.advance(1);
    expect(told).toEqual([{ code: 'timeout', nextAttemptMs: 0, message: `127.0.0.1:${port.number} did not answer within 10000 ms.` }]);
    clock.advance(0);
    await online;
    expect(lamp.state).toMatchObject({ at: 'online', server: 1 });
  });

  it('after the deadline of an attempt where packets to the port vanish', async () => {
    await using rig = await secured();
    // A server that takes nobody in any more: what comes behind a full queue is dropped as by a firewall.
    await using stopped = new Program(process.execPath, ['--eval', "const s = require('node:net').createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(s.address().port))"]);
    const number = Number(await stopped.line(/^\d+$/));
    stopped.kill('SIGSTOP');
    const fill = Array.from({ length: 8 }, () => net.connect(number, '127.0.0.1').on('error', () => undefined));
    let connected = 0;
    await new Promise<void>((resolve) => fill.forEach((socket) => socket.once('connect', () => ++connected === 2 && resolve())));
    const clock = new FakeClock({ now: Date.now() });
    const lamp = rig.own(cloud.device(1, [`mqtts://127.0.0.1:${number}`, `wss://127.0.0.1:${rig.ports.https ?? 0}`] as never, { tls: { ca: rig.authority.pem }, clock }));
    const told = offlineOf(lamp);
    const online = lamp.connect();
    clock.advance(10_000);
    expect(told).toEqual([{ code: 'timeout', nextAttemptMs: 0, message: `127.0.0.1:${number} did not answer within 10000 ms.` }]);
    clock.advance(0);
    await online;
    expect(lamp.state).toMatchObject({ at: 'online', server: 1 });
    for (const socket of fill) socket.destroy();
  });

  it.each([
    { what: 'closes at once', answer: CLOSES, code: 'network', words: /^127\.0\.0\.1:\d+(: .*(closed|cut|disconnected)| closed the connection)/i },
    { what: 'resets the connection', answer: RESETS, code: 'network', words: /^127\.0\.0\.1:\d+: .*(was cut|disconnected)/ },
    { what: 'speaks something else', answer: TALKS, code: 'tls-failed', words: /^127\.0\.0\.1:\d+: the server does not speak TLS on this port/ },
  ])('at once where the port $what', async ({ answer, code, words }) => {
    await using rig = await secured();
    await using port = await Port.open(answer);
    const lamp = rig.own(cloud.device(1, [`mqtts://127.0.0.1:${port.number}`, `wss://127.0.0.1:${rig.ports.https ?? 0}`] as never, { tls: { ca: rig.authority.pem }, maxBackoffMs: 3_600_000 }));
    const told = offlineOf(lamp);
    await lamp.connect();
    expect(told).toEqual([{ code, nextAttemptMs: 0, message: expect.stringMatching(words) }]);
    expect(lamp.state).toMatchObject({ at: 'online', server: 1 });
  });
});

describe('A list of servers', () => {
  it('is gone through again after a wait when all of them failed, and connect() says in the end why the last one did', async () => {
    await using first = await Port.open(SILENT);
    const dead = await refusing();
    const clock = new FakeClock({ now: Date.now() });
    await using lamp = HUAWEI.device(1, [`mqtts://127.0.0.1:${first.number}`, `mqtts://127.0.0.1:${dead}`] as never, { clock, connectTimeoutMs: 2_000 });
    const told = offlineOf(lamp);
    const outcome = lamp.connect({ deadlineMs: 6_000 }).catch((error: unknown) => error);
    const second = new Promise<void>((resolve) => lamp.on('offline', () => told.length === 2 && resolve()));
    await first.visited();
    clock.advance(2_000);
    clock.advance(0);
    await second;
    // Both failed once, and chance is in the middle of the two seconds that there are.
    expect(told.map(({ code, nextAttemptMs }) => [code, nextAttemptMs])).toEqual([['timeout', 0], ['network', 1_000]]);
    clock.advance(1_000);
    await first.visited(2);
    clock.advance(3_000);
    expect(await outcome).toMatchObject({ code: 'timeout', message: expect.stringMatching(new RegExp(`lamp_1 was not online within 6000 ms: 127\\.0\\.0\\.1:${first.number} did not answer within 2000 ms\\.`)) });
  });

  it('comes back to the server that let the device in, and begins with it after a cut', async () => {
    await using rig = await secured();
    const dead = await refusing();
    const lamp = rig.own(HUAWEI.device(1, [`mqtts://127.0.0.1:${dead}`, `wss://127.0.0.1:${rig.ports.https ?? 0}`] as never, { tls: { ca: rig.authority.pem }, maxBackoffMs: 5 }));
    const told = offlineOf(lamp);
    await lamp.connect();
    const back = new Promise<void>((resolve) => void lamp.once('online', resolve));
    rig.platform.access.kick('huawei', 'lamp_1', 'for the test');
    await back;
    // Not the first server again: that one has been tried.
    expect(told.filter(({ message }) => message.includes(String(dead)))).toHaveLength(1);
    expect(lamp.state).toMatchObject({ at: 'online', server: 1 });
  });

  it('ends where a server refuses the device itself: the next one knows no better', async () => {
    await using rig = await secured();
    const lamp = rig.own(HUAWEI.impostor(1, [`wss://127.0.0.1:${rig.ports.https ?? 0}`, `mqtts://127.0.0.1:${rig.ports.mqtts ?? 0}`] as never, { tls: { ca: rig.authority.pem } }));
    const told = offlineOf(lamp);
    await expect(lamp.connect()).rejects.toMatchObject({ code: 'bad-credentials' });
    expect(told).toHaveLength(1);
  });
});
