import type { JsonValue, PropertyGroup } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { MemoryTopology, type TopologyStore } from '../index.ts';
import { ScriptedServer, type ServerConnection } from '../testing/scripted-server.ts';
import { huaweiDevice, listenTo, tencentDevice, until } from '../testing/support.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

interface Event {
  readonly event_type: string;
  readonly event_id?: string;
  readonly paras: { readonly devices?: readonly unknown[]; readonly device_statuses?: readonly { readonly device_id: string }[]; readonly version?: number };
}

const EVENTS = '$oc/devices/prod1_dev1/sys/events/down';
const event = (type: string, paras: object, id?: string) => ({ services: [{ service_id: '$sub_device_manager', event_type: type, event_time: '20261121T000000Z', ...(id === undefined ? {} : { event_id: id }), paras }] });

/** A Huawei gateway that is online; `answer` gives the body of the answer to an event, or nothing. */
async function onHuawei(answer: (event: Event, connection: ServerConnection) => object | undefined = () => undefined, options: { readonly topology?: TopologyStore } = {}) {
  const clock = new FakeClock();
  const server = await ScriptedServer.listen(clock, {
    onPublish: ({ topic, text }, connection) => {
      if (!topic.endsWith('/events/up')) return;
      const [asked] = (JSON.parse(text) as { services: [Event] }).services;
      const paras = answer(asked, connection);
      if (paras !== undefined) connection.send(EVENTS, event(asked.event_type === 'sub_device_update_status' ? 'sub_device_update_status_response' : asked.event_type.replace('request', 'response'), paras, asked.event_id));
    },
  });
  const device = huaweiDevice(server, options);
  open.push(server, { [Symbol.asyncDispose]: async () => void (await device.close()) });
  const log = listenTo(device);
  return { clock, server, device, log, topology: options.topology };
}

const sensors = (count: number) => Array.from({ length: count }, (_, index) => ({ product: 'p', node: `n${index}` }));

describe.each([
  ['Huawei', () => huaweiDevice({ url: 'localhost', clock: new FakeClock() })],
  ['Tencent', () => tencentDevice({ url: 'localhost', clock: new FakeClock() })],
] as const)('a gateway on %s', (_, make) => {
  it('refuses what names no sub-devices in words', async () => {
    const { gateway } = make();
    const refused = (words: string) => ({ code: 'bad-input', message: expect.stringContaining(words) });
    for (const wrong of [undefined, null, 5, { product: 'p', node: 'n' }, 'p_n', ['p_n'], [null]]) await expect(gateway.add(wrong as never)).rejects.toMatchObject(refused('gateway.add() takes a list of sub-devices'));
    // A text would be a list of its characters.
    for (const wrong of [undefined, null, 5, {}, 'p_n', [5], ['']]) {
      for (const method of ['remove', 'online', 'offline'] as const) await expect(gateway[method](wrong as never)).rejects.toMatchObject(refused(`gateway.${method}() takes a list of the ids`));
    }
    for (const wrong of [undefined, null, 5, {}, '']) expect(() => gateway.child(wrong as never)).toThrow(expect.objectContaining(refused('gateway.child() takes the id')));
  });
});

