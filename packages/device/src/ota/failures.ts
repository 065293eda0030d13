import { isLianyunError, LianyunError, type ErrorCode, type UpgradeFailure } from '@lianyun/protocol';
import type { InstallRecord } from './install-record.ts';

const FAILURES: Readonly<Partial<Record<ErrorCode, UpgradeFailure>>> = {
  'wrong-digest': 'verification',
  'wrong-size': 'verification',
  'wrong-signature': 'verification',
  'disk-full': 'no-space',
  network: 'download',
  'proxy-failed': 'download',
  'proxy-refused': 'download',
  timeout: 'download',
  'expired-url': 'url-expired',
  'not-found': 'file-missing',
  'handler-failed': 'install',
};

/** What an upgrade failed of, by the error that ended it; `internal` where the clouds have no word for it. */
export function failureOf(error: unknown): UpgradeFailure {
  return (isLianyunError(error) ? FAILURES[error.code] : undefined) ?? 'internal';
}

/** The words for which a cloud has a better code than that the installation failed. */
const TELLING = new Set<UpgradeFailure>(['no-space', 'verification']);

/** What an installation failed of, by the error that ended a step of it. */
export function installFailureOf(error: unknown): UpgradeFailure {
  const word = failureOf(error);
  return TELLING.has(word) ? word : 'install';
}

/** Whether an error ended the work, and not the upgrade: it can go on later. */
export function isPause(error: unknown): boolean {
  return isLianyunError(error, 'aborted') || isLianyunError(error, 'closed');
}

/** Why the version of an installation that is given up is not told. */
export function rolledBack({ kind, version, failure }: InstallRecord): LianyunError {
  return new LianyunError('aborted', `${kind} ${version} is rolled back: ${failure?.text ?? 'it failed'}`);
}
