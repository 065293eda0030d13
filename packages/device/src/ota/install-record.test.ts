import { describe, expect, it } from 'vitest';
import { nextAction, type InstallRecord } from './install-record.ts';

/** How the new version behaves. */
type Temper = 'good' | 'fails its confirmation' | 'ends in its confirmation' | 'does not start';
/** How the program applies: it goes on, or ends with it. */
type Style = 'goes on' | 'ends';

interface World {
  readonly record: InstallRecord | undefined;
  /** What runs, and what would run after a restart. */
  readonly running: string;
  readonly slot: string;
  readonly isTrial: boolean;
  readonly wasConfirmed: boolean;
  readonly told: 'success' | 'failure' | undefined;
}

const OLD = '1';
const NEW = '2';

/** A new process: of a version that does not start, the machine falls back to the old one. */
function restart(world: World, temper: Temper): World {
  const running = world.slot === NEW && temper === 'does not start' ? OLD : world.slot;
  return { ...world, slot: running, running, isTrial: false };
}

const set = (world: World, change: Partial<InstallRecord>): World => ({ ...world, record: world.record && { ...world.record, ...change } });
const give = (world: World): World => set(world, { state: 'rolling-back', tries: 0 });

/** The worlds that a step may lead to: the whole of it, or as far as it came when the power was cut. The first is the whole. */
function steps(world: World, temper: Temper, style: Style): readonly World[] {
  const { record } = world;
  if (record === undefined) return [];
  const begun = set(world, { tries: record.tries + 1 });
  const cut = (each: World): World => restart(each, temper);
  switch (nextAction(record, world.running, world.isTrial)) {
    case 'wait':
      return [];
    case 'prepare':
      return [set(begun, { state: 'prepared', tries: 0 }), cut(world), cut(begun)];
    case 'apply': {
      const applied = { ...begun, slot: NEW, isTrial: true };
      const whole = style === 'ends' ? cut(applied) : set({ ...applied, running: temper === 'does not start' ? OLD : NEW }, { state: 'applied', tries: 0 });
      return [whole, cut(world), cut(begun), cut(applied), cut(set(applied, { state: 'applied', tries: 0 }))];
    }
    // Its time passes.
    case 'await-version':
      return [give(world), cut(world)];
    case 'confirm': {
      if (record.state === 'prepared') return [set(world, { state: 'applied', tries: 0 }), cut(world)];
      const whole = temper === 'good' ? set({ ...begun, wasConfirmed: true }, { state: 'confirmed', tries: 0 }) : temper === 'fails its confirmation' ? give(begun) : cut(begun);
      return [whole, cut(world), cut(begun)];
    }
    case 'give-up':
      return [give(world), cut(world)];
    case 'roll-back': {
      const back = { ...begun, slot: OLD };
      const whole = style === 'ends' ? cut(back) : set({ ...back, running: OLD }, { state: 'rolled-back', tries: 0 });
      return [whole, cut(world), cut(begun), cut(back)];
    }
    case 'end-rollback':
      return [set(world, { state: 'rolled-back', tries: 0 }), cut(world)];
    case 'tell-success':
      return [{ ...world, told: 'success', record: undefined }, cut(world), cut({ ...world, told: 'success' })];
    case 'tell-failure':
      return [{ ...world, told: 'failure', record: undefined }, cut(world), cut({ ...world, told: 'failure' })];
  }
}

const START: World = { record: { kind: 'firmware', version: NEW, from: OLD, state: 'downloaded', tries: 0 }, running: OLD, slot: OLD, isTrial: false, wasConfirmed: false, told: undefined };

describe('an installation', () => {
  for (const temper of ['good', 'fails its confirmation', 'ends in its confirmation', 'does not start'] as const) {
    for (const style of ['goes on', 'ends'] as const) {
      it(`comes to one end and tells the truth, wherever the power is cut: the program ${style} when it applies, the new version is one that ${temper === 'good' ? 'works' : temper}`, () => {
        const seen = new Set<string>();
        const ends = new Set<string>();
        const visit = (world: World, cuts: number): void => {
          const key = JSON.stringify([world, cuts]);
          if (seen.has(key)) return;
          seen.add(key);
          // A success that was told is one: the new version runs, and has been confirmed.
          if (world.told === 'success') expect(world).toMatchObject({ running: NEW, slot: NEW, wasConfirmed: true });
          if (world.told === 'failure') expect(world).toMatchObject({ running: OLD, slot: OLD, wasConfirmed: false });
          if (world.record === undefined) return void ends.add(world.told ?? 'nothing');
          const [whole, ...interrupted] = steps(world, temper, style);
          if (whole === undefined) throw new Error(`stuck in ${key}`);
          visit(whole, cuts);
          if (cuts > 0) for (const each of interrupted) visit(each, cuts - 1);
        };
        visit(START, 0);
        expect([...ends]).toEqual([temper === 'good' ? 'success' : 'failure']);
        visit(START, 6);
        // Cut often enough, even a good version is given up; a bad one never gets through.
        expect(ends.has('nothing')).toBe(false);
        if (temper !== 'good') expect([...ends]).toEqual(['failure']);
        expect(seen.size).toBeGreaterThan(50);
      });
    }
  }

  it('ends by itself from every state that a journal can hold', () => {
    for (const state of ['downloaded', 'prepared', 'applied', 'rolling-back', 'rolled-back', 'confirmed'] as const) {
      for (let tries = 0; tries < 5; tries++) {
        for (const running of [OLD, NEW]) {
          let world: World = { ...START, running, slot: running, record: { kind: 'firmware', version: NEW, from: OLD, state, tries } };
          for (let count = 0; world.record !== undefined; count++) {
            const [whole] = steps(world, 'good', 'ends');
            if (whole === undefined || count > 20) throw new Error(`stuck in ${JSON.stringify(world)}`);
            world = whole;
          }
        }
      }
    }
  });

  it('waits while nobody has said which version runs, except for what is only to be told', () => {
    const record = { tries: 0, version: NEW, from: OLD };
    expect((['downloading', 'downloaded', 'prepared', 'applied', 'rolling-back', 'confirmed', 'rolled-back'] as const).map((state) => nextAction({ ...record, state }, undefined, false))).toEqual(['wait', 'wait', 'wait', 'wait', 'wait', 'tell-success', 'tell-failure']);
  });
});
