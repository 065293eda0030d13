import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { signHuawei } from '@lianyun/platform';
import { expect, it } from 'vitest';
import { SEED } from './support/clouds.ts';
import { describeForeign } from './support/foreign.ts';
import { Program } from './support/program.ts';
import { Rig } from './support/rig.ts';

const [{ ak, sk }] = SEED.huawei.accessKeys;

describeForeign('curl', 'curl', (curl) => {
  it('puts an object, reads parts of it, and goes on where a download was cut', async () => {
    await using rig = await Rig.open();
    const folder = mkdtempSync(path.join(tmpdir(), 'lianyun-curl-'));
    try {
      const bytes = randomBytes(3_000_001);
      const file = (name: string): string => path.join(folder, name);
      const source = file('source');
      writeFileSync(source, bytes);
      const target = '/objects/firmware/lamp%20v2.bin';
      const url = `http://127.0.0.1:${rig.httpPort}${target}`;
      /** Runs curl on the object, with a signature of the access key; resolves with what it writes out. */
      const run = async (method: 'GET' | 'PUT', ...args: readonly string[]): Promise<{ readonly code: number | null; readonly out: string }> => {
        const headers = signHuawei({ method, url: target, headers: { host: `127.0.0.1:${rig.httpPort}`, 'x-sdk-content-sha256': 'UNSIGNED-PAYLOAD' }, body: Buffer.alloc(0) }, { id: ak, secret: sk }, { at: rig.clock.now() });
        const signed = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
        await using program = new Program(curl, ['-sS', '-w', '%{http_code} %{size_download}', ...signed, ...args, url]);
        const { code } = await program.end();
        return { code, out: program.stdout.all.join('\n') };
      };

      expect(await run('PUT', '-T', source)).toEqual({ code: 0, out: '200 0' });
      expect(rig.platform.objects.find({ bucket: 'firmware', key: 'lamp v2.bin' })).toMatchObject({ bytes: bytes.length, md5: createHash('md5').update(bytes).digest('hex') });

      const whole = file('whole');
      expect(await run('GET', '-o', whole)).toEqual({ code: 0, out: `200 ${bytes.length}` });
      expect(readFileSync(whole).equals(bytes)).toBe(true);

      const part = file('part');
      for (const [range, expected] of [['1000-1999', bytes.subarray(1000, 2000)], ['2999990-', bytes.subarray(2_999_990)], ['-7', bytes.subarray(-7)], ['2999000-9999999', bytes.subarray(2_999_000)]] as const) {
        expect(await run('GET', '-r', range, '-o', part)).toEqual({ code: 0, out: `206 ${expected.length}` });
        expect(readFileSync(part).equals(expected)).toBe(true);
      }
      // 22: the server said no; --fail says so by the exit code.
      expect(await run('GET', '--fail', '-r', '3000001-', '-o', part)).toMatchObject({ code: 22 });

      truncateSync(whole, 1_234_567);
      expect(await run('GET', '-C', '-', '-o', whole)).toEqual({ code: 0, out: `206 ${bytes.length - 1_234_567}` });
      expect(readFileSync(whole).equals(bytes)).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
