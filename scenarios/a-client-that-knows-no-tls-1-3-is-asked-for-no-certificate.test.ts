// HTTPS is for devices with a certificate and for programs that have none. Tencent's C SDK (mbedTLS, TLS 1.2) fails over a server that asks for one when it registers itself or fetches a package.
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import tls, { type SecureVersion } from 'node:tls';
import { Device, tencent } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { CLOUDS, SEED, TENCENT } from './support/clouds.ts';
import { Rig } from './support/rig.ts';

const HOST = '127.0.0.1';
const HANDSHAKE = 22;
const CERTIFICATE_REQUEST = 13;

/** The types of the handshake messages that a server sends first to a client of TLS 1.2: they are not encrypted. */
async function firstFlight(rig: Rig, port: number): Promise<number[]> {
  const seen: Buffer[] = [];
  const between = net.createServer((client) => {
    const server = net.connect(port, HOST);
    server.on('data', (bytes) => void seen.push(bytes));
    client.pipe(server).pipe(client);
    client.on('error', () => undefined).once('close', () => server.destroy());
    server.on('error', () => undefined).once('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => between.listen(0, HOST, resolve));
  // A TCP server that listens has an address object.
  const socket = tls.connect({ host: HOST, port: (between.address() as AddressInfo).port, ca: rig.authority.pem, maxVersion: 'TLSv1.2' });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  socket.destroy();
  await new Promise((resolve) => between.close(resolve));
  const types: number[] = [];
  const bytes = Buffer.concat(seen);
  // Behind the first record of another kind all is encrypted.
  for (let at = 0; bytes[at] === HANDSHAKE; at += 5 + bytes.readUInt16BE(at + 3)) {
    const record = bytes.subarray(at + 5, at + 5 + bytes.readUInt16BE(at + 3));
    for (let message = 0; message < record.length; message += 4 + record.readUIntBE(message + 1, 3)) types.push(record.readUInt8(message));
  }
  return types;
}

const health = (rig: Rig, versions: { readonly minVersion?: SecureVersion; readonly maxVersion?: SecureVersion }): Promise<string> =>
  new Promise((resolve, reject) => {
    https.get({ host: HOST, port: rig.ports.https ?? 0, path: '/healthz', ca: rig.authority.pem, agent: false, ...versions }, (answer) => void answer.setEncoding('utf8').toArray().then((parts) => resolve(parts.join('')), reject)).on('error', reject);
  });

describe('The HTTPS port', () => {
  it('asks a client that knows TLS 1.2 only for no certificate, and answers it; the MQTT port asks', async () => {
    await using rig = await Rig.open({ over: 'wss' });
    expect(await firstFlight(rig, rig.ports.https ?? 0)).not.toContain(CERTIFICATE_REQUEST);
    expect(await firstFlight(rig, rig.ports.mqtts ?? 0)).toContain(CERTIFICATE_REQUEST);
    expect(await health(rig, { maxVersion: 'TLSv1.2' })).toBe('{"status":"ok"}');
    expect(await health(rig, { minVersion: 'TLSv1.3' })).toBe('{"status":"ok"}');
  });

  it.each(CLOUDS)('takes MQTT over WebSocket over TLS 1.2 ($name)', async (cloud) => {
    await using rig = await Rig.open({ over: 'wss' });
    // Goes to TLS as it is, which the client's types leave out.
    const old: object = { maxVersion: 'TLSv1.2' };
    const client = await rig.foreignTo(`wss://${HOST}:${rig.ports.https ?? 0}/mqtt`, cloud.credentials(1), { ca: rig.authority.pem, ...old });
    await client.publishAsync(cloud.topics.report(1), cloud.reportText({ level: 3 }), { qos: 1 });
    expect(await rig.reported(cloud, 1)).toEqual({ level: 3 });
  });

  it('knows a device over WebSocket by its certificate', async () => {
    const [product] = SEED.tencent.products;
    const seed = JSON.stringify({ tencent: { products: [{ ...product, EncryptionType: '1' }], devices: [{ ProductId: 'LAMP000001', DeviceName: 'lamp9' }] } });
    await using rig = await Rig.open({ over: 'wss', seed });
    const { cert, key } = rig.authority.forDevice('LAMP000001lamp9');
    const lamp = rig.own(new Device({ dialect: tencent, server: rig.server, identity: { productId: 'LAMP000001', deviceName: 'lamp9', certificate: true }, tls: { ca: rig.authority.pem, cert, key } }));
    await lamp.connect();
    await lamp.properties.report(TENCENT.group({ level: 4 })).delivered;
  });

  it('closes a connection that ends, breaks or speaks no TLS before it has said what it knows', async () => {
    await using rig = await Rig.open({ over: 'wss' });
    const port = rig.ports.https ?? 0;
    const closed = (use: (socket: net.Socket) => void): Promise<void> =>
      new Promise((resolve) => {
        const socket = net.connect(port, HOST, () => use(socket));
        socket.on('error', () => undefined).once('close', () => resolve()).resume();
      });
    await closed((socket) => socket.end());
    await closed((socket) => socket.end(Buffer.from([HANDSHAKE, 3, 1, 1])));
    await closed((socket) => void socket.write('GET / HTTP/1.1\r\n\r\n'));
    await closed((socket) => socket.resetAndDestroy());
    expect(await health(rig, {})).toBe('{"status":"ok"}');
  });

  it('does not wait for a client that has said nothing when it closes', async () => {
    const rig = await Rig.open({ over: 'wss' });
    const socket = net.connect(rig.ports.https ?? 0, HOST);
    await new Promise((resolve) => socket.once('connect', resolve));
    const gone = new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve));
    // Answered behind it, so the silent one was accepted before.
    await health(rig, {});
    await rig[Symbol.asyncDispose]();
    await gone;
  });
});
