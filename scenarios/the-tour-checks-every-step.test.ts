// Contract 1: `npm start -- --once`.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Program, ROOT } from './support/program.ts';

const STEPS = [
  'Huawei: create product and device',
  'Tencent: create product, model and device',
  'Sign in on both clouds',
  'A wrong secret is refused in words',
  'Huawei: report this machine, read the shadow',
  'Tencent: report this machine, read the data',
  'Huawei: read live properties',
  'Huawei: set the interval',
  'Tencent: control the interval',
  'Huawei: command "top"',
  'Tencent: action "top"',
  'Huawei: event "busy"',
  'Tencent: event "busy", read the history',
  'Huawei: a message, and the device answers with one',
  'Huawei: this program as a sub-device',
  'Tencent: this program as a sub-device',
  'Huawei: a file goes up and comes back',
  'Huawei: a new version of the sampler takes over',
  'Huawei: a version that reads nonsense is rolled back',
  'Tencent: a new version of the sampler takes over',
  'Tencent: a version that reads nonsense is rolled back',
  'Tencent: a control for an offline device waits for it',
  'Huawei: a command for an offline device fails at once',
  'Every frame was read by a row',
];

describe('lianyun tour --once', () => {
  it.each([
    ['as the launcher runs it', ['packages/cli/bin/lianyun.js']],
    ['from the source', ['--conditions=@lianyun/source', 'packages/cli/src/main.ts']],
  ])('%s: runs every step, prints a line for each, and exits 0', async (_how, command) => {
    await using program = new Program(process.execPath, [...command, 'tour', '--once']);
    const end = await program.end();
    const lines = program.stdout.all;
    expect(end, [...lines.slice(-20), ...program.stderr.all].join('\n')).toEqual({ code: 0, signal: null });
    const summary = lines.filter((line) => /^(ok|FAILED) {2,}/.test(line));
    expect(summary.map((line) => line.slice(8).split(/ {2,}/)[0])).toEqual(STEPS);
    expect(summary.every((line) => line.startsWith('ok'))).toBe(true);
    expect(program.stderr.all).toEqual([]);
    // The live trace: every frame of both clouds, both ways, decoded by its row.
    for (const frame of ['↑ huawei  q1 property.report', '↓ huawei  q0 command.invoke', '↑ huawei  q1 command.result', '↑ tencent q0 property.report', '↓ tencent q0 property.set ', '↑ tencent q1 command.result', '↓ tencent q0 shadow.state', '↑ huawei  q1 event.post', '↑ tencent q1 event.post', '↓ huawei  q0 message.down', '↑ huawei  q1 message.up', '↑ huawei  q1 child.report', '↑ tencent q0 child.add', '↑ huawei  q1 file.request', '↓ huawei  q0 file.grant', '↑ huawei  q1 file.result', '↓ huawei  q0 ota.query', '↓ huawei  q0 ota.offer', '↑ huawei  q1 ota.progress', '↓ tencent q1 ota.offer', '↑ tencent q1 ota.progress', '↑ tencent q1 ota.version']) {
      expect(lines.some((line) => line.includes(frame)), frame).toBe(true);
    }
  });
});

/** A module that does something to every platform before it listens. */
const beforeListen = (tampering: string): string => `
  import { Platform } from '@lianyun/platform';
  const { listen } = Platform.prototype;
  Platform.prototype.listen = function (address) {
    ${tampering}
    return listen.call(this, address);
  };`;

describe('lianyun tour --once on a platform that was tampered with', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(ROOT, 'node_modules/.tour-'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['forgets what is reported', beforeListen('this.twins.report = () => undefined;'), 'Huawei: report this machine, read the shadow'],
    ['knows no device', beforeListen('this.registry.findDevice = () => undefined;'), 'Sign in on both clouds'],
    ['lets everybody in', "import { huawei } from '@lianyun/protocol';\nhuawei.signIn.verify = () => undefined;", 'A wrong secret is refused in words'],
  ])('(%s) exits 1 and names the step', async (name, tampering, step) => {
    const file = path.join(folder, `${name.replaceAll(' ', '-')}.mjs`);
    await writeFile(file, tampering);
    const args = ['--conditions=@lianyun/source', '--import', pathToFileURL(file).href, 'packages/cli/src/main.ts', 'tour', '--once'];
    await using program = new Program(process.execPath, args);
    expect(await program.end()).toEqual({ code: 1, signal: null });
    const lines = program.stdout.all;
    expect(lines.at(-1)).toMatch(new RegExp(`^The step "${step}" failed: `));
    const summary = lines.filter((line) => /^(ok|FAILED) {2,}/.test(line));
    expect(summary.at(-1)).toMatch(new RegExp(`^FAILED  ${step} `));
    expect(summary.slice(0, -1).every((line) => line.startsWith('ok'))).toBe(true);
  });
});
