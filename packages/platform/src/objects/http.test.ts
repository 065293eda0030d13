import { createHash } from 'node:crypto';
import http from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { KEYS, NorthUnderTest } from '../north/north.fixtures.ts';
import { signHuawei } from '../north/huawei/signature.ts';
import type { Objects } from './objects.ts';
import type { UrlGrant } from './signer.ts';

const BYTES = Buffer.from('0123456789abcdefghij');
const MD5 = createHash('md5').update(BYTES).digest('hex');
const ETAG = `"${MD5}"`;
const place = { bucket: 'b', key: 'folder/file 1.bin' };

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request on a connection of its own: fetch would add headers and refuse some. */
async function call(north: NorthUnderTest, method: string, path: string, { headers = {}, body }: { readonly headers?: http.OutgoingHttpHeaders; readonly body?: Buffer | string } = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  http.request({ host: '127.0.0.1', port: north.port, method, path, headers, agent: false }, resolve).on('error', reject).end(body);
  const answer = await promise;
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(await answer.toArray()) };
}

const open = (options?: ConstructorParameters<typeof NorthUnderTest>[0]): Promise<NorthUnderTest> => new NorthUnderTest(options).start();
const pathOf = (north: NorthUnderTest, grant: Partial<UrlGrant> = {}): string => north.signer.pathOf({ place, method: 'GET', expiresAt: north.clock.now() + 60_000, ...grant });
const withObject = async (): Promise<NorthUnderTest> => {
  const north = await open();
  await north.objects.put(place, [BYTES], { type: 'text/html' });
  return north;
};
const textOf = async (objects: Objects, at = place): Promise<string | undefined> => {
  const object = objects.find(at);
  return object === undefined ? undefined : Buffer.concat(await (await objects.read(object)).toArray()).toString();
};
const fault = (code: string) => new RegExp(`^<\\?xml [^>]+>\\n<Error><Code>${code}</Code><Message>[^<]+</Message><RequestId>[0-9a-f-]{36}</RequestId></Error>\\n$`);

