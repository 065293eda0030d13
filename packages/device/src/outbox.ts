import { Buffer } from 'node:buffer';
import { LianyunError, PendingReceipt, type Clock, type Frame, type Receipt, type SendOptions } from '@lianyun/protocol';
import type { Entry } from './entry.ts';
import { Expiry } from './expiry.ts';
import { InFlight } from './in-flight.ts';
import { OutboxRoom, type OutboxBounds } from './outbox-room.ts';
import { ENDS_BEFORE_HELD, Quarantine } from './quarantine.ts';

/** Messages that are not settled yet, in order, in memory. It knows no MQTT: the session's pump moves entries from waiting to sent. */
export class Outbox {
  readonly #bounds: OutboxBounds;
  readonly #clock: Clock;
  readonly #onGivenUp: (problem: LianyunError) => void;
  /** Taken messages leave a hole before `#head`, so that nothing is kept that was settled. */
  #waiting: (Entry | undefined)[] = [];
  #head = 0;
  /** Live messages: answers and requests that somebody waits for. They go first. */
  #urgent: Entry[] = [];
  /** What was written and waits for its answer. */
  readonly onWire: InFlight;
  #expiry: Expiry | undefined;
  readonly #room: OutboxRoom;
  #sent = 0;
  #seq = 0;
  #empty: PromiseWithResolvers<void> | undefined;
  #quarantine: Quarantine | undefined;
  /** Hears that messages in flight have expired: others may be sent in their place. */
  pump: { onRoom(): void } | undefined;

  /** `onGivenUp` hears of a message that is given up because the server closes the connection whenever it comes. */
  constructor(bounds: OutboxBounds, clock: Clock, onGivenUp: (problem: LianyunError) => void = () => undefined) {
    this.#bounds = bounds;
    this.#room = new OutboxRoom(bounds);
    this.#clock = clock;
    this.#onGivenUp = onGivenUp;
    this.onWire = new InFlight(clock);
  }

  /** Messages that are not settled. */
  get count(): number {
    return this.#room.count;
  }

  /** Payload bytes of the messages that are not settled. */
  get bytes(): number {
    return this.#room.bytes;
  }

  /** Messages that were sent and are not settled yet. */
  get inFlight(): number {
    return this.#sent;
  }

  /** Whether the server seems to end connections because of a message. */
  get isSuspicious(): boolean {
    return this.#quarantine?.isSuspicious === true;
  }

