/** A certificate that a client brought, and whose key it has. Instants in ms since 1970. */
export interface ClientCertificate {
  readonly commonName: string | undefined;
  /** Fingerprints, lower-case hex. */
  readonly sha1: string;
  readonly sha256: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** The platform's own authority signed it. */
  readonly isOwn: boolean;
  /** DER. */
  readonly raw: Uint8Array;
}

/** What the transport knows of a client before it says anything. */
export interface Proof {
  /** Nobody between can read or change what goes over it. */
  readonly isSecure: boolean;
  readonly certificate?: ClientCertificate;
  /** It has the key of this identity (TLS-PSK). */
  readonly keyIdentity?: string;
}
