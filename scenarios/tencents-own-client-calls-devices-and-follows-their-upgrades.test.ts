import { createHash } from 'node:crypto';
import type { Device, tencent } from 'lianyun';
import { expect, it } from 'vitest';
import { TENCENT } from './support/clouds.ts';
import { fetchUrl } from './support/http.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';
import { tencentClient, type TencentCall } from './support/vendor-clients.ts';

const LAMP = { ProductId: 'LAMP000001', DeviceName: 'lamp1' };
const FIRMWARE = { ProductID: 'LAMP000001', FirmwareVersion: '2.0' };
const IMAGE = Buffer.from('firmware 2');
const NOTHING = { RequestId: expect.any(String) };
const base64 = (text: string): string => Buffer.from(text).toString('base64');
/** The code of a refusal, as Tencent's client throws it. */
const codeOf = (call: Promise<object>): Promise<unknown> => call.then(() => 'no refusal', (error: unknown) => (error as { readonly code: string }).code);

it("Tencent's own client calls a device in all three forms, sends it an action that nobody waits for, and a message to all of its product", async () => {
  await using rig = await Rig.open();
  const call = tencentClient(rig.httpPort);
  const device = rig.device(TENCENT, 1) as Device<typeof tencent>;
  const [heard, acted] = [new Log<string>(), new Log<unknown>()];
  device.rpc.onCall(({ text }) => `${text}!`);
  device.topics.subscribe('LAMP000001/lamp1/control', ({ payload }) => {
    const { clientToken } = JSON.parse(payload.toString()) as { readonly clientToken: string };
    device.topics.publish('LAMP000001/lamp1/data', JSON.stringify({ method: 'rrpc_sync_reply', clientToken, payload: base64('over topics') }));
  });
  device.messages.onBroadcast((message) => heard.add('bytes' in message ? Buffer.from(message.bytes).toString() : ''));
  device.commands.handle('blink', ({ args }) => {
    acted.add(args);
    return { blinked: 2 };
  });
  for (const [action, more] of [['PublishRRPCMessage', {}], ['CallDeviceRRPCSync', {}], ['CallDeviceActionAsync', { ActionId: 'blink', InputParams: '{"times":2}', Payload: undefined }]] as const) expect(await codeOf(call(action, { ...LAMP, Payload: 'x', ...more }))).toBe('FailedOperation.DeviceOffline');
  await device.connect();
  expect(await call('PublishRRPCMessage', { ...LAMP, Payload: '你好' })).toEqual({ MessageId: expect.any(Number), PayloadBase64: base64('你好!'), ...NOTHING });
  expect(await call('CallDeviceRRPCSync', { ...LAMP, Payload: base64('new'), Encoding: 'base64' })).toMatchObject({ Status: 'Replied', PayloadBase64: base64('new!'), ClientToken: expect.any(String) });
  expect(await call('CallDeviceRRPCSync', { ...LAMP, Payload: '{}', Topic: 'LAMP000001/lamp1/control', ReplyTopic: 'LAMP000001/lamp1/data' })).toMatchObject({ Status: 'Replied', PayloadBase64: base64('over topics'), ReplyTopic: 'LAMP000001/lamp1/data' });
  expect(await call('CallDeviceActionAsync', { ...LAMP, ActionId: 'blink', InputParams: '{"times":2}' })).toMatchObject({ ClientToken: expect.any(String), Status: 'Sent' });
  expect(await acted.first()).toEqual({ times: 2 });
  expect(await call('PublishBroadcastMessage', { ProductId: 'LAMP000001', Payload: base64('to all'), PayloadEncoding: 'base64', Qos: 1 })).toEqual({ TaskId: expect.any(Number), ...NOTHING });
  expect(await heard.first()).toBe('to all');
  expect(await codeOf(call('PublishBroadcastMessage', { ProductId: 'LAMP000001', Payload: 'no base64!', PayloadEncoding: 'base64', Qos: 0 }))).toBe('InvalidParameterValue');
  expect(await codeOf(call('PublishBroadcastMessage', { ProductId: 'LAMP000001', Payload: 'x', Qos: 2 }))).toBe('InvalidParameterValue');
  expect(rig.problems.all).toEqual([]);
});

async function upload(call: TencentCall): Promise<void> {
  const { Url } = (await call('GetCOSURL', { ...FIRMWARE, FileSize: IMAGE.length })) as { readonly Url: string };
  expect(await fetchUrl(Url, { method: 'PUT', body: IMAGE })).toMatchObject({ status: 200 });
  await call('UploadFirmware', { ...FIRMWARE, FileSize: IMAGE.length, Md5sum: createHash('md5').update(IMAGE).digest('hex'), FirmwareName: 'two' });
}

