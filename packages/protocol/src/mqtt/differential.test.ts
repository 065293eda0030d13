import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { encodePacket } from './encode-packet.ts';
import { comparable, generate, parse } from './mqtt-packet-peer.fixtures.ts';
import { anyPacket, anyVersion, FUZZ_TIMEOUT_MS, mutate, mutations, packetOf, runs, typesOf } from './packet-arbitraries.fixtures.ts';
import { bytes, collect } from './packet-collector.fixtures.ts';
import type { MqttVersion, Packet } from './packets.ts';
import type { MqttRule } from './rules.ts';

vi.setConfig({ testTimeout: FUZZ_TIMEOUT_MS });

interface Leniency {
  reason: string;
  /** A packet that shows it, and the level it is read at. */
  example: string;
  version: MqttVersion;
}

const NOT_CHECKED = 'mqtt-packet leaves the content of topics, filters and strings to its user';
const NOT_BOUNDED = 'mqtt-packet looks for the end of a field in its buffer, not in the packet, and goes on after it';
const NO_TABLE = 'mqtt-packet knows the names of properties, not where they belong nor what they may be';

/** Rules that mqtt-packet 9.0.2 does not check, or not everywhere: where it reads a packet that we refuse, the rule must be here. */
const LENIENCIES: Partial<Record<MqttRule, Leniency>> = {
  truncated: { reason: NOT_BOUNDED, example: '6200', version: 4 },
  'trailing-bytes': { reason: NOT_BOUNDED, example: 'c00121', version: 4 },
  utf8: { reason: NOT_CHECKED, example: '3004 0002 c0af', version: 4 },
  nul: { reason: NOT_CHECKED, example: '3003 0001 00', version: 4 },
  characters: { reason: NOT_CHECKED, example: '3003 0001 0a', version: 4 },
  'client-id-characters': { reason: NOT_CHECKED, example: "100d 'MQTT' 04 02 003c 0001 0a", version: 4 },
  'topic-empty': { reason: NOT_CHECKED, example: '3002 0000', version: 4 },
  'topic-wildcard': { reason: NOT_CHECKED, example: "3003 '#'", version: 4 },
  'topic-alias-missing': { reason: NOT_CHECKED, example: '3003 0000 00', version: 5 },
  'filter-empty': { reason: NOT_CHECKED, example: '8205 0001 0000 00', version: 4 },
  'filter-multi-level': { reason: NOT_CHECKED, example: "8207 0001 'a#' 00", version: 4 },
  'filter-single-level': { reason: NOT_CHECKED, example: "8207 0001 'a+' 00", version: 4 },
  'filter-share': { reason: NOT_CHECKED, example: "820e 0001 00 '$share/a' 00", version: 5 },
  'share-no-local': { reason: NOT_CHECKED, example: "8210 0001 00 '$share/a/b' 04", version: 5 },
  'response-topic-wildcard': { reason: NOT_CHECKED, example: "3008 't' 04 08 '#'", version: 5 },
  'packet-id': { reason: 'mqtt-packet reads packet identifier 0', example: '40020000', version: 4 },
  dup: { reason: 'mqtt-packet reads DUP at QoS 0', example: "3803 't'", version: 4 },
  'no-filters': { reason: 'mqtt-packet reads a SUBSCRIBE without filters', example: '82020001', version: 4 },
  'no-unsubscribe-filters': { reason: 'mqtt-packet reads an UNSUBSCRIBE without filters', example: 'a2020001', version: 4 },
  'no-reason-codes': { reason: 'mqtt-packet reads a SUBACK without codes', example: '90020001', version: 4 },
  'reason-code': { reason: 'mqtt-packet does not check the code of a CONNACK', example: '2003000700', version: 5 },
  'session-present': { reason: 'mqtt-packet leaves this to the client', example: '20020105', version: 4 },
  'protocol-level': { reason: 'mqtt-packet takes either name with any level, and the top bit as bridge mode', example: "100d 'MQTT' 84 02 003c 'c'", version: 4 },
  'password-flag': { reason: 'mqtt-packet reads a password without a user name', example: "1010 'MQTT' 04 42 003c 'c' 'p'", version: 4 },
  'will-qos': { reason: 'mqtt-packet reads will QoS 3', example: "1012 'MQTT' 04 1e 003c 'c' 'w' 0000", version: 4 },
  'overlong-integer': { reason: 'mqtt-packet reads any variable byte integer of up to four bytes', example: 'c08000', version: 5 },
  'property-not-allowed': { reason: NO_TABLE, example: "3007 't' 03 210001", version: 5 },
  'property-repeated': { reason: NO_TABLE, example: "3008 't' 04 01010101", version: 5 },
  'property-value': { reason: NO_TABLE, example: "3006 't' 02 0102", version: 5 },
  'topic-alias-zero': { reason: NO_TABLE, example: "3007 't' 03 230000", version: 5 },
  'authentication-data-alone': { reason: NO_TABLE, example: "1011 'MQTT' 05 02 003c 03 160000 'c'", version: 5 },
};

