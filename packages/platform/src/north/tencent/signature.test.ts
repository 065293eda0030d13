import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { NOW, recorded } from '../north.fixtures.ts';
import type { SignedRequest } from '../signed-request.ts';
import { readParameters, signTencent, signTencentParameters, verifyTencent, verifyTencentParameters, type ParameterRequest } from './signature.ts';

const KEY = { id: 'AKIDEXAMPLE', secret: 'sk-secret' };
const AT = 1_700_000_000_000;
const secretOf = (id: string) => (id === KEY.id ? KEY.secret : undefined);
const REQUEST: SignedRequest = {
  method: 'POST',
  url: '/',
  headers: { host: '127.0.0.1:8080', 'content-type': 'application/json' },
  body: Buffer.from('{"ProductId":"ABCDE12345","DeviceName":"dev1","Data":"{\\"power_switch\\":1}"}'),
};
const signed = (request: SignedRequest, service?: string): SignedRequest => ({ ...request, headers: signTencent(request, KEY, { at: AT, ...(service === undefined ? {} : { service }) }) });
const with_ = (request: SignedRequest, headers: Record<string, string | undefined>): SignedRequest => ({ ...request, headers: { ...request.headers, ...headers } });

describe('TC3-HMAC-SHA256', () => {
  it('gives the signature of the reference for its test vector, and accepts it', () => {
    const request = signed(REQUEST);
    expect(request.headers['authorization']).toBe(
      'TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2023-11-14/127/tc3_request, SignedHeaders=content-type;host, Signature=bdb65304639a80a5161961e275ecbb4c7089dcff6e41d4b6492295c98f9ff9fa',
    );
    expect(verifyTencent(request, secretOf, AT)).toEqual({ keyId: 'AKIDEXAMPLE' });
  });

  it('accepts the host signed with its port too, and any service', () => {
    for (const service of ['iotexplorer', 'localhost:8080']) {
      expect(verifyTencent(signed(REQUEST, service), secretOf, AT)).toEqual({ keyId: 'AKIDEXAMPLE' });
    }
    // A signer that does not strip the port: its host is one that has none left to strip.
    const portless = signed(with_(REQUEST, { host: '[::1]' }));
    expect(verifyTencent(with_(portless, { host: '[::1]:8080' }), secretOf, AT)).toEqual({ keyId: 'AKIDEXAMPLE' });
  });

  it('accepts the action among the signed headers, in lower case as in the examples of the document, and as it stands', () => {
    const request = with_(REQUEST, { 'x-tc-action': 'DescribeDevice', 'x-tc-timestamp': String(AT / 1000) });
    const sign = (action: string): SignedRequest => {
      const names = 'content-type;host;x-tc-action';
      const hash = (text: string) => createHash('sha256').update(text).digest('hex');
      const canonical = ['POST', '/', '', `content-type:application/json\nhost:127.0.0.1:8080\nx-tc-action:${action}\n`, names, hash(String(REQUEST.body))].join('\n');
      const scope = '2023-11-14/iotexplorer/tc3_request';
      const key = scope.split('/').reduce((secret: string | Buffer, part) => createHmac('sha256', secret).update(part).digest(), `TC3${KEY.secret}`);
      const signature = createHmac('sha256', key).update(['TC3-HMAC-SHA256', AT / 1000, scope, hash(canonical)].join('\n')).digest('hex');
      return with_(request, { authorization: `TC3-HMAC-SHA256 Credential=${KEY.id}/${scope}, SignedHeaders=${names}, Signature=${signature}` });
    };
    for (const action of ['describedevice', 'DescribeDevice']) expect(verifyTencent(sign(action), secretOf, AT)).toEqual({ keyId: 'AKIDEXAMPLE' });
    expect(verifyTencent(with_(sign('describedevice'), { 'x-tc-action': 'DeleteDevice' }), secretOf, AT)).toMatchObject({ fault: 'mismatch' });
  });

  it('does not cover the body where the request says so, as the vendor\'s clients do on demand', () => {
    const unsigned = signed({ ...with_(REQUEST, { 'x-tc-content-sha256': 'UNSIGNED-PAYLOAD' }), body: Buffer.from('UNSIGNED-PAYLOAD') });
    expect(unsigned.headers['authorization']).not.toBe(signed(REQUEST).headers['authorization']);
    expect(verifyTencent({ ...unsigned, body: REQUEST.body }, secretOf, AT)).toEqual({ keyId: 'AKIDEXAMPLE' });
    expect(verifyTencent({ ...with_(unsigned, { 'x-tc-content-sha256': undefined }), body: REQUEST.body }, secretOf, AT)).toMatchObject({ fault: 'mismatch' });
  });

  it('refuses a request whose body, content type, host, query, service or day was changed', () => {
    const request = signed(REQUEST);
    const authorization = (from: string, to: string) => with_(request, { authorization: request.headers['authorization']?.replace(from, to) });
    const changed: readonly SignedRequest[] = [
      { ...request, body: Buffer.from(request.body.toString().replace('1}', '0}')) },
      { ...request, url: '/?a=1' },
      { ...request, method: 'PUT' },
      with_(request, { 'content-type': 'text/plain' }),
      with_(request, { host: 'localhost:8080' }),
      with_(request, { 'x-tc-timestamp': '1700000001' }),
      authorization('/127/', '/iotexplorer/'),
      authorization('2023-11-14', '2023-11-15'),
      authorization('9fa', '9fb'),
    ];
    for (const each of changed) expect(verifyTencent(each, secretOf, AT)).toMatchObject({ fault: 'mismatch' });
  });

  it('takes a time up to five minutes away, and no more', () => {
    const request = signed(REQUEST);
    for (const skew of [-300_000, 300_000]) expect(verifyTencent(request, secretOf, AT + skew)).toEqual({ keyId: 'AKIDEXAMPLE' });
    for (const skew of [-300_001, 300_001]) expect(verifyTencent(request, secretOf, AT + skew)).toMatchObject({ fault: 'expired' });
  });

  it('tells an unknown key, a missing header and a malformed one apart', () => {
    const request = signed(REQUEST);
    expect(verifyTencent(request, () => undefined, AT)).toMatchObject({ fault: 'unknown-key' });
    expect(verifyTencent(with_(request, { authorization: undefined }), secretOf, AT)).toMatchObject({ fault: 'missing' });
    expect(verifyTencent(with_(request, { authorization: 'SKIP' }), secretOf, AT)).toMatchObject({ fault: 'malformed' });
    expect(verifyTencent(with_(request, { 'x-tc-timestamp': 'now' }), secretOf, AT)).toMatchObject({ fault: 'malformed' });
    expect(verifyTencent(with_(request, { authorization: request.headers['authorization']?.replace('content-type;host', 'content-type') }), secretOf, AT)).toMatchObject({ fault: 'malformed' });
  });
});

