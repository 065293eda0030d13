import { LianyunError } from '@lianyun/protocol';
import { describe, expect, it } from 'vitest';
import { backoffMs, next, SHORT_LIFE_MS, STABLE_MS, type Effect, type Ending, type Pace, type SessionEvent, type SessionState } from './session-state.ts';

const PACE: Pace = { floorMs: 0, ceilingMs: 60_000, servers: 1 };
const T = 1_000_000;

function ending(of: Partial<Ending> = {}, number?: number): Ending {
  return { reason: 'network', error: new LianyunError('network', 'gone', number === undefined ? {} : { number }), isFatal: false, byServer: false, ...of };
}

const LOST = ending();
const FATAL = ending({ reason: 'bad-credentials', isFatal: true }, 4);

const STATES = {
  idle: { at: 'idle' },
  connecting: { at: 'connecting', attempt: 2, triedAt: T, shortLives: 0, server: 0, misses: 0, wasOnline: false },
  online: { at: 'online', attempt: 2, triedAt: T, shortLives: 0, server: 0, misses: 0, since: T },
  waiting: { at: 'waiting', attempt: 2, triedAt: T, shortLives: 0, server: 0, misses: 0, wasOnline: false, until: T + 500, why: LOST },
  closed: { at: 'closed', why: undefined },
} as const satisfies Record<string, SessionState>;

const EVENTS = {
  start: { on: 'start', now: T + 100 },
  ready: { on: 'ready', now: T + 100 },
  lost: { on: 'ended', now: T + 100, random: 0.5, ending: LOST },
  refused: { on: 'ended', now: T + 100, random: 0.5, ending: FATAL },
  timer: { on: 'timer', now: T + 100 },
  close: { on: 'close' },
} as const satisfies Record<string, SessionEvent>;

type Cell = readonly [state: SessionState, ...effects: Effect[]];
const same = 'same' as const;
const closed: SessionState = { at: 'closed', why: undefined };
const announceClosed: Effect = { do: 'announce-closed', ending: undefined };
// attempt 3, random 0.5: half of 8 s
const waiting = (wasOnline: boolean): SessionState => ({ at: 'waiting', attempt: 3, triedAt: T, shortLives: 0, server: 0, misses: wasOnline ? 0 : 1, wasOnline, until: T + 4100, why: LOST });
const refused: Cell = [{ at: 'closed', why: FATAL }, { do: 'announce-offline', ending: FATAL }, { do: 'announce-closed', ending: FATAL }];

const TABLE: Record<keyof typeof STATES, Record<keyof typeof EVENTS, Cell | typeof same>> = {
  idle: {
    start: [{ at: 'connecting', attempt: 0, triedAt: T + 100, shortLives: 0, server: 0, misses: 0, wasOnline: false }, { do: 'connect' }],
    ready: same,
    lost: same,
    refused: same,
    timer: same,
    close: [closed, announceClosed],
  },
  connecting: {
    start: same,
    ready: [{ at: 'online', attempt: 2, triedAt: T, shortLives: 0, server: 0, misses: 0, since: T + 100 }, { do: 'announce-online' }],
    lost: [waiting(false), { do: 'wait', ms: 4000 }, { do: 'announce-offline', ending: LOST }],
    refused,
    timer: same,
    close: [closed, { do: 'end-connection' }, announceClosed],
  },
  online: {
    start: same,
    ready: same,
    lost: [waiting(true), { do: 'wait', ms: 4000 }, { do: 'announce-offline', ending: LOST }],
    refused,
    timer: same,
    close: [closed, { do: 'end-connection' }, announceClosed],
  },
  waiting: {
    start: same,
    ready: same,
    lost: same,
    refused: same,
    timer: [{ at: 'connecting', attempt: 2, triedAt: T + 100, shortLives: 0, server: 0, misses: 0, wasOnline: false }, { do: 'connect' }],
    close: [closed, { do: 'cancel-wait' }, announceClosed],
  },
  closed: { start: same, ready: same, lost: same, refused: same, timer: same, close: same },
};

