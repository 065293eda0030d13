import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStorage } from '@lianyun/platform';
import { FakeClock } from '@lianyun/protocol/testing';
import { Device, huawei, type DeviceRule } from 'lianyun';
import { happens, Rig } from './support/rig.ts';
import { huaweiCredentials } from './support/credentials.ts';

const LAMP = { deviceId: 'lamp_1', secret: 'secret-of-lamp-1' };

const tooBright = (more: object = {}) => ({
  name: 'too bright',
  rule_type: 'DEVICE_SIDE',
  status: 'active',
  condition_group: { logic: 'and', conditions: [{ type: 'DEVICE_DATA', device_property_condition: { device_id: 'lamp_1', filters: [{ path: 'light/level', operator: '>', value: '90' }] } }] },
  actions: [{ type: 'DEVICE_CMD', device_command: { device_id: 'lamp_1', cmd: { service_id: 'light', command_name: 'blink', command_body: { times: 2 } } } }],
  device_side: { device_ids: ['lamp_1'] },
  ...more,
});

type Lamp = Device<typeof huawei>;

/** Resolves when the lamp has rules that fit. */
async function has(lamp: Lamp, fits: (rules: readonly DeviceRule[]) => boolean): Promise<void> {
  while (!fits(lamp.rules.list)) await new Promise((resolve) => void setImmediate(resolve));
}
const versions = (lamp: Lamp) => lamp.rules.list.map(({ version }) => version);

async function begin(rig: Rig) {
  const lamp = rig.own(new Device({ dialect: huawei, identity: LAMP, server: rig.server }));
  const blinked: unknown[] = [];
  const heard: (() => void)[] = [];
  lamp.commands.handle('blink', ({ args }) => {
    blinked.push(args);
    for (const each of heard.splice(0)) each();
  });
  lamp.rules.start();
  const report = (level: number) => lamp.properties.report({ service: 'light', values: { level } }).delivered;
  const blinks = () => new Promise<void>((resolve) => heard.push(resolve));
  return { lamp, blinked, report, blinks };
}

