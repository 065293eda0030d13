import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { CLOUDS, HUAWEI, type Cloud, type Lamp } from './support/clouds.ts';
import { describeForeign } from './support/foreign.ts';
import { Program } from './support/program.ts';
import { Rig } from './support/rig.ts';

const VERSIONS = { mqttv31: 3, mqttv311: 4, mqttv5: 5 } as const;
const CASES = CLOUDS.flatMap((cloud) => (['mqttv31', 'mqttv311', 'mqttv5'] as const).map((version) => ({ cloud, version, name: `${cloud.name}, ${version}` })));

describeForeign(['mosquitto_pub', 'mosquitto_sub'], 'The mosquitto clients', (pub, sub) => {
  function start(program: string, rig: Rig, { cloud, version, lamp = 1, password = cloud.credentials(lamp).password }: { cloud: Cloud; version: string; lamp?: Lamp; password?: string }, ...args: string[]): Program {
    const { clientId, username } = cloud.credentials(lamp);
    return new Program(program, ['-h', '127.0.0.1', '-p', String(rig.mqttPort), '-V', version, '-i', clientId, '-u', username, '-P', password, ...args]);
  }

  it.each(CASES)('sign in and report ($name)', async ({ cloud, version }) => {
    await using rig = await Rig.open();
    const versions: number[] = [];
    rig.platform.on('online', ({ device }) => versions.push(rig.platform.access.client(cloud.name, device)?.version ?? 0));
    await using report = start(pub, rig, { cloud, version }, '-q', '1', '-t', cloud.topics.report(1), '-m', cloud.reportText({ level: 3 }));
    expect(await report.end()).toEqual({ code: 0, signal: null });
    expect(versions).toEqual([VERSIONS[version]]);
    expect(await rig.reported(cloud, 1)).toEqual({ level: 3 });
    expect(rig.problems.all).toEqual([]);
  });

  it.each(CASES)('get what the API sends them ($name)', async ({ cloud, version }) => {
    await using rig = await Rig.open();
    await using listener = start(sub, rig, { cloud, version }, '-v', '-C', '1', '-t', cloud.topics.everything(1), '-t', cloud.topics.everything(2));
    // What it prints comes when its buffer is full. The refusal of the second filter shows that the first is subscribed: they come in one packet.
    await rig.notices.first(({ kind }) => kind === 'forbidden-subscribe');
    const call = rig.blink(cloud, 1, 3);
    expect(await listener.end()).toMatchObject({ code: 0 });
    const line = listener.stdout.all.find((each) => each.startsWith('$'));
    expect(line).toMatch(cloud.name === 'huawei' ? /^\$oc\/devices\/lamp_1\/sys\/commands\/request_id=\S+ \{/ : /^\$thing\/down\/action\/LAMP000001\/lamp1 \{/);
    expect(JSON.parse(line?.slice(line.indexOf('{')) ?? '')).toMatchObject(
      cloud.name === 'huawei' ? { command_name: 'blink', service_id: 'light', paras: { times: 3 } } : { method: 'action', actionId: 'blink', params: { times: 3 } },
    );
    await call;
  });

  it.each(CASES)("are refused another device's topics ($name)", async ({ cloud, version }) => {
    await using rig = await Rig.open();
    // MQTT 3 acknowledges what it drops; in MQTT 5 the acknowledgement says so.
    await using report = start(pub, rig, { cloud, version }, '-q', '1', '-t', cloud.topics.report(2), '-m', cloud.reportText({ level: 3 }));
    await report.end();
    expect([...report.stdout.all, ...report.stderr.all].join('\n')).toMatch(version === 'mqttv5' ? /Publish 1 failed: Not authorized\./ : /^$/);
    expect(await rig.reported(cloud, 2)).toEqual({});
    await using listener = start(sub, rig, { cloud, version }, '-t', cloud.topics.everything(2));
    await listener.end();
    expect(listener.stderr.all).toEqual(['All subscription requests were denied.']);
    expect(rig.notices.all.map(({ kind }) => kind)).toEqual(['forbidden-publish', 'forbidden-subscribe']);
  });

  it.each(CASES)('are refused with a wrong password ($name)', async ({ cloud, version }) => {
    await using rig = await Rig.open();
    await using report = start(pub, rig, { cloud, version, password: 'wrong' }, '-q', '1', '-t', cloud.topics.report(1), '-m', cloud.reportText({ level: 3 }));
    expect((await report.end()).code).not.toBe(0);
    expect(report.stderr.all[0]).toMatch(/bad user ?name or password/i);
    expect(await rig.reported(cloud, 1)).toEqual({});
  });

  it('give and get what MQTT 5 has beside a message', async () => {
    await using rig = await Rig.open();
    const beside = ['-D', 'publish', 'user-property', 'a', '1', '-D', 'publish', 'user-property', 'a', '2', '-D', 'publish', 'content-type', 'text/plain', '-D', 'publish', 'response-topic', 'answers', '-D', 'publish', 'correlation-data', 'c-1', '-D', 'publish', 'message-expiry-interval', '60'];
    await using listener = start(sub, rig, { cloud: HUAWEI, version: 'mqttv5', lamp: 2 }, '-C', '1', '-q', '1', '-F', '%P|%C|%R|%D|%E|%q|%p', '-t', 'free/one', '-t', HUAWEI.topics.everything(1));
    await rig.notices.first(({ kind }) => kind === 'forbidden-subscribe');
    await using sender = start(pub, rig, { cloud: HUAWEI, version: 'mqttv5' }, '-q', '1', '-t', 'free/one', '-m', 'hello', ...beside);
    expect(await sender.end()).toMatchObject({ code: 0 });
    expect(await listener.end()).toMatchObject({ code: 0 });
    expect(listener.stdout.all.at(-1)).toBe('a:1 a:2|text/plain|answers|c-1|60|1|hello');
  });

  it('get one message at a time over MQTT 5 where they take no more, and no session, though they ask for one', async () => {
    await using rig = await Rig.open();
    await using listener = start(sub, rig, { cloud: HUAWEI, version: 'mqttv5' }, '-C', '3', '-v', '-q', '1', '-x', '60', '-D', 'connect', 'receive-maximum', '1', '-t', HUAWEI.topics.everything(1), '-t', HUAWEI.topics.everything(2));
    await rig.notices.first(({ kind }) => kind === 'forbidden-subscribe');
    const topic = HUAWEI.topics.command(1);
    // The last one ends the listener, which does not wait to acknowledge it.
    const [first, second] = ['1', '2', '3'].map((payload) => rig.platform.access.deliver('huawei', 'lamp_1', { topic, payload, qos: 1 }));
    await Promise.all([first?.delivered, second?.delivered]);
    expect(await listener.end()).toMatchObject({ code: 0 });
    expect(listener.stdout.all.slice(-3)).toEqual([`${topic} 1`, `${topic} 2`, `${topic} 3`]);
    await expect(rig.platform.access.deliver('huawei', 'lamp_1', { topic, payload: '4', qos: 1 }).delivered).rejects.toMatchObject({ code: 'offline' });
  });

  it('are told over MQTT 5 that there is no QoS 2, before they send anything at it', async () => {
    await using rig = await Rig.open();
    await using sender = start(pub, rig, { cloud: HUAWEI, version: 'mqttv5' }, '-t', HUAWEI.topics.report(1), '-m', HUAWEI.reportText({ level: 3 }), '-q', '2');
    await sender.end();
    expect(sender.stderr.all.join('\n')).toContain('Message QoS not supported on broker');
    expect([await rig.reported(HUAWEI, 1), rig.notices.all]).toEqual([{}, []]);
  });

  it.each(CLOUDS)('publish a thousand lines at QoS 1, each acknowledged, all kept in their order ($name)', async (cloud) => {
    await using rig = await Rig.open();
    const levels: unknown[] = [];
    rig.platform.on('frame', ({ messages }) => {
      for (const { op, message } of messages) if (op === 'property.report') levels.push(message.body.groups[0]?.values['level']);
    });
    const all = Array.from({ length: 1000 }, (_, index) => index % 101);
    const file = path.join(await folder(), `${cloud.name}.txt`);
    await writeFile(file, all.map((level) => `${cloud.reportText({ level })}\n`).join(''));
    const { clientId, username, password } = cloud.credentials(1);
    const command = [pub, '-h', '127.0.0.1', '-p', String(rig.mqttPort), '-i', clientId, '-u', username, '-P', password, '-q', '1', '-t', cloud.topics.report(1), '-l'];
    await using report = new Program('sh', ['-c', 'file=$1; shift; exec "$@" < "$file"', 'sh', file, ...command]);
    expect(await report.end()).toEqual({ code: 0, signal: null });
    expect(levels).toEqual(all);
    expect(rig.problems.all).toEqual([]);
  });

  /**
   * A listener that has subscribed, when it resolves. What it prints comes when its buffer is full, so the refusal of a filter beside its own tells
   * that: they come in one packet. `count` is how many listeners this platform has had.
   */
  async function listening(rig: Rig, cloud: Cloud, { topic, count = 1 }: { readonly topic: string; readonly count?: number }, ...args: string[]): Promise<Program> {
    const listener = start(sub, rig, { cloud, version: 'mqttv311' }, '-t', topic, '-t', cloud.topics.everything(2), ...args);
    await rig.notices.take(count);
    return listener;
  }

  it.each(CLOUDS)('get QoS 1 when they ask for 2, on a topic of their own ($name)', async (cloud) => {
    await using rig = await Rig.open();
    const topic = cloud.topics.custom(1);
    await using listener = await listening(rig, cloud, { topic }, '-q', '2', '-d', '-C', '1');
    await rig.platform.access.deliver(cloud.name, cloud.ref(1), { topic, payload: 'at least once', qos: 1 }).delivered;
    expect(await listener.end()).toMatchObject({ code: 0 });
    expect(listener.stdout.all).toEqual(expect.arrayContaining(['Subscribed (mid: 1): 1, 128', 'at least once']));
  });

  it.each(CLOUDS)('are disconnected when they publish at QoS 2, and what they published is not kept ($name)', async (cloud) => {
    await using rig = await Rig.open();
    await using report = start(pub, rig, { cloud, version: 'mqttv311' }, '-q', '2', '-t', cloud.topics.report(1), '-m', cloud.reportText({ level: 3 }));
    await rig.notices.first(({ text }) => text.includes('QoS 2'));
    report.kill('SIGKILL');
    expect(await rig.reported(cloud, 1)).toEqual({});
  });

  it.each(CLOUDS)('leave no will and no retained message behind ($name)', async (cloud) => {
    await using rig = await Rig.open();
    const topic = cloud.topics.custom(1);
    await using rude = await listening(rig, cloud, { topic }, '--will-topic', topic, '--will-payload', 'gone', '--will-qos', '1', '--will-retain');
    const gone = new Promise<void>((resolve) => rig.platform.once('offline', () => resolve()));
    rude.kill('SIGKILL');
    await gone;
    await using retained = start(pub, rig, { cloud, version: 'mqttv311' }, '-q', '1', '-r', '-t', topic, '-m', 'kept?');
    expect(await retained.end()).toMatchObject({ code: 0 });
    await using late = await listening(rig, cloud, { topic, count: 2 }, '-C', '1');
    await rig.platform.access.deliver(cloud.name, cloud.ref(1), { topic, payload: 'the first', qos: 0 }).delivered;
    await late.end();
    expect(late.stdout.all).toEqual(['the first']);
  });

  it.each(CLOUDS)('get no session back, though they ask for one ($name)', async (cloud) => {
    await using rig = await Rig.open();
    const topic = cloud.topics.custom(1);
    await using first = await listening(rig, cloud, { topic }, '-c', '-q', '1');
    const gone = new Promise<void>((resolve) => rig.platform.once('offline', () => resolve()));
    first.kill('SIGKILL');
    await gone;
    await expect(rig.platform.access.deliver(cloud.name, cloud.ref(1), { topic, payload: 'missed', qos: 1 }).delivered).rejects.toMatchObject({ code: 'offline' });
    await using again = await listening(rig, cloud, { topic, count: 2 }, '-c', '-q', '1', '-C', '1');
    await rig.platform.access.deliver(cloud.name, cloud.ref(1), { topic, payload: 'new', qos: 1 }).delivered;
    await again.end();
    expect(again.stdout.all).toEqual(['new']);
  });

  it('are told when their keepalive is not one of Huawei', async () => {
    await using rig = await Rig.open();
    await using report = start(pub, rig, { cloud: HUAWEI, version: 'mqttv311' }, '-k', '20', '-t', HUAWEI.topics.report(1), '-m', HUAWEI.reportText({ level: 1 }));
    expect(await report.end()).toMatchObject({ code: 2 });
    expect(report.stderr.all[0]).toMatch(/identifier rejected/i);
  });

  it('send any bytes and none at all, and another client gets them as they are', async () => {
    await using rig = await Rig.open();
    const file = path.join(await folder(), 'bytes');
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
    await writeFile(file, bytes);
    const other = await rig.foreign(HUAWEI, 2);
    const heard: Buffer[] = [];
    const both = new Promise<void>((resolve) => other.on('message', (_topic, payload) => (heard.push(payload), heard.length === 2 && resolve())));
    await other.subscribeAsync('free/bytes', { qos: 1 });
    for (const what of [['-f', file], ['-n']]) {
      await using report = start(pub, rig, { cloud: HUAWEI, version: 'mqttv311' }, '-q', '1', '-t', 'free/bytes', ...what);
      expect(await report.end()).toMatchObject({ code: 0 });
    }
    await both;
    expect(heard.map((each) => each.equals(bytes))).toEqual([true, false]);
    expect(heard[1]).toHaveLength(0);
  });

  it.each(CLOUDS)('report over TLS, and only to a platform that they trust ($name)', async (cloud) => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const port = String(rig.ports.mqtts);
    await using report = start(pub, rig, { cloud, version: 'mqttv311' }, '-p', port, '--cafile', rig.authority.file, '-q', '1', '-t', cloud.topics.report(1), '-m', cloud.reportText({ level: 3 }));
    expect(await report.end()).toEqual({ code: 0, signal: null });
    expect(await rig.reported(cloud, 1)).toEqual({ level: 3 });
    await using other = await Rig.open({ over: 'mqtts' });
    await using wary = start(pub, rig, { cloud, version: 'mqttv311' }, '-p', port, '--cafile', other.authority.file, '-q', '1', '-t', cloud.topics.report(1), '-m', cloud.reportText({ level: 4 }));
    expect((await wary.end()).code).not.toBe(0);
    await rig.notices.first(({ kind, text }) => kind === 'handshake-failed' && text.includes('does not trust'));
    expect(await rig.reported(cloud, 1)).toEqual({ level: 3 });
  });

  it('sign in with a certificate', async () => {
    await using rig = await Rig.open({ over: 'mqtts' });
    const { cert, key } = rig.authority.forDevice('lamp_1');
    const folder = path.dirname(rig.authority.file);
    const [certFile, keyFile] = [path.join(folder, 'own.pem'), path.join(folder, 'own.key')];
    await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key)]);
    rig.platform.registry.updateDevice('huawei', 'lamp_1', { authType: 'certificate', fingerprint: new X509Certificate(cert).fingerprint256.replaceAll(':', '') });
    const [{ clientId, username }, topic] = [HUAWEI.credentials(1), HUAWEI.topics.report(1)];
    const args = ['-h', '127.0.0.1', '-p', String(rig.ports.mqtts), '-i', clientId, '-u', username, '--cafile', rig.authority.file, '-q', '1', '-t', topic, '-m', HUAWEI.reportText({ level: 3 })];
    await using report = new Program(pub, [...args, '--cert', certFile, '--key', keyFile]);
    expect(await report.end()).toEqual({ code: 0, signal: null });
    expect(await rig.reported(HUAWEI, 1)).toEqual({ level: 3 });
    await using without = new Program(pub, args);
    expect((await without.end()).code).not.toBe(0);
  });
});

let made: string | undefined;
const folder = async (): Promise<string> => (made ??= await mkdtemp(path.join(tmpdir(), 'lianyun-mosquitto-')));
afterAll(async () => {
  if (made !== undefined) await rm(made, { recursive: true });
});
