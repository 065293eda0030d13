import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const bin = fileURLToPath(new URL('../bin/lianyun.js', import.meta.url));
const realVersion = process.versions.node;

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'lianyun-launcher-'));
  await cp(bin, path.join(dir, 'cli/bin/lianyun.js'));
  await put('cli/package.json', '{ "type": "module" }');
  await put('old-node.cjs', `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });`);
});

afterEach(() => rm(dir, { recursive: true, force: true }));

async function put(file: string, content: string): Promise<void> {
  await mkdir(path.dirname(path.join(dir, file)), { recursive: true });
  await writeFile(path.join(dir, file), content);
}

async function bundleNode(): Promise<void> {
  const name = `node_modules/node-linux-${process.arch}`;
  await put(`${name}/package.json`, JSON.stringify({ name, version: '24.99.1' }));
  await mkdir(path.join(dir, name, 'bin'));
  await symlink(process.execPath, path.join(dir, name, 'bin/node'));
}

/** Starts the copy of the launcher; `main` is what it finds as dist/main.js. */
async function launch(main: string | undefined, { isOld = false, nodeArguments = [] as string[] } = {}) {
  if (main !== undefined) await put('cli/dist/main.js', main);
  const stub = isOld ? ['--require', path.join(dir, 'old-node.cjs')] : [];
  const child = spawn(process.execPath, [...stub, ...nodeArguments, path.join(dir, 'cli/bin/lianyun.js'), 'up', '--mqtt', '0'], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stderr = text(child.stderr);
  // 'close' comes when nobody holds the pipes any more: neither the launcher nor what it started
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    child,
    stdout: () => text(child.stdout),
    firstLine: async () => String((await once(createInterface(child.stdout), 'line'))[0]),
    end: async () => {
      const [[code, signal], errors] = await Promise.all([closed, stderr]);
      return { code, signal, stderr: errors };
    },
  };
}

const staysForAMinute = `setTimeout(() => {}, 60_000);`; // not for ever: a failed test leaves nothing behind
const printsHowItRuns = `console.log(JSON.stringify({ node: process.versions.node, args: process.argv.slice(2), env: Object.keys(process.env) }));`;

describe('the lianyun launcher', () => {
  it('runs main in the same process under a new enough Node and says nothing', async () => {
    const run = await launch(`console.log(process.pid, process.argv.slice(2).join(' '))`);
    expect(await run.stdout()).toBe(`${run.child.pid} up --mqtt 0\n`);
    expect(await run.end()).toEqual({ code: 0, signal: null, stderr: '' });
  });

  it('keeps experimental warnings from the user and lets the others through', async () => {
    const run = await launch(`
      process.emitWarning('quiet one', 'ExperimentalWarning');
      process.emitWarning('quiet two', { type: 'ExperimentalWarning' });
      process.emitWarning(Object.assign(new Error('quiet three'), { name: 'ExperimentalWarning' }));
      process.emitWarning('loud one', 'DeprecationWarning');
      process.emitWarning('loud two');`);
    const { stderr } = await run.end();
    expect(stderr).toMatch(/DeprecationWarning: loud one[^]*Warning: loud two/);
    expect(stderr).not.toContain('quiet');
  });

  it('runs the TypeScript source with the source condition when nothing is built', async () => {
    await put('cli/src/main.ts', `const text: string = process.execArgv.join(' '); console.log(text);`);
    const run = await launch(undefined);
    expect(await run.stdout()).toContain('--conditions=@lianyun/source');
    expect(await run.end()).toEqual({ code: 0, signal: null, stderr: '' });
  });

  it('says how to build when nothing is built and Node does not run TypeScript', async () => {
    await put('cli/src/main.ts', `console.log('ran')`);
    const run = await launch(undefined, { nodeArguments: ['--no-experimental-strip-types'] });
    expect(await run.stdout()).toBe('');
    expect(await run.end()).toMatchObject({ code: 1, stderr: expect.stringMatching(/^lianyun is not built .* run: npm run build\n$/) });
  });
});

describe('the lianyun launcher under an old Node', () => {
  it('says so in its first line and runs on the Node that came with npm ci', async () => {
    await bundleNode();
    const run = await launch(printsHowItRuns, { isOld: true });
    const { node, args, env } = JSON.parse(await run.stdout()) as { node: string; args: string[]; env: string[] };
    const { code, stderr } = await run.end();
    expect(stderr.split('\n')[0]).toBe(
      'lianyun needs Node.js 22.13 or newer and was started under 20.20.2; ' +
        `running on the Node.js 24.99.1 that came with npm ci (${path.join(dir, `node_modules/node-linux-${process.arch}/bin/node`)})`,
    );
    expect({ code, node, args }).toEqual({ code: 0, node: realVersion, args: ['up', '--mqtt', '0'] });
    expect(env.filter((name) => name.startsWith('LIANYUN') || name.startsWith('NODE'))).toEqual([]);
  });

  it('says how to get a newer Node when none came with it, and exits 1', async () => {
    const run = await launch(printsHowItRuns, { isOld: true });
    expect(await run.stdout()).toBe('');
    const { code, stderr } = await run.end();
    expect(code).toBe(1);
    expect(stderr.split('\n')[0]).toBe('lianyun needs Node.js 22.13 or newer and was started under 20.20.2');
    expect(stderr).toMatch(/nodejs\.org.*nvm/);
  });

  it('says so when the Node that came with it does not start', async () => {
    const manifest = `node_modules/node-linux-${process.arch}`;
    await put(`${manifest}/package.json`, '{ "version": "24.99.1" }');
    await put(`${manifest}/bin/node`, 'not a program');
    const run = await launch(printsHowItRuns, { isOld: true });
    expect(await run.end()).toMatchObject({ code: 1, stderr: expect.stringMatching(/\nlianyun cannot start .*bin\/node: /) });
  });

  it('exits with the code of the program', async () => {
    await bundleNode();
    const run = await launch(`process.exitCode = 7`, { isOld: true });
    expect(await run.end()).toMatchObject({ code: 7, signal: null });
  });

  it('ends by the signal that ended the program', async () => {
    await bundleNode();
    const run = await launch(`process.kill(process.pid, 'SIGUSR2'); ${staysForAMinute}`, { isOld: true });
    expect(await run.end()).toMatchObject({ code: null, signal: 'SIGUSR2' });
  });

  it.for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('hands %s to the program and waits for its end', async (signal) => {
    await bundleNode();
    const run = await launch(
      `process.on('${signal}', () => process.exit(33)); ${staysForAMinute} console.log('ready');`,
      { isOld: true },
    );
    expect(await run.firstLine()).toBe('ready');
    run.child.kill(signal);
    expect(await run.end()).toMatchObject({ code: 33, signal: null });
  });

  it('takes the program with it when it is killed with SIGKILL', async () => {
    await bundleNode();
    const run = await launch(
      `for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {}); ${staysForAMinute} console.log('ready');`,
      { isOld: true },
    );
    expect(await run.firstLine()).toBe('ready');
    run.child.kill('SIGKILL');
    expect(await run.end()).toMatchObject({ code: null, signal: 'SIGKILL' });
  });
});
