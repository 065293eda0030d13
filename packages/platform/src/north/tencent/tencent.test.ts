import { LianyunError } from '@lianyun/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KEYS, NorthUnderTest, NOW } from '../north.fixtures.ts';
import { readParameters, signTencent, signTencentParameters } from './signature.ts';

const TEMPLATE = {
  version: '1.0',
  profile: { ProductId: 'ABCDE12345', CategoryId: '1' },
  properties: [
    { id: 'power_switch', name: 'Switch', mode: 'rw', define: { type: 'bool', mapping: { 0: 'off', 1: 'on' } } },
    { id: 'temp', name: 'Temperature', mode: 'r', define: { type: 'float', min: '-40', max: '125', start: '0', step: '0.1', unit: 'C' } },
  ],
  events: [],
  actions: [{ id: 'reboot', name: 'Reboot', input: [{ id: 'delay', name: 'd', define: { type: 'int', min: '0', max: '100', start: '0', step: '1', unit: 's' } }], output: [] }],
};
const LAMP = { ProductId: 'ABCDE12345', DeviceName: 'dev01' };
const REF = 'ABCDE12345/dev01';

let north: NorthUnderTest;
beforeEach(async () => {
  north = await new NorthUnderTest().start();
  north.registry.createProduct({ cloud: 'tencent', productId: 'ABCDE12345', name: 'lamp', model: TEMPLATE });
  north.registry.createDevice({ cloud: 'tencent', productId: 'ABCDE12345', nodeId: 'dev01', secret: 'cHNrcHNrcHNrcHNrcHNrcA==' });
  north.downlink.online.add(REF);
});
afterEach(() => north[Symbol.asyncDispose]());

const refused = (code: string, words = '') => ({ Error: { Code: code, Message: expect.stringContaining(words) }, RequestId: expect.stringMatching(/^[0-9a-f-]{36}$/) });

describe('products', () => {
  it('are created, described, and get a model', async () => {
    const created = await north.tencent('CreateStudioProduct', { ProductName: 'lamp-2', CategoryId: 1, ProductType: 0, EncryptionType: '2', NetType: 'wifi', DataProtocol: 1, ProductDesc: 'd', ProjectId: 'prj' });
    expect(created).toMatchObject({ Product: { ProductId: expect.stringMatching(/^[A-Z0-9]{10}$/), ProductName: 'lamp-2', CreateTime: NOW / 1000, DevStatus: 'dev', ProjectId: 'prj' } });
    const { ProductId } = created['Product'] as { ProductId: string };
    expect(await north.tencent('DescribeStudioProduct', { ProductId })).toMatchObject({ Product: created['Product'] });
    expect(Object.keys(await north.tencent('ModifyModelDefinition', { ProductId, ModelSchema: JSON.stringify(TEMPLATE) }))).toEqual(['RequestId']);
    const model = await north.tencent('DescribeModelDefinition', { ProductId });
    expect(JSON.parse((model['Model'] as { ModelDefine: string }).ModelDefine)).toEqual(TEMPLATE);
  });

  it.each([
    ['', 'InvalidParameterValue.ModelDefineNil'],
    ['{', 'InvalidParameterValue.ModelDefineInvalid'],
    ['[]', 'InvalidParameterValue.ModelDefineInvalid'],
    [JSON.stringify({ properties: [TEMPLATE.properties[0], TEMPLATE.properties[0]] }), 'InvalidParameterValue.ModelDefineDupID'],
    [JSON.stringify({ properties: [{ id: 'a', mode: 'r', define: { type: 'number' } }] }), 'InvalidParameterValue.ModelDefineErrorType'],
    [JSON.stringify({ properties: [{ id: 'a', mode: 'r', define: { type: 'int', min: '5', max: '1' } }] }), 'InvalidParameterValue.ModelDefinePropRangeError'],
  ])('do not get the model %s', async (ModelSchema, code) => {
    expect(await north.tencent('ModifyModelDefinition', { ProductId: 'ABCDE12345', ModelSchema })).toEqual(refused(code));
  });

  it('with a bad name or of an unknown id are refused', async () => {
    expect(await north.tencent('CreateStudioProduct', { ProductName: 'a lamp' })).toEqual(refused('InvalidParameterValue', 'ProductName'));
    for (const action of ['DescribeStudioProduct', 'DescribeModelDefinition', 'GetDeviceList']) {
      expect(await north.tencent(action, { ProductId: 'ZZZZZZZZZZ' })).toEqual(refused('ResourceNotFound.StudioProductNotExist'));
    }
  });
});

