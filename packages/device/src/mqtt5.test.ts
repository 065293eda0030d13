import type { huawei, Receipt } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { Device, DeviceOptions } from './index.ts';
import { ScriptedServer, type Script } from './testing/scripted-server.ts';
import { huaweiDevice, listenTo, outcomeOf, turns, until, type Log } from './testing/support.ts';

const open: (AsyncDisposable | { close(): Promise<unknown> })[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await ('close' in each ? each.close() : each[Symbol.asyncDispose]());
});

interface Setup {
  readonly clock: FakeClock;
  readonly server: ScriptedServer;
  readonly device: Device<typeof huawei>;
  readonly log: Log;
}

async function setup(script: Script = {}, options: Partial<DeviceOptions<typeof huawei>> = {}): Promise<Setup> {
  const clock = new FakeClock();
  const server = await ScriptedServer.listen(clock, script);
  const device = huaweiDevice({ url: server.url, clock }, { mqttVersion: 5, ...options });
  open.push(device, server);
  return { clock, server, device, log: listenTo(device) };
}

async function online(script?: Script, options?: Partial<DeviceOptions<typeof huawei>>): Promise<Setup> {
  const all = await setup(script, options);
  await all.device.connect();
  return all;
}

const group = { service: 's', values: { x: 1 } };

