import { describe, expect, it } from 'vitest';
import { collect } from './packet-collector.fixtures.ts';
import type { MqttVersion } from './packets.ts';
import { freeSlabBytes, giveSlab, takeSlab } from './slab-pool.ts';
import { TurnWriter } from './turn-writer.ts';

/** A stream that keeps what it gets and is done when told. */
class Stream {
  readonly chunks: Buffer[] = [];
  readonly dones: ((error?: Error) => void)[] = [];
  readonly written: number[] = [];
  readonly turns: TurnWriter[] = [];
  readonly version: MqttVersion;

  constructor(version: MqttVersion = 4) {
    this.version = version;
  }

  write(chunk: Buffer, done: (error?: Error) => void): void {
    this.chunks.push(chunk);
    this.dones.push(done);
  }

  add(writer: TurnWriter): void {
    this.turns.push(writer);
  }

  onWritten(totalBytesDone: number): void {
    this.written.push(totalBytesDone);
  }

  endTurn(): void {
    for (const writer of this.turns.splice(0)) writer.endTurn();
  }

  get packets(): unknown[] {
    return collect(this.chunks, { version: this.version }).packets;
  }
}

/** A stream that passes on at once what nobody watches, unless it is full. */
class AtOnce extends Stream {
  readonly unwatched: string[] = [];
  isFull = false;

  writeUnwatched(chunk: Buffer): boolean {
    this.chunks.push(Buffer.from(chunk));
    this.unwatched.push('unwatched');
    return !this.isFull;
  }
}

