import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Database } from './database.ts';
import { openStorage } from './storage.ts';
import { deviceRecord, Folder, TENCENT_PRODUCT } from './storage.fixtures.ts';

const failing = (...words: string[]) => expect.objectContaining({ code: 'bad-config', message: expect.stringMatching(new RegExp(words.map((each) => each.replace(/[/.]/g, '\\$&')).join('.*'), 's')) });
const SECRET = 'a-secret-nobody-may-see';

async function filled(): Promise<Folder> {
  const folder = new Folder();
  const storage = openStorage({ directory: folder.path });
  storage.registryStore.putProduct(TENCENT_PRODUCT);
  storage.registryStore.putDevice(deviceRecord(1, { secret: SECRET }));
  storage.registryStore.putDevice(deviceRecord(2, { secret: SECRET }));
  await storage.close();
  return folder;
}

describe('secrets', () => {
  it('stand in no file of the folder, neither while it is open nor afterwards', async () => {
    using folder = new Folder();
    const storage = openStorage({ directory: folder.path });
    const look = () => readdirSync(folder.path).map((name) => {
      const bytes = readFileSync(folder.file(name));
      for (const secret of [SECRET, TENCENT_PRODUCT.productSecret, 'second-secret']) {
        for (const form of [secret, Buffer.from(secret).toString('base64').replace(/=+$/, ''), Buffer.from(secret).toString('hex')]) expect(bytes.includes(form)).toBe(false);
      }
      // What is looked for would be found.
      return bytes.includes('p_d1') ? `${name} has the device` : name;
    });
    storage.registryStore.putProduct(TENCENT_PRODUCT);
    storage.registryStore.putDevice(deviceRecord(1, { secret: SECRET }));
    await storage.stored();
    expect(look()).toEqual(['lianyun.db', 'lianyun.db-wal has the device', 'secrets.key']);
    storage.registryStore.putDevice(deviceRecord(1, { secret: 'second-secret' }));
    await storage.close();
    expect(look()).toEqual(['lianyun.db has the device', 'secrets.key']);
  });

  it('have their key in a file that only its owner can read, as the database is', async () => {
    using folder = await filled();
    for (const name of ['secrets.key', 'lianyun.db']) expect(statSync(folder.file(name)).mode & 0o777).toBe(0o600);
    expect(Buffer.from(readFileSync(folder.file('secrets.key'), 'utf8'), 'base64')).toHaveLength(32);
  });

  it('are refused with a key that others can read, with the command that closes it', async () => {
    using folder = await filled();
    chmodSync(folder.file('secrets.key'), 0o640);
    expect(() => openStorage({ directory: folder.path })).toThrow(failing('mode 0640', `chmod 600 ${folder.file('secrets.key')}`));
  });

  it('are refused without their key, with another, and with half of one; and no key is made then', async () => {
    using folder = await filled();
    using other = await filled();
    const key = folder.file('secrets.key');
    renameSync(key, folder.file('kept'));
    expect(() => openStorage({ directory: folder.path })).toThrow(failing(key, 'is missing', folder.file('lianyun.db')));
    expect(readdirSync(folder.path)).not.toContain('secrets.key');
    writeFileSync(key, readFileSync(other.file('secrets.key')), { mode: 0o600 });
    expect(() => openStorage({ directory: folder.path })).toThrow(failing(key, 'is not the one'));
    writeFileSync(key, 'AAAA');
    expect(() => openStorage({ directory: folder.path })).toThrow(failing(key, 'is damaged'));
    rmSync(key);
    renameSync(folder.file('kept'), key);
    const storage = openStorage({ directory: folder.path });
    expect(storage.registryStore.device('huawei', 'p_d1')?.secret).toBe(SECRET);
    await storage.close();
  });

  it('cannot be moved from one record to another, nor changed', async () => {
    using folder = await filled();
    const database = new Database({ file: folder.file('lianyun.db') });
    const sealed = () => database.all<{ secret: Uint8Array }>('SELECT secret FROM devices ORDER BY serial').map(({ secret }) => Buffer.from(secret));
    const [first, second] = sealed();
    // Never the same bytes for the same secret.
    expect(first).not.toEqual(second);
    expect(first?.subarray(-SECRET.length)).not.toEqual(second?.subarray(-SECRET.length));
    database.exec('UPDATE devices SET secret = (SELECT secret FROM devices WHERE serial = 1) WHERE serial = 2');
    database.close();
    const storage = openStorage({ directory: folder.path });
    expect(storage.registryStore.device('huawei', 'p_d1')?.secret).toBe(SECRET);
    expect(() => storage.registryStore.device('huawei', 'p_d2')).toThrow(failing('huawei device p_d2', 'secrets.key'));
    await storage.close();
  });
});
