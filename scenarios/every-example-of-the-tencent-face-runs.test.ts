// Each program of examples/tencent that speaks the words of Tencent's own SDK (vendor-*.mjs), as a process of its own; what it does is looked at from the platform's side.
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Resource } from '@lianyun/platform';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchUrl } from './support/http.ts';
import { Log } from './support/log.ts';
import { ROOT, runScript, type Program } from './support/program.ts';
import { Rig } from './support/rig.ts';

const EXAMPLES = path.join(ROOT, 'examples');
const LAMP = { ProductId: 'LAMP000001', DeviceName: 'lamp1' } as const;
const REF = 'LAMP000001/lamp1';
const IMAGE = 'a new version, '.repeat(3000);
const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64');

let folder: string;
let rig: Rig;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lianyun-examples-'));
  rig = await Rig.open({ seed: await readFile(path.join(EXAMPLES, 'seed.json'), 'utf8') });
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const start = (name: string): Program => runScript(path.join(EXAMPLES, 'tencent', `${name}.mjs`), [], { env: { LIANYUN_SERVER: rig.server, LIANYUN_API: `http://127.0.0.1:${rig.httpPort}`, LIANYUN_DIRECTORY: folder, LIANYUN_LOG: path.join(folder, 'lianyun.log') } });

/** Ends a program as its user does, and expects that nothing went wrong in it. */
async function stop(program: Program): Promise<void> {
  program.kill('SIGINT');
  expect([await program.end(), program.stderr.all]).toEqual([{ code: 0, signal: null }, []]);
}

/** Waits for the end by itself, and gives what was printed. */
async function finished(program: Program): Promise<readonly string[]> {
  expect([await program.end(), program.stderr.all]).toEqual([{ code: 0, signal: null }, []]);
  return program.stdout.all;
}

/** Calls an action that must succeed. */
async function call(action: string, parameters: object, version?: string): Promise<Record<string, unknown>> {
  const { body } = await rig.tencent(action, parameters, version);
  expect(body).not.toHaveProperty('Error');
  return body as Record<string, unknown>;
}

const reported = async (DeviceName: string): Promise<unknown> => JSON.parse((await call('DescribeDeviceData', { ...LAMP, DeviceName }))['Data'] as string);

/** A firmware 2.0 for a lamp. */
async function offer(DeviceName: string): Promise<void> {
  const firmware = { ProductID: 'LAMP000001', FirmwareVersion: '2.0' };
  const { Url: url } = (await call('GetCOSURL', { ...firmware, FileSize: IMAGE.length })) as { Url: string };
  expect(await fetchUrl(url, { method: 'PUT', body: IMAGE })).toMatchObject({ status: 200 });
  await call('UploadFirmware', { ...firmware, Md5sum: createHash('md5').update(IMAGE).digest('hex'), FileSize: IMAGE.length, FirmwareName: 'v' });
  await call('BatchUpdateFirmware', { ...firmware, DeviceNames: [DeviceName] });
}