describe('a device with mqttVersion 5', () => {
  it('signs in with MQTT 5, says what it takes, and is online', async () => {
    const { server } = await online();
    expect(server.last.connected).toMatchObject({ version: 5, clean: true, properties: { topicAliasMaximum: 32, maximumPacketSize: expect.any(Number) } });
    expect(server.faults).toEqual([]);
  });

  it('speaks 3.1.1 when nothing is said, and refuses other versions', async () => {
    const { server } = await online({}, { mqttVersion: 4 });
    expect(server.last.connected?.version).toBe(4);
    const clock = new FakeClock();
    expect(() => huaweiDevice({ url: 'mqtt://h', clock }, { mqttVersion: 3 as never })).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining('mqttVersion is 3') }));
  });

  it.each([
    [0x84, 'network', 'closed', 'leave mqttVersion out'],
    [0x86, 'bad-credentials', 'closed', '0x86 bad user name or password'],
    [0x87, 'bad-credentials', 'closed', 'unknown, disabled'],
    [0x8a, 'bad-credentials', 'closed', 'banned'],
    [0x88, 'server-shutdown', 'waiting', '0x88 server unavailable'],
    [0x89, 'server-shutdown', 'waiting', 'busy'],
    [0x97, 'quota', 'waiting', 'quota'],
    [0x9f, 'quota', 'waiting', 'too often'],
    [0x82, 'network', 'waiting', '0x82 protocol error'],
  ] as const)('tells what CONNACK %i means', async (connack, reason, at, words) => {
    const { device, log } = await setup({ connack, connackProperties: { reasonString: 'because of the test' } });
    device.connect().catch(() => undefined);
    await until(() => log.offline.length > 0, 'the refusal');
    expect(log.offline[0]).toMatchObject({ reason, error: { code: reason, place: { number: connack }, message: expect.stringContaining(words) } });
    expect(log.offline[0]?.error.message).toContain('because of the test');
    expect(device.state.at).toBe(at);
  });

  it.each([
    [0x8b, 'server-shutdown'],
    [0x8e, 'kicked'],
    [0x98, 'kicked'],
    [0x8d, 'keepalive'],
    [0x97, 'quota'],
    [0x9d, 'server-shutdown'],
    [0x82, 'network'],
  ] as const)('tells what a goodbye with reason %i means', async (reasonCode, reason) => {
    const { server, log } = await online();
    server.last.packet({ type: 'disconnect', reasonCode, properties: { reasonString: 'that is why', serverReference: 'other.example' } });
    await until(() => log.offline.length > 0, 'the end');
    expect(log.offline[0]).toMatchObject({ reason, error: { code: reason, place: { number: reasonCode } } });
    expect(log.offline[0]?.error.message).toMatch(/that is why; other\.example/);
  });

  it('does not take a server that says why for another client with its name', async () => {
    const { server, clock, device, log } = await online({}, { maxBackoffMs: 1000 });
    for (let times = 0; times < 4; times++) {
      server.last.packet({ type: 'disconnect', reasonCode: 0x97 });
      await until(() => log.offline.length === times + 1, 'the end');
      clock.advance(1000);
      await until(() => device.isOnline, 'the next connection');
    }
    expect(log.offline.map(({ reason }) => reason)).toEqual(['quota', 'quota', 'quota', 'quota']);
  });

  it.each([
    [0x95, 'the packet is too large'],
    [0x99, 'the payload is in the wrong format'],
    [0x83, 'the server cannot take it'],
  ])('gives up a message over which the server says goodbye with reason %i every time (%s), so that the others go on', async (reasonCode) => {
    const { clock, device, log } = await setup({ endOn: ({ text }) => (text === 'poison' ? reasonCode : undefined) }, { maxBackoffMs: 1000 });
    const [before, poison, after] = ['before', 'poison', 'after'].map((text) => device.topics.publish('t', text)) as [Receipt, Receipt, Receipt];
    let isSettled = false;
    void after.delivered.then(() => (isSettled = true));
    device.connect().catch(() => undefined);
    for (let ends = 1; !isSettled && ends < 20; ends++) {
      await until(() => log.offline.length === ends || isSettled, 'the next goodbye');
      clock.advance(1000);
    }
    await Promise.all([before.delivered, after.delivered]);
    await expect(poison.delivered).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('5 times') });
    // Each end has the server's own reason, and none is blamed on another client.
    expect(new Set(log.offline.map(({ error }) => error.place.number))).toEqual(new Set([reasonCode]));
    expect(log.offline.map(({ reason }) => reason)).not.toContain('kicked');
    expect(device.isOnline).toBe(true);
  });

  it('goes on with a message that was on its way when the server said goodbye for reasons of its own', async () => {
    let count = 0;
    const { clock, device, log } = await setup({ endOn: ({ text }) => (text === 'innocent' && ++count <= 8 ? 0x8b : undefined) }, { maxBackoffMs: 1000 });
    const [innocent, after] = ['innocent', 'after'].map((text) => device.topics.publish('t', text)) as [Receipt, Receipt];
    device.connect().catch(() => undefined);
    for (let ends = 1; ends <= 8; ends++) {
      await until(() => log.offline.length === ends, 'the next goodbye');
      clock.advance(1000);
    }
    await Promise.all([innocent.delivered, after.delivered]);
    expect(count).toBe(9);
    expect(log.offline.map(({ reason }) => reason)).toEqual(Array.from({ length: 8 }, () => 'server-shutdown'));
  });

  it('fails the receipt of what PUBACK refuses, by its reason, and not of what nobody subscribed', async () => {
    const { device } = await online({ puback: ({ text }) => ({ no: [0x87, 'not yours'] as const, full: [0x97] as const, odd: [0x83] as const, alone: [0x10] as const })[text] ?? [0] });
    const publish = (text: string): Promise<void> => device.topics.publish('t', text).delivered;
    await expect(publish('no')).rejects.toMatchObject({ code: 'not-permitted', place: { topic: 't', number: 0x87 }, message: expect.stringContaining('0x87 not authorized: not yours') });
    await expect(publish('full')).rejects.toMatchObject({ code: 'quota' });
    await expect(publish('odd')).rejects.toMatchObject({ code: 'refused' });
    await publish('alone');
    await publish('yes');
    expect(device.pending.count).toBe(0);
  });

  it('keeps to the Receive Maximum of the server, whatever its own window', async () => {
    const { server, device } = await online({ connackProperties: { receiveMaximum: 2 }, pubacks: false });
    for (let at = 0; at < 5; at++) device.topics.publish('t', String(at));
    await until(() => server.published.length === 2, 'two messages');
    await turns(50);
    expect(server.published.map(({ text }) => text)).toEqual(['0', '1']);
    server.last.packet({ type: 'puback', packetId: server.published[0]?.packetId ?? 0, reasonCode: 0 });
    await until(() => server.published.length === 3, 'the third');
    await turns(50);
    expect(server.published).toHaveLength(3);
  });

  it('refuses what is larger than the server takes, and goes on', async () => {
    const { server, device } = await online({ connackProperties: { maximumPacketSize: 100 } });
    await expect(device.topics.publish('t', 'x'.repeat(100)).delivered).rejects.toMatchObject({ code: 'too-large', message: expect.stringContaining('takes 100') });
    await device.topics.publish('t', 'x'.repeat(80)).delivered;
    expect(server.published).toHaveLength(1);
  });

  it('gives aliases to topics as far as the server takes them, anew on each connection', async () => {
    const { server, clock, device } = await online({ connackProperties: { topicAliasMaximum: 1 } }, { maxBackoffMs: 1000 });
    const topicsOf = (connection: number): unknown[] => server.published.filter((each) => each.connection === connection).map(({ topic, properties }) => [topic, properties?.topicAlias]);
    for (let at = 0; at < 3; at++) await device.properties.report(group).delivered;
    const topic = '$oc/devices/prod1_dev1/sys/properties/report';
    expect(topicsOf(0)).toEqual([[topic, undefined], [topic, 1], ['', 1]]);
    server.last.close();
    await until(() => !device.isOnline, 'the end');
    clock.advance(1000);
    await until(() => device.isOnline, 'the next connection');
    await device.properties.report(group).delivered;
    expect(topicsOf(1)).toEqual([[topic, undefined]]);
    expect(server.faults).toEqual([]);
  });

  it('knows the aliases of the server, and ends a connection on one that stands for nothing', async () => {
    const { server, device, log } = await online();
    const got: string[] = [];
    device.topics.subscribe('t', ({ topic, payload }) => void got.push(`${topic} ${payload.toString()}`));
    server.last.send('t', 'one', { properties: { topicAlias: 5 } });
    server.last.send('', 'two', { properties: { topicAlias: 5 } });
    await until(() => got.length === 2, 'two messages');
    expect(got).toEqual(['t one', 't two']);
    server.last.send('', 'three', { properties: { topicAlias: 6 } });
    await until(() => log.offline.length > 0, 'the end');
    expect(log.offline[0]).toMatchObject({ error: { code: 'protocol-violation', message: expect.stringContaining('MQTT-3.3.2-9') } });
  });

  it('sends and hands out properties beside messages and topics', async () => {
    const { server, device } = await online();
    const properties = { userProperties: [['a', '1'], ['a', '2']], contentType: 'text/plain', responseTopic: 'answers', correlationData: Uint8Array.of(0, 255), payloadFormatIndicator: true } as const;
    const expiring = { ...properties, expirySeconds: 60 };
    await device.topics.publish('t', 'x', { properties: expiring }).delivered;
    await device.messages.send({ content: 'hello' }, { properties: expiring }).delivered;
    for (const published of server.published) expect(published.properties).toEqual({ ...properties, correlationData: Buffer.from([0, 255]), messageExpiryInterval: 60 });
    const messages: unknown[] = [];
    device.messages.onMessage(({ properties: told }) => void messages.push(told));
    device.topics.subscribe('t', ({ properties: told }) => void messages.push(told));
    server.last.send('$oc/devices/prod1_dev1/sys/messages/down', { content: 'hi' }, { properties: { userProperties: [['b', '3']] } });
    server.last.send('t', 'x', { properties: { contentType: 'c', messageExpiryInterval: 5 } });
    server.last.send('t', 'y', {});
    await until(() => messages.length === 3, 'three messages');
    expect(messages).toEqual([{ userProperties: [['b', '3']] }, { contentType: 'c', expirySeconds: 5 }, undefined]);
  });

  it.each([
    [{ userProperties: [['a', 1]] }, 'properties.userProperties'],
    [{ userProperty: [] }, 'properties.userProperty is unknown'],
    [{ responseTopic: 'a/#' }, 'properties.responseTopic'],
    [{ correlationData: 'text' }, 'properties.correlationData'],
    [{ expirySeconds: 1.5 }, 'properties.expirySeconds'],
    ['text', 'properties is no object'],
  ])('refuses %j beside a message, and names it', async (properties, words) => {
    const { device, log } = await setup();
    for (const receipt of [device.topics.publish('t', 'x', { properties: properties as never }), device.messages.send({ content: 1 }, { properties: properties as never })]) {
      await expect(receipt.stored).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining(words) });
    }
    expect(log.problems).toHaveLength(2);
  });

  it('refuses properties where MQTT 3.1.1 has no place for them, and says what to do', async () => {
    const { device } = await online({}, { mqttVersion: 4 });
    expect(await outcomeOf(device.topics.publish('t', 'x', { properties: { contentType: 'c' } }).stored)).toMatchObject({ code: 'unsupported', message: expect.stringContaining('mqttVersion: 5') });
  });

  it('keeps the connection alive as often as the server says', async () => {
    const { server, clock } = await online({ connackProperties: { serverKeepAlive: 40 } }, { keepaliveSeconds: 1000 });
    clock.advance(20_000);
    await until(() => server.last.pingCount === 1, 'a ping');
  });

  it('says that a server does not speak MQTT 5 when it answers in another form, and that one without QoS 1 is of no use', async () => {
    const { server, device, log } = await setup({ connack: 'never' });
    device.connect().catch(() => undefined);
    await until(() => server.connections[0]?.connected !== undefined, 'CONNECT');
    server.last.raw(Buffer.from([0x20, 2, 0, 1]));
    await until(() => log.offline.length > 0, 'the end');
    expect(log.offline[0]?.error).toMatchObject({ code: 'protocol-violation', message: expect.stringContaining('leave mqttVersion out') });
    const without = await setup({ connackProperties: { maximumQos: 0 } });
    await expect(without.device.connect()).rejects.toMatchObject({ code: 'unsupported', message: expect.stringContaining('QoS 0 only') });
  });

  it('takes a DISCONNECT of the server for a fault before MQTT 5', async () => {
    const { server, log } = await online({}, { mqttVersion: 4 });
    server.last.raw(Buffer.from([0xe0, 0]));
    await until(() => log.offline.length > 0, 'the end');
    expect(log.offline[0]?.error).toMatchObject({ code: 'protocol-violation' });
  });
});