describe('a session', () => {
  for (const [at, row] of Object.entries(TABLE)) {
    for (const [on, cell] of Object.entries(row)) {
      // The table is keyed by these names.
      const state: SessionState = STATES[at as keyof typeof STATES];
      const event: SessionEvent = EVENTS[on as keyof typeof EVENTS];
      const [after, ...effects] = cell === same ? [state] : cell;
      it(`that is ${at} ${cell === same ? 'does nothing' : `is ${after.at} and does ${effects.map((effect) => effect.do).join(', ')}`} on ${on}`, () => {
        expect(next(state, event, PACE)).toEqual({ state: after, effects });
      });
    }
  }

  it('counts attempts anew after a connection that lived a minute, and not after a shorter one', () => {
    const after = (livedMs: number): SessionState => next(STATES.online, { on: 'ended', now: T + livedMs, random: 0, ending: LOST }, PACE).state;
    expect(after(STABLE_MS)).toMatchObject({ at: 'waiting', attempt: 0 });
    expect(after(STABLE_MS - 1)).toMatchObject({ at: 'waiting', attempt: 3 });
  });

  it('names a second short life that the server ended as taken over by another client', () => {
    const end = (state: SessionState, lived: number, byServer = true): SessionState =>
      next(state, { on: 'ended', now: T + lived, random: 0, ending: ending({ byServer }) }, PACE).state;
    const first = end(STATES.online, SHORT_LIFE_MS - 1);
    expect(first).toMatchObject({ shortLives: 1, why: { reason: 'network' } });
    const second = end({ ...STATES.online, shortLives: 1 }, SHORT_LIFE_MS - 1);
    expect(second).toMatchObject({ shortLives: 2, why: { reason: 'kicked', error: { code: 'kicked' } } });
    expect(second.at === 'waiting' && second.why.error.message).toContain('another client');
    // A long life, or an end that was not the server's, is no sign of that.
    expect(end({ ...STATES.online, shortLives: 1 }, SHORT_LIFE_MS)).toMatchObject({ shortLives: 0, why: { reason: 'network' } });
    expect(end({ ...STATES.online, shortLives: 1 }, -1e12)).toMatchObject({ shortLives: 0, why: { reason: 'network' } });
    expect(end({ ...STATES.online, shortLives: 1 }, 10, false)).toMatchObject({ shortLives: 0, why: { reason: 'network' } });
  });

  it('keeps the count of short lives over attempts that never came to be', () => {
    const state: SessionState = { ...STATES.connecting, shortLives: 1, wasOnline: true };
    expect(next(state, EVENTS.lost, PACE).state).toMatchObject({ shortLives: 1, wasOnline: true });
  });

  it('tries again when a server that knew the device does not authorise it for now, but not on a wrong secret', () => {
    const state: SessionState = { ...STATES.connecting, wasOnline: true };
    const refuse = (number: number): SessionState => next(state, { on: 'ended', now: T, random: 0, ending: ending({ isFatal: true }, number) }, PACE).state;
    expect(refuse(5).at).toBe('waiting');
    expect(refuse(4).at).toBe('closed');
    expect(next(STATES.connecting, { on: 'ended', now: T, random: 0, ending: ending({ isFatal: true }, 5) }, PACE).state.at).toBe('closed');
  });

  it('tries the next server of a list at once, in turns, and waits when all of them failed', () => {
    const three: Pace = { floorMs: 0, ceilingMs: 60_000, servers: 3 };
    let state: SessionState = next({ at: 'idle' }, EVENTS.start, three).state;
    const tried: unknown[] = [];
    for (let i = 0; i < 7; i++) {
      const step = next(state, { on: 'ended', now: T, random: 0.5, ending: LOST }, three);
      if (state.at !== 'connecting' || step.state.at !== 'waiting') expect.fail('a failed attempt is followed by another');
      tried.push([state.server, step.state.until - T]);
      state = next(step.state, { on: 'timer', now: T }, three).state;
    }
    expect(tried).toEqual([[0, 0], [1, 0], [2, 1000], [0, 0], [1, 0], [2, 2000], [0, 0]]);
  });

  it('stays with the server that let it in, and begins with it after a disconnect', () => {
    const two: Pace = { floorMs: 0, ceilingMs: 60_000, servers: 2 };
    const state: SessionState = { ...STATES.connecting, server: 1, misses: 3 };
    const online = next(state, EVENTS.ready, two).state;
    expect(online).toMatchObject({ at: 'online', server: 1, misses: 0 });
    expect(next(online, EVENTS.lost, two).state).toMatchObject({ at: 'waiting', server: 1, misses: 0 });
  });

  it('tries the next server when the certificate of one is bad, and none when one refuses the credentials', () => {
    const two: Pace = { floorMs: 0, ceilingMs: 60_000, servers: 2 };
    const untrusted = ending({ isFatal: true, error: new LianyunError('untrusted-server', 'no') });
    const end = (state: SessionState, why: Ending): SessionState => next(state, { on: 'ended', now: T, random: 0, ending: why }, two).state;
    expect(end(STATES.connecting, untrusted)).toMatchObject({ at: 'waiting', server: 1 });
    expect(end({ ...STATES.connecting, server: 1, misses: 1 }, untrusted).at).toBe('closed');
    expect(end(STATES.connecting, FATAL).at).toBe('closed');
    // WebSocket without the package for it.
    expect(end(STATES.connecting, ending({ isFatal: true, error: new LianyunError('unsupported', 'no') }))).toMatchObject({ at: 'waiting', server: 1 });
  });

  it("keeps a cloud's floor between two attempts, counted from the last attempt", () => {
    const floor = { floorMs: 5000, ceilingMs: 60_000, servers: 1 };
    const wait = (now: number, random = 0): unknown => next(STATES.connecting, { on: 'ended', now, random, ending: LOST }, floor).effects[0];
    expect(wait(T + 1000)).toEqual({ do: 'wait', ms: 4000 });
    expect(wait(T + 9000)).toEqual({ do: 'wait', ms: 0 });
    expect(wait(T + 1000, 0.75)).toEqual({ do: 'wait', ms: 6000 });
  });

  it('never waits longer than the floor because the wall clock was set back', () => {
    const { effects } = next(STATES.online, { on: 'ended', now: T - 1e12, random: 0, ending: ending({ byServer: true }) }, { floorMs: 5000, ceilingMs: 60_000, servers: 1 });
    expect(effects[0]).toEqual({ do: 'wait', ms: 5000 });
  });
});

