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

/** Tells its version, and is offered another. */
async function offered(program: TencentProgram, names: readonly [string, string]): Promise<void> {
  const { explorer } = program;
  const [rc, mid] = await explorer.otaInit(...names, program.noted('otaCb'));
  expect([rc, mid > 0]).toEqual([0, true]);
  explorer.otaReportVersion(...names, '0.1');
  expect(await program.message('otaCb', 'report_version_rsp')).toMatchObject({ result_code: 0, version: '0.1' });
  while (!explorer.otaIsFetching(...names)) await new Promise((resolve) => setImmediate(resolve));
}

/** What the platform knows of the upgrade. */
const stateOf = async (rig: Rig): Promise<unknown> => call(rig, 'DescribeFirmwareUpdateStatus', { ProductId: 'LAMP000001', DeviceName: 'lamp1' });

/** Resolves when the platform has what was published last. */
async function settled(program: TencentProgram, mid: number): Promise<void> {
  expect(mid).toBeGreaterThan(0);
  await program.hears('on_publish', (each) => each === mid);
}

/** The vendor's canonical flow. */
async function upgrade(program: TencentProgram, names: readonly [string, string]): Promise<string> {
  const { explorer } = program;
  await offered(program, names);
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
  await settled(program, done);
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

  it('goes on where an earlier run ended, with what that run has stored', async () => {
    await using rig = await Rig.open();
    await offer(rig, 'lamp1');
    const stored = await (async () => {
      await using first = new TencentProgram(rig);
      await first.online();
      await offered(first, first.names);
      await first.explorer.otaDownloadStart(...first.names, 0, IMAGE.length);
      const pieces: Buffer[] = [];
      for (let count = 0; count < 3; count++) pieces.push((await first.explorer.otaFetchYield(...first.names, 5000))[0] ?? Buffer.alloc(0));
      expect(first.explorer.otaIoctlNumber(...first.names, OtaCmdType.IOT_OTAG_FETCHED_SIZE)).toEqual([15_000, 'success']);
      return Buffer.concat(pieces);
    })();
    await using second = new TencentProgram(rig);
    const { explorer, names } = second;
    await second.online();
    await offered(second, names);
    expect([explorer.otaResetMd5(...names), explorer.otaMd5Update(...names, stored)]).toEqual([0, 0]);
    expect(await explorer.otaDownloadStart(...names, stored.length, IMAGE.length)).toBe(0);
    const rest: Buffer[] = [];
    while (!explorer.otaIsFetchFinished(...names)) rest.push((await explorer.otaFetchYield(...names, 10_000))[0] ?? Buffer.alloc(0));
    expect(Buffer.concat([stored, ...rest]).toString()).toBe(IMAGE);
    expect(explorer.otaIoctlNumber(...names, OtaCmdType.IOT_OTAG_CHECK_FIRMWARE)).toEqual([0, 'success']);
    await settled(second, explorer.otaReportUpgradeSuccess(...names, '0.2')[1]);
    expect(await stateOf(rig)).toMatchObject({ Status: 6 });
  });

  it('reports a firmware whose MD5 is not the announced one, and the platform knows it for failed', async () => {
    await using rig = await Rig.open();
    await offer(rig, 'lamp1');
    await using program = new TencentProgram(rig);
    const { explorer, names } = program;
    await program.online();
    await offered(program, names);
    expect(explorer.otaIoctlString(...names, OtaCmdType.IOT_OTAG_MD5SUM, 32)).toEqual([createHash('md5').update(IMAGE).digest('hex'), 'success']);
    // What was stored before is another file's.
    explorer.otaMd5Update(...names, Buffer.from('x'.repeat(5000)));
    await explorer.otaDownloadStart(...names, 5000, IMAGE.length);
    while (!explorer.otaIsFetchFinished(...names)) await explorer.otaFetchYield(...names, 50_000);
    expect(explorer.otaIoctlNumber(...names, OtaCmdType.IOT_OTAG_CHECK_FIRMWARE)).toEqual([-1, 'md5 error']);
    while ((await stateOf(rig) as { Status: number }).Status !== 5) await new Promise((resolve) => setImmediate(resolve));
    const { Devices } = await call(rig, 'DescribeFirmwareTaskDevices', { ...FIRMWARE, Offset: 0, Limit: 10 });
    expect(Devices).toMatchObject([{ DeviceName: 'lamp1', Retcode: -4, ErrMsg: 'md5 not match' }]);
  });

  it('reports that it could not install', async () => {
    await using rig = await Rig.open();
    await offer(rig, 'lamp1');
    await using program = new TencentProgram(rig);
    await program.online();
    await offered(program, program.names);
    await settled(program, program.explorer.otaReportUpgradeFail(...program.names, null)[1]);
    expect(await stateOf(rig)).toMatchObject({ Status: 5 });
  });

  it('gets any file piece by piece', async () => {
    await using rig = await Rig.open();
    const { Url: url } = await call(rig, 'GetCOSURL', { ...FIRMWARE, FileSize: 20 });
    expect(await fetchUrl(String(url), { method: 'PUT', body: 'a file of 20 letters' })).toMatchObject({ status: 200 });
    await call(rig, 'UploadFirmware', { ...FIRMWARE, Md5sum: createHash('md5').update('a file of 20 letters').digest('hex'), FileSize: 20, FirmwareName: 'v' });
    await call(rig, 'BatchUpdateFirmware', { ...FIRMWARE, DeviceNames: ['lamp1'] });
    await using program = new TencentProgram(rig);
    const { explorer, names } = program;
    await program.online();
    expect([await explorer.httpInit(...names, '127.0.0.1', 'http://127.0.0.1/x', 0, 1, 1), await explorer.httpFetch(...names, 5)]).toEqual([-1, [null, -1]]);
    const heard = new Promise<string>((resolve) => rig.platform.on('frame', ({ topic, payload }) => topic.startsWith('$ota/update') && payload.includes('"url"') && resolve((JSON.parse(payload) as { url: string }).url)));
    await offered(program, names);
    const given = await heard;
    expect(await explorer.httpInit(...names, '127.0.0.1', given, 7, 20, 10)).toBe(0);
    const texts: string[] = [];
    for (let [piece, count] = await explorer.httpFetch(...names, 8); count > 0; [piece, count] = await explorer.httpFetch(...names, 8)) texts.push(String(piece));
    expect(texts).toEqual(['of 20 le', 'tters']);
    expect(await explorer.httpInit(...names, '127.0.0.1', given.replace(/\?.*/, '?x=1'), 0, 20, 10)).toBe(1);
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
