// What a device written to the cloud's documents sees on the wire, to the member: answers, their order, and where there is none.
import type { JsonObject } from 'lianyun';
import type { MqttClient } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { TENCENT } from './support/clouds.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const NAME = 'LAMP000001/lamp1';
const PROPERTY = { up: `$thing/up/property/${NAME}`, down: `$thing/down/property/${NAME}` };
const EVENT = { up: `$thing/up/event/${NAME}`, down: `$thing/down/event/${NAME}` };

interface Heard {
  readonly topic: string;
  readonly qos: number;
  readonly body: JsonObject;
}

/** A foreign device that has subscribed what SDKs subscribe, and keeps what it hears. */
async function device(rig: Rig): Promise<{ readonly client: MqttClient; readonly heard: Log<Heard>; say(topic: string, body: object): Promise<unknown> }> {
  const client = await rig.foreign(TENCENT, 1);
  const heard = new Log<Heard>();
  client.on('message', (topic, payload, { qos }) => heard.add({ topic, qos, body: JSON.parse(payload.toString()) as JsonObject }));
  const granted = await client.subscribeAsync([PROPERTY.down, EVENT.down, `$thing/down/action/${NAME}`, `$sys/operation/result/${NAME}`, `$ota/update/${NAME}`], { qos: 1 });
  expect(granted.map(({ qos }) => qos)).toEqual([1, 1, 1, 1, 1]);
  return { client, heard, say: (topic, body) => client.publishAsync(topic, JSON.stringify(body), { qos: 1 }) };
}

