import { isLianyunError } from 'lianyun';

/** How one step went. */
export interface StepResult {
  readonly name: string;
  readonly detail: string;
  readonly isOk: boolean;
}

/** The first step that failed ends the tour. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
}

/** The steps of the tour, each checked. */
export class Checklist {
  readonly results: StepResult[] = [];
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** Runs a step; what it returns is the detail of its line. */
  async step(name: string, run: () => Promise<string>): Promise<void> {
    this.#write(`\n── ${name}`);
    try {
      this.results.push({ name, detail: await run(), isOk: true });
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.results.push({ name, detail: isLianyunError(error) ? `${detail} ${error.cure}` : detail, isOk: false });
      throw new StepFailed(`The step "${name}" failed: ${detail}`, { cause: error });
    }
  }

  /** One line a step. */
  summary(): string {
    const width = Math.max(0, ...this.results.map(({ name }) => name.length));
    return this.results.map(({ name, detail, isOk }) => `${isOk ? 'ok    ' : 'FAILED'}  ${name.padEnd(width)}  ${detail}`).join('\n');
  }
}

/** Fails the step unless `condition` holds. */
export function expect(condition: boolean, what: string, seen?: unknown): asserts condition {
  if (!condition) throw new Error(`${what}${seen === undefined ? '' : `; seen: ${JSON.stringify(seen)}`}`);
}
