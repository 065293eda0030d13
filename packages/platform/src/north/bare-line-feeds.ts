import type { Server } from 'node:http';
import { Duplex } from 'node:stream';

/** A whole GET without a body; some of its lines end in LF alone. */
const HEAD = /^GET [\x21-\x7e]+ HTTP\/1\.1\r?\n(?:[\w-]+:[\t\x20-\x7e]*\r?\n)+(?:\r?\n)+$/;
const MAX_BYTES = 16_384;

/**
 * Takes requests whose lines end in LF alone, or some of them, as a server may (RFC 9112, 2.2) and object storage does: Huawei's C SDK asks so for a package. Node.js's parser
 * refuses them, or takes all kinds of other faults with them. Only a GET that came in one piece is taken; it gets one answer, and the connection ends.
 * @param accept hands the server a connection of which it is to read what is asked.
 * @returns whether a connection whose request could not be read was taken.
 */
export function takeBareLineFeeds(error: Error, socket: Duplex, accept: (connection: Duplex) => void): boolean {
  const raw = 'rawPacket' in error && Buffer.isBuffer(error.rawPacket) ? error.rawPacket : undefined;
  if (raw === undefined || raw.length > MAX_BYTES || !socket.writable) return false;
  const head = raw.toString('latin1');
  if (!HEAD.test(head)) return false;
  const lines = head.trimEnd().split(/\r?\n/).filter((line) => !/^connection:/i.test(line));
  const connection = new Duplex({
    read: () => undefined,
    write: (chunk: Uint8Array, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy: (cause, done) => {
      socket.destroy();
      done(cause);
    },
  });
  socket.on('error', () => connection.destroy()).once('close', () => connection.destroy());
  socket.resume();
  accept(connection);
  connection.push(Buffer.from(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`, 'latin1'));
  return true;
}

/** What Node.js answers to a request that it cannot read. */
export function refuseUnreadable(socket: Duplex): void {
  if (socket.writable) socket.write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  socket.destroy();
}

/** Has a server that has no other handler for it take them. */
export function onUnreadable(server: Server, accept: (connection: Duplex) => void): void {
  server.on('clientError', (error: Error, socket: Duplex) => {
    if (!takeBareLineFeeds(error, socket, accept)) refuseUnreadable(socket);
  });
}