describe('devices', () => {
  it('are created with a generated or a given secret, described, listed without secrets, and deleted', async () => {
    const made = await north.tencent('CreateDevice', { ProductId: 'ABCDE12345', DeviceName: 'dev02' });
    const { DevicePsk } = made['Data'] as { DevicePsk: string };
    expect(Buffer.from(DevicePsk, 'base64')).toHaveLength(16);
    const own = await north.tencent('CreateDevice', { ProductId: 'ABCDE12345', DeviceName: 'dev03', DefinedPsk: 'cHNrcHNrcHNrcHNrcHNrcA==' });
    expect(own).toMatchObject({ Data: { DeviceName: 'dev03', DevicePsk: 'cHNrcHNrcHNrcHNrcHNrcA==' } });
    expect(await north.tencent('DescribeDevice', { DeviceId: 'ABCDE12345/dev02' })).toMatchObject({
      Device: { DeviceName: 'dev02', DevicePsk, Status: 3, EnableState: 1, FirstOnlineTime: 0, ProductName: 'lamp', DeviceType: '0', CreateTime: NOW / 1000 },
    });
    const list = await north.tencent('GetDeviceList', { ProductId: 'ABCDE12345', Offset: 1, Limit: 10 });
    expect(list).toMatchObject({ Total: 3, Devices: [{ DeviceName: 'dev02', DevicePsk: '' }, { DeviceName: 'dev01', Status: 1, DevicePsk: '' }] });
    expect(await north.tencent('GetDeviceList', { ProductId: '-1', DeviceName: 'dev03' })).toMatchObject({ Total: 1 });
    expect(await north.tencent('DeleteDevice', LAMP)).toMatchObject({ ResultCode: '', ResultMessage: '' });
    expect(north.downlink.asked).toMatchObject([{ what: 'kick', device: REF }]);
    expect(await north.tencent('DescribeDevice', LAMP)).toEqual(refused('ResourceNotFound.DeviceNotExist', REF));
  });

  it.each([
    ['CreateDevice', LAMP, 'InvalidParameterValue.DeviceAlreadyExist', REF],
    ['CreateDevice', { ProductId: 'ABCDE12345', DeviceName: 'a/b' }, 'InvalidParameterValue.DeviceNameInvalid', 'DeviceName'],
    ['CreateDevice', { ProductId: 'ABCDE12345', DeviceName: 'x', DefinedPsk: 'not base64!' }, 'InvalidParameterValue', 'base64'],
    ['CreateDevice', { ProductId: 'ZZZZZZZZZZ', DeviceName: 'x' }, 'ResourceNotFound.StudioProductNotExist', 'ZZZZZZZZZZ'],
    ['CreateDevice', { ProductId: 'ABCDE12345' }, 'MissingParameter', '`DeviceName`'],
    ['DescribeDevice', { ProductId: 'ABCDE12345' }, 'MissingParameter', '`DeviceName`'],
    ['DescribeDevice', { ...LAMP, Devicename: 'x' }, 'UnknownParameter', '`Devicename`'],
    ['DescribeDevice', { ...LAMP, DeviceName: 5 }, 'InvalidParameter', '`DeviceName`'],
    ['GetDeviceList', { ProductId: '-1', Limit: '10' }, 'InvalidParameter', '`Limit`'],
    ['GetDeviceList', { ProductId: '-1', Limit: 101 }, 'InvalidParameterValue', 'Limit'],
    ['GetDeviceList', { ProductId: '-1', Offset: -1 }, 'InvalidParameterValue', 'Offset'],
    ['DescribeDevice', '{"ProductId":', 'InvalidParameter', 'no JSON'],
    ['DescribeDevice', '[]', 'InvalidParameter', 'no JSON object'],
  ])('%s with %j is refused with %s', async (action, parameters, code, words) => {
    expect(await north.tencent(action, parameters)).toEqual(refused(code, words));
  });
});

