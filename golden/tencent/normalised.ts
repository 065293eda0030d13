// What counts of an observation: which message a message id belongs to and not its number, which headers say something, what JSON says.

/** Where a callback's message id stands. */
const MID_AT: Readonly<Partial<Record<string, number>>> = { on_publish: 0, on_subscribe: 1, on_unsubscribe: 0 };
/** Headers that are the protocol's and not the HTTP library's. */
const HEADERS = /^(Host|Content-Type|Range|Content-Md5|X-Tc-.*)$/;

interface Callback {
  readonly name: string;
  readonly args: readonly unknown[];
}

export function normalised(observed: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { returns, callbacks = [], dial, http, websocket } = observed;
  const mids = [...new Set([...midsIn(returns), ...(callbacks as Callback[]).flatMap(midOf)])].sort((left, right) => left - right);
  const named = (mid: unknown): unknown => (typeof mid === 'number' && mids.includes(mid) ? `mid ${mids.indexOf(mid) + 1}` : mid);
  return {
    ...observed,
    returns: withMids(returns, named),
    callbacks: (callbacks as Callback[]).map(({ name, args }) => ({ name, args: args.map((each, index) => (index === MID_AT[name] ? named(each) : each)) })),
    // Names of hosts have no case.
    ...(Array.isArray(dial) ? { dial: dial.map((each: { host: string; port: number }) => ({ ...each, host: each.host.toLowerCase() })) } : {}),
    ...(http === undefined ? {} : { http: Array.isArray(http) ? http.map((each) => request(each as Record<string, unknown>)) : http }),
    ...(websocket === undefined ? {} : { websocket: (websocket as Record<string, unknown>[]).map(({ request: line, headers }) => ({ request: line, protocol: spelt(headers)['Sec-Websocket-Protocol'] })) }),
  };
}

/** `[rc, mid]` of a call that was taken over. */
const isResult = (value: unknown): value is [number, number] => Array.isArray(value) && value.length === 2 && Number.isInteger(value[0]) && Number.isInteger(value[1]) && Number(value[1]) > 0;

function midsIn(value: unknown): number[] {
  if (isResult(value)) return [value[1]];
  return Array.isArray(value) ? value.flatMap(midsIn) : [];
}

function midOf({ name, args }: Callback): number[] {
  const mid = args[MID_AT[name] ?? -1];
  return typeof mid === 'number' ? [mid] : [];
}

function withMids(value: unknown, named: (mid: unknown) => unknown): unknown {
  if (isResult(value)) return [value[0], named(value[1])];
  return Array.isArray(value) ? value.map((each) => withMids(each, named)) : value;
}

function request(seen: Record<string, unknown>): Record<string, unknown> {
  // What a rule leaves open stays so.
  if (!('headers' in seen)) return seen;
  const { headers, body, ...rest } = seen;
  return { ...rest, headers: Object.fromEntries(Object.entries(spelt(headers)).filter(([name]) => HEADERS.test(name))), body: parsed(body) };
}

/** Header names as the recording program spells them. */
const spelt = (headers: unknown): Record<string, unknown> => Object.fromEntries(Object.entries(headers as Record<string, unknown>).map(([name, value]) => [name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase()), value]));

function parsed(body: unknown): unknown {
  if (typeof body !== 'string') return body;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
