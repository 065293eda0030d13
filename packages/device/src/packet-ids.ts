import type { Entry } from './entry.ts';

const FIRST_CAPACITY = 8;
/** The entries of those without: never written to. */
const NONE: (Entry | undefined)[] = [];

/**
 * The messages that wait for a PUBACK, by packet id. A ring and not a Map: ids come in order and go soon, and a Map that is filled and
 * emptied without end leaves its old tables behind as garbage that holds on to the entries.
 */
export class PacketIds {
  /** A power of two long; the id of an entry is at id modulo the length. */
  #ids: number[] | undefined;
  #entries: (Entry | undefined)[] = NONE;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(packetId: number): Entry | undefined {
    const ids = this.#ids;
    if (ids === undefined) return undefined;
    const at = packetId & (ids.length - 1);
    return ids[at] === packetId ? this.#entries[at] : undefined;
  }

  set(packetId: number, entry: Entry): void {
    this.#ids ??= this.#empty(FIRST_CAPACITY);
    let at = packetId & (this.#ids.length - 1);
    while (this.#ids[at] !== 0 && this.#ids[at] !== packetId) {
      this.#grow(this.#ids);
      at = packetId & (this.#ids.length - 1);
    }
    if (this.#ids[at] === 0) this.#size++;
    this.#ids[at] = packetId;
    this.#entries[at] = entry;
  }

  delete(packetId: number): void {
    const ids = this.#ids;
    if (ids === undefined) return;
    const at = packetId & (ids.length - 1);
    if (ids[at] !== packetId) return;
    ids[at] = 0;
    this.#entries[at] = undefined;
    this.#size--;
  }

  values(): Entry[] {
    return this.#entries.filter((entry) => entry !== undefined);
  }

  clear(): void {
    this.#ids = undefined;
    this.#entries = NONE;
    this.#size = 0;
  }

  #empty(capacity: number): number[] {
    this.#entries = Array.from({ length: capacity }, () => undefined);
    return Array.from({ length: capacity }, () => 0);
  }

  /** Two ids met in one place: twice the room, until they do not. */
  #grow(ids: readonly number[]): void {
    const entries = this.#entries;
    this.#ids = this.#empty(ids.length * 2);
    this.#size = 0;
    for (const [at, packetId] of ids.entries()) {
      const entry = entries[at];
      if (entry !== undefined) this.set(packetId, entry);
    }
  }
}
