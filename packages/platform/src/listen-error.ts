import { LianyunError } from '@lianyun/protocol';

const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program holds the port. Stop it, or choose another port (0 takes any free one).',
  EADDRNOTAVAIL: 'this machine has no such address. Give one of its own, 127.0.0.1 for this machine alone, or 0.0.0.0 for all.',
  ENOTFOUND: 'the name cannot be resolved. Give an address of this machine, 127.0.0.1 for itself alone, or 0.0.0.0 for all.',
  EACCES: 'this user may not listen there; ports below 1024 are for the administrator. Choose another port (0 takes any free one).',
};

/** Why nothing listens: `port-in-use` or `bad-config`, with what to do. `what` is the protocol. */
export function listenError(what: string, cause: unknown, { host, port }: { readonly host: string; readonly port: number }): LianyunError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const words = WORDS[code] ?? (cause instanceof Error ? cause.message : String(cause));
  const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new LianyunError(code === 'EADDRINUSE' ? 'port-in-use' : 'bad-config', `${what} cannot listen on ${place}: ${words}`, { cause });
}
