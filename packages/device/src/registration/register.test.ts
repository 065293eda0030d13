import http from 'node:http';
import { tencentHttpGateway } from '@lianyun/protocol';
import { expect, it } from 'vitest';
import { registerDevice, requestCredential } from './register.ts';

it('A certificate is handed on as it came where only that is asked for, and refused where it is to be kept and used', async () => {
  const productSecret = 'ProductSecret0123456789';
  const sealed = tencentHttpGateway.registration.seal({ certificate: 'CERT', privateKey: 'KEY\\nKEY' }, productSecret);
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end(JSON.stringify({ Response: { Len: sealed.bytes, Payload: sealed.payload } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    const device = { productId: 'ABCDE12345', deviceName: 'dev1', productSecret };
    expect(await requestCredential({ ...device, url })).toEqual({ credential: { certificate: 'CERT', privateKey: 'KEY\nKEY' } });
    await expect(registerDevice({ ...device, url: `${url}/my/own?path=1` })).rejects.toMatchObject({ code: 'bad-response', place: { path: '$.clientCert' } });
    expect(asked).toEqual(['/device/register', '/my/own?path=1']);
  } finally {
    server.close();
  }
});
