import { isLianyunError, LianyunError, type PendingReceipt } from '@lianyun/protocol';
import { ALIAS_BYTES, publishBytes, publishProperties, type TurnWriter } from '@lianyun/protocol/mqtt';
import type { Deadlines, Waiting } from './deadlines.ts';
import { DownlinkWindow, type Downlink, type Outgoing, type WindowOwner } from './downlink-window.ts';
import type { AccessLimits } from './limits.ts';
import type { Mqtt5 } from './mqtt5.ts';
import type { AccessPolicy, Client, Notice } from './port.ts';
import { WrittenReceipts } from './written-receipts.ts';

/** The connection that messages go down on. When it is woken it calls {@link Downlinks.onDue}. */
export interface DownlinkOwner extends Waiting {
  notice(kind: Notice['kind'], text: string): void;
  /** Ends the connection if the client leaves too much unread. */
  checkUnread(): void;
}

export interface DownlinkContext {
  readonly owner: DownlinkOwner;
  readonly client: Client;
  readonly writer: TurnWriter;
  /** Over MQTT 5. */
  readonly five: Mqtt5 | undefined;
  readonly policy: AccessPolicy;
  readonly limits: AccessLimits;
  readonly deadlines: Deadlines;
}

/** What goes down to one client at either QoS, and the receipts for it. A client that gets nothing has none of this. */
export class Downlinks implements WindowOwner {
  readonly #context: DownlinkContext;
  #window: DownlinkWindow | undefined = undefined;
  #written: WrittenReceipts | undefined = undefined;

  constructor(context: DownlinkContext) {
    this.#context = context;
  }

  /** Nobody holds a receipt for what another device sent. At QoS 1 the payload is kept. Never throws: the receipt tells. */
  send(message: Outgoing, qos: 0 | 1, receipt?: PendingReceipt): void {
    const { owner, writer, limits, deadlines, five } = this.#context;
    const { topic, payload } = message;
    if (qos === 1) {
      this.#window ??= new DownlinkWindow(this, { limits, deadlines, receiveMaximum: five?.receiveMaximum });
      return this.#window.send(message, receipt);
    }
    try {
      this.#write(message, 0, false);
    } catch (cause) {
      return this.#unsendable(message, receipt, cause);
    }
    if (receipt !== undefined) (this.#written ??= new WrittenReceipts()).add(writer.bytesQueued, receipt);
    this.#trace(topic, payload, 0);
    owner.checkUnread();
  }

  acknowledge(packetId: number, reasonCode: number): void {
    this.#window?.acknowledge(packetId, reasonCode);
  }

  onWritten(total: number): void {
    this.#written?.onWritten(total);
  }

  /** Sends again what is due; returns the tick of the next call, Infinity for none. */
  onDue(): number {
    return this.#window?.onDue() ?? Infinity;
  }

  /** No PUBACK can come any more. What is at QoS 0 may still be on its way into the socket. */
  failUnacknowledged(error: LianyunError): void {
    this.#window?.fail(error);
  }

  failUnwritten(error: LianyunError): void {
    this.#written?.fail(error);
  }

  transmit(downlink: Downlink, isDup: boolean): boolean {
    const { owner } = this.#context;
    const { topic, payload, packetId, receipt } = downlink;
    try {
      this.#write(downlink, packetId, isDup);
    } catch (cause) {
      this.#unsendable(downlink, receipt, cause);
      return false;
    }
    this.#trace(topic, payload, 1);
    owner.checkUnread();
    return true;
  }

  wakeAt(tick: number): void {
    const { owner, deadlines } = this.#context;
    deadlines.wakeAt(owner, tick);
  }

  undelivered(downlink: Downlink, why: string): void {
    this.#context.owner.notice('undelivered', `PUBLISH to ${downlink.topic} given up: ${why}.`);
  }

  /** `packetId` is 0 at QoS 0. */
  #write({ topic, payload, properties }: Outgoing, packetId: number, isDup: boolean): void {
    const { writer, five } = this.#context;
    const qos = packetId === 0 ? 0 : 1;
    if (five === undefined) return writer.publish(topic, payload, qos, packetId, isDup);
    const bytes = five.maximumPacketBytes === Infinity ? 0 : publishBytes({ topic, payload, qos, packetId, dup: isDup, retain: false, version: 5, properties: publishProperties(properties) });
    if (bytes > five.maximumPacketBytes) {
      throw new LianyunError('too-large', `A message to ${topic} is larger than the ${five.maximumPacketBytes} bytes that the device takes.`, { topic });
    }
    const hasRoom = bytes + ALIAS_BYTES <= five.maximumPacketBytes;
    five.outgoing.publish(topic, (name, topicAlias) => writer.publish(name, payload, qos, packetId, isDup, false, publishProperties(properties, topicAlias)), hasRoom);
  }

  /** What another device sent has no receipt that could tell. */
  #unsendable({ topic }: Outgoing, receipt: PendingReceipt | undefined, cause: unknown): void {
    const error = isLianyunError(cause) ? cause : new LianyunError('bad-input', `A message to ${topic} cannot be sent: ${String(cause)}`, { topic, cause });
    if (receipt === undefined) this.#context.owner.notice('undelivered', `PUBLISH to ${topic} given up: ${error.message}`);
    else receipt.fail(error);
  }

  #trace(topic: string, payload: string | Uint8Array, qos: 0 | 1): void {
    const { client, policy } = this.#context;
    if (policy.wantsTrace?.() !== true) return;
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    policy.onFrame?.(client, 'down', { topic, payload: bytes, qos });
  }
}
