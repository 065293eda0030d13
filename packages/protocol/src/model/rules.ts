import type { Cloud } from './model.ts';

/** How values are judged where the type alone does not say it. */
export interface Rules {
  readonly booleans: 'true-false' | '0-1';
  /** The range of an int that declares no bounds. Beyond 32 bits a declared bound opens it to what a number holds exactly. */
  readonly int: { readonly min: number; readonly max: number };
  /** Whether the least length is judged of a string that stands neither in a struct nor in an array. */
  readonly judgesMinLength: boolean;
  /** Whether a date-time must lie where a timestamp has 10 or 13 digits: 2001-09-09 to 2286-11-20. */
  readonly keepsToTimestamps: boolean;
}

const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };
/** What a number holds exactly. */
export const SAFE = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };

/** The rules of values by the cloud of their model: on the wire of a cloud, or (`both`) a program's, such that either cloud takes them. */
export const RULES: Readonly<Record<Cloud | 'both', Rules>> = {
  // Huawei has `long` for more than 32 bits.
  huawei: { booleans: 'true-false', int: INT32, judgesMinLength: false, keepsToTimestamps: false },
  // Tencent's own code judges the least length inside structs and arrays only (2.10).
  tencent: { booleans: '0-1', int: SAFE, judgesMinLength: false, keepsToTimestamps: false },
  both: { booleans: 'true-false', int: INT32, judgesMinLength: true, keepsToTimestamps: true },
};

/** The rules of a program's values that go to one cloud. */
export const PROGRAM_RULES: Readonly<Record<Cloud, Rules>> = {
  huawei: { ...RULES.both, keepsToTimestamps: false },
  tencent: { ...RULES.both, int: SAFE },
};
