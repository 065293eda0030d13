import { refusal } from '../refusal.ts';

interface Wanted {
  readonly Offset: number | undefined;
  readonly Limit: number | undefined;
}

/** Where a page begins and how much is on it, 10 unless said otherwise. Refuses what no page can have. */
export function boundsOf({ Offset: offset = 0, Limit: limit = 10 }: Wanted): { readonly offset: number; readonly limit: number } {
  if (offset < 0) throw refusal('InvalidParameterValue', 'Offset is not allowed: 0 or more is expected.');
  if (limit < 1 || limit > 100) throw refusal('InvalidParameterValue', 'Limit is not allowed: 1 to 100 is expected.');
  return { offset, limit };
}

/** A page of what is listed as a whole. */
export function pageOf<T>(all: readonly T[], wanted: Wanted): { readonly items: readonly T[]; readonly total: number } {
  const { offset, limit } = boundsOf(wanted);
  return { items: all.slice(offset, offset + limit), total: all.length };
}
