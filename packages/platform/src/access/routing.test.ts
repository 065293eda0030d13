import { describe, expect, it } from 'vitest';
import { publishPacket, subscribePacket, TestAccess } from './access.fixtures.ts';

const tencent = { username: 'tencent' };

describe('custom topics', () => {
  it('reach the platform and every subscriber of the same cloud, the publisher included, wildcards or not', async () => {
    await using access = await TestAccess.open();
    const filters: Record<string, string> = { exact: 'P/d/data', plus: 'P/+/data', hash: 'P/#', all: '#', self: 'P/d/+', other: 'P/e/data', parent: 'P/d/data/#' };
    const clients = await Promise.all(Object.keys(filters).map((device) => access.online(device, tencent)));
    for (const [i, filter] of Object.values(filters).entries()) {
      clients[i]?.send(subscribePacket({ [filter]: 0 }));
      await clients[i]?.fence();
    }
    const self = clients[4];
    self?.send(publishPacket('P/d/data', 'x'));
    await Promise.all(clients.map((client) => client.fence()));
    await Promise.all(clients.map((client) => client.fence()));
    const got = Object.keys(filters).filter((_device, i) => clients[i]?.messages.length === 1);
    expect(got).toEqual(['exact', 'plus', 'hash', 'all', 'self', 'parent']);
    expect(access.policy.events.at(-1)).toBe('up self P/d/data x');
  });

  it('never cross from one cloud to the other', async () => {
    await using access = await TestAccess.open();
    const huawei = await access.online('d1');
    const tencentClient = await access.online('d1', tencent);
    for (const client of [huawei, tencentClient]) {
      client.send(subscribePacket({ '#': 0 }));
      await client.fence();
    }
    tencentClient.send(publishPacket('P/d/data', 'x'));
    await tencentClient.fence();
    await huawei.fence();
    expect(huawei.messages).toEqual([]);
    expect(tencentClient.messages).toEqual(['P/d/data x 0']);
  });

  it('arrive once at the lower QoS of publisher and subscriber, whatever number of filters match', async () => {
    await using access = await TestAccess.open();
    const one = await access.online('one', tencent);
    const zero = await access.online('zero', tencent);
    const both = await access.online('both', tencent);
    one.send(subscribePacket({ 'a/b': 1 }));
    zero.send(subscribePacket({ 'a/b': 0 }));
    both.send(subscribePacket({ 'a/b': 0, 'a/+': 1, 'a/#': 0, '#': 0 }));
    for (const client of [one, zero, both]) await client.fence();
    one.send(publishPacket('a/b', 'up at 1', 1), publishPacket('a/b', 'up at 0', 0));
    for (const client of [one, zero, both]) await client.fence();
    for (const client of [one, zero, both]) await client.fence();
    expect(one.messages).toEqual(['a/b up at 1 1', 'a/b up at 0 0']);
    expect(zero.messages).toEqual(['a/b up at 1 0', 'a/b up at 0 0']);
    expect(both.messages).toEqual(['a/b up at 1 1', 'a/b up at 0 0']);
  });

  it('that begin with $ are routed where the platform says that they are custom', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send(subscribePacket({ '$oc/devices/d1/user/#': 1, '#': 0 }));
    await client.fence();
    client.send(publishPacket('$oc/devices/d1/user/x', 'x', 1));
    await client.fence();
    expect(client.messages).toEqual(['$oc/devices/d1/user/x x 1']);
  });

  it('are no longer routed after UNSUBSCRIBE, nor to who has left', async () => {
    await using access = await TestAccess.open();
    const leaver = await access.online('leaver', tencent);
    const client = await access.online('d1', tencent);
    leaver.send(subscribePacket({ 'a/#': 0 }));
    await leaver.fence();
    client.send(subscribePacket({ 'a/#': 0, a: 0 }), { cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['a/#', 'a'] });
    await client.fence();
    leaver.socket.destroy();
    await access.policy.event('offline leaver connection-lost');
    client.send(publishPacket('a', 'x'));
    await client.fence();
    expect(client.messages).toEqual([]);
  });

  it('that the platform could not take go nowhere', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1', tencent);
    access.policy.take = () => {
      throw new Error('no');
    };
    client.send(subscribePacket({ a: 0 }), publishPacket('a', 'x'));
    await client.fence();
    expect(client.messages).toEqual([]);
  });
});

describe('system uplinks', () => {
  it('are routed to nobody, not even to the device that subscribes its own: it would answer its answers for ever', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    access.policy.isRouted = () => true;
    client.send(subscribePacket({ '$oc/devices/d1/sys/commands/#': 1 }));
    await client.fence();
    client.send(publishPacket('$oc/devices/d1/sys/commands/response/request_id=1', 'x', 1));
    await client.fence();
    expect(client.messages).toEqual([]);
    expect(access.policy.events.at(-1)).toBe('up d1 $oc/devices/d1/sys/commands/response/request_id=1 x');
  });

  it('nor are forbidden ones', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1', tencent);
    client.send(subscribePacket({ '#': 1 }), publishPacket('forbidden/a', 'x', 1));
    await client.fence();
    expect(client.messages).toEqual([]);
  });
});
