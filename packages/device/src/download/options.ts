import type { KeyLike } from 'node:crypto';
import { LianyunError, type Clock, type ErrorCode } from '@lianyun/protocol';
import type { Disk } from '../disk/disk.ts';
import type { NetworkSettings } from '../net/open.ts';
import { readTls } from '../net/secure.late.ts';
import type { TlsOptions } from '../net/tls-options.ts';

/** Where a file is to be had. */
export interface DownloadSource {
  readonly url: string;
  /** Sent as `Authorization: Bearer …`, to the host of `url` only. */
  readonly token?: string | undefined;
  /** Sent to the host of `url` only. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A signature over the file, by the side that made it. */
export interface DownloadSignature {
  /** An Ed25519 public key: PEM, or a KeyObject. */
  readonly publicKey: KeyLike;
  /** 64 bytes, or their base64: the signature of the 32 bytes of the file's SHA-256, so that a file of any size can be checked. */
  readonly value: string | Uint8Array;
}

/** How patient a download is, and how it knows the server. */
export interface DownloadTuning {
  /** How the server is known over https; the device's own `tls` when left out. */
  readonly tls?: TlsOptions | undefined;
  /** Largest file that is taken where no size was announced; 4 GiB when left out. */
  readonly maxBytes?: number | undefined;
  /** Silence of the server after which an attempt is given up, ms; 30,000 when left out. */
  readonly stallMs?: number | undefined;
  /** Attempts in a row that bring nothing new, after which the download fails; 20 when left out. */
  readonly attempts?: number | undefined;
  /** Longest wait between two attempts, ms; 60,000 when left out. */
  readonly maxBackoffMs?: number | undefined;
  /** Time for all of it, ms; a day when left out. */
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What is to be downloaded, and how. */
export interface DownloadOptions extends DownloadTuning {
  /** Asked anew for every attempt: a signed URL may have been replaced by a fresh one. */
  source(): DownloadSource;
  /** Gets a fresh URL when that of {@link source} has expired; false when there is none. Asked once where nothing new came meanwhile. */
  renew?: ((signal: AbortSignal) => Promise<boolean>) | undefined;
  /** Where the file will be, once it is whole and right. */
  readonly file: string;
  /** Where it grows meanwhile; `file` with `.part` behind it when left out. Its journal stands beside it. */
  readonly part?: string | undefined;
  /** The announced size. */
  readonly bytes?: number | undefined;
  readonly digest?: { readonly algorithm: 'sha256' | 'md5'; readonly hex: string } | undefined;
  readonly signature?: DownloadSignature | undefined;
  /** The device's: whom it trusts, and the proxies on the way. */
  readonly network?: NetworkSettings | undefined;
  /** Another download that uses the same partial file: this one begins when it has ended, however it did. */
  readonly after?: Promise<unknown> | undefined;
  readonly clock: Clock;
  readonly disk?: Disk | undefined;
}

const GIB = 1_073_741_824;
/** What {@link DownloadTuning} leaves out. */
export const DEFAULTS = { maxBytes: 4 * GIB, stallMs: 30_000, attempts: 20, maxBackoffMs: 60_000, deadlineMs: 86_400_000 } as const;
/** After these another attempt may succeed by itself. */
export const AGAIN: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['network', 'timeout', 'proxy-failed']);

/** The network of a transfer: the device's, with the transfer's own TLS options where it has some. Throws `bad-config`. */
export function networkOf({ network = {}, tls }: Pick<DownloadOptions, 'network' | 'tls'>): NetworkSettings {
  if (tls !== undefined) return { ...network, tls: readTls(tls) };
  // The name that the device's options may have is that of its MQTT server.
  const { tls: own } = network;
  return own?.servername === undefined ? network : { ...network, tls: { context: own.context, insecure: own.insecure } };
}

const HEX_DIGITS = { sha256: 64, md5: 32 } as const;
const SIGNATURE_BYTES = 64;

/** Reads what was announced, before a byte of it is fetched. Throws `bad-input` naming what is wrong, `wrong-signature`. */
export function checkAnnounced({ file, bytes, digest, signature }: Pick<DownloadOptions, 'file' | 'bytes' | 'digest' | 'signature'>): void {
  if (typeof file !== 'string' || file === '' || file.includes('\0')) throw new LianyunError('bad-input', 'A download needs the name of the file to write.');
  if (bytes !== undefined && !(Number.isSafeInteger(bytes) && bytes >= 0)) throw new LianyunError('bad-input', `The announced size is ${bytes}: a whole number of bytes is expected.`);
  if (signature !== undefined) signatureBytes(signature);
  if (digest === undefined) return;
  const digits = Object.hasOwn(HEX_DIGITS, digest.algorithm) ? HEX_DIGITS[digest.algorithm] : undefined;
  if (digits === undefined || digest.hex.length !== digits || !/^[\da-f]+$/i.test(digest.hex))
    throw new LianyunError('bad-input', `The announced digest is none: ${digits ?? 'sha256 or md5,'} hex digits are expected.`);
}

/** The 64 bytes of a signature. Throws `wrong-signature`. */
export function signatureBytes({ value }: DownloadSignature): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : value;
  if (bytes.length !== SIGNATURE_BYTES) throw new LianyunError('wrong-signature', `The signature has ${bytes.length} bytes; an Ed25519 signature has ${SIGNATURE_BYTES}.`);
  return bytes;
}
