import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import { LianyunError } from '@lianyun/protocol';

/** PEM text, the bytes of a file, or the path of one. */
export type TlsInput = string | Uint8Array;

/** How a device speaks TLS. Without it, over `mqtts://`, the server's chain must lead to an authority that Node.js trusts, and its name must be right. */
export interface TlsOptions {
  /** The authorities to trust instead of those that Node.js trusts; a self-signed certificate is its own. */
  readonly ca?: TlsInput | readonly TlsInput[];
  /** The device's certificate, with the chain behind it, PEM. */
  readonly cert?: TlsInput;
  /** Its private key, PEM; in memory only this process can use it. */
  readonly key?: TlsInput;
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

const NAMES: Readonly<Record<keyof TlsOptions, true>> = { ca: true, cert: true, key: true, pfx: true, passphrase: true, servername: true, insecure: true };

// A crowd that is given one object shares what is made of it: a context holds all the authorities, some hundred KiB.
const read = new WeakMap<object, TlsSettings>();
const NOTHING: TlsOptions = {};

const bad = (text: string, cause?: unknown): LianyunError => new LianyunError('bad-config', text, { cause });

/** Reads the `tls` option. Throws `bad-config` naming the member that is wrong, never its content. */
export function readTls(options: TlsOptions): TlsSettings {
  if (typeof options !== 'object' || options === null) throw bad('tls is no object: for example { ca: "ca.pem" } is expected.');
  let settings = read.get(options);
  if (settings === undefined) read.set(options, (settings = make(options)));
  return settings;
}

/** The context of these settings; without any, the one that trusts whom Node.js trusts. */
export function contextOf(settings: TlsSettings | undefined): SecureContext {
  return (settings ?? readTls(NOTHING)).context;
}

function make(options: TlsOptions): TlsSettings {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(NAMES, name));
  if (unknown !== undefined) throw bad(`tls.${unknown} is no option; the options are ${Object.keys(NAMES).join(', ')}.`);
  const { ca, cert, key, pfx, passphrase, servername, insecure } = options;
  if (insecure !== undefined && typeof insecure !== 'boolean') throw bad(`tls.insecure is ${String(insecure)}: true or false is expected.`);
  for (const [name, value] of [['passphrase', passphrase], ['servername', servername]] as const) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) throw bad(`tls.${name} is no text, or empty.`);
  }
  if ((cert === undefined) !== (key === undefined)) throw bad(`tls.${cert === undefined ? 'cert' : 'key'} is missing: certificate and key go together.`);
  if (pfx !== undefined && cert !== undefined) throw bad('tls.pfx and tls.cert exclude each other: a PKCS#12 file holds certificate and key.');
  const authorities = ca === undefined ? undefined : (Array.isArray(ca) ? (ca as readonly TlsInput[]) : [ca as TlsInput]).map((each) => load('ca', each));
  const given = {
    ...(authorities === undefined ? {} : { ca: authorities }),
    ...(cert === undefined ? {} : { cert: load('cert', cert) }),
    ...(key === undefined ? {} : { key: load('key', key) }),
    ...(pfx === undefined ? {} : { pfx: load('pfx', pfx) }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
  for (const each of authorities ?? []) if (!each.includes('-----BEGIN CERTIFICATE-----') && !each.includes('-----BEGIN TRUSTED CERTIFICATE-----')) throw bad('tls.ca holds no certificate in PEM form (-----BEGIN CERTIFICATE-----).');
  let context: SecureContext;
  try {
    context = createSecureContext({ ...given, minVersion: 'TLSv1.2' });
  } catch (cause) {
    throw bad(`The TLS options cannot be used: ${whyNot(cause, options)}.`, cause);
  }
  return { context, insecure: insecure === true, ...(servername === undefined ? {} : { servername }) };
}

/** What OpenSSL means. */
function whyNot(cause: unknown, { pfx, passphrase }: TlsOptions): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
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
  if (typeof input !== 'string' || input === '') throw bad(`tls.${name} is neither text nor bytes: PEM text, bytes or the path of a file is expected.`);
  if (input.includes('-----BEGIN ')) return Buffer.from(input);
  try {
    return readFileSync(input);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    // A key that lost its first line would be taken for a path: such a text is not repeated.
    const shown = name === 'key' && input.includes('\n') ? '' : ` ${JSON.stringify(input.slice(0, 200))}`;
    throw bad(`tls.${name}: the file${shown} cannot be read (${code}).`, shown === '' ? undefined : cause);
  }
}
