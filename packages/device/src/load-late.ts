import type { Clock } from '@lianyun/protocol';

/**
 * What loads the files of the package that a device does without at its start (`*.late.ts`). Filled by `scripts/bundle-for-devices.mjs` in what devices install; in the
 * sources everything is loaded already.
 *
 * @public
 */
export const late: (() => unknown)[] = [];

/** How long a program has after its first `connect()` to get going, ms. */
const AFTER_MS = 2000;

let isUnderWay = false;

/**
 * Loads them in a while, one a turn. A process runs for years and an upgrade may put other files in the place of these: what it needs of them then, it has.
 */
export function loadLateSoon(clock: Clock): void {
  if (isUnderWay || late.length === 0) return;
  isUnderWay = true;
  const next = (): void => {
    const load = late.shift();
    if (load === undefined) {
      isUnderWay = false;
      return;
    }
    try {
      load();
    } catch {
      // Whoever needs it will be told.
    }
    clock.after(0, next);
  };
  clock.after(AFTER_MS, next);
}