describe('GET of an object', () => {
  it('answers all of it, with what says which version it is, and never as a page of this server', async () => {
    await using north = await withObject();
    const { status, headers, body } = await call(north, 'GET', pathOf(north), { headers: { 'accept-encoding': 'gzip, br' } });
    expect([status, body.toString()]).toEqual([200, BYTES.toString()]);
    expect(headers).toMatchObject({
      'content-length': '20', 'content-type': 'text/html', etag: ETAG, 'accept-ranges': 'bytes', 'last-modified': new Date(north.clock.at).toUTCString(),
      'x-content-type-options': 'nosniff', 'content-security-policy': 'sandbox',
    });
    expect(headers).not.toHaveProperty('content-encoding');
    const head = await call(north, 'HEAD', pathOf(north), { headers: { range: 'bytes=0-1' } });
    expect([head.status, head.headers['content-length'], head.headers.etag, head.body.length]).toEqual([200, '20', ETAG, 0]);
  });

  it.each([
    ['bytes=0-0', 0, 0], ['bytes=5-9', 5, 9], ['bytes=5-', 5, 19], ['bytes=-3', 17, 19], ['bytes=-99', 0, 19], ['bytes=19-19', 19, 19],
    // The Python SDK asks for one byte more than there is (Tencent 5.3).
    ['bytes=7-20', 7, 19], ['bytes=0-99999999999999999999', 0, 19], ['Bytes = 1 - 2', 1, 2],
  ])('answers the part %s', async (range, start, end) => {
    await using north = await withObject();
    const { status, headers, body } = await call(north, 'GET', pathOf(north), { headers: { range } });
    expect([status, body.toString()]).toEqual([206, BYTES.toString().slice(start, end + 1)]);
    expect(headers).toMatchObject({ 'content-range': `bytes ${start}-${end}/20`, 'content-length': String(end - start + 1), etag: ETAG });
  });

  it.each(['bytes=20-', 'bytes=20-30', 'bytes=-0', 'bytes=99-100'])('says that nothing of %s is there', async (range) => {
    await using north = await withObject();
    const { status, headers, body } = await call(north, 'GET', pathOf(north), { headers: { range } });
    expect([status, headers['content-range']]).toEqual([416, 'bytes */20']);
    expect(body.toString()).toMatch(fault('InvalidRange'));
  });

  it('has no part of an empty object', async () => {
    await using north = await open();
    await north.objects.put(place, []);
    for (const range of ['bytes=0-', 'bytes=-5']) expect(await call(north, 'GET', pathOf(north), { headers: { range } })).toMatchObject({ status: 416 });
    expect(await call(north, 'GET', pathOf(north))).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  });

  it.each(['bytes=9-5', 'bytes=1-2,4-5', 'bytes=', 'bytes=-', 'bytes=a-b', 'bytes=1.5-2', 'items=0-1', 'bytes'])('answers all of it where %s need not be understood', async (range) => {
    await using north = await withObject();
    expect(await call(north, 'GET', pathOf(north), { headers: { range } })).toMatchObject({ status: 200, body: BYTES });
  });

  it('answers a part only of the version that If-Range names', async () => {
    await using north = await withObject();
    const date = new Date(north.clock.at).toUTCString();
    const status = async (ifRange: string) => (await call(north, 'GET', pathOf(north), { headers: { range: 'bytes=1-2', 'if-range': ifRange } })).status;
    expect([await status(ETAG), await status(date)]).toEqual([206, 206]);
    expect([await status('"other"'), await status(`W/${ETAG}`), await status(new Date(north.clock.at - 1000).toUTCString()), await status('yesterday')]).toEqual([200, 200, 200, 200]);
  });

  it('says that nothing has changed, or that something has, when it is asked', async () => {
    await using north = await withObject();
    const [date, before, later] = [0, -1000, 1000].map((ms) => new Date(north.clock.at + ms).toUTCString());
    const status = async (headers: http.OutgoingHttpHeaders) => {
      const answer = await call(north, 'GET', pathOf(north), { headers });
      if (answer.status === 304) expect([answer.body.length, answer.headers.etag]).toEqual([0, ETAG]);
      return answer.status;
    };
    expect(await status({ 'if-none-match': ETAG })).toBe(304);
    expect(await status({ 'if-none-match': `"a", W/${ETAG}` })).toBe(304);
    expect(await status({ 'if-none-match': '*' })).toBe(304);
    expect(await status({ 'if-none-match': '"a"', 'if-modified-since': later })).toBe(200);
    expect([await status({ 'if-modified-since': date }), await status({ 'if-modified-since': before })]).toEqual([304, 200]);
    expect([await status({ 'if-match': ETAG }), await status({ 'if-match': `"a", ${ETAG}` }), await status({ 'if-match': '*' })]).toEqual([200, 200, 200]);
    expect([await status({ 'if-match': '"a"' }), await status({ 'if-match': `W/${ETAG}` })]).toEqual([412, 412]);
    expect([await status({ 'if-unmodified-since': date }), await status({ 'if-unmodified-since': before })]).toEqual([200, 412]);
    expect(await status({ range: 'bytes=0-1', 'if-none-match': ETAG })).toBe(304);
  });

  it('of what is not there is 404, in the words of object storage', async () => {
    await using north = await open();
    const { status, body, headers } = await call(north, 'GET', pathOf(north));
    expect([status, headers['content-type']]).toEqual([404, 'application/xml']);
    expect(body.toString()).toMatch(fault('NoSuchKey'));
    expect(await call(north, 'HEAD', pathOf(north))).toMatchObject({ status: 404, body: Buffer.alloc(0) });
  });

  it('is not taken for a call of an API, whatever stands in the key', async () => {
    await using north = await open();
    const odd = { bucket: '中', key: 'x/v5/iot/p1/products?a=b&c#d%2F+ ~\u0000' };
    await north.objects.put(odd, [BYTES]);
    expect(await call(north, 'GET', pathOf(north, { place: odd }))).toMatchObject({ status: 200, body: BYTES });
  });
});

