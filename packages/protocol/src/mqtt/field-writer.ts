import type { MqttVersion } from './packets.ts';
import { MqttProtocolError } from './rules.ts';
import type { MqttRule } from './rules.ts';
import { judgeText, putText } from './text.ts';
import { MAX_REMAINING, packetBytes, putVarint } from './wire.ts';

/** Room in front of the fields for the longest fixed header, which is written last. */
const HEADER_BYTES = 5;

/** Collects the fields of a packet that is written rarely, checks each, and puts the fixed header in front. */
export class FieldWriter {
  readonly packet: string;
  readonly version: MqttVersion;
  #buffer = Buffer.allocUnsafe(128);
  #at = HEADER_BYTES;

  constructor(packet: string, version: MqttVersion) {
    this.packet = packet;
    this.version = version;
  }

  fail(rule: MqttRule, field: string, more: { detail?: string; clause?: string } = {}): never {
    throw new MqttProtocolError({ rule, packet: `writing ${this.packet}`, field, offset: this.#at - HEADER_BYTES, version: this.version, ...more });
  }

  #grow(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#at + bytes));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }

  #integer(value: number, bytes: number, field: string): void {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * bytes)) this.fail('field-range', field, { detail: String(value) });
    this.#grow(bytes);
    this.#at = this.#buffer.writeUIntBE(value, this.#at, bytes);
  }

  byte(value: number, field: string): void {
    this.#integer(value, 1, field);
  }

  uint16(value: number, field: string): void {
    this.#integer(value, 2, field);
  }

  uint32(value: number, field: string): void {
    this.#integer(value, 4, field);
  }

  varint(value: number, field: string): void {
    if (!Number.isInteger(value) || value < 0 || value > MAX_REMAINING) this.fail('field-range', field, { detail: String(value) });
    this.#grow(4);
    this.#at = putVarint(this.#buffer, this.#at, value);
  }

  packetId(value: number): void {
    if (value === 0) this.fail('packet-id', 'packet identifier');
    this.uint16(value, 'packet identifier');
  }

  text(value: string, field: string, badCharacters: MqttRule = 'characters'): void {
    const verdict = judgeText(value);
    if (verdict === 'characters') this.fail(badCharacters, field);
    if (verdict === 'nul' || verdict === 'utf8') this.fail(verdict, field);
    const bytes = verdict === 'ascii' ? value.length : Buffer.byteLength(value);
    if (bytes > 0xffff) this.fail('string-length', field);
    this.uint16(bytes, field);
    this.#grow(bytes);
    this.#at = putText(this.#buffer, this.#at, value, bytes);
  }

  binary(value: Uint8Array, field: string): void {
    if (value.length > 0xffff) this.fail('string-length', field);
    this.uint16(value.length, field);
    this.raw(value);
  }

  raw(bytes: Uint8Array): void {
    this.#grow(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** The fields alone, without a fixed header. */
  fields(): Buffer {
    return this.#buffer.subarray(HEADER_BYTES, this.#at);
  }

  /** The whole packet. */
  finish(first: number): Buffer {
    const remaining = this.#at - HEADER_BYTES;
    if (remaining > MAX_REMAINING) this.fail('too-large', 'packet');
    const start = this.#at - packetBytes(remaining);
    this.#buffer[start] = first;
    putVarint(this.#buffer, start + 1, remaining);
    return this.#buffer.subarray(start, this.#at);
  }
}
