import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offersTls13 } from './client-hello.ts';

/** The first bytes that OpenSSL sends. */
async function helloOf(options: tls.ConnectionOptions): Promise<Buffer> {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address object.
  const client = tls.connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ...options });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

describe('A ClientHello', () => {
  it.each([
    ['TLS 1.3', {}, true],
    ['TLS 1.3 alone, with a name and protocols', { minVersion: 'TLSv1.3', servername: 'gateway.example.com', ALPNProtocols: ['h2', 'http/1.1'] }, true],
    ['TLS 1.2', { maxVersion: 'TLSv1.2', servername: 'gateway.example.com' }, false],
  ] as const)('says whether it offers TLS 1.3: %s', async (_what, options, offers) => {
    const hello = await helloOf({ ...options, ...('ALPNProtocols' in options ? { ALPNProtocols: [...options.ALPNProtocols] } : {}) });
    expect(offersTls13(hello)).toBe(offers);
    // Whoever sends it byte by byte is waited for.
    for (let length = 0; length < hello.length; length++) expect([length, offersTls13(hello.subarray(0, length))]).toEqual([length, undefined]);
  });

  it('is not what something else says', () => {
    expect(offersTls13(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toBe(false);
    expect(offersTls13(Buffer.from('G'))).toBe(false);
    expect(offersTls13(Buffer.from([22, 3, 1, 0xff, 0xff, 1]))).toBe(false);
  });

  it('with lengths that lie is no reason to fall', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(body.length);
        expect(typeof offersTls13(Buffer.concat([Buffer.from([22, 3, 1]), length, body]))).toBe('boolean');
        expect(typeof offersTls13(Buffer.concat([Buffer.from([22, 3, 1]), length, Buffer.from([1]), body.subarray(1)]))).toBe('boolean');
      }),
    );
  });
});
