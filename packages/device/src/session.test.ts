import net from 'node:net';
import { isLianyunError, type LianyunError } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Device } from './index.ts';
import { ScriptedServer, type Script } from './testing/scripted-server.ts';
import { huaweiDevice, listenTo, outcomeOf, tencentDevice, turns, until, type Log } from './testing/support.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

type Scripts = Script | ((index: number) => Script);

async function serve(script: Scripts = {}, clock = new FakeClock({ now: Date.UTC(2026, 10, 21, 13, 50) })): Promise<{ clock: FakeClock; server: ScriptedServer }> {
  const server = await ScriptedServer.listen(clock, script);
  open.push(server);
  return { clock, server };
}

/** Closes the device at the end of the test, the pending and a server that never lets go included. */
function keep<D extends Pick<Device, 'on' | 'close'>>(device: D, clock: FakeClock): { device: D; log: Log } {
  open.push({
    async [Symbol.asyncDispose]() {
      const closing = device.close();
      await turns(2);
      clock.advance(1000);
      await closing;
    },
  });
  return { device, log: listenTo(device) };
}

async function setup(script: Scripts = {}, options: Parameters<typeof huaweiDevice>[1] = {}) {
  const { clock, server } = await serve(script);
  return { clock, server, ...keep(huaweiDevice(server, options), clock) };
}

async function online(script: Scripts = {}, options: Parameters<typeof huaweiDevice>[1] = {}) {
  const all = await setup(script, options);
  await all.device.connect();
  return all;
}

/** Waits for the next attempt and lets it happen. */
async function retry({ clock, server, log }: { clock: FakeClock; server: ScriptedServer; log: Log }): Promise<void> {
  const { length } = server.connections;
  const ms = log.offline.at(-1)?.nextAttemptMs;
  if (ms === undefined) throw new Error('no further attempt was announced');
  clock.advance(ms);
  await until(() => server.connections.length > length && server.last.connected !== undefined, 'the next attempt');
}

const report = (device: Pick<Device, 'properties'>, n: number | string) => device.properties.report({ service: 's', values: { n } });
const numbers = (server: ScriptedServer): unknown[] => server.bodies('/properties/report').map((body) => (body as { services: [{ properties: { n: unknown } }] }).services[0].properties.n);
const codeOf = async (promise: Promise<unknown>): Promise<unknown> => {
  const outcome = await outcomeOf(promise);
  return isLianyunError(outcome) ? outcome.code : outcome;
};

