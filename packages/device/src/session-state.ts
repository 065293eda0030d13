import { LianyunError, type ErrorCode } from '@lianyun/protocol';

/** Why a connection ended, or an attempt failed. */
export type DisconnectReason = 'network' | 'keepalive' | 'kicked' | 'bad-credentials' | 'clock-skew' | 'quota' | 'server-shutdown' | 'closed';

/** How a connection, or the attempt to make one, ended: exactly once, with one reason. */
export interface Ending {
  readonly reason: DisconnectReason;
  readonly error: LianyunError;
  /** Trying again with the same identity cannot help. */
  readonly isFatal: boolean;
  /** The server closed the connection without a word. */
  readonly byServer: boolean;
}

/**
 * Where a session is. `attempt` counts the tries since the last connection that was stable; `server` is the one of the list that is tried, `misses` how
 * many failed since one let the device in.
 */
export type SessionState =
  | { readonly at: 'idle' }
  | ({ readonly at: 'connecting'; readonly wasOnline: boolean } & Tries)
  | ({ readonly at: 'online'; readonly since: number } & Tries)
  | ({ readonly at: 'waiting'; readonly wasOnline: boolean; readonly until: number; readonly why: Ending } & Tries)
  | { readonly at: 'closed'; readonly why: Ending | undefined };

/** Which server of the list is tried or connected to; the first where none is. */
export const serverOf = (state: SessionState): number => ('server' in state ? state.server : 0);

interface Tries {
  readonly attempt: number;
  readonly triedAt: number;
  readonly shortLives: number;
  readonly server: number;
  readonly misses: number;
}

export type SessionEvent =
  | { readonly on: 'start'; readonly now: number }
  | { readonly on: 'ready'; readonly now: number }
  | { readonly on: 'ended'; readonly now: number; readonly random: number; readonly ending: Ending }
  | { readonly on: 'timer'; readonly now: number }
  | { readonly on: 'close' };

export type Effect =
  | { readonly do: 'connect' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'cancel-wait' }
  | { readonly do: 'end-connection' }
  | { readonly do: 'announce-online' }
  | { readonly do: 'announce-offline'; readonly ending: Ending }
  | { readonly do: 'announce-closed'; readonly ending: Ending | undefined };

export interface Pace {
  /** Least time between two attempts, ms. */
  readonly floorMs: number;
  /** Longest wait before an attempt, ms. */
  readonly ceilingMs: number;
  /** How many servers there are to try. */
  readonly servers: number;
  /** Goes on trying where there is little hope: a refused sign-in, a server that is not who it should be. */
  readonly persists?: boolean;
}

/** A connection that lived this long starts the count of attempts anew. */
export const STABLE_MS = 60_000;
/** A connection that the server closed within this time, twice running, was most likely taken over by another client. */
export const SHORT_LIFE_MS = 10_000;

/** Full jitter: anything up to a bound that doubles with every attempt. */
export function backoffMs(attempt: number, random: number, ceilingMs: number): number {
  return Math.floor(random * Math.min(ceilingMs, 1000 * 2 ** Math.min(attempt, 30)));
}

const nothing = (state: SessionState): Step => ({ state, effects: [] });

interface Step {
  readonly state: SessionState;
  readonly effects: readonly Effect[];
}

/** What a session does next. Pure: time and chance come with the event. */
export function next(state: SessionState, event: SessionEvent, pace: Pace): Step {
  switch (event.on) {
    case 'start':
      if (state.at !== 'idle') return nothing(state);
      return { state: { at: 'connecting', attempt: 0, triedAt: event.now, shortLives: 0, server: 0, misses: 0, wasOnline: false }, effects: [{ do: 'connect' }] };
    case 'ready':
      if (state.at !== 'connecting') return nothing(state);
      return {
        state: { at: 'online', attempt: state.attempt, triedAt: state.triedAt, shortLives: state.shortLives, server: state.server, misses: 0, since: event.now },
        effects: [{ do: 'announce-online' }],
      };
    case 'timer':
      if (state.at !== 'waiting') return nothing(state);
      return {
        state: { at: 'connecting', attempt: state.attempt, triedAt: event.now, shortLives: state.shortLives, server: state.server, misses: state.misses, wasOnline: state.wasOnline },
        effects: [{ do: 'connect' }],
      };
    case 'ended':
      return ended(state, event, pace);
    case 'close':
      if (state.at === 'closed') return nothing(state);
      return {
        state: { at: 'closed', why: undefined },
        effects: [
          ...(state.at === 'waiting' ? [{ do: 'cancel-wait' } as const] : []),
          ...(state.at === 'connecting' || state.at === 'online' ? [{ do: 'end-connection' } as const] : []),
          { do: 'announce-closed', ending: undefined },
        ],
      };
    default:
      return event satisfies never;
  }
}

