// Groups, tags and searches: how applications speak of many devices.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NorthUnderTest } from '../north.fixtures.ts';

let north: NorthUnderTest;
beforeEach(async () => {
  north = await new NorthUnderTest().start();
  for (const productId of ['lamp', 'pump']) north.registry.createProduct({ cloud: 'huawei', productId, name: productId });
  for (const nodeId of ['1', '2', '3']) north.registry.createDevice({ cloud: 'huawei', productId: 'lamp', nodeId, name: `kitchen lamp ${nodeId}` });
  north.registry.createDevice({ cloud: 'huawei', productId: 'pump', nodeId: '1', name: '水泵' });
});
afterEach(() => north[Symbol.asyncDispose]());

const refused = (words: string, code = 'IOTDA.000006', status = 400) => ({ status, body: { error_code: code, error_msg: expect.stringContaining(words) } });

async function makeGroup(body: object): Promise<string> {
  const { status, body: made } = await north.huawei('POST', '/device-group', body);
  expect(status).toBe(201);
  return made['group_id'] as string;
}

const act = (group: string, action: string, device: string) => north.huawei('POST', `/device-group/${group}/action?action_id=${action}&device_id=${device}`);
const devicesOf = async (group: string, query = '') => (await north.huawei('GET', `/device-group/${group}/devices${query}`)).body as { devices: { device_id: string }[]; page: { count: number; marker: string } };

