import { X509Certificate } from 'node:crypto';
import { Device, registerDevice, tencent } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { gatewaySeed } from './support/gateways.ts';
import { SEED, TENCENT } from './support/clouds.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';
import { tencentClient, type TencentCall } from './support/vendor-clients.ts';

/** The code of a refusal, as Tencent's client throws it. */
const codeOf = (call: Promise<object>): Promise<unknown> => call.then(() => 'no refusal', (error: unknown) => (error as { readonly code: string }).code);
const NOTHING = { RequestId: expect.any(String) };

async function make(call: TencentCall, ProductName: string, more: object = {}): Promise<string> {
  const { Product } = (await call('CreateStudioProduct', { ProductName, CategoryId: 1, ProductType: 0, EncryptionType: '2', NetType: 'wifi', DataProtocol: 1, ProductDesc: 'd', ProjectId: 'prj-x', ...more })) as { readonly Product: { readonly ProductId: string } };
  return Product.ProductId;
}

describe("Tencent's own client", () => {
  it('makes projects, puts products into them, and releases these', async () => {
    await using rig = await Rig.open();
    const call = tencentClient(rig.httpPort);
    const { Project } = (await call('CreateProject', { ProjectName: '房子', ProjectDesc: 'a house' })) as { readonly Project: { readonly ProjectId: string } };
    const { ProjectId } = Project;
    expect(Project).toEqual({ ProjectId: expect.stringMatching(/^prj-/), ProjectName: '房子', ProjectDesc: 'a house', CreateTime: expect.any(Number), UpdateTime: expect.any(Number) });
    const other = (await call('CreateProject', { ProjectName: 'garden', ProjectDesc: '' })) as { readonly Project: { readonly ProjectId: string } };
    const ProductId = await make(call, 'door', { ProjectId, Rate: '10', Period: 'second' });
    await call('CreateDevice', { ProductId, DeviceName: 'front' });
    expect(await call('DescribeProject', { ProjectId })).toMatchObject({ Project: { ProjectName: '房子', ProductCount: 1, DeviceCount: 1 } });
    expect(await call('GetProjectList', { Offset: 0, Limit: 10 })).toMatchObject({ Total: 2, Projects: [{ ProjectName: 'garden', ProductCount: 0 }, { ProjectId, DeviceCount: 1 }] });
    expect(await call('GetProjectList', { Offset: 1, Limit: 1 })).toMatchObject({ Total: 2, Projects: [{ ProjectId }] });
    expect(await call('GetProjectList', { ProductId })).toMatchObject({ Total: 1, Projects: [{ ProjectId }] });
    expect(await call('ModifyProject', { ProjectId, ProjectName: 'house', ProjectDesc: '' })).toMatchObject({ Project: { ProjectId, ProjectName: 'house', ProjectDesc: '' } });

    expect(await call('GetStudioProductList', { ProjectId, DevStatus: 'dev', Offset: 0, Limit: 10 })).toMatchObject({ Total: 1, Products: [{ ProductId, Rate: '10', Period: 'second' }] });
    expect(await call('GetStudioProductList', { ProjectId: other.Project.ProjectId })).toMatchObject({ Total: 0, Products: [] });
    expect(await call('ModifyStudioProduct', { ProductId, ProductName: 'gate', ProductDesc: 'x', ModuleId: 3, EnableProductScript: 'true', BindStrategy: 2 })).toMatchObject({ Product: { ProductName: 'gate', ModuleId: 3, EnableProductScript: 'true', BindStrategy: 2 } });
    expect(await call('ReleaseStudioProduct', { ProductId, DevStatus: 'released' })).toEqual(NOTHING);
    expect(await call('DescribeStudioProduct', { ProductId })).toMatchObject({ Product: { DevStatus: 'released', ProjectId } });
    expect(await call('GetStudioProductList', { ProjectId, DevStatus: 'dev' })).toMatchObject({ Total: 0 });
    expect(await call('GetDeviceList', { ProductId: '-1', ProjectId })).toMatchObject({ Total: 1, Devices: [{ DeviceName: 'front' }] });
    expect(await call('GetDeviceList', { ProductId: '-1', ProjectId: other.Project.ProjectId })).toMatchObject({ Total: 0 });

    expect(await codeOf(call('DeleteProject', { ProjectId }))).toBe('UnsupportedOperation.ExistBindedDevicesUnderProject');
    await call('DeleteDevice', { ProductId, DeviceName: 'front' });
    await call('DeleteStudioProduct', { ProductId });
    expect(await call('DeleteProject', { ProjectId })).toEqual(NOTHING);
    expect(await codeOf(call('DescribeProject', { ProjectId }))).toBe('ResourceNotFound.ProjectNotExist');
    expect(await codeOf(call('CreateProject', { ProjectName: '', ProjectDesc: '' }))).toBe('InvalidParameterValue');
    expect(await codeOf(call('ReleaseStudioProduct', { ProductId: 'LAMP000001', DevStatus: 'lost' }))).toBe('InvalidParameterValue');
  });

  it('switches dynamic registration on, and a device registers itself', async () => {
    await using rig = await Rig.open();
    const call = tencentClient(rig.httpPort);
    const ProductId = await make(call, 'self');
    expect(await call('DescribeProductDynamicRegister', { ProductId })).toEqual({ RegisterType: 0, ProductSecret: expect.stringMatching(/^\w{24}$/), RegisterLimit: 1000, RequestId: expect.any(String) });
    const on = (await call('ModifyProductDynamicRegister', { ProductId, RegisterType: 2, RegisterLimit: 1 })) as { readonly ProductSecret: string };
    expect(on).toMatchObject({ RegisterType: 2, RegisterLimit: 1 });
    const register = (deviceName: string) => registerDevice({ productId: ProductId, deviceName, productSecret: on.ProductSecret, url: `http://127.0.0.1:${rig.httpPort}` });
    const { identity } = await register('one');
    const device = rig.own(new Device({ dialect: tencent, server: rig.server, identity }));
    await device.connect();
    expect(await call('DescribeDevice', { ProductId, DeviceName: 'one' })).toMatchObject({ Device: { Status: 1 } });
    await expect(register('two')).rejects.toMatchObject({ code: 'refused' });
    expect(await codeOf(call('ModifyProductDynamicRegister', { ProductId, RegisterType: 3, RegisterLimit: 1 }))).toBe('InvalidParameterValue');
    expect(await codeOf(call('DescribeProductDynamicRegister', { ProductId: 'NOBODY0001' }))).toBe('ResourceNotFound.StudioProductNotExist');
  });

  it('declares topics, which devices of the product may then use', async () => {
    await using rig = await Rig.open();
    const call = tencentClient(rig.httpPort);
    const ProductId = 'LAMP000001';
    const device = rig.device(TENCENT, 1);
    const [heard, own] = [new Log<string>(), 'LAMP000001/lamp1/news/local'];
    await device.connect();
    // Acknowledged and dropped: nobody has declared it.
    await device.topics.publish(own, 'too early').delivered;
    await rig.notices.first(({ kind, text }) => kind === 'forbidden-publish' && text.includes(own));
    expect(await call('CreateTopicPolicy', { ProductId, TopicName: 'news/local', Privilege: 3 })).toEqual(NOTHING);
    device.topics.subscribe(own, ({ payload }) => heard.add(payload.toString()));
    await device.topics.publish(own, 'of myself').delivered;
    expect(await heard.first()).toBe('of myself');
    expect(await call('PublishMessage', { ProductId, DeviceName: 'lamp1', Topic: own, Payload: 'of the cloud', Qos: 1 })).toEqual(NOTHING);
    expect(await heard.first((each) => each !== 'of myself')).toBe('of the cloud');
    await expect(device.topics.publish('LAMP000001/lamp2/news/local', 'x').delivered).rejects.toMatchObject({ code: 'not-permitted' });

    const listed = [...['control', 'event', 'data'].map((name) => ({ TopicName: `LAMP000001/\${deviceName}/${name}`, Privilege: { control: 2, event: 1, data: 3 }[name] })), { TopicName: `LAMP000001/\${deviceName}/news/local`, Privilege: 3 }];
    expect(await call('ListTopicPolicy', { ProductId })).toEqual({ Topics: listed, RequestId: expect.any(String) });
    expect(await call('DescribeTopicPolicy', { ProductId, TopicName: `LAMP000001/\${deviceName}/news/local` })).toMatchObject({ Privilege: 3 });
    expect(await call('ModifyTopicPolicy', { ProductId, TopicName: 'news/local', NewTopicName: 'news/far', Privilege: 1 })).toEqual(NOTHING);
    expect(await codeOf(call('PublishMessage', { ProductId, DeviceName: 'lamp1', Topic: 'LAMP000001/lamp1/news/far', Payload: 'x' }))).toBe('InvalidParameterValue');
    expect(await codeOf(call('CreateTopicPolicy', { ProductId, TopicName: 'data', Privilege: 1 }))).toBe('InvalidParameterValue.TopicPolicyAlreadyExist');
    expect(await codeOf(call('CreateTopicPolicy', { ProductId, TopicName: 'a/#', Privilege: 1 }))).toBe('InvalidParameterValue');
    expect(await codeOf(call('CreateTopicPolicy', { ProductId, TopicName: 'a', Privilege: 4 }))).toBe('InvalidParameterValue');
    expect(await call('DeleteTopicPolicy', { ProductId, TopicName: 'news/far' })).toEqual(NOTHING);
    for (const action of ['DeleteTopicPolicy', 'DescribeTopicPolicy']) expect(await codeOf(call(action, { ProductId, TopicName: 'news/far' }))).toBe('ResourceNotFound.TopicPolicyNotExist');
  });

  it('makes devices with certificates of the platform, and lists devices by what they are', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const call = tencentClient(rig.httpPort);
    const ProductId = await make(call, 'sealed', { EncryptionType: '1' });
    const { Data } = (await call('CreateDevice', { ProductId, DeviceName: 'c1' })) as { readonly Data: { readonly DeviceCert: string; readonly DevicePrivateKey: string } };
    expect(Data).toMatchObject({ DeviceName: 'c1', DevicePsk: '' });
    expect(new X509Certificate(Data.DeviceCert).subject).toBe(`CN=${ProductId}c1`);
    const device = rig.own(new Device({ dialect: tencent, server: rig.server, identity: { productId: ProductId, deviceName: 'c1', certificate: true }, tls: { ca: rig.authority.file, cert: Data.DeviceCert, key: Data.DevicePrivateKey } }));
    await device.connect();
    await device.info.report({ firmware: '1.2' }).delivered;
    expect(await call('DescribeDevice', { ProductId, DeviceName: 'c1' })).toMatchObject({ Device: { DeviceCert: Data.DeviceCert, Version: '1.2' } });
    expect(await codeOf(call('CreateDevice', { ProductId, DeviceName: 'c2', DefinedPsk: 'cHNrcHNrcHNrcHNrcHNrcA==' }))).toBe('UnauthorizedOperation.ProductNotSupportPSK');
    expect(await codeOf(call('CreateDevice', { ProductId, DeviceName: 'c1' }))).toBe('InvalidParameterValue.DeviceAlreadyExist');
    for (let index = 2; index <= 12; index++) await call('CreateDevice', { ProductId, DeviceName: `c${index}` });
    expect(await call('GetDeviceList', { ProductId, FirmwareVersion: '1.2' })).toMatchObject({ Total: 1, Devices: [{ DeviceName: 'c1' }] });
    expect(await call('GetDeviceList', { ProductId, Filters: [{ Name: 'Status', Values: ['3'] }], Offset: 10, Limit: 10 })).toMatchObject({ Total: 11, Devices: [{ DeviceName: 'c2' }] });
    expect(await codeOf(call('GetDeviceList', { ProductId, Filters: [{ Name: 'Colour', Values: ['red'] }] }))).toBe('InvalidParameterValue');
    expect(await codeOf(call('GetDeviceList', { ProductId, Limit: 101 }))).toBe('InvalidParameterValue');
  });

  it('says which products a gateway is for, and what is behind it', async () => {
    await using rig = await Rig.open({ seed: gatewaySeed(3) });
    const call = tencentClient(rig.httpPort);
    const gateway = { GatewayProductId: 'GATE000001', GatewayDeviceName: 'gate1' };
    const products = { GatewayProductId: 'GATE000001', ProductIds: ['LAMP000001'] };
    expect(await call('BindProducts', products)).toMatchObject(NOTHING);
    expect(await call('DescribeGatewaySubProducts', { GatewayProductId: 'GATE000001' })).toMatchObject({ Total: 1, Products: [{ ProductId: 'LAMP000001', ProductName: SEED.tencent.products[0].ProductName }] });
    expect(await codeOf(call('DeleteStudioProduct', { ProductId: 'LAMP000001' }))).toBe('UnsupportedOperation.GatewayProductHasBindedProduct');
    await call('BindDevices', { ...gateway, ProductId: 'LAMP000001', DeviceNames: ['sub0', 'sub1'] });
    expect(await call('DescribeGatewaySubDeviceList', { ...gateway, Offset: 0, Limit: 1 })).toMatchObject({ Total: 2, DeviceList: [{ ProductId: 'LAMP000001', DeviceId: expect.stringMatching(/^LAMP000001\/sub[01]$/) }] });
    expect(await call('UnbindProducts', products)).toMatchObject({ GatewayDeviceNames: ['gate1'] });
    await call('UnbindDevices', { ...gateway, ProductId: 'LAMP000001', DeviceNames: ['sub0', 'sub1'] });
    expect(await call('UnbindProducts', products)).toMatchObject({ GatewayDeviceNames: [] });
    expect(await codeOf(call('UnbindProducts', products))).toBe('InvalidParameterValue');
    expect(await codeOf(call('BindProducts', { ...products, GatewayProductId: 'LAMP000001' }))).toBe('InvalidParameterValue.ProductIsNotGateway');
    expect(await codeOf(call('BindProducts', { ...products, ProductIds: ['GATE000001'] }))).toBe('InvalidParameterValue');
    expect(await codeOf(call('BindProducts', { ...products, ProductIds: [] }))).toBe('InvalidParameterValue');
  });

  it('deletes a gateway or what is bound to one only by force, and parts them before', async () => {
    await using rig = await Rig.open({ seed: gatewaySeed(3) });
    const call = tencentClient(rig.httpPort);
    const gateway = { ProductId: 'GATE000001', DeviceName: 'gate1' };
    await call('BindDevices', { GatewayProductId: 'GATE000001', GatewayDeviceName: 'gate1', ProductId: 'LAMP000001', DeviceNames: ['sub0', 'sub1'] });
    const sub = (DeviceName: string) => ({ ProductId: 'LAMP000001', DeviceName });
    expect(await codeOf(call('DeleteDevice', sub('sub0')))).toBe('UnauthorizedOperation.DeviceHasAlreadyBindGateway');
    expect(await codeOf(call('DeleteDevice', { ...gateway, ForceDelete: false }))).toBe('UnauthorizedOperation.GatewayHasBindedDevices');
    // Of several either all are deleted or none.
    expect(await codeOf(call('DeleteDevices', { DevicesItems: [sub('sub2'), sub('sub0')] }))).toBe('UnauthorizedOperation.DeviceHasAlreadyBindGateway');
    expect(await codeOf(call('DeleteDevices', { DevicesItems: [sub('sub2'), gateway] }))).toBe('UnauthorizedOperation.GatewayHasBindedDevices');
    expect(await call('DescribeDevice', sub('sub2'))).toMatchObject({ Device: { DeviceName: 'sub2' } });
    expect(await call('DeleteDevice', { ...sub('sub0'), ForceDelete: true })).toMatchObject({ ResultCode: '' });
    expect(await call('DescribeGatewaySubDeviceList', { GatewayProductId: 'GATE000001', GatewayDeviceName: 'gate1', Offset: 0, Limit: 10 })).toMatchObject({ Total: 1, DeviceList: [{ DeviceName: 'sub1' }] });
    expect(await call('DeleteDevice', { ...gateway, ForceDelete: true })).toMatchObject({ ResultCode: '' });
    expect(await codeOf(call('DescribeDeviceBindGateway', sub('sub1')))).toBe('InvalidParameterValue.DeviceHasNotBindGateway');
    expect(await codeOf(call('DescribeDevice', gateway))).toBe('ResourceNotFound.DeviceNotExist');
  });
});
