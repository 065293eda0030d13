// Certificates of servers, good ones and bad ones of every kind, and a server that shows one.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { FakeClock } from '@lianyun/protocol/testing';
import { openAuthority, type Authority, type CertificateWithKey } from '@lianyun/platform';

const YEAR_MS = 365 * 86_400_000;
const HOST = '127.0.0.1';

/** A certificate, and the authority that a device is told to trust. */
interface Shown {
  readonly identity: CertificateWithKey;
  readonly ca: string;
}

/** A kind of bad certificate: what it is, and what a device says of it. */
interface BadKind {
  readonly what: string;
  readonly make: (certificates: Certificates) => Shown;
  readonly code: string;
  readonly words: RegExp;
  readonly cure: RegExp;
}

/** Each must be refused. */
export const BAD_KINDS: readonly BadKind[] = [
  { what: 'a certificate of the right authority for another name', make: (own) => own.trusting(own.trusted.forServer(['other.lan', '10.1.1.1'])), code: 'wrong-server-name', words: /is for other names .*10\.1\.1\.1/, cure: /servername/ },
  { what: 'a certificate of another authority with the right name', make: (own) => own.trusting(own.authority('other').forServer([HOST])), code: 'untrusted-server', words: /does not lead to an authority that this device trusts/, cure: /tls\.ca/ },
  { what: 'a certificate of another authority that is sent along', make: (own) => own.trusting(own.withChain(own.authority('other'))), code: 'untrusted-server', words: /does not lead to an authority/, cure: /tls\.ca/ },
  { what: 'a certificate that has expired', make: (own) => own.madeAt('past', Date.now() - 2 * YEAR_MS), code: 'expired-certificate', words: /has expired/, cure: /Renew/ },
  { what: 'a certificate that is not valid yet', make: (own) => own.madeAt('future', Date.now() + YEAR_MS), code: 'clock-skew', words: /not valid yet/, cure: /clock/ },
];

/** Authorities of a test. */
export class Certificates implements Disposable {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'lianyun-tls-'));
  /** The one that the devices trust. */
  readonly trusted = this.authority('trusted');

  authority(name: string, at = Date.now()): Authority {
    return openAuthority({ directory: path.join(this.folder, name), hosts: [], clock: new FakeClock({ now: at }) });
  }

  trusting(identity: CertificateWithKey): Shown {
    return { identity, ca: this.trusted.pem };
  }

  withChain(other: Authority): CertificateWithKey {
    const { cert, key } = other.forServer([HOST]);
    return { cert: cert + other.pem, key };
  }

  /** One that nobody but itself signed, made by the program `openssl`. */
  selfSigned(openssl: string): CertificateWithKey {
    const [key, cert] = [path.join(this.folder, 'alone.key'), path.join(this.folder, 'alone.pem')];
    execFileSync(openssl, ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-subj', '/CN=alone', '-addext', `subjectAltName=IP:${HOST}`, '-days', '30'], { stdio: 'ignore' });
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  }

  /** One for which an authority signed that an authority signed which may sign for no others; made by the program `openssl`. */
  overlong(openssl: string): Shown {
    const file = (name: string): string => path.join(this.folder, name);
    const make = (name: string, extensions: readonly string[], issuer?: string): string => {
      const by = issuer === undefined ? [] : ['-CA', file(`${issuer}.pem`), '-CAkey', file(`${issuer}.key`)];
      const config = file(`${name}.cnf`);
      writeFileSync(config, `[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=${name}\n[ext]\n${extensions.join('\n')}\n`);
      execFileSync(openssl, ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-config', config, '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`), '-days', '30', ...by], { stdio: 'ignore' });
      return readFileSync(file(`${name}.pem`), 'utf8');
    };
    const ca = make('root', ['basicConstraints=critical,CA:true']);
    const [last, beyond] = [make('last', ['basicConstraints=critical,CA:true,pathlen:0'], 'root'), make('beyond', ['basicConstraints=critical,CA:true'], 'last')];
    const cert = make('leaf', [`subjectAltName=IP:${HOST}`, 'basicConstraints=CA:false'], 'beyond');
    return { identity: { cert: cert + beyond + last, key: readFileSync(file('leaf.key'), 'utf8') }, ca };
  }

  /** A certificate made at some time, by an authority that is trusted. One that is made in the future has its authority from today. */
  madeAt(name: string, at: number): Shown {
    const made = this.authority(name, Math.min(at, Date.now()));
    return { identity: this.authority(name, at).forServer([HOST]), ca: made.pem };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** A TLS server that takes connections, notes what it is sent, and passes it on where it is told to. */
export class TlsFront implements AsyncDisposable {
  /** Bytes that came. */
  received = 0;
  /** The port of this machine that it passes everything on to; undefined: nowhere. */
  leads: number | undefined;
  readonly #server: tls.Server;
  readonly #sockets = new Set<Socket>();

  private constructor(identity: CertificateWithKey) {
    this.#server = tls.createServer(identity, (socket) => {
      this.#own(socket);
      socket.on('data', (chunk: Buffer) => {
        this.received += chunk.length;
      });
      if (this.leads === undefined) return;
      const onward = net.connect(this.leads, HOST);
      this.#own(onward);
      socket.pipe(onward).pipe(socket);
      onward.on('close', () => socket.destroy());
      socket.on('close', () => onward.destroy());
    });
    this.#server.on('tlsClientError', () => undefined);
  }

  static async open(identity: CertificateWithKey): Promise<TlsFront> {
    const front = new TlsFront(identity);
    await new Promise<void>((resolve) => front.#server.listen(0, HOST, resolve));
    return front;
  }

  /** `host:port`. */
  get where(): string {
    return `${HOST}:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #own(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
