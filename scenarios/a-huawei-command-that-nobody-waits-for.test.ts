import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStorage } from '@lianyun/platform';
import { FakeClock } from '@lianyun/protocol/testing';
import { Device, huawei, reply } from 'lianyun';
import { HUAWEI } from './support/clouds.ts';
import { happens, Rig } from './support/rig.ts';

const BLINK = { service_id: 'light', command_name: 'blink', paras: { times: 3 } };

interface Shown {
  readonly command_id: string;
  readonly status: string;
}

const create = async (rig: Rig, more: object = {}): Promise<string> => ((await rig.huawei('POST', '/devices/lamp_1/async-commands', { ...BLINK, ...more })).body as Shown).command_id;
const show = async (rig: Rig, id: string): Promise<Shown> => (await rig.huawei('GET', `/devices/lamp_1/async-commands/${id}`)).body as Shown;

/** Resolves when a command has a status that fits. */
async function ended(rig: Rig, id: string): Promise<Shown> {
  for (;;) {
    const shown = await show(rig, id);
    if (!['PENDING', 'SENT', 'DELIVERED'].includes(shown.status)) return shown;
  }
}

function lampOf(rig: Rig) {
  const lamp = rig.own(new Device({ dialect: huawei, identity: { deviceId: 'lamp_1', secret: 'secret-of-lamp-1' }, server: rig.server }));
  const blinked: unknown[] = [];
  lamp.commands.handle('blink', ({ args }) => {
    blinked.push(args['times']);
    return args['times'] === 9 ? reply({ code: 5, name: 'blink_rsp', output: { why: 'tired' } }) : { done: true };
  });
  return { lamp, blinked };
}

