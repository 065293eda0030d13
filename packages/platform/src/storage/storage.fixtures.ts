import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock, Timer } from '@lianyun/protocol';
import type { Device, HuaweiProduct, TencentProduct } from '../records.ts';
import { openStorage, type Storage } from './storage.ts';

/** A folder of its own, gone at the end. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(path.join(tmpdir(), 'lianyun-storage-'));

  file(name: string): string {
    return path.join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A clock that goes when it is told, and runs its timers then. */
export class HandClock implements Clock {
  at = Date.UTC(2026, 10, 21);
  readonly #timers = new Map<Timer, { readonly due: number; readonly run: () => void }>();

  now(): number {
    return this.at;
  }

  elapsed(): number {
    return this.at;
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { cancel: () => void this.#timers.delete(timer) };
    this.#timers.set(timer, { due: this.at + delayMs, run });
    return timer;
  }

  random(): number {
    return 0.5;
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Lets time pass; timers that are set meanwhile wait for the next call. */
  pass(ms: number): void {
    this.at += ms;
    for (const [timer, { due, run }] of [...this.#timers]) {
      if (due > this.at) continue;
      this.#timers.delete(timer);
      run();
    }
  }
}

export const HUAWEI_PRODUCT: HuaweiProduct = {
  cloud: 'huawei', productId: 'p', name: 'pump', model: [], createdAt: 1, updatedAt: 2, serial: 1, deviceType: 'pump', protocolType: 'MQTT', dataFormat: 'json',
};

export const TENCENT_PRODUCT: TencentProduct = {
  cloud: 'tencent', productId: 'ABCDE12345', name: 'lamp', model: { properties: [] }, createdAt: 1, updatedAt: 2, serial: 2, productType: 0,
  productSecret: 'product-secret-to-hide', registerType: 0, categoryId: 1, encryptionType: '2', netType: 'wifi', dataProtocol: 1, projectId: '',
};

export function deviceRecord(serial: number, changes: Partial<Device> = {}): Device {
  return {
    cloud: 'huawei', device: `p_d${serial}`, productId: 'p', nodeId: `d${serial}`, name: `d${serial}`, secret: `secret-${serial}`, authType: 'secret',
    secureAccess: false, enabled: true, createdAt: 5, serial, ...changes,
  };
}

/** A program of this folder in a process of its own. */
export function child(name: string, ...args: string[]): ChildProcess {
  const file = fileURLToPath(new URL(name, import.meta.url));
  // Its imports are sources as well; on Node 22 both they and SQLite are announced as experimental.
  return spawn(process.execPath, ['--conditions=@lianyun/source', '--disable-warning=ExperimentalWarning', file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Opens a storage, runs a test, and lets it ask in between for what a new process would see. */
type Kind = (test: (open: { storage: Storage; again(): Promise<void> }) => Promise<void> | void) => Promise<void>;

/** Both kinds of storage: what holds in memory holds in the database, before and after a restart. */
export function kindsOf(clock: Clock): readonly (readonly [name: string, kind: Kind])[] {
  const inMemory: Kind = async (test) => {
    await using storage = openStorage({ clock });
    await test({ storage, again: async () => undefined });
  };
  const inDatabase: Kind = async (test) => {
    using folder = new Folder();
    const open = {
      storage: openStorage({ directory: folder.path, clock, cached: 2 }),
      async again() {
        await open.storage.close();
        open.storage = openStorage({ directory: folder.path, clock, cached: 2 });
      },
    };
    try {
      await test(open);
    } finally {
      await open.storage.close();
    }
  };
  return [['in memory', inMemory], ['in the database', inDatabase]];
}
