// The disk under the test's control: when a sync to it ends, and whether it succeeds. What is told to be stored must be in what was synced by then.
import { createHmac } from 'node:crypto';
import { cpSync, statSync } from 'node:fs';
import { connectAsync } from 'mqtt';
import type { LianyunError } from '@lianyun/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Platform } from '../platform.ts';
import { openStorage, type Storage } from './storage.ts';
import { Folder, HandClock } from './storage.fixtures.ts';

type Done = (error: Error | null) => void;
type Fdatasync = (fd: number, done: Done) => void;

const disk = vi.hoisted(() => ({
  /** What a sync does; undefined: what it always does. */
  onSync: undefined as ((really: () => void, done: Done) => void) | undefined,
}));

vi.mock(import('node:fs'), async (importOriginal) => {
  const original = await importOriginal();
  const really: Fdatasync = original.fdatasync;
  const fdatasync: Fdatasync = (fd, done) => {
    if (disk.onSync === undefined) really(fd, done);
    else disk.onSync(() => really(fd, done), done);
  };
  return { ...original, fdatasync: fdatasync as typeof original.fdatasync };
});

afterEach(() => {
  disk.onSync = undefined;
});

/** Syncs that end when they are told. */
class HeldSyncs {
  readonly #held: { readonly really: () => void; readonly done: Done }[] = [];
  readonly #waiting: (() => void)[] = [];
  count = 0;

