import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { ScriptedServer, type Script } from '../testing/scripted-server.ts';
import { listenTo, turns, until } from '../testing/support.ts';
import { IotDevice } from './index.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

async function begin(script: Script | ((index: number) => Script), mqtt: object = {}, auth: object = {}) {
  const clock = new FakeClock({ now: Date.UTC(2026, 10, 22) });
  const server = await ScriptedServer.listen(clock, script);
  const device = new IotDevice({ connectAuthInfo: { id: 'd', secret: 's', serverUri: '127.0.0.1', port: server.port, ...auth }, mqttConnectConf: mqtt }, { clock });
  open.push(server, { [Symbol.asyncDispose]: () => device.destroy() });
  return { clock, server, device };
}

describe('connect()', () => {
  it('gives 0 when the device is connected, and when it was already', async () => {
    const { device, server } = await begin({});
    expect([await device.connect(), await device.connect(), server.connections.length]).toEqual([0, 0, 1]);
  });

  it('gives the first outcome to everybody who asks meanwhile', async () => {
    const { device, server } = await begin({ connack: 4 });
    expect(await Promise.all([device.connect(), device.connect()])).toEqual([4, 4]);
    expect(server.connections).toHaveLength(1);
  });

  it.each([
    ['10 s', {}, 10_000],
    ['those of the configuration', { timeout: 2.5 }, 2500],
  ])('gives -1 when a server that says nothing has had its time, %s, and goes on', async (_, mqtt, ms) => {
    const { device, server, clock } = await begin((index) => (index === 0 ? { connack: 'never' } : {}), mqtt);
    let outcome: number | undefined;
    const connecting = device.connect().then((each) => (outcome = each));
    await until(() => server.connections[0]?.connected !== undefined, 'the attempt');
    clock.advance(ms - 1);
    await turns(50);
    expect(outcome).toBeUndefined();
    clock.advance(1);
    expect(await connecting).toBe(-1);
    let count = 0;
    await until(() => {
      if (++count % 50 === 0) clock.advance(250);
      return device.device.isOnline;
    }, 'the device goes on');
  });

  it('gives -1 without a network, and stays away where it is told to', async () => {
    const { device, server, clock } = await begin({ connack: 'reset' }, {}, { reconnectOnFailure: false });
    expect(await device.connect()).toBe(-1);
    clock.advance(600_000);
    await turns(50);
    expect([device.device.state.at, server.connections.length]).toEqual(['closed', 1]);
  });

  it.each(['never', 0] as const)('gives -1 when the device is destroyed while it is provisioned, and says so (CONNACK %s)', async (connack) => {
    const { device, server } = await begin({ connack }, {}, { bsMode: 1, serverInfoPath: '/nowhere/server_info.json' });
    const log = listenTo(device.device);
    const failures: [number, string][] = [];
    device.getClient().setConnectActionListener({ onSuccess: () => undefined, onFailure: (token, error) => void failures.push([token, error.message]) });
    const connecting = device.connect();
    await until(() => server.connections[0]?.connected !== undefined && (connack !== 0 || server.published.some(({ topic }) => topic.endsWith('/bootstrap/up'))), 'the request');
    await device.destroy();
    expect(await connecting).toBe(-1);
    expect([failures, log.problems.filter(({ code }) => code !== 'disk-failed')]).toEqual([[[-1, 'The device was destroyed while it was being provisioned.']], []]);
  });

  it('gives -1 when the device is destroyed meanwhile, and after that', async () => {
    const { device, server } = await begin({ connack: 'never' });
    const connecting = device.connect();
    await until(() => server.connections[0]?.connected !== undefined, 'the attempt');
    await device.destroy();
    expect([await connecting, await device.connect()]).toEqual([-1, -1]);
  });

  it('signs in with what was configured', async () => {
    const { device, server } = await begin({}, { keepAliveTime: 30, qos: 0 }, { id: 'p_n_1', checkTimestamp: '0' });
    await device.connect();
    expect(server.last.connected).toMatchObject({ clientId: 'p_n_1_0_0_2026112200', username: 'p_n_1', keepAliveSeconds: 30, clean: true });
  });
});

