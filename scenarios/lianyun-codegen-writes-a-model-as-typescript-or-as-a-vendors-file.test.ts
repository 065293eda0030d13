import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readHuaweiProfile, readTencentTemplate, toHuaweiProfile, toTencentTemplate } from 'lianyun';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { desk } from '../examples/models/desk-model.ts';
import { launched, lianyun, Program, ROOT } from './support/program.ts';

const FIXTURES = path.join(ROOT, 'packages/protocol/fixtures/models');
const PROFILE = path.join(FIXTURES, 'huawei-lamp.json');
const TEMPLATE = path.join(FIXTURES, 'tencent-template.json');
const DESK = path.join(ROOT, 'examples/models/desk-model.ts');

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lianyun-codegen-'));
  // A project of its own that has the package installed.
  await mkdir(path.join(folder, 'node_modules'));
  await symlink(path.join(ROOT, 'packages/device'), path.join(folder, 'node_modules/lianyun'));
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);

async function put(name: string, content: unknown): Promise<string> {
  await writeFile(at(name), typeof content === 'string' ? content : JSON.stringify(content, undefined, 2));
  return at(name);
}

/** What a program printed; fails when it did not end well. */
async function printed(program: Program): Promise<{ readonly text: string; readonly told: readonly string[] }> {
  await using running = program;
  expect([await running.end(), running.stderr.all.filter((line) => /^\s+at |Error:/.test(line))]).toEqual([{ code: 0, signal: null }, []]);
  return { text: `${running.stdout.all.join('\n')}\n`, told: running.stderr.all };
}

/** What a program that refuses said. */
async function refused(program: Program): Promise<string> {
  await using running = program;
  expect([await running.end(), running.stdout.all, running.stderr.all.filter((line) => /^\s+at |Error:/.test(line))]).toEqual([{ code: 1, signal: null }, [], []]);
  return running.stderr.all.join('\n');
}

const codegen = (...args: readonly string[]): Program => lianyun(['codegen', ...args]);
const json = async (file: string): Promise<any> => JSON.parse(await readFile(file, 'utf8'));
const serviceCapabilities = async (): Promise<unknown> => toHuaweiProfile(readHuaweiProfile((await json(PROFILE)).service_capabilities));
const template = async (): Promise<unknown> => toTencentTemplate(readTencentTemplate(await json(TEMPLATE)));

