// The same suite for events, messages and gateways' lists.
import { parseExact, type DeviceEvent, type JsonObject } from '@lianyun/protocol';
import { describe, expect, it } from 'vitest';
import type { EventMark } from '../event-log.ts';
import type { ListChange } from '../gateway-lists.ts';
import type { LogMark } from '../log-store.ts';
import type { Letter } from '../mailbox.ts';
import type { Storage } from './storage.ts';
import { HandClock, kindsOf } from './storage.fixtures.ts';

const DAY = 86_400_000;
const clock = new HandClock();
const kinds = kindsOf(clock);
const object = (text: string) => parseExact(text) as JsonObject;

describe.each(kinds)('events %s', (_name, run) => {
  const event = (name: string, at?: number, more: Partial<DeviceEvent> = {}): DeviceEvent => ({ name, params: {}, ...(at === undefined ? {} : { at }), ...more });
  const all = { from: 0, to: clock.at, limit: 5000 };

  it('give back every member, the arrival where the device does not say when, and integers of any size', () => run(async (open) => {
    const full = event('burnt', clock.at - 5, { service: 's', severity: 'fault', id: 'e1', params: object('{"__proto__":1,"constructor":[9007199254740993,{"a":null}]}') });
    open.storage.events.add('huawei', 'd', [full, event('plain')], clock.at - 7);
    for (let round = 0; round < 2; round++) {
      const { items, total, isLast } = open.storage.events.list('huawei', 'd', all);
      expect([total, isLast]).toEqual([2, true]);
      expect(items).toEqual([{ ...full, serial: expect.any(Number) }, { ...event('plain', clock.at - 7), serial: expect.any(Number) }]);
      expect(Object.keys(items[0]?.params ?? {})).toEqual(['__proto__', 'constructor']);
      await open.again();
    }
  }));

  it('page the youngest first by time and arrival, filtered, and count all pages', () => run(async (open) => {
    const { events } = open.storage;
    const t = clock.at - 100;
    events.add('huawei', 'd', [event('a', t), event('b', t + 2), event('c', t + 1)], clock.at);
    await open.again();
    open.storage.events.add('huawei', 'd', [event('b', t + 2, { severity: 'info' }), event('a', t - 1)], clock.at);
    open.storage.events.add('tencent', 'd', [event('other', t)], clock.at);
    const names = (query: object) => open.storage.events.list('huawei', 'd', { ...all, ...query });
    for (let round = 0; round < 2; round++) {
      expect(names({}).items.map(({ name, severity = '' }) => name + severity)).toEqual(['binfo', 'b', 'c', 'a', 'a']);
      expect(names({ from: t, to: t + 1 }).items.map(({ name }) => name)).toEqual(['c', 'a']);
      expect([names({ name: 'a' }).total, names({ severity: 'info' }).total, names({ name: 'a', severity: 'info' }).total, names({ name: 'z' }).isLast]).toEqual([2, 1, 0, true]);
      for (let limit = 1; limit < 6; limit++) {
        const read: string[] = [];
        for (let behind: EventMark | undefined, isLast = false; !isLast; ) {
          const page = names({ limit, ...(behind === undefined ? {} : { behind }) });
          expect(page.total).toBe(5);
          read.push(...page.items.map(({ name }) => name));
          behind = page.items.at(-1);
          isLast = page.isLast;
        }
        expect(read).toEqual(['b', 'b', 'c', 'a', 'a']);
      }
      await open.again();
    }
    open.storage.events.delete('huawei', 'd');
    await open.again();
    expect([names({}).total, open.storage.events.list('tencent', 'd', all).total]).toEqual([0, 1]);
  }));

  it('are the last thousand of a device and a mebibyte at most, by arrival, whatever another has', () => run(async (open) => {
    const { events } = open.storage;
    events.add('huawei', 'other', [event('kept')], clock.at);
    for (let number = 0; number < 1200; number++) events.add('huawei', 'd', [event(`n${number}`, clock.at - number)], clock.at);
    await open.again();
    open.storage.events.add('huawei', 'd', [event('latest', clock.at - 5000)], clock.at);
    const names = () => open.storage.events.list('huawei', 'd', all).items.map(({ name }) => name);
    expect(names()).toEqual([...Array.from({ length: 999 }, (_, number) => `n${201 + number}`), 'latest']);
    for (const size of [600, 500, 400]) open.storage.events.add('huawei', 'd', [event(`${size}K`, clock.at, { params: { text: 'x'.repeat(size * 1024) } })], clock.at);
    expect(names().toSorted()).toEqual(['400K', '500K']);
    open.storage.events.add('huawei', 'd', [event('huge', clock.at, { params: { text: 'x'.repeat(2 * 1024 * 1024) } })], clock.at);
    await open.again();
    expect([names(), open.storage.events.list('huawei', 'other', all).total]).toEqual([['huge'], 1]);
  }));

  it('with an instant that cannot be written down have one that can', () => run(async (open) => {
    open.storage.events.add('huawei', 'd', [event('half', clock.at - 0.5), event('none', Number.NaN), event('old', 5), event('far', 1e300)], clock.at);
    await open.again();
    const { items } = open.storage.events.list('huawei', 'd', { ...all, to: Number.MAX_SAFE_INTEGER });
    expect(items.map(({ name, at }) => [name, at])).toEqual([['far', 8.64e15], ['none', clock.at], ['half', clock.at - 1], ['old', 5]]);
  }));
});

