import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLianyunError, type LianyunError } from '@lianyun/protocol';
import { systemDisk, type Disk } from '../disk/disk.ts';
import { temporaryDirectory } from '../testing/support.ts';
import { FileTopology } from './gateway-topology-file.ts';
import { MemoryTopology, type TopologyStore } from './gateway-topology.ts';

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let files = 0;

beforeAll(async () => {
  folder = await temporaryDirectory();
});
afterAll(() => folder[Symbol.asyncDispose]());

/** A file that is not there yet. */
const freshFile = (): string => path.join(folder.path, String(++files), 'sub-devices.jsonl');

/** Opens the list of the gateway `g`, and keeps what it told. */
function open(file: string, { disk = systemDisk(), gateway = 'g' }: { readonly disk?: Disk; readonly gateway?: string } = {}) {
  const problems: LianyunError[] = [];
  return { list: new FileTopology({ file, gateway, disk, problem: (problem) => problems.push(problem) }), problems };
}

const stateOf = (list: TopologyStore) => ({ version: list.version, children: [...list.all()].toSorted((a, b) => (a.info.device < b.info.device ? -1 : 1)) });

type Step = { readonly put: string; readonly wantsOnline: boolean; readonly info: object } | { readonly gone: string } | { readonly version: number } | 'stored' | 'restart';

const device = fc.constantFrom('a', 'b', 'lamp_1', '灯', '__proto__', 'x\ny');
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ put: device, wantsOnline: fc.boolean(), info: fc.record({ name: fc.string({ unit: 'binary' }), info: fc.record({ n: fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n }) }) }, { requiredKeys: [] }) }) },
  { weight: 2, arbitrary: fc.record({ gone: device }) },
  { weight: 2, arbitrary: fc.record({ version: fc.nat(9) }) },
  fc.constant<Step>('stored'),
  fc.constant<Step>('restart'),
);

function apply(list: TopologyStore, step: Step): void {
  if (typeof step === 'string') return;
  if ('put' in step) list.put({ info: { ...step.info, device: step.put }, wantsOnline: step.wantsOnline });
  else if ('gone' in step) list.delete(step.gone);
  else list.version = step.version;
}

/** Writes one list of sub-devices in two goes: the beginning of the file, and what is put behind it. */
async function twoGoes(): Promise<string> {
  const file = freshFile();
  const { list } = open(file);
  for (const name of ['a', 'b', 'c']) list.put({ info: { device: name, name: `lamp ${name}` }, wantsOnline: name === 'b' });
  list.version = 3;
  await list.stored();
  return file;
}

