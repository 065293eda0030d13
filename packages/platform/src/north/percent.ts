/** Percent-encodes as RFC 3986 has it: letters, digits and `- . _ ~` stay, all else becomes upper-case hex. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Undoes percent-encoding; undefined when it is broken. `+` is a plus. */
export function percentDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** A request target taken apart: the path as it was sent, and the query with and without encoding. */
export interface Target {
  readonly path: string;
  /** As it was sent, without the question mark. */
  readonly rawQuery: string;
  readonly query: readonly (readonly [name: string, value: string])[];
}

/** Takes a request target apart; undefined when its query is not encoded properly. */
export function parseTarget(url: string): Target | undefined {
  const at = url.indexOf('?');
  const [path, rawQuery] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
  const query: [string, string][] = [];
  for (const pair of rawQuery.split('&').filter((each) => each !== '')) {
    const equals = pair.indexOf('=');
    const name = percentDecode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : percentDecode(pair.slice(equals + 1));
    if (name === undefined || value === undefined) return undefined;
    query.push([name, value]);
  }
  return { path, rawQuery, query };
}