  constructor() {
    disk.onSync = (really, done) => {
      this.count++;
      this.#held.push({ really, done });
      for (const resolve of this.#waiting.splice(0)) resolve();
    };
  }

  /** Resolves when a sync has begun and not ended. */
  async begun(): Promise<void> {
    while (this.#held.length === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Lets those end that have begun; with an error, they fail. */
  async end(error?: Error): Promise<void> {
    await this.begun();
    for (const { really, done } of this.#held.splice(0)) {
      if (error === undefined) really();
      else done(error);
    }
  }
}

const EIO = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
const clock = new HandClock();
const open = (folder: Folder) => openStorage({ directory: folder.path, clock });
const report = (storage: Storage, x: number): void => void storage.twins.report('huawei', 'd', [{ values: { x } }], clock.at);
const values = (storage: Storage) => storage.history.query({ cloud: 'huawei', device: 'd', property: 'x', from: 0, to: clock.at, limit: 9 }).points.map(({ value }) => value);
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Whether a promise has settled by the end of this turn of the event loop, and the next. */
async function hasSettled(promise: Promise<unknown> | undefined): Promise<boolean> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  promise?.then(settle, settle);
  await turn();
  await turn();
  return isSettled;
}

describe('what was written', () => {
  it('is stored when the disk says so, and not when it is committed', async () => {
    using folder = new Folder();
    await using storage = open(folder);
    await storage.stored();
    const syncs = new HeldSyncs();
    report(storage, 1);
    const stored = storage.stored();
    await syncs.begun();
    expect(await hasSettled(stored)).toBe(false);
    await syncs.end();
    await stored;
    expect(storage.stored()).toBeUndefined();
    disk.onSync = undefined;
  });

  it('while the disk is busy goes on together, and waits for a sync of its own', async () => {
    using folder = new Folder();
    await using storage = open(folder);
    await storage.stored();
    const syncs = new HeldSyncs();
    report(storage, 1);
    const first = storage.stored();
    await syncs.begun();
    for (let x = 2; x < 6; x++) {
      report(storage, x);
      await turn();
    }
    const second = storage.stored();
    await syncs.end();
    await first;
    expect(await hasSettled(second)).toBe(false);
    await syncs.end();
    await second;
    expect([syncs.count, values(storage)]).toEqual([2, [5, 4, 3, 2, 1]]);
    disk.onSync = undefined;
  });

  it('is in the files as they were when the last sync that ended before its word began: a power cut takes the rest', async () => {
    using folder = new Folder();
    using synced = new Folder();
    const storage = open(folder);
    await storage.stored();
    const keep = (really: () => void): void => {
      // What comes after this moment may be lost; what was there is on the disk when the sync has ended.
      cpSync(folder.path, synced.path, { recursive: true, force: true });
      really();
    };
    for (let x = 1; x <= 20; x++) {
      disk.onSync = keep;
      report(storage, x);
      await storage.stored();
      disk.onSync = undefined;
      using cut = new Folder();
      cpSync(synced.path, cut.path, { recursive: true });
      await using afterwards = open(cut);
      expect(values(afterwards)[0]).toBe(x);
    }
    await storage.close();
  });
});

describe('a sync that fails', () => {
  it('is told once, rejects for all that waited for it, and has the log moved into the file before anything is stored again', async () => {
    using folder = new Folder();
    const storage = open(folder);
    await storage.stored();
    const faults: LianyunError[] = [];
    storage.onFault((fault) => faults.push(fault));
    const syncs = new HeldSyncs();
    report(storage, 1);
    const lost = [storage.stored(), storage.stored()];
    for (const each of lost) each?.catch(() => undefined);
    await syncs.begun();
    report(storage, 2);
    const next = storage.stored();
    await syncs.end(EIO);
    for (const each of lost) await expect(each).rejects.toMatchObject({ code: 'storage-failed', message: expect.stringMatching(/EIO/) });
    await syncs.begun();
    // Behind a hole in the log nothing counts: all of it is in the file by now, and the log is empty.
    expect(statSync(folder.file('lianyun.db-wal')).size).toBe(0);
    await syncs.end();
    await next;
    expect(faults).toHaveLength(1);
    expect(values(storage)).toEqual([2, 1]);
    disk.onSync = undefined;
    await storage.close();
  });

  it('leaves nobody with a rejection that nobody handles', async () => {
    using folder = new Folder();
    const storage = open(folder);
    await storage.stored();
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    const syncs = new HeldSyncs();
    report(storage, 1);
    await syncs.end(EIO);
    await turn();
    await turn();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
    disk.onSync = undefined;
    await storage.close();
  });
});

interface Running extends AsyncDisposable {
  readonly platform: Platform;
  readonly storage: Storage;
  readonly port: number;
  readonly problems: readonly LianyunError[];
}

/** A platform over a folder with the Huawei device `p_d`, whose secret is `secret`. */
async function startPlatform(folder: Folder): Promise<Running> {
  const storage = openStorage({ directory: folder.path });
  const platform = new Platform({ keys: { huawei: [], tencent: [] }, storage });
  const problems: LianyunError[] = [];
  platform.on('problem', (problem) => problems.push(problem));
  platform.registry.createProduct({ cloud: 'huawei', productId: 'p', name: 'p' });
  platform.registry.createDevice({ cloud: 'huawei', productId: 'p', nodeId: 'd', secret: 'secret' });
  const { mqtt: port } = await platform.listen({ host: '127.0.0.1', mqtt: 0, http: 0 });
  return {
    platform,
    storage,
    port,
    problems,
    [Symbol.asyncDispose]: async () => {
      await platform.close();
      await storage.close();
    },
  };
}

/** What that device signs in with. */
function huaweiCredentials(): { readonly clientId: string; readonly username: string; readonly password: string } {
  const hour = new Date().toISOString().replace(/[-T]|:.*/g, '');
  return { clientId: `p_d_0_0_${hour}`, username: 'p_d', password: createHmac('sha256', hour).update('secret').digest('hex') };
}

describe('an uplink', () => {
  it('is acknowledged after the sync, while the platform goes on; when it fails, never, and the connection is closed', async () => {
    using folder = new Folder();
    await using running = await startPlatform(folder);
    await running.storage.stored();
    const connect = () => connectAsync({ host: '127.0.0.1', port: running.port, ...huaweiCredentials(), keepalive: 60, reconnectPeriod: 0 });
    const publish = (client: Awaited<ReturnType<typeof connect>>, x: number) =>
      client.publishAsync('$oc/devices/p_d/sys/properties/report', JSON.stringify({ services: [{ service_id: 's', properties: { x } }] }), { qos: 1 });
    const client = await connect();
    await running.storage.stored();
    const syncs = new HeldSyncs();
    let isAcknowledged = false;
    const acknowledged = publish(client, 1).then(() => {
      isAcknowledged = true;
    });
    await syncs.begun();
    // The loop goes on: a whole exchange with the server fits in, and the acknowledgement would have come before its end.
    await client.subscribeAsync('$oc/devices/p_d/sys/messages/down');
    expect(isAcknowledged).toBe(false);
    await syncs.end();
    await acknowledged;

    client.on('error', () => undefined);
    const isClosed = new Promise<boolean>((resolve) => client.once('close', () => resolve(true)));
    isAcknowledged = false;
    publish(client, 2).then(() => {
      isAcknowledged = true;
    }, () => undefined);
    await syncs.end(EIO);
    disk.onSync = undefined;
    expect([await isClosed, isAcknowledged]).toEqual([true, false]);
    expect(running.problems).toMatchObject([{ code: 'storage-failed' }]);
    const again = await connect();
    await publish(again, 3);
    expect(running.platform.twins.read('huawei', 'p_d')[0]?.reported?.values).toEqual({ x: 3 });
    await again.endAsync();
  });
});
