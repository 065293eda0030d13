// Each program of examples/huawei-face as a process of its own; what it does is looked at from the platform's side.
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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

  async ota(rig, program) {
    await program.line(/^runs 1\.0\.0$/);
    const image = Buffer.from('a new image'.repeat(1000));
    const { id } = await rig.platform.upgrades.packages.add({ cloud: 'huawei', productId: 'lamp', kind: 'firmware', version: '2.0.0', source: { bytes: [image], fileName: 'lamp.bin' } });
    await rig.huawei('POST', '/batchtasks', { app_id: 'default', task_name: 'to 2', task_type: 'firmwareUpgrade', targets: ['lamp_1'], document: { package_id: id } });
    await program.line(/^checked/);
    while ((await rig.huawei('GET', '/devices/lamp_1').then(({ body }) => body as { fw_version?: string })).fw_version !== '2.0.0');
    await stop(program);
    expect(program.stdout.all).toEqual(['runs 1.0.0', `offered firmware 2.0.0 ${image.length} bytes`, `checked ${image.length} bytes`]);
  },

  async rules(rig, program) {
    await program.line(/^ready$/);
    const condition = { type: 'DEVICE_DATA', device_property_condition: { device_id: 'lamp_1', filters: [{ path: 'light/brightness', operator: '>', value: '80' }] } };
    const action = { type: 'DEVICE_CMD', device_command: { device_id: 'lamp_1', cmd: { service_id: 'light', command_name: 'blink', command_body: { times: 2 } } } };
    expect(await rig.huawei('POST', '/rules', { name: 'too bright', rule_type: 'DEVICE_SIDE', status: 'active', condition_group: { logic: 'and', conditions: [condition] }, actions: [action], device_side: { device_ids: ['lamp_1'] } })).toMatchObject({ status: 201 });
    expect(await program.line(/^blink/)).toBe('blink {"times":2}');
    await stop(program);
  },

  async topics(rig, program) {
    const sent: unknown[] = [];
    rig.platform.on('message', ({ message }) => sent.push(message));
    await program.line(/^published$/);
    expect(sent).toMatchObject([{ bytes: new Uint8Array([1, 2, 255]) }]);
    expect(await rig.huawei('POST', '/devices/lamp_1/messages', { message: 'hi', topic: 'a/b', payload_format: 'raw' })).toMatchObject({ status: 201 });
    expect(await program.line(/^a\/b/)).toBe('a/b hi');
    await rig.huawei('POST', '/devices/lamp_1/messages', { message: 'AQL/', encoding: 'base64', payload_format: 'raw' });
    expect(await program.line(/^bytes/)).toBe('bytes 0102ff');
    await stop(program);
    expect([program.stdout.all[0], program.stdout.all.at(-1)]).toEqual(['connected', expect.stringMatching(/^lost: /)]);
  },

  async provision(rig, program) {
    expect([await program.end(), program.stderr.all, program.stdout.all]).toEqual([{ code: 0, signal: null }, [], ['connected to 127.0.0.1']]);
    const file = path.join(folder, 'server_info_lamp_1.json');
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ server_uri: '127.0.0.1', port: rig.mqttPort });
  },

  async certificate(rig, program) {
    expect([await program.end(), program.stderr.all, program.stdout.all]).toEqual([{ code: 0, signal: null }, [], ['reported']]);
    expect(await rig.huawei('GET', '/devices/lamp_3/shadow')).toMatchObject({ body: { shadow: [{ reported: { properties: { on: 1 } } }] } });
  },

  async beyond(rig, program) {
    const topics: string[] = [];
    rig.platform.on('frame', ({ direction, topic }) => void (direction === 'up' ? topics.push(topic) : undefined));
    await program.line(/^reported$/);
    expect(topics).toContain('$oc/devices/lamp_1/sys/properties/report?encoding=gzip');
    expect(rig.platform.logs.list({ cloud: 'huawei', device: 'lamp_1', limit: 50 }).items.map(({ content }) => content)).toContain('started');
    rig.platform.huawei.configurations.update('lamp_1', { interval: 60 });
    expect(await program.line(/^configured/)).toBe('configured {"interval":60}');
    while (rig.platform.huawei.configurations.get('lamp_1')?.status !== 'taken') await new Promise((resolve) => void setImmediate(resolve));
    await stop(program);
  },
};

/** A device with a certificate, registered as its owner does; what its program is told. */
async function certified(rig: Rig): Promise<Record<string, string>> {
  const { cert, key } = rig.authority.forDevice('lamp_3');
  const files = { LIANYUN_CERT: path.join(folder, 'lamp.pem'), LIANYUN_KEY: path.join(folder, 'lamp.key') };
  await Promise.all([writeFile(files.LIANYUN_CERT, cert), writeFile(files.LIANYUN_KEY, key)]);
  const fingerprint = new X509Certificate(cert).fingerprint256.replaceAll(':', '');
  expect(await rig.huawei('POST', '/devices', { node_id: '3', product_id: 'lamp', auth_info: { auth_type: 'CERTIFICATES', fingerprint } })).toMatchObject({ status: 201 });
  return { ...files, LIANYUN_CA: rig.authority.file };
}

describe('examples/huawei-face', () => {
  it.each(Object.entries(CASES))('%s.mjs runs, and the platform sees what it does', async (name, look) => {
    const isSecure = name === 'certificate';
    await using rig = await Rig.open({ seed: await readFile(path.join(EXAMPLES, 'seed.json'), 'utf8'), over: isSecure ? 'mqtts' : 'mqtt' });
    const env = isSecure ? await certified(rig) : {};
    await using program = runScript(path.join(EXAMPLES, 'huawei-face', `${name}.mjs`), [], { env: { LIANYUN_SERVER: rig.server, LIANYUN_DIRECTORY: folder, ...env } });
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