  /** Takes a message in. The receipt tells whether there was room. */
  add(frame: Frame, options: SendOptions): Receipt {
    const receipt = new PendingReceipt();
    const { payload } = frame;
    const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength;
    const isLive = options.hold === 'live';
    const refusal = this.#makeRoom(bytes, isLive, frame.topic);
    if (refusal !== undefined) {
      receipt.fail(refusal);
      return receipt;
    }
    const expiresMs = options.expiresMs ?? this.#bounds.expiresMs;
    const expiresAt = expiresMs === Infinity ? Infinity : this.#clock.elapsed() + expiresMs;
    const entry: Entry = { frame, options, receipt, bytes, expiresAt, seq: ++this.#seq, packetId: 0, end: 0, state: 'waiting', attempts: 0, sentAt: 0 };
    this.#room.take(bytes, isLive);
    (isLive ? this.#urgent : this.#waiting).push(entry);
    this.#expiry ??= new Expiry(this.#clock, (now) => this.#expire(now));
    this.#expiry.watch(expiresAt);
    receipt.markStored();
    return receipt;
  }

  /** Takes the next message to send out of the queue: the live ones first, the others only while `hasRoom`. */
  take(hasRoom: boolean): Entry | undefined {
    while (this.#urgent.length > 0) {
      const entry = this.#urgent.shift();
      if (entry?.state === 'waiting') return entry;
    }
    if (!hasRoom) return undefined;
    const entry = this.#firstWaiting();
    if (this.#quarantine !== undefined) {
      if (entry === undefined) return this.#sent === 0 ? this.#quarantine.release() : undefined;
      if (!this.#quarantine.admits(entry, this.#sent)) return undefined;
    }
    if (entry !== undefined) this.#waiting[this.#head++] = undefined;
    return entry;
  }

  /** Notes that a taken message was written: `packetId` at QoS 1, the writer's `end` offset at QoS 0 that nothing answers. */
  markSent(entry: Entry, packetId: number, end: number): void {
    entry.state = 'sent';
    this.#sent++;
    this.onWire.add(entry, packetId, end);
  }

  /** A taken message cannot be written at all: its receipt fails. */
  reject(entry: Entry, error: LianyunError): void {
    this.#settle(entry, error);
  }

  /** A PUBACK arrived, with the error that `refused` makes when it says no. False when no message has that packet id. */
  acknowledge(packetId: number, refused?: (topic: string) => LianyunError): boolean {
    const entry = this.onWire.takePacketId(packetId);
    if (entry === undefined) return false;
    // At QoS 1 with an answer of the cloud's own, PUBACK is only the transport's word.
    if (entry.options.settledBy !== undefined && refused === undefined) return true;
    this.#settle(entry, refused?.(entry.frame.topic));
    if (this.#quarantine !== undefined) this.#judgeHeld(entry);
    return true;
  }

  /** The socket has taken everything up to an offset: settles QoS 0. */
  written(total: number): void {
    this.onWire.written(total, (entry) => this.#settle(entry));
  }

  /** The cloud's own answer arrived. False when nothing waits for it. */
  settleKey(key: string, error?: LianyunError): boolean {
    const entry = this.onWire.firstOf(key);
    if (entry === undefined) return false;
    this.#settle(entry, error);
    if (this.#quarantine !== undefined) this.#judgeHeld(entry);
    return true;
  }

  /**
   * Messages that the cloud should have answered by now. One that was written `maxAttempts` times on this connection fails with
   * `timeout`; the others are returned to be written again.
   */
  overdue(answerMs: number, maxAttempts: number): Entry[] {
    const late = this.onWire.lateSince(this.#clock.elapsed() - answerMs);
    for (const entry of late) {
      if (entry.attempts >= maxAttempts)
        this.#settle(entry, new LianyunError('timeout', `The cloud did not answer within ${answerMs} ms, ${entry.attempts} times.`, { topic: entry.frame.topic }));
    }
    return late.filter((entry) => entry.state === 'sent');
  }

  /** The connection is gone: what was sent and must be kept waits again, in order; what was live fails. */
  disconnected(error: LianyunError, byServer: boolean): void {
    const left = this.#unsettled();
    if (byServer) this.#blame(left);
    this.onWire.clear();
    this.#urgent = [];
    this.#sent = 0;
    for (const entry of left) {
      entry.state = 'waiting';
      entry.packetId = 0;
      if (entry.options.hold === 'live') this.#settle(entry, error);
    }
    const held = this.#quarantine?.held;
    this.#waiting = left.filter((entry) => entry.state === 'waiting' && entry !== held);
    this.#head = 0;
  }

  /** Gives up everything: every receipt fails with `error`. Returns how many there were. */
  abandon(error: (entry: Entry) => LianyunError): number {
    const left = this.#unsettled();
    for (const entry of left) this.#settle(entry, error(entry));
    this.#expiry?.cancel();
    this.#dropSettled();
    return left.length;
  }

  /** Resolves when nothing is unsettled, because it was delivered or abandoned, and after `withinMs` at the latest. */
  async drained(withinMs: number): Promise<void> {
    if (this.#room.count === 0) return;
    this.#empty ??= Promise.withResolvers();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(withinMs, resolve, true);
    await Promise.race([this.#empty.promise, promise]);
    timer.cancel();
  }

  /** The oldest waiting message; what was settled before it is cut off. */
  #firstWaiting(): Entry | undefined {
    for (; this.#head < this.#waiting.length; this.#waiting[this.#head++] = undefined) {
      // The consumed front is cut off now and then, so that a busy outbox does not grow for ever.
      if (this.#head >= 1024 && this.#head * 2 >= this.#waiting.length) {
        this.#waiting.splice(0, this.#head);
        this.#head = 0;
      }
      const entry = this.#waiting[this.#head];
      if (entry?.state === 'waiting') return entry;
    }
    if (this.#head > 0) this.#waiting = [];
    this.#head = 0;
    return undefined;
  }

  /** Why there is no room for a message; undefined when there is, after dropping older ones where the policy says so. */
  #makeRoom(bytes: number, isLive: boolean, topic: string): LianyunError | undefined {
    const { maxBytes, policy } = this.#bounds;
    if (this.#room.has(bytes, isLive)) return undefined;
    if (!isLive && policy === 'drop-oldest' && bytes <= maxBytes && this.#drop(this.#room.excess(bytes))) return undefined;
    return this.#room.refusal(bytes, isLive, topic);
  }

  /** Drops the oldest waiting messages until so much room is made; none when they are not enough. */
  #drop({ count, bytes: excess }: { readonly count: number; readonly bytes: number }): boolean {
    const victims: Entry[] = [];
    let bytes = excess;
    for (let at = this.#head; victims.length < count || bytes > 0; at++) {
      if (at >= this.#waiting.length) return false;
      const entry = this.#waiting[at];
      if (entry?.state !== 'waiting') continue;
      victims.push(entry);
      bytes -= entry.bytes;
    }
    for (const entry of victims) this.#settle(entry, new LianyunError('dropped', 'A newer message took its place in the full outbox.', { topic: entry.frame.topic }));
    this.#firstWaiting();
    return true;
  }

  #settle(entry: Entry, error?: LianyunError): void {
    if (entry.state === 'settled') return;
    if (entry.state === 'sent') this.#sent--;
    entry.state = 'settled';
    this.#room.giveBack(entry.bytes, entry.options.hold === 'live');
    this.onWire.settled(entry);
    if (error === undefined) entry.receipt.markDelivered();
    else entry.receipt.fail(error);
    if (this.#room.count > 0) return;
    this.#empty?.resolve();
    this.#empty = undefined;
  }

  #unsettled(): Entry[] {
    const held = this.#quarantine?.held;
    const all = new Set([...this.onWire.all(), ...this.#urgent, ...this.#waiting.slice(this.#head), held]);
    return [...all].filter((entry): entry is Entry => entry !== undefined && entry.state !== 'settled').sort((a, b) => a.seq - b.seq);
  }

  /** The server closed the connection: remembers over which messages. */
  #blame(left: readonly Entry[]): void {
    const sent = left.filter((entry) => entry.state === 'sent');
    const answerable = sent.filter((entry) => entry.packetId !== 0 || entry.options.settledBy !== undefined);
    if (sent.some((entry) => entry.options.hold === 'live')) return;
    if (answerable.length > 0) this.#quarantine ??= new Quarantine();
    this.#quarantine?.closedOver(answerable, left.some((entry) => entry.state === 'waiting'));
  }

  /** The cloud has taken a message: gives up the one that was held back, if there is one. */
  #judgeHeld(taken: Entry): void {
    const poison = this.#quarantine?.taken(taken);
    if (poison === undefined) return;
    const { topic } = poison.frame;
    const text = `The server closed the connection ${ENDS_BEFORE_HELD} times when this message came, and took the next one: the message on ${topic} is given up.`;
    const error = new LianyunError('refused', text, { topic });
    this.#settle(poison, error);
    this.#onGivenUp(error);
  }

  /** Fails what is too old; returns when the next message will be. */
  #expire(now: number): number {
    let nextAt = Infinity;
    const sent = this.#sent;
    for (const entry of this.#unsettled()) {
      if (entry.expiresAt > now) nextAt = Math.min(nextAt, entry.expiresAt);
      else this.#settle(entry, new LianyunError('expired', `Not delivered within ${Math.round(entry.options.expiresMs ?? this.#bounds.expiresMs)} ms.`, { topic: entry.frame.topic }));
    }
    this.#dropSettled();
    if (this.#sent < sent) this.pump?.onRoom();
    return nextAt;
  }

  /** Lets go of the payloads of settled messages that nobody would take out for as long as there is no connection. */
  #dropSettled(): void {
    this.#waiting = this.#waiting.slice(this.#head).filter((entry) => entry?.state === 'waiting');
    this.#head = 0;
    this.#urgent = this.#urgent.filter((entry) => entry.state === 'waiting');
    if (this.#quarantine?.held?.state === 'settled') this.#quarantine.release();
  }
}
