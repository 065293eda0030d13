import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { networkInterfaces, hostname } from 'node:os';
import path from 'node:path';
import { LianyunError, systemClock, type Clock } from '@lianyun/protocol';
import { readPrivateFile, writePrivateFile, writePublicFile } from '../private-file.ts';
import { makeCertificate, permittedBy } from './certificate.ts';
import { covers, PRIVATE, withHosts, type Subtrees } from './subtrees.ts';

const DAY_MS = 86_400_000;
/** How long the authority is good for. */
const AUTHORITY_DAYS = 3650;
/** How long a server's certificate is good for; the platform makes a new one before. */
const SERVER_DAYS = 397;
/** A certificate is good a little before it is made: the clocks of devices are late. */
const EARLIER_MS = DAY_MS;
/** When the end of an authority is told. */
export const WARN_DAYS = 180;

const NAME = 'Lianyun CA';

/** A certificate and its key, PEM. */
export interface CertificateWithKey {
  readonly cert: string;
  readonly key: string;
}

/** The platform's own certificate authority. */
export class Authority {
  /** The file of its certificate: what a device is given to trust the platform. */
  readonly file: string;
  /** Its certificate, PEM. */
  readonly pem: string;
  /** Ms since 1970. */
  readonly expiresAt: number;
  readonly #clock: Clock;
  readonly #certificate: X509Certificate;
  readonly #key: KeyObject;
  readonly #permitted: Subtrees | undefined;

  /** @internal {@link openAuthority} makes it. */
  constructor(file: string, { pem, key, clock }: { readonly pem: string; readonly key: KeyObject; readonly clock: Clock }) {
    this.file = file;
    this.pem = pem;
    this.#clock = clock;
    this.#certificate = new X509Certificate(pem);
    this.#key = key;
    this.expiresAt = Date.parse(this.#certificate.validTo);
    this.#permitted = permittedBy(this.#certificate.raw);
  }

  /** Whole days until it expires; negative when it has. */
  get daysLeft(): number {
    return Math.floor((this.expiresAt - this.#clock.now()) / DAY_MS);
  }

  /** Whether it may sign for a host. */
  covers(host: string): boolean {
    return this.#permitted === undefined || covers(this.#permitted, host);
  }

  /** Whether it signed a certificate. */
  signed(certificate: X509Certificate): boolean {
    return certificate.checkIssued(this.#certificate) && certificate.verify(this.#certificate.publicKey);
  }

  /** A server's certificate for these hosts, with a new key. Fails with `bad-config` for a host that it may not sign for. */
  forServer(hosts: readonly string[]): CertificateWithKey {
    const foreign = hosts.find((host) => !this.covers(host));
    if (foreign !== undefined) {
      throw new LianyunError(
        'bad-config',
        `The certificate authority in ${this.file} may not sign for ${foreign}: it was made for private names and for what --host said then. Move ${this.file} and its key away to have a new one made; every device then has to be given the new file.`,
      );
    }
    // Not a host's name: OpenSSL would hold a common name that looks like one against the constraints.
    return this.#issue('Lianyun platform', { server: hosts }, SERVER_DAYS);
  }

  /** A device's certificate with a new key; `name` becomes its common name (Tencent: product id and device name). */
  forDevice(name: string, days = AUTHORITY_DAYS): CertificateWithKey {
    return this.#issue(name, 'client', days);
  }

  #issue(subject: string, use: { readonly server: readonly string[] } | 'client', days: number): CertificateWithKey {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const now = this.#clock.now();
    const issuer = { name: NAME, privateKey: this.#key, publicKey: this.#certificate.publicKey };
    const cert = makeCertificate({ subject, publicKey, notBefore: now - EARLIER_MS, notAfter: Math.min(now + days * DAY_MS, this.expiresAt), issuer, use });
    return { cert, key: pemOf(privateKey) };
  }
}

/**
 * The authority kept in `ca.pem` and `ca.key` (mode 0600) under `directory`; it is made there if need be, and may then sign for private names and
 * addresses and for `hosts`, for nothing else. Fails with `bad-config` when a file is damaged, open to other users or expired.
 */
export function openAuthority({ directory, hosts, clock = systemClock }: { readonly directory: string; readonly hosts: readonly string[]; readonly clock?: Clock }): Authority {
  const [file, keyFile] = [path.join(directory, 'ca.pem'), path.join(directory, 'ca.key')];
  const bad = (text: string, cause?: unknown): LianyunError => new LianyunError('bad-config', text, { cause });
  const keyText = readPrivateFile(keyFile, 'The key of the certificate authority');
  const kept = readIfThere(file);
  if (kept !== undefined && keyText === undefined) throw bad(`${file} is there and its key ${keyFile} is not; restore the key, or move ${file} away to have a new authority made.`);
  const key = keyText === undefined ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey : readKey(keyText, keyFile);
  // The key goes first: it is worth nothing alone, and the certificate without it would be in the way.
  if (keyText === undefined) writePrivateFile(keyFile, pemOf(key));
  if (kept === undefined) {
    const pem = newAuthority(key, withHosts(PRIVATE, hosts), clock);
    writePublicFile(file, pem);
    return new Authority(file, { pem, key, clock });
  }
  let authority: Authority;
  try {
    authority = new Authority(file, { pem: kept, key, clock });
    if (!new X509Certificate(kept).checkPrivateKey(key)) throw new Error('it belongs to another key');
  } catch (cause) {
    throw bad(`The certificate authority in ${file} cannot be used (${cause instanceof Error ? cause.message : String(cause)}); restore the file, or move it and ${keyFile} away to have a new one made.`, cause);
  }
  if (authority.daysLeft < 0) throw bad(`The certificate authority in ${file} expired on ${dayOf(authority.expiresAt)}; move it and ${keyFile} away to have a new one made, and give every device the new file.`);
  return authority;
}

/** The names of loopback, which every server's certificate has. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1'] as const;

/** The hosts that a server's certificate is to name for an address to listen on: loopback always; for every address, all that this machine has. */
export function hostsFor(address: string): readonly string[] {
  const own = isEvery(address) ? [hostname().toLowerCase(), ...Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map((one) => one.address))] : [address.toLowerCase()];
  // A host name that no certificate can hold, and addresses with a zone, are left out.
  return [...new Set([...LOOPBACK, ...own.filter((host) => /^[a-z0-9.:_-]+$/.test(host))])];
}

/** The same, less what the authority may not sign for and nobody asked for by name: the addresses of a machine change. */
export function hostsOf(authority: Authority, address: string): { readonly hosts: readonly string[]; readonly left: readonly string[] } {
  const all = hostsFor(address);
  if (!isEvery(address)) return { hosts: all, left: [] };
  return { hosts: all.filter((host) => authority.covers(host)), left: all.filter((host) => !authority.covers(host)) };
}

const isEvery = (address: string): boolean => address === '0.0.0.0' || address === '::';

/** A day as `YYYY-MM-DD`. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

function newAuthority(privateKey: KeyObject, permitted: Subtrees, clock: Clock): string {
  const publicKey = createPublicKey(privateKey);
  const now = clock.now();
  return makeCertificate({
    subject: NAME,
    publicKey,
    notBefore: now - EARLIER_MS,
    notAfter: now + AUTHORITY_DAYS * DAY_MS,
    issuer: { name: NAME, privateKey, publicKey },
    use: { authority: permitted },
  });
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function readKey(text: string, file: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    // The cause could carry the text, and with it the key.
    throw new LianyunError('bad-config', `The key of the certificate authority in ${file} cannot be read; restore the file, or move it and the certificate away to have a new authority made.`);
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
