import type { Page, PageRequest } from './registry-store.ts';

/** Records that are read before others have their turn. */
const PART = 500;

/**
 * A page of those that fit, where nothing finds them but looking at each: newest first, and how many there are in all. `read` gives records newest
 * first. Others have their turn between two parts.
 */
export async function sift<T extends { readonly serial: number }>(read: (page: PageRequest) => Pick<Page<T>, 'items'>, fits: (record: T) => boolean, page: PageRequest): Promise<Page<T>> {
  const { before = Number.POSITIVE_INFINITY, offset = 0, limit } = page;
  const found: T[] = [];
  let total = 0;
  let passed = 0;
  for (let { items } = read({ limit: PART }); items.length > 0; ) {
    for (const record of items) {
      if (!fits(record)) continue;
      total++;
      if (record.serial < before && passed++ >= offset && found.length < limit) found.push(record);
    }
    if (items.length < PART) break;
    await new Promise<void>((resolve) => void setImmediate(resolve));
    ({ items } = read({ limit: PART, before: items.at(-1)?.serial ?? 0 }));
  }
  return { items: found, total };
}
