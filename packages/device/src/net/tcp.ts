import net from 'node:net';
import type { Carrier, CarrierOwner } from './carrier.ts';
import type { Endpoint } from './endpoint.ts';

// Every socket of the process reads into this one buffer: a read is handed on before the next can begin, and what must live longer is
// copied. It saves 64 KiB or an allocation per device; nothing is kept in it, so devices cannot see each other through it.
let scratch: Buffer | undefined;

/** The buffer that all sockets share. */
export function sharedBuffer(): Buffer {
  return (scratch ??= Buffer.allocUnsafeSlow(65_536));
}

/** How a socket of this owner reads. */
export function readInto(owner: CarrierOwner): { readonly buffer: Buffer; readonly callback: (count: number, buffer: Uint8Array) => boolean } {
  return { buffer: sharedBuffer(), callback: (count, buffer) => owner.onBytes(count, buffer) };
}

const OWNER = Symbol('owner');

/** A socket that knows its owner. */
type Owned = net.Socket & { [OWNER]?: CarrierOwner };

// Listeners that all sockets share: a closure for each event of each device of a crowd adds up.
function onOpen(this: Owned): void {
  this[OWNER]?.onOpen();
}

function onError(this: Owned, error: Error): void {
  this[OWNER]?.onFailed(error);
}

function onClose(this: Owned): void {
  this[OWNER]?.onClosed();
}

/** Has a socket tell its owner what happens to it; `opened` is the event that says it can be written to. */
export function attach(socket: net.Socket, owner: CarrierOwner, opened: 'connect' | 'secureConnect'): Carrier {
  (socket as Owned)[OWNER] = owner;
  return socket.on(opened, onOpen).on('error', onError).on('close', onClose).on('end', onClose);
}

/** Has a socket that no buffer was given for read into those of its own. */
export function readAsItComes(socket: net.Socket, owner: CarrierOwner): void {
  socket.on('data', (chunk: Buffer) => {
    if (!owner.onBytes(chunk.length, chunk)) socket.pause();
  });
}

/** Takes a connection over that is open already. */
export function serveTunnel(socket: net.Socket, owner: CarrierOwner): Carrier {
  readAsItComes(socket, owner);
  // Behind whoever waits for the carrier.
  setImmediate(() => {
    if (!socket.destroyed) owner.onOpen();
  });
  return attach(socket, owner, 'connect');
}

/** Opens a TCP connection. */
export function openTcp({ host, port }: Endpoint, owner: CarrierOwner): Carrier {
  return attach(net.connect({ host, port, noDelay: true, onread: readInto(owner) }), owner, 'connect');
}
