// What users of the vendor's Python SDK suffer from (reference 9.1), each with a test that ours does not share it; and what is wrong with files and frames.
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { FileServer, type Asked, type Manners } from '../testing/file-server.ts';
import { PutServer } from '../testing/put-server.ts';
import { ScriptedServer, type Script } from '../testing/scripted-server.ts';
import { temporaryDirectory, until } from '../testing/support.ts';
import { WebServer } from '../testing/web-server.ts';
import { HubState, KeyError, OtaCmdType, QcloudExplorer, ReplyPara, StateError, ValueError, type Payload } from './index.ts';

const NAMES = ['ABCDE12345', 'dev1'] as const;
const FILE = {
  auth_mode: 'KEY',
  productId: NAMES[0],
  productSecret: 'YOUR_PRODUCT_SECRET',
  deviceName: NAMES[1],
  key_deviceinfo: { deviceSecret: 'c2VjcmV0LW9mLXRoZS1kZXZpY2U=' },
  cert_deviceinfo: { devCaFile: 'YOUR_CA_FILE_NAME', devCertFile: 'YOUR_DEVICE_CERT_FILE_NAME', devPrivateKeyFile: 'YOUR_DEVICE_PRIVATE_KEY_FILE_NAME' },
  region: 'china',
};
const CONTROL = '$thing/down/property/ABCDE12345/dev1';
const OTA = '$ota/update/ABCDE12345/dev1';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

interface World {
  readonly clock: FakeClock;
  readonly server: ScriptedServer;
  readonly explorer: QcloudExplorer;
  readonly problems: Error[];
  readonly directory: string;
}

async function setup(script: Script | ((index: number) => Script) = {}, file: object = {}): Promise<World> {
  const clock = new FakeClock({ now: 1_700_000_000_000 });
  const server = await ScriptedServer.listen(clock, script);
  const directory = await temporaryDirectory();
  open.push(server, directory);
  const place = path.join(directory.path, 'device_info.json');
  writeFileSync(place, JSON.stringify({ ...FILE, ...file }));
  const explorer = new QcloudExplorer(place, false, null, `127.0.0.1:${server.port}`, false, { clock });
  open.push(explorer);
  const problems: Error[] = [];
  explorer.onProblem((problem) => void problems.push(problem));
  return { clock, server, explorer, problems, directory: directory.path };
}

async function online(world: World): Promise<World> {
  world.explorer.connect();
  await until(() => world.explorer.isMqttConnected(), 'the connection');
  return world;
}

