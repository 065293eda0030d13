import { huawei, tencent } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { Device, type ChildInfo, type ChildResult, type CloseReport, type DeviceMessage, type DeviceOptions, type DisconnectReason, type DownloadedFile, type FileTransfer, type LianyunError, type LogConfig, type Receipt, type RegisteredDevice, type ShadowState, type TimeSync, type UploadedFile } from './index.ts';
import { huaweiDevice, tencentDevice } from './testing/support.ts';

const nowhere = { url: 'localhost', clock: new FakeClock() };

describe('the type of a device', () => {
  it('has what both clouds can do', () => {
    for (const device of [huaweiDevice(nowhere), tencentDevice(nowhere)]) {
      expectTypeOf(device.properties.report).returns.toEqualTypeOf<Receipt>();
      expectTypeOf(device.properties.onSet).returns.toEqualTypeOf<() => void>();
      expectTypeOf(device.commands.handle).returns.toEqualTypeOf<() => void>();
      expectTypeOf(device.topics.publish).returns.toEqualTypeOf<Receipt>();
      expectTypeOf(device.connect).returns.toEqualTypeOf<Promise<void>>();
      expectTypeOf(device.close).returns.toEqualTypeOf<Promise<CloseReport>>();
      expectTypeOf(device.id).toEqualTypeOf<string>();
      expectTypeOf(device).toExtend<AsyncDisposable>();
    }
  });

  it('has live values on Huawei only, in JavaScript a call is refused with unsupported and the reason', () => {
    expectTypeOf(huaweiDevice(nowhere).properties).toHaveProperty('onGet');
    const device = tencentDevice(nowhere);
    expectTypeOf(device.properties).not.toHaveProperty('onGet');
    // @ts-expect-error: the Tencent cloud never reads live values
    const call = (): unknown => device.properties.onGet(() => []);
    expect(call).toThrow(expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('tencent cloud never reads live values') }));
    expect(device.supports('property.get')).toBe(false);
  });

  it('takes back what is desired on Tencent only, in JavaScript a call is refused with unsupported', async () => {
    const device = tencentDevice(nowhere);
    expectTypeOf(device.shadow.get).returns.toEqualTypeOf<Promise<ShadowState>>();
    expectTypeOf(device.shadow.clear).returns.toEqualTypeOf<Promise<void>>();
    const other = huaweiDevice(nowhere);
    expectTypeOf(other.shadow).not.toHaveProperty('clear');
    // @ts-expect-error: Huawei has no clear_control
    await expect(other.shadow.clear({ id: '1' })).rejects.toMatchObject({ code: 'unsupported', message: expect.stringContaining('not part of the huawei protocol') });
    expect([device.supports('shadow.clear'), other.supports('shadow.clear')]).toEqual([true, false]);
  });

  it('takes events of the cloud on Huawei only, and content of messages', () => {
    const [device, other] = [huaweiDevice(nowhere), tencentDevice(nowhere)];
    expectTypeOf(device.events).toHaveProperty('onNotify');
    expectTypeOf(other.events).not.toHaveProperty('onNotify');
    expectTypeOf(device.messages.send).parameter(0).toEqualTypeOf<DeviceMessage>();
    expectTypeOf(other.messages.send).parameter(0).toEqualTypeOf<{ bytes: Uint8Array }>();
    for (const each of [device, other]) {
      expectTypeOf(each.events.post).returns.toEqualTypeOf<Receipt>();
      expectTypeOf(each.info.report).returns.toEqualTypeOf<Receipt>();
      expectTypeOf(each.time.sync).returns.toEqualTypeOf<Promise<TimeSync>>();
    }
    expect([device.supports('event.notify'), other.supports('event.notify')]).toEqual([true, false]);
  });

  it('has files on Huawei only, in JavaScript a transfer is refused with unsupported', async () => {
    const [device, other] = [huaweiDevice(nowhere), tencentDevice(nowhere)];
    expectTypeOf(device.files.upload).returns.toEqualTypeOf<FileTransfer<UploadedFile>>();
    expectTypeOf(device.files.download).returns.toEqualTypeOf<FileTransfer<DownloadedFile>>();
    expectTypeOf(device.gateway.child('lamp_2').files).toEqualTypeOf(device.files);
    expectTypeOf(other).not.toHaveProperty('files');
    expectTypeOf(other.gateway.child('LAMP000001/lamp2')).not.toHaveProperty('files');
    // @ts-expect-error: Tencent has no such files
    await expect(other.files.upload(new Uint8Array(1), { name: 'a' }).done).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('has logs on both clouds, which are sent on Huawei and asked for on Tencent', () => {
    const [device, other] = [huaweiDevice(nowhere), tencentDevice(nowhere)];
    expectTypeOf(device.logs.report).returns.toEqualTypeOf<Receipt>();
    expectTypeOf(device.logs).not.toHaveProperty('query');
    expectTypeOf(other.logs.query).returns.toEqualTypeOf<Promise<LogConfig>>();
    expectTypeOf(other.logs).not.toHaveProperty('report');
    for (const each of [device, other]) expectTypeOf(each.logs.config).toEqualTypeOf<LogConfig>();
    expect([device.logs.config, other.logs.config]).toEqual([{ on: true }, { on: false }]);
  });

  it('has sub-devices on both clouds, whose live values are read on Huawei only', () => {
    const [huaweiGate, tencentGate] = [huaweiDevice(nowhere), tencentDevice(nowhere)];
    expectTypeOf(huaweiGate.gateway.add).returns.toEqualTypeOf<Promise<readonly ChildResult[]>>();
    expectTypeOf(tencentGate.gateway.list).returns.toEqualTypeOf<Promise<readonly ChildInfo[]>>();
    const [a, b] = [huaweiGate.gateway.child('lamp_2'), tencentGate.gateway.child('LAMP000001/lamp2')];
    expectTypeOf(a.properties).toHaveProperty('onGet');
    expectTypeOf(b.properties).not.toHaveProperty('onGet');
    expectTypeOf(b.shadow).toHaveProperty('clear');
    expectTypeOf(a.shadow).not.toHaveProperty('clear');
    expectTypeOf(a.events).toHaveProperty('onNotify');
    expectTypeOf(b.events).not.toHaveProperty('onNotify');
    expectTypeOf(a.messages.send).parameter(0).toEqualTypeOf<DeviceMessage>();
    expectTypeOf(b.messages.send).parameter(0).toEqualTypeOf<{ bytes: Uint8Array }>();
    // @ts-expect-error: only Huawei sends events
    expect(() => b.events.onNotify(() => undefined)).toThrow(expect.objectContaining({ code: 'unsupported' }));
    expectTypeOf(b.topics.publish).returns.toEqualTypeOf<Receipt>();
    expectTypeOf(a).not.toHaveProperty('topics');
    // @ts-expect-error: a sub-device on Huawei has no topics
    expect(() => a.topics).toThrow(expect.objectContaining({ code: 'unsupported' }));
    for (const each of [a, b]) {
      expectTypeOf(each.info.report).returns.toEqualTypeOf<Receipt>();
      expectTypeOf(each.time.sync).returns.toEqualTypeOf<Promise<TimeSync>>();
    }
    expectTypeOf(a.logs).toHaveProperty('report');
    expectTypeOf(b.logs).toHaveProperty('query');
    expectTypeOf(a.logs).not.toHaveProperty('reportConnections');
    expectTypeOf(a.logs).not.toHaveProperty('query');
    expectTypeOf(b.logs).not.toHaveProperty('report');
    expectTypeOf(b.rpc).toEqualTypeOf(tencentGate.rpc);
    expectTypeOf(b.resources).toEqualTypeOf(tencentGate.resources);
    expectTypeOf(b.versionedResources).toEqualTypeOf(tencentGate.versionedResources);
    expectTypeOf(b.versionedResources).not.toHaveProperty('onOnline');
    expectTypeOf(b.binding).toEqualTypeOf(tencentGate.binding);
    expectTypeOf(a).not.toHaveProperty('rpc');
    expectTypeOf(a).not.toHaveProperty('resources');
    expectTypeOf(a).not.toHaveProperty('versionedResources');
    expectTypeOf(huaweiGate).not.toHaveProperty('versionedResources');
    expectTypeOf(huaweiGate.gateway).not.toHaveProperty('onSearch');
    expectTypeOf(tencentGate.gateway).toHaveProperty('onSearch');
    expect([a.id, huaweiGate.gateway.child('lamp_2') === a]).toEqual(['lamp_2', true]);
    expect(() => huaweiGate.gateway.child(huaweiGate.id)).toThrow(expect.objectContaining({ code: 'bad-input', message: expect.stringContaining('the gateway itself') }));
    expect(() => tencentGate.gateway.child('no-product')).toThrow(expect.objectContaining({ code: 'bad-input' }));
    expect(() => {
      a.commands.handle('blink', () => undefined);
      a.commands.handle('blink', () => undefined);
    }).toThrow(expect.objectContaining({ code: 'duplicate-handler' }));
    huaweiGate.gateway.onChange(() => undefined);
    expect(() => huaweiGate.gateway.onChange(() => undefined)).toThrow(expect.objectContaining({ code: 'duplicate-handler' }));
  });

  it('does not show what the SDK itself calls', () => {
    const device = tencentDevice(nowhere);
    for (const hidden of ['onPublish', 'onSubscriptionRefused', 'onOnline', 'onOffline', 'onClosed', 'onProblem', 'credentials', 'resync'] as const) expectTypeOf(device).not.toHaveProperty(hidden);
    expectTypeOf(device.properties).not.toHaveProperty('set');
    expectTypeOf(device.properties).not.toHaveProperty('handlesSet');
    expectTypeOf(device.shadow).not.toHaveProperty('resync');
    expectTypeOf(device.gateway).not.toHaveProperty('onOnline');
    expectTypeOf(device.gateway).not.toHaveProperty('onClosed');
  });

  it('knows the arguments of every event', () => {
    const device = huaweiDevice(nowhere);
    device.on('online', (...args) => expectTypeOf(args).toEqualTypeOf<[]>());
    device.on('problem', (problem) => expectTypeOf(problem).toEqualTypeOf<LianyunError>());
    device.on('offline', ({ reason, nextAttemptMs }) => {
      expectTypeOf(reason).toEqualTypeOf<DisconnectReason>();
      expectTypeOf(nextAttemptMs).toEqualTypeOf<number | undefined>();
    });
    device.on('closed', ({ error }) => expectTypeOf(error).toEqualTypeOf<LianyunError | undefined>());
    expect(device.listenerCount('problem')).toBe(1);
  });

  it('checks the members of the identity by the dialect', () => {
    const secret = { deviceId: 'd', secret: 's' };
    const psk = { productId: 'ABCDE12345', deviceName: 'd', deviceSecret: 'c2VjcmV0' };
    expectTypeOf({ dialect: huawei, identity: secret, server: 'h' }).toExtend<DeviceOptions<typeof huawei>>();
    expectTypeOf({ dialect: tencent, identity: psk, server: 'h' }).toExtend<DeviceOptions<typeof tencent>>();
    expectTypeOf({ dialect: tencent, identity: secret, server: 'h' }).not.toExtend<DeviceOptions<typeof tencent>>();
    expectTypeOf({ dialect: huawei, identity: psk, server: 'h' }).not.toExtend<DeviceOptions<typeof huawei>>();
    // @ts-expect-error: a secret and a certificate exclude each other
    expect(() => new Device({ dialect: huawei, identity: { deviceId: 'd', secret: 's', certificate: true }, server: 'h' })).toThrow('exclude each other');
    // @ts-expect-error: a Huawei identity has no productId
    expect(() => new Device({ dialect: huawei, identity: psk, server: 'h' })).toThrow('deviceId');
    // @ts-expect-error: the server is needed
    expect(() => new Device({ dialect: huawei, identity: secret })).toThrow('server is missing');
    // What registerDevice() gives goes in as it is: a device with a secret has no certificate.
    expectTypeOf<{ dialect: typeof tencent; server: string; identity: RegisteredDevice['identity']; tls: RegisteredDevice['tls'] }>().toExtend<DeviceOptions<typeof tencent>>();
    // @ts-expect-error: no such option
    expect(() => new Device({ dialect: huawei, identity: secret, server: 'h', keepAlive: 3 })).toThrow('keepAlive is no option');
  });
});
