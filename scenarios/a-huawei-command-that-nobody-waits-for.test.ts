import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStorage } from '@lianyun/platform';
import { FakeClock } from '@lianyun/protocol/testing';
import { Device, huawei, reply } from 'lianyun';
import { Rig } from './support/rig.ts';

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
    if (!['PENDING', 'SENT'].includes(shown.status)) return shown;
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
    expect(body).toMatchObject({ device_id: 'lamp_1', ...BLINK, status: 'PENDING', send_strategy: 'immediately', expire_time: 86_400 });
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
        for (const times of [1, 2, 3]) ids.push(await create(rig, { paras: { times }, send_strategy: 'delay' }));
        expect(await show(rig, await create(rig))).toMatchObject({ status: 'FAILED', result: { error_code: 'IOTDA.014016' } });
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

  it('is refused in words when it is wrong', async () => {
    await using rig = await Rig.open();
    expect((await rig.huawei('POST', '/devices/lamp_1/async-commands', { ...BLINK, send_strategy: 'soon' })).body).toMatchObject({ error_code: 'IOTDA.000006', error_msg: expect.stringContaining('send_strategy') });
    expect((await rig.huawei('POST', '/devices/lamp_1/async-commands', { ...BLINK, paras: { times: 99 } })).body).toMatchObject({ error_code: 'IOTDA.000006' });
    expect((await rig.huawei('POST', '/devices/lamp_9/async-commands', BLINK)).body).toMatchObject({ error_code: 'IOTDA.014000' });
    expect((await rig.huawei('GET', '/devices/lamp_1/async-commands/none')).status).toBe(404);
  });
});
