import { LianyunError, type MessageProperties, type PendingReceipt } from '@lianyun/protocol';
import { reasonText } from '@lianyun/protocol/mqtt';
import { Deadlines } from './deadlines.ts';
import type { AccessLimits } from './limits.ts';

/** A message to be sent; `properties` over MQTT 5 only. */
export interface Outgoing {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly properties?: MessageProperties | undefined;
}

/** One message on its way down at QoS 1. */
export interface Downlink {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  properties: MessageProperties | undefined;
  /** Nobody holds one for a message that another device sent. */
  readonly receipt: PendingReceipt | undefined;
  /** The following belong to the window. */
  packetId: number;
  /** When it was sent last, in ticks of {@link Deadlines}; before, since when it waits. */
  sentTick: number;
  sends: number;
}

/** The connection that a window sends through. */
export interface WindowOwner {
  /** Writes the PUBLISH. False, and its receipt has failed, for what MQTT forbids. */
  transmit(downlink: Downlink, isDup: boolean): boolean;
  /** Has {@link DownlinkWindow.onDue} called at this tick, or sooner. */
  wakeAt(tick: number): void;
  /** A message that the device did not get. */
  undelivered(downlink: Downlink, why: string): void;
}

const MAX_PACKET_ID = 65_535;

interface WindowSettings {
  readonly limits: AccessLimits;
  readonly deadlines: Deadlines;
  /** What an MQTT 5 client says; undefined before MQTT 5. */
  readonly receiveMaximum: number | undefined;
}

/**
 * Downlinks of one connection at QoS 1: some in flight, the others waiting behind them, both bounded. What is not acknowledged is sent again
 * (both clouds do; the standard only asks for it after a reconnect, which gets no old message here).
 */
export class DownlinkWindow {
  readonly #owner: WindowOwner;
  readonly #limits: AccessLimits;
  readonly #deadlines: Deadlines;
  /** MQTT 5 forbids to send again on the same connection [MQTT-4.4.0-1]: what is not acknowledged is given up at the same time. */
  readonly #canResend: boolean;
  readonly #receiveMaximum: number;
  /** In the order in which they were first sent, which is the order to send them again in [MQTT-4.6.0-1]. */
  readonly #inFlight = new Map<number, Downlink>();
  /** Packet ids of what was given up where nothing is sent again: to the client these are still on their way, until their PUBACK comes [MQTT-3.3.4-9]. */
  #unanswered: Set<number> | undefined;
  readonly #queue: Downlink[] = [];
  #queuedBytes = 0;
  #lastPacketId = 0;

  constructor(owner: WindowOwner, { limits, deadlines, receiveMaximum }: WindowSettings) {
    this.#owner = owner;
    this.#limits = limits;
    this.#deadlines = deadlines;
    this.#canResend = receiveMaximum === undefined;
    this.#receiveMaximum = receiveMaximum ?? MAX_PACKET_ID;
  }

