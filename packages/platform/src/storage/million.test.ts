// What is asked of a large storage reads as many rows as of a small one: so many reports, or so many devices, make no difference to anybody.
import { StatementSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openStorage, type Storage } from './storage.ts';
import { deviceRecord, Folder, HandClock, HUAWEI_PRODUCT } from './storage.fixtures.ts';

const NIGHTLY = process.env['LIANYUN_NIGHTLY'] === '1';
const SMALL = 10_000;
const LARGE = NIGHTLY ? 1_000_000 : 30_000;
/** Of each device but the one that has half of all. */
const REPORTS = 50;
const BUSY = 'p_d1';
const PAGE = 50;

/** The rows that statements gave out while `work` ran. */
function rowsOf(work: () => unknown): number {
  let rows = 0;
  const count: Record<'get' | 'all' | 'iterate', (found: never) => unknown> = {
    get: (row: unknown) => {
      if (row !== undefined) rows++;
      return row;
    },
    all: (found: readonly unknown[]) => {
      rows += found.length;
      return found;
    },
    *iterate(found: Iterable<unknown>) {
      for (const row of found) {
        rows++;
        yield row;
      }
    },
  };
  const { get, all, iterate } = StatementSync.prototype;
  for (const [name, real] of Object.entries({ get, all, iterate })) {
    Object.assign(StatementSync.prototype, {
      [name](this: StatementSync, ...values: unknown[]) {
        return count[name as 'get']((real as (...given: unknown[]) => unknown).apply(this, values) as never);
      },
    });
  }
  try {
    work();
  } finally {
    Object.assign(StatementSync.prototype, { get, all, iterate });
  }
  return rows;
}

/** Half of the reports are of one device, the others of devices with {@link REPORTS} each. */
async function fill(storage: Storage, clock: HandClock, reports: number): Promise<void> {
  const devices = reports / 2 / REPORTS + 1;
  storage.registryStore.putProduct(HUAWEI_PRODUCT);
  for (let serial = 1; serial <= devices; serial++) storage.registryStore.putDevice(deviceRecord(storage.registryStore.nextSerial(), { device: `p_d${serial}`, nodeId: `d${serial}` }));
  const report = (device: string, number: number): boolean => storage.twins.report('huawei', device, [{ service: 's', values: { number, text: 'x'.repeat(number % 50) }, at: clock.at - reports + number }], clock.at);
  for (let number = 0; number < reports; number++) {
    report(number % 2 === 0 ? BUSY : `p_d${2 + ((number >> 1) % (devices - 1))}`, number);
    if (number % 5_000 === 4_999) await storage.stored();
  }
  await storage.stored();
}

/** How many rows each question reads, and the start. */
async function costs(reports: number): Promise<Readonly<Record<string, number>>> {
  using folder = new Folder();
  const clock = new HandClock();
  const options = { directory: folder.path, clock };
  const first = openStorage(options);
  await fill(first, clock, reports);
  await first.close();

  const opened: Storage[] = [];
  const start = rowsOf(() => opened.push(openStorage(options)));
  const [storage] = opened;
  if (storage === undefined) throw new Error('It was not opened.');
  await using _closing = storage;
  const ask = (device: string, more: object = {}) => storage.history.query({ cloud: 'huawei', device, service: 's', property: 'number', from: 0, to: clock.at, limit: PAGE, ...more });
  const { next } = ask(BUSY);
  const devices = (more: object) => storage.registryStore.devices({ cloud: 'huawei', productId: 'p', limit: PAGE, ...more });
  const oldest = clock.at - reports;
  expect(ask(BUSY).points.map(({ value }) => value)).toEqual(Array.from({ length: PAGE }, (_, index) => reports - 2 - index * 2));
  expect(ask(BUSY, { to: oldest + 9 }).points.map(({ value }) => value)).toEqual([8, 6, 4, 2, 0]);
  expect(devices({}).total).toBe(reports / 2 / REPORTS + 1);
  return {
    start,
    'the first page of a device with half of all reports': rowsOf(() => ask(BUSY)),
    'the second': rowsOf(() => ask(BUSY, { before: next })),
    'its oldest': rowsOf(() => ask(BUSY, { to: oldest + 9 })),
    'some of its middle': rowsOf(() => ask(BUSY, { from: oldest + reports / 2, to: oldest + reports / 2 + 100 })),
    'a property that it has not': rowsOf(() => ask(BUSY, { property: 'none' })),
    'a device with few reports': rowsOf(() => ask('p_d2')),
    'the first page of devices': rowsOf(() => devices({})),
    'a later one': rowsOf(() => devices({ before: 60 })),
    'a device': rowsOf(() => storage.registryStore.device('huawei', 'p_d2')),
  };
}

describe(`a storage with ${LARGE} reports`, () => {
  it(`reads as many rows for each question as one with ${SMALL}`, { timeout: NIGHTLY ? 600_000 : 60_000 }, async () => {
    const [small, large] = [await costs(SMALL), await costs(LARGE)];
    // A chunk may end elsewhere; where many devices report in turns, it has one report at worst.
    for (const [question, rows] of Object.entries(large)) expect(rows, question).toBeLessThanOrEqual(Math.max((small[question] ?? 0) + 2, question === 'start' ? 0 : PAGE + 5));
  });
});
