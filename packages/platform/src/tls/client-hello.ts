// What a client says first on a TLS connection (RFC 8446, 4.1.2), read before anything is answered.
import type { Socket } from 'node:net';

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SUPPORTED_VERSIONS = 43;
const TLS_1_3 = 0x0304;
const RECORD_HEADER = 5;
/** A record holds no more (RFC 8446, 5.1). */
const RECORD_BYTES = 16_384;
/** As long as Node.js gives a handshake. */
const PATIENCE_MS = 120_000;

/** Whether a client offers TLS 1.3, by the first record that it sends; undefined: not all of it is here. What is no ClientHello offers nothing. */
export function offersTls13(bytes: Buffer): boolean | undefined {
  if (bytes.length < RECORD_HEADER) return bytes.length > 0 && bytes[0] !== HANDSHAKE ? false : undefined;
  const length = bytes.readUInt16BE(3);
  if (bytes[0] !== HANDSHAKE || length > RECORD_BYTES) return false;
  if (bytes.length < RECORD_HEADER + length) return undefined;
  const record = bytes.subarray(RECORD_HEADER, RECORD_HEADER + length);
  if (record[0] !== CLIENT_HELLO) return false;
  try {
    return versionsIn(record).includes(TLS_1_3);
  } catch {
    // It says more than is there: TLS itself will say what is wrong with it.
    return false;
  }
}

/** The versions of the extension supported_versions. Throws when the lengths in it lead out of the record. */
function versionsIn(hello: Buffer): number[] {
  // Type and length, legacy version, random
  let at = 4 + 2 + 32;
  at += 1 + hello.readUInt8(at); // session id
  at += 2 + hello.readUInt16BE(at); // cipher suites
  at += 1 + hello.readUInt8(at); // compression
  const end = at + 2 + hello.readUInt16BE(at);
  for (at += 2; at < end; at += 4 + hello.readUInt16BE(at + 2)) {
    if (hello.readUInt16BE(at) !== SUPPORTED_VERSIONS) continue;
    return Array.from({ length: hello.readUInt8(at + 4) >> 1 }, (_, index) => hello.readUInt16BE(at + 5 + 2 * index));
  }
  return [];
}

/** Calls back with whether a new connection offers TLS 1.3; its bytes are still to be read then. One that says nothing is closed. */
export function whenHello(socket: Socket, then: (offers: boolean) => void): void {
  let seen = Buffer.alloc(0);
  const onData = (bytes: Buffer): void => {
    seen = Buffer.concat([seen, bytes]);
    const offers = offersTls13(seen);
    if (offers === undefined) return;
    stop();
    socket.pause();
    socket.unshift(seen);
    then(offers);
  };
  const onEnd = (): void => void socket.destroy();
  const stop = (): void => {
    socket.setTimeout(0);
    socket.off('data', onData).off('end', onEnd).off('timeout', onEnd).off('error', onEnd);
  };
  socket.setTimeout(PATIENCE_MS);
  socket.on('data', onData).on('end', onEnd).on('timeout', onEnd).on('error', onEnd);
}
