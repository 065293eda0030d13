import type { PacketCursor } from './packet-cursor.ts';
import type {
  AckType, AuthPacket, ConnackPacket, ConnectPacket, DisconnectPacket, Qos, SubackPacket, SubscribePacket, UnsubackPacket, UnsubscribePacket,
} from './packets.ts';
import type { AckProperties, PublishProperties } from './properties.ts';
import {
  readAck, readAuth, readConnack, readConnect, readDisconnect, readSuback, readSubscribe, readUnsuback, readUnsubscribe,
} from './read-packets.ts';

/**
 * What one end does with the packets it gets; a connection can be its own handlers, so that it needs no closure per packet type.
 * A member left out says that this end must not get that packet: it is refused as a protocol error.
 */
export interface PacketHandlers {
  /** `payload` is a view of the bytes being read and only valid during the call. `packetId` is 0 at QoS 0. Positional, since an object per message costs. */
  publish?(
    topic: string, payload: Buffer, qos: Qos, packetId: number, dup: boolean, retain: boolean, properties: PublishProperties | undefined,
  ): void;
  puback?(packetId: number, reasonCode: number, properties: AckProperties | undefined): void;
  /** The three acknowledgements of QoS 2. */
  qos2Ack?(type: Exclude<AckType, 'puback'>, packetId: number, reasonCode: number, properties: AckProperties | undefined): void;
  pingreq?(): void;
  pingresp?(): void;
  connect?(packet: ConnectPacket): void;
  connack?(packet: ConnackPacket): void;
  subscribe?(packet: SubscribePacket): void;
  suback?(packet: SubackPacket): void;
  unsubscribe?(packet: UnsubscribePacket): void;
  unsuback?(packet: UnsubackPacket): void;
  disconnect?(packet: DisconnectPacket): void;
  auth?(packet: AuthPacket): void;
}

/** Reads a packet that comes rarely and hands it to its handler; `onConnect` hears of a CONNECT first, since it sets the version. */
export function handOut(cursor: PacketCursor, type: number, handlers: PacketHandlers, onConnect: (packet: ConnectPacket) => void): void {
  switch (type) {
    case 1: {
      if (handlers.connect === undefined) return refuse(cursor);
      const packet = readConnect(cursor);
      onConnect(packet);
      return handlers.connect(packet);
    }
    case 2: return handlers.connack === undefined ? refuse(cursor) : handlers.connack(readConnack(cursor));
    case 5: return handOutQos2(cursor, 'pubrec', handlers);
    case 6: return handOutQos2(cursor, 'pubrel', handlers);
    case 7: return handOutQos2(cursor, 'pubcomp', handlers);
    case 8: return handlers.subscribe === undefined ? refuse(cursor) : handlers.subscribe(readSubscribe(cursor));
    case 9: return handlers.suback === undefined ? refuse(cursor) : handlers.suback(readSuback(cursor));
    case 10: return handlers.unsubscribe === undefined ? refuse(cursor) : handlers.unsubscribe(readUnsubscribe(cursor));
    case 11: return handlers.unsuback === undefined ? refuse(cursor) : handlers.unsuback(readUnsuback(cursor));
    case 14: return handlers.disconnect === undefined ? refuse(cursor) : handlers.disconnect(readDisconnect(cursor));
    case 15: return handlers.auth === undefined ? refuse(cursor) : handlers.auth(readAuth(cursor));
    default: return refuse(cursor);
  }
}

function handOutQos2(cursor: PacketCursor, type: Exclude<AckType, 'puback'>, handlers: PacketHandlers): void {
  if (handlers.qos2Ack === undefined) return refuse(cursor);
  const packet = readAck(cursor, type);
  handlers.qos2Ack(type, packet.packetId, packet.reasonCode, packet.properties);
}

function refuse(cursor: PacketCursor): never {
  return cursor.fail('unexpected-packet', 'packet', { at: cursor.start });
}
