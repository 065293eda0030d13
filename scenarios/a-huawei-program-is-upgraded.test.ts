// Upgrades in the words of Huawei's own SDK; packages and tasks through Huawei's API.
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AbstractGateway, DeviceEvent, IotDevice, OTAPackageInfo, OTAService, type DeviceEvents, type OTAListener } from 'lianyun/huawei';
import { SEED } from './support/clouds.ts';
import { fetchUrl } from './support/http.ts';
import { authOf, told } from './support/huawei-program.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const [LAMP] = SEED.huawei.devices;
const IMAGE = Buffer.from('the image of version 2.0 '.repeat(4000));
const SHA256 = createHash('sha256').update(IMAGE).digest('hex');

let rig: Rig;
let device: IotDevice;

const auth = () => ({ connectAuthInfo: authOf(rig) });

beforeEach(async () => {
  rig = await Rig.open();
  device = new IotDevice(auth());
});

afterEach(async () => {
  await device.destroy();
  await rig[Symbol.asyncDispose]();
});

/** Makes a package and a task for it through the API; gives what reads the task. */
async function upgrade({ kind = 'firmware', targets = [LAMP.device_id], sign = SHA256 }: { readonly kind?: 'firmware' | 'software'; readonly targets?: readonly string[]; readonly sign?: string } = {}) {
  await rig.platform.objects.put({ bucket: 'fw', key: 'lamp.bin' }, [IMAGE]);
  const location = { region_name: 'cn-north-4', bucket_name: 'fw', object_key: 'lamp.bin', sign_method: 'SHA256', sign };
  const made = await rig.huawei('POST', '/ota-upgrades/packages', { app_id: 'default', package_type: `${kind}Package`, product_id: 'lamp', version: '2.0', custom_info: 'read me', file_location: { obs_location: location } });
  expect(made).toMatchObject({ status: 201 });
  const { package_id: packageId } = made.body as { package_id: string };
  const started = await rig.huawei('POST', '/batchtasks', { app_id: 'default', task_name: 'to 2.0', task_type: `${kind}Upgrade`, targets, document: { package_id: packageId }, task_ext_info: { reason: 'test' } });
  expect(started).toMatchObject({ status: 201 });
  const { task_id: taskId } = started.body as { task_id: string };
  return {
    taskId,
    show: async () => (await rig.huawei('GET', `/batchtasks/${taskId}`)).body,
    /** Resolves when the task is where it shall be. */
    until: async (status: string): Promise<object> => {
      for (;;) {
        const { body } = await rig.huawei('GET', `/batchtasks/${taskId}`);
        const { task_details: details } = body as { task_details: readonly { status: string }[] };
        if (details[0]?.status === status) return body as object;
      }
    },
  };
}

