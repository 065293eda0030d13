import { failedReceipt, huawei, isLianyunError, LianyunError, Peer, type Clock, type Op, type Receipt, type Vocabulary } from '@lianyun/protocol';
import type { DeviceCore } from '../device.ts';
import { packing } from '../packing.ts';
import type { ActionListener } from './listeners.ts';

/** What a message is sent with beside its body. */
interface Addressed {
  /** Left out: the connected device. */
  readonly device?: string;
  readonly id?: string;
  readonly at?: number;
  /** Only while there is a connection, and ahead of what waits. */
  readonly hold?: 'live';
  /** Travels packed with gzip. */
  readonly isPacked?: boolean;
}

/** A device as the classes of this face use it: messages out with a listener, listeners called so that what they throw harms nobody. */
export class Speaker {
  readonly core: DeviceCore;
  readonly clock: Clock;
  readonly #qos: 0 | 1;
  /** Requests that wait for their answer while the listener is at work. */
  readonly #asked = new Set<string>();
  #mid = 0;
  #packer: Peer | undefined;

  constructor(core: DeviceCore, { qos, clock }: { readonly qos: 0 | 1; readonly clock: Clock }) {
    this.core = core;
    this.clock = clock;
    this.#qos = qos;
  }

  /** ms since 1970. */
  now(): number {
    return this.clock.now();
  }

  get device(): string {
    return this.core.id;
  }

  /** Sends a message and tells the listener, once, how it went. */
  send<K extends Op>(op: K, body: Vocabulary[K], listener?: ActionListener | null, { device = this.device, hold, isPacked = false, ...rest }: Addressed = {}): void {
    this.tell((isPacked ? this.#packing : this.core.peer).send(op, { device, via: this.device, body, ...rest }, { qos: this.#qos, ...(hold === undefined ? {} : { hold }) }), listener);
  }

  /** Sends over the same session, everything packed. */
  get #packing(): Peer {
    const { core, clock } = this;
    return (this.#packer ??= new Peer({ role: 'device', dialect: huawei, link: packing(core.session, huawei, 0), clock, onProblem: (problem) => core.onProblem(problem) }));
  }

  /** Fails what a caller wanted, through its listener: nothing is sent. */
  refuse(why: string, listener?: ActionListener | null): void {
    this.tell(failedReceipt(new LianyunError('bad-input', why, { device: this.device })), listener);
  }

  /** Tells the listener, once, how a message went. */
  tell(receipt: Receipt, listener?: ActionListener | null): void {
    this.tellEnd(receipt.delivered, listener);
  }

  /** Tells the listener, once, how something ended. */
  tellEnd(work: Promise<unknown>, listener?: ActionListener | null): void {
    const mid = ++this.#mid;
    work.then(
      () => this.call('ActionListener.onSuccess', () => listener?.onSuccess(`publish message success, mid = ${mid}`)),
      (error: unknown) => {
        const failure = isLianyunError(error) ? error : new LianyunError('handler-failed', String(error), { cause: error });
        this.call('ActionListener.onFailure', () => listener?.onFailure(`publish message failed, mid = ${mid}: ${failure.message}`, failure));
      },
    );
  }

  /** Calls a listener that is to answer a request. What it throws fails the answer, unless {@link answered} said before that there is one: the platform takes no second. */
  ask(name: string, request: string, { listener, onFailure }: { readonly listener: () => unknown; readonly onFailure: (why: string) => void }): void {
    this.#asked.add(request);
    const over = (): void => this.answered(request);
    const run = (): unknown => {
      const result = listener();
      if (result instanceof Promise) return result.then(over);
      over();
      return result;
    };
    this.call(name, run, (why) => {
      if (this.#asked.delete(request)) onFailure(why);
    });
  }

  /** A request has its answer. */
  answered(request: string): void {
    this.#asked.delete(request);
  }

  /** Calls a listener. What it throws, at once or later, becomes a problem of the device, and is handed to `onFailure`. */
  call(name: string, listener: () => unknown, onFailure?: (why: string, cause: unknown) => void): void {
    const failed = (cause: unknown): void => {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.core.onProblem(new LianyunError('handler-failed', `${name} threw: ${why}`, { device: this.device, cause }));
      onFailure?.(why, cause);
    };
    try {
      const result = listener();
      if (result instanceof Promise) result.catch(failed);
    } catch (cause) {
      failed(cause);
    }
  }
}

/** A member that is there: the vendor's programs write null and empty text for what is not. */
export const given = <T>(value: T | null | undefined): T | undefined => (value === null || value === '' ? undefined : value);

/** How a request is called among those that wait for an answer. */
export const commandOf = (requestId: string): string => `command ${requestId}`;
export const setOf = (requestId: string): string => `set ${requestId}`;
export const getOf = (requestId: string): string => `get ${requestId}`;
