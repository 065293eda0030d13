import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { LianyunError } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { provision, type ProvisionOptions } from '../index.ts';
import { ScriptedServer, type Script } from '../testing/scripted-server.ts';
import { outcomeOf, temporaryDirectory, until } from '../testing/support.ts';

const UP = '$oc/devices/dev001/sys/bootstrap/up';
const DOWN = '$oc/devices/dev001/sys/bootstrap/down';
const GROUP_SECRET = 'Z3JvdXAtc2VjcmV0LW9mLWF0LWxlYXN0LTMyLWJ5dGVzISE=';
const DERIVED = 'fe0555380b27180d7ad8871baf80dd5107d9b7e0feb52848266e030e40c7e65a';
const ANSWER = { address: 'iot-mqtts.example.com:8883', initConfig: '{"a":1}', deviceSecret: 'secret-from-the-cloud' };
const OWN = { deviceId: 'dev001', secret: 'a-secret-of-the-device' };

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

/** A provisioning host that answers so; undefined: not at all. */
async function host(answer: unknown, script: Script = {}) {
  const clock = new FakeClock({ now: Date.UTC(2025, 3, 14, 1, 30) });
  const server = await ScriptedServer.listen(clock, { onPublish: ({ topic }, connection) => (topic === UP && answer !== undefined ? connection.send(DOWN, answer) : undefined), ...script });
  open.push(server);
  const problems: LianyunError[] = [];
  const ask = (options: Partial<ProvisionOptions> = {}) => provision({ identity: OWN, server: server.url, clock, onProblem: (problem) => void problems.push(problem), ...options });
  return { clock, server, problems, ask };
}

async function directory(): Promise<string> {
  const made = await temporaryDirectory();
  open.push(made);
  return made.path;
}

