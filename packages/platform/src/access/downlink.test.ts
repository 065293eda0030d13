import { isLianyunError, type Receipt } from '@lianyun/protocol';
import type { Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { subscribePacket, TestAccess, type RawClient } from './access.fixtures.ts';

async function codeOf(receipt: Receipt): Promise<string> {
  return receipt.delivered.then(() => 'delivered', (error: unknown) => (isLianyunError(error) ? error.code : 'another error'));
}

function puback(messageId: number): Packet {
  return { cmd: 'puback', messageId };
}

/** The packet ids of the PUBLISH packets at QoS 1 that have come. */
function ids(client: RawClient): (number | undefined)[] {
  return client.received.flatMap((packet) => (packet.cmd === 'publish' && packet.qos === 1 ? [packet.messageId] : []));
}

describe('downlinks', () => {
  it('reach a client with implicit subscriptions at QoS 0 without any SUBSCRIBE', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    const receipt = access.server.deliver('huawei', 'd1', { topic: '$down/1', payload: 'x', qos: 1 });
    await receipt.delivered;
    await client.fence();
    expect(client.messages).toEqual(['$down/1 x 0']);
  });

  it('do not reach it on a custom topic that it has not subscribed, though that begins with $', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    const receipt = access.server.deliver('huawei', 'd1', { topic: '$down/user/1', payload: 'x', qos: 0 });
    expect(await codeOf(receipt)).toBe('unsupported');
    await client.fence();
    expect(client.messages).toEqual([]);
  });

  it('reach other clients only where a subscription covers them', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1', { username: 'tencent' });
    expect(await codeOf(access.server.deliver('tencent', 'd1', { topic: '$down/1', payload: 'x', qos: 0 }))).toBe('unsupported');
    client.send(subscribePacket({ '$down/+': 0 }));
    await client.fence();
    expect(await codeOf(access.server.deliver('tencent', 'd1', { topic: '$down/1', payload: 'y', qos: 0 }))).toBe('delivered');
    await client.fence();
    expect(client.messages).toEqual(['$down/1 y 0']);
  });

  it('go out at the lower of their own QoS and the highest granted, one copy however many filters match', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send(subscribePacket({ '$down/#': 0, '$down/+': 1, '$down/1': 0 }));
    await client.fence();
    void access.server.deliver('huawei', 'd1', { topic: '$down/1', payload: 'a', qos: 1 });
    void access.server.deliver('huawei', 'd1', { topic: '$down/1', payload: 'b', qos: 0 });
    void access.server.deliver('huawei', 'd1', { topic: '$down/1/2', payload: 'c', qos: 1 });
    await client.fence();
    expect(client.messages).toEqual(['$down/1 a 1', '$down/1 b 0', '$down/1/2 c 0']);
  });

  it('UNSUBSCRIBE does not take the implicit subscription away', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send(subscribePacket({ '$down/#': 1 }), { cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['$down/#', 'never/had'] });
    await client.fence();
    expect(client.cmds).toEqual(['connack', 'suback', 'unsuback', 'pingresp']);
    await access.server.deliver('huawei', 'd1', { topic: '$down/1', payload: 'a', qos: 1 }).delivered;
    await client.fence();
    expect(client.messages).toEqual(['$down/1 a 0']);
  });

  it('to a device that is not connected fail at once with offline', async () => {
    await using access = await TestAccess.open();
    expect(await codeOf(access.server.deliver('huawei', 'd1', { topic: '$down', payload: 'x', qos: 0 }))).toBe('offline');
  });

  it('on a topic that MQTT forbids fail with bad-input and harm nobody', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send(subscribePacket({ '$down/#': 1 }));
    await client.fence();
    for (const qos of [0, 1] as const) {
      for (const topic of ['$down/\0', '$down/#/x', `$down/${'x'.repeat(65_536)}`]) {
        expect(await codeOf(access.server.deliver('huawei', 'd1', { topic, payload: 'x', qos }))).toBe('bad-input');
      }
    }
    await client.fence();
  });

  it('come after CONNACK even when the platform sends them from within onOnline', async () => {
    await using access = await TestAccess.open();
    access.policy.hear = ({ cloud, device }) => void access.server.deliver(cloud, device, { topic: '$down', payload: 'pending', qos: 0 });
    const client = await access.online('d1');
    await client.fence();
    expect(client.cmds).toEqual(['connack', 'publish', 'pingresp']);
  });
});

