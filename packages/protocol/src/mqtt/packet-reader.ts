import { PacketCursor } from './packet-cursor.ts';
import { handOut } from './packet-handlers.ts';
import type { PacketHandlers } from './packet-handlers.ts';
import { FIXED_FLAGS, packetName } from './packets.ts';
import type { ConnectPacket, MqttVersion, Qos } from './packets.ts';
import type { PublishProperties } from './properties.ts';
import { readAck } from './read-packets.ts';
import { readProperties } from './read-properties.ts';
import type { MqttRule } from './rules.ts';
import { judgeBytes, sliceAscii, sliceUtf8 } from './text.ts';

// Index reads are cast: the length checks before them bound the index, and this loop is the hottest of the project.

const PUBLISH = 3;
const PUBACK = 4;
const PINGREQ = 12;
const PINGRESP = 13;
/** Longest fixed header: the first byte and a remaining length of four. */
const HEADER_BYTES = 5;
/** First buffer for a partial packet; it then grows with what arrives, never with what the header merely announces. */
const PARTIAL_BYTES = 512;
/** Longer topics are not remembered: a peer must not make an idle connection hold much. */
const TOPIC_MEMORY_BYTES = 256;

export interface PacketReaderOptions {
  /** Protocol level of the connection; default 4, or unknown until CONNECT with `expectConnect`. */
  version?: MqttVersion;
  /** Largest packet to accept, fixed header included; a larger one is refused when its header has arrived. */
  maxPacketBytes: number;
  /** Largest CONNECT to accept with `expectConnect`: what anybody can make this end hold; default `maxPacketBytes`. */
  maxConnectBytes?: number;
  handlers: PacketHandlers;
  /** The server's end: the first packet must be CONNECT, which sets the version, and there must be only one. */
  expectConnect?: boolean;
}

/**
 * Incremental MQTT parser for one direction of one connection. `push` hands every complete packet to its handler before it returns, and throws
 * `MqttProtocolError` at the first packet the standard forbids; after that, or after a handler threw, the reader is stopped.
 */
export class PacketReader {
  readonly #handlers: PacketHandlers;
  readonly #maxPacketBytes: number;
  readonly #maxConnectBytes: number;
  readonly #isServer: boolean;
  #version: MqttVersion | 0;
  #isConnected: boolean;
  #isStopped = false;
  /** The beginning of a packet whose rest has not come; an idle connection holds none. */
  #partial: Buffer | undefined = undefined;
  #partialBytes = 0;
  /** Size of the partial packet, 0 while its header is incomplete. */
  #packetBytes = 0;
  /** Devices publish on few topics: the last ASCII one is compared first, which saves the check and the string. */
  #lastTopic = '';

  constructor(options: PacketReaderOptions) {
    this.#handlers = options.handlers;
    this.#maxPacketBytes = options.maxPacketBytes;
    this.#maxConnectBytes = Math.min(options.maxPacketBytes, options.maxConnectBytes ?? Infinity);
    this.#isServer = options.expectConnect === true;
    this.#version = options.version ?? (this.#isServer ? 0 : 4);
    this.#isConnected = !this.#isServer;
  }

