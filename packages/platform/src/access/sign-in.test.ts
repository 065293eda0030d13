import { describe, expect, it } from 'vitest';
import { publishPacket, TestAccess } from './access.fixtures.ts';
import type { Client } from './port.ts';

describe('signing in', () => {
  it('tells the policy what CONNECT carried, and the platform who is online', async () => {
    await using access = await TestAccess.open();
    const client = access.connect();
    expect(await client.signIn('d1', { password: Buffer.from('geheim ä'), keepalive: 120 })).toMatchObject({ returnCode: 0, sessionPresent: false });
    expect(access.policy.requests).toEqual([
      { version: 4, clientId: 'd1', username: 'huawei', password: 'geheim ä', keepaliveSeconds: 120, peer: `127.0.0.1:${String(client.socket.localPort)}`, proof: { isSecure: false } },
    ]);
    expect(access.server.client('huawei', 'd1')).toMatchObject({ cloud: 'huawei', device: 'd1', version: 4, clientId: 'd1', since: access.clock.now() });
    expect(access.server.isOnline('huawei', 'd1')).toBe(true);
    expect(access.server.isOnline('tencent', 'd1')).toBe(false);
    expect(access.server.connections).toBe(1);
  });

  it('takes MQTT 3.1 with the long client ids that the clouds use', async () => {
    await using access = await TestAccess.open();
    const device = 'd'.repeat(256);
    expect(await access.connect().signIn(device, { protocolId: 'MQIsdp', protocolVersion: 3 })).toMatchObject({ returnCode: 0 });
    expect(access.server.client('huawei', device)?.version).toBe(3);
  });

  it.each([
    ['identifier-rejected', 2],
    ['server-unavailable', 3],
    ['bad-credentials', 4],
    ['not-authorized', 5],
  ])('answers the refusal %s with CONNACK %i, says why in a notice and closes', async (refusal, returnCode) => {
    await using access = await TestAccess.open();
    const client = access.connect();
    expect(await client.signIn('d1', { username: refusal })).toMatchObject({ returnCode, sessionPresent: false });
    await client.closed();
    expect(access.policy.notices).toMatchObject([{ kind: 'connect-refused', text: `CONNECT of "d1" refused: it asked for ${refusal}.` }]);
    expect(access.policy.events).toEqual([]);
  });

  it('refuses a client id longer than 256 characters with CONNACK 2, without asking the policy', async () => {
    await using access = await TestAccess.open();
    const client = access.connect();
    expect(await client.signIn('d'.repeat(257))).toMatchObject({ returnCode: 2 });
    await client.closed();
    expect(access.policy.requests).toEqual([]);
  });

  it.each([0x80, 0x82])('refuses an empty client id with CONNACK 2, without asking the policy (connect flags %i)', async (flags) => {
    await using access = await TestAccess.open();
    const client = access.connect();
    client.send([0x10, 20, 0, 4, ...Buffer.from('MQTT'), 4, flags, 0, 60, 0, 0, 0, 6, ...Buffer.from('huawei')]);
    expect(await client.next()).toMatchObject({ cmd: 'connack', returnCode: 2 });
    await client.closed();
    expect(access.policy.requests).toEqual([]);
  });

  it('answers a protocol level below those it speaks with CONNACK 1 [MQTT-3.1.2-2]', async () => {
    await using access = await TestAccess.open();
    const client = access.connect();
    client.send([0x10, 12, 0, 4, ...Buffer.from('MQTT'), 2, 2, 0, 60, 0, 0]);
    expect(await client.next()).toMatchObject({ cmd: 'connack', returnCode: 1 });
    await client.closed();
  });

  it('answers MQTT 3.1 of a level that does not exist as MQTT 3.1 does, with CONNACK 1', async () => {
    await using access = await TestAccess.open();
    const client = access.connect();
    client.send([0x10, 15, 0, 6, ...Buffer.from('MQIsdp'), 6, 2, 0, 60, 0, 1, 0x70]);
    expect(await client.next()).toMatchObject({ cmd: 'connack', returnCode: 1 });
    await client.closed();
  });

  it('does not look at the flag of CONNECT that MQTT 3.1 does not use (section 3.1)', async () => {
    await using access = await TestAccess.open();
    const client = access.connect();
    const body = [0, 6, ...Buffer.from('MQIsdp'), 3, 0x83, 0, 60, 0, 2, 0x64, 0x31, 0, 6, ...Buffer.from('huawei')];
    client.send([0x10, body.length, ...body]);
    expect(await client.next()).toMatchObject({ cmd: 'connack', returnCode: 0 });
  });

  it('answers CONNACK 3 when the policy itself fails', async () => {
    await using access = await TestAccess.open();
    const client = access.connect();
    expect(await client.signIn('d1', { username: 'fails' })).toMatchObject({ returnCode: 3 });
    expect((await access.policy.notice('server-fault')).text).toContain('out of order');
  });

  it('accepts a will, retain and clean session 0, keeps nothing of them and never says session present', async () => {
    await using access = await TestAccess.open();
    const watcher = await access.online('watcher', { username: 'tencent' });
    watcher.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: 1 }] });
    await watcher.fence();
    const will = { topic: 'last/words', payload: Buffer.from('x'), qos: 2 as const, retain: true };
    const first = await access.online('d1', { username: 'tencent', clean: false, will });
    first.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 1 }] });
    await first.fence();
    first.socket.destroy();
    await access.policy.event('offline d1 connection-lost');
    const second = access.connect();
    expect(await second.signIn('d1', { username: 'tencent', clean: false, will })).toMatchObject({ returnCode: 0, sessionPresent: false });
    second.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 0, dup: false, retain: true });
    await second.fence();
    await watcher.fence();
    expect(second.messages).toEqual([]);
    expect(watcher.messages).toEqual(['a x 0']);
    expect(watcher.received.find((packet) => packet.cmd === 'publish')).toMatchObject({ retain: false });
  });

  it('closes a connection that sends no CONNECT within ten seconds', async () => {
    await using access = await TestAccess.open();
    const silent = access.connect();
    const half = access.connect();
    half.send([0x10, 12, 0, 4]);
    // Both have been accepted when a connection made after them is signed in.
    const late = await access.online('d1');
    access.clock.advance(9_999);
    await late.fence();
    expect(access.policy.notices).toEqual([]);
    access.clock.advance(1_001);
    await silent.closed();
    await half.closed();
    expect(access.policy.notices.map((notice) => notice.text)).toEqual(Array(2).fill('No CONNECT came in time [MQTT-3.1.0-1].'));
    expect(access.server.isOnline('huawei', 'd1')).toBe(true);
  });
});

