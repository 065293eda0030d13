/** What Node says; for a name with several addresses, what it says of each. */
export function textOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map((each: unknown) => (each instanceof Error ? each.message : String(each))).join('; ') : error.message;
}

/** The other end cut the connection, as a server does that closes while data is still coming in. */
export function isReset(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE' || error.code === 'ECONNABORTED');
}
