import type { MqttVersion } from './packets.ts';

/**
 * Who is to blame and how an MQTT 5 end says so: `malformed` (cannot be parsed), `protocol` (parsed, but not allowed here),
 * `too-large` (over the agreed size), `unsupported-version` (answer CONNACK 1 / 0x84), `bad-client-id` (answer CONNACK 2 / 0x85).
 */
export type MqttErrorCode = 'malformed' | 'protocol' | 'too-large' | 'unsupported-version' | 'bad-client-id';

/** One rule of the standard: its consequence, its clause in MQTT 3.1.1 and in MQTT 5, and what was wrong in words. */
interface Rule {
  readonly code: MqttErrorCode;
  /** Clause of MQTT 3.1.1; MQTT 3.1 does not number its own, and says the same wherever both are parsed alike. */
  readonly v4: string;
  readonly v5: string;
  readonly says: string;
  /** MQTT 5 reason code, where it is more exact than the one of `code`. */
  readonly reasonCode?: number;
}

/**
 * Every reason this codec has for refusing a packet, read or written.
 * `MQTT-x` is a numbered conformance statement, `section x` a rule the standard states without a number.
 */
export const RULES = {
  'packet-type': { code: 'malformed', v4: 'section 2.2.1', v5: 'section 2.1.2', says: 'is a reserved packet type' },
  'fixed-header-flags': { code: 'malformed', v4: 'MQTT-2.2.2-1', v5: 'MQTT-2.1.3-1', says: 'has reserved bits that are not as the standard sets them' },
  'remaining-length': { code: 'malformed', v4: 'section 2.2.3', v5: 'section 1.5.5', says: 'takes more than four bytes' },
  'overlong-integer': { code: 'malformed', v4: 'section 2.2.3', v5: 'MQTT-1.5.5-1', says: 'is not in the shortest form' },
  'too-large': { code: 'too-large', v4: 'section 4.8', v5: 'section 3.1.2.11.4', says: 'is larger than this end accepts' },
  'too-large-for-peer': { code: 'too-large', v4: 'section 4.8', v5: 'MQTT-3.1.2-24', says: 'is larger than the other end accepts' },
  truncated: { code: 'malformed', v4: 'MQTT-4.8.0-1', v5: 'MQTT-4.13.1-1', says: 'runs past the end of the packet' },
  'trailing-bytes': { code: 'malformed', v4: 'MQTT-4.8.0-1', v5: 'MQTT-4.13.1-1', says: 'follow the last field' },
  'first-packet': { code: 'protocol', v4: 'MQTT-3.1.0-1', v5: 'MQTT-3.1.0-1', says: 'comes before CONNECT' },
  'second-connect': { code: 'protocol', v4: 'MQTT-3.1.0-2', v5: 'MQTT-3.1.0-2', says: 'is the second CONNECT of this connection' },
  'unexpected-packet': { code: 'protocol', v4: 'MQTT-4.8.0-1', v5: 'MQTT-4.13.1-1', says: 'is not for this end to receive' },

  utf8: { code: 'malformed', v4: 'MQTT-1.5.3-1', v5: 'MQTT-1.5.4-1', says: 'is not well-formed UTF-8' },
  nul: { code: 'malformed', v4: 'MQTT-1.5.3-2', v5: 'MQTT-1.5.4-2', says: 'contains U+0000' },
  characters: { code: 'malformed', v4: 'section 1.5.3', v5: 'section 1.5.4', says: 'contains a control character or a non-character' },
  'client-id-characters': { code: 'bad-client-id', v4: 'MQTT-3.1.3-9', v5: 'MQTT-3.1.3-8', says: 'contains a control character or a non-character' },
  'string-length': { code: 'malformed', v4: 'section 1.5.3', v5: 'section 1.5.4', says: 'is longer than 65535 bytes' },
  'field-range': { code: 'malformed', v4: 'section 1.5', v5: 'section 1.5', says: 'is out of range' },
  'version-field': { code: 'malformed', v4: 'section 3', v5: 'section 3', says: 'does not exist in this version of MQTT' },

  'protocol-name': { code: 'protocol', v4: 'MQTT-3.1.2-1', v5: 'MQTT-3.1.2-1', says: 'is not one of MQTT' },
  'protocol-level': { code: 'unsupported-version', v4: 'MQTT-3.1.2-2', v5: 'MQTT-3.1.2-2', says: 'is not supported' },
  'connect-flags': { code: 'malformed', v4: 'MQTT-3.1.2-3', v5: 'MQTT-3.1.2-3', says: 'has the reserved bit set' },
  'will-flags': { code: 'malformed', v4: 'MQTT-3.1.2-11', v5: 'MQTT-3.1.2-11', says: 'gives a will QoS or will retain without a will' },
  'will-qos': { code: 'malformed', v4: 'MQTT-3.1.2-14', v5: 'MQTT-3.1.2-12', says: 'is 3' },
  'password-flag': { code: 'malformed', v4: 'MQTT-3.1.2-22', v5: 'section 3.1.2.9', says: 'announces a password without a user name' },
  'connack-flags': { code: 'malformed', v4: 'section 3.2.2.1', v5: 'MQTT-3.2.2-1', says: 'has reserved bits set' },
  'session-present': { code: 'protocol', v4: 'MQTT-3.2.2-4', v5: 'MQTT-3.2.2-6', says: 'is set although the connection is refused' },

  qos: { code: 'malformed', v4: 'MQTT-3.3.1-4', v5: 'MQTT-3.3.1-4', says: 'is 3' },
  dup: { code: 'malformed', v4: 'MQTT-3.3.1-2', v5: 'MQTT-3.3.1-2', says: 'is set at QoS 0' },
  'packet-id': { code: 'protocol', v4: 'MQTT-2.3.1-1', v5: 'MQTT-2.2.1-3', says: 'is 0' },
  'packet-id-at-qos-0': { code: 'protocol', v4: 'MQTT-2.3.1-5', v5: 'MQTT-2.2.1-2', says: 'is given at QoS 0' },
  'topic-empty': { code: 'malformed', v4: 'MQTT-4.7.3-1', v5: 'MQTT-4.7.3-1', says: 'is empty', reasonCode: 0x90 },
  'topic-wildcard': { code: 'malformed', v4: 'MQTT-3.3.2-2', v5: 'MQTT-3.3.2-2', says: 'contains a wildcard', reasonCode: 0x90 },
  'topic-alias-missing': { code: 'protocol', v4: 'section 3.3.2.1', v5: 'section 3.3.2.1', says: 'is empty and no topic alias is given' },
  'topic-alias-zero': { code: 'protocol', v4: 'section 3.3.2', v5: 'MQTT-3.3.2-8', says: 'is 0', reasonCode: 0x94 },

  'no-filters': { code: 'protocol', v4: 'MQTT-3.8.3-3', v5: 'MQTT-3.8.3-2', says: 'is empty' },
  'no-unsubscribe-filters': { code: 'protocol', v4: 'MQTT-3.10.3-2', v5: 'MQTT-3.10.3-2', says: 'is empty' },
  'filter-empty': { code: 'malformed', v4: 'MQTT-4.7.3-1', v5: 'MQTT-4.7.3-1', says: 'is empty', reasonCode: 0x8f },
  'filter-multi-level': { code: 'malformed', v4: 'MQTT-4.7.1-2', v5: 'MQTT-4.7.1-1', says: 'has a # that is not alone in the last level', reasonCode: 0x8f },
  'filter-single-level': { code: 'malformed', v4: 'MQTT-4.7.1-3', v5: 'MQTT-4.7.1-2', says: 'has a + that is not alone in its level', reasonCode: 0x8f },
  'filter-share': { code: 'malformed', v4: 'section 4.7', v5: 'MQTT-4.8.2-2', says: 'is not a well-formed shared subscription', reasonCode: 0x8f },
  'share-no-local': { code: 'protocol', v4: 'section 3.8.3', v5: 'MQTT-3.8.3-4', says: 'asks for No Local on a shared subscription' },
  'subscription-options': { code: 'malformed', v4: 'MQTT-3-8.3-4', v5: 'MQTT-3.8.3-5', says: 'has reserved bits set' },
  'subscription-qos': { code: 'malformed', v4: 'MQTT-3-8.3-4', v5: 'section 3.8.3.1', says: 'ask for QoS 3' },
  'retain-handling': { code: 'protocol', v4: 'section 3.8.3', v5: 'section 3.8.3.1', says: 'ask for retain handling 3' },
  'no-reason-codes': { code: 'protocol', v4: 'MQTT-3.8.4-5', v5: 'MQTT-3.8.4-6', says: 'are missing' },
  'reason-code': { code: 'malformed', v4: 'MQTT-3.9.3-2', v5: 'section 2.4', says: 'is not one of this packet' },

  'property-unknown': { code: 'malformed', v4: 'section 2.3', v5: 'section 2.2.2.2', says: 'is not a known property' },
  'property-not-allowed': { code: 'malformed', v4: 'section 2.3', v5: 'section 2.2.2.2', says: 'does not belong in this packet' },
  'property-repeated': { code: 'protocol', v4: 'section 2.3', v5: 'section 2.2.2.2', says: 'is given twice' },
  'property-value': { code: 'protocol', v4: 'section 2.3', v5: 'section 2.2.2.2', says: 'has a value the standard forbids' },
  'response-topic-wildcard': { code: 'protocol', v4: 'section 2.3', v5: 'MQTT-3.3.2-14', says: 'contains a wildcard' },
  'client-subscription-identifier': { code: 'protocol', v4: 'section 2.3', v5: 'MQTT-3.3.4-6', says: 'is sent by a client' },
  'authentication-data-alone': { code: 'protocol', v4: 'section 2.3', v5: 'section 3.1.2.11.10', says: 'is given without an authentication method' },
} as const satisfies Record<string, Rule>;