it("Tencent's own client describes and edits firmware, follows its tasks, confirms, cancels and retries, and deletes it when nothing is under way", async () => {
  await using rig = await Rig.open();
  const call = tencentClient(rig.httpPort);
  await upload(call);
  expect(await codeOf(call('GetCOSURL', FIRMWARE))).toBe('InvalidParameterValue.FirmwareAlreadyExist');
  expect(await call('EditFirmware', { ...FIRMWARE, FirmwareName: 'second', FirmwareDescription: '更好' })).toEqual(NOTHING);
  expect(await call('DescribeFirmware', FIRMWARE)).toMatchObject({ Version: '2.0', Name: 'second', Description: '更好', ProductId: 'LAMP000001', Md5sum: expect.stringMatching(/^[0-9a-f]{32}$/), Createtime: expect.any(Number) });
  expect(await codeOf(call('PublishFirmwareUpdateMessage', { ProductID: 'LAMP000001' }))).toBe('ResourceNotFound.FirmwareTaskNotExist');

  const { TaskId } = (await call('BatchUpdateFirmware', { ...FIRMWARE, DeviceNames: ['lamp1', 'lamp2'], UpgradeMethod: 1 })) as { readonly TaskId: number };
  const task = { ...FIRMWARE, TaskId };
  const statuses = async (): Promise<unknown> => ((await call('DescribeFirmwareTaskDevices', task)) as { readonly Devices: readonly { readonly DeviceName: string; readonly Status: number }[] }).Devices.map(({ DeviceName, Status }) => [DeviceName, Status]).toSorted();
  expect(await statuses()).toEqual([['lamp1', 8], ['lamp2', 8]]);
  expect(await call('PublishFirmwareUpdateMessage', { ProductID: 'LAMP000001', DeviceName: 'lamp1' })).toMatchObject({ Status: 0 });
  expect(await statuses()).toEqual([['lamp1', 0], ['lamp2', 8]]);
  expect(await call('CheckFirmwareUpdate', LAMP)).toMatchObject({ CurrentVersion: '', DstVersion: '2.0' });
  expect(await call('DescribeDeviceFirmwares', LAMP)).toMatchObject({ Firmwares: [] });
  expect(await call('DescribeFirmwareTaskStatistics', task)).toMatchObject({ SuccessTotal: 0, FailureTotal: 0, UpgradingTotal: 2 });
  expect(await call('DescribeFirmwareTaskDistribution', task)).toMatchObject({ StatusInfos: [{ Status: 0, Total: 1 }, { Status: 8, Total: 1 }] });
  expect(await codeOf(call('DeleteFirmware', FIRMWARE))).toBe('UnsupportedOperation.DeviceOtaTaskInProgress');

  expect(await call('CancelDeviceFirmwareTask', { ...task, DeviceName: 'lamp2' })).toEqual(NOTHING);
  expect(await statuses()).toEqual([['lamp1', 0], ['lamp2', 5]]);
  expect(await call('RetryDeviceFirmwareTask', { ...task, DeviceName: 'lamp2' })).toEqual(NOTHING);
  expect(await call('DescribeFirmwareTask', task)).toMatchObject({ TaskId, Status: 4, Type: 1, UpgradeMethod: 1, ProductName: 'lamp' });
  expect(await call('UpdateOtaTaskStatus', { ProductId: 'LAMP000001', TaskId, Status: 6 })).toEqual(NOTHING);
  expect(await call('DescribeFirmwareTasks', { ...FIRMWARE, Offset: 0, Limit: 10, Filters: [{ Name: 'Status', Values: ['6'] }] })).toMatchObject({ Total: 1, TaskInfos: [{ TaskId, Status: 6 }] });
  for (const [action, more] of [['CancelDeviceFirmwareTask', { TaskId: 999_999, DeviceName: 'lamp1' }], ['RetryDeviceFirmwareTask', { TaskId: 999_999, DeviceName: 'lamp1' }], ['DescribeFirmwareTask', { TaskId: -1 }]] as const) expect(await codeOf(call(action, { ...FIRMWARE, ...more }))).toBe('ResourceNotFound.FirmwareTaskNotExist');
  expect(await call('DeleteFirmware', FIRMWARE)).toEqual(NOTHING);
  expect(await codeOf(call('DescribeFirmware', FIRMWARE))).toBe('ResourceNotFound.FirmwareNotExist');
});
