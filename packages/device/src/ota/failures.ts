import { isLianyunError, type ErrorCode, type UpgradeFailure } from '@lianyun/protocol';

const FAILURES: Readonly<Partial<Record<ErrorCode, UpgradeFailure>>> = {
  'wrong-digest': 'verification',
  'wrong-size': 'verification',
  'wrong-signature': 'verification',
  'disk-full': 'no-space',
  network: 'download',
  timeout: 'download',
  'expired-url': 'url-expired',
  'not-found': 'file-missing',
  'handler-failed': 'install',
};

/** What an upgrade failed of, by the error that ended it; `internal` where the clouds have no word for it. */
export function failureOf(error: unknown): UpgradeFailure {
  return (isLianyunError(error) ? FAILURES[error.code] : undefined) ?? 'internal';
}

/** Whether an error ended the work, and not the upgrade: it can go on later. */
export function isPause(error: unknown): boolean {
  return isLianyunError(error, 'aborted') || isLianyunError(error, 'closed');
}
