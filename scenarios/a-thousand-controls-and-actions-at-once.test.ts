import { FakeClock } from '@lianyun/protocol/testing';
import type { JsonObject } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { CLOUDS, HUAWEI } from './support/clouds.ts';
import { Log } from './support/log.ts';
import { Rig, type ApiAnswer } from './support/rig.ts';

const COUNT = 1000;
const each = Array.from({ length: COUNT }, (_, index) => index);

/** Numbers from 1 to 10, as the model of the lamp allows, and yet another answer for every call. */
const timesOf = (index: number): number => 1 + (index % 10);

describe.each(CLOUDS)('A device on $name', (cloud) => {
  it(`answers ${COUNT} actions while it is asked for ${COUNT} controls, in another order than they came, and no answer crosses`, async () => {
    // Time stands still: how long two thousand requests take on a busy machine is not the question.
    const clock = new FakeClock({ now: Date.now() });
    await using rig = await Rig.open({ clock });
    const device = rig.device(cloud, 1, { clock });
    const asked = new Log<readonly [number, () => void]>();
    const calls = Array.from({ length: 10 }, () => 0);
    device.commands.handle('blink', async ({ args }) => {
      const times = Number(args['times']);
      // Which of the calls with the same arguments it is: that has to stand in one answer each.
      const nth = (calls[times - 1] ??= 0);
      calls[times - 1] = nth + 1;
      await new Promise<void>((resolve) => asked.add([times, resolve]));
      return { blinked: times, nth };
    });
    const levels = new Log<JsonObject>();
    device.properties.onSet(({ groups }) => {
      const [group] = groups;
      levels.add(group?.values ?? {});
      return { code: Number(group?.values['level']) };
    });
    await device.connect();
    const actions = Promise.all(each.map((index) => rig.blink(cloud, 1, timesOf(index))));
    const controls = Promise.all(each.map((index) => rig.set(cloud, 1, { level: index % 100, label: `number ${index}` })));
    for (const [, answer] of (await asked.take(COUNT)).toReversed()) answer();
    const outputs = (await actions).map(({ body }: ApiAnswer): { readonly blinked: number; readonly nth: number } =>
      cloud === HUAWEI ? (body as { response: { paras: never } }).response.paras : (JSON.parse((body as { OutputParams: string }).OutputParams) as never),
    );
    expect(outputs.map(({ blinked }) => blinked)).toEqual(each.map(timesOf));
    // Each call has an answer of its own: none is given twice, none is lost.
    expect(new Set(outputs.map(({ blinked, nth }) => `${blinked}/${nth}`)).size).toBe(COUNT);
    const answers = (await controls).map(({ body }) => body);
    if (cloud === HUAWEI) expect(answers.map((body) => (body as { response: { result_code: number } }).response.result_code)).toEqual(each.map((index) => index % 100));
    else expect(answers.map((body) => (body as { Result: string }).Result)).toEqual(each.map(() => '{"Sent":1,"pushResult":0}'));
    expect(new Set((await levels.take(COUNT)).map(({ label }) => label)).size).toBe(COUNT);
    expect([levels.all.length, asked.all.length, rig.told(device).problems.all]).toEqual([COUNT, COUNT, []]);
    // Two thousand connections of applications take their time on a busy machine.
  }, 120_000);
});
