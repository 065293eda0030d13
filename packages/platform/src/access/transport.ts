import type { Proof } from './proof.ts';

/** What carries a connection: a TCP or TLS socket, or the stream of a WebSocket. */
export interface Transport {
  write(chunk: Uint8Array, done?: (error?: Error | null) => void): unknown;
  /** Bytes that were written and have not left it, where it tells. */
  readonly writableLength?: number;
  /** Ends this side once everything has been written. */
  end(): unknown;
  destroy(): unknown;
  pause(): unknown;
  resume(): unknown;
  /** The address of this machine that the other end reached, where it is known. */
  readonly localAddress?: string | undefined;
}

/** Where a connection comes from: `address:port`, and what its transport proves. */
export interface Origin {
  readonly peer: string;
  readonly proof: Proof;
}
