import type { MqttVersion } from './packets.ts';
import { MqttProtocolError } from './rules.ts';
import type { MqttRule } from './rules.ts';

/** Largest remaining length, section 2.2.3. */
export const MAX_REMAINING = 268_435_455;

/** Size of a packet with this remaining length. */
export function packetBytes(remaining: number): number {
  return remaining + (remaining < 0x80 ? 2 : remaining < 0x4000 ? 3 : remaining < 0x20_0000 ? 4 : 5);
}

/** Writes a variable byte integer; returns the offset behind it. */
export function putVarint(buffer: Buffer, at: number, value: number): number {
  let p = at;
  let left = value;
  while (left >= 0x80) {
    buffer[p++] = (left & 0x7f) | 0x80;
    left >>>= 7;
  }
  buffer[p++] = left;
  return p;
}

/** The error for a packet that must not be written; offsets do not exist yet, so it says 0. */
export function writeError(rule: MqttRule, packet: string, field: string, version: MqttVersion, detail?: string): MqttProtocolError {
  return new MqttProtocolError({ rule, packet: `writing ${packet}`, field, offset: 0, version, ...(detail !== undefined && { detail }) });
}
