import { X509Certificate } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import { LianyunError } from '@lianyun/protocol';
import { node } from '../node.ts';

/** PEM text, the bytes of a file, or the path of one. */
export type TlsInput = string | Uint8Array;

/** How a device speaks TLS. Without it, over `mqtts://`, the server's chain must lead to an authority that Node.js trusts, and its name must be right. */
export interface TlsOptions {
  /** The authorities to trust instead of those that Node.js trusts; a self-signed certificate is its own. */
  readonly ca?: TlsInput | readonly TlsInput[];
  /** The device's certificate, with the chain behind it, PEM. */
  readonly cert?: TlsInput;
  /** Its private key, PEM; in memory only this process can use it. Node.js signs the handshake itself and has no hook for a function that does. */
  readonly key?: TlsInput;
  /**
   * A key that stays in a TPM, a smart card or an HSM, instead of `key`: the OpenSSL engine that signs with it, by its id (`pkcs11`) or the path of its library. It has to be
   * installed on the machine; Node.js looks for ids where the environment's `OPENSSL_ENGINES` says.
   */
  readonly privateKeyEngine?: string;
  /** What the engine knows the key by: `pkcs11:token=…;object=…;type=private`. It may hold a PIN: no message repeats it. */
  readonly privateKeyIdentifier?: string;
  /** Certificate and key in one PKCS#12 file, instead of `cert` and `key`. */
  readonly pfx?: TlsInput;
  /** Opens an encrypted key or PKCS#12 file. */
  readonly passphrase?: string;
  /** The name that the server's certificate must have; the host of `server` when left out. */
  readonly servername?: string;
  /** True: the server may be anybody. Nothing that is sent is secret from who stands between. */
  readonly insecure?: boolean;
}

/** The same, read and checked. */
export interface TlsSettings {
  readonly context: SecureContext;
  readonly servername?: string;
  readonly insecure: boolean;
}

/** What is to be done where the key must not be in this process. */
const NO_SIGNER = ': Node.js signs the TLS handshake itself, and no function can do it in its place. Give the key as PEM, or keep it in hardware and give tls.privateKeyEngine and tls.privateKeyIdentifier';

const NAMES: Readonly<Record<keyof TlsOptions, true>> = { ca: true, cert: true, key: true, privateKeyEngine: true, privateKeyIdentifier: true, pfx: true, passphrase: true, servername: true, insecure: true };

// A crowd that is given one object shares what is made of it: a context holds all the authorities, some hundred KiB.
const read = new WeakMap<object, { readonly from: TlsOptions; readonly settings: TlsSettings }>();
const NOTHING: TlsOptions = {};

const bad = (text: string, cause?: unknown): LianyunError => new LianyunError('bad-config', text, { cause });

/** Reads the `tls` option. Throws `bad-config` naming the member that is wrong, never its content. */
export function readTls(options: TlsOptions): TlsSettings {
  if (typeof options !== 'object' || options === null) throw bad('tls is no object: for example { ca: "ca.pem" } is expected.');
  const kept = read.get(options);
  if (kept !== undefined && isSame(kept.from, options)) return kept.settings;
  const settings = make(options);
  read.set(options, { from: { ...options }, settings });
  return settings;
}

/** Whether an object still has the members it had: a program may have put the next device's certificate into it. */
function isSame(before: TlsOptions, now: TlsOptions): boolean {
  const names = Object.keys(now) as (keyof TlsOptions)[];
  return names.length === Object.keys(before).length && names.every((name) => before[name] === now[name]);
}

/** The context of these settings; without any, the one that trusts whom Node.js trusts. */
export function contextOf(settings: TlsSettings | undefined): SecureContext {
  return (settings ?? readTls(NOTHING)).context;
}

