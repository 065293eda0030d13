// The statements of MQTT 3.1.1 that bind a server without QoS 2, retained messages, wills and sessions, and that no other test here cites.
import { describe, expect, it } from 'vitest';
import { connectPacket, publishPacket, subscribePacket, TestAccess } from './access.fixtures.ts';

const text = (value: string | number[]): number[] => {
  const bytes = Buffer.from(value);
  return [bytes.length >> 8, bytes.length & 255, ...bytes];
};
/** A packet of header, and a body shorter than 128 bytes. */
const packet = (header: number, ...body: number[]): number[] => [header, body.length, ...body];
/** CONNECT with these flags, and the payload as it is. */
const connect = (flags: number, ...payload: number[]): number[] => packet(0x10, ...text('MQTT'), 4, flags, 0, 60, ...payload);

const REFUSED: Record<string, [bytes: number[], isOnline: boolean]> = {
  'a will QoS without a will [MQTT-3.1.2-13]': [connect(0x92, ...text('d1'), ...text('huawei')), false],
  'a will retained without a will [MQTT-3.1.2-15]': [connect(0xa2, ...text('d1'), ...text('huawei')), false],
  'a will at QoS 3 [MQTT-3.1.2-14]': [connect(0x9e, ...text('d1'), ...text('t'), ...text('w'), ...text('huawei')), false],
  'a user name that is announced and missing [MQTT-3.1.2-19]': [connect(0x82, ...text('d1')), false],
  'a user name that is there and not announced [MQTT-3.1.2-18]': [connect(0x02, ...text('d1'), ...text('huawei')), false],
  'a password that is announced and missing [MQTT-3.1.2-21]': [connect(0xc2, ...text('d1'), ...text('huawei')), false],
  'a password that is there and not announced [MQTT-3.1.2-20]': [connect(0x82, ...text('d1'), ...text('huawei'), ...text('p')), false],
  'a will that is announced and missing [MQTT-3.1.2-9]': [connect(0x86, ...text('d1'), ...text('huawei')), false],
  'a client id that is not UTF-8 [MQTT-3.1.3-4]': [connect(0x82, ...text([0xc3, 0x28]), ...text('huawei')), false],
  'a surrogate in UTF-8 [MQTT-1.5.3-1]': [packet(0x30, ...text([0x61, 0xed, 0xa0, 0x80])), true],
  'an overlong form in UTF-8 [MQTT-1.5.3-1]': [packet(0x30, ...text([0xc0, 0xaf])), true],
  'SUBSCRIBE with packet id 0 [MQTT-2.3.1-1]': [packet(0x82, 0, 0, ...text('a'), 0), true],
  'UNSUBSCRIBE with packet id 0 [MQTT-2.3.1-1]': [packet(0xa2, 0, 0, ...text('a')), true],
  'SUBSCRIBE that asks for QoS 3 [MQTT-3-8.3-4]': [packet(0x82, 0, 1, ...text('a'), 3), true],
  'SUBSCRIBE to a filter that is not UTF-8 [MQTT-3.8.3-1]': [packet(0x82, 0, 1, ...text([0xff]), 0), true],
  'SUBSCRIBE to an empty filter [MQTT-4.7.3-1]': [packet(0x82, 0, 1, 0, 0, 0), true],
  'SUBSCRIBE to a filter with U+0000 [MQTT-4.7.3-2]': [packet(0x82, 0, 1, ...text([0x61, 0]), 0), true],
  'SUBSCRIBE with + in a level of other characters [MQTT-4.7.1-3]': [packet(0x82, 0, 1, ...text('a/b+/c'), 0), true],
  'SUBSCRIBE with # behind other characters [MQTT-4.7.1-2]': [packet(0x82, 0, 1, ...text('a/b#'), 0), true],
  'UNSUBSCRIBE with wrong flags [MQTT-3.10.1-1]': [packet(0xa0, 0, 1, ...text('a')), true],
  'UNSUBSCRIBE without a filter [MQTT-3.10.3-2]': [packet(0xa2, 0, 1), true],
  'UNSUBSCRIBE of a filter that is not UTF-8 [MQTT-3.10.3-1]': [packet(0xa2, 0, 1, ...text([0xff])), true],
  'DISCONNECT with reserved bits [MQTT-3.14.1-1]': [[0xe1, 0], true],
  'PINGREQ with reserved bits [MQTT-2.2.2-2]': [[0xc1, 0], true],
  'PUBACK with reserved bits [MQTT-2.2.2-2]': [[0x41, 2, 0, 1], true],
  'a DUP and a QoS that contradict each other [MQTT-3.3.1-2]': [packet(0x38, ...text('a')), true],
};