describe('A Tencent device', () => {
  it('has report, report_info, get_status and clear_control answered with method, token, code and status', async () => {
    await using rig = await Rig.open();
    const { heard, say } = await device(rig);
    await say(PROPERTY.up, { method: 'report', clientToken: 'r-1', timestamp: 1_700_000_000_123, params: { level: 4 } });
    await say(PROPERTY.up, { method: 'report', clientToken: 'r-2', params: { level: 400 } });
    await say(PROPERTY.up, { method: 'report', clientToken: 'r-3', params: { colour: 1 } });
    await say(PROPERTY.up, { method: 'report_info', clientToken: 'i-1', params: { module_hardinfo: 'ESP8266', fw_ver: '3.1.4', device_label: { append_info: 'x' } } });
    await say(PROPERTY.up, { method: 'get_status', clientToken: 'g-1', type: 'report', showmeta: 0 });
    await say(PROPERTY.up, { method: 'clear_control', clientToken: 'c-1' });
    const answers = await heard.take(6);
    expect(answers.map(({ body }) => body)).toEqual([
      { method: 'report_reply', clientToken: 'r-1', code: 0, status: 'success' },
      { method: 'report_reply', clientToken: 'r-2', code: 406, status: expect.stringContaining('level') },
      { method: 'report_reply', clientToken: 'r-3', code: 406, status: expect.stringContaining('Not find PropertySchema') },
      { method: 'report_info_reply', clientToken: 'i-1', code: 0, status: 'success' },
      { method: 'get_status_reply', clientToken: 'g-1', code: 0, status: 'success', data: { reported: { level: 4 } } },
      { method: 'clear_control_reply', clientToken: 'c-1', code: 0, status: 'success' },
    ]);
    expect(answers.every(({ topic, qos }) => topic === PROPERTY.down && qos === 0)).toBe(true);
  });

  it('has one event answered by event_reply, a list by events_reply, and an unknown one refused in the same form', async () => {
    await using rig = await Rig.open();
    const { heard, say } = await device(rig);
    const burnt = { eventId: 'burnt', type: 'fault', timestamp: 1_700_000_000_123, params: { hours: 5 } };
    await say(EVENT.up, { method: 'event_post', clientToken: 'e-1', version: '1.0', ...burnt });
    await say(EVENT.up, { method: 'events_post', clientToken: 'e-2', events: [burnt, burnt] });
    await say(EVENT.up, { method: 'event_post', clientToken: 'e-3', ...burnt, eventId: 'exploded' });
    expect((await heard.take(3)).map(({ body }) => body)).toEqual([
      { method: 'event_reply', clientToken: 'e-1', code: 0, status: '', data: {} },
      { method: 'events_reply', clientToken: 'e-2', code: 0, status: '', data: {} },
      { method: 'event_reply', clientToken: 'e-3', code: 406, status: expect.stringContaining('exploded'), data: {} },
    ]);
  });

  it('gets control and action at QoS 0, however it subscribed, and hears nothing back when it has answered', async () => {
    await using rig = await Rig.open();
    const { heard, say } = await device(rig);
    await rig.set(TENCENT, 1, { level: 7 });
    const control = await heard.first(({ body }) => body['method'] === 'control');
    expect(control).toEqual({ topic: PROPERTY.down, qos: 0, body: { method: 'control', clientToken: expect.any(String), params: { level: 7 } } });
    await say(PROPERTY.up, { method: 'control_reply', clientToken: control.body['clientToken'], code: 0, status: '' });

    const call = rig.blink(TENCENT, 1, 2);
    const action = await heard.first(({ body }) => body['method'] === 'action');
    expect(action).toEqual({ topic: `$thing/down/action/${NAME}`, qos: 0, body: { method: 'action', clientToken: expect.any(String), actionId: 'blink', timestamp: expect.any(Number), params: { times: 2 } } });
    await say(`$thing/up/action/${NAME}`, { method: 'action_reply', clientToken: action.body['clientToken'], code: 0, status: 'ok', response: { blinked: 2 } });
    expect(await call).toMatchObject({ body: { OutputParams: '{"blinked":2}', Status: 'ok' } });
    await say(`$ota/report/${NAME}`, { type: 'report_progress', report: { progress: { state: 'downloading', percent: '10', result_code: '0', result_msg: '' }, version: '2' } });
    // A round trip later everything has arrived that ever will.
    await say(PROPERTY.up, { method: 'report', clientToken: 'last', params: { level: 7 } });
    await heard.first(({ body }) => body['clientToken'] === 'last');
    expect(heard.all).toHaveLength(3);
  });

  it('asks for the time and gets all three of its members, in seconds and milliseconds', async () => {
    await using rig = await Rig.open();
    const { heard, say } = await device(rig);
    const before = Date.now();
    await say(`$sys/operation/${NAME}`, { type: 'get', resource: ['time'] });
    const { topic, body } = await heard.first();
    expect({ topic, body }).toEqual({ topic: `$sys/operation/result/${NAME}`, body: { type: 'get', time: expect.any(Number), ntptime1: expect.any(Number), ntptime2: expect.any(Number) } });
    for (const name of ['ntptime1', 'ntptime2']) {
      expect(Number(body[name])).toBeGreaterThanOrEqual(before);
      expect(Number(body[name])).toBeLessThanOrEqual(Date.now());
    }
    expect(Math.abs(Number(body['time']) * 1000 - before)).toBeLessThan(3000);
  });

  it('is granted the topics that SDKs subscribe at their start, also where nothing comes yet, and nobody else’s', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(TENCENT, 1);
    const topics = ['$thing/down/service', '$shadow/operation/result', '$broadcast/rxd', '$config/operation/result', '$resource/down/service', '$log/operation/result'].map((family) => `${family}/${NAME}`);
    const granted = await client.subscribeAsync([...topics, `$rrpc/rxd/${NAME}/+`, `$iotrrpc/down/${NAME}/+`], { qos: 1 });
    expect(granted.map(({ qos }) => qos)).toEqual(Array.from({ length: 8 }, () => 1));
    for (const foreign of ['$broadcast/rxd/LAMP000001/lamp2', '$rrpc/rxd/LAMP000001/+/+', '$resource/down/service/#']) await expect(client.subscribeAsync(foreign), foreign).rejects.toThrow();
  });
});