describe('provisioning', () => {
  it('subscribes the answer before it asks, asks once and leaves', async () => {
    const { server, ask } = await host(ANSWER);
    await expect(ask()).resolves.toEqual({
      options: { server: 'mqtts://iot-mqtts.example.com:8883', identity: { deviceId: 'dev001', secret: 'secret-from-the-cloud' } },
      config: '{"a":1}',
      from: 'cloud',
    });
    expect(server.last.subscribed).toEqual([DOWN]);
    expect(server.published.map(({ topic, text, qos }) => [topic, text, qos])).toEqual([[UP, '', 1]]);
    await until(() => server.last.hasDisconnected, 'DISCONNECT');
    expect(server.connections).toHaveLength(1);
    await until(() => server.open === 0, 'the connection is gone');
  });

  it.each([
    ['its own secret', OWN, { clientId: 'dev001_0_1_2025041401', password: true }, { deviceId: 'dev001', secret: 'a-secret-of-the-device' }],
    ['its own certificate', { deviceId: 'dev001', certificate: true }, { clientId: 'dev001_0_1_2025041401', password: false }, { deviceId: 'dev001', certificate: true }],
    ["its group's secret", { deviceId: 'dev001', scopeId: 'scope1', groupSecret: GROUP_SECRET, checkTimestamp: false }, { clientId: 'dev001_0_scope1_0_2025041401', password: 'bb38beedb35ae0d43980c5548117e7ad410a74bd134ed206a2c0025797d7bd63' }, { deviceId: 'dev001', secret: DERIVED, checkTimestamp: false }],
    ["its group's certificate", { deviceId: 'dev001', scopeId: 'scope1', certificate: true }, { clientId: 'dev001_0_scope1', password: false }, { deviceId: 'dev001', certificate: true }],
  ] as const)('signs in with %s, and knows how to sign in after it', async (_, identity, { clientId, password }, after) => {
    const { server, ask } = await host({ address: 'iot.example.com:1883' });
    const { options } = await ask({ identity });
    expect(options).toEqual({ server: 'mqtt://iot.example.com:1883', identity: after });
    const { connected } = server.last;
    expect(connected?.clientId).toBe(clientId);
    expect(connected?.username).toBe('dev001');
    if (typeof password === 'string') expect(String(connected?.password)).toBe(password);
    else expect(connected?.password !== undefined).toBe(password);
  });

  it('says a keyword, or a text of its own', async () => {
    const { server, ask } = await host(ANSWER);
    await ask({ keyword: '关键字' });
    await ask({ message: 'line 7' });
    expect(server.published.map(({ text }) => text)).toEqual(['{"baseStrategyKeyword":"关键字"}', 'line 7']);
    await expect(ask({ keyword: 'a', message: 'b' })).rejects.toMatchObject({ code: 'bad-config' });
  });

  it.each([undefined, null, 'lamp_1', {}, { identity: null }, { identity: 'lamp_1' }])('fails in words for options that are none: %j', async (options) => {
    await expect(provision(options as never)).rejects.toMatchObject({ code: 'bad-config', message: expect.stringMatching(/^provision\(\) takes \{ server, identity \}/) });
  });

  it.each([
    ['a number', { errorCode: 100414, errorMsg: 'no policy matches' }, { number: 100414 }],
    ['a text', { errorCode: 'IOTDP.1', errorMsg: 'no policy matches' }, {}],
  ])('fails with what the cloud says when it refuses by %s', async (_, answer, place) => {
    const { ask } = await host(answer);
    const error = await ask().catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'refused', place, message: expect.stringContaining(`${String(answer.errorCode)}, no policy matches`) });
  });

  it.each([
    ['is no document', 'oops', '$'],
    ['has no address', {}, '$'],
    ['has an address without a host', { address: ':1883' }, '$.address'],
    ['has an address that goes on', { address: 'a.example.com:1883/x?y' }, '$.address'],
    ['has a secret that is no text', { address: 'a.example.com:1883', deviceSecret: 7 }, '$.deviceSecret'],
  ])('fails at once with an answer that %s', async (_, answer, where) => {
    const { ask, server } = await host(answer);
    await expect(ask()).rejects.toMatchObject({ code: 'bad-frame', place: { path: where } });
    await until(() => server.open === 0, 'the connection is gone');
  });

  it('fails after 10 seconds without an answer, and leaves nothing behind', async () => {
    const { ask, server, clock } = await host(undefined);
    const asked = ask();
    const end = asked.catch((error: unknown) => error);
    await until(() => server.published.length === 1, 'the request');
    clock.advance(9_999);
    expect(await outcomeOf(asked)).toBe('open');
    clock.advance(1);
    expect(await end).toMatchObject({ code: 'timeout' });
    await until(() => server.open === 0, 'the connection is gone');
    expect(clock.timers).toBe(0);
  });

  it('fails for a device that the host does not know', async () => {
    const { ask, clock } = await host(undefined, { connack: 5 });
    await expect(ask()).rejects.toMatchObject({ code: 'bad-credentials', place: { number: 5 } });
    expect(clock.timers).toBe(0);
  });

  it('fails when the answer may not be subscribed', async () => {
    const { ask } = await host(undefined, { suback: () => 0x80 });
    await expect(ask()).rejects.toMatchObject({ code: 'not-permitted' });
  });

  it('is aborted by its signal', async () => {
    const { ask, server } = await host(undefined);
    const abort = new AbortController();
    const end = ask({ signal: abort.signal }).catch((error: unknown) => error);
    await until(() => server.published.length === 1, 'the request');
    abort.abort();
    expect(await end).toMatchObject({ code: 'aborted' });
  });

  it('that was asked for over TLS does not lead to a server without', async () => {
    const { ask, server, clock } = await host({ address: 'iot.example.com:1883' });
    // Over TLS nobody is there: the next of the list answers.
    const asked = ask({ server: [server.url.replace('mqtt:', 'mqtts:'), server.url] });
    await until(() => {
      clock.advance(1);
      return server.published.length === 1;
    }, 'the request');
    expect((await asked).options.server).toBe('mqtts://iot.example.com:1883');
  });
});