describe('a turn writer', () => {
  it('writes no packet that is larger than the other end takes [MQTT-3.1.2-24]', () => {
    const stream = new Stream(5);
    const writer = new TurnWriter(stream, stream);
    writer.maxPacketBytes = 8;
    writer.packet({ type: 'suback', packetId: 1, reasonCodes: [0, 1, 2] });
    expect(() => writer.packet({ type: 'suback', packetId: 2, reasonCodes: [0, 1, 2, 0] })).toThrow(expect.objectContaining({ rule: 'too-large-for-peer', code: 'too-large', reasonCode: 0x95, message: expect.stringMatching(/^SUBACK: .*9 bytes, the limit is 8.*MQTT-3\.1\.2-24/) }));
    stream.endTurn();
    expect(stream.packets).toMatchObject([{ packetId: 1 }]);
  });

  it('hands everything of a turn to the stream in one write, in order', () => {
    const stream = new Stream();
    const writer = new TurnWriter(stream, stream);
    writer.puback(1);
    writer.publish('a', 'one');
    writer.packet({ type: 'pingreq' });
    writer.publish('a', Buffer.from('two'), 1, 2, true, true);
    expect(stream.chunks).toEqual([]);
    stream.endTurn();
    expect(stream.chunks).toHaveLength(1);
    expect(stream.packets).toEqual([
      { type: 'puback', packetId: 1, reasonCode: 0 },
      { type: 'publish', topic: 'a', payload: Buffer.from('one'), qos: 0, packetId: 0, dup: false, retain: false },
      { type: 'pingreq' },
      { type: 'publish', topic: 'a', payload: Buffer.from('two'), qos: 1, packetId: 2, dup: true, retain: true },
    ]);
  });

  it('asks for the end of the turn once a turn, with setImmediate unless told otherwise', async () => {
    const stream = new Stream();
    const writer = new TurnWriter(stream, stream);
    writer.puback(1);
    writer.puback(2);
    expect(stream.turns).toHaveLength(1);
    stream.endTurn();
    writer.puback(3);
    expect(stream.turns).toHaveLength(1);

    const chunks: Buffer[] = [];
    new TurnWriter({ version: 4, write: (chunk) => chunks.push(chunk) }).puback(1);
    expect(chunks).toHaveLength(0);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(chunks).toHaveLength(1);
  });

  it('counts what is queued and what has left, so that a packet at QoS 0 can be settled', () => {
    const stream = new Stream();
    const writer = new TurnWriter(stream, stream);
    writer.puback(1);
    const first = writer.bytesQueued;
    stream.endTurn();
    writer.publish('t', 'x');
    stream.endTurn();
    expect([first, writer.bytesQueued, writer.pendingBytes]).toEqual([4, 10, 10]);
    stream.dones[0]?.();
    expect([stream.written, writer.pendingBytes]).toEqual([[4], 6]);
    stream.dones[1]?.();
    expect([stream.written, writer.pendingBytes]).toEqual([[4, 10], 0]);
  });

  it('flushes at once when asked and writes nothing at the end of the turn then', () => {
    const stream = new Stream();
    const writer = new TurnWriter(stream, stream);
    writer.puback(1);
    writer.flush();
    writer.flush();
    stream.endTurn();
    expect(stream.chunks).toHaveLength(1);
  });

  it('takes a buffer with the first byte of a turn and gives it back when the stream is done', () => {
    const stream = new Stream();
    const writer = new TurnWriter(stream, stream);
    giveSlab(takeSlab(1)); // so that there is one to take
    const before = freeSlabBytes();
    writer.puback(1);
    const during = freeSlabBytes();
    stream.endTurn();
    stream.dones[0]?.();
    stream.dones[0]?.();
    expect([during, freeSlabBytes()]).toEqual([before - 1024, before]);
  });

  it('does not use a buffer again that a failed stream may still hold, nor counts it as written', () => {
    const stream = new Stream();
    const writer = new TurnWriter(stream, stream);
    writer.puback(1);
    const before = freeSlabBytes();
    stream.endTurn();
    stream.dones[0]?.(new Error('reset'));
    expect([freeSlabBytes(), stream.written, writer.pendingBytes]).toEqual([before, [], 4]);
  });

  it('writes acknowledgements without being told when they left, as long as they leave at once', () => {
    const stream = new AtOnce();
    const writer = new TurnWriter(stream, stream);
    writer.puback(1);
    writer.puback(2);
    stream.endTurn();
    expect([stream.unwatched, stream.dones.length, stream.written, writer.pendingBytes]).toEqual([['unwatched'], 0, [8], 0]);
    writer.puback(3);
    writer.publish('a', 'x');
    stream.endTurn();
    expect([stream.unwatched, stream.dones.length, stream.written]).toEqual([['unwatched'], 1, [8]]);
    writer.puback(4);
    stream.endTurn();
    expect([stream.unwatched.length, stream.dones.length, writer.pendingBytes]).toEqual([2, 1, 0]);
    stream.dones[0]?.();
    expect(stream.packets).toMatchObject([1, 2, 3, 'a', 4].map((id) => (id === 'a' ? { topic: id } : { packetId: id })));
  });

  it('is told of each chunk from when one did not leave at once, and does not use the buffer of that one again', () => {
    const stream = new AtOnce();
    const writer = new TurnWriter(stream, stream);
    stream.isFull = true;
    const before = freeSlabBytes();
    writer.puback(1);
    stream.endTurn();
    expect([writer.pendingBytes, freeSlabBytes() <= before]).toEqual([4, true]);
    stream.isFull = false;
    writer.puback(2);
    stream.endTurn();
    expect([stream.unwatched.length, stream.dones.length, writer.pendingBytes, stream.written]).toEqual([1, 1, 8, []]);
    stream.dones[0]?.();
    expect([writer.pendingBytes, stream.written]).toEqual([0, [8]]);
    expect(stream.packets).toMatchObject([{ packetId: 1 }, { packetId: 2 }]);
  });

  it('grows with the turn and hands over 64 KiB at a time', () => {
    const stream = new Stream();
    const writer = new TurnWriter(stream, stream);
    const payload = Buffer.alloc(1000, 'x');
    for (let i = 0; i < 200; i++) writer.publish('t', payload);
    stream.endTurn();
    expect(stream.chunks.map((chunk) => chunk.length <= 65_536)).toEqual([true, true, true, true]);
    expect(stream.packets).toHaveLength(200);
    expect(Buffer.concat(stream.chunks)).toHaveLength(writer.bytesQueued);
  });

  it('gives a packet over 64 KiB a buffer of its own, in its place among the others', () => {
    const stream = new Stream();
    const writer = new TurnWriter(stream, stream);
    writer.puback(1);
    writer.publish('t', Buffer.alloc(200_000));
    writer.puback(2);
    stream.endTurn();
    expect(stream.chunks).toHaveLength(3);
    expect(stream.packets).toMatchObject([{ packetId: 1 }, { type: 'publish' }, { packetId: 2 }]);
  });

  it('copies a payload at once: the caller may change it afterwards', () => {
    const stream = new Stream();
    const payload = Buffer.from('before');
    new TurnWriter(stream, stream).publish('t', payload);
    payload.fill('x');
    stream.endTurn();
    expect(stream.packets).toMatchObject([{ payload: Buffer.from('before') }]);
  });

  it('writes nothing of a packet it refuses, and holds nothing because of it', () => {
    const stream = new Stream();
    const writer = new TurnWriter(stream, stream);
    const before = freeSlabBytes();
    expect(() => { writer.publish('a/#', 'x'); }).toThrow('MQTT-3.3.2-2');
    expect(() => { writer.publish('', 'x'); }).toThrow('MQTT-4.7.3-1');
    expect(() => { writer.publish('a', 'x', 1, 0); }).toThrow('MQTT-2.3.1-1');
    expect(() => { writer.puback(0); }).toThrow('MQTT-2.3.1-1');
    expect(() => { writer.puback(1, 0x87); }).toThrow('reason code');
    expect(() => { writer.packet({ type: 'auth', reasonCode: 0 }); }).toThrow('AUTH');
    stream.endTurn();
    expect([stream.chunks, writer.bytesQueued, freeSlabBytes()]).toEqual([[], 0, before]);
  });

  it('still refuses a bad topic that follows a good one', () => {
    const writer = new TurnWriter(new Stream());
    writer.publish('a', 'x');
    expect(() => { writer.publish('+', 'x'); }).toThrow('MQTT-3.3.2-2');
  });

  it('speaks MQTT 5 from when its version is set', () => {
    const stream = new Stream(5);
    const writer = new TurnWriter({ version: 4, write: stream.write.bind(stream) }, stream);
    writer.version = 5;
    writer.puback(1, 0x10);
    writer.publish('t', 'x');
    writer.publish('', 'y', 0, 0, false, false, { topicAlias: 1 });
    stream.endTurn();
    expect(stream.packets).toMatchObject([{ reasonCode: 0x10 }, { topic: 't' }, { topic: '', properties: { topicAlias: 1 } }]);
  });

  it('drops what was not handed over when discarded, and neither writes nor reports any more', () => {
    const stream = new Stream();
    const writer = new TurnWriter(stream, stream);
    writer.puback(1);
    writer.flush();
    writer.puback(2);
    writer.discard();
    writer.puback(3);
    writer.publish('t', 'x');
    writer.packet({ type: 'pingreq' });
    stream.endTurn();
    stream.dones[0]?.();
    expect(stream.packets).toMatchObject([{ packetId: 1 }]);
    expect(stream.written).toEqual([]);
  });
});

describe('the free list of slabs', () => {
  it('is bounded', () => {
    const stream = new Stream();
    const writers = Array.from({ length: 2000 }, () => new TurnWriter(stream, stream));
    for (const writer of writers) writer.puback(1);
    stream.endTurn();
    for (const done of stream.dones) done();
    expect(freeSlabBytes()).toBeLessThanOrEqual(3 * 1024 * 1024);
  });
});
