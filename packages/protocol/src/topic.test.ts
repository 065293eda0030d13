import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillTemplate, filterWithin, isTopicLevel, parseTemplate, topicWithin, TopicTable } from './topic.ts';

const COMMAND = parseTemplate('$oc/devices/{deviceId}/sys/commands/request_id={requestId}');
const REPORT = parseTemplate('$oc/devices/{deviceId}/sys/properties/report');
const USER = parseTemplate('$oc/devices/{deviceId}/user/#');
const FREE = parseTemplate('#');
const DATA = parseTemplate('{productId}/{deviceName}/data');
const OWN = { deviceId: 'd1', productId: 'P', deviceName: 'd1' };

describe('a topic template', () => {
  it('is filled slot by slot', () => {
    expect(fillTemplate(COMMAND, { deviceId: 'd1', requestId: 'r=1' })).toBe('$oc/devices/d1/sys/commands/request_id=r=1');
  });

  it.each([undefined, '', '+', '#', 'a/b', 'a+', '\u0000', 'a\u001fb', '\u0085', '\ud800'])('refuses %j in a slot', (requestId) => {
    const slots = { deviceId: 'd1', ...(requestId === undefined ? {} : { requestId }) };
    expect(() => fillTemplate(COMMAND, slots)).toThrow(expect.objectContaining({ code: 'bad-input', place: { topic: COMMAND.text } }));
    if (requestId !== undefined) expect(isTopicLevel(requestId)).toBe(false);
  });

  it.each(['a/{b', 'a/b}', 'a/{b}c', 'a/{b}{c}', 'a/{}'])('refuses the malformed template %s', (text) => {
    expect(() => parseTemplate(text)).toThrow(expect.objectContaining({ code: 'bad-input' }));
  });
});

describe('a topic table', () => {
  const table = new TopicTable<string>();
  for (const text of [
    '$oc/devices/{deviceId}/sys/commands/request_id={requestId}',
    '$oc/devices/{deviceId}/sys/commands/response/request_id={requestId}',
    '$oc/devices/{deviceId}/sys/properties/report',
    '$oc/devices/special/sys/properties/report',
    '$oc/devices/special/{rest}',
  ])
    table.add(parseTemplate(text), text);

  it('finds the template of a topic and its slots', () => {
    expect(table.find('$oc/devices/d1/sys/commands/response/request_id=7')).toEqual({ value: '$oc/devices/{deviceId}/sys/commands/response/request_id={requestId}', slots: { deviceId: 'd1', requestId: '7' } });
  });

  it('prefers the literal level and goes back when it leads nowhere', () => {
    expect(table.find('$oc/devices/special/sys/properties/report')).toEqual({ value: '$oc/devices/special/sys/properties/report', slots: {} });
    expect(table.find('$oc/devices/special/sys/commands/request_id=1')?.slots).toEqual({ deviceId: 'special', requestId: '1' });
    expect(table.find('$oc/devices/special/x')?.slots).toEqual({ rest: 'x' });
  });

  it.each([
    '',
    '/',
    '$oc',
    '$oc/devices/d1/sys/properties',
    '$oc/devices/d1/sys/properties/report/',
    '$oc/devices/d1/sys/properties/report/x',
    '/$oc/devices/d1/sys/properties/report',
    '$oc/devices//sys/properties/report',
    '$oc/devices/d1/sys/commands/request_id=',
    '$oc/devices/d1/sys/commands/7',
    '$OC/devices/d1/sys/properties/report',
  ])('finds nothing for %j', (topic) => {
    expect(table.find(topic)).toBeUndefined();
  });

  it('finds what was filled, whatever stands in the slots', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }).filter(isTopicLevel), fc.string({ unit: 'binary' }).filter(isTopicLevel), (deviceId, requestId) => {
        fc.pre(deviceId !== 'special');
        expect(table.find(fillTemplate(COMMAND, { deviceId, requestId }))?.slots).toEqual({ deviceId, requestId });
      }),
    );
  });

  it('keeps the slot names of a device called __proto__', () => {
    expect(table.find('$oc/devices/__proto__/sys/properties/report')?.slots).toEqual({ deviceId: '__proto__' });
  });
});

