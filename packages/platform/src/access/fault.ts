import { LianyunError } from '@lianyun/protocol';
import { MqttProtocolError, type ConnackPacket, type MqttVersion } from '@lianyun/protocol/mqtt';
import { MAX_REASON } from './mqtt5.ts';
import type { Notice, OfflineReason } from './port.ts';
import { connackCode } from './sign-in.ts';

/** How one connection ends because of what was received on it. */
export interface Fault {
  readonly kind: Notice['kind'];
  readonly reason: OfflineReason;
  readonly text: string;
  /** To be sent before, as CONNACK: what MQTT 3.1.1 or 5 has for it. */
  readonly answer?: { readonly version: MqttVersion; readonly connack: ConnackPacket };
  /** To be sent before, in the DISCONNECT of MQTT 5. */
  readonly code?: number;
}

/** What of the codec's reason codes CONNACK has as well [MQTT-3.2.2-8]. */
const CONNACK_CODES: readonly number[] = [0x81, 0x84, 0x85, 0x90];
const PROTOCOL_ERROR = 0x82;

const refusing = (reasonCode: number): ConnackPacket => ({ type: 'connack', sessionPresent: false, reasonCode });

/**
 * Judges what the reader, or a handler that it called, threw. A CONNECT that is known to be of MQTT 5 is answered whatever is wrong with it (section 4.13.1),
 * one of another version where there is a return code for it.
 */
export function judgeFault(error: unknown, isFirstPacket: boolean): Fault {
  if (!(error instanceof MqttProtocolError)) return { kind: 'server-fault', reason: 'intake-failed', text: `A packet could not be handled: ${String(error)}` };
  const { code, message: text, reasonCode, version } = error;
  if (code === 'too-large') return { kind: 'over-limit', reason: 'over-limit', text, code: reasonCode };
  if (isFirstPacket && version === 5) return { kind: 'connect-refused', reason: 'protocol-error', text, answer: { version, connack: { ...refusing(CONNACK_CODES.includes(reasonCode) ? reasonCode : PROTOCOL_ERROR), properties: { reasonString: text.slice(0, MAX_REASON) } } } };
  if (isFirstPacket && code === 'unsupported-version') return { kind: 'connect-refused', reason: 'protocol-error', text, answer: { version: 4, connack: refusing(connackCode(code, 4)) } };
  if (isFirstPacket && code === 'bad-client-id') return { kind: 'connect-refused', reason: 'protocol-error', text, answer: { version: 4, connack: refusing(connackCode('identifier-rejected', 4)) } };
  return { kind: 'protocol-error', reason: 'protocol-error', text, code: reasonCode };
}

/** Why nothing more goes over the connection from `peer`. */
export function offline(peer: string): LianyunError {
  return new LianyunError('offline', `The connection from ${peer} has ended.`);
}
