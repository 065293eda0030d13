import { once } from 'node:events';
import { FakeClock } from '@lianyun/protocol/testing';
import { expect, it } from 'vitest';
import { Broker } from './support/broker.ts';
import { HUAWEI } from './support/clouds.ts';
import { describeForeign } from './support/foreign.ts';
import { Log } from './support/log.ts';
import { Program } from './support/program.ts';

const REPORTS = '$oc/devices/lamp_1/sys/properties/report';

const VERSIONS = [
  { mqttVersion: 4, name: '3.1.1' },
  { mqttVersion: 5, name: '5' },
] as const;

describeForeign(['mosquitto', 'mosquitto_pub', 'mosquitto_sub'], 'A device on a broker that is no cloud at all', (mosquitto, pub, sub) => {
  /** mosquitto_sub, subscribed: it ends with `count` messages, which are then its lines. */
  async function listen(broker: Broker, filter: string, count: number): Promise<Program> {
    const program = new Program(sub, ['-h', '127.0.0.1', '-p', String(broker.port), '-i', 'listener', '-v', '-q', '1', '-C', String(count), '-t', filter]);
    await broker.logged(/Sending SUBACK to listener/);
    return program;
  }

  async function publish(broker: Broker, topic: string, text: string, ...args: readonly string[]): Promise<void> {
    await using program = new Program(pub, ['-h', '127.0.0.1', '-p', String(broker.port), '-q', '1', '-t', topic, '-m', text, ...args]);
    expect(await program.end()).toMatchObject({ code: 0 });
  }

  it.each(VERSIONS)('reports, and the PUBACK settles the receipt (MQTT $name)', async ({ mqttVersion }) => {
    await using broker = await Broker.start(mosquitto);
    await using device = HUAWEI.device(1, `mqtt://127.0.0.1:${broker.port}`, { mqttVersion });
    await using listener = await listen(broker, REPORTS, 2);
    await device.connect();
    const receipts = [1, 2].map((level) => device.properties.report(HUAWEI.group({ level })));
    for (const receipt of receipts) {
      await receipt.stored;
      await receipt.delivered;
    }
    expect(device.pending).toEqual({ count: 0, bytes: 0 });
    await listener.end();
    expect(listener.stdout.all).toEqual([1, 2].map((level) => `${REPORTS} ${HUAWEI.reportText({ level })}`));
  });

  it.each(VERSIONS)('answers a command that mosquitto_pub injects, once it has subscribed what no cloud does for it here (MQTT $name)', async ({ mqttVersion }) => {
    await using broker = await Broker.start(mosquitto);
    await using device = HUAWEI.device(1, `mqtt://127.0.0.1:${broker.port}`, { mqttVersion });
    device.commands.handle('blink', async ({ args }) => {
      await Promise.resolve();
      return { blinked: args.times ?? null };
    });
    device.topics.subscribe('$oc/devices/lamp_1/sys/commands/#', () => undefined);
    await device.connect();
    await using listener = await listen(broker, '$oc/devices/lamp_1/sys/commands/response/#', 1);
    await publish(broker, '$oc/devices/lamp_1/sys/commands/request_id=abc', '{"service_id":"light","command_name":"blink","paras":{"times":3}}');
    await listener.end();
    expect(listener.stdout.all).toEqual(['$oc/devices/lamp_1/sys/commands/response/request_id=abc {"result_code":0,"paras":{"blinked":3}}']);
  });

  it.each(VERSIONS)('uses topics of its own in both directions (MQTT $name)', async ({ mqttVersion }) => {
    await using broker = await Broker.start(mosquitto);
    await using device = HUAWEI.device(1, `mqtt://127.0.0.1:${broker.port}`, { mqttVersion });
    const heard = new Log<string>();
    device.topics.subscribe('garden/+/door', ({ topic, payload }) => heard.add(`${topic} ${payload.toString()}`));
    await device.connect();
    await publish(broker, 'garden/east/door', 'open');
    expect(await heard.first()).toBe('garden/east/door open');
    await using listener = await listen(broker, 'garden/#', 1);
    await device.topics.publish('garden/west/door', 'shut').delivered;
    await listener.end();
    expect(listener.stdout.all).toEqual(['garden/west/door shut']);
  });

  it('gives and gets what MQTT 5 has beside a message, by topic alias from the second on', async () => {
    await using broker = await Broker.start(mosquitto);
    await using device = HUAWEI.device(1, `mqtt://127.0.0.1:${broker.port}`, { mqttVersion: 5 });
    const heard = new Log<unknown>();
    device.topics.subscribe('garden/door', ({ payload, properties }) => heard.add([payload.toString(), properties]));
    await device.connect();
    await publish(broker, 'garden/door', 'open', '-V', '5', '-D', 'publish', 'user-property', 'a', '1', '-D', 'publish', 'response-topic', 'answers', '-D', 'publish', 'correlation-data', 'c-1', '-D', 'publish', 'message-expiry-interval', '60');
    expect(await heard.first()).toEqual(['open', { userProperties: [['a', '1']], responseTopic: 'answers', correlationData: Buffer.from('c-1'), expirySeconds: 60 }]);
    await using listener = new Program(sub, ['-h', '127.0.0.1', '-p', String(broker.port), '-V', '5', '-i', 'listener', '-q', '1', '-C', '3', '-F', '%t %p|%P|%C', '-t', 'garden/#']);
    await broker.logged(/Sending SUBACK to listener/);
    for (const text of ['1', '2', '3']) await device.topics.publish('garden/window', text, { properties: { userProperties: [['n', text]], contentType: 'text/plain' } }).delivered;
    await listener.end();
    expect(listener.stdout.all).toEqual(['1', '2', '3'].map((text) => `garden/window ${text}|n:${text}|text/plain`));
  });

  it('outlives the broker: what it reported meanwhile arrives in order when the broker is back', async () => {
    await using broker = await Broker.start(mosquitto);
    // The device tries again when the test says so, not when chance does.
    const clock = new FakeClock({ now: Date.now() });
    await using device = HUAWEI.device(1, `mqtt://127.0.0.1:${broker.port}`, { clock });
    await device.connect();
    await device.properties.report(HUAWEI.group({ level: 0 })).delivered;

    const isOffline = once(device as never, 'offline') as Promise<[{ reason: string; nextAttemptMs: number }]>;
    await broker.kill();
    const [{ reason, nextAttemptMs }] = await isOffline;
    expect(reason).toBe('network');
    const receipts = Array.from({ length: 50 }, (_, index) => device.properties.report(HUAWEI.group({ level: index + 1 })));
    await Promise.all(receipts.map(({ stored }) => stored));
    expect(device.pending.count).toBe(50);

    await broker.restart();
    await using listener = await listen(broker, REPORTS, 50);
    clock.advance(nextAttemptMs);
    await Promise.all(receipts.map(({ delivered }) => delivered));
    await listener.end();
    expect(listener.stdout.all).toEqual(Array.from({ length: 50 }, (_, index) => `${REPORTS} ${HUAWEI.reportText({ level: index + 1 })}`));
    expect(device.pending).toEqual({ count: 0, bytes: 0 });
  });
});