/** Does something as a user who may go into these folders and read nothing: the administrator may read everything. */
function asNobody(folders: readonly string[], run: () => void): void {
  const isRoot = process.getuid?.() === 0 && folders.length > 0;
  for (const folder of folders) chmodSync(folder, 0o755);
  if (isRoot) process.seteuid?.(65_534);
  try {
    run();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

/** What a platform answers to a gateway that can do what it wants. */
function answerTo(text: string): object {
  const { type, payload } = JSON.parse(text) as { readonly type: string; readonly payload: { readonly devices: readonly object[] } };
  return { type, payload: { devices: payload.devices.map((device) => ({ ...device, result: 0 })) } };
}

const sent = ({ server }: World, topic = ''): unknown[] => server.last.published.filter((each) => each.topic.includes(topic)).map(({ text }) => JSON.parse(text) as unknown);
const reply = (code = 0, text: string | null = null): ReplyPara => Object.assign(new ReplyPara(), { code, status_msg: text });
const tokensOf = (messages: readonly unknown[]): unknown[] => messages.map((message) => (message as { clientToken: unknown }).clientToken);

describe('A program of Tencent’s face', () => {
  it('answers each control with its own token, in the callback and long after it has awaited', async () => {
    const world = await online(await setup());
    const { explorer, server } = world;
    const gates = new Map<string, () => void>();
    explorer.templateInit(...NAMES, async (_topic: string, _qos: number, payload: Payload) => {
      await new Promise<void>((resolve) => gates.set((payload as { clientToken: string }).clientToken, resolve));
      explorer.templateControlReply(...NAMES, reply());
    });
    await until(() => server.last.subscribed.length === 4, 'the subscriptions');
    for (const clientToken of ['a', 'b', 'c']) server.last.send(CONTROL, { method: 'control', clientToken, params: {} });
    await until(() => gates.size === 3, 'three controls');
    for (const token of ['c', 'a', 'b']) gates.get(token)?.();
    await until(() => sent(world, 'property').length === 3, 'three answers');
    expect(sent(world, 'property')).toEqual(['c', 'a', 'b'].map((clientToken) => ({ method: 'control_reply', code: 0, clientToken })));
  });

  it('answers outside of callbacks the oldest control that waits, or the one that it names; the end mark of C is no text', async () => {
    const world = await online(await setup());
    const { explorer, server } = world;
    const heard: Payload[] = [];
    explorer.templateInit(...NAMES, (_topic, _qos, payload) => void heard.push(payload));
    await until(() => server.last.subscribed.length === 4, 'the subscriptions');
    for (const clientToken of ['a', 'b', 'c']) server.last.send(CONTROL, { method: 'control', clientToken, params: {} });
    await until(() => heard.length === 3, 'three controls');
    explorer.templateControlReply(...NAMES, reply(0, '\0'));
    explorer.templateControlReply(...NAMES, reply(1, 'no'), 'c');
    explorer.templateControlReply(...NAMES, reply());
    await until(() => sent(world, 'property').length === 3, 'three answers');
    expect(sent(world, 'property')).toEqual([{ method: 'control_reply', code: 0, clientToken: 'a' }, { method: 'control_reply', code: 1, clientToken: 'c', status: 'no' }, { method: 'control_reply', code: 0, clientToken: 'b' }]);
  });

  it('applies a control and an action that come twice once, and answers them again', async () => {
    const world = await online(await setup());
    const { explorer, server } = world;
    const heard: Payload[] = [];
    explorer.templateInit(
      ...NAMES,
      (_topic, _qos, payload) => {
        heard.push(payload);
        if (heard.length === 1) explorer.templateControlReply(...NAMES, reply(0, 'done'));
      },
      (_topic, _qos, payload) => void heard.push(payload),
    );
    await until(() => server.last.subscribed.length === 4, 'the subscriptions');
    const action = { method: 'action', clientToken: 'x', actionId: 'blink', params: {} };
    for (const value of [1, 1, 2]) server.last.send(CONTROL, { method: 'control', clientToken: 'a', params: { value } });
    for (const each of [action, action]) server.last.send('$thing/down/action/ABCDE12345/dev1', each);
    await until(() => heard.length === 3, 'what is new');
    explorer.templateActionReply(...NAMES, 'x', { n: 1 }, reply(0, 'ok'));
    server.last.send('$thing/down/action/ABCDE12345/dev1', action);
    await until(() => server.last.published.length === 4, 'the answers');
    expect(heard).toEqual([{ method: 'control', clientToken: 'a', params: { value: 1 } }, { method: 'control', clientToken: 'a', params: { value: 2 } }, action]);
    const [first, again, answer, repeated] = sent(world);
    expect([first, again]).toEqual([{ method: 'control_reply', code: 0, clientToken: 'a', status: 'done' }, first]);
    expect([answer, repeated]).toEqual([{ method: 'action_reply', code: 0, clientToken: 'x', status: 'ok', response: { n: 1 } }, answer]);
  });

  it('forgets with the connection what it has not answered', async () => {
    const world = await online(await setup());
    const { explorer, server, clock } = world;
    const heard: Payload[] = [];
    explorer.templateInit(...NAMES, (_topic, _qos, payload) => void heard.push(payload));
    await until(() => server.last.subscribed.length === 4, 'the subscriptions');
    server.last.send(CONTROL, { method: 'control', clientToken: 'before', params: {} });
    await until(() => heard.length === 1, 'the control');
    server.last.reset();
    await until(() => !explorer.isMqttConnected(), 'the end');
    await until(() => {
      clock.advance(1000);
      return explorer.isMqttConnected();
    }, 'the second connection');
    server.last.send(CONTROL, { method: 'control', clientToken: 'after', params: {} });
    await until(() => heard.length === 2, 'the second control');
    explorer.templateControlReply(...NAMES, reply());
    await until(() => sent(world).length === 1, 'the answer');
    expect(tokensOf(sent(world))).toEqual(['after']);
  });

  it('writes what it publishes as Python’s json does, and refuses what JSON has no form of', async () => {
    const world = await online(await setup());
    const { explorer, server } = world;
    const topic = 'ABCDE12345/dev1/data';
    for (const payload of ['hello', '{"a":1}', '', null, 7, true, [1, null], { 温度: 'é"\\\n' }, 2n ** 60n]) expect(explorer.publish(topic, payload as never, 0)[0]).toBe(0);
    await until(() => server.last.published.length === 9, 'the messages');
    expect(server.last.published.map(({ text }) => text)).toEqual(['"hello"', '"{\\"a\\":1}"', '""', 'null', '7', 'true', '[1,null]', '{"温度":"é\\"\\\\\\n"}', '1152921504606846976']);
    const own: { self?: unknown } = {};
    own.self = own;
    for (const [payload, wrong] of [[Number.NaN, ValueError], [{ a: [Infinity] }, ValueError], [own, ValueError], [Buffer.from('x'), TypeError], [{ a: new Uint8Array(1) }, TypeError], [new Map(), TypeError], [() => 1, TypeError]] as const) expect(() => explorer.publish(topic, payload as never, 0)).toThrow(wrong);
    for (const [name, qos] of [['', 0], ['a/+', 0], [topic, 2], [topic, -1]] as const) expect(() => explorer.publish(name, 1, qos)).toThrow(ValueError);
  });

  it('is told once of a message that is too large for the cloud, and sends the next', async () => {
    const world = await online(await setup());
    const { explorer, problems } = world;
    const published: number[] = [];
    explorer.registerMqttCallback(null, null, null, (mid) => void published.push(mid));
    explorer.publish('ABCDE12345/dev1/data', 'x'.repeat(70_000));
    const [, mid] = explorer.publish('ABCDE12345/dev1/data', 'y');
    await until(() => published.length === 1, 'the next');
    expect(published).toEqual([mid]);
    expect(problems).toEqual([expect.objectContaining({ code: 'too-large' })]);
  });

  it('gives a message five seconds to be settled, or as many as setMessageTimout says', async () => {
    const world = await online(await setup({ pubacks: false }));
    const { explorer, clock, problems, server } = world;
    const published: number[] = [];
    explorer.registerMqttCallback(null, null, null, (mid) => void published.push(mid));
    expect(() => explorer.setMessageTimout(0)).toThrow(ValueError);
    const expires = async (count: number, ms: number): Promise<void> => {
      await until(() => server.last.published.length === count, 'the message');
      clock.advance(ms - 1);
      await new Promise((resolve) => setImmediate(resolve));
      expect(problems).toHaveLength(count - 1);
      clock.advance(1);
      await until(() => problems.length === count, 'its end');
    };
    explorer.publish('ABCDE12345/dev1/data', 'x', 1);
    await expires(1, 5000);
    explorer.setMessageTimout(0.5);
    explorer.publish('ABCDE12345/dev1/data', 'y', 1);
    await expires(2, 500);
    expect(problems.map((problem) => (problem as unknown as { code: string }).code)).toEqual(['expired', 'expired']);
    expect(published).toEqual([]);
  });

  it('waits before each attempt to connect between the shortest and the longest that was set', async () => {
    const world = await setup((index) => (index === 0 || index > 4 ? {} : { connack: 5 }));
    const { explorer, server, clock } = world;
    for (const [max, min] of [[1, 2], [-1, -2], [Number.NaN, 0]] as const) expect(() => explorer.setReconnectInterval(max, min)).toThrow(ValueError);
    explorer.setReconnectInterval(10, 2);
    await online(world);
    const waits: number[] = [];
    explorer.device.on('offline', ({ nextAttemptMs = 0 }) => void waits.push(nextAttemptMs));
    server.last.reset();
    for (let attempt = 1; attempt <= 5; attempt++) {
      await until(() => waits.length === attempt, 'the end of the attempt');
      clock.advance(waits[attempt - 1] ?? 0);
    }
    await until(() => explorer.isMqttConnected(), 'the connection');
    expect(waits).toHaveLength(5);
    for (const each of waits) expect([each >= 2000, each <= 10_000]).toEqual([true, true]);
  });

  it('waits longer and longer for a server that is not there', async () => {
    const world = await setup();
    const { explorer, server, clock } = world;
    await server[Symbol.asyncDispose]();
    explorer.connect();
    const waits: number[] = [];
    explorer.device.on('offline', ({ nextAttemptMs = 0 }) => void waits.push(nextAttemptMs));
    for (let attempt = 1; attempt <= 6; attempt++) {
      await until(() => waits.length === attempt, 'the end of the attempt');
      clock.advance(waits[attempt - 1] ?? 0);
    }
    expect(waits.every((each, index) => index === 0 || each > (waits[index - 1] ?? 0))).toBe(true);
  });

  it('asks for the time anew each time: without an answer it is -1, whatever was answered before', async () => {
    let isSilent = false;
    const world = await online(await setup({ onPublish: ({ topic }, connection) => !isSilent && topic.startsWith('$sys/') && connection.send('$sys/operation/result/ABCDE12345/dev1', { type: 'get', time: 1, ntptime1: 1_800_000_000_000, ntptime2: 1_800_000_000_000 }) }));
    const { explorer, clock, server } = world;
    expect(await explorer.getNtpAccurateTime()).toBe(1_800_000_000_000);
    isSilent = true;
    const second = explorer.getNtpAccurateTime();
    await until(() => server.last.published.length === 2, 'the question');
    clock.advance(1500);
    expect(await second).toBe(-1);
  });

  it('may wait in a callback for an answer that another callback brings', async () => {
    const world = await setup({ onPublish: ({ topic, text }, connection) => topic.startsWith('$gateway/operation/') && connection.send('$gateway/operation/result/ABCDE12345/dev1', answerTo(text)) }, { subDev: { subdev_num: 1, subdev_list: [{ sub_productId: 'SUBPROD001', sub_devName: 'sub1' }] } });
    const { explorer } = world;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    explorer.registerMqttCallback(async () => {
      explorer.gatewayInit();
      resolve([await explorer.gatewaySubdevOnline('SUBPROD001', 'sub1'), (await explorer.otaInit(...NAMES, null))[0]]);
    });
    explorer.connect();
    expect(await promise).toEqual([[0, expect.any(Number)], 0]);
  });

  it('has its subscriptions again after a reconnect, its tokens go on, and a refused sign-in is told and tried again', async () => {
    const world = await setup((index) => (index === 1 ? { connack: 5 } : {}));
    const { explorer, server, clock } = world;
    const refused: unknown[] = [];
    explorer.registerMqttCallback(null, null, null, null, null, null, (...told) => void refused.push(told));
    await online(world);
    explorer.templateInit(...NAMES, null);
    explorer.subscribe('ABCDE12345/dev1/control', 1);
    await until(() => server.last.subscribed.length === 5, 'the subscriptions');
    expect(tokensOf([explorer.templateJsonConstructReportArray(...NAMES, { a: 1 })])).toEqual(['ABCDE12345-0']);
    server.last.reset();
    await until(() => !explorer.isMqttConnected(), 'the end');
    await until(() => {
      clock.advance(1000);
      return server.connections.length === 3 && explorer.isMqttConnected();
    }, 'the third connection');
    expect(refused).toEqual([[5, expect.stringContaining('CONNACK 5'), null]]);
    expect([...server.last.subscribed].sort()).toEqual([...['action', 'event', 'property', 'service'].map((kind) => `$thing/down/${kind}/ABCDE12345/dev1`), 'ABCDE12345/dev1/control'].sort());
    expect(tokensOf([explorer.templateJsonConstructReportArray(...NAMES, { a: 1 })])).toEqual(['ABCDE12345-1']);
    expect(server.connections.map(({ connected }) => connected?.username).every((name, _, all) => name === all[0])).toBe(true);
  });

  it('shares nothing with another of the same process', async () => {
    const [one, two] = [await online(await setup()), await online(await setup({}, { deviceName: 'dev2' }))];
    const heard: string[] = [];
    for (const { explorer } of [one, two]) {
      explorer.subscribe(`ABCDE12345/${explorer.getDeviceName()}/data`, 0);
      explorer.registerUserCallback(`ABCDE12345/${explorer.getDeviceName()}/data`, (_topic, _qos, payload) => void heard.push(`${explorer.getDeviceName()} ${payload as string}`));
    }
    await until(() => one.server.last.subscribed.length === 1 && two.server.last.subscribed.length === 1, 'both subscriptions');
    two.server.last.send('ABCDE12345/dev2/data', 'to two');
    one.server.last.send('ABCDE12345/dev1/data', 'to one');
    await until(() => heard.length === 2, 'both messages');
    expect(heard.sort()).toEqual(['dev1 to one', 'dev2 to two']);
    await one.explorer.disconnect();
    expect(two.explorer.isMqttConnected()).toBe(true);
  });

  it('that does not wait for its disconnect() has ended when it is disposed of', async () => {
    const world = await online(await setup({ pubacks: false }));
    const { explorer, clock, server } = world;
    explorer.publish('ABCDE12345/dev1/data', 'x', 1);
    await until(() => server.last.published.length === 1, 'the message');
    const disconnected = explorer.disconnect();
    const disposed = explorer[Symbol.asyncDispose]();
    let hasEnded = false;
    void disposed.then(() => (hasEnded = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect([hasEnded, server.last.isOpen]).toEqual([false, true]);
    clock.advance(2000);
    await Promise.all([disconnected, disposed]);
    await until(() => !server.last.isOpen, 'the end of the connection');
    expect(explorer.getConnectState()).toBe(HubState.DISCONNECTED);
  });

  it('may end one data template without another’s end, and leave callbacks out or let them throw', async () => {
    const world = await online(await setup());
    const { explorer, server, problems } = world;
    explorer.templateInit(...NAMES, () => {
      throw new Error('a slip');
    });
    explorer.templateInit('SUBPROD001', 'sub1', null);
    await until(() => server.last.subscribed.length === 8, 'both templates');
    server.last.send(CONTROL, { method: 'control', clientToken: 'a', params: {} });
    server.last.send('$thing/down/property/SUBPROD001/sub1', { method: 'control', clientToken: 'b', params: {} });
    await until(() => problems.length === 1, 'the slip');
    expect(problems[0]?.message).toContain('a slip');
    explorer.templateDeinit('SUBPROD001', 'sub1');
    expect(explorer.templateReport(...NAMES, { method: 'report' })[0]).toBe(0);
    expect(explorer.templateReport('SUBPROD001', 'sub1', { method: 'report' })).toEqual([-1, -1]);
  });

  it('has nothing initialised by a call that failed', async () => {
    const world = await setup();
    const { explorer, problems } = world;
    expect(() => explorer.shadowInit(...NAMES, null)).toThrow(StateError);
    expect(() => explorer.rrpcInit(...NAMES, null)).toThrow(StateError);
    await online(world);
    expect([explorer.getShadow(...NAMES), explorer.shadowUpdate(...NAMES, { type: 'update' }), explorer.rrpcReply(...NAMES, 'ok')]).toEqual([undefined, undefined, undefined]);
    expect(problems.map(({ message }) => message)).toEqual(['shadowInit() was not called for ABCDE12345/dev1.', 'shadowInit() was not called for ABCDE12345/dev1.', 'rrpcInit() was not called for ABCDE12345/dev1.']);
  });

  it('answers each synchronous call on its own topic', async () => {
    const world = await online(await setup());
    const { explorer, server } = world;
    const gates: (() => void)[] = [];
    explorer.rrpcInit(...NAMES, async (_topic, _qos, payload) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      explorer.rrpcReply(...NAMES, { to: payload });
    });
    await until(() => server.last.subscribed.length === 1, 'the subscription');
    for (const id of ['1', '2']) server.last.send(`$rrpc/rxd/ABCDE12345/dev1/${id}`, id);
    await until(() => gates.length === 2, 'two calls');
    for (const gate of gates.reverse()) gate();
    await until(() => server.last.published.length === 2, 'two answers');
    expect(server.last.published.map(({ topic, text }) => [topic, text])).toEqual([['$rrpc/txd/ABCDE12345/dev1/2', '{"to":2}'], ['$rrpc/txd/ABCDE12345/dev1/1', '{"to":1}']]);
  });
});

describe('An upgrade through Tencent’s face', () => {
  const IMAGE = Buffer.from(Array.from({ length: 20_000 }, (_, index) => index % 251));
  const MD5 = createHash('md5').update(IMAGE).digest('hex');

  async function offered(manners: Manners, offer: object = {}, script: Script = {}): Promise<World> {
    const world = await online(await setup(script));
    const isRight = ({ headers: { host, range = 'bytes=0-' } }: Asked): boolean => host === `127.0.0.1:${files.port}` && /^bytes=\d+-$/.test(range);
    const files: FileServer = await FileServer.listen((asked) => (isRight(asked) ? { content: IMAGE, ...manners } : { status: 400 }));
    open.push(files);
    expect((await world.explorer.otaInit(...NAMES, null))[0]).toBe(0);
    world.server.last.send(OTA, { type: 'update_firmware', version: '2', file_size: IMAGE.length, md5sum: MD5, url: files.url, ...offer });
    await until(() => world.explorer.otaIsFetching(...NAMES), 'the offer');
    return world;
  }

  async function whole({ explorer }: World, offset = 0): Promise<Buffer> {
    const pieces: Buffer[] = [];
    expect(await explorer.otaDownloadStart(...NAMES, offset, IMAGE.length)).toBe(0);
    while (!explorer.otaIsFetchFinished(...NAMES)) {
      const [piece, count] = await explorer.otaFetchYield(...NAMES, 7000);
      if (piece === null) throw new Error(`the piece failed with ${count}`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  it('is fetched in pieces, checked, and the next begins at its first byte', async () => {
    const world = await offered({});
    const { explorer, server } = world;
    expect(await whole(world)).toEqual(IMAGE);
    expect(explorer.otaIoctlNumber(...NAMES, OtaCmdType.IOT_OTAG_CHECK_FIRMWARE)).toEqual([0, 'success']);
    server.last.send(OTA, { type: 'update_firmware', version: '3', file_size: IMAGE.length, md5sum: MD5, url: 'http://127.0.0.1:1/' });
    await until(() => explorer.otaIsFetching(...NAMES), 'the next offer');
    expect(explorer.otaIoctlNumber(...NAMES, { value: OtaCmdType.IOT_OTAG_FETCHED_SIZE })).toEqual([0, 'success']);
  });

  it.each([{ ranges: true }, { ranges: false }])('goes on in the middle, by a server with ranges and without: %o', async (manners) => {
    const world = await offered(manners);
    world.explorer.otaResetMd5(...NAMES);
    world.explorer.otaMd5Update(...NAMES, IMAGE.subarray(0, 5000));
    expect(await whole(world, 5000)).toEqual(IMAGE.subarray(5000));
    expect(world.explorer.otaIoctlNumber(...NAMES, OtaCmdType.IOT_OTAG_CHECK_FIRMWARE)).toEqual([0, 'success']);
  });

  it.each([{ ranges: true }, { ranges: false }])('that is there to its last byte has nothing left to fetch, by a server with ranges and without: %o', async (manners) => {
    const world = await offered(manners);
    const { explorer } = world;
    explorer.otaResetMd5(...NAMES);
    explorer.otaMd5Update(...NAMES, IMAGE);
    expect(await explorer.otaDownloadStart(...NAMES, IMAGE.length, IMAGE.length)).toBe(0);
    expect(await explorer.otaFetchYield(...NAMES, 5000)).toEqual([Buffer.alloc(0), 0]);
    expect(explorer.otaIsFetchFinished(...NAMES)).toBe(true);
    expect(explorer.otaIoctlNumber(...NAMES, OtaCmdType.IOT_OTAG_CHECK_FIRMWARE)).toEqual([0, 'success']);
    await until(() => sent(world, '$ota/report').length === 2, 'the reports');
    expect(JSON.stringify(sent(world, '$ota/report'))).not.toContain('"fail"');
  });

  it('of which more is there than the cloud has is a failure', async () => {
    const world = await offered({});
    expect(await world.explorer.otaDownloadStart(...NAMES, IMAGE.length + 1, IMAGE.length)).toBe(1);
    await until(() => sent(world, '$ota/report').length === 1, 'the report');
    expect(sent(world, '$ota/report')).toMatchObject([{ report: { progress: { state: 'fail', result_code: '-1' } } }]);
  });

  it.each(['before it is asked for', 'while the server has not answered'])('goes on in the middle although it is offered again %s', async (when) => {
    const world = await offered({});
    const { explorer, server } = world;
    const asked: ServerResponse[] = [];
    const slow = await WebServer.listen((_, response) => void asked.push(response));
    open.push(slow);
    const url = `http://127.0.0.1:${slow.port}/`;
    const again = async (): Promise<void> => {
      server.last.send(OTA, { type: 'update_firmware', version: '2', file_size: IMAGE.length, md5sum: MD5, url });
      // What comes behind it has to wait for it.
      const time = explorer.getNtpAccurateTime();
      server.last.send('$sys/operation/result/ABCDE12345/dev1', { type: 'get', time: 1, ntptime1: 1000, ntptime2: 1000 });
      expect(await time).toBe(1000);
    };
    await again();
    explorer.otaResetMd5(...NAMES);
    explorer.otaMd5Update(...NAMES, IMAGE.subarray(0, 5000));
    if (when.startsWith('before')) await again();
    const start = explorer.otaDownloadStart(...NAMES, 5000, IMAGE.length);
    await until(() => asked.length === 1, 'the question');
    if (when.startsWith('while')) await again();
    asked[0]?.writeHead(206, { 'content-range': `bytes 5000-${IMAGE.length - 1}/${IMAGE.length}` }).end(IMAGE.subarray(5000));
    expect(await start).toBe(0);
    while (!explorer.otaIsFetchFinished(...NAMES)) expect((await explorer.otaFetchYield(...NAMES, 7000))[1]).toBeGreaterThan(0);
    expect(explorer.otaIoctlNumber(...NAMES, OtaCmdType.IOT_OTAG_FETCHED_SIZE)).toEqual([IMAGE.length, 'success']);
    expect(explorer.otaIoctlNumber(...NAMES, OtaCmdType.IOT_OTAG_CHECK_FIRMWARE)).toEqual([0, 'success']);
  });

  it('is not failed by a number of bytes that is none, nor by none at all', async () => {
    const world = await offered({});
    const { explorer, problems } = world;
    for (const offset of [-1, 0.5, Number.NaN, '0']) await expect(explorer.otaDownloadStart(...NAMES, offset as number, IMAGE.length)).rejects.toBeInstanceOf(ValueError);
    await expect(explorer.otaDownloadStart(...NAMES, 0, Number.NaN)).rejects.toBeInstanceOf(ValueError);
    expect(await explorer.otaDownloadStart(...NAMES, 0, IMAGE.length)).toBe(0);
    for (const bytes of [-1, 0.5, Number.NaN, '10', undefined]) {
      await expect(explorer.otaFetchYield(...NAMES, bytes as number)).rejects.toBeInstanceOf(ValueError);
      await expect(explorer.httpFetch(...NAMES, bytes as number)).rejects.toBeInstanceOf(ValueError);
    }
    expect(await explorer.otaFetchYield(...NAMES, 0)).toEqual([Buffer.alloc(0), 0]);
    expect((await explorer.otaFetchYield(...NAMES, 10))[1]).toBe(10);
    expect(await explorer.otaFetchYield(...NAMES, 0)).toEqual([Buffer.alloc(0), 0]);
    expect((await explorer.otaFetchYield(...NAMES, IMAGE.length))[1]).toBe(IMAGE.length - 10);
    expect(explorer.otaIoctlNumber(...NAMES, OtaCmdType.IOT_OTAG_CHECK_FIRMWARE)).toEqual([0, 'success']);
    expect(problems).toEqual([]);
  });

  it('goes on although otaInit() is called again and refused', async () => {
    let grants = 1;
    const world = await offered({}, {}, { suback: () => grants });
    const { explorer } = world;
    expect(await explorer.otaDownloadStart(...NAMES, 0, IMAGE.length)).toBe(0);
    expect((await explorer.otaFetchYield(...NAMES, 5000))[1]).toBe(5000);
    grants = 0;
    expect((await explorer.otaInit(...NAMES, null))[0]).toBe(-1);
    expect(explorer.otaIsFetching(...NAMES)).toBe(true);
    expect((await explorer.otaFetchYield(...NAMES, IMAGE.length))[1]).toBe(IMAGE.length - 5000);
    expect(explorer.otaIoctlNumber(...NAMES, OtaCmdType.IOT_OTAG_CHECK_FIRMWARE)).toEqual([0, 'success']);
  });

  it('with another MD5 fails the check and is reported with -4', async () => {
    const world = await offered({}, { md5sum: '0'.repeat(32) });
    await whole(world);
    expect(world.explorer.otaIoctlNumber(...NAMES, OtaCmdType.IOT_OTAG_CHECK_FIRMWARE)).toEqual([-1, 'md5 error']);
    await until(() => sent(world, '$ota/report').some((each) => JSON.stringify(each).includes('"-4"')), 'the report');
  });

  it.each([[403, '-3', 'url signature expired'], [404, '-2', 'file not exist'], [408, '-1', 'download timeout']])('whose server answers %i is reported with %s and in words', async (status, code, text) => {
    const world = await offered({ status });
    expect(await world.explorer.otaDownloadStart(...NAMES, 0, IMAGE.length)).toBe(1);
    await until(() => sent(world, '$ota/report').length === 1, 'the report');
    expect(sent(world, '$ota/report')).toMatchObject([{ report: { progress: { state: 'fail', result_code: code, result_msg: text }, version: '2' } }]);
  });

  it.each(['a piece', 'the answer'])('that gives way to a newer one while %s is awaited fails neither', async (awaited) => {
    let hasAsked = false;
    const silent = await WebServer.listen(() => (hasAsked = true));
    const files = await FileServer.listen(() => ({ content: IMAGE }));
    open.push(silent, files);
    const world = await offered({ stallAfter: 5000 }, awaited === 'a piece' ? {} : { url: `http://127.0.0.1:${silent.port}/` });
    const { explorer, server } = world;
    const start = explorer.otaDownloadStart(...NAMES, 0, IMAGE.length);
    if (awaited === 'a piece') {
      expect(await start).toBe(0);
      expect((await explorer.otaFetchYield(...NAMES, 5000))[1]).toBe(5000);
    } else await until(() => hasAsked, 'the question');
    const piece = awaited === 'a piece' ? explorer.otaFetchYield(...NAMES, 5000) : start;
    server.last.send(OTA, { type: 'update_firmware', version: '3', file_size: IMAGE.length, md5sum: MD5, url: files.url });
    expect(await piece).toEqual(awaited === 'a piece' ? [null, -1] : 1);
    expect(await explorer.otaFetchYield(...NAMES, 5000)).toEqual([null, -1]);
    expect(await whole(world)).toEqual(IMAGE);
    expect(explorer.otaIoctlNumber(...NAMES, OtaCmdType.IOT_OTAG_CHECK_FIRMWARE)).toEqual([0, 'success']);
    await until(() => sent(world, '$ota/report').some((each) => JSON.stringify(each).includes('"percent":"100"')), 'the last report');
    expect(JSON.stringify(sent(world, '$ota/report'))).not.toContain('"fail"');
  });

  it('that ends too soon fails instead of going on for ever', async () => {
    const world = await offered({ content: IMAGE.subarray(0, 9000) });
    await world.explorer.otaDownloadStart(...NAMES, 0, IMAGE.length);
    const counts: number[] = [];
    for (let count = 1; count > 0; counts.push(count)) [, count] = await world.explorer.otaFetchYield(...NAMES, 7000);
    expect(counts).toEqual([7000, 2000, -2]);
  });
});

describe('A resource through Tencent’s face', () => {
  it('is announced with size and MD5, put as the bytes that it is, and told as done', async () => {
    const world = await online(await setup());
    const { explorer, server, directory } = world;
    const files = await PutServer.listen();
    open.push(files);
    const heard: Payload[] = [];
    explorer.resourceInit(...NAMES, (_topic, _qos, payload) => void heard.push(payload));
    const bytes = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 256));
    writeFileSync(path.join(directory, 'photo.bin'), bytes);
    expect((await explorer.resourceCreateUploadTask(...NAMES, path.join(directory, 'photo.bin')))[0]).toBe(0);
    await until(() => sent(world, '$resource').length === 1, 'the task');
    expect(sent(world, '$resource')).toEqual([{ type: 'create_upload_task', size: 3000, name: 'photo.bin', md5sum: createHash('md5').update(bytes).digest('hex') }]);
    server.last.send('$resource/down/service/ABCDE12345/dev1', { type: 'create_upload_task_rsp', url: 'u' });
    await until(() => heard.length === 1, 'the URL');
    expect(await explorer.resourceUploadfile(`http://127.0.0.1:${files.port}/up`)).toBe(0);
    expect(files.seen.map(({ body, headers }) => [body.equals(bytes), headers['content-md5']])).toEqual([[true, createHash('md5').update(bytes).digest('base64')]]);
    explorer.resourceReportUploadProgress(...NAMES);
    explorer.resourceFinished();
    await until(() => sent(world, '$resource').length === 3, 'both reports');
    expect(sent(world, '$resource').slice(1)).toMatchObject([{ progress: { state: 'uploading', percent: 100 } }, { name: 'photo.bin', progress: { state: 'done', result_code: 0 } }]);
  });
});

describe('What is wrong', () => {
  it('with a device file is said by name', async () => {
    const { directory } = await setup();
    const make = (content: string): QcloudExplorer => {
      const file = path.join(directory, 'wrong.json');
      writeFileSync(file, content);
      return new QcloudExplorer(file);
    };
    expect(() => new QcloudExplorer(path.join(directory, 'nowhere.json'))).toThrow(/nowhere\.json cannot be read/);
    expect(() => make('{ "auth_mode"')).toThrow(/wrong\.json is no JSON/);
    expect(() => make(JSON.stringify({ ...FILE, region: undefined }))).toThrow(KeyError);
    expect(() => make(JSON.stringify({ ...FILE, key_deviceinfo: {} }))).toThrow(/'deviceSecret' is missing/);
    expect(() => make(JSON.stringify({ ...FILE, auth_mode: 'CERT' })).connect()).toThrow(/devCertFile/);
    expect(() => make(JSON.stringify({ ...FILE, key_deviceinfo: { deviceSecret: 'YOUR_DEVICE_SECRET' } })).connect()).toThrow(/dynregDevice/);
  });

  const missing = (): void => undefined;
  it.each<readonly [string, (file: string) => void, RegExp]>([
    ['is not there', missing, /there is no such file/],
    ['is a directory', (file) => mkdirSync(file), /it is a directory/],
    ['is below a file', (file) => writeFileSync(path.dirname(file), ''), /no directory/],
    ['may not be read', (file) => writeFileSync(file, JSON.stringify(FILE), { mode: 0o000 }), /may not read it/],
    ['is empty', (file) => writeFileSync(file, ''), /is no JSON/],
    ['is cut short', (file) => writeFileSync(file, JSON.stringify(FILE).slice(0, -1)), /is no JSON/],
    ['holds a list', (file) => writeFileSync(file, '[]'), /holds no object/],
    ['is in UTF-16', (file) => writeFileSync(file, Buffer.from(`\ufeff${JSON.stringify(FILE)}`, 'utf16le')), /UTF-8/],
  ])('with a file that %s is said with its path: of a device, and of a template', async (what, make, text) => {
    const world = await online(await setup());
    const { explorer, problems, directory } = world;
    const folder = path.join(directory, 'files');
    const file = path.join(folder, 'given.json');
    if (what !== 'is below a file') mkdirSync(folder);
    make(file);
    explorer.templateInit(...NAMES, null);
    asNobody(what === 'may not be read' ? [directory, folder] : [], () => {
      expect(() => new QcloudExplorer(file)).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringMatching(text) }));
      expect(explorer.templateSetup(...NAMES, file)).toBe(2);
    });
    expect(problems.at(-1)).toMatchObject({ code: 'bad-config', message: expect.stringContaining(file) });
  });

  it.each([
    ['auth_mode', { auth_mode: 1 }],
    ['productId', { productId: 1 }],
    ['deviceName', { deviceName: null }],
    ['productSecret', { productSecret: [] }],
    ['key_deviceinfo', { key_deviceinfo: 'c2VjcmV0' }],
    ['key_deviceinfo.deviceSecret', { key_deviceinfo: { deviceSecret: 7 } }],
    ['cert_deviceinfo', { cert_deviceinfo: null }],
    ['cert_deviceinfo.devCaFile', { cert_deviceinfo: { ...FILE.cert_deviceinfo, devCaFile: {} } }],
    ['region', { region: true }],
  ])('with the type of %s in a device file is said by its path', async (name, wrong) => {
    await expect(setup({}, wrong)).rejects.toMatchObject({ code: 'bad-config', place: { path: `$.${name}` } });
  });

  it.each([
    ['$.subDev', { subDev: 'two' }],
    ['$.subDev', { subDev: { subdev_num: '2', subdev_list: [] } }],
    ['$.subDev', { subDev: { subdev_num: -1, subdev_list: [] } }],
    ['$.subDev.subdev_num', { subDev: { subdev_num: 2, subdev_list: [{ sub_productId: 'SUBPROD001', sub_devName: 'sub1' }] } }],
    ['$.sub_devName', { subDev: { subdev_num: 1, subdev_list: [{ sub_productId: 'SUBPROD001', sub_devName: 1 }] } }],
  ])('with the list of sub-devices is said by its path, %s', async (place, wrong) => {
    const { explorer } = await online(await setup({}, wrong));
    expect(() => explorer.gatewayInit()).toThrow(expect.objectContaining({ code: 'bad-config', place: { path: place } }));
  });

  it.each([
    ['productId', { productId: 'SHORT' }],
    ['deviceName', { deviceName: 'a/b' }],
    ['deviceSecret', { key_deviceinfo: { deviceSecret: 'not base64 !!' } }],
  ])('with %s in a device file is said by name', async (name, wrong) => {
    await expect(setup({}, wrong)).rejects.toMatchObject({ code: 'bad-config', message: expect.stringMatching(new RegExp(name, 'i')) });
  });

  it('a byte order mark before a file is none of it', async () => {
    const { directory } = await setup();
    const file = path.join(directory, 'marked.json');
    writeFileSync(file, `\ufeff${JSON.stringify(FILE)}`);
    expect(new QcloudExplorer(file).getProductID()).toBe('ABCDE12345');
  });

  it('with a data template is named by its path', async () => {
    const world = await online(await setup());
    const { explorer, problems, directory } = world;
    explorer.templateInit(...NAMES, null);
    const file = path.join(directory, 'template.json');
    writeFileSync(file, JSON.stringify({ version: '1.0', properties: [{ id: 'x', name: 'x', mode: 'rw', define: { type: 'int', min: '9', max: '1' } }], events: [], actions: [] }));
    expect(explorer.templateSetup(...NAMES, file)).toBe(2);
    expect(problems.at(-1)?.message).toContain('$.properties[0].define');
    writeFileSync(file, JSON.stringify({ properties: [] }));
    expect(explorer.templateSetup(...NAMES, file)).toBe(2);
    expect(problems.at(-1)?.message).toContain("'events' is missing");
  });

  it('with a control is told with topic and path, and its callback is not called', async () => {
    const world = await online(await setup());
    const { explorer, server, problems } = world;
    const heard: Payload[] = [];
    explorer.templateInit(...NAMES, (_topic, _qos, payload) => void heard.push(payload));
    await until(() => server.last.subscribed.length === 4, 'the subscriptions');
    for (const message of [{ method: 'control', params: {} }, { method: 'control', clientToken: '', params: {} }, { clientToken: 'x' }, []]) server.last.send(CONTROL, message);
    await until(() => problems.length === 4, 'four problems');
    expect(problems.map((problem) => (problem as unknown as { place: object }).place)).toMatchObject([{ topic: CONTROL, path: '$.clientToken' }, { path: '$.clientToken' }, { path: '$.method' }, { path: '$' }]);
    expect(heard).toEqual([]);
  });
});
