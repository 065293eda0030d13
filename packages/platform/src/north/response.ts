import { ServerResponse, type IncomingMessage } from 'node:http';

/** Names that are not each part with a capital. */
const NAMES: Readonly<Record<string, string>> = { etag: 'ETag', 'www-authenticate': 'WWW-Authenticate', 'content-md5': 'Content-MD5' };

/**
 * An answer whose headers are written as everybody else's: Content-Length, not content-length. To HTTP they are the same, but a device may look for the
 * text: Tencent's C SDK finds the length of a package, and of an answer to its registration, in no other way.
 */
export class Response<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  override setHeader(name: string, value: number | string | readonly string[]): this {
    return super.setHeader(conventional(name), value);
  }

  // Of the two forms that Node has, callers here use the one without a message.
  override writeHead(status: number, ...rest: unknown[]): this {
    const headers = rest.at(-1);
    if (typeof headers === 'object' && headers !== null && !Array.isArray(headers)) for (const [name, value] of Object.entries(headers)) if (value !== undefined) this.setHeader(name, value as string);
    return super.writeHead(status);
  }
}

function conventional(name: string): string {
  return NAMES[name.toLowerCase()] ?? name.toLowerCase().replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
}

/**
 * Of an HTTP server: whose request to upgrade is passed to its `upgrade` listeners. Any other is answered as if it did not ask (RFC 9110, 7.8): Java's HTTP client asks
 * for `h2c` with each first request. A Node.js that does not know the option passes them all.
 */
export const UPGRADING = { shouldUpgradeCallback: ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket' };
