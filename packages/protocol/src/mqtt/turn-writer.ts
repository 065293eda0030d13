import { encodePacket } from './encode-packet.ts';
import type { MqttVersion, Packet, Qos } from './packets.ts';
import type { PublishProperties } from './properties.ts';
import {
  checkPuback, checkPublish, payloadBytes, publishBlock, publishFlags, publishRemaining, putPuback, putPublishHead, putPublishRest, topicBytes,
} from './publish-bytes.ts';
import { MqttProtocolError } from './rules.ts';
import { giveSlab, LARGEST_SLAB, takeSlab } from './slab-pool.ts';
import { packetBytes } from './wire.ts';

/** Where a {@link TurnWriter} writes to; a connection can be its own, so that it needs no closures. */
export interface TurnSink {
  /** Level of the connection when the writer is made. */
  readonly version: MqttVersion;
  /** Takes one chunk; `done` is called once, when the chunk has been passed on (without an error) or never will be (with one). Must not throw. */
  write(chunk: Buffer, done: (error?: Error | null) => void): void;
  /**
   * Takes one chunk and tells whether it has been passed on already, with all before it. Used for acknowledgements, which nobody waits to see
   * off, until it says no: `done` for each is a tenth of what an acknowledgement costs. Must not throw.
   */
  writeUnwatched?(chunk: Buffer): boolean;
  /** The first `totalBytesDone` of all bytes accepted have left: a packet is gone when this reaches `bytesQueued` as it was after the packet's call. */
  onWritten?(totalBytesDone: number): void;
}

/** Who ends the turns of writers. */
export interface WriteTurns {
  /** A writer has begun to collect: has {@link TurnWriter.endTurn} called when this turn of the event loop ends, or before. */
  add(writer: TurnWriter): void;
}

const end = (writer: TurnWriter): void => writer.endTurn();
const ITS_OWN: WriteTurns = { add: (writer) => void setImmediate(end, writer) };

/** Larger topics are not remembered: an idle connection should hold little. */
const TOPIC_MEMORY = 256;

/**
 * Collects everything that is written to one connection during one turn of the event loop and hands it over as one chunk (of at most 64 KiB, unless
 * one packet is larger). Holds a buffer only from the first byte of a turn until the stream is done with it.
 * Every method that writes throws `MqttProtocolError` for what the standard forbids, and then nothing of it is sent.
 */
export class TurnWriter {
  /** Level of the connection; a server's end sets it after CONNECT. */
  version: MqttVersion;
  /** Largest packet that the other end takes (MQTT 5); {@link packet} refuses a larger one. Who writes a PUBLISH has measured it before. */
  maxPacketBytes = Infinity;
  readonly #sink: TurnSink;
  readonly #turns: WriteTurns;
  #slab: Buffer | undefined = undefined;
  #at = 0;
  /** What the last turn wrote: the best guess for the size of the next one. */
  #lastTurnBytes = 0;
  #isScheduled = false;
  /** Whether this turn has more than acknowledgements. */
  #isWatched = false;
  /** Whether the sink did not pass on a chunk at once: it is watched from then on. */
  #isSlow = false;
  #isDiscarded = false;
  #bytesQueued = 0;
  #bytesDone = 0;
  /** Devices publish on few topics: the last one is not checked and measured again. */
  #lastTopic = '';
  #lastTopicBytes = 0;

  constructor(sink: TurnSink, turns: WriteTurns = ITS_OWN) {
    this.#sink = sink;
    this.#turns = turns;
    this.version = sink.version;
  }

  /** Running total of all bytes accepted. */
  get bytesQueued(): number {
    return this.#bytesQueued;
  }

  /** Bytes accepted and not reported as written yet: what back-pressure looks at. */
  get pendingBytes(): number {
    return this.#bytesQueued - this.#bytesDone;
  }

