// Programs that a test starts: their lines as they come, their end, and no way to outlive the test.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Log } from './log.ts';

/** The folder of the workspace. */
export const ROOT = path.resolve(fileURLToPath(import.meta.url), '../../..');

/** How a program ended. */
interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Program implements AsyncDisposable {
  readonly stdout = new Log<string>();
  readonly stderr = new Log<string>();
  readonly #child: ChildProcess;
  readonly #ended: Promise<End>;

  constructor(file: string, args: readonly string[], { env = {}, cwd = ROOT }: { readonly env?: Record<string, string>; readonly cwd?: string } = {}) {
    const { LIANYUN_HAS_LAUNCHER: _launcher, ...own } = process.env;
    const child = spawn(file, args, { cwd, env: { ...own, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    createInterface(child.stdout).on('line', this.stdout.add);
    createInterface(child.stderr).on('line', this.stderr.add);
    // 'close' comes when the pipes are read to their end
    this.#ended = once(child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as NodeJS.Signals | null }));
    this.#ended.catch(() => undefined);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Reads no more of what it writes, as `head` does when it has its lines. */
  stopReading(name: 'stdout' | 'stderr'): void {
    this.#child[name]?.destroy();
  }

  /** Waits for the end by itself. */
  end(): Promise<End> {
    return this.#ended;
  }

  /** A line of stdout or stderr that matches; fails when the program ends without it. */
  async line(pattern: RegExp): Promise<string> {
    const early = this.#ended.then((end) => {
      throw new Error(`The program ended (${JSON.stringify(end)}) without a line like ${String(pattern)}:\n${[...this.stdout.all, ...this.stderr.all].join('\n')}`);
    });
    return Promise.race([this.stdout.first((line) => pattern.test(line)), this.stderr.first((line) => pattern.test(line)), early]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.#ended.catch(() => undefined);
  }
}

/** Runs a script on this Node, with our packages from their sources. */
export function runScript(file: string, args: readonly string[] = [], options: ConstructorParameters<typeof Program>[2] = {}): Program {
  return new Program(process.execPath, ['--conditions=@lianyun/source', file, ...args], options);
}

/** Runs the `lianyun` command from its source. */
export function lianyun(args: readonly string[], options: ConstructorParameters<typeof Program>[2] = {}): Program {
  return runScript(path.join(ROOT, 'packages/cli/src/main.ts'), args, options);
}

/** Runs the `lianyun` command as its users do: by the launcher, which takes what is built if anything is (`npm test` builds first). */
export function launched(args: readonly string[], options: ConstructorParameters<typeof Program>[2] = {}): Program {
  return new Program(process.execPath, [path.join(ROOT, 'packages/cli/bin/lianyun.js'), ...args], options);
}
