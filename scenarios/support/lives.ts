// A platform that is started again and again over the same data.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openStorage } from '@lianyun/platform';
import { SEED } from './clouds.ts';
import { Rig } from './rig.ts';

/** The lives of one platform over a folder of its own, one after the other. */
export class Lives implements Disposable {
  readonly #directory = mkdtempSync(path.join(tmpdir(), 'lianyun-lives-'));
  readonly #seed: string;

  constructor(seed: string = JSON.stringify(SEED)) {
    this.#seed = seed;
  }

  async next(life: (rig: Rig) => Promise<void>): Promise<void> {
    await using storage = openStorage({ directory: this.#directory });
    await using rig = await Rig.open({ storage, seed: this.#seed });
    await life(rig);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
