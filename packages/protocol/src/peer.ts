import { ANSWERS, type AnswerOp, type AskOp } from './answers.ts';
import type { Clock } from './clock.ts';
import { codecOf } from './codec.late.ts';
import type { Codec, Read } from './codec.ts';
import type { AnyDialect } from './dialect.ts';
import { textOf, type Payload } from './envelope.ts';
import { isLianyunError, LianyunError } from './errors.ts';
import type { Link } from './link.ts';
import { failedReceipt, type Receipt } from './receipt.ts';
import { Replays } from './replays.ts';
import type { MessageProperties } from './message-properties.ts';
import { EXCHANGES, isRequest, type DeviceRef, type Draft, type Message, type Op, type ReplyOp, type RequestOp, type Vocabulary } from './vocabulary.ts';
import { Waiters } from './waiters.ts';

/** What answers an operation: the body of the reply for a request, nothing for a notification. */
export type Handler<K extends Op> = (
  message: Message<K>,
) => K extends RequestOp ? Vocabulary[ReplyOp<K>] | Promise<Vocabulary[ReplyOp<K>]> : void | Promise<void>;

/** A handler of any operation. */
type AnyHandler = (message: Message) => unknown;

/** Knows handlers that are made when they are needed. */
export interface HandlerFinder {
  /** Who handles what is about another device than the connected one. */
  childHandler(op: Op, device: DeviceRef): AnyHandler | undefined;
  /** An operation arrived that has no handler: the last chance to register one. */
  wake(op: Op): void;
}

/** How a message is sent. */
export interface PeerSendOptions {
  /** Instead of the row's own: Huawei lets a device choose for all of its uplinks. */
  readonly qos?: 0 | 1;
  readonly expiresMs?: number;
  /** Only while there is a connection, and ahead of what waits. Left out: as the row says. */
  readonly hold?: 'live';
}

/** How a request waits. */
export interface PeerRequestOptions extends PeerSendOptions {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** Hears that the request has arrived, before there is an answer; must not throw. */
  readonly onDelivered?: (() => void) | undefined;
}

export interface PeerOptions {
  readonly role: 'device' | 'platform';
  readonly dialect: AnyDialect;
  readonly link: Link;
  readonly clock: Clock;
  /** Whether a connection may carry messages about another device than its own. Left out: it may. */
  mayCarry?(via: DeviceRef, device: DeviceRef): boolean;
  /** A frame that cannot be read, or an answer nobody waits for. Never thrown, never dropped in silence. */
  onProblem(problem: LianyunError): void;
}

/**
 * What a repeat must not do twice. The other requests only read or are the same done twice, and are answered afresh: a Python
 * device counts its tokens from 0 again after a reconnect, so its next question looks like a repeat of the last one.
 */
const ONCE: ReadonlySet<Op> = new Set(['property.set', 'command.invoke']);

/** Speaks a dialect over a link, in the role of the device or of the platform. */
export class Peer {
  #codec: Codec | undefined;
  /** Who is asked for handlers that are not registered; undefined: there are no others. */
  finder: HandlerFinder | undefined;
  readonly #options: PeerOptions;
  readonly #handlers: { [K in Op]?: AnyHandler | undefined } = {};
  // Most devices of a crowd ask nothing, and are asked nothing, for a long time.
  #waiters: Waiters<Message> | undefined;
  #replays: Replays | undefined;
  readonly #ids = `${globalThis.crypto.randomUUID().slice(0, 8)}-`;
  #count = 0;

  constructor(options: PeerOptions) {
    this.#options = options;
  }

