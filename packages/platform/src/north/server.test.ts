import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { NorthUnderTest } from './north.fixtures.ts';

describe('the northbound server', () => {
  it('tells that it is alive, with a request id', async () => {
    await using north = await new NorthUnderTest().start();
    const answer = await fetch(`http://${north.host}/healthz`);
    expect(answer.headers.get('x-request-id')).toBeTruthy();
    expect(await answer.json()).toEqual({ status: 'ok' });
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
});