describe('a device group', () => {
  it('is created, shown, changed and deleted', async () => {
    const { body: made } = await north.huawei('POST', '/device-group', { name: '灯 #1', description: 'all' });
    expect(made).toEqual({ group_id: expect.stringMatching(/^[0-9a-f-]{36}$/), name: '灯 #1', description: 'all', group_type: 'STATIC' });
    const path = `/device-group/${made['group_id'] as string}`;
    expect((await north.huawei('GET', path)).body).toEqual(made);
    expect((await north.huawei('PUT', path, { name: 'lamps' })).body).toEqual({ ...made, name: 'lamps' });
    expect(await north.huawei('DELETE', path)).toMatchObject({ status: 204, text: '' });
    expect(await north.huawei('GET', path)).toMatchObject(refused('There is no device group', 'IOTDA.000006', 404));
  });

  it('has a name that can be kept: half of a surrogate pair is refused', async () => {
    expect(await north.huawei('POST', '/device-group', { name: 'g\ud800' })).toMatchObject(refused('name'));
    expect(await north.huawei('PUT', `/device-group/${await makeGroup({ name: '😀' })}`, { description: '\udc00' })).toMatchObject(refused('description'));
  });

  it('has the devices that are put into it, and loses those that are deleted', async () => {
    const group = await makeGroup({ name: 'g' });
    for (const device of ['lamp_1', 'lamp_2', 'pump_1', 'lamp_1']) expect((await act(group, 'addDevice', device)).status).toBe(200);
    const first = await devicesOf(group, '?limit=2');
    expect(first).toMatchObject({ devices: [{ device_id: 'pump_1', node_id: '1', device_name: '水泵', product_id: 'pump' }, { device_id: 'lamp_2' }], page: { count: 3 } });
    expect((await devicesOf(group, `?limit=2&marker=${first.page.marker}`)).devices).toMatchObject([{ device_id: 'lamp_1' }]);
    expect((await north.huawei('POST', '/devices/lamp_1/list-device-group')).body).toEqual({ device_groups: [{ group_id: group, name: 'g', group_type: 'STATIC' }] });
    expect(await north.huawei('DELETE', `/device-group/${group}`)).toMatchObject(refused('3 device(s)'));
    await north.huawei('DELETE', '/devices/lamp_2');
    expect((await act(group, 'removeDevice', 'pump_1')).status).toBe(200);
    expect((await devicesOf(group)).devices).toMatchObject([{ device_id: 'lamp_1' }]);
    expect(await act(group, 'removeDevice', 'pump_1')).toMatchObject(refused('is not in the group'));
    expect(await act(group, 'addDevice', 'nobody')).toMatchObject(refused('nobody', 'IOTDA.014000', 404));
    expect(await act(group, 'paintDevice', 'lamp_1')).toMatchObject(refused('action_id'));
    expect(await act('none', 'addDevice', 'lamp_1')).toMatchObject(refused('There is no device group', 'IOTDA.000006', 404));
  });

  it('is a part of another, down to the fifth', async () => {
    let parent = await makeGroup({ name: 'level 1' });
    const top = parent;
    for (const level of [2, 3, 4, 5]) parent = await makeGroup({ name: `level ${level}`, super_group_id: parent });
    expect(await north.huawei('POST', '/device-group', { name: 'level 6', super_group_id: parent })).toMatchObject(refused('super_group_id'));
    expect(await north.huawei('POST', '/device-group', { name: 'lost', super_group_id: 'none' })).toMatchObject(refused('There is no device group', 'IOTDA.000006', 404));
    expect(await north.huawei('DELETE', `/device-group/${top}`)).toMatchObject(refused('1 group(s)'));
  });

  it('is found by name, type, space and time', async () => {
    await makeGroup({ name: 'a' });
    north.clock.at += 3_600_000;
    await makeGroup({ name: 'b', app_id: 'space' });
    await makeGroup({ name: 'c', group_type: 'DYNAMIC', dynamic_group_rule: "product_id = 'lamp'" });
    const names = async (query: string) => ((await north.huawei('GET', `/device-group?${query}`)).body as { device_groups: { name: string }[] }).device_groups.map(({ name }) => name);
    expect(await names('')).toEqual(['c', 'b', 'a']);
    expect(await names('name=a')).toEqual(['a']);
    expect(await names('group_type=DYNAMIC')).toEqual(['c']);
    expect(await names('app_id=space')).toEqual(['b']);
    expect(await names('last_modified_time=20261121T233000Z')).toEqual(['c', 'b']);
    expect(await names('limit=1&offset=1')).toEqual(['b']);
    expect(await north.huawei('GET', '/device-group?last_modified_time=yesterday')).toMatchObject(refused('last_modified_time', 'IOTDA.000009'));
  });

  it('that is dynamic has the devices that fit its rule now', async () => {
    const group = await makeGroup({ name: 'd', group_type: 'DYNAMIC', dynamic_group_rule: "product_id = 'lamp' and tag_key = 'floor'" });
    expect((await devicesOf(group)).devices).toEqual([]);
    await north.huawei('POST', '/tags/bind-resource', { resource_type: 'device', resource_id: 'lamp_2', tags: [{ tag_key: 'floor', tag_value: '3' }] });
    expect((await devicesOf(group)).devices).toMatchObject([{ device_id: 'lamp_2' }]);
    expect(await act(group, 'addDevice', 'lamp_1')).toMatchObject(refused('its rule'));
  });

  it.each([
    [{}, 'name'],
    [{ name: 'x'.repeat(65) }, 'name'],
    [{ name: 'taken' }, 'already'],
    [{ name: 'x', group_type: 'LUCKY' }, 'group_type'],
    [{ name: 'x', group_type: 'DYNAMIC' }, 'dynamic_group_rule'],
    [{ name: 'x', dynamic_group_rule: "product_id = 'lamp'" }, 'dynamic_group_rule'],
    [{ name: 'x', group_type: 'DYNAMIC', dynamic_group_rule: 'product_id' }, 'sql'],
  ])('is refused: %j', async (body, words) => {
    await makeGroup({ name: 'taken' });
    expect(await north.huawei('POST', '/device-group', body)).toMatchObject(refused(words));
    expect((await north.huawei('GET', '/device-group')).body).toMatchObject({ page: { count: 1 } });
  });
});

