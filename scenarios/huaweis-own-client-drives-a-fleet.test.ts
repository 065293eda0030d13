// Huawei's own npm client through what an application does with many devices: groups, tags, searches, batch tasks, commands that wait, rules.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ClientRequestException } from '@huaweicloud/huaweicloud-sdk-core/exception/ClientRequestException.js';
import { openStorage } from '@lianyun/platform';
import { Device, huawei, provision } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { SEED } from './support/clouds.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';
import { huaweiClient, type HuaweiCall } from './support/vendor-clients.ts';

const GROUP_SECRET = Buffer.alloc(32, 5).toString('base64');
const KETTLE = {
  product_id: 'kettle',
  name: 'kettle',
  device_type: 'Kettle',
  protocol_type: 'MQTT',
  data_format: 'json',
  service_capabilities: [
    { service_id: 'heat', properties: [{ property_name: 'celsius', data_type: 'int', min: '0', max: '100', method: 'RW' }], commands: [{ command_name: 'boil', paras: [{ para_name: 'until', data_type: 'int', min: '40', max: '100' }] }] },
  ],
};
const BOIL = { service_id: 'heat', command_name: 'boil', paras: { until: 90 } };

interface Task {
  readonly batchtask: { readonly status: string; readonly task_progress: Readonly<Record<string, number>> };
  readonly task_details: readonly { readonly target: string; readonly status: string }[];
}

/** Makes a batch task and resolves with it at its end. */
async function batch(call: HuaweiCall, body: object): Promise<Task> {
  const { task_id } = (await call('POST', '/batchtasks', { body: { task_name: 'night', ...body } })) as { readonly task_id: string };
  for (;;) {
    const task = (await call('GET', '/batchtasks/{task_id}', { path: { task_id }, query: { limit: 50 } })) as Task;
    if (task.batchtask.status !== 'Processing') return task;
  }
}

const kettle = (rig: Rig, node: number): Device<typeof huawei> => rig.own(new Device({ dialect: huawei, server: rig.server, identity: { deviceId: `kettle_k${node}`, secret: 'kettle-secret' } }));

/** A product, some devices of it, and a group of them all. */
async function fleet(call: HuaweiCall, size: number): Promise<string> {
  await call('POST', '/products', { body: KETTLE });
  const group = (await call('POST', '/device-group', { body: { name: '厨房 kettles' } })) as { readonly group_id: string };
  for (let node = 1; node <= size; node++) {
    await call('POST', '/devices', { body: { node_id: `k${node}`, product_id: 'kettle', auth_info: { secret: 'kettle-secret' } } });
    await call('POST', '/device-group/{group_id}/action', { path: { group_id: group.group_id }, query: { action_id: 'addDevice', device_id: `kettle_k${node}` } });
  }
  return group.group_id;
}