function ended(state: SessionState, { now, random, ending: told }: Extract<SessionEvent, { on: 'ended' }>, pace: Pace): Step {
  if (state.at !== 'connecting' && state.at !== 'online') return nothing(state);
  // A wall clock that is set back makes a life negative: then it was neither stable nor short.
  const lived = state.at === 'online' ? now - state.since : 0;
  const isShort = state.at === 'online' && told.byServer && told.error.place.number === undefined && lived >= 0 && lived < SHORT_LIFE_MS;
  const shortLives = isShort ? state.shortLives + 1 : state.at === 'online' ? 0 : state.shortLives;
  const wasOnline = state.at === 'online' || state.wasOnline;
  const misses = state.at === 'connecting' ? state.misses + 1 : 0;
  // Another server of the list may be reached where this one is not; whom one refuses, it need not ask the next.
  const hasOther = misses % pace.servers !== 0 && (!told.isFatal || OF_SERVER.has(told.error.code));
  const server = misses === 0 ? state.server : (state.server + 1) % pace.servers;
  const judged = judge(told, { wasOnline: wasOnline || hasOther, isPingPong: shortLives >= 2 && isShort });
  const ending = pace.persists === true && judged.isFatal ? { ...judged, isFatal: false } : judged;
  if (ending.isFatal) {
    return { state: { at: 'closed', why: ending }, effects: [{ do: 'announce-offline', ending }, { do: 'announce-closed', ending }] };
  }
  const attempt = lived >= STABLE_MS ? 0 : hasOther ? state.attempt : state.attempt + 1;
  const toFloor = Math.min(Math.max(state.triedAt + pace.floorMs - now, 0), pace.floorMs);
  const ms = hasOther ? toFloor : Math.max(backoffMs(attempt, random, pace.ceilingMs), toFloor);
  return {
    state: { at: 'waiting', attempt, triedAt: state.triedAt, shortLives, server, misses, wasOnline, until: now + ms, why: ending },
    // The wait is set up before anybody hears of it: a listener may close the session, and then finds a wait to cancel.
    effects: [
      { do: 'wait', ms },
      { do: 'announce-offline', ending },
    ],
  };
}

/** In the CONNACK of MQTT 3.1.1 and of MQTT 5. */
const NOT_AUTHORIZED: ReadonlySet<number> = new Set([5, 0x87]);
/** What the server has to mend, or a proxy before it; or it is spoken to in a way that this program has no package for. */
const OF_SERVER: ReadonlySet<ErrorCode> = new Set(['unsupported', 'untrusted-server', 'self-signed-server', 'wrong-server-name', 'expired-certificate', 'tls-failed', 'proxy-refused']);

/** Names what only the history shows: MQTT 3.1.1 cannot say that another client took over. */
function judge(ending: Ending, { wasOnline, isPingPong }: { readonly wasOnline: boolean; readonly isPingPong: boolean }): Ending {
  // A cloud that knew the device a moment ago and now does not authorise it is asked again: it may be restarting or being configured. The same goes
  // for a certificate that was good before: it will be renewed.
  if (ending.isFatal && wasOnline && (NOT_AUTHORIZED.has(ending.error.place.number ?? 0) || OF_SERVER.has(ending.error.code))) return { ...ending, isFatal: false };
  if (!isPingPong) return ending;
  const error = new LianyunError('kicked', 'The server closes the connection soon after every sign-in: most likely another client signs in as the same device.', { cause: ending.error });
  return { ...ending, reason: 'kicked', error };
}
