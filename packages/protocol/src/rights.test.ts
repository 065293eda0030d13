import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entriesOf } from './codec.ts';
import type { AnyDialect } from './dialect.ts';
import { huawei } from './huawei/index.ts';
import { filtersFor, rightsOf } from './rights.ts';
import { subscriptionsOf } from './subscriptions.ts';
import { tencent } from './tencent/index.ts';
import { fillTemplate, parseTemplate } from './topic.ts';

const H = rightsOf(huawei);
const T = rightsOf(tencent);
const D1 = ['ABCDE12345/d1'];

describe('the rights of a Huawei device', () => {
  it.each(['$oc/devices/d1/sys/properties/report', '$oc/devices/d1/sys/commands/response/request_id=1', '$oc/devices/d1/sys/messages/up', '$oc/devices/d1/sys/events/up', '$oc/devices/d1/sys/shadow/get/request_id=1', '$oc/devices/d1/sys/gateway/sub_devices/properties/report', '$oc/devices/d1/user/a/b', 'free/topic', '/huawei/v1/devices/d1/data/json'])('it may publish to %s', (topic) => {
    expect(H.mayPublish(topic, ['d1'])).toBe(true);
  });

  it.each(['$oc/devices/d2/sys/properties/report', '$oc/devices/d2/user/a', '$oc/devices/d1/sys/commands/request_id=1', '$oc/devices/d1/sys/unknown', '$oc/devices/d2/sys/events/up', '$oc/devices/d2/sys/messages/up', '$oc/devices/d2/sys/shadow/get/request_id=1', '$oc/devices/d1/sys/events/down', '$oc/devices/d1/sys/messages/down', '$oc/bridges/b/x', '$SYS/x'])('it may not publish to %s', (topic) => {
    expect(H.mayPublish(topic, ['d1'])).toBe(false);
  });

  it.each(['$oc/devices/d1/sys/commands/#', '$oc/devices/d1/sys/messages/down', '$oc/devices/d1/sys/events/down', '$oc/devices/d1/sys/shadow/get/response/#', '$oc/devices/d1/sys/properties/set/#', '$oc/devices/d1/sys/#', '$oc/devices/d1/#', '$oc/devices/d1/user/+', 'free/+/topic', '#', '+/+/data'])('it may subscribe to %s', (filter) => {
    // `#` and `+/+/data` match no topic that begins with $, so they only meet the free topics, which are everybody's.
    expect(H.maySubscribe(filter, ['d1'])).toBe(true);
  });

  it.each(['$oc/devices/+/sys/#', '$oc/devices/+/user/a', '$oc/devices/d2/sys/commands/#', '$oc/#', '$oc/devices/#', '$oc/+/+/sys/commands/#', '$oc/devices/d1/sys/properties/report', '$oc/devices/d1/sys/events/up', '$oc/devices/d2/sys/messages/down', '$oc/devices/+/sys/events/down', '$SYS/#', '$share/g/$oc/devices/d2/sys/#'])('it may not subscribe to %s', (filter) => {
    expect(H.maySubscribe(filter, ['d1'])).toBe(false);
  });

  it('it may use no topic and no filter of more than 512 characters', () => {
    expect(H.mayPublish('x'.repeat(512), ['d1'])).toBe(true);
    expect(H.maySubscribe('x'.repeat(512), ['d1'])).toBe(true);
    expect(H.mayPublish('x'.repeat(513), ['d1'])).toBe(false);
    expect(H.maySubscribe('x'.repeat(513), ['d1'])).toBe(false);
    expect(H.maySubscribe('/'.repeat(60_000), ['d1'])).toBe(false);
  });

  it('tells a filter that can match custom topics from one of the protocol', () => {
    for (const filter of ['$oc/devices/d1/user/a', '$oc/devices/d2/user/a', '$oc/broadcast/news', '$oc/devices/d1/user/#', '$oc/devices/d1/#', 'free', 'free/+', '#']) expect(H.meetsCustom(filter, 'd1'), filter).toBe(true);
    for (const filter of ['$oc/devices/d1/sys/commands/#', '$oc/devices/d1/sys/#']) expect(H.meetsCustom(filter, 'd1'), filter).toBe(false);
  });

  it('are looked up once for a dialect', () => {
    expect(rightsOf(huawei)).toBe(H);
  });

  it('come without a SUBSCRIBE: the platform subscribes the device', () => {
    expect(subscriptionsOf(huawei, 'd1')).toEqual([]);
    for (const [op] of entriesOf(huawei)) if (!op.startsWith('provision.')) expect(filtersFor(huawei, 'd1', op), op).toEqual([]);
  });

  it('come with a SUBSCRIBE where the platform does not do it: for the answer to a device that asks where to connect', () => {
    expect(filtersFor(huawei, 'd1', 'provision.request')).toEqual([{ filter: '$oc/devices/d1/sys/bootstrap/down', qos: 0 }]);
  });

  it('are unknown for an operation that the cloud does not have', () => {
    expect(() => filtersFor(huawei, 'd1', 'child.list')).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });
});