describe('The constructor', () => {
  const conf = (auth: object, mqtt: object = {}): object => ({ connectAuthInfo: { id: 'd', secret: 's', serverUri: 'localhost', port: 1883, ...auth }, mqttConnectConf: mqtt });

  it.each<[string, object, object?]>([
    ['ConnectAuthInfo.id is missing', { id: undefined }],
    ['ConnectAuthInfo.id is "  "', { id: '  ' }],
    ['ConnectAuthInfo.id is 7', { id: 7 }],
    ['ConnectAuthInfo.serverUri is missing', { serverUri: null }],
    ['ConnectAuthInfo.serverUri is missing', { serverUri: '' }],
    ['ConnectAuthInfo.serverUri is "h:1883"', { serverUri: 'h:1883' }],
    ['ConnectAuthInfo.serverUri is "mqtts://h"', { serverUri: 'mqtts://h' }],
    ['ConnectAuthInfo.serverUri is "h/x"', { serverUri: 'h/x' }],
    ['ConnectAuthInfo.serverUri is "[h]"', { serverUri: '[h]' }],
    ['ConnectAuthInfo.port is 0', { port: 0 }],
    ['ConnectAuthInfo.port is 65536', { port: 65_536 }],
    ['ConnectAuthInfo.port is "1883"', { port: '1883' }],
    ['ConnectAuthInfo.protocol is "COAP"', { protocol: 'COAP' }],
    ['ConnectAuthInfo.authType is 2', { authType: 2 }],
    ['ConnectAuthInfo.secret is missing', { secret: undefined }],
    ['ConnectAuthInfo.certPath is missing', { authType: 1 }],
    ['ConnectAuthInfo.keyPath is missing', { authType: 1, certPath: 'c.pem' }],
    ['ConnectAuthInfo.iotCertPath is missing', { port: 8883 }],
    ['ConnectAuthInfo.bsCertPath is missing', { port: 8883, bsMode: 1 }],
    ['ConnectAuthInfo.bsMode is 3', { bsMode: 3 }],
    ['ConnectAuthInfo.scopeId is missing', { bsMode: 2 }],
    ['ConnectAuthInfo.scopeId is "s"', { scopeId: 's' }],
    ['ConnectAuthInfo.checkTimestamp is "2"', { checkTimestamp: '2' }],
    ['ConnectAuthInfo.checkStampMethod is "1"', { checkStampMethod: '1' }],
    ['MqttConnectConf.keepAliveTime is 29', {}, { keepAliveTime: 29 }],
    ['MqttConnectConf.keepAliveTime is 1201', {}, { keepAliveTime: 1201 }],
    ['MqttConnectConf.keepAliveTime is 60.5', {}, { keepAliveTime: 60.5 }],
    ['MqttConnectConf.qos is 2', {}, { qos: 2 }],
    ['MqttConnectConf.timeout is -1', {}, { timeout: -1 }],
    ['MqttConnectConf.timeout is "3"', {}, { timeout: '3' }],
    ['timeZone', { enableRuleManage: true, ruleTimeZone: 'Mars/Olympus' }],
  ])('says that %s', (words, auth, mqtt) => {
    expect(() => new IotDevice(conf(auth, mqtt))).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining(words) as string }));
  });

  it.each(['localhost', ' localhost ', '::1', '[::1]', '2001:db8::7', '192.0.2.1', '设备.example.com'])('takes the host %s', (serverUri) => {
    expect(new IotDevice(conf({ serverUri })).getDeviceId()).toBe('d');
  });

  it('never says the secret', () => {
    expect(() => new IotDevice(conf({ serverUri: 'mqtt://d:top-secret@h' }))).toThrow(expect.objectContaining({ message: expect.not.stringContaining('top-secret') as string }));
    expect(() => new IotDevice(conf({ secret: 'top-secret', port: 0 }))).toThrow(expect.objectContaining({ message: expect.not.stringContaining('top-secret') as string }));
    expect(() => new IotDevice(conf({ secret: 12_345_678 }))).toThrow(expect.objectContaining({ message: expect.not.stringContaining('12345678') as string }));
  });

  it.each([{ keepAliveTime: 30 }, { keepAliveTime: 1200 }, { qos: 0 as const }, { timeout: 0.5 }])('takes %j', async (mqtt) => {
    await new IotDevice(conf({ protocol: 'mqtt' }, mqtt)).destroy();
  });
});

describe('A connect action listener', () => {
  it.each<[string, Script | ((index: number) => Script), string[]]>([
    ['0', {}, ['success 0']],
    ['a refusal', { connack: 5 }, ['failure 5 bad-credentials']],
    ['no network', { connack: 'reset' }, ['failure -1 network']],
  ])('hears once how connect() ended: %s', async (_, script, expected) => {
    const { device } = await begin(script, {}, { reconnectOnFailure: false });
    const heard: string[] = [];
    const client = device.getClient();
    client.setConnectActionListener({ onSuccess: (token) => void heard.push(`success ${token}`), onFailure: (token, error) => void heard.push(`failure ${token} ${'code' in error ? String(error.code) : ''}`) });
    const again: boolean[] = [];
    const undo = client.addConnectListener({ connectComplete: (reconnect) => void again.push(reconnect), connectionLost: () => undefined });
    const outcome = await device.connect();
    undo();
    expect([heard, again]).toEqual([expected, outcome === 0 ? [false] : []]);
    client.setConnectActionListener(null);
    expect(() => client.setConnectActionListener({ onSuccess: () => undefined } as never)).toThrow('onFailure is missing');
    expect(() => client.addConnectListener({} as never)).toThrow('connectComplete is missing');
  });
});