describe('a signed URL', () => {
  it('opens one object for one method until it expires', async () => {
    await using north = await withObject();
    await north.objects.put({ bucket: 'b', key: 'other' }, [BYTES]);
    const path = pathOf(north);
    const [, query = ''] = path.split('?');
    const denied = async (method: string, at: string, code: string) => {
      const { status, body } = await call(north, method, at, method === 'PUT' ? { body: 'x' } : {});
      expect([method, at, status]).toEqual([method, at, 403]);
      expect(body.toString()).toMatch(fault(code));
    };
    await denied('PUT', path, 'SignatureDoesNotMatch');
    await denied('DELETE', path, 'AccessDenied');
    await denied('GET', pathOf(north, { method: 'PUT' }), 'SignatureDoesNotMatch');
    await denied('GET', `/objects/b/other?${query}`, 'SignatureDoesNotMatch');
    await denied('GET', `/objects/b/folder%2Ffile%201.bi?${query}`, 'SignatureDoesNotMatch');
    await denied('GET', path.replace(/Expires=\d+/, 'Expires=9999999999'), 'SignatureDoesNotMatch');
    await denied('GET', `${path}&Size=3`, 'SignatureDoesNotMatch');
    await denied('GET', path.replace(/Expires=\d+&/, ''), 'AccessDenied');
    await denied('GET', path.replace(/Signature=.*/, 'Signature='), 'SignatureDoesNotMatch');
    await denied('GET', '/objects/b/other', 'AccessDenied');
    // The same path in another spelling is the same object.
    expect(await call(north, 'GET', path.replace('file%201', 'fil%65%201'))).toMatchObject({ status: 200 });
    north.clock.at += 59_000;
    expect(await call(north, 'GET', path)).toMatchObject({ status: 200 });
    north.clock.at += 1_000;
    const { status, body } = await call(north, 'GET', path);
    expect([status, body.toString()]).toEqual([403, expect.stringContaining('<Code>AccessDenied</Code><Message>Request has expired</Message>')]);
    expect(await textOf(north.objects)).toBe(BYTES.toString());
  });

  it('is refused together with another credential, as object storage does', async () => {
    await using north = await withObject();
    const { status, body } = await call(north, 'GET', pathOf(north), { headers: { authorization: 'Bearer abc' } });
    expect([status, body.toString()]).toEqual([400, expect.stringMatching(fault('InvalidArgument'))]);
  });

  it('of a path that is not encoded properly is 400', async () => {
    await using north = await open();
    expect(await call(north, 'GET', '/objects/b/%zz?Signature=x')).toMatchObject({ status: 400 });
    expect(await call(north, 'GET', '/objects/?Signature=x')).toMatchObject({ status: 403 });
  });
});

describe('PUT of an object', () => {
  it('takes in any bytes of any type, and says which version they became', async () => {
    await using north = await open();
    for (const headers of [{ 'content-type': 'text/plain' }, {}, { 'content-type': 'multipart/form-data; boundary=x' }, { 'transfer-encoding': 'chunked' }]) {
      const { status, headers: answer, body } = await call(north, 'PUT', pathOf(north, { method: 'PUT' }), { headers, body: BYTES });
      expect([status, answer.etag, body.length]).toEqual([200, ETAG, 0]);
      expect(north.objects.find(place)).toMatchObject({ bytes: 20, md5: MD5, type: headers['content-type'] ?? 'application/octet-stream' });
    }
    expect(await call(north, 'PUT', pathOf(north, { method: 'PUT' }))).toMatchObject({ status: 200 });
    expect(north.objects.find(place)).toMatchObject({ bytes: 0 });
  });

  it('holds the bytes against what was announced', async () => {
    await using north = await open();
    const sha256 = createHash('sha256').update(BYTES).digest('hex');
    const put = (grant: Partial<UrlGrant>, headers: http.OutgoingHttpHeaders = {}) => call(north, 'PUT', pathOf(north, { method: 'PUT', ...grant }), { headers, body: BYTES });
    expect((await put({ bytes: 21 })).body.toString()).toMatch(fault('BadDigest'));
    expect(await put({ digest: { algorithm: 'sha256', hex: sha256.replace(/./, 'z') } })).toMatchObject({ status: 400 });
    expect((await put({}, { 'content-md5': Buffer.alloc(16).toString('base64') })).body.toString()).toMatch(fault('BadDigest'));
    expect((await put({}, { 'content-md5': 'short' })).body.toString()).toMatch(fault('InvalidDigest'));
    expect(north.objects.find(place)).toBeUndefined();
    expect(await put({ bytes: 20, digest: { algorithm: 'sha256', hex: sha256.toUpperCase() } }, { 'content-md5': Buffer.from(MD5, 'hex').toString('base64') })).toMatchObject({ status: 200 });
    expect(await textOf(north.objects)).toBe(BYTES.toString());
  });

  it('is not bounded by what a call of an API may have, but by what an object may', async () => {
    await using north = await open({ bodyLimitBytes: 10, objectBytes: 25 });
    const put = (size: number, headers: http.OutgoingHttpHeaders = {}) => call(north, 'PUT', pathOf(north, { method: 'PUT' }), { body: Buffer.alloc(size, 1), headers });
    expect(await put(25)).toMatchObject({ status: 200 });
    for (const answer of [await put(26), await put(26, { 'transfer-encoding': 'chunked' }), await put(5_000_000)]) {
      expect([answer.status, answer.body.toString()]).toEqual([413, expect.stringMatching(fault('EntityTooLarge'))]);
    }
    expect(north.objects.find(place)).toMatchObject({ bytes: 25 });
  });

  it('can be kept from replacing what is there, or anything else than one version', async () => {
    await using north = await open();
    const put = async (headers: http.OutgoingHttpHeaders, body: string) => (await call(north, 'PUT', pathOf(north, { method: 'PUT' }), { headers, body })).status;
    expect([await put({ 'if-none-match': '*' }, 'a'), await put({ 'if-none-match': '*' }, 'b')]).toEqual([200, 412]);
    const etag = `"${createHash('md5').update('a').digest('hex')}"`;
    expect([await put({ 'if-match': '"x"' }, 'c'), await put({ 'if-match': etag }, 'd')]).toEqual([412, 200]);
    expect(await textOf(north.objects)).toBe('d');
  });

  it('that is cut off leaves what was there', async () => {
    await using north = await withObject();
    const socket = connect(north.port, '127.0.0.1');
    const put = north.objects.put.bind(north.objects);
    const outcome = new Promise((resolve) => {
      north.objects.put = (...args) => {
        const result = put(...args);
        resolve(result);
        return result;
      };
    });
    socket.write(`PUT ${pathOf(north, { method: 'PUT' })} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf`);
    north.server?.once('request', (request: http.IncomingMessage) => request.once('data', () => socket.destroy()));
    await expect(outcome).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await textOf(north.objects)).toBe(BYTES.toString());
  });
});