describe('HmacSHA1 and HmacSHA256', () => {
  const parameters = new Map(Object.entries({ Action: 'DescribeDevice', SecretId: KEY.id, Timestamp: '1700000000', Nonce: '1', ProductId: 'A B+中', SignatureMethod: 'HmacSHA256' }));
  const request: ParameterRequest = { method: 'GET', host: '127.0.0.1:8080', path: '/', parameters };
  const sign = (each: ParameterRequest): ParameterRequest => ({ ...each, parameters: new Map([...each.parameters, ['Signature', signTencentParameters(each, KEY.secret)]]) });

  it('sign method, host, path and the sorted parameters without encoding', () => {
    const text = 'GET127.0.0.1:8080/?Action=DescribeDevice&Nonce=1&ProductId=A B+中&SecretId=AKIDEXAMPLE&SignatureMethod=HmacSHA256&Timestamp=1700000000';
    expect(signTencentParameters(request, KEY.secret)).toBe(createHmac('sha256', KEY.secret).update(text).digest('base64'));
    expect(verifyTencentParameters(sign(request), secretOf, AT)).toEqual({ keyId: KEY.id });
    const sha1: ParameterRequest = { ...request, parameters: new Map([...parameters].filter(([name]) => name !== 'SignatureMethod')) };
    expect(signTencentParameters(sha1, KEY.secret)).toBe(createHmac('sha1', KEY.secret).update(text.replace('&SignatureMethod=HmacSHA256', '')).digest('base64'));
    expect(verifyTencentParameters(sign(sha1), secretOf, AT)).toEqual({ keyId: KEY.id });
  });

  it('refuse a changed parameter, host and method, an unknown key, an old time and an unknown method', () => {
    const good = sign(request);
    const change = (name: string, value: string): ParameterRequest => ({ ...good, parameters: new Map([...good.parameters, [name, value]]) });
    expect(verifyTencentParameters(change('ProductId', 'B'), secretOf, AT)).toMatchObject({ fault: 'mismatch' });
    expect(verifyTencentParameters({ ...good, host: 'localhost:8080' }, secretOf, AT)).toMatchObject({ fault: 'mismatch' });
    expect(verifyTencentParameters({ ...good, method: 'POST' }, secretOf, AT)).toMatchObject({ fault: 'mismatch' });
    expect(verifyTencentParameters(good, () => undefined, AT)).toMatchObject({ fault: 'unknown-key' });
    expect(verifyTencentParameters(good, secretOf, AT + 300_001)).toMatchObject({ fault: 'expired' });
    expect(verifyTencentParameters(change('SignatureMethod', 'HmacMD5'), secretOf, AT)).toMatchObject({ fault: 'malformed' });
    expect(verifyTencentParameters(change('SignatureMethod', 'constructor'), secretOf, AT)).toMatchObject({ fault: 'malformed' });
    expect(verifyTencentParameters(change('Timestamp', 'x'), secretOf, AT)).toMatchObject({ fault: 'malformed' });
    expect(verifyTencentParameters(request, secretOf, AT)).toMatchObject({ fault: 'missing' });
  });
});

