import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '@lianyun/protocol/testing';
import { HubState, QcloudHub, ReplyPara, StateError, ValueError } from 'lianyun/tencent';
import { systemClock } from '@lianyun/protocol';
import type { Clock, JsonObject } from 'lianyun';
import { SEED } from './support/clouds.ts';
import { gatewaySeed } from './support/gateways.ts';
import { Rig } from './support/rig.ts';
import { PATIENT, TencentProgram } from './support/tencent-program.ts';

const [LAMP] = SEED.tencent.products;
const LAMP_1 = { ProductId: 'LAMP000001', DeviceName: 'lamp1' } as const;

let rig: Rig;
let program: TencentProgram;

beforeEach(async () => {
  rig = await Rig.open();
  program = new TencentProgram(rig);
});

afterEach(async () => {
  await program[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

const replyWith = (code: number, text: string | null = null): ReplyPara => Object.assign(new ReplyPara(), { code, status_msg: text });

describe('A program in the words of Tencent’s own SDK', () => {
  it('connects, is told of it, and comes back after a disconnect', async () => {
    const { explorer } = program;
    expect(explorer.getConnectState()).toBe(HubState.INITIALIZED);
    expect(() => explorer.publish('LAMP000001/lamp1/data', {}, 0)).toThrow(StateError);
    await expect(explorer.disconnect()).rejects.toThrow(StateError);
    expect([explorer.connect(), explorer.connect()]).toEqual([0, 1]);
    expect(await program.hears('on_connect')).toEqual([0, 0, 'ud']);
    expect([explorer.isMqttConnected(), explorer.getConnectState(), explorer.getProductID(), explorer.getDeviceName()]).toEqual([true, HubState.CONNECTED, 'LAMP000001', 'lamp1']);
    await explorer.disconnect();
    expect(await program.hears('on_disconnect')).toEqual([0, 'ud']);
    expect(explorer.getConnectState()).toBe(HubState.DISCONNECTED);
    expect(explorer.connect()).toBe(0);
    await program.told.first(({ name }) => name === 'on_connect' && program.told.all.filter((call) => call.name === 'on_connect').length === 2);
  });

  it('keeps the keepalive that it set, and comes back by itself when it was sent away', async () => {
    const clock = new FakeClock({ now: Date.now() });
    await using other = await Rig.open({ clock });
    await using own = new TencentProgram(other);
    const { explorer } = own;
    expect(() => explorer.setKeepaliveInterval(901)).toThrow(ValueError);
    explorer.setKeepaliveInterval(30);
    explorer.setMessageTimout(2);
    explorer.setReconnectInterval(0.1, 0);
    await own.online();
    const alive = async (): Promise<void> => {
      const [, mid] = explorer.publish('LAMP000001/lamp1/event', {}, 1);
      await own.hears('on_publish', (each) => each === mid);
    };
    await alive();
    clock.advance(44_000);
    await alive();
    // Half as long again without a word, as MQTT has it.
    clock.advance(46_000);
    expect(await own.hears('on_disconnect')).toEqual([1, 'ud']);
    await own.told.first(({ name }) => name === 'on_connect' && own.told.all.filter((call) => call.name === 'on_connect').length === 2);
    await alive();
  });

  it('is told why it is refused, and comes back when it may', async () => {
    const { explorer } = program;
    explorer.setReconnectInterval(0.1, 0);
    const enable = (Status: 0 | 1) => rig.tencent('UpdateDevicesEnableState', { DevicesItems: [LAMP_1], Status });
    await program.online();
    await enable(0);
    expect(await program.hears('on_disconnect')).toEqual([1, 'ud']);
    expect(await program.hears('on_refused')).toEqual([5, expect.any(String), 'ud']);
    program.told.all.length = 0;
    await enable(1);
    expect(await program.hears('on_connect')).toEqual([0, 0, 'ud']);
  });

  it('connects over WebSocket and over TLS, and trusts whom it is told to', async () => {
    await using other = await Rig.open({ over: 'mqtts' });
    for (const [tls, useWebsocket, port] of [[false, true, other.ports.http], [true, false, other.ports.mqtts], [true, true, other.ports.https]] as const) {
      await using own = new TencentProgram(other, { tls, useWebsocket, domain: `127.0.0.1:${port ?? 0}`, ca: other.authority.file });
      await own.online();
      await own.explorer.disconnect();
    }
    await using trusting = new TencentProgram(other, { tls: true, domain: `127.0.0.1:${other.ports.mqtts ?? 0}`, file: { cert_deviceinfo: { devCaFile: other.authority.file, devCertFile: '', devPrivateKeyFile: '' } } });
    await trusting.online();
    await using wary = new TencentProgram(other, { tls: true, domain: `127.0.0.1:${other.ports.mqtts ?? 0}` });
    wary.explorer.connect();
    expect(await wary.problems.first()).toMatchObject({ code: 'untrusted-server' });
    expect(wary.explorer.isMqttConnected()).toBe(false);
  });

  it('writes a log of what it says and what goes wrong, in files that are closed at their size', async () => {
    const { explorer } = program;
    const log = path.join(program.directory, 'log.txt');
    expect(explorer.logInit(explorer.LoggerLevel.ERROR, null, 0, 0, false)).toBeNull();
    const logger = explorer.logInit(explorer.LoggerLevel.DEBUG, log, 300, 2);
    logger?.debug('a word of the program');
    await program.online();
    explorer.templateReport(...program.names, { method: 'report' });
    for (let line = 0; line < 20; line++) logger?.warning(`line ${line} of many that do not fit into one file`);
    const text = (name: string): string => readFileSync(path.join(program.directory, name), 'utf8');
    expect(readdirSync(program.directory).filter((name) => name.startsWith('log')).sort()).toEqual(['log.txt', 'log.txt.1', 'log.txt.2']);
    expect(text('log.txt')).toContain('[WARNING] line 19');
    for (const name of ['log.txt', 'log.txt.1', 'log.txt.2']) expect(text(name).length).toBeLessThanOrEqual(300);
    const whole = path.join(program.directory, 'whole.txt');
    explorer.logInit('info', whole, 0, 0);
    explorer.templateReport(...program.names, { method: 'report' });
    await explorer.disconnect();
    program.told.all.length = 0;
    await program.online();
    expect(readFileSync(whole, 'utf8')).toMatch(/\[ERROR\] templateInit\(\) was not called[^]*\[INFO\] connected/);
  });

  it('publishes, subscribes and hears on its own topics; message ids rise', async () => {
    const { explorer } = program;
    await program.online();
    const [rc, mid] = explorer.subscribe('LAMP000001/lamp1/control', 1);
    expect(rc).toBe(0);
    expect(await program.hears('on_subscribe')).toEqual([1, mid, 'ud']);
    expect(explorer.subscribe([['LAMP000001/lamp1/data', 0]])).toEqual([0, mid + 1]);
    await program.hears('on_subscribe', (_, each) => each === mid + 1);
    explorer.registerUserCallback('LAMP000001/lamp1/control', program.noted('userCallback'));
    const [, published] = explorer.publish('LAMP000001/lamp1/data', 'text', 1);
    expect(published).toBe(mid + 2);
    await program.hears('on_publish', (each) => each === published);
    expect(await program.hears('on_message')).toEqual(['LAMP000001/lamp1/data', 0, 'text', 'ud']);
    await rig.tencent('PublishMessage', { ...LAMP_1, Topic: 'LAMP000001/lamp1/control', Payload: 'no json' });
    expect(await program.hears('userCallback')).toEqual(['LAMP000001/lamp1/control', 0, 'no json', 'ud']);
    explorer.unsubscribe(['LAMP000001/lamp1/control', 'LAMP000001/lamp1/data']);
    await program.hears('on_unsubscribe');
    expect(await rig.tencent('PublishMessage', { ...LAMP_1, Topic: 'LAMP000001/lamp1/control', Payload: 'x' })).toMatchObject({ body: { Error: { Code: 'FailedOperation.DeviceNoSubscription' } } });
  });

  it('uses every method of the data template', async () => {
    const { explorer, names } = program;
    await program.online();
    expect(explorer.templateReport(...names, { method: 'report' })).toEqual([-1, -1]);
    explorer.templateInit(...names, ...program.callbacks);
    await program.told.first(() => program.told.all.filter(({ name }) => name === 'on_subscribe').length === 4);
    expect(explorer.templateSetup(...names, program.write('template.json', LAMP.template))).toBe(0);
    expect(explorer.getPropertyList(...names)?.map(({ key, type, data }) => [key, type, data])).toEqual([['level', 'int', 0], ['label', 'string', '']]);
    expect(explorer.getEventsList(...names)).toMatchObject([{ event_name: 'burnt', type: 'fault', eventDataNum: 1 }]);
    expect(explorer.getActionList(...names)).toMatchObject([{ action_id: 'blink', input_num: 1, output_num: 1 }]);

    const report = explorer.templateJsonConstructReportArray(...names, { level: 7 });
    explorer.templateReport(...names, report);
    expect(await program.message('propertyCb', 'report_reply')).toMatchObject({ clientToken: 'LAMP000001-0', code: 0 });
    explorer.templateReportSysInfo(...names, { fw_ver: '1.2', name: 'lamp' });
    expect(await program.message('propertyCb', 'report_info_reply')).toMatchObject({ code: 0 });
    explorer.templateGetStatus(...names);
    expect(await program.message('propertyCb', 'get_status_reply')).toMatchObject({ code: 0, data: { reported: { level: 7 } } });
    explorer.clearControl(...names);
    expect(await program.message('propertyCb', 'clear_control_reply')).toMatchObject({ code: 0 });

    const event = once(rig.platform, 'event');
    explorer.templateEventPost(...names, { events: [{ eventId: 'burnt', type: 'fault', params: { hours: 5 } }] });
    expect(await program.message('eventCb', 'events_reply')).toMatchObject({ code: 0 });
    expect(await event).toMatchObject([{ event: { name: 'burnt', params: { hours: 5 } } }]);

    expect(await rig.set({ name: 'tencent' } as never, 1, { level: 3 })).toMatchObject({ body: { Result: expect.stringContaining('"Sent":1') } });
    const control = await program.message('propertyCb', 'control');
    expect(control).toMatchObject({ params: { level: 3 } });
    expect(explorer.templateControlReply(...names, replyWith(0))[0]).toBe(0);

    const calling = rig.blink({ name: 'tencent' } as never, 1, 4);
    const action = await program.message('actionCb', 'action');
    explorer.templateActionReply(...names, action['clientToken'] as string, { blinked: 4 }, replyWith(0, 'done'));
    expect(await calling).toMatchObject({ body: { OutputParams: '{"blinked":4}', Status: 'done' } });

    expect(explorer.templateDeinit(...names)[0]).toBe(0);
    expect(explorer.templateGetStatus(...names)).toEqual([-1, -1]);
  });

  it('may be written with the hub’s class, whose second parameter is the user’s data', async () => {
    const told = Promise.withResolvers<readonly unknown[]>();
    await using provider = new QcloudHub(path.join(program.directory, 'device_info.json'), 'mine', false, `127.0.0.1:${rig.mqttPort}`);
    const { hub } = provider;
    hub.httpCallback((...args) => told.resolve(args));
    hub.connect();
    expect([await told.promise, hub.isHttpConnected()]).toEqual([[0, 0, 'mine'], true]);
    expect((await hub.otaInit(hub.getProductID(), hub.getDeviceName(), null))[0]).toBe(0);
    await hub.disconnect();
  });

  it('asks for the time', async () => {
    await program.online();
    const before = Date.now();
    const time = await program.explorer.getNtpAccurateTime();
    expect(time).toBeGreaterThan(before - 60_000);
    expect(time).toBeLessThan(Date.now() + 60_000);
    expect(Number.isInteger(time)).toBe(true);
  });
});

describe('A program for a gateway', () => {
  const CHILD = ['LAMP000001', 'sub0'] as const;
  const SECRET = Buffer.from('secret-of-lamp-0').toString('base64');

  it('binds, brings online, speaks for, takes offline and unbinds its lamps', async () => {
    await using other = await Rig.open({ seed: gatewaySeed(2) });
    await using gateway = new TencentProgram(other, { productId: 'GATE000001', deviceName: 'gate1', secret: 'Z2F0ZXdheS1zZWNyZXQ=' });
    const { explorer } = gateway;
    await gateway.online();
    expect(() => explorer.gatewaySubdevGetConfigList()).toThrow(StateError);
    expect(explorer.gatewayInit()[0]).toBe(0);
    await gateway.hears('on_subscribe');
    expect(explorer.gatewaySubdevGetConfigList()).toEqual(['sub0', 'sub1'].map((name) => ({ product_id: 'LAMP000001', device_name: name, session_status: 0 })));
    expect((await explorer.gatewaySubdevOnline(...CHILD))[0]).toBe(-1);
    expect((await explorer.gatewaySubdevBind(...CHILD, 'wrong'))[0]).toBe(803);
    for (const name of ['nobody', 'gate1']) expect((await explorer.gatewaySubdevBind('LAMP000001', name, SECRET))[0]).toBe(802);
    expect((await explorer.gatewaySubdevBind(...CHILD, SECRET))[0]).toBe(0);
    expect(await explorer.gatewaySubdevGetBindList('GATE000001', 'gate1')).toEqual([0, [{ product_id: 'LAMP000001', device_name: 'sub0', session_status: 0 }]]);
    expect(await explorer.gatewaySubdevGetBindList('GATE000001', 'gate1')).toMatchObject([0, [{}]]);
    expect((await explorer.gatewaySubdevOnline(...CHILD))[0]).toBe(0);
    expect(explorer.isSubdevStatusOnline(...CHILD)).toBe(false);
    explorer.updateSubdevStatus(...CHILD, 'online');
    expect(explorer.isSubdevStatusOnline(...CHILD)).toBe(true);

    explorer.templateInit(...CHILD, ...gateway.callbacks);
    explorer.templateReport(...CHILD, explorer.templateJsonConstructReportArray(...CHILD, { level: 9 }));
    expect(await gateway.message('propertyCb', 'report_reply')).toMatchObject({ code: 0 });
    expect(other.platform.twins.read('tencent', 'LAMP000001/sub0')[0]?.reported?.values).toEqual({ level: 9 });
    const [rc, mid] = explorer.gatewaySubdevSubscribe([['LAMP000001/sub0/control', 0]]);
    expect(rc).toBe(0);
    await gateway.hears('on_subscribe', (_, each) => each === mid);
    explorer.registerUserCallback('LAMP000001/sub0/control', gateway.noted('userCallback'));
    const [, alone] = explorer.gatewaySubdevSubscribe('LAMP000001/sub0/data');
    await gateway.hears('on_subscribe', (_, each) => each === alone);
    explorer.publish('LAMP000001/sub0/data', 'of its own', 0);
    expect(await gateway.hears('on_message', (topic) => topic === 'LAMP000001/sub0/data')).toEqual(['LAMP000001/sub0/data', 0, 'of its own', 'ud']);
    await other.tencent('PublishMessage', { ProductId: 'LAMP000001', DeviceName: 'sub0', Topic: 'LAMP000001/sub0/control', Payload: '{"on":1}' });
    expect(await gateway.hears('userCallback')).toEqual(['LAMP000001/sub0/control', 0, { on: 1 }, 'ud']);

    expect((await explorer.gatewaySubdevOffline(...CHILD))[0]).toBe(0);
    expect((await explorer.gatewaySubdevUnbind(...CHILD))[0]).toBe(0);
    expect((await explorer.gatewaySubdevUnbind(...CHILD))[0]).toBe(-1);
    await other.tencent('BindDevices', { GatewayProductId: 'GATE000001', GatewayDeviceName: 'gate1', ProductId: 'LAMP000001', DeviceNames: ['sub1'] });
    expect((await gateway.message('on_message', 'change')) satisfies JsonObject).toMatchObject({ payload: { status: 1, devices: [{ device_name: 'sub1' }] } });
  });

  it('is told by number that its signature has expired, that the lamp is another’s, and that it is no gateway', async () => {
    await using other = await Rig.open({ seed: gatewaySeed(2) });
    const behind: Clock = { ...PATIENT, now: () => systemClock.now() - 7_200_000 };
    const gate = { productId: 'GATE000001', secret: 'Z2F0ZXdheS1zZWNyZXQ=' };
    await using late = new TencentProgram(other, { ...gate, deviceName: 'gate1', clock: behind });
    await using second = new TencentProgram(other, { ...gate, deviceName: 'gate2' });
    await using lamp = new TencentProgram(other, { deviceName: 'sub1', secret: Buffer.from('secret-of-lamp-1').toString('base64') });
    for (const each of [late, second, lamp]) {
      await each.online();
      each.explorer.gatewayInit();
      await each.hears('on_subscribe');
    }
    expect((await late.explorer.gatewaySubdevBind(...CHILD, SECRET))[0]).toBe(805);
    expect(late.problems.all.at(-1)).toMatchObject({ code: 'refused', place: { number: 805 }, message: expect.stringMatching(/expired/) });
    expect((await second.explorer.gatewaySubdevBind(...CHILD, SECRET))[0]).toBe(0);
    expect((await second.explorer.gatewaySubdevBind(...CHILD, SECRET))[0]).toBe(809);
    expect((await late.explorer.gatewaySubdevOffline(...CHILD))[0]).toBe(-1);
    expect((await lamp.explorer.gatewaySubdevBind(...CHILD, SECRET))[0]).toBe(808);
    for (const given of [['', 'sub0', SECRET], ['LAMP000001', null, SECRET], [...CHILD, '']] as never[][]) await expect(second.explorer.gatewaySubdevBind(...(given as unknown as [string, string, string]))).rejects.toThrow(ValueError);
  });
});
