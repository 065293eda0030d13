import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import vectors from '../../fixtures/auth-vectors.json' with { type: 'json' };
import { isLianyunError } from '../errors.ts';
import type { MqttCredentials } from '../sign-in.ts';
import { derivedSecret, hourStamp, huaweiSignIn, passwordOf, provisionedIdentity, type HuaweiIdentity } from './sign-in.ts';

interface Vector {
  readonly timestamp: string;
  readonly id: string;
  readonly secret?: string;
  readonly check_timestamp?: string;
  readonly scope_id?: string;
  readonly clientId: string;
  readonly username: string;
  readonly password: string | null;
}

const { passwordAuth, x509, standardBootstrap, groups, primitives, timestamp } = vectors.huawei;
const all: readonly Vector[] = [...passwordAuth, ...x509, ...standardBootstrap, ...groups];
const named = all.map((vector): [string, Vector] => [`${vector.clientId} with ${vector.secret === '' ? 'an empty secret' : vector.secret === undefined ? 'a certificate' : `a secret of ${vector.secret.length}`}`, vector]);

/** Some moment within the vector's hour. */
const within = (stamp: string): number => Date.UTC(Number(stamp.slice(0, 4)), Number(stamp.slice(4, 6)) - 1, Number(stamp.slice(6, 8)), Number(stamp.slice(8)), 34, 56, 789);
const context = (stamp: string) => ({ now: within(stamp), random: () => 0.5 });

function identityOf({ id, secret, scope_id: scopeId, check_timestamp: check }: Vector): HuaweiIdentity {
  if (scopeId !== undefined) return secret === undefined ? { deviceId: id, scopeId, certificate: true } : { deviceId: id, scopeId, groupSecret: secret, checkTimestamp: false };
  const checkTimestamp = check === undefined ? {} : { checkTimestamp: check === '1' };
  return secret === undefined ? { deviceId: id, certificate: true, ...checkTimestamp } : { deviceId: id, secret, ...checkTimestamp };
}

function given({ clientId, username, password }: Vector): MqttCredentials {
  return { clientId, username, ...(password === null ? {} : { password }) };
}

/** The text with each character in turn replaced by another. */
function* changes(text: string): Generator<string> {
  for (let at = 0; at < text.length; at++) for (const other of ['0', '1', '2', '_', 'x', 'X']) if (text[at] !== other) yield text.slice(0, at) + other + text.slice(at + 1);
}

