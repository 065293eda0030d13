import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { copyFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InstallOptions, InstallStep } from 'lianyun';
import type { BusyProcess, Sample } from './sampler.ts';
import { SamplerProcess } from './sampler-process.ts';

const HERE = fileURLToPath(import.meta.url);
/** The sampler that this program brings: beside this source, or beside the bundle. */
export const OWN_SAMPLER = path.join(path.dirname(HERE), `sampler${path.extname(HERE)}`);
/** What is installed stands in no package: its name has to say that it is an ES module. */
const EXTENSION = path.extname(HERE) === '.ts' ? '.mts' : '.mjs';
/** Figures in percent, by their names. */
const PERCENT = ['memory', 'disk'] as const;

/** The sampler of a thing: the one that came with the program, or the version that was installed last. It outlives the program in its directory. */
export class InstalledSampler implements AsyncDisposable {
  readonly #directory: string;
  #running: SamplerProcess;
  /** A version that may have to go again. */
  #onTrial: SamplerProcess | undefined;

  private constructor(directory: string, running: SamplerProcess) {
    this.#directory = directory;
    this.#running = running;
  }

  /** Starts what is installed in the directory, which is made if need be. */
  static async open(directory: string): Promise<InstalledSampler> {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const slot = path.join(directory, 'slot');
    const file = existsSync(slot) ? readFileSync(slot, 'utf8') : OWN_SAMPLER;
    // One that does not even start is given up as soon as the program says that another one runs.
    const running = await SamplerProcess.start(file).catch(() => SamplerProcess.start(OWN_SAMPLER));
    return new InstalledSampler(directory, running);
  }

  /** The version that runs: the one on trial, while there is one. */
  get version(): string {
    return (this.#onTrial ?? this.#running).version;
  }

  sample(): Promise<Sample> {
    return this.#running.sample();
  }

  busiest(count: number): Promise<readonly BusyProcess[]> {
    return this.#running.busiest(count);
  }

  /** How a version that the cloud offers takes over. `tell` says which one runs, from when it does. */
  installOptions(tell: (version: string) => void): Pick<InstallOptions, 'directory' | 'prepare' | 'apply' | 'confirm' | 'rollback'> {
    return {
      directory: path.join(this.#directory, 'upgrade'),
      prepare: ({ version, file }) => copyFile(file, this.#file(version)),
      apply: async ({ version }) => {
        await this.#boot(this.#file(version));
        this.#onTrial = await SamplerProcess.start(this.#file(version));
        tell(version);
      },
      confirm: (step) => this.#confirm(step),
      rollback: (step) => this.#rollBack(step),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#running[Symbol.asyncDispose](), this.#onTrial?.[Symbol.asyncDispose]()]);
  }

  /** Looks whether the new version reads figures that can be, and lets it take over. */
  async #confirm({ version }: InstallStep): Promise<void> {
    // A program that was started anew runs nothing else.
    const young = this.#onTrial ?? this.#running;
    const figures = await young.sample();
    if (figures.sampler !== version) throw new Error(`the file of ${version} is a sampler ${figures.sampler}`);
    for (const name of PERCENT) if (!(figures[name] >= 0 && figures[name] <= 100)) throw new Error(`the sampler ${version} reads ${figures[name]} % for ${name}`);
    const old = this.#running;
    this.#running = young;
    this.#onTrial = undefined;
    if (old !== young) await old[Symbol.asyncDispose]();
  }

  async #rollBack({ version, from }: InstallStep): Promise<void> {
    const file = existsSync(this.#file(from)) ? this.#file(from) : OWN_SAMPLER;
    await this.#boot(file);
    const bad = this.#onTrial ?? (this.#running.version === version ? this.#running : undefined);
    if (bad === this.#running) this.#running = await SamplerProcess.start(file);
    this.#onTrial = undefined;
    await bad?.[Symbol.asyncDispose]();
    await rm(this.#file(version), { force: true });
  }

  #file(version: string): string {
    // Versions of this program are plain; whatever else the cloud may send stays in the directory.
    return path.join(this.#directory, `sampler-${version.replace(/[^\w.-]/g, '_')}${EXTENSION}`);
  }

  /** What the next start of the program runs: switched at once or not at all. */
  async #boot(file: string): Promise<void> {
    const slot = path.join(this.#directory, 'slot');
    await writeFile(`${slot}.new`, file, { mode: 0o600 });
    await rename(`${slot}.new`, slot);
  }
}
