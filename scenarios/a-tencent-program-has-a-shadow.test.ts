import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from 'lianyun';
import { openStorage } from '@lianyun/platform';
import { Rig } from './support/rig.ts';
import { TencentProgram } from './support/tencent-program.ts';

const TARGET = { ProductId: 'LAMP000001', DeviceName: 'lamp1' } as const;
const TOPIC = '$shadow/operation/result/LAMP000001/lamp1';
const HUB = '2021-04-08';

let rig: Rig;
let program: TencentProgram;

beforeEach(async () => {
  rig = await Rig.open();
  program = new TencentProgram(rig);
  await program.online();
});

afterEach(async () => {
  await program[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

const ask = async (action: string, parameters: object = {}): Promise<JsonObject> => (await rig.tencent(action, { ...TARGET, ...parameters }, HUB)).body as JsonObject;
const documentOf = async (): Promise<JsonObject> => JSON.parse((await ask('DescribeDeviceShadow'))['Data'] as string) as JsonObject;
const want = (desired: object | null, more: object = {}): Promise<JsonObject> => ask('UpdateDeviceShadow', { State: JSON.stringify({ desired }), ...more });

async function initialised(): Promise<void> {
  const [rc, mid] = program.explorer.shadowInit(...program.names, program.noted('shadowCb'));
  expect(rc).toBe(0);
  await program.hears('on_subscribe', (_, each) => each === mid);
}

/** The answer to a message with this token. */
async function answered(token: unknown): Promise<JsonObject> {
  const [topic, qos, payload, userdata] = await program.hears('shadowCb', (_topic, _qos, each) => (each as JsonObject)['clientToken'] === token);
  expect([topic, qos, userdata]).toEqual([TOPIC, 0, 'ud']);
  return payload as JsonObject;
}

async function updated(document: object): Promise<JsonObject> {
  program.explorer.shadowUpdate(...program.names, document, 0);
  return answered((document as { clientToken: unknown }).clientToken);
}

describe('A program in the words of Tencent’s own SDK', () => {
  it('reports to its shadow, reads it, and every type goes as it is', async () => {
    const { explorer, names } = program;
    expect(explorer.getShadow(...names)).toBeUndefined();
    await initialised();
    explorer.getShadow(...names);
    expect(await answered('LAMP000001-0')).toEqual({ type: 'get', result: 0, timestamp: expect.any(Number), clientToken: 'LAMP000001-0', payload: { state: {}, version: 0 } });
    const props = [{ key: 'count', data: 5, type: 'int' }, { key: 'heat', data: 1.75, type: 'float' }, { key: 'label', data: 'a "quoted" 灯', type: 'string' }, { key: 'on', data: 1, type: 'bool' }];
    const reported = { count: 5, heat: 1.75, label: 'a "quoted" 灯', on: 1 };
    const report = explorer.shadowJsonConstructReport(...names, ...props);
    expect(report).toEqual({ type: 'update', state: { reported }, clientToken: 'LAMP000001-1' });
    const at = expect.any(Number) as unknown;
    expect(await updated(report ?? {})).toEqual({ type: 'update', result: 0, timestamp: at, clientToken: 'LAMP000001-1', payload: { state: { reported }, timestamp: at, version: 1 } });
    explorer.getShadow(...names);
    expect(await answered('LAMP000001-2')).toMatchObject({ payload: { state: { reported }, version: 1 } });
    expect(await documentOf()).toMatchObject({ state: { reported }, version: 1 });
    // Members are merged, and null takes one back.
    expect(await updated({ type: 'update', state: { reported: { count: null, more: { x: 1 } } }, clientToken: 'own' })).toMatchObject({ payload: { version: 2 } });
    expect((await documentOf())['state']).toEqual({ reported: { heat: 1.75, label: 'a "quoted" 灯', on: 1, more: { x: 1 } } });
  });

  it('has no null in it where an object that was not there yet brings one', async () => {
    await initialised();
    await updated({ type: 'update', state: { reported: { place: { x: 1, y: null, deep: { z: null } } } }, clientToken: 'a' });
    await want({ mode: { name: 'eco', until: null } });
    expect((await documentOf())['state']).toEqual({ reported: { place: { x: 1, deep: {} } }, desired: { mode: { name: 'eco' } }, delta: { mode: { name: 'eco' } } });
    await updated({ type: 'update', state: { reported: { mode: { name: 'eco' } } }, clientToken: 'b' });
    expect(await documentOf()).toMatchObject({ state: { delta: {} } });
  });

  it('is told what is wanted of it, and says when that is done', async () => {
    const { explorer, names } = program;
    await initialised();
    await updated({ type: 'update', state: { reported: { level: 1, place: { x: 1, y: 2 } } }, clientToken: 'a' });
    expect(JSON.parse((await want({ level: 1, place: { x: 1, y: 3 }, mode: 'eco' }))['Data'] as string)).toMatchObject({ state: { delta: { place: { y: 3 }, mode: 'eco' } }, version: 2 });
    expect(await program.message('shadowCb', 'delta')).toEqual({ type: 'delta', timestamp: expect.any(Number), payload: { state: { place: { y: 3 }, mode: 'eco' }, timestamp: expect.any(Number), version: 2 } });
    explorer.getShadow(...names);
    expect(await answered('LAMP000001-0')).toMatchObject({ payload: { state: { desired: { level: 1, place: { x: 1, y: 3 }, mode: 'eco' }, delta: { place: { y: 3 }, mode: 'eco' } } } });
    await updated({ type: 'update', state: { reported: { place: { y: 3 }, mode: 'eco' } }, clientToken: 'b' });
    expect(await documentOf()).toMatchObject({ state: { delta: {} } });
    const clear = explorer.shadowJsonConstructDesireAllNull(...names) as { clientToken: string };
    expect(await updated(clear)).toMatchObject({ result: 0, payload: { version: 4 } });
    expect((await documentOf())['state']).toEqual({ reported: { level: 1, place: { x: 1, y: 3 }, mode: 'eco' } });
  });

  it('changes nothing with another version than the cloud has, and is shown that; a number as token comes back as text', async () => {
    await initialised();
    await updated({ type: 'update', state: { reported: { level: 1 } }, version: 0, clientToken: 'a' });
    await updated({ type: 'update', state: { reported: { level: 2 } }, version: 1, clientToken: 'b' });
    program.explorer.shadowUpdate(...program.names, { type: 'update', state: { reported: { level: 3 } }, version: 1, clientToken: 8480 });
    expect(await answered('8480')).toMatchObject({ type: 'update', result: 5005, payload: { state: { reported: { level: 2 } }, version: 2 } });
    expect(await want({ level: 9 }, { ShadowVersion: 1 })).toMatchObject({ Error: { Code: 'InvalidParameterValue.ShadowVersionConflict' } });
    expect(await documentOf()).toMatchObject({ state: { reported: { level: 2 } }, version: 2 });
    expect(await want({ level: 9 }, { ShadowVersion: 2 })).toHaveProperty('Data');
    await want(null);
    expect((await documentOf())['state']).toEqual({ reported: { level: 2 } });
  });

  it('finds its shadow as it was after a restart of the platform, until an application deletes it', async () => {
    // In memory where there is such a place, so that nobody waits for a busy disk to sync.
    const directory = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lianyun-shadow-'));
    try {
      for (const life of [1, 2]) {
        await using storage = openStorage({ directory });
        await using other = await Rig.open({ storage });
        await using own = new TencentProgram(other);
        await own.online();
        const [, mid] = own.explorer.shadowInit(...own.names, own.noted('shadowCb'));
        await own.hears('on_subscribe', (_, each) => each === mid);
        own.explorer.getShadow(...own.names);
        expect(await own.message('shadowCb', 'get')).toMatchObject({ payload: life === 1 ? { state: {}, version: 0 } : { state: { reported: { big: 2 ** 40 }, desired: { on: 1 } }, version: 2 } });
        if (life === 2) continue;
        own.explorer.shadowUpdate(...own.names, { type: 'update', state: { reported: { big: 2 ** 40 } }, clientToken: 'a' });
        await own.message('shadowCb', 'update');
        await other.tencent('UpdateDeviceShadow', { ...TARGET, State: '{"state":{"desired":{"on":1}}}' }, HUB);
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
    await initialised();
    await updated({ type: 'update', state: { reported: { level: 1 } }, clientToken: 'a' });
    expect(await ask('DeleteDeviceShadow')).toEqual({ RequestId: expect.any(String) });
    expect(await documentOf()).toEqual({ state: {}, metadata: {}, version: 0 });
  });

  it('may have any JSON in it, but not too much; what is no update is dropped', async () => {
    await initialised();
    const reported = { list: [1, [2, { x: null }]], text: '灯', flag: true };
    expect(await updated({ type: 'update', state: { reported }, clientToken: 'a' })).toMatchObject({ result: 0 });
    expect(await updated({ type: 'update', state: { reported: { much: 'x'.repeat(20_000) } }, clientToken: 'b' })).toMatchObject({ result: 5010, payload: { version: 1 } });
    const wrong = new Promise((resolve) => rig.platform.once('problem', resolve));
    program.explorer.shadowUpdate(...program.names, { type: 'update', state: { reported: 7 }, clientToken: 'c' });
    expect(await wrong).toMatchObject({ code: 'bad-frame', place: { path: '$.state.reported' } });
    for (const State of ['no json', '[]', '{"desired":7}', '{"reported":{}}']) expect(await ask('UpdateDeviceShadow', { State })).toMatchObject({ Error: { Code: 'InvalidParameterValue' } });
    expect(await ask('DescribeDeviceShadow', { DeviceName: 'nobody' })).toMatchObject({ Error: { Code: 'ResourceNotFound.DeviceNotExist' } });
    expect((await rig.tencent('DescribeDeviceShadow', TARGET)).body).toMatchObject({ Error: { Code: 'InvalidAction' } });
    expect((await rig.tencent('DescribeDevice', TARGET, HUB)).body).toMatchObject({ Error: { Code: 'InvalidAction' } });
  });
});
