// Contract 1: `npm start` without --once.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { signHuawei } from '@lianyun/platform';
import { Device, tencent } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { lianyun, ROOT, runScript, type Program } from './support/program.ts';

/** What the text says to whoever wants to connect. */
async function invitation(tour: Program): Promise<{ readonly lines: readonly string[]; readonly text: string }> {
  await tour.line(/Ctrl-C ends it/);
  const lines = tour.stdout.all;
  const from = lines.findIndex((line) => line.startsWith('Connect a device of your own'));
  return { lines: lines.slice(from), text: lines.slice(from).join('\n') };
}

/** The lines of stdout behind the first `count`. */
const after = (tour: Program, count: number, pattern: RegExp): Promise<string> => tour.stdout.first((line) => tour.stdout.all.indexOf(line) >= count && pattern.test(line));

describe('lianyun tour', () => {
  it('goes on reporting, says how to connect a device, which then works as it stands there, and ends with 0 on Ctrl-C', { timeout: 180_000 }, async () => {
    const folder = await mkdtemp(path.join(ROOT, 'node_modules/.visitor-'));
    try {
      await using tour = lianyun(['tour']);
      const { lines, text } = await invitation(tour);
      const summary = tour.stdout.all.filter((line) => /^(ok|FAILED) {2,}/.test(line));
      expect(summary.length > 20 && summary.every((line) => line.startsWith('ok'))).toBe(true);

      // Copied from the screen.
      const program = lines.filter((line) => /^ {2}(import|const|await) /.test(line)).map((line) => line.trim());
      expect(program).toHaveLength(4);
      await writeFile(path.join(folder, 'visitor.mjs'), [...program, 'await device.close();'].join('\n'));
      await using visitor = runScript(path.join(folder, 'visitor.mjs'));
      expect([await visitor.end(), visitor.stderr.all]).toEqual([{ code: 0, signal: null }, []]);
      const [, deviceId = ''] = /deviceId (\S+)/.exec(text) ?? [];
      await after(tour, 0, new RegExp(`↑ huawei {2}q1 property\\.report +${deviceId} .*"load":0\\.5`));

      const [, server = '', productId = '', deviceName = '', deviceSecret = ''] = /Tencent {2}server (\S+) {3}productId (\S+) {3}deviceName (\S+) {3}deviceSecret (\S+)/.exec(text) ?? [];
      const device = new Device({ dialect: tencent, server, identity: { productId, deviceName, deviceSecret } });
      await device.connect();
      await device.properties.report({ values: { load: 0.25 } }).delivered;
      await device.close();

      // The interval that an application sets with the keys of that file counts at once.
      const [, api = '', project = '', keyFile = ''] = /APIs are at (\S+) \(Huawei project (\S+)\); their access keys are in (\S+)/.exec(text) ?? [];
      const { huawei: key } = JSON.parse(await readFile(keyFile, 'utf8')) as { readonly huawei: { readonly id: string; readonly secret: string } };
      const thing = deviceId.replace(/_[^_]+$/, '_this');
      const url = `/v5/iot/${project}/devices/${thing}/properties`;
      const body = JSON.stringify({ services: [{ service_id: 'machine', properties: { interval: 1 } }] });
      const headers = signHuawei({ method: 'PUT', url, headers: { host: new URL(api).host, 'content-type': 'application/json' }, body: Buffer.from(body) }, key, { at: Date.now() });
      const answer = await fetch(api + url, { method: 'PUT', headers: { ...headers, connection: 'close' } as Record<string, string>, body });
      expect(await answer.json()).toMatchObject({ response: { result_code: 0 } });
      const told = tour.stdout.all.length;
      for (const cloud of ['huawei ', 'tencent']) await after(tour, told, new RegExp(`↑ ${cloud} q\\d property\\.report .*"load":`));

      tour.kill('SIGINT');
      expect([await tour.end(), tour.stderr.all]).toEqual([{ code: 0, signal: null }, []]);
      expect(tour.stdout.all.at(-1)).toBe('Going down.');
      expect(existsSync(path.dirname(keyFile))).toBe(false);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
