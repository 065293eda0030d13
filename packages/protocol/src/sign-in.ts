import type { DeviceRef } from './vocabulary.ts';

/** What CONNECT carries. */
export interface MqttCredentials {
  readonly clientId: string;
  readonly username: string;
  /** Left out for certificate identities. */
  readonly password?: string;
  /** Proves the device in the handshake of TLS; CONNECT does not carry it. */
  readonly psk?: PreSharedKey;
}

/** A key that both ends of a TLS connection have, instead of certificates (RFC 4279). */
export interface PreSharedKey {
  readonly identity: string;
  readonly key: Uint8Array;
}

/** What an identity needs from outside to build credentials. */
export interface SignInContext {
  /** The time to sign with, ms since 1970; corrected by the measured clock offset. */
  readonly now: number;
  /** The connection is MQTT over TLS, where a pre-shared key can prove the device. */
  readonly isTls?: boolean;
  /** A random number in [0, 1). */
  random(): number;
}

/** What a CONNECT claims to be, before any secret was looked at. */
export interface Claim {
  readonly device: DeviceRef;
  /** `secret`: a signature must be checked. `certificate`: the connection's certificate (or PSK identity) must be. */
  readonly proof: 'secret' | 'certificate';
  /** Huawei bootstrap: the registration group. */
  readonly scope?: string;
}

/** Why a sign-in is refused. `malformed` is CONNACK 2, `bad-signature` and `expired` are 4. */
export type Refusal = 'malformed' | 'bad-signature' | 'expired';

/** A cloud's sign-in: both ends of it. */
export interface SignIn<I extends object> {
  /** The device that an identity stands for. Throws `bad-config` naming the member that is wrong. */
  deviceOf(identity: I): DeviceRef;
  /** Credentials for one attempt: never reused, they carry the time. */
  credentials(identity: I, context: SignInContext): MqttCredentials;
  /** Reads what a CONNECT claims; undefined when it has not this cloud's form. */
  claim(credentials: MqttCredentials): Claim | undefined;
  /** Checks the signature of a claim against the secret that the registry has. Compares in constant time. */
  verify(credentials: MqttCredentials, secret: string, nowMs: number): Refusal | undefined;
}
