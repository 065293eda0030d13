import { describe, expect, it } from 'vitest';
import { publishPacket, subscribePacket, TestAccess, type RawClient } from './access.fixtures.ts';

/** Uplinks that the test takes by hand, in the order they came. */
class Takers {
  readonly #open: { resolve: () => void; reject: (error: Error) => void }[] = [];
  readonly take = (): Promise<void> =>
    new Promise((resolve, reject) => {
      this.#open.push({ resolve, reject });
    });

  at(index: number): { resolve: () => void; reject: (error: Error) => void } {
    const taker = this.#open[index];
    if (taker === undefined) throw new Error(`Only ${String(this.#open.length)} uplinks have come.`);
    return taker;
  }

  get count(): number {
    return this.#open.length;
  }
}

function pubacks(client: RawClient): (number | undefined)[] {
  return client.received.flatMap((packet) => (packet.cmd === 'puback' ? [packet.messageId] : []));
}

describe('uplinks', () => {
  it('are handed to the platform; QoS 1 is acknowledged, QoS 0 is not', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send(publishPacket('$up', 'zero', 0), publishPacket('$up', 'one', 1, 7));
    await client.fence();
    expect(access.policy.events.slice(1)).toEqual(['up d1 $up zero', 'up d1 $up one']);
    expect(client.cmds).toEqual(['connack', 'puback', 'pingresp']);
    expect(pubacks(client)).toEqual([7]);
  });

  it('the acknowledgements of what came in one piece leave in one piece', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    const before = client.reads;
    client.send(...Array.from({ length: 100 }, (_, i) => publishPacket('$up', 'x', 1, i + 1)), { cmd: 'pingreq' });
    while (client.cmds.at(-1) !== 'pingresp') await client.next();
    expect(pubacks(client)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(client.reads - before).toBe(1);
  });

  it('are acknowledged when their promise resolves, in the order in which they came [MQTT-4.6.0-2]', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    const takers = new Takers();
    access.policy.take = (_client, uplink) => (uplink.payload.toString() === 'at once' ? undefined : takers.take());
    client.send(publishPacket('$up', 'first', 1, 1), publishPacket('$up', 'second', 1, 2), publishPacket('$up', 'at once', 1, 3));
    await client.fence();
    expect(pubacks(client)).toEqual([]);
    takers.at(1).resolve();
    await client.fence();
    expect(pubacks(client)).toEqual([]);
    takers.at(0).resolve();
    await client.fence();
    expect(pubacks(client)).toEqual([1, 2, 3]);
  });

  it.each(['throws', 'rejects'])('at QoS 1 whose taking %s close the connection without an acknowledgement', async (how) => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    access.policy.take = () => {
      if (how === 'rejects') return Promise.reject(new Error('disk full'));
      throw new Error('disk full');
    };
    client.send(publishPacket('$up', 'x', 1, 1));
    await client.closed();
    expect(client.cmds).toEqual(['connack']);
    expect(access.policy.events.at(-1)).toBe('offline d1 intake-failed');
    expect(access.policy.notices).toMatchObject([{ kind: 'intake-failed', text: 'An uplink at QoS 1 could not be taken: Error: disk full' }]);
  });

  it.each(['throws', 'rejects'])('at QoS 0 whose taking %s are a notice', async (how) => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    access.policy.take = () => {
      if (how === 'rejects') return Promise.reject(new Error('disk full'));
      throw new Error('disk full');
    };
    client.send(publishPacket('$up', 'x'));
    await access.policy.notice('intake-failed');
    await client.fence();
  });

  it('that resolve or reject after the connection ended change nothing', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    const takers = new Takers();
    access.policy.take = takers.take;
    client.send(publishPacket('$up', 'a', 1, 1), publishPacket('$up', 'b', 1, 2));
    await client.fence();
    client.send({ cmd: 'disconnect' });
    await access.policy.event('offline d1 client-disconnect');
    takers.at(0).resolve();
    takers.at(1).reject(new Error('too late'));
    await client.closed();
    expect(pubacks(client)).toEqual([]);
    expect(access.policy.notices).toEqual([]);
  });

  it('to a forbidden topic are acknowledged in their order and dropped, with a notice', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    const takers = new Takers();
    access.policy.take = takers.take;
    client.send(publishPacket('$up', 'x', 1, 1), publishPacket('$forbidden', 'y', 1, 2), publishPacket('$forbidden', 'z', 0));
    await client.fence();
    expect(pubacks(client)).toEqual([]);
    takers.at(0).resolve();
    await client.fence();
    expect(pubacks(client)).toEqual([1, 2]);
    expect(access.policy.events.slice(1)).toEqual(['up d1 $up x']);
    expect(access.policy.notices.map((notice) => notice.kind)).toEqual(['forbidden-publish', 'forbidden-publish']);
  });

  it('with a payload over the limit of the client close its connection', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send(publishPacket('$up', Buffer.alloc(1_000, 'a')));
    await client.fence();
    client.send(publishPacket('$up', Buffer.alloc(1_001, 'a'), 1));
    await client.closed();
    expect(pubacks(client)).toEqual([]);
    expect(access.policy.events.at(-1)).toBe('offline d1 over-limit');
    expect(access.policy.notices).toMatchObject([{ kind: 'over-limit', text: 'PUBLISH of 1001 bytes to $up; the limit is 1000.' }]);
  });

  it('are not read while too many wait for the platform, and are read again when half of them are taken', async () => {
    await using access = await TestAccess.open({ waitingUplinks: 10 });
    const client = await access.online('d1', { keepalive: 10 });
    const takers = new Takers();
    access.policy.take = takers.take;
    client.send(...Array.from({ length: 11 }, (_, i) => publishPacket('$up', String(i), 1, i + 1)));
    await access.policy.event('up d1 $up 10');
    client.send(publishPacket('$up', 'behind', 1, 12));
    // Another connection shows that the server has had its turn; and nobody is idle who is not listened to.
    const other = await access.online('d2', { keepalive: 0 });
    access.clock.advance(60_000);
    await other.fence();
    expect(takers.count).toBe(11);
    for (let i = 0; i < 6; i++) takers.at(i).resolve();
    await access.policy.event('up d1 $up behind');
    expect(access.server.isOnline('huawei', 'd1')).toBe(true);
  });

  it('are traced with the downlinks, while the platform wants it', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send(publishPacket('$up', 'unseen'));
    await client.fence();
    access.policy.isTracing = true;
    client.send(publishPacket('$up', 'seen', 1), publishPacket('$forbidden', 'too'), subscribePacket({ '$down/1': 1 }));
    await client.fence();
    void access.server.deliver('huawei', 'd1', { topic: '$down/0', payload: 'text', qos: 1 });
    void access.server.deliver('huawei', 'd1', { topic: '$down/1', payload: new Uint8Array([0x62]), qos: 1 });
    await client.fence();
    expect(access.policy.frames).toEqual(['up d1 $up seen 1', 'up d1 $forbidden too 0', 'down d1 $down/0 text 0', 'down d1 $down/1 b 1']);
  });
});
