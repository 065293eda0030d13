// What users of Huawei's Python SDK suffer from (reference 12.1, P1 to P22), and the face does not share. Those that show on the wire of a recorded
// program are held by the transcripts too (golden/deviations.json).
import path from 'node:path';
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { ScriptedServer, type Script } from '../testing/scripted-server.ts';
import { listenTo, temporaryDirectory, until } from '../testing/support.ts';
import { AbstractGateway, AbstractService, DeviceInfo, DeviceMessage, DeviceStatus, IotDevice, ServiceProperty, UrlInfo, type ActionListener } from './index.ts';

const ID = 'prod1_dev1';
const EVENTS = `$oc/devices/${ID}/sys/events/down`;
const AT = Date.UTC(2026, 10, 22, 1, 2, 3, 4);

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

async function serve(script: Script | ((index: number) => Script) = {}): Promise<{ readonly server: ScriptedServer; readonly clock: FakeClock }> {
  const clock = new FakeClock({ now: AT });
  const server = await ScriptedServer.listen(clock, script);
  open.push(server);
  return { server, clock };
}

type Auth = ConstructorParameters<typeof IotDevice>[0] extends infer C ? (C extends { connectAuthInfo?: infer A } ? A : never) : never;

const conf = (port: number, auth: Auth = {}, mqtt: object = {}): object => ({ connectAuthInfo: { id: ID, secret: 'a-secret', serverUri: '127.0.0.1', port, ...auth }, mqttConnectConf: mqtt });

function make(port: number, clock: FakeClock, auth: Auth = {}, mqtt: object = {}): IotDevice {
  const device = new IotDevice(conf(port, auth, mqtt), { clock });
  open.push({ [Symbol.asyncDispose]: () => device.destroy() });
  return device;
}

class Gateway extends AbstractGateway {}

const list = { getSubDevice: () => undefined, addSubDevices: () => 0, deleteSubDevices: () => 0, getVersion: () => 0 };

interface Event {
  readonly services: readonly { readonly service_id: string; readonly event_type: string; readonly event_time?: string; readonly paras: Readonly<Record<string, unknown>> }[];
}

const eventsOf = (server: ScriptedServer, type: string): Event['services'][number][] => (server.bodies('/sys/events/up') as Event[]).flatMap(({ services }) => services).filter(({ event_type: each }) => each === type);
const logs = (server: ScriptedServer): unknown[] => eventsOf(server, 'log_report').map(({ paras }) => paras['content']);
const event = (service: string, type: string, paras: object): object => ({ services: [{ service_id: service, event_type: type, event_time: '20261122T010203Z', paras }] });

/** What a listener hears: `success`, or the code of the error. */
function hearing(): { readonly listener: ActionListener; readonly heard: string[] } {
  const heard: string[] = [];
  return { heard, listener: { onSuccess: () => void heard.push('success'), onFailure: (_, error) => void heard.push('code' in error ? String(error.code) : error.name) } };
}

/** Lets the fake time pass until something is so. */
async function passing(clock: FakeClock, isSo: () => boolean, what: string): Promise<void> {
  let turns = 0;
  await until(() => {
    if (++turns % 50 === 0) clock.advance(250);
    return isSo();
  }, what);
}