describe('a gateway on Huawei', () => {
  it('asks again and again for what does not fit into one message, and tells what could not be asked any more', async () => {
    const { device, clock, server } = await onHuawei(({ paras: { devices = [] } }) =>
      devices.length === 50 ? { successful_devices: [{ device_id: 'p_first', node_id: 'n', product_id: 'p' }], failed_devices: [] } : undefined,
    );
    await device.connect();
    const adding = device.gateway.add(sensors(51));
    await until(() => server.bodies('/events/up').length === 2, 'the second message');
    clock.advance(30_000);
    expect(await adding).toEqual([
      { device: 'p_first', node: 'n', product: 'p', code: 0 },
      { product: 'p', node: 'n50', code: -1, error: 'timeout', text: expect.stringContaining('30000 ms') },
    ]);
    expect((await device.gateway.list()).map((child) => child.device)).toEqual(['p_first']);
  });

  it('rejects when not even the first message was answered, and when there is no connection', async () => {
    const { device, clock, server } = await onHuawei();
    await expect(device.gateway.online(['a'])).rejects.toMatchObject({ code: 'offline' });
    await device.connect();
    const removing = device.gateway.remove(['a'], { deadlineMs: 500 });
    await until(() => server.bodies('/events/up').some((body) => JSON.stringify(body).includes('delete_sub_device_request')), 'the question');
    clock.advance(500);
    await expect(removing).rejects.toMatchObject({ code: 'timeout' });
  });

  it('refuses a sub-device with a secret: there it is created, not bound', async () => {
    const { device } = await onHuawei();
    await expect(device.gateway.add([{ device: 'a', secret: 's' }])).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('{ product, node }') });
  });

  it('takes a notice once: what is not newer than its list is ignored, what has no version is taken', async () => {
    const { device, server, log, topology } = await onHuawei(undefined, { topology: new MemoryTopology() });
    const changes: unknown[] = [];
    device.gateway.onChange(({ change, version, children }) => void changes.push([change, version, ...children.map((child) => child.device)]));
    await device.connect();
    const notify = (type: string, id: string, version?: number): void => server.last.send(EVENTS, event(type, { devices: [{ device_id: id }], version }));
    notify('add_sub_device_notify', 'a', 5);
    notify('add_sub_device_notify', 'late', 4);
    notify('add_sub_device_notify', 'a', 5);
    notify('add_sub_device_notify', 'b');
    notify('add_sub_device_notify', 'c', 0);
    notify('delete_sub_device_notify', 'a', 6);
    await until(() => changes.length === 4, 'the notices');
    expect(changes).toEqual([['added', 5, 'a'], ['added', undefined, 'b'], ['added', 0, 'c'], ['removed', 6, 'a']]);
    expect([topology?.version, (await device.gateway.list()).map((child) => child.device), log.problems]).toEqual([6, ['b', 'c'], []]);
  });

  it('makes a problem of a handler of notices that throws', async () => {
    const { device, server, log } = await onHuawei();
    device.gateway.onChange(() => Promise.reject(new Error('the disk is full')));
    await device.connect();
    server.last.send(EVENTS, event('add_sub_device_notify', { devices: [{ device_id: 'a' }], version: 1 }));
    await until(() => log.problems.length === 1, 'the problem');
    expect(log.problems[0]).toMatchObject({ code: 'handler-failed', message: expect.stringContaining('the disk is full') });
  });

  it('says at every connect which version it knows and who was online, also what a store kept from another life', async () => {
    const topology = new MemoryTopology();
    topology.version = 7;
    topology.put({ info: { device: 'p_on' }, wantsOnline: true });
    topology.put({ info: { device: 'p_gone' }, wantsOnline: true });
    topology.put({ info: { device: 'p_off' }, wantsOnline: false });
    const { device, server, log } = await onHuawei(({ paras }) =>
      paras.device_statuses === undefined ? undefined : { successful_devices: [{ device_id: 'p_on', status: 'ONLINE' }], failed_devices: [{ device_id: 'p_gone', error_code: 'IOTDA.014000', error_msg: 'no such device' }] }, { topology },
    );
    await device.connect();
    await until(() => log.problems.length === 1, 'the refusal');
    expect(server.bodies('/events/up').map((body) => (body as { services: [Event] }).services[0]).map(({ event_type, paras }) => [event_type, paras])).toEqual([
      ['sub_device_sync_request', { version: 7 }],
      ['sub_device_update_status', { device_statuses: [{ device_id: 'p_on', status: 'ONLINE' }, { device_id: 'p_gone', status: 'ONLINE' }] }],
    ]);
    expect(log.problems[0]).toMatchObject({ code: 'refused', message: expect.stringContaining('no such device'), place: { device: 'p_gone' } });
    expect([...topology.all()].map(({ info, wantsOnline }) => [info.device, wantsOnline])).toEqual([['p_on', true], ['p_gone', false], ['p_off', false]]);
  });

  it('says nothing about sub-devices while nobody uses it as a gateway', async () => {
    const { device, server } = await onHuawei();
    await device.connect();
    await device.properties.report({ service: 's', values: { a: 1 } }).delivered;
    expect(server.bodies('/events/up')).toEqual([]);
  });

  it('answers a question for the values of a device that it does not know with none', async () => {
    const { device, server, log } = await onHuawei();
    device.properties.onGet(() => [{ service: 's', values: { own: 1 } }]);
    device.gateway.child('p_a');
    await device.connect();
    server.last.send('$oc/devices/prod1_dev1/sys/properties/get/request_id=1', { object_device_id: 'p_b', service_id: 's' });
    await until(() => server.bodies('/properties/get/response/request_id=1').length === 1, 'the answer');
    expect(server.bodies('/properties/get/response/request_id=1')).toEqual([{ services: [] }]);
    expect(log.problems).toMatchObject([{ code: 'unknown-message', place: { device: 'p_b' } }]);
  });

  it("checks what a sub-device reports against its own model, not the gateway's", async () => {
    const { device, log } = await onHuawei();
    const model = { checkProperties: () => ({ path: '$.s.a', message: 'too hot' }), checkArgs: () => undefined, checkEvent: () => undefined };
    const receipt = device.gateway.child('a', { model }).properties.report({ service: 's', values: { a: 1 } });
    await expect(receipt.delivered).rejects.toMatchObject({ code: 'model-violation', place: { device: 'a' } });
    expect(log.problems).toMatchObject([{ code: 'model-violation', place: { device: 'a' } }]);
  });

  it('splits reports so that none is larger than a frame may be', async () => {
    const { device, server } = await onHuawei();
    await device.connect();
    const text = 'x'.repeat(300_000);
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((child) => device.gateway.child(child).properties.report({ service: 's', values: { text } }).delivered));
    const batches = server.bodies('sub_devices/properties/report') as { devices: { device_id: string }[] }[];
    expect(batches.map(({ devices }) => devices.map((each) => each.device_id).join(''))).toEqual(['abc', 'de']);
  });

  it.each([
    ['a number that JSON does not have', { service: 's', values: { n: Number.NaN } }],
    ['a group without a service', { values: { n: 1 } }],
  ])('refuses what cannot be written to the one that reports it, not to those that report in the same turn: %s', async (_, group) => {
    const { device, server } = await onHuawei();
    await device.connect();
    const receipt = (child: string, what: PropertyGroup) => device.gateway.child(child).properties.report(what).delivered;
    const [good, bad, after] = [receipt('a', { service: 's', values: { n: 1 } }), receipt('b', group), receipt('c', { service: 's', values: { n: 3 } })];
    await expect(bad).rejects.toMatchObject({ code: 'bad-input' });
    await Promise.all([good, after]);
    expect(server.bodies('sub_devices/properties/report').flatMap((body) => (body as { devices: { device_id: string }[] }).devices.map((each) => each.device_id))).toEqual(['a', 'c']);
  });

  it('reports what a program gave, though it uses its object again before the message leaves', async () => {
    const { device, server } = await onHuawei();
    await device.connect();
    const { properties } = device.gateway.child('a');
    const values: Record<string, JsonValue> = {};
    const receipts = [1, 2, 9_007_199_254_740_993n].map((n) => {
      values['n'] = n;
      values['deep'] = [{ n: String(n) }];
      return properties.report({ service: 's', values }).delivered;
    });
    await Promise.all(receipts);
    expect(server.published.at(-1)?.text).toBe(
      `{"devices":[{"device_id":"a","services":[${['1', '2', '9007199254740993'].map((n) => `{"service_id":"s","properties":{"n":${n},"deep":[{"n":"${n}"}]}}`).join(',')}]}]}`,
    );
  });

  it('delivers what a sub-device reported right before the device is closed', async () => {
    const { device, server } = await onHuawei();
    await device.connect();
    const receipt = device.gateway.child('a').properties.report({ service: 's', values: { n: 1 } });
    expect(await device.close({ drainMs: 5000 })).toEqual({ undelivered: 0 });
    await receipt.delivered;
    expect(server.bodies('sub_devices/properties/report')).toHaveLength(1);
  });
});