describe('data', () => {
  it('is described with value and time of each property, as JSON in a string', async () => {
    expect(await north.tencent('DescribeDeviceData', LAMP)).toMatchObject({ Data: '{}' });
    north.twins.report('tencent', REF, [{ values: { power_switch: 1 }, at: 1_588_000_000_000 }], NOW);
    expect(await north.tencent('DescribeDeviceData', LAMP)).toMatchObject({ Data: '{"power_switch":{"Value":1,"LastUpdate":1588000000000}}' });
  });

  it('is sent to a device that is online, and kept as desired for one that is not', async () => {
    const control = { ...LAMP, Data: '{"power_switch":1}', Method: 'desired' };
    north.downlink.online.clear();
    expect(await north.tencent('ControlDeviceData', control)).toMatchObject({ Data: '', Result: '{"Sent":0,"pushResult":23101}' });
    expect(north.twins.read('tencent', REF)).toMatchObject([{ desired: { values: { power_switch: 1 }, at: NOW } }]);
    north.downlink.online.add(REF);
    expect(await north.tencent('ControlDeviceData', control)).toMatchObject({ Data: '', Result: '{"Sent":1,"pushResult":0}' });
    expect(north.twins.read('tencent', REF)[0]).not.toHaveProperty('desired');
    expect(north.downlink.asked.at(-1)).toMatchObject({ what: 'control', device: REF, request: { id: expect.stringContaining('clientToken-'), groups: [{ values: { power_switch: 1 } }] } });
    north.downlink.takesControl = false;
    expect(await north.tencent('ControlDeviceData', control)).toMatchObject({ Result: '{"Sent":0,"pushResult":23101}' });
  });

  it('with the method reported takes the place of a report', async () => {
    await north.tencent('ControlDeviceData', { ...LAMP, Data: '{"temp":21.5}', Method: 'reported', DataTimestamp: 1_588_000_000_000 });
    expect(north.twins.read('tencent', REF)).toMatchObject([{ reported: { values: { temp: 21.5 }, times: { temp: 1_588_000_000_000 } } }]);
    expect(north.downlink.asked).toEqual([]);
  });

  it.each([
    [{ Data: '{"nope":1}' }, 'InvalidParameterValue.ModelPropertyNotExist', 'nope'],
    [{ Data: '{"power_switch":2}' }, 'InvalidParameterValue', 'power_switch'],
    [{ Data: '{"temp":1}' }, 'InvalidParameterValue', 'read-only'],
    [{ Data: '{' }, 'InvalidParameterValue', 'Data'],
    [{ Data: '7' }, 'InvalidParameterValue', 'no object'],
    [{ Data: '{}', Method: 'wish' }, 'InvalidParameterValue', 'Method'],
    [{}, 'MissingParameter', '`Data`'],
  ])('such as %j is refused', async (parameters, code, words) => {
    expect(await north.tencent('ControlDeviceData', { ...LAMP, ...parameters })).toEqual(refused(code, words));
    expect(north.downlink.asked).toEqual([]);
  });
});

