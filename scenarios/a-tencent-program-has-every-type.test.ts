import { once } from 'node:events';
import fc from 'fast-check';
import { parseExact, stringifyExact } from '@lianyun/protocol';
import type { JsonObject, JsonValue } from 'lianyun';
import { ReplyPara } from 'lianyun/tencent';
import { describe, expect, it } from 'vitest';
import { TENCENT } from './support/clouds.ts';
import { Rig } from './support/rig.ts';
import { TencentProgram } from './support/tencent-program.ts';
import { TENCENT_TYPES, type Sample, type Wrong } from './support/vendor-types.ts';

const NAMES = { ProductId: 'LAMP000001', DeviceName: 'lamp1' } as const;
const KINDS = ['info', 'alert', 'fault'] as const;

/** A declaration, some values that it allows, and one that it does not. */
interface Case {
  readonly id: string;
  readonly define: Sample['define'];
  readonly good: readonly JsonValue[];
  readonly wrong: Wrong;
}

/** One of every type, as a property, a parameter of an event, and one of an action. */
const cases: fc.Arbitrary<readonly Case[]> = fc.tuple(
  ...Object.values(TENCENT_TYPES).map((type, index) =>
    type.chain(({ define, good, wrong }) => fc.record({ id: fc.constant(`p${index}`), define: fc.constant(define), good: fc.array(good, { minLength: 2, maxLength: 2 }), wrong }, { noNullPrototype: true })),
  ),
);

const templateOf = (all: readonly Case[]): JsonObject => {
  const params = all.map(({ id, define }) => ({ id, name: id, desc: '', define }));
  return {
    version: '1.0',
    profile: { ProductId: 'LAMP000001', CategoryId: '1' },
    properties: params.map((each) => ({ ...each, mode: 'rw', required: false })),
    events: KINDS.map((type) => ({ id: `e_${type}`, name: type, desc: '', type, required: false, params })),
    actions: [{ id: 'go', name: 'go', desc: '', required: false, input: params, output: params }],
  };
};

/** As JSON has it: -0 is 0. */
const asJson = (value: unknown): unknown => parseExact(stringifyExact(value));
const valuesOf = (all: readonly Case[], which: 0 | 1): JsonObject => Object.fromEntries(all.map(({ id, good }) => [id, good[which] ?? null]));

describe('A program with any template', () => {
  it('reports, is set, tells of events and is called with every value that the template allows, and is refused any other in the platform’s words', async () => {
    await using rig = await Rig.open();
    await using program = new TencentProgram(rig);
    const { explorer, names } = program;
    await program.online();
    let template = 0;

    const heard = async (callback: string, token: string): Promise<JsonObject> => (await program.hears(callback, (_topic, _qos, payload) => (payload as JsonObject)['clientToken'] === token))[2] as JsonObject;
    const reported = async (values: JsonObject): Promise<JsonObject> => {
      const message = explorer.templateJsonConstructReportArray(...names, values) as { clientToken: string };
      explorer.templateReport(...names, message);
      return heard('propertyCb', message.clientToken);
    };
    const posted = async (kind: string, params: JsonObject): Promise<JsonObject> => {
      const count = program.told.all.filter(({ name }) => name === 'eventCb').length;
      explorer.templateEventPost(...names, { events: [{ eventId: `e_${kind}`, type: kind, timestamp: 1_700_000_000_000, params }] });
      await program.told.first(() => program.told.all.filter(({ name }) => name === 'eventCb').length > count);
      return program.told.all.filter(({ name }) => name === 'eventCb').at(-1)?.args[2] as JsonObject;
    };

    await fc.assert(
      fc.asyncProperty(cases, async (all) => {
        const document = templateOf(all);
        expect((await rig.tencent('ModifyModelDefinition', { ProductId: 'LAMP000001', ModelSchema: JSON.stringify(document) })).body).not.toHaveProperty('Error');
        const [, mid] = explorer.templateInit(...names, ...program.callbacks);
        await program.hears('on_subscribe', (_, each) => each === mid);
        expect(explorer.templateSetup(...names, program.write(`template${template++}.json`, document))).toBe(0);
        expect([explorer.getPropertyList(...names)?.length, explorer.getEventsList(...names)?.length, explorer.getActionList(...names)?.length]).toEqual([all.length, 3, 1]);

        for (const which of [0, 1] as const) {
          const values = valuesOf(all, which);
          expect(await reported(values)).toMatchObject({ method: 'report_reply', code: 0 });
          expect(await rig.reported(TENCENT, 1)).toEqual(asJson(values));
          const told = program.told.all.length;
          expect(await rig.set(TENCENT, 1, values)).toMatchObject({ body: { Result: expect.stringContaining('"Sent":1') } });
          const control = await program.told.first((call) => program.told.all.indexOf(call) >= told && (call.args[2] as JsonObject | undefined)?.['method'] === 'control');
          expect(asJson((control.args[2] as { params: JsonObject }).params)).toEqual(asJson(values));

          const event = once(rig.platform, 'event');
          expect(await posted(KINDS[which], values)).toMatchObject({ method: 'events_reply', code: 0 });
          expect(asJson(((await event) as [{ event: { params: JsonObject } }])[0].event.params)).toEqual(asJson(values));

          const before = program.told.all.length;
          const calling = rig.tencent('CallDeviceActionSync', { ...NAMES, ActionId: 'go', InputParams: stringifyExact(values) });
          const action = (await program.told.first((call) => program.told.all.indexOf(call) >= before && call.name === 'actionCb')).args[2] as { clientToken: string; params: JsonObject };
          expect(asJson(action.params)).toEqual(asJson(values));
          const output = valuesOf(all, which === 0 ? 1 : 0);
          explorer.templateActionReply(...names, action.clientToken, output, Object.assign(new ReplyPara(), { code: 0, status_msg: 'ok' }));
          expect(parseExact(((await calling).body as { OutputParams: string }).OutputParams)).toEqual(asJson(output));
        }

        const stored = await rig.reported(TENCENT, 1);
        for (const { id, wrong } of all) {
          const values = { ...valuesOf(all, 0), [id]: wrong.value };
          const refusal = { code: 406, status: expect.stringContaining(wrong.status) };
          expect(await reported({ [id]: wrong.value })).toMatchObject(refusal);
          expect(await posted('info', values)).toMatchObject(refusal);
          expect((await rig.set(TENCENT, 1, { [id]: wrong.value })).body).toMatchObject({ Error: { Code: expect.stringMatching(/^InvalidParameter/) } });
          expect((await rig.tencent('CallDeviceActionSync', { ...NAMES, ActionId: 'go', InputParams: stringifyExact(values) })).body).toMatchObject({ Error: { Code: 'InvalidParameter.ActionInputParamsInvalid' } });
        }
        expect(await rig.reported(TENCENT, 1)).toEqual(stored);
        explorer.templateDeinit(...names);
        program.told.all.length = 0;
      }),
      { numRuns: 3 },
    );
  }, 180_000);
});