describe('A program in the words of Huawei’s own SDK', () => {
  it.each(['firmware', 'software'] as const)('is asked for its versions, offered a %s, tells how far it is, and runs it', async (kind) => {
    const ota = device.getOtaService();
    const seen = new Log<unknown>();
    const [version, progress, done] = [told(), told(), told()];
    const isFirmware = kind === 'firmware';
    ota.setOtaListener({
      onQueryVersion: (query) => {
        seen.add(query);
        ota.reportVersion(isFirmware ? '1.0' : 'f', isFirmware ? 's' : '1.0', version.listener);
      },
      onReceivePackageInfo: (info) => seen.add(info),
    });
    expect(await device.connect()).toBe(0);
    const { taskId, show, until } = await upgrade({ kind });
    const info = (await seen.first((each) => each instanceof OTAPackageInfo)) as OTAPackageInfo;
    expect(seen.all[0]).toMatchObject({ taskId, taskExtInfo: { reason: 'test' } });
    expect(await version.outcome).toMatch(/success/);
    expect(info).toMatchObject({ kind, formatVersion: 2, version: '2.0', fileSize: IMAGE.length, fileName: 'lamp.bin', sign: SHA256, customInfo: 'read me', taskId, expires: 86_400 });
    expect(createHash('sha256').update((await fetchUrl(info.url)).text).digest('hex')).toBe(SHA256);
    ota.reportOtaStatus(OTAService.OTA_CODE_SUCCESS, '1.0', 40, 'downloading', progress.listener);
    await progress.outcome;
    expect(await show()).toMatchObject({ task_details: [{ target: LAMP.device_id, status: 'Processing', output: '40%' }] });
    ota.reportOtaStatus({ resultCode: OTAService.OTA_CODE_SUCCESS, version: '2.0', progress: 100 }, done.listener);
    await done.outcome;
    expect(await until('Success')).toMatchObject({ batchtask: { status: 'Success' } });
    expect(await rig.huawei('GET', `/devices/${LAMP.device_id}`)).toMatchObject({ body: isFirmware ? { fw_version: '2.0', sw_version: 's' } : { fw_version: 'f', sw_version: '2.0' } });
  });

  it('says why it cannot be upgraded', async () => {
    const ota = device.getOtaService();
    ota.setOtaListener({ onQueryVersion: () => ota.reportVersion('1.0'), onReceivePackageInfo: () => ota.reportOtaStatus(OTAService.OTA_CODE_LOW_POWER, '1.0', null, 'at 3 %') });
    await device.connect();
    const { until } = await upgrade();
    expect(await until('Fail')).toMatchObject({ task_details: [{ error: { error_code: '4', error_msg: expect.stringContaining('at 3 %') as string } }] });
  });

  it('is handed the whole package, downloaded and checked, by a signed URL or with a token', async () => {
    const ota = device.getOtaService();
    const packages = new Log<Buffer>();
    const infos: OTAPackageInfo[] = [];
    ota.setOtaListener({
      onQueryVersion: () => ota.reportVersion('1.0', '1.0'),
      onReceivePackageInfo: (info) => void infos.push(info),
      onReceivePackage: async (pkg) => {
        await Promise.resolve();
        packages.add(pkg.package);
        ota.reportOtaStatus(0, '2.0', 100);
      },
    });
    await device.connect();
    await (await upgrade()).until('Success');
    const { id } = await rig.platform.upgrades.packages.add({ cloud: 'huawei', productId: 'lamp', kind: 'software', version: '2.0', source: { bytes: [IMAGE], fileName: 'lamp.bin' } });
    await rig.huawei('POST', '/batchtasks', { app_id: 'default', task_name: 'with a token', task_type: 'softwareUpgrade', targets: [LAMP.device_id], document: { package_id: id } });
    expect((await packages.take(2)).map((each) => each.equals(IMAGE))).toEqual([true, true]);
    expect(infos.map(({ kind, formatVersion, accessToken }) => [kind, formatVersion, accessToken !== undefined])).toEqual([['firmware', 2, false], ['software', 1, true]]);
  });

  it.each<[string, Partial<OTAListener>, string]>([
    ['a method that takes the offer throws', { onReceivePackageInfo: () => Promise.reject(new Error('no room in here')) }, '255'],
    ['a method that takes the package throws', { onReceivePackage: () => Promise.reject(new Error('no room in here')) }, '10'],
  ])('fails the upgrade when %s, and tells it as a problem', async (_, listener, code) => {
    const ota = device.getOtaService();
    const problems = new Log<Error>();
    device.device.on('problem', problems.add);
    ota.setOtaListener({ onQueryVersion: () => ota.reportVersion('1.0'), onReceivePackageInfo: () => undefined, ...listener });
    await device.connect();
    expect(await (await upgrade()).until('Fail')).toMatchObject({ task_details: [{ error: { error_code: code, error_msg: expect.stringContaining('no room in here') as string } }] });
    expect(problems.all).toMatchObject([{ code: 'handler-failed', message: expect.stringContaining('no room in here') as string }]);
    // Its version is the one that it told before.
    expect(await rig.huawei('GET', `/devices/${LAMP.device_id}`)).toMatchObject({ body: { fw_version: '1.0' } });
  });

  it('upgrades a sub-device of its gateway', async () => {
    const seen = new Log<DeviceEvents>();
    class Gateway extends AbstractGateway {
      override onSubDevEvent(events: DeviceEvents): void {
        seen.add(events);
        const [event] = events.services;
        if (event?.eventType === 'version_query') this.tell('version_report', { fw_version: '1.0' });
        if (event?.eventType === 'firmware_upgrade_v2') this.tell('upgrade_progress_report', { result_code: 0, progress: 100, version: '2.0' });
      }

      tell(eventType: string, paras: DeviceEvent['paras']): void {
        this.getClient().reportSubEvent('lamp_sub', new DeviceEvent({ serviceId: '$ota', eventType, paras }));
      }
    }
    const gateway = new Gateway({ getSubDevice: () => undefined, addSubDevices: () => 0, deleteSubDevices: () => 0, getVersion: () => 0 }, auth());
    try {
      await rig.huawei('POST', '/devices', { node_id: 'sub', product_id: 'lamp', gateway_id: LAMP.device_id });
      expect(await gateway.connect()).toBe(0);
      const { until } = await upgrade({ targets: ['lamp_sub'] });
      expect(await until('Success')).toMatchObject({ batchtask: { status: 'Success' } });
      expect(seen.all.map(({ deviceId, services }) => [deviceId, services.map(({ serviceId, eventType }) => `${serviceId} ${eventType}`)])).toEqual([
        ['lamp_sub', ['$ota version_query']],
        ['lamp_sub', ['$ota firmware_upgrade_v2']],
      ]);
      expect(seen.all[1]?.services[0]?.paras).toMatchObject({ version: '2.0', sign: SHA256, file_size: IMAGE.length });
      expect(await rig.huawei('GET', '/devices/lamp_sub')).toMatchObject({ body: { fw_version: '2.0' } });
    } finally {
      await gateway.destroy();
    }
  });
});
