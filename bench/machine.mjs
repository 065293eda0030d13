// Where things run: cores, and the programs that are started there.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { freePort, HOST } from './network.mjs';
import { Child } from './processes.mjs';

const BENCH = fileURLToPath(new URL('./', import.meta.url));
const DEVICE = fileURLToPath(new URL('./clients/device-process.mjs', import.meta.url));
const CROWD = fileURLToPath(new URL('./clients/crowd-process.mjs', import.meta.url));
const HISTORY = fileURLToPath(new URL('./clients/history-process.mjs', import.meta.url));
const FLEET = fileURLToPath(new URL('./fleet/fleet-process.mjs', import.meta.url));
const CLOUD = fileURLToPath(new URL('./downloads/cloud-process.mjs', import.meta.url));
const DOWNLOAD = fileURLToPath(new URL('./downloads/download-process.mjs', import.meta.url));
const SERVERS = {
  ours: fileURLToPath(new URL('./servers/ours.mjs', import.meta.url)),
  aedes: fileURLToPath(new URL('./servers/aedes.mjs', import.meta.url)),
};
// A user's PATH often lacks the directories that servers are installed in.
const BESIDE_PATH = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin', '/opt/homebrew/bin'];

/** Starts programs on the cores that `pin` says; see options.mjs. */
export class Machine {
  #pin;
  #directory;

  constructor({ pin, directory }) {
    this.#pin = pin;
    this.#directory = directory;
    const [program, ...args] = onCore('0', ['true']);
    if (pin !== 'none' && spawnSync(program, args).status !== 0) throw new Error(`--pin ${pin}: taskset does not work here`);
  }

  /** A process with one device of a client library; see clients/device-process.mjs. `bench`: a copy of this directory elsewhere; see packed.mjs. */
  device(client, options, bench = BENCH) {
    return this.#start('client', [process.execPath, path.join(bench, path.relative(BENCH, DEVICE)), client, JSON.stringify(options)]);
  }

  /** A process with many of them; see clients/crowd-process.mjs. */
  crowd(client, options) {
    return this.#start('client', [process.execPath, '--expose-gc', CROWD, client, JSON.stringify(options)]);
  }

  /** A process with a fleet of raw connections; see fleet/fleet-process.mjs. */
  fleet(options) {
    return this.#start('client', [process.execPath, FLEET, JSON.stringify(options)]);
  }

  /** A process with a storage of the platform's; see clients/history-process.mjs. */
  history(options) {
    return this.#start('server', [process.execPath, HISTORY, JSON.stringify(options)]);
  }

  /** A process that offers files and gives them out; see downloads/cloud-process.mjs. */
  cloud(options) {
    return this.#start('server', [process.execPath, CLOUD, JSON.stringify(options)]);
  }

  /** A process that fetches one in some way; see downloads/download-process.mjs. */
  download(way, options) {
    return this.#start('client', [process.execPath, '--expose-gc', DOWNLOAD, way, JSON.stringify(options)]);
  }

  /** A Node process that only starts and says so: what no client can be faster than. */
  bareNode() {
    return this.#start('client', [process.execPath, '--input-type=module', '--eval', BARE]);
  }

  /** One of {@link SERVERS}; resolves with the process, its port and what it does in words. See servers/server-process.mjs. */
  async server(name, options) {
    const child = this.#start('server', [process.execPath, '--expose-gc', SERVERS[name], JSON.stringify({ host: HOST, ...options })]);
    const { port, about } = await child.next();
    return { child, port, about };
  }

  /** A new folder on the disk of temporary files; gone at the end of the run. */
  folder() {
    return mkdtempSync(path.join(this.#directory, 'folder-'));
  }

  /** mosquitto without limits; resolves with the process and its port. Throws in words when it is not installed. */
  async mosquitto() {
    const program = findMosquitto();
    const port = await freePort();
    const file = path.join(this.#directory, `mosquitto-${port}.conf`);
    writeFileSync(file, MOSQUITTO.concat(`listener ${port} ${HOST}`, '').join('\n'));
    const child = this.#start('server', [program, '-c', file]);
    await waitForListener(child, port);
    return { child, port };
  }

  #start(role, command) {
    if (this.#pin === 'none') return new Child(command);
    return new Child(onCore(this.#pin === 'split' && role === 'client' ? '1' : '0', command));
  }
}

function onCore(core, command) {
  return ['taskset', '-c', core, ...command];
}

const BARE = 'const { user, system } = process.cpuUsage(); console.log(JSON.stringify({ cpuMs: (user + system) / 1000 }));';

const MOSQUITTO = [
  // The file lies in a directory that only this user can read.
  'user root',
  'allow_anonymous true',
  'persistence false',
  'log_type error',
  'max_inflight_messages 0',
  'max_queued_messages 0',
  'set_tcp_nodelay true',
];

/** The path of mosquitto. Throws an Error in words when there is none. */
export function findMosquitto() {
  const directories = [...(process.env.PATH ?? '').split(path.delimiter), ...BESIDE_PATH].filter((each) => path.isAbsolute(each));
  const found = directories.map((directory) => path.join(directory, 'mosquitto')).find(isExecutable);
  if (found === undefined) throw new Error('mosquitto is not installed: apt-get install mosquitto');
  return found;
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** mosquitto does not say when it is ready, so this asks it. */
async function waitForListener(child, port) {
  const end = performance.now() + 8000;
  while (!(await answers(port))) {
    if (child.exit !== undefined) throw new Error(child.exit);
    if (performance.now() > end) throw new Error('mosquitto did not listen within 8 s');
    await sleep(20);
  }
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, HOST, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
