import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { encodePacket } from './encode-packet.ts';
import { anyPacket, anyVersion, FUZZ_TIMEOUT_MS, mutate, mutations, packetOf, runs, typesOf } from './packet-arbitraries.fixtures.ts';
import { collect, collectInto } from './packet-collector.fixtures.ts';
import { PacketReader } from './packet-reader.ts';
import type { MqttVersion, Packet } from './packets.ts';

vi.setConfig({ testTimeout: FUZZ_TIMEOUT_MS });

const VERSIONS: readonly MqttVersion[] = [3, 4, 5];

describe('encoding and reading back', () => {
  for (const version of VERSIONS) {
    for (const type of typesOf(version)) {
      it(`gives the same ${type.toUpperCase()} at level ${String(version)}`, () => {
        fc.assert(fc.property(packetOf(type, version), (packet) => {
          const got = collect([encodePacket(packet, version)], { version });
          expect(got.error).toBeUndefined();
          expect(got.packets).toEqual([packet]);
        }), runs(60));
      });
    }
  }

  it('does not depend on where the stream is cut', () => {
    const cuts = fc.array(fc.nat(10_000), { maxLength: 12 });
    fc.assert(fc.property(anyVersion.chain((version) => fc.tuple(fc.constant(version), fc.array(anyPacket(version), { maxLength: 6 }))), cuts, ([version, packets], at) => {
      const stream = Buffer.concat(packets.map((packet) => encodePacket(packet, version)));
      const borders = [0, ...at.map((cut) => cut % (stream.length + 1)), stream.length].sort((a, b) => a - b);
      const chunks = borders.slice(1).map((border, i) => stream.subarray(borders[i], border));
      const got = collect(chunks, { version });
      expect(got.error).toBeUndefined();
      expect(got.packets).toEqual(packets);
    }), runs(400));
  });

  it('works byte by byte', () => {
    fc.assert(fc.property(anyVersion.chain((version) => fc.tuple(fc.constant(version), anyPacket(version))), ([version, packet]) => {
      const got = collect([...encodePacket(packet, version)].map((byte) => Uint8Array.of(byte)), { version });
      expect(got).toEqual({ packets: [packet], error: undefined, version: packet.type === 'connect' ? packet.version : version });
    }), runs(200));
  });
});

describe('reading bytes that nobody meant', () => {
  const broken = fc.tuple(anyVersion.chain((version) => fc.tuple(fc.constant(version), anyPacket(version))), mutations, fc.boolean())
    .map(([[version, packet], steps, fixes]) => ({ version, stream: mutate(encodePacket(packet, version), steps, fixes) }));
  const noise = fc.record({ version: anyVersion, stream: fc.uint8Array({ maxLength: 64 }).map((content) => Buffer.from(content)) });
  const input = fc.oneof({ weight: 3, arbitrary: broken }, { weight: 1, arbitrary: noise });

  it('throws nothing but MqttProtocolError, whatever the bytes and the cuts', () => {
    fc.assert(fc.property(input, fc.boolean(), fc.nat(64), ({ version, stream }, expectConnect, cut) => {
      const whole = collect([stream], { version, expectConnect });
      const parts = collect([stream.subarray(0, cut), stream.subarray(cut)], { version, expectConnect });
      expect(parts.packets).toEqual(whole.packets);
      expect(parts.error?.message).toBe(whole.error?.message);
    }), runs(1500));
  });

  it('does not look at bytes outside the chunk', () => {
    fc.assert(fc.property(input, fc.nat(255), ({ version, stream }, filler) => {
      const around = Buffer.alloc(stream.length + 64, filler);
      stream.copy(around, 32);
      const inside = collectInside(around.subarray(32), stream.length, version);
      const alone = collect([stream], { version });
      expect(inside.packets).toEqual(alone.packets);
      expect(inside.message).toBe(alone.error?.message);
    }), runs(1000));
  });

  it('reads again what it wrote after reading mutated bytes', () => {
    fc.assert(fc.property(broken, ({ version, stream }) => {
      for (const packet of collect([stream], { version }).packets) {
        const level = packet.type === 'connect' ? packet.version : version;
        if (packet.type === 'connack' && level !== 5 && packet.reasonCode > 5) continue; // read as it is, never written
        expect(collect([encodePacket(packet, level)], { version: level }).packets).toEqual([packet]);
      }
    }), runs(1000));
  });
});

function collectInside(chunk: Buffer, length: number, version: MqttVersion): { packets: unknown[]; message: string | undefined } {
  const packets: Packet[] = [];
  const reader = new PacketReader({ version, maxPacketBytes: 1_000_000, handlers: collectInto(packets) });
  try {
    reader.push(chunk, length);
    return { packets, message: undefined };
  } catch (error) {
    return { packets, message: (error as Error).message }; // only MqttProtocolError gets here, as the test before shows
  }
}