describe('SUBSCRIBE', () => {
  it('is granted at most QoS 1, refused with 0x80 and a notice where it is forbidden, in MQTT 3.1 too', async () => {
    await using access = await TestAccess.open();
    for (const version of [{}, { protocolId: 'MQIsdp', protocolVersion: 3 } as const]) {
      const client = await access.online('d1', version);
      client.send(subscribePacket({ a: 0, b: 1, c: 2, 'forbidden/#': 1 }, 9));
      expect(await client.next()).toMatchObject({ cmd: 'suback', messageId: 9, granted: [0, 1, 1, 0x80] });
    }
    expect(access.policy.notices.map((notice) => notice.kind)).toEqual(['forbidden-subscribe', 'forbidden-subscribe']);
  });

  it('is refused with 0x80 and a notice beyond the number of subscriptions that a client may have; a repeated filter counts once', async () => {
    await using access = await TestAccess.open();
    access.policy.maxSubscriptions = 2;
    const client = await access.online('d1');
    client.send(subscribePacket({ a: 0, b: 0 }), subscribePacket({ a: 1, c: 0 }), { cmd: 'unsubscribe', messageId: 3, unsubscriptions: ['b'] }, subscribePacket({ c: 1 }));
    await client.fence();
    expect(client.received.flatMap((packet) => (packet.cmd === 'suback' ? [packet.granted] : []))).toEqual([[0, 0], [1, 0x80], [1]]);
    expect(access.policy.notices).toMatchObject([{ kind: 'over-limit' }]);
  });
});

