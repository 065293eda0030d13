// Each program of examples/ as a process of its own, against `lianyun up` with the seed beside them; what it does is looked at from the
// other side, through the vendors' own API clients.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { DeviceEvent } from 'lianyun';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CloudName } from './support/clouds.ts';
import { lianyun, ROOT, runScript, type Program } from './support/program.ts';
import { Rig } from './support/rig.ts';
import { huaweiClient, huaweiUpload, tencentClient, type HuaweiCall, type TencentCall } from './support/vendor-clients.ts';

const FOLDER = path.join(ROOT, 'examples');
const HUAWEI_LAMP = { path: { device_id: 'lamp_1' } };
const LAMP = { ProductId: 'LAMP000001', DeviceName: 'lamp1' };

/** A new version. */
const IMAGE = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 253));

/** The platform, and what calls it. */
interface Platform {
  readonly server: string;
  readonly api: string;
  readonly huawei: HuaweiCall;
  readonly tencent: TencentCall;
}

/** What an example does, seen from the platform. */
type Case = (start: (args?: readonly string[]) => Program, platform: Platform) => Promise<void>;

let folder: string;
let up: Program;
let platform: Platform;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lianyun-examples-'));
  up = lianyun(['up', '--mqtt', '0', '--http', '0', '--data', folder, '--seed', path.join(FOLDER, 'seed.json')]);
  const { mqtt, http } = JSON.parse(await up.line(/"ready":true/)) as { readonly mqtt: number; readonly http: number };
  platform = {
    server: `mqtt://127.0.0.1:${mqtt}`,
    api: `http://127.0.0.1:${http}`,
    huawei: huaweiClient(http, { ak: 'EXAMPLE', sk: 'only-an-example', projectId: 'example' }),
    tencent: tencentClient(http, { secretId: 'EXAMPLE', secretKey: 'only-an-example' }),
  };
});

afterAll(async () => {
  up.kill('SIGTERM');
  expect(await up.end()).toEqual({ code: 0, signal: null });
  await rm(folder, { recursive: true });
});

/** Ends a program as its user does, and expects that nothing went wrong in it. */
async function stop(program: Program): Promise<void> {
  program.kill('SIGINT');
  expect(await program.end()).toEqual({ code: 0, signal: null });
  expect(program.stderr.all).toEqual([]);
}

/** Waits for the end by itself, and gives what was printed. */
async function finished(program: Program): Promise<readonly string[]> {
  expect([await program.end(), program.stderr.all]).toEqual([{ code: 0, signal: null }, []]);
  return program.stdout.all;
}

/** Runs an example on a platform within this test, whose own events tell what no API shows. */
async function onRig(file: string, look: (rig: Rig, program: Program) => Promise<void>, before: (rig: Rig) => void = () => undefined): Promise<void> {
  await using rig = await Rig.open({ seed: await readFile(path.join(FOLDER, 'seed.json'), 'utf8') });
  before(rig);
  await using program = runScript(path.join(FOLDER, file), [], { env: { LIANYUN_SERVER: rig.server, LIANYUN_DIRECTORY: path.join(folder, file.replaceAll('/', '-')) } });
  await look(rig, program);
  expect(rig.problems.all).toEqual([]);
}

const dataOf = async (call: TencentCall, DeviceName = 'lamp1'): Promise<Record<string, unknown>> => {
  const { Data } = (await call('DescribeDeviceData', { ProductId: 'LAMP000001', DeviceName })) as { readonly Data: string };
  return Object.fromEntries(Object.entries(JSON.parse(Data) as Record<string, { readonly Value: unknown }>).map(([name, { Value }]) => [name, Value]));
};
const shadowOf = (call: HuaweiCall, device_id = 'lamp_1'): Promise<object> => call('GET', '/devices/{device_id}/shadow', { path: { device_id } });
const reported = (properties: object): object => ({ shadow: [{ service_id: 'light', reported: { properties } }] });

