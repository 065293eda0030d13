import type { MqttVersion } from './packets.ts';
import { MqttProtocolError } from './rules.ts';
import type { MqttRule } from './rules.ts';
import { judgeBytes, sliceAscii, sliceUtf8 } from './text.ts';

// Index reads are cast: `need` has just checked that the bytes are there.

/** Reads the fields of one complete packet, strictly; made for the packets that come rarely. */
export class PacketCursor {
  readonly buffer: Buffer;
  /** Name of the packet, as the standard writes it. */
  readonly packet: string;
  /** 0 inside a CONNECT until its level has been read. */
  version: MqttVersion | 0;
  at: number;
  readonly #end: number;
  /** Offset of the packet's first byte. */
  readonly start: number;

  /** `start` is the packet's first byte, `at` the first unread one, `end` the one behind its last. */
  constructor(buffer: Buffer, range: { start: number; at: number; end: number }, packet: string, version: MqttVersion | 0) {
    this.buffer = buffer;
    this.start = range.start;
    this.at = range.at;
    this.#end = range.end;
    this.packet = packet;
    this.version = version;
  }

  get left(): number {
    return this.#end - this.at;
  }

  /** Throws: the field at `at` (default: the next one) breaks the rule. */
  fail(rule: MqttRule, field: string, more: { at?: number; detail?: string; clause?: string } = {}): never {
    const { at = this.at, ...rest } = more;
    throw new MqttProtocolError({ rule, packet: this.packet, field, offset: at - this.start, version: this.version, ...rest });
  }

  #need(bytes: number, field: string): void {
    if (this.#end - this.at < bytes) this.fail('truncated', field);
  }

  byte(field: string): number {
    this.#need(1, field);
    return this.buffer[this.at++] as number;
  }

  uint16(field: string): number {
    this.#need(2, field);
    const value = this.buffer.readUInt16BE(this.at);
    this.at += 2;
    return value;
  }

  uint32(field: string): number {
    this.#need(4, field);
    const value = this.buffer.readUInt32BE(this.at);
    this.at += 4;
    return value;
  }

  /** Variable byte integer in its shortest form, MQTT 5 section 1.5.5. */
  varint(field: string): number {
    const from = this.at;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte(field);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) this.fail('overlong-integer', field, { at: from });
        return value;
      }
    }
    return this.fail('remaining-length', field, { at: from });
  }

  /** Packet identifier, never 0. */
  packetId(): number {
    const id = this.uint16('packet identifier');
    if (id === 0) this.fail('packet-id', 'packet identifier', { at: this.at - 2 });
    return id;
  }

  /** UTF-8 string with its length; `badCharacters` is the rule that refused characters break in this field. */
  text(field: string, badCharacters: MqttRule = 'characters'): string {
    const from = this.at;
    const length = this.uint16(field);
    this.#need(length, field);
    const start = this.at;
    const end = start + length;
    const verdict = judgeBytes(this.buffer, start, end);
    if (verdict === 'characters') this.fail(badCharacters, field, { at: from });
    if (verdict === 'nul' || verdict === 'utf8') this.fail(verdict, field, { at: from });
    this.at = end;
    return verdict === 'ascii' ? sliceAscii(this.buffer, start, end) : sliceUtf8(this.buffer, start, end);
  }

  /** Binary field with its length, copied: the bytes under the cursor are only lent. */
  binary(field: string): Buffer {
    const length = this.uint16(field);
    this.#need(length, field);
    const start = this.at;
    this.at += length;
    return Buffer.from(this.buffer.subarray(start, this.at));
  }

  /** A part of the packet of `length` bytes, as a cursor of its own that must be read to its end; this one goes on behind it. */
  part(length: number, field: string): PacketCursor {
    this.#need(length, field);
    const range = { start: this.start, at: this.at, end: this.at + length };
    this.at += length;
    return new PacketCursor(this.buffer, range, this.packet, this.version);
  }

  /** Throws if bytes are left over. */
  end(): void {
    if (this.at < this.#end) this.fail('trailing-bytes', 'bytes', { detail: `${String(this.left)} left` });
  }
}
