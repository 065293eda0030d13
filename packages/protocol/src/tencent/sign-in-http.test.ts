import { createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../fixtures/auth-vectors.json' with { type: 'json' };
import { writeHttpPublish, readHttpPublish } from './http-publish.ts';
import { signTencentHttp, verifyTencentHttp, type TencentHttpKey } from './sign-in-http.ts';
import { openCredential, readLegacyRegistration, readRegistrationAnswer, sealCredential, verifyLegacyRegistration, writeRegistration } from './sign-in-registration.ts';

const MAX = 0x7fff_ffff;
const at = ({ timestamp, nonce }: { readonly timestamp: number; readonly nonce: number }) => ({ now: timestamp * 1000, random: () => (nonce + 0.5) / MAX });
const lower = (headers: Readonly<Record<string, string>>): Record<string, string> => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
const SECRET = 'hzvf5LF9S0isvBhDSauWMaIk';
const NOW = 1_700_000_000_000;
const NAMES = { productId: 'ABCDE12345', deviceName: 'dev1' };
const HOST = 'ap-guangzhou.gateway.tencentdevices.com';

describe('the request of a registration', () => {
  it.each(vectors.tencent.dynreg.map((vector) => [`${vector.request.url} ${vector.nonce} ${vector.productSecret}`, vector] as const))('is what the vendor sends: %s', (_, vector) => {
    const url = new URL(vector.request.url);
    const call = writeRegistration({ productId: vector.productId, deviceName: vector.deviceName, productSecret: vector.productSecret }, { form: 'current', host: url.hostname, path: url.pathname }, at(vector));
    expect(call.body).toBe(vector.request.body);
    expect(lower(call.headers)).toEqual(lower(vector.request.headers));
  });

  it.each(vectors.tencent.dynreg.map((vector, index) => [index, vector] as const))('is answered with what the vendor reads: %i', (_, vector) => {
    expect(readRegistrationAnswer(JSON.stringify(vector.response), vector.productSecret)).toEqual({ credential: { deviceSecret: vector.deviceFileAfter.deviceSecret } });
  });

  it('carries the signatures of the reference, in both forms', () => {
    const context = at({ timestamp: 1_700_000_000, nonce: 5456 });
    const given = { ...NAMES, productSecret: SECRET };
    expect(writeRegistration(given, { form: 'current', host: HOST, path: '/device/register' }, context).headers).toMatchObject({ 'X-TC-Signature': 'HNbtgCAQosp+yl/l/gpt6fbgM0Gwp/lpV6ZPhFKhhbQ=' });
    const legacy = JSON.parse(writeRegistration(given, { form: 'legacy', host: HOST, path: '/register/dev' }, context).body) as object;
    expect(legacy).toEqual({ deviceName: 'dev1', nonce: 5456, productId: 'ABCDE12345', timestamp: 1_700_000_000, signature: 'ZGU4ODhjNjcyNmY4MzI5ZjUwOWEwODExYzIxY2I3YWU3M2IzN2JiYg==' });
  });

  it('needs a product secret of sixteen characters', () => {
    expect(() => writeRegistration({ ...NAMES, productSecret: 'too short' }, { form: 'current', host: HOST, path: '/' }, at({ timestamp: 1, nonce: 1 }))).toThrow(expect.objectContaining({ code: 'bad-config' }));
  });
});

describe('a request of the older API', () => {
  const body = (): object => JSON.parse(writeRegistration({ ...NAMES, productSecret: SECRET }, { form: 'legacy', host: HOST, path: '/' }, at({ timestamp: 1_700_000_000, nonce: 7 })).body) as object;

  it('is taken with the right secret, and with no other', () => {
    const read = readLegacyRegistration(body());
    if ('wrong' in read) throw new Error(read.wrong);
    expect(verifyLegacyRegistration(read, SECRET)).toBe(true);
    expect(verifyLegacyRegistration(read, SECRET.toLowerCase())).toBe(false);
    expect(verifyLegacyRegistration({ ...read, deviceName: 'dev2' }, SECRET)).toBe(false);
    expect(verifyLegacyRegistration({ ...read, nonce: 8 }, SECRET)).toBe(false);
    // Without the detour through hex digits, as the documentation words it (4.2).
    expect(verifyLegacyRegistration({ ...read, signature: Buffer.from(Buffer.from(read.signature, 'base64').toString('latin1'), 'hex').toString('base64') }, SECRET)).toBe(true);
  });

  it('is refused where a member is missing, with its name', () => {
    expect(readLegacyRegistration({ ...body(), nonce: undefined })).toEqual({ wrong: expect.stringContaining('nonce') });
    expect(readLegacyRegistration([])).toEqual({ wrong: expect.any(String) });
  });
});

describe('an HTTP message of a device', () => {
  it.each(vectors.tencent.httpPublish.map((vector, index) => [index, vector] as const))('is signed as the vendor signs it: %i', (_, vector) => {
    const url = new URL(vector.request.url);
    const key: TencentHttpKey = vector.throwawayTestPrivateKeyPem === undefined ? { secret: vector.deviceSecret } : { privateKey: vector.throwawayTestPrivateKeyPem };
    const headers = lower(signTencentHttp({ host: url.hostname, path: url.pathname, body: vector.request.body }, key, at(vector)));
    expect(headers).toEqual(lower(vector.request.headers));
    const request = { host: url.hostname, path: url.pathname, headers, body: Buffer.from(vector.request.body) };
    const proof = 'secret' in key ? { secret: key.secret } : { publicKey: createPublicKey(key.privateKey) };
    expect(verifyTencentHttp(request, proof, vector.timestamp * 1000)).toBeUndefined();
    expect(verifyTencentHttp({ ...request, body: Buffer.from(`${vector.request.body} `) }, proof, vector.timestamp * 1000)).toBe('bad-signature');
  });

  it('carries the signature of the reference', () => {
    const message = { ...NAMES, topic: 'ABCDE12345/dev1/data', payload: 'hello', qos: 0 } as const;
    const call = writeHttpPublish(message, { key: { secret: 'lDZ6Uqt+I9E0wW7rvDUs7Q==' }, host: HOST, path: '/device/publish' }, at({ timestamp: 1_700_000_000, nonce: 5456 }));
    expect(call.headers).toMatchObject({ 'X-TC-Signature': '8zQ7dEpeU6mPLeBgqX9pf6IXitqCLB4OzoaImeMFTR0=' });
  });

  it('comes out as it went in, text and bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constant('值 😀 "\\\\\n'), fc.uint8Array()), fc.constantFrom(0 as const, 1 as const), (payload, qos) => {
        const message = { ...NAMES, topic: 'ABCDE12345/dev1/data', payload, qos };
        const { body } = writeHttpPublish(message, { key: { secret: 's' }, host: HOST, path: '/' }, { now: NOW, random: () => 0.5 });
        const read = readHttpPublish(JSON.parse(body));
        if ('wrong' in read) throw new Error(read.wrong);
        expect({ ...read, payload: Buffer.from(read.payload) }).toEqual({ ...message, payload: Buffer.from(payload) });
      }),
    );
  });

  it('is refused by what is wrong with its signature', () => {
    const draft = { host: HOST, path: '/device/publish', body: '{}' };
    const headers = lower(signTencentHttp(draft, { secret: 'key' }, { now: NOW, random: () => 0.5 }));
    const request = { ...draft, headers, body: Buffer.from('{}') };
    const verify = (changes: Readonly<Record<string, string | undefined>>, rest: object = {}, now = NOW) => verifyTencentHttp({ ...request, ...rest, headers: { ...headers, ...changes } }, { secret: 'key' }, now);
    expect(verify({})).toBeUndefined();
    expect(verify({}, { host: `${HOST}:8080` })).toBeUndefined();
    expect(verify({}, { path: '/other' })).toBe('bad-signature');
    for (const name of ['x-tc-algorithm', 'x-tc-timestamp', 'x-tc-nonce', 'x-tc-signature']) expect(verify({ [name]: undefined })).toBe('missing');
    expect(verify({ 'x-tc-timestamp': 'now' })).toBe('malformed');
    expect(verify({ 'x-tc-algorithm': 'md5' })).toBe('unknown-algorithm');
    expect(verify({ 'x-tc-algorithm': 'constructor' })).toBe('unknown-algorithm');
    expect(verify({ 'x-tc-algorithm': 'rsa-sha256' })).toBe('bad-signature');
    expect(verify({ 'x-tc-signature': 'AAAA' })).toBe('bad-signature');
    expect(verify({}, {}, NOW + 300_000)).toBeUndefined();
    expect(verify({}, {}, NOW + 301_000)).toBe('expired');
    expect(verify({}, {}, NOW - 301_000)).toBe('expired');
    // The header of a sample in the documentation is in capitals, and its digest in hex digits (4.1).
    const hex = Buffer.from(headers['x-tc-signature'] ?? '', 'base64').toString('hex');
    expect(verify({ 'x-tc-algorithm': 'HmacSha256', 'x-tc-signature': hex })).toBeUndefined();
    expect(verifyTencentHttp(request, {}, NOW)).toBe('bad-signature');
  });
});

