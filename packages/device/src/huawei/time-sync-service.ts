import { LianyunError } from '@lianyun/protocol';
import { checked } from './values.ts';
import type { ActionListener, TimeSyncListener } from './listeners.ts';
import type { Speaker } from './speaker.ts';

/** The platform's time (seed 1.4, Huawei 5.3). */
export class TimeSyncService {
  readonly #speaker: Speaker;
  #listener: TimeSyncListener | undefined;

  /** @internal */
  constructor(speaker: Speaker) {
    this.#speaker = speaker;
    speaker.core.peer.handle('time.answer', ({ body: { sentAt, receivedAt, answeredAt } }) => {
      // A program that reckons with any other number would set a wrong clock.
      if (sentAt === undefined) return speaker.core.onProblem(new LianyunError('bad-frame', 'The answer to requestTimeSync() does not say when it was asked: device_send_time is missing.', { device: speaker.device }));
      speaker.call('TimeSyncListener.onTimeSyncResponse', () => this.#listener?.onTimeSyncResponse(sentAt, receivedAt, answeredAt));
    });
  }

  /** Registers what takes the answer (seed 10.1); null takes it back. */
  setListener(listener: TimeSyncListener | null): void {
    this.#listener = checked(listener, 'setListener', ['onTimeSyncResponse']);
  }

  getListener(): TimeSyncListener | undefined {
    return this.#listener;
  }

  /** Asks for the platform's time (seed 10.1). */
  requestTimeSync(listener?: ActionListener | null): void {
    const now = this.#speaker.now();
    this.#speaker.send('time.query', { sentAt: now }, listener, { at: now });
  }
}
