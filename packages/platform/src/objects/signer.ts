import { createHmac } from 'node:crypto';
import { percentEncode } from '../north/percent.ts';
import { sameText } from '../north/signed-request.ts';

/** Names an object: a bucket, and a key in it, both any text. */
export interface ObjectPlace {
  readonly bucket: string;
  readonly key: string;
}

/** What a digest is of, and its hex digits. */
export interface Digest {
  readonly algorithm: 'sha256' | 'md5';
  readonly hex: string;
}

/** What one who has a URL may do with it. */
export interface UrlGrant {
  readonly place: ObjectPlace;
  /** GET allows HEAD as well. */
  readonly method: 'GET' | 'PUT';
  /** Ms since 1970, cut to the second. */
  readonly expiresAt: number;
  /** What is put there must have this size and this digest. */
  readonly bytes?: number;
  readonly digest?: Digest;
}

/** Why a URL or a token allows nothing. */
export type GrantFault = 'malformed' | 'mismatch' | 'expired';

/** The path under which objects are served. */
export const OBJECTS_PATH = '/objects/';

/** Signs what allows somebody without an access key to get or put one object for a time. */
export class GrantSigner {
  readonly #key: string;

  /** `key` is a secret of the platform's own. */
  constructor(key: string) {
    this.#key = key;
  }

  /** The path and query of a URL. Its last segment is the end of the key. */
  pathOf({ place, method, expiresAt, bytes, digest }: UrlGrant): string {
    const query = [`Expires=${Math.floor(expiresAt / 1000)}`];
    if (bytes !== undefined) query.push(`Size=${bytes}`);
    if (digest !== undefined) query.push(`Digest=${digest.algorithm}-${digest.hex.toLowerCase()}`);
    query.push(`Signature=${this.#urlSignature(place, method, query)}`);
    return `${OBJECTS_PATH}${pathSegments(place)}?${query.join('&')}`;
  }

  /** What a query allows with the object of a place, or why nothing. A HEAD is allowed what a GET is. */
  read(place: ObjectPlace, method: string, query: ReadonlyMap<string, string>, now: number): UrlGrant | GrantFault {
    const [expires = '', size, digest, signature = ''] = ['Expires', 'Size', 'Digest', 'Signature'].map((name) => query.get(name));
    const of = method === 'HEAD' ? 'GET' : method;
    if ((of !== 'GET' && of !== 'PUT') || !/^\d{1,12}$/.test(expires) || (size !== undefined && !/^\d{1,15}$/.test(size))) return 'malformed';
    const signed = ['Expires', 'Size', 'Digest'].flatMap((name) => (query.has(name) ? [`${name}=${query.get(name)}`] : []));
    if (!sameText(this.#urlSignature(place, of, signed), signature)) return 'mismatch';
    const expiresAt = Number(expires) * 1000;
    if (expiresAt <= now) return 'expired';
    const [algorithm, hex] = digest?.split('-') ?? [];
    return {
      place,
      method: of,
      expiresAt,
      ...(size === undefined ? {} : { bytes: Number(size) }),
      ...(hex === undefined || (algorithm !== 'sha256' && algorithm !== 'md5') ? {} : { digest: { algorithm, hex } }),
    };
  }

  /** A Bearer token for one thing, in hex digits. `expiresAt` is ms since 1970, cut to the second. */
  token(subject: string, expiresAt: number): string {
    const at = Math.floor(expiresAt / 1000).toString(16).padStart(10, '0');
    return at + this.#sign(['token', subject, at]).toString('hex');
  }

  /** Why a token does not allow what it is shown for; undefined when it does. */
  tokenFault(subject: string, token: string, now: number): GrantFault | undefined {
    if (!/^[0-9a-f]{74}$/.test(token)) return 'malformed';
    const at = token.slice(0, 10);
    if (!sameText(this.#sign(['token', subject, at]).toString('hex'), token.slice(10))) return 'mismatch';
    return Number.parseInt(at, 16) * 1000 <= now ? 'expired' : undefined;
  }

  #urlSignature({ bucket, key }: ObjectPlace, method: string, query: readonly string[]): string {
    return this.#sign(['url', method, bucket, key, ...query]).toString('base64url');
  }

  /** JSON keeps the parts apart, whatever is in them. */
  #sign(parts: readonly string[]): Buffer {
    return createHmac('sha256', this.#key).update(JSON.stringify(parts)).digest();
  }
}

/** A place as it stands in a path. */
function pathSegments({ bucket, key }: ObjectPlace): string {
  return [bucket, ...key.split('/')].map(percentEncode).join('/');
}