describe('A rule that an application makes', () => {
  it('is told to the device, fetched by it, and runs there', async () => {
    await using rig = await Rig.open();
    const { lamp, blinked, report, blinks } = await begin(rig);
    await lamp.connect();
    const { status, body } = await rig.huawei('POST', '/rules', tooBright());
    expect(status).toBe(201);
    const { rule_id: id } = body as { rule_id: string };
    expect(body).toMatchObject({ ...tooBright(), app_id: 'default' });
    await has(lamp, (rules) => rules.length === 1);
    await report(90);
    const blink = blinks();
    await report(91);
    await blink;
    expect(blinked).toEqual([{ times: 2 }]);

    await rig.huawei('PUT', `/rules/${id}/status`, { status: 'inactive' });
    await has(lamp, ([rule]) => rule?.isActive === false);
    await report(92);
    await rig.huawei('PUT', `/rules/${id}/status`, { status: 'active' });
    await has(lamp, ([rule]) => rule?.isActive === true);
    expect(versions(lamp)).toEqual([2]);
    expect(blinked).toHaveLength(1);

    expect((await rig.huawei('DELETE', `/rules/${id}`)).status).toBe(204);
    await has(lamp, (rules) => rules.length === 0);
    await report(99);
    expect((await rig.huawei('GET', '/rules')).body).toMatchObject({ rules: [], page: { count: 0 } });
  });

  it('waits for a device that is offline, and so does the end of one', async () => {
    await using rig = await Rig.open();
    const { body } = await rig.huawei('POST', '/rules', tooBright());
    const { rule_id: id } = body as { rule_id: string };
    const { lamp } = await begin(rig);
    await lamp.connect();
    await has(lamp, (rules) => rules.length === 1);
    const gone = new Promise((resolve) => rig.platform.once('offline', resolve));
    const back = new Promise<void>((resolve) => lamp.once('offline', () => lamp.once('online', resolve)));
    rig.platform.access.kick('huawei', 'lamp_1', 'for the test');
    await gone;
    await rig.huawei('DELETE', `/rules/${id}`);
    await back;
    await has(lamp, (rules) => rules.length === 0);
  });

  it('is without a device that is deleted, and can be changed for the others', async () => {
    await using rig = await Rig.open();
    const { body } = await rig.huawei('POST', '/rules', tooBright({ device_side: { device_ids: ['lamp_1', 'lamp_2'] } }));
    const { rule_id: id } = body as { rule_id: string };
    const { lamp } = await begin(rig);
    await lamp.connect();
    await has(lamp, ([rule]) => rule?.isActive === true);
    expect((await rig.huawei('DELETE', '/devices/lamp_2')).status).toBe(204);
    expect((await rig.huawei('GET', `/rules/${id}`)).body).toMatchObject({ device_side: { device_ids: ['lamp_1'] } });
    expect(await rig.huawei('PUT', `/rules/${id}/status`, { status: 'inactive' })).toMatchObject({ status: 200, body: { status: 'inactive' } });
    await has(lamp, ([rule]) => rule?.isActive === false);
  });

  it('stands in the shadow of the device, which can ask there', async () => {
    await using rig = await Rig.open();
    await rig.huawei('POST', '/rules', tooBright());
    const lamp = rig.own(new Device({ dialect: huawei, identity: LAMP, server: rig.server }));
    await lamp.connect();
    // Not started yet: what was pushed at the connect was for nobody.
    const { services } = await lamp.shadow.get();
    expect(services).toMatchObject([{ service: '$device_rule' }]);
    lamp.rules.start();
    await lamp.rules.sync();
    await has(lamp, (rules) => rules.length === 1);
  });

  it('outlives a restart of the platform', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'lianyun-rules-'));
    try {
      {
        await using storage = openStorage({ directory });
        await using rig = await Rig.open({ storage });
        await rig.huawei('POST', '/rules', tooBright());
      }
      await using storage = openStorage({ directory });
      await using rig = await Rig.open({ storage });
      const { lamp } = await begin(rig);
      await lamp.connect();
      await has(lamp, (rules) => rules[0]?.name === 'too bright');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('travels as documented: one condition a filter, seconds for minutes', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreignAs(huaweiCredentials('lamp_1', 'secret-of-lamp-1'));
    const pushed = happens(client, 'message');
    const conditions = [
      { type: 'DEVICE_DATA', device_property_condition: { device_id: 'lamp_1', filters: [{ path: 'light/level', operator: 'between', value: '1,5' }, { path: 'light/label', operator: 'in', in_values: ['a', 'b'] }] } },
      { type: 'DAILY_TIMER', daily_timer_condition: { time: '07:30', days_of_week: '1,7' } },
      { type: 'SIMPLE_TIMER', simple_timer_condition: { start_time: '20261121T230000Z', repeat_interval: 2, repeat_count: 3 } },
    ];
    const { body } = await rig.huawei('POST', '/rules', tooBright({ condition_group: { logic: 'or', conditions, time_range: { start_time: '08:00', end_time: '20:00', days_of_week: '2,3' } } }));
    const { rule_id: id } = body as { rule_id: string };
    const [topic, payload] = await pushed;
    expect(topic).toMatch(/^\$oc\/devices\/lamp_1\/sys\/properties\/set\/request_id=/);
    expect(JSON.parse(String(payload))).toEqual({ object_device_id: 'lamp_1', services: [{ service_id: '$device_rule', properties: { [id]: { version: 0 } } }] });
    const delivered = happens(client, 'message');
    await client.publishAsync(String(topic).replace('/set/', '/set/response/'), JSON.stringify({ result_code: 0 }), { qos: 1 });
    await client.publishAsync('$oc/devices/lamp_1/sys/events/up', JSON.stringify({ services: [{ service_id: '$device_rule', event_type: 'device_rule_config_request', paras: { ruleIds: [id, 'unknown'], delIds: [] } }] }), { qos: 1 });
    const [, answer] = await delivered;
    expect((JSON.parse(String(answer)) as { services: { paras: object }[] }).services[0]?.paras).toEqual({
      rulesInfos: [
        {
          ruleId: id,
          ruleName: 'too bright',
          logic: 'or',
          status: 'active',
          ruleVersionInShadow: 0,
          timeRange: { startTime: '08:00', endTime: '20:00', daysOfWeek: '2,3' },
          conditions: [
            { type: 'DEVICE_DATA', deviceInfo: { deviceId: 'lamp_1', path: 'light/level' }, operator: 'between', value: '1,5' },
            { type: 'DEVICE_DATA', deviceInfo: { deviceId: 'lamp_1', path: 'light/label' }, operator: 'in', inValues: ['a', 'b'] },
            { type: 'DAILY_TIMER', time: '07:30', daysOfWeek: '1,7' },
            { type: 'SIMPLE_TIMER', startTime: '2026-11-21 23:00:00', repeatInterval: 120, repeatCount: 3 },
          ],
          actions: [{ type: 'DEVICE_CMD', status: 'enable', deviceId: 'lamp_1', command: { serviceId: 'light', commandName: 'blink', commandBody: { times: 2 } } }],
        },
      ],
    });
  });

  it('is refused in words when it is wrong', async () => {
    await using rig = await Rig.open({ clock: new FakeClock() });
    const refused = async (rule: object) => (await rig.huawei('POST', '/rules', rule)).body;
    expect(await refused(tooBright({ rule_type: 'DEVICE_LINKAGE' }))).toMatchObject({ error_code: 'IOTDA.000006', error_msg: expect.stringContaining('DEVICE_SIDE') });
    expect(await refused(tooBright({ actions: [] }))).toMatchObject({ error_code: 'IOTDA.000006', error_msg: expect.stringContaining('actions') });
    expect(await refused(tooBright({ device_side: { device_ids: ['lamp_9'] } }))).toMatchObject({ error_code: 'IOTDA.014000' });
    expect(await refused(tooBright({ condition_group: { conditions: [{ type: 'DEVICE_DATA', device_property_condition: { filters: [{ path: 'a/b', operator: '!=', value: '1' }] } }] } }))).toMatchObject({ error_code: 'IOTDA.000006', error_msg: expect.stringContaining('operator') });
    expect((await rig.huawei('GET', '/rules/none')).status).toBe(404);
  });

  it('can be changed, listed in pages and shown', async () => {
    await using rig = await Rig.open();
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c']) ids.push(((await rig.huawei('POST', '/rules', tooBright({ name }))).body as { rule_id: string }).rule_id);
    const first = (await rig.huawei('GET', '/rules?limit=2&rule_type=DEVICE_SIDE')).body as { rules: { name: string }[]; page: { count: number; marker: string } };
    expect([first.rules.map(({ name }) => name), first.page.count]).toEqual([['c', 'b'], 3]);
    expect((await rig.huawei('GET', `/rules?limit=2&marker=${first.page.marker}`)).body).toMatchObject({ rules: [{ name: 'a' }] });
    expect((await rig.huawei('PUT', `/rules/${ids[0]}`, tooBright({ name: 'z', device_side: { device_ids: ['lamp_2'] } }))).body).toMatchObject({ name: 'z', device_side: { device_ids: ['lamp_2'] } });
    expect((await rig.huawei('GET', `/rules/${ids[0]}`)).body).toMatchObject({ name: 'z', rule_id: ids[0] });
  });
});
