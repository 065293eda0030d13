// What few devices have on the way to a server.
export { openTunnel } from './tunnel.ts';
export { openWebSocket } from './web-socket.ts';
