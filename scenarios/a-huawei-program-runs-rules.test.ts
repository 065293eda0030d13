// Rules that the platform gives and the device runs, in the words of Huawei's own SDK; the rules are made through Huawei's API.
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Action, CommandRsp, IotDevice, ServiceProperty, type ConnectAuthInfo } from 'lianyun/huawei';
import { SEED } from './support/clouds.ts';
import { authOf } from './support/huawei-program.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const [LAMP, OTHER] = SEED.huawei.devices;
/** A Saturday, half a minute before midnight; in Shanghai it is Sunday, half a minute before eight. */
const SATURDAY_NIGHT = Date.UTC(2026, 10, 21, 23, 59, 30);

let rig: Rig;
let clock: FakeClock;
const devices: IotDevice[] = [];

beforeEach(async () => {
  rig = await Rig.open();
  clock = new FakeClock({ now: SATURDAY_NIGHT });
});

afterEach(async () => {
  await Promise.all(devices.splice(0).map((device) => device.destroy()));
  await rig[Symbol.asyncDispose]();
});

/** A lamp that is online, with what its rules have it do. */
async function lampOf({ device_id: id, secret }: { readonly device_id: string; readonly secret: string } = LAMP, auth: Partial<ConnectAuthInfo> = {}) {
  const device = new IotDevice({ connectAuthInfo: { id, secret, serverUri: '127.0.0.1', port: rig.mqttPort, checkTimestamp: '0', enableRuleManage: true, ...auth } }, { clock });
  devices.push(device);
  const done = new Log<unknown>();
  const client = device.getClient();
  client.setCommandListener({
    onCommand: (requestId, serviceId, commandName, paras) => {
      done.add([serviceId, commandName, paras]);
      client.respondCommand(requestId, new CommandRsp());
    },
  });
  expect(await device.connect()).toBe(0);
  const reported = (properties: ServiceProperty['properties']): Promise<string> =>
    new Promise((resolve, reject) => client.reportProperties([new ServiceProperty({ serviceId: 'light', properties })], { onSuccess: resolve, onFailure: (_, error) => reject(error) }));
  const rules = device.getRuleManageService();
  return {
    device,
    client,
    done,
    reported,
    /** Resolves when the rules of the device are as they shall be. */
    has: async (fits: (versions: readonly number[], active: readonly boolean[]) => boolean): Promise<void> => {
      while (!fits(rules.list.map(({ version }) => version ?? -1), rules.list.map(({ isActive }) => isActive))) await new Promise((resolve) => void setImmediate(resolve));
    },
  };
}

const level = (operator: string, value: { readonly value?: string; readonly in_values?: readonly string[] }, path = 'light/level') => ({ type: 'DEVICE_DATA', device_property_condition: { device_id: LAMP.device_id, filters: [{ path, operator, ...value }] } });
const blink = (times: number, device: string = LAMP.device_id) => ({ type: 'DEVICE_CMD', device_command: { device_id: device, cmd: { service_id: 'light', command_name: 'blink', command_body: { times } } } });

/** Makes a rule through the API. */
async function make(group: object, { actions = [blink(2)], devices: ids = [LAMP.device_id] }: { readonly actions?: readonly object[]; readonly devices?: readonly string[] } = {}) {
  const rule = { name: 'a rule', rule_type: 'DEVICE_SIDE', status: 'active', condition_group: { logic: 'and', ...group }, actions, device_side: { device_ids: ids } };
  const made = await rig.huawei('POST', '/rules', rule);
  expect(made).toMatchObject({ status: 201 });
  return { rule, id: (made.body as { rule_id: string }).rule_id };
}

