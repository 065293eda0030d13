import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { foreign } from './foreign.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'lianyun-foreign-'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true });
});

it('finds an executable program in the first directory that has it', async () => {
  await writeFile(path.join(dir, 'mosquitto'), '#!/bin/sh\n');
  await chmod(path.join(dir, 'mosquitto'), 0o755);
  expect(foreign('mosquitto', [path.join(dir, 'absent'), dir, '/usr/sbin'])).toBe(path.join(dir, 'mosquitto'));
});

it('finds nothing where there is nothing', () => {
  vi.stubEnv('LIANYUN_REQUIRE_FOREIGN', '');
  expect(foreign('mosquitto', [dir])).toBeUndefined();
});

it('says how to install a missing program where every program is required', () => {
  vi.stubEnv('LIANYUN_REQUIRE_FOREIGN', '1');
  expect(() => foreign('mosquitto', [dir])).toThrow('mosquitto is not installed (apt-get install mosquitto)');
});
