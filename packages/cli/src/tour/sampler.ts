// The program that reads this machine's figures, in a process of its own: what an upgrade replaces. It stands alone in its file, since that file is what is installed.
import { execFile } from 'node:child_process';
import { readdir, readFile, statfs } from 'node:fs/promises';
import os from 'node:os';
import { promisify } from 'node:util';

/** The version of this program. */
const VERSION = '1.0.0';

/** What the program is asked, over IPC; it answers with the same id. */
export type Question = { readonly id: number; readonly ask: 'sample' } | { readonly id: number; readonly ask: 'busiest'; readonly count: number };

/** What it says: first which version it is, then its answers. */
export type Word = { readonly version: string } | { readonly id: number; readonly sample: Sample } | { readonly id: number; readonly busiest: readonly BusyProcess[] } | { readonly id: number; readonly error: string };

/** One reading of this machine. Rates are since the reading before; what the system does not tell is left out. */
export interface Sample {
  /** Load average of the last minute. */
  readonly load: number;
  /** Memory in use, percent. */
  readonly memory: number;
  /** Space in use on the root file system, percent. */
  readonly disk: number;
  /** Bytes per second that came in and went out over all interfaces but loopback. */
  readonly network_in?: number;
  readonly network_out?: number;
  /** Number of processes. */
  readonly processes?: number;
  /** The version that read it. */
  readonly sampler: string;
}

/** A process and its share of one core over a short while. */
export interface BusyProcess {
  readonly pid: number;
  readonly name: string;
  /** Percent of one core. */
  readonly cpu: number;
}

interface Traffic {
  readonly at: number;
  readonly received: number;
  readonly sent: number;
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

/** Reads this machine's own figures. */
class Machine {
  #traffic: Traffic | undefined;

  async sample(): Promise<Sample> {
    const [available, files, traffic, pids] = await Promise.all([availableMemory(), statfs('/'), readTraffic(), listPids()]);
    const before = this.#traffic;
    this.#traffic = traffic;
    const seconds = before === undefined || traffic === undefined ? 0 : (traffic.at - before.at) / 1000;
    const rate = (now: number, then: number): number => (seconds > 0 ? Math.max(0, Math.round((now - then) / seconds)) : 0);
    return {
      load: round(os.loadavg()[0] ?? 0, 2),
      memory: round((1 - available / os.totalmem()) * 100, 1),
      disk: round((1 - files.bavail / files.blocks) * 100, 1),
      ...(traffic === undefined ? {} : { network_in: rate(traffic.received, before?.received ?? 0), network_out: rate(traffic.sent, before?.sent ?? 0) }),
      ...(pids === undefined ? {} : { processes: pids.length }),
      sampler: VERSION,
    };
  }

  /** The busiest processes over a fifth of a second (Linux), or as `ps` says elsewhere. */
  async busiest(count: number): Promise<readonly BusyProcess[]> {
    const before = await cpuTimes();
    if (before === undefined) return (await askPs()).slice(0, count);
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const after = (await cpuTimes()) ?? new Map<number, CpuTime>();
    const ticks = ((performance.now() - start) / 1000) * TICKS_PER_SECOND;
    return [...after]
      .map(([pid, { name, ticks: now }]) => ({ pid, name, cpu: round(((now - (before.get(pid)?.ticks ?? now)) / ticks) * 100, 1) }))
      .sort((a, b) => b.cpu - a.cpu || a.pid - b.pid)
      .slice(0, count);
  }
}

/** The kernel counts CPU time in hundredths of a second, whatever its own timer does. */
const TICKS_PER_SECOND = 100;

interface CpuTime {
  readonly name: string;
  readonly ticks: number;
}

async function cpuTimes(): Promise<Map<number, CpuTime> | undefined> {
  const pids = await listPids();
  if (pids === undefined) return undefined;
  const times = new Map<number, CpuTime>();
  await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
      if (stat === undefined) return;
      // The name is in parentheses and may hold some itself: the last one ends it. User and system time are fields 14 and 15.
      const end = stat.lastIndexOf(')');
      const fields = stat.slice(end + 2).split(' ');
      times.set(pid, { name: stat.slice(stat.indexOf('(') + 1, end), ticks: Number(fields[11]) + Number(fields[12]) });
    }),
  );
  return times;
}

async function askPs(): Promise<BusyProcess[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,pcpu=,comm=']).catch(() => ({ stdout: '' }));
  return stdout
    .split('\n')
    .flatMap((line) => {
      const match = /^\s*(\d+)\s+([\d.,]+)\s+(.+)$/.exec(line);
      return match === null ? [] : [{ pid: Number(match[1]), cpu: Number(match[2]?.replace(',', '.')), name: match[3] ?? '' }];
    })
    .sort((a, b) => b.cpu - a.cpu);
}

async function listPids(): Promise<number[] | undefined> {
  const names = await readdir('/proc').catch(() => undefined);
  return names?.filter((name) => /^\d+$/.test(name)).map(Number);
}

async function availableMemory(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const match = /^MemAvailable:\s+(\d+) kB$/m.exec(text);
  return match === null ? os.freemem() : Number(match[1]) * 1024;
}

async function readTraffic(): Promise<Traffic | undefined> {
  const text = await readFile('/proc/net/dev', 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  let received = 0;
  let sent = 0;
  for (const line of text.split('\n').slice(2)) {
    const [name = '', numbers = ''] = line.split(':');
    if (name.trim() === '' || name.trim() === 'lo') continue;
    const fields = numbers.trim().split(/\s+/).map(Number);
    received += fields[0] ?? 0;
    sent += fields[8] ?? 0;
  }
  return { at: performance.now(), received, sent };
}

const machine = new Machine();

async function answer(question: Question): Promise<Word> {
  const { id } = question;
  try {
    return question.ask === 'sample' ? { id, sample: await machine.sample() } : { id, busiest: await machine.busiest(question.count) };
  } catch (error) {
    return { id, error: String(error) };
  }
}

const say = (word: Word): void => void process.send?.(word, (error: Error | null) => error !== null && process.exit(1));
// The program that started it is what asks.
process.on('message', (question: Question) => void answer(question).then(say));
process.on('disconnect', () => process.exit());
say({ version: VERSION });
