// No name is resolved and nothing leaves this machine while transcripts are replayed: every dial is noted and led to a port of ours.
import net from 'node:net';

interface Dialled {
  readonly host: string;
  readonly port: number;
}

/** Leads every outgoing TCP connection of this process to loopback. `route` says to which port, or undefined: the dial is refused as by a host that is not there. Returns what takes it back. */
export function redirectDials(route: (dialled: Dialled) => number | undefined): () => void {
  const original = net.Socket.prototype.connect as (this: net.Socket, options: net.TcpNetConnectOpts, onConnect?: () => void) => net.Socket;
  function connect(this: net.Socket, ...args: unknown[]): net.Socket {
    const { options, onConnect } = read(args);
    if (options === undefined) throw new Error('A replay dials TCP only.');
    const { host = 'localhost', port } = options;
    const to = route({ host, port: Number(port) });
    // Port 1 of loopback: nothing listens there.
    return original.call(this, { ...options, host: '127.0.0.1', port: to ?? 1 }, onConnect);
  }
  net.Socket.prototype.connect = connect;
  return () => {
    net.Socket.prototype.connect = original as typeof net.Socket.prototype.connect;
  };
}

/** The forms that net.Socket.connect() takes: options, port and host, and the list that net.connect() makes of them. */
function read(args: readonly unknown[]): { readonly options: net.TcpNetConnectOpts | undefined; readonly onConnect: (() => void) | undefined } {
  const list = (Array.isArray(args[0]) ? args[0] : args) as readonly unknown[];
  const onConnect = list.find((each) => typeof each === 'function') as (() => void) | undefined;
  const [first, second] = list;
  if (typeof first === 'object' && first !== null) return { options: 'port' in first ? (first as net.TcpNetConnectOpts) : undefined, onConnect };
  return { options: { port: Number(first), ...(typeof second === 'string' ? { host: second } : {}) }, onConnect };
}