  /** Protocol level of the connection; undefined until CONNECT with `expectConnect`. */
  get version(): MqttVersion | undefined {
    return this.#version === 0 ? undefined : this.#version;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Drops what is buffered and ignores whatever is pushed from now on; may be called inside a handler. */
  stop(): void {
    this.#isStopped = true;
    this.#partial = undefined;
  }

  /** Parses the first `length` bytes of `chunk`, which is only used during the call. */
  push(chunk: Uint8Array, length: number = chunk.length): void {
    if (this.#isStopped) return;
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let isSound = false;
    try {
      let at = this.#partial === undefined ? 0 : this.#complete(this.#partial, buffer, length);
      at = this.#parse(buffer, at, length);
      if (at < length && !this.#isStopped) this.#keep(buffer, at, length);
      isSound = true;
    } finally {
      if (!isSound) this.stop();
    }
  }

  /** Adds the chunk to the partial packet and parses it if it is whole; returns how much of the chunk it took. */
  #complete(partial: Buffer, chunk: Buffer, length: number): number {
    let buffer = partial;
    let at = 0;
    while (this.#packetBytes === 0) {
      if (at === length) return at;
      buffer[this.#partialBytes++] = chunk[at++] as number;
      this.#packetBytes = this.#measure(buffer, 0, this.#partialBytes);
    }
    const end = Math.min(length, at + this.#packetBytes - this.#partialBytes);
    const bytes = this.#partialBytes + end - at;
    if (bytes > buffer.length) {
      buffer = Buffer.allocUnsafeSlow(Math.min(this.#packetBytes, Math.max(2 * bytes, PARTIAL_BYTES)));
      partial.copy(buffer, 0, 0, this.#partialBytes);
    }
    chunk.copy(buffer, this.#partialBytes, at, end);
    if (bytes < this.#packetBytes) {
      this.#partial = buffer;
      this.#partialBytes = bytes;
    } else {
      this.#partial = undefined;
      this.#parse(buffer, 0, bytes);
    }
    return end;
  }

  /** Copies the beginning of a packet out of the chunk. */
  #keep(chunk: Buffer, at: number, end: number): void {
    const bytes = end - at;
    this.#packetBytes = this.#measure(chunk, at, end);
    const room = this.#packetBytes === 0 ? HEADER_BYTES : Math.min(this.#packetBytes, Math.max(2 * bytes, PARTIAL_BYTES));
    // Not from Node's pool: a slice would keep all of it.
    this.#partial = Buffer.allocUnsafeSlow(room);
    this.#partialBytes = chunk.copy(this.#partial, 0, at, end);
  }

  /** Hands out every whole packet in the range; returns where the first incomplete one begins. */
  #parse(buffer: Buffer, from: number, end: number): number {
    let at = from;
    while (at < end && !this.#isStopped) {
      const bytes = this.#measure(buffer, at, end);
      if (bytes === 0 || at + bytes > end) break;
      let body = at + 2;
      while ((buffer[body - 1] as number) >= 0x80) body++;
      const first = buffer[at] as number;
      const type = first >> 4;
      const next = at + bytes;
      if (type === PUBLISH) this.#publish(buffer, at, body, next);
      else if (type === PUBACK) this.#puback(buffer, at, body, next);
      else if (type === PINGREQ || type === PINGRESP) this.#ping(buffer, at, body, next);
      else this.#rare(buffer, at, body, next);
      at = next;
    }
    return at;
  }

  /** Checks the fixed header at `at`; returns the size of the packet, or 0 if the header is incomplete. */
  #measure(buffer: Buffer, at: number, end: number): number {
    this.#checkFirstByte(buffer, at);
    let remaining = 0;
    let p = at + 1;
    for (let shift = 0; ; shift += 7) {
      if (shift === 28) this.#fail('remaining-length', 'remaining length', buffer, at, at + 1);
      if (p === end) return 0;
      const byte = buffer[p++] as number;
      remaining |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        // Before MQTT 5 the standard does not ask for the shortest form; a CONNECT is checked again when its version is known.
        if (byte === 0 && shift > 0 && this.#version === 5) this.#fail('overlong-integer', 'remaining length', buffer, at, at + 1);
        break;
      }
    }
    const bytes = p - at + remaining;
    const most = this.#isConnected ? this.#maxPacketBytes : this.#maxConnectBytes;
    if (bytes > most) {
      const limit = `${String(bytes)} bytes, the limit is ${String(most)}`;
      this.#cursor(buffer, at, at, p).fail('too-large', 'packet', { detail: limit });
    }
    return bytes;
  }

  #checkFirstByte(buffer: Buffer, at: number): void {
    const first = buffer[at] as number;
    const type = first >> 4;
    if (!this.#isConnected && type !== 1) this.#fail('first-packet', 'packet', buffer, at);
    if (type === PUBLISH) {
      if ((first & 0x06) === 0x06) this.#fail('qos', 'QoS', buffer, at);
      if ((first & 0x0e) === 0x08) this.#fail('dup', 'DUP', buffer, at);
      return;
    }
    if (type === 0 || (type === 15 && this.#version !== 5)) this.#fail('packet-type', 'packet', buffer, at);
    const fixed = FIXED_FLAGS[type] as number;
    // MQTT 3.1 sections 3.6, 3.8 and 3.10: those that carry flags at all may have DUP set when they are sent again.
    const flags = this.#version === 3 && fixed === 2 ? first & 0x07 : first & 0x0f;
    if (flags !== fixed) this.#fail('fixed-header-flags', 'flags', buffer, at);
    if (type === 1 && this.#isServer && this.#isConnected) this.#fail('second-connect', 'packet', buffer, at);
  }

  /** Apart from the loop: a closure there would move the loop's variables to the heap. */
  #rare(buffer: Buffer, at: number, body: number, end: number): void {
    handOut(this.#cursor(buffer, at, body, end), (buffer[at] as number) >> 4, this.#handlers, (packet) => {
      this.#onConnect(packet, buffer, at, body);
    });
  }

  #onConnect(packet: ConnectPacket, buffer: Buffer, at: number, body: number): void {
    this.#version = packet.version;
    this.#isConnected = true;
    if (packet.version === 5 && body - at > 2 && buffer[body - 1] === 0) this.#fail('overlong-integer', 'remaining length', buffer, at, at + 1);
  }

  #publish(buffer: Buffer, at: number, body: number, end: number): void {
    const handlers = this.#handlers;
    if (handlers.publish === undefined) this.#fail('unexpected-packet', 'packet', buffer, at);
    const topicAt = body + 2;
    if (topicAt > end) this.#fail('truncated', 'topic', buffer, at, body);
    const topicBytes = ((buffer[body] as number) << 8) | (buffer[body + 1] as number);
    let p = topicAt + topicBytes;
    if (p > end) this.#fail('truncated', 'topic', buffer, at, body);
    const topic = this.#topic(buffer, at, topicAt, p);
    const first = buffer[at] as number;
    const qos = (first >> 1) & 3;
    let packetId = 0;
    if (qos !== 0) {
      if (p + 2 > end) this.#fail('truncated', 'packet identifier', buffer, at, p);
      packetId = ((buffer[p] as number) << 8) | (buffer[p + 1] as number);
      if (packetId === 0) this.#fail('packet-id', 'packet identifier', buffer, at, p);
      p += 2;
    }
    let properties: PublishProperties | undefined;
    if (this.#version === 5) {
      if (p < end && buffer[p] === 0) p++;
      else {
        const cursor = this.#cursor(buffer, at, p, end);
        properties = readProperties(cursor, 'publish');
        p = cursor.at;
        if (this.#isServer && properties?.subscriptionIdentifiers !== undefined) {
          this.#fail('client-subscription-identifier', 'subscriptionIdentifiers', buffer, at);
        }
      }
      if (topicBytes === 0 && properties?.topicAlias === undefined) this.#fail('topic-alias-missing', 'topic', buffer, at, body);
    }
    // The cast: 3 was refused with the first byte.
    handlers.publish(topic, buffer.subarray(p, end), qos as Qos, packetId, (first & 8) !== 0, (first & 1) !== 0, properties);
  }

  #topic(buffer: Buffer, packetAt: number, at: number, end: number): string {
    const bytes = end - at;
    const last = this.#lastTopic;
    if (bytes === last.length && bytes > 0) {
      let i = 0;
      while (i < bytes && buffer[at + i] === last.charCodeAt(i)) i++;
      if (i === bytes) return last;
    }
    const verdict = judgeBytes(buffer, at, end);
    if (verdict !== 'ascii' && verdict !== 'unicode') this.#fail(verdict, 'topic', buffer, packetAt, at - 2);
    for (let i = at; i < end; i++) {
      if (buffer[i] === 0x23 || buffer[i] === 0x2b) this.#fail('topic-wildcard', 'topic', buffer, packetAt, at - 2);
    }
    if (bytes === 0 && this.#version !== 5) this.#fail('topic-empty', 'topic', buffer, packetAt, at - 2);
    if (verdict === 'unicode') return sliceUtf8(buffer, at, end);
    const topic = sliceAscii(buffer, at, end);
    if (bytes > 0 && bytes <= TOPIC_MEMORY_BYTES) this.#lastTopic = topic;
    return topic;
  }

  #puback(buffer: Buffer, at: number, body: number, end: number): void {
    const handlers = this.#handlers;
    if (handlers.puback === undefined) this.#fail('unexpected-packet', 'packet', buffer, at);
    const packetId = end - body === 2 ? ((buffer[body] as number) << 8) | (buffer[body + 1] as number) : 0;
    if (packetId !== 0) return handlers.puback(packetId, 0, undefined);
    const packet = readAck(this.#cursor(buffer, at, body, end), 'puback');
    handlers.puback(packet.packetId, packet.reasonCode, packet.properties);
  }

  #ping(buffer: Buffer, at: number, body: number, end: number): void {
    if (body !== end) this.#fail('trailing-bytes', 'bytes', buffer, at, body);
    const handlers = this.#handlers;
    if (((buffer[at] as number) >> 4) === PINGREQ) {
      if (handlers.pingreq === undefined) this.#fail('unexpected-packet', 'packet', buffer, at);
      handlers.pingreq();
    } else {
      if (handlers.pingresp === undefined) this.#fail('unexpected-packet', 'packet', buffer, at);
      handlers.pingresp();
    }
  }

  #cursor(buffer: Buffer, start: number, at: number, end: number): PacketCursor {
    return new PacketCursor(buffer, { start, at, end }, packetName((buffer[start] as number) >> 4), this.#version);
  }

  #fail(rule: MqttRule, field: string, buffer: Buffer, packetAt: number, fieldAt: number = packetAt): never {
    return this.#cursor(buffer, packetAt, fieldAt, fieldAt).fail(rule, field);
  }
}
