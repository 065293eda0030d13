import path from 'node:path';
import { codecOf, LianyunError, textOf, type AnyDialect, type DeviceRef, type DeviceRule } from '@lianyun/protocol';
import { writeAtomically } from '../disk/atomic-file.ts';
import { diskError, errnoOf, systemDisk } from '../disk/disk.ts';
import { node } from '../node.ts';

interface RuleFileOptions {
  readonly file: string;
  readonly device: DeviceRef;
  readonly dialect: AnyDialect;
  problem(problem: LianyunError): void;
}

/** The rules of a device in a file, as the cloud writes them, readable by its owner only: so a device runs them before it has a connection. */
export class RuleFile {
  readonly #options: RuleFileOptions;
  #wanted: readonly DeviceRule[] | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: RuleFileOptions) {
    this.#options = options;
  }

  /** What is there; nothing, and a problem, when it is damaged or another device's. The cloud is asked for what is missing. Throws `disk-failed`. */
  read(): readonly DeviceRule[] {
    const { file, device, dialect, problem } = this.#options;
    let payload: string;
    try {
      node.fs().mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      payload = node.fs().readFileSync(file, 'utf8');
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return [];
      throw diskError(`${file} cannot be read`, cause);
    }
    const codec = codecOf(dialect);
    const { topic } = codec.encode('rule.deliver', { device, via: device, body: { rules: [] } });
    const reads = codec.decode('down', { topic, payload, via: device }, (cause) => problem(new LianyunError('disk-failed', `${file} is damaged, and its rules are not taken: ${cause.message}`, { device, cause })));
    return reads.flatMap(({ op, message }) => {
      if (op === 'rule.deliver' && message.device === device) return message.body.rules;
      problem(new LianyunError('disk-failed', `${file} holds the rules of another device; they are not taken.`, { device }));
      return [];
    });
  }

  /** Writes what the device has now, whole or not at all; of many changes in a row the last. What fails is a problem. */
  write(rules: readonly DeviceRule[]): void {
    this.#wanted = rules;
    this.#writing ??= this.#writeWanted().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when everything is written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #writeWanted(): Promise<void> {
    const { file, device, dialect, problem } = this.#options;
    for (let rules = this.#wanted; rules !== undefined; rules = this.#wanted) {
      this.#wanted = undefined;
      try {
        const { payload } = codecOf(dialect).encode('rule.deliver', { device, via: device, body: { rules } });
        await writeAtomically(systemDisk(), file, textOf(payload));
      } catch (cause) {
        problem(diskError(`${file} cannot be written; the rules stay in memory`, cause));
      }
    }
  }
}
