import { describe, expect, it } from 'vitest';
import { covering, expectation, type Deviation } from './deviations.ts';
import { withHistory } from './history.ts';
import type { Case } from './transcript.ts';

const recorded: Case = { id: 'a', sdk: 's', scenario: 'x', api: 'report', call: { value: 31, service: 'smoke', other: 'd2' }, device: 'd1', limit: '30', path: "'smoke/t'", publishes: [{ topic: '$oc/devices/d2/sys/x/request_id=7' }] };
const rule = (when: Deviation['when'], ours: Deviation['ours'] = {}): Deviation => ({ sdk: 's', api: 'report', when, ours, reason: 'a test' });
const holds = (...when: Deviation['when']): boolean => covering([rule(when)], recorded).length === 1;

describe('A condition of a rule', () => {
  it('compares numbers', () => {
    expect([holds({ at: '/call/value', above: '/limit' }), holds({ at: '/call/value', above: '/call/value' }), holds({ at: '/call/none', above: '/limit' }), holds({ at: '/call/value', above: '/none' })]).toEqual([true, false, false, false]);
  });

  it('looks for a text in another, and for one that is another', () => {
    expect([holds({ at: '/path', contains: '/call/service' }), holds({ at: '/path', contains: '/call/other' })]).toEqual([true, false]);
    expect([holds({ at: '/call/other', differs: '/device' }), holds({ at: '/device', differs: '/device' }), holds({ at: '/call/none', differs: '/device' })]).toEqual([true, false, false]);
  });
});

describe('What a rule expects', () => {
  it('is put together from parts of what was recorded', () => {
    const expected = expectation(recorded, [rule([], { '/publishes/0/topic': { $join: ['$oc/devices/', { $from: '/device' }, '/sys/x/request_id=', { $from: '/publishes/0/topic', $match: 'request_id=(.*)$' }] } })]);
    expect(expected['publishes']).toEqual([{ topic: '$oc/devices/d1/sys/x/request_id=7' }]);
  });

  it('is the value that a text beside it names, and another where it names none', () => {
    const state = [{ type: 'enum', data: null }, { type: 'text', data: 'x' }];
    const expected = expectation({ ...recorded, state }, [rule([], { '/state/*/data': { $by: '/state/*/type', $among: { enum: 0 }, $else: { $from: '/state/*/data' } } })]);
    expect(expected['state']).toEqual([{ type: 'enum', data: 0 }, { type: 'text', data: 'x' }]);
  });
});

describe('The history of a case', () => {
  it('tells the device, the newest of each rule that it was given before, and the day', () => {
    const given = (version: number, name: string): object => ({ topic: '$oc/devices/d1/sys/events/down', qos: 0, payload: { services: [{ event_type: 'device_rule_config_response', paras: { rulesInfos: [{ ruleId: 'r', ruleVersionInShadow: version, ruleName: name }] } }] } });
    const base = { sdk: 's', scenario: 'x', api: 'a', call: {} };
    const cases = [
      { ...base, id: '1', inject: given(2, 'new') },
      { ...base, id: '2', inject: given(1, 'old'), publishes: [{ topic: '$oc/devices/d1/sys/events/up', payload: { services: [{ service_id: 'mine', event_time: '2020-01-01T00:00:00Z' }, { service_id: '$log', event_time: '2026-11-21T23:13:07Z' }] } }] },
      { ...base, id: '3' },
      { ...base, id: '4', scenario: 'y' },
    ] as unknown as Case[];
    const [first, second, third, other] = withHistory(cases);
    expect([first?.['rules'], first?.['weekday'], second?.['weekday']]).toEqual([[], undefined, 7]);
    expect(third).toMatchObject({ device: 'd1', weekday: 7, rules: [{ ruleName: 'new' }], injected: ['device_rule_config_response'] });
    expect([other?.['rules'], other?.['weekday']]).toEqual([[], undefined]);
  });

  it('tells a gateway by what it called, and TLS that cannot be used by what was logged, until the program disconnects', () => {
    const base = { sdk: 's', scenario: 'x', call: {} };
    const cases = ['AbstractGateway.add_sub_devices', 'connect', 'publish', 'disconnect', 'publish'].map((api, index) => ({ ...base, id: String(index), api, ...(api === 'connect' ? { logs: [{ msg: 'mqtt reconnect error:Cannot create a client socket with a PROTOCOL_TLS_SERVER context' }] } : {}) }));
    expect(withHistory(cases).map(({ withoutTls }) => withoutTls)).toEqual([false, true, true, true, false]);
    expect(withHistory([...cases, { ...base, id: '9', scenario: 'y', api: 'publish' }]).map(({ gateway }) => gateway)).toEqual([true, true, true, true, true, false]);
  });
});
