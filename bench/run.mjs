// The benchmark: peers and ours in one run, as ratios. bench/README.md says how to read it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findMosquitto, Machine } from './machine.mjs';
import { judge } from './measure/goals.mjs';
import { Samples } from './measure/samples.mjs';
import { tablesOf } from './measure/tables.mjs';
import { enterOwnNetwork } from './network.mjs';
import { DEFAULT_ROUNDS, readOptions, USAGE } from './options.mjs';
import { connections } from './parts/connections.mjs';
import { devices } from './parts/devices.mjs';
import { fleet, fleetStored } from './parts/fleet.mjs';
import { history } from './parts/history.mjs';
import { latency } from './parts/latency.mjs';
import { ota } from './parts/ota.mjs';
import { publish } from './parts/publish.mjs';
import { size } from './parts/size.mjs';
import { startup } from './parts/startup.mjs';
import { killAll } from './processes.mjs';

const PARTS = [publish, latency, devices, startup, fleet, fleetStored, history, connections, ota, size];
/** No round is begun after this; more rounds than the default may take longer. */
const MINUTES = 9;

if (process.platform !== 'linux') leave('The benchmark reads /proc: it runs on Linux only.');
if (Number(process.versions.node.split('.')[0]) < 22) leave(`Node ${process.version} is too old for what is measured: npm run bench runs on the Node that npm ci brings.`);
const options = readCommandLine();
const network = await enterOwnNetwork();
const directory = mkdtempSync(path.join(os.tmpdir(), 'lianyun-bench-'));
process.on('exit', () => {
  killAll();
  rmSync(directory, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

if (options.builds) execFileSync(process.execPath, [fileURLToPath(new URL('../scripts/build.mjs', import.meta.url))], { stdio: 'inherit' });

const machine = new Machine({ pin: options.pin, directory });
const mosquitto = whyNoMosquitto();
const startedAt = performance.now();
const lastRoundAt = startedAt + MINUTES * 60_000 * Math.max(1, options.rounds / DEFAULT_ROUNDS);
const facts = {
  at: new Date().toISOString(),
  node: process.version,
  cpu: os.cpus()[0]?.model ?? 'unknown',
  cores: os.cpus().length,
  system: `${os.type()} ${os.release()} ${os.arch()}`,
  network,
  pin: options.pin,
  rounds: options.rounds,
  loadBefore: os.loadavg()[0],
};
console.log(`# Benchmark\n\nNode ${facts.node} on ${facts.cores} × ${facts.cpu}, ${facts.system}; ${facts.at}`);
console.log(`Network: ${network}. Cores: pin ${options.pin}. Load average before: ${facts.loadBefore.toFixed(2)}.`);
console.log(`Figures are the median of ${options.rounds} rounds [least-greatest]; ratios are medians of the ratios of each round.`);
if (mosquitto !== undefined) console.log(`\n${mosquitto}. Left out for it: ${PARTS.filter((part) => part.needsMosquitto).map(({ name }) => name).join(', ')}.`);

const results = new Map();
for (const part of PARTS.filter(({ name }) => options.only.includes(name))) {
  if (part.needsMosquitto && mosquitto !== undefined) results.set(part.name, { whyNot: mosquitto });
  else results.set(part.name, await measure(part));
  print(part, results.get(part.name));
}

const goals = judge(options.only, {
  samplesOf: (name) => results.get(name).samples,
  whyNot: (name) => results.get(name).whyNot ?? 'the part gave no figures',
});
const seconds = Math.round((performance.now() - startedAt) / 1000);
console.log(`\n## Goals\n\n${goals.map(({ line }) => line).join('\n')}\n\n${seconds} s`);
if (options.json !== undefined) {
  const parts = Object.fromEntries([...results].map(([name, { samples, notes, faults, whyNot }]) => [name, { figures: samples, notes, faults, whyNot }]));
  writeFileSync(options.json, `${JSON.stringify({ ...facts, seconds, parts, goals }, null, 1)}\n`);
}
process.exit([...results.values()].some(({ faults }) => faults?.length > 0) ? 1 : 0);

/** Runs a part round by round; a round that fails is told and left out. */
async function measure(part) {
  const samples = new Samples();
  const notes = new Set();
  const faults = [];
  const attempt = async (what, work) => {
    try {
      await work();
      return true;
    } catch (error) {
      faults.push(`${what}: ${error.message}`);
      console.error(`${part.name}, ${faults.at(-1)}`);
      return false;
    }
  };
  const isReady = await attempt('preparation', async () => (await part.prepare?.(machine))?.forEach((line) => notes.add(line)));
  for (let round = 0; isReady && round < options.rounds; round++) {
    if (performance.now() > lastRoundAt) {
      faults.push(`only ${round} of ${options.rounds} rounds: the time was up`);
      break;
    }
    const beganAt = performance.now();
    const add = (subject, of, figures) => samples.add({ round, subject, of, figures });
    await attempt(`round ${round + 1}`, () => part.round({ machine, round, add, note: (line) => notes.add(line) }));
    console.error(`${part.name}: round ${round + 1} of ${options.rounds} (${((performance.now() - beganAt) / 1000).toFixed(1)} s)`);
  }
  return { samples, notes: [...notes], faults, whyNot: faults[0]?.split('\n')[0] };
}

function print(part, { samples, notes = [], faults = [], whyNot }) {
  console.log(`\n## ${part.title}\n`);
  if (samples === undefined) return console.log(`Not measured: ${whyNot}.`);
  for (const line of notes) console.log(`${line}\n`);
  if (samples.cases().length > 0) for (const each of tablesOf(samples, part)) console.log(each);
  for (const fault of faults) console.log(`Failed: ${fault}\n`);
}

function whyNoMosquitto() {
  try {
    findMosquitto();
    return undefined;
  } catch (error) {
    return error.message;
  }
}

function readCommandLine() {
  try {
    const read = readOptions(process.argv.slice(2), PARTS.map(({ name }) => name));
    const text = read.helps ? USAGE : read.lists ? PARTS.map(({ name, title }) => `${name}: ${title}`).join('\n') : undefined;
    if (text === undefined) return read;
    console.log(text);
    process.exit(0);
  } catch (error) {
    return leave(`${error.message}\n\n${USAGE}`);
  }
}

function leave(why) {
  console.error(why);
  process.exit(2);
}
