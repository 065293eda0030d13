// Compares what was recorded with what ours did, and says in words where they differ.

/** What the two vendors' transcripts hold to be equal. */
export interface Equality {
  /** A missing member, null and "" mean the same (Huawei). */
  readonly absentIsEmpty: boolean;
  /** Reads a time in any of the documented forms: texts of the same instant are equal. */
  readonly instantOf?: (text: string) => number | undefined;
  /** Errors that a program may tell apart by their names; of others it counts that there was one. */
  readonly namedErrors: ReadonlySet<string>;
}

/** Stands in a rule for a value that has to be there, whatever it is, or (`optional`) may be. */
const anyOf = (value: unknown): unknown => (typeof value === 'object' && value !== null && '$any' in value ? value.$any : undefined);

export interface Difference {
  /** JSON pointer. */
  readonly path: string;
  readonly recorded: unknown;
  readonly ours: unknown;
}

interface Options extends Equality {
  readonly volatile: ReadonlySet<string>;
  readonly timingDependent: ReadonlySet<string>;
}

const ABSENT = Symbol('absent');

/** Where `ours` differs from what was recorded. */
export function differences(recorded: unknown, ours: unknown, path: string, options: Options): Difference[] {
  // What even the vendor's own program did not do twice alike is nobody's to demand.
  if ([...options.timingDependent].some((pointer) => pointer === path)) return [];
  const any = anyOf(recorded);
  if (any !== undefined) return any !== 'optional' && isEmpty(ours, options) ? [{ path, recorded, ours }] : [];
  if (isEmpty(recorded, options) && isEmpty(ours, options)) return [];
  if (options.volatile.has(path)) return kindOf(recorded) === kindOf(ours) ? [] : [{ path, recorded, ours }];
  if (Array.isArray(recorded) && Array.isArray(ours)) return inArrays(recorded, ours, path, options);
  if (isRecord(recorded) && isRecord(ours)) return inObjects(recorded, ours, path, options);
  return equalLeaves(recorded, ours, options) ? [] : [{ path, recorded, ours }];
}

function inArrays(recorded: readonly unknown[], ours: readonly unknown[], path: string, options: Options): Difference[] {
  const length = Math.max(recorded.length, ours.length);
  return Array.from({ length }).flatMap((_, index) =>
    differences(index < recorded.length ? recorded[index] : ABSENT, index < ours.length ? ours[index] : ABSENT, `${path}/${index}`, options),
  );
}

function inObjects(recorded: Readonly<Record<string, unknown>>, ours: Readonly<Record<string, unknown>>, path: string, options: Options): Difference[] {
  return [...new Set([...Object.keys(recorded), ...Object.keys(ours)])].flatMap((name) =>
    differences(Object.hasOwn(recorded, name) ? recorded[name] : ABSENT, Object.hasOwn(ours, name) ? ours[name] : ABSENT, `${path}/${escape(name)}`, options),
  );
}

/** RFC 6901. */
const escape = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const isEmpty = (value: unknown, { absentIsEmpty }: Equality): boolean => value === ABSENT || value === undefined || (absentIsEmpty && (value === null || value === ''));

/** Python tells 1.0 from 1 and writes some numbers as text; message ids rise with what a program did before. */
function equalLeaves(recorded: unknown, ours: unknown, { instantOf }: Equality): boolean {
  if (typeof recorded === 'number' && typeof ours === 'string') return String(recorded) === ours;
  if (typeof recorded === 'string' && typeof ours === 'number') return recorded === String(ours);
  if (typeof recorded === 'number' && typeof ours === 'bigint') return recorded === Number(ours);
  if (typeof recorded === 'string' && typeof ours === 'string') {
    const instant = instantOf?.(recorded);
    return withoutMid(recorded) === withoutMid(ours) || (instant !== undefined && instant === instantOf?.(ours));
  }
  return Object.is(recorded, ours) || recorded === ours;
}

const withoutMid = (text: string): string => text.replace(/\bmid = \d+/g, 'mid = N');

/** The shape that a value which may differ must keep. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined || value === ABSENT) return 'nothing';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'number' || typeof value === 'bigint') return 'number';
  if (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) return 'number';
  return typeof value;
}

/** A difference in a line. */
export function told({ path, recorded, ours }: Difference): string {
  return `${path}: recorded ${shown(recorded)}, ours ${shown(ours)}`;
}

function shown(value: unknown): string {
  if (value === ABSENT || value === undefined) return 'nothing';
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

/** The value at a JSON pointer, undefined where there is none. */
export function at(value: unknown, pointer: string): unknown {
  let current = value;
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, name)) return undefined;
    current = (current as Record<string, unknown>)[name];
  }
  return current;
}
