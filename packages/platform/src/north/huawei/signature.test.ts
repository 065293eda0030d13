import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { recorded } from '../north.fixtures.ts';
import { sha256Hex, type SignedRequest } from '../signed-request.ts';
import { signHuawei, verifyHuawei } from './signature.ts';

const KEY = { id: 'AKEXAMPLE', secret: 'SKEXAMPLE' };
const secretOf = (id: string) => (id === KEY.id ? KEY.secret : undefined);
const REQUEST: SignedRequest = {
  method: 'POST',
  url: '/v5/iot/p1/devices/dev001/commands',
  headers: { 'content-type': 'application/json', host: '127.0.0.1:8080', 'x-project-id': 'p1', 'x-sdk-date': '20250101T000000Z' },
  body: Buffer.from('{"service_id":"svc","command_name":"reboot","paras":{}}'),
};
const signed = (request: SignedRequest, options?: Parameters<typeof signHuawei>[2]): SignedRequest => ({ ...request, headers: signHuawei(request, KEY, options) });
const with_ = (request: SignedRequest, headers: Record<string, string | undefined>): SignedRequest => ({ ...request, headers: { ...request.headers, ...headers } });

describe('SDK-HMAC-SHA256', () => {
  it('gives the signature of the reference for its test vector, and accepts it', () => {
    const request = signed(REQUEST);
    expect(request.headers['authorization']).toBe(
      'SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=content-type;host;x-project-id;x-sdk-date, Signature=0687f06fb1e359ac903999d96d215ab9c39dc30e84567f7861b8832c41a14136',
    );
    expect(verifyHuawei(request, secretOf)).toEqual({ keyId: 'AKEXAMPLE' });
  });

  it('refuses a request whose body, header, query, path, method or date was changed', () => {
    const request = signed({ ...REQUEST, url: `${REQUEST.url}?a=1` });
    const changed: readonly SignedRequest[] = [
      { ...request, body: Buffer.from(request.body.toString().replace('reboot', 'rebooT')) },
      { ...request, body: Buffer.alloc(0) },
      with_(request, { 'x-project-id': 'p2' }),
      with_(request, { host: '127.0.0.1:8081' }),
      with_(request, { 'x-sdk-date': '20250101T000001Z' }),
      with_(request, { 'x-project-id': undefined }),
      { ...request, url: `${REQUEST.url}?a=2` },
      { ...request, url: REQUEST.url },
      { ...request, url: `${REQUEST.url}?a=1&b=1` },
      { ...request, url: request.url.replace('dev001', 'dev002') },
      { ...request, method: 'PUT' },
      with_(request, { authorization: request.headers['authorization']?.replace(/.$/, (last) => (last === '0' ? '1' : '0')) }),
    ];
    for (const each of changed) expect(verifyHuawei(each, secretOf)).toMatchObject({ fault: 'mismatch' });
  });

  it('tells an unknown key, a missing header and a malformed one apart', () => {
    const request = signed(REQUEST);
    expect(verifyHuawei(request, () => undefined)).toMatchObject({ fault: 'unknown-key' });
    expect(verifyHuawei(request, () => 'another')).toMatchObject({ fault: 'mismatch' });
    expect(verifyHuawei(with_(request, { authorization: undefined }), secretOf)).toMatchObject({ fault: 'missing' });
    expect(verifyHuawei(with_(request, { authorization: 'Bearer x' }), secretOf)).toMatchObject({ fault: 'malformed' });
    expect(verifyHuawei(with_(request, { 'x-sdk-date': 'yesterday' }), secretOf)).toMatchObject({ fault: 'malformed' });
  });

  it('does not ask for content-type among the signed headers', () => {
    expect(verifyHuawei(signed(REQUEST, { headers: [] }), secretOf)).toEqual({ keyId: 'AKEXAMPLE' });
  });

  it('takes the hash of X-Sdk-Content-Sha256 only when it is the hash of the body', () => {
    const honest = signed(with_(REQUEST, { 'x-sdk-content-sha256': sha256Hex(REQUEST.body) }));
    expect(verifyHuawei(honest, secretOf)).toEqual({ keyId: 'AKEXAMPLE' });
    expect(verifyHuawei({ ...honest, body: Buffer.from('{}') }, secretOf)).toMatchObject({ fault: 'mismatch' });
    const unsigned = signed(with_(REQUEST, { 'x-sdk-content-sha256': 'UNSIGNED-PAYLOAD' }));
    expect(verifyHuawei({ ...unsigned, body: Buffer.from('other') }, secretOf)).toEqual({ keyId: 'AKEXAMPLE' });
    expect(verifyHuawei(with_(unsigned, { 'x-sdk-content-sha256': undefined }), secretOf)).toMatchObject({ fault: 'mismatch' });
  });

  it('reads a Chinese query, a space and a slash as the vendor’s client encodes them, whatever their order', () => {
    const canonical = [
      'GET',
      '/v5/iot/p1/devices/d/properties/',
      'a=1&service_id=%E6%B8%A9%E5%BA%A6%20a%2Fb',
      'host:h\nx-sdk-date:20250101T000000Z\n',
      'host;x-sdk-date',
      sha256Hex(''),
    ].join('\n');
    const signature = createHmac('sha256', KEY.secret).update(`SDK-HMAC-SHA256\n20250101T000000Z\n${sha256Hex(canonical)}`).digest('hex');
    const headers = { host: 'h', 'x-sdk-date': '20250101T000000Z', authorization: `SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=host;x-sdk-date, Signature=${signature}` };
    const request = { method: 'GET', url: '/v5/iot/p1/devices/d/properties?service_id=%E6%B8%A9%E5%BA%A6%20a%2Fb&a=1', headers, body: Buffer.alloc(0) };
    expect(verifyHuawei(request, secretOf)).toEqual({ keyId: 'AKEXAMPLE' });
    expect(verifyHuawei({ ...request, url: '/v5/iot/p1/devices/d/properties?service_id=%zz' }, secretOf)).toMatchObject({ fault: 'malformed' });
  });

  it('accepts a path that was encoded once more before it was signed', () => {
    const path = '/v5/iot/p1/devices/%E8%AE%BE';
    const canonical = ['GET', '/v5/iot/p1/devices/%25E8%25AE%25BE/', '', 'host:h\nx-sdk-date:20250101T000000Z\n', 'host;x-sdk-date', sha256Hex('')].join('\n');
    const signature = createHmac('sha256', KEY.secret).update(`SDK-HMAC-SHA256\n20250101T000000Z\n${sha256Hex(canonical)}`).digest('hex');
    const headers = { host: 'h', 'x-sdk-date': '20250101T000000Z', authorization: `SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=host;x-sdk-date, Signature=${signature}` };
    expect(verifyHuawei({ method: 'GET', url: path, headers, body: Buffer.alloc(0) }, secretOf)).toEqual({ keyId: 'AKEXAMPLE' });
  });
});

