import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { BusyProcess, Question, Sample, Word } from './sampler.ts';

/** Time that a sampler has to start, and to answer. */
const LIMIT_MS = 20_000;

interface Waiter {
  resolve(word: Word): void;
  reject(error: Error): void;
}

/** A sampler that runs: a process that is asked for figures. */
export class SamplerProcess implements AsyncDisposable {
  readonly version: string;
  readonly #child: ChildProcess;
  readonly #waiters: Map<number, Waiter>;
  #id = 0;

  private constructor(child: ChildProcess, version: string, waiters: Map<number, Waiter>) {
    this.#child = child;
    this.version = version;
    this.#waiters = waiters;
  }

  /** Starts one; rejects when it ends, or is silent, before it says which version it is. */
  static async start(file: string): Promise<SamplerProcess> {
    const child = fork(file, { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    const waiters = new Map<number, Waiter>();
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const fail = (error: Error): void => {
      reject(error);
      for (const waiter of waiters.values()) waiter.reject(error);
      waiters.clear();
    };
    child.on('message', (word: Word) => {
      if ('version' in word) return resolve(word.version);
      waiters.get(word.id)?.resolve(word);
      waiters.delete(word.id);
    });
    child.on('error', fail);
    child.on('exit', (code, signal) => fail(new Error(`The sampler ended with ${signal ?? `exit code ${code}`}.`)));
    try {
      return new SamplerProcess(child, await inTime(promise), waiters);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  async sample(): Promise<Sample> {
    const word = await this.#ask({ ask: 'sample' });
    if (!('sample' in word)) throw new Error(`The sampler gave no figures: ${JSON.stringify(word)}`);
    return word.sample;
  }

  async busiest(count: number): Promise<readonly BusyProcess[]> {
    const word = await this.#ask({ ask: 'busiest', count });
    if (!('busiest' in word)) throw new Error(`The sampler named no processes: ${JSON.stringify(word)}`);
    return word.busiest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    if (child.connected) child.disconnect();
    else child.kill();
    await ended;
  }

  async #ask(what: { readonly ask: 'sample' } | { readonly ask: 'busiest'; readonly count: number }): Promise<Word> {
    const { promise, resolve, reject } = Promise.withResolvers<Word>();
    const question: Question = { id: ++this.#id, ...what };
    this.#waiters.set(question.id, { resolve, reject });
    this.#child.send(question, (error) => error !== null && reject(error));
    return inTime(promise);
  }
}

async function inTime<T>(promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`The sampler was silent for ${LIMIT_MS} ms.`)), LIMIT_MS);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
