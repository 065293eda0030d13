// One suite, two implementations: what holds in memory holds in the database, before and after a restart.
import { describe, expect, it } from 'vitest';
import type { Device } from '../records.ts';
import { deviceRecord, HandClock, HUAWEI_PRODUCT, kindsOf, TENCENT_PRODUCT } from './storage.fixtures.ts';

const clock = new HandClock();
const kinds = kindsOf(clock);

const parse = (text: string) => JSON.parse(text) as Record<string, number>;

describe.each(kinds)('the registry store %s', (_name, run) => {
  it('gives back every member of a record as it was put', () => run(async (open) => {
    const { registryStore } = open.storage;
    const full = deviceRecord(3, {
      gateway: 'p_gw', fingerprint: 'ab'.repeat(20), description: 'text', appId: 'app', extensionInfo: { a: [1, { b: null }, 2n ** 60n] }, secureAccess: true, enabled: false,
      activatedAt: 10, lastOnlineAt: 20, statusChangedAt: 40, secret: '密钥', authType: 'certificate',
    });
    const product = { ...HUAWEI_PRODUCT, model: [{ properties: [{ max: 2n ** 63n - 1n }] }] };
    registryStore.putProduct(product);
    registryStore.putProduct(TENCENT_PRODUCT);
    registryStore.putDevice(full);
    registryStore.putDevice(deviceRecord(4));
    for (let round = 0; round < 2; round++) {
      const store = open.storage.registryStore;
      expect(store.product('huawei', 'p')).toEqual(product);
      expect(store.product('tencent', 'ABCDE12345')).toEqual(TENCENT_PRODUCT);
      expect(store.device('huawei', 'p_d3')).toEqual(full);
      expect(store.device('huawei', 'p_d4')).toEqual(deviceRecord(4));
      expect(store.device('tencent', 'p_d3')).toBeUndefined();
      expect(store.product('tencent', 'p')).toBeUndefined();
      await open.again();
    }
  }));

  it('replaces a record, and removes it once', () => run(async (open) => {
    const { registryStore: store } = open.storage;
    store.putDevice(deviceRecord(1));
    store.putDevice(deviceRecord(1, { name: 'other', secret: 'new' }));
    store.putProduct({ ...HUAWEI_PRODUCT, name: 'other' });
    expect(store.devices({ cloud: 'huawei', limit: 9 })).toMatchObject({ total: 1, items: [{ name: 'other', secret: 'new' }] });
    expect([store.removeDevice('huawei', 'p_d1'), store.removeDevice('huawei', 'p_d1')]).toEqual([true, false]);
    expect([store.removeProduct('huawei', 'p'), store.removeProduct('huawei', 'p')]).toEqual([true, false]);
    await open.again();
    expect(open.storage.registryStore.device('huawei', 'p_d1')).toBeUndefined();
    expect(open.storage.registryStore.devices({ cloud: 'huawei', limit: 9 })).toEqual({ items: [], total: 0 });
    expect(open.storage.registryStore.products({ cloud: 'huawei', limit: 9 })).toEqual({ items: [], total: 0 });
  }));

  it('knows who connects through a gateway, whoever comes, goes or changes', () => run(async (open) => {
    const children = (gateway: string) => [...open.storage.registryStore.childrenOf('huawei', gateway)].map(({ device, name }) => `${device} ${name}`).toSorted();
    const put = (serial: number, changes: Partial<Device>) => open.storage.registryStore.putDevice(deviceRecord(serial, { name: 'n', ...changes }));
    expect(children('p_gw')).toEqual([]);
    for (const serial of [1, 2, 3, 4, 5]) put(serial, serial === 5 ? {} : { gateway: 'p_gw' });
    expect(children('p_gw')).toEqual(['p_d1 n', 'p_d2 n', 'p_d3 n', 'p_d4 n']);
    put(1, { gateway: 'p_other' });
    put(2, {});
    put(3, { gateway: 'p_gw', name: 'new' });
    open.storage.registryStore.putStatus(deviceRecord(3, { gateway: 'p_gw', name: 'new', onlineSince: 7 }));
    put(5, { gateway: 'p_gw' });
    open.storage.registryStore.removeDevice('huawei', 'p_d4');
    for (let round = 0; round < 2; round++) {
      expect(children('p_gw')).toEqual(['p_d3 new', 'p_d5 n']);
      expect(children('p_other')).toEqual(['p_d1 n']);
      await open.again();
    }
  }));

  it('keeps when a device came and went', () => run(async (open) => {
    const { registryStore: store } = open.storage;
    store.putDevice(deviceRecord(1));
    store.putStatus(deviceRecord(1, { activatedAt: 1, lastOnlineAt: 2, onlineSince: 2, statusChangedAt: 2 }));
    expect(store.device('huawei', 'p_d1')).toMatchObject({ activatedAt: 1, lastOnlineAt: 2, onlineSince: 2, statusChangedAt: 2 });
    const offline: Device = deviceRecord(1, { activatedAt: 1, lastOnlineAt: 2, statusChangedAt: 3 });
    store.putStatus(offline);
    expect(store.device('huawei', 'p_d1')).toEqual(offline);
    await open.again();
    expect(open.storage.registryStore.device('huawei', 'p_d1')).toEqual(offline);
  }));

  it('pages the newest first by every filter, and counts them all', () => run((open) => {
    const { registryStore: store } = open.storage;
    for (let serial = 1; serial <= 9; serial++) {
      store.putDevice(deviceRecord(serial, { productId: serial % 2 === 0 ? 'even' : 'odd', ...(serial > 6 ? { gateway: 'p_d1' } : {}), ...(serial === 8 ? { name: 'eight' } : {}) }));
    }
    store.putDevice(deviceRecord(10, { cloud: 'tencent' }));
    const serials = (query: object) => {
      const { items, total } = store.devices({ cloud: 'huawei', limit: 3, ...query });
      return [items.map((each) => each.serial), total];
    };
    expect(serials({})).toEqual([[9, 8, 7], 9]);
    expect(serials({ before: 7 })).toEqual([[6, 5, 4], 9]);
    expect(serials({ offset: 7 })).toEqual([[2, 1], 9]);
    expect(serials({ before: 8, offset: 1, limit: 2 })).toEqual([[6, 5], 9]);
    expect(serials({ limit: 0 })).toEqual([[], 9]);
    expect(serials({ productId: 'odd' })).toEqual([[9, 7, 5], 5]);
    expect(serials({ productId: 'odd', gateway: 'p_d1' })).toEqual([[9, 7], 2]);
    expect(serials({ gateway: 'p_d1' })).toEqual([[9, 8, 7], 3]);
    expect(serials({ nodeId: 'd4' })).toEqual([[4], 1]);
    expect(serials({ nodeId: 'd4', productId: 'odd' })).toEqual([[], 0]);
    expect(serials({ name: 'eight', productId: 'even', gateway: 'p_d1', nodeId: 'd8' })).toEqual([[8], 1]);
    store.putDevice(deviceRecord(9, { productId: 'even' }));
    store.removeDevice('huawei', 'p_d7');
    expect([serials({ productId: 'odd' })[1], serials({ productId: 'even' })[1], serials({})[1]]).toEqual([3, 5, 8]);
    store.putProduct(HUAWEI_PRODUCT);
    store.putProduct({ ...HUAWEI_PRODUCT, productId: 'q', serial: 5 });
    expect(store.products({ cloud: 'huawei', limit: 1 })).toMatchObject({ total: 2, items: [{ productId: 'q' }] });
    expect(store.products({ cloud: 'huawei', limit: 9, before: 5 })).toMatchObject({ total: 2, items: [{ productId: 'p' }] });
    expect(store.products({ cloud: 'huawei', name: 'pump', limit: 9, offset: 1 }).items).toHaveLength(1);
    expect(store.products({ cloud: 'huawei', name: 'none', limit: 9 })).toEqual({ items: [], total: 0 });
  }));

  it('gives out every serial once', () => run(async (open) => {
    const first = open.storage.registryStore.nextSerial();
    const second = open.storage.registryStore.nextSerial();
    open.storage.registryStore.putDevice(deviceRecord(second));
    open.storage.registryStore.removeDevice('huawei', `p_d${second}`);
    await open.again();
    expect(second).toBeGreaterThan(first);
    expect(open.storage.registryStore.nextSerial()).toBeGreaterThan(second);
  }));

  it('takes ids such as __proto__ as plain ids', () => run(async (open) => {
    const device = deviceRecord(1, { device: '__proto__', nodeId: 'constructor', extensionInfo: parse('{"__proto__":1}') });
    open.storage.registryStore.putDevice(device);
    await open.again();
    expect(JSON.stringify(open.storage.registryStore.device('huawei', '__proto__')?.extensionInfo)).toBe('{"__proto__":1}');
    expect(open.storage.registryStore.device('huawei', 'toString')).toBeUndefined();
  }));
});

