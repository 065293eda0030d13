import { Socket } from 'node:net';

// Every read of every connection of the process goes into this one buffer: it is handed on before the next can begin, and what must live
// longer is copied.
let scratch: Buffer | undefined;

/** What Node keeps in a socket that its server accepted; not documented, and the same since Node 12. */
interface Accepted {
  _handle: object | null;
  _server: object | null;
  server: object | null;
}

/**
 * A socket for the connection of `accepted`, whose server pauses on connect: what its `data` tells is only valid during the call. Node makes a
 * buffer for each read of a socket that a server accepted, which is a tenth of all that a report costs; for a socket that a program makes it
 * can be told where to read to (`onread`), so one is made on the same handle. Where Node is built otherwise, it is the accepted one.
 */
export function sharingReads(accepted: Socket): Socket {
  // What is missing is noticed.
  const inner = accepted as unknown as Partial<Accepted>;
  const { _handle: handle, _server: server } = inner;
  if (typeof handle !== 'object' || handle === null || !('useUserBuffer' in handle) || typeof server !== 'object' || server === null) return accepted;
  scratch ??= Buffer.allocUnsafeSlow(65_536);
  const onread = { buffer: scratch, callback: (bytes: number, buffer: Uint8Array): boolean => shared.emit('data', buffer.subarray(0, bytes)) };
  const options = { handle, onread, manualStart: true };
  const shared = new Socket(options);
  Object.assign(shared, { _server: server, server });
  // The handle has another owner: this one must not close it, nor be counted twice.
  Object.assign(accepted, { _handle: null, _server: null });
  return shared;
}