describe('the list of sub-devices in a file', () => {
  it('is what it was after any history and any restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 40 }), async (history) => {
        const file = freshFile();
        const expected = new MemoryTopology();
        let { list, problems } = open(file);
        for (const step of history) {
          apply(list, step);
          apply(expected, step);
          if (typeof step !== 'string') continue;
          await list.stored();
          if (step === 'restart') ({ list, problems } = open(file));
          expect(problems).toEqual([]);
        }
        await list.stored();
        const again = open(file);
        expect(stateOf(again.list)).toEqual(stateOf(expected));
        expect(again.problems).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('is what it was at some earlier moment when its end is missing, and goes on from there', async () => {
    const file = await twoGoes();
    const whole = readFileSync(file);
    const { list } = open(file);
    const moments = [stateOf(list)];
    const changes: Step[] = [{ gone: 'a' }, { version: 4 }, { put: 'd', wantsOnline: true, info: {} }, { put: 'b', wantsOnline: false, info: {} }];
    for (const change of changes) {
      apply(list, change);
      await list.stored();
      moments.push(stateOf(list));
    }
    const grown = readFileSync(file);
    expect(grown.subarray(0, whole.length).equals(whole)).toBe(true);
    for (let end = whole.length; end < grown.length; end++) {
      writeFileSync(file, grown);
      truncateSync(file, end);
      const cut = open(file);
      expect(cut.problems).toEqual([]);
      const at = moments.findIndex((moment) => JSON.stringify(moment) === JSON.stringify(stateOf(cut.list)));
      expect(at, `cut after ${end} bytes`).toBe(grown.subarray(whole.length, end).filter((byte) => byte === 0x0a).length);
      cut.list.put({ info: { device: 'later' }, wantsOnline: true });
      await cut.list.stored();
      expect(stateOf(open(file).list)).toEqual(stateOf(cut.list));
    }
  });

  it('keeps what stands before a damaged line, says which line it is, and is whole again after the next change', async () => {
    const file = await twoGoes();
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, lines.with(3, `${lines[3]?.slice(0, 9)}\u0000\u0000`).join('\n'));
    const { list, problems } = open(file);
    expect(problems).toMatchObject([{ code: 'disk-failed', message: expect.stringContaining('sub-devices.jsonl, the list of sub-devices, cannot be read from line 4 on'), place: { device: 'g' } }]);
    expect([...list.all()].map(({ info }) => info.device)).toEqual(['a']);
    list.put({ info: { device: 'z' }, wantsOnline: false });
    await list.stored();
    const again = open(file);
    expect([again.problems, stateOf(again.list)]).toEqual([[], stateOf(list)]);
  });

  it("is refused for another gateway's file, for a file that is none, and for a directory", async () => {
    const file = await twoGoes();
    expect(() => open(file, { gateway: 'other' })).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining('of "g", not of other: name another file') }));
    for (const text of ['', 'hello\n', '{"format":2,"gateway":"g"}\n', '[]\n', '{"mqtt":1883}']) {
      writeFileSync(file, text);
      expect(() => open(file), text).toThrow(expect.objectContaining({ code: 'disk-failed', message: expect.stringContaining('move it away to begin anew') }));
      expect(readFileSync(file, 'utf8')).toBe(text);
    }
    expect(() => open(path.dirname(file))).toThrow(expect.objectContaining({ code: 'disk-failed', message: expect.stringContaining('cannot be read') }));
  });

  it('makes its directory, and is readable by its owner only', async () => {
    const file = path.join(path.dirname(freshFile()), 'a/b/list.jsonl');
    const { list } = open(file);
    list.version = 1;
    await list.stored();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('does not grow with what is said again and again', async () => {
    const file = await twoGoes();
    const { list } = open(file);
    const { size } = statSync(file);
    for (let round = 0; round < 100; round++) {
      for (const { info, wantsOnline } of [...list.all()]) list.put({ info: { ...info }, wantsOnline });
      list.version = 3;
      list.delete('unknown');
      await list.stored();
    }
    expect(statSync(file).size).toBe(size);
    for (let round = 0; round < 3000; round++) {
      list.put({ info: { device: 'a' }, wantsOnline: round % 2 === 0 });
      if (round % 100 === 0) await list.stored();
    }
    await list.stored();
    expect(readFileSync(file, 'utf8').split('\n').length).toBeLessThan(1100);
    expect(stateOf(open(file).list)).toEqual(stateOf(list));
  });

  it('costs a change no more with many sub-devices: what is written is that change', async () => {
    const file = freshFile();
    const { list } = open(file);
    for (let each = 0; each < 10_000; each++) list.put({ info: { device: `lamp_${each}` }, wantsOnline: false });
    await list.stored();
    const before = statSync(file).size;
    list.put({ info: { device: 'lamp_9999' }, wantsOnline: true });
    await list.stored();
    expect(statSync(file).size - before).toBeLessThan(100);
    expect(stateOf(open(file).list)).toEqual(stateOf(list));
  });

  it('that the disk has no room for rejects in words, and is written whole when there is room again', async () => {
    const file = await twoGoes();
    const full = { isFull: false };
    const { list } = open(file, { disk: disk(full) });
    full.isFull = true;
    list.put({ info: { device: 'd' }, wantsOnline: true });
    const failed: unknown = await list.stored().catch((error: unknown) => error);
    expect(isLianyunError(failed, 'disk-full') && failed.message).toContain(file);
    full.isFull = false;
    list.put({ info: { device: 'e' }, wantsOnline: true });
    await list.stored();
    const again = open(file);
    expect([again.problems, stateOf(again.list)]).toEqual([[], stateOf(list)]);
    expect([...again.list.all()].map(({ info }) => info.device)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('is written anew when somebody took the file away', async () => {
    const file = await twoGoes();
    const { list } = open(file);
    await fs.rm(file);
    list.put({ info: { device: 'd' }, wantsOnline: true });
    await expect(list.stored()).rejects.toMatchObject({ code: 'disk-failed' });
    list.put({ info: { device: 'e' }, wantsOnline: true });
    await list.stored();
    expect(stateOf(open(file).list)).toEqual(stateOf(list));
  });
});

/** A disk that is full when it is told to be: half of what is written is still there then. */
function disk(state: { readonly isFull: boolean }): Disk {
  return {
    ...systemDisk(),
    open: async (...args: Parameters<typeof fs.open>) => {
      const handle = await fs.open(...args);
      const failing = (write: (text: string) => Promise<unknown>) => async (text: string) => {
        if (!state.isFull) return void (await write(text));
        await write(text.slice(0, text.length / 2));
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      };
      handle.appendFile = failing(handle.appendFile.bind(handle)) as typeof handle.appendFile;
      handle.writeFile = failing(handle.writeFile.bind(handle)) as typeof handle.writeFile;
      return handle;
    },
  };
}