/** Name of a rule of the standard that a packet can break. */
export type MqttRule = keyof typeof RULES;

const REASON_CODES: Record<MqttErrorCode, number> = {
  malformed: 0x81,
  protocol: 0x82,
  'too-large': 0x95,
  'unsupported-version': 0x84,
  'bad-client-id': 0x85,
};

/** Where and how a packet breaks a rule; `offset` counts from the first byte of the packet's fixed header. */
export interface Violation {
  readonly rule: MqttRule;
  readonly packet: string;
  readonly field: string;
  readonly offset: number;
  /** 0: not known yet (before CONNECT). */
  readonly version: MqttVersion | 0;
  readonly detail?: string;
  /** Where the packet has a clause of its own for this rule. */
  readonly clause?: string;
}

/**
 * A packet that the standard forbids, whether it was read or about to be written. `code` says what to do, `reasonCode` is the MQTT 5 reason
 * code to answer with, `rule` names the rule and `clause` cites it (MQTT 5 numbering on an MQTT 5 connection, else 3.1.1).
 */
export class MqttProtocolError extends Error {
  override readonly name = 'MqttProtocolError';
  readonly code: MqttErrorCode;
  readonly reasonCode: number;
  readonly rule: MqttRule;
  readonly clause: string;
  /** Protocol level of the connection; 0: not known yet (before CONNECT). */
  readonly version: MqttVersion | 0;

  constructor(violation: Violation) {
    const rule: Rule = RULES[violation.rule];
    const clause = violation.clause ?? (violation.version === 5 ? rule.v5 : rule.v4);
    const detail = violation.detail === undefined ? '' : ` (${violation.detail})`;
    super(`${violation.packet}: ${violation.field} at offset ${String(violation.offset)} ${rule.says}${detail} [${clause}]`);
    this.code = rule.code;
    this.reasonCode = rule.reasonCode ?? REASON_CODES[rule.code];
    this.rule = violation.rule;
    this.clause = clause;
    this.version = violation.version;
  }
}