describe('Huawei sign-in', () => {
  it.each(named)('writes what the vendor writes: %s', (_, vector) => {
    if (vector.secret === '') {
      expect(() => huaweiSignIn.credentials(identityOf(vector), context(vector.timestamp))).toThrow(/secret must be text that is not empty/);
      expect(passwordOf('', vector.timestamp)).toBe(vector.password);
    } else expect(huaweiSignIn.credentials(identityOf(vector), context(vector.timestamp))).toEqual(given(vector));
  });

  it.each(named)('reads and accepts what the vendor writes: %s', (_, vector) => {
    const scope = vector.scope_id === undefined ? {} : { scope: vector.scope_id };
    expect(huaweiSignIn.claim(given(vector))).toEqual({ device: vector.id, proof: vector.secret === undefined ? 'certificate' : 'secret', ...scope });
    if (vector.secret === undefined) return;
    // A registry entry without a secret, a certificate device's, must not let anyone in who signs with nothing.
    expect(huaweiSignIn.verify(given(vector), vector.secret, within(vector.timestamp))).toBe(vector.secret === '' ? 'bad-signature' : undefined);
  });

  it.each(named.filter(([, vector]) => (vector.secret ?? '') !== ''))('refuses every changed character: %s', (_, vector) => {
    const { timestamp: stamp, secret = '' } = vector;
    const right = given(vector);
    const judge = (credentials: MqttCredentials) => huaweiSignIn.verify(credentials, secret, within(stamp));
    for (const password of changes(right.password ?? '')) expect(judge({ ...right, password })).toBe('bad-signature');
    for (const username of changes(right.username)) expect(judge({ ...right, username })).toBe('malformed');
    for (const clientId of changes(right.clientId)) {
      // Neither the flavour nor the scope is signed: a change there shows in the claim (the scope) or not at all (the flavour).
      const isFlavourOnly = clientId.replace(/_[01]_(\d{10})$/, '_?_$1') === right.clientId.replace(/_[01]_(\d{10})$/, '_?_$1');
      const claim = huaweiSignIn.claim({ ...right, clientId });
      if (isFlavourOnly || (claim !== undefined && claim.scope !== vector.scope_id)) continue;
      expect(judge({ ...right, clientId }), clientId).toBeDefined();
    }
  });

  it('derives the device secret of a group as the vendor does', () => {
    for (const vector of groups) if (vector.secret !== undefined) expect(derivedSecret(vector.id, vector.secret)).toBe(vector.intermediateDeviceSecret);
    expect(derivedSecret('dev001', 'Z3JvdXAtc2VjcmV0LW9mLWF0LWxlYXN0LTMyLWJ5dGVzISE=')).toBe('fe0555380b27180d7ad8871baf80dd5107d9b7e0feb52848266e030e40c7e65a');
  });

  it('signs with HMAC-SM3 when it is asked to, under flavour 2', () => {
    const identity = { deviceId: 'p_d', secret: '12345678', signature: 'hmac-sm3' } as const;
    const credentials = huaweiSignIn.credentials(identity, context('2025041401'));
    // Written out: H((K ^ opad) + H((K ^ ipad) + text)) over blocks of 64 bytes.
    const padded = Buffer.concat([Buffer.from('2025041401')], 64);
    const sm3 = (pad: number, text: Uint8Array): Buffer => createHash('sm3').update(padded.map((byte) => byte ^ pad)).update(text).digest();
    expect(credentials).toEqual({ clientId: 'p_d_0_2_2025041401', username: 'p_d', password: sm3(0x5c, sm3(0x36, Buffer.from('12345678'))).toString('hex') });
    expect(huaweiSignIn.verify(credentials, '12345678', within('2025041401'))).toBeUndefined();
    expect(huaweiSignIn.verify(credentials, '12345679', within('2025041401'))).toBe('bad-signature');
    expect(huaweiSignIn.verify({ ...credentials, clientId: 'p_d_0_1_2025041401' }, '12345678', within('2025041401'))).toBe('bad-signature');
    const group = { deviceId: 'p_d', scopeId: 's', groupSecret: 'Z3JvdXA=', signature: 'hmac-sm3' } as const;
    expect(huaweiSignIn.verify(huaweiSignIn.credentials(group, context('2025041401')), 'Z3JvdXA=', within('2025041401'))).toBeUndefined();
  });

  it('has the HMAC-SM3 that is published', () => {
    // The example of GM/T 0042: a key of the bytes 1 to 32.
    const key = Buffer.from(Array.from({ length: 32 }, (_, at) => at + 1)).toString('latin1');
    expect(passwordOf('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'.repeat(2), key, '2')).toBe('ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a');
  });

  it.each([
    ['another signature', { signature: 'hmac-md5' }, /signature is "hmac-md5"/],
    ['SM3 with a time that nobody checks', { signature: 'hmac-sm3', checkTimestamp: false }, /exclude each other/],
  ])('refuses %s', (_, members, text) => {
    expect(() => huaweiSignIn.credentials({ deviceId: 'p_d', secret: 's', ...members } as HuaweiIdentity, context('2025041401'))).toThrow(text);
  });

  it('goes on after provisioning with the secret that came, or the own, or what the group gives', () => {
    const group = { deviceId: 'dev001', scopeId: 's', groupSecret: 'Z3JvdXAtc2VjcmV0LW9mLWF0LWxlYXN0LTMyLWJ5dGVzISE=', checkTimestamp: false } as const;
    expect(provisionedIdentity(group, 'new')).toEqual({ deviceId: 'dev001', secret: 'new', checkTimestamp: false });
    expect(provisionedIdentity(group)).toEqual({ deviceId: 'dev001', secret: 'fe0555380b27180d7ad8871baf80dd5107d9b7e0feb52848266e030e40c7e65a', checkTimestamp: false });
    expect(provisionedIdentity({ deviceId: 'd', secret: 'old', signature: 'hmac-sm3' }, 'new')).toEqual({ deviceId: 'd', secret: 'new', signature: 'hmac-sm3' });
    expect(provisionedIdentity({ deviceId: 'd', secret: 'old' })).toEqual({ deviceId: 'd', secret: 'old' });
    expect(provisionedIdentity({ deviceId: 'd', scopeId: 's', certificate: true }, 'new')).toEqual({ deviceId: 'd', certificate: true });
  });

  it('computes the vendor primitives', () => {
    for (const { secret, timestamp: stamp, secretBase64, salt, result } of primitives) {
      if (secret !== undefined && stamp !== undefined) expect(passwordOf(secret, stamp)).toBe(result);
      else expect(derivedSecret(salt ?? '', secretBase64 ?? '')).toBe(result);
    }
  });

  it('stamps the hour in UTC', () => {
    for (const { epochSeconds, get_timestamp } of timestamp) expect(hourStamp(epochSeconds * 1000)).toBe(get_timestamp);
  });

  it('checks the time stamp by default and leaves it unchecked when asked', () => {
    expect(huaweiSignIn.credentials({ deviceId: 'p_d', secret: 's' }, context('2025010203')).clientId).toBe('p_d_0_1_2025010203');
    expect(huaweiSignIn.credentials({ deviceId: 'p_d', secret: 's', checkTimestamp: false }, context('2025010203')).clientId).toBe('p_d_0_0_2025010203');
    expect(huaweiSignIn.credentials({ deviceId: 'p_d', scopeId: 'g', groupSecret: 'AAAA' }, context('2025010203')).clientId).toBe('p_d_0_g_1_2025010203');
  });

  it('accepts the hour before and after its own with flavour 1 and 2, and any hour with flavour 0', () => {
    const signed = (flavour: '0' | '1' | '2', stamp: string) => ({ clientId: `p_d_0_${flavour}_${stamp}`, username: 'p_d', password: passwordOf('s', stamp, flavour) });
    const now = within('2025010100');
    for (const flavour of ['1', '2'] as const) {
      for (const stamp of ['2024123123', '2025010100', '2025010101']) expect(huaweiSignIn.verify(signed(flavour, stamp), 's', now)).toBeUndefined();
      for (const stamp of ['2024123122', '2025010102', '2018072417']) expect(huaweiSignIn.verify(signed(flavour, stamp), 's', now)).toBe('expired');
    }
    expect(huaweiSignIn.verify(signed('0', '2018072417'), 's', now)).toBeUndefined();
  });

  it('calls a wrong signature wrong even when the hour is old, so that nothing is told to a stranger', () => {
    expect(huaweiSignIn.verify({ clientId: 'p_d_0_1_2018072417', username: 'p_d', password: passwordOf('other', '2018072417') }, 's', within('2025010100'))).toBe('bad-signature');
  });

  it.each([
    ['a node id login', 'p_d_2_1_2025010203', 'p_d'],
    ['a bridge login', 'p_d_3_1_2025010203', 'p_d'],
    ['an unknown flavour', 'p_d_0_3_2025010203', 'p_d'],
    ['an hour of nine digits', 'p_d_0_1_202501020', 'p_d'],
    ['30 February', 'p_d_0_1_2025023003', 'p_d'],
    ['month 13', 'p_d_0_1_2025130103', 'p_d'],
    ['hour 24', 'p_d_0_1_2025010124', 'p_d'],
    ['another user name', 'p_d_0_1_2025010203', 'p_e'],
    ['a user name that is only a part of the device id', 'p_d_0_1_2025010203', 'p'],
    ['no parts', 'p_d', 'p_d'],
    ['an empty scope', 'p_d_0_', 'p_d'],
    ['an empty scope with a signature', 'p_d_0__0_2025010203', 'p_d'],
    ['an unknown flavour after a scope', 'p_d_0_a_b_3_2025010203', 'p_d'],
    ['month 13 after a scope', 'p_d_0_a_b_1_2025130103', 'p_d'],
    ['a password beside a scope of several parts that nothing signs', 'p_d_0_a_b', 'p_d'],
    ['an empty user name', '_0_1_2025010203', ''],
    ['a wildcard as the device', '+_0_1_2025010203', '+'],
    ['a device with a level of its own', 'a/b_0_1_2025010203', 'a/b'],
  ])('takes %s for malformed', (_, clientId, username) => {
    const credentials = { clientId, username, password: passwordOf('s', clientId.slice(-10)) };
    expect(huaweiSignIn.claim(credentials)).toBeUndefined();
    expect(huaweiSignIn.verify(credentials, 's', within('2025010203'))).toBe('malformed');
  });

  it.each(['line_1', 'a_b_c', '_', '_x', 'x_', 'a_0', '0_1', 'x_20250102', '1_202501020', '0', '2025010203'])('reads back the scope %j, signed and with a certificate', (scopeId) => {
    const bySecret = huaweiSignIn.credentials({ deviceId: 'p_0_d', scopeId, groupSecret: 'Z3JvdXA=' }, context('2025010203'));
    expect(huaweiSignIn.claim(bySecret)).toEqual({ device: 'p_0_d', scope: scopeId, proof: 'secret' });
    expect(huaweiSignIn.verify(bySecret, 'Z3JvdXA=', within('2025010203'))).toBeUndefined();
    const byCertificate = huaweiSignIn.credentials({ deviceId: 'p_0_d', scopeId, certificate: true }, context('2025010203'));
    expect(huaweiSignIn.claim(byCertificate)).toEqual({ device: 'p_0_d', scope: scopeId, proof: 'certificate' });
  });

  it.each(['1_2025010203', 'line_0_2025010203', 'line_9_9999999999'])('refuses to sign in with the scope %j, which would be read as a signature', (scopeId) => {
    for (const proof of [{ certificate: true }, { groupSecret: 'Z3JvdXA=' }] as const) {
      const error = caught(() => huaweiSignIn.credentials({ deviceId: 'p_d', scopeId, ...proof }, context('2025010203')));
      expect(isLianyunError(error, 'bad-config')).toBe(true);
      expect(String(error)).toContain(`scopeId "${scopeId}" ends like the signature`);
    }
  });

  it('reads a device id that ends like a signature', () => {
    expect(huaweiSignIn.claim({ clientId: 'p_0_1_2025010203_0_1_2025010204', username: 'p_0_1_2025010203', password: 'x' })).toEqual({ device: 'p_0_1_2025010203', proof: 'secret' });
  });

  it('takes a missing and an empty password for a certificate', () => {
    const credentials = { clientId: 'p_d_0_1_2025010203', username: 'p_d' };
    expect(huaweiSignIn.claim(credentials)?.proof).toBe('certificate');
    expect(huaweiSignIn.claim({ ...credentials, password: '' })?.proof).toBe('certificate');
    expect(huaweiSignIn.verify(credentials, 's', within('2025010203'))).toBe('bad-signature');
    expect(huaweiSignIn.verify({ clientId: 'p_d_0_scope', username: 'p_d', password: 'x' }, 'AAAA', within('2025010203'))).toBe('bad-signature');
  });

  it('names the device of an identity', () => {
    expect(huaweiSignIn.deviceOf({ deviceId: 'p_d', secret: 's' })).toBe('p_d');
  });

  it.each([
    ['deviceId', { secret: 'TOP-SECRET' }],
    ['deviceId', { deviceId: 'a/b', secret: 'TOP-SECRET' }],
    ['deviceId', { deviceId: 7, secret: 'TOP-SECRET' }],
    ['secret', { deviceId: 'p_d' }],
    ['secret', { deviceId: 'p_d', secret: '' }],
    ['secret', { deviceId: 'p_d', secret: 12345678 }],
    ['secret', { deviceId: 'p_d', secret: null }],
    ['certificate', { deviceId: 'p_d', certificate: 'TOP-SECRET' }],
    ['exclude', { deviceId: 'p_d', secret: 'TOP-SECRET', certificate: true }],
    ['exclude', { deviceId: 'p_d', secret: 'TOP-SECRET', scopeId: 'g' }],
    ['scopeId', { deviceId: 'p_d', groupSecret: 'TOPSECRET' }],
    ['scopeId', { deviceId: 'p_d', groupSecret: 'TOPSECRET', scopeId: '' }],
    ['groupSecret', { deviceId: 'p_d', groupSecret: 'TOP-SECRET', scopeId: 'g' }],
  ])('names %s when that is wrong, and never the secret', (member, identity) => {
    const error = caught(() => huaweiSignIn.credentials(identity as unknown as HuaweiIdentity, context('2025010203')));
    expect(isLianyunError(error, 'bad-config')).toBe(true);
    expect(String(error)).toContain(member);
    expect(String(error)).not.toMatch(/TOP|12345678/);
  });
});

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
