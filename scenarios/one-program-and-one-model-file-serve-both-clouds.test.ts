import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Device, huawei, reply, tencent, toHuaweiProfile, toTencentTemplate, type Outcome, type ReportOf, type SetOf } from 'lianyun';
import { afterEach, describe, expect, it } from 'vitest';
import { desk } from '../examples/models/desk-model.ts';
import type { CloudName } from './support/clouds.ts';
import { ROOT, runScript } from './support/program.ts';
import { Rig } from './support/rig.ts';

const FOLDER = path.join(ROOT, 'examples/models');
const seed = await readFile(path.join(FOLDER, 'seed.json'), 'utf8');
const DESK = { ProductId: 'DESK000001', DeviceName: 'desk1' };
type Document = Record<string, any>;

/** What the platform has of the desk lamp, in the words of its cloud. */
async function stateOf(rig: Rig, cloud: CloudName): Promise<Document> {
  if (cloud === 'tencent') {
    const { body } = await rig.tencent('DescribeDeviceData', DESK);
    return Object.fromEntries(Object.entries(JSON.parse((body as Document)['Data'] as string) as Document).map(([name, { Value }]) => [name, Value as unknown]));
  }
  const { body } = await rig.huawei('GET', '/devices/desk_1/shadow');
  return Object.fromEntries(((body as Document)['shadow'] as Document[]).map((each) => [each['service_id'] as string, each['reported'].properties as unknown]));
}

function setThrough(rig: Rig, cloud: CloudName, values: object): Promise<unknown> {
  if (cloud === 'tencent') return rig.tencent('ControlDeviceData', { ...DESK, Data: JSON.stringify(values) });
  return rig.huawei('PUT', '/devices/desk_1/properties', { services: [{ service_id: 'light', properties: values }] });
}

/** The answer of `blink`: code, text and output. */
async function blink(rig: Rig, cloud: CloudName, times: number): Promise<Document> {
  if (cloud === 'tencent') {
    const { body } = await rig.tencent('CallDeviceActionSync', { ...DESK, ActionId: 'blink', InputParams: JSON.stringify({ times }) });
    return JSON.parse((body as Document)['OutputParams'] as string) as Document;
  }
  const { body } = await rig.huawei('POST', '/devices/desk_1/commands', { service_id: 'light', command_name: 'blink', paras: { times } });
  return (body as Document)['response'].paras as Document;
}

/** The desk lamp with its model. */
const deskOn = (cloud: CloudName, server: string) =>
  cloud === 'huawei'
    ? new Device({ dialect: huawei, server, model: desk, identity: { deviceId: 'desk_1', secret: 'only-an-example' } })
    : new Device({ dialect: tencent, server, model: desk, identity: { productId: 'DESK000001', deviceName: 'desk1', deviceSecret: 'b25seS1hbi1leGFtcGxlIQ==' } });

const CLOUDS = [
  {
    cloud: 'huawei' as const,
    first: { light: { on: true, brightness: 50, color: 'warm', scene: 'reading', lastUsed: '2025-11-24T16:00:00Z' }, meter: { energy: 9_007_199_254_740_991 } },
    second: { light: { on: false, brightness: 80, color: 'cold' } },
    wire: { on: false, brightness: 80, color: 'cold' },
  },
  {
    cloud: 'tencent' as const,
    first: { on: 1, brightness: 50, color: 0, scene: 'reading', lastUsed: 1_764_000_000, energy: 9_007_199_254_740_991 },
    second: { on: 0, brightness: 80, color: 1 },
    wire: { on: 0, brightness: 80, color: 1 },
  },
];

describe('The model file of examples/models', () => {
  it('is the model of both products of its seed', () => {
    const { huawei: h, tencent: t } = JSON.parse(seed) as Document;
    expect([h.products[0].service_capabilities, t.products[0].template]).toEqual([toHuaweiProfile(desk), toTencentTemplate(desk)]);
  });

  it('and its program are in the list of examples/README.md', async () => {
    const list = await readFile(path.join(ROOT, 'examples/README.md'), 'utf8');
    for (const file of (await readdir(FOLDER)).filter((name) => name.endsWith('.ts'))) expect(list).toContain(`](models/${file})`);
  });
});

