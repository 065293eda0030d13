// Plays a case and looks whether ours did what was recorded.
import type { FakeClock } from '@lianyun/protocol/testing';
import { differences, told, type Equality } from './compare.ts';
import { covering, expectation, ruledBy, type Deviation } from './deviations.ts';
import { withHistory } from './history.ts';
import { injectionsOf, type Case } from './transcript.ts';
import type { Wire } from './wire.ts';

/** How one scenario's cases become calls of a vendor face. Made anew for every scenario; state carries over from case to case. */
export interface Stage {
  /** Calls what the case names, and gives what it returns. Cases that only inject are not handed to it. Throws {@link UnknownCase} for an api that it does not know. */
  play(recorded: Case): unknown;
  /** Sets up what has to be there before a case: listeners, connections, files. */
  before?(recorded: Case): Promise<void> | void;
  /** Further observations after the call, under the recorded names (`state`, `device_info.json`, …). */
  observe?(recorded: Case): Promise<Record<string, unknown>> | Record<string, unknown>;
  /** Whether more has to happen before the case can be judged, besides the call's end and 0.3 s of quiet. */
  isWaiting?(recorded: Case): boolean;
  close(): Promise<void> | void;
}

export interface StageOptions {
  readonly wire: Wire;
  readonly clock: FakeClock;
  /** The whole scenario: what later cases need may have to be prepared at its start. */
  readonly cases: readonly Case[];
  /** A directory of its own. */
  readonly directory: string;
}

/** What a vendor's transcripts need. */
export interface Face {
  readonly sdk: string;
  readonly equality: Equality;
  /** Observations that are compared; others (logs, durations) are the recorded program's own. */
  readonly compared: readonly string[];
  /** Names that the server's certificate has besides `golden-server`: where the recorded program did not look at names and ours does. */
  hosts?(cases: readonly Case[]): readonly string[];
  /** Puts what was recorded and what was seen into the form in which they are compared: message ids, headers. */
  normalised?(observed: Readonly<Record<string, unknown>>): Record<string, unknown>;
  open(options: StageOptions): Promise<Stage> | Stage;
}

/** A case that the table of calls has no entry for. */
export class UnknownCase extends Error {}

/** Time that may pass, by the fake clock, before a call counts as one that never ends. */
const LONGEST_MS = 600_000;
const STEP_MS = 50;
/** The line was quiet for so long when the recorder looked. */
const QUIET_MS = 300;

interface ReplayOptions extends StageOptions {
  readonly face: Face;
  readonly rules: readonly Deviation[];
}

/** What is wrong with each case of a scenario; nothing: it passed. */
export async function replay(options: ReplayOptions): Promise<Map<string, string[]>> {
  const { face, wire, cases, rules } = options;
  const results = new Map<string, string[]>();
  let stage: Stage;
  try {
    stage = await face.open(options);
  } catch (error) {
    return new Map(cases.map(({ id }) => [id, [`the replay itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`]]));
  }
  try {
    for (const recorded of withHistory(cases)) {
      try {
        const ours = await playOne(recorded, stage, options);
        results.set(recorded.id, judge(recorded, ours, face, covering(rules, recorded)));
      } catch (error) {
        results.set(recorded.id, [error instanceof UnknownCase ? `unknown case: ${error.message}` : `the replay itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`]);
      }
    }
  } finally {
    let isClosed = false;
    const closing = Promise.resolve(stage.close()).finally(() => {
      isClosed = true;
    });
    // What waits for a deadline on its way out gets there.
    await untilQuiet(wire, options.clock, () => isClosed);
    await closing;
    wire.recorder.take();
  }
  return results;
}

