import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { BATCH_TARGETS, BATCH_TASKS } from '../huawei/batch-tasks.ts';
import { DEVICE_GROUPS, GROUP_MEMBERS } from '../huawei/device-groups.ts';
import { DEVICE_TAGS } from '../huawei/tags.ts';
import { OBJECTS } from '../objects/objects.ts';
import { GROUPS, POLICIES } from '../provisioning/provisioning-records.ts';
import { RULE_ASSIGNMENTS, RULE_RECORDS } from '../rules/rule-records.ts';
import { RESOURCES } from '../tencent/resource-records.ts';
import { PACKAGES, TASKS, UPGRADES } from '../upgrades/upgrade-records.ts';
import { Database } from './database.ts';
import { migrate, MIGRATIONS } from './schema.ts';
import { openStorage, type Storage } from './storage.ts';
import { child, deviceRecord, Folder, HandClock } from './storage.fixtures.ts';

const failing = (...words: string[]) => expect.objectContaining({ code: 'bad-config', message: expect.stringMatching(new RegExp(words.map((each) => each.replace(/[/.()]/g, '\\$&')).join('.*'), 's')) });
const open = (folder: Folder) => openStorage({ directory: folder.path, clock: new HandClock(), historyDays: 36_500 });

/** A database as a program of that version left it. */
function written(folder: Folder, version: number): void {
  const database = new DatabaseSync(folder.file('lianyun.db'));
  // Not the list of the program: what was published stays as it was, whatever becomes of the list.
  database.exec(readFileSync(new URL(`../../fixtures/storage/version-${version}.sql`, import.meta.url), 'utf8'));
  database.close();
}

