import { describe, expect, it } from 'vitest';
import { Folder } from '../storage/storage.fixtures.ts';
import type { Cloud } from '../access/port.ts';
import type { UpgradeTask } from './upgrade-records.ts';
import { PRODUCTS, UpgradeRig, type EndDevice } from './upgrades.fixtures.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const taskOf = (rig: UpgradeRig, { cloud, id }: UpgradeTask): UpgradeTask => rig.upgrades.book.task(cloud, id);
const upgradeOf = (rig: UpgradeRig, task: UpgradeTask, device: string) => rig.upgrades.book.upgrades.get({ cloud: task.cloud, task: task.id, device });

/** A Huawei device that tells its version when it is asked. */
const tells = (device: string, version: () => string) => (end: EndDevice): void => {
  end.onQuery = () => end.tell('ota.version', { device, body: { firmware: version(), software: version() } });
};
const says = (end: EndDevice, device: string, body: { code?: number; percent?: number; version: string; text?: string; state?: 'downloading' | 'burning' | 'done' | 'fail' }) =>
  end.tell('ota.progress', { device, body: { code: 0, ...body } });

describe('the upgrade of a Huawei device', () => {
  it('asks for the version, offers the package, follows the progress and ends with the new version', async () => {
    await using rig = new UpgradeRig();
    const device = rig.device('huawei', 1);
    const packageId = await rig.pack('huawei', '2.0', { info: 'read me' });
    const end = rig.connect('huawei', device, tells(device, () => '1.0'));
    const task = rig.upgrades.create({ cloud: 'huawei', packageId, devices: [device], info: { a: [1] } });
    expect(end.heard[0]?.message.body).toEqual({ taskId: task.id, taskInfo: { a: [1] } });
    expect(end.ops).toEqual(['ota.query', 'ota.offer']);
    const { sha256, bytes } = rig.objects.list('packages', { limit: 1 }).items[0] ?? {};
    expect(end.offer).toEqual({
      kind: 'firmware', version: '2.0', bytes, digest: { algorithm: 'sha256', hex: sha256 }, fileName: 'fw.bin', info: 'read me', expiresSeconds: 86_400, taskId: task.id, taskInfo: { a: [1] },
      url: expect.stringMatching(/^http:\/\/10\.0\.0\.1:0\/iodm\/dev\/v2\.0\/upgradefile\/applications\/default\/devices\/prod1_d1\/packages\/[0-9a-f]{24}$/), token: expect.stringMatching(/^[0-9a-f]{74}$/),
    });
    says(end, device, { percent: 40, version: '1.0' });
    expect(upgradeOf(rig, task, device)).toMatchObject({ stage: 'downloading', percent: 40, from: '1.0', to: '2.0' });
    // Complete, but not the new version yet: no success (7.1).
    says(end, device, { percent: 100, version: '1.0' });
    expect(upgradeOf(rig, task, device)).toMatchObject({ stage: 'downloaded', status: 'processing', percent: 100 });
    says(end, device, { percent: 100, version: '2.0', text: 'done' });
    expect(upgradeOf(rig, task, device)).toMatchObject({ stage: 'succeeded', isOpen: false, text: 'done' });
    expect(upgradeOf(rig, task, device)).not.toHaveProperty('dueAt');
    expect(rig.stages(device)).toEqual(['waiting', 'asked', 'offered', 'downloading', 'downloaded', 'succeeded']);
    expect(rig.registry.device('huawei', device).info).toMatchObject({ firmware: '2.0', software: '1.0' });
    expect(taskOf(rig, task)).toMatchObject({ status: 'succeeded', counts: { succeeded: 1, processing: 0, waiting: 0 }, endedAt: rig.clock.now() });
    expect(rig.problems).toEqual([]);
  });

  it('of a package in object storage comes with a signed URL and without a token; size and digest only when they are known', async () => {
    await using rig = new UpgradeRig();
    const device = rig.device('huawei', 1);
    const end = rig.connect('huawei', device, tells(device, () => '1'));
    const source = { place: { bucket: 'fw', key: 'dir/image 1.bin' } };
    const unknown = await rig.pack('huawei', '2', { kind: 'software', source });
    rig.upgrades.create({ cloud: 'huawei', packageId: unknown, devices: [device] });
    expect(end.offer).toEqual({ kind: 'software', version: '2', url: expect.stringMatching(/^http:\/\/10\.0\.0\.1:0\/objects\/fw\/dir\/image%201\.bin\?Expires=\d+&Signature=/), fileName: 'image 1.bin', expiresSeconds: 86_400, taskId: expect.any(String) });
    const object = await rig.objects.put(source.place, [Buffer.from('x')]);
    await expect(rig.pack('huawei', '3', { source, sha256: 'ab'.repeat(32) })).rejects.toMatchObject({ code: 'bad-input' });
    const known = await rig.pack('huawei', '3', { source, sha256: object.sha256.toUpperCase() });
    rig.upgrades.create({ cloud: 'huawei', packageId: known, devices: [device] });
    expect(end.offer).toMatchObject({ kind: 'firmware', bytes: 1, digest: { hex: object.sha256 } });
    expect(end.offer).not.toHaveProperty('token');
    const kept = await rig.pack('huawei', '4', { source, delivery: 'token' });
    says(end, device, { version: '3' });
    rig.upgrades.create({ cloud: 'huawei', packageId: kept, devices: [device] });
    expect(end.offer).toMatchObject({ version: '4', token: expect.any(String), bytes: 1 });
  });

  it('succeeds at once when the version is there, and fails when the package does not lead on from it', async () => {
    await using rig = new UpgradeRig();
    const [one, two, three] = [1, 2, 3].map((n) => rig.device('huawei', n)) as [string, string, string];
    const packageId = await rig.pack('huawei', '2.0', { sourceVersions: ['1.0', '1.1'] });
    const ends = [[one, '2.0'], [two, '0.9'], [three, '1.1']].map(([device = '', version = '']) => rig.connect('huawei', device, tells(device, () => version)));
    const task = rig.upgrades.create({ cloud: 'huawei', packageId, devices: [one, two, three] });
    expect([one, two, three].map((device) => upgradeOf(rig, task, device)?.stage)).toEqual(['succeeded', 'failed', 'offered']);
    expect(upgradeOf(rig, task, two)?.text).toContain('0.9');
    expect(ends.map((end) => end.ops.length)).toEqual([1, 1, 2]);
    expect(taskOf(rig, task)).toMatchObject({ status: 'running', counts: { succeeded: 1, failed: 1, processing: 1 } });
    says(ends[2] as EndDevice, three, { code: 7, version: '1.1', text: 'digest differs' });
    expect(upgradeOf(rig, task, three)).toMatchObject({ stage: 'failed', code: 7, text: 'digest differs' });
    expect(taskOf(rig, task)).toMatchObject({ status: 'partial' });
  });

  it('looks at the version of its kind', async () => {
    await using rig = new UpgradeRig();
    const device = rig.device('huawei', 1);
    const end = rig.connect('huawei', device, (made) => (made.onQuery = () => made.tell('ota.version', { device, body: { firmware: '2.0', software: '1.0' } })));
    const software = rig.upgrades.create({ cloud: 'huawei', packageId: await rig.pack('huawei', '2.0', { kind: 'software' }), devices: [device] });
    expect(upgradeOf(rig, software, device)?.stage).toBe('offered');
    const firmware = rig.upgrades.create({ cloud: 'huawei', packageId: await rig.pack('huawei', '2.0'), devices: [device] });
    expect(upgradeOf(rig, firmware, device)?.stage).toBe('succeeded');
    // After a reboot it tells by itself.
    end.tell('ota.version', { device, body: { software: '2.0' } });
    expect(upgradeOf(rig, software, device)?.stage).toBe('succeeded');
    expect(rig.registry.device('huawei', device).info).toMatchObject({ firmware: '2.0', software: '2.0' });
  });

  it('waits 25 hours for a device, three minutes for its version and a day for the rest', async () => {
    await using rig = new UpgradeRig();
    const [away, mute, slow, done] = [1, 2, 3, 4].map((n) => rig.device('huawei', n)) as [string, string, string, string];
    const packageId = await rig.pack('huawei', '2');
    rig.connect('huawei', mute);
    const end = rig.connect('huawei', slow, tells(slow, () => '1'));
    const last = rig.connect('huawei', done, tells(done, () => '1'));
    const task = rig.upgrades.create({ cloud: 'huawei', packageId, devices: [away, mute, slow, done] });
    const stages = () => [away, mute, slow, done].map((device) => upgradeOf(rig, task, device)?.stage);
    rig.clock.advance(3 * MINUTE - 1);
    expect(stages()).toEqual(['waiting', 'asked', 'offered', 'offered']);
    rig.clock.advance(1);
    expect(stages()).toEqual(['waiting', 'expired', 'offered', 'offered']);
    expect(upgradeOf(rig, task, mute)?.text).toContain('version');
    rig.clock.advance(20 * HOUR);
    // A word does not win time, the end of the download does.
    says(end, slow, { percent: 1, version: '1' });
    says(last, done, { percent: 100, version: '1' });
    rig.clock.advance(4 * HOUR);
    expect(stages()).toEqual(['waiting', 'expired', 'expired', 'downloaded']);
    rig.clock.advance(HOUR);
    expect(stages()).toEqual(['expired', 'expired', 'expired', 'downloaded']);
    rig.clock.advance(19 * HOUR);
    expect(stages()[3]).toBe('expired');
    expect(taskOf(rig, task)).toMatchObject({ status: 'failed', counts: { failed: 4 } });
  });

  it('goes on when the device connects, and asks again what may have been lost', async () => {
    await using rig = new UpgradeRig();
    const device = rig.device('huawei', 1);
    const task = rig.upgrades.create({ cloud: 'huawei', packageId: await rig.pack('huawei', '2'), devices: [device] });
    expect(upgradeOf(rig, task, device)?.stage).toBe('waiting');
    rig.clock.advance(24 * HOUR);
    rig.connect('huawei', device);
    expect(upgradeOf(rig, task, device)?.stage).toBe('asked');
    rig.disconnect('huawei', device);
    const end = rig.connect('huawei', device, tells(device, () => '1'));
    expect([end.ops, upgradeOf(rig, task, device)?.stage]).toEqual([['ota.query', 'ota.offer'], 'offered']);
    says(end, device, { percent: 10, version: '1' });
    expect(rig.connect('huawei', device, tells(device, () => '1')).ops).toEqual(['ota.query', 'ota.offer']);
    says(end, device, { percent: 100, version: '1' });
    // It installs: nothing is said to it again.
    expect(rig.connect('huawei', device, tells(device, () => '1')).ops).toEqual([]);
  });

  it('is tried again as often and after as long as the task says', async () => {
    await using rig = new UpgradeRig();
    const device = rig.device('huawei', 1);
    const end = rig.connect('huawei', device, tells(device, () => '1'));
    const task = rig.upgrades.create({ cloud: 'huawei', packageId: await rig.pack('huawei', '2'), devices: [device], policy: { retries: 2, retryAfterMs: 5 * MINUTE } });
    for (const [offers, stage] of [[1, 'retrying'], [2, 'retrying'], [3, 'failed']] as const) {
      expect(end.ops.filter((op) => op === 'ota.offer')).toHaveLength(offers);
      says(end, device, { code: 6, version: '1', text: 'timeout' });
      expect(upgradeOf(rig, task, device)).toMatchObject({ stage, code: 6, text: 'timeout' });
      rig.clock.advance(5 * MINUTE - 1);
      expect(end.ops.filter((op) => op === 'ota.offer')).toHaveLength(offers);
      rig.clock.advance(1);
    }
    expect(taskOf(rig, task)).toMatchObject({ status: 'failed', counts: { failed: 1, retrying: 0 } });
  });

  it('begins at its time, and when it is confirmed', async () => {
    await using rig = new UpgradeRig();
    const device = rig.device('huawei', 1);
    const end = rig.connect('huawei', device, tells(device, () => '1'));
    const packageId = await rig.pack('huawei', '2');
    const task = rig.upgrades.create({ cloud: 'huawei', packageId, devices: [device], policy: { startAt: rig.clock.now() + HOUR, needsConfirmation: true } });
    expect([taskOf(rig, task).status, upgradeOf(rig, task, device)?.stage]).toEqual(['waiting', 'scheduled']);
    rig.clock.advance(HOUR);
    expect([taskOf(rig, task).status, upgradeOf(rig, task, device)?.stage, end.ops]).toEqual(['running', 'confirming', []]);
    expect([rig.upgrades.confirm(task, ['somebody else']), rig.upgrades.confirm(task), rig.upgrades.confirm(task)]).toEqual([0, 1, 0]);
    expect(end.ops).toEqual(['ota.query', 'ota.offer']);
  });

  it('goes over the connection of its gateway, and is told of there', async () => {
    await using rig = new UpgradeRig();
    const gateway = rig.device('huawei', 'gw');
    const child = rig.device('huawei', 1, gateway);
    const task = rig.upgrades.create({ cloud: 'huawei', packageId: await rig.pack('huawei', '2'), devices: [child] });
    const end = rig.connect('huawei', gateway, (made) => (made.onQuery = ({ device }) => made.tell('ota.version', { device, via: gateway, body: { firmware: '1' } })));
    expect(end.heard.map(({ op, message: { device } }) => [op, device])).toEqual([['ota.query', child], ['ota.offer', child]]);
    end.tell('ota.progress', { device: child, via: gateway, body: { code: 0, percent: 100, version: '2' } });
    expect(upgradeOf(rig, task, child)?.stage).toBe('succeeded');
    expect(rig.registry.device('huawei', gateway).info).toBeUndefined();
  });
});