async function playOne(recorded: Case, stage: Stage, { wire, clock }: ReplayOptions): Promise<Record<string, unknown>> {
  wire.connacks = [...(recorded.connack ?? [])];
  await stage.before?.(recorded);
  wire.recorder.take();
  let outcome: Record<string, unknown> = { returns: null, error: null };
  let isDone = false;
  let unknown: UnknownCase | undefined;
  const run = async (): Promise<void> => {
    try {
      if (recorded.inject !== undefined) wire.inject(injectionsOf(recorded));
      else outcome = { returns: (await stage.play(recorded)) ?? null, error: null };
    } catch (error) {
      if (error instanceof UnknownCase) unknown = error;
      outcome = { returns: null, error: { type: error instanceof Error ? error.name : 'Error', message: error instanceof Error ? error.message : String(error) } };
    } finally {
      isDone = true;
    }
  };
  void run();
  await untilQuiet(wire, clock, () => isDone && stage.isWaiting?.(recorded) !== true);
  if (!isDone) outcome = { returns: null, error: { type: 'NeverEnded', message: `the call did not end within ${LONGEST_MS} ms` } };
  if (unknown !== undefined) throw unknown;
  const observed = await stage.observe?.(recorded);
  return { ...wire.recorder.take(), ...outcome, ...(recorded.connack === undefined ? {} : { connack: recorded.connack }), ...observed };
}

/** Lets time pass until the call has ended and the line was quiet. */
async function untilQuiet({ recorder }: Wire, clock: FakeClock, isDone: () => boolean): Promise<void> {
  let quietMs = 0;
  for (let passedMs = 0; passedMs < LONGEST_MS && (quietMs < QUIET_MS || !isDone()); passedMs += STEP_MS) {
    const before = recorder.activity;
    await settled(recorder);
    clock.advance(STEP_MS);
    await settled(recorder);
    quietMs = recorder.activity === before && isDone() ? quietMs + STEP_MS : 0;
  }
}

/** What the system still does for this process and ends by itself: a file that is read or written, a name that is looked up, a connection that is made. */
const UNDER_WAY = /^(?:FSReq|FileHandleClose|GetAddrInfo|TCPConnect|Write|Shutdown|RandomBytes|SignJob|VerifyJob|HashJob)/;

/** Until bytes under way on loopback have arrived and been dealt with: a few turns of the event loop without news. */
async function settled(recorder: { readonly activity: number }): Promise<void> {
  for (let turns = 0; turns < 3; turns++) {
    const before = recorder.activity;
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (recorder.activity !== before || process.getActiveResourcesInfo().some((name) => UNDER_WAY.test(name))) turns = -1;
  }
}

function judge(recorded: Case, seen: Record<string, unknown>, face: Face, rules: readonly Deviation[]): string[] {
  const meant = expectation(recorded, rules);
  const [expected, ours] = [withoutSpelling(meant), seen].map((each) => face.normalised?.(each) ?? each) as [Readonly<Record<string, unknown>>, Record<string, unknown>];
  const ruled = ruledBy(rules);
  const options = { ...face.equality, volatile: new Set(recorded.volatile), timingDependent: new Set(recorded.timingDependent?.filter((pointer) => !ruled.has(pointer))) };
  return face.compared
    .flatMap((name) => (name === 'error' ? compareErrors(expected['error'], ours['error'], face.equality) : differences(expected[name], ours[name], `/${name}`, options).map(told)))
    .concat(rules.length > 0 && JSON.stringify(meant) === JSON.stringify(recorded) ? [`a rule changes nothing: ${rules[0]?.reason ?? ''}`] : []);
}

/** The exact text of a payload shows how Python writes JSON; the JSON is what counts. */
function withoutSpelling(recorded: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const publishes = (recorded['publishes'] ?? []) as Readonly<Record<string, unknown>>[];
  return { ...recorded, publishes: publishes.map(({ payloadRaw: _, ...rest }) => rest) };
}

function compareErrors(recorded: unknown, ours: unknown, { namedErrors }: Equality): string[] {
  const [theirs, mine] = [recorded, ours].map((each) => (each ?? undefined) as { type: string; message: string } | undefined);
  if (theirs === undefined) return mine === undefined ? [] : [`/error: recorded none, ours ${mine.type}: ${mine.message}`];
  // The recorded call never came back; a documented result or error is what is wanted.
  if (theirs.type === 'RecorderTimeout') return mine?.type === 'NeverEnded' ? ['/error: ours never ended either'] : [];
  if (mine === undefined) return [`/error: recorded ${theirs.type}: ${theirs.message}, ours none`];
  if (mine.type === 'NeverEnded') return [`/error: ${mine.message}`];
  return namedErrors.has(theirs.type) && mine.type !== theirs.type ? [`/error/type: recorded ${theirs.type}, ours ${mine.type}: ${mine.message}`] : [];
}
