import { X509Certificate } from 'node:crypto';
import type { SecureContextOptions, TLSSocket, TlsOptions } from 'node:tls';
import type { Clock, Timer } from '@lianyun/protocol';
import type { ClientCertificate, Proof } from '../access/proof.ts';
import type { Authority } from './authority.ts';
import { PreSharedKeys, type KeyOf } from './pre-shared-keys.ts';

const DAY_MS = 86_400_000;
/** When a server's certificate is replaced by a new one. */
const RENEW_DAYS = 30;

export interface ServerTlsOptions {
  readonly authority: Authority;
  /** What the certificate names. */
  readonly hosts: readonly string[];
  readonly clock: Clock;
  /** Keys of devices that have no certificate (TLS-PSK). */
  readonly keyOf: KeyOf;
  /** Told at start and then once a day. */
  onDay(authority: Authority): void;
}

/** TLS as the platform's listeners speak it: one certificate of its own authority, replaced before it expires. */
export class ServerTls {
  readonly authority: Authority;
  readonly keys: PreSharedKeys;
  readonly #options: ServerTlsOptions;
  readonly #listeners = new Set<() => void>();
  #context: SecureContextOptions;
  #expiresAt: number;
  #timer: Timer | undefined;

  constructor(options: ServerTlsOptions) {
    this.#options = options;
    this.authority = options.authority;
    this.keys = new PreSharedKeys(options.keyOf);
    const { cert, key } = this.authority.forServer(options.hosts);
    this.#context = { cert, key };
    this.#expiresAt = Date.parse(new X509Certificate(cert).validTo);
    this.#onDay();
  }

  /** For `tls.createServer` and `https.createServer`. A client is asked for a certificate and need not have one: who it is, the policy judges. */
  get options(): TlsOptions {
    return { ...this.#context, minVersion: 'TLSv1.2', requestCert: true, rejectUnauthorized: false };
  }

  /** The same for MQTT, where a device may have a key instead (Tencent 1.4). */
  get mqttOptions(): TlsOptions {
    return { ...this.options, ...this.keys.options };
  }

  /** Calls back when there is a new certificate. Returns how to stop that. */
  onRenewed(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#timer?.cancel();
    this.#listeners.clear();
  }

  #onDay(): void {
    const { authority, hosts, clock, onDay } = this.#options;
    if (this.#expiresAt - clock.now() < RENEW_DAYS * DAY_MS && this.#expiresAt < authority.expiresAt) {
      const { cert, key } = authority.forServer(hosts);
      this.#context = { cert, key };
      this.#expiresAt = Date.parse(new X509Certificate(cert).validTo);
      for (const listener of this.#listeners) listener();
    }
    onDay(authority);
    this.#timer = clock.after(DAY_MS, () => this.#onDay());
  }
}

const SECURE: Proof = { isSecure: true };

/** What a client's TLS connection proves. */
export function proofOf(socket: TLSSocket, { authority, keys }: Pick<ServerTls, 'authority' | 'keys'>): Proof {
  const identity = keys.provenBy(socket);
  if (identity !== undefined) return { isSecure: true, keyIdentity: identity };
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? SECURE : { isSecure: true, certificate: read(certificate, authority) };
}

function read(certificate: X509Certificate, authority: Authority): ClientCertificate {
  const hex = (fingerprint: string): string => fingerprint.replaceAll(':', '').toLowerCase();
  return {
    // The last one: a subject may hold several, from the general to the particular.
    commonName: certificate.subject?.split('\n').findLast((line) => line.startsWith('CN='))?.slice(3),
    sha1: hex(certificate.fingerprint),
    sha256: hex(certificate.fingerprint256),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    isOwn: authority.signed(certificate),
    raw: certificate.raw,
  };
}

/** What went wrong with a client's handshake, in words; undefined when it never began one. `asked`: the identity whose key it was to have. */
export function handshakeText(error: Error, asked?: string): string | undefined {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ECONNRESET' || code === 'EPIPE') return undefined;
  if (code === 'ERR_SSL_HTTP_REQUEST') return 'A client speaks HTTP on a port for MQTT over TLS.';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') return 'A client does not speak TLS on this port; MQTT without TLS has a port of its own (--mqtt).';
  if (asked !== undefined && code !== 'ERR_TLS_HANDSHAKE_TIMEOUT') return `A client named ${JSON.stringify(asked)} and has another TLS-PSK key.`;
  if (code === 'ERR_SSL_PSK_IDENTITY_NOT_FOUND') return 'A client names a TLS-PSK identity that no device has: the product id and the device name of a device with a key are expected.';
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') return 'A client did not finish its TLS handshake in time.';
  if (/UNKNOWN_CA|CERTIFICATE_UNKNOWN|BAD_CERTIFICATE/.test(code)) return "A client does not trust this platform's certificate; give it the file that the ready line names as ca.";
  if (/NO_SHARED_CIPHER/.test(code)) return 'A client and this platform have no cipher suite in common.';
  if (/UNSUPPORTED_PROTOCOL|TLSV1_ALERT_PROTOCOL_VERSION/.test(code)) return 'A client speaks an older TLS than 1.2.';
  return `A TLS handshake failed: ${error.message.split('\n')[0] ?? ''}`;
}
