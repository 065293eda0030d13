import { describe, expect, it } from 'vitest';
import { connectPacket, publishPacket, TestAccess, type RawClient } from './access.fixtures.ts';

const pub = (topic: string, text: string, more: object = {}) => ({ ...publishPacket(topic, text), ...more });
const pub1 = (topic: string, text: string, messageId: number, more: object = {}) => ({ ...publishPacket(topic, text, 1, messageId), ...more });

/** The DISCONNECT that the server sent before it closed. */
async function goodbye(client: RawClient): Promise<unknown> {
  await client.closed();
  return client.received.at(-1);
}

describe('an MQTT 5 client', () => {
  it('is told what this server does and does not', async () => {
    await using access = await TestAccess.open({ waitingUplinks: 7, maxPacketBytes: 5000 });
    const client = access.connect(5);
    expect(await client.signIn('d1')).toMatchObject({
      reasonCode: 0,
      sessionPresent: false,
      properties: { maximumQoS: 1, retainAvailable: false, receiveMaximum: 7, maximumPacketSize: 5000, topicAliasMaximum: 32, subscriptionIdentifiersAvailable: false, sharedSubscriptionAvailable: false },
    });
    expect(access.server.client('huawei', 'd1')).toMatchObject({ version: 5 });
    const other = access.connect(5);
    expect(await other.signIn('d2', { properties: { sessionExpiryInterval: 3600 } })).toMatchObject({ properties: { sessionExpiryInterval: 0 } });
  });

  it.each([
    ['bad-credentials', 0x86],
    ['not-authorized', 0x87],
    ['identifier-rejected', 0x85],
    ['server-unavailable', 0x88],
    ['fails', 0x88],
  ])('is refused with the reason code of %s, and in words if it wants them', async (username, reasonCode) => {
    await using access = await TestAccess.open();
    const client = access.connect(5);
    expect(await client.signIn('d1', { username })).toMatchObject({ reasonCode, properties: { reasonString: expect.stringMatching(/asked for|out of order/) } });
    await client.closed();
    const quiet = access.connect(5);
    const answer = await quiet.signIn('d1', { username, properties: { requestProblemInformation: false } });
    expect(answer.reasonCode).toBe(reasonCode);
    expect(answer.properties?.reasonString).toBeUndefined();
  });

  it('is refused when it wants another authentication', async () => {
    await using access = await TestAccess.open();
    expect(await access.connect(5).signIn('d1', { properties: { authenticationMethod: 'SCRAM-SHA-1' } })).toMatchObject({ reasonCode: 0x8c });
  });

  it.each([
    ['a reserved bit in its flags', [0x83], [0], 0x81],
    ['a user name that is announced and missing', [0x82], [0], 0x81],
    ['a property twice', [0x02], [10, 0x11, 0, 0, 0, 1, 0x11, 0, 0, 0, 1], 0x82],
    ['a property of another packet', [0x02], [2, 0x01, 1], 0x81],
    ['Receive Maximum 0', [0x02], [3, 0x21, 0, 0], 0x82],
    ['data for an authentication without a method', [0x02], [4, 0x16, 0, 1, 0x61], 0x82],
  ])('is told what is wrong with its CONNECT: %s (section 4.13.1)', async (_what, flags, properties, reasonCode) => {
    await using access = await TestAccess.open();
    const client = access.connect(5);
    const body = [0, 4, ...Buffer.from('MQTT'), 5, ...flags, 0, 60, ...properties, 0, 2, 0x64, 0x31];
    client.send([0x10, body.length, ...body]);
    expect(await client.next()).toMatchObject({ cmd: 'connack', reasonCode, sessionPresent: false, properties: { reasonString: expect.stringMatching(/^CONNECT: .+ at offset \d+ .+\]$/) } });
    await client.closed();
    expect(access.policy.notices).toMatchObject([{ kind: 'connect-refused' }]);
    expect(access.policy.requests).toEqual([]);
  });

  it('is refused in its own words for a client id with a control character, and when it speaks a later version', async () => {
    await using access = await TestAccess.open();
    const control = access.connect(5);
    control.send([0x10, 16, 0, 4, ...Buffer.from('MQTT'), 5, 2, 0, 60, 0, 0, 3, 0x64, 7, 0x31]);
    expect(await control.next()).toMatchObject({ cmd: 'connack', reasonCode: 0x85 });
    await control.closed();
    const later = access.connect(5);
    later.send([0x10, 12, 0, 4, ...Buffer.from('MQTT'), 6, 2, 0, 60, 0, 0]);
    expect(await later.next()).toMatchObject({ cmd: 'connack', reasonCode: 0x84 });
    await later.closed();
  });

  it.each([
    ['at QoS 2', { qos: 2, retain: false }, 0x9b],
    ['to be retained', { qos: 1, retain: true }, 0x9a],
    ['that could be published', { qos: 1, retain: false }, 0],
  ] as const)('with a will %s gets the reason code %i of the standard [MQTT-3.2.2-12] [MQTT-3.2.2-13]', async (_what, more, reasonCode) => {
    await using access = await TestAccess.open();
    const client = access.connect(5);
    expect(await client.signIn('d1', { will: { topic: 'last/words', payload: Buffer.from('x'), ...more } })).toMatchObject({ reasonCode });
    expect(access.server.isOnline('huawei', 'd1')).toBe(reasonCode === 0);
  });

  it('is told that nothing is retained when it wants that, and the message reaches nobody [MQTT-3.2.2-14]', async () => {
    await using access = await TestAccess.open();
    const client = await access.online5('d1');
    client.send(pub('$up', 'x', { retain: true }));
    expect(await goodbye(client)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x9a });
    expect(access.policy.events).toEqual(['online d1', 'offline d1 protocol-error']);
    expect(access.policy.notices).toMatchObject([{ kind: 'protocol-error', text: expect.stringContaining('$up') }]);
  });

  it('is sent nothing larger than it takes: no reason in words, no alias, no message, no CONNACK [MQTT-3.1.2-24]', async () => {
    await using access = await TestAccess.open();
    const tiny = access.connect(5);
    tiny.send(connectPacket('tiny', { protocolVersion: 5, properties: { maximumPacketSize: 20 } }));
    await tiny.closed();
    expect(tiny.received).toEqual([]);
    expect(access.policy.notices).toMatchObject([{ kind: 'over-limit', text: expect.stringContaining('20 bytes') }]);
    expect(access.policy.events).toEqual([]);

    const client = await access.online5('d1', { properties: { maximumPacketSize: 40, topicAliasMaximum: 5 } });
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'free', qos: 1, nl: false, rap: false, rh: 0 }] } as never);
    await client.next();
    // 2 of header, 2 + 4 of topic, 2 of packet id, 1 of properties: 29 are left.
    const [fits, tooLarge] = ['x'.repeat(29), 'x'.repeat(30)];
    const other = await access.online('d2');
    for (const [index, text] of [fits, tooLarge, fits, 'short', 'short'].entries()) other.send(publishPacket('free', text, 1, index + 1));
    await other.fence();
    await client.fence();
    expect(client.received.flatMap((packet) => (packet.cmd === 'publish' ? [`${packet.topic} ${packet.payload.length} ${String(packet.properties?.topicAlias)}`] : []))).toEqual(['free 29 undefined', 'free 29 undefined', 'free 5 1', ' 5 1']);
    expect((await access.policy.notice('undelivered')).text).toContain('40 bytes');
    access.server.kick('huawei', 'd1', 'for the test, with a reason that is longer than the client takes');
    client.send(pub('$up', 'x', { retain: true }));
    expect(await goodbye(client)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x98 });
  });

  it('is told why its connection ends', async () => {
    await using access = await TestAccess.open({ waitingUplinks: 2 });
    const first = await access.online5('d1');
    await access.online5('d1');
    expect(await goodbye(first)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x8e });

    const kicked = await access.online5('d2');
    access.server.kick('huawei', 'd2', 'for the test');
    expect(await goodbye(kicked)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x98 });

    const twice = await access.online5('d3');
    twice.send(publishPacket('$up', 'x', 2));
    expect(await goodbye(twice)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x9b, properties: { reasonString: expect.stringContaining('QoS 2') } });

    const large = await access.online5('d4');
    large.send(pub('$up', 'x'.repeat(1001)));
    expect(await goodbye(large)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x95 });

    const alias = await access.online5('d5');
    alias.send(pub('$up', 'x', { properties: { topicAlias: 33 } }));
    expect(await goodbye(alias)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x94 });

    const malformed = await access.online5('d6');
    malformed.send([0xf1, 0]);
    expect(await goodbye(malformed)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x81, properties: { reasonString: expect.stringContaining('MQTT-') } });

    const silent = await access.online5('d7', { keepalive: 10 });
    access.clock.advance(20_000);
    expect(await goodbye(silent)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x8d });

    access.policy.take = () => new Promise(() => undefined);
    const hasty = await access.online5('d8');
    hasty.send(pub1('$up', 'a', 1), pub1('$up', 'b', 2), pub1('$up', 'c', 3));
    expect(await goodbye(hasty)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x93 });

    const last = await access.online5('d9');
    await access.server.close();
    expect(await goodbye(last)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x8b });
  });

  it('cannot turn to a session that outlives the connection when it says goodbye (section 3.14.2.2.2)', async () => {
    await using access = await TestAccess.open();
    for (const [device, asked, said, ends] of [['d1', 0, 60, 'protocol-error'], ['d2', 60, 60, 'client-disconnect'], ['d3', 0, 0, 'client-disconnect']] as const) {
      const client = await access.online5(device, { properties: { sessionExpiryInterval: asked } });
      client.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: said } });
      await client.closed();
      expect(client.received.slice(1)).toMatchObject(ends === 'protocol-error' ? [{ cmd: 'disconnect', reasonCode: 0x82, properties: { reasonString: expect.stringContaining('3.14.2.2.2') } }] : []);
      expect(access.policy.events.at(-1)).toBe(`offline ${device} ${ends}`);
    }
  });

  it('is disconnected with 0x95 where the answer to its SUBSCRIBE or UNSUBSCRIBE is larger than it takes [MQTT-3.1.2-24]', async () => {
    await using access = await TestAccess.open();
    access.policy.maxSubscriptions = 100;
    const topics = Array.from({ length: 60 }, (_, index) => `t${index}`);
    for (const [device, packet] of [
      ['d1', { cmd: 'subscribe', messageId: 1, subscriptions: topics.map((topic) => ({ topic, qos: 0, nl: false, rap: false, rh: 0 })) }],
      ['d2', { cmd: 'unsubscribe', messageId: 1, unsubscriptions: topics }],
    ] as const) {
      const client = await access.online5(device, { properties: { maximumPacketSize: 60 } });
      client.send(packet as never);
      expect(await goodbye(client)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x95 });
      expect(client.cmds).toEqual(['connack', 'disconnect']);
    }
    expect(access.policy.notices).toMatchObject([{ kind: 'over-limit', text: expect.stringContaining('MQTT-3.1.2-24') }, { kind: 'over-limit' }]);
  });

  it('hears no goodbye when it says its own, nor before it is signed in', async () => {
    await using access = await TestAccess.open();
    const polite = await access.online5('d1');
    polite.send({ cmd: 'disconnect', reasonCode: 0 });
    await polite.closed();
    expect(polite.cmds).toEqual(['connack']);
    const early = access.connect(5);
    early.send(pub('$up', 'x'));
    await early.closed();
    expect(early.cmds).toEqual([]);
  });

  it('has topics by alias, each connection its own', async () => {
    await using access = await TestAccess.open();
    const client = await access.online5('d1');
    client.send(pub('$a', '1', { properties: { topicAlias: 1 } }), pub('', '2', { properties: { topicAlias: 1 } }), pub('$b', '3', { properties: { topicAlias: 1 } }), pub('', '4', { properties: { topicAlias: 1 } }));
    await client.fence();
    expect(access.policy.events.filter((event) => event.startsWith('up'))).toEqual(['up d1 $a 1', 'up d1 $a 2', 'up d1 $b 3', 'up d1 $b 4']);
    const other = await access.online5('d2');
    other.send(pub('', '5', { properties: { topicAlias: 1 } }));
    expect(await goodbye(other)).toMatchObject({ reasonCode: 0x94 });
  });

  it('is sent topics by alias as far as it takes them, from the second use', async () => {
    await using access = await TestAccess.open();
    const client = await access.online5('d1', { properties: { topicAliasMaximum: 1 } });
    for (const [topic, payload] of [['$down', '1'], ['$down', '2'], ['$down', '3'], ['$other', '4'], ['$other', '5']] as const) access.server.deliver('huawei', 'd1', { topic, payload, qos: 0 });
    await client.fence();
    const sent = client.received.flatMap((packet) => (packet.cmd === 'publish' ? [[packet.topic, packet.properties?.topicAlias]] : []));
    expect(sent).toEqual([['$down', undefined], ['$down', 1], ['', 1], ['$other', undefined], ['$other', undefined]]);
  });

  it('has its PUBACK say what it may not publish, and that nothing came of it', async () => {
    await using access = await TestAccess.open();
    const client = await access.online5('d1');
    client.send(pub1('$forbidden', 'x', 5), pub1('$up', 'x', 6));
    expect(await client.next()).toMatchObject({ cmd: 'puback', messageId: 5, reasonCode: 0x87 });
    expect(await client.next()).toMatchObject({ cmd: 'puback', messageId: 6, reasonCode: 0 });
    expect(access.policy.events.filter((event) => event.startsWith('up'))).toEqual(['up d1 $up x']);
  });

  it('is told for each filter what became of it', async () => {
    await using access = await TestAccess.open();
    access.policy.maxSubscriptions = 2;
    const client = await access.online5('d1');
    const filter = (topic: string) => ({ topic, qos: 1 as const, nl: false, rap: false, rh: 0 });
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [filter('a'), filter('forbidden/#'), filter('$share/g/a'), filter('b'), filter('c')] });
    expect(await client.next()).toMatchObject({ cmd: 'suback', granted: [1, 0x87, 0x9e, 1, 0x97] });
    client.send({ cmd: 'subscribe', messageId: 2, subscriptions: [filter('a')], properties: { subscriptionIdentifier: 7 } });
    expect(await client.next()).toMatchObject({ cmd: 'suback', granted: [0xa1] });
    client.send({ cmd: 'unsubscribe', messageId: 3, unsubscriptions: ['a', 'never'] });
    expect(await client.next()).toMatchObject({ cmd: 'unsuback', granted: [0, 0x11] });
  });

  it('does not get its own messages where it does not want them', async () => {
    await using access = await TestAccess.open();
    const [one, two] = [await access.online5('d1'), await access.online5('d2')];
    for (const [client, nl] of [[one, true], [two, false]] as const) {
      client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'free', qos: 0, nl, rap: false, rh: 0 }] });
      await client.next();
    }
    one.send(pub('free', 'from one'));
    two.send(pub('free', 'from two'));
    await one.fence();
    await two.fence();
    await one.fence();
    expect([one.messages, two.messages]).toEqual([['free from two 0'], ['free from one 0', 'free from two 0']]);
  });

  it('passes properties on to whoever gets the message, and keeps what belongs to its own connection', async () => {
    await using access = await TestAccess.open();
    const [one, two, old] = [await access.online5('d1'), await access.online5('d2'), await access.online('d3')];
    for (const client of [two, old]) {
      client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'free', qos: 1, ...(client === two ? { nl: false, rap: false, rh: 0 } : {}) }] } as never);
      await client.next();
    }
    const properties = { topicAlias: 3, contentType: 'text/plain', responseTopic: 'answers', correlationData: Buffer.from([0, 1]), payloadFormatIndicator: true, userProperties: { a: ['1', '2'], b: '3' } };
    let taken: unknown;
    access.policy.take = (_client, uplink) => {
      taken = uplink.properties;
    };
    one.send(pub('free', 'hello', { properties }));
    await one.fence();
    await two.fence();
    await old.fence();
    const { topicAlias: _own, ...passed } = properties;
    expect(two.received.find(({ cmd }) => cmd === 'publish')).toMatchObject({ topic: 'free', properties: passed });
    expect(two.received.find(({ cmd }) => cmd === 'publish')).not.toHaveProperty('properties.topicAlias');
    expect(old.messages).toEqual(['free hello 0']);
    expect(taken).toEqual({ contentType: 'text/plain', responseTopic: 'answers', correlationData: Buffer.from([0, 1]), payloadFormatIndicator: true, userProperties: [['a', '1'], ['a', '2'], ['b', '3']] });
  });

  it('gets no more at QoS 1 than its Receive Maximum, and never the same again', async () => {
    await using access = await TestAccess.open({ resendMs: 1000, resends: 2 });
    const client = await access.online5('d1', { properties: { receiveMaximum: 2 } });
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '$down', qos: 1, nl: false, rap: false, rh: 0 }] });
    await client.next();
    const receipts = ['a', 'b', 'c'].map((payload) => access.server.deliver('huawei', 'd1', { topic: '$down', payload, qos: 1 }));
    await client.fence();
    expect(client.messages).toEqual(['$down a 1', '$down b 1']);
    client.send({ cmd: 'puback', messageId: 1, reasonCode: 0 });
    await client.fence();
    expect(client.messages).toEqual(['$down a 1', '$down b 1', '$down c 1']);
    await receipts[0]?.delivered;
    for (let seconds = 0; seconds < 20; seconds++) access.clock.advance(1000);
    await expect(receipts[2]?.delivered).rejects.toMatchObject({ code: 'timeout' });
    expect(client.messages).toHaveLength(3);
  });

  it('is never sent more than its Receive Maximum, though the platform has given up what it did not acknowledge [MQTT-3.3.4-9]', async () => {
    await using access = await TestAccess.open({ resendMs: 1000, resends: 1 });
    const client = await access.online5('d1', { properties: { receiveMaximum: 2 }, keepalive: 0 });
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '$down', qos: 1, nl: false, rap: false, rh: 0 }] } as never);
    await client.next();
    const send = (payload: string): Promise<string> => access.server.deliver('huawei', 'd1', { topic: '$down', payload, qos: 1 }).delivered.then(() => 'delivered', (error: { readonly code: string }) => error.code);
    const first = ['a', 'b', 'c'].map(send);
    for (let seconds = 0; seconds < 10; seconds++) access.clock.advance(1000);
    // Those on their way, and the one that found no room behind them.
    expect(await Promise.all(first)).toEqual(['timeout', 'timeout', 'timeout']);
    await client.fence();
    expect(client.messages).toEqual(['$down a 1', '$down b 1']);
    expect((await access.policy.notice('undelivered')).text).toMatch(/no PUBACK after \d+ s/);
    // One that comes later waits its own time; a late PUBACK makes room, each for one.
    const [d, e] = [send('d'), send('e')];
    await client.fence();
    expect(client.messages).toHaveLength(2);
    client.send({ cmd: 'puback', messageId: 1, reasonCode: 0 }, { cmd: 'puback', messageId: 1, reasonCode: 0 });
    await client.fence();
    expect(client.messages).toEqual(['$down a 1', '$down b 1', '$down d 1']);
    client.send({ cmd: 'puback', messageId: 3, reasonCode: 0 }, { cmd: 'puback', messageId: 2, reasonCode: 0 });
    expect(await d).toBe('delivered');
    await client.fence();
    client.send({ cmd: 'puback', messageId: 4, reasonCode: 0 });
    expect(await e).toBe('delivered');
    expect(client.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.messageId] : []))).toEqual([1, 2, 3, 4]);
    for (let seconds = 0; seconds < 10; seconds++) access.clock.advance(1000);
    expect(access.clock.timers).toBe(0);
  });

  it('is given up for a while only: what nobody acknowledged takes no place from what is sent to a client with a large Receive Maximum', async () => {
    await using access = await TestAccess.open({ resendMs: 1000, resends: 0, inFlight: 2 });
    const client = await access.online5('d1', { keepalive: 0 });
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '$down', qos: 1, nl: false, rap: false, rh: 0 }] } as never);
    await client.next();
    for (const payload of ['a', 'b', 'c']) access.server.deliver('huawei', 'd1', { topic: '$down', payload, qos: 1 });
    access.clock.advance(2000);
    await client.fence();
    expect(client.messages).toEqual(['$down a 1', '$down b 1', '$down c 1']);
  });

  it('gets a message with the time that is left of its expiry, and none that waited longer [MQTT-3.3.2-5] [MQTT-3.3.2-6]', async () => {
    await using access = await TestAccess.open({ resendMs: 60_000 });
    const [from, to] = [await access.online5('d1'), await access.online5('d2', { properties: { receiveMaximum: 1 } })];
    to.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'free', qos: 1, nl: false, rap: false, rh: 0 }] } as never);
    await to.next();
    for (const [index, seconds] of [100, 2, 100].entries()) from.send(pub1('free', `for ${seconds}`, index + 1, { properties: { messageExpiryInterval: seconds } }));
    from.send(pub1('free', 'for ever', 4));
    await from.fence();
    await to.fence();
    for (let seconds = 0; seconds < 10; seconds++) access.clock.advance(1000);
    for (const messageId of [1, 2, 3]) {
      to.send({ cmd: 'puback', messageId, reasonCode: 0 });
      await to.fence();
    }
    const got = to.received.flatMap((packet) => (packet.cmd === 'publish' ? [[packet.payload.toString(), packet.properties?.messageExpiryInterval]] : []));
    expect(got).toEqual([['for 100', 100], ['for 100', 90], ['for ever', undefined]]);
    expect((await access.policy.notice('undelivered')).text).toContain('waited longer');
  });

  it('fails the receipt of what it refuses, or what is larger than it takes', async () => {
    await using access = await TestAccess.open();
    const client = await access.online5('d1', { properties: { maximumPacketSize: 100 } });
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '$down', qos: 1, nl: false, rap: false, rh: 0 }] });
    await client.next();
    const refused = access.server.deliver('huawei', 'd1', { topic: '$down', payload: 'a', qos: 1 });
    await client.fence();
    client.send({ cmd: 'puback', messageId: 1, reasonCode: 0x99 });
    await expect(refused.delivered).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('0x99 payload format invalid') });
    for (const qos of [0, 1] as const) await expect(access.server.deliver('huawei', 'd1', { topic: '$down', payload: 'x'.repeat(100), qos }).delivered).rejects.toMatchObject({ code: 'too-large' });
    await client.fence();
    expect(client.messages).toHaveLength(1);
  });

  it('may leave the client id to the policy', async () => {
    await using access = await TestAccess.open();
    const { admit } = access.policy;
    access.policy.admit = (request) => ({ ...admit.call(access.policy, { ...request, clientId: 'made-up' }), given: { clientId: 'made-up', keepaliveSeconds: 100 } }) as never;
    expect(await access.connect(5).signIn('', { clientId: '' })).toMatchObject({ reasonCode: 0, properties: { assignedClientIdentifier: 'made-up', serverKeepAlive: 100 } });
    expect(access.server.client('huawei', 'made-up')).toMatchObject({ clientId: 'made-up' });
    const old = access.connect();
    old.send(connectPacket('', { clientId: '' }));
    expect(await old.next()).toMatchObject({ cmd: 'connack', returnCode: 2 });
  });
});
