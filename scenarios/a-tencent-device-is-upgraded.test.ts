import { createHash } from 'node:crypto';
import type { MqttClient } from 'mqtt';
import { FakeClock } from '@lianyun/protocol/testing';
import { describe, expect, it } from 'vitest';
import { TENCENT } from './support/clouds.ts';
import { tencentCredentials } from './support/credentials.ts';
import { gatewaySeed } from './support/gateways.ts';
import { fetchUrl } from './support/http.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const IMAGE = 'the image of version 0.2';
const MD5 = createHash('md5').update(IMAGE).digest('hex');
const FIRMWARE = { ProductID: 'LAMP000001', FirmwareVersion: '0.2' };
const LAMP = { ProductId: 'LAMP000001', DeviceName: 'lamp1' };

interface Down {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** A device on a foreign client that takes part in upgrades, or a gateway for it. */
class OtaDevice {
  readonly client: MqttClient;
  readonly down = new Log<Down>();
  readonly #name: string;

  private constructor(client: MqttClient, name: string) {
    this.client = client;
    this.#name = name;
    client.on('message', (topic, payload) => {
      if (topic === `$ota/update/${name}`) this.down.add(JSON.parse(payload.toString()) as Down);
    });
  }

  /** Resolves when it is subscribed, at QoS 1 (5.1). */
  static async open(client: MqttClient, name = 'LAMP000001/lamp1'): Promise<OtaDevice> {
    const device = new OtaDevice(client, name);
    expect(await client.subscribeAsync(`$ota/update/${name}`, { qos: 1 })).toMatchObject([{ qos: 1 }]);
    return device;
  }

  async version(version: string): Promise<void> {
    await this.client.publishAsync(`$ota/report/${this.#name}`, JSON.stringify({ type: 'report_version', report: { version } }), { qos: 1 });
  }