describe('A server of MQTT 3.1.1', () => {
  it.each(Object.entries(REFUSED))('closes the connection without an answer on %s [MQTT-4.8.0-1]', async (_what, [bytes, isOnline]) => {
    await using access = await TestAccess.open();
    const client = access.connect();
    if (isOnline) await client.signIn('d1');
    client.send(bytes, { cmd: 'pingreq' });
    await client.closed();
    expect(client.cmds).toEqual(isOnline ? ['connack'] : []);
    expect(access.policy.notices).toMatchObject([{ kind: 'protocol-error' }]);
    expect(access.policy.requests).toHaveLength(isOnline ? 1 : 0);
  });

  it('takes U+FEFF as a character like any other, at the start of a topic too [MQTT-1.5.3-3]', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send(subscribePacket({ '\uFEFFa': 0 }));
    await client.next();
    client.send(publishPacket('a', '1'), publishPacket('\uFEFFa', '2'));
    await client.fence();
    expect(access.policy.events).toEqual(['online d1', 'up d1 a 1', 'up d1 \uFEFFa 2']);
    expect(client.messages).toEqual(['\uFEFFa 2 0']);
  });

  it('answers PUBLISH, SUBSCRIBE and UNSUBSCRIBE under their own packet ids [MQTT-2.3.1-6] [MQTT-2.3.1-7] [MQTT-3.8.4-2] [MQTT-3.10.4-4]', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send(publishPacket('a', 'x', 1, 65_535), subscribePacket({ a: 0 }, 1), { cmd: 'unsubscribe', messageId: 256, unsubscriptions: ['a'] });
    await client.fence();
    expect(client.received.slice(1, 4)).toMatchObject([{ cmd: 'puback', messageId: 65_535 }, { cmd: 'suback', messageId: 1 }, { cmd: 'unsuback', messageId: 256 }]);
  });

  it('does nothing of what came behind a CONNECT that it refuses, and closes [MQTT-3.1.4-5] [MQTT-3.2.2-5]', async () => {
    await using access = await TestAccess.open();
    const client = access.connect();
    client.send(connectPacket('d1', { username: 'bad-credentials' }), publishPacket('a', 'x', 1), subscribePacket({ a: 0 }), { cmd: 'pingreq' });
    await client.closed();
    expect(client.received).toMatchObject([{ cmd: 'connack', returnCode: 4, sessionPresent: false }]);
    expect(access.policy.events).toEqual([]);
  });

  it('does what came behind a CONNECT that it accepts, with CONNACK first [MQTT-3.2.0-1] [MQTT-3.1.4-4]', async () => {
    await using access = await TestAccess.open();
    const client = access.connect();
    client.send(connectPacket('d1'), subscribePacket({ a: 1 }, 1), publishPacket('a', 'x', 1, 2), { cmd: 'pingreq' });
    await client.fence();
    expect(client.cmds.slice(0, 2)).toEqual(['connack', 'suback']);
    expect(client.messages).toEqual(['a x 1']);
  });

  it('keeps no subscription of the connection before [MQTT-3.1.2-6]', async () => {
    await using access = await TestAccess.open();
    const before = await access.online('d1');
    before.send(subscribePacket({ a: 1 }));
    await before.fence();
    before.send({ cmd: 'disconnect' });
    await before.closed();
    const client = await access.online('d1', { clean: false });
    client.send(publishPacket('a', 'x'));
    await client.fence();
    expect(client.messages).toEqual([]);
  });

  it('takes a second sign-in of a client as the end of the first [MQTT-3.1.4-2]', async () => {
    await using access = await TestAccess.open();
    const first = await access.online('d1');
    const second = await access.online('d1');
    await first.closed();
    await second.fence();
    expect(access.policy.events).toEqual(['online d1', 'offline d1 taken-over', 'online d1']);
  });

  it('passes a message on without the DUP and the RETAIN that it came with [MQTT-3.3.1-3] [MQTT-3.3.1-9]', async () => {
    await using access = await TestAccess.open();
    const [from, to] = [await access.online('d1'), await access.online('d2')];
    to.send(subscribePacket({ a: 1 }));
    await to.next();
    from.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, dup: true, retain: true, messageId: 9 });
    expect(await from.next()).toMatchObject({ cmd: 'puback', messageId: 9 });
    expect(await to.next()).toMatchObject({ cmd: 'publish', topic: 'a', dup: false, retain: false, qos: 1 });
  });

  it('keeps no retained message for who subscribes later', async () => {
    await using access = await TestAccess.open();
    const [from, late] = [await access.online('d1'), await access.online('d2')];
    from.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 0, dup: false, retain: true });
    await from.fence();
    late.send(subscribePacket({ a: 1 }));
    await late.next();
    await late.fence();
    expect(late.messages).toEqual([]);
  });

  it('grants each filter by itself, in the order of the request [MQTT-3.8.4-4] [MQTT-3.8.4-5] [MQTT-3.9.3-1]', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send(subscribePacket({ a: 1, forbidden: 1, b: 0, c: 2 }));
    expect(await client.next()).toMatchObject({ cmd: 'suback', granted: [1, 0x80, 0, 1] });
  });

  it('replaces a subscription by one with the same filter, and sends one copy [MQTT-3.8.4-3]', async () => {
    await using access = await TestAccess.open();
    const [from, to] = [await access.online('d1'), await access.online('d2')];
    to.send(subscribePacket({ 'a/+': 1 }, 1), subscribePacket({ 'a/+': 0 }, 2));
    await to.fence();
    from.send(publishPacket('a/b', 'x', 1));
    await from.next();
    await to.fence();
    expect(to.messages).toEqual(['a/b x 0']);
  });

  it('compares what is unsubscribed character by character, and acknowledges it also when nothing was subscribed [MQTT-3.10.4-1] [MQTT-3.10.4-5]', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send(subscribePacket({ 'a/b': 0 }));
    await client.next();
    client.send({ cmd: 'unsubscribe', messageId: 5, unsubscriptions: ['a/+', 'a/#', 'A/b', '/a/b', 'a/b/'] });
    expect(await client.next()).toMatchObject({ cmd: 'unsuback', messageId: 5 });
    client.send(publishPacket('a/b', 'x'));
    await client.fence();
    expect(client.messages).toEqual(['a/b x 0']);
  });

  it('unsubscribes several filters as if each came by itself, and sends nothing more for them [MQTT-3.10.4-6] [MQTT-3.10.4-2]', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send(subscribePacket({ a: 0, b: 0, c: 0 }), { cmd: 'unsubscribe', messageId: 5, unsubscriptions: ['a', 'nothing', 'c'] }, publishPacket('a', '1'), publishPacket('b', '2'), publishPacket('c', '3'));
    await client.fence();
    expect(client.messages).toEqual(['b 2 0']);
  });

  it('completes what was on its way at QoS 1 when it was unsubscribed [MQTT-3.10.4-3]', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1', { username: 'tencent' });
    client.send(subscribePacket({ a: 1 }));
    await client.next();
    const { delivered } = access.server.deliver('tencent', 'd1', { topic: 'a', payload: 'x', qos: 1 });
    const sent = await client.next();
    client.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['a'] });
    expect(await client.next()).toMatchObject({ cmd: 'unsuback' });
    for (const ms of [2000, 500]) {
      access.clock.advance(ms);
      await client.fence();
    }
    // Not acknowledged yet, so it comes again although nothing is subscribed any more.
    expect(client.messages).toEqual(['a x 1', 'a x 1 dup']);
    client.send({ cmd: 'puback', messageId: Number('messageId' in sent && sent.messageId) });
    await delivered;
  });

  it('gives a message at QoS 1 a packet id that is not in use, and one at QoS 0 none [MQTT-4.3.2-1] [MQTT-2.3.1-5]', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1', { username: 'tencent' });
    client.send(subscribePacket({ a: 1 }));
    await client.next();
    for (const qos of [1, 0, 1] as const) void access.server.deliver('tencent', 'd1', { topic: 'a', payload: String(qos), qos }).delivered.catch(() => undefined);
    const sent = [await client.next(), await client.next(), await client.next()].map((each) => ('messageId' in each ? each.messageId : undefined));
    expect(sent[1]).toBeUndefined();
    expect(new Set([sent[0], sent[2]]).size).toBe(2);
    expect(Number(sent[0])).toBeGreaterThan(0);
  });

  it('passes on what one client publishes in its order, at both QoS [MQTT-4.6.0-6]', async () => {
    await using access = await TestAccess.open();
    const [from, to] = [await access.online('d1'), await access.online('d2')];
    to.send(subscribePacket({ 'a/#': 1 }));
    await to.next();
    const all = Array.from({ length: 40 }, (_, index) => index);
    from.send(...all.map((index) => publishPacket(`a/${index % 3}`, String(index), index % 2 === 0 ? 1 : 0, index + 1)));
    await from.fence();
    await to.fence();
    // Of those at QoS 1 a window is sent; nothing is acknowledged here, so the rest waits in its order.
    const numbers = to.messages.map((each) => Number(each.split(' ')[1]));
    expect(numbers.filter((each) => each % 2 === 1)).toEqual(all.filter((each) => each % 2 === 1));
    expect(numbers.filter((each) => each % 2 === 0)).toEqual([...numbers.filter((each) => each % 2 === 0)].sort((a, b) => a - b));
  });

  it('matches topics by level, case and every character [MQTT-4.7.1-1] [MQTT-4.7.3-4]', async () => {
    const filters: Record<string, readonly string[]> = {
      'sport/tennis/player1/#': ['sport/tennis/player1', 'sport/tennis/player1/ranking', 'sport/tennis/player1/score/wimbledon'],
      'sport/+': ['sport/'],
      '+/+': ['sport/', '/finance'],
      '/+': ['/finance'],
      '+': ['finance', 'Finance', 'ä', 'a\u0308'],
      'ä': ['ä'],
      '#': ['sport/tennis/player1', 'sport/tennis/player1/ranking', 'sport/tennis/player1/score/wimbledon', 'sport/', '/finance', 'finance', 'Finance', 'ä', 'a\u0308'],
    };
    const topics = filters['#'] ?? [];
    for (const [filter, expected] of Object.entries(filters)) {
      await using access = await TestAccess.open();
      const client = await access.online('d1');
      client.send(subscribePacket({ [filter]: 0 }));
      await client.next();
      client.send(...topics.map((topic) => publishPacket(topic, 'x')));
      await client.fence();
      expect(client.messages, filter).toEqual(expected.map((topic) => `${topic} x 0`));
    }
  });

  it('does not match a topic that begins with $ by a filter that begins with a wildcard [MQTT-4.7.2-1]', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send(subscribePacket({ '#': 0, '+/user/a': 0 }, 1));
    await client.next();
    client.send(publishPacket('$oc/user/a', '1'));
    await client.fence();
    expect(client.messages).toEqual([]);
    client.send(subscribePacket({ '$oc/user/+': 0 }, 2));
    await client.next();
    client.send(publishPacket('$oc/user/a', '2'));
    await client.fence();
    expect(client.messages).toEqual(['$oc/user/a 2 0']);
  });

  it('takes a topic of 65,535 bytes and one without payload [MQTT-4.7.3-3]', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send(publishPacket('t'.repeat(65_535), '', 1));
    expect(await client.next()).toMatchObject({ cmd: 'puback' });
    expect(access.policy.events.at(-1)).toBe(`up d1 ${'t'.repeat(65_535)} `);
  });

  it('answers every PINGREQ [MQTT-3.12.4-1]', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send({ cmd: 'pingreq' }, { cmd: 'pingreq' }, { cmd: 'pingreq' });
    expect([await client.next(), await client.next(), await client.next()].map(({ cmd }) => cmd)).toEqual(['pingresp', 'pingresp', 'pingresp']);
  });

  it('drops the will of a client that says goodbye, and of one that does not: there are none here [MQTT-3.14.4-3]', async () => {
    await using access = await TestAccess.open();
    const listener = await access.online('d2');
    listener.send(subscribePacket({ 'last/words': 0 }));
    await listener.next();
    const will = { topic: 'last/words', payload: Buffer.from('gone'), qos: 0 as const, retain: false };
    const polite = await access.online('d1', { will });
    polite.send({ cmd: 'disconnect' });
    await polite.closed();
    const rude = await access.online('d1', { will });
    rude.socket.destroy();
    await access.policy.event('offline d1 connection-lost');
    await listener.fence();
    expect(listener.messages).toEqual([]);
  });
});
