import { describe, expect, it } from 'vitest';
import { encodePacket } from './encode-packet.ts';
import { bytes } from './packet-collector.fixtures.ts';
import type { ConnectPacket, MqttVersion, Packet, PublishPacket, SubscribePacket } from './packets.ts';
import { publishBytes, writePuback, writePublish } from './publish-bytes.ts';
import { MqttProtocolError } from './rules.ts';
import type { MqttRule } from './rules.ts';

const CONNECT: ConnectPacket = { type: 'connect', version: 4, clientId: 'c', clean: true, keepAliveSeconds: 60 };
const PUBLISH: PublishPacket = { type: 'publish', topic: 't', payload: Buffer.from('p'), qos: 0, packetId: 0, dup: false, retain: false };
const SUBSCRIBE: SubscribePacket = {
  type: 'subscribe', packetId: 1, subscriptions: [{ filter: 'f', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
};
const subscribe = (change: object): unknown => ({ ...SUBSCRIBE, subscriptions: [{ ...SUBSCRIBE.subscriptions[0], ...change }] });
const will = (change: object): unknown => ({ ...CONNECT, will: { topic: 'w', payload: Buffer.alloc(0), qos: 0, retain: false, ...change } });
const publish5 = (properties: object): unknown => ({ ...PUBLISH, properties });

describe('an encoded packet', () => {
  it('is what section 3 of the standard says', () => {
    expect(encodePacket(CONNECT, 4)).toEqual(bytes("100d 'MQTT' 04 02 003c 'c'"));
    expect(encodePacket({ ...CONNECT, version: 3, username: 'u', password: Buffer.from('p') }, 3)).toEqual(bytes("1015 'MQIsdp' 03 c2 003c 'c' 'u' 'p'"));
    expect(encodePacket({ ...CONNECT, version: 5, properties: { receiveMaximum: 20 } }, 5)).toEqual(bytes("1011 'MQTT' 05 02 003c 03 210014 'c'"));
    expect(encodePacket(PUBLISH, 4)).toEqual(bytes("3004 't' 70"));
    expect(encodePacket({ ...PUBLISH, qos: 1, packetId: 258, dup: true, retain: true }, 5)).toEqual(bytes("3b07 't' 0102 00 70"));
    expect(encodePacket(SUBSCRIBE, 4)).toEqual(bytes("8206 0001 'f' 01"));
    expect(encodePacket({ type: 'pubrel', packetId: 9, reasonCode: 0 }, 4)).toEqual(bytes('6202 0009'));
    expect(encodePacket({ type: 'disconnect', reasonCode: 0x8e }, 5)).toEqual(bytes('e001 8e'));
    expect(encodePacket({ type: 'disconnect', reasonCode: 0 }, 5)).toEqual(bytes('e000'));
  });

  it('has a remaining length of one to four bytes, as long as needed', () => {
    const header = (size: number): string => encodePacket({ ...PUBLISH, payload: Buffer.alloc(size - 3) }, 4).subarray(0, 5).toString('hex');
    expect([127, 128, 16_383, 16_384, 2_097_151, 2_097_152].map(header)).toEqual([
      '307f000174', '3080010001', '30ff7f0001', '3080800100', '30ffff7f00', '3080808001',
    ]);
  });
});

const REFUSALS: [name: string, rule: MqttRule, packet: unknown, version?: MqttVersion][] = [
  ['a CONNECT of another version than the connection', 'protocol-level', CONNECT, 5],
  ['a password without a user name before MQTT 5', 'password-flag', { ...CONNECT, password: Buffer.from('p') }],
  ['a client id with a control character', 'client-id-characters', { ...CONNECT, clientId: 'a\n' }],
  ['a user name with a lone surrogate', 'utf8', { ...CONNECT, username: '\uDC00' }],
  ['a user name with U+0000', 'nul', { ...CONNECT, username: '\u0000' }],
  ['a user name of 65536 bytes', 'string-length', { ...CONNECT, username: 'u'.repeat(65_536) }],
  ['a password of 65536 bytes', 'string-length', { ...CONNECT, username: 'u', password: Buffer.alloc(65_536) }],
  ['a keep alive over 65535', 'field-range', { ...CONNECT, keepAliveSeconds: 65_536 }],
  ['a keep alive that is not a whole number', 'field-range', { ...CONNECT, keepAliveSeconds: 0.5 }],
  ['a will at QoS 3', 'will-qos', will({ qos: 3 })],
  ['a will without a topic', 'topic-empty', will({ topic: '' })],
  ['a will to a filter', 'topic-wildcard', will({ topic: '#' })],
  ['a session present on a refused connection', 'session-present', { type: 'connack', sessionPresent: true, reasonCode: 5 }],
  ['an unknown return code', 'reason-code', { type: 'connack', sessionPresent: false, reasonCode: 6 }],
  ['an unknown reason code', 'reason-code', { type: 'disconnect', reasonCode: 1 }, 5],
  ['a reason code before MQTT 5', 'version-field', { type: 'pubrec', packetId: 1, reasonCode: 0x80 }],
  ['an AUTH before MQTT 5', 'version-field', { type: 'auth', reasonCode: 0 }],
  ['properties before MQTT 5', 'version-field', publish5({ topicAlias: 1 })],
  ['a PUBLISH with a wildcard', 'topic-wildcard', { ...PUBLISH, topic: 'a/#' }],
  ['a PUBLISH without a topic', 'topic-empty', { ...PUBLISH, topic: '' }],
  ['a PUBLISH without a topic and an alias', 'topic-alias-missing', { ...PUBLISH, topic: '' }, 5],
  ['a PUBLISH with a control character', 'characters', { ...PUBLISH, topic: 'a\u007F' }],
  ['a topic of more than 65535 bytes', 'string-length', { ...PUBLISH, topic: '云'.repeat(21_846) }],
  ['a PUBLISH at QoS 3', 'qos', { ...PUBLISH, qos: 3, packetId: 1 }],
  ['a PUBLISH at QoS 1 without a packet identifier', 'packet-id', { ...PUBLISH, qos: 1 }],
  ['a packet identifier over 65535', 'field-range', { ...PUBLISH, qos: 1, packetId: 65_536 }],
  ['a packet identifier at QoS 0', 'packet-id-at-qos-0', { ...PUBLISH, packetId: 1 }],
  ['DUP at QoS 0', 'dup', { ...PUBLISH, dup: true }],
  ['a PUBACK with packet identifier 0', 'packet-id', { type: 'puback', packetId: 0, reasonCode: 0 }],
  ['a SUBSCRIBE without filters', 'no-filters', { ...SUBSCRIBE, subscriptions: [] }],
  ['an UNSUBSCRIBE without filters', 'no-unsubscribe-filters', { type: 'unsubscribe', packetId: 1, filters: [] }],
  ['an empty filter', 'filter-empty', subscribe({ filter: '' })],
  ['a malformed filter', 'filter-multi-level', subscribe({ filter: 'a/#/b' })],
  ['a malformed shared subscription', 'filter-share', subscribe({ filter: '$share//a' }), 5],
  ['No Local on a shared subscription', 'share-no-local', subscribe({ filter: '$share/g/a', noLocal: true }), 5],
  ['a subscription at QoS 3', 'subscription-qos', subscribe({ qos: 3 })],
  ['retain handling 3', 'retain-handling', subscribe({ retainHandling: 3 }), 5],
  ['subscription options before MQTT 5', 'version-field', subscribe({ noLocal: true })],
  ['a SUBACK without codes', 'no-reason-codes', { type: 'suback', packetId: 1, reasonCodes: [] }],
  ['an UNSUBACK with codes before MQTT 5', 'version-field', { type: 'unsuback', packetId: 1, reasonCodes: [0] }],
  ['an unknown property', 'property-unknown', publish5({ colour: 'red' }), 5],
  ['a property of another packet', 'property-not-allowed', publish5({ receiveMaximum: 1 }), 5],
  ['a property of the wrong type', 'property-value', publish5({ payloadFormatIndicator: 1 }), 5],
  ['a user property that is not a pair', 'property-value', publish5({ userProperties: [['a']] }), 5],
  ['user properties that are no list', 'field-range', publish5({ userProperties: { a: 'b' } }), 5],
  ['topic alias 0', 'topic-alias-zero', publish5({ topicAlias: 0 }), 5],
  ['a topic alias over 65535', 'field-range', publish5({ topicAlias: 65_536 }), 5],
  ['a response topic with a wildcard', 'response-topic-wildcard', publish5({ responseTopic: '+' }), 5],
  ['a subscription identifier over its range', 'field-range', publish5({ subscriptionIdentifiers: [268_435_456] }), 5],
  ['two subscription identifiers in a SUBSCRIBE', 'property-repeated', { ...SUBSCRIBE, properties: { subscriptionIdentifiers: [1, 2] } }, 5],
  ['authentication data without a method', 'authentication-data-alone', { ...CONNECT, version: 5, properties: { authenticationData: Buffer.alloc(1) } }, 5],
];

describe('encoding refuses', () => {
  it.each(REFUSALS)('%s', (_name, rule, packet, version = 4) => {
    let error: unknown;
    try {
      encodePacket(packet as Packet, version); // wrong on purpose
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(MqttProtocolError);
    expect(error).toMatchObject({ rule });
  });
});

describe('writing into a buffer', () => {
  it('puts a PUBLISH of exactly the announced size where it is told', () => {
    const fields = { ...PUBLISH, payload: '云 ✓', topic: '设备/1', qos: 1, packetId: 5, version: 5, properties: { contentType: 'text/plain' } } as const;
    const size = publishBytes(fields);
    const buffer = Buffer.alloc(size + 10);
    expect(writePublish(buffer, 4, fields)).toBe(4 + size);
    expect(buffer.subarray(4, 4 + size)).toEqual(encodePacket({ ...fields, type: 'publish', payload: Buffer.from('云 ✓') }, 5));
    expect([...buffer.subarray(0, 4), ...buffer.subarray(4 + size)]).toEqual(new Array(10).fill(0));
  });

  it('refuses a buffer that is too small instead of cutting the packet', () => {
    const fields = { ...PUBLISH, version: 4 } as const;
    expect(() => writePublish(Buffer.alloc(5), 0, fields)).toThrow(RangeError);
    expect(() => writePuback(Buffer.alloc(5), 2, 1)).toThrow(RangeError);
  });

  it('puts a PUBACK where it is told, with a reason code only if there is one', () => {
    const buffer = Buffer.alloc(9);
    expect(writePuback(buffer, writePuback(buffer, 0, 258), 3, 0x87)).toBe(9);
    expect(buffer).toEqual(bytes('40020102 40030003 87'));
    expect(() => writePuback(buffer, 0, 1, 0x01)).toThrow(MqttProtocolError);
  });
});