const RESULT = '$gateway/operation/result/ABCDE12345/dev1';

describe('a gateway on Tencent', () => {
  it('listens to what is said to gateways once it is used as one, and acknowledges a change', async () => {
    const clock = new FakeClock();
    const server = await ScriptedServer.listen(clock);
    const device = tencentDevice(server);
    open.push(server, { [Symbol.asyncDispose]: async () => void (await device.close()) });
    await device.connect();
    expect(server.last.subscribed).not.toContain(RESULT);
    const changes: unknown[] = [];
    const off = device.gateway.onChange((change) => void changes.push(change));
    await until(() => server.last.subscribed.includes(RESULT), 'the subscription');
    const change = (status: number): void => server.last.send(RESULT, { type: 'change', payload: { status, devices: [{ product_id: 'SUBPROD001', device_name: 'a' }] } });
    change(1);
    await until(() => changes.length === 1, 'the notice');
    expect(changes).toEqual([{ change: 'added', children: [{ device: 'SUBPROD001/a' }] }]);
    off();
    change(0);
    await until(() => server.bodies('$gateway/operation/').length === 2, 'both acknowledgements');
    expect(server.bodies('$gateway/operation/')).toEqual([{ type: 'change', result: 0 }, { type: 'change', result: 0 }]);
    expect(changes).toHaveLength(1);
  });

  /** A Tencent gateway that is online, and a cloud that grants everything. */
  async function granted(resultOf: () => number = () => 0) {
    const clock = new FakeClock();
    const server = await ScriptedServer.listen(clock, {
      onPublish: ({ topic, text }, connection) => {
        if (!topic.startsWith('$gateway/')) return;
        const { type, payload } = JSON.parse(text) as { type: string; payload: { devices: object[] } };
        connection.send(RESULT, { type, payload: { devices: payload.devices.map((each) => ({ ...each, result: resultOf() })) } });
      },
    });
    const device = tencentDevice(server);
    open.push(server, { [Symbol.asyncDispose]: async () => void (await device.close()) });
    await device.connect();
    return { clock, server, device, log: listenTo(device) };
  }

  it("subscribes a sub-device's topics when it is online, and gives them up when it is offline", async () => {
    const { server, device } = await granted();
    const [property, own] = ['$thing/down/property/SUBPROD001/a', '$thing/down/property/ABCDE12345/dev1'];
    await device.gateway.online(['SUBPROD001/a']);
    await until(() => server.last.subscribed.includes(property), 'the subscription');
    await device.gateway.offline(['SUBPROD001/a']);
    await until(() => server.last.unsubscribed.includes(property), 'the end of it');
    expect(server.last.unsubscribed).not.toContain(own);
  });

  it('subscribes for thousands of sub-devices in packets that a server takes, and is online when all are answered', async () => {
    const clock = new FakeClock();
    const server = await ScriptedServer.listen(clock);
    const topology = new MemoryTopology();
    for (let i = 0; i < 2000; i++) topology.put({ info: { device: `SUBPROD001/lamp${i}` }, wantsOnline: true });
    const device = tencentDevice(server, { topology });
    open.push(server, { [Symbol.asyncDispose]: async () => void (await device.close()) });
    await device.connect();
    const { subscribed, subscribes } = server.last;
    expect(new Set(subscribed).size).toBe(subscribed.length);
    expect([subscribed.length, Math.max(...subscribes) <= 256]).toEqual([6004, true]);
    expect(subscribed.at(-1)).toBe('$thing/down/event/SUBPROD001/lamp1999');
  });

  it('gives up the topics of a sub-device that the cloud refuses to have online again', async () => {
    let result = 0;
    const { server, device, clock, log } = await granted(() => result);
    const property = '$thing/down/property/SUBPROD001/a';
    const again = async (): Promise<void> => {
      const { length } = log.offline;
      server.last.close();
      await until(() => log.offline.length > length, 'offline');
      clock.advance(log.offline.at(-1)?.nextAttemptMs ?? 0);
      await until(() => device.isOnline, 'online again');
    };
    await device.gateway.online(['SUBPROD001/a']);
    await until(() => server.last.subscribed.includes(property), 'the subscription');
    // The gateway has not bound it any more.
    result = -1;
    await again();
    await until(() => log.problems.length === 1 && server.last.unsubscribed.includes(property), 'the end of it');
    await again();
    expect(server.last.subscribed).toContain('$thing/down/property/ABCDE12345/dev1');
    expect(server.last.subscribed).not.toContain(property);
  });

  it('tells about a sub-device whenever it comes online, when the program says so', async () => {
    const { server, device, clock, log } = await granted();
    const child = device.gateway.child('SUBPROD001/a');
    child.info.reportAtConnect({ name: 'lamp' });
    const told = (): unknown[] => server.published.filter(({ topic, text }) => topic.endsWith('/SUBPROD001/a') && text.includes('report_info'));
    expect(told()).toHaveLength(0);
    await device.gateway.online([child.id]);
    await until(() => told().length === 1, 'what is told at first');
    server.last.close();
    await until(() => log.offline.length === 1, 'offline');
    clock.advance(log.offline[0]?.nextAttemptMs ?? 0);
    await until(() => server.connections.length === 2 && told().length === 2, 'what is told again');
  });

  it("keeps what a sub-device's services need when a program takes back its own subscription of it", async () => {
    const { server, device, log } = await granted();
    const child = device.gateway.child('SUBPROD001/a');
    await device.gateway.online([child.id]);
    const [property, broadcast, own] = ['$thing/down/property/SUBPROD001/a', '$broadcast/rxd/SUBPROD001/a', 'SUBPROD001/a/data'];
    const undo = [property, broadcast, own].map((filter) => child.topics.subscribe(filter, () => undefined));
    const texts: string[] = [];
    child.messages.onBroadcast((message) => void texts.push('bytes' in message ? Buffer.from(message.bytes).toString() : ''));
    for (const each of undo) each();
    await until(() => server.last.unsubscribed.includes(own), 'the end of the last');
    expect(server.last.unsubscribed).toEqual([own]);
    expect(server.last.subscribed.filter((filter) => filter === property || filter === broadcast)).toEqual([property, broadcast]);
    server.last.send(broadcast, 'hello');
    await until(() => texts.length === 1, 'the broadcast');
    await device.gateway.offline([child.id]);
    await until(() => server.last.unsubscribed.includes(broadcast), 'the end of it');
    expect([texts, log.problems]).toEqual([['hello'], []]);
  });
});