  /** Made from the dialect's rows when the first message comes or goes. */
  get codec(): Codec {
    return (this.#codec ??= codecOf(this.#options.dialect));
  }

  supports(op: Op): boolean {
    return this.#options.dialect.rows[op] !== undefined;
  }

  /** Sends a message. What is wrong with it fails the receipt; nothing is thrown. */
  send<K extends Op>(op: K, draft: Draft<K>, options?: PeerSendOptions): Receipt {
    try {
      const message = this.#complete(draft);
      const row = this.codec.row(op);
      const frame = this.codec.encode(op, message, options?.qos);
      const settledBy = row.settledBy === undefined ? undefined : this.#key(row.settledBy, op, message);
      return this.#options.link.send(message.via, frame, { hold: options?.hold ?? row.hold ?? 'store', settledBy, expiresMs: options?.expiresMs });
    } catch (error) {
      return failedReceipt(error);
    }
  }

  /** Sends a request and resolves with the answer. Rejects with `timeout`, `offline`, `aborted`, `closed`, `unsupported`. */
  async request<K extends AskOp>(op: K, draft: Draft<K>, options: PeerRequestOptions): Promise<Message<AnswerOp<K>>> {
    const message = this.#complete(draft);
    const frame = this.codec.encode(op, message, options.qos);
    if (options.signal?.aborted === true) throw new LianyunError('aborted', `${op} to ${message.device} was aborted before it was sent.`, { cause: options.signal.reason });
    const { answer, cancel } = (this.#waiters ??= new Waiters(this.#options.clock)).add(this.#key(ANSWERS[op], op, message), message.via, {
      deadlineMs: options.deadlineMs,
      signal: options.signal,
      what: `${op} to ${message.device}`,
    });
    const receipt = this.#options.link.send(message.via, frame, { hold: 'live' });
    receipt.delivered.catch((error: unknown) => {
      if (isLianyunError(error)) cancel(error);
    });
    if (options.onDelivered !== undefined) void receipt.delivered.then(options.onDelivered, () => undefined);
    // The waiter was registered under the reply operation's key, so what it gets is that reply.
    return (await answer) as Message<AnswerOp<K>>;
  }

