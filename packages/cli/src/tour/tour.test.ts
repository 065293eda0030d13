import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadAccessKeys, Platform, type AccessKey } from '@lianyun/platform';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Checklist, StepFailed } from './checklist.ts';
import { NorthClient } from '../north-client.ts';
import { Maker } from './ota-steps.ts';
import { runTour, type Toured } from './tour.ts';

let folder: string;
let platform: Platform;
let keys: { readonly huawei: AccessKey; readonly tencent: AccessKey };
let checklist: Checklist;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lianyun-tour-test-'));
  const all = loadAccessKeys(folder);
  const [huawei, tencent] = [all.huawei[0], all.tencent[0]];
  if (huawei === undefined || tencent === undefined) throw new Error('no keys');
  keys = { huawei, tencent };
  platform = new Platform({ keys: all, projectId: 'p1' });
  checklist = new Checklist(() => undefined);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await platform.close();
  await rm(folder, { recursive: true, force: true });
});

async function run(signing = keys): Promise<Toured> {
  const { mqtt, http } = await platform.listen({ host: '127.0.0.1', mqtt: 0, http: 0 });
  const north = new NorthClient({ url: `http://127.0.0.1:${http}`, projectId: 'p1', keys: signing });
  return runTour({ platform, north, server: `mqtt://127.0.0.1:${mqtt}`, directory: folder, write: () => undefined }, checklist);
}

/** Every step before it passed, and it is the last one that was run. */
function expectFailedAt(name: string): void {
  expect(checklist.results.at(-1)).toMatchObject({ name, isOk: false });
  expect(checklist.results.slice(0, -1).every(({ isOk }) => isOk)).toBe(true);
  expect(checklist.summary().split('\n').at(-1)).toMatch(new RegExp(`^FAILED  ${name}`));
}

describe('the tour', () => {
  it('passes on a platform that works, and leaves two things that are online', async () => {
    const { things, own } = await run();
    expect(checklist.results.every(({ isOk }) => isOk)).toBe(true);
    expect(checklist.summary().split('\n')).toHaveLength(checklist.results.length);
    expect(platform.access.connections).toBe(2);
    // What it tells a visitor is registered, and nobody has signed in with it yet.
    expect(platform.registry.device('huawei', own.huawei.deviceId)).toMatchObject({ secret: own.huawei.secret });
    expect(platform.registry.device('tencent', `${own.tencent.productId}/${own.tencent.deviceName}`)).toMatchObject({ secret: own.tencent.deviceSecret });
    await Promise.all(things.map((thing) => thing.close()));
  });

  it('names the first step when the keys are not those of the platform', async () => {
    const failing = run({ ...keys, huawei: { ...keys.huawei, secret: 'another' } });
    await expect(failing).rejects.toThrow(StepFailed);
    await expect(failing).rejects.toThrow(/^The step "Huawei: create product and device" failed: CreateProduct did not answer 201.*APIGW\.0301/);
    expectFailedAt('Huawei: create product and device');
  });

  it('names the second step when only the Tencent keys are wrong', async () => {
    await expect(run({ ...keys, tencent: { ...keys.tencent, secret: 'another' } })).rejects.toThrow(/AuthFailure\.SignatureFailure/);
    expectFailedAt('Tencent: create product, model and device');
  });

  it('names the sign-in when the registry keeps another secret than it was given', async () => {
    const { registry } = platform;
    const create = registry.createDevice.bind(registry);
    vi.spyOn(registry, 'createDevice').mockImplementation((draft) => create(draft.cloud === 'huawei' ? { ...draft, secret: 'a-different-one' } : draft));
    await expect(run()).rejects.toThrow(/CONNACK 4/);
    expectFailedAt('Sign in on both clouds');
  });

  it('names the report when what the device says does not reach the twin, and closes what it had connected', async () => {
    vi.spyOn(platform.twins, 'report').mockImplementation(() => false);
    const offline: string[] = [];
    platform.on('offline', ({ device, reason }) => offline.push(`${device} ${reason}`));
    await expect(run()).rejects.toThrow(/the shadow does not hold what was reported/);
    expectFailedAt('Huawei: report this machine, read the shadow');
    await vi.waitFor(() => expect(offline.filter((each) => each.endsWith('client-disconnect'))).toHaveLength(2));
  });

  it('names the event when the platform does not keep it', async () => {
    vi.spyOn(platform.events, 'list').mockImplementation(() => ({ items: [], total: 0, isLast: true }));
    await expect(run()).rejects.toThrow(/the event was not kept/);
    expectFailedAt('Huawei: event "busy"');
  });

  it('names the sub-device when what it reports does not reach its twin', async () => {
    const { twins } = platform;
    const report = twins.report.bind(twins);
    vi.spyOn(twins, 'report').mockImplementation((cloud, device, groups, at) => (device.endsWith('_tour') ? false : report(cloud, device, groups, at)));
    await expect(run()).rejects.toThrow(/the shadow does not hold what the sub-device reported/);
    expectFailedAt('Huawei: this program as a sub-device');
  });

  it('names the file when the platform has another one than was sent', async () => {
    vi.spyOn(platform.files, 'list').mockImplementation(() => ({ items: [], total: 0 }));
    await expect(run()).rejects.toThrow(/the cloud does not have the file that was sent/);
    expectFailedAt('Huawei: a file goes up and comes back');
  });

  it('names the upgrade when what is offered is not signed by the maker of the sampler', async () => {
    vi.spyOn(Maker.prototype, 'signatureOf').mockReturnValue(Buffer.alloc(64).toString('base64'));
    await expect(run()).rejects.toThrow(/the upgrade did not end as succeeded.*not signed/);
    expectFailedAt('Huawei: a new version of the sampler takes over');
  });

  it('shows no secret in its summary', async () => {
    const { things } = await run();
    await Promise.all(things.map((thing) => thing.close()));
    for (const { secret } of [...Object.values(keys), ...platform.registry.listDevices({ cloud: 'huawei', limit: 50 }).items]) expect(checklist.summary()).not.toContain(secret);
  });
});