const CASES: Readonly<Record<CloudName, Readonly<Record<string, Case>>>> = {
  huawei: {
    async properties(start, { huawei }) {
      await using program = start();
      await program.line(/^reported/);
      expect(await shadowOf(huawei)).toMatchObject(reported({ on: 0, brightness: 50, celsius: 21.5 }));
      expect(await huawei('GET', '/devices/{device_id}/properties', { ...HUAWEI_LAMP, query: { service_id: 'light' } })).toMatchObject({ response: { services: [{ service_id: 'light', properties: { brightness: 50 }, event_time: expect.any(String) }] } });
      expect(await huawei('PUT', '/devices/{device_id}/properties', { ...HUAWEI_LAMP, body: { services: [{ service_id: 'light', properties: { brightness: 80 } }] } })).toMatchObject({ response: { result_code: 0, result_desc: 'success' } });
      expect(await shadowOf(huawei)).toMatchObject(reported({ on: 0, brightness: 80, celsius: 21.5 }));
      await stop(program);
      expect(program.stdout.all).toEqual(['reported {"on":0,"brightness":50,"celsius":21.5}', 'set {"on":0,"brightness":80,"celsius":21.5}']);
    },

    async commands(start, { huawei }) {
      await using program = start();
      await program.line(/^ready$/);
      const call = (command_name: string, paras: object): Promise<object> => huawei('POST', '/devices/{device_id}/commands', { ...HUAWEI_LAMP, body: { service_id: 'light', command_name, paras } });
      expect(await call('blink', { times: 3 })).toMatchObject({ response: { result_code: 0, paras: { blinked: 3 } } });
      expect(await call('blink', { times: 6 })).toMatchObject({ response: { result_code: 5, response_name: 'blinked', paras: { blinked: 0 } } });
      expect(program.stdout.all).toEqual(['ready', 'blink', 'blink', 'blink']);
      await stop(program);
    },

    events: () =>
      onRig('huawei/events.mjs', async (rig, program) => {
        const told = new Promise<DeviceEvent>((resolve) => rig.platform.once('event', ({ event }) => resolve(event)));
        expect(await finished(program)).toEqual(['stored', 'delivered']);
        expect(await told).toMatchObject({ service: 'light', name: 'overheated', params: { celsius: 98.5 }, at: expect.any(Number) });
        expect(rig.platform.events.list('huawei', 'lamp_1', { from: 0, to: Infinity, limit: 10 }).items).toHaveLength(1);
      }),

    messages: (start, { huawei }) =>
      onRig('huawei/messages.mjs', async (rig, echo) => {
        // What a device sends is told by the platform itself; what an application sends goes through the API.
        const sent: unknown[] = [];
        rig.platform.on('message', ({ message }) => sent.push(message));
        await echo.line(/^sent$/);
        expect(await rig.huawei('POST', '/devices/lamp_1/messages', { name: 'note', message: { text: '你好' } })).toMatchObject({ status: 201, body: { result: { status: 'DELIVERED' } } });
        expect(await echo.line(/^message/)).toBe('message note {"text":"你好"}');
        expect(await rig.huawei('POST', '/devices/lamp_1/messages', { message: 'AQID', payload_format: 'raw', encoding: 'base64' })).toMatchObject({ status: 201 });
        expect(await echo.line(/^bytes/)).toBe('bytes 010203');
        await stop(echo);
        expect(sent).toMatchObject([{ name: 'hello', content: { from: 'lamp_1' } }, { name: 'echo', content: { text: '你好' } }, { bytes: new Uint8Array([1, 2, 3]) }]);

        await using waiting = start();
        await waiting.line(/^sent$/);
        expect(await huawei('POST', '/devices/{device_id}/messages', { ...HUAWEI_LAMP, body: { message_id: 'm1', message: 'hello' } })).toMatchObject({ result: { status: 'DELIVERED' } });
        await waiting.line(/^message undefined "hello"$/);
        await stop(waiting);
      }),

    async shadow(start, { huawei }) {
      await using program = start();
      expect(await finished(program)).toMatchObject([expect.stringMatching(/^light version \d+ reported \{.*"brightness":70.*\} desired \{\}$/)]);
      expect(await shadowOf(huawei)).toMatchObject(reported({ on: 1, brightness: 70 }));
    },

    async time(start) {
      await using program = start();
      const [line = ''] = await finished(program);
      expect(Math.abs(Number(/^offset (-?\d+) ms/.exec(line)?.[1]))).toBeLessThan(2000);
    },

    files: (start) =>
      onRig('huawei/files.mjs', async (rig, program) => {
        const { size } = await stat(path.join(FOLDER, 'huawei/files.mjs'));
        const lines = await finished(program);
        expect([lines[0], lines.at(-2), lines.at(-1)]).toEqual([`uploaded lamp.mjs ${size}`, `has ${size} of ${size}`, 'downloaded the same']);
        expect(rig.platform.files.list('lamp_1', { limit: 5 })).toMatchObject({ total: 2, items: [{ direction: 'download', object: 'lamp.mjs', result: { code: 0 } }, { direction: 'upload', result: { code: 0 }, stored: { bytes: size } }] });
        await using other = start();
        expect(await finished(other)).toEqual(lines);
      }),

    async info(start, { huawei }) {
      await using program = start();
      expect(await finished(program)).toEqual(['delivered']);
      expect(await huawei('GET', '/devices/{device_id}', HUAWEI_LAMP)).toMatchObject({ fw_version: '1.4.2', sw_version: '2.0.0', device_sdk_version: expect.stringContaining('Lianyun') });
    },

    async topics(start, { huawei }) {
      await using program = start();
      await program.line(/^published$/);
      expect(await program.line(/^lamps\//)).toBe('lamps/lamp_1/state {"on":1}');
      expect(await huawei('POST', '/devices/{device_id}/messages', { ...HUAWEI_LAMP, body: { message: 'hi', payload_format: 'raw', topic: 'a/b' } })).toMatchObject({ result: { status: 'DELIVERED' } });
      expect(await program.line(/user/)).toBe('$oc/devices/lamp_1/user/a/b hi');
      await stop(program);
    },

    async gateway(start, { huawei }) {
      await using program = start();
      expect(await program.line(/^sub-devices/)).toBe('sub-devices: lamp_a lamp_b');
      expect(await huawei('GET', '/devices', { query: { gateway_id: 'hub_1' } })).toMatchObject({ devices: [{ device_id: 'lamp_b', status: 'ONLINE', node_type: 'ENDPOINT' }, { device_id: 'lamp_a', device_name: 'Hall', status: 'ONLINE' }] });
      expect(await shadowOf(huawei, 'lamp_b')).toMatchObject(reported({ on: 1 }));
      expect(await huawei('POST', '/devices/{device_id}/commands', { path: { device_id: 'lamp_a' }, body: { service_id: 'light', command_name: 'blink', paras: { times: 2 } } })).toMatchObject({ response: { result_code: 0, paras: { blinked: 2 } } });
      await huawei('PUT', '/devices/{device_id}/properties', { path: { device_id: 'lamp_b' }, body: { services: [{ service_id: 'light', properties: { on: 0 } }] } });
      expect(await shadowOf(huawei, 'lamp_b')).toMatchObject(reported({ on: 0 }));
      await huawei('POST', '/devices', { body: { node_id: 'c', product_id: 'lamp', gateway_id: 'hub_1' } });
      await program.line(/^added lamp_c$/);
      await stop(program);
    },

    async ota(start, { huawei, api }) {
      await huaweiUpload(Number(new URL(api).port), 'fw/lamp/2.0.0.bin', IMAGE, { ak: 'EXAMPLE', sk: 'only-an-example' });
      await using program = start();
      await program.line(/^runs 1\.0\.0$/);
      expect(await huawei('GET', '/devices/{device_id}', HUAWEI_LAMP)).toMatchObject({ fw_version: '1.0.0' });
      const obs_location = { region_name: 'here', bucket_name: 'fw', object_key: 'lamp/2.0.0.bin' };
      const { package_id } = (await huawei('POST', '/ota-upgrades/packages', { body: { app_id: 'default', package_type: 'firmwarePackage', product_id: 'lamp', version: '2.0.0', file_location: { obs_location } } })) as { readonly package_id: string };
      const { task_id } = (await huawei('POST', '/batchtasks', { body: { app_id: 'default', task_name: 'example', task_type: 'firmwareUpgrade', targets: ['lamp_1'], document: { package_id } } })) as { readonly task_id: string };
      await program.line(/^runs 2\.0\.0$/);
      expect(await huawei('GET', '/batchtasks/{task_id}', { path: { task_id } })).toMatchObject({ batchtask: { status: 'Success' } });
      await stop(program);
      expect(program.stdout.all).toEqual(['runs 1.0.0', `offered firmware 2.0.0, ${IMAGE.length} bytes`, expect.stringMatching(/^downloaded .*firmware-2\.0\.0$/), 'runs 2.0.0']);
      expect((await readFile(path.join(folder, 'upgrades/firmware-2.0.0'))).equals(IMAGE)).toBe(true);
    },

    logs: () =>
      onRig('huawei/logs.mjs', async (rig, program) => {
        await program.line(/^sent$/);
        expect(rig.platform.logs.list({ cloud: 'huawei', device: 'lamp_1', limit: 9 }).items.map(({ content }) => content)).toEqual(['the lamp is warm', expect.stringMatching(/^connect complete/)]);
        rig.platform.logs.configure('huawei', 'lamp_1', { on: false });
        await program.line(/^logs off$/);
        await stop(program);
      }),

    'remote-config': () =>
      onRig('huawei/remote-config.mjs', async (rig, program) => {
        const { configurations } = rig.platform.huawei;
        await program.line(/^ready$/);
        // An answer does not say which configuration it is for: the first one's has to be there before the second is given.
        for (const content of [{ interval: 60 }, 'soon']) {
          configurations.update('lamp_1', content);
          while (configurations.get('lamp_1')?.status === 'pending') await new Promise((resolve) => void setImmediate(resolve));
        }
        expect(configurations.get('lamp_1')).toMatchObject({ status: 'refused', code: 1, text: 'interval is no number' });
        await stop(program);
        expect(program.stdout.all).toEqual(['ready', 'configuration {"interval":60}']);
      }),

    async rules(start, { huawei }) {
      await using program = start();
      await program.line(/^ready$/);
      const condition = { type: 'DEVICE_DATA', device_property_condition: { device_id: 'lamp_1', filters: [{ path: 'light/brightness', operator: '>', value: '80' }] } };
      const action = { type: 'DEVICE_CMD', device_command: { device_id: 'lamp_1', cmd: { service_id: 'light', command_name: 'blink', command_body: { times: 2 } } } };
      const { rule_id } = (await huawei('POST', '/rules', { body: { name: 'too bright', rule_type: 'DEVICE_SIDE', status: 'active', condition_group: { logic: 'and', conditions: [condition] }, actions: [action], device_side: { device_ids: ['lamp_1'] } } })) as { readonly rule_id: string };
      await program.line(/^blink 2$/);
      await huawei('DELETE', '/rules/{rule_id}', { path: { rule_id } });
      await stop(program);
    },

    async application(start, { server }) {
      await using lamp = runScript(path.join(FOLDER, 'huawei/properties.mjs'), [], { env: { LIANYUN_SERVER: server } });
      await lamp.line(/^reported/);
      const ask = async (...args: string[]): Promise<unknown> => {
        await using program = start(args);
        return JSON.parse((await finished(program)).join('\n'));
      };
      expect(await ask('set', 'brightness', '33')).toMatchObject({ response: { result_code: 0 } });
      expect(await ask('get')).toMatchObject({ response: { services: [{ properties: { brightness: 33 } }] } });
      expect(await ask('shadow')).toMatchObject(reported({ brightness: 33 }));
      expect(await ask('devices')).toMatchObject({ devices: expect.arrayContaining([expect.objectContaining({ device_id: 'lamp_1', status: 'ONLINE' })]) });
      expect(await ask('message', 'hello', 'there')).toMatchObject({ result: { status: 'DELIVERED' } });
      expect(await ask('blink', '3')).toMatchObject({ response: { result_code: -1 } });
      lamp.kill('SIGINT');
      await lamp.end();
    },
  },

  tencent: {
    async properties(start, { tencent }) {
      // What is wanted of an offline device waits for it.
      expect(await tencent('ControlDeviceData', { ...LAMP, Data: '{"on":1}' })).toMatchObject({ Result: '{"Sent":0,"pushResult":23101}' });
      await using program = start();
      await program.line(/^set \{"on":1/);
      // It takes the place of what waited, whether the lamp has told by then that it applied that.
      expect(await tencent('ControlDeviceData', { ...LAMP, Data: '{"on":1,"brightness":80}' })).toMatchObject({ Result: '{"Sent":1,"pushResult":0}' });
      await program.line(/^set .*"brightness":80/);
      await stop(program);
      expect(await dataOf(tencent)).toEqual({ on: 1, brightness: 80, celsius: 21.5 });
      expect(await tencent('DescribeDeviceDataHistory', { ...LAMP, FieldName: 'brightness', MinTime: 0, MaxTime: Date.now() + 60_000, Limit: 1 })).toMatchObject({ Results: [{ Value: '80' }] });
    },

    async commands(start, { tencent }) {
      await using program = start();
      await program.line(/^ready$/);
      const call = (times: number): Promise<object> => tencent('CallDeviceActionSync', { ...LAMP, ActionId: 'blink', InputParams: JSON.stringify({ times }) });
      expect(await call(3)).toMatchObject({ OutputParams: '{"blinked":3}' });
      expect(await call(6)).toMatchObject({ OutputParams: '{"blinked":0}', Status: 'too often' });
      expect(program.stdout.all).toEqual(['ready', 'blink', 'blink', 'blink']);
      await stop(program);
    },

    async events(start, { tencent }) {
      await using program = start();
      expect(await finished(program)).toEqual(['stored', 'delivered']);
      const event = (celsius: number): object => ({ ...LAMP, EventId: 'overheated', Type: 'alert', Data: JSON.stringify({ celsius }) });
      expect(await tencent('ListEventHistory', LAMP)).toMatchObject({ Total: 3, EventHistory: [event(91), event(90), event(98.5)] });
    },

    messages: (start, { tencent }) =>
      onRig('tencent/messages.mjs', async (rig, echo) => {
        const sent: unknown[] = [];
        rig.platform.on('message', ({ message }) => sent.push(message));
        await echo.line(/^sent$/);
        await rig.tencent('PublishMessage', { ...LAMP, Topic: '$thing/down/raw/LAMP000001/lamp1', Payload: 'Cgs=', PayloadEncoding: 'base64' });
        await echo.line(/^bytes 0a0b$/);
        await stop(echo);
        expect(sent).toMatchObject([{ bytes: new Uint8Array([1, 2, 3]) }, { bytes: new Uint8Array([10, 11]) }]);

        await using waiting = start();
        await waiting.line(/^sent$/);
        await tencent('PublishMessage', { ...LAMP, Topic: '$thing/down/raw/LAMP000001/lamp1', Payload: 'hello' });
        await waiting.line(/^bytes 68656c6c6f$/);
        await stop(waiting);
      }),

    async shadow(start, { tencent }) {
      // A program that ran before may have been stopped before it took back what was wanted of it.
      await using before = start();
      await finished(before);
      await tencent('ControlDeviceData', { ...LAMP, Data: '{"brightness":5}' });
      await using first = start();
      expect(await finished(first)).toEqual([expect.stringMatching(/^reported \{.*"brightness":70.*\} desired \{"brightness":5\}$/), 'cleared']);
      expect(await dataOf(tencent)).toMatchObject({ on: 1, brightness: 5 });
      await using second = start();
      expect(await finished(second)).toEqual([expect.stringMatching(/desired \{\}$/)]);
    },

    async time(start) {
      await using program = start();
      const [line = ''] = await finished(program);
      expect(Math.abs(Number(/^offset (-?\d+) ms/.exec(line)?.[1]))).toBeLessThan(2000);
    },

    async info(start, { tencent }) {
      await using program = start();
      expect(await finished(program)).toEqual(['delivered']);
      expect(await tencent('DescribeDevice', LAMP)).toMatchObject({ Device: { Version: '1.4.2' } });
    },

    async topics(start, { tencent }) {
      await using program = start();
      await program.line(/^published$/);
      expect(await program.line(/data/)).toBe('LAMP000001/lamp1/data {"on":1}');
      await tencent('PublishMessage', { ...LAMP, Topic: 'LAMP000001/lamp1/control', Payload: 'hi' });
      expect(await program.line(/control/)).toBe('LAMP000001/lamp1/control hi');
      await stop(program);
    },

    async gateway(start, { tencent }) {
      await using program = start();
      expect(await program.line(/^sub-devices/)).toBe('sub-devices: LAMP000001/lamp2');
      const hub = { GatewayProductId: 'HUB0000001', GatewayDeviceName: 'hub1' };
      expect(await tencent('DescribeGatewayBindDevices', { ...hub, ProductId: 'LAMP000001', Offset: 0, Limit: 10 })).toMatchObject({ Total: 1, Devices: [{ DeviceName: 'lamp2' }] });
      expect(await dataOf(tencent, 'lamp2')).toEqual({ on: 1 });
      const lamp = { ...LAMP, DeviceName: 'lamp2' };
      expect(await tencent('CallDeviceActionSync', { ...lamp, ActionId: 'blink', InputParams: '{"times":2}' })).toMatchObject({ OutputParams: '{"blinked":2}' });
      await tencent('UnbindDevices', { ...hub, ProductId: 'LAMP000001', DeviceNames: ['lamp2'] });
      await program.line(/^removed LAMP000001\/lamp2$/);
      await stop(program);
    },

    ota: () =>
      onRig('tencent/ota.mjs', async (rig, program) => {
        await program.line(/^runs 1\.0\.0$/);
        const { id: packageId } = await rig.platform.upgrades.packages.add({ cloud: 'tencent', productId: 'LAMP000001', kind: 'firmware', version: '2.0.0', source: { bytes: [IMAGE], fileName: 'lamp.bin' } });
        rig.platform.upgrades.create({ cloud: 'tencent', packageId, devices: ['LAMP000001/lamp1'] });
        await program.line(/^runs 2\.0\.0$/);
        await stop(program);
        expect(program.stdout.all).toEqual(['runs 1.0.0', `offered firmware 2.0.0, ${IMAGE.length} bytes`, expect.stringMatching(/^downloaded .*firmware-2\.0\.0$/), 'runs 2.0.0']);
        expect(await rig.tencent('DescribeDevice', LAMP)).toMatchObject({ body: { Device: { Version: '2.0.0' } } });
      }),

    logs: () =>
      onRig('tencent/logs.mjs', async (rig, program) => {
        await program.line(/^level 0$/);
        rig.platform.logs.configure('tencent', 'LAMP000001/lamp1', { on: true, level: 3 });
        await program.line(/^level is now 3$/);
        await stop(program);
      }),

    async 'remote-config'() {
      const changed = async (rig: Rig, program: Program): Promise<readonly string[]> => {
        await program.line(/^(configuration|none)/);
        rig.platform.tencent.remoteConfigs.set('LAMP000001', { interval: 2 });
        await rig.platform.tencent.remoteConfigs.push('LAMP000001');
        await program.line(/^changed/);
        await stop(program);
        return program.stdout.all;
      };
      await onRig('tencent/remote-config.mjs', async (rig, program) => {
        expect(await changed(rig, program)).toEqual(['configuration {"interval":1}', 'changed {"interval":2}']);
      }, (rig) => rig.platform.tencent.remoteConfigs.set('LAMP000001', { interval: 1 }));
      // As the seed leaves it.
      await onRig('tencent/remote-config.mjs', async (rig, program) => {
        expect(await changed(rig, program)).toEqual([expect.stringMatching(/^none: The cloud has no configuration .*switched off/), 'changed {"interval":2}']);
      });
    },

    async rpc(start, { tencent }) {
      await using program = start();
      await program.line(/^ready$/);
      expect(await tencent('CallDeviceRRPCSync', { ...LAMP, Payload: Buffer.from('how warm').toString('base64'), Encoding: 'base64' })).toMatchObject({ Status: 'Replied', PayloadBase64: Buffer.from('HOW WARM').toString('base64') });
      expect(await tencent('PublishRRPCMessage', { ...LAMP, Payload: 'and now' })).toMatchObject({ PayloadBase64: Buffer.from('AND NOW').toString('base64') });
      await stop(program);
      expect(program.stdout.all).toEqual(['ready', 'called how warm', 'called and now']);
    },

    binding: () =>
      onRig('tencent/binding.mjs', async (rig, program) => {
        await program.line(/^ready$/);
        for (const isBound of [true, false]) await rig.platform.tencent.bindings.notify('LAMP000001/lamp1', isBound);
        await program.line(/^let go of$/);
        await stop(program);
        expect(program.stdout.all).toEqual(['ready', 'bound', 'let go of']);
      }),

    resources: () =>
      onRig('tencent/resources.mjs', async (rig, program) => {
        const { size } = await stat(path.join(FOLDER, 'tencent/resources.mjs'));
        expect(await program.line(/^uploaded/)).toBe(`uploaded resources.mjs ${size}`);
        await rig.platform.tencent.resources.offer('LAMP000001/lamp1', 'song.bin', [IMAGE]);
        const [, file = ''] = /^downloaded (.*)$/.exec(await program.line(/^downloaded/)) ?? [];
        expect((await readFile(file)).equals(IMAGE)).toBe(true);
        await stop(program);
      }),

    'versioned-resources': () =>
      onRig('tencent/versioned-resources.mjs', async (rig, program) => {
        const { resources } = rig.platform.tencent;
        const ref = 'LAMP000001/lamp1';
        const { size } = await stat(path.join(FOLDER, 'tencent/versioned-resources.mjs'));
        expect(await program.line(/^uploaded/)).toBe(`uploaded versioned-resources.mjs 1.0.0 ${size}`);
        await resources.offer(ref, 'song.bin', [IMAGE], { version: '2' });
        const [, file = ''] = /^updated song\.bin 2 (.*)$/.exec(await program.line(/^updated/)) ?? [];
        expect((await readFile(file)).equals(IMAGE)).toBe(true);
        resources.remove(ref, 'song.bin');
        await program.line(/^removed song\.bin$/);
        await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
        await stop(program);
      }),

    async application(start, { server }) {
      await using lamp = runScript(path.join(FOLDER, 'tencent/properties.mjs'), [], { env: { LIANYUN_SERVER: server } });
      await lamp.line(/^reported/);
      const ask = async (...args: string[]): Promise<unknown> => {
        await using program = start(args);
        return JSON.parse((await finished(program)).join('\n'));
      };
      expect(await ask('set', 'brightness', '33')).toMatchObject({ Result: '{"Sent":1,"pushResult":0}' });
      await lamp.line(/^set .*"brightness":33/);
      expect(await ask('devices')).toMatchObject({ Devices: expect.arrayContaining([expect.objectContaining({ DeviceName: 'lamp1', Status: 1 })]) });
      expect(await ask('history', 'celsius')).toMatchObject({ FieldName: 'celsius', Results: expect.arrayContaining([expect.objectContaining({ Value: '21.5' })]) });
      expect(await ask('data')).toMatchObject({ Data: expect.stringContaining('celsius') });
      expect(await ask('events')).toMatchObject({ EventHistory: expect.any(Array) });
      lamp.kill('SIGINT');
      await lamp.end();
    },
  },
};

describe.each(Object.keys(CASES) as readonly CloudName[])('examples/%s', (cloud) => {
  it.each(Object.entries(CASES[cloud]))('%s.mjs runs, and the platform sees what it does', async (name, look) => {
    const start = (args: readonly string[] = []): Program => runScript(path.join(FOLDER, cloud, `${name}.mjs`), args, { env: { LIANYUN_SERVER: platform.server, LIANYUN_API: platform.api, LIANYUN_DIRECTORY: path.join(folder, 'upgrades') } });
    await look(start, platform);
  });

  it('has no program that is not run here, or not in the list of examples/README.md', async () => {
    // Those in the words of the vendor's own SDK are run by every-example-of-the-tencent-face-runs.test.ts.
    const programs = (await readdir(path.join(FOLDER, cloud))).filter((name) => !name.startsWith('vendor-')).sort();
    expect(Object.keys(CASES[cloud]).map((name) => `${name}.mjs`).sort()).toEqual(programs);
    const list = await readFile(path.join(FOLDER, 'README.md'), 'utf8');
    for (const program of programs) expect(list).toContain(`](${cloud}/${program})`);
  });
});
