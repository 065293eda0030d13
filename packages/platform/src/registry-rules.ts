import { LianyunError, type DeviceRef } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';

/** What a text may look like. */
export interface Rule {
  readonly allows: (text: string) => boolean;
  /** What is allowed, in words. */
  readonly words: string;
}

export const pattern = (expression: RegExp, words: string): Rule => ({ allows: (text) => expression.test(text), words });

/** What ids, names and secrets may look like (Huawei 14.6, Tencent 0.1). */
export const RULES = {
  huawei: {
    productId: pattern(/^[\w-]{1,36}$/, '1 to 36 letters, digits, _ and -'),
    nodeId: pattern(/^[\w-]{1,64}$/, '1 to 64 letters, digits, _ and -'),
    device: pattern(/^[\w-]{1,128}$/, '1 to 128 letters, digits, _ and -'),
    productName: pattern(/^.{1,64}$/su, '1 to 64 characters'),
    deviceName: pattern(/^.{0,256}$/su, 'at most 256 characters'),
    // The API asks for 8 to 32 (14.6); a seed may be shorter, and what a group's secret gives a device has 64 hex digits (6.2).
    secret: pattern(/^[\x21-\x7e]{1,64}$/, '1 to 64 visible ASCII characters'),
  },
  tencent: {
    productId: pattern(/^[A-Z0-9]{10}$/, '10 of A–Z and 0–9'),
    nodeId: pattern(/^[a-zA-Z0-9:_-]{1,48}$/, '1 to 48 of a–z, A–Z, 0–9, :, _ and -'),
    device: pattern(/^[A-Z0-9]{10}\/[a-zA-Z0-9:_-]{1,48}$/, 'ProductId/DeviceName'),
    productName: pattern(/^.{1,64}$/su, '1 to 64 characters'),
    deviceName: pattern(/^.{0,256}$/su, 'at most 256 characters'),
    secret: pattern(/^[A-Za-z0-9+/]{2,64}={0,2}$/, 'base64 of 1 to 48 bytes'),
  },
} as const satisfies Record<Cloud, Record<string, Rule>>;

/** A certificate's fingerprint: SHA-1 or SHA-256. */
export const FINGERPRINT = pattern(/^(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$/, '40 or 64 hex digits');

/** Refuses `text` with `bad-input` unless the rule allows it. The text of a secret stays out of the message. */
export function demand(rule: Rule, what: string, text: string, device?: DeviceRef): void {
  if (rule.allows(text)) return;
  const shown = what.includes('secret') ? `the ${what} of ${text.length} characters` : `the ${what} ${JSON.stringify(text.slice(0, 200))}`;
  throw new LianyunError('bad-input', `${shown} is not allowed: ${rule.words} is expected.`, device === undefined ? {} : { device });
}
