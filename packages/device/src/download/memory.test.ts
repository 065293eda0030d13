import { fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { temporaryDirectory } from '../testing/support.ts';
import { WebServer } from '../testing/web-server.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

const PROGRAM = fileURLToPath(new URL('../testing/download-process.ts', import.meta.url));
const isNightly = process.env['LIANYUN_NIGHTLY'] === '1';
const MB = 1_000_000;
/** Every file is this again and again. */
const BLOCK = randomBytes(MB);

/** MiB that a process grew while it downloaded a file of so many MB. */
async function growth(size: number): Promise<number> {
  const temporary = await temporaryDirectory();
  const web = await WebServer.listen((_, response) => {
    response.writeHead(200, { 'content-length': size * MB });
    let left = size;
    const send = (): void => {
      while (left-- > 0) if (!response.write(BLOCK)) return void response.once('drain', send);
      response.end();
    };
    send();
  });
  open.push(temporary, web);
  const hash = createHash('sha256');
  for (let index = 0; index < size; index++) hash.update(BLOCK);
  const orders = { url: `http://127.0.0.1:${web.port}/image`, file: path.join(temporary.path, 'image'), bytes: size * MB, sha256: hash.digest('hex') };
  const child = fork(PROGRAM, [JSON.stringify(orders)], { execArgv: ['--conditions=@lianyun/source', '--expose-gc'] });
  open.push({ [Symbol.asyncDispose]: async () => void child.kill('SIGKILL') });
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the download ended with ${String(code)}`)));
  const [mib] = (await Promise.race([once(child, 'message'), ended])) as [number];
  ended.catch(() => undefined);
  return mib;
}

/** What lies in the middle of three: what a process takes for itself differs from one to the next. */
async function usualGrowth(size: number): Promise<number> {
  const [, middle = Infinity] = [await growth(size), await growth(size), await growth(size)].toSorted((a, b) => a - b);
  return middle;
}

// Two batches, what is being read, and what Node needs for itself; as many bytes again and again are read into the same memory.
it('a download holds little of the file, and no more of a larger one', { timeout: isNightly ? 1_200_000 : 120_000 }, async () => {
  if (!isNightly) return expect(await growth(200)).toBeLessThan(48);
  const [small, large] = [await usualGrowth(200), await usualGrowth(800)];
  expect(large).toBeLessThan(48);
  expect(large).toBeLessThanOrEqual(1.3 * small);
});
