import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEED } from './support/clouds.ts';
import { describeForeign } from './support/foreign.ts';
import { packAll, projectWith, ran, type Ran } from './support/packed.ts';
import { Rig } from './support/rig.ts';

const ENTRIES = { lianyun: ['lianyun'], '@lianyun/protocol': ['@lianyun/protocol', '@lianyun/protocol/mqtt', '@lianyun/protocol/testing'], '@lianyun/platform': ['@lianyun/platform'] } as const;
const LIBRARIES = Object.keys(ENTRIES) as (keyof typeof ENTRIES)[];
const MIB = 1_048_576;
const [LAMP] = SEED.huawei.devices;
const IDENTITY = JSON.stringify({ deviceId: LAMP.device_id, secret: LAMP.secret });

/** A program that connects, reports, ends, and uses what is loaded on demand. */
const body = (server: string): string => `
  const device = new Device({ dialect: huawei, server: ${JSON.stringify(server)}, identity: ${IDENTITY} });
  device.connect()
    .then(() => device.properties.report({ service: 'light', values: { level: 1 } }).delivered)
    .then(() => device.close())
    .then(() => registerDevice({}))
    .catch((error) => console.log('delivered on', process.versions.node.split('.')[0], error.code));
`;

/** Runs it on a Node.js in every way that a program may have it: as an ES module, by require(), and bundled in both formats where there are no packages. */
async function everyWay(node: string): Promise<void> {
  const [project, alone] = [await projectWith(directory, [['lianyun', tarball('lianyun')]]), await mkdtemp(path.join(directory, 'bundled-'))];
  const names = '{ Device, huawei, registerDevice }';
  await writeFile(path.join(project, 'main.mjs'), `import ${names} from 'lianyun';${body(rig.server)}`);
  await writeFile(path.join(project, 'main.cjs'), `const ${names} = require('lianyun');${body(rig.server)}`);
  const files = [path.join(project, 'main.mjs'), path.join(project, 'main.cjs')];
  for (const [format, ending] of [['cjs', 'cjs'], ['esm', 'mjs']] as const) {
    const outfile = path.join(alone, `bundle.${ending}`);
    expect(await ran(path.resolve('node_modules/.bin/esbuild'), ['main.mjs', '--bundle', '--platform=node', `--format=${format}`, `--outfile=${outfile}`, '--log-level=warning'], project)).toMatchObject({ code: 0, stderr: '' });
    files.push(outfile);
  }
  const { stdout: version } = await ran(node, ['--print', "process.versions.node.split('.')[0]"], alone);
  for (const file of files) expect(await ran(node, [file], path.dirname(file)), file).toEqual<Ran>({ code: 0, stdout: `delivered on ${version.trim()} bad-config\n`, stderr: '' });
}

const TYPED = `
import { Device, huawei, tencent, type Receipt } from 'lianyun';
const lamp = new Device({ dialect: huawei, server: 'mqtt://localhost', identity: { deviceId: 'd', secret: 's' } });
const receipt: Receipt = lamp.properties.report({ service: 'light', values: { level: 1 } });
lamp.properties.onGet(() => []);
const other = new Device({ dialect: tencent, server: 'mqtt://localhost', identity: { productId: 'p', deviceName: 'd', deviceSecret: 's' } });
// @ts-expect-error Tencent never reads live values.
other.properties.onGet(() => []);
export { receipt };
`;

/** A service of Huawei's face by decorators of the language. */
const DECORATED = `
import { AbstractService, command, CommandRsp, property, type PropertyValue } from 'lianyun/huawei';
export class Thermometer extends AbstractService {
  @property() accessor level = 1;
  @property('temp') celsius = 20.5;
  @property('limit', { writeable: false }) accessor top: number = 80;
  @property() accessor slow: PropertyValue = null;
  @property() get doubled(): number { return this.celsius * 2; }
  @command() reset(): CommandRsp { return new CommandRsp({ responseName: 'was reset' }); }
  @command('ringAlarm') async ring(paras: { readonly seconds: number }): Promise<CommandRsp> { return new CommandRsp({ paras: { rang: paras.seconds } }); }
  // @ts-expect-error A property is no method.
  @property() method(): number { return 1; }
  // @ts-expect-error A command is a method.
  @command() field = 1;
  // @ts-expect-error A name is text.
  @property(7) accessor wrong = 1;
}
`;

/** A device that tells which files of the package were loaded. */
const LOADING = (server: string): string => `
  import { registerHooks } from 'node:module';
  const loaded = [];
  registerHooks({ load: (url, context, next) => (url.includes('/lianyun/') && loaded.push(url.split('/').at(-1)), next(url, context)) });
  const { Device, huawei, publishOverHttp, readHuaweiProfile } = await import('lianyun');
  const device = new Device({ dialect: huawei, server: ${JSON.stringify(server)}, identity: ${IDENTITY} });
  await device.connect();
`;

