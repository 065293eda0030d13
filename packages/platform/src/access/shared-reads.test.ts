import { once } from 'node:events';
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { sharingReads } from './shared-reads.ts';

const open: { destroy(): unknown }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.destroy();
});

/** A server whose sockets share their reads, with `count` connections to it. */
async function connected(count: number): Promise<{ server: net.Server; clients: net.Socket[]; sockets: net.Socket[] }> {
  const sockets: net.Socket[] = [];
  const server = net.createServer({ pauseOnConnect: true }, (accepted) => {
    sockets.push(sharingReads(accepted));
    server.emit('came');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const clients: net.Socket[] = [];
  for (let i = 0; i < count; i++) {
    const came = once(server, 'came');
    clients.push(net.connect((server.address() as net.AddressInfo).port, '127.0.0.1'));
    await came;
  }
  open.push(...clients, ...sockets);
  return { server, clients, sockets };
}

describe('a socket that shares its reads', () => {
  it('reads into the same buffer as the others, and both ways as any socket', async () => {
    const { clients, sockets } = await connected(2);
    const buffers: unknown[] = [];
    for (const [index, socket] of sockets.entries()) {
      const text = new Promise<string>((resolve) => {
        socket.once('data', (chunk) => {
          buffers.push(chunk.buffer);
          resolve(chunk.toString());
        });
      });
      socket.resume();
      clients[index]!.write(`hello ${index}`);
      expect(await text).toBe(`hello ${index}`);
      socket.write(`answer ${index}`);
      expect(String((await once(clients[index]!, 'data'))[0])).toBe(`answer ${index}`);
      expect([socket.remotePort, socket.localAddress]).toEqual([clients[index]!.localPort, '127.0.0.1']);
    }
    expect(buffers[0]).toBe(buffers[1]);
    expect((buffers[0] as ArrayBuffer).byteLength).toBe(65_536);
  });

  it('reads nothing while it is paused, and goes on where it was', async () => {
    const { clients, sockets } = await connected(1);
    const [socket, client] = [sockets[0]!, clients[0]!];
    let text = '';
    let hasEnough = (): boolean => true;
    const { promise: all, resolve } = Promise.withResolvers<void>();
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (hasEnough()) socket.pause();
      if (text.length === 1_000_003) resolve();
    });
    socket.resume();
    client.write('one');
    await once(socket, 'data');
    client.write('x'.repeat(1_000_000));
    for (let i = 0; i < 50; i++) await new Promise((next) => setImmediate(next));
    expect(text).toBe('one');
    hasEnough = () => false;
    socket.resume();
    await all;
    expect(text).toBe(`one${'x'.repeat(1_000_000)}`);
  });

  it('ends with its other end, and its server closes when the last is gone', async () => {
    const { server, clients, sockets } = await connected(2);
    expect(await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))).toBe(2);
    const closed = once(server, 'close');
    server.close();
    for (const [index, socket] of sockets.entries()) {
      const { promise: gone, resolve } = Promise.withResolvers<void>();
      socket.on('error', () => undefined).on('close', resolve).resume();
      if (index === 0) clients[index]!.end();
      else clients[index]!.resetAndDestroy();
      await gone;
    }
    await closed;
  });

  it('is the accepted one where Node has nothing to share', () => {
    const socket = new net.Socket();
    expect(sharingReads(socket)).toBe(socket);
  });
});
