import type { Socket } from 'node:net';
import { peerOf } from '../peer-of.ts';

/** Connections whose handshake is not done: nobody else would end them. By where they come from, since a connection with TLS is another object than the one below it. */
export class Handshakes {
  readonly #shaking = new Map<string, Socket>();

  /** A connection begins. */
  begin(socket: Socket): void {
    const peer = peerOf(socket);
    this.#shaking.set(peer, socket);
    socket.once('close', () => {
      if (this.#shaking.get(peer) === socket) this.#shaking.delete(peer);
    });
  }

  /** Its handshake is done; `socket` is the one with TLS. */
  done(socket: Socket): void {
    this.#shaking.delete(peerOf(socket));
  }

  /** Ends them all. */
  end(): void {
    for (const socket of this.#shaking.values()) socket.destroy();
  }
}
