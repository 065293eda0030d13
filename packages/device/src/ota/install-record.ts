import type { OtaOffer, UpgradeFailure } from '@lianyun/protocol';

/**
 * How far an installation is, as its journal says:
 * - `downloading`: the file is on its way;
 * - `downloaded`: it is here, whole and checked;
 * - `prepared`: what was to be prepared is;
 * - `applied`: the new version is to run from now on, on trial;
 * - `confirmed`: it runs and works;
 * - `rolling-back`: it is given up, and the old version is to run again;
 * - `rolled-back`: that is done.
 */
export type InstallState = 'downloading' | 'downloaded' | 'prepared' | 'applied' | 'confirmed' | 'rolling-back' | 'rolled-back';

/** An installation, as it stands in the journal. */
export interface InstallRecord {
  readonly kind: OtaOffer['kind'];
  /** The version to install. */
  readonly version: string;
  /** The version that ran before. */
  readonly from: string;
  readonly state: InstallState;
  /** How often the work that leads out of this state was begun. */
  readonly tries: number;
  readonly file?: string;
  readonly bytes?: number;
  readonly digest?: OtaOffer['digest'];
  readonly info?: string;
  readonly taskId?: string;
  /** Why it was given up. */
  readonly failure?: { readonly reason: UpgradeFailure; readonly text: string };
}

/**
 * What is to be done next:
 * - `wait`: nothing, until somebody offers the version again or says which one runs;
 * - `await-version`: the new version has to come up, here or after a restart;
 * - `give-up`: it was tried often enough, or the old version came up again.
 */
export type InstallAction = 'wait' | 'prepare' | 'apply' | 'await-version' | 'confirm' | 'roll-back' | 'end-rollback' | 'give-up' | 'tell-success' | 'tell-failure';

/** How often a step may be begun: once, and once more when the process ended in the middle of it. */
const MAX_TRIES = 2;
/** A rollback that ends the process, and after which the new version comes up again and again, has to stop some time. */
const MAX_ROLLBACKS = 10;

/**
 * The next step of an installation. Pure, so that every state can be looked at.
 * @param running the version that runs, as the program says; undefined: it has not said so yet.
 * @param isTrial whether this very process has applied the version, so that it may still come up without a restart.
 */
export function nextAction({ state, tries, version, from }: Pick<InstallRecord, 'state' | 'tries' | 'version' | 'from'>, running: string | undefined, isTrial: boolean): InstallAction {
  if (state === 'confirmed') return 'tell-success';
  if (state === 'rolled-back') return 'tell-failure';
  if (state === 'downloading' || running === undefined) return 'wait';
  switch (state) {
    case 'downloaded':
      return tries < MAX_TRIES ? 'prepare' : 'give-up';
    case 'prepared':
      // A process that applies a version may end with it, and the new one comes up.
      if (tries > 0 && running === version) return 'confirm';
      return tries < MAX_TRIES ? 'apply' : 'give-up';
    case 'applied':
      if (running === version) return tries < MAX_TRIES ? 'confirm' : 'give-up';
      return isTrial ? 'await-version' : 'give-up';
    case 'rolling-back':
      if (tries >= MAX_ROLLBACKS) return 'end-rollback';
      return running === from && tries >= MAX_TRIES ? 'end-rollback' : 'roll-back';
    default:
      return state satisfies never;
  }
}

/** Whether nothing else can be begun: what is only left to be told does not count, nor a download that nobody goes on with. */
export function isAtWork({ state }: Pick<InstallRecord, 'state'>, isOffered: boolean): boolean {
  if (state === 'confirmed' || state === 'rolled-back') return false;
  return state !== 'downloading' || isOffered;
}