/** Tells what was loaded at the start, and with the first use of what few devices use. */
const STARTING = (server: string): string => `${LOADING(server)}
  const atStart = loaded.splice(0);
  const builtins = ['tls', 'zlib', 'http', 'https', 'dns/promises', 'fs/promises'].filter((name) => process.moduleLoadList.includes('NativeModule ' + name));
  await publishOverHttp({}).catch(() => undefined);
  await device.close();
  console.log(JSON.stringify({ atStart, builtins, later: loaded }));
`;

/** Waits until nothing is left to load, loses its files, and then uses for the first time what it has not used. */
const REPLACED = (server: string): string => `${LOADING(server)}
  import { readdirSync, readFileSync, rmSync } from 'node:fs';
  import { setTimeout as sleep } from 'node:timers/promises';
  const dist = new URL('node_modules/lianyun/dist/', import.meta.url);
  const wanted = new Set(['index.js', 'index.cjs']);
  for (const file of wanted) for (const [, named] of readFileSync(new URL(file, dist), 'utf8').matchAll(/require\\("\\.\\/([\\w-]+\\.cjs)"\\)/g)) wanted.add(named);
  while (![...wanted].every((file) => loaded.includes(file))) await sleep(50);
  const files = readdirSync(dist).length;
  rmSync(dist, { recursive: true });
  await device.properties.report({ service: 'light', values: { level: 1 } }).delivered;
  device.commands.handle('reset', () => ({}));
  device.ota.onOffer(() => undefined);
  const used = [device.rules, device.files, device.gateway.child('other').properties].map((service) => service.constructor.name);
  const codes = [await publishOverHttp({}).catch(({ code }) => code)];
  try {
    readHuaweiProfile('{');
  } catch ({ code }) {
    codes.push(code);
  }
  const other = new Device({ dialect: huawei, server: 'mqtt://127.0.0.1:1', identity: ${IDENTITY} });
  const [{ error }] = await Promise.all([new Promise((resolve) => other.once('offline', resolve)), other.connect({ deadlineMs: 1 }).catch(() => undefined)]);
  codes.push(error.code);
  await Promise.all([device.close(), other.close()]);
  console.log(JSON.stringify({ isPart: wanted.size < files, used, codes }));
`;

let directory: string;
let tarballs: ReadonlyMap<string, string>;
let rig: Rig;

const tarball = (name: string): string => {
  const file = tarballs.get(name);
  if (file === undefined) throw new Error(`${name} was not packed`);
  return file;
};

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lianyun-packed-'));
  [tarballs, rig] = await Promise.all([packAll(directory), Rig.open()]);
}, 300_000);

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

