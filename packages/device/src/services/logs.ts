import { failedReceipt, isLianyunError, LianyunError, type Receipt } from '@lianyun/protocol';
import type { Ending } from '../session-state.ts';
import type { DeviceContext } from './context.ts';
import { isThenable } from './deadline.ts';

/** Whether the cloud wants logs of a device, and which. */
export interface LogConfig {
  readonly on: boolean;
  /** Until when, ms since 1970; left out: until it says otherwise. Huawei only. */
  readonly until?: number;
  /** 0 none, 1 errors, 2 warnings, 3 information, 4 everything. Tencent only. */
  readonly level?: number;
}

/** A line of the device's log. */
export interface LogEntry {
  /** `DEVICE_STATUS`, `DEVICE_PROPERTY`, `DEVICE_MESSAGE` or `DEVICE_COMMAND` are documented (Huawei 5.6). */
  readonly type: string;
  readonly content: string;
  /** When it was written, ms since 1970; left out: now. */
  readonly at?: number;
}

/** Takes what the cloud wants; what it throws becomes a problem of the device. */
export type LogConfigHandler = (config: LogConfig) => void | Promise<void>;

/** The logs that the cloud wants of this device (Huawei 5.6, Tencent 7.6). */
export class LogsService {
  readonly #context: DeviceContext;
  #config: LogConfig;
  #onConfig: LogConfigHandler | undefined;
  #reportsConnections = false;
  /** Asks for the level at every connect: a change that comes while there is none is told to nobody. */
  #asks = false;
  #wasOnline: boolean;

  constructor(context: DeviceContext) {
    this.#context = context;
    this.#wasOnline = context.isOnline;
    // Huawei's own SDKs begin with on, and the cloud switches off; a Tencent device has no level before it has asked.
    this.#config = { on: context.peer.supports('log.report') };
    context.peer.handle('log.config', ({ body }) => this.#change(body));
  }

  /** What the cloud wants, as far as it has said so: from the beginning on (Huawei), or off (Tencent). Kept for as long as the device lives. */
  get config(): LogConfig {
    const { until, ...rest } = this.#config;
    if (until === undefined) return rest;
    return until <= this.#context.cloudTime.now() ? { ...rest, on: false } : { ...rest, until };
  }

  /**
   * Registers what takes the cloud's wishes when they change. On Tencent the level is asked for now and at every connect.
   * @returns a function that takes the registration back. Throws `duplicate-handler`, `bad-input`.
   */
  onConfig(handler: LogConfigHandler): () => void {
    if (typeof handler !== 'function') throw new LianyunError('bad-input', 'logs.onConfig() takes a function.');
    if (this.#onConfig !== undefined) throw new LianyunError('duplicate-handler', 'logs.onConfig() has a handler already.');
    this.#onConfig = handler;
    if (this.#use()) this.#ask();
    return () => {
      if (this.#onConfig === handler) this.#onConfig = undefined;
    };
  }

  /**
   * Asks for the level (Tencent 7.6), and from then on at every connect. Rejects with `timeout`, `offline`, `aborted`, `closed`, `unsupported`.
   * @param options.deadlineMs how long to wait; left out: as long as the cloud itself would.
   */
  async query(options: { readonly deadlineMs?: number; readonly signal?: AbortSignal } = {}): Promise<LogConfig> {
    const { peer, device, dialect } = this.#context;
    this.#use();
    const { body } = await peer.request('log.query', { device, body: {} }, { deadlineMs: options.deadlineMs ?? dialect.limits.answerMs, ...(options.signal && { signal: options.signal }) });
    try {
      await this.#change(body);
    } catch (cause) {
      this.#context.problem(new LianyunError('handler-failed', `The handler of logs.onConfig threw: ${cause instanceof Error ? cause.message : String(cause)}`, { device, cause }));
    }
    return this.config;
  }

  /**
   * Sends a line of the log (Huawei 5.6). While the cloud has logs switched off nothing is sent, and the receipt fails with `switched-off`:
   * that is no problem of the device, and no other event tells of it.
   * @returns a receipt; fails with `switched-off`, `bad-input`, `unsupported`, `too-large`, `outbox-full`, `expired`, `dropped`, `closed`.
   */
  report(entry: LogEntry): Receipt {
    const { peer, device, qos, cloudTime } = this.#context;
    // Types say so already; a program in JavaScript can pass anything.
    const { type, content, at = cloudTime.now() } = (entry ?? {}) as Partial<LogEntry>;
    if (typeof type !== 'string' || type === '' || typeof content !== 'string' || !Number.isFinite(at)) return this.#context.refuse(new LianyunError('bad-input', 'logs.report() takes { type, content, at? }: text, text, and ms since 1970.', { device }));
    if (peer.supports('log.report') && !this.config.on) return failedReceipt(new LianyunError('switched-off', `The cloud wants no logs of ${device} now.`, { device }));
    return peer.send('log.report', { device, at, body: { type, content, at } }, qos === undefined ? undefined : { qos });
  }

  /**
   * From now on each connect is logged, and each loss of the connection with its reason, as the vendor's own SDKs do (Huawei 5.6); what is
   * lost is told when it is back. @returns a function that ends it. Throws `unsupported`.
   */
  reportConnections(): () => void {
    const { peer, dialect, device } = this.#context;
    if (this.#context.server === undefined) throw new LianyunError('unsupported', `${device} has no connection of its own: its gateway's log tells of it.`, { device });
    if (!peer.supports('log.report')) throw new LianyunError('unsupported', `The ${dialect.name} cloud takes no logs over this connection.`);
    this.#reportsConnections = true;
    return () => {
      this.#reportsConnections = false;
    };
  }

  /** @internal */
  onOnline(): void {
    this.#wasOnline = true;
    const { server } = this.#context;
    if (server !== undefined) this.#status(`connect complete, the uri is ${server}`);
    if (this.#asks) this.#ask();
  }

  /** @internal */
  onOffline({ reason, error }: Pick<Ending, 'reason' | 'error'>): void {
    // An attempt that failed has lost nothing.
    if (this.#wasOnline) this.#status(`connection lost (${reason}): ${error.message}`);
    this.#wasOnline = false;
  }

  #status(content: string): void {
    const { statusLog } = this.#context.dialect;
    if (this.#reportsConnections && statusLog !== undefined && this.config.on) this.report({ type: statusLog, content });
  }

  /** Whether this is the first use of a level that has to be asked for. */
  #use(): boolean {
    if (this.#asks || !this.#context.peer.supports('log.query')) return false;
    this.#asks = true;
    this.#context.subscribe('log.query');
    return true;
  }

  #ask(): void {
    this.query().catch((error: unknown) => {
      // That there is no connection is told by events of its own; the next one asks again.
      if (isLianyunError(error) && error.code !== 'offline' && error.code !== 'closed') this.#context.problem(error);
    });
  }

  async #change({ on, until, level }: LogConfig): Promise<void> {
    this.#config = { on, ...(until === undefined ? {} : { until }), ...(level === undefined ? {} : { level }) };
    const handled = this.#onConfig?.(this.config);
    if (isThenable(handled)) await handled;
  }
}