describe('the upgrade of a Tencent device', () => {
  const report = (end: EndDevice, device: string, version: string) => end.tell('ota.version', { device, body: { firmware: version } });

  it('is offered when the device tells its version, behind the answer to it, and again until it is there', async () => {
    await using rig = new UpgradeRig();
    const device = rig.device('tencent', 1);
    const task = rig.upgrades.create({ cloud: 'tencent', packageId: await rig.pack('tencent', '0.2'), devices: [device] });
    const end = rig.connect('tencent', device, (made) => (made.isSubscribed = false));
    await rig.settle();
    expect(upgradeOf(rig, task, device)?.stage).toBe('waiting');
    end.isSubscribed = true;
    report(end, device, '0.1');
    expect(end.heard.map(({ op }) => op)).toEqual(['ota.version.ack', 'ota.offer']);
    expect(end.heard[0]?.message.body).toEqual({ code: 0, text: 'success', version: '0.1' });
    const { md5, bytes } = rig.objects.list('packages', { limit: 1 }).items[0] ?? {};
    expect(end.offer).toEqual({ kind: 'firmware', version: '0.2', bytes, digest: { algorithm: 'md5', hex: md5 }, url: expect.stringMatching(/^http:\/\/10\.0\.0\.1:0\/objects\/packages\/.*\/fw\.bin\?Expires=/) });
    const said: [Parameters<typeof says>[2], string][] = [
      [{ state: 'downloading', percent: 0, version: '0.2' }, 'downloading'], [{ state: 'downloading', percent: 100, version: '0.2' }, 'downloaded'], [{ state: 'burning', version: '0.2' }, 'burning'],
    ];
    for (const [body, stage] of said) {
      says(end, device, body);
      expect(upgradeOf(rig, task, device)?.stage).toBe(stage);
    }
    // It was cut off and begins anew.
    report(end, device, '0.1');
    expect(end.ops.slice(2)).toEqual(['ota.version.ack', 'ota.offer']);
    says(end, device, { state: 'done', version: '0.2' });
    expect(upgradeOf(rig, task, device)).toMatchObject({ stage: 'succeeded', from: '0.1' });
    report(end, device, '0.2');
    expect([end.ops.slice(4), rig.registry.device('tencent', device).info?.firmware, rig.problems]).toEqual([['ota.version.ack'], '0.2', []]);
  });

  it('is offered at once to a device that is there, and closed by the version or by a failure', async () => {
    await using rig = new UpgradeRig();
    const [one, two, three] = [1, 2, 3].map((n) => rig.device('tencent', n)) as [string, string, string];
    const ends = [one, two, three].map((device) => rig.connect('tencent', device));
    report(ends[2] as EndDevice, three, '0.2');
    const task = rig.upgrades.create({ cloud: 'tencent', packageId: await rig.pack('tencent', '0.2') });
    expect(ends.map(({ ops }) => ops.includes('ota.offer'))).toEqual([true, true, false]);
    report(ends[0] as EndDevice, one, '0.2');
    says(ends[1] as EndDevice, two, { state: 'fail', code: -4, version: '0.2', text: 'time_out' });
    expect([one, two, three].map((device) => upgradeOf(rig, task, device))).toMatchObject([{ stage: 'succeeded' }, { stage: 'failed', code: -4, text: 'time_out' }, { stage: 'succeeded' }]);
    expect(taskOf(rig, task).status).toBe('partial');
  });

  it('ends when the device is silent for too long, and not while it speaks', async () => {
    await using rig = new UpgradeRig();
    const device = rig.device('tencent', 1);
    const end = rig.connect('tencent', device);
    const task = rig.upgrades.create({ cloud: 'tencent', packageId: await rig.pack('tencent', '2'), devices: [device], policy: { silenceMs: 120_000 } });
    for (let percent = 0; percent < 5; percent++) {
      rig.clock.advance(119_000);
      says(end, device, { state: 'downloading', percent, version: '2' });
    }
    rig.clock.advance(119_999);
    expect(upgradeOf(rig, task, device)?.stage).toBe('downloading');
    rig.clock.advance(1);
    expect(upgradeOf(rig, task, device)).toMatchObject({ stage: 'expired', percent: 4 });
  });

  it('refuses a version that is none', async () => {
    await using rig = new UpgradeRig();
    const device = rig.device('tencent', 1);
    const end = rig.connect('tencent', device);
    report(end, device, 'x'.repeat(33));
    expect(end.heard).toMatchObject([{ op: 'ota.version.ack', message: { body: { code: -1 } } }]);
    expect(rig.registry.device('tencent', device).info?.firmware).toBeUndefined();
  });

  it('takes in devices that turn up later, if the task is dynamic and their version is meant', async () => {
    await using rig = new UpgradeRig();
    const packageId = await rig.pack('tencent', '2');
    const task = rig.upgrades.create({ cloud: 'tencent', packageId, policy: { isDynamic: true }, sourceVersions: ['1'] });
    expect(taskOf(rig, task).status).toBe('running');
    const devices = ['1', '0', '2'].map((version, n) => {
      const device = rig.device('tencent', n);
      report(rig.connect('tencent', device), device, version);
      return device;
    });
    expect(devices.map((device) => upgradeOf(rig, task, device)?.stage)).toEqual(['offered', undefined, undefined]);
    rig.upgrades.stop(task);
    expect([taskOf(rig, task).status, upgradeOf(rig, task, devices[0] ?? '')?.stage]).toEqual(['stopped', 'stopped']);
    const late = rig.device('tencent', 9);
    report(rig.connect('tencent', late), late, '1');
    expect(upgradeOf(rig, task, late)).toBeUndefined();
  });

  it('goes over the connection of its gateway, on topics of its own', async () => {
    await using rig = new UpgradeRig();
    const gateway = rig.device('tencent', 'gw');
    const child = rig.device('tencent', 1, gateway);
    const end = rig.connect('tencent', gateway);
    const task = rig.upgrades.create({ cloud: 'tencent', packageId: await rig.pack('tencent', '2'), devices: [child] });
    expect(end.heard).toMatchObject([{ op: 'ota.offer', message: { device: child, via: gateway } }]);
    end.tell('ota.progress', { device: child, via: gateway, body: { code: 0, state: 'done', version: '2' } });
    expect(upgradeOf(rig, task, child)?.stage).toBe('succeeded');
  });
});

