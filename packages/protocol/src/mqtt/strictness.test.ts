import { describe, expect, it } from 'vitest';
import { bytes, collect, frame } from './packet-collector.fixtures.ts';
import type { PacketReaderOptions } from './packet-reader.ts';
import { PacketReader } from './packet-reader.ts';
import { MqttProtocolError, RULES } from './rules.ts';
import type { MqttErrorCode, MqttRule } from './rules.ts';

interface Refusal {
  name: string;
  rule: MqttRule;
  /** The bytes; with `first` the body of a packet whose remaining length is filled in. */
  body: string;
  first?: number;
  options?: Partial<PacketReaderOptions>;
  code?: MqttErrorCode;
  reasonCode?: number;
  clause?: string;
}

const V3 = { version: 3 } as const;
const V5 = { version: 5 } as const;
const SERVER = { expectConnect: true } as const;
const CONNECT = 0x10;
const CONNACK = 0x20;
const PUBLISH = 0x30;
const PUBLISH1 = 0x32;
const PUBACK = 0x40;
const SUBSCRIBE = 0x82;
const UNSUBSCRIBE = 0xa2;

/** CONNECT of 3.1.1: these flags, keep alive 60, client id `c`, then `rest`. */
const connect = (flags: string, rest = '', level = '04'): string => `'MQTT' ${level} ${flags} 003c ${level === '05' ? '00' : ''} 'c' ${rest}`;
/** CONNECT of MQTT 5 with this property block. */
const connect5 = (properties: string): string => `'MQTT' 05 02 003c ${properties} 'c'`;
/** PUBLISH of MQTT 5 to `t` with this property block. */
const publish5 = (properties: string): string => `'t' ${properties}`;

