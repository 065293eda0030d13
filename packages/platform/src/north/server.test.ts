import { connect, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { NorthUnderTest } from './north.fixtures.ts';

describe('the northbound server', () => {
  it('tells that it is alive, with a request id', async () => {
    await using north = await new NorthUnderTest().start();
    const answer = await fetch(`http://${north.host}/healthz`);
    expect(answer.headers.get('x-request-id')).toBeTruthy();
    expect(await answer.json()).toEqual({ status: 'ok' });
  });

  it('writes the names of its headers as devices look for them, byte for byte', async () => {
    await using north = await new NorthUnderTest().start();
    const socket = connect({ host: '127.0.0.1', port: Number(north.host.split(':')[1]) });
    socket.end('GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const head = Buffer.concat(await socket.toArray()).toString().split('\r\n\r\n')[0] ?? '';
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(head.split('\r\n').slice(1).map((line) => line.split(':')[0]).sort()).toEqual(['Connection', 'Content-Length', 'Content-Type', 'Date', 'X-Request-Id']);
  });

  it('says who stands in the way when its port is in use, and what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const north = new NorthUnderTest();
    await expect(north.north.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'port-in-use',
      message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port}.*choose another port`)),
    });
    await north.north.close();
    await new Promise((resolve) => other.close(resolve));
  });

  it('ends requests under way with their answer when it closes', async () => {
    const north = await new NorthUnderTest().start();
    north.registry.createProduct({ cloud: 'huawei', productId: 'p', name: 'p' });
    north.registry.createDevice({ cloud: 'huawei', productId: 'p', nodeId: 'd' });
    north.downlink.online.add('p_d');
    const { promise, resolve } = Promise.withResolvers<{ code: number }>();
    const asked = Promise.withResolvers<undefined>();
    north.downlink.invoke = () => {
      asked.resolve(undefined);
      return promise;
    };
    const answer = north.huawei('POST', '/devices/p_d/commands', { paras: {} });
    await asked.promise;
    const closed = north.north.close();
    resolve({ code: 7 });
    expect(await answer).toMatchObject({ status: 200, body: { response: { result_code: 7 } } });
    await closed;
  });

  it.each([
    ['/v5/iot/p1/devices', { error_code: expect.any(String), error_msg: expect.any(String) }],
    ['/', { Response: { Error: { Code: expect.any(String), Message: expect.any(String) }, RequestId: expect.any(String) } }],
  ])('answers what comes while it closes in the shape of its API (%s)', async (path, shape) => {
    const north = await new NorthUnderTest().start();
    const socket = connect({ host: '127.0.0.1', port: north.port });
    // The second request has begun when the first is answered: they came together.
    socket.write(`GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET ${path} HTTP/1.1\r\nHost: a\r\n`);
    const seen: Buffer[] = [];
    const first = new Promise((resolve) => socket.once('data', resolve));
    socket.on('data', (bytes: Buffer) => void seen.push(bytes));
    await first;
    const closed = north.north.close();
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.write('Connection: close\r\n\r\n');
    await Promise.all([closed, ended]);
    const text = Buffer.concat(seen).toString();
    expect(JSON.parse(text.slice(text.lastIndexOf('\r\n\r\n') + 4))).toEqual(shape);
  });

  it('does not wait for who is connected and has asked nothing', async () => {
    const north = await new NorthUnderTest().start();
    const socket = connect({ host: '127.0.0.1', port: north.port });
    const taken = new Promise((resolve) => north.server?.once('connection', resolve));
    const ended = new Promise((resolve) => socket.once('close', resolve));
    await taken;
    await north.north.close();
    await ended;
  });

  it.each([
    ['a request that has no end', 'GET /healthz HTTP/1.1\r\nHost: a\r\n'],
    ['a body that does not come', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{'],
  ])('ends %s when the time is up', async (_what, begun) => {
    const north = await new NorthUnderTest().start();
    const socket = connect({ host: '127.0.0.1', port: north.port });
    socket.write(`GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n${begun}`);
    // Both came together.
    await new Promise((resolve) => socket.once('data', resolve));
    const ended = new Promise((resolve) => socket.once('close', resolve));
    const before = new Set(north.clock.waiting);
    const closed = north.north.close();
    for (const due of north.clock.waiting) if (!before.has(due)) due();
    await Promise.all([closed, ended]);
    expect([...north.clock.waiting].filter((each) => !before.has(each))).toEqual([]);
  });

  it('takes a GET whose lines end in LF alone, as Huawei’s C SDK writes it, once, and nothing else that is as wrong', async () => {
    await using north = await new NorthUnderTest().start();
    const ask = async (text: string): Promise<string> => {
      const socket = connect({ host: '127.0.0.1', port: north.port });
      socket.write(text);
      return Buffer.concat(await socket.toArray()).toString();
    };
    expect(await ask('GET /healthz HTTP/1.1\nHost: 127.0.0.1\n\n\n')).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*Connection: close[^]*\{"status":"ok"\}$/);
    for (const end of ['\n', '\r\n', '\r\n\r\n']) expect(await ask(`GET /healthz HTTP/1.1\nHost: a\nConnection: keep-alive\n${end}`)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    for (const wrong of ['POST / HTTP/1.1\nHost: a\nContent-Length: 2\n\nab', 'GET /healthz HTTP/1.1\nHost: a\nX Y: 1\n\n', 'GET /healthz HTTP/1.1\nHost: a\n\nGET /healthz HTTP/1.1\nHost: a\n\n', 'nonsense\n\n']) {
      expect(await ask(wrong)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    }
  });
});