describe('the history of a property', () => {
  const asked = { ...LAMP, FieldName: 'temp', MinTime: NOW - 10_000, MaxTime: NOW };
  const report = (at: number, values: Record<string, number | string>) => north.twins.report('tencent', REF, [{ values, at }], NOW);

  it('comes newest first, times and values as strings, and goes on from where Context says', async () => {
    for (let second = 1; second <= 5; second++) report(NOW - second * 1000, { temp: 20 + second / 2 });
    report(NOW - 20_000, { temp: 1 });
    const first = await north.tencent('DescribeDeviceDataHistory', { ...asked, Limit: 3 });
    expect(first).toEqual({
      FieldName: 'temp',
      Listover: false,
      Context: expect.stringMatching(/^[\w-]+$/),
      Results: [{ Time: String(NOW - 1000), Value: '20.5' }, { Time: String(NOW - 2000), Value: '21' }, { Time: String(NOW - 3000), Value: '21.5' }],
      RequestId: expect.any(String),
    });
    // What comes meanwhile does not move the page.
    report(NOW, { temp: 0 });
    const second = await north.tencent('DescribeDeviceDataHistory', { ...asked, Limit: 3, Context: first['Context'] });
    expect(second).toMatchObject({ Listover: true, Context: '', Results: [{ Value: '22' }, { Value: '22.5' }] });
    expect(await north.tencent('DescribeDeviceDataHistory', asked)).toMatchObject({ Listover: true, Results: { length: 6 } });
  });

  it('has texts as they are and anything else as JSON', async () => {
    north.registry.updateProduct('tencent', 'ABCDE12345', { model: {} });
    north.twins.report('tencent', REF, [{ values: { temp: 'warm' }, at: NOW - 1 }, { values: { temp: { a: [1] } }, at: NOW }], NOW);
    expect(await north.tencent('DescribeDeviceDataHistory', asked)).toMatchObject({ Results: [{ Value: '{"a":[1]}' }, { Value: 'warm' }] });
  });

  it('of a property that never came is empty', async () => {
    expect(await north.tencent('DescribeDeviceDataHistory', { ...asked, FieldName: 'nope' })).toMatchObject({ FieldName: 'nope', Listover: true, Context: '', Results: [] });
  });

  it.each([
    [{ MinTime: NOW + 1 }, 'InvalidParameterValue', 'MinTime'],
    [{ Limit: 0 }, 'InvalidParameterValue', 'Limit'],
    [{ Limit: 1001 }, 'InvalidParameterValue', 'Limit'],
    [{ Context: 'nonsense' }, 'InvalidParameterValue', 'Context'],
    [{ DeviceName: 'nobody' }, 'ResourceNotFound.DeviceNotExist', 'nobody'],
    [{ FieldName: undefined }, 'MissingParameter', '`FieldName`'],
    [{ MaxTime: 'now' }, 'InvalidParameter', 'MaxTime'],
  ])('asked for with %j is refused', async (change, code, words) => {
    expect(await north.tencent('DescribeDeviceDataHistory', { ...asked, ...change })).toEqual(refused(code, words));
  });
});

describe('actions', () => {
  const call = { ...LAMP, ActionId: 'reboot', InputParams: '{"delay":1}' };

  it('answer with what the device answered', async () => {
    north.downlink.result = { code: 0, text: 'ok', output: { result: 0 } };
    const answer = await north.tencent('CallDeviceActionSync', call);
    expect(answer).toMatchObject({ ClientToken: expect.any(String), OutputParams: '{"result":0}', Status: 'ok' });
    expect(north.downlink.asked).toMatchObject([{ what: 'invoke', request: { id: answer['ClientToken'], name: 'reboot', args: { delay: 1 } } }]);
    north.downlink.result = { code: 0 };
    expect(await north.tencent('CallDeviceActionSync', call)).toMatchObject({ OutputParams: '{}', Status: '' });
  });

  it('do not wait when they are asynchronous', async () => {
    north.downlink.result = new LianyunError('timeout', 'never');
    expect(await north.tencent('CallDeviceActionAsync', call)).toMatchObject({ ClientToken: expect.any(String), Status: 'Sent' });
    expect(north.downlink.asked).toHaveLength(1);
    north.downlink.online.clear();
    expect(await north.tencent('CallDeviceActionAsync', call)).toEqual(refused('FailedOperation.DeviceOffline'));
  });

  it('of a device that is silent, offline or not subscribed fail with the documented codes', async () => {
    north.downlink.result = new LianyunError('timeout', 'no answer in 5 s');
    expect(await north.tencent('CallDeviceActionSync', call)).toEqual(refused('FailedOperation.Timeout'));
    north.downlink.result = new LianyunError('unsupported', 'not subscribed');
    expect(await north.tencent('CallDeviceActionSync', call)).toEqual(refused('FailedOperation.ActionUnreachable'));
    north.downlink.result = new LianyunError('kicked', 'gone');
    expect(await north.tencent('CallDeviceActionSync', call)).toEqual(refused('FailedOperation.DeviceOffline'));
    north.downlink.online.clear();
    expect(await north.tencent('CallDeviceActionSync', call)).toEqual(refused('FailedOperation.DeviceOffline'));
  });

  it.each([
    [{ ActionId: 'dance' }, 'InvalidParameterValue.ActionNilOrNotExist', 'dance'],
    [{ ActionId: '' }, 'InvalidParameterValue.ActionNilOrNotExist', ''],
    [{ InputParams: '{"delay":101}' }, 'InvalidParameter.ActionInputParamsInvalid', 'delay'],
    [{ InputParams: '{}' }, 'InvalidParameter.ActionInputParamsInvalid', 'delay'],
    [{ InputParams: 'x' }, 'InvalidParameter.ActionInputParamsInvalid', 'InputParams'],
    [{ DeviceName: 'nobody' }, 'ResourceNotFound.DeviceNotExist', 'nobody'],
  ])('such as %j are refused', async (change, code, words) => {
    expect(await north.tencent('CallDeviceActionSync', { ...call, ...change })).toEqual(refused(code, words));
  });
});

