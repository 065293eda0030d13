// The processes of the benchmark: each answers in JSON lines on stdout, and none outlives the run.
import { spawn } from 'node:child_process';
import path from 'node:path';

const running = new Set();

/** Ends everything that was started; for a run that is broken off. */
export function killAll() {
  for (const each of running) each.kill('SIGKILL');
}

/** A program that prints JSON lines. It gets orders as JSON lines on stdin and ends itself when stdin does. */
export class Child {
  #process;
  #startedAt = performance.now();
  #lines = [];
  #waiter;
  #buffered = '';
  #complaints = '';
  #name;
  #exit;
  #ended;

  constructor([command, ...args]) {
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#name = path.basename(args.find((each) => each.endsWith('.mjs')) ?? command);
    running.add(this.#process);
    this.#process.stdout.setEncoding('utf8').on('data', (text) => this.#read(text));
    this.#process.stderr.setEncoding('utf8').on('data', (text) => {
      this.#complaints = (this.#complaints + text).slice(-4000);
    });
    this.#process.stdin.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      const end = (how) => {
        if (this.#exit !== undefined) return;
        this.#exit = `${this.#name} ${how}: ${gist(this.#complaints)}`;
        running.delete(this.#process);
        this.#waiter?.reject(new Error(this.#exit));
        resolve();
      };
      this.#process.once('error', (error) => end(`did not start (${error.message})`));
      this.#process.once('close', (code, signal) => end(`ended with ${signal ?? code}`));
    });
  }

  get pid() {
    return this.#process.pid;
  }

  /** Why the process is gone, in words; undefined while it runs. */
  get exit() {
    return this.#exit;
  }

  /** The next line; `atMs` in it is the time since the process was started. */
  next(timeoutMs = 30_000) {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.#exit !== undefined) return Promise.reject(new Error(this.#exit));
    return new Promise((resolve, reject) => {
      const late = new Error(`${this.#name} did not answer within ${timeoutMs} ms: ${gist(this.#complaints)}`);
      const timer = setTimeout(() => this.#waiter?.reject(late), timeoutMs);
      const settle = (how) => (value) => {
        clearTimeout(timer);
        this.#waiter = undefined;
        how(value);
      };
      this.#waiter = { resolve: settle(resolve), reject: settle(reject) };
    });
  }

  /** Gives an order and waits for its answer. */
  ask(order, timeoutMs) {
    this.#process.stdin.write(`${JSON.stringify(order)}\n`);
    return this.next(timeoutMs);
  }

  async end() {
    if (this.#exit !== undefined) return;
    this.#process.stdin.end();
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 2000);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Waits for a process that ends by itself. */
  async ended() {
    await this.#ended;
  }

  #read(text) {
    const lines = (this.#buffered + text).split('\n');
    this.#buffered = lines.pop();
    for (const line of lines) {
      if (!line.startsWith('{')) continue;
      const value = { ...JSON.parse(line), atMs: performance.now() - this.#startedAt };
      if (this.#waiter === undefined) this.#lines.push(value);
      else this.#waiter.resolve(value);
    }
  }
}

/** What is said about an error in many lines, in two. */
function gist(complaints) {
  const lines = complaints.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  if (lines.length === 0) return 'it said nothing';
  const from = lines.findIndex((line) => /^(\w*Error\b|Uncaught)/.test(line));
  return from < 0 ? lines.slice(-2).join(' ') : lines.slice(from, from + 2).join(' ');
}

/** Runs `work` with a child that is ended afterwards, whatever happens. */
export async function withChild(child, work) {
  try {
    return await work(child);
  } finally {
    await child.end();
  }
}