describe('The packed lianyun', () => {
  it('installs without a network, has no dependency at run time and is small', async () => {
    const project = await mkdtemp(path.join(directory, 'installed-'));
    await writeFile(path.join(project, 'package.json'), '{"name":"empty","private":true}');
    expect(await ran('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball('lianyun')], project)).toMatchObject({ code: 0 });
    const { packages } = JSON.parse(await readFile(path.join(project, 'package-lock.json'), 'utf8')) as { packages: object };
    expect(Object.keys(packages)).toEqual(['', 'node_modules/lianyun']);
    const { stdout } = await ran('du', ['--apparent-size', '--bytes', '--summarize', 'node_modules/lianyun'], project);
    expect(Number.parseInt(stdout, 10)).toBeLessThan(MIB);
    expect((await stat(tarball('lianyun'))).size).toBeLessThan(MIB / 4);
    expect(await readFile(path.join(project, 'node_modules/lianyun/dist/LICENSES.txt'), 'utf8')).toMatch(/^valibot \d[^]*MIT License/);
  });

  it('connects and reports as an ES module, by require(), and bundled', () => everyWay(process.execPath));

  it('is one module, whether it is imported or required', async () => {
    const project = await projectWith(directory, [['lianyun', tarball('lianyun')]]);
    await writeFile(
      path.join(project, 'main.mjs'),
      `import { createRequire } from 'node:module';
       const require = createRequire(import.meta.url);
       for (const name of ['lianyun', 'lianyun/huawei', 'lianyun/tencent']) {
         const [imported, required] = [{ ...(await import(name)) }, require(name)];
         const names = Object.keys(imported);
         console.log(name, names.length > 0 && names.length === Object.keys(required).length && names.every((each) => imported[each] === required[each]));
       }`,
    );
    expect(await ran(process.execPath, ['main.mjs'], project)).toEqual<Ran>({ code: 0, stdout: 'lianyun true\nlianyun/huawei true\nlianyun/tencent true\n', stderr: '' });
  });

  it.each(['lianyun', 'lianyun/huawei', 'lianyun/tencent'])('says which Node.js it needs where it is loaded by one that is too old: %s', async (entry) => {
    const project = await projectWith(directory, [['lianyun', tarball('lianyun')]]);
    // What Node.js before 20.16 does not have.
    await writeFile(path.join(project, 'main.mjs'), `process.getBuiltinModule = undefined; await import('${entry}').catch(({ name, code, message }) => console.log(name, code, message));`);
    expect(await ran(process.execPath, ['main.mjs'], project)).toEqual<Ran>({ code: 0, stdout: `LianyunError unsupported lianyun needs Node.js 22.13 or newer; this program runs on ${process.version}.\n`, stderr: '' });
  });

  it('has no text that goes on in the next line: bundlers that indent what they take in would put spaces into it', async () => {
    const dist = path.join(await projectWith(directory, [['lianyun', tarball('lianyun')]]), 'node_modules/lianyun/dist');
    const files = (await readdir(dist)).filter((file) => file.endsWith('js'));
    expect((await Promise.all(files.map((file) => readFile(path.join(dist, file), 'utf8')))).filter((text) => text.includes('\\\n'))).toEqual([]);
  });

  it('goes to the next server where one is spoken to over WebSocket, and nobody has installed the package for that', async () => {
    const project = await projectWith(directory, [['lianyun', tarball('lianyun')]]);
    await writeFile(
      path.join(project, 'main.mjs'),
      `import { Device, huawei } from 'lianyun';
       const device = new Device({ dialect: huawei, server: ['ws://127.0.0.1:1/mqtt', ${JSON.stringify(rig.server)}], identity: ${IDENTITY} });
       device.on('offline', ({ error }) => console.log(error.code));
       await device.connect();
       await device.properties.report({ service: 'light', values: { level: 1 } }).delivered;
       await device.close();
       const alone = new Device({ dialect: huawei, server: 'ws://127.0.0.1:1/mqtt', identity: ${IDENTITY} });
       await alone.connect().catch(({ code }) => console.log(code));`,
    );
    expect(await ran(process.execPath, ['main.mjs'], project)).toEqual<Ran>({ code: 0, stdout: 'unsupported\nunsupported\n', stderr: '' });
  });

  it('loads for a connection over TCP one file with what it needs, and nothing that TLS, files or HTTP need; the rest when it is used', async () => {
    const project = await projectWith(directory, [['lianyun', tarball('lianyun')]]);
    await writeFile(path.join(project, 'main.mjs'), STARTING(rig.server));
    const { stdout, stderr } = await ran(process.execPath, ['main.mjs'], project);
    expect(stderr).toBe('');
    const { atStart, builtins, later } = JSON.parse(stdout) as { readonly atStart: readonly string[]; readonly builtins: readonly string[]; readonly later: readonly string[] };
    expect(atStart).toEqual(['index.js', 'index.cjs', expect.stringMatching(/^shared-\w+\.cjs$/)]);
    expect(builtins).toEqual([]);
    // What is read is also compiled: 427 KB took as long as all of Node.js.
    const { size } = await stat(path.join(project, 'node_modules/lianyun/dist', atStart[2] ?? ''));
    expect(size).toBeLessThan(180_000);
    expect(later.length).toBeGreaterThan(0);
  });

  it('has all that it needs soon after its start, and goes on when an upgrade takes its files away', async () => {
    const project = await projectWith(directory, [['lianyun', tarball('lianyun')]]);
    await writeFile(path.join(project, 'main.mjs'), REPLACED(rig.server));
    const { stdout, stderr } = await ran(process.execPath, ['main.mjs'], project);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ isPart: true, used: ['RulesService', 'FilesService', 'PropertiesService'], codes: ['bad-config', 'bad-config', 'network'] });
  });

  it('gives a program its types, under node and under a bundler, without a look into others', async () => {
    const project = await projectWith(directory, [['lianyun', tarball('lianyun')]]);
    await Promise.all([writeFile(path.join(project, 'main.mts'), TYPED), writeFile(path.join(project, 'main.cts'), TYPED), writeFile(path.join(project, 'decorated.mts'), DECORATED)]);
    const types = path.resolve('node_modules/@types');
    for (const mode of ['node16', 'nodenext', 'bundler']) {
      const module = mode === 'bundler' ? 'esnext' : mode;
      expect(
        await ran(path.resolve('node_modules/.bin/tsc'), ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2024', '--lib', 'es2024,esnext.disposable', '--module', module, '--moduleResolution', mode, '--types', 'node', '--typeRoots', types, 'main.mts', 'main.cts', 'decorated.mts'], project),
        mode,
      ).toEqual<Ran>({ code: 0, stdout: '', stderr: '' });
    }
  }, 120_000);
});

describe('Every packed library', () => {
  it.each(LIBRARIES)('%s is in order for publint and attw', async (name) => {
    const data = await readFile(tarball(name));
    const bytes = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
    const { messages, pkg } = await publint({ pack: { tarball: bytes }, level: 'warning', strict: true });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(data)));
    // Of what runs on servers there is one form: require() of an ES module is what Node.js 22.12 and later do.
    const problems = analysis.types === false ? ['no types'] : analysis.problems.filter(({ kind }) => kind !== 'CJSResolvesToESM' || name === 'lianyun').map((problem) => JSON.stringify(problem));
    // Resolution of before package exports: no entry but the main one can be found, and no Node.js that we support does it.
    expect(problems.filter((problem) => !problem.includes('node10'))).toEqual([]);
  }, 60_000);

  it.each(Object.entries(ENTRIES))('%s declares types that compile, whatever the compiler is told not to skip', async (_name, entries) => {
    const project = await projectWith(directory, [...tarballs]);
    await writeFile(path.join(project, 'main.mts'), entries.map((entry, index) => `export * as entry${index} from '${entry}';\n`).join(''));
    const compiled = await ran(path.resolve('node_modules/.bin/tsc'), ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2024', '--lib', 'es2024,esnext.disposable', '--module', 'nodenext', '--moduleResolution', 'nodenext', '--types', 'node', '--typeRoots', path.resolve('node_modules/@types'), 'main.mts'], project);
    expect(compiled).toEqual<Ran>({ code: 0, stdout: '', stderr: '' });
  }, 120_000);

  it.each(LIBRARIES)('%s holds no sources and no maps', async (name) => {
    const { stdout } = await ran('tar', ['--list', '--file', tarball(name)], directory);
    const files = stdout.trim().split('\n').map((file) => file.replace(/^package\//, ''));
    expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE']));
    expect(files.filter((file) => !/^(package\.json|README\.md|LICENSE|dist\/[\w-]+\.(c?js|d\.c?ts)|dist\/LICENSES\.txt)$/.test(file))).toEqual([]);
  });
});

/** Starts what is packed on a Node.js, and tells what it said. */
async function onNode(node: string): Promise<void> {
  const all = await projectWith(directory, [...tarballs]);
  await writeFile(
    path.join(all, 'main.mjs'),
    `import { openStorage, Platform, accessKeysOf, applySeed, readSeed } from '@lianyun/platform';
     import { Device, huawei } from 'lianyun';
     const parsed = readSeed(${JSON.stringify(JSON.stringify(SEED))}, 'seed');
     const storage = openStorage({ directory: ${JSON.stringify(path.join(all, 'data'))} });
     const platform = new Platform({ keys: accessKeysOf(parsed.seed), storage });
     applySeed(parsed, platform);
     const { mqtt } = await platform.listen({ host: '127.0.0.1', mqtt: 0, http: 0 });
     const device = new Device({ dialect: huawei, server: 'mqtt://127.0.0.1:' + mqtt, identity: ${IDENTITY} });
     await device.connect();
     await device.properties.report({ service: 'light', values: { level: 1 } }).delivered;
     await device.close();
     await platform.close();
     await storage.close();
     console.log('stored on', process.versions.node.split('.')[0]);`,
  );
  const { stdout: version } = await ran(node, ['--print', "process.versions.node.split('.')[0]"], all);
  expect(await ran(node, ['main.mjs'], all)).toEqual<Ran>({ code: 0, stdout: `stored on ${version}`, stderr: '' });
  const { code, stdout, stderr } = await ran(node, [path.join(all, 'node_modules/@lianyun/cli/bin/lianyun.js'), 'tour', '--once'], all);
  expect({ code, stderr }, stdout.slice(-2000)).toEqual({ code: 0, stderr: '' });
}

describe('The packed packages together', () => {
  it('store, and run the tour, and say nothing of what is experimental', () => onNode(process.execPath), 120_000);
});

describeForeign('node22', 'The packed packages on the oldest Node.js that we support', (node) => {
  it('store, and run the tour, and say nothing of what is experimental', () => onNode(node), 120_000);

  it('lianyun connects and reports as an ES module, by require(), and bundled', () => everyWay(node));
});
