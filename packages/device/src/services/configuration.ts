import { LianyunError, type JsonValue, type Outcome } from '@lianyun/protocol';
import type { DeviceContext } from './context.ts';
import { withDeadline } from './deadline.ts';

/** What the cloud wants a device to be configured as. */
export interface ConfigurationUpdate {
  readonly device: string;
  readonly content: JsonValue;
  /** Aborted when the cloud has given up waiting for the answer. */
  readonly signal: AbortSignal;
}

/** Nothing, or `{ code: 0 }`, is success; another code, or a throw, is failure. */
export type ConfigurationHandler = (update: ConfigurationUpdate) => Outcome | void | Promise<Outcome | void>;

/** Result code of an update that threw. */
const FAILED = -1;

/** The configuration that the cloud gives this device (Huawei 5.8). What is not answered comes again, a day later or at the next connect. */
export class ConfigurationService {
  readonly #context: DeviceContext;

  constructor(context: DeviceContext) {
    this.#context = context;
  }

  /**
   * Registers what takes a configuration. What it returns is the answer.
   * @returns a function that takes the registration back. Throws `duplicate-handler`, `bad-input`, `unsupported`.
   */
  onUpdate(handler: ConfigurationHandler): () => void {
    if (typeof handler !== 'function') throw new LianyunError('bad-input', 'configuration.onUpdate() takes a function.');
    return this.#context.peer.handle('config.update', async ({ device, body }) => {
      const result = await withDeadline(this.#context, 'config.update', (signal) => handler({ device, content: body.content, signal }));
      if ('failure' in result) return { code: FAILED, text: result.failure };
      const outcome = result.value ?? { code: 0 };
      if (Number.isInteger(outcome.code)) return outcome;
      const text = 'the handler of configuration.onUpdate returned what is no answer';
      this.#context.problem(new LianyunError('handler-failed', `${text}: nothing or { code, text } is expected.`, { device }));
      return { code: FAILED, text };
    });
  }
}