const REFUSALS: Refusal[] = [
  { name: 'a packet of the reserved type 0', rule: 'packet-type', body: '0000', code: 'malformed' },
  { name: 'an AUTH before MQTT 5', rule: 'packet-type', body: 'f000' },
  { name: 'CONNECT with a flag in the fixed header', rule: 'fixed-header-flags', body: '11', clause: 'MQTT-2.2.2-1' },
  { name: 'PUBACK with a flag in the fixed header', rule: 'fixed-header-flags', body: '4202 0001' },
  { name: 'PUBREL without its fixed flags', rule: 'fixed-header-flags', body: '6002 0001', options: V5, clause: 'MQTT-2.1.3-1' },
  { name: 'SUBSCRIBE without its fixed flags', rule: 'fixed-header-flags', body: '80' },
  { name: 'UNSUBSCRIBE with DUP in 3.1.1', rule: 'fixed-header-flags', body: 'aa' },
  { name: 'PINGREQ with a flag in the fixed header', rule: 'fixed-header-flags', body: 'c100' },
  { name: 'DISCONNECT with a flag in the fixed header', rule: 'fixed-header-flags', body: 'e800' },
  { name: 'a remaining length of five bytes', rule: 'remaining-length', body: '30ffffffff' },
  { name: 'an overlong remaining length in MQTT 5', rule: 'overlong-integer', body: 'c08000', options: V5, clause: 'MQTT-1.5.5-1' },
  { name: 'an overlong remaining length of the CONNECT that sets MQTT 5', rule: 'overlong-integer', body: "108e00 'MQTT' 05 02 003c 00 'c'", options: SERVER },
  { name: 'an overlong property length', rule: 'overlong-integer', first: PUBLISH, body: publish5('8000'), options: V5 },
  { name: 'a property length of five bytes', rule: 'remaining-length', first: PUBLISH, body: publish5('ffffffff01'), options: V5 },
  { name: 'a packet over the limit as soon as its header is there', rule: 'too-large', body: '30 e9 07', options: { maxPacketBytes: 1003 }, code: 'too-large', reasonCode: 0x95 },
  { name: 'a first packet that is not CONNECT', rule: 'first-packet', body: 'c0', options: SERVER, code: 'protocol', clause: 'MQTT-3.1.0-1' },
  { name: 'a TLS hello on the plain port', rule: 'fixed-header-flags', body: '160301', options: SERVER },
  { name: 'an HTTP request on the MQTT port', rule: 'first-packet', body: '474554', options: SERVER },
  { name: 'a second CONNECT', rule: 'second-connect', body: "100d 'MQTT' 04 02 003c 'c' 10", options: SERVER, clause: 'MQTT-3.1.0-2' },

  { name: 'a topic longer than the packet', rule: 'truncated', first: PUBLISH, body: '0005 61' },
  { name: 'a PUBLISH without a topic', rule: 'truncated', first: PUBLISH, body: '00' },
  { name: 'a PUBLISH that ends inside the packet identifier', rule: 'truncated', first: PUBLISH1, body: "'t' 00" },
  { name: 'a PUBLISH of MQTT 5 without a property length', rule: 'truncated', first: PUBLISH, body: "'t'", options: V5 },
  { name: 'properties longer than the packet', rule: 'truncated', first: PUBLISH, body: publish5('05 23'), options: V5 },
  { name: 'a property longer than its block', rule: 'truncated', first: PUBLISH, body: publish5('02 2300 01'), options: V5 },
  { name: 'a PUBACK of one byte', rule: 'truncated', first: PUBACK, body: '01' },
  { name: 'a SUBSCRIBE without options', rule: 'truncated', first: SUBSCRIBE, body: "0001 'f'" },
  { name: 'a CONNECT without the user name it announces', rule: 'truncated', first: CONNECT, body: connect('82') },
  { name: 'bytes behind a CONNECT', rule: 'trailing-bytes', first: CONNECT, body: connect('02', '00') },
  { name: 'bytes behind a PUBACK', rule: 'trailing-bytes', first: PUBACK, body: '0001 00' },
  { name: 'bytes behind the properties of a PUBACK', rule: 'trailing-bytes', first: PUBACK, body: '0001 00 00 00', options: V5 },
  { name: 'bytes in a PINGREQ', rule: 'trailing-bytes', first: 0xc0, body: '00' },
  { name: 'bytes in a PINGRESP', rule: 'trailing-bytes', first: 0xd0, body: '00' },
  { name: 'bytes in a DISCONNECT before MQTT 5', rule: 'trailing-bytes', first: 0xe0, body: '00' },
  { name: 'reason codes in an UNSUBACK before MQTT 5', rule: 'trailing-bytes', first: 0xb0, body: '0001 00' },

  { name: 'a topic with a lone surrogate', rule: 'utf8', first: PUBLISH, body: '0003 eda080', clause: 'MQTT-1.5.3-1' },
  { name: 'a topic with an overlong form', rule: 'utf8', first: PUBLISH, body: '0002 c0af' },
  { name: 'a topic cut inside a character', rule: 'utf8', first: PUBLISH, body: '0002 e4ba' },
  { name: 'a user name that is not UTF-8', rule: 'utf8', first: CONNECT, body: connect('82', '0001 ff') },
  { name: 'a topic with U+0000', rule: 'nul', first: PUBLISH, body: '0002 6100', clause: 'MQTT-1.5.3-2' },
  { name: 'a filter with U+0000', rule: 'nul', first: SUBSCRIBE, body: '0001 00 0001 00 00', options: V5, clause: 'MQTT-1.5.4-2' },
  { name: 'a topic with U+0001', rule: 'characters', first: PUBLISH, body: '0002 6101' },
  { name: 'a topic with U+007F', rule: 'characters', first: PUBLISH, body: '0001 7f' },
  { name: 'a topic with U+0085', rule: 'characters', first: PUBLISH, body: '0002 c285' },
  { name: 'a topic with the non-character U+FFFF', rule: 'characters', first: PUBLISH, body: '0003 efbfbf' },
  { name: 'a topic with the non-character U+FDD0', rule: 'characters', first: PUBLISH, body: '0003 efb790' },
  { name: 'a user property with a control character', rule: 'characters', first: PUBLISH, body: publish5("07 26 'a' 0001 0a"), options: V5 },
  { name: 'a client id with a control character', rule: 'client-id-characters', first: CONNECT, body: "'MQTT' 04 02 003c 0001 1f", code: 'bad-client-id', reasonCode: 0x85 },

  { name: 'an unknown protocol name', rule: 'protocol-name', first: CONNECT, body: "'MQTX' 04 02 003c 'c'", clause: 'MQTT-3.1.2-1' },
  { name: 'an unknown protocol level', rule: 'protocol-level', first: CONNECT, body: "'MQTT' 06 02 003c 'c'", code: 'unsupported-version', reasonCode: 0x84 },
  { name: 'MQTT with level 3', rule: 'protocol-level', first: CONNECT, body: "'MQTT' 03 02 003c 'c'" },
  { name: 'MQIsdp with level 4', rule: 'protocol-level', first: CONNECT, body: "'MQIsdp' 04 02 003c 'c'" },
  { name: 'the reserved CONNECT flag', rule: 'connect-flags', first: CONNECT, body: connect('03'), clause: 'MQTT-3.1.2-3' },
  { name: 'a will QoS without a will', rule: 'will-flags', first: CONNECT, body: connect('0a'), clause: 'MQTT-3.1.2-11' },
  { name: 'a will retain without a will', rule: 'will-flags', first: CONNECT, body: connect('22', '', '05') },
  { name: 'a will with QoS 3', rule: 'will-qos', first: CONNECT, body: connect('1e', "'w' 0000"), clause: 'MQTT-3.1.2-14' },
  { name: 'a will to a filter', rule: 'topic-wildcard', first: CONNECT, body: connect('06', "'w/#' 0000"), clause: 'MQTT-4.7.1-1' },
  { name: 'a will without a topic', rule: 'topic-empty', first: CONNECT, body: connect('06', '0000 0000') },
  { name: 'a password without a user name in 3.1.1', rule: 'password-flag', first: CONNECT, body: connect('42', "'p'"), clause: 'MQTT-3.1.2-22' },
  { name: 'a password without a user name in 3.1', rule: 'password-flag', first: CONNECT, body: "'MQIsdp' 03 42 003c 'c' 'p'" },
  { name: 'reserved flags in CONNACK', rule: 'connack-flags', first: CONNACK, body: '02 00' },
  { name: 'a session present on a refused connection', rule: 'session-present', first: CONNACK, body: '01 05', clause: 'MQTT-3.2.2-4' },

  { name: 'QoS 3', rule: 'qos', body: '36', clause: 'MQTT-3.3.1-4' },
  { name: 'DUP at QoS 0', rule: 'dup', body: '38', clause: 'MQTT-3.3.1-2' },
  { name: 'a PUBLISH with packet identifier 0', rule: 'packet-id', first: PUBLISH1, body: "'t' 0000", clause: 'MQTT-2.3.1-1' },
  { name: 'a PUBACK with packet identifier 0', rule: 'packet-id', first: PUBACK, body: '0000' },
  { name: 'a PUBREC with packet identifier 0', rule: 'packet-id', first: 0x50, body: '0000' },
  { name: 'a SUBSCRIBE with packet identifier 0', rule: 'packet-id', first: SUBSCRIBE, body: "0000 'f' 00" },
  { name: 'an UNSUBACK with packet identifier 0', rule: 'packet-id', first: 0xb0, body: '0000' },
  { name: 'an empty topic before MQTT 5', rule: 'topic-empty', first: PUBLISH, body: '0000' },
  { name: 'a topic with +', rule: 'topic-wildcard', first: PUBLISH, body: "'a/+'", clause: 'MQTT-3.3.2-2', reasonCode: 0x90 },
  { name: 'a topic with #', rule: 'topic-wildcard', first: PUBLISH, body: "'a#'" },
  { name: 'a topic beyond ASCII with #', rule: 'topic-wildcard', first: PUBLISH, body: "'云/#'" },
  { name: 'an empty topic without an alias', rule: 'topic-alias-missing', first: PUBLISH, body: '0000 00', options: V5 },
  { name: 'topic alias 0', rule: 'topic-alias-zero', first: PUBLISH, body: publish5('03 23 0000'), options: V5, clause: 'MQTT-3.3.2-8', reasonCode: 0x94 },

  { name: 'a SUBSCRIBE without filters', rule: 'no-filters', first: SUBSCRIBE, body: '0001', clause: 'MQTT-3.8.3-3' },
  { name: 'an UNSUBSCRIBE without filters', rule: 'no-unsubscribe-filters', first: UNSUBSCRIBE, body: '0001', clause: 'MQTT-3.10.3-2' },
  { name: 'an empty filter', rule: 'filter-empty', first: SUBSCRIBE, body: '0001 0000 00', clause: 'MQTT-4.7.3-1' },
  { name: 'a filter with # before the end', rule: 'filter-multi-level', first: SUBSCRIBE, body: "0001 'a/#/b' 00", clause: 'MQTT-4.7.1-2' },
  { name: 'a filter with # behind other characters', rule: 'filter-multi-level', first: UNSUBSCRIBE, body: "0001 'a#'" },
  { name: 'a filter with + beside other characters', rule: 'filter-single-level', first: SUBSCRIBE, body: "0001 'a+/b' 00", clause: 'MQTT-4.7.1-3' },
  { name: 'a shared subscription without a filter', rule: 'filter-share', first: SUBSCRIBE, body: "0001 00 '$share/g' 00", options: V5 },
  { name: 'a shared subscription with a wildcard for a name', rule: 'filter-share', first: SUBSCRIBE, body: "0001 00 '$share/+/a' 00", options: V5 },
  { name: 'No Local on a shared subscription', rule: 'share-no-local', first: SUBSCRIBE, body: "0001 00 '$share/g/a' 04", options: V5, clause: 'MQTT-3.8.3-4' },
  { name: 'options of MQTT 5 in a SUBSCRIBE of 3.1.1', rule: 'subscription-options', first: SUBSCRIBE, body: "0001 'f' 04" },
  { name: 'reserved subscription options', rule: 'subscription-options', first: SUBSCRIBE, body: "0001 00 'f' 40", options: V5, clause: 'MQTT-3.8.3-5' },
  { name: 'a subscription at QoS 3', rule: 'subscription-qos', first: SUBSCRIBE, body: "0001 'f' 03" },
  { name: 'retain handling 3', rule: 'retain-handling', first: SUBSCRIBE, body: "0001 00 'f' 30", options: V5 },
  { name: 'a SUBACK without codes', rule: 'no-reason-codes', first: 0x90, body: '0001' },
  { name: 'a SUBACK with a reserved code', rule: 'reason-code', first: 0x90, body: '0001 03', clause: 'MQTT-3.9.3-2' },
  { name: 'an UNSUBACK of MQTT 5 without codes', rule: 'no-reason-codes', first: 0xb0, body: '0001 00', options: V5 },

  { name: 'an unknown CONNACK reason code', rule: 'reason-code', first: CONNACK, body: '00 01 00', options: V5, clause: 'MQTT-3.2.2-8' },
  { name: 'an unknown PUBACK reason code', rule: 'reason-code', first: PUBACK, body: '0001 01', options: V5, clause: 'MQTT-3.4.2-1' },
  { name: 'an unknown PUBREC reason code', rule: 'reason-code', first: 0x50, body: '0001 01', options: V5, clause: 'MQTT-3.5.2-1' },
  { name: 'an unknown PUBREL reason code', rule: 'reason-code', first: 0x62, body: '0001 80', options: V5, clause: 'MQTT-3.6.2-1' },
  { name: 'an unknown PUBCOMP reason code', rule: 'reason-code', first: 0x70, body: '0001 80', options: V5, clause: 'MQTT-3.7.2-1' },
  { name: 'an unknown SUBACK reason code', rule: 'reason-code', first: 0x90, body: '0001 00 03', options: V5, clause: 'MQTT-3.9.3-2' },
  { name: 'an unknown UNSUBACK reason code', rule: 'reason-code', first: 0xb0, body: '0001 00 01', options: V5, clause: 'MQTT-3.11.3-2' },
  { name: 'an unknown DISCONNECT reason code', rule: 'reason-code', first: 0xe0, body: '01', options: V5, clause: 'MQTT-3.14.2-1' },
  { name: 'an unknown AUTH reason code', rule: 'reason-code', first: 0xf0, body: '01 00', options: V5, clause: 'MQTT-3.15.2-1' },

  { name: 'an unknown property', rule: 'property-unknown', first: PUBLISH, body: publish5('02 7f00'), options: V5 },
  { name: 'a property of another packet', rule: 'property-not-allowed', first: PUBLISH, body: publish5('03 21 0001'), options: V5 },
  { name: 'a will property outside the will', rule: 'property-not-allowed', first: CONNECT, body: connect5('05 18 00000001'), options: SERVER },
  { name: 'a property given twice', rule: 'property-repeated', first: PUBLISH, body: publish5('04 0101 0101'), options: V5 },
  { name: 'two subscription identifiers in a SUBSCRIBE', rule: 'property-repeated', first: SUBSCRIBE, body: "0001 04 0b01 0b02 'f' 00", options: V5 },
  { name: 'a boolean property that is 2', rule: 'property-value', first: PUBLISH, body: publish5('02 0102'), options: V5 },
  { name: 'a maximum QoS of 2', rule: 'property-value', first: CONNACK, body: '00 00 02 2402', options: V5 },
  { name: 'receive maximum 0', rule: 'property-value', first: CONNECT, body: connect5('03 21 0000'), options: SERVER },
  { name: 'maximum packet size 0', rule: 'property-value', first: CONNECT, body: connect5('05 27 00000000'), options: SERVER },
  { name: 'subscription identifier 0', rule: 'property-value', first: SUBSCRIBE, body: "0001 02 0b00 'f' 00", options: V5 },
  { name: 'a response topic with a wildcard', rule: 'response-topic-wildcard', first: PUBLISH, body: publish5("04 08 '#'"), options: V5, clause: 'MQTT-3.3.2-14' },
  { name: 'an empty response topic', rule: 'topic-empty', first: PUBLISH, body: publish5('03 08 0000'), options: V5 },
  { name: 'a subscription identifier sent to a server', rule: 'client-subscription-identifier', body: "100e 'MQTT' 05 02 003c 00 'c' 3006 't' 02 0b01", options: SERVER },
  { name: 'authentication data without a method', rule: 'authentication-data-alone', first: CONNECT, body: connect5('03 16 0000'), options: SERVER },
];