describe('opening a storage', () => {
  it('makes the folder, closed to others, and needs nothing in it', async () => {
    using folder = new Folder();
    const directory = folder.file('a/b');
    await openStorage({ directory }).close();
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(readdirSync(directory)).toEqual(['lianyun.db', 'secrets.key']);
  });

  it('is refused while another process has the folder open, and works when that one was killed', async () => {
    using folder = new Folder();
    const program = child('crash.child.ts', folder.path);
    const ended = once(program, 'exit');
    if (program.stdout === null) throw new Error('no stdout');
    await once(createInterface({ input: program.stdout }), 'line');
    expect(() => open(folder)).toThrow(failing(folder.file('lianyun.db'), 'in use by another program', 'Stop that one'));
    program.kill('SIGKILL');
    await ended;
    await open(folder).close();
  });

  it('is refused a second time in the same process', async () => {
    using folder = new Folder();
    await using _first = open(folder);
    expect(() => open(folder)).toThrow(failing('in use by another program'));
  });

  it('takes up a version 1 file that was made by hand, and goes on with it', async () => {
    using folder = new Folder();
    written(folder, 1);
    const values = (storage: Storage) => storage.history.query({ cloud: 'huawei', device: 'p_d1', service: 's', property: 'x', from: 0, to: 100, limit: 9 }).points.map(({ value }) => value);
    const twin = (x: number, version: number, at: number) => [{ service: 's', version, reported: { values: { x }, times: { x: at }, at } }];
    const storage = open(folder);
    expect(storage.registryStore.product('huawei', 'p')).toMatchObject({ name: 'pump', deviceType: 'pump', serial: 1, model: [] });
    expect([storage.twins.read('huawei', 'p_d1'), values(storage)]).toEqual([twin(3, 4, 30), [3, 2, 1]]);
    storage.twins.report('huawei', 'p_d1', [{ service: 's', values: { x: 4 } }], 40);
    expect(storage.registryStore.nextSerial()).toBe(8);
    await storage.close();
    await using again = open(folder);
    expect([again.twins.read('huawei', 'p_d1'), values(again)]).toEqual([twin(4, 5, 40), [4, 3, 2, 1]]);
  });

  it('takes up a version 2 file, with what waits for a device and the list of a gateway', async () => {
    using folder = new Folder();
    written(folder, 2);
    const storage = open(folder);
    expect(storage.mailbox.letters('huawei', 'p_d1')).toMatchObject([{ id: 'm1', status: 'delivered' }, { id: 'm2', status: 'pending', content: { on: 1 } }]);
    expect([storage.mailbox.mayWait('huawei', 'p_d1'), storage.mailbox.received('huawei', 'p_d1').map(({ at }) => at)]).toEqual([true, [31, 32]]);
    expect(storage.history.query({ cloud: 'huawei', device: 'p_d1', service: 's', property: 'x', from: 0, to: 100, limit: 9 }).points.map(({ value }) => value)).toEqual([3, 2, 1]);
    expect(storage.events.list('huawei', 'p_d1', { from: 0, to: 100, limit: 9 }).items).toEqual([{ name: 'burnt', service: 's', params: { hours: 9 }, at: 30, serial: 1 }]);
    expect([storage.gatewayLists.version('p_gw'), storage.gatewayLists.since('p_gw', 1)]).toEqual([2, [{ version: 2, change: 'added', children: [{ device: 'p_d1' }] }]]);
    storage.events.add('huawei', 'p_d1', [{ name: 'next', params: {}, at: 40 }], 40);
    await storage.close();
    await using again = open(folder);
    expect(again.events.list('huawei', 'p_d1', { from: 0, to: 100, limit: 9 }).items.map(({ name }) => name)).toEqual(['next', 'burnt']);
  });

  it('takes up the objects and upgrades of a version 2 file', async () => {
    using folder = new Folder();
    written(folder, 2);
    await using storage = open(folder);
    expect(storage.records(OBJECTS).page({ bucket: 'packages' }, { limit: 9 })).toMatchObject({ total: 1, items: [{ key: 'k/fw.bin', bytes: 3 }] });
    expect(storage.records(PACKAGES).get({ cloud: 'huawei', id: 'k' })).toEqual({ cloud: 'huawei', id: 'k', productId: 'p', kind: 'firmware', version: '2', place: { bucket: 'packages', key: 'k/fw.bin' }, delivery: 'token', createdAt: 7, serial: 5 });
    expect(storage.records(TASKS).get({ cloud: 'huawei', id: 't' })).toMatchObject({ status: 'running', counts: { waiting: 1, succeeded: 1 } });
    expect(storage.records(UPGRADES).upTo('dueAt', Number.MAX_SAFE_INTEGER, 9)).toMatchObject([{ device: 'p_d2', stage: 'waiting', isOpen: true, dueAt: 90_000_007 }]);
  });

  it('takes up the policies and rules of a version 3 file', async () => {
    using folder = new Folder();
    written(folder, 3);
    await using storage = open(folder);
    expect(storage.records(POLICIES).get({ id: 'north' })).toEqual({ id: 'north', keyword: 'north', source: 'device-name', address: 'iot.example.com:8883', createdAt: 7, serial: 8 });
    expect(storage.records(RULE_RECORDS).page({ type: 'DEVICE_SIDE' }, { limit: 9 })).toMatchObject({ total: 1, items: [{ id: 'r', rule: { version: 2 } }] });
    expect(storage.records(RULE_ASSIGNMENTS).page({ device: 'p_d1' }, { limit: 9 }).items).toEqual([{ device: 'p_d1', rule: 'r', version: 2, serial: 10 }]);
  });

  it('seals a secret in the records', async () => {
    using folder = new Folder();
    const group = { scopeId: 's', productId: 'p', secret: 'a secret that nobody reads', createdAt: 1, serial: 1 };
    const storage = open(folder);
    storage.records(GROUPS).put(group);
    await storage.close();
    expect(readFileSync(folder.file('lianyun.db')).includes('a secret that nobody reads')).toBe(false);
    await using again = open(folder);
    expect(again.records(GROUPS).get({ scopeId: 's' })).toEqual(group);
    expect(again.records(GROUPS).page({}, { limit: 1 }).items).toEqual([group]);
  });

  it('takes up the resources of a version 4 file', async () => {
    using folder = new Folder();
    written(folder, 4);
    await using storage = open(folder);
    expect(storage.records(RESOURCES).page({ device: 'LAMP000001/lamp1', direction: 'download', isOpen: true }, { limit: 9 })).toEqual({
      total: 1,
      items: [{ device: 'LAMP000001/lamp1', direction: 'download', name: 'a.txt', isOpen: true, bytes: 3, md5: '900150983cd24fb0d6963f7d28e17f72', serial: 7 }],
    });
  });

  it('takes up the groups, tags and batch tasks of a version 5 file', async () => {
    using folder = new Folder();
    written(folder, 5);
    await using storage = open(folder);
    const group = { id: 'g', name: 'pumps', description: 'all of them', type: 'STATIC', appId: 'default', changedAt: 7, serial: 8 };
    expect(storage.records(DEVICE_GROUPS).page({ name: 'pumps', appId: 'default' }, { limit: 9 })).toEqual({ total: 1, items: [group] });
    expect(storage.records(GROUP_MEMBERS).page({ groupId: 'g' }, { limit: 9 }).items).toEqual([{ groupId: 'g', device: 'p_d1', serial: 9 }]);
    expect(storage.records(DEVICE_TAGS).page({ key: 'floor', value: '3' }, { limit: 9 }).items).toEqual([{ device: 'p_d1', key: 'floor', value: '3', serial: 10 }]);
    expect(storage.records(BATCH_TASKS).page({ type: 'freezeDevices', status: 'running' }, { limit: 9 })).toMatchObject({ total: 1, items: [{ name: 'winter', filter: { group_ids: ['g'] }, counts: { waiting: 1, succeeded: 1 } }] });
    expect(storage.records(BATCH_TARGETS).upTo('dueAt', Number.MAX_SAFE_INTEGER, 9)).toEqual([{ task: '00000000000000000000000b', target: 'p_d2', status: 'waiting', retries: 0, dueAt: 90_000_007, serial: 13 }]);
  });

  it('takes up the logs of a version 6 file', async () => {
    using folder = new Folder();
    written(folder, 6);
    await using storage = open(folder);
    const line = { device: 'LAMP000001/lamp1', type: 'WARN', content: 'warm', at: 30, serial: 1 };
    expect(storage.logs.list({ cloud: 'tencent', limit: 9 })).toEqual({ items: [line], isLast: true });
    storage.logs.add('tencent', 'LAMP000001/lamp1', [{ type: 'INFO', content: 'cold' }], 40);
    expect(storage.logs.list({ cloud: 'tencent', device: 'LAMP000001/lamp1', limit: 1 })).toMatchObject({ items: [{ content: 'cold', at: 40 }], isLast: false });
  });

  it.each(MIGRATIONS.map((_step, index) => index + 1))('has steps that make what version %i was', (version) => {
    using ours = new Folder();
    using theirs = new Folder();
    written(theirs, version);
    const schemaOf = (folder: Folder) => {
      const database = new Database({ file: folder.file('lianyun.db') });
      migrate(database, MIGRATIONS.slice(0, version));
      const rows = database.all<{ name: string; sql: string | null }>('SELECT name, sql FROM sqlite_schema ORDER BY name');
      database.close();
      return rows.map(({ name, sql }) => [name, sql?.replace(/\s+/g, ' ')]);
    };
    expect(schemaOf(ours)).toEqual(schemaOf(theirs));
  });

  it('migrates step by step, and leaves the file as it was when a step fails', () => {
    using folder = new Folder();
    written(folder, 1);
    const database = new Database({ file: folder.file('lianyun.db') });
    const version = () => database.get<{ user_version: number }>('PRAGMA user_version')?.user_version;
    const second = 'ALTER TABLE products ADD COLUMN colour TEXT; UPDATE products SET colour = \'red\'';
    expect(() => migrate(database, [...MIGRATIONS, second, 'CREATE TABLE broken (; '])).toThrow(failing('lianyun.db failed', 'syntax error'));
    expect(version()).toBe(MIGRATIONS.length + 1);
    expect(() => migrate(database, [...MIGRATIONS, second, 'CREATE TABLE third (a); INSERT INTO nowhere VALUES (1)'])).toThrow(failing('no such table'));
    expect(version()).toBe(MIGRATIONS.length + 1);
    expect(database.get("SELECT name FROM sqlite_schema WHERE name = 'third'")).toBeUndefined();
    migrate(database, [...MIGRATIONS, second, 'CREATE TABLE third (a)']);
    expect([version(), database.get<{ colour: string }>('SELECT colour FROM products')?.colour]).toEqual([MIGRATIONS.length + 2, 'red']);
    database.close();
  });

  it('is refused for a file that a newer program wrote', () => {
    using folder = new Folder();
    written(folder, 1);
    const database = new DatabaseSync(folder.file('lianyun.db'));
    database.exec('PRAGMA journal_mode = WAL; PRAGMA user_version = 99');
    database.close();
    const before = readFileSync(folder.file('lianyun.db'));
    expect(() => open(folder)).toThrow(failing('lianyun.db', 'newer lianyun', 'version 99', `up to ${MIGRATIONS.length}`));
    expect(readFileSync(folder.file('lianyun.db'))).toEqual(before);
  });

  it("is refused for another program's database and for what is none", () => {
    using folder = new Folder();
    const database = new DatabaseSync(folder.file('lianyun.db'));
    database.exec('CREATE TABLE theirs (a)');
    database.close();
    expect(() => open(folder)).toThrow(failing('lianyun.db', 'another program', '--data'));
    writeFileSync(folder.file('lianyun.db'), 'something else altogether, and long enough to be a header of a database file or not'.repeat(99));
    expect(() => open(folder)).toThrow(failing('lianyun.db', 'is damaged', 'restore', '.recover', 'move'));
    using inTheWay = new Folder();
    mkdirSync(inTheWay.file('lianyun.db'));
    expect(() => open(inTheWay)).toThrow(failing('lianyun.db', 'cannot be opened'));
  });

  it('of a damaged file says which, and what to do: at once where it can be seen, or with the first read', async () => {
    using folder = new Folder();
    const file = folder.file('lianyun.db');
    const storage = open(folder);
    for (let serial = 1; serial < 500; serial++) storage.registryStore.putDevice(deviceRecord(serial));
    await storage.close();
    const whole = readFileSync(file);
    const words = failing(file, 'is damaged', 'restore');

    truncateSync(file, 8192);
    expect(() => open(folder)).toThrow(words);

    // The pages of the devices, their table and its indexes.
    writeFileSync(file, whole);
    const handle = openSync(file, 'r+');
    writeSync(handle, Buffer.alloc(whole.length - 20 * 4096, 0xa5), 0, undefined, 20 * 4096);
    closeSync(handle);
    let caught: unknown;
    try {
      const damaged = open(folder);
      try {
        for (let serial = 1; serial < 500; serial++) damaged.registryStore.device('huawei', `p_d${serial}`);
      } finally {
        await damaged.close().catch(() => undefined);
      }
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ message: expect.stringMatching(/lianyun\.db is damaged.*restore/s) });
  });

  it('is refused with one code, whichever page is damaged', async () => {
    using folder = new Folder();
    const file = folder.file('lianyun.db');
    const storage = open(folder);
    for (let serial = 1; serial < 200; serial++) storage.registryStore.putDevice(deviceRecord(serial, { onlineSince: 2 }));
    await storage.close();
    const whole = readFileSync(file);
    const refusals: unknown[] = [];
    for (let at = 0; at < whole.length; at += 8192) {
      writeFileSync(file, Buffer.concat([whole.subarray(0, at), Buffer.alloc(8192), whole.subarray(at + 8192)]));
      try {
        await open(folder).close().catch(() => undefined);
      } catch (error) {
        refusals.push(error);
      }
    }
    expect(refusals.length).toBeGreaterThan(1);
    for (const refusal of refusals) expect(refusal).toEqual(failing('lianyun.db', 'is damaged', 'restore'));
  });

  it('is refused for a file that is empty or gone while its log is not: SQLite would throw the log away', async () => {
    using folder = new Folder();
    const storage = open(folder);
    storage.registryStore.putDevice(deviceRecord(1));
    await storage.stored();
    const log = readFileSync(folder.file('lianyun.db-wal'));
    await storage.close();
    writeFileSync(folder.file('lianyun.db-wal'), log);
    for (const lose of [() => truncateSync(folder.file('lianyun.db')), () => rmSync(folder.file('lianyun.db'))]) {
      lose();
      expect(() => open(folder)).toThrow(failing('lianyun.db', 'is damaged', 'restore', 'move', 'empty'));
      expect(readFileSync(folder.file('lianyun.db-wal'))).toEqual(log);
    }
    rmSync(folder.file('lianyun.db-wal'));
    await open(folder).close();
  });

  it('ends what the last process left: nobody is connected now', async () => {
    using folder = new Folder();
    const first = open(folder);
    first.registryStore.putDevice(deviceRecord(1, { activatedAt: 1, lastOnlineAt: 2, onlineSince: 2, statusChangedAt: 2 }));
    await first.close();
    await using second = open(folder);
    const device = second.registryStore.device('huawei', 'p_d1');
    expect(device).toMatchObject({ activatedAt: 1, lastOnlineAt: 2, statusChangedAt: new HandClock().at });
    expect(device).not.toHaveProperty('onlineSince');
  });

  it('and closing it leaves neither a timer nor a file of its own open, and no second file', async () => {
    using folder = new Folder();
    const clock = new HandClock();
    const storage = openStorage({ directory: folder.path, clock });
    storage.twins.report('huawei', 'd', [{ values: { x: 1 } }], clock.at);
    expect(clock.timers).toBe(1);
    await storage.close();
    await storage.close();
    expect(clock.timers).toBe(0);
    expect(readdirSync(folder.path)).toEqual(['lianyun.db', 'secrets.key']);
    if (process.platform === 'linux') {
      const handles = readdirSync('/proc/self/fd').map((fd) => linkOf(fd));
      expect(handles.filter((each) => each.startsWith(folder.path))).toEqual([]);
    }
  });
});

/** What an open file of this process is; '' when it is closed meanwhile. */
function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}
