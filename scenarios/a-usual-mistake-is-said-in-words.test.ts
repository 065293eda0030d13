import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLOUDS } from './support/clouds.ts';
import { lianyun, runScript } from './support/program.ts';
import { Rig } from './support/rig.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lianyun-mistakes-'));
  await writeFile(path.join(folder, 'a-file'), 'not a folder');
});

afterAll(() => rm(folder, { recursive: true }));

describe('The command', () => {
  it.each([
    { mistake: 'a seed that is not there', args: ['--seed', 'no-such-seed.json'], says: /^lianyun: The seed file no-such-seed\.json cannot be read: there is no such file \(looked for \/.*no-such-seed\.json\)$/ },
    { mistake: 'an address of another machine', args: ['--host', '192.0.2.1'], says: /^lianyun: MQTT cannot listen on 192\.0\.2\.1:0: this machine has no such address\. Give .*0\.0\.0\.0 for all\.$/ },
    { mistake: 'a port that is none', args: ['--mqtt', 'mqtt'], says: /^lianyun: --mqtt "mqtt" is no port: a number from 0 to 65535 is expected/ },
    { mistake: 'an address that is empty', args: ['--host', ''], says: /^lianyun: --host is empty: leave it out, or give it a value\.$/ },
    { mistake: 'a folder that is empty', args: ['--data', ''], says: /^lianyun: --data is empty: leave it out, or give it a value\.$/ },
    { mistake: 'a file in place of a folder', args: ['--data', 'a-file'], says: /^lianyun: The access keys in a-file\/access-keys\.json cannot be read: ENOTDIR/ },
  ])('says $mistake in one line, without a stack, and ends with 1', async ({ args, says }) => {
    await using program = lianyun(['up', '--mqtt', '0', '--http', '0', '--data', 'kept', ...args], { cwd: folder });
    expect(await program.end()).toEqual({ code: 1, signal: null });
    expect(program.stdout.all).toEqual([]);
    expect(program.stderr.all.at(-1)).toMatch(says);
    expect(program.stderr.all.filter((line) => /^\s+at |^\s*Error/.test(line))).toEqual([]);
    expect(program.stderr.all.filter((line) => line.startsWith('lianyun:') && /cannot|is no port|is empty/.test(line))).toHaveLength(1);
  });

  it('knows what was meant by a word that it does not know, and its own version', async () => {
    await using wrong = lianyun(['upp']);
    expect(await wrong.end()).toMatchObject({ code: 1 });
    expect(wrong.stderr.all.join(' ')).toContain('Did you mean up?');
    await using version = lianyun(['--version']);
    expect(await version.end()).toMatchObject({ code: 0 });
    expect(version.stdout.all).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+/)]);
  });
});

describe.each(CLOUDS)('A device on $name', (cloud) => {
  it('says that nothing listens where it was sent, and that it may be the wrong port', async () => {
    await using rig = await Rig.open();
    const server = rig.server;
    await rig.platform.close();
    const device = rig.own(cloud.device(1, server));
    void device.connect().catch(() => undefined);
    const { error } = await rig.told(device).offline.first();
    expect(error).toMatchObject({ code: 'network', message: `127.0.0.1:${rig.mqttPort}: nothing listens there; is the server running, and is this its port? (ECONNREFUSED).` });
  });

  it('says that what answers is no MQTT server when it was sent to the HTTP port', async () => {
    await using rig = await Rig.open();
    const device = rig.own(cloud.device(1, `mqtt://127.0.0.1:${rig.httpPort}`));
    void device.connect().catch(() => undefined);
    const { error } = await rig.told(device).offline.first();
    expect(error.message).toMatch(new RegExp(`^What answers at 127\\.0\\.0\\.1:${rig.httpPort} does not speak MQTT; is this the MQTT port\\?`));
  });
});

describe('A device on a Node.js that is too old', () => {
  it('says so before anything else goes wrong', async () => {
    const code = "Promise.withResolvers = undefined; const { Device } = await import('lianyun'); try { new Device({}); } catch (error) { console.log(error.code, error.message); }";
    await using program = runScript('--input-type=module', ['--eval', code]);
    expect(await program.end()).toEqual({ code: 0, signal: null });
    expect(program.stdout.all).toEqual([expect.stringMatching(/^unsupported lianyun needs Node\.js 22\.13 or newer; this program runs on v\d+/)]);
  });
});