describe('the reader refuses', () => {
  for (const refusal of REFUSALS) {
    it(refusal.name, () => {
      const body = bytes(refusal.body);
      const { error } = collect([refusal.first === undefined ? body : frame(refusal.first, body)], refusal.options);
      expect(error).toBeInstanceOf(MqttProtocolError);
      expect(error?.message).toContain(`[${error?.clause ?? ''}]`);
      const { name: _name, body: _body, first: _first, options: _options, ...expected } = refusal;
      expect(error).toMatchObject(expected);
    });
  }

  it.each([
    ['CONNACK', '20020000'], ['PUBLISH', '300300017400'], ['PUBACK', '40020001'], ['PUBREC', '50020001'], ['PUBREL', '62020001'], ['PUBCOMP', '70020001'],
    ['SUBSCRIBE', '820600010001 66 00'], ['SUBACK', '9003000100'], ['UNSUBSCRIBE', 'a20500010001 66'], ['UNSUBACK', 'b0020001'], ['PINGREQ', 'c000'],
    ['PINGRESP', 'd000'], ['DISCONNECT', 'e000'], ['CONNECT', "100d 'MQTT' 04 02 003c 'c'"],
  ])('a %s at an end that has no handler for it', (name, text) => {
    const reader = new PacketReader({ maxPacketBytes: 100, handlers: {} });
    expect(() => {
      reader.push(bytes(text));
    }).toThrow(`${name}: packet at offset 0 is not for this end to receive`);
  });

  it('for a reason that names packet, field, offset and clause', () => {
    expect(collect([bytes("c000 3205 'a+' 0001")]).error?.message).toBe('PUBLISH: topic at offset 2 contains a wildcard [MQTT-3.3.2-2]');
  });

  it('for reasons that all have a test, here or among those for writing', () => {
    const writingOnly: MqttRule[] = ['string-length', 'field-range', 'version-field', 'packet-id-at-qos-0', 'too-large-for-peer'];
    const tested = new Set<string>([...REFUSALS.map((refusal) => refusal.rule), ...writingOnly, 'unexpected-packet']);
    expect(Object.keys(RULES).filter((rule) => !tested.has(rule))).toEqual([]);
  });
});

