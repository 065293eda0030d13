import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import { describe, expect, it } from 'vitest';
import { endingOf } from './fault.ts';

/** What a TLS client says that is answered with these bytes, and that has something to write meanwhile or not. */
async function saidOf(answer: Uint8Array | string, isWriting: boolean): Promise<unknown> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = tls.connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  try {
    if (isWriting) client.write('GET / HTTP/1.1\r\n\r\n');
    const [error] = (await once(client, 'error')) as [Error];
    const { reason, error: told, isFatal } = endingOf(error, { where: 'h:1', isConnected: false, isByKey: false });
    return { reason, code: told.code, message: told.message, isFatal };
  } finally {
    client.destroy();
    server.close();
  }
}

/** A fatal alert (RFC 5246, 7.2). */
const alert = (description: number): Uint8Array => Uint8Array.of(21, 3, 3, 0, 2, 2, description);

describe('A fault of TLS', () => {
  it.each([
    ['no TLS', 'SSH-2.0-OpenSSH_9\r\n', { code: 'tls-failed', isFatal: true, message: 'h:1: the server does not speak TLS on this port (wrong version number).' }],
    ['an authority that the server does not know', alert(48), { reason: 'bad-credentials', code: 'bad-credentials', isFatal: true, message: expect.stringMatching(/refuses this device's certificate or key .*\(tlsv1 alert unknown ca\)/) }],
    ['a certificate that the server takes for bad', alert(42), { reason: 'bad-credentials', code: 'bad-credentials', isFatal: true }],
    ['nothing in common', alert(40), { code: 'tls-failed', isFatal: false, message: 'h:1: the TLS handshake failed (ssl/tls alert handshake failure).' }],
  ])('is the same whether something was being written meanwhile or not: %s', async (_what, answer, expected) => {
    for (const isWriting of [false, true]) expect([isWriting, await saidOf(answer, isWriting)]).toEqual([isWriting, expect.objectContaining(expected)]);
  });
});