/** Packets that the standard allows and mqtt-packet refuses. */
const OURS_ONLY: { reason: string; applies: (packet: Packet, content: Buffer, version: MqttVersion) => boolean }[] = [
  {
    reason: 'MQTT 3.1 sections 3.6, 3.8, 3.10: DUP may be set on what is sent again',
    applies: (packet, content, version) => version === 3 && ['pubrel', 'subscribe', 'unsubscribe'].includes(packet.type) && (content.readUInt8(0) & 0x0f) === 0x0a,
  },
  {
    reason: 'MQTT 3.1 section 3.1: user name and password may be missing although their flags are set, will flags without a will are disregarded',
    applies: (packet) => packet.type === 'connect' && packet.version === 3,
  },
  {
    reason: 'MQTT 5 section 3.15.2.1: reason code 0 may be left out',
    applies: (packet, content) => packet.type === 'auth' && content.length === 2,
  },
];

/** mqtt-packet refuses to write these, which the standard allows. */
function cannotGenerate(packet: Packet): boolean {
  if (packet.type !== 'connect') return false;
  return (packet.clientId === '' && (!packet.clean || packet.version === 3)) || (packet.password !== undefined && packet.username === undefined);
}

/** The first packet's bytes if they are all there. */
function firstFrame(content: Buffer): Buffer | undefined {
  let remaining = 0;
  for (let i = 1; i < Math.min(5, content.length); i++) {
    const byte = content.readUInt8(i);
    remaining |= (byte & 0x7f) << (7 * (i - 1));
    if (byte < 0x80) return content.length >= i + 1 + remaining ? content.subarray(0, i + 1 + remaining) : undefined;
  }
  return undefined;
}

describe('against mqtt-packet', () => {
  for (const version of [3, 4, 5] as const) {
    for (const type of typesOf(version)) {
      it(`${type.toUpperCase()} at level ${String(version)} written by either means the same to the other`, () => {
        fc.assert(fc.property(packetOf(type, version), (packet) => {
          expect(parse(encodePacket(packet, version), version)).toBeDefined();
          expect(comparable(parse(encodePacket(packet, version), version) as Packet)).toEqual(comparable(packet));
          fc.pre(!cannotGenerate(packet));
          const got = collect([generate(packet, version)], { version });
          expect(got.error).toBeUndefined();
          expect(got.packets.map(comparable)).toEqual([comparable(packet)]);
        }), runs(40));
      });
    }
  }

  it('accepts of broken packets only what it accepts, with the same meaning, and refuses more only for a reason in the list', () => {
    const broken = fc.tuple(anyVersion.chain((version) => fc.tuple(fc.constant(version), anyPacket(version))), mutations, fc.boolean());
    fc.assert(fc.property(broken, ([[version, packet], steps, fixesLength]) => {
      const content = firstFrame(mutate(encodePacket(packet, version), steps, fixesLength));
      fc.pre(content !== undefined);
      const ours = collect([content], { version });
      const theirs = parse(content, version);
      const [read] = ours.packets;
      if (read !== undefined) {
        if (theirs === undefined && OURS_ONLY.some((exception) => exception.applies(read, content, version))) return;
        expect(theirs, content.toString('hex')).toBeDefined();
        expect(comparable(read)).toEqual(comparable(theirs as Packet));
      } else {
        expect(ours.error).toBeDefined();
        if (theirs !== undefined && ours.error !== undefined) expect(Object.keys(LENIENCIES), `${content.toString('hex')}: ${ours.error.message}`).toContain(ours.error.rule);
      }
    }), runs(4000));
  });

  it.each(Object.entries(LENIENCIES))('is lenient about %s, as the list says', (rule, { example, version }) => {
    const content = bytes(example);
    expect(firstFrame(content)).toEqual(content);
    expect(collect([content], { version }).error?.rule).toBe(rule);
    expect(parse(content, version)).toBeDefined();
  });
});
