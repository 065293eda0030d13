/** What a code means for a program: whose fault it is, whether trying again can help, the HTTP status of it, and the cure. */
interface ErrorTrait {
  readonly blame: 'caller' | 'cloud' | 'device' | 'network' | 'peer';
  readonly retry: boolean;
  readonly http: number;
  readonly cure: string;
}

/** Every error code of Lianyun with its traits. Programs compare codes, never texts. */
export const ERROR_TABLE = {
  'bad-input': { blame: 'caller', retry: false, http: 400, cure: 'Correct the argument that the message names.' },
  'bad-config': { blame: 'caller', retry: false, http: 400, cure: 'Correct the option or file that the message names.' },
  unsupported: { blame: 'caller', retry: false, http: 501, cure: 'This cloud has no such operation; device.supports(operation) tells beforehand.' },
  'not-permitted': { blame: 'caller', retry: false, http: 403, cure: "Use a topic of this device; a cloud acknowledges what it forbids and drops it." },
  'model-violation': { blame: 'caller', retry: false, http: 400, cure: 'Send a value that the thing model allows, or correct the model.' },
  'too-large': { blame: 'caller', retry: false, http: 413, cure: 'Send less in one message; the limit stands in the message.' },
  'duplicate-handler': { blame: 'caller', retry: false, http: 409, cure: 'Undo the first registration before registering another handler.' },
  'outbox-full': { blame: 'caller', retry: true, http: 429, cure: 'Send slower, raise the bounds of the outbox, or choose the policy drop-oldest.' },
  dropped: { blame: 'network', retry: true, http: 503, cure: 'A newer message took the place in the full outbox (policy drop-oldest).' },
  expired: { blame: 'network', retry: true, http: 504, cure: 'The message was older than its expiry before it could be delivered.' },
  closed: { blame: 'caller', retry: false, http: 503, cure: 'The device was closed before the message was delivered; give close() a longer drainMs.' },
  'switched-off': { blame: 'cloud', retry: true, http: 409, cure: 'The cloud has switched this off; send again when it switches it on.' },
  offline: { blame: 'network', retry: true, http: 503, cure: 'There is no connection now; try again when it is back.' },
  timeout: { blame: 'peer', retry: true, http: 504, cure: 'The other end did not answer in time; look whether it received the request.' },
  aborted: { blame: 'caller', retry: true, http: 499, cure: 'The given AbortSignal ended the wait.' },
  refused: { blame: 'cloud', retry: false, http: 422, cure: "The cloud refused the message; its own code and text stand in the message." },
  network: { blame: 'network', retry: true, http: 503, cure: 'Check address, port, DNS and firewall between this machine and the server.' },
  keepalive: { blame: 'network', retry: true, http: 503, cure: 'The server did not answer a ping; the link was half open.' },
  kicked: { blame: 'caller', retry: true, http: 409, cure: 'Another client signed in with the same device; give every device its own identity.' },
  'bad-credentials': { blame: 'caller', retry: false, http: 401, cure: 'Check device id and secret (or certificate) against the console of the cloud.' },
  'untrusted-server': { blame: 'peer', retry: false, http: 502, cure: "Give the certificate of the authority that signed the server's as tls.ca (lianyun up prints the path of its own as ca)." },
  'self-signed-server': { blame: 'peer', retry: false, http: 502, cure: "If this is your server, give its certificate itself as tls.ca; otherwise somebody stands between." },
  'wrong-server-name': { blame: 'peer', retry: false, http: 502, cure: "Connect by a name that the certificate has, or say with tls.servername which name it must have." },
  'expired-certificate': { blame: 'peer', retry: false, http: 502, cure: "Renew the server's certificate; if it has not expired, set this machine's clock." },
  'tls-failed': { blame: 'peer', retry: true, http: 502, cure: 'Check that the port is one for TLS, and that both ends have a TLS version and a cipher suite in common.' },
  'proxy-failed': { blame: 'network', retry: true, http: 502, cure: 'Check the proxy that the message names (option proxy, or the variables https_proxy, http_proxy and all_proxy), or name the server in no_proxy.' },
  'proxy-refused': { blame: 'caller', retry: false, http: 407, cure: 'Give the proxy a user and a password that it accepts, have it allow the connection, or name the server in no_proxy.' },
  'clock-skew': { blame: 'device', retry: true, http: 401, cure: "Set this machine's clock; sign-ins and certificates go by the time." },
  quota: { blame: 'caller', retry: true, http: 429, cure: 'Send or connect less often; docs name the limits of each cloud.' },
  'server-shutdown': { blame: 'cloud', retry: true, http: 503, cure: 'The server is going down; the connection is tried again.' },
  'protocol-violation': { blame: 'peer', retry: true, http: 502, cure: 'The other end sent what MQTT forbids; the message cites the clause.' },
  'bad-frame': { blame: 'peer', retry: false, http: 422, cure: 'The frame does not have the documented shape; topic and path stand in the message.' },
  'unknown-message': { blame: 'peer', retry: false, http: 422, cure: 'No row of the dialect describes this topic and tag.' },
  'unexpected-reply': { blame: 'peer', retry: false, http: 422, cure: 'Nobody waits for this answer: it came late or twice.' },
  'handler-failed': { blame: 'caller', retry: false, http: 500, cure: 'The handler threw; the cause is attached.' },
  'storage-failed': { blame: 'device', retry: true, http: 500, cure: 'Mend the disk or the file that the message names; what was not stored was not acknowledged, and can be sent again.' },
  'not-found': { blame: 'caller', retry: false, http: 404, cure: 'Create it first, or correct the id.' },
  conflict: { blame: 'caller', retry: false, http: 409, cure: 'It exists already; use another id or change the existing one.' },
  'port-in-use': { blame: 'caller', retry: false, http: 503, cure: 'Stop the program that holds the port, or choose another port (0 takes any free one).' },
  'wrong-digest': { blame: 'cloud', retry: false, http: 422, cure: 'The file is not the one that was announced: put the right file on the server, or announce its digest.' },
  'wrong-size': { blame: 'cloud', retry: false, http: 422, cure: 'The file does not have the announced size: put the right file on the server, or announce its size.' },
  'wrong-signature': { blame: 'cloud', retry: false, http: 422, cure: 'Sign the file with the key that this device trusts, or give the device the right public key.' },
  'expired-url': { blame: 'cloud', retry: false, http: 403, cure: 'The server no longer, or not yet, lets this URL or token in: ask the cloud for a fresh one.' },
  'unsafe-url': { blame: 'cloud', retry: false, http: 422, cure: 'Give an http or https URL that leads to the file without leaving https, or announce a digest for a file on another host.' },
  'bad-response': { blame: 'peer', retry: false, http: 502, cure: 'The server did not answer as HTTP or the request asks for; status and reason stand in the message.' },
  'disk-full': { blame: 'device', retry: true, http: 507, cure: 'Make room in the directory that the message names.' },
  'disk-failed': { blame: 'device', retry: false, http: 500, cure: 'Check that the directory is there, writable and on a sound disk; the cause is attached.' },
  'bad-seed': { blame: 'caller', retry: false, http: 400, cure: 'Correct the seed file at the place that the message names.' },
} as const satisfies Record<string, ErrorTrait>;