describe('what provisioning keeps', () => {
  it('is taken the next time, and nobody is asked', async () => {
    const file = path.join(await directory(), 'provisioned.json');
    const { ask, server } = await host(ANSWER);
    const first = await ask({ store: file });
    const second = await ask({ store: file });
    expect(server.connections).toHaveLength(1);
    expect(second).toEqual({ ...first, from: 'store' });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(path.dirname(file))).toEqual(['provisioned.json']);
    await expect(ask({ store: file, fresh: true })).resolves.toMatchObject({ from: 'cloud' });
    expect(server.connections).toHaveLength(2);
  });

  it('is readable by its owner only, also where another file was before', async () => {
    const file = path.join(await directory(), 'provisioned.json');
    await writeFile(file, 'open to all', { mode: 0o644 });
    await chmod(file, 0o644);
    const { ask } = await host(ANSWER);
    await ask({ store: file });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  const change = (text: string, changes: object): string => JSON.stringify({ ...(JSON.parse(text) as object), ...changes });
  it.each([
    ['leads elsewhere', (text: string) => change(text, { server: 'mqtts://evil.example.com:8883' })],
    ['has another secret', (text: string) => change(text, { secret: 'another' })],
    ['is for another device', (text: string) => change(text, { device: 'dev002' })],
    ['has no seal', (text: string) => change(text, { seal: undefined })],
    ['is of another format', (text: string) => change(text, { format: 2 })],
    ['was cut off', (text: string) => text.slice(0, -20)],
    ['is empty', () => ''],
    ['is no object', () => '[]'],
  ])('is not taken when it %s: the device asks again and tells why', async (_, spoil) => {
    const file = path.join(await directory(), 'provisioned.json');
    const { ask, server, problems } = await host(ANSWER);
    const first = await ask({ store: file });
    const sound = await readFile(file, 'utf8');
    await writeFile(file, spoil(sound));
    await expect(ask({ store: file })).resolves.toEqual(first);
    expect(server.connections).toHaveLength(2);
    expect(problems).toMatchObject([{ code: 'disk-failed', message: expect.stringContaining(file) }]);
    expect(await readFile(file, 'utf8')).toBe(sound);
  });

  it('is not taken by a device with another secret', async () => {
    const file = path.join(await directory(), 'provisioned.json');
    const { ask, server, problems } = await host(ANSWER);
    await ask({ store: file });
    await ask({ store: file, identity: { ...OWN, secret: 'another-secret' } });
    expect(server.connections).toHaveLength(2);
    expect(problems).toMatchObject([{ code: 'disk-failed' }]);
  });

  it('of a device with a certificate has a check sum', async () => {
    const file = path.join(await directory(), 'provisioned.json');
    const { ask, server } = await host({ address: 'iot.example.com:8883' });
    const identity = { deviceId: 'dev001', certificate: true } as const;
    await ask({ store: file, identity });
    await expect(ask({ store: file, identity })).resolves.toMatchObject({ from: 'store', options: { identity } });
    await writeFile(file, (await readFile(file, 'utf8')).replace('iot.example', 'iot.exbmple'));
    await expect(ask({ store: file, identity })).resolves.toMatchObject({ from: 'cloud' });
    expect(server.connections).toHaveLength(2);
  });

  it('that cannot be written is told, and the device is provisioned all the same', async () => {
    const file = path.join(await directory(), 'provisioned.json');
    // Where the new text would be written there is a directory.
    await mkdir(`${file}.new`);
    const { ask, problems } = await host(ANSWER);
    await expect(ask({ store: file })).resolves.toMatchObject({ from: 'cloud', options: { server: 'mqtts://iot-mqtts.example.com:8883' } });
    expect(problems).toMatchObject([{ code: 'disk-failed' }]);
  });

  it('may be in a store of its own; a server there that is none is told, and asked for anew', async () => {
    const { ask, server, problems } = await host(ANSWER);
    const written: unknown[] = [];
    const store = { read: () => Promise.resolve({ server: 'gopher://x' }), write: (value: unknown) => Promise.resolve(void written.push(value)) };
    await expect(ask({ store })).resolves.toMatchObject({ from: 'cloud' });
    expect(problems).toMatchObject([{ code: 'bad-config' }]);
    expect(written).toEqual([{ server: 'mqtts://iot-mqtts.example.com:8883', secret: 'secret-from-the-cloud', config: '{"a":1}' }]);
    expect(server.connections).toHaveLength(1);
  });
});
