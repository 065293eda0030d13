import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { readdirSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { LianyunError, OtaOffer } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { InstallOptions, Installation } from '../index.ts';
import { FileServer, type Manners } from '../testing/file-server.ts';
import { ScriptedServer } from '../testing/scripted-server.ts';
import { huaweiDevice, listenTo, outcomeOf, temporaryDirectory, tencentDevice, turns, until } from '../testing/support.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

const CONTENT = randomBytes(200_000);
const hash = (algorithm: 'sha256' | 'md5') => createHash(algorithm).update(CONTENT).digest('hex');
const DOWN = { huawei: '$oc/devices/prod1_dev1/sys/events/down', tencent: '$ota/update/ABCDE12345/dev1' };

interface Told {
  readonly result_code?: number;
  readonly version?: string;
  readonly progress?: number | { readonly state: string; readonly result_code: string; readonly result_msg: string };
  readonly sw_version?: string;
  readonly description?: string;
}

/** A machine that outlives its processes: a directory, a server of its cloud, and one with files. */
async function machine(cloud: 'huawei' | 'tencent' = 'huawei', manners: (index: number) => Manners = () => ({}), hears: (version: string) => boolean = () => true) {
  const clock = new FakeClock();
  const server = await ScriptedServer.listen(clock, {
    onPublish: ({ topic, text }, connection) => {
      const body = JSON.parse(text) as { type?: string; report: { version: string } };
      if (topic.startsWith('$ota/') && body.type === 'report_version' && hears(body.report.version)) connection.send(DOWN.tencent, { type: 'report_version_rsp', result_code: 0, version: body.report.version });
    },
  });
  const web = await FileServer.listen(({ index }) => ({ content: CONTENT, ...manners(index) }));
  const temporary = await temporaryDirectory();
  const root = temporary.path;
  const directory = path.join(root, 'ota');
  open.push(temporary, web, server);
  const told = (): Told[] =>
    server.published.flatMap(({ topic, text }) => {
      if (topic.startsWith('$ota/report/')) return [(JSON.parse(text) as { report: Told }).report];
      return topic.endsWith('/events/up') ? (JSON.parse(text) as { services: { service_id: string; paras: Told }[] }).services.flatMap(({ service_id, paras }) => (service_id === '$ota' ? [paras] : [])) : [];
    });
  const kind: OtaOffer['kind'] = cloud === 'huawei' ? 'software' : 'firmware';
  const offer = (version: string, more: object = {}): void =>
    cloud === 'huawei'
      ? server.last.send(DOWN.huawei, { object_device_id: 'prod1_dev1', services: [{ service_id: '$ota', event_type: 'software_upgrade_v2', event_time: '20261121T000000Z', paras: { version, url: web.url, expires: 60, file_size: CONTENT.length, sign: hash('sha256'), ...more } }] })
      : server.last.send(DOWN.tencent, { type: 'update_firmware', file_size: CONTENT.length, md5sum: hash('md5'), url: web.url, version, ...more });
  /** A process of the program: what it is called and when, in `calls`. */
  const start = async (running: string, options: Partial<InstallOptions> = {}) => {
    const device = cloud === 'huawei' ? huaweiDevice({ url: server.url, clock }) : tencentDevice({ url: server.url, clock });
    const calls: string[] = [];
    const stop = async (): Promise<void> => void (await device.close());
    open.push({ [Symbol.asyncDispose]: stop });
    const log = listenTo(device);
    const note = (name: 'prepare' | 'apply' | 'confirm' | 'rollback'): NonNullable<InstallOptions['prepare']> => async (step) => {
      calls.push(`${name} ${step.from} > ${step.version}`);
      await options[name]?.(step);
    };
    const installation: Installation = device.ota.install({ directory, ...options, prepare: note('prepare'), apply: note('apply'), confirm: note('confirm'), rollback: note('rollback') });
    const report = (version: string) => (kind === 'firmware' ? device.ota.report({ firmware: version }) : (device as ReturnType<typeof huaweiDevice>).ota.report({ software: version }));
    const receipt = report(running);
    await device.connect();
    return { device, calls, log, installation, report, receipt, stop };
  };
  const left = (): string[] => readdirSync(directory).sort();
  return { clock, server, web, root, directory, told, offer, start, left };
}

/** The process ends in the middle of a function: it never comes back. */
const forever = (): Promise<never> => new Promise<never>(() => undefined);

describe('an installation', { timeout: 120_000 }, () => {
  it('is not forgotten before the cloud has heard which version runs', async () => {
    let isDeaf = true;
    const { start, offer, told, directory } = await machine('tencent', () => ({}), (version) => !(isDeaf && version === '2'));
    const old = await start('1', { apply: forever });
    await old.receipt.delivered;
    offer('2');
    await until(() => old.calls.length === 2, 'the application');
    await old.stop();
    const young = await start('2');
    // That it is done has been acknowledged; the version was told, and there is no answer to it.
    await until(() => told().some(({ version, progress }) => version === '2' && progress === undefined), 'the version');
    expect(told().filter(({ progress }) => typeof progress === 'object' && progress.state === 'done')).toHaveLength(1);
    // What was asked of the disk before this is done by then.
    for (let asked = 0; asked < 30; asked++) await fs.stat(directory);
    expect(young.installation.current).toMatchObject({ state: 'confirmed' });
    await young.stop();
    isDeaf = false;
    const next = await start('2');
    await until(() => next.installation.current === undefined, 'the end');
  });

  for (const cloud of ['huawei', 'tencent'] as const) {
    it(`is told as a success when the new version, started anew, has confirmed itself, and not before (${cloud})`, async () => {
      const { start, offer, told, left, directory } = await machine(cloud);
      const old = await start('1', { apply: forever, prepare: async ({ file }) => expect((await fs.readFile(file)).equals(CONTENT)).toBe(true) });
      await old.receipt.delivered;
      offer('2');
      await until(() => old.calls.length === 2, 'the application');
      expect([old.calls, old.installation.current]).toEqual([['prepare 1 > 2', 'apply 1 > 2'], { state: 'prepared', kind: cloud === 'huawei' ? 'software' : 'firmware', version: '2', from: '1' }]);
      expect((await fs.stat(path.join(directory, 'upgrade.json'))).mode & 0o777).toBe(0o600);
      expect(await fs.readFile(path.join(directory, 'upgrade.json'), 'utf8')).not.toContain('a-secret-of-the-url');
      await old.stop();
      const before = told().length;
      const confirmed = Promise.withResolvers<void>();
      const young = await start('2', { confirm: () => confirmed.promise });
      await until(() => young.calls.length === 1, 'the confirmation');
      await turns(50);
      expect([young.calls, await outcomeOf(young.receipt.delivered), told().length]).toEqual([['confirm 1 > 2'], 'open', before]);
      confirmed.resolve();
      await young.receipt.delivered;
      await until(() => young.installation.current === undefined && left().length === 1, 'the end');
      expect(told().slice(before)).toEqual(
        cloud === 'huawei' ? [{ result_code: 0, progress: 100, version: '2' }, { sw_version: '2' }] : [{ progress: { state: 'done', result_code: '0', result_msg: '' }, version: '2' }, { version: '2' }],
      );
      expect([young.log.problems, old.log.problems, left()]).toEqual([[], [], ['upgrade.json']]);
      // It runs: offered again, it is a success at once.
      offer('2');
      await until(() => told().length === before + 4, 'the second success');
      expect(young.calls).toHaveLength(1);
    });

    it(`goes through without a restart when the program replaces itself (${cloud})`, async () => {
      const { start, offer, told } = await machine(cloud);
      let swap: (() => void) | undefined;
      const program = await start('1', { apply: () => swap?.() });
      swap = () => void program.report('2');
      const states: string[] = [];
      program.installation.on('state', ({ state }) => states.push(state));
      await program.receipt.delivered;
      offer('2');
      await until(() => program.installation.current === undefined && states.length > 0, 'the end');
      expect(program.calls).toEqual(['prepare 1 > 2', 'apply 1 > 2', 'confirm 1 > 2']);
      expect(states).toEqual(['downloading', 'downloaded', 'prepared', 'applied', 'confirmed']);
      const successes = told().filter((each) => (cloud === 'huawei' ? each.result_code === 0 && each.version === '2' : JSON.stringify(each).includes('"done"')));
      expect(successes).toHaveLength(1);
      expect(program.log.problems).toEqual([]);
    });

    it(`that fails its confirmation is rolled back, told as failed, and refused until another version is offered or it is forgotten (${cloud})`, async () => {
      const { start, offer, told, left } = await machine(cloud);
      const failures = (): unknown[] => told().flatMap((each) => (typeof each.progress === 'object' ? (each.progress.state === 'fail' ? [[each.progress.result_code, each.progress.result_msg, each.version]] : []) : each.result_code === undefined || each.result_code === 0 ? [] : [[each.result_code, each.description, each.version]]));
      let swap = (_: string): void => undefined;
      const program = await start('1', {
        apply: ({ version }) => swap(version),
        confirm: ({ version }) => {
          if (version === '2') throw new Error('no light');
        },
        rollback: ({ from }) => swap(from),
      });
      swap = (version) => void program.report(version);
      await program.receipt.delivered;
      offer('2');
      await until(() => failures().length === 1 && program.installation.current === undefined, 'the failure');
      expect(program.calls).toEqual(['prepare 1 > 2', 'apply 1 > 2', 'confirm 1 > 2', 'rollback 1 > 2']);
      const [code, version] = cloud === 'huawei' ? [10, '1'] : ['-5', '2'];
      expect(failures()).toEqual([[code, expect.stringContaining('no light'), version]]);
      expect(program.log.problems).toMatchObject([{ code: 'handler-failed', message: expect.stringContaining('no light') }]);
      expect([left(), program.installation.refused]).toEqual([['upgrade.json'], [{ kind: cloud === 'huawei' ? 'software' : 'firmware', version: '2', why: expect.stringContaining('no light') }]]);
      offer('2');
      await until(() => failures().length === 2, 'the refusal');
      expect([program.calls.length, failures()[1]]).toEqual([4, [code, expect.stringContaining('2 failed before'), version]]);
      // Also by the next process.
      await program.stop();
      const next = await start('1', { confirm: () => undefined });
      swap = (each) => void next.report(each);
      await next.receipt.delivered;
      offer('2');
      await until(() => failures().length === 3, 'the refusal of the next process');
      await next.installation.reset();
      expect(next.installation.refused).toEqual([]);
      offer('2');
      await until(() => next.calls.includes('apply 1 > 2'), 'the second chance');
      await next.stop();
      const last = await start('1', { confirm: () => undefined, apply: () => void last.report('3') });
      // The one that was begun did not come up: that is its end, and another version is taken.
      await until(() => failures().length === 4, 'the end of the second chance');
      offer('3');
      await until(() => last.installation.current === undefined && last.calls.includes('confirm 1 > 3'), 'another version');
      expect(last.installation.refused).toEqual([]);
    });
  }

  it('is rolled back when the new version does not say in time that it runs, or does not come to an end with its confirmation', async () => {
    const { start, offer, told, clock } = await machine();
    const program = await start('1', { confirmWithinMs: 10_000, confirm: forever });
    await program.receipt.delivered;
    offer('2');
    await until(() => program.installation.current?.state === 'applied', 'the application');
    await turns(20);
    clock.advance(9_999);
    await turns(20);
    expect(program.installation.current?.state).toBe('applied');
    clock.advance(1);
    await until(() => told().at(-1)?.result_code === 10, 'the failure');
    expect(told().at(-1)).toMatchObject({ version: '1', description: expect.stringContaining('10000 ms') });
    offer('3');
    await until(() => program.calls.includes('apply 1 > 3'), 'the second application');
    const receipt = program.report('3');
    await until(() => program.calls.includes('confirm 1 > 3'), 'the confirmation');
    await turns(20);
    clock.advance(10_000);
    await until(() => program.calls.at(-1) === 'rollback 1 > 3', 'the rollback');
    await expect(receipt.delivered).rejects.toMatchObject({ code: 'aborted', message: expect.stringContaining('rolled back') });
    await until(() => told().at(-1)?.result_code === 10, 'the second failure');
    expect(told().filter((each) => each.sw_version !== '1' && each.sw_version !== undefined)).toEqual([]);
  });

  it('goes on after a restart where it was, and gives up a step that ended the process twice', async () => {
    const { start, offer, told } = await machine();
    const first = await start('1', { prepare: forever });
    await first.receipt.delivered;
    offer('2');
    await until(() => first.calls.length === 1, 'the preparation');
    await first.stop();
    const second = await start('1', { prepare: forever });
    await until(() => second.calls.length === 1, 'the second preparation');
    await second.stop();
    const third = await start('1');
    await until(() => told().at(-1)?.result_code === 10, 'the failure');
    expect([first.calls, second.calls, third.calls]).toEqual([['prepare 1 > 2'], ['prepare 1 > 2'], ['rollback 1 > 2']]);
    offer('3');
    await until(() => third.installation.current?.state === 'applied', 'the next version');
    await third.stop();
    // It was applied, and the old version came up.
    const fourth = await start('1');
    await until(() => told().at(-1)?.result_code === 10 && fourth.calls.length > 0, 'the second failure');
    expect([third.calls.slice(1), fourth.calls]).toEqual([['prepare 1 > 3', 'apply 1 > 3'], ['rollback 1 > 3']]);
  });

  it('tells a success that the last process could not tell any more', async () => {
    const { start, offer, told, server } = await machine();
    const first = await start('1', { apply: () => void first.report('2'), confirm: () => server.last.close() });
    await first.receipt.delivered;
    offer('2');
    await until(() => first.installation.current?.state === 'confirmed', 'the confirmation');
    await first.stop();
    const second = await start('2');
    await second.receipt.delivered;
    await until(() => second.installation.current === undefined, 'the end');
    expect([second.calls, told().slice(-2).map((each) => each.version ?? each.sw_version)]).toEqual([[], ['2', '2']]);
  });

  it('leaves no report of a version on trial open: not when the device is closed, and not when its rollback is given up', async () => {
    const { start, offer, directory } = await machine();
    const old = await start('1', { apply: forever });
    await old.receipt.delivered;
    offer('2');
    await until(() => old.calls.length === 2, 'the application');
    await old.stop();
    const young = await start('2', { confirm: forever });
    await until(() => young.calls.length === 1, 'the confirmation');
    expect(await outcomeOf(young.receipt.delivered)).toBe('open');
    await young.stop();
    await expect(young.receipt.delivered).rejects.toMatchObject({ code: 'closed' });
    await expect(young.receipt.stored).rejects.toMatchObject({ code: 'closed' });
    const record = { kind: 'software', version: '2', from: '1', state: 'rolling-back', tries: 10 };
    await fs.writeFile(path.join(directory, 'upgrade.json'), JSON.stringify({ format: 1, current: record, refused: [] }));
    const last = await start('2');
    await expect(last.receipt.delivered).rejects.toMatchObject({ code: 'aborted' });
  });

  it('goes its way whatever its listeners throw: to the end of a success, and of a trial that nobody confirms', async () => {
    const { start, offer, told, clock } = await machine();
    const program = await start('1', { apply: ({ version }) => void (version === '2' && program.report(version)) });
    for (const event of ['state', 'over'] as const) {
      program.installation.on(event, () => {
        throw new Error(`no good ${event}`);
      });
    }
    await program.receipt.delivered;
    offer('2');
    await until(() => program.installation.current === undefined && program.calls.includes('confirm 1 > 2'), 'the success');
    offer('3');
    await until(() => program.installation.current?.state === 'applied', 'the application');
    await turns(20);
    clock.advance(300_000);
    await until(() => program.calls.includes('rollback 2 > 3') && program.installation.current === undefined, 'the end of the trial');
    expect(program.calls).toEqual(['prepare 1 > 2', 'apply 1 > 2', 'confirm 1 > 2', 'prepare 2 > 3', 'apply 2 > 3', 'rollback 2 > 3']);
    expect(told().at(-1)).toMatchObject({ result_code: 10, version: '2' });
    expect(program.log.problems.map(({ message }) => message)).toContain("A listener of 'over' threw: no good over");
  });

  it('rolls back though a rollback throws, and tells the failure in the end', async () => {
    const { start, offer, told } = await machine();
    const boom = (text: string) => () => {
      throw new Error(text);
    };
    const program = await start('1', { apply: boom('the disk is worn out'), rollback: boom('and cannot be mended') });
    await program.receipt.delivered;
    offer('2');
    await until(() => told().at(-1)?.result_code === 10, 'the failure');
    expect(program.calls).toEqual(['prepare 1 > 2', 'apply 1 > 2', 'rollback 1 > 2', 'rollback 1 > 2']);
    expect(told().at(-1)?.description).toContain('worn out');
    expect(program.log.problems.map(({ code }: LianyunError) => code)).toEqual(['handler-failed', 'handler-failed', 'handler-failed']);
  });

  it('takes only what is signed with the trusted key, and refuses the version after that', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const signed = (key: KeyObject): string => sign(null, createHash('sha256').update(CONTENT).digest(), key).toString('base64');
    for (const custom_info of [undefined, 'c2hvcnQ=', signed(generateKeyPairSync('ed25519').privateKey)]) {
      const { start, offer, told, left } = await machine();
      const program = await start('1', { publicKey });
      await program.receipt.delivered;
      offer('2', { custom_info });
      await until(() => told().at(-1)?.result_code === 7, 'the failure');
      offer('2', { custom_info: signed(privateKey) });
      await until(() => told().at(-1)?.result_code === 10, 'the refusal');
      expect([program.calls, left()]).toEqual([[], ['upgrade.json']]);
    }
    for (const custom_info of [signed(privateKey), JSON.stringify({ signature: signed(privateKey), notes: 'x' })]) {
      const { start, offer } = await machine();
      const program = await start('1', { publicKey });
      await program.receipt.delivered;
      offer('2', { custom_info });
      await until(() => program.calls.length === 2, 'the application');
    }
    const { start, offer } = await machine('tencent');
    const program = await start('1', { publicKey, signature: async (upgrade) => (upgrade.version === '2' ? signed(privateKey) : '') });
    await program.receipt.delivered;
    offer('2');
    await until(() => program.calls.length === 2, 'the application');
  });

  it('does not begin what the program does not want now, nor another while one is at work', async () => {
    const { start, offer, told } = await machine();
    const program = await start('1', { accept: ({ version }) => (version === '2' ? 'low-battery' : undefined), apply: forever });
    await program.receipt.delivered;
    offer('2');
    await until(() => told().at(-1)?.result_code === 4, 'the refusal');
    offer('3');
    await until(() => program.calls.length === 2, 'the application');
    const before = told().length;
    offer('3');
    offer('4');
    await until(() => told().at(-1)?.result_code === 1, 'the refusal');
    expect([told().length, told().at(-1)?.description]).toEqual([before + 1, expect.stringContaining('software 3')]);
    expect(program.installation.refused).toEqual([]);
  });

  it('that lost its process during the download goes on when it is offered again, and is told as failed where nobody does', async () => {
    const scene = await machine('huawei', (index) => (index % 2 === 0 ? { stallAfter: 100_000 } : {}));
    const { start, offer, told, web, left, clock } = scene;
    const first = await start('1');
    await first.receipt.delivered;
    offer('2');
    await until(() => web.asked.length === 1 && left().includes('prod1_dev1-software.part.json'), 'the download');
    await turns(200);
    await first.stop();
    const second = await start('1');
    await second.receipt.delivered;
    offer('2');
    await until(() => second.calls.length === 2, 'the installation');
    expect(web.asked.map((asked) => asked.start > 0)).toEqual([false, true]);
    await second.stop();
    const third = await start('1');
    await until(() => third.installation.current === undefined, 'the end of the second version');
    offer('3');
    await until(() => web.asked.length === 3, 'the second download');
    await third.stop();
    const fourth = await start('1');
    await fourth.receipt.delivered;
    clock.advance(60_000);
    await until(() => told().at(-1)?.result_code === 6, 'the failure');
    expect([fourth.calls, fourth.installation.refused.map(({ version }) => version)]).toEqual([[], []]);
  });

  it('that lost its process when the file was whole goes on with it, offered again or not, and with nothing that only looks whole', async () => {
    const whole = (record: object): string => JSON.stringify({ format: 1, current: { kind: 'software', version: '2', from: '1', state: 'downloading', tries: 0, bytes: CONTENT.length, digest: { algorithm: 'sha256', hex: hash('sha256') }, ...record }, refused: [] });
    const partJournal = JSON.stringify({ format: 1, bytes: CONTENT.length, digest: `sha256:${hash('sha256')}`, source: null, etag: '"one"' });
    for (const [name, content, goesOn] of [['prod1_dev1-software.part', CONTENT, true], ['software.image', CONTENT, true], ['prod1_dev1-software.part', randomBytes(CONTENT.length), false], ['prod1_dev1-software.part', CONTENT.subarray(1), false]] as const) {
      const { start, web, directory, left, clock, told } = await machine();
      await fs.mkdir(directory);
      await fs.writeFile(path.join(directory, 'upgrade.json'), whole({}));
      await fs.writeFile(path.join(directory, 'prod1_dev1-software.part.json'), partJournal);
      await fs.writeFile(path.join(directory, name), content);
      const program = await start('1', { prepare: async ({ file }) => expect((await fs.readFile(file)).equals(CONTENT)).toBe(true) });
      if (goesOn) await until(() => program.calls.length === 2, 'the application');
      else {
        await turns(200);
        clock.advance(60_000);
        await until(() => told().at(-1)?.result_code === 6, 'the failure');
      }
      expect([program.calls, web.asked, left().includes('software.image')]).toEqual([goesOn ? ['prepare 1 > 2', 'apply 1 > 2'] : [], [], goesOn]);
      await program.stop();
    }
  });

  it('that goes on after a restart ends the offer that came meanwhile with it: the version is refused when it is offered again', async () => {
    const { start, offer, told } = await machine('tencent');
    const first = await start('1', { prepare: forever });
    await first.receipt.delivered;
    offer('2');
    await until(() => first.calls.length === 1, 'the preparation');
    await first.stop();
    const prepared = Promise.withResolvers<void>();
    const second = await start('1', {
      prepare: () => prepared.promise,
      apply: () => {
        throw new Error('no good');
      },
    });
    await second.receipt.delivered;
    // As the cloud does after every word of another version.
    offer('2');
    await turns(50);
    prepared.resolve();
    const failures = (): number => told().filter((each) => JSON.stringify(each).includes('"fail"')).length;
    await until(() => failures() === 1 && second.installation.current === undefined, 'the failure');
    offer('2');
    await until(() => failures() === 2, 'the refusal');
    expect(second.calls).toEqual(['prepare 1 > 2', 'apply 1 > 2', 'rollback 1 > 2']);
  });

  it('refuses options and journals that nobody could work with', async () => {
    const { root, directory } = await machine();
    const device = huaweiDevice({ url: 'mqtt://127.0.0.1:1', clock: new FakeClock() });
    const good = { directory, apply: () => undefined, rollback: () => undefined };
    // A program in JavaScript can pass anything.
    for (const wrong of [undefined, {}, { ...good, directory: '' }, { ...good, apply: undefined }, { ...good, rollback: 7 }, { ...good, confirm: 'x' }, { ...good, confirmWithinMs: 0 }])
      expect(() => device.ota.install(wrong as never)).toThrow(expect.objectContaining({ code: 'bad-config' }));
    await fs.writeFile(path.join(root, 'file'), '');
    expect(() => device.ota.install({ ...good, directory: path.join(root, 'file', 'x') })).toThrow(expect.objectContaining({ code: 'disk-failed' }));
    await fs.mkdir(directory, { recursive: true });
    await fs.writeFile(path.join(directory, 'upgrade.json'), '{"format":2}');
    expect(() => device.ota.install(good)).toThrow(expect.objectContaining({ code: 'disk-failed', message: expect.stringContaining('upgrade.json') }));
    await fs.rm(path.join(directory, 'upgrade.json'));
    device.ota.install(good);
    expect(() => device.ota.install(good)).toThrow(expect.objectContaining({ code: 'duplicate-handler' }));
    device.ota.report({ software: '1' });
    expect(() => device.ota.install(good)).toThrow(expect.objectContaining({ code: 'bad-input', message: expect.stringContaining('before ota.report()') }));
    await device.close();
  });
});
