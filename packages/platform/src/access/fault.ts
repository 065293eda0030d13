import { MqttProtocolError } from '@lianyun/protocol/mqtt';
import type { Notice, OfflineReason } from './port.ts';
import { RETURN_CODES } from './sign-in.ts';

/** How one connection ends because of what was received on it. */
export interface Fault {
  readonly kind: Notice['kind'];
  readonly reason: OfflineReason;
  readonly text: string;
  /** To be sent before, as CONNACK. */
  readonly returnCode?: number;
}

/** Judges what the reader, or a handler that it called, threw. Only a first packet gets an answer. */
export function judgeFault(error: unknown, isFirstPacket: boolean): Fault {
  if (!(error instanceof MqttProtocolError)) return { kind: 'server-fault', reason: 'intake-failed', text: `A packet could not be handled: ${String(error)}` };
  const { code, message: text } = error;
  if (code === 'too-large') return { kind: 'over-limit', reason: 'over-limit', text };
  if (isFirstPacket && code === 'unsupported-version') return { kind: 'connect-refused', reason: 'protocol-error', text, returnCode: RETURN_CODES[code] };
  if (isFirstPacket && code === 'bad-client-id') return { kind: 'connect-refused', reason: 'protocol-error', text, returnCode: RETURN_CODES['identifier-rejected'] };
  return { kind: 'protocol-error', reason: 'protocol-error', text };
}