describe('takeover', () => {
  it('a second sign-in of a device ends the first one, and the platform hears offline before online', async () => {
    await using access = await TestAccess.open();
    const first = await access.online('d1');
    const second = await access.online('d1');
    await first.closed();
    expect(access.policy.events).toEqual(['online d1', 'offline d1 taken-over', 'online d1']);
    expect(access.server.isOnline('huawei', 'd1')).toBe(true);
    expect(access.server.connections).toBe(1);
    await second.fence();
  });

  it('goes by cloud and device: the same name on the other cloud is another device', async () => {
    await using access = await TestAccess.open();
    const first = await access.online('d1');
    const second = await access.online('d1', { username: 'tencent' });
    await first.fence();
    await second.fence();
    expect(access.server.connections).toBe(2);
  });
});

describe('being thrown out', () => {
  it('kick ends the connection and leaves the reason in a notice; without a connection it does nothing', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    access.server.kick('huawei', 'nobody', 'frozen');
    access.server.kick('huawei', 'd1', 'frozen by the console');
    await client.closed();
    expect(access.policy.events).toEqual(['online d1', 'offline d1 kicked']);
    expect(access.policy.notices).toMatchObject([{ kind: 'kicked', client: { device: 'd1' }, text: 'The connection of d1 is ended: frozen by the console' }]);
  });

  it('what was sent to a client before it is thrown out still arrives', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    const receipt = access.server.deliver('huawei', 'd1', { topic: '$down', payload: 'last', qos: 0 });
    access.server.kick('huawei', 'd1', 'enough');
    await client.closed();
    expect(client.messages).toEqual(['$down last 0']);
    await receipt.delivered;
  });

  it('the platform may throw a client out from within onOnline and onUplink', async () => {
    await using access = await TestAccess.open();
    const kick = (client: Client): void => {
      access.server.kick(client.cloud, client.device, 'no');
    };
    access.policy.take = kick;
    const first = await access.online('d1');
    first.send(publishPacket('a', 'x', 1), { cmd: 'pingreq' });
    await first.closed();
    expect(first.cmds).toEqual(['connack']);
    access.policy.hear = kick;
    const second = access.connect();
    await second.signIn('d1');
    await second.closed();
  });

  it('what was sent before still arrives whole, though the uplink in hand can no longer be answered', async () => {
    await using access = await TestAccess.open({ unreadBytes: 50_000_000 });
    const client = await access.online('d1');
    client.socket.pause();
    const receipt = access.server.deliver('huawei', 'd1', { topic: '$down', payload: Buffer.alloc(20_000_000), qos: 0 });
    access.policy.take = () => {
      access.server.kick('huawei', 'd1', 'no');
    };
    client.send(publishPacket('$up', 'x', 1));
    await access.policy.event('offline d1 kicked');
    // The answer would have been written by now.
    await access.online('d2');
    client.socket.resume();
    await client.closed();
    expect(client.cmds).toEqual(['connack', 'publish']);
    await receipt.delivered;
  });

  it('has the whole time to read what was sent before, though its keepalive is nearly over', async () => {
    await using access = await TestAccess.open({ unreadBytes: 50_000_000 });
    const client = await access.online('d1', { keepalive: 2 });
    client.socket.pause();
    const receipt = access.server.deliver('huawei', 'd1', { topic: '$down', payload: Buffer.alloc(20_000_000), qos: 0 });
    access.clock.advance(3_000);
    access.server.kick('huawei', 'd1', 'no');
    access.clock.advance(1_900);
    client.socket.resume();
    await client.closed();
    expect(client.cmds).toEqual(['connack', 'publish']);
    await receipt.delivered;
  });

  it('one that is not being read sees to its end too, so that nothing has to linger', async () => {
    await using access = await TestAccess.open({ waitingUplinks: 0 });
    const client = await access.online('d1');
    access.policy.take = () => new Promise(() => undefined);
    client.send(publishPacket('$up', 'x', 1));
    await access.policy.event('up d1 $up x');
    client.send(publishPacket('$up', 'unread', 1));
    // What was sent before this sign-in has arrived after it.
    await access.online('d2');
    access.server.kick('huawei', 'd1', 'no');
    await client.closed();
    access.server.kick('huawei', 'd2', 'no');
    await access.server.close();
  });

  it('a client that says goodbye is offline with client-disconnect, one that vanishes with connection-lost', async () => {
    await using access = await TestAccess.open();
    const polite = await access.online('d1');
    polite.send({ cmd: 'disconnect' });
    await polite.closed();
    const rude = await access.online('d2');
    rude.socket.resetAndDestroy();
    await access.policy.event('offline d2 connection-lost');
    expect(access.policy.events).toContain('offline d1 client-disconnect');
    expect(access.server.connections).toBe(0);
  });
});

describe('keepalive', () => {
  it('closes after one and a half times the keepalive without a packet', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1', { keepalive: 60 });
    access.clock.advance(80_000);
    await client.fence();
    access.clock.advance(89_000);
    await client.fence();
    expect(access.server.isOnline('huawei', 'd1')).toBe(true);
    access.clock.advance(91_000);
    await client.closed();
    expect(access.policy.events.at(-1)).toBe('offline d1 keepalive-timeout');
  });

  it('keepalive 0 never closes', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1', { keepalive: 0 });
    access.clock.advance(10 * 24 * 3_600_000);
    await client.fence();
    expect(access.clock.timers).toBe(0);
  });

  it('one timer serves all connections', async () => {
    await using access = await TestAccess.open();
    for (let i = 0; i < 20; i++) await access.online(`d${String(i)}`);
    expect(access.clock.timers).toBe(1);
  });
});
