import os from 'node:os';
import path from 'node:path';
import { isLianyunError, LianyunError } from 'lianyun';
import { accessKeysOf, applySeed, hostsFor, loadAccessKeys, openAuthority, openStorage, Platform, readSeedFile } from '@lianyun/platform';
import { readPort } from './ports.ts';

/** The options of `lianyun up`, as they were written. */
export interface UpOptions {
  readonly host: string;
  readonly mqtt: string;
  readonly mqtts?: string;
  readonly http: string;
  readonly https?: string;
  readonly publicUrl?: string;
  readonly data?: string;
  readonly seed?: string;
}

/** Where generated access keys and the certificate authority are kept when no --data is given: the user's own state folder. */
export function stateFolder(): string {
  const { XDG_STATE_HOME: own = '' } = process.env;
  // One that is empty or relative counts as none (XDG Base Directory Specification).
  return path.join(path.isAbsolute(own) ? own : path.join(os.homedir(), '.local', 'state'), 'lianyun');
}

/**
 * Runs the platform until SIGTERM or SIGINT. When it accepts connections, one JSON line goes to stdout; everything else goes to stderr.
 */
export async function up(options: UpOptions): Promise<void> {
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  // Before anything is opened: who starts it may end it while it reads what is stored.
  const ending = new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, resolve);
  });
  const ports = {
    mqtt: readPort('--mqtt', options.mqtt),
    http: readPort('--http', options.http),
    ...(options.mqtts === undefined ? {} : { mqtts: readPort('--mqtts', options.mqtts) }),
    ...(options.https === undefined ? {} : { https: readPort('--https', options.https) }),
  };
  // What a shell leaves of a variable that is not set: an empty address means all of them, an empty folder the one that this was started in.
  for (const [name, value] of [['--host', options.host], ['--data', options.data], ['--seed', options.seed]] as const) if (value?.trim() === '') throw new LianyunError('bad-config', `${name} is empty: leave it out, or give it a value.`);
  const { publicUrl } = options;
  if (publicUrl !== undefined && !isOrigin(publicUrl)) throw new LianyunError('bad-config', `--public-url${publicUrl.includes('@') ? '' : ` ${publicUrl}`} is no address: http://HOST:PORT or https://HOST is expected, with a path at most.`);
  const seed = options.seed === undefined ? undefined : readSeedFile(options.seed);
  const state = options.data ?? stateFolder();
  const keys = loadAccessKeys(state, seed === undefined ? {} : accessKeysOf(seed.seed));
  if (keys.file !== undefined) log(`lianyun: access keys for the APIs are in ${keys.file}`);
  const authority = options.mqtts === undefined && options.https === undefined ? undefined : openAuthority({ directory: state, hosts: hostsFor(options.host) });
  // After all that is cheap to refuse: it makes files.
  await using storage = openStorage({ directory: options.data });
  if (options.data === undefined) log('lianyun: without --data, products, devices and what they report live as long as this process.');
  const projectId = seed?.seed.huawei?.projectId;
  const platform = new Platform({ keys, storage, ...(projectId === undefined ? {} : { projectId }), ...(publicUrl === undefined ? {} : { publicUrl }) });
  platform.on('notice', ({ kind, peer, text }) => log(`${new Date().toISOString()} ${kind} ${peer}: ${text}`));
  platform.on('problem', ({ code, message }) => log(`${new Date().toISOString()} ${code}: ${message}`));
  if (seed !== undefined) {
    const { added, kept } = applySeed(seed, platform);
    await storage.stored();
    log(`lianyun: the seed added ${added} products and devices${kept === 0 ? '' : `, ${kept} were there already`}.`);
  }
  const open = await platform.listen({ host: options.host, ...ports, ...(authority === undefined ? {} : { authority }) });
  const ready = { ready: true, mqtt: open.mqtt, mqtts: open.mqtts ?? null, http: open.http, https: open.https ?? null, ca: authority === undefined ? null : path.resolve(authority.file) };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  log(`lianyun: ${await ending}, going down.`);
  await platform.close();
}

/** Whether URLs can begin with it: nothing of it may stand behind the path, and no password may go out to every device. */
function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && !/[?#\s]/.test(text) && url.username === '' && url.password === '';
}

/** Errors whose messages say what to do themselves. */
const SELF_EXPLANATORY: readonly string[] = ['port-in-use', 'bad-config', 'bad-seed'];

/** Says an error as a user wants to read it: what happened, and what to do. */
export function sayError(error: unknown): string {
  // Not instanceof: what is built has the class once in `lianyun` and once in the platform.
  if (isLianyunError(error)) return SELF_EXPLANATORY.includes(error.code) ? `lianyun: ${error.message}` : `lianyun: ${error.message}\n  ${error.cure}`;
  return `lianyun: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