describe('A command that nobody waits for', () => {
  it('is brought to the device, and its answer is kept', async () => {
    await using rig = await Rig.open();
    const { lamp, blinked } = lampOf(rig);
    await lamp.connect();
    const { status, body } = await rig.huawei('POST', '/devices/lamp_1/async-commands', BLINK);
    expect(status).toBe(200);
    expect(body).toMatchObject({ device_id: 'lamp_1', ...BLINK, status: 'PENDING', send_strategy: 'delay', expire_time: 86_400 });
    expect(await ended(rig, (body as Shown).command_id)).toMatchObject({ status: 'SUCCESSFUL', result: { result_code: 0, paras: { done: true } }, sent_time: expect.stringMatching(/^\d{8}T\d{6}Z$/) });
    const refused = await create(rig, { paras: { times: 9 } });
    expect(await ended(rig, refused)).toMatchObject({ status: 'FAILED', result: { result_code: 5, response_name: 'blink_rsp', paras: { why: 'tired' } } });
    expect(blinked).toEqual([3, 9]);
  });

  it('waits for a device that is offline when it may, in its order, also over a restart of the platform; else it fails', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'lianyun-commands-'));
    try {
      const ids: string[] = [];
      {
        await using storage = openStorage({ directory });
        await using rig = await Rig.open({ storage });
        for (const times of [1, 2, 3]) ids.push(await create(rig, { paras: { times } }));
        expect(await show(rig, await create(rig, { send_strategy: 'immediately' }))).toMatchObject({ status: 'FAILED', result: { error_code: 'IOTDA.014016' } });
      }
      await using storage = openStorage({ directory });
      await using rig = await Rig.open({ storage });
      expect((await rig.huawei('GET', '/devices/lamp_1/async-commands?status=PENDING&limit=2')).body).toMatchObject({ commands: [{ command_id: ids[2] }, { command_id: ids[1] }], page: { count: 3 } });
      const { lamp, blinked } = lampOf(rig);
      await lamp.connect();
      for (const id of ids) expect(await ended(rig, id)).toMatchObject({ status: 'SUCCESSFUL' });
      expect(blinked).toEqual([1, 2, 3]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('expires when the device does not come in time', async () => {
    const clock = new FakeClock();
    await using rig = await Rig.open({ clock });
    const id = await create(rig, { send_strategy: 'delay', expire_time: 60 });
    clock.advance(59_999);
    expect(await show(rig, id)).toMatchObject({ status: 'PENDING' });
    clock.advance(1);
    expect(await show(rig, id)).toMatchObject({ status: 'EXPIRED' });
  });

  it('has been delivered when the device has it and says nothing, and is given up after its time', async () => {
    const clock = new FakeClock({ now: Date.now() });
    await using rig = await Rig.open({ clock });
    const mute = await rig.foreign(HUAWEI, 1);
    const heard = happens(mute, 'message');
    const id = await create(rig);
    await heard;
    for (;;) {
      const shown = await show(rig, id);
      if (shown.status === 'DELIVERED') {
        expect(shown).toMatchObject({ sent_time: expect.any(String), delivered_time: expect.any(String) });
        expect(shown).not.toHaveProperty('response_time');
        break;
      }
      expect(['PENDING', 'SENT']).toContain(shown.status);
    }
    expect((await rig.huawei('GET', '/devices/lamp_1/async-commands?status=DELIVERED')).body).toMatchObject({ commands: [{ command_id: id }] });
    clock.advance(20_000);
    expect(await ended(rig, id)).toMatchObject({ status: 'TIMEOUT' });
  });

  it('is gone with its device, also when it was on its way', async () => {
    await using rig = await Rig.open();
    const mute = await rig.foreign(HUAWEI, 1);
    const heard = happens(mute, 'message');
    const gone = happens(mute, 'close');
    await create(rig);
    await heard;
    expect((await rig.huawei('DELETE', '/devices/lamp_1')).status).toBe(204);
    await gone;
    // What follows from the end of its connection has happened by then.
    await rig.huawei('GET', '/devices/lamp_2');
    const { commands } = rig.platform.huawei;
    expect(await Promise.all((['queue', 'history'] as const).map(async (of) => (await commands.list('lamp_1', { of }, { limit: 9 })).total))).toEqual([0, 0]);
  });

  it('is in the queue until its end, then in the history, which is counted and filtered by time, name and state', async () => {
    const clock = new FakeClock();
    await using rig = await Rig.open({ clock });
    const stamp = (): string => new Date(clock.now()).toISOString().replace(/[-:]|\.\d+/g, '');
    const ids: string[] = [];
    const times: string[] = [];
    for (const expire_time of [60, 120, 600]) {
      times.push(stamp());
      ids.push(await create(rig, { expire_time }));
      clock.advance(10_000);
    }
    clock.advance(200_000);
    const list = async (path: string) => (await rig.huawei('GET', `/devices/lamp_1/${path}`)).body as { commands: Shown[]; page: { count?: number; marker: string } };
    const commandsOf = async (path: string) => (await list(path)).commands.map(({ command_id }) => command_id);
    expect(await list('async-commands')).toMatchObject({ commands: [{ command_id: ids[2], status: 'PENDING' }], page: { count: 1 } });
    const history = await list('async-commands-history?limit=1');
    expect(history.commands).toMatchObject([{ command_id: ids[1], status: 'EXPIRED', command_name: 'blink' }]);
    expect(history.commands[0]).not.toHaveProperty('paras');
    expect(history.page).toEqual({ marker: expect.stringMatching(/^[0-9a-f]{24}$/) });
    expect(await commandsOf(`async-commands-history?limit=1&marker=${history.page.marker}`)).toEqual([ids[0]]);
    expect(await commandsOf(`async-commands-history?start_time=${times[1]}`)).toEqual([ids[1]]);
    expect(await commandsOf(`async-commands-history?end_time=${times[1]}`)).toEqual([ids[0]]);
    expect(await commandsOf('async-commands-history?command_name=other')).toEqual([]);
    const count = async (query: string) => (await rig.huawei('POST', `/devices/lamp_1/async-commands-history/count${query}`)).body;
    expect([await count(''), await count(`?end_time=${times[1]}&status=EXPIRED`), await count('?status=FAILED')]).toEqual([{ count: 2 }, { count: 1 }, { count: 0 }]);
  });

  it('takes the place of the oldest when twenty wait for a device that is offline', async () => {
    await using rig = await Rig.open();
    const ids: string[] = [];
    for (let each = 0; each < 22; each++) ids.push(await create(rig));
    expect((await rig.huawei('GET', '/devices/lamp_1/async-commands')).body).toMatchObject({ page: { count: 20 } });
    for (const id of ids.slice(0, 2)) expect(await show(rig, id)).toMatchObject({ status: 'FAILED', result: { error_msg: expect.stringContaining('at most 20') } });
  });

  it('is refused in words when it is wrong', async () => {
    await using rig = await Rig.open();
    expect((await rig.huawei('POST', '/devices/lamp_1/async-commands', { ...BLINK, send_strategy: 'soon' })).body).toMatchObject({ error_code: 'IOTDA.000006', error_msg: expect.stringContaining('send_strategy') });
    expect((await rig.huawei('POST', '/devices/lamp_1/async-commands', { ...BLINK, paras: { times: 99 } })).body).toMatchObject({ error_code: 'IOTDA.000006' });
    expect((await rig.huawei('POST', '/devices/lamp_9/async-commands', BLINK)).body).toMatchObject({ error_code: 'IOTDA.014000' });
    expect((await rig.huawei('GET', '/devices/lamp_1/async-commands/none')).status).toBe(404);
  });
});
