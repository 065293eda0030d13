// Decorators as a program writes them, compiled by tsc and by esbuild, and run. Their types: scenarios/the-packages-work-from-their-tarballs.test.ts.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const exec = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '../../../..');

const PROGRAM = `
import { AbstractService, Command, command, CommandRsp, IotDevice, property, type PropertyValue } from 'lianyun/huawei';

class Thermometer extends AbstractService {
  @property() accessor level = 1;
  @property('temp') celsius = 20.5;
  @property('limit', { writeable: false }) accessor top: number = 80;
  @property() get doubled(): number {
    return this.celsius * 2;
  }
  @property('slow') accessor measured: PropertyValue = 3;
  plain = 'not told to anybody';

  getMeasured(): Promise<number> {
    return Promise.resolve(7);
  }

  setLevel(value: number): void {
    if (value > 10) throw new Error('too high');
    this.level = value;
  }

  @command() reset(): CommandRsp {
    this.celsius = 0;
    return new CommandRsp({ responseName: 'was reset' });
  }

  @command('ringAlarm') async ring(paras: { readonly seconds: number }): Promise<CommandRsp> {
    return new CommandRsp({ paras: { rang: paras.seconds } });
  }
}

class Oven extends Thermometer {
  @property() accessor door = 'closed';
}

const device = new IotDevice({ connectAuthInfo: { id: 'd', secret: 's', serverUri: 'localhost', port: 1883 } });
const [meter, oven] = [new Thermometer(), new Oven()];
device.addService('meter', meter);
device.addService('oven', oven);
device.getClient().reportProperties = () => undefined;
const said: unknown[] = [await meter.onRead([]), await meter.onRead(['temp', 'plain'])];
for (const properties of [{ level: 5, temp: 21 }, { level: 11 }, { limit: 1 }, { doubled: 1 }, { plain: 'x' }]) {
  const { resultCode, resultDesc } = await meter.onWrite(properties);
  said.push([resultCode, resultDesc]);
}
for (const [commandName, paras] of [['ringAlarm', { seconds: 2 }], ['reset', {}], ['ring', {}]] as const) {
  const { resultCode, responseName, paras: output } = await meter.onCommand(new Command({ commandName, paras }));
  said.push([resultCode, responseName ?? null, output]);
}
// One object is not another, and a subclass has what its base has.
said.push([meter.celsius, oven.celsius, Object.keys(await oven.onRead([])).sort()]);
await device.destroy();
console.log(JSON.stringify(said));
`;

const SAID = [
  { level: 1, temp: 20.5, limit: 80, doubled: 41, slow: 7 },
  { temp: 20.5 },
  [0, 'Success'],
  [-1, 'too high'],
  [-1, 'property not found or not writeable: limit'],
  [-1, 'property not found or not writeable: doubled'],
  [-1, 'property not found or not writeable: plain'],
  [0, null, { rang: 2 }],
  [0, 'was reset', {}],
  [-1, null, { error: 'command not found: ring' }],
  [0, 20.5, ['door', 'doubled', 'level', 'limit', 'slow', 'temp']],
];

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lianyun-decorated-'));
  // Where the program finds the package, as its sources.
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
});

afterAll(() => rm(folder, { recursive: true }));

/** Runs what a compiler made of the program to its end; gives what it printed. */
async function run(compiled: string): Promise<unknown> {
  const file = path.join(folder, 'compiled.mjs');
  await writeFile(file, compiled);
  const { stdout } = await exec(process.execPath, ['--conditions=@lianyun/source', file]);
  return JSON.parse(stdout);
}

describe('Decorators of the language make members of a service its properties and commands', () => {
  it('as esbuild compiles them', async () => {
    const { code } = await transform(PROGRAM, { loader: 'ts', target: 'node22' });
    expect(code).not.toMatch(/^\s*@property/m);
    expect(await run(code)).toEqual(SAID);
  }, 60_000);

  it('as tsc compiles them', async () => {
    const { outputText } = ts.transpileModule(PROGRAM, { compilerOptions: { target: ts.ScriptTarget.ES2024, module: ts.ModuleKind.ESNext } });
    expect(outputText).not.toMatch(/^\s*@property/m);
    expect(await run(outputText)).toEqual(SAID);
  }, 60_000);
});
