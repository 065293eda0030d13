import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Resource } from '@lianyun/platform';
import { StateError } from 'lianyun/tencent';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from 'lianyun';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';
import { TencentProgram } from './support/tencent-program.ts';

const REF = 'LAMP000001/lamp1';

let rig: Rig;
let program: TencentProgram;

beforeEach(async () => {
  rig = await Rig.open();
  program = new TencentProgram(rig);
  await program.online();
});

afterEach(async () => {
  await program[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

async function read(name: string): Promise<Buffer> {
  const { objects, tencent: { resources } } = rig.platform;
  const object = objects.find(resources.placeOf(REF, 'upload', name));
  return object === undefined ? Buffer.alloc(0) : Buffer.concat((await (await objects.read(object)).toArray()) as Buffer[]);
}

async function initialised(): Promise<void> {
  const [rc, mid] = program.explorer.resourceInit(...program.names, program.noted('resourceCb'));
  expect(rc).toBe(0);
  expect(await program.hears('on_subscribe', (_, each) => each === mid)).toEqual([1, mid, 'ud']);
}

describe('A program in the words of Tencent’s own SDK', () => {
  it('puts a file into the cloud’s storage as the bytes that it is, under its whole name', async () => {
    const { explorer, names } = program;
    const told = new Log<Resource>();
    rig.platform.on('resource', told.add);
    const bytes = randomBytes(100_000);
    const file = path.join(program.directory, 'photo.of.日.bin');
    writeFileSync(file, bytes);
    expect(await explorer.resourceCreateUploadTask(...names, file)).toEqual([-1, -1]);
    await initialised();
    expect((await explorer.resourceCreateUploadTask(...names, file))[0]).toBe(0);
    const { url, ...task } = (await program.message('resourceCb', 'create_upload_task_rsp')) as JsonObject & { url: string };
    expect(task).toEqual({ type: 'create_upload_task_rsp', size: bytes.length, name: 'photo.of.日.bin', md5sum: createHash('md5').update(bytes).digest('hex') });
    expect(explorer.resourceReportUploadProgress(...names)[0]).toBe(0);
    await told.first(({ told: { percent } = {} }) => percent === 0);
    expect(await explorer.resourceUploadfile(url)).toBe(0);
    expect(await read('photo.of.日.bin')).toEqual(bytes);
    explorer.resourceReportUploadProgress(...names);
    explorer.resourceFinished();
    expect(await told.first(({ isOpen }) => !isOpen)).toMatchObject({ device: REF, direction: 'upload', told: { state: 'done', percent: 100 } });
    expect(told.all.map(({ told: word }) => [word?.state, word?.percent])).toEqual([['uploading', 0], ['uploading', 100], ['done', 100]]);
    expect(program.problems.all).toHaveLength(1);
  });

  it('is told when a file cannot be put, and that nothing was begun', async () => {
    const { explorer, names } = program;
    await initialised();
    expect(() => explorer.resourceFinished()).toThrow(StateError);
    await expect(explorer.resourceCreateUploadTask(...names, path.join(program.directory, 'nowhere'))).rejects.toThrow(/nowhere/);
    mkdirSync(path.join(program.directory, 'folder'));
    await expect(explorer.resourceCreateUploadTask(...names, path.join(program.directory, 'folder'))).rejects.toThrow(/folder|directory/);
    await explorer.resourceCreateUploadTask(...names, program.write('small.txt', 'small'));
    const { url } = (await program.message('resourceCb', 'create_upload_task_rsp')) as { url: string };
    // A URL opens its own object only, with the bytes that were announced.
    expect(await explorer.resourceUploadfile(url.replace(/\?/, 'x?'))).toBe(-1);
    await explorer.resourceCreateUploadTask(...names, program.write('other.txt', 'other'));
    expect(await explorer.resourceUploadfile(url)).toBe(-1);
    expect(await explorer.resourceUploadfile('http://127.0.0.1:1/x', 1)).toBe(-1);
    expect(program.problems.all.map((problem) => (problem as unknown as JsonObject)['code'])).toEqual([expect.any(String), expect.any(String), 'network']);
  });

  it('hears in the same callback what the cloud offers', async () => {
    await initialised();
    await rig.platform.tencent.resources.offer(REF, 'news.txt', [Buffer.from('news')]);
    const offer = await program.message('resourceCb', 'download');
    expect(offer).toMatchObject({ name: 'news.txt', size: 4, url: expect.stringMatching(/^http:/) });
    expect(await program.explorer.device.resources.check()).toMatchObject({ name: 'news.txt' });
  });
});
