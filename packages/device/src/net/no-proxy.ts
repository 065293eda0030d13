import { BlockList, isIP } from 'node:net';

/**
 * Whether a list as in NO_PROXY names a host, read as curl reads it: names between commas or blanks, a name for itself and everything below it, with or
 * without a dot before it; addresses, and networks as `10.0.0.0/8`; `*` alone for every host.
 */
export function isExempt(host: string, list: string): boolean {
  const names = list.split(/[\s,]+/).filter((name) => name !== '');
  if (names.length === 1 && names[0] === '*') return true;
  const kind = isIP(host);
  if (kind !== 0) return names.some((name) => hasAddress(name, host, kind === 4 ? 'ipv4' : 'ipv6'));
  const own = plain(host);
  return names.map(plain).some((name) => name !== '' && (own === name || own.endsWith(`.${name}`)));
}

/** Without the dots that say nothing. */
const plain = (name: string): string => name.toLowerCase().replace(/^\./, '').replace(/\.$/, '');

function hasAddress(name: string, host: string, family: 'ipv4' | 'ipv6'): boolean {
  const [written = '', bits] = name.split('/');
  const address = written.replace(/^\[(.*)\]$/, '$1');
  const most = family === 'ipv4' ? 32 : 128;
  if (isIP(address) !== (family === 'ipv4' ? 4 : 6)) return false;
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity;
  if (prefix > most) return false;
  const network = new BlockList();
  network.addSubnet(address, prefix, family);
  return network.check(host, family);
}
