// Batch tasks beside upgrades: what each type does to its devices, who they are, and what is told of them.
import { LianyunError } from '@lianyun/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NorthUnderTest } from '../north.fixtures.ts';

const MODEL = [
  {
    service_id: 'light',
    properties: [{ property_name: 'on', data_type: 'int', min: '0', max: '1', method: 'RW' }],
    commands: [{ command_name: 'blink', paras: [{ para_name: 'times', data_type: 'int', min: '1', max: '10' }] }],
  },
];
const BLINK = { service_id: 'light', command_name: 'blink', paras: { times: 3 } };

let north: NorthUnderTest;
beforeEach(async () => {
  north = await new NorthUnderTest().start();
  north.registry.createProduct({ cloud: 'huawei', productId: 'lamp', name: 'lamp', model: MODEL });
  for (const nodeId of ['1', '2', '3']) north.registry.createDevice({ cloud: 'huawei', productId: 'lamp', nodeId });
});
afterEach(() => north[Symbol.asyncDispose]());

interface Shown {
  readonly batchtask: { readonly task_id: string; readonly status: string; readonly targets: readonly string[]; readonly task_progress: Readonly<Record<string, number>> };
  readonly task_details: readonly { readonly target: string; readonly status: string; readonly output: string; readonly error?: { readonly error_code: string } }[];
  readonly page: { readonly count: number; readonly marker: string };
}

const create = (task_type: string, more: object) => north.huawei('POST', '/batchtasks', { task_name: 'a task', task_type, ...more });
const show = async (id: string, query = ''): Promise<Shown> => (await north.huawei('GET', `/batchtasks/${id}${query}`)).body as unknown as Shown;

/** A task that has come to its end. */
async function ended(task_type: string, more: object): Promise<Shown> {
  const { status, body } = await create(task_type, more);
  expect([status, body]).toEqual([201, { task_id: expect.stringMatching(/^[0-9a-f]{24}$/) }]);
  for (;;) {
    const shown = await show(body['task_id'] as string);
    if (shown.batchtask.status !== 'Processing') return shown;
  }
}

const statuses = ({ task_details: details }: Shown) => Object.fromEntries(details.map(({ target, status, error }) => [target, error === undefined ? status : `${status} ${error.error_code}`]));