describe('a subscription filter', () => {
  it.each([
    ['$oc/devices/d1/sys/commands/#', COMMAND, 'own'],
    ['$oc/devices/d1/sys/commands/+', COMMAND, 'own'],
    ['$oc/devices/d1/sys/commands/request_id=7', COMMAND, 'own'],
    ['$oc/devices/d1/#', COMMAND, 'own'],
    ['$oc/+/d1/sys/commands/#', COMMAND, 'own'],
    ['$oc/devices/d1/sys/commands', COMMAND, 'none'],
    ['$oc/devices/d1/sys/commands/other=7', COMMAND, 'none'],
    ['$oc/devices/d2/sys/commands/#', COMMAND, 'foreign'],
    ['$oc/devices/+/sys/#', COMMAND, 'foreign'],
    ['$oc/devices/+/sys/commands/+', COMMAND, 'foreign'],
    ['$oc/devices/#', COMMAND, 'foreign'],
    ['$oc/#', COMMAND, 'foreign'],
    // A wildcard in the first level does not match $oc.
    ['#', COMMAND, 'none'],
    ['+/devices/d1/#', COMMAND, 'none'],
    ['+/devices/+/#', COMMAND, 'none'],
    ['$oc/devices/d1/sys/properties/report/#', REPORT, 'own'],
    ['$oc/devices/d1/sys/properties/report/x', REPORT, 'none'],
    ['$oc/devices/d1/user/#', USER, 'own'],
    ['$oc/devices/d1/user', USER, 'own'],
    ['$oc/devices/d1/user/a/+/#', USER, 'own'],
    ['$oc/devices/+/user/a', USER, 'foreign'],
    ['$oc/devices/d2/user/a', USER, 'foreign'],
    ['#', FREE, 'own'],
    ['a/+/#', FREE, 'own'],
    ['$oc/a', FREE, 'none'],
    ['$share/group/a', FREE, 'none'],
    ['+/+/data', DATA, 'foreign'],
    ['P/+/data', DATA, 'foreign'],
    ['+/d1/data', DATA, 'foreign'],
    ['#', DATA, 'foreign'],
    ['P/#', DATA, 'foreign'],
    ['P/d1/#', DATA, 'own'],
    ['P/d1/+', DATA, 'own'],
    ['P/d1', DATA, 'none'],
    ['P/d1/other', DATA, 'none'],
  ] as const)('%s meets %o as %s', (filter, template, expected) => {
    expect(filterWithin(filter, template, OWN)).toBe(expected);
  });
});

describe('a topic to publish', () => {
  it.each([
    ['$oc/devices/d1/sys/properties/report', REPORT, true],
    ['$oc/devices/d2/sys/properties/report', REPORT, false],
    ['$oc/devices/d1/sys/properties/report/x', REPORT, false],
    ['$oc/devices/d1/sys/properties', REPORT, false],
    ['$oc/devices/d1/sys/commands/request_id=7', COMMAND, true],
    ['$oc/devices/d1/sys/commands/request_id=', COMMAND, false],
    ['$oc/devices/d1/user/a', USER, true],
    ['$oc/devices/d1/user/a/b', USER, true],
    ['$oc/devices/d1/user', USER, false],
    ['$oc/devices/d2/user/a', USER, false],
    ['anything/goes', FREE, true],
    ['/', FREE, true],
    ['$oc/devices/d1/other', FREE, false],
    ['$SYS/x', FREE, false],
    ['P/d1/data', DATA, true],
    ['P/d2/data', DATA, false],
  ] as const)('%s belongs to the template %o: %s', (topic, template, expected) => {
    expect(topicWithin(topic, template, OWN)).toBe(expected);
  });
});
