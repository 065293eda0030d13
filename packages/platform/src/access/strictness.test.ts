import { describe, expect, it } from 'vitest';
import { publishPacket, TestAccess } from './access.fixtures.ts';

const CONNECT = [0x10, 22, 0, 4, ...Buffer.from('MQTT'), 4, 0x82, 0, 60, 0, 2, ...Buffer.from('d1'), 0, 6, ...Buffer.from('huawei')];
CONNECT[1] = CONNECT.length - 2;

const BEFORE_CONNECT: Record<string, [bytes: number[], clause: string]> = {
  'a first packet that is not CONNECT': [[0xc0, 0], 'MQTT-3.1.0-1'],
  'a request of HTTP': [[...Buffer.from('GET / HTTP/1.1\r\n')], 'MQTT-3.1.0-1'],
  'a CONNECT with the reserved flag': [CONNECT.with(9, 0x83), 'MQTT-3.1.2-3'],
  'a CONNECT with a will QoS but no will': [CONNECT.with(9, 0x8a), 'MQTT-3.1.2-11'],
  'a CONNECT with a password but no user name': [[0x10, 16, ...CONNECT.slice(2, 9), 0x42, 0, 60, 0, 2, 0x64, 0x31, 0, 0], 'MQTT-3.1.2-22'],
  'a CONNECT with reserved bits in its header': [CONNECT.with(0, 0x11), 'MQTT-2.2.2-1'],
  'a protocol name that is not one': [CONNECT.with(4, 0x58), 'MQTT-3.1.2-1'],
  'a client id with U+0000': [CONNECT.with(14, 0), 'MQTT-1.5.3-2'],
  'a user name that is not UTF-8': [CONNECT.with(20, 0xff), 'MQTT-1.5.3-1'],
  'a remaining length of five bytes': [[0x10, 0xff, 0xff, 0xff, 0xff, 1], 'section 2.2.3'],
};

const AFTER_CONNECT: Record<string, [bytes: number[], clause: string]> = {
  'a second CONNECT': [CONNECT, 'MQTT-3.1.0-2'],
  'U+0000 in a topic': [[0x30, 5, 0, 3, 0x61, 0, 0x62], 'MQTT-1.5.3-2'],
  'a control character in a topic': [[0x30, 5, 0, 3, 0x61, 7, 0x62], 'section 1.5.3'],
  'a wildcard in a topic': [[0x30, 3, 0, 1, 0x23], 'MQTT-3.3.2-2'],
  'an empty topic': [[0x30, 2, 0, 0], 'MQTT-4.7.3-1'],
  'a topic that runs past the packet': [[0x30, 3, 0, 9, 0x61], 'MQTT-4.8.0-1'],
  'QoS 3': [[0x36, 5, 0, 1, 0x61, 0, 1], 'MQTT-3.3.1-4'],
  'DUP at QoS 0': [[0x38, 3, 0, 1, 0x61], 'MQTT-3.3.1-2'],
  'packet id 0': [[0x32, 5, 0, 1, 0x61, 0, 0], 'MQTT-2.3.1-1'],
  'SUBSCRIBE with wrong flags': [[0x80, 6, 0, 1, 0, 1, 0x61, 0], 'MQTT-2.2.2-1'],
  'SUBSCRIBE without a filter': [[0x82, 2, 0, 1], 'MQTT-3.8.3-3'],
  'reserved bits in the options of SUBSCRIBE': [[0x82, 6, 0, 1, 0, 1, 0x61, 4], 'MQTT-3-8.3-4'],
  'a filter with # in the middle': [[0x82, 8, 0, 1, 0, 3, 0x23, 0x2f, 0x61, 0], 'MQTT-4.7.1-2'],
  'PINGREQ with a body': [[0xc0, 1, 0], 'MQTT-4.8.0-1'],
  'a reserved packet type': [[0xf0, 0], 'section 2.2.1'],
  'PUBREL, which belongs to QoS 2': [[0x62, 2, 0, 1], 'MQTT-4.8.0-1'],
  'CONNACK, which only servers send': [[0x20, 2, 0, 0], 'MQTT-4.8.0-1'],
};

