// What may be wrong with a file or with the server that has it, on either cloud: the platform hears the documented code (Huawei 5.2, Tencent 5.1), and no half file stays.
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openAuthority, type Authority, type UpgradePackage } from '@lianyun/platform';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLOUDS, type Cloud, type CloudName } from './support/clouds.ts';
import { Front } from './support/front.ts';
import { Rig } from './support/rig.ts';
import { asHuawei, changesOf, Folder, IMAGE, installs, packed, PLACE, type Way } from './support/upgrades.ts';

type Treat = NonNullable<Parameters<typeof Front.open>[0]>;
type Options = Partial<Parameters<typeof installs>[2]>;

interface Case {
  readonly treat?: Treat;
  readonly options?: Options;
  readonly way?: Way;
  /** Over TLS, with a certificate of the rig's. */
  readonly isSecure?: boolean;
  /** Instead of the usual package. */
  pack?(rig: Rig, cloud: Cloud): Promise<UpgradePackage>;
  /** What is done to its bytes once it is there. */
  spoil?(rig: Rig): Promise<unknown>;
  /** The code on each cloud, or `succeeds`. */
  readonly ends: Readonly<Record<CloudName, number | 'succeeds'>>;
  /** Requests that the first server saw, at least and at most. */
  readonly asked?: readonly [least: number, most: number];
}

const always = (treatment: ReturnType<Treat>): Treat => () => treatment;
const first = (treatment: ReturnType<Treat>): Treat => ({ index }) => (index === 0 ? treatment : {});
const flipped = (body: Buffer): Buffer => Buffer.from(body.map((byte) => byte ^ 1));
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const tooLong = Buffer.concat([IMAGE, IMAGE]);

const CASES: Readonly<Record<string, Case>> = {
  'other bytes': { treat: always({ change: flipped }), ends: { huawei: 7, tencent: -4 } },
  'fewer bytes than announced': { spoil: (rig) => rig.platform.objects.put(PLACE, [IMAGE.subarray(1)]), ends: { huawei: 7, tencent: -4 } },
  'more bytes than announced': { spoil: (rig) => rig.platform.objects.put(PLACE, [tooLong]), ends: { huawei: 7, tencent: -4 } },
  'a signature for something else': { options: { publicKey, signature: () => sign(null, Buffer.alloc(32), privateKey) }, ends: { huawei: 7, tencent: -4 } },
  'more bytes than the disk has room for': {
    // More than any disk: its bytes are yet to come.
    pack: (rig, cloud) => rig.platform.upgrades.packages.add({ cloud: cloud.name, productId: cloud.name === 'huawei' ? 'lamp' : 'LAMP000001', kind: 'firmware', version: '2.0', source: { place: { bucket: 'fw', key: 'later' } }, bytes: 2 ** 52, sha256: '0'.repeat(64), md5: '0'.repeat(32) }),
    ends: { huawei: 5, tencent: -5 },
    asked: [0, 0],
  },
  'no file': { spoil: (rig) => rig.platform.objects.delete(PLACE), ends: { huawei: 255, tencent: -2 } },
  'a URL that has expired, whenever it is asked for': { treat: always({ status: 403 }), ends: { huawei: 6, tencent: -3 } },
  'a URL that has expired, and the cloud offers it again with a fresh one where it documents that': { treat: first({ status: 403 }), ends: { huawei: 6, tencent: 'succeeds' } },
  'a token that has expired': { treat: always({ status: 401 }), way: 'token', ends: { huawei: 6, tencent: -3 } },
  'a server that is busy for too long': { treat: always({ status: 503 }), options: { download: { attempts: 3, maxBackoffMs: 5 } }, ends: { huawei: 6, tencent: -1 }, asked: [3, 3] },
  'a redirect that leads from https to http': { isSecure: true, treat: always({ status: 302, location: 'http://127.0.0.1:9/app.bin' }), ends: { huawei: 255, tencent: -5 } },
  'a certificate of somebody else': { isSecure: true, options: { download: {} }, ends: { huawei: 255, tencent: -5 }, asked: [0, 0] },
  'a server without ranges that is cut': { treat: ({ index }) => ({ ranges: false, ...(index < 2 ? { cutAfter: 250_000 } : {}) }), ends: { huawei: 'succeeds', tencent: 'succeeds' }, asked: [3, 3] },
};