function make(options: TlsOptions): TlsSettings {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(NAMES, name));
  if (unknown !== undefined) throw bad(`tls.${unknown} is no option${/sign/i.test(unknown) ? NO_SIGNER : ''}; the options are ${Object.keys(NAMES).join(', ')}.`);
  const { ca, cert, key, privateKeyEngine, privateKeyIdentifier, pfx, passphrase, servername, insecure } = options;
  if (insecure !== undefined && typeof insecure !== 'boolean') throw bad(`tls.insecure is ${String(insecure)}: true or false is expected.`);
  for (const [name, value] of Object.entries({ passphrase, servername, privateKeyEngine, privateKeyIdentifier })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) throw bad(`tls.${name} is no text, or empty.`);
  }
  if ((privateKeyEngine === undefined) !== (privateKeyIdentifier === undefined)) throw bad(`tls.${privateKeyEngine === undefined ? 'privateKeyEngine' : 'privateKeyIdentifier'} is missing: an engine and the key in it go together.`);
  if (key !== undefined && privateKeyEngine !== undefined) throw bad('tls.key and tls.privateKeyEngine exclude each other: the key is here, or in the engine.');
  if ((cert === undefined) !== (key === undefined && privateKeyEngine === undefined)) throw bad(`tls.${cert === undefined ? 'cert' : 'key'} is missing: certificate and key go together.`);
  if (pfx !== undefined && cert !== undefined) throw bad('tls.pfx and tls.cert exclude each other: a PKCS#12 file holds certificate and key.');
  const authorities = ca === undefined ? undefined : (Array.isArray(ca) ? (ca as readonly TlsInput[]) : [ca as TlsInput]).map((each) => load('ca', each));
  const given = {
    ...(authorities === undefined ? {} : { ca: authorities }),
    ...(cert === undefined ? {} : { cert: load('cert', cert) }),
    ...(key === undefined ? {} : { key: load('key', key) }),
    ...(privateKeyEngine === undefined ? {} : { privateKeyEngine, privateKeyIdentifier }),
    ...(pfx === undefined ? {} : { pfx: load('pfx', pfx) }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
  for (const each of authorities ?? []) checkAuthority(each);
  let context: SecureContext;
  try {
    context = node.tls().createSecureContext({ ...given, minVersion: 'TLSv1.2' });
  } catch (cause) {
    throw bad(`The TLS options cannot be used: ${whyNot(cause, options)}.`, cause);
  }
  return { context, insecure: insecure === true, ...(servername === undefined ? {} : { servername }) };
}

/** An authority that cannot be read is none to OpenSSL, which says nothing of it. */
function checkAuthority(pem: Buffer): void {
  if (!pem.includes('-----BEGIN CERTIFICATE-----') && !pem.includes('-----BEGIN TRUSTED CERTIFICATE-----')) throw bad('tls.ca holds no certificate in PEM form (-----BEGIN CERTIFICATE-----).');
  try {
    new X509Certificate(pem);
  } catch (cause) {
    throw bad(`tls.ca cannot be read (${cause instanceof Error ? cause.message : String(cause)}); has it lost its line ends?`, cause);
  }
}

/** What OpenSSL means. */
function whyNot(cause: unknown, { pfx, passphrase, privateKeyEngine }: TlsOptions): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (privateKeyEngine !== undefined && !/key values mismatch/i.test(text)) return `the engine ${JSON.stringify(privateKeyEngine)} cannot be loaded, or has no such key (${text})`;
  const file = pfx === undefined ? 'tls.key' : 'tls.pfx';
  if (/mac verify failure|bad decrypt|BAD_DECRYPT|interrupted or cancelled|MISSING_PASSPHRASE|bad password read/i.test(`${text} ${code}`)) return `${file} is encrypted, and tls.passphrase ${passphrase === undefined ? 'is missing' : 'does not open it'}`;
  if (/key values mismatch/i.test(text)) return 'tls.key is not the key of tls.cert';
  if (/unsupported/i.test(text) && pfx !== undefined) return 'tls.pfx is encrypted in a way that OpenSSL 3 no longer reads (RC2 or 3DES); write it anew with a current program';
  if (/no start line|not enough data|wrong tag|asn1|bad base64|unsupported|DECODER/i.test(`${text} ${code}`)) return `${pfx === undefined ? 'tls.ca, tls.cert or tls.key' : file} cannot be read (${text})`;
  return text;
}

/** The content of an option: what it is itself, or what the file holds that it names. */
function load(name: keyof TlsOptions, input: TlsInput): Buffer {
  if (input instanceof Uint8Array) return Buffer.from(input);
  if (name === 'key' && (typeof input === 'function' || (typeof input === 'object' && (input as object | null) !== null))) throw bad(`tls.key is neither text nor bytes${NO_SIGNER}.`);
  if (typeof input !== 'string' || input === '') throw bad(`tls.${name} is neither text nor bytes: PEM text, bytes or the path of a file is expected.`);
  if (input.includes('-----BEGIN ')) return Buffer.from(input);
  try {
    return node.fs().readFileSync(input);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const shown = mayBeKey(input) ? '' : ` ${JSON.stringify(input.slice(0, 200))}`;
    throw bad(`tls.${name}: the file${shown} cannot be read (${code}).`, shown === '' ? undefined : cause);
  }
}

/** Whether a text that names no file may be a key: one that lost its first line, or its bytes in Base64 or hexadecimal, which begin with no slash. */
const mayBeKey = (text: string): boolean => text.includes('\n') || /^[\w+=-][\w+/=-]{39,}\s*$/.test(text);
