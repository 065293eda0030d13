// Every check there is; the last line says how many passed and failed. CONTRIBUTING.md says how to use it.
//   node scripts/test.mjs                 everything
//   node scripts/test.mjs --nightly       everything, with the long runs
//   node scripts/test.mjs PATH, -t NAME   only vitest, with these arguments
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

// Everything that tests reach is on this machine: what proxies there are is no matter of theirs.
for (const name of ['http_proxy', 'https_proxy', 'all_proxy']) for (const each of [name, name.toUpperCase()]) delete process.env[each];

const root = path.resolve(import.meta.dirname, '..');
const nightly = process.argv.includes('--nightly');
const selection = process.argv.slice(2).filter((argument) => argument !== '--nightly' && argument !== '--');
const minutes = nightly ? 8 * 60 : 10;
const deadline = AbortSignal.timeout(minutes * 60_000);
const requireForeign = process.env.LIANYUN_REQUIRE_FOREIGN === '1';

const cruised = ['packages', 'scenarios', 'examples', 'bench', 'golden'].filter((directory) => existsSync(path.join(root, directory)));
const staticChecks = [
  { name: 'lint', command: 'eslint', args: ['.', '--max-warnings=0'] },
  { name: 'type check', command: 'tsc', args: ['--project', '.', '--pretty', 'false'] },
  { name: 'build', command: 'node', args: ['scripts/build.mjs'] },
  { name: 'unused code and dependencies', command: 'knip', args: ['--no-progress'] },
  { name: 'import rule', command: 'depcruise', args: ['--config', '.dependency-cruiser.cjs', '--output-type', 'err-long', ...cruised] },
];

let passed = 0;
/** What failed: a name, and why in a line. */
const failures = [];
/** Tests that did not run for want of a foreign program: "NAME (how to install)" to their number. */
const notRun = new Map();
const running = new Set();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    for (const child of running) killGroup(child);
    process.exit(1);
  });
}

if (selection.length === 0) await runTwoAtATime(staticChecks, runStaticCheck);
await runVitest();

for (const { name, reason } of failures) console.log(`failed: ${name}: ${reason}`);
if (selection.length > 0) console.log(`only these tests were asked for: ${selection.join(' ')} (npm test alone runs every check)`);
for (const [program, count] of notRun) console.log(`${count} not run: ${program}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length > 0 ? 1 : 0);

async function runStaticCheck({ name, command, args }) {
  const startedAt = performance.now();
  const { failure, output } = await run(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${failure === undefined ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  if (failure === undefined) {
    passed += 1;
  } else {
    console.log(output.trimEnd());
    failures.push({ name, reason: `${failure}, see above` });
  }
}

async function runVitest() {
  const directory = await mkdtemp(path.join(tmpdir(), 'lianyun-test-'));
  const report = path.join(directory, 'report.json');
  const args = ['run', '--allowOnly=false', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  if (nightly) args.push('--testTimeout=7200000', '--hookTimeout=600000');
  try {
    const { failure } = await run('vitest', [...args, ...selection], { stdio: 'inherit' });
    const before = failures.length + passed;
    const failuresBefore = failures.length;
    const files = existsSync(report) ? JSON.parse(await readFile(report, 'utf8')).testResults : [];
    for (const file of files) countFile(file);
    // Errors outside any test, a crash, the deadline: vitest says so by its exit code alone.
    if (failure !== undefined && failures.length === failuresBefore) failures.push({ name: 'vitest', reason: `${failure}, see above` });
    if (failures.length + passed === before && notRun.size === 0) failures.push({ name: 'vitest', reason: 'no test ran' });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function countFile(file) {
  const name = path.relative(root, file.name);
  const failuresBefore = failures.length;
  for (const test of file.assertionResults) countTest(name, test);
  if (file.status === 'failed' && failures.length === failuresBefore) {
    failures.push({ name, reason: reasonOf(file.message) ?? 'did not load, or did not come to its end' });
  }
}

function countTest(file, test) {
  const name = `${file} > ${[...test.ancestorTitles.filter(Boolean), test.title].join(' > ')}`;
  const missing = test.meta?.missing;
  if (test.status === 'passed') {
    passed += 1;
  } else if (test.status === 'failed') {
    failures.push({ name, reason: reasonOf(test.failureMessages[0]) ?? 'failed' });
  } else if (test.status === 'skipped' && missing !== undefined && !requireForeign) {
    const program = `${missing.program} (${missing.install})`;
    notRun.set(program, (notRun.get(program) ?? 0) + 1);
  } else if (!(test.status === 'skipped' && selectsTests())) {
    failures.push({ name, reason: `did not run (${test.status}); only a missing foreign program is a reason for that` });
  }
}

/** Whether vitest was asked for some tests of a file: the others are then reported as skipped. */
function selectsTests() {
  return selection.some((argument) => /^(-t|--testNamePattern)/.test(argument) || /:\d+$/.test(argument));
}

/** The first line of what a test says; with the seed, where a property failed, so that it can be run again as it was. */
function reasonOf(text) {
  if (!text) return undefined;
  const [first, ...others] = text.trim().split('\n');
  const seed = others.find((line) => /^\{ seed: -?\d+, /.test(line));
  return seed === undefined ? first : `${first} ${seed}`;
}

async function runTwoAtATime(items, work) {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all([worker(), worker()]);
}

/** Runs a program of node_modules/.bin to its end; `failure` says in words how it failed. */
function run(command, args, options) {
  return new Promise((resolve) => {
    // A process group of its own, so that the deadline ends the workers of a check as well
    const child = spawn(command, args, { cwd: root, env: environment(), detached: true, ...options });
    const output = [];
    const onDeadline = () => killGroup(child);
    const finish = (failure) => {
      running.delete(child);
      deadline.removeEventListener('abort', onDeadline);
      const late = deadline.aborted ? `not done after the ${minutes} minutes there are for all checks` : failure;
      resolve({ failure: late, output: Buffer.concat(output).toString() });
    };
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => finish(`${command} did not start: ${error.message}`));
    child.on('close', (code, signal) => finish(code === 0 ? undefined : signal ? `ended by ${signal}` : `exit code ${code}`));
    if (deadline.aborted) onDeadline();
    else deadline.addEventListener('abort', onDeadline);
  });
}

function killGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // gone already
  }
}

/** The environment of every check: our programs first, no proxy between a test and its own machine. */
function environment() {
  const entries = Object.entries(process.env).filter(([name]) => !/proxy$/i.test(name));
  return {
    ...Object.fromEntries(entries),
    PATH: [path.join(root, 'node_modules/.bin'), process.env.PATH].join(path.delimiter),
    ...(process.stdout.isTTY || 'FORCE_COLOR' in process.env ? {} : { NO_COLOR: '1' }),
    ...(nightly ? { LIANYUN_NIGHTLY: '1' } : {}),
  };
}
