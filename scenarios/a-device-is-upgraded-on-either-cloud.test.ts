// The device's own upgrade service and the platform's, over both clouds' protocols and real sockets.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { takesANewVersion } from './support/core-gateways-and-files.ts';
import { CLOUDS } from './support/clouds.ts';
import { GATEWAYS, gatewaySeed, onlineGateway } from './support/gateways.ts';
import { Rig } from './support/rig.ts';
import { asHuawei, changesOf, Folder, IMAGE, packed, PLACE } from './support/upgrades.ts';

describe.each(CLOUDS)('A device on $name', (cloud) => {
  it('takes a new version: downloads it, checks it, and has it when it says so', () => takesANewVersion({}, cloud));

  it('that gets other bytes than were promised says so, and leaves no file', async () => {
    await using rig = await Rig.open();
    using folder = new Folder();
    const changes = changesOf(rig);
    const { id: packageId } = await packed(rig, cloud);
    // The same size, other bytes: replaced behind the back of the package.
    await rig.platform.objects.put(PLACE, [randomBytes(IMAGE.length)]);
    const device = asHuawei(await rig.online(cloud, 1));
    device.ota.onOffer(async (upgrade) => void (await upgrade.download({ directory: folder.path }).done));
    await device.ota.report({ firmware: '1.0' }).delivered;
    rig.platform.upgrades.create({ cloud: cloud.name, packageId, devices: [cloud.ref(1)] });
    const failed = await changes.first(({ isOpen }) => !isOpen);
    // Huawei 5.2: 7, the package could not be verified. Tencent 5.1: -4, MD5 mismatch.
    expect(failed).toMatchObject({ stage: 'failed', code: cloud.name === 'huawei' ? 7 : -4 });
    expect(folder.names).toEqual([]);
    expect(rig.platform.registry.device(cloud.name, cloud.ref(1)).info?.firmware).toBe('1.0');
  });
});

describe.each(GATEWAYS)('A lamp behind a gateway on $name', (cloud) => {
  it('is upgraded through it, and the gateway is not', async () => {
    await using rig = await Rig.open({ seed: gatewaySeed(1) });
    using folder = new Folder();
    const changes = changesOf(rig);
    const gateway = await onlineGateway(rig, cloud, 1);
    const lamp = asHuawei(gateway).gateway.child(cloud.lamp(0));
    lamp.ota.onOffer(async (upgrade) => {
      expect(readFileSync(await upgrade.download({ directory: folder.path }).done).equals(IMAGE)).toBe(true);
      await lamp.ota.report({ firmware: upgrade.version }).delivered;
    });
    await lamp.ota.report({ firmware: '1.0' }).delivered;
    const { id: packageId } = await packed(rig, cloud);
    const task = rig.platform.upgrades.create({ cloud: cloud.name, packageId });
    expect(await changes.first(({ isOpen }) => !isOpen)).toMatchObject({ stage: 'succeeded', device: cloud.lamp(0) });
    expect(rig.platform.upgrades.book.task(cloud.name, task.id).counts.succeeded).toBe(1);
    expect(rig.platform.registry.device(cloud.name, cloud.gatewayRef).info?.firmware).toBeUndefined();
  });
});
