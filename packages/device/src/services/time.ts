import type { DeviceContext } from './context.ts';

/** How this machine's clock stands to the cloud's. */
export interface TimeSync {
  /** What has to be added to this machine's time to have the cloud's, ms. */
  readonly offsetMs: number;
  /** How long question and answer were under way, ms, without the cloud's own work. */
  readonly roundTripMs: number;
}

/** The cloud's time. */
export class TimeService {
  readonly #context: DeviceContext;

  constructor(context: DeviceContext) {
    this.#context = context;
  }

  /**
   * Asks for the cloud's time (Huawei 5.3, Tencent 7.1). From then on the device signs in and dates its events with the measured
   * offset; the system's clock is never changed, and once it is set by more
   * than a minute the offset is dropped. Rejects with `timeout`, `offline`, `aborted`, `closed`.
   * @param options.deadlineMs how long to wait; left out: as long as the cloud itself would.
   */
  async sync(options: { readonly deadlineMs?: number; readonly signal?: AbortSignal } = {}): Promise<TimeSync> {
    const { peer, device, dialect, clock, cloudTime } = this.#context;
    this.#context.subscribe('time.query');
    const [sentAt, start] = [clock.now(), clock.elapsed()];
    const { body } = await peer.request('time.query', { device, body: { sentAt } }, { deadlineMs: options.deadlineMs ?? dialect.limits.answerMs, ...(options.signal && { signal: options.signal }) });
    // Not the clock's time: it may be set while the question is under way.
    const tookMs = clock.elapsed() - start;
    const offsetMs = Math.round((body.receivedAt + body.answeredAt - sentAt - (sentAt + tookMs)) / 2);
    cloudTime.learn(offsetMs);
    return { offsetMs, roundTripMs: Math.max(0, Math.round(tookMs - (body.answeredAt - body.receivedAt))) };
  }
}