let keys: string;
let authority: Authority;

beforeAll(() => {
  keys = mkdtempSync(path.join(tmpdir(), 'lianyun-keys-'));
  authority = openAuthority({ directory: keys, hosts: [] });
});
afterAll(() => rmSync(keys, { recursive: true }));

/** A platform behind a front, and a lamp that installs what it is offered. */
async function scene(cloud: Cloud, { treat, options = {}, isSecure = false }: Pick<Case, 'treat' | 'options' | 'isSecure'>) {
  const front = await Front.open(treat, isSecure ? authority.forServer(['127.0.0.1']) : undefined);
  const rig = await Rig.open({ publicUrl: front.url });
  front.to = rig.httpPort;
  const folder = new Folder();
  const device = asHuawei(rig.device(cloud, 1));
  const program = installs(device, '1.0', { directory: folder.path, ...(isSecure ? { download: { tls: { ca: authority.pem } } } : {}), ...options });
  await device.connect();
  await program.receipt.delivered;
  return {
    front, rig, folder, program,
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      await front[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

describe.each(CLOUDS)('An upgrade on $name', (cloud) => {
  it.each(Object.entries(CASES))('with %s ends as documented, and leaves no half file', async (_, { pack = (rig: Rig) => packed(rig, cloud, way === undefined ? {} : { way }), spoil, way, ends, asked: [least, most] = [1, 2], ...given }) => {
    await using stage = await scene(cloud, given);
    const { front, rig, folder, program } = stage;
    const changes = changesOf(rig);
    const { id: packageId } = await pack(rig, cloud);
    await spoil?.(rig);
    rig.platform.upgrades.create({ cloud: cloud.name, packageId, devices: [cloud.ref(1)] });
    const end = await changes.first(({ isOpen }) => !isOpen);
    const expected = ends[cloud.name];
    expect(end).toMatchObject(expected === 'succeeds' ? { stage: 'succeeded' } : { stage: 'failed', code: expected, text: expect.stringMatching(/./) });
    await expect.poll(() => folder.names).toEqual(['upgrade.json']);
    expect(front.passed.all.length).toBeGreaterThanOrEqual(least);
    expect(front.passed.all.length).toBeLessThanOrEqual(most);
    if (expected === 'succeeds') return expect(program.calls.all.at(-1)).toBe('confirm 1.0 > 2.0');
    expect([program.calls.all, rig.platform.registry.device(cloud.name, cloud.ref(1)).info?.firmware]).toEqual([[], '1.0']);
    // What was signed with a URL, or the token, is in no word about it.
    expect(end.text).not.toMatch(/Signature=|Bearer/);
  });

  it('follows a redirect to another host without what was given for the first one', async () => {
    await using elsewhere = await Front.open();
    for (const way of ['token', 'signed'] as const) {
      const treat: Treat = ({ path: asked }) => ({ status: 302, location: `${elsewhere.url}${asked}` });
      await using stage = await scene(cloud, { treat });
      const { front, rig, program } = stage;
      elsewhere.to = rig.httpPort;
      const changes = changesOf(rig);
      const { id: packageId } = await packed(rig, cloud, { way });
      const before = elsewhere.passed.all.length;
      rig.platform.upgrades.create({ cloud: cloud.name, packageId, devices: [cloud.ref(1)] });
      const { stage: end, code } = await changes.first(({ isOpen }) => !isOpen);
      const hasToken = cloud.name === 'huawei' && way === 'token';
      // The other host is this very platform, which lets nobody in without the token.
      expect([end, code]).toEqual(hasToken ? ['failed', 6] : ['succeeded', expect.anything()]);
      expect(front.passed.all.every(({ headers }) => (headers.authorization !== undefined) === hasToken)).toBe(true);
      const there = elsewhere.passed.all.slice(before);
      expect([there.length > 0, there.filter(({ headers }) => headers.authorization !== undefined)]).toEqual([true, []]);
      expect(program.calls.all.at(-1)).toBe(hasToken ? undefined : 'confirm 1.0 > 2.0');
    }
  });
});