describe('A program in the words of Huawei’s own SDK', () => {
  it.each([
    ['>', { value: '90' }, 91, 90],
    ['>=', { value: '90' }, 90, 89],
    ['<', { value: '10' }, 9, 10],
    ['<=', { value: '10' }, 10, 11],
    ['=', { value: '7' }, 7, 8],
    ['between', { value: '10,20' }, 15, 21],
    ['in', { in_values: ['1', '3'] }, 3, 2],
  ])('does what a rule with %s says when it reports what meets it, and nothing else', async (operator, value, met, unmet) => {
    const { done, reported, has } = await lampOf();
    await make({ conditions: [level(operator, value)] });
    await has((versions) => versions.length === 1);
    await reported({ level: unmet });
    await reported({ label: 'no level at all' });
    await reported({ level: met });
    expect(done.all).toEqual([['light', 'blink', { times: 2 }]]);
  });

  it('meets several conditions together, or one of them', async () => {
    const { done, reported, has } = await lampOf();
    await make({ logic: 'and', conditions: [level('>', { value: '10' }), level('<', { value: '20' })] });
    await make({ logic: 'or', conditions: [level('=', { value: '15' }), level('=', { value: '50' })] }, { actions: [blink(5)] });
    await has((versions) => versions.length === 2);
    await reported({ level: 15 });
    await reported({ level: 50 });
    await reported({ level: 30 });
    expect(done.all).toEqual(expect.arrayContaining([['light', 'blink', { times: 2 }], ['light', 'blink', { times: 5 }], ['light', 'blink', { times: 5 }]]));
    expect(done.all).toHaveLength(3);
  });

  it('keeps to the hours and days of a rule, Saturday and the night among them', async () => {
    const { done, reported, has } = await lampOf();
    const conditions = [level('>', { value: '0' })];
    const range = (start: string, end: string, days: string) => ({ conditions, time_range: { start_time: start, end_time: end, days_of_week: days } });
    await make(range('00:00', '23:59', '7'), { actions: [blink(1)] });
    await make(range('22:00', '06:00', '7'), { actions: [blink(2)] });
    await make(range('00:00', '23:59', '1,2,3,4,5,6'), { actions: [blink(3)] });
    await make(range('08:00', '20:00', '7'), { actions: [blink(4)] });
    await has((versions) => versions.length === 4);
    await reported({ level: 1 });
    const times = (): number[] => (done.all as [string, string, { times: number }][]).map(([, , paras]) => paras.times).sort();
    expect(times()).toEqual([1, 2]);
    // Sunday has begun; the night belongs to Saturday.
    clock.advance(60_000);
    await reported({ level: 2 });
    expect(times()).toEqual([1, 2, 2, 3]);
  });

  it('runs timers, by the day and again and again, in the time zone that it is told', async () => {
    const [here, there] = [await lampOf(), await lampOf(OTHER, { ruleTimeZone: 'Asia/Shanghai' })];
    const daily = (time: string, days: string) => ({ type: 'DAILY_TIMER', daily_timer_condition: { time, days_of_week: days } });
    const both = { devices: [LAMP.device_id, OTHER.device_id] };
    await make({ logic: 'or', conditions: [daily('00:00', '1')] }, { ...both, actions: [blink(1)] });
    await make({ logic: 'or', conditions: [daily('08:00', '1')] }, { ...both, actions: [blink(8, OTHER.device_id)] });
    await make({ logic: 'or', conditions: [{ type: 'SIMPLE_TIMER', simple_timer_condition: { start_time: '20261122T000000Z', repeat_interval: 1, repeat_count: 2 } }] }, { actions: [blink(3)] });
    await here.has((versions) => versions.length === 3);
    await there.has((versions) => versions.length === 2);
    clock.advance(30_000);
    await here.done.take(2);
    await there.done.take(1);
    for (let minute = 0; minute < 4; minute++) {
      clock.advance(60_000);
      await here.reported({ level: minute });
    }
    expect(here.done.all).toEqual(expect.arrayContaining([['light', 'blink', { times: 1 }], ['light', 'blink', { times: 3 }], ['light', 'blink', { times: 3 }]]));
    expect(here.done.all).toHaveLength(3);
    expect(there.done.all).toEqual([['light', 'blink', { times: 8 }]]);
  });

  it('follows the versions of a rule: changed, stopped, started, deleted', async () => {
    const { done, reported, has } = await lampOf();
    const { rule, id } = await make({ conditions: [level('>', { value: '10' })] });
    await has((versions) => versions.length === 1 && versions[0] === 0);
    expect(await rig.huawei('PUT', `/rules/${id}`, { ...rule, actions: [blink(9)] })).toMatchObject({ status: 200 });
    await has(([version]) => version === 1);
    await reported({ level: 11 });
    expect(done.all).toEqual([['light', 'blink', { times: 9 }]]);
    await rig.huawei('PUT', `/rules/${id}/status`, { status: 'inactive' });
    await has((_, [isActive]) => isActive === false);
    await reported({ level: 12 });
    await rig.huawei('PUT', `/rules/${id}/status`, { status: 'active' });
    await has((_, [isActive]) => isActive === true);
    await reported({ level: 13 });
    expect(done.all).toHaveLength(2);
    expect(await rig.huawei('DELETE', `/rules/${id}`)).toMatchObject({ status: 204 });
    await has((versions) => versions.length === 0);
    await reported({ level: 14 });
    expect(done.all).toHaveLength(2);
  });

  it('hands the actions of a rule to a handler of its own, those for other devices too', async () => {
    const { client, done, reported, has } = await lampOf();
    const handled = new Log<Action[]>();
    client.setRuleActionHandler({ handleRuleAction: handled.add });
    await make({ conditions: [level('>', { value: '10' })] }, { actions: [blink(1), blink(2, OTHER.device_id)] });
    await has((versions) => versions.length === 1);
    await reported({ level: 11 });
    const actions = await handled.first();
    expect(actions.every((each) => each instanceof Action)).toBe(true);
    expect(actions).toMatchObject([
      { deviceId: LAMP.device_id, command: { serviceId: 'light', commandName: 'blink', paras: { times: 1 } } },
      { deviceId: OTHER.device_id, command: { paras: { times: 2 } } },
    ]);
    expect(done.all).toEqual([]);
    client.setRuleActionHandler(null);
    await reported({ level: 12 });
    expect(done.all).toEqual([['light', 'blink', { times: 1 }]]);
  });

  it('has no rules that it did not ask for', async () => {
    await make({ conditions: [level('>', { value: '10' })] });
    const device = new IotDevice({ connectAuthInfo: authOf(rig) });
    devices.push(device);
    await device.connect();
    await new Promise<string>((resolve, reject) => device.getClient().reportProperties([new ServiceProperty({ serviceId: 'light', properties: { level: 11 } })], { onSuccess: resolve, onFailure: (_, error) => reject(error) }));
    expect(device.getRuleManageService().list).toEqual([]);
  });
});
