/** What carries the bytes of a connection; a TCP or TLS socket is one. */
export interface Carrier {
  readonly closed: boolean;
  write(chunk: Buffer, done: (error?: Error | null) => void): unknown;
  /** Ends when everything that was written has left. */
  destroySoon(): void;
  destroy(): unknown;
  /** Reads on, after its owner wanted no more for a while. */
  resume(): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/** Who uses a carrier. */
export interface CarrierOwner {
  /** Bytes can be written; over TLS the other end is who it should be. */
  onOpen(): void;
  /** The first `count` bytes of `buffer`, which are only valid during the call. False: nothing more is read before `resume()`. */
  onBytes(count: number, buffer: Uint8Array): boolean;
  /** What went wrong; the end follows. */
  onFailed(error: Error): void;
  /** The other end has closed, or the carrier is gone. May be told twice. */
  onClosed(): void;
}