describe('the rights of a Tencent device', () => {
  it.each(['$thing/up/property/ABCDE12345/d1', '$thing/up/action/ABCDE12345/d1', '$thing/up/event/ABCDE12345/d1', '$thing/up/raw/ABCDE12345/d1', '$gateway/operation/ABCDE12345/d1', '$ota/report/ABCDE12345/d1', '$sys/operation/ABCDE12345/d1', '$log/operation/ABCDE12345/d1', 'ABCDE12345/d1/event', 'ABCDE12345/d1/data'])('it may publish to %s', (topic) => {
    expect(T.mayPublish(topic, D1)).toBe(true);
  });

  it.each(['$thing/up/property/ABCDE12345/d2', '$thing/up/event/ABCDE12345/d2', '$gateway/operation/ABCDE12345/d2', '$gateway/operation/result/ABCDE12345/d1', '$ota/report/ABCDE12345/d2', '$ota/update/ABCDE12345/d1', '$sys/operation/ABCDE12345/d2', '$sys/operation/result/ABCDE12345/d1', '$log/operation/result/ABCDE12345/d1', '$thing/down/property/ABCDE12345/d1', 'ABCDE12345/d1/control', 'ABCDE12345/d2/data', 'free/topic', '$thing/up/property/ABCDE12345', '$SYS/x'])('it may not publish to %s', (topic) => {
    expect(T.mayPublish(topic, D1)).toBe(false);
  });

  it.each(['$thing/down/property/ABCDE12345/d1', '$thing/down/event/ABCDE12345/d1', '$thing/down/raw/ABCDE12345/d1', '$gateway/operation/result/ABCDE12345/d1', '$ota/update/ABCDE12345/d1', '$sys/operation/result/ABCDE12345/d1', '$log/operation/result/ABCDE12345/d1', 'ABCDE12345/d1/control', 'ABCDE12345/d1/data', 'ABCDE12345/d1/+', 'ABCDE12345/d1/#', '$thing/down/+/ABCDE12345/d1'])('it may subscribe to %s', (filter) => {
    expect(T.maySubscribe(filter, D1)).toBe(true);
  });

  it.each(['#', '+/+/data', '+/d1/data', 'ABCDE12345/+/data', 'ABCDE12345/#', '$thing/#', '$thing/down/property/ABCDE12345/+', '$thing/down/property/ABCDE12345/d2', '$gateway/operation/result/ABCDE12345/d2', '$gateway/operation/result/+/+', '$ota/update/ABCDE12345/+', '$sys/operation/result/ABCDE12345/d2', '$log/operation/#', '$thing/down/#', '$thing/+/+/+/+', 'ABCDE12345/d1/event', 'free'])('it may not subscribe to %s', (filter) => {
    expect(T.maySubscribe(filter, D1)).toBe(false);
  });

  it.each<[AnyDialect, string, string, string, string]>([
    [huawei, 'd1', '$oc/devices/d1/sys/properties/report', '$oc/devices/d1/user/a', '$oc/devices/d2/sys/properties/report'],
    [tencent, 'ABCDE12345/d1', '$thing/up/property/ABCDE12345/d1', 'ABCDE12345/d1/data', '$thing/up/property/ABCDE12345/d2'],
  ])('tell what a topic is to who publishes there: %o', (dialect, device, system, custom, forbidden) => {
    const { kindOf } = rightsOf(dialect);
    expect([system, custom, forbidden].map((topic) => kindOf(topic, device))).toEqual(['system', 'custom', 'forbidden']);
  });

  it('tell a filter that can match custom topics from one of the protocol', () => {
    for (const filter of ['ABCDE12345/d1/control', 'ABCDE12345/d1/event', 'ABCDE12345/d1/#']) expect(T.meetsCustom(filter, 'ABCDE12345/d1'), filter).toBe(true);
    expect(T.meetsCustom('$thing/down/property/ABCDE12345/d1', 'ABCDE12345/d1')).toBe(false);
  });

  it('reach as far as those of the sub-devices it brought online', () => {
    const both = [...D1, 'SUBPROD001/s1'];
    expect(T.mayPublish('$thing/up/property/SUBPROD001/s1', both)).toBe(true);
    expect(T.maySubscribe('$thing/down/property/SUBPROD001/s1', both)).toBe(true);
    expect(T.mayPublish('$thing/up/property/SUBPROD001/s1', D1)).toBe(false);
    expect(T.maySubscribe('$thing/down/property/SUBPROD001/+', both)).toBe(false);
  });

  it('do not let a filter through that is their own by one template and reaches another device by a second', () => {
    const rights = rightsOf({ ...tencent, customTopics: ['shared/#', 'shared/{deviceName}/inbox'].map((text) => ({ template: parseTemplate(text), access: 'both' as const })) });
    expect(rights.maySubscribe('shared/news', D1)).toBe(true);
    expect(rights.maySubscribe('shared/d1/inbox', D1)).toBe(true);
    expect(rights.maySubscribe('shared/+/inbox', D1)).toBe(false);
    expect(rights.maySubscribe('shared/#', D1)).toBe(false);
  });

  it('are subscribed at connect, each filter once', () => {
    expect(subscriptionsOf(tencent, 'ABCDE12345/d1')).toEqual([
      { filter: '$thing/down/property/ABCDE12345/d1', qos: 0 },
      { filter: '$thing/down/action/ABCDE12345/d1', qos: 0 },
      { filter: '$thing/down/event/ABCDE12345/d1', qos: 0 },
    ]);
  });

  it.each([
    ['property.report', ['$thing/down/property/ABCDE12345/d1 0']],
    ['command.invoke', ['$thing/down/action/ABCDE12345/d1 0']],
    ['command.result', []],
    ['event.post', ['$thing/down/event/ABCDE12345/d1 0']],
    ['message.down', ['$thing/down/raw/ABCDE12345/d1 0']],
    ['message.up', []],
    ['time.query', ['$sys/operation/result/ABCDE12345/d1 0']],
    ['ota.version', ['$ota/update/ABCDE12345/d1 1']],
    ['ota.offer', ['$ota/update/ABCDE12345/d1 1']],
    ['ota.progress', []],
    ['child.status', ['$gateway/operation/result/ABCDE12345/d1 0']],
    ['child.notify', ['$gateway/operation/result/ABCDE12345/d1 0']],
    ['child.notify.ack', []],
    ['log.query', ['$log/operation/result/ABCDE12345/d1 0']],
    ['rpc.call', ['$rrpc/rxd/ABCDE12345/d1/+ 0']],
    ['sync.call', ['$iotrrpc/down/ABCDE12345/d1/+ 0']],
    ['resource.upload', ['$resource/down/service/ABCDE12345/d1 1']],
    ['config.query', ['$config/operation/result/ABCDE12345/d1 0']],
    ['document.get', ['$shadow/operation/result/ABCDE12345/d1 0']],
  ] as const)('are subscribed for the use of %s', (op, filters) => {
    expect(filtersFor(tencent, 'ABCDE12345/d1', op).map(({ filter, qos }) => `${filter} ${qos}`)).toEqual(filters);
  });

  it('are subscribed at connect or on use, and cover every topic that comes down', () => {
    const own = tencent.deviceSlots('ABCDE12345/d1');
    const known = new Set([...subscriptionsOf(tencent, 'ABCDE12345/d1'), ...entriesOf(tencent).flatMap(([op]) => filtersFor(tencent, 'ABCDE12345/d1', op))].map(({ filter }) => filter));
    expect([...known].toSorted()).toEqual([...new Set(entriesOf(tencent).flatMap(([, row]) => (row.direction === 'down' ? [fillTemplate(row.template, { ...own, requestId: 'ANY' }).replace(/\/ANY$/, '/+')] : [])))].toSorted());
    for (const filter of known) expect(T.maySubscribe(filter, D1), filter).toBe(true);
  });
});