describe('strictness', () => {
  it.each(Object.entries(BEFORE_CONNECT))('%s closes the connection, and only that one, citing the clause', async (_what, [bytes, clause]) => {
    await using access = await TestAccess.open();
    const other = await access.online('other');
    const client = access.connect();
    client.send(bytes);
    await client.closed();
    expect(client.received).toEqual([]);
    expect(access.policy.notices).toMatchObject([{ kind: 'protocol-error', peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string }]);
    expect(access.policy.notices[0]?.text).toContain(`[${clause}]`);
    expect(access.policy.events).toEqual(['online other']);
    await other.fence();
  });

  it.each(Object.entries(AFTER_CONNECT))('%s closes the connection, and only that one, citing the clause', async (_what, [bytes, clause]) => {
    await using access = await TestAccess.open();
    const other = await access.online('other');
    const client = await access.online('d1');
    client.send(bytes, { cmd: 'pingreq' });
    await client.closed();
    expect(client.cmds).toEqual(['connack']);
    expect(access.policy.notices).toMatchObject([{ kind: 'protocol-error', client: { device: 'd1' } }]);
    expect(access.policy.notices[0]?.text).toContain(`[${clause}]`);
    expect(access.policy.events).toEqual(['online other', 'online d1', 'offline d1 protocol-error']);
    await other.fence();
  });

  it('a PUBLISH at QoS 2 closes the connection and reaches nobody', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send(publishPacket('a', 'x', 2));
    await client.closed();
    expect(access.policy.events).toEqual(['online d1', 'offline d1 protocol-error']);
    expect(access.policy.notices[0]?.text).toContain('QoS 2');
  });

  it('nothing behind a packet that ends the connection is read', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send({ cmd: 'disconnect' }, publishPacket('a', 'x'));
    await client.closed();
    expect(access.policy.events).toEqual(['online d1', 'offline d1 client-disconnect']);
  });

  it('packets may come in pieces of one byte, and many in one piece', async () => {
    await using access = await TestAccess.open();
    const client = access.connect();
    for (const byte of CONNECT) client.socket.write(Buffer.from([byte]));
    expect(await client.next()).toMatchObject({ cmd: 'connack', returnCode: 0 });
    client.send(...Array.from({ length: 50 }, (_, i) => publishPacket('a', String(i))));
    await client.fence();
    expect(access.policy.events.slice(1)).toEqual(Array.from({ length: 50 }, (_, i) => `up d1 a ${String(i)}`));
  });

  it('a CONNECT has a limit of its own, so that nobody unknown makes the server hold much', async () => {
    await using access = await TestAccess.open({ maxPacketBytes: 10_000, maxConnectBytes: 200 });
    const stranger = access.connect();
    stranger.send([0x10, 0xff, 0x01]);
    await stranger.closed();
    expect(access.policy.notices).toMatchObject([{ kind: 'over-limit', text: expect.stringContaining('200') as string }]);
    const client = await access.online('d1');
    client.send(publishPacket('a', 'x'.repeat(900)));
    await client.fence();
    expect(access.policy.events).toEqual(['online d1', `up d1 a ${'x'.repeat(900)}`]);
  });

  it('what a client is told of again and again goes into the log a hundred times, and no more of a text than a line holds', async () => {
    await using access = await TestAccess.open();
    const client = await access.online('d1');
    client.send(publishPacket(`forbidden/${'x'.repeat(5_000)}`, '1'));
    for (let i = 0; i < 150; i++) client.send(publishPacket('forbidden/a', '1'));
    await client.fence();
    expect(access.policy.notices).toHaveLength(101);
    expect(access.policy.notices[0]?.text).toMatch(/^PUBLISH to forbidden\/x+ \.\.\. \(50\d\d characters\)$/);
    expect(access.policy.notices[100]?.text).toContain('No more notices');
    access.clock.advance(10_000);
    client.send(publishPacket('forbidden/b', '1'));
    await client.fence();
    expect(access.policy.notices[101]).toMatchObject({ kind: 'forbidden-publish', text: expect.stringContaining('(51 notices of this connection were left out before it.)') as string });
  });

  it('a packet larger than the server takes closes the connection when its header has come', async () => {
    await using access = await TestAccess.open({ maxPacketBytes: 1_000 });
    const client = await access.online('d1');
    client.send([0x30, 0xff, 0x7f]);
    await client.closed();
    expect(access.policy.notices).toMatchObject([{ kind: 'over-limit' }]);
    expect(access.policy.events.at(-1)).toBe('offline d1 over-limit');
  });
});