const CASES: Readonly<Record<string, (program: () => Program) => Promise<void>>> = {
  async 'vendor-mqtt'(run) {
    await using program = run();
    await program.line(/^subscribed at 1$/);
    await program.line(/^message LAMP000001\/lamp1\/data "hello"$/);
    await program.line(/^published true$/);
    await call('PublishMessage', { ...LAMP, Topic: `${REF}/control`, Payload: '{"on":1}' });
    await program.line(/^control \{"on":1\}$/);
    await program.line(/^unsubscribed$/);
    await stop(program);
    expect([program.stdout.all[0], program.stdout.all.at(-1)]).toEqual(['connected 0 mine', 'disconnected 0']);
  },

  async 'vendor-template'(run) {
    await using program = run();
    await program.line(/^reported 0$/);
    await program.line(/^event 0$/);
    await call('ControlDeviceData', { ...LAMP, Data: '{"brightness":61}' });
    await program.line(/^set .*"brightness":61/);
    expect(await call('CallDeviceActionSync', { ...LAMP, ActionId: 'blink', InputParams: '{"times":2}' })).toMatchObject({ OutputParams: '{"blinked":2}', Status: 'blinked' });
    await stop(program);
  },

  async 'vendor-gateway'(run) {
    await using program = run();
    expect(await finished(program)).toEqual(['LAMP000001/lamp2 0 0 true', 'reported 0', 'unbound 0']);
    expect(await reported('lamp2')).toMatchObject({ on: { Value: 1 } });
  },

  async 'vendor-gateway-ota'(run) {
    await offer('lamp2');
    await using program = run();
    expect(await finished(program)).toEqual(['lamp2 report_version_rsp 0', `lamp2 has ${IMAGE.length} true`]);
    expect(await call('DescribeFirmwareUpdateStatus', { ...LAMP, DeviceName: 'lamp2' })).toMatchObject({ DstVersion: '2.0', Status: 6 });
  },

  async 'vendor-register'(run) {
    for (const lines of [['registered SELF000001 new1', 'connected'], ['connected']]) {
      await using program = run();
      expect(await finished(program)).toEqual(lines);
    }
    expect(await call('DescribeDevice', { ProductId: 'SELF000001', DeviceName: 'new1' })).toMatchObject({ Device: { FirstOnlineTime: expect.any(Number) } });
  },

  async 'vendor-http'(run) {
    await using program = run();
    expect(await finished(program)).toEqual(['reported']);
    expect(await reported('lamp1')).toMatchObject({ celsius: { Value: 19.5 } });
  },

  async 'vendor-ota'(run) {
    await offer('lamp1');
    await using program = run();
    expect(await finished(program)).toEqual(['report_version_rsp 0', `offered 2.0 ${IMAGE.length}`, `fetched ${IMAGE.length}`]);
    expect(await readFile(path.join(folder, 'firmware.bin'), 'utf8')).toBe(IMAGE);
    expect(await call('DescribeFirmwareUpdateStatus', LAMP)).toMatchObject({ DstVersion: '2.0', Status: 6 });
  },

  async 'vendor-shadow'(run) {
    await using program = run();
    await program.line(/^get 0 \{"reported":\{"brightness":50\}\}$/);
    await call('UpdateDeviceShadow', { ...LAMP, State: '{"desired":{"brightness":80}}' }, '2021-04-08');
    await program.line(/^delta\s+\{"brightness":80\}$/);
    await program.line(/^update 0 \{"reported":\{"brightness":80\}\}$/);
    await program.line(/^update 0 \{\}$/);
    expect(JSON.parse((await call('DescribeDeviceShadow', LAMP, '2021-04-08'))['Data'] as string)).toMatchObject({ state: { reported: { brightness: 80 } }, version: 4 });
    await stop(program);
  },

  async 'vendor-rrpc'(run) {
    await using program = run();
    const answered = async (): Promise<string> => {
      for (;;) {
        const { body } = await rig.tencent('PublishRRPCMessage', { ...LAMP, Payload: '{"ask":1}' });
        const { PayloadBase64: payload } = body as { PayloadBase64?: string };
        if (payload !== undefined) return Buffer.from(payload, 'base64').toString();
      }
    };
    expect(await answered()).toBe('{"heard":{"ask":1}}');
    expect(await call('CallDeviceRRPCSync', { ...LAMP, Payload: '[1]' })).toMatchObject({ Status: 'Replied', PayloadBase64: base64('{"explored":[1]}') });
    await stop(program);
  },

  async 'vendor-broadcast'(run) {
    await using program = run();
    await program.line(/^listening$/);
    await call('PublishBroadcastMessage', { ProductId: 'LAMP000001', Payload: '{"all":"off"}', Qos: 1 });
    await program.line(/^broadcast \{"all":"off"\}$/);
    await stop(program);
  },

  async 'vendor-resource'(run) {
    const told = new Log<Resource>();
    rig.platform.on('resource', told.add);
    await using program = run();
    expect((await finished(program))[0]).toBe('create_upload_task_rsp');
    const source = await readFile(path.join(EXAMPLES, 'tencent/vendor-resource.mjs'));
    expect(await told.first(({ isOpen }) => !isOpen)).toMatchObject({ device: REF, name: 'vendor-resource.mjs', bytes: source.length, told: { state: 'done' } });
  },

  async 'vendor-time'(run) {
    await using program = run();
    const [time = ''] = await finished(program);
    expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(600_000);
    expect(await readFile(path.join(folder, 'lianyun.log'), 'utf8')).toMatch(/\[INFO\] connected[^]*\[INFO\] this clock is off by/);
  },

  async 'vendor-device'(run) {
    const { remoteConfigs, bindings } = rig.platform.tencent;
    await using program = run();
    await program.line(/^config 1001$/);
    await program.line(/^log level 0$/);
    expect(rig.platform.mailbox.received('tencent', REF).map(({ message }) => ('bytes' in message ? [...message.bytes] : message))).toEqual([[0, 215]]);
    remoteConfigs.set('LAMP000001', { interval: 5 });
    await remoteConfigs.push('LAMP000001');
    await program.line(/^configured \{"interval":5\}$/);
    await bindings.notify(REF, true);
    await program.line(/^bound$/);
    await call('PublishMessage', { ...LAMP, Topic: `$thing/down/raw/${REF}`, Payload: base64(Uint8Array.of(0, 200)), PayloadEncoding: 'base64' });
    await program.line(/^told 20$/);
    await stop(program);
  },
};

describe('examples/tencent, in the words of Tencent’s own SDK', () => {
  it.each(Object.entries(CASES))('%s.mjs runs, and the platform sees what it does', async (name, look) => {
    await look(() => start(name));
    expect(rig.problems.all).toEqual([]);
    // A process that starts on a busy machine takes its time.
  }, 120_000);

  it('has no program that is not run here, or not in the list of examples/README.md', async () => {
    const programs = (await readdir(path.join(EXAMPLES, 'tencent'))).filter((name) => name.startsWith('vendor-')).sort();
    expect(Object.keys(CASES).map((name) => `${name}.mjs`).sort()).toEqual(programs);
    const readme = await readFile(path.join(EXAMPLES, 'README.md'), 'utf8');
    for (const program of programs) expect(readme).toContain(`](tencent/${program})`);
  });
});
