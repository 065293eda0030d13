// ota.install() against the platform: one program, started again and again as a supervisor does, on either cloud.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CLOUDS, type Cloud } from './support/clouds.ts';
import { Front } from './support/front.ts';
import { GATEWAYS, gatewaySeed, onlineGateway } from './support/gateways.ts';
import { Rig } from './support/rig.ts';
import { asHuawei, changesOf, Folder, forever, IMAGE, installs, packed, type Running, type Way } from './support/upgrades.ts';

const [HUAWEI, TENCENT] = CLOUDS as readonly [Cloud, Cloud];
/** What the cloud is told of a version that could not be installed (Huawei 5.2, Tencent 5.1). */
const NOT_INSTALLED = { huawei: 10, tencent: -5 } as const;
const NOT_VERIFIED = { huawei: 7, tencent: -4 } as const;

/** A lamp whose program is started with options, and stopped as a process is. */
async function machine(rig: Rig, cloud: Cloud) {
  const folder = new Folder();
  const start = async (version: string, options: Partial<Parameters<typeof installs>[2]> = {}): Promise<Running & { stop(): Promise<unknown> }> => {
    const device = asHuawei(rig.device(cloud, 1));
    device.properties.onSet(() => undefined);
    const running = installs(device, version, { directory: folder.path, ...options });
    await device.connect();
    return { ...running, stop: () => device.close() };
  };
  return { folder, start, [Symbol.asyncDispose]: async () => folder[Symbol.dispose]() };
}

describe.each([
  ['Huawei', HUAWEI, 'signed'],
  ['Huawei, with a token', HUAWEI, 'token'],
  ['Tencent', TENCENT, 'signed'],
] as const)('A program on %s', (_, cloud: Cloud, way: Way) => {
  it('becomes the new version, and only that tells the success, when it has found that it works', async () => {
    await using rig = await Rig.open();
    const changes = changesOf(rig);
    await using scene = await machine(rig, cloud);
    const old = await scene.start('1.0', { prepare: ({ file }) => expect(readFileSync(file).equals(IMAGE)).toBe(true), apply: forever });
    const { id: packageId } = await packed(rig, cloud, { way });
    rig.platform.upgrades.create({ cloud: cloud.name, packageId, devices: [cloud.ref(1)] });
    await old.calls.first((call) => call.startsWith('apply'));
    await old.stop();
    const works = Promise.withResolvers<void>();
    const young = await scene.start('2.0', { confirm: () => works.promise });
    await young.calls.first();
    // A question of the cloud, whatever it is, is behind what the device told before.
    await rig.set(cloud, 1, { level: 1 });
    expect([changes.all.at(-1)?.isOpen, rig.platform.registry.device(cloud.name, cloud.ref(1)).info?.firmware]).toEqual([true, '1.0']);
    works.resolve();
    await young.receipt.delivered;
    expect(await changes.first(({ isOpen }) => !isOpen)).toMatchObject({ stage: 'succeeded', from: '1.0', to: '2.0', percent: 100 });
    expect(rig.platform.registry.device(cloud.name, cloud.ref(1)).info?.firmware).toBe('2.0');
    expect([old.calls.all, young.calls.all]).toEqual([['prepare 1.0 > 2.0', 'apply 1.0 > 2.0'], ['confirm 1.0 > 2.0']]);
    await expect.poll(() => scene.folder.names).toEqual(['upgrade.json']);
    expect(rig.problems.all).toEqual([]);
  });

  it('that finds that the new version does not work runs the old one again, and refuses the new one from then on, without fetching it', async () => {
    await using front = await Front.open();
    await using rig = await Rig.open({ publicUrl: front.url });
    front.to = rig.httpPort;
    const changes = changesOf(rig);
    await using scene = await machine(rig, cloud);
    const old = await scene.start('1.0', { apply: forever });
    const { id: packageId } = await packed(rig, cloud, { way });
    const create = () => rig.platform.upgrades.create({ cloud: cloud.name, packageId, devices: [cloud.ref(1)] });
    create();
    await old.calls.first((call) => call.startsWith('apply'));
    await old.stop();
    const broken = await scene.start('2.0', {
      confirm: () => {
        throw new Error('no light');
      },
      rollback: forever,
    });
    await broken.calls.first((call) => call.startsWith('rollback'));
    await broken.stop();
    const restored = await scene.start('1.0');
    const failed = await changes.first(({ isOpen }) => !isOpen);
    expect(failed).toMatchObject({ stage: 'failed', code: NOT_INSTALLED[cloud.name], text: expect.stringContaining('no light') });
    expect([rig.platform.registry.device(cloud.name, cloud.ref(1)).info?.firmware, restored.calls.all]).toEqual(['1.0', ['rollback 1.0 > 2.0']]);
    expect(front.passed.all).toHaveLength(1);
    for (const text of ['once more', 'and again']) {
      const { id } = create();
      expect(await changes.first(({ isOpen, task }) => !isOpen && task === id), text).toMatchObject({ stage: 'failed', code: NOT_INSTALLED[cloud.name], text: expect.stringContaining('failed before') });
    }
    expect([front.passed.all.length, restored.calls.all, restored.installation.refused]).toEqual([1, ['rollback 1.0 > 2.0'], [expect.objectContaining({ version: '2.0' })]]);
    expect(changes.all.filter(({ stage }) => stage === 'succeeded')).toEqual([]);
  });
});