describe('the way in', () => {
  it('is always HTTP 200, and says what is wrong with action, version and time', async () => {
    expect(await north.tencent('DescribeDevices', LAMP)).toEqual(refused('InvalidAction', 'did you mean DescribeDevice?'));
    expect(await north.tencent('constructor', LAMP)).toEqual(refused('InvalidAction'));
    expect(await north.tencent('DescribeDevice', LAMP, { version: '2018-01-01' })).toEqual(refused('NoSuchVersion', '2019-04-23'));
    expect(await north.tencent('DescribeDevice', LAMP, { at: NOW - 301_000 })).toEqual(refused('AuthFailure.SignatureExpire'));
    expect(await north.tencent('DescribeDevice', LAMP, { at: NOW + 299_000 })).toHaveProperty('Device');
  });

  it('is closed to what is unsigned, signed by an unknown key or changed', async () => {
    const plain = { method: 'POST', url: '/', headers: { host: north.host, 'content-type': 'application/json', 'x-tc-action': 'DescribeDevice', 'x-tc-version': '2019-04-23' }, body: Buffer.from(JSON.stringify(LAMP)) };
    const sign = (key: { id: string; secret: string }) => ({ ...plain, headers: signTencent(plain, key, { at: NOW }) });
    const answer = async (request: typeof plain) => (await north.send(request)).body['Response'];
    expect(await answer(plain)).toEqual(refused('AuthFailure.InvalidAuthorization'));
    expect(await answer(sign({ id: 'nobody', secret: 'x' }) as typeof plain)).toEqual(refused('AuthFailure.SecretIdNotFound'));
    expect(await answer(sign({ ...KEYS.tencent, secret: 'x' }) as typeof plain)).toEqual(refused('AuthFailure.SignatureFailure'));
    expect(await answer({ ...sign(KEYS.tencent), body: Buffer.from('{"ProductId":"ABCDE12345","DeviceName":"dev02"}') } as typeof plain)).toEqual(refused('AuthFailure.SignatureFailure'));
    expect(await answer(sign(KEYS.tencent) as typeof plain)).toHaveProperty('Device');
  });

  it('takes parameters in the query of a GET, numbers among them', async () => {
    const plain = {
      method: 'GET',
      url: '/?ProductId=-1&Limit=1&Offset=0',
      headers: { host: north.host, 'content-type': 'application/x-www-form-urlencoded', 'x-tc-action': 'GetDeviceList', 'x-tc-version': '2019-04-23' },
      body: Buffer.alloc(0),
    };
    const signed = { ...plain, headers: signTencent(plain, KEYS.tencent, { at: NOW }) };
    expect((await north.send(signed)).body['Response']).toMatchObject({ Total: 1 });
    expect((await north.send({ ...signed, url: '/?ProductId=-1&Limit=2&Offset=0' })).body['Response']).toEqual(refused('AuthFailure.SignatureFailure'));
  });

  it('takes a list of devices in a form, as in JSON', async () => {
    const parameters = new Map(Object.entries({ 'DevicesItems.0.ProductId': LAMP.ProductId, 'DevicesItems.0.DeviceName': LAMP.DeviceName, Status: '0', Action: 'UpdateDevicesEnableState', Version: '2019-04-23', Nonce: '1', Timestamp: String(NOW / 1000), SecretId: KEYS.tencent.id, SignatureMethod: 'HmacSHA256' }));
    const Signature = signTencentParameters({ method: 'POST', host: north.host, path: '/', parameters }, KEYS.tencent.secret);
    const form = new URLSearchParams([...parameters, ['Signature', Signature]]).toString();
    expect((await north.send({ method: 'POST', url: '/', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: Buffer.from(form) })).body['Response']).toMatchObject({ ResultCode: '' });
    const state = async () => ((await north.tencent('DescribeDevice', LAMP))['Device'] as { EnableState: number }).EnableState;
    expect(await state()).toBe(0);
    await north.tencent('UpdateDevicesEnableState', { DevicesItems: [LAMP], Status: 1 });
    expect(await state()).toBe(1);
    for (const wrong of [{ DevicesItems: [] }, { DevicesItems: [LAMP], Status: 2 }]) expect(await north.tencent('UpdateDevicesEnableState', { Status: 0, ...wrong })).toEqual(refused('InvalidParameterValue'));
    expect(await north.tencent('UpdateDevicesEnableState', { DevicesItems: [{ ProductId: 'x' }], Status: 0 })).toEqual(refused('InvalidParameter'));
    expect(await north.tencent('UpdateDevicesEnableState', { DevicesItems: [LAMP, { ...LAMP, DeviceName: 'nobody' }], Status: 0 })).toEqual(refused('ResourceNotFound.DeviceNotExist'));
    expect(await state()).toBe(1);
  });

  it.each([['HmacSHA1', 'GET'], ['HmacSHA256', 'POST'], ['HmacSHA256', 'GET'], ['HmacSHA1', 'POST']])('takes the old signature %s by %s', async (SignatureMethod, method) => {
    const parameters = new Map(Object.entries({ ...LAMP, Action: 'DescribeDevice', Version: '2019-04-23', Nonce: '13826', Timestamp: String(NOW / 1000), SecretId: KEYS.tencent.id, Region: 'ap-guangzhou', RequestClient: 'x y', SignatureMethod }));
    const Signature = signTencentParameters({ method, host: north.host, path: '/', parameters }, KEYS.tencent.secret);
    const form = new URLSearchParams([...parameters, ['Signature', Signature]]).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const request = method === 'GET' ? { method, url: `/?${form}`, headers, body: Buffer.alloc(0) } : { method, url: '/', headers, body: Buffer.from(form) };
    expect((await north.send(request)).body['Response']).toMatchObject({ Device: { DeviceName: 'dev01' } });
    const changed = form.replace('dev01', 'dev02');
    expect((await north.send(method === 'GET' ? { ...request, url: `/?${changed}` } : { ...request, body: Buffer.from(changed) })).body['Response']).toEqual(refused('AuthFailure.SignatureFailure'));
  });

  it('does not read a form with a parameter twice or badly encoded', () => {
    expect(readParameters('a=1&a=2')).toBeUndefined();
    expect(readParameters('a=%zz')).toBeUndefined();
    expect(readParameters('a=b+c%2B')).toEqual(new Map([['a', 'b c+']]));
  });

  it('answers HTTP 200 to a body that is too large', async () => {
    await using small = await new NorthUnderTest({ bodyLimitBytes: 50 }).start();
    expect(await small.tencent('DescribeDevice', { ...LAMP, DeviceName: 'x'.repeat(100) })).toEqual(refused('RequestSizeLimitExceeded'));
  });
});
