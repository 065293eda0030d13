import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from 'lianyun';
import { ReplyPara } from 'lianyun/tencent';
import { SEED } from './support/clouds.ts';
import { Rig } from './support/rig.ts';
import { TencentProgram } from './support/tencent-program.ts';

const INT = { type: 'int', min: '0', max: '100', start: '0', step: '1', unit: '' };
const property = (id: string, define: object): object => ({ id, name: id, desc: '', mode: 'rw', define });
const LABELS = { 0: 'off', 1: 'on' };

/** Every type, events of the three kinds, an action with input and output (reference 2.10). */
const TEMPLATE = {
  version: '1.0',
  profile: { ProductId: 'LAMP000001', CategoryId: '1' },
  properties: [
    property('flag', { type: 'bool', mapping: LABELS }),
    property('count', INT),
    property('heat', { ...INT, type: 'float', min: '-10', max: '10' }),
    property('color', { type: 'enum', mapping: { 0: 'Red', 1: 'Green' } }),
    property('mode', { type: 'stringenum', mapping: { auto: 'Auto', eco: 'Eco' } }),
    property('name', { type: 'string', min: '0', max: '8' }),
    property('seen', { type: 'timestamp' }),
    property('place', { type: 'struct', specs: [{ id: 'x', name: 'x', dataType: INT }, { id: 'on', name: 'on', dataType: { type: 'bool', mapping: LABELS } }] }),
    property('list', { type: 'array', arrayInfo: INT }),
  ],
  events: ['info', 'alert', 'fault'].map((type) => ({ id: `${type}_event`, name: type, desc: '', type, required: false, params: [{ id: 'why', name: 'why', define: { type: 'string', min: '0', max: '32' } }] })),
  actions: [{ id: 'go', name: 'go', desc: '', required: false, input: [{ id: 'far', name: 'far', define: INT }], output: [{ id: 'done', name: 'done', define: INT }] }],
};

const GOOD: JsonObject = { flag: 1, count: 7, heat: 1.5, color: 1, mode: 'eco', name: 'lamp', seen: 1_700_000_000, place: { x: 3, on: 0 }, list: [1, 2, 3] };
const NAMES = { ProductId: 'LAMP000001', DeviceName: 'lamp1' } as const;

let rig: Rig;
let program: TencentProgram;

beforeEach(async () => {
  const [product] = SEED.tencent.products;
  rig = await Rig.open({ seed: JSON.stringify({ tencent: { ...SEED.tencent, products: [{ ...product, template: TEMPLATE }] } }) });
  program = new TencentProgram(rig);
  await program.online();
  program.explorer.templateInit(...program.names, ...program.callbacks);
  await program.told.first(() => program.told.all.filter(({ name }) => name === 'on_subscribe').length === 4);
  expect(program.explorer.templateSetup(...program.names, program.write('template.json', TEMPLATE))).toBe(0);
});

