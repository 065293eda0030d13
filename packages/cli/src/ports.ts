import { LianyunError } from 'lianyun';

/** Reads a port option. Throws `bad-config` naming the option. */
export function readPort(option: string, text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new LianyunError('bad-config', `${option} ${JSON.stringify(text)} is no port: a number from 0 to 65535 is expected, 0 for any free one.`);
  return port;
}