describe('tags', () => {
  const bind = (device: string, tags: unknown) => north.huawei('POST', '/tags/bind-resource', { resource_type: 'device', resource_id: device, tags });
  const find = async (tags: object, query = '') => (await north.huawei('POST', `/tags/query-resources${query}`, { resource_type: 'device', tags })).body as { resources: { resource_id: string }[]; page: { count: number; marker: string } };

  it('are tied to a device, shown with it, changed and taken off', async () => {
    expect((await bind('lamp_1', [{ tag_key: 'floor', tag_value: '3' }, { tag_key: '楼', tag_value: null }])).status).toBe(200);
    await bind('lamp_1', [{ tag_key: 'floor', tag_value: '4' }]);
    const tags = [{ tag_key: 'floor', tag_value: '4' }, { tag_key: '楼' }];
    expect((await north.huawei('GET', '/devices/lamp_1')).body['tags']).toEqual(tags);
    expect((await north.huawei('GET', '/devices?device_name=kitchen%20lamp%201')).body).toMatchObject({ devices: [{ tags }] });
    await north.huawei('POST', '/tags/unbind-resource', { resource_type: 'device', resource_id: 'lamp_1', tag_keys: ['floor', 'never'] });
    expect((await north.huawei('GET', '/devices/lamp_1')).body['tags']).toEqual([{ tag_key: '楼' }]);
  });

  it('find the devices that have one of them, page by page', async () => {
    await bind('lamp_1', [{ tag_key: 'floor', tag_value: '3' }, { tag_key: 'new' }]);
    await bind('lamp_2', [{ tag_key: 'floor', tag_value: '4' }]);
    await bind('pump_1', [{ tag_key: 'floor', tag_value: '3' }]);
    const ids = async (tags: object, query = '') => (await find(tags, query)).resources.map(({ resource_id }) => resource_id);
    expect(await ids([{ tag_key: 'floor', tag_value: '3' }])).toEqual(['pump_1', 'lamp_1']);
    expect(await ids([{ tag_key: 'floor' }])).toEqual(['pump_1', 'lamp_2', 'lamp_1']);
    expect(await ids([{ tag_key: 'floor', tag_value: '4' }, { tag_key: 'new' }])).toEqual(['lamp_2', 'lamp_1']);
    expect(await ids([{ tag_key: 'floor', tag_value: '5' }])).toEqual([]);
    const first = await find([{ tag_key: 'floor' }], '?limit=2');
    expect([first.resources.length, first.page.count]).toEqual([2, 3]);
    expect(await ids([{ tag_key: 'floor' }], `?limit=2&marker=${first.page.marker}`)).toEqual(['lamp_1']);
    await north.huawei('DELETE', '/devices/pump_1');
    expect(await ids([{ tag_key: 'floor', tag_value: '3' }])).toEqual(['lamp_1']);
  });

  it.each([
    [[], 'tags'],
    [[{ tag_value: '3' }], 'tags.0.tag_key'],
    [[{ tag_key: 'a b' }], 'tags.0.tag_key'],
    [[{ tag_key: 'k' }, { tag_key: 'k', tag_value: '2' }], 'twice'],
    [Array.from({ length: 11 }, (_, index) => ({ tag_key: `k${index}` })), 'at most 10'],
  ])('are refused: %j', async (tags, words) => {
    expect(await bind('lamp_1', tags)).toMatchObject(refused(words));
  });

  it('are at most ten for a device, and none for what is not there', async () => {
    await bind('lamp_1', Array.from({ length: 9 }, (_, index) => ({ tag_key: `k${index}` })));
    expect(await bind('lamp_1', [{ tag_key: 'k0', tag_value: 'again' }, { tag_key: 'ten' }])).toMatchObject({ status: 200 });
    expect(await bind('lamp_1', [{ tag_key: 'eleven' }])).toMatchObject(refused('11 tags'));
    expect(await bind('nobody', [{ tag_key: 'k' }])).toMatchObject(refused('nobody', 'IOTDA.014000', 404));
    expect(await north.huawei('POST', '/tags/bind-resource', { resource_type: 'product', resource_id: 'lamp', tags: [{ tag_key: 'k' }] })).toMatchObject(refused('resource_type'));
  });
});

