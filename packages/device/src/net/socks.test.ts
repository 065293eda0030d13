import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { readProxyUrl } from './proxy-url.ts';
import { askSocks } from './socks.ts';

/** Sends each byte by itself. */
async function drip(socket: Socket, bytes: readonly number[]): Promise<void> {
  for (const byte of bytes) {
    socket.write(Uint8Array.of(byte));
    await turn();
  }
}

describe('A SOCKS5 proxy', () => {
  it.each([
    ['an IPv4 address', [1, 127, 0, 0, 1]],
    ['an IPv6 address', [4, ...Array.from({ length: 16 }, () => 0)]],
    ['a name', [3, 4, 104, 111, 115, 116]],
  ])('is understood when its answers come byte by byte, the last ones with what the server says (%s)', async (_what, address) => {
    const server = net.createServer((socket) => {
      socket.setNoDelay(true);
      const answers = [[5, 2], [1, 0], [5, 0, 0, ...address, 7, 91, 104, 105]];
      socket.on('data', () => void drip(socket, answers.shift() ?? []));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
    try {
      await askSocks(socket, readProxyUrl('socks5h://ann:secret@proxy', 'proxy'), { host: 'iot.example', port: 1883 });
      let said = '';
      for await (const piece of socket) {
        said += String(piece);
        if (said.length === 2) break;
      }
      expect(said).toBe('hi');
    } finally {
      socket.destroy();
      server.close();
    }
  });

  it('is given up at once while a name is still looked up', async () => {
    const asked = Promise.withResolvers<void>();
    const lookup = vi.spyOn(process.getBuiltinModule('node:dns/promises'), 'lookup').mockImplementation(() => {
      asked.resolve();
      return new Promise(() => undefined);
    });
    const server = net.createServer((socket) => void socket.on('error', () => undefined).write(Uint8Array.of(5, 0)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
    try {
      const asking = askSocks(socket, readProxyUrl('socks5://proxy', 'proxy'), { host: 'iot.example', port: 1883 });
      await asked.promise;
      socket.destroy();
      await expect(asking).rejects.toMatchObject({ code: 'proxy-failed' });
    } finally {
      lookup.mockRestore();
      socket.destroy();
      server.close();
    }
  });
});