  async progress(progress: { readonly state: string; readonly percent?: string; readonly result_code?: string; readonly result_msg?: string }, version = '0.2'): Promise<void> {
    await this.client.publishAsync(`$ota/report/${this.#name}`, JSON.stringify({ type: 'report_progress', report: { progress: { result_code: '0', result_msg: '', ...progress }, version } }), { qos: 1 });
  }
}

/** Calls an action that must succeed. */
async function call(rig: Rig, action: string, parameters: object): Promise<Record<string, unknown>> {
  const { body } = await rig.tencent(action, parameters);
  expect(body).not.toHaveProperty('Error');
  return body as Record<string, unknown>;
}
const fails = (code: string) => ({ status: 200, body: { Error: { Code: code, Message: expect.any(String) } } });

/** As the vendor's documents have it: a URL, a PUT there, and the word that it is done. */
async function upload(rig: Rig, version = '0.2', { FirmwareUserDefined, ...more }: { readonly FirmwareUserDefined?: string; readonly FwType?: string } = {}): Promise<void> {
  const { Url: url } = await call(rig, 'GetCOSURL', { ProductID: 'LAMP000001', FirmwareVersion: version, FileSize: IMAGE.length, ...more });
  expect(await fetchUrl(String(url), { method: 'PUT', body: IMAGE })).toMatchObject({ status: 200 });
  await call(rig, 'UploadFirmware', { ProductID: 'LAMP000001', FirmwareVersion: version, Md5sum: MD5.toUpperCase(), FileSize: IMAGE.length, FirmwareName: `v${version}`, FirmwareDescription: 'better', FirmwareUserDefined, ...more });
}

const status = (rig: Rig, target = LAMP) => call(rig, 'DescribeFirmwareUpdateStatus', target);

describe('A Tencent device', () => {
  it('is offered new firmware when it tells its version, downloads it in parts, and its way is seen to the end', async () => {
    await using rig = await Rig.open();
    await upload(rig);
    const { TaskId: taskId } = await call(rig, 'BatchUpdateFirmware', { ...FIRMWARE, DeviceNames: ['lamp1', 'lamp2'] });
    expect(await status(rig)).toMatchObject({ OriVersion: '', DstVersion: '0.2', Status: 0, Percent: 0 });
    const client = await rig.foreign(TENCENT, 1);
    expect(await status(rig)).toMatchObject({ Status: 1 });
    const device = await OtaDevice.open(client);
    await device.version('0.1');
    const [answer, offer] = await device.down.take(2);
    expect(answer).toEqual({ type: 'report_version_rsp', result_code: 0, result_msg: 'success', version: '0.1' });
    expect(offer).toEqual({ type: 'update_firmware', version: '0.2', file_size: IMAGE.length, md5sum: MD5, url: expect.stringMatching(new RegExp(`^http://127\\.0\\.0\\.1:${rig.httpPort}/objects/firmware/LAMP000001/0\\.2\\.bin\\?`)) });
    expect(await status(rig)).toMatchObject({ OriVersion: '0.1', Status: 2 });
    // As the vendor's Python SDK asks for it: the end beyond the last byte, and packed if need be (5.3).
    expect(await fetchUrl(String(offer?.['url']), { headers: { range: `bytes=4-${IMAGE.length}`, 'accept-encoding': 'gzip, deflate' } })).toMatchObject({ status: 206, text: IMAGE.slice(4), headers: { 'content-range': `bytes 4-${IMAGE.length - 1}/${IMAGE.length}` } });

    for (const [progress, expected] of [
      [{ state: 'downloading', percent: '0' }, { Status: 3, Percent: 0 }],
      [{ state: 'downloading', percent: '37' }, { Status: 3, Percent: 37 }],
      [{ state: 'downloading', percent: '100' }, { Status: 20, Percent: 100 }],
      [{ state: 'burning' }, { Status: 4, Percent: 100 }],
      [{ state: 'done' }, { Status: 6, Percent: 100 }],
    ] as const) {
      await device.progress(progress);
      expect(await status(rig)).toMatchObject(expected);
    }
    await device.version('0.2');
    expect((await device.down.take(3))[2]).toMatchObject({ type: 'report_version_rsp', version: '0.2' });
    expect(await call(rig, 'DescribeDevice', LAMP)).toMatchObject({ Device: { Version: '0.2' } });
    expect(await call(rig, 'CheckFirmwareUpdate', LAMP)).toMatchObject({ CurrentVersion: '0.2', DstVersion: '' });
    expect(await call(rig, 'DescribeDeviceFirmwares', LAMP)).toMatchObject({ Firmwares: [{ Version: '0.2' }] });
    expect(await call(rig, 'DescribeFirmwareTaskDevices', { ...FIRMWARE, TaskId: taskId })).toMatchObject({
      Total: 2,
      Devices: [{ DeviceName: 'lamp2', Status: 0, OriVersion: '' }, { DeviceName: 'lamp1', Status: 6, OriVersion: '0.1', DstVersion: '0.2', Percent: 100, Retcode: 0, ErrMsg: '', TaskId: taskId, RetryNum: 0 }],
    });
    await call(rig, 'DeleteDevice', { ...LAMP, DeviceName: 'lamp2' });
    expect(await call(rig, 'DescribeFirmwareTaskDevices', { ...FIRMWARE, TaskId: taskId, Filters: [{ Name: 'DeviceName', Values: ['lamp2'] }] })).toMatchObject({ Total: 1, Devices: [{ DeviceName: 'lamp2', Status: 5 }] });
    expect(rig.problems.all).toEqual([]);
  });

  it('is offered it again when it tells another version in between, and failures are shown with their code', async () => {
    await using rig = await Rig.open();
    await upload(rig);
    const device = await OtaDevice.open(await rig.foreign(TENCENT, 1));
    await call(rig, 'UpdateFirmware', { ...FIRMWARE, DeviceName: 'lamp1', FirmwareOriVersion: '' });
    expect((await device.down.take(1))[0]).toMatchObject({ type: 'update_firmware' });
    await device.progress({ state: 'downloading', percent: '50' });
    await device.version('0.1');
    expect((await device.down.take(3)).slice(1)).toMatchObject([{ type: 'report_version_rsp' }, { type: 'update_firmware', md5sum: MD5 }]);
    expect(await rig.tencent('UpdateFirmware', { ...FIRMWARE, DeviceName: 'lamp1', FirmwareOriVersion: '' })).toMatchObject(fails('FailedOperation.OtherUpdateTaskExist'));
    await device.progress({ state: 'fail', result_code: '-4', result_msg: 'time_out' });
    expect(await status(rig)).toMatchObject({ Status: 5 });
    const { Devices: [failed] } = (await call(rig, 'DescribeFirmwareTaskDevices', FIRMWARE)) as { Devices: { TaskId: number }[] };
    expect(failed).toMatchObject({ Status: 5, Retcode: -4, ErrMsg: 'time_out' });
    await call(rig, 'RetryDeviceFirmwareTask', { ...FIRMWARE, TaskId: failed?.TaskId, DeviceName: 'lamp1' });
    expect((await device.down.take(4))[3]).toMatchObject({ type: 'update_firmware' });
    await call(rig, 'CancelDeviceFirmwareTask', { ...FIRMWARE, TaskId: failed?.TaskId, DeviceName: 'lamp1' });
    await device.version('0.1');
    await device.version('0.2');
    expect((await device.down.take(6)).map(({ type }) => type).slice(4)).toEqual(['report_version_rsp', 'report_version_rsp']);
    expect(await rig.tencent('UpdateFirmware', { ...FIRMWARE, DeviceName: 'lamp1', FirmwareOriVersion: '' })).toMatchObject(fails('FailedOperation.DeviceFirmwareIsUpdated'));
  });

  it('waits for its user where the task says so, and is given up when it is silent', async () => {
    const clock = new FakeClock({ now: Date.now() });
    await using rig = await Rig.open({ clock });
    await upload(rig);
    const device = await OtaDevice.open(await rig.foreign(TENCENT, 1, { keepalive: 900 }));
    const { TaskId: taskId } = await call(rig, 'BatchUpdateFirmware', { ...FIRMWARE, DeviceNames: ['lamp1'], UpgradeMethod: 1, TimeoutInterval: 120 });
    expect([await status(rig), await call(rig, 'CheckFirmwareUpdate', LAMP)]).toMatchObject([{ Status: 8 }, { DstVersion: '0.2' }]);
    await device.version('0.1');
    expect((await device.down.take(1)).map(({ type }) => type)).toEqual(['report_version_rsp']);
    expect(await call(rig, 'PublishFirmwareUpdateMessage', { ProductID: 'LAMP000001', DeviceName: 'lamp1' })).toMatchObject({ Status: 0 });
    expect((await device.down.take(2))[1]).toMatchObject({ type: 'update_firmware' });
    expect(await rig.tencent('PublishFirmwareUpdateMessage', { ProductID: 'LAMP000001', DeviceName: 'lamp1' })).toMatchObject(fails('ResourceNotFound.FirmwareTaskNotExist'));
    clock.advance(120_000);
    expect(await status(rig)).toMatchObject({ Status: 10 });
    expect(await call(rig, 'DescribeFirmwareTask', { ...FIRMWARE, TaskId: taskId })).toMatchObject({ Status: 5, TimeoutInterval: 120, UpgradeMethod: 1, ProductName: expect.any(String) });
  });

  it('behind a gateway is upgraded on its own topics over the connection of the gateway', async () => {
    await using rig = await Rig.open({ seed: gatewaySeed(1) });
    await call(rig, 'BindDevices', { GatewayProductId: 'GATE000001', GatewayDeviceName: 'gate1', ProductId: 'LAMP000001', DeviceNames: ['sub0'] });
    await upload(rig);
    await call(rig, 'BatchUpdateFirmware', { ...FIRMWARE, DeviceNames: ['sub0'] });
    const client = await rig.foreignAs(tencentCredentials('GATE000001', 'gate1', { psk: 'Z2F0ZXdheS1zZWNyZXQ=' }));
    const answered = new Promise((resolve) => client.once('message', resolve));
    await client.subscribeAsync('$gateway/operation/result/GATE000001/gate1');
    await client.publishAsync('$gateway/operation/GATE000001/gate1', JSON.stringify({ type: 'online', payload: { devices: [{ product_id: 'LAMP000001', device_name: 'sub0' }] } }));
    await answered;
    const lamp = await OtaDevice.open(client, 'LAMP000001/sub0');
    await lamp.version('0.1');
    expect(await lamp.down.take(2)).toMatchObject([{ type: 'report_version_rsp' }, { type: 'update_firmware', version: '0.2' }]);
    await lamp.progress({ state: 'done' });
    expect(await status(rig, { ProductId: 'LAMP000001', DeviceName: 'sub0' })).toMatchObject({ Status: 6 });
  });
});

describe("Tencent's API", () => {
  it('keeps firmware: uploaded, listed, described, edited and deleted', async () => {
    await using rig = await Rig.open();
    await upload(rig, '0.2', { FirmwareUserDefined: 'mine' });
    await upload(rig, '0.3', { FwType: 'mcu' });
    const item = { Version: '0.2', Md5sum: MD5, CreateTime: expect.any(Number), Name: 'v0.2', Description: 'better', ProductId: 'LAMP000001', FwType: '', UserDefined: 'mine' };
    expect(await call(rig, 'ListFirmwares', { PageNum: 1, PageSize: 1 })).toMatchObject({ TotalCount: 2, Firmwares: [{ Version: '0.3', FwType: 'mcu' }] });
    expect(await call(rig, 'ListFirmwares', { PageNum: 2, PageSize: 1, ProductID: 'LAMP000001' })).toMatchObject({ TotalCount: 2, Firmwares: [item] });
    expect(await call(rig, 'ListFirmwares', { PageNum: 1, PageSize: 10, Filters: [{ Name: 'FwType', Values: ['mcu', 'moudule'] }] })).toMatchObject({ TotalCount: 1 });
    expect(await call(rig, 'DescribeFirmware', FIRMWARE)).toMatchObject({ Version: '0.2', Createtime: expect.any(Number), Md5sum: MD5 });
    await call(rig, 'EditFirmware', { ...FIRMWARE, FirmwareName: 'new name' });
    expect(await call(rig, 'DescribeFirmware', FIRMWARE)).toMatchObject({ Name: 'new name', Description: 'better' });
    await call(rig, 'DeleteFirmware', FIRMWARE);
    expect(await rig.tencent('DescribeFirmware', FIRMWARE)).toMatchObject(fails('ResourceNotFound.FirmwareNotExist'));
    expect(rig.platform.objects.list('firmware', { limit: 9 }).total).toBe(1);
    await upload(rig);
  });

  it('says what is wrong with firmware or a task', async () => {
    await using rig = await Rig.open();
    const { Url: url } = await call(rig, 'GetCOSURL', { ...FIRMWARE, FileSize: 3 });
    expect(await fetchUrl(String(url), { method: 'PUT', body: IMAGE })).toMatchObject({ status: 400 });
    expect(await fetchUrl(String(url).replace(/Expires=\d+/, 'Expires=1'), { method: 'PUT', body: 'abc' })).toMatchObject({ status: 403 });
    await upload(rig);
    const info = { Md5sum: MD5, FileSize: IMAGE.length };
    const cases: readonly (readonly [string, object, string])[] = [
      ['GetCOSURL', FIRMWARE, 'InvalidParameterValue.FirmwareAlreadyExist'],
      ['UploadFirmware', { ...FIRMWARE, ...info }, 'InvalidParameterValue.FirmwareAlreadyExist'],
      ['UploadFirmware', { ...FIRMWARE, FirmwareVersion: '9', ...info, Md5sum: 'abc' }, 'InvalidParameterValue'],
      ['UploadFirmware', { ...FIRMWARE, FirmwareVersion: 'x'.repeat(33), ...info }, 'InvalidParameterValue'],
      ['GetCOSURL', { ...FIRMWARE, ProductID: 'NONE000000' }, 'ResourceNotFound.StudioProductNotExist'],
      ['ListFirmwares', { PageNum: 0, PageSize: 10 }, 'InvalidParameterValue'],
      ['ListFirmwares', { PageNum: 1, PageSize: 10, Filters: [{ Name: 'Colour', Values: [] }] }, 'InvalidParameterValue'],
      ['ListFirmwares', { PageNum: 1, PageSize: 10, Filters: [{ Name: 'FwType' }] }, 'InvalidParameter'],
      ['BatchUpdateFirmware', { ...FIRMWARE, FirmwareVersion: '9' }, 'ResourceNotFound.FirmwareNotExist'],
      ['BatchUpdateFirmware', { ...FIRMWARE, DeviceNames: ['nobody'] }, 'ResourceNotFound.DeviceNotExist'],
      ['BatchUpdateFirmware', { ...FIRMWARE, TimeoutInterval: 119 }, 'InvalidParameterValue'],
      ['BatchUpdateFirmware', { ...FIRMWARE, UpgradeMethod: 2 }, 'InvalidParameterValue'],
      ['BatchUpdateFirmware', { ...FIRMWARE, Type: 2 }, 'InvalidParameterValue'],
      ['DescribeFirmwareTask', { ...FIRMWARE, TaskId: 99 }, 'ResourceNotFound.FirmwareTaskNotExist'],
      ['DescribeFirmwareUpdateStatus', LAMP, 'ResourceNotFound.FirmwareTaskNotExist'],
      ['UpdateOtaTaskStatus', { ProductId: 'LAMP000001', TaskId: 99, Status: 6 }, 'ResourceNotFound.FirmwareTaskNotExist'],
    ];
    for (const [action, parameters, code] of cases) expect([action, parameters, await rig.tencent(action, parameters)]).toMatchObject([action, parameters, fails(code)]);
    const { Url: other } = await call(rig, 'GetCOSURL', { ...FIRMWARE, FirmwareVersion: '0.4' });
    await fetchUrl(String(other), { method: 'PUT', body: 'something else' });
    expect(await rig.tencent('UploadFirmware', { ...FIRMWARE, FirmwareVersion: '0.4', ...info })).toMatchObject(fails('InvalidParameterValue'));
  });

  it('shows tasks, counts their devices, and cancels them', async () => {
    await using rig = await Rig.open();
    await upload(rig);
    await OtaDevice.open(await rig.foreign(TENCENT, 2), 'LAMP000001/lamp2');
    const { TaskId: first } = await call(rig, 'BatchUpdateFirmware', FIRMWARE);
    expect(await call(rig, 'DescribeFirmwareTaskStatistics', { ...FIRMWARE, TaskId: first })).toMatchObject({ SuccessTotal: 0, FailureTotal: 0, UpgradingTotal: 2 });
    expect(await call(rig, 'DescribeFirmwareTaskDistribution', { ...FIRMWARE, TaskId: first })).toMatchObject({ StatusInfos: [{ Status: 0, Total: 1 }, { Status: 2, Total: 1 }] });
    // A task that takes the place of the one before, for devices that turn up later as well.
    const { TaskId: second } = await call(rig, 'BatchUpdateFirmware', { ...FIRMWARE, FirmwareOriVersion: '0.1', Type: 7, OverrideMode: 2, MaxRetryNum: 2, RetryInterval: 5, TaskUserDefine: 'x' });
    expect(await call(rig, 'DescribeFirmwareTasks', { ...FIRMWARE, Offset: 0, Limit: 10 })).toMatchObject({ Total: 2, TaskInfos: [{ TaskId: second, Status: 4, Type: 7, CreateTime: expect.any(Number) }, { TaskId: first, Status: 6, Type: 1 }] });
    expect(await call(rig, 'DescribeFirmwareTasks', { ...FIRMWARE, Offset: 1, Limit: 1 })).toMatchObject({ Total: 2, TaskInfos: [{ TaskId: first }] });
    expect(await call(rig, 'DescribeFirmwareTasks', { ...FIRMWARE, Offset: 0, Limit: 10, Filters: [{ Name: 'Type', Values: ['7'] }] })).toMatchObject({ Total: 1 });
    expect(await call(rig, 'DescribeFirmwareTask', { ...FIRMWARE, TaskId: second })).toMatchObject({ OriginalVersion: '0.1', MaxRetryNum: 2, RetryInterval: 5, TaskUserDefined: 'x' });
    expect(await rig.tencent('DeleteFirmware', FIRMWARE)).toMatchObject(fails('UnsupportedOperation.DeviceOtaTaskInProgress'));
    const late = await OtaDevice.open(await rig.foreign(TENCENT, 1));
    await late.version('0.1');
    expect((await late.down.take(2))[1]).toMatchObject({ type: 'update_firmware' });
    expect(await call(rig, 'DescribeFirmwareTaskDevices', { ...FIRMWARE, Filters: [{ Name: 'TaskId', Values: [String(second)] }] })).toMatchObject({ Total: 1, Devices: [{ DeviceName: 'lamp1', Status: 2 }] });
    await call(rig, 'UpdateOtaTaskStatus', { ProductId: 'LAMP000001', TaskId: second, Status: 6 });
    expect(await call(rig, 'DescribeFirmwareTasks', { ...FIRMWARE, Offset: 0, Limit: 1 })).toMatchObject({ TaskInfos: [{ TaskId: second, Status: 6 }] });
    await call(rig, 'DeleteFirmware', FIRMWARE);
  });
});
