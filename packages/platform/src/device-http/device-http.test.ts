import { createHmac } from 'node:crypto';
import { tencentHttp, type TencentLogLine } from '@lianyun/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NorthUnderTest, NOW, type HttpAnswer } from '../north/north.fixtures.ts';
import { SeenRequests } from './seen-requests.ts';

const SECRET = 'hzvf5LF9S0isvBhDSauWMaIk';
const DEVICE = { productId: 'ABCDE12345', deviceName: 'dev1' };
const PSK = 'lDZ6Uqt+I9E0wW7rvDUs7Q==';
const PATHS = ['/device/register', '/register/dev', '/device/publish', '/device/reportlog', '/cgi-bin/report-log'] as const;

let north: NorthUnderTest;
let nonce = 0;
beforeEach(async () => {
  north = await new NorthUnderTest({ bodyLimitBytes: 100_000 }).start();
  north.registry.createProduct({ cloud: 'tencent', productId: DEVICE.productId, name: 'lamp', productSecret: SECRET, registerType: 2 });
  north.registry.createDevice({ cloud: 'tencent', productId: DEVICE.productId, nodeId: DEVICE.deviceName, secret: PSK });
});
afterEach(() => north[Symbol.asyncDispose]());

const random = (): number => (++nonce + 0.5) / 0x7fff_ffff;
const post = (url: string, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> => north.send({ method: 'POST', url, headers: { 'content-type': 'application/json', ...headers }, body: Buffer.from(body) });
const lower = (headers: Readonly<Record<string, string>>): Record<string, string> => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** A registration as a device signs it; `fake` changes it afterwards. */
function registration(fake: { readonly body?: string; readonly headers?: Readonly<Record<string, string>>; readonly form?: 'current' | 'legacy' } = {}): Promise<HttpAnswer> {
  const { form = 'current' } = fake;
  const path = tencentHttp.registration.paths[form];
  const call = tencentHttp.registration.write({ ...DEVICE, productSecret: SECRET }, { form, host: '127.0.0.1', path }, { now: north.clock.now(), random });
  return post(path, fake.body ?? call.body, { ...lower(call.headers), ...fake.headers });
}

/** A message as a device signs it. */
function message(topic: string, payload: string, qos: 0 | 1 = 0): Promise<HttpAnswer> {
  const { path, body, headers } = tencentHttp.publish.write({ ...DEVICE, topic, payload, qos }, { key: { secret: PSK }, host: '127.0.0.1', path: tencentHttp.publish.path }, { now: north.clock.now(), random });
  return post(path, body, lower(headers));
}

/** Lines of a log as a device signs them; `fake` changes them afterwards. */
function upload(lines: readonly TencentLogLine[], fake: (body: string) => string = (body) => body): Promise<HttpAnswer> {
  const path = tencentHttp.logs.paths.current;
  const { body, headers } = tencentHttp.logs.write({ ...DEVICE, lines }, { key: { secret: PSK }, host: '127.0.0.1', path }, { now: north.clock.now(), random });
  return post(path, fake(body), lower(headers));
}

/** The block that older SDKs put before the lines, signed with what they call the key. */
function legacyUpload(lines: string, { productId = DEVICE.productId, deviceName = DEVICE.deviceName, timestamp = '0000000000', secret = PSK, kind = 'P' } = {}): Promise<HttpAnswer> {
  const signed = `${kind}###${productId.padEnd(10, '#')}${deviceName.padEnd(48, '#')}${timestamp}${lines}`;
  const signature = createHmac('sha1', secret.slice(0, 24)).update(signed).digest('hex');
  return post(tencentHttp.logs.paths.legacy, signature + signed, { 'content-type': 'text/plain;charset=utf-8' });
}

const kept = (): readonly string[] => north.storage.logs.list({ cloud: 'tencent', limit: 100 }).items.map(({ device, type, content, at }) => `${device} ${type} ${content} ${at - NOW}`).toReversed();

const codeOf = ({ body }: HttpAnswer): unknown => (body['Response'] as { readonly Error?: { readonly Code: string } } | undefined)?.Error?.Code;

/** What an answer has to be, whatever was asked: HTTP 200, in the shape of its API, with a code of one of the documented families. */
function expectRefusal(path: string, answer: HttpAnswer): void {
  expect(answer.status).toBe(200);
  if (path === '/cgi-bin/report-log' && !('Response' in answer.body)) {
    expect(answer.body).toEqual({ Retcode: -1, Message: expect.stringMatching(/^(AuthFailure|InvalidParameter|ResourceNotFound|UnauthorizedOperation)\b/) });
    return;
  }
  if (path === '/register/dev' && !('Response' in answer.body)) {
    expect(answer.body).toEqual({ code: -1, message: expect.stringMatching(/^(AuthFailure|InvalidParameter|InvalidParameterValue|MissingParameter|ResourceNotFound|UnauthorizedOperation)\b/) });
    return;
  }
  expect(answer.body).toEqual({ Response: { Error: { Code: expect.stringMatching(/^(AuthFailure|InvalidParameter|InvalidParameterValue|MissingParameter|ResourceNotFound|UnauthorizedOperation|RequestSizeLimitExceeded)(\.\w+)?$/), Message: expect.stringMatching(/./) }, RequestId: expect.stringMatching(/^[0-9a-f-]{36}$/) } });
}

describe('The HTTP gateway of devices', () => {
  it('answers a registration in the shape of each API', async () => {
    expect((await registration()).body).toEqual({ Response: { Len: 53, Payload: expect.stringMatching(/^[\w+/]{86}==$/), State: 1, RequestId: expect.any(String) } });
    expect((await registration({ form: 'legacy' })).body).toEqual({ code: 0, message: '', len: 53, payload: expect.stringMatching(/^[\w+/]{86}==$/) });
    // The vendor's C SDK says that the body is a form, and sends JSON (4.2).
    expect((await registration({ form: 'legacy', headers: { 'content-type': 'application/x-www-form-urlencoded' } })).body).toMatchObject({ code: 0 });
  });

  it('takes what a device publishes', async () => {
    expect((await message('ABCDE12345/dev1/data', '你好', 1)).body).toEqual({ Response: { RequestId: expect.any(String) } });
    expect(north.published).toEqual([{ device: 'ABCDE12345/dev1', topic: 'ABCDE12345/dev1/data', payload: Buffer.from('你好'), qos: 1 }]);
    expect(codeOf(await message('ABCDE12345/dev1/data', 'x'.repeat(65_537)))).toBe('InvalidParameterValue.PayloadOverLimit');
    expect(codeOf(await message('ABCDE12345/dev2/data', 'x'))).toBe('UnauthorizedOperation');
    expect(north.published).toHaveLength(1);
  });

  it('takes lines of a log in the form of current SDKs, with the time that a line has, and else its arrival', async () => {
    expect((await upload([{ level: 'WARN', content: 'warm | 灯', at: NOW - 5 }, { level: 'DEBUG', content: 'a\nb' }])).body).toEqual({ Response: { RequestId: expect.any(String) } });
    expect(kept()).toEqual(['ABCDE12345/dev1 WARN warm | 灯 -5', 'ABCDE12345/dev1 DEBUG a\nb 0']);
  });

  it('takes lines as the older SDKs upload them, the same ones only once', async () => {
    const lines = 'INF|2019-07-14 15:03:50|TXMQTT|hello\n\fERR|2019-07-14 15:03:51|TXMQTT|gone\n\f';
    for (let again = 0; again < 2; again++) expect((await legacyUpload(lines)).body).toEqual({ Retcode: 0 });
    expect((await legacyUpload('DBGx', { timestamp: String(NOW / 1000) })).body).toEqual({ Retcode: 0 });
    expect(kept()).toEqual(['ABCDE12345/dev1 INFO 2019-07-14 15:03:50|TXMQTT|hello 0', 'ABCDE12345/dev1 ERROR 2019-07-14 15:03:51|TXMQTT|gone 0', 'ABCDE12345/dev1 DEBUG x 0']);
    for (const [fake, code] of [[{ secret: 'another' }, 'AuthFailure.SignatureFailure'], [{ deviceName: 'nobody' }, 'ResourceNotFound.DeviceNotExist'], [{ timestamp: '1000000000' }, 'AuthFailure.SignatureExpire']] as const) {
      const answer = await legacyUpload('INFx', fake);
      expectRefusal(tencentHttp.logs.paths.legacy, answer);
      expect(answer.body['Message']).toMatch(code);
    }
    for (const lines2 of ['nothing', 'INF|a\n\f??|b']) expect((await legacyUpload(lines2)).body).toMatchObject({ Retcode: -1, Message: expect.stringContaining('InvalidParameter') });
    expect(kept()).toHaveLength(3);
  });

  it('takes none of the lines of which one is wrong, and tells which, if it is the device that says so', async () => {
    const lines = [{ level: 'INFO', content: 'fine' }, { level: 'INFO', content: 'y'.repeat(65_540) }] as const;
    expect(codeOf(await upload(lines, (body) => body.replace('fine', 'else')))).toBe('AuthFailure.SignatureFailure');
    expect(north.problems).toEqual([]);
    expect(codeOf(await upload(lines))).toBe('InvalidParameter');
    expect(north.problems).toMatchObject([{ code: 'bad-frame', place: { device: 'ABCDE12345/dev1', path: '$.Message[1]' } }]);
    north.registry.updateDevice('tencent', 'ABCDE12345/dev1', { enabled: false });
    expect(codeOf(await upload([{ level: 'INFO', content: 'x' }]))).toBe('UnauthorizedOperation.DeviceIsNotEnabled');
    expect(kept()).toEqual([]);
  });

  it('takes no request twice, and none with a time stamp that is far from now', async () => {
    const { body, headers } = tencentHttp.registration.write({ ...DEVICE, productSecret: SECRET }, { form: 'current', host: '127.0.0.1', path: '/device/register' }, { now: NOW, random });
    const copy = (): Promise<HttpAnswer> => post('/device/register', body, lower(headers));
    expect(codeOf(await copy())).toBeUndefined();
    expect(codeOf(await copy())).toBe('AuthFailure.SignatureExpire');
    north.clock.at = NOW + 300_001;
    expect(codeOf(await copy())).toBe('AuthFailure.SignatureExpire');
    north.clock.at = NOW + 86_400_000;
    expect(codeOf(await copy())).toBe('AuthFailure.SignatureExpire');
  });

  it.each([
    ['a signature of somebody else', { headers: { 'x-tc-signature': 'AAAA' } }, 'AuthFailure.SignatureFailure'],
    ['another body than was signed', { body: JSON.stringify({ ProductId: 'ABCDE12345', DeviceName: 'dev2' }) }, 'AuthFailure.SignatureFailure'],
    ['another nonce than was signed', { headers: { 'x-tc-nonce': '424242' } }, 'AuthFailure.SignatureFailure'],
    ['a nonce that is no number', { headers: { 'x-tc-nonce': '-1' } }, 'AuthFailure.InvalidAuthorization'],
    ['an unknown algorithm', { headers: { 'x-tc-algorithm': 'none' } }, 'AuthFailure.InvalidAuthorization'],
    ['no algorithm', { headers: { 'x-tc-algorithm': '' } }, 'AuthFailure.InvalidAuthorization'],
    ['another content type', { headers: { 'content-type': 'text/plain' } }, 'InvalidParameter'],
    ['a form', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 'InvalidParameter'],
    ['a body that is cut off', { body: '{"ProductId":"ABCDE' }, 'InvalidParameter'],
    ['no body', { body: '' }, 'InvalidParameter'],
    ['a list', { body: '[]' }, 'InvalidParameter'],
    ['a name that is a number', { body: '{"ProductId":"ABCDE12345","DeviceName":1}' }, 'MissingParameter'],
    ['an unknown product', { body: '{"ProductId":"constructor","DeviceName":"d"}' }, 'InvalidParameterValue.ProductIdInvalid'],
    ['a body beyond all measure', { body: ' '.repeat(100_001) }, 'RequestSizeLimitExceeded'],
  ])('refuses %s', async (_what, fake, code) => {
    const answer = await registration(fake);
    expectRefusal('/device/register', answer);
    expect(codeOf(answer)).toBe(code);
  });

  it('refuses whatever else comes in, in the shape of its API', async () => {
    const members = ['ProductId', 'DeviceName', 'productId', 'deviceName', 'TopicName', 'Payload', 'Qos', 'PayloadEncoding', 'Message', 'nonce', 'timestamp', 'signature', '__proto__'];
    const value = fc.oneof(fc.constantFrom<unknown>('ABCDE12345', 'dev1', '', null, -1, 1e300, true, '1700000000', 'base64', [], {}), fc.string(), fc.jsonValue());
    const document = fc.oneof(fc.dictionary(fc.constantFrom(...members), value).map((object) => JSON.stringify(object)), fc.json(), fc.string());
    const header = fc.dictionary(fc.constantFrom('x-tc-algorithm', 'x-tc-timestamp', 'x-tc-nonce', 'x-tc-signature'), fc.constantFrom('hmacsha256', 'rsa-sha256', '1700000000', String(NOW / 1000), '99999999999999999999', '1', 'AAAA', '%00', 'e30='));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PATHS), document, header, async (path, body, headers) => expectRefusal(path, await post(path, body, headers))),
      { numRuns: 300 },
    );
    expect([north.published, kept(), north.problems]).toEqual([[], [], []]);
    // It still works.
    expect(codeOf(await registration())).toBeUndefined();
  });

  it('is there for POST only', async () => {
    for (const url of PATHS) expect((await north.send({ method: 'GET', url, headers: {}, body: Buffer.alloc(0) })).status).toBe(404);
  });
});

it('A request is remembered as long as its time stamp can hold, and not much longer', () => {
  const seen = new SeenRequests(1000);
  expect(seen.isNew('a', 0)).toBe(true);
  expect(seen.isNew('b', 1500)).toBe(true);
  expect(seen.isNew('a', 1999)).toBe(false);
  expect(seen.isNew('a', 2000)).toBe(true);
  expect(seen.isNew('b', 2000)).toBe(false);
});
