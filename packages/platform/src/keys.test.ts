import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadAccessKeys } from './keys.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'lianyun-keys-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('access keys', () => {
  it('are generated once a directory, one pair a cloud, in a file that only its owner can read', () => {
    const data = path.join(directory, 'a', 'b');
    const keys = loadAccessKeys(data);
    expect(keys.huawei).toEqual([{ id: expect.stringMatching(/^[A-Z0-9]{20}$/), secret: expect.stringMatching(/^[A-Za-z0-9]{40}$/) }]);
    expect(keys.tencent).toEqual([{ id: expect.stringMatching(/^AKID[A-Za-z0-9]{32}$/), secret: expect.stringMatching(/^[A-Za-z0-9]{32}$/) }]);
    expect(keys.file).toBe(path.join(data, 'access-keys.json'));
    expect(statSync(keys.file ?? '').mode & 0o777).toBe(0o600);
    expect(readdirSync(data)).toEqual(['access-keys.json']);
    expect(loadAccessKeys(data)).toEqual(keys);
  });

  it('of the seed are used as they are, and leave no file when both clouds have some', () => {
    const huawei = [{ id: 'AK', secret: 'SK' }];
    const tencent = [{ id: 'ID', secret: 'KEY' }];
    expect(loadAccessKeys(directory, { huawei, tencent })).toEqual({ huawei, tencent });
    expect(readdirSync(directory)).toEqual([]);
    const half = loadAccessKeys(directory, { huawei, tencent: [] });
    expect(half.huawei).toBe(huawei);
    expect(half.tencent).toHaveLength(1);
    expect(JSON.parse(readFileSync(half.file ?? '', 'utf8'))).toEqual({ tencent: half.tencent[0] });
    // The other cloud's pair is added later, and nothing kept is lost.
    expect(loadAccessKeys(directory).tencent).toEqual(half.tencent);
  });

  it('in a file that others can read are refused, with the command that closes it', () => {
    const { file = '' } = loadAccessKeys(directory);
    chmodSync(file, 0o644);
    expect(() => loadAccessKeys(directory)).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining(`mode 0644); close them with: chmod 600 ${file}`) }));
  });

  it('are not made where no file can be: the folder is said in words', () => {
    const nowhere = path.join(directory, 'link');
    symlinkSync(path.join(directory, 'not', 'there'), nowhere);
    expect(() => loadAccessKeys(nowhere)).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringMatching(new RegExp(`^${nowhere}/access-keys\\.json cannot be written: ENOENT`)) }));
  });

  it('in a damaged file are refused without showing what is in it', () => {
    const file = path.join(directory, 'access-keys.json');
    for (const text of ['{"huawei":{"id":"AK","secret":"hush', '{"huawei":{"id":"AK","secret":["hush"]}}', '']) {
      writeFileSync(file, text, { mode: 0o600 });
      let error: unknown;
      try {
        loadAccessKeys(directory);
      } catch (caught) {
        error = caught;
      }
      expect(error).toMatchObject({ code: 'bad-config', message: expect.stringContaining(file) });
      expect(error).not.toHaveProperty('cause');
      expect(String(error)).not.toContain('hush');
    }
  });
});