describe('What the Python SDK does to its users, and the face does not', () => {
  it.each([1, 2, 3, 4, 5])('P1: connect() gives the number %i of a refusal at once, and one that stays ends the attempts', async (code) => {
    const { server, clock } = await serve((index) => (index === 0 ? { connack: code } : {}));
    const device = make(server.port, clock);
    expect(await device.connect()).toBe(code);
    // Only a server that cannot now may be able to later.
    if (code === 3) return passing(clock, () => device.device.isOnline, 'the device goes on');
    clock.advance(600_000);
    expect([device.device.state.at, server.connections.length]).toEqual(['closed', 1]);
  });

  it('P2: the wait before an attempt begins anew after every success', async () => {
    const { server, clock } = await serve((index) => (index % 4 === 3 ? {} : { connack: 3 }));
    const device = make(server.port, clock, { maxBackoff: 30_000 });
    const waits: number[][] = [[]];
    device.device.on('offline', ({ nextAttemptMs }) => waits.at(-1)?.push(nextAttemptMs ?? -1));
    await device.connect();
    for (let round = 0; round < 2; round++) {
      await passing(clock, () => device.device.isOnline, 'it is online');
      const said = hearing();
      device.getClient().reportDeviceMessage('all is said', said.listener);
      await until(() => said.heard.length === 1, 'nothing is unanswered');
      clock.advance(61_000);
      waits.push([]);
      server.last.destroy();
      await passing(clock, () => !device.device.isOnline, 'it is offline');
    }
    expect(waits[1]?.[0]).toBeLessThanOrEqual(1000);
    expect(waits[2]?.[0]).toBeLessThanOrEqual(1000);
  });

  it('P3: a wildcard hears, and is subscribed again after a reconnect', async () => {
    const { server, clock } = await serve();
    const device = make(server.port, clock);
    await device.connect();
    const heard: string[] = [];
    device.getClient().subscribeTopic('user/+/x', 1, ({ topic }) => void heard.push(topic));
    await until(() => server.last.subscribed.length === 1, 'it is subscribed');
    server.last.send('user/a/x', 'hi');
    await until(() => heard.length === 1, 'the message is heard');
    server.last.destroy();
    await passing(clock, () => server.connections.length === 2 && server.last.subscribed.includes('user/+/x'), 'it is subscribed again');
  });

  it('P4: a listener that takes its time keeps nobody waiting', async () => {
    const { server, clock } = await serve();
    const device = make(server.port, clock);
    const { promise, resolve } = Promise.withResolvers<void>();
    const heard: string[] = [];
    device.getOtaService().setOtaListener({ onQueryVersion: () => promise, onReceivePackageInfo: () => undefined });
    device.getClient().setDeviceMsgListener({ onDeviceMessage: ({ content }) => void heard.push(JSON.stringify(content)) });
    await device.connect();
    server.last.send(EVENTS, event('$ota', 'version_query', {}));
    server.last.send(`$oc/devices/${ID}/sys/messages/down`, { content: 'meanwhile' });
    await until(() => heard.length === 1, 'the message is heard');
    resolve();
  });

  it('P6, P8: every member of a URL and of a sub-device is kept', async () => {
    const { server, clock } = await serve();
    const device = make(server.port, clock);
    const urls: UrlInfo[] = [];
    device.getFileManagerService().setListener({ onUploadUrl: (info) => void urls.push(info), onDownloadUrl: () => undefined });
    await device.connect();
    server.last.send(EVENTS, event('$file_manager', 'get_upload_url_response', { url: 'https://h/x', bucket_name: 'b', object_name: 'o', expire: 60, file_attributes: { hash_code: 'ab', size: 2 } }));
    await until(() => urls.length === 1, 'the URL arrives');
    expect(urls).toEqual([new UrlInfo({ url: 'https://h/x', bucketName: 'b', objectName: 'o', expire: 60, fileAttributes: { hash_code: 'ab', size: 2 } })]);
    // The vendor's document requires nothing but the URL.
    server.last.send(EVENTS, event('$file_manager', 'get_upload_url_response', { url: 'https://h/y' }));
    await until(() => urls.length === 2, 'the URL without more arrives');
    expect(urls[1]).toEqual(new UrlInfo({ url: 'https://h/y', expire: 0 }));
    expect(new DeviceInfo({ manufacturerId: 'm', model: 'x' })).toMatchObject({ manufacturerId: 'm', model: 'x' });
  });

  it('P11, P20: times are UTC with milliseconds, and the time to synchronise is a number', async () => {
    const { server, clock } = await serve();
    const device = make(server.port, clock);
    await device.connect();
    device.getTimeSyncService().requestTimeSync();
    await until(() => eventsOf(server, 'time_sync_request').length === 1, 'the request arrives');
    expect(eventsOf(server, 'time_sync_request')).toMatchObject([{ event_time: '2026-11-22T01:02:03.004Z', paras: { device_send_time: AT } }]);
    const log = listenTo(device.device);
    const times: unknown[] = [];
    device.getTimeSyncService().setListener({ onTimeSyncResponse: (...each) => void times.push(each) });
    server.last.send(EVENTS, event('$time_sync', 'time_sync_response', { server_recv_time: 2, server_send_time: 3 }));
    server.last.send(EVENTS, event('$time_sync', 'time_sync_response', { device_send_time: '1', server_recv_time: 2, server_send_time: 3 }));
    await until(() => times.length > 0, 'the answer');
    expect([times, log.problems]).toMatchObject([[[1, 2, 3]], [{ code: 'bad-frame' }]]);
  });

  it('P13: a loss is logged once, an end of the log is UTC, and what is switched off at any time is off', async () => {
    const { server, clock } = await serve();
    const device = make(server.port, clock);
    await device.connect();
    const again = async (): Promise<void> => {
      const count = server.connections.length;
      server.last.destroy();
      await passing(clock, () => server.connections.length > count && device.device.isOnline, 'it is back');
    };
    await until(() => logs(server).length === 1, 'the first line');
    await again();
    await until(() => logs(server).length === 3, 'the loss is told');
    server.last.send(EVENTS, event('$log', 'log_config', { switch: 'on', end_time: '20261122T000000Z' }), { qos: 1 });
    await until(() => server.last.pubacked.length === 1, 'the end is known');
    await again();
    const marker = hearing();
    device.getClient().reportDeviceMessage('marker', marker.listener);
    await until(() => marker.heard.length === 1, 'everything before it has arrived');
    expect(logs(server)).toEqual(['connect complete, the uri is 127.0.0.1', 'connect complete, the uri is 127.0.0.1', 'connect lost']);
  });

  it('P14: a batch of sub-devices goes at the QoS of the configuration', async () => {
    const { server, clock } = await serve();
    const gateway = new Gateway(list, conf(server.port, {}, { qos: 0 }), { clock });
    open.push({ [Symbol.asyncDispose]: () => gateway.destroy() });
    await gateway.connect();
    gateway.reportSubDeviceProperties('prod1_sub', [new ServiceProperty({ serviceId: 's', properties: { x: 1 } })]);
    gateway.reportBatchStatus([new DeviceStatus({ deviceId: 'prod1_sub', status: 'ONLINE' })]);
    gateway.reportSubDeviceMessage(new DeviceMessage({ objectDeviceId: 'prod1_sub', content: 'c' }));
    await until(() => server.published.length === 4, 'all arrive');
    expect(server.published.map(({ qos }) => qos)).toEqual([0, 0, 0, 0]);
  });

  it('P16: after provisioning the connection is kept like any other, and a second start asks nobody', async () => {
    const clock = new FakeClock({ now: AT });
    const home = await ScriptedServer.listen(clock);
    const bootstrap = await ScriptedServer.listen(clock, {
      onPublish: ({ topic }, connection) => {
        if (topic.endsWith('/bootstrap/up')) connection.send(topic.replace(/up$/, 'down'), { address: `127.0.0.1:${home.port}`, deviceSecret: 'another-secret' });
      },
    });
    await using directory = await temporaryDirectory();
    open.push(home, bootstrap);
    const auth = { bsMode: 1, serverInfoPath: path.join(directory.path, 'server_info.json') } as const;
    const device = make(bootstrap.port, clock, auth);
    expect(await device.connect()).toBe(0);
    home.last.destroy();
    await passing(clock, () => home.connections.length === 2 && device.device.isOnline, 'it is back');
    await device.destroy();
    expect(await make(bootstrap.port, clock, auth).connect()).toBe(0);
    expect([bootstrap.connections.length, home.connections.length]).toEqual([1, 3]);
  });

  it('P17: each service reports at its own pace', async () => {
    const { server, clock } = await serve();
    const device = make(server.port, clock);
    class Meter extends AbstractService {}
    const [fast, slow] = [new Meter(), new Meter()];
    device.addService('fast', fast);
    device.addService('slow', slow);
    const reports: string[] = [];
    device.getClient().reportProperties = (services) => void reports.push(...services.map(({ serviceId }) => serviceId));
    fast.enableAutoReport(1);
    slow.enableAutoReport(2);
    fast.disableAutoReport();
    clock.advance(2000);
    expect(reports).toEqual(['slow']);
    slow.disableAutoReport();
  });

  it('P19: what cannot be sent is told to the listener, once', async () => {
    const { server, clock } = await serve();
    const device = make(server.port, clock, { maxBufferMessage: 1 });
    await device.connect();
    server.last.destroy();
    await until(() => !device.device.isOnline, 'it is offline');
    const [first, second] = [hearing(), hearing()];
    device.getClient().reportDeviceMessage('first', first.listener);
    device.getClient().reportDeviceMessage('second', second.listener);
    await until(() => first.heard.length === 1, 'the one that had to make room');
    expect(first.heard).toEqual(['dropped']);
    await device.destroy();
    await until(() => second.heard.length === 1, 'the one that was never sent');
    expect(second.heard).toEqual(['closed']);
  });

  it('P22: the shadow of a sub-device is asked for in the own topic, and named in the body', async () => {
    const { server, clock } = await serve();
    const device = make(server.port, clock);
    await device.connect();
    device.getClient().getDeviceShadow('r1', 'light', 'prod1_sub');
    device.getClient().getDeviceShadow({ requestId: 'r2' });
    await until(() => server.bodies('/sys/shadow/get').length === 2, 'both arrive');
    expect(server.published.filter(({ topic }) => topic.includes('/shadow/')).map(({ topic, text }) => [topic, JSON.parse(text)])).toEqual([
      [`$oc/devices/${ID}/sys/shadow/get/request_id=r1`, { object_device_id: 'prod1_sub', service_id: 'light' }],
      [`$oc/devices/${ID}/sys/shadow/get/request_id=r2`, {}],
    ]);
  });
});
