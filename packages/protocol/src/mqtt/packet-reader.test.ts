import { describe, expect, it } from 'vitest';
import { encodePacket } from './encode-packet.ts';
import { collectInto, bytes } from './packet-collector.fixtures.ts';
import { PacketReader } from './packet-reader.ts';
import type { Packet } from './packets.ts';

const PUBLISH: Packet = { type: 'publish', topic: 'a/b', payload: Buffer.from('hello'), qos: 1, packetId: 7, dup: false, retain: true };
const stream = (...packets: Packet[]): Buffer => Buffer.concat(packets.map((packet) => encodePacket(packet, 4)));

describe('a packet reader', () => {
  it('hands a PUBLISH out field by field', () => {
    const calls: unknown[] = [];
    const reader = new PacketReader({ maxPacketBytes: 100, handlers: { publish: (...args) => calls.push([...args]) } });
    reader.push(stream(PUBLISH));
    expect(calls).toEqual([['a/b', Buffer.from('hello'), 1, 7, false, true, undefined]]);
  });

  it('lends the payload as a view of the chunk', () => {
    const chunk = stream(PUBLISH);
    let seen: Buffer | undefined;
    new PacketReader({ maxPacketBytes: 100, handlers: { publish: (_topic, payload) => (seen = payload) } }).push(chunk);
    expect(seen?.buffer).toBe(chunk.buffer);
  });

  it('reads plain Uint8Arrays and only as far as told', () => {
    const packets: Packet[] = [];
    const reader = new PacketReader({ maxPacketBytes: 100, handlers: collectInto(packets) });
    const chunk = new Uint8Array(200).fill(0xff);
    const content = stream(PUBLISH);
    chunk.set(content, 10);
    reader.push(chunk.subarray(10), content.length);
    expect(packets).toEqual([PUBLISH]);
  });

  it('calls handlers as methods of the object they are in', () => {
    class Connection {
      pings = 0;
      readonly reader = new PacketReader({ maxPacketBytes: 100, handlers: this });
      pingreq(): void {
        this.pings++;
      }
    }
    const connection = new Connection();
    connection.reader.push(bytes('c000c000'));
    expect(connection.pings).toBe(2);
  });

  it('hands out nothing more of a chunk once a handler stops it', () => {
    const seen: string[] = [];
    const reader = new PacketReader({ maxPacketBytes: 100, handlers: { pingreq: () => { seen.push('pingreq'); reader.stop(); }, puback: () => seen.push('puback') } });
    reader.push(bytes('c000 40020001 50'));
    reader.push(bytes('40020001'));
    expect(seen).toEqual(['pingreq']);
    expect(reader.isStopped).toBe(true);
  });

  it('stops inside a packet that came in pieces', () => {
    const seen: string[] = [];
    const reader = new PacketReader({ maxPacketBytes: 100, handlers: { pingreq: () => { seen.push('pingreq'); reader.stop(); } } });
    reader.push(bytes('c0'));
    reader.push(bytes('00 c000'));
    expect(seen).toEqual(['pingreq']);
  });

  it('is stopped by what a handler throws, which reaches the caller', () => {
    const reader = new PacketReader({ maxPacketBytes: 100, handlers: { pingreq: () => { throw new TypeError('mine'); } } });
    expect(() => {
      reader.push(bytes('c000'));
    }).toThrow(new TypeError('mine'));
    expect(reader.isStopped).toBe(true);
  });

  it('hands out the packets in front of a bad one, then ignores what follows', () => {
    const packets: Packet[] = [];
    const reader = new PacketReader({ maxPacketBytes: 100, handlers: collectInto(packets) });
    expect(() => {
      reader.push(bytes('c000 36 c000'));
    }).toThrow('PUBLISH: QoS at offset 0 is 3 [MQTT-3.3.1-4]');
    reader.push(bytes('c000'));
    expect(packets).toEqual([{ type: 'pingreq' }]);
  });

  it('learns the version from CONNECT and reads the rest of the chunk by it', () => {
    const packets: Packet[] = [];
    const reader = new PacketReader({ maxPacketBytes: 100, expectConnect: true, handlers: collectInto(packets) });
    expect(reader.version).toBeUndefined();
    reader.push(bytes("100e 'MQTT' 05 02 003c 00 'c' 3004 't' 00"));
    expect(reader.version).toBe(5);
    expect(packets).toMatchObject([{ type: 'connect', version: 5 }, { type: 'publish', topic: 't', payload: Buffer.alloc(0) }]);
  });

  it('accepts a packet of exactly the limit', () => {
    const packets: Packet[] = [];
    const content = stream(PUBLISH);
    new PacketReader({ maxPacketBytes: content.length, handlers: collectInto(packets) }).push(content);
    expect(packets).toHaveLength(1);
  });

  it('reads a large packet that comes in small pieces', () => {
    const packets: Packet[] = [];
    const large: Packet = { ...PUBLISH, payload: Buffer.alloc(300_000, 'x') };
    const reader = new PacketReader({ maxPacketBytes: 400_000, handlers: collectInto(packets) });
    const content = stream(large, PUBLISH);
    for (let at = 0; at < content.length; at += 1000) reader.push(content.subarray(at, at + 1000));
    expect(packets).toEqual([large, PUBLISH]);
  });

  it('keeps topics apart that differ in their last character', () => {
    const packets: Packet[] = [];
    const both = [PUBLISH, { ...PUBLISH, topic: 'a/c' }, { ...PUBLISH, topic: 'a/ä' }, PUBLISH] as Packet[];
    new PacketReader({ maxPacketBytes: 100, handlers: collectInto(packets) }).push(stream(...both));
    expect(packets).toEqual(both);
  });
});
