// Where the vendor's SDK is wrong and ours is right: rules, each with a reason. A case that a rule covers passes only if ours does exactly what the rule says.
import { at } from './compare.ts';
import type { Case } from './transcript.ts';

/**
 * A condition on what was recorded (`/heard` lists the listeners that the program had by then, `/subscribed` its custom topics, `/injected` the events that it was sent before, and more of `withHistory`, as far as the transcript shows): the value at the pointer equals, matches (a regular expression on its JSON), or is there. A step `*` stands for every
 * member of a list: one that holds is enough.
 */
interface Condition {
  readonly at: string;
  readonly equals?: unknown;
  readonly matches?: string;
  readonly exists?: boolean;
  /** A number greater than the one at this pointer. */
  readonly above?: string;
  /** A text with the one at this pointer in it. */
  readonly contains?: string;
  /** A text that is there and is not the one at this pointer. */
  readonly differs?: string;
}

/** A rule. */
export interface Deviation {
  readonly sdk: string;
  /** The api; a trailing `*` stands for any ending. */
  readonly api: string;
  readonly when: readonly Condition[];
  /**
   * What ours does instead: the observations that differ, by name (`publishes`, `returns`, `error`, …), or a pointer below one (`/publishes/0/payload/x`),
   * which replaces that part only; null takes it away. A step `*` stands for every member of a list, and the same step of a `$from` for the same place.
   *
   * In values, `{ "$any": true }` stands for one that is there, `{ "$any": "optional" }` for one that may be. `{ "$from": POINTER }` is a value of the
   * recorded case; with `"$match": PATTERN` the first group of what matches in a text, with `"$slice": [FROM, TO]` a part of a list, with `"$without": CONDITION` a list without the members that it holds for. In a list,
   * `{ "$spread": LIST }` stands for its members, and `{ "$repeat": VALUE, "$times": [POINTER, POINTER] }` for as many as the difference of two numbers.
   * `{ "$by": POINTER, "$among": { TEXT: VALUE }, "$else": VALUE }` is the value that the text at the pointer names. `{ "$join": [VALUE, …] }` is a text of several; `{ "$number": POINTER }` is the number in a text, `{ "$entries": POINTER }` the object that a list of names and values makes.
   */
  readonly ours: Readonly<Record<string, unknown>>;
  readonly reason: string;
}

/** The rules that cover a case. */
export function covering(rules: readonly Deviation[], recorded: Case): Deviation[] {
  return rules.filter((rule) => rule.sdk === recorded.sdk && namesApi(rule.api, recorded.api) && rule.when.every((condition) => holds(condition, recorded)));
}

const namesApi = (pattern: string, api: string): boolean => (pattern.endsWith('*') ? api.startsWith(pattern.slice(0, -1)) : pattern === api);

function holds({ at: pointer, equals, matches, exists, above, contains, differs }: Condition, recorded: unknown): boolean {
  const values = placesOf(recorded, pointer).map((place) => at(recorded, place.pointer));
  if (exists !== undefined && exists !== values.some((value) => value !== undefined)) return false;
  if (above !== undefined && !values.some((value) => typeof value === 'number' && value > Number(at(recorded, above)))) return false;
  if (contains !== undefined && !values.some((value) => String(value).includes(String(at(recorded, contains))))) return false;
  if (differs !== undefined && !values.some((value) => typeof value === 'string' && value !== '' && value !== at(recorded, differs))) return false;
  if (matches === undefined && equals === undefined) return true;
  const pattern = matches === undefined ? undefined : new RegExp(matches, 'u');
  return (values.length === 0 ? [undefined] : values).some((value) => {
    if (pattern !== undefined && !pattern.test(JSON.stringify(value) ?? '')) return false;
    return equals === undefined || JSON.stringify(value) === JSON.stringify(equals);
  });
}

/** What is expected of ours where rules cover the case. Every rule of a case applies, in the order of the file. */
export function expectation(recorded: Case, rules: readonly Deviation[]): Readonly<Record<string, unknown>> {
  const expected = structuredClone(recorded) as Record<string, unknown>;
  for (const { ours } of rules) {
    for (const [name, value] of Object.entries(ours)) {
      if (!name.startsWith('/')) {
        expected[name] = filledIn(value, recorded, []);
        continue;
      }
      for (const { pointer, stars } of placesOf(expected, name)) replace(expected, pointer, filledIn(value, recorded, stars));
    }
  }
  return expected;
}

