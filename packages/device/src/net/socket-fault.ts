import { LianyunError } from '@lianyun/protocol';

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; is the server running, and is this its port?',
  ENOTFOUND: "the name cannot be resolved; check it, and this machine's DNS",
  EAI_AGAIN: "the name cannot be resolved now; check this machine's network and DNS",
  ETIMEDOUT: 'no answer from there; check network and firewall',
  EHOSTUNREACH: 'no way leads there from this machine; check network and firewall',
  ENETUNREACH: 'no way leads there from this machine; check its network',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
};

/** A socket's error in words, with the system's own code; of a name with several addresses, each different one. */
export function wordsOf(error: Error): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map((each: unknown) => (each instanceof Error ? wordsOf(each) : String(each))))].join('; ');
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const words = code === undefined ? undefined : WORDS[code];
  return words === undefined || code === undefined ? error.message : `${words} (${code})`;
}

/** The other end cut the connection, as a server does that closes while data is still coming in. */
export function isReset(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE' || error.code === 'ECONNABORTED');
}

/** The other end does not keep to MQTT. Before it has answered the sign-in, it may be no MQTT server at all. */
export function protocolFault(text: string, { where, isConnected, cause }: { readonly where: string; readonly isConnected: boolean; readonly cause: unknown }): LianyunError {
  const what = isConnected ? `${where}: ${text}.` : `What answers at ${where} does not speak MQTT; is this the MQTT port? (${text}.)`;
  return new LianyunError('protocol-violation', what, { cause });
}
