/** Bytes of a slab: most of what is written at once lies in one. */
const SLAB_BYTES = 2_097_152;
/** Bytes that are read at once, at least and at most: fewer cost more calls, more keep the rest of the program waiting. */
const MIN_READ_BYTES = 65_536;
const MAX_READ_BYTES = 262_144;

interface Slab {
  readonly memory: Buffer;
  /** Bytes that were read into it since it was empty. */
  filled: number;
  /** How many of them somebody has. */
  taken: number;
}

/**
 * Memory that is read into again and again. A piece that was read belongs to whoever took it, until it is given back: a slab of which one byte is still out is not read into again, so that
 * pieces that nobody gives back are ordinary memory.
 */
export class Slabs {
  readonly #slabs = new Map<ArrayBufferLike, Slab>();
  readonly #free: Slab[] = [];
  #current = this.#make();

  /** Where the next bytes are to be read. */
  get room(): Buffer {
    let slab = this.#current;
    if (slab.taken > 0 && SLAB_BYTES - slab.filled < MIN_READ_BYTES) slab = this.#current = this.#free.pop() ?? this.#make();
    if (slab.taken === 0) slab.filled = 0;
    return slab.memory.subarray(slab.filled, slab.filled + MAX_READ_BYTES);
  }

  /** The first bytes of {@link room}, into which they were read. */
  take(count: number): Buffer {
    const slab = this.#current;
    const piece = slab.memory.subarray(slab.filled, slab.filled + count);
    slab.filled += count;
    slab.taken += count;
    return piece;
  }

  /** Gives a piece back that was taken, or a part of one; nobody may look at it any more. What is another's is left alone. */
  release(piece: Uint8Array): void {
    const slab = this.#slabs.get(piece.buffer);
    if (slab === undefined) return;
    slab.taken -= piece.length;
    if (slab.taken === 0 && slab !== this.#current) this.#free.push(slab);
  }

  #make(): Slab {
    const memory = Buffer.allocUnsafeSlow(SLAB_BYTES);
    const slab = { memory, filled: 0, taken: 0 };
    this.#slabs.set(memory.buffer, slab);
    return slab;
  }
}
