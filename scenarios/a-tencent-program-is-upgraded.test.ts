import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { OtaCmdType } from 'lianyun/tencent';
import { gatewaySeed } from './support/gateways.ts';
import { fetchUrl } from './support/http.ts';
import { Rig } from './support/rig.ts';
import { TencentProgram } from './support/tencent-program.ts';

const IMAGE = 'the image of version 0.2, '.repeat(2000);
const FIRMWARE = { ProductID: 'LAMP000001', FirmwareVersion: '0.2' };

async function call(rig: Rig, action: string, parameters: object): Promise<Record<string, unknown>> {
  const { body } = await rig.tencent(action, parameters);
  expect(body).not.toHaveProperty('Error');
  return body as Record<string, unknown>;
}

async function offer(rig: Rig, deviceName: string): Promise<void> {
  const { Url: url } = await call(rig, 'GetCOSURL', { ...FIRMWARE, FileSize: IMAGE.length });
  expect(await fetchUrl(String(url), { method: 'PUT', body: IMAGE })).toMatchObject({ status: 200 });
  await call(rig, 'UploadFirmware', { ...FIRMWARE, Md5sum: createHash('md5').update(IMAGE).digest('hex'), FileSize: IMAGE.length, FirmwareName: 'v' });
  await call(rig, 'BatchUpdateFirmware', { ...FIRMWARE, DeviceNames: [deviceName] });
}

/** The vendor's canonical flow. */
async function upgrade(program: TencentProgram, names: readonly [string, string]): Promise<string> {
  const { explorer } = program;
  const [rc, mid] = await explorer.otaInit(...names, program.noted('otaCb'));
  expect([rc, mid > 0]).toEqual([0, true]);
  explorer.otaReportVersion(...names, '0.1');
  expect(await program.message('otaCb', 'report_version_rsp')).toMatchObject({ result_code: 0, version: '0.1' });
  while (!explorer.otaIsFetching(...names)) await new Promise((resolve) => setImmediate(resolve));
  const [size] = explorer.otaIoctlNumber(...names, OtaCmdType.IOT_OTAG_FILE_SIZE);
  expect([size, explorer.otaIoctlString(...names, OtaCmdType.IOT_OTAG_VERSION, 32)]).toEqual([IMAGE.length, ['0.2', 'success']]);
  expect(await explorer.otaDownloadStart(...names, 0, size)).toBe(0);
  let text = '';
  while (!explorer.otaIsFetchFinished(...names)) {
    const [piece, count] = await explorer.otaFetchYield(...names, 5000);
    expect(count).toBeGreaterThan(0);
    text += String(piece);
  }
  expect(explorer.otaIoctlNumber(...names, OtaCmdType.IOT_OTAG_CHECK_FIRMWARE)).toEqual([0, 'success']);
  const [, done] = explorer.otaReportUpgradeSuccess(...names, null);
  await program.hears('on_publish', (each) => each === done);
  return text;
}

describe('A program in the words of Tencent’s own SDK', () => {
  it('fetches a firmware in pieces, checks it, and the platform sees it through', async () => {
    await using rig = await Rig.open();
    await offer(rig, 'lamp1');
    await using program = new TencentProgram(rig);
    await program.online();
    expect(await upgrade(program, program.names)).toBe(IMAGE);
    expect(await call(rig, 'DescribeFirmwareUpdateStatus', { ProductId: 'LAMP000001', DeviceName: 'lamp1' })).toMatchObject({ DstVersion: '0.2', Status: 6, Percent: 100 });
  });

  it('does so for a sub-device of its gateway', async () => {
    await using rig = await Rig.open({ seed: gatewaySeed(1) });
    await offer(rig, 'sub0');
    await using program = new TencentProgram(rig, { productId: 'GATE000001', deviceName: 'gate1', secret: 'Z2F0ZXdheS1zZWNyZXQ=', file: { subDev: { subdev_num: 1, subdev_list: [{ sub_productId: 'LAMP000001', sub_devName: 'sub0' }] } } });
    await program.online();
    program.explorer.gatewayInit();
    await program.hears('on_subscribe');
    expect((await program.explorer.gatewaySubdevBind('LAMP000001', 'sub0', Buffer.from('secret-of-lamp-0').toString('base64')))[0]).toBe(0);
    expect((await program.explorer.gatewaySubdevOnline('LAMP000001', 'sub0'))[0]).toBe(0);
    expect(await upgrade(program, ['LAMP000001', 'sub0'])).toBe(IMAGE);
    expect(await call(rig, 'DescribeFirmwareUpdateStatus', { ProductId: 'LAMP000001', DeviceName: 'sub0' })).toMatchObject({ Status: 6 });
  });
});
