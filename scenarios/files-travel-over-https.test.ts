import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CertificateWithKey } from '@lianyun/platform';
import { Device, huawei, type DeviceOptions } from 'lianyun';
import { BAD_KINDS, Certificates, TlsFront } from './support/certificates.ts';
import { CLOUDS } from './support/clouds.ts';
import { describeForeign } from './support/foreign.ts';
import { Front } from './support/front.ts';
import { Rig } from './support/rig.ts';

let certificates: Certificates;
beforeAll(() => {
  certificates = new Certificates();
});
afterAll(() => certificates[Symbol.dispose]());

const CONTENT = randomBytes(300_000);

interface Scene extends AsyncDisposable {
  readonly rig: Rig;
  readonly front: TlsFront;
  /** A device whose files are behind `front`. */
  device(options?: Partial<DeviceOptions<typeof huawei>>): Promise<Device<typeof huawei>>;
}

/** A platform whose files are reached over https only, at a server with this certificate. */
async function open(identity: CertificateWithKey): Promise<Scene> {
  const front = await TlsFront.open(identity);
  const rig = await Rig.open({ over: 'mqtts', authority: certificates.trusted, publicUrl: `https://${front.where}` });
  front.leads = rig.httpPort;
  await rig.platform.files.put('lamp_1', 'a.bin', [CONTENT]);
  return {
    rig,
    front,
    async device(options) {
      const device = rig.own(new Device({ dialect: huawei, server: rig.server, identity: { deviceId: 'lamp_1', secret: 'secret-of-lamp-1' }, tls: { ca: certificates.trusted.pem }, ...options }));
      await device.connect();
      return device;
    },
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      await front[Symbol.asyncDispose]();
    },
  };
}

const right = (): CertificateWithKey => certificates.trusted.forServer(['127.0.0.1']);
/** A directory where nothing is yet: what is there already is not fetched again. */
const to = (): string => mkdtempSync(path.join(certificates.folder, 'files-'));

describe('Files over https', () => {
  it('go both ways with the TLS options of the device', async () => {
    await using scene = await open(right());
    const lamp = await scene.device();
    const { file } = await lamp.files.download('a.bin', { to: to() }).done;
    expect(readFileSync(file).equals(CONTENT)).toBe(true);
    await lamp.files.upload(CONTENT, { name: 'b.bin' }).done;
    expect(scene.rig.platform.objects.find({ bucket: 'files-lamp_1', key: 'b.bin' })).toMatchObject({ bytes: CONTENT.length });
  });

  it('go by the name in the URL, whatever name the MQTT server has', async () => {
    await using scene = await open(right());
    await using server = await TlsFront.open(certificates.trusted.forServer(['mqtt.lan']));
    server.leads = scene.rig.mqttPort;
    const lamp = await scene.device({ server: `mqtts://${server.where}`, tls: { ca: certificates.trusted.pem, servername: 'mqtt.lan' } });
    await lamp.files.download('a.bin', { to: to() }).done;
  });

  it('go by TLS options of their own where they have some', async () => {
    await using scene = await open(certificates.authority('storage').forServer(['127.0.0.1']));
    const lamp = await scene.device();
    await expect(lamp.files.download('a.bin', { to: to() }).done).rejects.toMatchObject({ code: 'untrusted-server' });
    await lamp.files.download('a.bin', { to: to(), tls: { ca: certificates.authority('storage').file } }).done;
    await lamp.files.upload(CONTENT, { name: 'c.bin', tls: { ca: [certificates.authority('storage').pem] } }).done;
    await expect(lamp.files.download('a.bin', { to: to(), tls: { ca: '/no/such/file' } }).done).rejects.toMatchObject({ code: 'bad-config', message: expect.stringContaining('tls.ca') });
  });

  it.each(BAD_KINDS)('are not had from a server that shows $what, and the error says which', async ({ make, code, words }) => {
    const { identity, ca } = make(certificates);
    await using scene = await open(identity);
    const lamp = await scene.device({ tls: { ca: [ca, certificates.trusted.pem] } });
    for (const { done } of [lamp.files.download('a.bin', { to: to() }), lamp.files.upload(CONTENT, { name: 'd.bin' })]) await expect(done).rejects.toMatchObject({ code, message: expect.stringMatching(words) });
    expect(scene.front.received).toBe(0);
  });

  it('are had from anybody where the program says insecure: true', async () => {
    await using scene = await open(certificates.authority('other').forServer(['other.lan']));
    const lamp = await scene.device({ tls: { insecure: true } });
    await lamp.files.download('a.bin', { to: to() }).done;
    expect(scene.front.received).toBeGreaterThan(0);
  });

  it('come whole through connections that are cut anywhere, whether the server has ranges or not', { timeout: 120_000 }, async () => {
    let treat: Parameters<typeof Front.open>[0] = () => ({});
    await using front = await Front.open((passed) => treat?.(passed) ?? {}, right());
    await using rig = await Rig.open({ over: 'mqtts', authority: certificates.trusted, publicUrl: front.url });
    front.to = rig.httpPort;
    const content = randomBytes(3_000_000);
    await rig.platform.files.put('lamp_1', 'large.bin', [content]);
    const lamp = rig.own(new Device({ dialect: huawei, server: rig.server, identity: { deviceId: 'lamp_1', secret: 'secret-of-lamp-1' }, tls: { ca: certificates.trusted.pem } }));
    await lamp.connect();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: content.length }), { maxLength: 4 }), fc.boolean(), async (cuts, ranges) => {
        let count = 0;
        treat = () => {
          const cutAfter = cuts[count++];
          return { ranges, ...(cutAfter === undefined ? {} : { cutAfter }) };
        };
        const folder = to();
        const { file } = await lamp.files.download('large.bin', { to: folder, maxBackoffMs: 5 }).done;
        expect([readFileSync(file).equals(content), readdirSync(folder)]).toEqual([true, ['large.bin']]);
      }),
      { numRuns: 12 },
    );
  });

  it.each(CLOUDS)('are upgrades as well ($name)', async (cloud) => {
    await using scene = await open(right());
    const { rig, front } = scene;
    const product = cloud.name === 'huawei' ? 'lamp' : 'LAMP000001';
    const { id: packageId } = await rig.platform.upgrades.packages.add({ cloud: cloud.name, productId: product, kind: 'firmware', version: '2', source: { bytes: [CONTENT], fileName: 'a' } });
    rig.platform.upgrades.create({ cloud: cloud.name, packageId, devices: [cloud.ref(2)] });
    // What is used here is the same on both.
    const lamp = rig.device(cloud, 2) as Device<typeof huawei>;
    const got = new Promise<string>((resolve, reject) => {
      lamp.ota.onOffer((upgrade) => upgrade.download({ directory: to() }).done.then(resolve, reject));
    });
    lamp.ota.report({ firmware: '1' });
    await lamp.connect();
    expect(readFileSync(await got).equals(CONTENT)).toBe(true);
    expect(front.received).toBeGreaterThan(0);
  });
});

describeForeign('openssl', 'A server with a certificate that signed itself', (openssl) => {
  it('gives no file over https, unless it is trusted', async () => {
    const identity = certificates.selfSigned(openssl);
    await using scene = await open(identity);
    const lamp = await scene.device();
    await expect(lamp.files.download('a.bin', { to: to() }).done).rejects.toMatchObject({ code: 'self-signed-server' });
    expect(scene.front.received).toBe(0);
    await lamp.files.download('a.bin', { to: to(), tls: { ca: identity.cert } }).done;
  });
});