describe.each(kinds)('twins %s', (_name, run) => {
  it('are the same after a restart, whatever happened to them', () => run(async (open) => {
    const expected = [
      { service: 'a', version: 5, reported: { values: { x: 2, y: null }, times: { x: 600, y: 100 }, at: 600 }, desired: { values: { o: { p: [1] } }, times: { o: 10 }, at: 20 } },
      { service: 'b', version: 1, reported: { values: { z: '1' }, times: { z: 600 }, at: 600 } },
    ];
    const { twins } = open.storage;
    twins.report('huawei', 'd', [{ service: 'a', values: { x: 1, y: null }, at: 100 }], 500);
    twins.desire('huawei', 'd', [{ service: 'a', values: { o: { p: [1] }, q: 1 } }], 10);
    await open.again();
    open.storage.twins.report('huawei', 'd', [{ service: 'a', values: { x: 2 } }, { service: 'b', values: { z: '1' } }], 600);
    open.storage.twins.desire('huawei', 'd', [{ service: 'a', values: { q: 2 } }], 20);
    open.storage.twins.forgetDesired('huawei', 'd', [{ service: 'a', values: { q: 0 } }]);
    expect(open.storage.twins.read('huawei', 'd')).toEqual(expected);
    await open.again();
    expect(open.storage.twins.read('huawei', 'd')).toEqual(expected);
    expect(open.storage.twins.read('huawei', 'd', 'b')).toEqual([expected[1]]);
    expect(open.storage.twins.read('huawei', 'd', 'c')).toEqual([]);
    expect(open.storage.twins.pending('huawei', 'd')).toEqual([{ service: 'a', values: { o: { p: [1] } } }]);
    open.storage.twins.forgetDesired('huawei', 'd');
    await open.again();
    expect(open.storage.twins.pending('huawei', 'd')).toEqual([]);
    expect(open.storage.twins.read('huawei', 'nobody')).toEqual([]);
  }));

  it('tell with each report whether anything is desired of the device', () => run(async (open) => {
    const report = (): boolean => open.storage.twins.report('huawei', 'd', [{ service: 'a', values: { x: 1 } }], 1);
    expect(report()).toBe(false);
    open.storage.twins.desire('huawei', 'd', [{ service: 'b', values: { x: 1 } }], 2);
    await open.again();
    expect(report()).toBe(true);
    open.storage.twins.forgetDesired('huawei', 'd');
    expect(report()).toBe(false);
  }));

  it('begin anew when they are cleared, and keep their history', () => run(async (open) => {
    const values = () => open.storage.history.query({ cloud: 'huawei', device: 'd', property: 'x', from: 0, to: clock.at, limit: 9 }).points.map(({ value }) => value);
    open.storage.twins.report('huawei', 'd', [{ values: { x: 1, y: 2 } }], clock.at - 1);
    open.storage.twins.desire('huawei', 'd', [{ values: { x: 3 } }], clock.at);
    await open.again();
    open.storage.twins.clear('huawei', 'd');
    expect([open.storage.twins.read('huawei', 'd'), open.storage.twins.pending('huawei', 'd')]).toEqual([[], []]);
    open.storage.twins.report('huawei', 'd', [{ values: { x: 4 } }], clock.at);
    for (let round = 0; round < 2; round++) {
      expect(open.storage.twins.read('huawei', 'd')).toEqual([{ version: 1, reported: { values: { x: 4 }, times: { x: clock.at }, at: clock.at } }]);
      expect(values()).toEqual([4, 1]);
      await open.again();
    }
  }));

  it('take names such as __proto__ as plain data', () => run(async (open) => {
    open.storage.twins.report('huawei', '__proto__', [{ service: '__proto__', values: parse('{"__proto__":1,"constructor":2}') }], 1);
    await open.again();
    expect(JSON.stringify(open.storage.twins.read('huawei', '__proto__', '__proto__')[0]?.reported?.values)).toBe('{"__proto__":1,"constructor":2}');
    expect(open.storage.history.query({ cloud: 'huawei', device: '__proto__', service: '__proto__', property: '__proto__', from: clock.at - 1, to: clock.at, limit: 9 }).points).toEqual([]);
  }));

  it('keep every digit of an integer, reported or desired', () => run(async (open) => {
    const values = { most: 2n ** 63n - 1n, least: -(2n ** 63n), deep: [{ n: 2n ** 53n + 1n }] };
    open.storage.twins.report('huawei', 'd', [{ service: 's', values }], clock.at);
    open.storage.twins.desire('huawei', 'd', [{ service: 's', values: { most: 2n ** 53n + 3n, least: values.least } }], clock.at);
    for (let round = 0; round < 2; round++) {
      expect(open.storage.twins.read('huawei', 'd')).toMatchObject([{ reported: { values }, desired: { values: { most: 2n ** 53n + 3n } } }]);
      expect(open.storage.twins.pending('huawei', 'd')).toEqual([{ service: 's', values: { most: 2n ** 53n + 3n } }]);
      for (const [property, value] of Object.entries(values)) {
        expect(open.storage.history.query({ cloud: 'huawei', device: 'd', service: 's', property, from: 0, to: clock.at, limit: 9 }).points.map((each) => each.value)).toEqual([value]);
      }
      await open.again();
    }
  }));

  it('keep devices and clouds apart, and begin anew after they were deleted', () => run(async (open) => {
    const all = (cloud: 'huawei' | 'tencent') => open.storage.history.query({ cloud, device: 'd', property: 'x', from: 0, to: clock.at, limit: 9 }).points.map(({ value }) => value);
    for (const cloud of ['huawei', 'tencent'] as const) open.storage.twins.report(cloud, 'd', [{ values: { x: cloud } }], clock.at);
    await open.again();
    open.storage.twins.delete('huawei', 'd');
    expect([open.storage.twins.read('huawei', 'd'), all('huawei')]).toEqual([[], []]);
    open.storage.twins.report('huawei', 'd', [{ values: { x: 'new' } }], clock.at);
    for (let round = 0; round < 2; round++) {
      expect(open.storage.twins.read('huawei', 'd')).toMatchObject([{ version: 1, reported: { values: { x: 'new' } } }]);
      expect([all('huawei'), all('tencent')]).toEqual([['new'], ['tencent']]);
      await open.again();
    }
    open.storage.twins.delete('huawei', 'd');
    open.storage.twins.delete('huawei', 'nobody');
    await open.again();
    expect([open.storage.twins.read('huawei', 'd'), all('huawei')]).toEqual([[], []]);
  }));
});