describe('backoff', () => {
  it('is full jitter: anything from nothing to a bound that doubles up to the ceiling', () => {
    expect([0, 1, 2, 3, 5, 6, 7].map((attempt) => backoffMs(attempt, 0.999_999, 60_000))).toEqual([999, 1999, 3999, 7999, 31_999, 59_999, 59_999]);
    expect([0, 1, 2, 3, 5, 6, 7].map((attempt) => backoffMs(attempt, 0, 60_000))).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  it('stays finite and within bounds over a million attempts', () => {
    const floorMs = 5000;
    const ceilingMs = 60_000;
    let state: SessionState = next({ at: 'idle' }, { on: 'start', now: 0 }, PACE).state;
    let now = 0;
    let seed = 1;
    let worst = 0;
    for (let i = 0; i < 1_000_000; i++) {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      const random = seed / 2 ** 32;
      const step = next(state, { on: 'ended', now, random, ending: LOST }, { floorMs, ceilingMs, servers: 1 });
      const [effect] = step.effects;
      if (effect?.do !== 'wait' || !(effect.ms >= 0 && effect.ms <= ceilingMs) || !Number.isInteger(effect.ms)) expect.fail(`attempt ${i} waits ${JSON.stringify(effect)}`);
      worst = Math.max(worst, effect.ms);
      now += effect.ms;
      state = next(step.state, { on: 'timer', now }, PACE).state;
    }
    expect(state).toMatchObject({ at: 'connecting', attempt: 1_000_000 });
    expect(worst).toBeGreaterThan(50_000);
  });

  it('does not let a thousand clients that lost the same server come back together', () => {
    const clients = 1000;
    let seed = 7;
    const slots = new Map<number, number>();
    for (let i = 0; i < clients; i++) {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      let state: SessionState = STATES.online;
      let now = T;
      for (let attempt = 0; attempt < 5; attempt++) {
        seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
        const step = next(state, { on: 'ended', now, random: seed / 2 ** 32, ending: LOST }, PACE);
        if (step.state.at !== 'waiting') expect.fail('a lost connection is tried again');
        now = step.state.until;
        state = next(step.state, { on: 'timer', now }, PACE).state;
      }
      const slot = Math.floor((now - T) / 1000);
      slots.set(slot, (slots.get(slot) ?? 0) + 1);
    }
    // Spread over a minute and more; no second gets more than a small share.
    expect(slots.size).toBeGreaterThan(50);
    expect(Math.max(...slots.values())).toBeLessThan(clients / 20);
  });
});