describe('the credential in an answer', () => {
  it.each(vectors.tencent.aesDecrypt.map((vector) => [vector.plaintext, vector] as const))('is what the vendor decrypts: %s', (plaintext, { payloadBase64, productSecret }) => {
    const { encryptionType, psk, clientCert, clientKey } = JSON.parse(plaintext) as Record<string, unknown>;
    expect(openCredential(payloadBase64, undefined, productSecret)).toEqual(encryptionType === 2 ? { deviceSecret: psk } : { certificate: clientCert, privateKey: clientKey });
  });

  it('is read from the published sample', () => {
    expect(openCredential('s6FB3a1BA/YYbcmSE12XpeDVmQNDcf1QgVD141RRbmmAnFwQfp1ECAu5O016mCOvYlJJ6V59yM4OqQSiWphfTg==', 53, SECRET)).toEqual({ deviceSecret: 'lDZ6Uqt+I9E0wW7rvDUs7Q==' });
  });

  const credential = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 48 }).map((bytes) => ({ deviceSecret: Buffer.from(bytes).toString('base64') })),
    fc.record({ certificate: fc.string({ minLength: 1 }).filter((text) => !text.includes('\\n')), privateKey: fc.string({ minLength: 1 }).filter((text) => !text.includes('\\n')) }),
  );

  it('comes out as it went in', () => {
    fc.assert(
      fc.property(credential, (given) => {
        const { bytes, payload } = sealCredential(given, SECRET);
        expect(openCredential(payload, bytes, SECRET)).toEqual(given);
      }),
    );
  });

  it('of a secret is refused when a byte of it was changed, when it was cut short, and with another key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (secret, place, change) => {
        const { bytes, payload } = sealCredential({ deviceSecret: Buffer.from(secret).toString('base64') }, SECRET);
        const sealed = Buffer.from(payload, 'base64');
        const at = place % sealed.length;
        const changed = Buffer.from(sealed);
        changed.writeUInt8(sealed.readUInt8(at) ^ change, at);
        const refused = expect.objectContaining({ code: 'bad-response' });
        expect(() => openCredential(changed.toString('base64'), bytes, SECRET)).toThrow(refused);
        for (const cut of [0, 1, 16, 32, sealed.length - 16, sealed.length - 1]) expect(() => openCredential(sealed.subarray(0, cut).toString('base64'), bytes, SECRET)).toThrow(refused);
        expect(() => openCredential(payload, bytes, `x${SECRET}`)).toThrow(refused);
      }),
      { numRuns: 500 },
    );
  });

  it('says what is wrong, and never repeats what came out', () => {
    const sealed = sealCredential({ deviceSecret: 'c2VjcmV0LXNlY3JldA==' }, SECRET);
    const answer = (response: object) => () => readRegistrationAnswer(JSON.stringify({ Response: response }), SECRET);
    const at = (path: string) => expect.objectContaining({ code: 'bad-response', place: { path } });
    expect(answer({})).toThrow(at('$.Payload'));
    expect(answer({ Payload: '' })).toThrow(at('$.Payload'));
    expect(answer({ Payload: 7 })).toThrow(at('$.Payload'));
    expect(answer({ Payload: sealed.payload, Len: 'x' })).toThrow(at('$.Len'));
    expect(answer({ Payload: sealed.payload, Len: 400 })).toThrow(at('$.Len'));
    expect(() => readRegistrationAnswer('[]', SECRET)).toThrow(at('$'));
    expect(() => readRegistrationAnswer('<html>', SECRET)).toThrow(expect.objectContaining({ code: 'bad-response' }));
    expect(answer({ Payload: sealed.payload, State: 1 })()).toEqual({ credential: { deviceSecret: 'c2VjcmV0LXNlY3JldA==' }, isNew: false });
    expect(answer({ Error: { Code: 'X', Message: '错误' } })()).toEqual({ refusal: { code: 'X', text: '错误' } });
    expect(readRegistrationAnswer('{"code":1004,"message":"no"}', SECRET)).toEqual({ refusal: { code: '1004', text: 'no' } });
    expect(readRegistrationAnswer(JSON.stringify({ code: 0, message: '', len: sealed.bytes, payload: sealed.payload }), SECRET)).toEqual({ credential: { deviceSecret: 'c2VjcmV0LXNlY3JldA==' } });
  });
});
