#!/usr/bin/env node
// The `lianyun` command. Written so that Node.js 12 can still parse it: a machine with an old Node gets a sentence, not a syntax
// error. Hence no `node:` prefix, no `?.`, no `??`, no top-level await in this file.
import { spawn } from 'child_process';
import { existsSync } from 'fs';
import { createRequire } from 'module';
import path from 'path';
import { fileURLToPath } from 'url';

const NEEDED = [22, 13];
const SOURCE = '--conditions=@lianyun/source';
const HAS_LAUNCHER = 'LIANYUN_HAS_LAUNCHER';

const here = fileURLToPath(import.meta.url);
const version = process.versions.node;

dieWithTheLauncher();
if (isNewEnough(version)) run();
else runOnBundledNode();

function isNewEnough(text) {
  const [major, minor] = text.split('.').map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

function run() {
  // Node.js 22 announces node:sqlite and type stripping as experimental. What lianyun uses of them is tested on 22: the user has
  // nothing to decide. Every other warning passes.
  const emitWarning = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    const types = [warning && warning.name, rest[0], rest[0] && rest[0].type]; // an Error; or a text, and its type or options
    if (!types.includes('ExperimentalWarning')) emitWarning.call(process, warning, ...rest);
  };
  if (!runsFromSource()) {
    import(new URL('../dist/main.js', import.meta.url).href);
  } else if (process.execArgv.includes(SOURCE)) {
    import(new URL('../src/main.ts', import.meta.url).href);
  } else if (process.features.typescript) {
    spawnWith(process.execPath, process.execArgv);
  } else {
    fail(`lianyun is not built and Node.js ${version} does not run TypeScript sources; run: npm run build`);
  }
}

function runOnBundledNode() {
  const wrong = `lianyun needs Node.js ${NEEDED.join('.')} or newer and was started under ${version}`;
  const bundled = bundledNode();
  if (bundled === undefined) {
    fail(`${wrong}\nget a newer one from https://nodejs.org/ or, with nvm: nvm install 24`);
    return;
  }
  say(`${wrong}; running on the Node.js ${bundled.version} that came with npm ci (${bundled.node})`);
  spawnWith(bundled.node, []);
}

function bundledNode() {
  try {
    const require = createRequire(here);
    const manifest = require.resolve(`node-linux-${process.arch}/package.json`);
    const node = path.join(path.dirname(manifest), 'bin', 'node');
    return existsSync(node) ? { node, version: require(manifest).version } : undefined;
  } catch {
    return undefined; // not installed: another system, or lianyun was installed alone
  }
}

/** Runs this file again on `node` and ends as that process ends. */
function spawnWith(node, nodeArguments) {
  // A process group of its own: Ctrl-C reaches the child once, from here, and not a second time from the terminal.
  const child = spawn(node, [...nodeArguments, ...(runsFromSource() ? [SOURCE] : []), here, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: true,
    env: Object.assign({}, process.env, { [HAS_LAUNCHER]: '1' }),
  });
  const forward = (signal) => child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  child.on('error', (error) => fail(`lianyun cannot start ${node}: ${error.message}\nget a Node.js for this machine from https://nodejs.org/`));
  child.on('exit', (code, signal) => {
    for (const each of signals) process.removeListener(each, forward);
    process.exitCode = code === null ? 1 : code;
    if (signal) process.kill(process.pid, signal);
  });
}

/** In the process that a launcher started: when the launcher is gone, however it went, so is this one. */
function dieWithTheLauncher() {
  if (process.env[HAS_LAUNCHER] === undefined) return;
  delete process.env[HAS_LAUNCHER]; // what is started from here has no launcher
  const die = () => process.kill(process.pid, 'SIGKILL');
  if (!process.connected) die(); // gone before this line ran
  process.on('disconnect', die);
  process.channel.unref();
}

function runsFromSource() {
  const beside = (file) => existsSync(path.join(path.dirname(here), '..', file));
  return !beside('dist/main.js') && beside('src/main.ts');
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function fail(text) {
  say(text);
  process.exitCode = 1;
}
