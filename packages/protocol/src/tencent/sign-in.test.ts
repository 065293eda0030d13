import { describe, expect, it } from 'vitest';
import vectors from '../../fixtures/auth-vectors.json' with { type: 'json' };
import { isLianyunError } from '../errors.ts';
import type { MqttCredentials } from '../sign-in.ts';
import { passwordOf, tencentSignIn, type TencentIdentity } from './sign-in.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Random numbers that make the given connection id. */
function scripted(connId: string): () => number {
  const randoms = [...connId].map((char) => (ALPHABET.indexOf(char) + 0.5) / ALPHABET.length);
  return () => randoms.shift() ?? 0.5;
}

const cases = vectors.tencent.mqttLogin.flatMap((vector) => [
  { ...vector, hmac: 'hmacsha1' as const },
  { ...vector, hmac: 'hmacsha256' as const, password: vector.hmacsha256Password_notUsedBySdk },
]);
type Vector = (typeof cases)[number];
const named = cases.map((vector): [string, Vector] => [`${vector.username} with ${vector.hmac}, key ${vector.deviceSecret.length}`, vector]);
const given = ({ clientId, username, password }: Vector): MqttCredentials => ({ clientId, username, password });

function* changes(text: string): Generator<string> {
  for (let at = 0; at < text.length; at++) for (const other of ['0', '1', ';', 'x', 'Y']) if (text[at]?.toLowerCase() !== other.toLowerCase()) yield text.slice(0, at) + other + text.slice(at + 1);
}

