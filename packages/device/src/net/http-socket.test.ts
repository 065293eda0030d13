import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { turns } from '../testing/support.ts';
import type { Body } from './direct-body.ts';
import { wayTo } from './http.ts';
import { bodyOf } from './http-socket.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

const CONTENT = randomBytes(700_000);

/** A server that answers the first request with these bytes, write by write, and closes the connection then. */
async function serve(writes: readonly Buffer[]): Promise<URL> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      void (async () => {
        for (const each of writes) {
          socket.write(each);
          await turns(1);
        }
        socket.end();
      })();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ [Symbol.asyncDispose]: async () => void server.close() });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x`);
}

async function ask(url: URL): Promise<http.IncomingMessage> {
  const { signal } = new AbortController();
  const request = (await wayTo(url, {}, signal)).request({ headers: {}, signal });
  request.end();
  const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
  open.push({ [Symbol.asyncDispose]: async () => void answer.destroy() });
  return answer;
}

interface Read {
  readonly content: Buffer;
  /** How it ended. */
  readonly end: 'end' | 'cut';
  /** Pieces of memory that it came in. */
  readonly memories: number;
}

/** Reads a body as a slow reader does that keeps some pieces for a while: every `rest` pieces it waits. */
async function read(body: Body, { rest, keeps }: { readonly rest: number; readonly keeps: number }): Promise<Read> {
  const all: Buffer[] = [];
  const kept: Buffer[] = [];
  const memories = new Set<ArrayBufferLike>();
  const letGo = (): void => {
    const piece = kept.shift() as Buffer;
    all.push(Buffer.from(piece));
    // Whoever gives a piece back does not know what becomes of it.
    piece.fill(0);
    body.release?.(piece);
  };
  let count = 0;
  body.on('data', (piece: Buffer) => {
    memories.add(piece.buffer);
    kept.push(piece);
    while (kept.length > keeps) letGo();
    if (++count % rest !== 0) return;
    body.pause();
    void turns(2).then(() => body.resume());
  });
  body.on('error', () => undefined);
  const end = await Promise.race([once(body, 'end').then(() => 'end' as const), once(body, 'close').then(() => (body.readableEnded ? ('end' as const) : ('cut' as const)))]);
  while (kept.length > 0) letGo();
  return { content: Buffer.concat(all), end, memories: memories.size };
}

const head = (...lines: readonly string[]): Buffer => Buffer.from(`HTTP/1.1 200 OK\r\n${lines.join('\r\n')}\r\n\r\n`);

function pieces(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

describe('the body of an answer', () => {
  const cuts = fc.array(fc.nat({ max: 800_000 }), { maxLength: 12 });
  const reader = fc.record({ rest: fc.integer({ min: 1, max: 20 }), keeps: fc.nat({ max: 5 }) });
  const framing = fc.constantFrom('length', 'chunked', 'end');

  it('is what the server sends, however it is cut into writes and however it is read', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(cuts, reader, framing, fc.boolean(), async (at, how, framed, hints) => {
        const chunks = pieces(CONTENT, at).filter((each) => each.length > 0);
        const body = framed === 'chunked' ? Buffer.concat([...chunks.flatMap((each) => [Buffer.from(`${each.length.toString(16)}\r\n`), each, Buffer.from('\r\n')]), Buffer.from('0\r\n\r\n')]) : CONTENT;
        const first = head(...(framed === 'length' ? [`Content-Length: ${CONTENT.length}`] : framed === 'chunked' ? ['Transfer-Encoding: chunked'] : []), 'Connection: close');
        const early = hints ? [Buffer.from('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n')] : [];
        const { content, end } = await read(bodyOf(await ask(await serve(pieces(Buffer.concat([...early, first, body]), at)))), how);
        expect([end, content.equals(CONTENT)]).toEqual(['end', true]);
      }),
      { numRuns: 30 },
    );
  });

  it('is the beginning of it, and no whole one, when the connection ends in it', async () => {
    const { content, end } = await read(bodyOf(await ask(await serve([head(`Content-Length: ${CONTENT.length}`), CONTENT.subarray(0, 5000), CONTENT.subarray(5000, 300_000)]))), { rest: 1000, keeps: 0 });
    expect([end, content.length <= 300_000, content.equals(CONTENT.subarray(0, content.length))]).toEqual(['cut', true, true]);
  });

  it('ends where its length says, whatever comes behind it', async () => {
    for (const behind of [Buffer.from('x'), Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny')]) {
      const { content, end } = await read(bodyOf(await ask(await serve([head(`Content-Length: ${CONTENT.length}`), Buffer.concat([CONTENT, behind])]))), { rest: 1000, keeps: 0 });
      expect([end, content.equals(CONTENT)]).toEqual(['end', true]);
    }
  });

  it('comes past the HTTP client, in the same memory again and again, where its length is known', async () => {
    const big = Buffer.concat(Array.from({ length: 30 }, () => CONTENT));
    const answer = await ask(await serve([head(`Content-Length: ${big.length}`), ...pieces(big, Array.from({ length: 100 }, (_, index) => index * 210_000))]));
    const body = bodyOf(answer);
    expect(body).not.toBe(answer);
    const { content, memories } = await read(body, { rest: 1000, keeps: 3 });
    expect(content.equals(big)).toBe(true);
    expect(memories).toBeLessThanOrEqual(5);
  });

  it("is the client's own where it is all there already", async () => {
    const answer = await ask(await serve([Buffer.concat([head('Content-Length: 5'), Buffer.from('hello')])]));
    expect((await read(bodyOf(answer), { rest: 1, keeps: 0 })).content.toString()).toBe('hello');
  });
});