/** The closed set of error codes. */
export type ErrorCode = keyof typeof ERROR_TABLE;

/** Where an error happened, as far as it is known. */
export interface ErrorPlace {
  /** The topic of the frame concerned. */
  readonly topic?: string;
  /** The place in the JSON document, for example `$.services[0].properties`. */
  readonly path?: string;
  /** The device concerned. */
  readonly device?: string;
  /** The number that the cloud or the MQTT server gave (`code`, `result_code`, CONNACK number). */
  readonly number?: number;
  /** The beginning of the payload concerned, at most 200 characters. */
  readonly excerpt?: string;
}

/** The one error class. `code` says what happened, `place` where, `cure` what to do; `cause` keeps the original. */
export class LianyunError extends Error {
  override readonly name = 'LianyunError';
  readonly code: ErrorCode;
  readonly place: ErrorPlace;

  constructor(code: ErrorCode, message: string, place: ErrorPlace & { readonly cause?: unknown } = {}) {
    const { cause, ...where } = place;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.place = where;
  }

  /** What to do about it, in a sentence. */
  get cure(): string {
    return ERROR_TABLE[this.code].cure;
  }

  /** Whether the same call can succeed later without a change. */
  get canRetry(): boolean {
    return ERROR_TABLE[this.code].retry;
  }
}

/** Whether `value` is a {@link LianyunError}, of `code` if one is given. Works across copies of this module in one process. */
export function isLianyunError(value: unknown, code?: ErrorCode): value is LianyunError {
  return value instanceof Error && value.name === 'LianyunError' && 'code' in value && (code === undefined || value.code === code);
}