describe("Huawei's own client", () => {
  it.each([{ name: 'SDK-HMAC-SHA256', options: {} }, { name: 'V11-HMAC-SHA256', options: { derivedFor: 'cn-north-4' } }])('takes a product, its devices and their group through batch tasks, signed with $name', async ({ options }) => {
    await using rig = await Rig.open();
    const call = huaweiClient(rig.httpPort, options);
    const group = await fleet(call, 3);
    const filter = { targets_filter: { group_ids: [group] } };
    expect(await call('GET', '/device-group', { query: { name: '厨房 kettles' } })).toMatchObject({ device_groups: [{ group_id: group, group_type: 'STATIC' }], page: { count: 1 } });
    expect(await call('GET', '/device-group/{group_id}/devices', { path: { group_id: group }, query: { limit: 2 } })).toMatchObject({ devices: [{ device_id: 'kettle_k3' }, { device_id: 'kettle_k2' }], page: { count: 3 } });

    const devices = [1, 2].map((node) => kettle(rig, node));
    const boiled = new Log<unknown>();
    const said = new Log<unknown>();
    const set = new Log<unknown>();
    for (const device of devices) {
      device.commands.handle('boil', ({ args }) => {
        boiled.add(args['until']);
        return {};
      });
      device.messages.onMessage((message) => said.add('content' in message ? message.content : undefined));
      device.properties.onSet(({ groups }) => set.add(groups[0]?.values));
      await device.connect();
    }

    const commands = await batch(call, { task_type: 'createCommands', document: BOIL, ...filter });
    expect(commands.batchtask).toMatchObject({ status: 'PartialSuccess', task_progress: { total: 3, success: 2, fail: 1 } });
    expect(commands.task_details).toContainEqual({ target: 'kettle_k3', status: 'Fail', output: '', error: { error_code: 'IOTDA.014016', error_msg: expect.any(String) } });
    expect(boiled.all).toEqual([90, 90]);
    expect((await batch(call, { task_type: 'createMessages', document: { message: '晚安' }, ...filter })).batchtask.status).toBe('Success');
    expect(await said.take(2)).toEqual(['晚安', '晚安']);
    expect((await batch(call, { task_type: 'updateDeviceShadows', document: { shadow: [{ service_id: 'heat', desired: { celsius: 60 } }] }, ...filter })).batchtask.status).toBe('Success');
    expect(await set.take(2)).toEqual([{ celsius: 60 }, { celsius: 60 }]);

    expect((await batch(call, { task_type: 'freezeDevices', targets: ['kettle_k1', 'kettle_k2'] })).batchtask.status).toBe('Success');
    expect(await call('GET', '/devices/{device_id}', { path: { device_id: 'kettle_k1' } })).toMatchObject({ status: 'FROZEN' });
    expect((await batch(call, { task_type: 'deleteDevices', ...filter })).batchtask.status).toBe('Success');
    expect(await call('GET', '/devices', { query: { product_id: 'kettle' } })).toMatchObject({ page: { count: 0 } });
    expect(await call('GET', '/batchtasks', { query: { task_type: 'deleteDevices', status: 'Success' } })).toMatchObject({ batchtasks: [{ task_name: 'night', targets_filter: filter.targets_filter }], page: { count: 1 } });
    expect(await call('DELETE', '/device-group/{group_id}', { path: { group_id: group } })).toMatchObject({ httpStatusCode: 204 });
  });

  it('finds devices by tags and by words of SQL', async () => {
    await using rig = await Rig.open();
    const call = huaweiClient(rig.httpPort);
    await fleet(call, 3);
    const tag = { tag_key: '楼层', tag_value: '3-east' };
    for (const node of [1, 2]) await call('POST', '/tags/bind-resource', { body: { resource_type: 'device', resource_id: `kettle_k${node}`, tags: [tag, { tag_key: `n${node}` }] } });
    expect(await call('POST', '/tags/query-resources', { body: { resource_type: 'device', tags: [tag] }, query: { limit: 1 } })).toMatchObject({ resources: [{ resource_id: 'kettle_k2' }], page: { count: 2 } });
    const sql = "select * from device where product_id = 'kettle' and tag_value = '3-east' order by marker asc";
    expect(await call('POST', '/search/query-devices', { body: { sql } })).toMatchObject({ devices: [{ device_id: 'kettle_k1', tags: [tag, { tag_key: 'n1' }] }, { device_id: 'kettle_k2' }], count: 2 });
    await call('POST', '/tags/unbind-resource', { body: { resource_type: 'device', resource_id: 'kettle_k1', tag_keys: ['楼层'] } });
    expect(await call('POST', '/search/query-devices', { body: { sql } })).toMatchObject({ count: 1 });
    const error: unknown = await call('POST', '/search/query-devices', { body: { sql: 'drop table device' } }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ClientRequestException);
    expect(error).toMatchObject({ httpStatusCode: 400, errorCode: 'IOTDA.000006', errorMsg: expect.stringContaining('select is expected') });
  });

  it('provisions a device, gives it a command that waits, and a rule', async () => {
    const seed = { ...SEED, huawei: { ...SEED.huawei, provisioning: { groups: [{ scope_id: 'line1', product_id: 'lamp', secret: GROUP_SECRET }] } } };
    await using rig = await Rig.open({ seed: JSON.stringify(seed) });
    const call = huaweiClient(rig.httpPort);
    const { options } = await provision({ identity: { deviceId: 'lamp_new', scopeId: 'line1', groupSecret: GROUP_SECRET }, server: rig.server });
    const lamp = { device_id: 'lamp_new' };
    expect(await call('GET', '/devices/{device_id}', { path: lamp })).toMatchObject({ product_id: 'lamp', status: 'INACTIVE' });
    const { command_id } = (await call('POST', '/devices/{device_id}/async-commands', { path: lamp, body: { service_id: 'light', command_name: 'blink', paras: { times: 3 }, send_strategy: 'delay' } })) as { readonly command_id: string };
    const rule = (await call('POST', '/rules', {
      body: {
        name: 'bright',
        rule_type: 'DEVICE_SIDE',
        condition_group: { conditions: [{ type: 'DEVICE_DATA', device_property_condition: { device_id: 'lamp_new', filters: [{ path: 'light/level', operator: '>', value: '90' }] } }] },
        actions: [{ type: 'DEVICE_CMD', device_command: { device_id: 'lamp_new', cmd: { service_id: 'light', command_name: 'blink', command_body: { times: 1 } } } }],
        device_side: { device_ids: ['lamp_new'] },
      },
    })) as { readonly rule_id: string };

    const device = rig.own(new Device({ dialect: huawei, ...options }));
    const blinked = new Log<unknown>();
    device.commands.handle('blink', ({ args }) => {
      blinked.add(args['times']);
      return {};
    });
    device.rules.start();
    await device.connect();
    expect(await blinked.first()).toBe(3);
    while (device.rules.list.length === 0) await new Promise((resolve) => void setImmediate(resolve));
    expect(device.rules.list).toMatchObject([{ id: rule.rule_id, name: 'bright' }]);
    for (;;) {
      const shown = (await call('GET', '/devices/{device_id}/async-commands/{command_id}', { path: { ...lamp, command_id } })) as { readonly status: string };
      if (shown.status === 'SUCCESSFUL') break;
      expect(['SENT', 'DELIVERED']).toContain(shown.status);
    }
    expect(await call('GET', '/devices/{device_id}/async-commands-history', { path: lamp })).toMatchObject({ commands: [{ command_id, status: 'SUCCESSFUL' }] });
    expect(await call('POST', '/devices/{device_id}/async-commands-history/count', { path: lamp, query: { status: 'SUCCESSFUL' } })).toMatchObject({ count: 1 });
    expect(await call('PUT', '/rules/{rule_id}/status', { path: rule, body: { status: 'inactive' } })).toMatchObject({ status: 'inactive' });
    expect(await call('DELETE', '/rules/{rule_id}', { path: rule })).toMatchObject({ httpStatusCode: 204 });
  });

  it('finds groups, tags and tasks as they were after a restart of the platform, and what waited goes on', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'lianyun-fleet-'));
    try {
      let group = '';
      {
        await using storage = openStorage({ directory });
        await using rig = await Rig.open({ storage });
        const call = huaweiClient(rig.httpPort);
        group = await fleet(call, 2);
        await call('POST', '/tags/bind-resource', { body: { resource_type: 'device', resource_id: 'kettle_k1', tags: [{ tag_key: 'floor', tag_value: '3' }] } });
        const at = new Date(Date.now() + 1500).toISOString().replace(/[-:]|\.\d+/g, '');
        await call('POST', '/batchtasks', { body: { task_name: 'later', task_type: 'freezeDevices', targets_filter: { group_ids: [group] }, task_policy: { schedule_time: at } } });
      }
      await using storage = openStorage({ directory });
      await using rig = await Rig.open({ storage });
      const call = huaweiClient(rig.httpPort);
      expect(await call('GET', '/device-group/{group_id}/devices', { path: { group_id: group } })).toMatchObject({ page: { count: 2 } });
      expect(await call('GET', '/devices/{device_id}', { path: { device_id: 'kettle_k1' } })).toMatchObject({ tags: [{ tag_key: 'floor', tag_value: '3' }] });
      for (;;) {
        const { batchtasks } = (await call('GET', '/batchtasks', { query: { task_type: 'freezeDevices' } })) as { readonly batchtasks: readonly { readonly status: string }[] };
        expect(batchtasks).toHaveLength(1);
        if (batchtasks[0]?.status === 'Success') break;
      }
      expect(await call('GET', '/devices/{device_id}', { path: { device_id: 'kettle_k2' } })).toMatchObject({ status: 'FROZEN' });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