describe.each(['huawei', 'tencent'] as const)('upgrades on %s', (cloud: Cloud) => {
  const told = (end: EndDevice, device: string): void => {
    end.onQuery = () => end.tell('ota.version', { device, body: { firmware: '0' } });
  };

  it('come one after the other on a device', async () => {
    await using rig = new UpgradeRig();
    const device = rig.device(cloud, 1);
    const end = rig.connect(cloud, device, (made) => told(made, device));
    const [first, second, third] = [await rig.pack(cloud, '1'), await rig.pack(cloud, '2'), await rig.pack(cloud, '3')].map((packageId) => rig.upgrades.create({ cloud, packageId, devices: [device] })) as [UpgradeTask, UpgradeTask, UpgradeTask];
    const offers = () => end.heard.filter(({ op }) => op === 'ota.offer').map(({ message }) => (message.body as { version: string }).version);
    expect(offers()).toEqual(['1']);
    rig.upgrades.stop(second);
    says(end, device, { version: '1', state: 'done' });
    expect([offers(), upgradeOf(rig, first, device)?.stage, upgradeOf(rig, second, device)?.stage, upgradeOf(rig, third, device)?.stage]).toEqual([['1', '3'], 'succeeded', 'stopped', 'offered']);
    rig.upgrades.stop(third);
    expect(taskOf(rig, third)).toMatchObject({ status: 'stopped', counts: { stopped: 1, processing: 0 } });
    rig.upgrades.retry(third);
    expect(offers()).toEqual(['1', '3', '3']);
    // A word about what is over.
    rig.upgrades.stop(third);
    says(end, device, { version: '3', percent: 50, state: 'downloading' });
    expect([upgradeOf(rig, third, device)?.stage, rig.problems]).toEqual(['stopped', []]);
  });

  it('that are begun anew say nothing of why they failed before, and neither do they when they succeed', async () => {
    await using rig = new UpgradeRig();
    const device = rig.device(cloud, 1);
    const end = rig.connect(cloud, device, (made) => told(made, device));
    const task = rig.upgrades.create({ cloud, packageId: await rig.pack(cloud, '1'), devices: [device] });
    says(end, device, { percent: 40, version: cloud === 'huawei' ? '0' : '1', state: 'downloading' });
    says(end, device, { code: cloud === 'huawei' ? 6 : -4, version: cloud === 'huawei' ? '0' : '1', state: 'fail', text: 'time_out' });
    expect(upgradeOf(rig, task, device)).toMatchObject({ stage: 'failed', text: 'time_out' });
    rig.upgrades.retry(task);
    expect(upgradeOf(rig, task, device)).toMatchObject({ stage: 'offered' });
    for (const member of ['code', 'text', 'percent']) expect(upgradeOf(rig, task, device)).not.toHaveProperty(member);
    end.tell('ota.version', { device, body: { firmware: '1' } });
    expect(upgradeOf(rig, task, device)).toMatchObject({ stage: 'succeeded', percent: 100 });
    for (const member of ['code', 'text']) expect(upgradeOf(rig, task, device)).not.toHaveProperty(member);
  });

  it('of devices that cannot be upgraded fail at once, and one that nobody asked for is a problem', async () => {
    await using rig = new UpgradeRig();
    rig.registry.createProduct({ cloud, productId: cloud === 'huawei' ? 'other' : 'OTHER00001', name: 'q' });
    const stranger = rig.registry.createDevice({ cloud, productId: cloud === 'huawei' ? 'other' : 'OTHER00001', nodeId: 'x' }).device;
    const packageId = await rig.pack(cloud, '1');
    const task = rig.upgrades.create({ cloud, packageId, devices: [stranger, 'nobody', stranger] });
    expect(taskOf(rig, task)).toMatchObject({ status: 'failed', counts: { failed: 2 } });
    expect(upgradeOf(rig, task, stranger)?.text).toContain('product');
    const other = rig.connect(cloud, stranger, (made) => told(made, stranger));
    rig.upgrades.retry(task);
    expect(taskOf(rig, task)).toMatchObject({ status: 'failed', counts: { failed: 2 } });
    expect([upgradeOf(rig, task, 'nobody')?.text, other.ops]).toEqual(['There is no device nobody.', []]);
    expect(() => rig.upgrades.create({ cloud, packageId: 'none', devices: [] })).toThrow(expect.objectContaining({ code: 'not-found' }));
    const device = rig.device(cloud, 1);
    const end = rig.connect(cloud, device);
    says(end, device, { version: '7', percent: 1 });
    expect(rig.problems).toMatchObject([{ code: 'unexpected-reply', message: expect.stringContaining('"7"') }]);
  });

  it('of a device that is deleted fail, and a package that is needed stays', async () => {
    await using rig = new UpgradeRig();
    const device = rig.device(cloud, 1);
    const packageId = await rig.pack(cloud, '1');
    const task = rig.upgrades.create({ cloud, packageId, devices: [device] });
    await expect(rig.upgrades.packages.remove(cloud, packageId)).rejects.toMatchObject({ code: 'conflict' });
    expect(() => rig.upgrades.remove(task)).toThrow(expect.objectContaining({ code: 'conflict' }));
    rig.registry.deleteDevice(cloud, device);
    rig.upgrades.forget(cloud, device);
    expect(upgradeOf(rig, task, device)).toMatchObject({ stage: 'failed', text: expect.stringContaining('deleted') });
    await rig.upgrades.packages.remove(cloud, packageId);
    expect(rig.objects.list('packages', { limit: 1 }).total).toBe(0);
    rig.upgrades.remove(taskOf(rig, task));
    expect([rig.upgrades.book.tasks.get(task), upgradeOf(rig, task, device)]).toEqual([undefined, undefined]);
  });

  it('outlive the process, with their times', async () => {
    using folder = new Folder();
    await using rig = new UpgradeRig(folder.path);
    const [one, two] = [rig.device(cloud, 1), rig.device(cloud, 2)];
    const packageId = await rig.pack(cloud, '2');
    rig.connect(cloud, one, (made) => told(made, one));
    const task = rig.upgrades.create({ cloud, packageId, devices: [one, two], policy: { retries: 1, retryAfterMs: HOUR } });
    await rig.settle();
    const before = [task, upgradeOf(rig, task, one), upgradeOf(rig, task, two), rig.upgrades.packages.find(cloud, packageId)];
    expect(before).toMatchObject([{ counts: { waiting: 1 } }, { stage: 'offered' }, { stage: 'waiting' }, { version: '2' }]);
    await rig.restart();
    expect([upgradeOf(rig, task, one), upgradeOf(rig, task, two), rig.upgrades.packages.find(cloud, packageId)]).toEqual(before.slice(1));
    const end = rig.connect(cloud, two, (made) => told(made, two));
    if (cloud === 'tencent') end.tell('ota.version', { device: two, body: { firmware: '1' } });
    await rig.settle();
    expect([end.ops.at(-1), upgradeOf(rig, task, two)?.stage]).toEqual(['ota.offer', 'offered']);
    rig.clock.advance(cloud === 'huawei' ? 24 * HOUR : 15 * MINUTE);
    expect(upgradeOf(rig, task, one)?.stage).toBe('retrying');
  });

  it('of thousands are begun with little by little, and each takes part once', async () => {
    await using rig = new UpgradeRig();
    const devices = Array.from({ length: 1200 }, (_, n) => rig.device(cloud, n));
    const ends = devices.map((device) => rig.connect(cloud, device, (made) => told(made, device)));
    const task = rig.upgrades.create({ cloud, packageId: await rig.pack(cloud, '1') });
    expect(taskOf(rig, task).counts).toMatchObject({ waiting: 700, processing: 500 });
    for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
    expect(taskOf(rig, task).counts).toMatchObject({ waiting: 0, processing: 1200 });
    expect(ends.every(({ ops }) => ops.filter((op) => op === 'ota.offer').length === 1)).toBe(true);
    devices.forEach((device, n) => says(ends[n] as EndDevice, device, n % 2 === 0 ? { version: '1', state: 'done' } : { version: cloud === 'huawei' ? '0' : '1', state: 'fail', code: 5 }));
    expect(taskOf(rig, task)).toMatchObject({ status: 'partial', counts: { succeeded: 600, failed: 600, processing: 0 } });
  });
});