describe.each(kinds)('the history %s', (_name, run) => {
  it('pages the latest first by time and number, over what is in the tables and what is not yet', () => run(async (open) => {
    const t = clock.at - 1000;
    const report = (at: number, values: Record<string, number>) => open.storage.twins.report('huawei', 'd', [{ service: 's', values, at }], clock.at);
    report(t + 1, { x: 1 });
    report(t + 2, { x: 2, y: 0 });
    report(t + 2, { x: 3 });
    await open.again();
    // Late, from before what is there; and a time that is there already.
    report(t, { x: 4 });
    report(t + 2, { x: 5 });
    report(t + 3, { x: 6 });
    const query = (more: object) => open.storage.history.query({ cloud: 'huawei', device: 'd', service: 's', property: 'x', from: t, to: t + 3, limit: 100, ...more });
    const values = (more: object) => query(more).points.map(({ value }) => value);
    for (let round = 0; round < 2; round++) {
      expect(values({})).toEqual([6, 5, 3, 2, 1, 4]);
      expect(query({})).not.toHaveProperty('next');
      expect(values({ from: t + 1, to: t + 2 })).toEqual([5, 3, 2, 1]);
      expect(values({ from: t + 4, to: t + 9 })).toEqual([]);
      expect([values({ service: 't' }), values({ property: 'z' }), values({ device: 'e' }), values({ cloud: 'tencent' })]).toEqual([[], [], [], []]);
      expect(values({ property: 'y' })).toEqual([0]);
      for (let limit = 1; limit < 7; limit++) {
        const read: unknown[] = [];
        let before: object | undefined = {};
        while (before !== undefined) {
          const page = query({ limit, ...before });
          expect(page.points.length).toBeLessThanOrEqual(limit);
          read.push(...page.points.map(({ value }) => value));
          before = page.next === undefined ? undefined : { before: page.next };
        }
        expect(read).toEqual([6, 5, 3, 2, 1, 4]);
      }
      await open.again();
    }
  }));

  it('takes the later one when a report has a property twice at one time', () => run(async (open) => {
    open.storage.twins.report('huawei', 'd', [{ values: { x: 1 } }, { values: { x: 2, y: 1 } }, { values: { x: 3 }, at: clock.at - 1 }], clock.at);
    await open.again();
    expect(open.storage.history.query({ cloud: 'huawei', device: 'd', property: 'x', from: 0, to: clock.at, limit: 9 }).points.map(({ value }) => value)).toEqual([2, 3]);
  }));

  it('has a property in whatever company it came, however many there are', () => run(async (open) => {
    const at = (n: number) => clock.at - 1000 + n;
    for (let n = 0; n < 200; n++) {
      open.storage.twins.report('huawei', 'd', [{ service: 's', values: Object.fromEntries([['x', n], [`with${n % 100}`, n], ...(n % 3 === 0 ? [['__proto__', n] as const] : [])]) }], at(n));
      if (n === 70) await open.again();
    }
    const values = (property: string, service = 's') => open.storage.history.query({ cloud: 'huawei', device: 'd', service, property, from: 0, to: clock.at, limit: 500 }).points.map(({ value }) => value);
    for (let round = 0; round < 2; round++) {
      expect(values('x')).toEqual(Array.from({ length: 200 }, (_, n) => 199 - n));
      expect(values('with99')).toEqual([199, 99]);
      expect(values('__proto__')).toHaveLength(67);
      expect([values('with99', ''), values('toString')]).toEqual([[], []]);
      await open.again();
    }
  }));

  it('survives times that no clock shows', () => run(async (open) => {
    for (const at of [1e300, -1e300, Number.NaN, 0.5, -7]) open.storage.twins.report('huawei', 'd', [{ values: { x: at > 1 ? 'late' : 'x' }, at }], clock.at);
    await open.storage.stored();
    await open.again();
    expect(open.storage.history.query({ cloud: 'huawei', device: 'd', property: 'x', from: 0, to: Number.MAX_SAFE_INTEGER - 1, limit: 9 }).points.map(({ value }) => value)).toContain('late');
  }));

  it('shows nothing that is older than it is kept', () => run((open) => {
    const day = 86_400_000;
    for (const days of [29, 31]) open.storage.twins.report('huawei', 'd', [{ values: { x: days }, at: clock.at - days * day }], clock.at);
    expect(open.storage.history.query({ cloud: 'huawei', device: 'd', property: 'x', from: 0, to: clock.at, limit: 9 }).points.map(({ value }) => value)).toEqual([29]);
  }));
});
