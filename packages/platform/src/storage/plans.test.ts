// Every statement that runs while the platform works finds its rows through an index: the same time with a million rows as with ten thousand.
import { StatementSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { Database } from './database.ts';
import { ASYNC_COMMANDS } from '../huawei/async-commands.ts';
import { BATCH_TARGETS, BATCH_TASKS } from '../huawei/batch-tasks.ts';
import { DEVICE_GROUPS, GROUP_MEMBERS } from '../huawei/device-groups.ts';
import { DEVICE_TAGS } from '../huawei/tags.ts';
import { OBJECTS } from '../objects/objects.ts';
import { RESOURCES } from '../tencent/resource-records.ts';
import { NO_COUNTS, PACKAGES, TASKS, UPGRADES } from '../upgrades/upgrade-records.ts';
import type { Records } from './records.ts';
import { openStorage, type Storage } from './storage.ts';
import { deviceRecord, Folder, HandClock, HUAWEI_PRODUCT, TENCENT_PRODUCT } from './storage.fixtures.ts';

/** Runs `work` and gives the statements that it ran. */
async function statementsOf(work: () => Promise<void>): Promise<Set<string>> {
  const seen = new Set<string>();
  const methods = ['run', 'get', 'all', 'iterate'] as const;
  const kept = methods.map((method) => StatementSync.prototype[method]);
  for (const method of methods) {
    const real = StatementSync.prototype[method] as (...values: unknown[]) => unknown;
    StatementSync.prototype[method] = function (this: StatementSync, ...values: unknown[]) {
      seen.add(this.sourceSQL);
      return real.apply(this, values);
    } as never;
  }
  try {
    await work();
  } finally {
    for (const [index, method] of methods.entries()) StatementSync.prototype[method] = kept[index] as never;
  }
  return seen;
}

/** Everything that is asked of records; `lists` is what they are listed by. */
function everythingOf<T extends { readonly serial: number }>(records: Records<T>, record: T, lists: readonly Partial<T>[]): void {
  records.put(record);
  records.get(record);
  for (const where of lists) for (const page of [{}, { before: 3 }]) records.page(where, { limit: 2, ...page });
  records.remove(record);
}

/** The same of events, messages and gateways' lists. */
function messages({ events, logs, mailbox, gatewayLists }: Storage, at: number): void {
  const letter = { content: 'x', format: 'standard', encoding: 'none', createdAt: at - 40 * 86_400_000, expiresAt: at } as const;
  for (let each = 0; each < 102; each++) {
    mailbox.receive('huawei', 'd', { content: each }, at);
    mailbox.put('huawei', 'd', { ...letter, id: `m${each}`, status: each % 2 === 0 ? 'pending' : 'delivered' });
  }
  events.add('huawei', 'd', Array.from({ length: 1001 }, () => ({ name: 'n', params: {} })), at);
  events.add('huawei', 'e', [{ name: 'n', params: {} }], at - 40 * 86_400_000);
  for (const filter of [{}, { name: 'n' }, { severity: 'info' }, { name: 'n', severity: 'info' }] as const) {
    for (const page of [{}, { behind: { at, serial: 5 } }]) events.list('huawei', 'd', { from: 0, to: at, limit: 3, ...filter, ...page });
  }
  logs.add('huawei', 'd', Array.from({ length: 1001 }, () => ({ type: 'T', content: 'x' })), at);
  logs.add('huawei', 'e', [{ type: 'T', content: 'x' }], at - 40 * 86_400_000);
  for (const which of [{ device: 'd' }, { deviceBegins: 'd' }]) for (const page of [{}, { behind: { at, serial: 5 } }]) logs.list({ cloud: 'huawei', from: 0, to: at, type: 'T', words: ['x'], limit: 3, ...which, ...page });
  mailbox.received('huawei', 'd');
  mailbox.letters('huawei', 'd');
  mailbox.find('huawei', 'd', 'm1');
  mailbox.put('huawei', 'd', { ...letter, id: 'm2', status: 'delivered' });
  mailbox.remove('huawei', 'd', 'm4');
  gatewayLists.version('gw');
  gatewayLists.begin('gw', 1);
  gatewayLists.add('gw', { version: 2, change: 'added', children: [] });
  gatewayLists.since('gw', 0);
}

/** What Huawei's platform asks of groups, tags, tasks of many devices, and commands that nobody waits for. */
function fleet(storage: Storage): void {
  const group = { id: 'g', name: 'n', type: 'STATIC', appId: 'default', changedAt: 1, serial: 1 } as const;
  everythingOf(storage.records(DEVICE_GROUPS), group, [{ name: 'n' }, { type: 'STATIC' }, { appId: 'default' }, { name: 'n', appId: 'default' }, { type: 'STATIC', appId: 'default' }, { parent: 'g' }]);
  everythingOf(storage.records(GROUP_MEMBERS), { groupId: 'g', device: 'd', serial: 1 }, [{ groupId: 'g' }, { device: 'd' }]);
  everythingOf(storage.records(DEVICE_TAGS), { device: 'd', key: 'k', value: 'v', serial: 1 }, [{ device: 'd' }, { key: 'k' }, { key: 'k', value: 'v' }]);
  const task = { id: 't', type: 'freezeDevices', name: 'n', policy: {}, status: 'running', counts: NO_COUNTS, createdAt: 1, serial: 1 } as const;
  everythingOf(storage.records(BATCH_TASKS), task, [{ type: 'freezeDevices' }, { type: 'freezeDevices', status: 'running' }, { status: 'running' }]);
  const targets = storage.records(BATCH_TARGETS);
  everythingOf(targets, { task: 't', target: 'd', status: 'waiting', retries: 0, dueAt: 1, serial: 1 }, [{ task: 't' }, { task: 't', status: 'processing' }, { task: 't', target: 'd' }]);
  targets.upTo('dueAt', 10, 5);
  const command = { id: 'c', device: 'd', name: 'n', args: {}, status: 'PENDING', strategy: 'delay', expireSeconds: 60, createdAt: 1, dueAt: 1, serial: 1 } as const;
  everythingOf(storage.records(ASYNC_COMMANDS), command, [{ device: 'd' }, { device: 'd', status: 'PENDING' }, { device: 'd', name: 'n' }, { device: 'd', status: 'PENDING', name: 'n' }]);
}

/** Everything that a platform asks of its storage. */
async function everything(folder: Folder): Promise<void> {
  const clock = new HandClock();
  const first = openStorage({ directory: folder.path, clock, cached: 1 });
  const { registryStore: store, twins } = first;
  for (const product of [HUAWEI_PRODUCT, TENCENT_PRODUCT]) store.putProduct(product);
  for (const serial of [1, 2, 3]) store.putDevice(deviceRecord(serial, { gateway: 'p_gw' }));
  for (const [cloud, id] of [['huawei', 'p'], ['tencent', 'ABCDE12345'], ['huawei', 'p']] as const) store.product(cloud, id);
  for (const device of ['p_d1', 'p_d2', 'p_d1']) store.device('huawei', device);
  store.putStatus(deviceRecord(1));
  expect(Array.from(store.childrenOf('huawei', 'p_gw'))).toHaveLength(3);
  for (const page of [{}, { before: 3 }, { offset: 1 }, { before: 3, offset: 1 }]) {
    for (const name of [{}, { name: 'x' }]) store.products({ cloud: 'huawei', limit: 2, ...page, ...name });
    const filters = [['productId', 'p'], ['gateway', 'g'], ['nodeId', 'n'], ['name', 'm']] as const;
    for (let chosen = 0; chosen < 16; chosen++) {
      store.devices({ cloud: 'huawei', limit: 2, ...page, ...Object.fromEntries(filters.filter((_filter, bit) => (chosen & (1 << bit)) !== 0)) });
    }
  }
  for (let each = 0; each < 100; each++) twins.report('huawei', 'd', [{ service: 's', values: { x: 1, [`p${each}`]: 1 } }], clock.at);
  first.secret('s');
  const upgrades = first.records(UPGRADES);
  everythingOf(upgrades, { cloud: 'huawei', task: 't', device: 'd', kind: 'firmware', stage: 'asked', status: 'processing', isOpen: true, dueAt: 7, to: '1', retries: 0, changedAt: 1, serial: 2 }, [
    { cloud: 'huawei', task: 't' }, { cloud: 'huawei', task: 't', status: 'failed' }, { cloud: 'huawei', task: 't', device: 'd' }, { cloud: 'huawei', device: 'd' }, { cloud: 'huawei', device: 'd', isOpen: true },
  ]);
  upgrades.upTo('dueAt', 10, 5);
  upgrades.page({ cloud: 'huawei', isOpen: true }, { limit: 0 });
  const task = { cloud: 'huawei', id: 't', packageId: 'k', productId: 'p', kind: 'firmware', version: '1', policy: {}, status: 'running', counts: NO_COUNTS, createdAt: 1, serial: 3 } as const;
  everythingOf(first.records(TASKS), task, [
    { cloud: 'huawei', kind: 'firmware' }, { cloud: 'huawei', kind: 'firmware', status: 'running' }, { cloud: 'tencent', productId: 'p', status: 'running' }, { cloud: 'tencent', packageId: 'k' },
    { cloud: 'huawei', packageId: 'k', status: 'running' },
  ]);
  const pack = { cloud: 'huawei', id: 'k', productId: 'p', kind: 'firmware', version: '1', place: { bucket: 'b', key: 'k' }, delivery: 'token', createdAt: 1, serial: 4 } as const;
  everythingOf(first.records(PACKAGES), pack, [
    { cloud: 'tencent' }, { cloud: 'tencent', productId: 'p' }, { cloud: 'huawei', kind: 'firmware' }, { cloud: 'huawei', kind: 'firmware', productId: 'p' }, { cloud: 'huawei', kind: 'firmware', version: '1' },
    { cloud: 'huawei', kind: 'firmware', productId: 'p', version: '1' },
  ]);
  everythingOf(first.records(RESOURCES), { device: 'd', direction: 'upload', name: 'n', bytes: 1, md5: '', isOpen: true, serial: 1 }, [{ device: 'd' }, { device: 'd', direction: 'download', isOpen: true }]);
  everythingOf(first.records(OBJECTS), { bucket: 'b', key: 'k', blob: '0', bytes: 1, sha256: '', md5: '', type: '', storedAt: 1, serial: 1 }, [{ bucket: 'b' }]);
  fleet(first);
  twins.desire('huawei', 'd', [{ service: 's', values: { x: 1 } }], clock.at);
  messages(first, clock.at);
  twins.read('huawei', 'e');
  const query = { cloud: 'huawei', device: 'd', service: 's', property: 'x', from: 0, to: clock.at, limit: 3 } as const;
  await first.close();
  const second = openStorage({ directory: folder.path, clock, cached: 1 });
  second.history.query(query);
  second.history.query({ ...query, before: { at: clock.at, id: 5 } });
  second.twins.report('huawei', 'd', [{ service: 's', values: { x: 1 } }], clock.at);
  await second.close();
  const third = openStorage({ directory: folder.path, clock, historyDays: 0 });
  third.twins.delete('huawei', 'd');
  for (const device of ['d', 'e']) third.events.delete('huawei', device);
  third.mailbox.delete('huawei', 'e');
  third.gatewayLists.delete('gw');
  third.registryStore.removeDevice('huawei', 'p_d1');
  third.registryStore.removeProduct('huawei', 'p');
  clock.pass(2000);
  await third.close();
}

describe('every statement', () => {
  it('goes through an index, and sorts nothing', async () => {
    using folder = new Folder();
    const statements = [...(await statementsOf(() => everything(folder)))].filter((sql) => /^\s*(SELECT|UPDATE|DELETE|INSERT)/i.test(sql));
    expect(statements.length).toBeGreaterThan(95);
    using other = new Folder();
    await openStorage({ directory: other.path }).close();
    const database = new Database({ file: other.file('lianyun.db') });
    const plans = new Map(statements.map((sql) => {
      const parameters = Array.from({ length: sql.split('?').length - 1 }, () => 1);
      return [sql, database.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...parameters).map(({ detail }) => detail)];
    }));
    database.close();
    // The journal is short, and read as a whole at the start.
    const isAllowed = (sql: string, detail: string) => detail === 'SCAN sqlite_master' || (detail === 'SCAN journal' && sql.endsWith('FROM journal ORDER BY last'));
    const slow = [...plans].flatMap(([sql, details]) => details.filter((detail) => /^SCAN |TEMP B-TREE/.test(detail) && !isAllowed(sql, detail)).map((detail) => `${detail}: ${sql}`));
    expect(slow).toEqual([]);

    const planOf = (beginning: string) => [...plans].find(([sql]) => sql.startsWith(beginning))?.[1];
    expect(planOf('SELECT first_at, last_at, samples FROM chunks')).toEqual(['SEARCH chunks USING INDEX chunks_by_series (series=? AND last_at>? AND last_at<?)']);
    expect(planOf('SELECT * FROM devices WHERE cloud = ? AND product_id = ? AND serial < ?')).toEqual(['SEARCH devices USING INDEX devices_by_product (cloud=? AND product_id=? AND rowid<?)']);
    expect(planOf('SELECT * FROM devices WHERE cloud = ? AND serial < ?')).toEqual(['SEARCH devices USING INDEX devices_by_cloud (cloud=? AND rowid<?)']);
    expect(planOf('SELECT * FROM devices WHERE cloud = ? AND node_id = ? AND +product_id = ?')).toEqual(['SEARCH devices USING INDEX devices_by_node (cloud=? AND node_id=?)']);
    expect(planOf('SELECT * FROM devices WHERE cloud = ? AND gateway = ?')).toEqual(['SEARCH devices USING INDEX devices_by_gateway (cloud=? AND gateway=?)']);
  });
});
