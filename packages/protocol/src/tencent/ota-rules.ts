import type { OtaRules } from '../dialect.ts';
import type { UpgradeFailure } from '../vocabulary.ts';

const TIMED_OUT = -1;
const MISSING = -2;
const NOT_AUTHORISED = -3;
const WRONG_DIGEST = -4;
const NOT_INSTALLED = -5;

/** `result_code` of a failure (reference 5.1); what has none of its own is an upgrade that failed. */
const CODES: Readonly<Partial<Record<UpgradeFailure, number>>> = { download: TIMED_OUT, 'poor-signal': TIMED_OUT, 'file-missing': MISSING, 'url-expired': NOT_AUTHORISED, verification: WRONG_DIGEST };

/** Upgrades (reference 5): a report names the version to upgrade to, and its state. */
export const otaRules: OtaRules = {
  kinds: ['firmware'],
  versionChars: 32,
  stepMs: 1000,
  offersAgain: true,
  progressOf(step, { target: version }) {
    switch (step.at) {
      case 'downloading':
        return { state: 'downloading', percent: step.percent, code: 0, version };
      case 'installing':
        return { state: 'burning', code: 0, version };
      case 'done':
        return { state: 'done', code: 0, version };
      case 'failed':
        return { state: 'fail', code: typeof step.failure === 'number' ? step.failure : (CODES[step.failure] ?? NOT_INSTALLED), version, ...(step.text === undefined ? {} : { text: step.text }) };
      default:
        return step satisfies never;
    }
  },
};