describe.each(CLOUDS)('The program of examples/models on $cloud', ({ cloud, first, second, wire }) => {
  it('reports, is set, answers and tells events, and prints the same as on the other cloud', async () => {
    await using rig = await Rig.open({ seed });
    const told = new Promise<unknown>((resolve) => rig.platform.once('event', ({ event }) => resolve(event)));
    await using program = runScript(path.join(FOLDER, 'desk.ts'), [cloud], { env: { LIANYUN_SERVER: rig.server } });
    await program.line(/^reported$/);
    expect(await stateOf(rig, cloud)).toEqual(first);
    expect(await told).toMatchObject({ name: 'overheated', params: { celsius: 98.5 } });
    await setThrough(rig, cloud, wire);
    await program.line(/^set /);
    expect(await blink(rig, cloud, 3)).toEqual({ blinked: 3 });
    expect(await blink(rig, cloud, 6)).toEqual({ blinked: 0 });
    expect(await stateOf(rig, cloud)).toMatchObject(second);
    program.kill('SIGINT');
    expect([await program.end(), program.stderr.all]).toEqual([{ code: 0, signal: null }, []]);
    expect(program.stdout.all).toEqual(['reported', 'set {"on":false,"brightness":80,"color":"cold"}']);
    expect(rig.problems.all).toEqual([]);
  });
});

describe.each(CLOUDS)('A device with a model of both clouds on $cloud', ({ cloud, wire }) => {
  const open: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
  });

  async function start() {
    const rig = await Rig.open({ seed });
    open.push(rig);
    const device = deskOn(cloud, rig.server);
    open.push(device);
    const problems: unknown[] = [];
    device.on('problem', (problem) => problems.push(problem));
    await device.connect();
    return { rig, device, problems };
  }

  it('has every type as a program writes it, there and back', async () => {
    const { rig, device } = await start();
    const values = { on: true, brightness: 7, color: 'cold', scene: '', lastUsed: 1_764_000_000_123 } as const satisfies ReportOf<typeof desk>['values'];
    await device.properties.report([{ service: 'light', values }, { service: 'meter', values: { energy: '42' } }]).delivered;
    if (cloud === 'huawei') return expect(await stateOf(rig, cloud)).toEqual({ light: { ...values, lastUsed: '2025-11-24T16:00:00.123Z' }, meter: { energy: 42 } });
    expect(await stateOf(rig, cloud)).toEqual({ ...values, on: 1, color: 1, energy: 42 });
    // What the cloud keeps comes back as the program's.
    expect((await device.shadow.get()).services).toMatchObject([{ service: 'light', reported: values }, { service: 'meter', reported: { energy: 42n } }]);
  });

  it('takes what waited for it while it was away', async () => {
    const { rig, device } = await start();
    await device.close();
    if (cloud === 'huawei') await rig.huawei('PUT', '/devices/desk_1/shadow', { shadow: [{ service_id: 'light', desired: wire }] });
    else await setThrough(rig, cloud, wire);
    const again = deskOn(cloud, rig.server);
    open.push(again);
    const { promise: set, resolve } = Promise.withResolvers<readonly SetOf<typeof desk>[]>();
    again.properties.onSet(({ groups }) => resolve(groups));
    await again.connect();
    expect(await set).toEqual([{ service: 'light', values: { on: false, brightness: 80, color: 'cold' } }]);
  });

  it('is asked for a service by its name, whichever the cloud has', async () => {
    const { rig, device } = await start();
    device.commands.handle('blink', ({ service, args }) => ({ blinked: service === 'light' ? args.times : 0 }), { service: 'light' });
    expect(await blink(rig, cloud, 4)).toEqual({ blinked: 4 });
  });

  it('answers with what the model allows, or with the reason why not', async () => {
    const { rig, device, problems } = await start();
    const answers = [() => ({ blinked: 11 }), () => ({ blinked: 1, more: 2 }), () => reply({ code: 0, output: { blinked: true } }), () => ({ blinked: 2 })];
    device.commands.handle('blink', () => answers.shift()?.() ?? { blinked: 0 });
    const told: unknown[] = [];
    rig.platform.on('frame', ({ messages }) => told.push(...messages.flatMap((each) => (each.op === 'command.result' ? [each.message.body satisfies Outcome] : []))));
    for (let round = 0; round < 4; round++) await blink(rig, cloud, 1);
    const places = ['blinked', 'more', 'blinked'].map((name) => `commands.light.blink.output.${name}`);
    expect(told).toMatchObject([
      { code: -1, text: `${places[0]}: 11 was given; allowed: an integer from 0 to 10` },
      { code: -1, text: expect.stringContaining(`${places[1]}: the thing model has no parameter "more" here; allowed: blinked`) },
      { code: -1, text: `${places[2]}: true was given; allowed: an integer from 0 to 10` },
      { code: 0, output: { blinked: 2 } },
    ]);
    expect(problems).toMatchObject(places.map((place) => ({ code: 'model-violation', place: { path: place } })));
  });
});
