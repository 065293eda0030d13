import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signHuawei } from './huawei/signature.ts';
import { KEYS, NorthUnderTest, NOW } from './north.fixtures.ts';
import type { SignedRequest } from './signed-request.ts';
import { signTencent } from './tencent/signature.ts';

let north: NorthUnderTest;
beforeEach(async () => {
  north = await new NorthUnderTest().start();
});
afterEach(() => north[Symbol.asyncDispose]());

/** The same bytes with the same signature, as a client sends them again that did not hear the answer. */
const CLOUDS = [
  {
    cloud: 'huawei',
    request(host: string): SignedRequest {
      const request = { method: 'POST', url: '/v5/iot/p1/products', headers: { host, 'content-type': 'application/json' }, body: Buffer.from('{"name":"lamp","device_type":"Lamp","protocol_type":"MQTT","data_format":"json","service_capabilities":[]}') };
      return { ...request, headers: signHuawei(request, KEYS.huawei, { at: NOW }) };
    },
    answer: { status: 201, body: { product_id: expect.any(String) } },
    tooLate: { status: 201 },
  },
  {
    cloud: 'tencent',
    request(host: string): SignedRequest {
      const headers = { host, 'content-type': 'application/json', 'x-tc-action': 'CreateStudioProduct', 'x-tc-version': '2019-04-23' };
      const request = { method: 'POST', url: '/', headers, body: Buffer.from('{"ProductName":"lamp","CategoryId":1,"ProductType":0,"EncryptionType":"2","NetType":"wifi","DataProtocol":1,"ProductDesc":"d","ProjectId":"p"}') };
      return { ...request, headers: signTencent(request, KEYS.tencent, { at: NOW }) };
    },
    answer: { status: 200, body: { Response: { Product: { ProductId: expect.any(String) } } } },
    // Tencent's requests are good for five minutes; Huawei's have no such end here.
    tooLate: { status: 200, body: { Response: { Error: { Code: 'AuthFailure.SignatureExpire' } } } },
  },
] as const;

describe.each(CLOUDS)('A request of $cloud that comes again with the same signature', ({ request, answer, tooLate }) => {
  it('is a request like any other, at once and as long as its time is good', async () => {
    const signed = request(north.host);
    const answers = [await north.send(signed), await north.send(signed)];
    north.clock.at = NOW + 299_000;
    answers.push(await north.send(signed));
    expect(answers).toMatchObject([answer, answer, answer]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(3);
    north.clock.at = NOW + 301_000;
    expect(await north.send(signed)).toMatchObject(tooLate);
  });
});
