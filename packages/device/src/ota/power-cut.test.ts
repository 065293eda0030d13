import { fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { FakeClock } from '@lianyun/protocol/testing';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { FileServer } from '../testing/file-server.ts';
import { ScriptedServer } from '../testing/scripted-server.ts';
import { temporaryDirectory } from '../testing/support.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

const CONTENT = randomBytes(100_000);
const PROGRAM = fileURLToPath(new URL('../testing/upgraded-process.ts', import.meta.url));
const DOWN = '$oc/devices/prod1_dev1/sys/events/down';

interface Report {
  readonly sw_version?: string;
  readonly result_code?: number;
  readonly version?: string;
}

/** Runs the program again and again, as a supervisor does, until there is nothing left for it to do; the first process is cut at one of its operations. */
async function upgrade(isGood: boolean, cutAt?: number) {
  const temporary = await temporaryDirectory();
  const root = temporary.path;
  open.push(temporary);
  await fs.writeFile(path.join(root, 'slot'), '1');
  const web = await FileServer.listen(() => ({ content: CONTENT }));
  const reports: Report[] = [];
  // The platform: offers version 2 to whoever says that it runs 1, until the task has an end.
  let task: 'open' | 'success' | 'failure' = 'open';
  const server = await ScriptedServer.listen(new FakeClock(), {
    onPublish: ({ topic, text }, connection) => {
      if (!topic.endsWith('/events/up')) return;
      for (const { paras } of (JSON.parse(text) as { services: { paras: Report }[] }).services) {
        reports.push(paras);
        if (paras.sw_version === '2' || (paras.result_code === 0 && paras.version === '2')) task = 'success';
        else if (paras.result_code !== undefined && paras.result_code !== 0) task = 'failure';
        else if (paras.sw_version === '1' && task === 'open')
          connection.send(DOWN, { object_device_id: 'prod1_dev1', services: [{ service_id: '$ota', event_type: 'software_upgrade_v2', paras: { version: '2', url: web.url, expires: 60, file_size: CONTENT.length, sign: createHash('sha256').update(CONTENT).digest('hex') } }] });
      }
    },
  });
  open.push(web, server);
  let operations = 0;
  for (let starts = 0; task === 'open' || (await hasWork(root)); starts++) {
    if (starts > 12) throw new Error(`it never comes to an end: ${JSON.stringify(reports)}`);
    const child = fork(PROGRAM, [JSON.stringify({ url: server.url, root, ...(cutAt === undefined || cutAt <= operations ? {} : { cutAt: cutAt - operations }), isGood })], { execArgv: ['--conditions=@lianyun/source'] });
    open.push({ [Symbol.asyncDispose]: async () => void child.kill('SIGKILL') });
    child.on('message', (count: number) => (operations += count));
    const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    // The cut comes once: what is done after it is no longer counted.
    if (signal !== null) operations = Infinity;
  }
  const slot = await fs.readFile(path.join(root, 'slot'), 'utf8');
  const left = (await fs.readdir(path.join(root, 'ota'))).sort();
  return { slot, task, reports, left, operations };
}

async function hasWork(root: string): Promise<boolean> {
  const text = await fs.readFile(path.join(root, 'ota', 'upgrade.json'), 'utf8').catch(() => '{}');
  return (JSON.parse(text) as { current?: unknown }).current !== undefined;
}

const NIGHTLY = process.env['LIANYUN_NIGHTLY'] === '1';
/** A moment is several starts of a program. */
const TIMEOUT_MS = NIGHTLY ? 3_600_000 : 120_000;

/** Every moment in the nightly run; otherwise a few, others each time. */
function moments(count: number): readonly number[] {
  const all = Array.from({ length: count }, (_, index) => index + 1);
  return NIGHTLY ? all : fc.sample(fc.constantFrom(...all), 2);
}

describe('a program whose power is cut while it upgrades itself', () => {
  it('runs the new version or the old one in the end, and the cloud has heard which', { timeout: TIMEOUT_MS }, async () => {
    const whole = await upgrade(true);
    expect(whole).toMatchObject({ slot: '2', task: 'success', left: ['upgrade.json'] });
    for (const cutAt of moments(whole.operations)) {
      const { slot, task, left, reports } = await upgrade(true, cutAt);
      expect({ cutAt, slot, task, left, reports }).toMatchObject({ slot: '2', task: 'success', left: ['upgrade.json'] });
    }
  });

  it('runs the old one again when the new one is no good, and the cloud never hears otherwise', { timeout: TIMEOUT_MS }, async () => {
    const whole = await upgrade(false);
    expect(whole).toMatchObject({ slot: '1', task: 'failure', left: ['upgrade.json'] });
    for (const cutAt of moments(whole.operations)) {
      const { slot, task, left, reports } = await upgrade(false, cutAt);
      expect({ cutAt, slot, task, left, reports }).toMatchObject({ slot: '1', task: 'failure', left: ['upgrade.json'] });
      expect(reports.filter(({ sw_version, version }) => sw_version === '2' || version === '2')).toEqual([]);
    }
  });
});
