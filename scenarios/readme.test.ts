import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLOUDS, HUAWEI, TENCENT } from './support/clouds.ts';
import { ROOT, runScript } from './support/program.ts';
import { Rig } from './support/rig.ts';

const FILES = ['README.md', 'README.zh-CN.md'] as const;
const NAMES = ['seed.json', 'huawei.mjs', 'tencent.mjs', 'model.mjs', 'gateway.mjs'] as const;

const read = (file: string): Promise<string> => readFile(path.join(ROOT, file), 'utf8');

/** The code blocks that are marked `<!-- NAME -->`. */
function examplesOf(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^<!-- (\S+) -->\n```\w+\n([^]*?)^```$/gm)].map(([, name = '', code = '']) => [name, code]));
}

const withoutCode = (text: string): string => text.replace(/^```[^]*?^```$/gm, '');
const levels = (text: string): readonly number[] => [...withoutCode(text).matchAll(/^(#+) /gm)].map(([, marks = '']) => marks.length);
/** Each table: how many columns each of its rows has, and what stands in code in it. */
const tables = (text: string): readonly object[] =>
  [...withoutCode(text).matchAll(/(?:^\|.*\|\n)+/gm)].map(([table]) => ({
    columns: table.trimEnd().split('\n').map((row) => row.split('|').length - 2),
    code: [...table.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replace(/<.*?>/g, '<>')),
  }));
const links = (text: string): readonly string[] => [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target).filter((target) => !target.startsWith('README'));

describe('README.md and README.zh-CN.md', () => {
  it('have the same examples, to the letter', async () => {
    const [english, chinese] = (await Promise.all(FILES.map(read))).map(examplesOf);
    expect([...(english?.keys() ?? [])]).toEqual([...NAMES]);
    expect(chinese).toEqual(english);
  });

  it('have the same headings, tables and links', async () => {
    const [english = '', chinese = ''] = await Promise.all(FILES.map(read));
    expect(levels(chinese)).toEqual(levels(english));
    expect(tables(chinese)).toEqual(tables(english));
    expect(links(chinese)).toEqual(links(english));
    expect(tables(english).length).toBeGreaterThan(0);
  });

  it('name only what a device has, on a cloud that has it', async () => {
    const devices = CLOUDS.map((cloud) => cloud.device(1, 'mqtt://127.0.0.1:1') as unknown as Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>);
    const has = (service: string, member: string | undefined): boolean =>
      devices.some((device) => {
        try {
          const found = device[service];
          return found !== undefined && (member === undefined || found[member] !== undefined);
        } catch {
          return false; // not on this cloud
        }
      });
    for (const text of await Promise.all(FILES.map(read))) {
      const named = [...text.matchAll(/\bdevice\.(\w+)(?:\.(\w+))?/g)].map(([, service = '', member]) => ({ service, member }));
      expect(named.length).toBeGreaterThan(40);
      expect(named.filter(({ service, member }) => !has(service, member))).toEqual([]);
    }
    await Promise.all(devices.map((device) => (device['close'] as unknown as () => Promise<void>).call(device)));
  });

  it('link only to files that are there', async () => {
    for (const file of FILES) {
      for (const target of [...(await read(file)).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, each = '']) => each)) {
        await expect(read(target.endsWith('/') ? `${target}huawei-iotda.md` : target), `${target} in ${file}`).resolves.toBeTypeOf('string');
      }
    }
  });
});

describe('The examples of README.md', () => {
  let folder: string;
  let examples: ReadonlyMap<string, string>;

  beforeAll(async () => {
    examples = examplesOf(await read('README.md'));
    // Inside the workspace, so that `import 'lianyun'` finds the package as it does for a user.
    folder = await mkdtemp(path.join(ROOT, 'node_modules/.readme-'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(CLOUDS)('($name.mjs) run on a platform with its seed: they report, answer, are set, and end on Ctrl-C', async (cloud) => {
    await using rig = await Rig.open({ seed: examples.get('seed.json') ?? '' });
    const code = examples.get(`${cloud.name}.mjs`) ?? '';
    expect(code).toContain('mqtt://127.0.0.1:1883');
    const file = path.join(folder, `${cloud.name}.mjs`);
    await writeFile(file, code.replace('mqtt://127.0.0.1:1883', rig.server));
    await using program = runScript(file);
    await program.line(/^delivered$/);
    expect(await rig.reported(cloud, 1)).toEqual({ on: 1 });

    expect(await rig.blink(cloud, 1, 3)).toMatchObject({ status: 200, body: cloud.name === 'huawei' ? { response: { result_code: 0, paras: { blinked: 3 } } } : { OutputParams: '{"blinked":3}' } });
    await rig.set(cloud, 1, { on: 0 });
    expect(await program.line(/^set /)).toBe(`set ${JSON.stringify([cloud.group({ on: 0 })])}`);

    program.kill('SIGINT');
    // It ends by itself: nothing is left open that would hold it.
    expect(await program.end()).toEqual({ code: 0, signal: null });
    expect(program.stderr.all).toEqual([]);
    expect(program.stdout.all.filter((line) => line.startsWith('problem:'))).toEqual([]);
    expect(rig.problems.all).toEqual([]);
  });

  it('(model.mjs) run on a platform with its seed: the cloud has its own values, the program its own', async () => {
    await using rig = await Rig.open({ seed: examples.get('seed.json') ?? '' });
    const file = path.join(folder, 'model.mjs');
    await writeFile(file, (examples.get('model.mjs') ?? '').replace('mqtt://127.0.0.1:1883', rig.server));
    await using program = runScript(file);
    await program.line(/^delivered$/);
    expect(await rig.reported(TENCENT, 1)).toEqual({ on: 1 });
    await rig.set(TENCENT, 1, { on: 0 });
    expect(await program.line(/^set /)).toBe('set light false');
    expect(await rig.blink(TENCENT, 1, 3)).toMatchObject({ status: 200, body: { OutputParams: '{}' } });
    program.kill('SIGINT');
    expect(await program.end()).toEqual({ code: 0, signal: null });
    expect([program.stdout.all, program.stderr.all, rig.problems.all]).toEqual([['delivered', 'set light false', 'blink 3'], [], []]);
  });

  it('(gateway.mjs) run on a platform with its seed: a lamp is added, reports and answers through its gateway', async () => {
    await using rig = await Rig.open({ seed: examples.get('seed.json') ?? '' });
    const file = path.join(folder, 'gateway.mjs');
    await writeFile(file, (examples.get('gateway.mjs') ?? '').replace('mqtt://127.0.0.1:1883', rig.server));
    await using program = runScript(file);
    await program.line(/^delivered$/);
    expect(program.stdout.all).toEqual(['added lamp_2', 'delivered']);
    expect(await rig.reported(HUAWEI, 2)).toEqual({ on: 1 });
    expect(await rig.blink(HUAWEI, 2, 3)).toMatchObject({ status: 200, body: { response: { result_code: 0, paras: { blinked: 3 } } } });
    program.kill('SIGINT');
    expect(await program.end()).toEqual({ code: 0, signal: null });
    expect([program.stderr.all, rig.problems.all]).toEqual([[], []]);
  });

  it.each(CLOUDS)('($name.mjs) are a device in twenty lines', ({ name }) => {
    const lines = (examples.get(`${name}.mjs`) ?? '').split('\n').filter((line) => line.trim() !== '');
    expect(lines.length).toBeLessThanOrEqual(20);
  });
});
