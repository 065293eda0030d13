import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { wordsOf } from './socket-fault.ts';

const systemError = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });

describe('a socket error', () => {
  it('is said in words with its code', () => {
    expect(wordsOf(systemError('ECONNREFUSED'))).toBe('nothing listens there; is the server running, and is this its port? (ECONNREFUSED)');
  });

  it('that nobody knows is said as it is', () => {
    expect(wordsOf(systemError('EWHATEVER'))).toBe('connect EWHATEVER');
    expect(wordsOf(new Error('no code'))).toBe('no code');
  });

  it('of a name with several addresses is said once for each that differs', () => {
    expect(wordsOf(new AggregateError([systemError('ECONNREFUSED'), systemError('ECONNREFUSED'), systemError('ENETUNREACH')]))).toBe(
      'nothing listens there; is the server running, and is this its port? (ECONNREFUSED); no way leads there from this machine; check its network (ENETUNREACH)',
    );
  });

  it('of the real kind is one of those', async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    await new Promise<void>((resolve) => void server.close(() => resolve()));
    const error = await new Promise<Error>((resolve) => net.connect({ host: '127.0.0.1', port }).once('error', resolve));
    expect(wordsOf(error)).toMatch(/^nothing listens there/);
  });
});