describe('signing in', () => {
  it('stops for good, with the reason in words, when the credentials are refused', async () => {
    const { device, log, clock, server } = await setup({ connack: 4 });
    const report1 = report(device, 1);
    await expect(device.connect()).rejects.toMatchObject({ code: 'bad-credentials', message: expect.stringContaining('the secret') });
    expect(device.state).toMatchObject({ at: 'closed', why: { reason: 'bad-credentials' } });
    expect(log.offline).toMatchObject([{ reason: 'bad-credentials', nextAttemptMs: undefined }]);
    expect(log.closed).toMatchObject([{ reason: 'bad-credentials', error: { code: 'bad-credentials' } }]);
    await expect(report1.delivered).rejects.toMatchObject({ code: 'closed', cause: { code: 'bad-credentials' } });
    await expect(device.connect()).rejects.toMatchObject({ code: 'bad-credentials' });
    clock.advance(1e9);
    await turns(5);
    expect([server.connections.length, clock.timers]).toEqual([1, 0]);
    expect(await device.close()).toEqual({ undelivered: 1 });
  });

  it('goes on trying when the server is not available, within the backoff', async () => {
    const all = await setup((index) => ({ connack: index < 3 ? 3 : 0 }));
    const connecting = all.device.connect();
    for (let i = 0; i < 3; i++) {
      await until(() => all.log.offline.length === i + 1, 'a refusal');
      expect(all.log.offline[i]).toMatchObject({ reason: 'server-shutdown', error: { place: { number: 3 } } });
      await retry(all);
    }
    await connecting;
    // Half of 2, 4 and 8 seconds: the clock's random is 0.5.
    expect(all.log.offline.map(({ nextAttemptMs }) => nextAttemptMs)).toEqual([1000, 2000, 4000]);
    expect(all.log.online).toBe(1);
  });

  it('never announces an attempt that is already past, however long the announcement takes', async () => {
    /** A clock on which every look takes a millisecond. */
    class Hasty extends FakeClock {
      override now(): number {
        this.set(super.now() + 1);
        return super.now();
      }
    }
    const { server, clock } = await serve((index) => ({ connack: index < 1 ? 3 : 0 }), new Hasty({ randoms: Array.from({ length: 100 }, () => 0) }));
    const all = { server, clock, ...keep(huaweiDevice(server), clock) };
    const connecting = all.device.connect();
    await until(() => all.log.offline.length === 1, 'a refusal');
    expect(all.log.offline[0]?.nextAttemptMs).toBe(0);
    await retry(all);
    await connecting;
  });

  it('builds the credentials anew for every attempt: the hour of a Huawei client id moves on', async () => {
    const all = await setup((index) => ({ connack: index === 0 ? 3 : 0 }), { maxBackoffMs: 1_200_000, minConnectIntervalMs: 1_200_000 });
    const connecting = all.device.connect({ deadlineMs: 10_000_000 });
    await until(() => all.log.offline.length === 1, 'a refusal');
    await retry(all);
    await connecting;
    const [first, second] = all.server.connections.map(({ connected }) => connected);
    expect([first?.clientId, second?.clientId]).toEqual(['prod1_dev1_0_1_2026112113', 'prod1_dev1_0_1_2026112114']);
    expect(second?.password).not.toEqual(first?.password);
  });

  it('ends for good, and not the process, when credentials can no longer be built', async () => {
    let isBroken = false;
    const { huawei } = await import('@lianyun/protocol');
    const signIn: typeof huawei.signIn = {
      ...huawei.signIn,
      credentials(identity, context) {
        if (isBroken) throw new TypeError('the key store is gone');
        return huawei.signIn.credentials(identity, context);
      },
    };
    const all = await online({}, { dialect: { ...huawei, signIn } });
    isBroken = true;
    all.server.last.close();
    await until(() => all.log.offline.length === 1, 'offline');
    all.clock.advance(60_000);
    expect(all.log.closed).toMatchObject([{ error: { code: 'bad-config', message: expect.stringContaining('the key store is gone') } }]);
  });

  it("keeps the cloud's connect interval on the cloud's own hosts, and on others only when asked to", async () => {
    const connect = vi.spyOn(net, 'connect').mockImplementation(() => new net.Socket());
    const clock = new FakeClock({ randoms: Array.from({ length: 100 }, () => 0) });
    const wait = async (server: string, minConnectIntervalMs?: number): Promise<number | undefined> => {
      const { device, log } = keep(tencentDevice({ url: server, clock }, { ...(minConnectIntervalMs === undefined ? {} : { minConnectIntervalMs }) }), clock);
      const connecting = device.connect();
      connecting.catch(() => undefined);
      const socket = connect.mock.results.at(-1)?.value as net.Socket;
      clock.advance(1000);
      socket.destroy(new Error('cut'));
      await until(() => log.offline.length === 1, 'offline');
      return log.offline[0]?.nextAttemptMs;
    };
    expect(await wait('ABCDE12345.iotcloud.tencentdevices.com')).toBe(4000);
    expect(await wait('broker.example.org')).toBe(0);
    expect(await wait('broker.example.org', 3000)).toBe(2000);
    expect(await wait('ABCDE12345.iotcloud.tencentdevices.com', 0)).toBe(0);
  });
});

