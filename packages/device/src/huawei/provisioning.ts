import path from 'node:path';
import { isLianyunError, LianyunError, type Clock } from '@lianyun/protocol';
import type { DeviceCore } from '../device.ts';
import { provision } from '../provision/provision.late.ts';
import type { ClientConf } from './configuration.ts';
import { provisioningOf, relocationOf } from './configuration.ts';
import { ServerInfoFile } from './server-info.ts';

interface Parts {
  readonly core: DeviceCore;
  readonly conf: ClientConf;
  readonly clock: Clock;
}

/** Where the vendor's SDK keeps what it was told: beside the program that was started. */
const defaultFile = (): string => path.join(path.dirname(process.argv[1] ?? 'x'), 'server_info.json');

/** A device that asks first where it is to connect (Huawei 6). */
export class Bootstrap {
  readonly #parts: Parts;
  readonly #controller = new AbortController();
  #isDone = false;
  #asking: Promise<string> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Gives nothing when the device knows already where to connect, else the host that it was told. Rejects as `provision()` does, and may be called again. */
  async ask(): Promise<string | undefined> {
    if (this.#isDone) return undefined;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  stop(): void {
    this.#controller.abort(destroyed());
  }

  async #ask(): Promise<string> {
    const { core, conf, clock } = this.#parts;
    try {
      const { options } = await provision({
        ...provisioningOf(conf),
        store: new ServerInfoFile(conf.connectAuthInfo.serverInfoPath ?? defaultFile()),
        clock,
        signal: this.#controller.signal,
        onProblem: (problem) => core.onProblem(problem),
      });
      core.relocate(relocationOf(conf, options, clock));
      this.#isDone = true;
      return new URL(options.server).hostname;
    } catch (error) {
      // Whoever destroyed the device knows.
      if (this.#controller.signal.aborted) throw destroyed();
      if (isLianyunError(error)) core.onProblem(error);
      throw error;
    }
  }
}

const destroyed = (): LianyunError => new LianyunError('closed', 'The device was destroyed while it was being provisioned.');
