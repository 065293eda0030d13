import { DEFAULT_CIPHERS, type TLSSocket, type TlsOptions } from 'node:tls';

/** The key of an identity; undefined for one that nobody has. */
export type KeyOf = (identity: string) => Uint8Array | undefined;

/**
 * Suites as Node.js has them, with those of TLS-PSK behind all others: a client of Tencent's C SDK that has a certificate offers them too, and fails when
 * they are chosen. In TLS 1.3 a key goes with SHA-256 only (RFC 8446 section 4.2.11), so its suites come first.
 */
const SUITES = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_256_GCM_SHA384',
  // Out of the middle, where HIGH would put them; `!` would keep them out for good.
  ...DEFAULT_CIPHERS.split(':').filter((each) => !each.startsWith('TLS_') && each !== '!PSK'),
  '-PSK',
  'PSK-AES128-GCM-SHA256',
  'PSK-AES256-GCM-SHA384',
  'PSK-AES128-CBC-SHA',
  'PSK-AES256-CBC-SHA',
].join(':');

/** TLS-PSK beside certificates on one listener: who asked for which key, and whether the handshake proved it. */
export class PreSharedKeys {
  readonly #keyOf: KeyOf;
  /** The identity whose key a handshake was given. */
  readonly #asked = new WeakMap<TLSSocket, string>();

  constructor(keyOf: KeyOf) {
    this.#keyOf = keyOf;
  }

  /** The identity that a handshake named, if a key was found for it. */
  askedBy(socket: TLSSocket): string | undefined {
    return this.#asked.get(socket);
  }

  /** For `tls.createServer`. */
  get options(): Pick<TlsOptions, 'ciphers' | 'honorCipherOrder' | 'pskCallback'> {
    return {
      ciphers: SUITES,
      honorCipherOrder: true,
      pskCallback: (socket, identity) => {
        const key = this.#keyOf(identity);
        if (key === undefined || key.length === 0) return null;
        this.#asked.set(socket, identity);
        return key;
      },
    };
  }

  /**
   * The identity that a finished handshake proved. That a key was asked for proves nothing: a client may name any identity and then have a certificate
   * suite, or in TLS 1.3 a suite that the key does not go with. A resumed session of TLS 1.2 names nobody.
   */
  provenBy(socket: TLSSocket): string | undefined {
    const { name } = socket.getCipher();
    const isByKey = socket.getProtocol() === 'TLSv1.3' ? socket.isSessionReused() && name.endsWith('_SHA256') : name.includes('PSK');
    return isByKey ? this.#asked.get(socket) : undefined;
  }
}
