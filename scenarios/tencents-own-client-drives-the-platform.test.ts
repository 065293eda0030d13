import { FakeClock } from '@lianyun/protocol/testing';
import { Device, reply, tencent } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { SEED, TENCENT } from './support/clouds.ts';
import { happens, Rig } from './support/rig.ts';
import { tencentClient, type TencentCall, type TencentOptions } from './support/vendor-clients.ts';

const MODEL = {
  version: '1.0',
  profile: { ProductId: '', CategoryId: '1' },
  properties: [
    { id: 'celsius', name: 'Celsius', desc: '', required: false, mode: 'rw', define: { type: 'float', min: '0', max: '100', start: '0', step: '0.5', unit: '℃' } },
    { id: 'label', name: 'Label', desc: '', required: false, mode: 'rw', define: { type: 'string', min: '0', max: '64' } },
  ],
  events: [{ id: 'dry', name: 'Dry', desc: '', required: false, type: 'fault', params: [{ id: 'level', name: 'Level', define: { type: 'int', min: '0', max: '10', start: '0', step: '1', unit: '' } }] }],
  actions: [
    {
      id: 'boil',
      name: 'Boil',
      desc: '',
      required: false,
      input: [{ id: 'until', name: 'Until', define: { type: 'int', min: '40', max: '100', start: '40', step: '1', unit: '℃' } }],
      output: [{ id: 'seconds', name: 'Seconds', define: { type: 'int', min: '0', max: '1000', start: '0', step: '1', unit: 's' } }],
    },
  ],
};

/** The client's exception: its class has no name that can be imported, its members are what applications read. */
interface CloudError extends Error {
  readonly code: string;
  readonly requestId: string;
  readonly httpCode?: number;
}

/** What a call that is refused rejects with. */
async function refused(call: Promise<object>): Promise<CloudError> {
  const error: unknown = await call.then(
    (answer) => answer,
    (reason: unknown) => reason,
  );
  expect((error as object).constructor.name).toBe('TencentCloudSDKHttpException');
  return error as CloudError;
}

/** A kettle product with its model, and one device of it. */
async function kettle(call: TencentCall): Promise<{ readonly ProductId: string; readonly DevicePsk: string }> {
  const { Product } = (await call('CreateStudioProduct', { ProductName: 'kettle', CategoryId: 1, ProductType: 0, EncryptionType: '2', NetType: 'wifi', DataProtocol: 1, ProductDesc: '水壶', ProjectId: 'prj-1' })) as { readonly Product: { readonly ProductId: string } };
  const { ProductId } = Product;
  await call('ModifyModelDefinition', { ProductId, ModelSchema: JSON.stringify(MODEL) });
  const { Data } = (await call('CreateDevice', { ProductId, DeviceName: 'k1' })) as { readonly Data: { readonly DevicePsk: string } };
  return { ProductId, DevicePsk: Data.DevicePsk };
}

const FAMILIES: readonly Required<Pick<TencentOptions, 'signMethod' | 'reqMethod' | 'host'>>[] = [
  { signMethod: 'TC3-HMAC-SHA256', reqMethod: 'POST', host: '127.0.0.1' },
  { signMethod: 'TC3-HMAC-SHA256', reqMethod: 'GET', host: '127.0.0.1' },
  { signMethod: 'TC3-HMAC-SHA256', reqMethod: 'POST', host: 'localhost' },
  { signMethod: 'TC3-HMAC-SHA256', reqMethod: 'GET', host: 'localhost' },
  { signMethod: 'HmacSHA1', reqMethod: 'POST', host: '127.0.0.1' },
  { signMethod: 'HmacSHA1', reqMethod: 'GET', host: '127.0.0.1' },
  { signMethod: 'HmacSHA256', reqMethod: 'POST', host: '127.0.0.1' },
  { signMethod: 'HmacSHA256', reqMethod: 'GET', host: '127.0.0.1' },
];