describe('a request that an access key signs', () => {
  it('may do everything with objects', async () => {
    await using north = await open();
    const key = KEYS.huawei;
    const signed = (method: string, { body = '', hash, url = '/objects/b/k%201' }: { body?: string; hash?: string; url?: string } = {}) => {
      const headers = { host: north.host, ...(hash === undefined ? {} : { 'x-sdk-content-sha256': hash }) };
      return call(north, method, url, { body, headers: signHuawei({ method, url, headers, body: Buffer.from(body) }, key, { at: north.clock.now() }) });
    };
    const sha256 = createHash('sha256').update('one').digest('hex');
    expect((await signed('PUT', { body: 'one' })).body.toString()).toMatch(fault('InvalidArgument'));
    expect(await signed('PUT', { body: 'one', hash: sha256 })).toMatchObject({ status: 200 });
    expect(await signed('PUT', { body: 'two', hash: sha256 })).toMatchObject({ status: 400 });
    expect(await signed('GET')).toMatchObject({ status: 200, body: Buffer.from('one') });
    expect(await signed('PUT', { body: 'two', hash: 'UNSIGNED-PAYLOAD' })).toMatchObject({ status: 200 });
    expect(await signed('HEAD')).toMatchObject({ status: 200 });
    expect(await textOf(north.objects, { bucket: 'b', key: 'k 1' })).toBe('two');
    expect(await signed('DELETE')).toMatchObject({ status: 204 });
    expect(await signed('DELETE')).toMatchObject({ status: 204 });
    expect(await signed('GET')).toMatchObject({ status: 404 });
    const other = signHuawei({ method: 'GET', url: '/objects/b/k', headers: { host: north.host }, body: Buffer.alloc(0) }, { ...key, secret: 'wrong' }, { at: north.clock.now() });
    expect(await call(north, 'GET', '/objects/b/k', { headers: other })).toMatchObject({ status: 403 });
  });
});

describe('the server', () => {
  it('closes while a transfer is under way', async () => {
    const north = await open();
    await north.objects.put(place, [Buffer.alloc(30_000_000)]);
    const { promise, resolve } = Promise.withResolvers<http.IncomingMessage>();
    http.get({ host: '127.0.0.1', port: north.port, path: pathOf(north), agent: false }, resolve).on('error', () => undefined);
    const answer = await promise;
    const ended = new Promise((done) => answer.once('error', done).once('aborted', done));
    await north.north.close();
    answer.resume();
    await ended;
    expect(answer.complete).toBe(false);
  });
});
