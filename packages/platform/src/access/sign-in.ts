import type { ConnectPacket, MqttVersion } from '@lianyun/protocol/mqtt';
import { MAX_CLIENT_ID_CHARACTERS } from './limits.ts';
import type { AccessPolicy, Admission, ConnectRefusal, Notice } from './port.ts';
import type { Origin } from './transport.ts';

/** What becomes of a CONNECT: the admission, or the number for CONNACK and the notice to give. */
export type Verdict =
  | Extract<Admission, { accepted: true }>
  | { readonly accepted: false; readonly reasonCode: number; readonly kind: Notice['kind']; readonly why: string };

type Refusing = ConnectRefusal | 'unsupported-version' | 'bad-authentication-method' | 'qos-not-supported' | 'retain-not-supported';

/** CONNACK return codes of MQTT 3.1 and 3.1.1, section 3.2.2.3. */
const RETURN_CODES: Readonly<Record<Refusing, number>> = {
  'unsupported-version': 1,
  'identifier-rejected': 2,
  'server-unavailable': 3,
  'bad-credentials': 4,
  'not-authorized': 5,
  // These are only refused over MQTT 5.
  'bad-authentication-method': 5,
  'qos-not-supported': 5,
  'retain-not-supported': 5,
};

/** The same in MQTT 5, section 3.2.2.2. */
const REASON_CODES: Readonly<Record<Refusing, number>> = {
  'unsupported-version': 0x84,
  'identifier-rejected': 0x85,
  'server-unavailable': 0x88,
  'bad-credentials': 0x86,
  'not-authorized': 0x87,
  'bad-authentication-method': 0x8c,
  'qos-not-supported': 0x9b,
  'retain-not-supported': 0x9a,
};

/** The number of a refusal in the CONNACK of this version. */
export function connackCode(refusal: Refusing, version: MqttVersion): number {
  return (version === 5 ? REASON_CODES : RETURN_CODES)[refusal];
}

/** Judges a CONNECT: first by what the access server itself requires, then by the policy. Clean session has no bearing, nor has a will that an MQTT 5 server without QoS 2 and retained messages need not refuse. */
export function judgeConnect(packet: ConnectPacket, { peer, proof }: Origin, policy: AccessPolicy): Verdict {
  const { version, clientId, keepAliveSeconds, username, password, will } = packet;
  const refuse = (refusal: Refusing, why: string): Exclude<Verdict, { accepted: true }> => ({ accepted: false, reasonCode: connackCode(refusal, version), kind: 'connect-refused', why });
  if (packet.properties?.authenticationMethod !== undefined) return refuse('bad-authentication-method', `there is no authentication method ${JSON.stringify(packet.properties.authenticationMethod)} here`);
  if (version === 5 && will?.qos === 2) return refuse('qos-not-supported', 'its will is at QoS 2, which neither cloud has [MQTT-3.2.2-12]');
  if (version === 5 && will?.retain === true) return refuse('retain-not-supported', 'its will is to be retained, and neither cloud retains messages [MQTT-3.2.2-13]');
  // MQTT 5 lets the server make one up (section 3.1.3.1): the policy knows what it has to look like.
  if (clientId === '' && version !== 5) return refuse('identifier-rejected', 'the client id is empty');
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