describe('packages', () => {
  it('are of a product, with a version that can be, once', async () => {
    await using rig = new UpgradeRig();
    await expect(rig.pack('tencent', '1', { productId: 'NONE000000' })).rejects.toMatchObject({ code: 'not-found' });
    for (const version of ['', 'x'.repeat(33)]) await expect(rig.pack('tencent', version)).rejects.toMatchObject({ code: 'bad-input', place: { path: 'version' } });
    await rig.pack('tencent', '1');
    await expect(rig.pack('tencent', '1')).rejects.toMatchObject({ code: 'conflict' });
    await rig.pack('tencent', '1', { module: 'mcu' });
    await rig.pack('huawei', '1');
    expect(rig.upgrades.packages.list({ cloud: 'tencent', limit: 1 })).toMatchObject({ total: 2, items: [{ module: 'mcu' }] });
    expect(rig.upgrades.packages.list({ cloud: 'huawei', productId: PRODUCTS.huawei, kind: 'firmware', version: '1', limit: 9 }).total).toBe(1);
    expect(rig.upgrades.packages.list({ cloud: 'huawei', kind: 'software', limit: 9 }).total).toBe(0);
  });

  it('without bytes cannot be offered where size and digest must be told', async () => {
    await using rig = new UpgradeRig();
    const device = rig.device('tencent', 1);
    rig.connect('tencent', device);
    const task = rig.upgrades.create({ cloud: 'tencent', packageId: await rig.pack('tencent', '1', { source: { place: { bucket: 'b', key: 'k' } } }), devices: [device] });
    await rig.settle();
    expect(upgradeOf(rig, task, device)).toMatchObject({ stage: 'failed', text: expect.stringContaining('no bytes') });
  });
});
