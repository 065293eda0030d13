import { createHmac, timingSafeEqual } from 'node:crypto';
import { LianyunError } from '../errors.ts';
import type { ChildSigning } from '../dialect.ts';
import type { ChildDraft } from '../vocabulary.ts';
import { slotsOf } from './reference.ts';

/** How long before or after its time stamp a signature is taken, ms. The documents give none (reference 3.2). */
const LIFE_MS = 3_600_000;

const HASHES: Readonly<Partial<Record<string, string>>> = { hmacsha1: 'sha1', hmacsha256: 'sha256' };

/** The signature over a sub-device and the time. The key is the secret's text as it stands, not the bytes that it encodes (reference 3.2). */
function signatureOf(hash: string, secret: string, { device, random, at }: Pick<Extract<ChildDraft, { signature: string }>, 'device' | 'random' | 'at'>): string {
  const { productId, deviceName } = slotsOf(device);
  return createHmac(hash, secret).update(`${productId}${deviceName};${random};${Math.floor(at / 1000)}`).digest('base64');
}

/** How a sub-device proves to the cloud that its owner lets a gateway speak for it (reference 3.2). */
export const childSigning: ChildSigning = {
  sign({ device, secret, method = 'hmacsha1' }, { now, random }) {
    const hash = HASHES[method];
    if (hash === undefined) throw new LianyunError('bad-input', `${JSON.stringify(method)} is no method to sign with: hmacsha1 or hmacsha256 is expected.`, { device });
    const draft = { device, random: Math.floor(random() * 0x7fff_ffff), at: now };
    return { ...draft, signature: signatureOf(hash, secret, draft), method, proof: 'psk' };
  },
  verify(draft, secret, now) {
    const hash = HASHES[draft.method];
    if (hash === undefined) return 'unknown-method';
    const [expected, given] = [Buffer.from(signatureOf(hash, secret, draft)), Buffer.from(draft.signature)];
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) return 'bad-signature';
    return Math.abs(now - draft.at) > LIFE_MS ? 'expired' : undefined;
  },
};
