import type { Frame, PendingReceipt, SendOptions } from '@lianyun/protocol';

/** A message that is not settled yet. */
export interface Entry {
  readonly frame: Frame;
  readonly options: SendOptions;
  readonly receipt: PendingReceipt;
  readonly bytes: number;
  readonly expiresAt: number;
  /** Counts the messages of this outbox; order of sending. */
  readonly seq: number;
  /** 0 while it has none: QoS 0, or not sent. */
  packetId: number;
  /** The writer's offset behind it, at QoS 0 where nothing answers. */
  end: number;
  state: 'waiting' | 'sent' | 'settled';
  /** How often it was written on this connection, and when last: only kept for messages that the cloud answers. */
  attempts: number;
  sentAt: number;
}