afterEach(async () => {
  await program[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

/** What the platform answers to a report. */
async function answerTo(values: JsonObject): Promise<JsonObject> {
  const report = program.explorer.templateJsonConstructReportArray(...program.names, values) as { clientToken: string };
  program.explorer.templateReport(...program.names, report);
  const [, , payload] = await program.hears('propertyCb', (_topic, _qos, each) => (each as JsonObject)['clientToken'] === report.clientToken);
  return payload as JsonObject;
}

const reply = (): ReplyPara => Object.assign(new ReplyPara(), { code: 0, status_msg: 'ok' });

describe('A data template with every type', () => {
  it('lists them, and takes a value of each up', async () => {
    expect(program.explorer.getPropertyList(...program.names)?.map(({ key, type, data }) => [key, type, data])).toEqual([
      ['flag', 'bool', 0],
      ['count', 'int', 0],
      ['heat', 'float', 0],
      ['color', 'enum', 0],
      ['mode', 'stringenum', ''],
      ['name', 'string', ''],
      ['seen', 'timestamp', 0],
      ['place', 'struct', { x: 0, on: 0 }],
      ['list', 'array', []],
    ]);
    expect(await answerTo(GOOD)).toMatchObject({ method: 'report_reply', code: 0 });
    expect(rig.platform.twins.read('tencent', 'LAMP000001/lamp1')[0]?.reported?.values).toEqual(GOOD);
  });

  it.each([
    ['a number out of range', { count: 101 }, /count.*101.*\[0,100\]/],
    ['an enum given as text', { color: '1' }, /color.*"1"/],
    ['an enum of another value', { color: 7 }, /color/],
    ['another word of a stringenum', { mode: 'turbo' }, /mode/],
    ['true for a bool', { flag: true }, /flag.*true/],
    ['a text that is too long', { name: 'a lamp with a long name' }, /name/],
    ['a wrong element of an array', { list: [1, 101] }, /list/],
    ['a property that there is not', { nothing: 1 }, /Not find PropertySchema/],
  ] as const)('refuses %s with 406 and the platform’s own text, and the program is told', async (_, values, text) => {
    const answer = await answerTo(values);
    expect(answer).toMatchObject({ code: 406, status: expect.stringMatching(text) });
    expect(program.problems.all.at(-1)?.message).toContain('406');
  });

  it('takes a report without a token, which has no answer, and answers each of two with the same token; what has a wrong type is dropped and told', async () => {
    const { explorer, names } = program;
    const answers = (): JsonObject[] => program.told.all.filter(({ name }) => name === 'propertyCb').map(({ args }) => args[2] as JsonObject);
    for (const message of [{ count: 1 }, { count: 2 }, { count: 3 }]) explorer.templateReport(...names, { method: 'report', params: message });
    for (const count of [4, 101, 5]) explorer.templateReport(...names, { method: 'report', clientToken: 'the same', params: { count } });
    // Behind all of them.
    expect(await answerTo({ flag: 1 })).toMatchObject({ code: 0 });
    expect(answers().map(({ clientToken, code }) => [clientToken, code])).toEqual([['the same', 0], ['the same', 406], ['the same', 0], [expect.stringMatching(/^LAMP000001-/), 0]]);
    expect(rig.platform.twins.read('tencent', 'LAMP000001/lamp1')[0]?.reported?.values).toEqual({ count: 5, flag: 1 });
    for (const message of [{ method: 'report', clientToken: {}, params: {} }, { method: 'report', clientToken: 'x', params: 7 }, { clientToken: 'x' }]) {
      const dropped = once(rig.platform, 'problem');
      explorer.templateReport(...names, message);
      expect(await dropped).toMatchObject([{ code: 'bad-frame' }]);
    }
  });

  it('refuses a struct with a member that there is not, naming it', async () => {
    expect(await answerTo({ place: { x: 3, y: 4 } })).toMatchObject({ code: 406, status: expect.stringContaining('place') });
  });

  it('takes a value of each down, and refuses what the template does not allow before it is sent', async () => {
    expect(await rig.tencent('ControlDeviceData', { ...NAMES, Data: JSON.stringify(GOOD) })).toMatchObject({ body: { Result: expect.stringContaining('"Sent":1') } });
    expect(await program.message('propertyCb', 'control')).toMatchObject({ params: GOOD });
    for (const wrong of [{ count: 101 }, { color: '1' }, { nothing: 1 }]) expect(await rig.tencent('ControlDeviceData', { ...NAMES, Data: JSON.stringify(wrong) })).toMatchObject({ body: { Error: { Code: expect.stringMatching(/^InvalidParameter/) } } });
  });

  it.each(['info', 'alert', 'fault'])('posts an event of the kind %s', async (kind) => {
    const event = once(rig.platform, 'event');
    program.explorer.templateEventPost(...program.names, { events: [{ eventId: `${kind}_event`, type: kind, timestamp: Date.now(), params: { why: 'so' } }] });
    expect(await program.message('eventCb', 'events_reply')).toMatchObject({ code: 0 });
    expect(await event).toMatchObject([{ event: { name: `${kind}_event`, params: { why: 'so' } } }]);
  });

  it('calls an action with input and output, and refuses input that the template does not allow', async () => {
    const call = (far: unknown) => rig.tencent('CallDeviceActionSync', { ...NAMES, ActionId: 'go', InputParams: JSON.stringify({ far }) });
    const calling = call(5);
    const action = await program.message('actionCb', 'action');
    expect(action).toMatchObject({ actionId: 'go', params: { far: 5 } });
    program.explorer.templateActionReply(...program.names, action['clientToken'] as string, { done: 5 }, reply());
    expect(await calling).toMatchObject({ body: { OutputParams: '{"done":5}', Status: 'ok' } });
    expect(await call(500)).toMatchObject({ body: { Error: { Code: 'InvalidParameter.ActionInputParamsInvalid' } } });
  });
});
