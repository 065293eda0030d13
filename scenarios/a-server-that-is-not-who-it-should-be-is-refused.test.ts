import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Authority } from '@lianyun/platform';
import { Device, huawei, type DeviceOptions } from 'lianyun';
import { reportsAndIsCalled } from './support/core.ts';
import { BAD_KINDS, Certificates, TlsFront } from './support/certificates.ts';
import { CLOUDS, HUAWEI } from './support/clouds.ts';
import { describeForeign } from './support/foreign.ts';
import { Rig } from './support/rig.ts';

let certificates: Certificates;
let folder: string;
/** The one that the devices trust. */
let trusted: Authority;

beforeAll(() => {
  certificates = new Certificates();
  ({ folder, trusted } = certificates);
});
afterAll(() => certificates[Symbol.dispose]());

const device = (server: string, options: Partial<DeviceOptions<typeof huawei>> = {}): Device<typeof huawei> =>
  new Device({ dialect: huawei, server, identity: { deviceId: 'lamp_1', secret: 'secret-of-lamp-1' }, tls: { ca: trusted.pem }, ...options });

describe('A device over TLS', () => {
  it.each(CLOUDS)('signs in to $name and works as without', (cloud) => reportsAndIsCalled({ over: 'mqtts' }, cloud));

  it.each(BAD_KINDS.flatMap((kind) => (['mqtts', 'wss'] as const).map((scheme) => ({ ...kind, scheme }))))('refuses $what over $scheme, says which, and sends nothing', async ({ make, code, words, cure, scheme }) => {
    const { identity, ca } = make(certificates);
    await using server = await TlsFront.open(identity);
    await using lamp = device(`${scheme}://${server.where}`, { tls: { ca } });
    const offline = new Promise<{ reason: string; error: Error & { cure: string } }>((resolve) => lamp.once('offline', resolve));
    const connecting = lamp.connect();
    connecting.catch(() => undefined);
    const { reason, error } = await offline;
    expect(error).toMatchObject({ code, message: expect.stringMatching(words), cure: expect.stringMatching(cure) });
    // A clock may be set any moment; the others stay wrong until somebody does something.
    if (code === 'clock-skew') expect([reason, lamp.state.at]).toEqual(['clock-skew', 'waiting']);
    else {
      expect([reason, lamp.state.at]).toEqual(['network', 'closed']);
      await expect(connecting).rejects.toMatchObject({ code });
    }
    expect(server.received).toBe(0);
  });

  it('goes by the name that tls.servername says', async () => {
    await using server = await TlsFront.open(trusted.forServer(['other.lan']));
    await using right = device(`mqtts://${server.where}`, { tls: { ca: trusted.pem, servername: 'other.lan' } });
    right.connect().catch(() => undefined);
    await expect.poll(() => server.received).toBeGreaterThan(0);
    await using wrong = device(`mqtts://${server.where}`, { tls: { ca: trusted.pem, servername: 'another.lan' } });
    await expect(wrong.connect()).rejects.toMatchObject({ code: 'wrong-server-name' });
  });

  it('connects to anybody when the caller writes insecure: true, and only then', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    await using lamp = HUAWEI.device(1, rig.server, { tls: { insecure: true } });
    await lamp.connect();
    await using other = HUAWEI.device(2, rig.server);
    await expect(other.connect()).rejects.toMatchObject({ code: 'untrusted-server' });
  });

  it('goes on trying when the certificate of a server that it knows goes bad', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const lamp = await rig.online(HUAWEI, 1, { maxBackoffMs: 1 });
    const { mqtts = 0 } = rig.ports;
    await rig.platform.close();
    const server = tls.createServer(certificates.authority('other').forServer(['127.0.0.1']));
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(mqtts, '127.0.0.1', resolve));
    await rig.told(lamp).offline.first(({ error }) => error.code === 'untrusted-server');
    expect(lamp.state.at).not.toBe('closed');
    await new Promise((resolve) => server.close(resolve));
  });

  it('says so when the port does not speak TLS, and when TLS is spoken to a port without', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    await using plain = rig.own(HUAWEI.device(1, `mqtts://127.0.0.1:${rig.ports.mqtt}`, { tls: { ca: trusted.pem } }));
    plain.connect().catch(() => undefined);
    await rig.told(plain).offline.first(({ error }) => ['tls-failed', 'network'].includes(error.code));
    await using late = rig.own(HUAWEI.device(1, `mqtt://127.0.0.1:${rig.ports.mqtts}`));
    late.connect().catch(() => undefined);
    await rig.notices.first(({ kind, text }) => kind === 'handshake-failed' && text.includes('does not speak TLS'));
  });
});

