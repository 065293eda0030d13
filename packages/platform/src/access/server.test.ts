import { createServer } from 'node:net';
import { isLianyunError } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import { describe, expect, it } from 'vitest';
import { publishPacket, RawClient, TestAccess, TestPolicy } from './access.fixtures.ts';
import { createAccessServer } from './server.ts';

const host = '127.0.0.1';

function sockets(): string[] {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'));
}

describe('listening', () => {
  it('a port in use fails with port-in-use, naming the address and the cure', async () => {
    await using first = await TestAccess.open();
    const second = createAccessServer({ policy: new TestPolicy(), clock: new FakeClock() });
    const error: unknown = await second.listen({ host, port: first.port }).catch((reason: unknown) => reason);
    expect(isLianyunError(error, 'port-in-use')).toBe(true);
    expect((error as Error).message).toBe(
      `MQTT cannot listen on 127.0.0.1:${String(first.port)}: another program holds the port. Stop it, or choose another port (0 takes any free one).`,
    );
    await second.close();
  });

  it.each([
    ['an address that this machine does not have', { host: '192.0.2.1', port: 0 }],
    ['a port that is none', { host, port: 70_000 }],
  ])('%s fails with bad-config', async (_what, address) => {
    const server = createAccessServer({ policy: new TestPolicy(), clock: new FakeClock() });
    const error: unknown = await server.listen(address).catch((reason: unknown) => reason);
    expect(isLianyunError(error, 'bad-config')).toBe(true);
    await server.close();
  });

  it('one server may listen on several addresses; after close it listens no more', async () => {
    const server = createAccessServer({ policy: new TestPolicy(), clock: new FakeClock() });
    const ports = [await server.listen({ host, port: 0 }), await server.listen({ host, port: 0 })];
    const clients = ports.map((port) => new RawClient(port));
    for (const [i, client] of clients.entries()) await client.signIn(`d${String(i)}`);
    expect(server.connections).toBe(2);
    await server.close();
    expect(isLianyunError(await server.listen({ host, port: 0 }).catch((reason: unknown) => reason), 'closed')).toBe(true);
  });
});

describe('closing', () => {
  it('ends every connection, signed in or not, tells the platform, and leaves no handle', async () => {
    const before = sockets();
    const access = await TestAccess.open();
    const clients = [await access.online('d1'), await access.online('d2', { username: 'tencent' }), access.connect()];
    await access.online('d3');
    await Promise.all([access.server.close(), access.server.close()]);
    expect(access.policy.events.slice(-3)).toEqual(['offline d1 server-shutdown', 'offline d2 server-shutdown', 'offline d3 server-shutdown']);
    for (const client of clients) await client.closed();
    await access.clients[3]?.closed();
    expect(access.server.connections).toBe(0);
    expect(access.clock.timers).toBe(0);
    expect(sockets()).toEqual(before);
  });

  it('does not wait for a client that does not close its side longer than it lingers', async () => {
    const access = await TestAccess.open();
    const stubborn = await access.online('d1');
    stubborn.socket.pause();
    const closed = access.server.close();
    access.clock.advance(2_500);
    await closed;
    stubborn.socket.destroy();
  });

  it('frees the port for the next server', async () => {
    const access = await TestAccess.open();
    const client = await access.online('d1');
    await access.server.close();
    await client.closed();
    const next = createServer();
    await new Promise<void>((resolve, reject) => {
      next.once('error', reject);
      next.listen(access.port, host, resolve);
    });
    await new Promise((resolve) => next.close(resolve));
  });
});

describe('a fleet', () => {
  it('of 1,000 connections reports at once, and every report is acknowledged', async () => {
    await using access = await TestAccess.open();
    const clients = Array.from({ length: 1_000 }, () => access.connect());
    await Promise.all(clients.map((client, i) => client.signIn(`d${String(i)}`)));
    expect(access.server.connections).toBe(1_000);
    for (const client of clients) client.send(publishPacket('$up', 'x', 1, 5));
    const answers = await Promise.all(clients.map((client) => client.next()));
    expect(answers.every((packet) => packet.cmd === 'puback' && packet.messageId === 5)).toBe(true);
    expect(access.policy.events.filter((event) => event.startsWith('up '))).toHaveLength(1_000);
    expect(access.policy.notices).toEqual([]);
  });
});
