// A network of the benchmark's own: a namespace with nothing in it but loopback, so that no other program's port or broker is in the way.
import { spawn, spawnSync } from 'node:child_process';
import net from 'node:net';

/** Set in the process that runs inside of the namespace, or when there is none; says in words which. */
const MARK = 'LIANYUN_BENCH_NETWORK';
export const HOST = '127.0.0.1';

/**
 * Runs the calling program once more inside of a namespace, if this machine allows one, and ends with its exit code. Returns, in that second
 * process or at once, what the network is.
 */
export async function enterOwnNetwork() {
  const known = process.env[MARK];
  if (known !== undefined) {
    // The first process holds this channel: when it is gone, however it ended, we end too.
    process.on('disconnect', () => process.exit(1));
    return known;
  }
  const flags = [['-n'], ['-rn']].find((each) => inNamespace(each, ['true']).status === 0);
  if (flags === undefined) return 'loopback of this machine with free ports (unshare -n does not work here)';
  const [command, args] = commandInNamespace(flags, [process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
  const inner = spawn(command, args, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [MARK]: `a namespace of its own (unshare ${flags.join(' ')})` },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => inner.kill('SIGTERM'));
  const code = await new Promise((resolve) => inner.once('exit', (status) => resolve(status ?? 1)));
  process.exit(code);
}

/** A port of {@link HOST} that nobody listens on. */
export async function freePort() {
  const server = net.createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, HOST, resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function inNamespace(flags, command) {
  const [name, args] = commandInNamespace(flags, command);
  return spawnSync(name, args, { stdio: 'ignore' });
}

function commandInNamespace(flags, command) {
  return ['unshare', [...flags, 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...command]];
}
