// Test support: devices for the tests of this package, and waiting without time.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { huawei, tencent, type Clock, type LianyunError } from '@lianyun/protocol';
import { Device, type DeviceOptions, type DisconnectReason } from '../index.ts';

export const HUAWEI_IDENTITY = { deviceId: 'prod1_dev1', secret: 'a-secret-of-the-device' } as const;
export const TENCENT_IDENTITY = { productId: 'ABCDE12345', deviceName: 'dev1', deviceSecret: 'c2VjcmV0LW9mLXRoZS1kZXZpY2U=' } as const;

interface Where {
  readonly url: string;
  readonly clock: Clock;
}

/** A Huawei device for a server, on the server's clock. */
export function huaweiDevice({ url, clock }: Where, options: Partial<DeviceOptions<typeof huawei>> = {}): Device<typeof huawei> {
  return new Device({ dialect: huawei, identity: HUAWEI_IDENTITY, server: url, clock, ...options });
}

/** A Tencent device for a server, on the server's clock. */
export function tencentDevice({ url, clock }: Where, options: Partial<DeviceOptions<typeof tencent>> = {}): Device<typeof tencent> {
  return new Device({ dialect: tencent, identity: TENCENT_IDENTITY, server: url, clock, ...options });
}

/** What a device told, in order. */
export interface Log {
  readonly problems: LianyunError[];
  readonly offline: { readonly reason: DisconnectReason; readonly error: LianyunError; readonly nextAttemptMs: number | undefined }[];
  readonly closed: { readonly reason: DisconnectReason; readonly error: LianyunError | undefined }[];
  online: number;
}

/** Listens to everything that a device tells. */
export function listenTo(device: Pick<Device, 'on'>): Log {
  const log: Log = { problems: [], offline: [], closed: [], online: 0 };
  device.on('problem', (problem) => log.problems.push(problem));
  device.on('offline', (event) => log.offline.push(event));
  device.on('closed', (event) => log.closed.push(event));
  device.on('online', () => {
    log.online++;
  });
  return log;
}

/** A directory of a test's own; in memory where there is such a place, so that nobody waits for a busy disk to sync. */
export async function temporaryDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const directory = await mkdtemp(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lianyun-test-'));
  return { path: directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

/** Turns of the event loop after which something that should happen is taken for lost. */
const MANY_TURNS = 400_000;

/** Lets the event loop turn. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Waits, by turns of the event loop and not by time, until something is so. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < MANY_TURNS; i++) {
    if (isSo()) return;
    await turns(1);
  }
  throw new Error(`waited in vain: ${what}`);
}

/** How a promise stands: after some turns, `open` is one that is not settled. */
export async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  let outcome: unknown = 'open';
  promise.then(
    () => {
      outcome = 'done';
    },
    (error: unknown) => {
      outcome = error;
    },
  );
  await turns(1);
  return outcome;
}