describe('downlinks at QoS 1', () => {
  async function open(limits: Parameters<typeof TestAccess.open>[0] = {}): Promise<{ access: TestAccess; client: RawClient; send: (payload: string) => Receipt }> {
    const access = await TestAccess.open(limits);
    const client = await access.online('d1', { keepalive: 0 });
    client.send(subscribePacket({ '$down/#': 1 }));
    await client.fence();
    return { access, client, send: (payload) => access.server.deliver('huawei', 'd1', { topic: '$down/1', payload, qos: 1 }) };
  }

  it('are delivered when their PUBACK comes', async () => {
    const { access, client, send } = await open();
    await using _ = access;
    const receipt = send('a');
    await client.fence();
    expect(ids(client)).toEqual([1]);
    let isDelivered = false;
    void receipt.delivered.then(() => {
      isDelivered = true;
    });
    await client.fence();
    expect(isDelivered).toBe(false);
    client.send(puback(1));
    await receipt.delivered;
    client.send(puback(1), puback(77));
    await client.fence();
  });

  it('wait behind a window, and follow in their order', async () => {
    const { access, client, send } = await open({ inFlight: 3 });
    await using _ = access;
    const receipts = Array.from({ length: 6 }, (_each, i) => send(String(i)));
    await client.fence();
    expect(client.messages).toHaveLength(3);
    client.send(puback(2));
    await receipts[1]?.delivered;
    await client.fence();
    expect(client.messages).toHaveLength(4);
    client.send(puback(1), puback(3), puback(4));
    await client.fence();
    client.send(puback(5), puback(6));
    await Promise.all(receipts.map((receipt) => receipt.delivered));
    expect(client.messages).toEqual(Array.from({ length: 6 }, (_each, i) => `$down/1 ${String(i)} 1`));
    expect(ids(client)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('the oldest of those that wait is dropped with a notice when too many do', async () => {
    const { access, client, send } = await open({ inFlight: 1, queuedMessages: 2 });
    await using _ = access;
    const [first, second, third, fourth] = ['1', '2', '3', '4'].map(send);
    expect(second && (await codeOf(second))).toBe('dropped');
    expect(access.policy.notices).toMatchObject([{ kind: 'undelivered', client: { device: 'd1' } }]);
    client.send(puback(1), puback(2), puback(3));
    await client.fence();
    for (const receipt of [first, third, fourth]) expect(receipt && (await codeOf(receipt))).toBe('delivered');
    expect(client.messages.map((message) => message.split(' ')[1])).toEqual(['1', '3', '4']);
  });

  it('and so it is when those that wait have too many bytes', async () => {
    const { access, send } = await open({ inFlight: 1, queuedBytes: 100 });
    await using _ = access;
    void send('in flight');
    const waiting = send('a'.repeat(60));
    void send('b'.repeat(60));
    expect(await codeOf(waiting)).toBe('dropped');
  });

  it('are sent again with DUP every two seconds, three times, and then fail with timeout', async () => {
    const { access, client, send } = await open();
    await using _ = access;
    const receipt = send('a');
    await client.fence();
    for (let sends = 2; sends <= 4; sends++) {
      access.clock.advance(2_000);
      await client.fence();
      access.clock.advance(500);
      await client.fence();
      expect(client.messages).toEqual(['$down/1 a 1', ...Array<string>(sends - 1).fill('$down/1 a 1 dup')]);
    }
    expect(ids(client)).toEqual([1, 1, 1, 1]);
    access.clock.advance(2_500);
    expect(await codeOf(receipt)).toBe('timeout');
    await client.fence();
    expect(client.messages).toHaveLength(4);
    expect(access.policy.notices).toMatchObject([{ kind: 'undelivered', text: 'PUBLISH to $down/1 given up: no PUBACK after 4 sends.' }]);
    expect(access.server.isOnline('huawei', 'd1')).toBe(true);
    // The place is free again, and nothing is left to wait for.
    const next = send('b');
    client.send(puback(2));
    await next.delivered;
    access.clock.advance(10_000);
    expect(access.clock.timers).toBe(0);
  });

  it('that are given up make room for those that wait', async () => {
    const { access, client, send } = await open({ inFlight: 1, resends: 0 });
    await using _ = access;
    const first = send('a');
    void send('b');
    access.clock.advance(2_500);
    expect(await codeOf(first)).toBe('timeout');
    await client.fence();
    expect(client.messages).toEqual(['$down/1 a 1', '$down/1 b 1']);
  });

  it('fail with offline when the connection ends, sent or waiting', async () => {
    const { access, client, send } = await open({ inFlight: 1 });
    await using _ = access;
    const receipts = [send('a'), send('b')];
    client.socket.destroy();
    expect(await Promise.all(receipts.map(codeOf))).toEqual(['offline', 'offline']);
  });

  it('packet ids start again after 65535 and leave out those in flight', async () => {
    const { access, client, send } = await open();
    await using _ = access;
    const held = send('held');
    for (let sent = 1; sent < 65_535; ) {
      const batch = Math.min(60, 65_535 - sent);
      const receipts = Array.from({ length: batch }, () => send(''));
      client.send(...Array.from({ length: batch }, (_each, i) => puback(sent + 1 + i)));
      await Promise.all(receipts.map((receipt) => receipt.delivered));
      sent += batch;
    }
    void send('next');
    await client.fence();
    expect(ids(client).slice(-2)).toEqual([65_535, 2]);
    client.send(puback(1));
    await held.delivered;
  });
});

describe('a client that does not read', () => {
  it('is closed when too much waits for it, with a notice, and its receipts fail', async () => {
    await using access = await TestAccess.open({ unreadBytes: 300_000 });
    const client = await access.online('d1', { keepalive: 0 });
    client.socket.pause();
    const payload = Buffer.alloc(100_000, 'x');
    const receipts: Receipt[] = [];
    // The kernel takes some of it first.
    while (access.server.isOnline('huawei', 'd1') && receipts.length < 1_000) {
      receipts.push(access.server.deliver('huawei', 'd1', { topic: '$down', payload, qos: 0 }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await access.policy.event('offline d1 over-limit');
    expect((await access.policy.notice('over-limit')).text).toMatch(/^The client does not read: \d+ bytes wait for it\.$/);
    const codes = await Promise.all(receipts.map(codeOf));
    expect(codes.at(-1)).toBe('offline');
    expect(new Set(codes)).toEqual(new Set(['delivered', 'offline']));
  });
});
