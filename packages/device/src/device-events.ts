import type { LianyunError } from '@lianyun/protocol';
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
