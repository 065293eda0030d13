// Each program of examples/huawei-face as a process of its own; what it does is looked at from the platform's side.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, runScript, type Program } from './support/program.ts';
import { Rig } from './support/rig.ts';

const EXAMPLES = path.join(ROOT, 'examples');

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lianyun-examples-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** Ends a program as its user does, and expects that nothing went wrong in it. */
async function stop(program: Program): Promise<void> {
  program.kill('SIGINT');
  expect([await program.end(), program.stderr.all]).toEqual([{ code: 0, signal: null }, []]);
}

const CASES: Readonly<Record<string, (rig: Rig, program: Program) => Promise<void>>> = {
  async device(rig, program) {
    await program.line(/^shadow r1 light$/);
    await program.line(/^time true$/);
    expect(await rig.huawei('GET', '/devices/lamp_1/shadow')).toMatchObject({ body: { shadow: [{ service_id: 'light', reported: { properties: { on: 0, brightness: 50 } } }] } });
    expect(await rig.huawei('POST', '/devices/lamp_1/commands', { service_id: 'light', command_name: 'blink', paras: { times: 3 } })).toMatchObject({ body: { response: { result_code: 0, paras: { blinked: 3 } } } });
    expect(await rig.huawei('PUT', '/devices/lamp_1/properties', { services: [{ service_id: 'light', properties: { brightness: 80 } }] })).toMatchObject({ body: { response: { result_code: 0 } } });
    expect(await program.line(/^set/)).toBe('set {"on":0,"brightness":80}');
    await rig.huawei('POST', '/devices/lamp_1/messages', { name: 'note', message: 'hi' });
    await program.line(/^message note hi$/);
    expect(await rig.huawei('GET', '/devices/lamp_1')).toMatchObject({ body: { fw_version: '1.0', sw_version: '2.0' } });
    expect(rig.platform.events.list('huawei', 'lamp_1', { from: 0, to: Infinity, limit: 10 }).items).toHaveLength(1);
    await stop(program);
  },

  async services(rig, program) {
    await program.line(/^ready$/);
    expect(await rig.huawei('POST', '/devices/lamp_1/commands', { service_id: 'light', command_name: 'blink', paras: { times: 2 } })).toMatchObject({ body: { response: { result_code: 0, paras: { blinked: 2 } } } });
    expect(await rig.huawei('GET', '/devices/lamp_1/shadow')).toMatchObject({ body: { shadow: [{ reported: { properties: { brightness: 50, celsius: 21.5 } } }] } });
    await stop(program);
  },

  async gateway(rig, program) {
    await program.line(/^reported$/);
    await program.line(/^added lamp_face$/);
    expect(await rig.huawei('GET', '/devices/lamp_face')).toMatchObject({ body: { status: 'ONLINE', gateway_id: 'hub_1' } });
    expect(await rig.huawei('POST', '/devices/lamp_face/commands', { service_id: 'light', command_name: 'blink', paras: { times: 2 } })).toMatchObject({ body: { response: { result_code: 0, paras: { blinked: 2 } } } });
    await program.line(/^command for lamp_face$/);
    await stop(program);
  },

  async files(rig, program) {
    expect([await program.end(), program.stderr.all, program.stdout.all]).toEqual([{ code: 0, signal: null }, [], ['uploaded', 'downloaded the same']]);
    expect(rig.platform.files.list('lamp_1', { limit: 5 })).toMatchObject({ total: 2 });
  },
};

describe('examples/huawei-face', () => {
  it.each(Object.entries(CASES))('%s.mjs runs, and the platform sees what it does', async (name, look) => {
    await using rig = await Rig.open({ seed: await readFile(path.join(EXAMPLES, 'seed.json'), 'utf8') });
    await using program = runScript(path.join(EXAMPLES, 'huawei-face', `${name}.mjs`), [], { env: { LIANYUN_SERVER: rig.server, LIANYUN_DIRECTORY: folder } });
    await look(rig, program);
    expect(rig.problems.all).toEqual([]);
    // A process that starts on a busy machine takes its time.
  }, 120_000);

  it('has no program that is not run here, or not in the list of examples/README.md', async () => {
    const programs = (await readdir(path.join(EXAMPLES, 'huawei-face'))).sort();
    expect(Object.keys(CASES).map((name) => `${name}.mjs`).sort()).toEqual(programs);
    const readme = await readFile(path.join(EXAMPLES, 'README.md'), 'utf8');
    for (const program of programs) expect(readme).toContain(`](huawei-face/${program})`);
  });
});