describe('the requests of the vendor’s client', () => {
  const key = { id: 'AKIDTEST', secret: 'self-made-secret-key' };
  const known = (id: string) => (id === key.id ? key.secret : undefined);

  it.each(recorded('tencent').filter(([, request]) => request.headers['authorization'] !== undefined))('%s is understood, signed anew in the same form, and refused when a byte changes', (_name, request) => {
    expect(verifyTencent(request, known, NOW)).toMatchObject({ fault: 'mismatch', why: 'The signature does not belong to this request.' });
    const { authorization = '', ...headers } = request.headers;
    const service = /Credential=[^/]+\/[^/]+\/([^/]+)\//.exec(authorization)?.[1] ?? '';
    const at = Number(headers['x-tc-timestamp']) * 1000;
    const anew = { ...request, headers: signTencent({ ...request, headers }, key, { at, service }) };
    expect(anew.headers['authorization']?.replace(/Signature=.*/, '')).toBe(authorization.replace(/Signature=.*/, ''));
    expect(verifyTencent(anew, known, NOW)).toEqual({ keyId: 'AKIDTEST' });
    expect(verifyTencent({ ...anew, body: Buffer.concat([anew.body, Buffer.from(' ')]) }, known, NOW)).toMatchObject({ fault: 'mismatch' });
    expect(verifyTencent({ ...anew, url: `${anew.url}${anew.url.includes('?') ? '&' : '?'}x=1` }, known, NOW)).toMatchObject({ fault: 'mismatch' });
  });

  it.each(recorded('tencent').filter(([, request]) => request.headers['authorization'] === undefined))('%s is understood in the old way of signing', (_name, request) => {
    const parameters = readParameters(request.body.toString()) ?? new Map<string, string>();
    const old = { method: request.method, host: request.headers['host'] ?? '', path: '/', parameters };
    expect(verifyTencentParameters(old, known, NOW)).toMatchObject({ fault: 'mismatch' });
    const anew = { ...old, parameters: new Map([...parameters, ['Signature', signTencentParameters(old, key.secret)]]) };
    expect(verifyTencentParameters(anew, known, NOW)).toEqual({ keyId: 'AKIDTEST' });
  });
});