describe.each(kinds)('the mailbox %s', (_name, run) => {
  const letter = (id: string, changes: Partial<Letter> = {}): Letter => ({ id, content: id, format: 'standard', encoding: 'none', status: 'pending', createdAt: clock.at, expiresAt: clock.at + DAY, ...changes });

  it('gives back what devices sent, in order, bytes as bytes', () => run(async (open) => {
    const bytes = Uint8Array.of(0, 255, 10);
    open.storage.mailbox.receive('huawei', 'd', { content: object('{"__proto__":{"n":9007199254740993}}'), name: 'n', messageId: 'm' }, 1);
    open.storage.mailbox.receive('huawei', 'd', { bytes }, 2);
    open.storage.mailbox.receive('tencent', 'd', { bytes: new Uint8Array() }, 3);
    for (let round = 0; round < 2; round++) {
      const [first, second] = open.storage.mailbox.received('huawei', 'd');
      expect(first).toEqual({ message: { content: object('{"__proto__":{"n":9007199254740993}}'), name: 'n', messageId: 'm' }, at: 1 });
      expect([second?.at, second !== undefined && 'bytes' in second.message && [...second.message.bytes]]).toEqual([2, [0, 255, 10]]);
      expect(open.storage.mailbox.received('tencent', 'd')).toMatchObject([{ at: 3, message: { bytes: expect.objectContaining({ length: 0 }) } }]);
      expect(open.storage.mailbox.received('huawei', 'nobody')).toEqual([]);
      await open.again();
    }
  }));

  it('keeps the last hundred that a device sent, and a mebibyte', () => run(async (open) => {
    for (let number = 0; number < 130; number++) open.storage.mailbox.receive('huawei', 'd', { content: number }, number);
    await open.again();
    open.storage.mailbox.receive('huawei', 'd', { content: 'last' }, 130);
    expect(open.storage.mailbox.received('huawei', 'd').map(({ at }) => at)).toEqual(Array.from({ length: 100 }, (_, number) => number + 31));
    for (const at of [1, 2, 3]) open.storage.mailbox.receive('huawei', 'd', { bytes: new Uint8Array(400 * 1024) }, at);
    expect(open.storage.mailbox.received('huawei', 'd').map(({ at }) => at)).toEqual([2, 3]);
  }));

  it('keeps what was given for a device in its order, and what became of it', () => run(async (open) => {
    const full = letter('m1', { name: 'n', content: object('{"a":[1,9007199254740993]}'), format: 'raw', encoding: 'base64', topic: 't/u', properties: { userProperties: [['p', '1']], responseTopic: 'r', correlationData: 'c' } });
    for (const each of [full, letter('m2'), letter('m3')]) open.storage.mailbox.put('huawei', 'd', each);
    await open.again();
    const failed = letter('m2', { status: 'failed', failure: { code: 'offline', text: 'away' }, finishedAt: 5 });
    open.storage.mailbox.put('huawei', 'd', failed);
    for (let round = 0; round < 2; round++) {
      expect(open.storage.mailbox.letters('huawei', 'd')).toEqual([full, failed, letter('m3')]);
      expect([open.storage.mailbox.find('huawei', 'd', 'm2'), open.storage.mailbox.find('huawei', 'e', 'm2'), open.storage.mailbox.find('tencent', 'd', 'm2')]).toEqual([failed, undefined, undefined]);
      await open.again();
    }
  }));

  it('knows for whom something may wait', () => run(async (open) => {
    const waits = () => ['d', 'e', 'f'].filter((device) => open.storage.mailbox.mayWait('huawei', device));
    open.storage.mailbox.put('huawei', 'd', letter('m1'));
    open.storage.mailbox.put('huawei', 'd', letter('m2'));
    open.storage.mailbox.put('huawei', 'e', letter('m1'));
    open.storage.mailbox.put('huawei', 'f', letter('m1', { status: 'delivered' }));
    open.storage.mailbox.put('tencent', 'f', letter('m1'));
    await open.again();
    expect(waits()).toEqual(['d', 'e']);
    open.storage.mailbox.put('huawei', 'd', letter('m1', { status: 'delivered' }));
    expect([open.storage.mailbox.remove('huawei', 'e', 'm1'), open.storage.mailbox.remove('huawei', 'e', 'm1'), open.storage.mailbox.remove('huawei', 'nobody', 'm1')]).toEqual([true, false, false]);
    expect(waits()).toEqual(['d']);
    open.storage.mailbox.put('huawei', 'd', letter('m2', { status: 'timeout' }));
    await open.again();
    expect(waits()).toEqual([]);
    expect(open.storage.mailbox.letters('huawei', 'd').map(({ status }) => status)).toEqual(['delivered', 'timeout']);
    open.storage.mailbox.delete('huawei', 'd');
    open.storage.mailbox.receive('huawei', 'e', { content: 1 }, 1);
    await open.again();
    expect([open.storage.mailbox.letters('huawei', 'd'), open.storage.mailbox.received('huawei', 'e').length, open.storage.mailbox.mayWait('tencent', 'f')]).toEqual([[], 1, true]);
  }));

  it('keeps a hundred letters of a device, and gives none up that waits', () => run(async (open) => {
    for (let number = 0; number < 20; number++) open.storage.mailbox.put('huawei', 'd', letter(`w${number}`));
    for (let number = 0; number < 120; number++) open.storage.mailbox.put('huawei', 'd', letter(`s${number}`, { status: 'delivered' }));
    await open.again();
    expect(open.storage.mailbox.letters('huawei', 'd').map(({ id }) => id)).toEqual([...Array.from({ length: 20 }, (_, number) => `w${number}`), ...Array.from({ length: 80 }, (_, number) => `s${number + 40}`)]);
  }));
});