/** What rules say of a pointer is said for sure, even where two runs of the recorded program differed. */
export function ruledBy(rules: readonly Deviation[]): ReadonlySet<string> {
  return new Set(rules.flatMap(({ ours }) => Object.keys(ours).map((name) => (name.startsWith('/') ? name : `/${name}`))));
}

/** Every place that a pointer with `*` stands for, with what the stars are there. */
function placesOf(value: unknown, pointer: string): { readonly pointer: string; readonly stars: readonly string[] }[] {
  const star = pointer.search(/\/\*(\/|$)/);
  if (star < 0) return [{ pointer, stars: [] }];
  const list = at(value, pointer.slice(0, star));
  if (!Array.isArray(list)) return [];
  return list.flatMap((_, index) =>
    placesOf(value, `${pointer.slice(0, star)}/${index}${pointer.slice(star + 2)}`).map((place) => ({ pointer: place.pointer, stars: [String(index), ...place.stars] })),
  );
}

function replace(target: Record<string, unknown>, pointer: string, value: unknown): void {
  const cut = pointer.lastIndexOf('/');
  const parent = cut === 0 ? target : at(target, pointer.slice(0, cut));
  if (typeof parent !== 'object' || parent === null) return;
  const name = pointer.slice(cut + 1).replaceAll('~1', '/').replaceAll('~0', '~');
  if (value === null && !Array.isArray(parent)) delete (parent as Record<string, unknown>)[name];
  else (parent as Record<string, unknown>)[name] = value;
}

/** Puts values of the recorded case in the places of a rule that name them. */
function filledIn(value: unknown, recorded: Case, stars: readonly string[]): unknown {
  if (Array.isArray(value)) return value.flatMap((each: unknown) => membersOf(each, recorded, stars));
  if (typeof value !== 'object' || value === null) return value;
  if ('$from' in value) return taken(value as Taken, recorded, stars);
  if ('$by' in value && '$among' in value && '$else' in value) {
    const among = value.$among as Readonly<Record<string, unknown>>;
    const name = String(at(recorded, placed(String(value.$by), stars)));
    return Object.hasOwn(among, name) ? among[name] : filledIn(value.$else, recorded, stars);
  }
  if ('$join' in value) return (value.$join as readonly unknown[]).map((each) => String(filledIn(each, recorded, stars))).join('');
  if ('$number' in value) return Number(/-?\d+/.exec(String(at(recorded, String(value.$number))))?.[0]);
  if ('$entries' in value) return Object.fromEntries((at(recorded, String(value.$entries)) as [string, unknown][]).map(([name, each]) => [name, each]));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, filledIn(each, recorded, stars)]));
}

/** What stands in a list for one of its members. */
function membersOf(value: unknown, recorded: Case, stars: readonly string[]): unknown[] {
  if (typeof value !== 'object' || value === null) return [value];
  if ('$spread' in value) return (filledIn(value.$spread, recorded, stars) ?? []) as unknown[];
  if ('$repeat' in value && '$times' in value) {
    const [most, least] = (value.$times as readonly string[]).map((pointer) => Number(at(recorded, pointer)));
    return Array.from({ length: Math.max(0, (most ?? 0) - (least ?? 0)) }, () => filledIn(value.$repeat, recorded, stars));
  }
  return [filledIn(value, recorded, stars)];
}

/** A pointer with the places that its stars stand for. */
function placed(pointer: string, stars: readonly string[]): string {
  const left = [...stars];
  return pointer.replace(/\/\*(?=\/|$)/g, () => `/${left.shift() ?? '*'}`);
}

interface Taken {
  readonly $from: string;
  readonly $match?: string;
  readonly $slice?: readonly [number, number?];
  readonly $without?: Condition;
}

function taken({ $from, $match, $slice, $without }: Taken, recorded: Case, stars: readonly string[]): unknown {
  const found = structuredClone(at(recorded, placed($from, stars)));
  if ($match !== undefined) return new RegExp($match, 'u').exec(String(found))?.[1];
  if (!Array.isArray(found)) return found;
  const list = found as unknown[];
  const part = $slice === undefined ? list : list.slice($slice[0], $slice[1]);
  return $without === undefined ? part : part.filter((each) => !holds($without, each));
}
