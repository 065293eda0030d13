import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** An HTTP request as it came in, or as it is about to go out: what a signature covers. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as on the wire. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** Why a signature is refused. */
export type SignatureFault = 'missing' | 'malformed' | 'unknown-key' | 'mismatch' | 'expired';

/** Whose signature it is, or why it is none. */
export type Verdict = { readonly keyId: string } | { readonly fault: SignatureFault; /** For the client; never a secret. */ readonly why: string };

/** Finds a key's secret. */
export type SecretOf = (keyId: string) => string | undefined;

export const sha256Hex = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

export const hmac = (algorithm: 'sha1' | 'sha256', key: string | Buffer, text: string): Buffer => createHmac(algorithm, key).update(text).digest();

/** Compares without telling by its duration where two texts differ. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