describe("Tencent's own client", () => {
  it('goes from product and model over device, properties, control, action, event and message to their history', async () => {
    await using rig = await Rig.open();
    const call = tencentClient(rig.httpPort);
    const { ProductId, DevicePsk } = await kettle(call);
    const target = { ProductId, DeviceName: 'k1' };
    expect(await call('DescribeStudioProduct', { ProductId })).toMatchObject({ Product: { ProductId, ProductName: 'kettle', ProductDesc: '水壶', ProductType: 0, DevStatus: 'dev', DeviceCount: 1 }, RequestId: expect.any(String) });
    const { Model } = (await call('DescribeModelDefinition', { ProductId })) as { readonly Model: { readonly ModelDefine: string } };
    expect(JSON.parse(Model.ModelDefine)).toEqual(MODEL);
    expect(await call('DescribeDevice', target)).toMatchObject({ Device: { DeviceName: 'k1', Status: 3, DevicePsk } });

    const device = rig.own(new Device({ dialect: tencent, server: rig.server, identity: { productId: ProductId, deviceName: 'k1', deviceSecret: DevicePsk } }));
    const { promise: set, resolve: onSet } = Promise.withResolvers<unknown>();
    device.properties.onSet(async ({ groups }) => {
      await device.properties.report(groups).delivered;
      onSet(groups);
    });
    device.commands.handle('boil', ({ args }) => reply({ code: 0, text: '开了', output: { seconds: Number(args['until']) * 2 } }));
    const { promise: arrived, resolve: onMessage } = Promise.withResolvers<unknown>();
    device.messages.onMessage((message) => onMessage('bytes' in message ? Buffer.from(message.bytes).toString() : message));
    await device.connect();
    expect(await call('DescribeDevice', target)).toMatchObject({ Device: { Status: 1, EnableState: 1 } });

    const startedAt = Date.now();
    await device.properties.report({ values: { celsius: 20.5, label: '“x” <1>' }, at: startedAt }).delivered;
    expect(JSON.parse(((await call('DescribeDeviceData', target)) as { readonly Data: string }).Data)).toEqual({ celsius: { Value: 20.5, LastUpdate: startedAt }, label: { Value: '“x” <1>', LastUpdate: startedAt } });
    const { Result } = (await call('ControlDeviceData', { ...target, Data: JSON.stringify({ celsius: 60 }), Method: 'desired' })) as { readonly Result: string };
    expect(JSON.parse(Result)).toEqual({ Sent: 1, pushResult: 0 });
    expect(await set).toEqual([{ values: { celsius: 60 } }]);

    const action = (await call('CallDeviceActionSync', { ...target, ActionId: 'boil', InputParams: '{"until":90}' })) as { readonly OutputParams: string };
    expect(action).toMatchObject({ ClientToken: expect.any(String), Status: '开了', RequestId: expect.any(String) });
    expect(JSON.parse(action.OutputParams)).toEqual({ seconds: 180 });

    await device.events.post({ name: 'dry', params: { level: 1 }, severity: 'fault' }).delivered;
    const events = await call('ListEventHistory', { ...target, Type: 'fault', StartTime: 0, EndTime: 0, Size: 10 });
    expect(events).toMatchObject({ Total: 1, Listover: true, EventHistory: [{ ...target, EventId: 'dry', Type: 'fault', Data: '{"level":1}', TimeStamp: expect.any(Number) }] });

    expect(await call('PublishMessage', { ...target, Topic: `$thing/down/raw/${ProductId}/k1`, Payload: Buffer.from('hello').toString('base64'), PayloadEncoding: 'base64', Qos: 1 })).toEqual({ RequestId: expect.any(String) });
    expect(await arrived).toBe('hello');

    const history = await call('DescribeDeviceDataHistory', { ...target, FieldName: 'celsius', MinTime: startedAt, MaxTime: Date.now() + 1000, Limit: 10 });
    expect(history).toMatchObject({ FieldName: 'celsius', Listover: true, Results: [{ Value: '60', Time: expect.stringMatching(/^\d{13}$/) }, { Value: '20.5', Time: String(startedAt) }] });

    expect(await call('DeleteDevice', target)).toMatchObject({ ResultCode: '', ResultMessage: '' });
    expect(await refused(call('DescribeDevice', target))).toMatchObject({ code: 'ResourceNotFound.DeviceNotExist' });
    expect(rig.problems.all).toEqual([]);
  });

  it.each(FAMILIES)('signs with $signMethod by $reqMethod to $host: numbers, lists, JSON in strings, texts outside ASCII', async (options) => {
    await using rig = await Rig.open();
    const call = tencentClient(rig.httpPort, options);
    const { ProductId } = await kettle(call);
    const label = "灯 #1 & 2 = (3)! *'~+/?%41:;@,$[]{}\"\\";
    await call('ControlDeviceData', { ProductId, DeviceName: 'k1', Data: JSON.stringify({ label }), Method: 'reported', DataTimestamp: 1_700_000_000_123 });
    const { Data } = (await call('DescribeDeviceData', { ProductId, DeviceName: 'k1' })) as { readonly Data: string };
    expect(JSON.parse(Data)).toEqual({ label: { Value: label, LastUpdate: 1_700_000_000_123 } });
    expect(await call('GetDeviceList', { ProductId, Offset: 0, Limit: 10, DeviceName: undefined, Filters: null })).toMatchObject({ Total: 1, Devices: [{ DeviceName: 'k1', DevicePsk: '' }] });

    const gateway = (await call('CreateStudioProduct', { ProductName: 'hub', CategoryId: 1, ProductType: 5, EncryptionType: '2', NetType: 'wifi', DataProtocol: 1, ProductDesc: '', ProjectId: 'prj-1' })) as { readonly Product: { readonly ProductId: string } };
    const hub = { GatewayProductId: gateway.Product.ProductId, GatewayDeviceName: 'h1' };
    await call('CreateDevice', { ProductId: hub.GatewayProductId, DeviceName: 'h1' });
    await call('CreateDevice', { ProductId, DeviceName: 'k2' });
    await call('BindDevices', { ...hub, ProductId, DeviceNames: ['k1', 'k2'] });
    await call('UpdateDevicesEnableState', { DevicesItems: [{ ProductId, DeviceName: 'k1' }, { ProductId, DeviceName: 'k2' }], Status: 0 });
    expect(await call('DescribeDevice', { ProductId, DeviceName: 'k2' })).toMatchObject({ Device: { EnableState: 0 } });
    expect(await call('DescribeGatewayBindDevices', { ...hub, ProductId, Offset: 0, Limit: 100 })).toMatchObject({ Total: 2, Devices: expect.arrayContaining([{ ProductId, DeviceName: 'k1' }, { ProductId, DeviceName: 'k2' }]) });
  });

  it.each(['TC3-HMAC-SHA256', 'HmacSHA256'] as const)('asks by GET with the 32 KB that are documented for it, signed with %s', async (signMethod) => {
    await using rig = await Rig.open();
    const call = tencentClient(rig.httpPort, { reqMethod: 'GET', signMethod });
    const { ProductId } = await kettle(call);
    expect(await call('PublishBroadcastMessage', { ProductId, Payload: 'x'.repeat(32 * 1024 - 500), Qos: 0 })).toMatchObject({ TaskId: expect.any(Number) });
  });

  it('lists, renames and deletes products, and deletes devices many at once', async () => {
    await using rig = await Rig.open();
    const call = tencentClient(rig.httpPort);
    const { ProductId } = await kettle(call);
    await call('CreateDevice', { ProductId, DeviceName: 'k2' });
    expect(await call('ModifyStudioProduct', { ProductId, ProductName: 'kettle-2', ProductDesc: '二' })).toMatchObject({ Product: { ProductId, ProductName: 'kettle-2', ProductDesc: '二', DeviceCount: 2 } });
    expect(await call('GetStudioProductList', { ProjectId: 'prj-1', Offset: 0, Limit: 1 })).toMatchObject({ Total: 2, Products: [{ ProductId, ProductName: 'kettle-2' }] });
    expect(await call('GetStudioProductList', { Offset: 1, Limit: 1 })).toMatchObject({ Total: 2, Products: [{ ProductId: 'LAMP000001' }] });

    expect(await refused(call('DeleteStudioProduct', { ProductId }))).toMatchObject({ code: 'UnsupportedOperation.DevicesExistUnderProduct' });
    const devices = ['k1', 'k2'].map((DeviceName) => ({ ProductId, DeviceName }));
    expect(await refused(call('DeleteDevices', { DevicesItems: [...devices, { ProductId, DeviceName: 'k3' }] }))).toMatchObject({ code: 'ResourceNotFound.DeviceNotExist' });
    expect(await call('GetDeviceList', { ProductId })).toMatchObject({ Total: 2 });
    expect(await call('DeleteDevices', { DevicesItems: devices })).toMatchObject({ ResultCode: '', ResultMessage: '' });
    expect(await call('GetDeviceList', { ProductId })).toMatchObject({ Total: 0 });
    await call('DeleteStudioProduct', { ProductId });
    expect(await refused(call('DescribeStudioProduct', { ProductId }))).toMatchObject({ code: 'ResourceNotFound.StudioProductNotExist' });
  });

  it.each(FAMILIES)('is told about a wrong key by its own exception, with the code and the request id ($signMethod by $reqMethod to $host)', async (options) => {
    await using rig = await Rig.open();
    const wrong = await refused(tencentClient(rig.httpPort, { ...options, secretKey: 'not-the-key' })('DescribeDevice', { ProductId: 'LAMP000001', DeviceName: 'lamp1' }));
    expect(wrong).toMatchObject({ code: 'AuthFailure.SignatureFailure', requestId: expect.stringMatching(/^[0-9a-f-]{36}$/), message: expect.any(String) });
    const unknown = await refused(tencentClient(rig.httpPort, { ...options, secretId: 'IDUNKNOWN' })('DescribeDevice', { ProductId: 'LAMP000001', DeviceName: 'lamp1' }));
    expect(unknown).toMatchObject({ code: 'AuthFailure.SecretIdNotFound', message: expect.stringContaining('IDUNKNOWN') });
    expect(`${wrong.message} ${unknown.message}`).not.toContain(SEED.tencent.accessKeys[0].secretKey);
  });

  it('is told about what it asks wrongly by its own exception: the code, and the parameter in words', async () => {
    await using rig = await Rig.open();
    const call = tencentClient(rig.httpPort);
    const lamp = { ProductId: 'LAMP000001', DeviceName: 'lamp1' };
    const cases: readonly { readonly call: Promise<object>; readonly code: string; readonly says: RegExp }[] = [
      { call: call('DescribeDevice', { ...lamp, DeviceName: 'nobody' }), code: 'ResourceNotFound.DeviceNotExist', says: /nobody/ },
      { call: call('DescribeStudioProduct', { ProductId: 'NOTHING001' }), code: 'ResourceNotFound.StudioProductNotExist', says: /NOTHING001/ },
      { call: call('DescribeDevice', { ProductId: 'LAMP000001' }), code: 'MissingParameter', says: /DeviceName/ },
      { call: call('DescribeDevice', { ...lamp, Colour: 'red' }), code: 'UnknownParameter', says: /Colour/ },
      { call: call('GetDeviceList', { ProductId: 'LAMP000001', Limit: 'ten' }), code: 'InvalidParameter', says: /Limit.*integer/ },
      { call: call('GetDeviceList', { ProductId: 'LAMP000001', Limit: 101 }), code: 'InvalidParameterValue', says: /Limit.*1 to 100/ },
      { call: call('CreateDevice', { ProductId: 'LAMP000001', DeviceName: 'lamp1' }), code: 'InvalidParameterValue.DeviceAlreadyExist', says: /lamp1/ },
      { call: call('CreateDevice', { ProductId: 'LAMP000001', DeviceName: 'a b' }), code: 'InvalidParameterValue.DeviceNameInvalid', says: /DeviceName/ },
      { call: call('ModifyModelDefinition', { ProductId: 'LAMP000001', ModelSchema: '{' }), code: 'InvalidParameterValue.ModelDefineInvalid', says: /ModelSchema/ },
      { call: call('ControlDeviceData', { ...lamp, Data: '{"colour":1}' }), code: 'InvalidParameterValue.ModelPropertyNotExist', says: /colour/ },
      { call: call('CallDeviceActionSync', { ...lamp, ActionId: 'dance' }), code: 'InvalidParameterValue.ActionNilOrNotExist', says: /dance/ },
      { call: call('CallDeviceActionSync', { ...lamp, ActionId: 'blink', InputParams: '{"times":11}' }), code: 'InvalidParameter.ActionInputParamsInvalid', says: /times.*10/ },
      { call: call('CallDeviceActionSync', { ...lamp, ActionId: 'blink', InputParams: '{"times":1}' }), code: 'FailedOperation.DeviceOffline', says: /lamp1/ },
      { call: call('PublishMessage', { ...lamp, Topic: 'LAMP000001/lamp1/control', Payload: 'x' }), code: 'FailedOperation.DeviceOffline', says: /lamp1/ },
      { call: call('DescribeDevise', lamp), code: 'InvalidAction', says: /DescribeDevise.*DescribeDevice/ },
      { call: tencentClient(rig.httpPort, { version: '2017-03-12' })('DescribeDevice', lamp), code: 'NoSuchVersion', says: /2019-04-23/ },
    ];
    for (const { call: asked, code, says } of cases) {
      const error = await refused(asked);
      expect(error).toMatchObject({ code, requestId: expect.any(String) });
      expect(error.message).toMatch(says);
    }
  });

  it("hears an action that fails, of a silent device, and of one that did not subscribe, each by its own code", async () => {
    const clock = new FakeClock({ now: Date.now() });
    await using rig = await Rig.open({ clock });
    const call = tencentClient(rig.httpPort);
    const ask = (): Promise<object> => call('CallDeviceActionSync', { ProductId: 'LAMP000001', DeviceName: 'lamp2', ActionId: 'blink', InputParams: '{"times":1}' });
    const mute = await rig.foreign(TENCENT, 2);
    expect(await refused(ask())).toMatchObject({ code: 'FailedOperation.ActionUnreachable' });
    await mute.subscribeAsync(TENCENT.topics.command(2));
    const heard = happens(mute, 'message');
    const answer = refused(ask());
    await heard;
    clock.advance(5000);
    expect(await answer).toMatchObject({ code: 'FailedOperation.Timeout' });
  });

  it('is handed what an action answers as it came; what the template does not know of it is told by the platform, with its path', async () => {
    await using rig = await Rig.open();
    const call = tencentClient(rig.httpPort);
    const client = await rig.foreign(TENCENT, 1);
    await call('ModifyModelDefinition', { ProductId: 'LAMP000001', ModelSchema: JSON.stringify(MODEL) });
    await client.subscribeAsync(TENCENT.topics.command(1));
    const ask = async (answer: object): Promise<object> => {
      const heard = happens(client, 'message');
      const asked = call('CallDeviceActionSync', { ProductId: 'LAMP000001', DeviceName: 'lamp1', ActionId: 'boil', InputParams: '{"until":90}' });
      const { clientToken } = JSON.parse(String((await heard)[1])) as { readonly clientToken: string };
      await client.publishAsync('$thing/up/action/LAMP000001/lamp1', JSON.stringify({ method: 'action_reply', clientToken, ...answer }));
      return asked;
    };
    expect(await ask({ code: 0, status: 'ok', response: { seconds: 7 } })).toMatchObject({ OutputParams: '{"seconds":7}' });
    // What failed has nothing to answer.
    expect(await ask({ code: 1, status: 'no water', response: {} })).toMatchObject({ Status: 'no water', OutputParams: '{}' });
    expect(rig.problems.all).toEqual([]);
    for (const response of [{ seconds: 1001 }, { seconds: 1, litres: 2 }, {}]) expect(await ask({ code: 0, status: '', response })).toMatchObject({ OutputParams: JSON.stringify(response) });
    expect(rig.problems.all.map(({ code, place }) => [code, place.path])).toEqual([['model-violation', expect.stringContaining('seconds')], ['model-violation', expect.stringContaining('litres')], ['model-violation', expect.stringContaining('seconds')]]);
  });

  it('pages through devices by offset, and through histories by context: everything once, the youngest first', async () => {
    await using rig = await Rig.open();
    const call = tencentClient(rig.httpPort);
    const { ProductId } = await kettle(call);
    const target = { ProductId, DeviceName: 'k1' };
    for (let each = 2; each <= 23; each += 1) await call('CreateDevice', { ProductId, DeviceName: `k${each}` });
    const names: string[] = [];
    for (let total = 1; names.length < total; ) {
      const page = (await call('GetDeviceList', { ProductId, Offset: names.length, Limit: 10 })) as { readonly Total: number; readonly Devices: readonly { readonly DeviceName: string }[] };
      total = page.Total;
      names.push(...page.Devices.map(({ DeviceName }) => DeviceName));
    }
    expect(names).toEqual(Array.from({ length: 23 }, (_, index) => `k${23 - index}`));

    const start = Date.now() - 60_000;
    for (let each = 0; each < 23; each += 1) await call('ControlDeviceData', { ...target, Data: JSON.stringify({ celsius: each }), Method: 'reported', DataTimestamp: start + Math.floor(each / 2) });
    const values: string[] = [];
    let context: string | undefined;
    for (let over = false; !over; ) {
      const page = (await call('DescribeDeviceDataHistory', { ...target, FieldName: 'celsius', MinTime: start, MaxTime: start + 1000, Limit: 5, Context: context })) as { readonly Listover: boolean; readonly Context: string; readonly Results: readonly { readonly Value: string }[] };
      expect(page.Results.length).toBeLessThanOrEqual(5);
      values.push(...page.Results.map(({ Value }) => Value));
      ({ Listover: over, Context: context } = page);
    }
    expect(values).toEqual(Array.from({ length: 23 }, (_, index) => String(22 - index)));
  });
});