  send({ topic, payload, properties }: Outgoing, receipt: PendingReceipt | undefined): void {
    const downlink: Downlink = { topic, payload, properties, receipt, packetId: 0, sentTick: this.#deadlines.now, sends: 0 };
    if (this.#hasRoom) return this.#transmit(downlink);
    this.#queue.push(downlink);
    this.#queuedBytes += payload.length;
    if (this.#isStuck) this.#owner.wakeAt(downlink.sentTick + this.#patience);
    while (this.#queue.length > this.#limits.queuedMessages || this.#queuedBytes > this.#limits.queuedBytes) this.#dropOldest();
  }

  /** The device has the message, or with a reason code of MQTT 5 above 0x7f has not taken it. An id that is not in flight is the echo of one that was sent twice. */
  acknowledge(packetId: number, reasonCode: number): void {
    const downlink = this.#inFlight.get(packetId);
    if (downlink === undefined) {
      if (this.#unanswered?.delete(packetId) === true) this.#refill();
      return;
    }
    this.#inFlight.delete(packetId);
    if (reasonCode < 0x80) downlink.receipt?.markDelivered();
    else this.#refused(downlink, reasonCode);
    this.#refill();
  }

  /** Sends again or gives up what is due; returns the tick of the next call, Infinity for none. */
  onDue(): number {
    const now = this.#deadlines.now;
    const period = this.#period;
    let next = Infinity;
    for (const downlink of this.#inFlight.values()) {
      if (downlink.sentTick + period <= now) {
        if (downlink.sends > this.#limits.resends) {
          this.#giveUp(downlink);
          continue;
        }
        downlink.sends++;
        downlink.sentTick = now;
        if (this.#canResend) this.#owner.transmit(downlink, true);
      }
      next = Math.min(next, downlink.sentTick + period);
    }
    this.#refill();
    return Math.min(next, this.#giveUpQueue());
  }

  /** Nothing more will be delivered. */
  fail(error: LianyunError): void {
    for (const downlink of [...this.#inFlight.values(), ...this.#queue.splice(0)]) downlink.receipt?.fail(error);
    this.#inFlight.clear();
    this.#unanswered = undefined;
    this.#queuedBytes = 0;
  }

  get #hasRoom(): boolean {
    return this.#inFlight.size < this.#limits.inFlight && this.#inFlight.size + (this.#unanswered?.size ?? 0) < this.#receiveMaximum;
  }

  /** Nothing is awaited any more, and still the client's Receive Maximum leaves no room. */
  get #isStuck(): boolean {
    return this.#inFlight.size === 0 && !this.#hasRoom;
  }

  /** Ticks between two sends, and until a message is given up. */
  get #period(): number {
    return Deadlines.ticks(this.#limits.resendMs);
  }

  get #patience(): number {
    return this.#period * (this.#limits.resends + 1);
  }

  /** Gives up what waits behind a client that acknowledges nothing, each as long after it came as one that is in flight; returns the tick of the next. */
  #giveUpQueue(): number {
    for (let oldest = this.#queue[0]; this.#isStuck && oldest !== undefined; oldest = this.#queue[0]) {
      const dueTick = oldest.sentTick + this.#patience;
      if (dueTick > this.#deadlines.now) return dueTick;
      this.#timedOut(this.#takeOldest(), `no room: ${String(this.#receiveMaximum)} messages have no PUBACK, which is the device's Receive Maximum`);
    }
    return Infinity;
  }

  #refill(): void {
    while (this.#queue.length > 0 && this.#hasRoom) {
      const downlink = this.#takeOldest();
      if (this.#age(downlink)) this.#transmit(downlink);
      else this.#expired(downlink);
    }
  }

  /** Takes what a message has waited from the time that it is of use [MQTT-3.3.2-6]; false when that is over [MQTT-3.3.2-5]. */
  #age(downlink: Downlink): boolean {
    const { properties, sentTick } = downlink;
    if (properties?.expirySeconds === undefined) return true;
    const expirySeconds = properties.expirySeconds - Deadlines.seconds(this.#deadlines.now - sentTick);
    downlink.properties = { ...properties, expirySeconds: Math.max(0, expirySeconds) };
    return expirySeconds > 0;
  }

  #expired(downlink: Downlink): void {
    const why = 'it waited longer than it is of use';
    downlink.receipt?.fail(new LianyunError('dropped', `A message to ${downlink.topic} was dropped: ${why}.`, { topic: downlink.topic }));
    this.#owner.undelivered(downlink, why);
  }

  #transmit(downlink: Downlink): void {
    do this.#lastPacketId = (this.#lastPacketId % MAX_PACKET_ID) + 1;
    while (this.#inFlight.has(this.#lastPacketId) || this.#unanswered?.has(this.#lastPacketId) === true);
    downlink.packetId = this.#lastPacketId;
    downlink.sends = 1;
    downlink.sentTick = this.#deadlines.now;
    this.#inFlight.set(downlink.packetId, downlink);
    if (this.#owner.transmit(downlink, false)) this.#owner.wakeAt(downlink.sentTick + this.#period);
    else this.#inFlight.delete(downlink.packetId);
  }

  #takeOldest(): Downlink {
    const downlink = this.#queue.shift();
    if (downlink === undefined) throw new Error('An empty queue was asked for its oldest message.');
    this.#queuedBytes -= downlink.payload.length;
    return downlink;
  }

  #dropOldest(): void {
    const downlink = this.#takeOldest();
    const why = `${String(this.#limits.inFlight)} messages wait for their PUBACK and no more can wait behind them`;
    downlink.receipt?.fail(new LianyunError('dropped', `A message to ${downlink.topic} was dropped: ${why}.`, { topic: downlink.topic }));
    this.#owner.undelivered(downlink, why);
  }

  #refused(downlink: Downlink, reasonCode: number): void {
    const why = `the device refused it with ${reasonText(reasonCode)}`;
    downlink.receipt?.fail(new LianyunError('refused', `A message to ${downlink.topic} was not taken: ${why}.`, { topic: downlink.topic, number: reasonCode }));
    this.#owner.undelivered(downlink, why);
  }

  #giveUp(downlink: Downlink): void {
    this.#inFlight.delete(downlink.packetId);
    if (!this.#canResend) (this.#unanswered ??= new Set()).add(downlink.packetId);
    this.#timedOut(downlink, `no PUBACK after ${this.#canResend ? `${String(downlink.sends)} sends` : `${String(Deadlines.seconds(this.#patience))} s`}`);
  }

  #timedOut(downlink: Downlink, why: string): void {
    downlink.receipt?.fail(new LianyunError('timeout', `A message to ${downlink.topic} got ${why}.`, { topic: downlink.topic }));
    this.#owner.undelivered(downlink, why);
  }
}