describe('The options of TLS', () => {
  const server = 'mqtts://127.0.0.1:1';

  it('are read from text, bytes and files, and from PKCS#12', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    for (const ca of [rig.authority.file, rig.authority.pem, Buffer.from(rig.authority.pem), [trusted.pem, rig.authority.pem]]) {
      const lamp = rig.own(HUAWEI.device(1, rig.server, { tls: { ca } }));
      await lamp.connect();
      await lamp.close();
    }
  });

  it.each([
    ['a file that is not there', { ca: '/no/such/ca.pem' }, /tls\.ca: the file "\/no\/such\/ca\.pem" cannot be read \(ENOENT\)/],
    ['an authority that is none', { ca: Buffer.from('hello') }, /tls\.ca holds no certificate/],
    ['a certificate without its key', { cert: '-----BEGIN CERTIFICATE-----' }, /tls\.key is missing/],
    ['an unknown member', { CA: 'x' }, /tls\.CA is no option/],
    ['insecure that is no boolean', { insecure: 'no' }, /tls\.insecure is no: true or false is expected/],
    ['a function that signs, for which Node.js has no place', { cert: '-----BEGIN CERTIFICATE-----', signer: () => undefined }, /tls\.signer is no option: Node\.js signs the TLS handshake itself, .* give tls\.privateKeyEngine/],
    ['a function as a key', { cert: '-----BEGIN CERTIFICATE-----', key: () => undefined }, /tls\.key is neither text nor bytes: Node\.js signs the TLS handshake itself/],
    ['an engine without a key in it', { cert: '-----BEGIN CERTIFICATE-----', privateKeyEngine: 'pkcs11' }, /tls\.privateKeyIdentifier is missing/],
    ['a key in an engine without its certificate', { privateKeyEngine: 'pkcs11', privateKeyIdentifier: 'pkcs11:object=a' }, /tls\.cert is missing/],
    ['a key here and one in an engine', { cert: '-----BEGIN CERTIFICATE-----', key: '-----BEGIN PRIVATE KEY-----', privateKeyEngine: 'pkcs11', privateKeyIdentifier: 'pkcs11:object=a' }, /tls\.key and tls\.privateKeyEngine exclude each other/],
    ['a key that is none', { cert: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', key: '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n' }, /cannot be read/],
  ])('refuse %s, and name it', (_what, tls, words) => {
    const make = (): unknown => device(server, { tls: tls as never });
    expect(make).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringMatching(words) }));
    expect(make).not.toThrow(/c2VjcmV0/);
  });

  it('are read anew when the program has changed the object that holds them', () => {
    const [one, two] = [trusted.forDevice('one'), trusted.forDevice('two')];
    const tls = { cert: one.cert, key: one.key };
    device(server, { tls });
    tls.cert = two.cert;
    expect(() => device(server, { tls })).toThrow(expect.objectContaining({ message: expect.stringContaining('tls.key is not the key of tls.cert') }));
    tls.key = two.key;
    expect(() => device(server, { tls })).not.toThrow();
  });

  it('refuse an authority that is damaged, which OpenSSL would pass over', () => {
    for (const ca of [trusted.pem.replaceAll('\n', '\\n'), trusted.pem.replaceAll('\n', ' '), trusted.pem.slice(0, 300), trusted.pem.replace('MI', 'AA')]) {
      expect(() => device(server, { tls: { ca: [trusted.pem, ca] } })).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining('tls.ca cannot be read') }));
    }
    expect(() => device(server, { tls: { ca: `# the works\r\n${trusted.pem.replaceAll('\n', '\r\n')}` } })).not.toThrow();
  });

  it.each(['key', 'pfx', 'cert'] as const)('do not repeat a key that is given without its frame, as %s', (name) => {
    const { cert, key } = trusted.forDevice('one');
    const bytes = createPrivateKey(key).export({ type: 'pkcs8', format: 'der' });
    const body = key.replaceAll(/-----.*-----\n/g, '');
    for (const text of [bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex'), Buffer.from(key).toString('base64'), body, body.trim()]) {
      const make = (): unknown => device(server, { tls: name === 'pfx' ? { pfx: text } : { cert, key, [name]: text } });
      let error: unknown;
      try {
        make();
      } catch (caught) {
        error = caught;
      }
      expect(error).toMatchObject({ code: 'bad-config', message: expect.stringMatching(`tls\\.${name}: the file cannot be read`) });
      expect(inspect(error)).not.toContain(text.slice(8, 40));
    }
    expect(() => device(server, { tls: { cert, key: '/etc/devices/of-the-works/lamp-number-1/private/key' } })).toThrow(/the file "\/etc\/devices\/of-the-works\/lamp-number-1\/private\/key" cannot be read/);
  });

  it('refuse an engine that is not there, and do not repeat what may be a PIN', () => {
    const make = (): unknown => device(server, { tls: { cert: trusted.forDevice('one').cert, privateKeyEngine: 'no-such-engine', privateKeyIdentifier: 'pkcs11:object=a;pin-value=271828' } });
    expect(make).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining('the engine "no-such-engine" cannot be loaded, or has no such key') }));
    expect(make).not.toThrow(/271828/);
  });

  it('refuse a key of another certificate, and TLS options without TLS', () => {
    const [one, two] = [trusted.forDevice('one'), trusted.forDevice('two')];
    expect(() => device(server, { tls: { cert: one.cert, key: two.key } })).toThrow(expect.objectContaining({ message: expect.stringContaining('tls.key is not the key of tls.cert') }));
    expect(() => device('mqtt://127.0.0.1')).toThrow(expect.objectContaining({ message: expect.stringContaining('mqtts:// or wss:// is expected') }));
  });
});