describe('the rights of any device', () => {
  const SLOTS = { requestId: 'r1' };
  it.each<[AnyDialect, string, string]>([
    [huawei, 'd1', 'd2'],
    [tencent, 'ABCDE12345/d1', 'ABCDE12345/d2'],
  ])('cover every row of its own and none of another device: %o', (dialect, own, other) => {
    const rights = rightsOf(dialect);
    for (const [op, row] of entriesOf(dialect)) {
      const topicOf = (device: string): string => fillTemplate(row.template, { ...dialect.deviceSlots(device), ...SLOTS });
      const may = row.direction === 'up' ? rights.mayPublish : rights.maySubscribe;
      expect(may(topicOf(own), [own]), op).toBe(true);
      expect(may(topicOf(other), [own]), op).toBe(false);
      expect(may(topicOf(own), []), op).toBe(false);
    }
  });

  it.each<[AnyDialect, string, string]>([
    [huawei, 'd1', 'd2'],
    [tencent, 'ABCDE12345/d1', 'ABCDE12345/d2'],
  ])('never let a filter through that matches a downlink of another device: %o', (dialect, own, other) => {
    const rights = rightsOf(dialect);
    const topics = entriesOf(dialect).flatMap(([, row]) => (row.direction === 'down' ? [fillTemplate(row.template, { ...dialect.deviceSlots(other), ...SLOTS })] : []));
    const filters = fc.tuple(fc.constantFrom(...topics), fc.array(fc.constantFrom('keep', '+', '#'), { minLength: 8, maxLength: 8 })).map(([topic, moves]) => {
      const levels = topic.split('/').map((level, at) => (moves[at] === 'keep' ? level : (moves[at] ?? level)));
      const cut = levels.indexOf('#');
      return (cut < 0 ? levels : levels.slice(0, cut + 1)).join('/');
    });
    fc.assert(
      fc.property(filters, (filter) => {
        const isWild = filter.startsWith('+') || filter.startsWith('#');
        // What begins with a wildcard matches no $ topic at all.
        if (!isWild) expect(rights.maySubscribe(filter, [own]), filter).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});