describe('a search', () => {
  const search = (sql: unknown) => north.huawei('POST', '/search/query-devices', { sql });
  const found = async (sql: string) => ((await search(sql)).body as { devices: { device_id: string }[] }).devices.map(({ device_id }) => device_id);

  it.each([
    ["select * from device where device_id = 'lamp_2'", ['lamp_2']],
    ["SELECT * FROM device WHERE product_id = 'lamp' ORDER BY marker ASC LIMIT 2", ['lamp_1', 'lamp_2']],
    ["select * from device where product_id = 'lamp' order by marker asc limit 1,5", ['lamp_2', 'lamp_3']],
    ["select * from device where product_id = 'lamp' order by marker limit 1, 1", ['lamp_2']],
    ["select * from device where product_id != 'lamp'", ['pump_1']],
    ["select * from device where node_id = '1' and product_id = 'pump' or device_id = 'lamp_3'", ['pump_1', 'lamp_3']],
    ["select * from device where device_name like 'kitchen%' and node_id in ('1', '3')", ['lamp_3', 'lamp_1']],
    ["select * from device where product_id not in ('lamp')", ['pump_1']],
    ["select * from device where device_name = '水泵'", ['pump_1']],
    ["select * from device where status = 'ONLINE'", ['lamp_1']],
    ["select * from device where tag_key = 'floor' and tag_value like 'third%'", ['lamp_2']],
    ["select * from device where create_time > '2026-11-21T22:46:33.000Z'", ['pump_2']],
    ["select * from device where node_type = 'ENDPOINT' and gateway_id = 'lamp_1'", ['pump_2']],
    ["select * from device where fw_version = '1.0'", ['lamp_3']],
    ["select * from device where group_id = 'none'", []],
  ])('finds devices by %s', async (sql, ids) => {
    north.downlink.online.add('lamp_1');
    north.registry.updateDevice('huawei', 'lamp_3', { info: { firmware: '1.0' } });
    await north.huawei('POST', '/tags/bind-resource', { resource_type: 'device', resource_id: 'lamp_2', tags: [{ tag_key: 'floor', tag_value: 'third-floor' }] });
    if (/pump_2/.test(JSON.stringify(ids))) {
      north.clock.at += 60_000;
      north.registry.createDevice({ cloud: 'huawei', productId: 'pump', nodeId: '2', gateway: 'lamp_1' });
    }
    expect(await found(sql)).toEqual(ids);
  });

  it('counts, and shows only what was asked for', async () => {
    expect((await search("select count(*) from device where product_id = 'lamp'")).body).toEqual({ count: 3 });
    expect((await search('select count(1) from device')).body).toEqual({ count: 4 });
    expect((await search('select device_id, status from device limit 1')).body).toEqual({ devices: [{ device_id: 'pump_1', status: 'INACTIVE' }], count: 4 });
    const group = await makeGroup({ name: 'g' });
    await act(group, 'addDevice', 'lamp_1');
    const { devices } = (await search(`select * from device where group_id = '${group}'`)).body as { devices: object[] };
    expect(devices).toMatchObject([{ device_id: 'lamp_1', groups: [{ group_id: group }], marker: expect.stringMatching(/^[0-9a-f]{24}$/) }]);
  });

  it.each([
    ['', 'sql'],
    ['select', 'a name is expected at the end'],
    ['delete from device', 'select is expected, "delete" is given'],
    ['select * from product', 'device is expected'],
    ['select * from device where colour = 1', '"colour" is no field'],
    ["select * from device where product_id > 'a'", '> is not for product_id'],
    ["select * from device where product_id like 'abcd%'", 'like is not for product_id'],
    ["select * from device where device_name like '%abcd'", 'like'],
    ["select * from device where device_name like 'abc%'", 'at least 4'],
    ["select * from device where tag_key in ('a')", 'in is not for tag_key'],
    ["select * from device where product_id = ''", 'empty text'],
    ["select * from device where create_time > '2026'", 'create_time'],
    ["select * from device where product_id = 'a", 'what is'],
    [`select * from device where ${Array.from({ length: 6 }, () => "node_id = '1'").join(' or ')}`, 'at most 5 conditions'],
    ['select * from device limit 51', 'at most 50'],
    ['select * from device limit 501,1', 'at most 500'],
    ['select * from device; drop table device', 'what is ";'],
    ['select * from device order by device_id', 'marker is expected'],
    [`select * from device where node_id = '${'1'.repeat(400)}'`, '400'],
    [7, 'sql'],
  ])('is refused in words: %s', async (sql, words) => {
    expect(await search(sql)).toMatchObject(refused(words));
  });
});
