// From the package to the version that runs: the vendors' own API clients on one side, a device on ours on the other.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { signHuawei } from '@lianyun/platform';
import type { Device, huawei } from 'lianyun';
import { expect, it } from 'vitest';
import { HUAWEI, SEED, TENCENT, type AnyDevice } from './support/clouds.ts';
import { fetchUrl } from './support/http.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';
import { huaweiClient, tencentClient } from './support/vendor-clients.ts';

const IMAGE = randomBytes(300_000);
const digest = (algorithm: 'sha256' | 'md5'): string => createHash(algorithm).update(IMAGE).digest('hex');
const [{ ak, sk }] = SEED.huawei.accessKeys;

/** Makes a lamp take what it is offered; resolves with the file when it has said that it runs the new version. */
async function takesUpgrades(lamp: AnyDevice, directory: string): Promise<{ readonly upgraded: Promise<Buffer> }> {
  const device = lamp as Device<typeof huawei>; // what is used here is the same on both
  const files = new Log<Buffer>();
  device.ota.onOffer(async (upgrade) => {
    const file = readFileSync(await upgrade.download({ directory }).done);
    await device.ota.report({ firmware: upgrade.version }).delivered;
    files.add(file);
  });
  await device.ota.report({ firmware: '1.0' }).delivered;
  return { upgraded: files.first() };
}

async function inFolder(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(path.join(tmpdir(), 'lianyun-clients-'));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

it("Huawei's client makes a package and a task, and sees the device through", () => inFolder(async (directory) => {
  await using rig = await Rig.open();
  const call = huaweiClient(rig.httpPort);
  const target = '/objects/fw/lamp-2.0.bin';
  const headers = signHuawei({ method: 'PUT', url: target, headers: { host: `127.0.0.1:${rig.httpPort}`, 'x-sdk-content-sha256': digest('sha256') }, body: IMAGE }, { id: ak, secret: sk }, { at: rig.clock.now() });
  expect(await fetchUrl(`http://127.0.0.1:${rig.httpPort}${target}`, { method: 'PUT', headers, body: IMAGE })).toMatchObject({ status: 200 });
  const location = { obs_location: { region_name: 'cn-north-4', bucket_name: 'fw', object_key: 'lamp-2.0.bin', sign_method: 'SHA256', sign: digest('sha256') } };
  const { package_id } = (await call('POST', '/ota-upgrades/packages', { body: { app_id: 'default', package_type: 'firmwarePackage', product_id: 'lamp', version: '2.0', file_location: location } })) as { package_id: string };
  const { upgraded } = await takesUpgrades(await rig.online(HUAWEI, 1), directory);
  const { task_id } = (await call('POST', '/batchtasks', { body: { app_id: 'default', task_name: 'all lamps', task_type: 'firmwareUpgrade', targets: ['lamp_1'], document: { package_id } } })) as { task_id: string };
  expect((await upgraded).equals(IMAGE)).toBe(true);
  expect(await call('GET', '/batchtasks/{task_id}', { path: { task_id } })).toMatchObject({ httpStatusCode: 200, batchtask: { status: 'Success', task_progress: { total: 1, success: 1, waitting: 0 } }, task_details: [{ target: 'lamp_1', status: 'Success' }], page: { count: 1 } });
  expect(await call('GET', '/batchtasks', { query: { task_type: 'firmwareUpgrade', status: 'Success' } })).toMatchObject({ batchtasks: [{ task_id }] });
  expect(await call('GET', '/devices/{device_id}', { path: { device_id: 'lamp_1' } })).toMatchObject({ fw_version: '2.0' });
  expect(await call('DELETE', '/batchtasks/{task_id}', { path: { task_id } })).toMatchObject({ httpStatusCode: 204 });
  expect(await call('DELETE', '/ota-upgrades/packages/{package_id}', { path: { package_id } })).toMatchObject({ httpStatusCode: 204 });
  expect(await call('GET', '/ota-upgrades/packages', { query: { package_type: 'firmwarePackage' } })).toMatchObject({ packages: [], page: { count: 0 } });
}));

it("Tencent's client uploads firmware, makes a task, and sees the device through", () => inFolder(async (directory) => {
  await using rig = await Rig.open();
  const call = tencentClient(rig.httpPort);
  const firmware = { ProductID: 'LAMP000001', FirmwareVersion: '2.0' };
  const { Url: url } = (await call('GetCOSURL', { ...firmware, FileSize: IMAGE.length })) as { Url: string };
  expect(await fetchUrl(url, { method: 'PUT', body: IMAGE })).toMatchObject({ status: 200 });
  await call('UploadFirmware', { ...firmware, Md5sum: digest('md5'), FileSize: IMAGE.length, FirmwareName: '新固件' });
  const { upgraded } = await takesUpgrades(await rig.online(TENCENT, 1), directory);
  const { TaskId } = (await call('BatchUpdateFirmware', { ...firmware, FirmwareOriVersion: '1.0', DeviceNames: ['lamp1'], UpgradeMethod: 0, TimeoutInterval: 300 })) as { TaskId: number };
  expect((await upgraded).equals(IMAGE)).toBe(true);
  const lamp = { ProductId: 'LAMP000001', DeviceName: 'lamp1' };
  expect(await call('DescribeFirmwareUpdateStatus', lamp)).toMatchObject({ OriVersion: '1.0', DstVersion: '2.0', Status: 6 });
  expect(await call('DescribeFirmwareTaskDevices', { ...firmware, Offset: 0, Limit: 10, Filters: [{ Name: 'TaskId', Values: [String(TaskId)] }] })).toMatchObject({ Total: 1, Devices: [{ DeviceName: 'lamp1', Status: 6 }] });
  expect(await call('ListFirmwares', { PageNum: 1, PageSize: 10, ProductID: 'LAMP000001' })).toMatchObject({ TotalCount: 1, Firmwares: [{ Version: '2.0', Name: '新固件', Md5sum: digest('md5') }] });
  expect(await call('DescribeDevice', lamp)).toMatchObject({ Device: { Version: '2.0' } });
  await expect(call('UpdateFirmware', { ...firmware, DeviceName: 'lamp1', FirmwareOriVersion: '1.0' })).rejects.toMatchObject({ code: 'FailedOperation.DeviceFirmwareIsUpdated' });
}));