describe.each(kinds)('the lists of gateways %s', (_name, run) => {
  const change = (version: number): ListChange => ({ version, change: version % 2 === 0 ? 'added' : 'removed', children: [{ device: `d${version}`, info: { n: version } }] });

  it('have a version and the last hundred changes, until their gateway is gone', () => run(async (open) => {
    open.storage.gatewayLists.add('gw', change(1));
    expect([open.storage.gatewayLists.version('gw'), open.storage.gatewayLists.since('gw', 0)]).toEqual([undefined, []]);
    open.storage.gatewayLists.begin('gw', 1);
    open.storage.gatewayLists.begin('gw', 7);
    for (let version = 2; version <= 130; version++) open.storage.gatewayLists.add('gw', change(version));
    open.storage.gatewayLists.begin('other', 0);
    for (let round = 0; round < 2; round++) {
      expect([open.storage.gatewayLists.version('gw'), open.storage.gatewayLists.version('other')]).toEqual([130, 0]);
      expect(open.storage.gatewayLists.since('gw', 128)).toEqual([change(129), change(130)]);
      expect(open.storage.gatewayLists.since('gw', 0).map(({ version }) => version)).toEqual(Array.from({ length: 100 }, (_, index) => index + 31));
      expect(open.storage.gatewayLists.since('other', 0)).toEqual([]);
      await open.again();
    }
    open.storage.gatewayLists.delete('gw');
    await open.again();
    expect([open.storage.gatewayLists.version('gw'), open.storage.gatewayLists.since('gw', 0), open.storage.gatewayLists.version('other')]).toEqual([undefined, [], 0]);
  }));
});

