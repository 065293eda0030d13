import { randomBytes, randomInt } from 'node:crypto';
import type { Cloud } from './access/port.ts';

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const LETTERS = `${UPPER}abcdefghijklmnopqrstuvwxyz`;

/** `length` letters drawn evenly from `alphabet` with the system's generator for secrets. */
function draw(length: number, alphabet: string = LETTERS): string {
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
}

/** A product id as each cloud gives them out: 24 hex digits (Huawei), 10 of A–Z and 0–9 (Tencent reference 0.1). */
export function newProductId(cloud: Cloud): string {
  return cloud === 'huawei' ? randomBytes(12).toString('hex') : draw(10, UPPER);
}

/** A device's secret: 32 hex digits (Huawei, the longest that 14.6 allows), base64 of 16 bytes (Tencent 0.1). */
export function newDeviceSecret(cloud: Cloud): string {
  return randomBytes(16).toString(cloud === 'huawei' ? 'hex' : 'base64');
}

/** A Tencent product's secret: 24 letters and digits, used as text (Tencent 0.1). */
export function newProductSecret(): string {
  return draw(24);
}

/** A pair of access keys in the shape of each cloud. */
export function newAccessKey(cloud: Cloud): { readonly id: string; readonly secret: string } {
  return cloud === 'huawei' ? { id: draw(20, UPPER), secret: draw(40) } : { id: `AKID${draw(32)}`, secret: draw(32) };
}