describeForeign('openssl', 'OpenSSL', (openssl) => {
  const run = (...args: string[]): string => execFileSync(openssl, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  it.each(['mqtts', 'wss'])('makes a certificate that signed itself, which a device refuses over %s and says so, unless it was given it as an authority', async (scheme) => {
    const identity = certificates.selfSigned(openssl);
    await using server = await TlsFront.open(identity);
    await using lamp = device(`${scheme}://${server.where}`);
    await expect(lamp.connect()).rejects.toMatchObject({ code: 'self-signed-server', message: expect.stringContaining('signed by itself'), cure: expect.stringContaining('somebody stands between') });
    expect(server.received).toBe(0);
    await using other = device(`${scheme}://${server.where}`, { tls: { ca: identity.cert } });
    other.connect().catch(() => undefined);
    await expect.poll(() => server.received).toBeGreaterThan(0);
  });

  it.each(['mqtts', 'wss'])('makes a chain that is longer than one of its authorities may make it, which a device refuses over %s', async (scheme) => {
    const { identity, ca } = certificates.overlong(openssl);
    await using server = await TlsFront.open(identity);
    await using lamp = device(`${scheme}://${server.where}`, { tls: { ca } });
    await expect(lamp.connect({ deadlineMs: 10_000 })).rejects.toMatchObject({ code: 'untrusted-server', message: expect.stringMatching(/is longer than .*\(path length constraint exceeded\)/) });
    expect(server.received).toBe(0);
  });

  it("verifies the platform's certificates, name constraints included", () => {
    const pem = path.join(folder, 'server.pem');
    writeFileSync(pem, trusted.forServer(['localhost', '127.0.0.1', '::1']).cert);
    expect(run('verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'localhost', '-CAfile', trusted.file, pem)).toContain('OK');
    const shown = run('x509', '-in', trusted.file, '-noout', '-text');
    expect(shown).toMatch(/Name Constraints: *\n\s+Permitted:[^]*DNS:localhost[^]*IP:127\.0\.0\.0\/255\.0\.0\.0/);
    expect(shown).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign/);
    expect(run('x509', '-in', pem, '-noout', '-ext', 'subjectAltName')).toContain('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
  });

  it("makes nothing with the platform's authority that a device takes for a public site", async () => {
    const [key, csr, cert, ext] = ['leaf.key', 'leaf.csr', 'leaf.pem', 'leaf.ext'].map((name) => path.join(folder, name)) as [string, string, string, string];
    writeFileSync(ext, 'subjectAltName=DNS:iot-mqtts.cn-north-4.myhuaweicloud.com\nextendedKeyUsage=serverAuth\n');
    run('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', csr, '-subj', '/CN=stolen');
    run('x509', '-req', '-in', csr, '-CA', trusted.file, '-CAkey', path.join(folder, 'trusted/ca.key'), '-CAcreateserial', '-extfile', ext, '-out', cert);
    await using server = await TlsFront.open({ cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') });
    await using lamp = device(`mqtts://${server.where}`, { tls: { ca: trusted.pem, servername: 'iot-mqtts.cn-north-4.myhuaweicloud.com' } });
    await expect(lamp.connect()).rejects.toMatchObject({ code: 'untrusted-server', message: expect.stringContaining('permitted subtree violation') });
  });

  it('makes an encrypted PKCS#12 file that a device opens with its passphrase only', () => {
    const { cert, key } = trusted.forDevice('LAMP000001lamp1');
    const [certFile, keyFile, pfx] = ['p.pem', 'p.key', 'p.pfx'].map((name) => path.join(folder, name)) as [string, string, string];
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
    run('pkcs12', '-export', '-in', certFile, '-inkey', keyFile, '-out', pfx, '-passout', 'pass:open sesame');
    const server = 'mqtts://127.0.0.1:1';
    expect(() => device(server, { tls: { pfx, passphrase: 'open sesame' } })).not.toThrow();
    expect(() => device(server, { tls: { pfx } })).toThrow(expect.objectContaining({ message: expect.stringContaining('tls.pfx is encrypted, and tls.passphrase is missing') }));
    expect(() => device(server, { tls: { pfx: readFileSync(pfx), passphrase: 'wrong' } })).toThrow(expect.objectContaining({ message: expect.stringContaining('tls.passphrase does not open it') }));
  });
});
