import type { OtaRules } from '../dialect.ts';
import type { UpgradeFailure } from '../vocabulary.ts';

/** `result_code` of a failure (reference 5.2). An expired URL is one for which the download came too late (7.2). */
const CODES: Readonly<Record<UpgradeFailure, number>> = {
  busy: 1,
  'poor-signal': 2,
  'same-version': 3,
  'low-battery': 4,
  'no-space': 5,
  download: 6,
  'url-expired': 6,
  verification: 7,
  unsupported: 8,
  'no-memory': 9,
  install: 10,
  'file-missing': 255,
  internal: 255,
};

/** Upgrades (reference 5.2, 7.1): a report names the version that runs, and success is a report with the new one. */
export const otaRules: OtaRules = {
  kinds: ['firmware', 'software'],
  versionChars: 256,
  stepMs: 5000,
  offersAgain: false,
  progressOf(step, { running = '', target }) {
    if (step.at === 'done') return { code: 0, percent: 100, version: target };
    if (step.at !== 'failed') return { code: 0, version: running, ...(step.percent === undefined ? {} : { percent: step.percent }) };
    const { failure, text } = step;
    return { code: typeof failure === 'number' ? failure : CODES[failure], version: running, ...(text === undefined ? {} : { text }) };
  },
};
