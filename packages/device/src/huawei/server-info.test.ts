import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../testing/support.ts';
import { ServerInfoFile } from './server-info.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

async function file(): Promise<string> {
  const directory = await temporaryDirectory();
  open.push(directory);
  return path.join(directory.path, 'server_info.json');
}

describe('the file of the Python SDK', () => {
  it.each([
    [{ server: 'mqtt://iot-new.example.com:1883', secret: 'NewSecret456' }, { server_uri: 'iot-new.example.com', port: 1883, secret: 'NewSecret456' }],
    [{ server: 'mqtts://iot-new.example.com:8883' }, { server_uri: 'iot-new.example.com', port: 8883, secret: null }],
    [{ server: 'mqtts://[::1]:8883' }, { server_uri: '::1', port: 8883, secret: null }],
  ])('is written as that writes it, and read back: %j', async (stored, wire) => {
    const name = await file();
    const info = new ServerInfoFile(name);
    await expect(info.read()).resolves.toBeUndefined();
    await info.write(stored);
    expect(JSON.parse(await readFile(name, 'utf8'))).toEqual(wire);
    expect((await stat(name)).mode & 0o777).toBe(0o600);
    await expect(info.read()).resolves.toEqual(stored);
  });

  it.each(['', '{', '[]', '{"server_uri":"","port":1883}', '{"server_uri":"h"}', '{"server_uri":"h","port":"1883"}', '{"server_uri":"h","port":1883,"secret":7}'])('is refused when it is damaged: %s', async (text) => {
    const name = await file();
    await writeFile(name, text);
    await expect(new ServerInfoFile(name).read()).rejects.toMatchObject({ code: 'disk-failed' });
  });
});