describe.each(kinds)('logs %s', (_name, run) => {
  const line = (content: string, at?: number, type = 'INFO') => ({ type, content, ...(at === undefined ? {} : { at }) });
  const contents = (storage: Storage, query: object = {}) => storage.logs.list({ cloud: 'tencent', limit: 5000, ...query }).items.map(({ content }) => content);

  it('give back what came, the arrival where the device does not say when, the youngest first, filtered and page by page', () => run(async (open) => {
    const t = clock.at - 100;
    open.storage.logs.add('tencent', 'P/a', [line('a1 灯', t), line('a2', t + 2, 'WARN'), line('a3', t + 2)], clock.at);
    await open.again();
    open.storage.logs.add('tencent', 'P/b', [line("b1 'x'", t + 1), line('b2')], t + 9);
    open.storage.logs.add('tencent', 'Pa/b', [line('other', t)], t);
    open.storage.logs.add('huawei', 'P/a', [line('elsewhere', t)], t);
    for (let round = 0; round < 2; round++) {
      expect(open.storage.logs.list({ cloud: 'tencent', device: 'P/b', limit: 9 })).toEqual({ items: [{ device: 'P/b', type: 'INFO', content: 'b2', at: t + 9, serial: expect.any(Number) }, { device: 'P/b', type: 'INFO', content: "b1 'x'", at: t + 1, serial: expect.any(Number) }], isLast: true });
      expect(contents(open.storage, { deviceBegins: 'P/' })).toEqual(['b2', 'a3', 'a2', "b1 'x'", 'a1 灯']);
      expect(contents(open.storage, { deviceBegins: 'P/', from: t + 1, to: t + 2 })).toEqual(['a3', 'a2', "b1 'x'"]);
      expect([contents(open.storage, { type: 'WARN' }), contents(open.storage, { words: ['a', '灯'] }), contents(open.storage, { words: ['a1', 'a2'] })]).toEqual([['a2'], ['a1 灯'], []]);
      for (let limit = 1; limit < 7; limit++) {
        const read: string[] = [];
        for (let behind: LogMark | undefined, isLast = false; !isLast; ) {
          const page = open.storage.logs.list({ cloud: 'tencent', deviceBegins: 'P/', limit, ...(behind === undefined ? {} : { behind }) });
          read.push(...page.items.map(({ content }) => content));
          behind = page.items.at(-1);
          isLast = page.isLast;
        }
        expect(read).toEqual(['b2', 'a3', 'a2', "b1 'x'", 'a1 灯']);
      }
      await open.again();
    }
    open.storage.logs.delete('tencent', 'P/b');
    await open.again();
    expect([contents(open.storage), contents(open.storage, { cloud: 'huawei' })]).toEqual([['a3', 'a2', 'other', 'a1 灯'], ['elsewhere']]);
  }));

  it('are the last thousand of a device and a mebibyte at most, by arrival, whatever another has', () => run(async (open) => {
    open.storage.logs.add('tencent', 'P/other', [line('mine')], clock.at);
    for (let part = 0; part < 12; part++) open.storage.logs.add('tencent', 'P/a', Array.from({ length: 100 }, (_, each) => line(String(part * 100 + each))), clock.at - part);
    await open.again();
    open.storage.logs.add('tencent', 'P/a', [line('1200')], 0);
    const kept = contents(open.storage, { device: 'P/a' }).map(Number).toSorted((a, b) => a - b);
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([1000, 201, 1200]);
    open.storage.logs.add('tencent', 'P/a', Array.from({ length: 20 }, (_, each) => line(`${each}${'x'.repeat(99_998)}`)), clock.at);
    expect(contents(open.storage, { device: 'P/a' })).toHaveLength(10);
    expect(contents(open.storage, { device: 'P/other' })).toEqual(['mine']);
  }));
});