describe('Tencent sign-in', () => {
  it.each(named)('writes what the vendor writes: %s', (_, vector) => {
    const { productId, deviceName, deviceSecret, hmac, sdkAppId, connId, timestampMs } = vector;
    const login = () => tencentSignIn.credentials({ productId, deviceName, deviceSecret, hmac, sdkAppId, expiresInSeconds: timestampMs }, { now: 0, random: scripted(connId) });
    // Some vectors have a product id of one character, which no product has and no server could find in a client id.
    if (productId.length === 10) expect(login()).toEqual(given(vector));
    else expect(login).toThrow(/productId/);
    expect(passwordOf(vector.username, deviceSecret, hmac)).toBe(vector.password);
  });

  it.each(named)('reads and accepts what the vendor writes: %s', (_, vector) => {
    expect(tencentSignIn.claim(given(vector))).toEqual(vector.productId.length === 10 ? { device: `${vector.productId}/${vector.deviceName}`, proof: 'secret' } : undefined);
    expect(tencentSignIn.verify(given(vector), vector.deviceSecret, vector.timeSeconds * 1000)).toBeUndefined();
  });

  it.each(named)('refuses every changed character: %s', (_, vector) => {
    const right = given(vector);
    const judge = (credentials: MqttCredentials) => tencentSignIn.verify(credentials, vector.deviceSecret, vector.timeSeconds * 1000);
    for (const password of changes(right.password ?? '')) expect(judge({ ...right, password }), password).toBe('bad-signature');
    for (const username of changes(right.username)) expect(['malformed', 'bad-signature'], username).toContain(judge({ ...right, username }));
    for (const clientId of changes(right.clientId)) expect(judge({ ...right, clientId })).toBe('malformed');
  });

  it('signs with SHA-256, for an hour, as the SDK of the documentation, unless told otherwise', () => {
    const now = 1_700_000_000_123;
    const { username, password } = tencentSignIn.credentials({ productId: 'ABCDE12345', deviceName: 'dev1', deviceSecret: 'lDZ6Uqt+I9E0wW7rvDUs7Q==' }, { now, random: scripted('aB3dE') });
    expect(username).toBe('ABCDE12345dev1;12010126;aB3dE;1700003600');
    expect(password).toMatch(/^[0-9a-f]{64};hmacsha256$/);
  });

  it('computes the test vector of the reference', () => {
    const username = 'ABCDE12345dev1;12010126;aB3dE;1700000000';
    expect(passwordOf(username, 'lDZ6Uqt+I9E0wW7rvDUs7Q==', 'hmacsha1')).toBe('991956937a5eefd5102864031d6b02ccbb0d3abf;hmacsha1');
    expect(passwordOf(username, 'lDZ6Uqt+I9E0wW7rvDUs7Q==', 'hmacsha256')).toBe('4e9d0815a2b1d863d7ad05e72899982684b425c7402af3427cb91f35364ee119;hmacsha256');
  });

  it('makes the connection id of five letters and digits, whatever the random number', () => {
    for (const random of [0, 0.5, 0.999_999_999]) {
      const { username } = tencentSignIn.credentials({ productId: 'ABCDE12345', deviceName: 'd', certificate: true }, { now: 0, random: () => random });
      expect(username).toMatch(/^ABCDE12345d;12010126;[A-Za-z0-9]{5};3600$/);
    }
  });

  it('sends a user name and no password for a certificate', () => {
    const credentials = tencentSignIn.credentials({ productId: 'ABCDE12345', deviceName: 'd', certificate: true }, { now: 0, random: () => 0 });
    expect(credentials).toEqual({ clientId: 'ABCDE12345d', username: 'ABCDE12345d;12010126;AAAAA;3600' });
    expect(tencentSignIn.claim(credentials)).toEqual({ device: 'ABCDE12345/d', proof: 'certificate' });
    expect(tencentSignIn.claim({ ...credentials, password: '' })?.proof).toBe('certificate');
    expect(tencentSignIn.verify(credentials, 'eA==', 0)).toBe('bad-signature');
  });

  it('refuses an expired login, and accepts expiries of 19 digits and in milliseconds', () => {
    const login = (expiry: string): MqttCredentials => {
      const username = `ABCDE12345d;21010406;abcde;${expiry}`;
      return { clientId: 'ABCDE12345d', username, password: passwordOf(username, 'eA==', 'hmacsha1') };
    };
    const now = 1_700_000_000_000;
    expect(tencentSignIn.verify(login('1700000000'), 'eA==', now)).toBeUndefined();
    expect(tencentSignIn.verify(login('1699999999'), 'eA==', now)).toBe('expired');
    expect(tencentSignIn.verify(login('9223372036854775807'), 'eA==', now)).toBeUndefined();
    expect(tencentSignIn.verify(login('1600000000000'), 'eA==', now)).toBeUndefined();
    expect(tencentSignIn.verify(login('1699999999'), 'eQ==', now)).toBe('bad-signature');
  });

  it('compares the digest without regard to case', () => {
    const username = 'ABCDE12345d;21010406;abcde;1700000000';
    const [digest = '', name = ''] = passwordOf(username, 'eA==', 'hmacsha1').split(';');
    expect(tencentSignIn.verify({ clientId: 'ABCDE12345d', username, password: `${digest.toUpperCase()};${name}` }, 'eA==', 0)).toBeUndefined();
  });

  it('lets nobody in with a device that has no secret', () => {
    const username = 'ABCDE12345d;21010406;abcde;1700000000';
    expect(tencentSignIn.verify({ clientId: 'ABCDE12345d', username, password: passwordOf(username, '', 'hmacsha1') }, '', 0)).toBe('bad-signature');
  });

  it.each([
    ['three parts', 'ABCDE12345d', 'ABCDE12345d;1;2'],
    ['five parts', 'ABCDE12345d', 'ABCDE12345d;1;2;3;4'],
    ['an expiry that is no number', 'ABCDE12345d', 'ABCDE12345d;1;2;x'],
    ['a negative expiry', 'ABCDE12345d', 'ABCDE12345d;1;2;-3'],
    ['an expiry of 21 digits', 'ABCDE12345d', 'ABCDE12345d;1;2;123456789012345678901'],
    ['an empty connection id', 'ABCDE12345d', 'ABCDE12345d;1;;3'],
    ['another client id', 'ABCDE12345e', 'ABCDE12345d;1;2;3'],
    ['no user name', 'ABCDE12345d', ''],
  ])('takes %s for malformed', (_, clientId, username) => {
    const credentials = { clientId, username, password: passwordOf(username, 'eA==', 'hmacsha1') };
    expect(tencentSignIn.claim(credentials)).toBeUndefined();
    expect(tencentSignIn.verify(credentials, 'eA==', 0)).toBe('malformed');
  });

  it.each(['ABCDE12345', 'ABCDE12345+', 'ABCDE12345a/b', 'AB_DE12345d', 'short'])('claims no device for the client id %s', (clientId) => {
    expect(tencentSignIn.claim({ clientId, username: `${clientId};1;2;3`, password: 'x' })).toBeUndefined();
  });

  it('gives the key to the handshake of TLS, and no password, where the identity says so; elsewhere the password', () => {
    const identity = { productId: 'ABCDE12345', deviceName: 'dev1', deviceSecret: 'lDZ6Uqt+I9E0wW7rvDUs7Q==', psk: true } as const;
    const byKey = tencentSignIn.credentials(identity, { now: 0, random: () => 0, isTls: true });
    expect(byKey).toEqual({ clientId: 'ABCDE12345dev1', username: 'ABCDE12345dev1;12010126;AAAAA;3600', psk: { identity: 'ABCDE12345dev1', key: Buffer.from('lDZ6Uqt+I9E0wW7rvDUs7Q==', 'base64') } });
    expect(tencentSignIn.claim(byKey)).toEqual({ device: 'ABCDE12345/dev1', proof: 'certificate' });
    for (const context of [{ ...identity, isTls: false }, { ...identity, psk: false, isTls: true }]) {
      const { isTls, ...given } = context;
      expect(tencentSignIn.credentials(given, { now: 0, random: () => 0, isTls })).toEqual({ clientId: 'ABCDE12345dev1', username: byKey.username, password: passwordOf(byKey.username, identity.deviceSecret, 'hmacsha256') });
    }
  });

  it('names the device of an identity', () => {
    expect(tencentSignIn.deviceOf({ productId: 'ABCDE12345', deviceName: 'dev1', certificate: true })).toBe('ABCDE12345/dev1');
  });

  const right = { productId: 'ABCDE12345', deviceName: 'dev1', deviceSecret: 'VE9QU0VDUkVU' };
  it.each([
    ['productId', { ...right, productId: 'SHORT' }],
    ['productId', { ...right, productId: undefined }],
    ['deviceName', { ...right, deviceName: 'a/b' }],
    ['deviceName', { ...right, deviceName: 'a;b' }],
    ['deviceName', { ...right, deviceName: '' }],
    ['deviceSecret', { ...right, deviceSecret: 'VE9QU0VDUkVU!' }],
    ['deviceSecret', { ...right, deviceSecret: '' }],
    ['deviceSecret', { ...right, deviceSecret: undefined }],
    ['deviceSecret', { ...right, certificate: true }],
    ['certificate', { ...right, deviceSecret: undefined, certificate: 'VE9QU0VDUkVU' }],
    ['hmac', { ...right, hmac: 'md5' }],
    ['psk', { ...right, psk: 'VE9QU0VDUkVU' }],
    ['expiresInSeconds', { ...right, expiresInSeconds: 0 }],
    ['expiresInSeconds', { ...right, expiresInSeconds: 1.5 }],
    ['sdkAppId', { ...right, sdkAppId: '1;2' }],
  ])('names %s when that is wrong, and never the secret', (member, identity) => {
    let error: unknown;
    try {
      tencentSignIn.credentials(identity as unknown as TencentIdentity, { now: 0, random: () => 0 });
    } catch (thrown) {
      error = thrown;
    }
    expect(isLianyunError(error, 'bad-config')).toBe(true);
    expect(String(error)).toContain(member);
    expect(String(error)).not.toContain('VE9QU0');
  });
});
