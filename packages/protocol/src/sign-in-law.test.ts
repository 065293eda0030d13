import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { huaweiSignIn } from './huawei/sign-in.ts';
import { tencentSignIn } from './tencent/sign-in.ts';

/** HMAC written out by RFC 2104: H((K ^ opad) + H((K ^ ipad) + text)), blocks of 64 bytes, a longer key hashed first. */
function hmacHex(algorithm: 'sha1' | 'sha256', key: Uint8Array, text: Uint8Array): string {
  const hash = (...parts: readonly Uint8Array[]): Buffer => createHash(algorithm).update(Buffer.concat(parts)).digest();
  const block = Buffer.alloc(64);
  block.set(key.length > 64 ? hash(key) : key);
  const pad = (byte: number): Buffer => block.map((at) => at ^ byte) as Buffer;
  return hash(pad(0x5c), hash(pad(0x36), text)).toString('hex');
}

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');
const chars = (alphabet: string, minLength: number, maxLength: number): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength });
const NAME = 'abcXYZ012789_-';
const name = chars(NAME, 1, 48);
/** Longer than a block of the hash, too. */
const deviceIds = chars(NAME, 1, 128);
const bytes = (minLength: number, maxLength: number): fc.Arbitrary<Buffer> => fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));
const secretText = fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }).filter((text) => text.isWellFormed());

/** An hour, as its parts, some moment in it, and the ten digits that the reference writes for it in UTC. */
const hour = fc
  .record({ year: fc.integer({ min: 1970, max: 2200 }), month: fc.integer({ min: 1, max: 12 }), day: fc.integer({ min: 1, max: 28 }), at: fc.integer({ min: 0, max: 23 }), ms: fc.integer({ min: 0, max: 3_599_999 }) })
  .map(({ year, month, day, at, ms }) => ({ now: Date.UTC(year, month - 1, day, at) + ms, stamp: [year, month, day, at].map((part, index) => String(part).padStart(index === 0 ? 4 : 2, '0')).join('') }));
const random = (): number => 0.25;

describe("both clouds' sign-in, beside the reference computed by hand", () => {
  it('Huawei: a secret of its own (1.3)', () => {
    fc.assert(
      fc.property(deviceIds, secretText, hour, fc.boolean(), (deviceId, secret, { now, stamp }, checkTimestamp) => {
        const byHand = { clientId: `${deviceId}_0_${checkTimestamp ? 1 : 0}_${stamp}`, username: deviceId, password: hmacHex('sha256', utf8(stamp), utf8(secret)) };
        expect(huaweiSignIn.credentials({ deviceId, secret, checkTimestamp }, { now, random })).toEqual(byHand);
        expect(huaweiSignIn.claim(byHand)).toEqual({ device: deviceId, proof: 'secret' });
        expect(huaweiSignIn.verify(byHand, secret, now)).toBeUndefined();
        expect(huaweiSignIn.verify(byHand, `${secret}x`, now)).toBe('bad-signature');
        expect(huaweiSignIn.verify(byHand, secret, now + 2 * 3_600_000)).toBe(checkTimestamp ? 'expired' : undefined);
      }),
    );
  });

  it('Huawei: the secret of a registration group (6.2)', () => {
    const scope = chars(NAME, 1, 20).filter((text) => !/(^|_)\d_\d{10}$/.test(text));
    fc.assert(
      fc.property(deviceIds, scope, bytes(32, 128), hour, fc.boolean(), (deviceId, scopeId, group, { now, stamp }, checkTimestamp) => {
        const groupSecret = group.toString('base64');
        const derived = hmacHex('sha256', utf8(deviceId), group);
        const byHand = { clientId: `${deviceId}_0_${scopeId}_${checkTimestamp ? 1 : 0}_${stamp}`, username: deviceId, password: hmacHex('sha256', utf8(stamp), utf8(derived)) };
        expect(huaweiSignIn.credentials({ deviceId, scopeId, groupSecret, checkTimestamp }, { now, random })).toEqual(byHand);
        expect(huaweiSignIn.claim(byHand)).toEqual({ device: deviceId, scope: scopeId, proof: 'secret' });
        expect(huaweiSignIn.verify(byHand, groupSecret, now)).toBeUndefined();
        expect(huaweiSignIn.verify({ ...byHand, password: hmacHex('sha256', utf8(stamp), group) }, groupSecret, now)).toBe('bad-signature');
      }),
    );
  });

  it('Tencent: the device secret, SHA-1 and SHA-256 (1.2)', () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    const login = fc.record({ productId: chars(letters, 10, 10), deviceName: name, psk: bytes(2, 80), expiresInSeconds: fc.integer({ min: 1, max: 2 ** 31 }), hash: fc.constantFrom('sha1' as const, 'sha256' as const), connId: chars(letters, 5, 5) });
    fc.assert(
      fc.property(login, hour, ({ productId, deviceName, psk, expiresInSeconds, hash, connId }, { now }) => {
        const deviceSecret = psk.toString('base64');
        const randoms = [...connId].map((char) => (letters.indexOf(char) + 0.5) / letters.length);
        const clientId = `${productId}${deviceName}`;
        const username = `${clientId};12010126;${connId};${Math.floor(now / 1000) + expiresInSeconds}`;
        const byHand = { clientId, username, password: `${hmacHex(hash, psk, utf8(username))};hmac${hash}` };
        expect(tencentSignIn.credentials({ productId, deviceName, deviceSecret, expiresInSeconds, hmac: `hmac${hash}` }, { now, random: () => randoms.shift() ?? 0 })).toEqual(byHand);
        expect(tencentSignIn.claim(byHand)).toEqual({ device: `${productId}/${deviceName}`, proof: 'secret' });
        expect(tencentSignIn.verify(byHand, deviceSecret, now)).toBeUndefined();
        expect(tencentSignIn.verify(byHand, Buffer.concat([psk, utf8('x')]).toString('base64'), now)).toBe('bad-signature');
        expect(tencentSignIn.verify(byHand, deviceSecret, now + (expiresInSeconds + 1) * 1000)).toBe('expired');
      }),
    );
  });
});