  /** Registers the handler of an operation; its return value is the reply. Returns a function that takes it back. */
  handle<K extends Op>(op: K, handler: Handler<K>): () => void {
    this.codec.row(op);
    if (this.#handlers[op] !== undefined) throw new LianyunError('duplicate-handler', `${op} has a handler already.`);
    // The table hands a handler the messages of its own operation only.
    const entry = handler as unknown as AnyHandler;
    this.#handlers[op] = entry;
    return () => {
      if (this.#handlers[op] === entry) this.#handlers[op] = undefined;
    };
  }

  /** Takes in a frame that arrived over `via`. Resolves when what must happen before its acknowledgement has happened. */
  receive(topic: string, payload: Payload, via: DeviceRef, properties?: MessageProperties): void | Promise<void> {
    const { role, onProblem } = this.#options;
    const reads = this.codec.decode(role === 'device' ? 'down' : 'up', { topic, payload, via, properties }, onProblem);
    const [only] = reads;
    if (reads.length === 1 && only !== undefined) return this.#dispatch(only, payload);
    const pending = reads.map((read) => this.#dispatch(read, payload)).filter((result) => result !== undefined);
    return pending.length === 0 ? undefined : Promise.all(pending).then(() => undefined);
  }

  /** Ends every wait on a connection that is gone, or all of them. */
  fail(error: () => LianyunError, via?: DeviceRef): void {
    this.#waiters?.failGroup(error, via);
  }

  #dispatch({ op, message }: Read, payload: Payload): void | Promise<void> {
    const { link, onProblem } = this.#options;
    if (message.device !== message.via && this.#options.mayCarry?.(message.via, message.device) === false) {
      return onProblem(new LianyunError('not-permitted', `${message.via} sent a ${op} for ${message.device}, which is not one of its sub-devices.`, { device: message.via }));
    }
    const handler = this.#handlerOf(op, message);
    if (isRequest(op)) return handler === undefined ? onProblem(unhandled(op, message)) : this.#answer(op, message, handler, payload);
    const isReply = this.codec.isReply(op);
    if (isReply) {
      const key = this.#key(op, op, message);
      if (this.#waiters?.resolve(key, message) === true || link.settle(message.via, key, refusal(op, message))) return undefined;
    }
    if (handler === undefined) return onProblem(isReply ? unexpected(op, message) : unhandled(op, message));
    return this.#run(op, handler, message) as void | Promise<void>;
  }

  #handlerOf(op: Op, { device, via }: Message): AnyHandler | undefined {
    const { finder } = this;
    if (device !== via && finder !== undefined) return finder.childHandler(op, device);
    if (this.#handlers[op] === undefined) finder?.wake(op);
    return this.#handlers[op];
  }

  #answer(op: RequestOp, message: Message, handler: AnyHandler, payload: Payload): void {
    const key = this.#key(op, op, message);
    const replays = (this.#replays ??= new Replays(this.#options.clock));
    if (ONCE.has(op) && message.id !== undefined && !replays.isNew(key, textOf(payload))) return;
    const reply = (body: unknown, isLast = false): void => {
      // Without an id or a key the answer could not say what it answers.
      if (body === undefined || (message.id === undefined && this.codec.row(op).key === undefined)) return;
      // The handler was registered for this request, so its result is the body of its reply.
      const draft = { device: message.device, via: message.via, ...(message.id === undefined ? {} : { id: message.id }), body: body as never };
      const give = (): void => {
        this.send(EXCHANGES[op], draft).delivered.catch((error: unknown) => {
          const isUnwritable = isLianyunError(error, 'bad-input');
          if (isUnwritable && isLast) return;
          this.#options.onProblem(asProblem(error, op, message));
          // The other end must not wait for an answer that cannot be written.
          if (isUnwritable) reply({ code: -1, text: 'the answer could not be written' }, true);
        });
      };
      replays.answered(key, give);
      give();
    };
    const result = this.#run(op, handler, message);
    if (result instanceof Promise) void result.then((body) => reply(body));
    else reply(result);
  }

  #run(op: Op, handler: AnyHandler, message: Message): unknown {
    const report = (error: unknown): undefined => {
      this.#options.onProblem(asProblem(error, op, message));
      return undefined;
    };
    try {
      const result = handler(message);
      return result instanceof Promise ? result.catch(report) : result;
    } catch (error) {
      return report(error);
    }
  }

  #complete<K extends Op>(draft: Draft<K>): Message<K> {
    const { device, via = device, id = `${this.#ids}${++this.#count}`, body, at, properties } = draft;
    // Without a spread, and so everywhere from here to the socket: each would be an object more for every report.
    if (properties !== undefined) return { device, via, id, body, properties, ...(at === undefined ? {} : { at }) };
    return at === undefined ? { device, via, id, body } : { device, via, id, body, at };
  }

  /** The key under which `op` waits for, or answers, the operation `answer`. */
  #key(answer: Op, op: Op, message: Message): string {
    // The row belongs to the operation of the message.
    const row = this.codec.row<Op>(op);
    return `${answer}|${row.key === undefined ? this.#options.dialect.correlation(message) : row.key(message)}`;
  }
}

function unhandled(op: Op, { device }: Message): LianyunError {
  return new LianyunError('unknown-message', `Nothing handles the ${op} that arrived for ${device}.`, { device });
}

function unexpected(op: Op, { device, id }: Message): LianyunError {
  return new LianyunError('unexpected-reply', `Nobody waits for the ${op} of ${device} with id ${id ?? '(none)'}.`, { device });
}

function refusal(op: Op, { body, device }: Message): LianyunError | undefined {
  if (!('code' in body) || body.code === 0) return undefined;
  return new LianyunError('refused', `The cloud refused with code ${body.code}: ${body.text ?? 'no text'} (${op}).`, { device, number: body.code });
}

function asProblem(error: unknown, op: Op, message: Message): LianyunError {
  if (isLianyunError(error)) return error;
  return new LianyunError('handler-failed', `The handler of ${op} for ${message.device} threw: ${error instanceof Error ? error.message : String(error)}`, { device: message.device, cause: error });
}
