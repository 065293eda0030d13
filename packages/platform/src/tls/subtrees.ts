import { BlockList, isIP } from 'node:net';

/** Names and nets that an authority may sign for. A name stands for itself and what is below it; a net is written `address/bits`. */
export interface Subtrees {
  readonly names: readonly string[];
  readonly nets: readonly string[];
}

/** What no public authority signs for: this machine, private networks, and the names that are kept for them (RFC 1918, 3927, 4193, 6761, 6762, 8375). */
export const PRIVATE: Subtrees = {
  names: ['localhost', 'local', 'lan', 'home.arpa', 'internal', 'test'],
  nets: ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '::1/128', 'fc00::/7', 'fe80::/10'],
};

/** Whether a host is under these names and nets. */
export function covers({ names, nets }: Subtrees, host: string): boolean {
  if (isIP(host) === 0) return names.some((name) => host === name || host.endsWith(`.${name}`));
  const family = isIP(host) === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  for (const net of nets) {
    const [address = '', bits = ''] = net.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return list.check(host, family);
}

/** The same with hosts that are not covered yet. */
export function withHosts(subtrees: Subtrees, hosts: readonly string[]): Subtrees {
  const more = hosts.filter((host) => !covers(subtrees, host));
  return {
    names: [...subtrees.names, ...more.filter((host) => isIP(host) === 0)],
    nets: [...subtrees.nets, ...more.filter((host) => isIP(host) !== 0).map((host) => `${host}/${isIP(host) === 4 ? 32 : 128}`)],
  };
}

/** Address and mask of a net, or of one address, in bytes (RFC 5280, 4.2.1.10). */
export function netOf(net: string): Uint8Array {
  const [address = '', bits] = net.split('/');
  const bytes = bytesOf(address);
  const set = bits === undefined ? bytes.length * 8 : Number(bits);
  const mask = bytes.map((_, at) => (0xff00 >> Math.min(Math.max(set - at * 8, 0), 8)) & 0xff);
  return Uint8Array.from([...bytes, ...mask]);
}

function bytesOf(address: string): number[] {
  if (isIP(address) === 4) return address.split('.').map(Number);
  // The URL parser writes every form of an IPv6 address in one.
  const shortest = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = shortest.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [front, back] = [groups(head), groups(tail ?? '')];
  const middle = Array.from({ length: tail === undefined ? 0 : 8 - front.length - back.length }, () => '0');
  return [...front, ...middle, ...back].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
}