describe.each(CLOUDS)('A program on $name', (cloud) => {
  it('that hears nothing of the new version in time runs the old one again', async () => {
    await using rig = await Rig.open();
    const changes = changesOf(rig);
    await using scene = await machine(rig, cloud);
    // The new version is started beside this process and never says that it runs.
    const program = await scene.start('1.0', { apply: () => undefined, confirmWithinMs: 50 });
    const { id: packageId } = await packed(rig, cloud);
    rig.platform.upgrades.create({ cloud: cloud.name, packageId, devices: [cloud.ref(1)] });
    expect(await changes.first(({ isOpen }) => !isOpen)).toMatchObject({ stage: 'failed', code: NOT_INSTALLED[cloud.name], text: expect.stringContaining('within 50 ms') });
    expect(program.calls.all).toEqual(['prepare 1.0 > 2.0', 'apply 1.0 > 2.0', 'rollback 1.0 > 2.0']);
    expect(rig.platform.registry.device(cloud.name, cloud.ref(1)).info?.firmware).toBe('1.0');
  });

  it('takes what is signed with the key that it trusts, and nothing else', async () => {
    const [trusted, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
    for (const { privateKey } of [other, trusted]) {
      await using rig = await Rig.open();
      const changes = changesOf(rig);
      await using scene = await machine(rig, cloud);
      const signature = sign(null, createHash('sha256').update(IMAGE).digest(), privateKey).toString('base64');
      // Tencent's offers carry no text of the package's maker: the program has the signature from elsewhere.
      const program = await scene.start('1.0', { publicKey: trusted.publicKey, ...(cloud.name === 'tencent' ? { signature: () => signature } : {}) });
      const { id: packageId } = await packed(rig, cloud, { info: JSON.stringify({ signature }) });
      rig.platform.upgrades.create({ cloud: cloud.name, packageId, devices: [cloud.ref(1)] });
      const end = await changes.first(({ isOpen }) => !isOpen);
      if (privateKey === trusted.privateKey) expect([end, program.calls.all.at(-1)]).toMatchObject([{ stage: 'succeeded' }, 'confirm 1.0 > 2.0']);
      else {
        expect([end, program.calls.all]).toMatchObject([{ stage: 'failed', code: NOT_VERIFIED[cloud.name], text: expect.stringContaining('not signed') }, []]);
        await expect.poll(() => scene.folder.names).toEqual(['upgrade.json']);
      }
    }
  });
});

describe.each(GATEWAYS)('A lamp behind a gateway on $name', (cloud) => {
  it('is installed by its gateway, on whose connection all of it goes, and one that fails is rolled back', async () => {
    await using rig = await Rig.open({ seed: gatewaySeed(2) });
    using good = new Folder();
    using bad = new Folder();
    const changes = changesOf(rig);
    const { gateway } = asHuawei(await onlineGateway(rig, cloud, 2));
    const fails = (): never => {
      throw new Error('the lamp is dark');
    };
    const lamps = [installs(gateway.child(cloud.lamp(0)), '1.0', { directory: good.path }), installs(gateway.child(cloud.lamp(1)), '1.0', { directory: bad.path, confirm: fails })];
    await Promise.all(lamps.map(({ receipt }) => receipt.delivered));
    const { id: packageId } = await packed(rig, cloud);
    rig.platform.upgrades.create({ cloud: cloud.name, packageId });
    expect(await changes.first(({ isOpen, device }) => !isOpen && device === cloud.lamp(0))).toMatchObject({ stage: 'succeeded' });
    expect(await changes.first(({ isOpen, device }) => !isOpen && device === cloud.lamp(1))).toMatchObject({ stage: 'failed', code: NOT_INSTALLED[cloud.name], text: expect.stringContaining('dark') });
    expect(lamps.map(({ calls }) => calls.all.at(-1))).toEqual(['confirm 1.0 > 2.0', 'rollback 1.0 > 2.0']);
    expect([0, 1].map((lamp) => rig.platform.registry.device(cloud.name, cloud.lamp(lamp)).info?.firmware)).toEqual(['2.0', '1.0']);
    expect(rig.platform.registry.device(cloud.name, cloud.gatewayRef).info?.firmware).toBeUndefined();
  });
});
