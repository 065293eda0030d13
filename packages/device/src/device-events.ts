import type { EventEmitter } from 'node:events';
import { LianyunError } from '@lianyun/protocol';
import { isThenable } from './services/deadline.ts';
import type { DisconnectReason } from './session-state.ts';

/** What a device tells. Nothing here needs a listener: an unheard problem harms nobody. */
export interface DeviceEvents {
  online: [];
  /** Why, and when the next attempt is made (undefined: none will be). */
  offline: [{ readonly reason: DisconnectReason; readonly error: LianyunError; readonly nextAttemptMs: number | undefined }];
  /** A frame that cannot be read, a refused message, a handler that threw. */
  problem: [LianyunError];
  /** The end: by `close()`, or because trying again cannot help. */
  closed: [{ readonly reason: DisconnectReason; readonly error: LianyunError | undefined }];
}

/** How `close()` went. */
export interface CloseReport {
  /** Messages that were not delivered; their receipts failed with `closed`. */
  readonly undelivered: number;
}

interface Teller extends EventEmitter<DeviceEvents> {
  readonly id: string;
  onProblem(problem: LianyunError): void;
}

/** Tells every listener. One that throws, at once or later, harms neither the others nor the connection: it becomes a problem. */
export function tellListeners<K extends keyof DeviceEvents>(device: Teller, event: K, args: DeviceEvents[K]): void {
  // Nobody is left to tell of a listener of problems that throws but Node itself.
  tellEach(device, event, args, { device: device.id, problem: (error) => (event === 'problem' ? process.emitWarning(error) : device.onProblem(error)) });
}

/** Tells every listener of an emitter. One that throws, at once or later, harms neither the others nor what they listen to: it becomes a problem of the device. */
export function tellEach<E extends Record<keyof E, readonly unknown[]>, K extends string & keyof E>(emitter: EventEmitter, event: K, args: E[K], owner: { readonly device: string; problem(error: LianyunError): void }): void {
  const failed = (cause: unknown): void => owner.problem(new LianyunError('handler-failed', `A listener of '${event}' threw: ${cause instanceof Error ? cause.message : String(cause)}`, { device: owner.device, cause }));
  for (const listener of emitter.rawListeners(event)) {
    try {
      const result: unknown = Reflect.apply(listener, emitter, args);
      if (isThenable(result)) Promise.resolve(result).catch(failed);
    } catch (cause) {
      failed(cause);
    }
  }
}
