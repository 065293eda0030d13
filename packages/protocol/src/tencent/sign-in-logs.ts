import { createHmac, timingSafeEqual } from 'node:crypto';
import { readLines, type TencentLogs } from './http-logs.ts';

/** How the block in front of the lines is divided, in bytes; what is shorter is filled up with `#` (the vendor's C SDK for IoT Hub and its first one for IoT Explorer). */
const PARTS = [['signature', 40], ['kind', 4], ['productId', 10], ['deviceName', 48], ['timestamp', 10]] as const;
const HEAD_BYTES = 112;
/** Characters of the secret that sign. */
const KEY_LENGTH = 24;

/** An upload of older SDKs as it came in. */
export interface LegacyLogs extends TencentLogs {
  /** Seconds; 0: the device did not know. */
  readonly timestamp: number;
  readonly signature: string;
}

/** Reads an upload of older SDKs: a block of fixed length, and the lines behind it. The text says what is wrong. */
export function readLegacyLogs(body: Uint8Array): LegacyLogs | { readonly wrong: string } {
  if (body.length < HEAD_BYTES) return { wrong: `the body has ${body.length} bytes; a block of ${HEAD_BYTES} is expected before the lines` };
  const head = new Map<string, string>();
  let at = 0;
  for (const [part, bytes] of PARTS) {
    head.set(part, Buffer.from(body.subarray(at, at + bytes)).toString('latin1').replace(/#+$/, ''));
    at += bytes;
  }
  const [signature = '', productId = '', deviceName = '', timestamp = ''] = ['signature', 'productId', 'deviceName', 'timestamp'].map((part) => head.get(part));
  if (!/^[0-9a-f]{40}$/i.test(signature) || !/^\d{1,10}$/.test(timestamp)) return { wrong: 'the block before the lines has no signature or no time stamp' };
  const lines = readLines(Buffer.from(body.subarray(HEAD_BYTES)).toString('utf8').replace(/\0+$/, ''));
  return typeof lines === 'string' ? { wrong: lines } : { productId, deviceName, lines, timestamp: Number(timestamp), signature };
}

/** Whether it is signed with the device's secret: HMAC-SHA1 of all behind the signature. */
export function verifyLegacyLogs(body: Uint8Array, secret: string): boolean {
  const expected = createHmac('sha1', secret.slice(0, KEY_LENGTH)).update(body.subarray(PARTS[0][1])).digest('hex');
  const given = Buffer.from(body.subarray(0, PARTS[0][1])).toString('latin1').toLowerCase();
  return given.length === expected.length && timingSafeEqual(Buffer.from(expected), Buffer.from(given));
}