describe('V11-HMAC-SHA256', () => {
  it('signs with a key derived for day, region and service, and accepts it', () => {
    const request = signed(REQUEST, { region: 'cn-north-4' });
    expect(request.headers['authorization']).toMatch(/^V11-HMAC-SHA256 Credential=AKEXAMPLE\/20250101\/cn-north-4\/iotdm, /);
    expect(verifyHuawei(request, secretOf)).toEqual({ keyId: 'AKEXAMPLE' });
  });

  it('derives the key by HKDF as RFC 5869 has it, in hex', () => {
    // Extract and expand by hand: one block is as long as the key.
    const info = '20250101/cn-north-4/iotdm';
    const prk = createHmac('sha256', KEY.id).update(KEY.secret).digest();
    const key = createHmac('sha256', prk).update(Buffer.concat([Buffer.from(info), Buffer.from([1])])).digest('hex');
    // The canonical request's hash is the reference's (14.2).
    const text = `V11-HMAC-SHA256\n20250101T000000Z\n${info}\n4b00093dc2e9ed73e185281eb319fb111daa50c2d146b1fb2a9ee45ca81854c3`;
    const signature = createHmac('sha256', key).update(text).digest('hex');
    expect(signed(REQUEST, { region: 'cn-north-4' }).headers['authorization']).toContain(`Signature=${signature}`);
  });

  it('refuses another region, another day, another service and a changed body', () => {
    const request = signed(REQUEST, { region: 'cn-north-4' });
    const scope = (from: string, to: string) => with_(request, { authorization: request.headers['authorization']?.replace(from, to) });
    expect(verifyHuawei(scope('cn-north-4', 'cn-north-1'), secretOf)).toMatchObject({ fault: 'mismatch' });
    expect(verifyHuawei(scope('20250101/', '20250102/'), secretOf)).toMatchObject({ fault: 'mismatch' });
    expect(verifyHuawei(scope('/iotdm', '/obs'), secretOf)).toMatchObject({ fault: 'malformed' });
    expect(verifyHuawei({ ...request, body: Buffer.from('{}') }, secretOf)).toMatchObject({ fault: 'mismatch' });
  });
});

describe('the requests of the vendor’s client', () => {
  it.each(recorded('huawei'))('%s is understood, signed anew in the same form, and refused when a byte changes', (_name, request) => {
    const key = { id: 'AKHWTEST', secret: 'self-made-sk' };
    const known = (id: string) => (id === key.id ? key.secret : undefined);
    // Understood to the last step: only the secret is not the one that it was signed with.
    expect(verifyHuawei(request, known)).toMatchObject({ fault: 'mismatch', why: 'The signature does not belong to this request.' });
    const { authorization = '', ...headers } = request.headers;
    const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? [];
    const region = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(authorization)?.[1];
    const anew = { ...request, headers: signHuawei({ ...request, headers }, key, { headers: names, ...(region === undefined ? {} : { region }) }) };
    expect(anew.headers['authorization']?.replace(/Signature=.*/, '')).toBe(authorization.replace(/Signature=.*/, ''));
    expect(verifyHuawei(anew, known)).toEqual({ keyId: 'AKHWTEST' });
    expect(verifyHuawei({ ...anew, body: Buffer.concat([anew.body, Buffer.from(' ')]) }, known)).toMatchObject({ fault: 'mismatch' });
    expect(verifyHuawei({ ...anew, url: `${anew.url}${anew.url.includes('?') ? '&' : '?'}x=1` }, known)).toMatchObject({ fault: 'mismatch' });
    for (const name of names) expect(verifyHuawei(with_(anew, { [name]: '20260101T000000Z' }), known)).toMatchObject({ fault: 'mismatch' });
  });
});