  /**
   * Writes a PUBLISH; the payload is copied at once. `payloadLength` is its length in UTF-8, for who knows it already. Positional like the reader's
   * handler, since an object per message costs.
   */
  publish(
    topic: string, payload: string | Uint8Array, qos: Qos = 0, packetId = 0, dup = false, retain = false, properties?: PublishProperties,
    payloadLength = payloadBytes(payload),
  ): void {
    if (this.#isDiscarded) return;
    const version = this.version;
    checkPublish(qos, packetId, dup, version);
    const block = properties === undefined && topic !== '' ? undefined : publishBlock(topic, properties, version);
    const topicLength = topic === this.#lastTopic ? this.#lastTopicBytes : this.#measureTopic(topic);
    const remaining = publishRemaining(topicLength, payloadLength, qos, block, version);
    const bytes = packetBytes(remaining);
    const slab = this.#room(bytes);
    this.#isWatched = true;
    const at = putPublishHead(slab, this.#at, publishFlags(qos, dup, retain), remaining, topic, topicLength);
    putPublishRest(slab, at, packetId, block, version, payload, payloadLength);
    this.#accept(bytes);
  }

  /** Writes a PUBACK; a reason code other than 0 needs MQTT 5. */
  puback(packetId: number, reasonCode = 0): void {
    if (this.#isDiscarded) return;
    checkPuback(packetId, reasonCode, this.version);
    const bytes = reasonCode === 0 ? 4 : 5;
    putPuback(this.#room(bytes), this.#at, packetId, reasonCode);
    this.#accept(bytes);
  }

  /** Writes any packet. */
  packet(packet: Packet): void {
    if (this.#isDiscarded) return;
    const bytes = encodePacket(packet, this.version);
    if (bytes.length > this.maxPacketBytes) throw new MqttProtocolError({ rule: 'too-large-for-peer', packet: packet.type.toUpperCase(), field: 'packet', offset: 0, version: this.version, detail: `${String(bytes.length)} bytes, the limit is ${String(this.maxPacketBytes)}` });
    this.#room(bytes.length).set(bytes, this.#at);
    this.#isWatched = true;
    this.#accept(bytes.length);
  }

  /** The turn is over: hands over what has been collected; what comes later asks for the end of its own turn. */
  endTurn(): void {
    this.#isScheduled = false;
    this.flush();
  }

  /** Hands over now what has been collected. */
  flush(): void {
    const slab = this.#slab;
    if (slab === undefined) return;
    const bytes = this.#at;
    this.#slab = undefined;
    this.#at = 0;
    if (bytes === 0) return giveSlab(slab);
    this.#lastTurnBytes = bytes;
    const chunk = slab.subarray(0, bytes);
    const end = this.#bytesQueued;
    if (!this.#isWatched && !this.#isSlow && this.#sink.writeUnwatched !== undefined) {
      this.#isSlow = !this.#sink.writeUnwatched(chunk);
      // What the sink still holds is left to the garbage collector.
      return this.#isSlow ? undefined : this.#passedOn(slab, end);
    }
    this.#isWatched = false;
    let isSettled = false;
    this.#sink.write(chunk, (error) => {
      if (isSettled) return;
      isSettled = true;
      // After an error the stream may still hold the bytes: such a slab is left to the garbage collector.
      if (error === undefined || error === null) this.#passedOn(slab, end);
    });
  }

  /** Drops what has not been handed over and ends the writer: it ignores later calls and reports nothing more. */
  discard(): void {
    this.#isDiscarded = true;
    if (this.#slab !== undefined) giveSlab(this.#slab);
    this.#slab = undefined;
    this.#at = 0;
  }

  #measureTopic(topic: string): number {
    const bytes = topicBytes(topic, this.version);
    if (topic.length <= TOPIC_MEMORY) {
      this.#lastTopic = topic;
      this.#lastTopicBytes = bytes;
    }
    return bytes;
  }

  /** A slab with room for `bytes` bytes at `#at`. */
  #room(bytes: number): Buffer {
    const slab = this.#slab;
    return slab !== undefined && this.#at + bytes <= slab.length ? slab : this.#moreRoom(slab, bytes);
  }

  #moreRoom(slab: Buffer | undefined, bytes: number): Buffer {
    const isFull = this.#at + bytes > LARGEST_SLAB;
    if (isFull) this.flush();
    const guess = isFull ? LARGEST_SLAB : Math.min(this.#lastTurnBytes, LARGEST_SLAB);
    const larger = takeSlab(Math.max(this.#at + bytes, guess));
    if (slab !== undefined && !isFull) {
      slab.copy(larger, 0, 0, this.#at);
      giveSlab(slab);
    }
    this.#slab = larger;
    return larger;
  }

  #accept(bytes: number): void {
    this.#at += bytes;
    this.#bytesQueued += bytes;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#turns.add(this);
  }

  /** A chunk has left, and all up to the running total `end`: they leave in their order. */
  #passedOn(slab: Buffer, end: number): void {
    giveSlab(slab);
    if (this.#isDiscarded) return;
    this.#bytesDone = end;
    this.#sink.onWritten?.(this.#bytesDone);
  }
}
