import { LianyunError } from '@lianyun/protocol';
import { MqttProtocolError } from '@lianyun/protocol/mqtt';
import type { Notice, OfflineReason } from './port.ts';
import { connackCode } from './sign-in.ts';

/** How one connection ends because of what was received on it. */
export interface Fault {
  readonly kind: Notice['kind'];
  readonly reason: OfflineReason;
  readonly text: string;
  /** To be sent before, as CONNACK: MQTT 3.1.1, since the version of such a CONNECT is not known. */
  readonly connack?: number;
  /** To be sent before, in the DISCONNECT of MQTT 5. */
  readonly code?: number;
}

/** Judges what the reader, or a handler that it called, threw. Only a first packet gets an answer. */
export function judgeFault(error: unknown, isFirstPacket: boolean): Fault {
  if (!(error instanceof MqttProtocolError)) return { kind: 'server-fault', reason: 'intake-failed', text: `A packet could not be handled: ${String(error)}` };
  const { code, message: text, reasonCode } = error;
  if (code === 'too-large') return { kind: 'over-limit', reason: 'over-limit', text, code: reasonCode };
  if (isFirstPacket && code === 'unsupported-version') return { kind: 'connect-refused', reason: 'protocol-error', text, connack: connackCode(code, 4), code: reasonCode };
  if (isFirstPacket && code === 'bad-client-id') return { kind: 'connect-refused', reason: 'protocol-error', text, connack: connackCode('identifier-rejected', 4), code: reasonCode };
  return { kind: 'protocol-error', reason: 'protocol-error', text, code: reasonCode };
}

/** Why nothing more goes over the connection from `peer`. */
export function offline(peer: string): LianyunError {
  return new LianyunError('offline', `The connection from ${peer} has ended.`);
}
