import type { KeyLike } from 'node:crypto';
import { LianyunError, type OtaOffer, type UpgradeFailure } from '@lianyun/protocol';
import type { DownloadTuning } from '../download/options.ts';
import type { DownloadProgress } from '../download/progress-feed.ts';
import type { InstallState } from './install-record.ts';
import type { Upgrade } from './upgrade.ts';

type Kind = OtaOffer['kind'];

/** A version on its way onto the device. */
export interface InstallStep {
  readonly kind: Kind;
  readonly version: string;
  /** The version that ran before. */
  readonly from: string;
  /** The downloaded file, whole and checked. It is removed when the installation is over. */
  readonly file: string;
  readonly bytes: number | undefined;
  readonly digest: OtaOffer['digest'];
  /** Free text of the package's maker. Huawei only. */
  readonly info: string | undefined;
  readonly taskId: string | undefined;
  /** Aborted when the time of the step is over, and when the device is closed. */
  readonly signal: AbortSignal;
}

/**
 * How versions are installed. A process may end at any moment, so every function may be called once more for the same version, and has to bear it:
 * what is half done is done again.
 */
export interface InstallOptions {
  /** Where the journal and the file are kept. It has to outlive a restart, and every device needs one of its own. */
  readonly directory: string;
  /** An Ed25519 public key, PEM or KeyObject: a file without a signature of its SHA-256 by that key is refused. */
  readonly publicKey?: KeyLike;
  /** The signature of an upgrade, 64 bytes or their base64. Left out: what its `info` says. */
  signature?(upgrade: Upgrade): string | Uint8Array | Promise<string | Uint8Array>;
  readonly download?: Omit<DownloadTuning, 'signal'>;
  /** Looks whether now is a good time: a word refuses the upgrade with the code that the cloud has for it, and it may be offered again. */
  accept?(upgrade: Upgrade): UpgradeFailure | undefined | Promise<UpgradeFailure | undefined>;
  /** Unpacks and checks the file; touches nothing that runs. */
  prepare?(step: InstallStep): void | Promise<void>;
  /**
   * Has the new version run: replaces what runs, or switches to it and ends the process. The new version says that it runs with `ota.report()`,
   * in this process or after a restart, within {@link confirmWithinMs} if this process goes on.
   */
  apply(step: InstallStep): void | Promise<void>;
  /** Runs in the new version: looks whether it works, and throws if not. It has {@link confirmWithinMs}; when they pass, or the process ends twice in it, the version is given up. */
  confirm?(step: InstallStep): void | Promise<void>;
  /** Has the old version run again, however far prepare and apply came; may end the process as well. */
  rollback(step: InstallStep): void | Promise<void>;
  /** Five minutes when left out. */
  readonly confirmWithinMs?: number;
  /** Time for each of the other functions, ms; half an hour when left out. */
  readonly stepWithinMs?: number;
}

/** What an installation tells. A listener of `state` or `over` that throws changes nothing of it: that becomes a problem of the device. */
export interface InstallationEvents {
  state: [{ readonly state: InstallState; readonly kind: Kind; readonly version: string }];
  progress: [DownloadProgress];
  /** It is over, and the cloud has heard how it ended. */
  over: [{ readonly outcome: 'confirmed' | 'rolled-back'; readonly kind: Kind; readonly version: string }];
}

const FUNCTIONS = ['signature', 'accept', 'prepare', 'apply', 'confirm', 'rollback'] as const;

/** Types say most of it; a program in JavaScript can pass anything. Throws `bad-config` naming the option that is wrong. */
export function checkInstallOptions(options: InstallOptions): void {
  const bad = (text: string): LianyunError => new LianyunError('bad-config', `ota.install(): ${text}`);
  if (typeof options !== 'object' || (options as unknown) === null) throw bad('{ directory, apply, rollback } is expected.');
  if (typeof options.directory !== 'string' || options.directory === '') throw bad('directory is none: the path of one that outlives a restart is expected.');
  for (const name of FUNCTIONS) {
    const isNeeded = name === 'apply' || name === 'rollback';
    if (typeof options[name] !== 'function' && (isNeeded || options[name] !== undefined)) throw bad(`${name} is no function.`);
  }
  for (const name of ['confirmWithinMs', 'stepWithinMs'] as const) {
    const ms = options[name];
    if (ms !== undefined && !(ms > 0)) throw bad(`${name} is ${ms}: a number of milliseconds above 0 is expected.`);
  }
}
