import type { Socket } from 'node:net';

/** Where a connection comes from: no two that are open have the same. */
export function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? 'gone'}:${String(remotePort ?? 0)}`;
}
