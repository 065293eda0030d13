import { Readable } from 'node:stream';
import { Slabs } from './slabs.ts';

/** Bytes that a server sends. */
export interface Body extends Readable {
  /** Gives a piece back that nobody looks at any more: its memory may be read into again. */
  release?(piece: Uint8Array): void;
}

interface Rest {
  /** Bytes of it that were read already. */
  readonly held: Buffer | null;
  /** Bytes that are yet to be read. */
  readonly left: number;
  /** Has the connection read on. */
  onWanted(): void;
}

/** A body of known length as it comes from its connection, from somewhere in it on. Its pieces are not copied. */
export class DirectBody extends Readable implements Body {
  readonly #slabs = new Slabs();
  readonly #onWanted: () => void;
  #left: number;

  constructor({ held, left, onWanted }: Rest) {
    super();
    this.#onWanted = onWanted;
    this.#left = left;
    if (held !== null) this.push(held);
  }

  /** Where the connection is to read. */
  get room(): Buffer {
    return this.#slabs.room;
  }

  /** So many bytes were read there. False: no more is wanted for now. */
  onRead(count: number): boolean {
    return this.onPiece(this.#slabs.take(count));
  }

  /** Something was read elsewhere. */
  onPiece(piece: Buffer): boolean {
    // What comes behind the body is no part of it.
    const own = piece.length > this.#left ? piece.subarray(0, this.#left) : piece;
    this.#left -= own.length;
    const isWanted = own.length > 0 && this.push(own);
    if (this.#left > 0) return isWanted;
    this.push(null);
    return false;
  }

  /** Nothing more comes. */
  onEnd(error?: Error | null): void {
    if (this.#left > 0) this.destroy(error ?? undefined);
  }

  release(piece: Uint8Array): void {
    this.#slabs.release(piece);
  }

  override _read(): void {
    this.#onWanted();
  }
}
