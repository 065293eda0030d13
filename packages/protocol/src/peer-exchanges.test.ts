import { describe, expect, it } from 'vitest';
import { huawei } from './huawei/index.ts';
import { cases, End, settled } from './peer-end.fixtures.ts';
import { tencent } from './tencent/index.ts';
import { FakeClock } from './testing/fake-clock.ts';

describe.each(cases)('the time of $name', ({ dialect, device: own }) => {
  const wait = { deadlineMs: 1000 } as const;
  const start = () => {
    const clock = new FakeClock();
    return { clock, device: new End('device', dialect, clock), platform: new End('platform', dialect, clock) };
  };

  it('is told to the one who asked, though the message carries no id', async () => {
    const { clock, device, platform } = start();
    platform.peer.handle('time.query', ({ body }) => ({ ...body, receivedAt: 5, answeredAt: 7 }));
    const answer = device.peer.request('time.query', { device: own, body: { sentAt: 3 } }, wait);
    await device.passTo(platform);
    await platform.passTo(device);
    expect((await answer).body).toMatchObject({ receivedAt: 5, answeredAt: 7 });
    expect([...device.problems, ...platform.problems]).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  it('is told first in, first out where nothing tells two questions apart', async () => {
    const { device, platform } = start();
    const [first, second] = [1, 2].map(() => device.peer.request('time.query', { device: own, body: { sentAt: 3 } }, wait));
    for (const receivedAt of [10, 20]) {
      platform.peer.send('time.answer', { device: own, body: { sentAt: 3, receivedAt, answeredAt: receivedAt } });
      await platform.passTo(device);
    }
    expect([(await first)?.body.receivedAt, (await second)?.body.receivedAt]).toEqual([10, 20]);
  });

  it('is not told to another device of the same platform', async () => {
    const { device, platform } = start();
    const other = `${own}2`;
    const answer = device.peer.request('time.query', { device: other, body: { sentAt: 3 } }, wait);
    platform.peer.send('time.answer', { device: own, body: { sentAt: 3, receivedAt: 1, answeredAt: 1 } });
    await platform.passTo(device);
    expect(device.codes).toEqual(['unexpected-reply']);
    platform.peer.send('time.answer', { device: other, body: { sentAt: 3, receivedAt: 2, answeredAt: 2 } });
    await platform.passTo(device);
    expect((await answer).body.receivedAt).toBe(2);
  });
});

describe('the events of Huawei', () => {
  const own = 'p_gw';
  const wait = { deadlineMs: 1000 } as const;
  const start = () => {
    const clock = new FakeClock();
    return { device: new End('device', huawei, clock), platform: new End('platform', huawei, clock) };
  };

  it('tell the answers to two questions for the time apart by when they were asked', async () => {
    const { device, platform } = start();
    platform.peer.handle('time.query', ({ body }) => ({ ...body, receivedAt: 100 + (body.sentAt ?? 0), answeredAt: 0 }));
    const [first, second] = [1, 2].map((sentAt) => device.peer.request('time.query', { device: own, body: { sentAt } }, wait));
    await device.passTo(platform);
    await device.passTo(platform);
    const [one, two] = platform.sent.splice(0);
    await platform.passTo(device, two);
    await platform.passTo(device, one);
    expect([(await first)?.body.receivedAt, (await second)?.body.receivedAt]).toEqual([101, 102]);
  });

  it('tell the grant of an upload from that of a download, and grants of one kind come in order', async () => {
    const { device, platform } = start();
    platform.peer.handle('file.request', ({ body: { direction, name } }) => ({ direction, url: `https://b/${name}`, object: name, expiresSeconds: 60 }));
    const ask = (direction: 'upload' | 'download', name: string) => device.peer.request('file.request', { device: own, body: { direction, name } }, wait);
    const answers = [ask('upload', 'a'), ask('download', 'b'), ask('upload', 'c')];
    for (let count = 0; count < 3; count++) await device.passTo(platform);
    const [a, b, c] = platform.sent.splice(0);
    for (const sent of [b, a, c]) await platform.passTo(device, sent);
    expect((await Promise.all(answers)).map(({ body }) => body.object)).toEqual(['a', 'b', 'c']);
    expect([...device.problems, ...platform.problems]).toEqual([]);
  });

  it('tie the answers about sub-devices to their requests by the event id', async () => {
    const { device, platform } = start();
    const ask = (node: string) => device.peer.request('child.add', { device: own, body: { children: [{ product: 'p', node }] } }, wait);
    platform.peer.handle('child.add', ({ body }) => ({ children: body.children.map((child) => ({ device: 'product' in child ? `p_${child.node}` : '', code: 0 })) }));
    const answers = [ask('a'), ask('b')];
    await device.passTo(platform);
    await device.passTo(platform);
    const [a, b] = platform.sent.splice(0);
    await platform.passTo(device, b);
    await platform.passTo(device, a);
    expect((await Promise.all(answers)).map(({ body }) => body.children[0]?.device)).toEqual(['p_a', 'p_b']);
  });

  it('answer a request of a gateway that gave no event id with one that the platform makes', async () => {
    const { platform } = start();
    platform.peer.handle('child.remove', ({ id, body }) => {
      expect(id).toBeUndefined();
      return { children: body.children.map((child) => ({ device: child, code: 0 })) };
    });
    await platform.peer.receive(`$oc/devices/${own}/sys/events/up`, '{"services":[{"service_id":"$sub_device_manager","event_type":"delete_sub_device_request","event_id":"","paras":{"devices":["x"]}}]}', own);
    expect(JSON.parse(String(platform.take().frame.payload))).toEqual({
      object_device_id: own,
      services: [{ service_id: '$sub_device_manager', event_type: 'delete_sub_device_response', event_id: expect.any(String) as unknown, paras: { successful_devices: ['x'], failed_devices: [] } }],
    });
  });

  it('of one frame go to a handler each, and are done when all of them are', async () => {
    const { device } = start();
    const { promise, resolve } = Promise.withResolvers<void>();
    const seen: string[] = [];
    device.peer.handle('ota.query', async () => {
      await promise;
      seen.push('ota.query');
    });
    device.peer.handle('event.notify', () => void seen.push('event.notify'));
    const done = device.peer.receive(`$oc/devices/${own}/sys/events/down`, '{"services":[{"service_id":"$ota","event_type":"version_query"},{"service_id":"s","event_type":"e"},{"service_id":"$log","event_type":"log_config","paras":{"switch":"?"}}]}', own);
    expect(seen).toEqual(['event.notify']);
    resolve();
    await done;
    expect(seen).toEqual(['event.notify', 'ota.query']);
    expect(device.problems).toMatchObject([{ code: 'bad-frame', place: { path: '$.services[2].paras.switch' } }]);
  });

  it('carry the time that a message is sent with', async () => {
    const { device, platform } = start();
    const at = Date.parse('2025-04-14T01:30:00.123Z');
    const seen: unknown[] = [];
    platform.peer.handle('ota.version', (message) => void seen.push(message));
    device.peer.send('ota.version', { device: own, at, body: { firmware: '1' } });
    device.peer.send('ota.version', { device: own, body: { firmware: '2' } });
    await device.passTo(platform);
    await device.passTo(platform);
    expect(seen).toEqual([
      { device: own, via: own, at, body: { firmware: '1' } },
      { device: own, via: own, body: { firmware: '2' } },
    ]);
  });
});

describe('a Tencent gateway', () => {
  const own = 'GATEWAY001/gw';
  const [a, b] = ['SUBPROD001/a', 'SUBPROD001/b'];
  const wait = { deadlineMs: 1000 } as const;
  const start = () => {
    const clock = new FakeClock();
    return { device: new End('device', tencent, clock), platform: new End('platform', tencent, clock) };
  };
  const status = (children: readonly string[], online: boolean, code = 0) => ({ device: own, body: { children: children.map((child) => ({ device: child, online, code })) } });

  it('knows an answer by what was asked and for which sub-devices, in whatever order they are told', async () => {
    const { device, platform } = start();
    const ask = (children: readonly string[], online: boolean) => device.peer.request('child.status', status(children, online), wait);
    const [up, down, both] = [ask([a], true), ask([a], false), ask([a, b], true)];
    for (const [children, online, code] of [[[b, a], true, 1], [[a], false, 2], [[a], true, 3]] as const) {
      platform.peer.send('child.status.result', status(children, online, code));
      await platform.passTo(device);
    }
    const codes = await Promise.all([up, down, both].map(async (answer) => (await answer).body.children.map(({ code }) => code)));
    expect(codes).toEqual([[3], [2], [1, 1]]);
    expect(device.problems).toEqual([]);
  });

  it('does not take the answer to one operation for that to another on the same sub-device', async () => {
    const { device, platform } = start();
    const gone = device.peer.request('child.remove', { device: own, body: { children: [a] } }, wait);
    platform.peer.send('child.add.result', { device: own, body: { children: [{ device: a, code: 0 }] } });
    await platform.passTo(device);
    expect(device.codes).toEqual(['unexpected-reply']);
    platform.peer.send('child.remove.result', { device: own, body: { children: [{ device: a, code: -1 }] } });
    await platform.passTo(device);
    expect((await gone).body.children).toEqual([{ device: a, code: -1 }]);
  });

  it('is answered by a platform, though its messages carry no token', async () => {
    const { device, platform } = start();
    platform.peer.handle('child.status', ({ body }) => ({ children: body.children.map((child) => ({ ...child, code: 0 })) }));
    platform.peer.handle('child.list', () => ({ children: [a, b] }));
    const came = device.peer.request('child.status', status([a, b], true), wait);
    const list = device.peer.request('child.list', { device: own, body: {} }, wait);
    for (const from of [device, platform]) for (let count = 0; count < 2; count++) await from.passTo(from === device ? platform : device);
    expect((await came).body.children).toEqual([{ device: a, code: 0, online: true }, { device: b, code: 0, online: true }]);
    expect((await list).body.children).toEqual([a, b]);
  });

  it('outlives a list of nobody, which has no answer', async () => {
    const { platform } = start();
    platform.peer.handle('child.status', () => ({ children: [] }));
    void platform.peer.receive(`$gateway/operation/${own}`, '{"type":"online","payload":{"devices":[]}}', own);
    await settled();
    expect(platform.sent).toEqual([]);
    expect(platform.codes).toEqual(['bad-input']);
  });

  it('settles the events of two sub-devices that use the same token each by its own answer', async () => {
    const { device, platform } = start();
    for (const child of [a, b]) device.peer.send('event.post', { device: child, via: own, id: 'SUBPROD001-0', body: { events: [{ name: 'e', severity: 'info', params: {} }] } });
    const keys = device.sent.map(({ options }) => String(options.settledBy));
    expect(new Set(keys).size).toBe(2);
    for (const key of keys) device.settles.add(key);
    platform.peer.send('event.post.ack', { device: b, via: own, id: 'SUBPROD001-0', body: { code: 0, list: true } });
    await platform.passTo(device);
    expect(device.settled).toEqual([{ key: keys[1], error: undefined }]);
  });

  it('settles the version of a sub-device by an answer without a token', async () => {
    const { device, platform } = start();
    device.peer.send('ota.version', { device: a, via: own, body: { firmware: '1' } });
    device.settles.add(String(device.take().options.settledBy));
    platform.peer.send('ota.version.ack', { device: a, via: own, body: { code: 0 } });
    await platform.passTo(device);
    expect(device.settled).toMatchObject([{ error: undefined }]);
  });
});

describe('the log level of a Tencent device', () => {
  const own = 'ABCDE12345/d1';

  it('comes as an answer and by itself', async () => {
    const clock = new FakeClock();
    const [device, platform] = [new End('device', tencent, clock), new End('platform', tencent, clock)];
    const seen: unknown[] = [];
    device.peer.handle('log.config', ({ body }) => void seen.push(body));
    platform.peer.handle('log.query', () => ({ on: true, level: 4 }));
    const answer = device.peer.request('log.query', { device: own, body: {} }, { deadlineMs: 1000 });
    await device.passTo(platform);
    await platform.passTo(device);
    expect((await answer).body).toEqual({ on: true, level: 4 });
    platform.peer.send('log.config', { device: own, body: { on: false } });
    await platform.passTo(device);
    expect(seen).toEqual([{ on: false, level: 0 }]);
  });
});
