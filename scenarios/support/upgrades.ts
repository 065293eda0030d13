// Upgrades on either cloud: a package on the platform, devices that take it, and what becomes of them.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Upgrade, UpgradePackage } from '@lianyun/platform';
import type { Device, huawei, Installation, InstallOptions, Receipt } from 'lianyun';
import type { AnyDevice, CloudName } from './clouds.ts';
import { Log } from './log.ts';
import type { Rig } from './rig.ts';

export const IMAGE = randomBytes(600_000);

/** A directory of a test's own; in memory where there is such a place, so that nobody waits for a busy disk to sync. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lianyun-upgrade-'));

  /** The names in it. */
  get names(): readonly string[] {
    return readdirSync(this.path).sort();
  }

  [Symbol.dispose](): void {
    // The cloud may know the end before the last word about it is on the disk.
    rmSync(this.path, { recursive: true, force: true, maxRetries: 20 });
  }
}

interface OnCloud {
  readonly name: CloudName;
}

/** How the bytes of a package reach a device: on Huawei with a token from the platform (v1) or by a signed URL of the object storage (v2). */
export type Way = 'signed' | 'token';

export const PLACE = { bucket: 'fw', key: 'lamp.bin' } as const;

/** A package of firmware 2.0, by a signed URL unless a token is wanted. */
export async function packed(rig: Rig, { name }: OnCloud, { way = 'signed', ...more }: { readonly way?: Way; readonly version?: string; readonly info?: string } = {}): Promise<UpgradePackage> {
  await rig.platform.objects.put(PLACE, [IMAGE]);
  return rig.platform.upgrades.packages.add({ cloud: name, productId: name === 'huawei' ? 'lamp' : 'LAMP000001', kind: 'firmware', version: '2.0', source: { place: PLACE }, delivery: way, ...more });
}

/** The changes of upgrades, as the platform tells them. */
export function changesOf(rig: Rig): Log<Upgrade> {
  const log = new Log<Upgrade>();
  rig.platform.on('upgrade', log.add);
  return log;
}

/** A device of either cloud: what is used of upgrades is the same on both. */
export const asHuawei = (device: AnyDevice): Device<typeof huawei> => device as Device<typeof huawei>;

/** A device or a sub-device, as far as a program that installs uses it. */
export type Upgradable = Pick<Device<typeof huawei>, 'ota'>;

/** A process of a program that installs what it is offered. */
export interface Running {
  readonly installation: Installation;
  /** What of its functions was called, in order. */
  readonly calls: Log<string>;
  /** Of the version that it told when it started. */
  readonly receipt: Receipt;
}

/** The process ends in the middle of a function: it never comes back. */
export const forever = (): Promise<never> => new Promise<never>(() => undefined);

/** Starts to install, as a version of the program does when it starts; left out, every function does what it is to do at once, and the process goes on as the new version. */
export function installs({ ota }: Upgradable, version: string, { directory, ...options }: Partial<InstallOptions> & Pick<InstallOptions, 'directory'>): Running {
  const calls = new Log<string>();
  const note = (name: 'prepare' | 'apply' | 'confirm' | 'rollback', otherwise: InstallOptions['apply'] = () => undefined): InstallOptions['apply'] => async (step) => {
    calls.add(`${name} ${step.from} > ${step.version}`);
    await (options[name] ?? otherwise)(step);
  };
  const installation = ota.install({
    ...options,
    directory,
    download: { maxBackoffMs: 10, ...options.download },
    prepare: note('prepare'),
    apply: note('apply', (step) => void ota.report({ firmware: step.version })),
    confirm: note('confirm'),
    rollback: note('rollback'),
  });
  return { installation, calls, receipt: ota.report({ firmware: version }) };
}
