import { isLianyunError, LianyunError, type ErrorCode } from '@lianyun/protocol';
import type { Ending } from '../session-state.ts';
import { isReset, wordsOf } from './socket-fault.ts';

interface Fault {
  readonly code: ErrorCode;
  readonly reason: Ending['reason'];
  /** Trying again cannot help as long as nobody changes anything. */
  readonly isFatal: boolean;
  readonly text: string;
}

const fault = (code: ErrorCode, text: string, rest: Partial<Fault> = {}): Fault => ({ code, text, reason: 'network', isFatal: true, ...rest });

const UNTRUSTED = fault('untrusted-server', "the chain of the server's certificate does not lead to an authority that this device trusts");

/** What OpenSSL and Node.js call it, and what it is. */
const FAULTS: Readonly<Record<string, Fault>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: fault('self-signed-server', "the server's certificate is signed by itself, not by an authority that this device trusts"),
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CERT_UNTRUSTED: UNTRUSTED,
  CERT_REJECTED: UNTRUSTED,
  INVALID_CA: UNTRUSTED,
  CERT_CHAIN_TOO_LONG: UNTRUSTED,
  PATH_LENGTH_EXCEEDED: fault('untrusted-server', "the chain of the server's certificate is longer than one of its authorities may make it"),
  INVALID_PURPOSE: fault('untrusted-server', "the server's certificate was not made for servers"),
  CERT_REVOKED: fault('untrusted-server', "the server's certificate was revoked"),
  // What Node.js has no name for; OpenSSL's own words follow, for example that the authority may not sign for this name.
  UNSPECIFIED: fault('untrusted-server', "the server's certificate is not to be trusted"),
  ERR_TLS_CERT_ALTNAME_INVALID: fault('wrong-server-name', "the server's certificate is for other names"),
  HOSTNAME_MISMATCH: fault('wrong-server-name', "the server's certificate is for other names"),
  CERT_HAS_EXPIRED: fault('expired-certificate', "the server's certificate, or one of those that signed it, has expired"),
  // A certificate is hardly ever used before its time: the machine's clock is behind. It may be set any moment, so the device goes on trying.
  CERT_NOT_YET_VALID: fault('clock-skew', "by this machine's clock the server's certificate is not valid yet", { reason: 'clock-skew', isFatal: false }),
  ERR_SSL_WRONG_VERSION_NUMBER: fault('tls-failed', 'the server does not speak TLS on this port'),
  ERR_SSL_PACKET_LENGTH_TOO_LONG: fault('tls-failed', 'the server does not speak TLS on this port'),
};

/** The server did not like the certificate that the device has, or has not. */
const REFUSED = /CERTIFICATE_REQUIRED|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED|CERTIFICATE_REVOKED|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|UNKNOWN_PSK_IDENTITY|DECRYPT_ERROR|ACCESS_DENIED/;

/** What the same means where both ends have a key instead of certificates; what else happens there is a fault of the line. */
const KEY_FAULTS: readonly (readonly [RegExp, Fault])[] = [
  [/ALERT_BAD_RECORD_MAC|ALERT_DECRYPT_ERROR|ALERT_DECRYPTION_FAILED/, fault('bad-credentials', 'the server has another key for this device', { reason: 'bad-credentials' })],
  [/ALERT_UNKNOWN_PSK_IDENTITY/, fault('bad-credentials', 'the server has no key for this device', { reason: 'bad-credentials' })],
  [/ALERT_HANDSHAKE_FAILURE|ALERT_PROTOCOL_VERSION/, fault('tls-failed', 'the TLS handshake failed: the server does not take TLS-PSK')],
];

/** A connection on which something went wrong. */
interface Failed {
  readonly where: string;
  /** It was signed in. */
  readonly isConnected: boolean;
  /** It is secured by TLS-PSK. */
  readonly isByKey: boolean;
}

/** What ended a connection, or kept it from being made, in words. */
export function endingOf(error: Error, { where, isConnected, isByKey }: Failed): Ending {
  // A proxy's fault names the proxy, and where it was to lead.
  if (isLianyunError(error) && error.code.startsWith('proxy-')) return { reason: 'network', error, isFatal: !error.canRetry, byServer: false };
  if (isLianyunError(error)) return { reason: 'network', error: new LianyunError(error.code, `${where}: ${error.message}`, { cause: error }), isFatal: !error.canRetry, byServer: false };
  const known = faultOf(error, isByKey && !isConnected);
  const said = textOf(error);
  if (known === undefined) return { reason: 'network', error: new LianyunError('network', `${where}: ${said}.`, { cause: error }), isFatal: false, byServer: isConnected && isReset(error) };
  return { reason: known.reason, error: new LianyunError(known.code, `${where}: ${known.text} (${said}).`, { cause: error }), isFatal: known.isFatal, byServer: false };
}

/** What OpenSSL says went wrong, before file and line of its own source. */
const OPENSSL = /(?:^|\s)[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/;

/** The code of an error. Where something was being written meanwhile, as HTTP and WebSocket do, Node.js has one for whatever happens to TLS; then what it has otherwise, from OpenSSL's words. */
function codeOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  const [, words] = code === 'EPROTO' ? (OPENSSL.exec(error.message) ?? []) : [];
  return words === undefined ? code : `ERR_SSL_${words.toUpperCase().replaceAll(' ', '_')}`;
}

function faultOf(error: Error, isByKey: boolean): Fault | undefined {
  const code = codeOf(error);
  const ofKey = isByKey ? KEY_FAULTS.find(([pattern]) => pattern.test(code)) : undefined;
  if (ofKey !== undefined) return ofKey[1];
  if (Object.hasOwn(FAULTS, code)) return FAULTS[code];
  if (REFUSED.test(code)) return fault('bad-credentials', "the server refuses this device's certificate or key in the TLS handshake", { reason: 'bad-credentials' });
  if (/^ERR_(SSL|TLS)_|^EPROTO$/.test(code)) return fault('tls-failed', 'the TLS handshake failed', { isFatal: false });
  return undefined;
}

/** What is wrong with the certificate of a server that is asked over HTTPS, or with its TLS; undefined where another attempt may find nothing wrong. */
export function certificateFault(error: Error): Pick<Fault, 'code' | 'text'> | undefined {
  const known = faultOf(error, false);
  return known === undefined || (known.code === 'tls-failed' && !known.isFatal) ? undefined : known;
}

/** What Node says in words of ours, where we have some. */
export function textOf(error: Error): string {
  const [, words] = OPENSSL.exec(error.message) ?? [];
  return (words ?? wordsOf(error)).trim().replace(/\.$/, '');
}
