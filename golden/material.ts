// A throw-away authority with a server's and a client's certificate, and WebSocket on the server's side.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openAuthority } from '@lianyun/platform';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { TlsMaterial, Upgrade } from './wire.ts';

/** The name that the recorded server's certificate had. */
export const SERVER = 'golden-server';
const CLIENT = 'golden-client';

/**
 * Makes the material of one scenario below `directory`, under the names that the transcripts have for it: `tls/ca.pem`, and certificate and key of server and client.
 * @param hosts further names of the server.
 */
export async function throwAwayMaterial(directory: string, hosts: readonly string[] = []): Promise<TlsMaterial> {
  const place = path.join(directory, 'tls');
  await mkdir(place, { recursive: true });
  const names = [SERVER, ...hosts.map((host) => host.toLowerCase())];
  const authority = openAuthority({ directory: place, hosts: names });
  const server = authority.forServer(names);
  for (const [name, { cert, key }] of [['server', server], ['client', authority.forDevice(CLIENT)]] as const) {
    await writeFile(path.join(place, `${name}.pem`), cert);
    await writeFile(path.join(place, `${name}.key`), key);
  }
  return { ca: authority.pem, ...server };
}

/** Puts the certificate of an authority that signed nothing here where a case names a file that is not there. */
export async function foreignAuthority(file: string): Promise<void> {
  if (existsSync(file)) return;
  const place = path.join(path.dirname(file), `${path.basename(file)}.made`);
  await mkdir(place, { recursive: true });
  await writeFile(file, openAuthority({ directory: place, hosts: [] }).pem);
}

const sockets = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, handleProtocols: (asked) => (asked.has('mqtt') ? 'mqtt' : false) });

export const upgradeWebSocket: Upgrade = (request, socket, head, accept) => {
  socket.on('error', () => undefined);
  sockets.handleUpgrade(request, socket, head, (webSocket) => {
    const stream = createWebSocketStream(webSocket);
    stream.on('error', () => undefined);
    accept(stream);
  });
};
