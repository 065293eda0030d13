import { createHash, createPublicKey, verify, type Hash } from 'node:crypto';
import { LianyunError } from '@lianyun/protocol';
import type { DownloadOptions } from './options.ts';
import { signatureBytes } from './options.ts';

/** What is computed over the bytes of a file while they pass. */
export class Digests {
  readonly #options: Pick<DownloadOptions, 'file' | 'digest' | 'signature'>;
  readonly #hashes: ReadonlyMap<'sha256' | 'md5', Hash>;

  constructor(options: Pick<DownloadOptions, 'file' | 'digest' | 'signature'>) {
    this.#options = options;
    const algorithms = new Set([...(options.digest === undefined ? [] : [options.digest.algorithm]), ...(options.signature === undefined ? [] : ['sha256' as const])]);
    this.#hashes = new Map([...algorithms].map((algorithm) => [algorithm, createHash(algorithm)]));
  }

  update(bytes: Uint8Array): void {
    for (const hash of this.#hashes.values()) hash.update(bytes);
  }

  /** Ends the computation. Throws `wrong-digest`, `wrong-signature`. */
  verify(): void {
    const { file, digest, signature } = this.#options;
    const values = new Map([...this.#hashes].map(([algorithm, hash]) => [algorithm, hash.digest()]));
    const found = digest === undefined ? undefined : values.get(digest.algorithm)?.toString('hex');
    if (digest !== undefined && found !== digest.hex.toLowerCase()) throw new LianyunError('wrong-digest', `What was downloaded for ${file} has the ${digest.algorithm} ${found}; ${digest.hex.toLowerCase()} was announced.`);
    const signed = values.get('sha256');
    if (signature === undefined || signed === undefined) return;
    if (!isSigned(signed, signature)) throw new LianyunError('wrong-signature', `What was downloaded for ${file} is not signed with the key that this device trusts.`);
  }
}

function isSigned(sha256: Buffer, signature: NonNullable<DownloadOptions['signature']>): boolean {
  const { publicKey } = signature;
  let key;
  try {
    key = typeof publicKey === 'object' && 'asymmetricKeyType' in publicKey ? publicKey : createPublicKey(publicKey);
  } catch (cause) {
    throw new LianyunError('bad-config', `The public key for signatures cannot be read: ${String(cause)}`, { cause });
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new LianyunError('bad-config', `The public key for signatures is ${key.asymmetricKeyType ?? 'no public key'}: an Ed25519 key is expected.`);
  return verify(null, sha256, key, signatureBytes(signature));
}