describe('a batch task', () => {
  it('freezes, unfreezes and deletes devices', async () => {
    const frozen = await ended('freezeDevices', { targets: ['lamp_1', 'lamp_2', 'nobody'] });
    expect(statuses(frozen)).toEqual({ lamp_1: 'Success', lamp_2: 'Success', nobody: 'Fail IOTDA.014000' });
    expect(frozen.batchtask).toMatchObject({ task_name: 'a task', task_type: 'freezeDevices', status: 'PartialSuccess', targets: ['lamp_1', 'lamp_2', 'nobody'], task_progress: { total: 3, success: 2, fail: 1, waitting: 0, processing: 0, fail_wait_retry: 0, stopped: 0, removed: 0 } });
    expect((await north.huawei('GET', '/devices/lamp_1')).body['status']).toBe('FROZEN');
    await ended('unfreezeDevices', { targets: ['lamp_1'] });
    expect(north.registry.device('huawei', 'lamp_1').enabled).toBe(true);
    expect((await ended('deleteDevices', { targets: ['lamp_1', 'lamp_2'] })).batchtask.status).toBe('Success');
    expect((await north.huawei('GET', '/devices')).body).toMatchObject({ devices: [{ device_id: 'lamp_3' }] });
    expect(north.downlink.asked).toContainEqual(expect.objectContaining({ what: 'kick', device: 'lamp_1' }));
  });

  it('gives commands and waits for their answers: one of its own, none, and nobody there', async () => {
    north.downlink.online.add('lamp_1');
    north.downlink.result = { code: 0, output: { done: true } };
    const done = await ended('createCommands', { targets: ['lamp_1', 'lamp_2'], document: BLINK });
    expect(statuses(done)).toEqual({ lamp_1: 'Success', lamp_2: 'Fail IOTDA.014016' });
    expect(done.task_details.find(({ target }) => target === 'lamp_1')?.output).toBe('{"result_code":0,"paras":{"done":true}}');
    north.downlink.result = { code: 5, text: 'hot' };
    expect(statuses(await ended('createCommands', { targets: ['lamp_1'], document: BLINK }))).toEqual({ lamp_1: 'Fail 5' });
    north.downlink.result = new LianyunError('timeout', 'silence');
    expect(statuses(await ended('createCommands', { targets: ['lamp_1'], document: BLINK }))).toEqual({ lamp_1: 'Fail IOTDA.014111' });
    // What the model does not allow is refused for each device, as its product may be another.
    expect(statuses(await ended('createCommands', { targets: ['lamp_1'], document: { ...BLINK, paras: { times: 11 } } }))).toEqual({ lamp_1: 'Fail IOTDA.000006' });
  });

  it('gives commands that wait for their devices, and messages', async () => {
    expect(statuses(await ended('createAsyncCommands', { targets: ['lamp_1', 'lamp_2'], document: { ...BLINK, send_strategy: 'delay', expire_time: 60 } }))).toEqual({ lamp_1: 'Success', lamp_2: 'Success' });
    expect((await north.huawei('GET', '/devices/lamp_2/async-commands')).body).toMatchObject({ commands: [{ status: 'PENDING', expire_time: 60 }] });
    expect(statuses(await ended('createAsyncCommands', { targets: ['lamp_1'], document: { ...BLINK, send_strategy: 'immediately' } }))).toEqual({ lamp_1: 'Fail IOTDA.014016' });
    north.downlink.online.add('lamp_1');
    expect(statuses(await ended('createMessages', { targets: ['lamp_1', 'lamp_2'], document: { message: { hello: '世界' }, message_id: 'm' } }))).toEqual({ lamp_1: 'Success', lamp_2: 'Success' });
    expect((await north.huawei('GET', '/devices/lamp_1/messages/m')).body).toMatchObject({ status: 'DELIVERED' });
    expect((await north.huawei('GET', '/devices/lamp_2/messages/m')).body).toMatchObject({ status: 'PENDING', message: { hello: '世界' } });
    expect(statuses(await ended('createMessages', { targets: ['lamp_2'], document: { message: 'x', ttl: 0 } }))).toEqual({ lamp_2: 'Fail IOTDA.014016' });
  });

  it('changes shadows, devices and their gateways', async () => {
    const desired = await ended('updateDeviceShadows', { targets: ['lamp_1', 'lamp_2'], document: { shadow: [{ service_id: 'light', desired: { on: 1 } }] } });
    expect(desired.batchtask).toMatchObject({ status: 'Success', document: { shadow: [{ service_id: 'light', desired: { on: 1 } }] } });
    expect((await north.huawei('GET', '/devices/lamp_2/shadow')).body).toMatchObject({ shadow: [{ desired: { properties: { on: 1 } } }] });
    await ended('updateDevices', { targets: ['lamp_1', 'lamp_3'], document: { description: 'in the hall' } });
    expect((await north.huawei('GET', '/devices/lamp_3')).body).toMatchObject({ description: 'in the hall' });
    north.registry.createDevice({ cloud: 'huawei', productId: 'lamp', nodeId: 'child', gateway: 'lamp_1' });
    expect(statuses(await ended('changeGateway', { targets: ['lamp_child', 'lamp_3'], document: { gateway_id: 'lamp_2' } }))).toEqual({ lamp_child: 'Success', lamp_3: 'Fail IOTDA.000006' });
    expect(north.registry.device('huawei', 'lamp_child').gateway).toBe('lamp_2');
  });

  it('is for the devices of groups, those of a rule among them, each once', async () => {
    const group = async (body: object) => (await north.huawei('POST', '/device-group', body)).body['group_id'] as string;
    const fixed = await group({ name: 'fixed' });
    await north.huawei('POST', `/device-group/${fixed}/action?action_id=addDevice&device_id=lamp_1`);
    const ruled = await group({ name: 'ruled', group_type: 'DYNAMIC', dynamic_group_rule: "node_id in ('1', '2')" });
    const { batchtask, task_details: details } = await ended('freezeDevices', { targets_filter: { group_ids: [fixed, ruled] } });
    expect(batchtask).toMatchObject({ status: 'Success', targets_filter: { group_ids: [fixed, ruled] } });
    expect(details.map(({ target }) => target).sort()).toEqual(['lamp_1', 'lamp_2']);
    // Targets count before a filter.
    expect((await ended('unfreezeDevices', { targets: ['lamp_3'], targets_filter: { group_ids: [fixed] } })).batchtask.targets).toEqual(['lamp_3']);
    await north.huawei('DELETE', '/devices/lamp_1');
    for (const [filter, words, status] of [[{ group_ids: [fixed] }, 'no device', 400], [{ group_ids: ['none'] }, 'There is no device group', 404], [{ group_ids: [] }, 'targets_filter.group_ids', 400], [{ colour: 'red' }, 'targets_filter', 400]] as const) {
      expect(await create('freezeDevices', { targets_filter: filter })).toMatchObject({ status, body: { error_code: 'IOTDA.000006', error_msg: expect.stringContaining(words) } });
    }
  });

  it('is listed by type and status, and its details page by page', async () => {
    const ids: string[] = [];
    for (let each = 0; each < 3; each++) ids.push((await ended('freezeDevices', { targets: each === 1 ? ['nobody'] : ['lamp_1'] })).batchtask.task_id);
    await ended('unfreezeDevices', { targets: ['lamp_1', 'lamp_2', 'lamp_3', 'nobody'] });
    const list = async (query: string) => (await north.huawei('GET', `/batchtasks?${query}`)).body as { batchtasks: { task_id: string }[]; page: { count: number; marker: string } };
    const first = await list('task_type=freezeDevices&limit=2');
    expect([first.batchtasks.map(({ task_id }) => task_id), first.page.count]).toEqual([[ids[2], ids[1]], 3]);
    expect((await list(`task_type=freezeDevices&marker=${first.page.marker}`)).batchtasks).toMatchObject([{ task_id: ids[0] }]);
    expect((await list('task_type=freezeDevices&status=fail')).batchtasks).toMatchObject([{ task_id: ids[1], status: 'Fail' }]);
    for (const status of ['Initializing', 'Stopping']) expect(await list(`task_type=freezeDevices&status=${status}`)).toMatchObject({ batchtasks: [], page: { count: 0 } });
    const [{ task_id: last = '' } = {}] = (await list('task_type=unfreezeDevices')).batchtasks;
    const page = await show(last, '?limit=3');
    expect([page.task_details.map(({ target }) => target), page.page.count]).toEqual([['nobody', 'lamp_3', 'lamp_2'], 4]);
    expect((await show(last, `?limit=3&marker=${page.page.marker}`)).task_details).toMatchObject([{ target: 'lamp_1', status: 'Success' }]);
    expect((await show(last, '?task_detail_status=Fail')).task_details).toMatchObject([{ target: 'nobody' }]);
    expect((await show(last, '?target=lamp_2')).task_details).toMatchObject([{ target: 'lamp_2' }]);
    expect((await show(last, '?task_detail_status=Removed')).task_details).toEqual([]);
    expect(await north.huawei('GET', '/batchtasks?limit=1')).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('task_type') } });
  });

  it('is stopped, retried and deleted, as far as its state allows', async () => {
    const scheduled = (await create('freezeDevices', { targets: ['lamp_1', 'lamp_2'], task_policy: { schedule_time: '20261122T000000Z' } })).body['task_id'] as string;
    expect((await show(scheduled)).batchtask).toMatchObject({ status: 'Waitting', task_policy: { schedule_time: '20261122T000000Z' }, task_progress: { waitting: 2 } });
    const post = (what: string, body?: object) => north.huawei('POST', `/batchtasks/${scheduled}/${what}`, body);
    for (const answer of [await post('retry'), await north.huawei('DELETE', `/batchtasks/${scheduled}`), await post('confirm')]) expect(answer).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000006' } });
    expect((await post('stop', { targets: ['lamp_1'] })).status).toBe(200);
    expect(statuses(await show(scheduled))).toEqual({ lamp_1: 'Stopped', lamp_2: 'Waitting' });
    expect((await post('stop', {})).status).toBe(200);
    expect(await post('stop')).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('Stopped') } });
    expect((await post('retry', { targets: ['lamp_2'] })).status).toBe(200);
    while ((await show(scheduled)).batchtask.status === 'Processing');
    expect(statuses(await show(scheduled))).toEqual({ lamp_1: 'Stopped', lamp_2: 'Success' });
    expect((await north.huawei('DELETE', `/batchtasks/${scheduled}`)).status).toBe(204);
    expect((await north.huawei('GET', `/batchtasks/${scheduled}`)).status).toBe(404);
  });

  it('takes as many devices as are documented, whatever their ids, and no more', async () => {
    const targets = Array.from({ length: 30_000 }, (_, index) => String(index).padStart(128, 'x'));
    const { status, body } = await create('freezeDevices', { targets, task_policy: { schedule_time: '20270101T000000Z' } });
    expect(status).toBe(201);
    const shown = await show(body['task_id'] as string, '?limit=1');
    expect([shown.batchtask.status, shown.page.count, shown.batchtask.targets.length]).toEqual(['Waitting', 30_000, 30_000]);
    expect(await create('freezeDevices', { targets: [...targets, 'one more'] })).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('at most 30000') } });
    expect(await create('freezeDevices', { targets, task_name: 'x'.repeat(3 * 1024 * 1024) })).toMatchObject({ status: 413, body: { error_code: 'IOTDA.000008' } });
  });

  it.each([
    ['paintDevices', { targets: ['lamp_1'] }, 'task_type'],
    ['createDevices', { targets: ['lamp_1'] }, 'task_type'],
    ['freezeDevices', {}, 'targets'],
    ['freezeDevices', { targets: [] }, 'targets'],
    ['freezeDevices', { targets: ['lamp_1', 7] }, 'targets.1'],
    ['freezeDevices', { document_source: 'file' }, 'document_source'],
    ['freezeDevices', { targets: ['lamp_1'], need_confirm: true }, 'need_confirm'],
    ['freezeDevices', { targets: ['lamp_1'], task_policy: { retry_count: 6 } }, 'task_policy.retry_count'],
    ['createCommands', { targets: ['lamp_1'] }, 'document'],
    ['createCommands', { targets: ['lamp_1'], document: { service_id: 'light' } }, 'document.paras'],
    ['createAsyncCommands', { targets: ['lamp_1'], document: { ...BLINK, expire_time: 172_801 } }, 'document.expire_time'],
    ['createMessages', { targets: ['lamp_1'], document: { name: 'no message' } }, 'document.message'],
    ['updateDeviceShadows', { targets: ['lamp_1'], document: { shadow: [] } }, 'document.shadow'],
    ['changeGateway', { targets: ['lamp_1'], document: {} }, 'document.gateway_id'],
  ])('is refused: %s %j', async (type, more, words) => {
    expect(await create(type, more)).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000006', error_msg: expect.stringContaining(words) } });
  });
});