describe('connect()', () => {
  it('may be called by many at once and again: one connection', async () => {
    const { device, server } = await setup();
    await Promise.all([device.connect(), device.connect(), device.connect()]);
    await device.connect();
    expect(server.connections).toHaveLength(1);
    expect([device.listenerCount('online'), device.listenerCount('offline'), device.listenerCount('closed')]).toEqual([1, 1, 1]);
  });

  it('rejects at its deadline with the last error, and the device goes on trying', async () => {
    const all = await setup((index) => ({ connack: index === 0 ? 3 : 0 }), { minConnectIntervalMs: 5000 });
    const connecting = all.device.connect({ deadlineMs: 2000 });
    await until(() => all.log.offline.length === 1, 'a refusal');
    all.clock.advance(2000);
    await expect(connecting).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('is not available') });
    all.clock.advance(3000);
    await until(() => all.device.isOnline, 'online');
  });

  it('rejects when its signal is aborted; with one that is aborted already nothing is tried', async () => {
    const { device, server } = await setup({ connack: 'never' });
    await expect(device.connect({ signal: AbortSignal.abort('no') })).rejects.toMatchObject({ code: 'aborted', cause: 'no' });
    expect([device.state.at, server.connections.length]).toEqual(['idle', 0]);
    const controller = new AbortController();
    const connecting = device.connect({ signal: controller.signal });
    controller.abort();
    await expect(connecting).rejects.toMatchObject({ code: 'aborted' });
    expect(device.state.at).toBe('connecting');
  });

  it('rejects with closed when the device is closed meanwhile or was before', async () => {
    const { device } = await setup({ connack: 'never' });
    const connecting = device.connect();
    connecting.catch(() => undefined);
    await device.close();
    await expect(connecting).rejects.toMatchObject({ code: 'closed' });
    await expect(device.connect()).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('losing the connection', () => {
  it('redelivers in order, at least once, and loses nothing', async () => {
    // Every connection acknowledges seven messages, then swallows five and is cut.
    let count = 0;
    const script = (index: number): Script => {
      count = 0;
      return index === 3 ? {} : { endOn: () => (++count > 12 ? 'close' : undefined), isDead: () => count > 7 };
    };
    const all = await setup(script, { window: 20 });
    const receipts = Array.from({ length: 40 }, (_, n) => report(all.device, n));
    const connecting = all.device.connect();
    for (let i = 1; i <= 3; i++) {
      await until(() => all.log.offline.length === i, 'the cut');
      await retry(all);
    }
    await Promise.all([connecting, ...receipts.map(({ delivered }) => delivered)]);
    const seen = numbers(all.server) as number[];
    expect(new Set(seen).size).toBe(40);
    for (const { published } of all.server.connections) {
      const own = published.map(({ text }) => (JSON.parse(text) as { services: [{ properties: { n: number } }] }).services[0].properties.n);
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
    expect(seen.length).toBeGreaterThan(40);
    expect(all.device.pending).toEqual({ count: 0, bytes: 0 });
  });

  it('leaves nothing behind, a thousand times over: no timer, listener or message more than before', async () => {
    const all = await setup({ onPublish: (_, connection) => connection.close() }, { maxBackoffMs: 1 });
    all.device.topics.subscribe('a', () => undefined);
    const listeners = (): number[] => all.device.eventNames().map((event) => all.device.listenerCount(event as 'online'));
    await all.device.connect();
    const before = [all.clock.timers, ...listeners()];
    for (let i = 1; i <= 1000; i++) {
      await report(all.device, i).delivered.catch(() => undefined);
      await until(() => all.log.offline.length === i, 'offline');
      all.clock.advance(1);
      await until(() => all.device.isOnline, 'online');
      all.log.problems.length = 0;
    }
    // Besides, one timer for the expiry of messages.
    expect([all.clock.timers - 1, ...listeners()]).toEqual(before);
    expect(all.device.pending.count).toBe(0);
    expect(all.server.open).toBeLessThan(3);
  });

  it('keeps what is reported meanwhile, and refuses what is worthless later', async () => {
    const all = await online();
    all.server.last.close();
    await until(() => all.log.offline.length === 1, 'offline');
    expect(all.device.isOnline).toBe(false);
    const receipt = report(all.device, 1);
    await receipt.stored;
    await retry(all);
    await receipt.delivered;
    expect(numbers(all.server)).toEqual([1]);
  });

  it('says who was here first when the server ends two short lives in a row: kicked, in words', async () => {
    const all = await online();
    for (const reason of ['network', 'kicked', 'kicked']) {
      const { length } = all.log.offline;
      all.server.last.close();
      await until(() => all.log.offline.length > length, 'offline');
      expect(all.log.offline.at(-1)?.reason).toBe(reason);
      await retry(all);
      await until(() => all.device.isOnline, 'online');
    }
    expect(all.log.offline[1]?.error).toMatchObject({ code: 'kicked', message: expect.stringContaining('another client signs in as the same device') });
    all.clock.advance(10_000);
    all.server.last.close();
    await until(() => all.log.offline.length === 4, 'offline');
    expect(all.log.offline[3]?.reason).toBe('network');
  });

  it('lets two devices with the same id know of each other', async () => {
    const { clock, server } = await serve((index) => {
      // A server of the real kind: a new sign-in ends the one before.
      server.connections[index - 1]?.close();
      return {};
    });
    const [one, two] = [keep(huaweiDevice(server), clock), keep(huaweiDevice(server), clock)];
    void one.device.connect();
    await until(() => one.log.online === 1, 'the first');
    void two.device.connect();
    for (let i = 0; i < 6 && one.log.offline.every(({ reason }) => reason !== 'kicked'); i++) {
      const [loser] = [one, two].filter(({ device }) => device.state.at !== 'online');
      await until(() => [one, two].some(({ device }) => device.state.at === 'waiting') && [one, two].some(({ device }) => device.isOnline), `the takeover ${loser === one ? 1 : 2}`);
      clock.advance(5000);
      await turns(5);
    }
    expect(one.log.offline.map(({ reason }) => reason)).toContain('kicked');
  });

  it('gives up a message on which the server closes every time, so that the others go on', async () => {
    const all = await setup({ endOn: ({ text }) => (text.includes('poison') ? 'close' : undefined) });
    const [before, poison, after] = [report(all.device, 1), report(all.device, 'poison'), report(all.device, 2)];
    const connecting = all.device.connect();
    connecting.catch(() => undefined);
    const isSettled = vi.fn();
    void after.delivered.then(isSettled);
    for (let i = 0; isSettled.mock.calls.length === 0 && i < 20; i++) {
      await until(() => all.log.offline.length > i || isSettled.mock.calls.length > 0, 'the next end');
      if (all.log.offline.length > i) await retry(all);
    }
    await Promise.all([before.delivered, after.delivered]);
    await expect(poison.delivered).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('closed the connection 5 times') });
    expect(all.log.problems).toMatchObject([{ code: 'refused', place: { topic: '$oc/devices/prod1_dev1/sys/properties/report' } }]);
    // A message is the reason, not another client.
    expect(all.log.offline.map(({ reason }) => reason).slice(1)).not.toContain('kicked');
  });

  it('settles such a message at its expiry when it is the only one', async () => {
    const all = await setup({ endOn: () => 'reset' }, { outbox: { expiresMs: 100_000 } });
    const receipt = report(all.device, 'poison');
    const connecting = all.device.connect();
    connecting.catch(() => undefined);
    const outcome = vi.fn();
    receipt.delivered.catch((error: LianyunError) => outcome(error.code));
    for (let i = 0; outcome.mock.calls.length === 0 && i < 40; i++) {
      await until(() => all.log.offline.length > i, 'the next end');
      all.clock.advance(all.log.offline[i]?.nextAttemptMs ?? 0);
      await turns(2);
    }
    expect(outcome.mock.calls).toEqual([['expired']]);
    expect(all.device.pending.count).toBe(0);
  });
});

describe('a link that is half open', () => {
  it('is found by the silence after a message, long before keepalive', async () => {
    let isDead = false;
    const all = await online({ isDead: () => isDead }, { keepaliveSeconds: 1200 });
    isDead = true;
    const receipt = report(all.device, 1);
    all.clock.advance(9999);
    await turns(3);
    expect(all.server.last.pingCount).toBe(0);
    all.clock.advance(1);
    await until(() => all.server.last.pingCount === 1, 'a ping');
    all.clock.advance(10_000);
    expect(all.log.offline).toMatchObject([{ reason: 'keepalive' }]);
    isDead = false;
    await retry(all);
    await receipt.delivered;
  });

  it('is not suspected while acknowledgements come, however slowly', async () => {
    const all = await online({ pubacks: false });
    const receipts = [1, 2, 3, 4, 5, 6].map((n) => report(all.device, n));
    await until(() => all.server.published.length === 6, 'the messages');
    for (const { packetId } of all.server.published) {
      all.clock.advance(9000);
      all.server.last.packet({ type: 'puback', packetId, reasonCode: 0 });
      await turns(3);
    }
    await Promise.all(receipts.map(({ delivered }) => delivered));
    expect(all.log.offline).toEqual([]);
  });

  it('is left when the server answers pings but acknowledges nothing any more', async () => {
    const all = await online((index) => ({ pubacks: index > 0 }));
    const receipt = report(all.device, 1);
    for (let i = 0; i < 3; i++) {
      expect(all.log.offline).toEqual([]);
      all.clock.advance(10_000);
      await turns(5);
    }
    expect(all.log.offline).toMatchObject([{ reason: 'network', error: { code: 'timeout', message: expect.stringContaining('acknowledged nothing for 30000 ms') } }]);
    await retry(all);
    await receipt.delivered;
  });

  it('is left as well when a subscription is never answered', async () => {
    const { clock, server } = await serve((index) => (index === 0 ? { suback: 'never' } : {}));
    const all = { clock, server, ...keep(tencentDevice(server), clock) };
    const connecting = all.device.connect();
    await until(() => server.connections.at(0)?.subscribed.length === 3, 'SUBSCRIBE');
    for (let i = 0; i < 3; i++) {
      clock.advance(5000);
      await turns(5);
    }
    await until(() => all.log.offline.length === 1, 'the end');
    await retry(all);
    await connecting;
  });

  it('never runs out of packet ids, however many messages expire unacknowledged', async () => {
    const all = await online({ pubacks: false }, { window: 65_000, ackSilenceMs: 1e9, outbox: { maxCount: 200_000, maxBytes: 1e9, expiresMs: 1000 } });
    const receipts = Array.from({ length: 2 }, () => {
      const batch = Array.from({ length: 40_000 }, (_, n) => all.device.topics.publish('t', String(n)));
      all.clock.advance(1100);
      return batch;
    }).flat();
    for (const { delivered } of receipts) expect(await codeOf(delivered.then(() => 'done'))).toBe('expired');
    expect(all.device.isOnline).toBe(true);
  }, 60_000);
});

describe('the window', () => {
  it('is free again when what filled it fails for want of an answer, though nothing else happens on the connection', async () => {
    const { clock, server } = await serve();
    const { device } = keep(tencentDevice(server, { window: 1 }), clock);
    await device.connect();
    const [silent, next] = [1, 2].map((n) => device.properties.report({ values: { n } }).delivered);
    for (const times of [1, 2, 3]) {
      await until(() => server.published.length === times, `${times} times`);
      clock.advance(5000);
    }
    await expect(silent).rejects.toMatchObject({ code: 'timeout' });
    await until(() => server.bodies('property').some((body) => (body as { params: { n: number } }).params.n === 2), 'the next report');
    server.last.send('$thing/down/property/ABCDE12345/dev1', { method: 'report_reply', clientToken: (server.bodies('property').at(-1) as { clientToken: string }).clientToken, code: 0 });
    await next;
  });

  it('is free again when what filled it expires, though nothing else happens on the connection', async () => {
    const { clock, server } = await serve({ pubacks: false });
    const { device } = keep(huaweiDevice(server, { window: 1 }), clock);
    await device.connect();
    const expires = device.messages.send({ content: 1 }, { expiresMs: 3000 }).delivered;
    void report(device, 2);
    await until(() => server.published.length === 1, 'the first');
    clock.advance(3100);
    await expect(expires).rejects.toMatchObject({ code: 'expired' });
    await until(() => numbers(server).includes(2), 'the next');
  });
});

describe('subscriptions', () => {
  it('of the protocol are made on Tencent before the device is online, and none on Huawei', async () => {
    const { clock, server } = await serve();
    const { device } = keep(tencentDevice(server), clock);
    await device.connect();
    expect(server.last.subscribed).toEqual(['$thing/down/property/ABCDE12345/dev1', '$thing/down/action/ABCDE12345/dev1', '$thing/down/event/ABCDE12345/dev1']);
    await keep(huaweiDevice(server), clock).device.connect();
    expect(server.last.subscribed).toEqual([]);
  });

  it('that the server refuses become a problem naming the filter', async () => {
    const { clock, server } = await serve({ suback: (filter) => (filter.includes('action') ? 0x80 : 0) });
    const { device, log } = keep(tencentDevice(server), clock);
    await device.connect();
    expect(log.problems).toMatchObject([{ code: 'not-permitted', place: { topic: '$thing/down/action/ABCDE12345/dev1' } }]);
    expect(log.problems[0]?.message).toContain('$thing/down/action/ABCDE12345/dev1');
  });

  it('of a program are made now and after every reconnect, until they are taken back', async () => {
    const all = await setup();
    const got: string[] = [];
    const undo = all.device.topics.subscribe('news/+', ({ topic, payload }) => void got.push(`${topic} ${payload.toString()}`));
    await all.device.connect();
    all.device.topics.subscribe('later/#', () => undefined, { qos: 0 });
    await until(() => all.server.last.subscribed.length === 2, 'SUBSCRIBE');
    expect(all.server.last.subscribed).toEqual(['news/+', 'later/#']);
    all.server.last.close();
    await until(() => all.log.offline.length === 1, 'offline');
    await retry(all);
    await until(() => all.log.online === 2, 'online');
    expect(all.server.last.subscribed).toEqual(['news/+', 'later/#']);
    all.server.last.send('news/today', 'hello', { qos: 1 });
    await until(() => got.length === 1, 'the message');
    expect(got).toEqual(['news/today hello']);
    undo();
    await until(() => all.server.last.unsubscribed.length === 1, 'UNSUBSCRIBE');
    expect(all.server.last.unsubscribed).toEqual(['news/+']);
  });

  it('of several handlers have the highest QoS that one of them wants, whoever came last', async () => {
    const all = await online();
    const { device, server } = all;
    const filter = '$oc/devices/prod1_dev1/user/a';
    for (const qos of [0, 1, 0] as const) device.topics.subscribe(filter, () => undefined, { qos });
    await until(() => server.last.requested.length === 3, 'the subscriptions');
    expect(server.last.requested).toEqual([0, 1, 1].map((qos) => ({ filter, qos })));
    server.last.reset();
    await until(() => all.log.offline.length === 1, 'the end');
    await retry(all);
    await until(() => device.isOnline, 'online again');
    expect(server.last.requested).toEqual([{ filter, qos: 1 }]);
  });

  it('made between CONNACK and SUBACK are not forgotten', async () => {
    const { clock, server } = await serve({ suback: 'never' });
    const { device } = keep(tencentDevice(server), clock);
    void device.connect().catch(() => undefined);
    await until(() => server.connections.at(0)?.subscribed.length === 3, 'SUBSCRIBE');
    device.topics.subscribe('ABCDE12345/dev1/data', () => undefined);
    await until(() => server.last.subscribed.length === 4, 'the fourth');
  });

  it('of the protocol stay when a program takes back its own on the same filter; both hear the messages', async () => {
    const { clock, server } = await serve();
    const { device } = keep(tencentDevice(server), clock);
    await device.connect();
    const got: string[] = [];
    const set = vi.fn();
    device.properties.onSet(set);
    const undo = device.topics.subscribe('$thing/down/property/ABCDE12345/dev1', ({ topic }) => void got.push(topic));
    server.last.send('$thing/down/property/ABCDE12345/dev1', { method: 'control', clientToken: '1', params: { a: 1 } });
    await until(() => got.length === 1, 'the message');
    expect(set).toHaveBeenCalledTimes(1);
    undo();
    await turns(5);
    expect(server.last.unsubscribed).toEqual([]);
  });
});

describe('close()', () => {
  const states: Record<string, (all: Awaited<ReturnType<typeof setup>>) => Promise<void>> = {
    idle: async () => undefined,
    connecting: async ({ device }) => void device.connect().catch(() => undefined),
    'signing in': async ({ device, server }) => {
      void device.connect().catch(() => undefined);
      await until(() => server.connections.at(0)?.connected !== undefined, 'CONNECT');
    },
    online: async ({ device }) => device.connect(),
    waiting: async ({ device, server, log }) => {
      await device.connect();
      server.last.reset();
      await until(() => log.offline.length === 1, 'offline');
    },
    closed: async ({ device }) => {
      await device.connect();
      await device.close();
    },
  };
  for (const [at, reach] of Object.entries(states)) {
    for (const drainMs of [undefined, 3000]) {
      it(`${drainMs === undefined ? 'without' : 'with'} drainMs leaves nothing and settles everything, when ${at}`, async () => {
        const all = await setup(at === 'signing in' ? { connack: 'never' } : { pubacks: false });
        await reach(all);
        const { device, clock, server } = all;
        const receipts = [report(device, 1), report(device, 2)];
        const closing = device.close(drainMs === undefined ? {} : { drainMs });
        await turns(5);
        if (drainMs !== undefined && at !== 'idle' && at !== 'closed') expect(await outcomeOf(closing)).toBe('open');
        clock.advance(drainMs ?? 0);
        expect(await closing).toEqual({ undelivered: at === 'closed' ? 0 : 2 });
        for (const { stored, delivered } of receipts) {
          expect(await codeOf(delivered)).toBe('closed');
          expect(await codeOf(stored)).toBe(at === 'closed' ? 'closed' : 'done');
        }
        expect(device.state.at).toBe('closed');
        expect(device.pending).toEqual({ count: 0, bytes: 0 });
        await until(() => server.open === 0, 'the socket');
        expect(clock.timers).toBe(0);
        expect(await codeOf(report(device, 3).stored)).toBe('closed');
      });
    }
  }

  it('delivers what is pending before it goes', async () => {
    const { device, server, log } = await online();
    const receipts = Array.from({ length: 50 }, (_, n) => report(device, n));
    expect(await device.close({ drainMs: 5000 })).toEqual({ undelivered: 0 });
    await Promise.all(receipts.map(({ delivered }) => delivered));
    await until(() => server.open === 0, 'the socket');
    expect(server.last.hasDisconnected).toBe(true);
    expect(log.closed).toEqual([{ reason: 'closed', error: undefined }]);
  });

  it('takes no more reports while it drains', async () => {
    const { device, clock } = await online({ pubacks: false });
    report(device, 1);
    const closing = device.close({ drainMs: 1000 });
    await expect(report(device, 2).stored).rejects.toMatchObject({ code: 'closed' });
    clock.advance(1000);
    await closing;
  });

  it('ends the wait of an earlier call, and both tell the same', async () => {
    const { device, clock } = await online({ pubacks: false });
    report(device, 1);
    const first = device.close({ drainMs: 100_000 });
    await turns(2);
    expect(await Promise.all([device.close(), first])).toEqual([{ undelivered: 1 }, { undelivered: 1 }]);
    expect(clock.timers).toBe(0);
  });

  it('does not wait for a server that reads nothing longer than a second', async () => {
    const { device, clock } = await online({ reads: false });
    const receipts = Array.from({ length: 100 }, (_, n) => report(device, `${n}`.repeat(60_000).slice(0, 100_000)));
    await turns(10);
    const closing = device.close();
    await turns(2);
    clock.advance(1000);
    expect((await closing).undelivered).toBeGreaterThan(50);
    await Promise.all(receipts.map(async ({ delivered }) => expect(['closed', 'done']).toContain(await codeOf(delivered))));
    expect(clock.timers).toBe(0);
  });

  it('works from every listener, and nothing is left running', async () => {
    for (const event of ['online', 'offline', 'problem'] as const) {
      const { device, server, clock, log } = await setup();
      device.once(event, () => void device.close());
      void device.connect().catch(() => undefined);
      await until(() => server.connections.at(0)?.connected !== undefined, 'CONNECT');
      await turns(5);
      if (event === 'problem') server.last.send('$oc/devices/prod1_dev1/sys/commands/request_id=1', 'no JSON', { qos: 1 });
      if (event === 'offline') server.last.reset();
      await until(() => log.closed.length === 1, `closed from ${event}`);
      await until(() => server.open === 0, 'the socket');
      expect([event, clock.timers]).toEqual([event, 0]);
    }
  });
});
