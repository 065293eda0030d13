import type { ConnectPacket } from '@lianyun/protocol/mqtt';
import { MAX_CLIENT_ID_CHARACTERS } from './limits.ts';
import type { AccessPolicy, Admission, ConnectRefusal, Notice } from './port.ts';
import type { Origin } from './transport.ts';

/** What becomes of a CONNECT: the admission, or the number for CONNACK and the notice to give. */
export type Verdict =
  | Extract<Admission, { accepted: true }>
  | { readonly accepted: false; readonly reasonCode: number; readonly kind: Notice['kind']; readonly why: string };

/** CONNACK return codes of MQTT 3.1 and 3.1.1, section 3.2.2.3. */
export const RETURN_CODES: Readonly<Record<ConnectRefusal | 'unsupported-version', number>> = {
  'unsupported-version': 1,
  'identifier-rejected': 2,
  'server-unavailable': 3,
  'bad-credentials': 4,
  'not-authorized': 5,
};

/** Unsupported Protocol Version in the CONNACK of MQTT 5, section 3.2.2.2. */
const UNSUPPORTED_VERSION_5 = 0x84;

/** Judges a CONNECT: first by what the access server itself requires, then by the policy. Will and clean session have no bearing. */
export function judgeConnect(packet: ConnectPacket, { peer, proof }: Origin, policy: AccessPolicy): Verdict {
  const { version, clientId, keepAliveSeconds, username, password } = packet;
  if (version === 5) return { accepted: false, reasonCode: UNSUPPORTED_VERSION_5, kind: 'connect-refused', why: 'MQTT 5 is not spoken here yet' };
  if (clientId === '') return refuse('identifier-rejected', 'the client id is empty');
  if (clientId.length > MAX_CLIENT_ID_CHARACTERS) {
    return refuse('identifier-rejected', `the client id has ${String(clientId.length)} characters, ${String(MAX_CLIENT_ID_CHARACTERS)} are allowed`);
  }
  try {
    const admission = policy.admit({
      version, clientId, keepaliveSeconds: keepAliveSeconds, peer, proof, username: username ?? '',
      ...(password !== undefined && { password: password.toString('utf8') }),
    });
    return admission.accepted ? admission : refuse(admission.refusal, admission.why);
  } catch (error) {
    return { ...refuse('server-unavailable', `the policy failed: ${String(error)}`), kind: 'server-fault' };
  }
}

function refuse(refusal: ConnectRefusal, why: string): Exclude<Verdict, { accepted: true }> {
  return { accepted: false, reasonCode: RETURN_CODES[refusal], kind: 'connect-refused', why };
}
