// Where the vendor's SDK is wrong and ours is right: rules, each with a reason. A case that a rule covers passes only if ours does exactly what the rule says.
import { at } from './compare.ts';
import type { Case } from './transcript.ts';

/** A condition on what was recorded: the value at the pointer equals, matches (a regular expression on its JSON), or is there. */
interface Condition {
  readonly at: string;
  readonly equals?: unknown;
  readonly matches?: string;
  readonly exists?: boolean;
}

/** A rule. */
export interface Deviation {
  readonly sdk: string;
  /** The api; a trailing `*` stands for any ending. */
  readonly api: string;
  readonly when: readonly Condition[];
  /**
   * What ours does instead. `{ "$from": POINTER }` stands for a value of the recorded case, `{ "$any": true }` for one that is there, whatever it is. The observations that differ, by name (`publishes`, `returns`, `error`, …). A pointer below one (`/publishes/0/payload/x`) replaces that part only. */
  readonly ours: Readonly<Record<string, unknown>>;
  readonly reason: string;
}

/** The rules that cover a case. */
export function covering(rules: readonly Deviation[], recorded: Case): Deviation[] {
  return rules.filter((rule) => rule.sdk === recorded.sdk && namesApi(rule.api, recorded.api) && rule.when.every((condition) => holds(condition, recorded)));
}

const namesApi = (pattern: string, api: string): boolean => (pattern.endsWith('*') ? api.startsWith(pattern.slice(0, -1)) : pattern === api);

function holds({ at: pointer, equals, matches, exists }: Condition, recorded: Case): boolean {
  const value = at(recorded, pointer);
  if (exists !== undefined && exists !== (value !== undefined)) return false;
  if (matches !== undefined && !new RegExp(matches, 'u').test(JSON.stringify(value) ?? '')) return false;
  return equals === undefined || JSON.stringify(value) === JSON.stringify(equals);
}

/** What is expected of ours where rules cover the case. Every rule of a case applies, in the order of the file. */
export function expectation(recorded: Case, rules: readonly Deviation[]): Readonly<Record<string, unknown>> {
  const expected = structuredClone(recorded) as Record<string, unknown>;
  for (const { ours } of rules) {
    for (const [name, value] of Object.entries(ours)) {
      const meant = filledIn(value, recorded);
      if (!name.startsWith('/')) expected[name] = meant;
      else replace(expected, name, meant);
    }
  }
  return expected;
}

function replace(target: Record<string, unknown>, pointer: string, value: unknown): void {
  const cut = pointer.lastIndexOf('/');
  const parent = cut === 0 ? target : at(target, pointer.slice(0, cut));
  if (typeof parent !== 'object' || parent === null) return;
  const name = pointer.slice(cut + 1).replaceAll('~1', '/').replaceAll('~0', '~');
  if (Array.isArray(parent) && name === '-') parent.push(value);
  else if (value === null && !Array.isArray(parent)) delete (parent as Record<string, unknown>)[name];
  else (parent as Record<string, unknown>)[name] = value;
}

/** Puts values of the recorded case in the places of a rule that name them. */
function filledIn(value: unknown, recorded: Case): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => filledIn(each, recorded));
  if (typeof value !== 'object' || value === null) return value;
  if ('$from' in value) return structuredClone(at(recorded, String(value.$from)));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, filledIn(each, recorded)]));
}