describe('the reader accepts', () => {
  it('DUP on a SUBSCRIBE that MQTT 3.1 sends again', () => {
    expect(collect([bytes('8a060001000166 00')], V3).packets).toHaveLength(1);
  });

  it('a CONNECT of 3.1 that announces a user name and ends before it', () => {
    expect(collect([frame(CONNECT, bytes("'MQIsdp' 03 c2 003c 'c'"))], SERVER).packets).toEqual([
      { type: 'connect', version: 3, clientId: 'c', clean: true, keepAliveSeconds: 60 },
    ]);
  });

  it('a password without a user name in MQTT 5', () => {
    expect(collect([frame(CONNECT, bytes(connect('42', "'p'", '05')))], SERVER).packets).toMatchObject([{ password: Buffer.from('p') }]);
  });

  it('an empty client id, whatever the version: the server decides', () => {
    const names = ["'MQIsdp' 03 00 003c 0000", "'MQTT' 04 00 003c 0000", "'MQTT' 05 00 003c 00 0000"];
    for (const body of names) expect(collect([frame(CONNECT, bytes(body))], SERVER).packets).toMatchObject([{ clientId: '' }]);
  });

  it('a topic that begins with U+FEFF and keeps it', () => {
    expect(collect([frame(PUBLISH, bytes('0004 efbbbf 61'))]).packets).toMatchObject([{ topic: '\uFEFFa' }]);
  });

  it('a CONNACK of 3.1.1 with an unknown return code, for the session to judge', () => {
    expect(collect([bytes('2002 0080')]).packets).toMatchObject([{ reasonCode: 0x80 }]);
  });

  it('an overlong remaining length before MQTT 5, which does not forbid it', () => {
    expect(collect([bytes('c08000')]).packets).toEqual([{ type: 'pingreq' }]);
  });

  it('a PUBACK of MQTT 5 that leaves out its properties or all but the packet identifier', () => {
    expect(collect([bytes('40020001 40030001 10 40040001 00 00')], V5).packets).toMatchObject([{ reasonCode: 0 }, { reasonCode: 0x10 }, { reasonCode: 0 }]);
  });
});