describe('lianyun codegen', () => {
  it('writes a Huawei profile as TypeScript, which gives the same profile again', async () => {
    const { text, told } = await printed(codegen(PROFILE));
    expect(text).toContain("// Written by `lianyun codegen` from 'huawei-lamp.json'");
    expect(text).toContain('export const model = defineModel({');
    expect(told).toEqual([]);
    const again = await printed(codegen(await put('profile.ts', text), '--to', 'huawei'));
    expect(JSON.parse(again.text)).toEqual(await serviceCapabilities());
  });

  it('writes a Tencent template as TypeScript into the file of --out, which gives the same template again', async () => {
    expect(await printed(launched(['codegen', TEMPLATE, '--out', at('template.ts'), '--name', 'kettle']))).toEqual({ text: '\n', told: [] });
    expect(await readFile(at('template.ts'), 'utf8')).toContain('export const kettle = defineModel({');
    expect(await printed(codegen(at('template.ts'), '--to', 'tencent', '--out', at('again.json')))).toEqual({ text: '\n', told: [] });
    expect(readTencentTemplate(await json(at('again.json')))).toEqual(readTencentTemplate(await template()));
  });

  it('writes what type-checks in a program that uses it, and lets nothing wrong compile', { timeout: 120_000 }, async () => {
    await put('lamp.ts', (await printed(codegen(PROFILE, '--name', 'lamp'))).text);
    await put('kettle.ts', (await printed(codegen(TEMPLATE, '--name', 'kettle'))).text);
    await put(
      'program.ts',
      `import { Device, huawei, tencent } from 'lianyun';
import { lamp, type LampReport, type LampSet } from './lamp.ts';
import { kettle, type KettleReport } from './kettle.ts';

const report: LampReport = { service: 'light', values: { on: 1 } };
const set: LampSet = { service: 'light', values: { on: 0 } };
const onHuawei = new Device({ dialect: huawei, server: 'h', identity: { deviceId: 'd', secret: 's' }, model: lamp });
onHuawei.properties.report([report, set]);
onHuawei.commands.handle('blink', ({ args }) => ({ done: (args.times ?? 0) > 0 }));
// @ts-expect-error: text
onHuawei.properties.report({ service: 'light', values: { on: 'yes' } });
// @ts-expect-error: no such command
onHuawei.commands.handle('blnk', () => undefined);

const onTencent = new Device({ dialect: tencent, server: 'h', identity: { productId: 'P', deviceName: 'd', deviceSecret: 's' }, model: kettle });
const values: KettleReport['values'] = { power_switch: true, color: 'Green', pos: { x: 1, on: true }, ints: [1, 2] };
onTencent.properties.report({ values });
onTencent.events.post({ name: 'low_voltage', params: { voltage: 1.5 } });
// @ts-expect-error: 1 is Tencent's, on the wire
onTencent.properties.report({ values: { power_switch: 1 } });
// @ts-expect-error: no such event
onTencent.events.post({ name: 'low_voltag', params: { voltage: 1.5 } });
`,
    );
    const strict = { target: 'es2024', module: 'nodenext', moduleResolution: 'nodenext', customConditions: ['@lianyun/source'], lib: ['es2024', 'esnext.disposable'], types: ['node'], typeRoots: [path.join(ROOT, 'node_modules/@types')], strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, allowImportingTsExtensions: true, noEmit: true, skipLibCheck: true };
    await put('tsconfig.json', { compilerOptions: strict, files: ['program.ts'] });
    const tsc = new Program(process.execPath, [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '--project', folder, '--pretty', 'false']);
    expect(await printed(tsc)).toEqual({ text: '\n', told: [] });
  });

  it('writes a model file as both vendors’ files', async () => {
    for (const [to, expected] of [['huawei', toHuaweiProfile(desk)], ['tencent', toTencentTemplate(desk)]] as const) {
      expect(JSON.parse((await printed(codegen(DESK, '--to', to))).text)).toEqual(expected);
    }
    const { text } = await printed(codegen(DESK));
    expect(text).toContain('export const desk = defineModel({');
    expect(text).toContain('max: 9007199254740991n');
  });

  it('writes a profile as a template, and a template as a profile with the service that it is told', async () => {
    const { text: asTemplate } = await printed(codegen(PROFILE, '--to', 'tencent'));
    expect(JSON.parse(asTemplate)).toMatchObject({ properties: [{ id: 'on', mode: 'rw', define: { type: 'int', min: '0', max: '1' } }], actions: [{ id: 'blink' }] });
    expect(await refused(codegen(TEMPLATE, '--to', 'huawei'))).toContain('has no services, which Huawei needs: say with --service NAME');
    expect(await refused(codegen(PROFILE, '--service', 'main'))).toContain('has services of its own: light');
    const lossy = await refused(codegen(TEMPLATE, '--to', 'huawei', '--service', 'main'));
    expect(lossy).toContain('is not on huawei whole; --partial writes the rest:');
    expect(lossy).toContain('properties.main.ints: Huawei has no arrays but of strings');
    const { text, told } = await printed(codegen(TEMPLATE, '--to', 'huawei', '--service', 'main', '--partial'));
    const [service] = JSON.parse(text) as any[];
    expect(service).toMatchObject({ service_id: 'main', properties: expect.arrayContaining([expect.objectContaining({ property_name: 'color', data_type: 'enum', enum_list: ['Red', 'Green', 'Blue'] })]) });
    expect(service.properties.map((each: any) => each.property_name)).not.toContain('ints');
    expect(told).toContain('lianyun: left out: properties.main.ints: Huawei has no arrays but of strings');
    expect(told.find((line) => line.startsWith('lianyun: properties.main.pos: '))).toBeDefined();
  });

  it('reads the files that the vendors give: a list of services, a product, an answer of the API', async () => {
    const capabilities = (await json(PROFILE)).service_capabilities as unknown;
    const both = { huawei: await serviceCapabilities(), tencent: await template() };
    const files = [
      ['list.json', capabilities, 'huawei'],
      ['product.json', { ProductId: 'ABCDE12345', template: await json(TEMPLATE) }, 'tencent'],
      ['answer.json', { Model: { ProductId: 'ABCDE12345', ModelDefine: JSON.stringify(await json(TEMPLATE)) } }, 'tencent'],
    ] as const;
    for (const [name, content, to] of files) expect(JSON.parse((await printed(codegen(await put(name, content), '--to', to))).text)).toEqual(both[to]);
  });

  it('keeps every digit of a bound', async () => {
    const file = await put('wide.json', '[{ "service_id": "s", "properties": [{ "property_name": "n", "data_type": "long", "method": "R", "max": 9223372036854775807, "default_value": 9007199254740993 }] }]');
    expect((await printed(codegen(file))).text).toContain('max: 9223372036854775807n');
    const { text } = await printed(codegen(file, '--to', 'huawei'));
    expect(text).toContain('"max": "9223372036854775807"');
    expect(text).toContain('"default_value": 9007199254740993');
  });

  it.each<[what: string, name: string, content: string, words: RegExp]>([
    ['a syntax error', 'broken.json', '{\n  "properties": [ oops ]\n}', /broken\.json:2:19: "o" where a value is expected/],
    ['no JSON at all', 'none.json', '', /none\.json:1:1: the text ends/],
    ['something else', 'other.json', '{ "huawei": {} }', /other\.json:1: \$ is no thing model: .*service_capabilities.*template/],
    ['a number', 'number.json', '7', /number\.json:1: \$ is no thing model/],
    ['a wrong type in a template', 'type.json', '{ "properties": [\n { "id": "on", "name": "On", "mode": "rw",\n   "define": { "type": "boolean" } }\n] }', /type\.json:3: .*\$\.properties\[0\]\.define\.type: "boolean" is given, allowed is bool, int/],
    ['a wrong bound in a profile', 'bound.json', '{ "service_capabilities": [{ "service_id": "s", "properties": [\n { "property_name": "n", "data_type": "int", "method": "RW",\n   "min": "9", "max": "1" }] }] }', /bound\.json:3: .*\$\.service_capabilities\[0\]\.properties\[0\]\.min: min 9 is greater than max 1/],
    ['a template in an answer that is no JSON', 'text.json', '{ "Model": {\n "ModelDefine": "{" } }', /text\.json:2: \$\.Model\.ModelDefine holds no JSON/],
    ['a module without a model', 'nothing.mjs', 'export const lamp = { services: [] };', /nothing\.mjs exports no thing model: what defineModel\(\) returns is expected/],
    ['a module that cannot run', 'throws.mjs', "import { defineModel } from 'lianyun';\nexport const m = defineModel({ properties: { on: 'bool' } });", /throws\.mjs cannot be run: .*\$\.properties\.on: "bool" is given/],
    ['several models', 'two.mjs', "import { defineModel } from 'lianyun';\nexport const a = defineModel({}), b = defineModel({});", /two\.mjs exports several thing models: say with --name which of a, b is meant/],
  ])('refuses %s by file, place and what is expected', async (_what, name, content, words) => {
    const file = await put(name, content);
    expect(await refused(codegen(file, '--out', at('never.ts')))).toMatch(words);
    await expect(readFile(at('never.ts'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('refuses options that cannot be meant', async () => {
    expect(await refused(codegen(at('nowhere.json')))).toMatch(/The file \S*nowhere\.json cannot be read: ENOENT/);
    expect(await refused(codegen(PROFILE, '--to', 'aws'))).toMatch(/'aws' is invalid. Allowed choices are huawei, tencent/);
    expect(await refused(codegen(PROFILE, '--name', 'class'))).toContain('"class" cannot be the name of a constant');
    expect(await refused(codegen(PROFILE, '--out', PROFILE))).toContain('is the file that is read');
    expect(await refused(codegen(PROFILE, '--out', at('no/such/folder.ts')))).toMatch(/The file \S*folder\.ts cannot be written: ENOENT/);
    expect(await refused(codegen(DESK, '--name', 'lamp'))).toContain('exports no thing model lamp: what defineModel() returns is expected; it exports desk.');
  });
});
