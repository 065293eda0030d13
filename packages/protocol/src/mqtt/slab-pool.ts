/** Sizes of slabs: most turns of most connections fit the first; what exceeds the last gets a buffer of its own. */
const SIZES = [1024, 16 * 1024, 64 * 1024] as const;
/** Bytes of each size that are kept for later; more are left to the garbage collector. */
const KEPT_BYTES = 1024 * 1024;

export const LARGEST_SLAB = SIZES[2];

/**
 * Free slabs, shared by all writers of the process. Module-level state is harmless here: a slab has no identity, only its written part ever leaves
 * the process, it has one holder at a time, and the list is bounded; per connection it would cost thousands of idle connections their memory.
 */
const free: readonly Buffer[][] = SIZES.map(() => []);

/** A buffer of at least `bytes` bytes with unspecified content. */
export function takeSlab(bytes: number): Buffer {
  for (let i = 0; i < SIZES.length; i++) {
    const size = SIZES[i] ?? 0;
    if (bytes <= size) return free[i]?.pop() ?? Buffer.allocUnsafeSlow(size);
  }
  return Buffer.allocUnsafeSlow(bytes);
}

/** Gives a buffer of {@link takeSlab} back; the caller must not use it any more. */
export function giveSlab(slab: Buffer): void {
  for (let i = 0; i < SIZES.length; i++) {
    const list = free[i];
    if (slab.length === SIZES[i] && list !== undefined && (list.length + 1) * slab.length <= KEPT_BYTES) list.push(slab);
  }
}

/** Bytes in the free list. */
export function freeSlabBytes(): number {
  return free.reduce((sum, list, i) => sum + list.length * (SIZES[i] ?? 0), 0);
}
