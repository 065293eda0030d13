import net from 'node:net';
import type { MqttCredentials } from '@lianyun/protocol';
import { LianyunError } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Connection, type ConnectionOptions, type ConnectionOwner } from './connection.ts';
import type { Ending } from './session-state.ts';
import { bytesOf, ScriptedServer, type Script } from './testing/scripted-server.ts';
import { turns, until } from './testing/support.ts';

class Owner implements ConnectionOwner {
  readonly published: string[] = [];
  readonly endings: Ending[] = [];
  readonly pubacks: number[] = [];
  isConnected = false;
  inFlight = 0;
  onPublishing: () => void = () => undefined;
  onConnected(): void {
    this.isConnected = true;
  }
  onPublish(topic: string, payload: Buffer): void {
    this.published.push(`${topic} ${payload.toString()}`);
    this.onPublishing();
  }
  onPuback(packetId: number): void {
    this.pubacks.push(packetId);
  }
  onSuback(): void {}
  onUnsuback(): void {}
  onWritten(): void {}
  onEnd(ending: Ending): void {
    this.endings.push(ending);
  }
}

type Options = ConnectionOptions & { readonly credentials: MqttCredentials };

const open: AsyncDisposable[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

async function setup(script: Script = {}, options: Partial<Options> = {}): Promise<{ clock: FakeClock; server: ScriptedServer; owner: Owner; connection: Connection }> {
  const clock = new FakeClock();
  const server = await ScriptedServer.listen(clock, script);
  open.push(server);
  return { clock, server, ...connectTo({ host: '127.0.0.1', port: server.port, clock, ...options }) };
}

function connectTo(options: Pick<ConnectionOptions, 'clock'> & Partial<Options> & { readonly host: string; readonly port: number }): { owner: Owner; connection: Connection } {
  const owner = new Owner();
  const { credentials = { clientId: 'c', username: 'u', password: 'secret-word' }, host, port, ...rest } = options;
  const connection = new Connection({ network: {}, mqttVersion: 4, keepaliveSeconds: 60, connectTimeoutMs: 10_000, ackSilenceMs: 10_000, payloadBytes: 30_000, ...rest }, { endpoint: { scheme: 'mqtt', host, port, path: '' }, credentials }, owner);
  open.push({ [Symbol.asyncDispose]: () => connection.close() });
  return { owner, connection };
}

const online = async (script?: Script, options?: Partial<Options>): Promise<Awaited<ReturnType<typeof setup>>> => {
  const all = await setup(script, options);
  await until(() => all.owner.isConnected, 'CONNACK');
  return all;
};
const ended = (owner: Owner): Promise<void> => until(() => owner.endings.length > 0, 'the end');

describe('signing in', () => {
  it('sends one CONNECT of MQTT 3.1.1 with clean session and the credentials, over a socket without delay', async () => {
    const connect = vi.spyOn(net, 'connect');
    const { server } = await online({}, { keepaliveSeconds: 77 });
    expect(connect.mock.calls[0]?.[0]).toMatchObject({ noDelay: true });
    expect(server.last.connected).toMatchObject({ version: 4, clean: true, clientId: 'c', username: 'u', password: Buffer.from('secret-word'), keepAliveSeconds: 77 });
    expect(server.last.connected?.will).toBeUndefined();
  });

  it('leaves the password out where the identity has none', async () => {
    const { server } = await online({}, { credentials: { clientId: 'c', username: 'u' } });
    expect(server.last.connected?.password).toBeUndefined();
  });

  for (const [code, reason, isFatal, words] of [
    [1, 'network', true, 'does not speak MQTT 3.1.1'],
    [2, 'bad-credentials', true, 'does not accept the client id'],
    [3, 'server-shutdown', false, 'is not available'],
    [4, 'bad-credentials', true, "the device id, the secret or this machine's clock is wrong"],
    [5, 'bad-credentials', true, 'unknown, disabled or not allowed'],
    [6, 'network', false, 'does not define'],
    [255, 'network', false, 'does not define'],
  ] as const) {
    it(`ends with ${reason}${isFatal ? ' for good' : ''} on CONNACK ${code}, and says: ${words}`, async () => {
      const { owner, server } = await setup({ connack: code });
      await ended(owner);
      expect(owner.endings).toMatchObject([{ reason, isFatal, byServer: false, error: { code: reason, place: { number: code } } }]);
      const { message } = owner.endings[0]!.error;
      expect(message).toContain(words);
      expect(message).toContain(`127.0.0.1:${server.port}`);
      expect(message).toContain(`CONNACK ${code}`);
      expect(message).not.toContain('secret-word');
      await turns(5);
      expect(owner.endings).toHaveLength(1);
    });
  }

  it('ends when the answer takes longer than the deadline', async () => {
    const { owner, clock, server } = await setup({ connack: 'never' });
    await until(() => server.connections.at(0)?.connected !== undefined, 'CONNECT');
    clock.advance(9999);
    expect(owner.endings).toEqual([]);
    clock.advance(1);
    expect(owner.endings).toMatchObject([{ reason: 'network', isFatal: false, error: { code: 'timeout' } }]);
    expect(clock.timers).toBe(0);
  });

  it('waits for a slow answer within the deadline', async () => {
    const { owner, clock, server } = await setup({ connackAfterMs: 9000 });
    await until(() => server.connections.at(0)?.connected !== undefined, 'CONNECT');
    clock.advance(9000);
    await until(() => owner.isConnected, 'CONNACK');
    clock.advance(20_000);
    expect(owner.endings).toEqual([]);
  });

  for (const connack of ['close', 'reset'] as const) {
    it(`ends when the server ${connack}s instead of answering`, async () => {
      const { owner } = await setup({ connack });
      await ended(owner);
      expect(owner.endings).toMatchObject([{ reason: 'network', isFatal: false, byServer: false }]);
    });
  }

  it('says what Node says of every address when nobody listens', async () => {
    const { port } = await (async () => {
      await using server = await ScriptedServer.listen(new FakeClock());
      return { port: server.port };
    })();
    for (const host of ['127.0.0.1', 'localhost']) {
      const { owner } = connectTo({ host, port, clock: new FakeClock() });
      await ended(owner);
      expect(owner.endings[0]!.error.message).toMatch(new RegExp(`^${host}:${port}: nothing listens there.+ECONNREFUSED`));
    }
  });

  it('reaches a server by its IPv6 address', async () => {
    const listener = net.createServer((socket) => socket.on('data', () => socket.write(bytesOf({ type: 'connack', sessionPresent: false, reasonCode: 0 }))));
    const { promise, resolve } = Promise.withResolvers<void>();
    listener.listen(0, '::1', resolve);
    await promise;
    const { port } = listener.address() as net.AddressInfo;
    const { owner, connection } = connectTo({ host: '::1', port, clock: new FakeClock() });
    await until(() => owner.isConnected, 'CONNACK over IPv6');
    await connection.close();
    listener.close();
  });

  it('ends for good, and not the process, when the sign-in cannot be written', async () => {
    const { owner } = await setup({}, { credentials: { clientId: 'c'.repeat(70_000), username: 'u' } });
    await ended(owner);
    expect(owner.endings).toMatchObject([{ isFatal: true, error: { code: 'bad-config' } }]);
  });
});

describe('reading', () => {
  it('puts packets together that come one byte at a time', async () => {
    const { owner, server } = await online({ isByteByByte: true });
    server.last.send('a/b', '云'.repeat(50), { qos: 1, packetId: 9 });
    await until(() => server.last.pubacked.length === 1, 'PUBACK');
    expect(owner.published).toEqual([`a/b ${'云'.repeat(50)}`]);
    expect(server.last.pubacked).toEqual([9]);
  });

  it('acknowledges a message after its owner has taken it, and not when the owner ended the connection', async () => {
    const { owner, server, connection } = await online();
    owner.onPublishing = () => void connection.close();
    server.last.send('a', 'x', { qos: 1 });
    await ended(owner);
    await until(() => !server.last.isOpen, 'the socket');
    expect(server.last.pubacked).toEqual([]);
    expect(server.last.hasDisconnected).toBe(true);
  });

  it('gathers what comes for a millisecond while much is unanswered, and for no longer than the connection lives', async () => {
    const { owner, server, connection } = await online();
    const came = (count: number): Promise<void> => until(() => owner.published.length === count, `message ${count}`);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    owner.inFlight = 256;
    for (const count of [1, 2]) {
      server.last.send('a', 'x');
      await came(count);
    }
    owner.inFlight = 257;
    server.last.send('a', 'x');
    await came(3);
    server.last.send('a', 'x');
    await turns(50);
    expect([owner.published.length, vi.getTimerCount()]).toEqual([3, 1]);
    vi.advanceTimersByTime(1);
    await came(4);
    expect(vi.getTimerCount()).toBe(1);
    await connection.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  for (const [what, act, words] of [
    ['bytes that are no MQTT', (server: ScriptedServer) => server.last.raw(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')), 'MQTT-'],
    ['a packet that only a client may send', (server: ScriptedServer) => server.last.packet({ type: 'pingreq' }), 'PINGREQ'],
    ['a message at QoS 2', (server: ScriptedServer) => server.last.send('a', 'x', { qos: 2, packetId: 1 }), 'QoS 2'],
    ['a second CONNACK', (server: ScriptedServer) => server.last.packet({ type: 'connack', sessionPresent: false, reasonCode: 0 }), 'CONNACK twice'],
    ['a message larger than this end takes', (server: ScriptedServer) => server.last.send('a', 'x'.repeat(200_000)), 'the limit is 100000'],
  ] as const) {
    it(`ends with protocol-violation on ${what}`, async () => {
      const { owner, server } = await online();
      act(server);
      await ended(owner);
      expect(owner.endings).toMatchObject([{ reason: 'network', isFatal: false, error: { code: 'protocol-violation' } }]);
      expect(owner.endings[0]!.error.message).toContain(words);
      expect(owner.published).toEqual([]);
    });
  }

  it('ends with protocol-violation on a message that comes before the answer to the sign-in', async () => {
    const { owner, server } = await setup({ connack: 'never' });
    await until(() => server.connections.at(0)?.connected !== undefined, 'CONNECT');
    server.last.send('a', 'x');
    await ended(owner);
    expect(owner.endings[0]!.error.message).toContain('before it answered the sign-in');
  });

  for (const way of ['close', 'reset'] as const) {
    it(`knows that the server ended it by a ${way}`, async () => {
      const { owner, server, clock } = await online();
      server.last[way]();
      await ended(owner);
      expect(owner.endings).toMatchObject([{ reason: 'network', isFatal: false, byServer: true, error: { code: 'network' } }]);
      await turns(5);
      expect([owner.endings.length, clock.timers]).toEqual([1, 0]);
    });
  }
});

describe('signs of life', () => {
  it('are pings at half the keepalive while nothing is sent', async () => {
    const { clock, server, owner } = await online();
    clock.advance(29_999);
    await turns(3);
    expect(server.last.pingCount).toBe(0);
    for (let i = 1; i <= 5; i++) {
      clock.advance(i === 1 ? 1 : 30_000);
      await until(() => server.last.pingCount === i, 'a ping');
      await turns(5);
    }
    expect(owner.endings).toEqual([]);
  });

  it('are messages while some are sent and answered: no ping then', async () => {
    const { clock, server, connection, owner } = await online();
    for (let i = 1; i <= 5; i++) {
      connection.sendPublish({ topic: 'a', payload: 'x', qos: 1 }, i);
      await until(() => owner.pubacks.length === i, 'PUBACK');
      clock.advance(30_000);
    }
    await turns(5);
    expect(server.last.pingCount).toBe(0);
  });

  it('are not asked for with keepalive 0', async () => {
    const { clock, server } = await online({}, { keepaliveSeconds: 0 });
    clock.advance(1e9);
    await turns(5);
    expect([server.last.pingCount, clock.timers]).toEqual([0, 0]);
  });

  it('end the connection when a ping brings back nothing within the time for it', async () => {
    const { clock, server, owner } = await online({ pings: false });
    clock.advance(30_000);
    await until(() => server.last.pingCount === 1, 'a ping');
    clock.advance(9999);
    expect(owner.endings).toEqual([]);
    clock.advance(1);
    expect(owner.endings).toMatchObject([{ reason: 'keepalive', isFatal: false, byServer: false, error: { code: 'keepalive' } }]);
  });

  it('may be anything else that comes after the ping', async () => {
    const { clock, server, owner } = await online({ pings: false });
    clock.advance(30_000);
    await until(() => server.last.pingCount === 1, 'a ping');
    server.last.send('a', 'x');
    await until(() => owner.published.length === 1, 'the message');
    clock.advance(10_000);
    expect(owner.endings).toEqual([]);
  });

  it('are asked for once, however many ask in the same moment', async () => {
    const { clock, server, owner, connection } = await online();
    connection.startListening();
    connection.checkSilence();
    connection.checkSilence();
    clock.advance(1);
    connection.checkSilence();
    await until(() => server.last.pingCount === 1, 'a ping');
    await turns(5);
    expect([server.last.pingCount, owner.endings.length]).toEqual([1, 0]);
    connection.checkSilence();
    connection.checkSilence();
    await until(() => server.last.pingCount === 2, 'the next ping');
  });
});

describe('close()', () => {
  it('says goodbye and leaves nothing', async () => {
    const { clock, server, connection, owner } = await online();
    connection.sendPublish({ topic: 'a', payload: 'last words', qos: 0 }, 0);
    await connection.close();
    await until(() => server.open === 0, 'the socket');
    expect(server.last.hasDisconnected).toBe(true);
    expect(server.published.map(({ text }) => text)).toEqual(['last words']);
    expect([clock.timers, owner.endings.length, owner.endings[0]?.reason]).toEqual([0, 1, 'closed']);
    await connection.close();
  });

  it('does not wait for a server that is not connected yet', async () => {
    const { clock, connection, owner } = await setup({ connack: 'never' });
    await connection.close();
    expect([clock.timers, owner.endings.length]).toEqual([0, 1]);
  });

  it('does not wait for a name or a host that never answers', async () => {
    const { connect } = net;
    vi.spyOn(net, 'connect').mockImplementation(((options: net.TcpNetConnectOpts) => connect({ ...options, host: 'never.example', lookup: () => undefined })) as unknown as typeof net.connect);
    const clock = new FakeClock();
    const { connection, owner } = connectTo({ host: 'never.example', port: 1883, clock });
    await turns(3);
    await connection.close();
    expect([clock.timers, owner.endings.length]).toEqual([0, 1]);
  });

  it('waits no more than a second for a server that reads nothing', async () => {
    const { clock, server, connection } = await online({ reads: false });
    const payload = 'x'.repeat(60_000);
    for (let i = 0; i < 200; i++) connection.sendPublish({ topic: 'a', payload, qos: 0 }, 0);
    await turns(5);
    expect(connection.writer.pendingBytes).toBeGreaterThan(1_000_000);
    const closing = connection.close();
    await turns(5);
    clock.advance(1000);
    await closing;
    expect(clock.timers).toBe(0);
    server.last.destroy();
  });

  it('keeps to its one end whatever comes after', async () => {
    const { owner, connection } = await online();
    connection.end('network', new LianyunError('network', 'first'));
    connection.end('keepalive', new LianyunError('keepalive', 'second'));
    await connection.close();
    connection.sendPublish({ topic: 'a', payload: 'x', qos: 0 }, 0);
    connection.checkSilence();
    await turns(5);
    expect(owner.endings.map(({ error }) => error.message)).toEqual(['first']);
  });
});
