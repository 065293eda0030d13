import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codecOf } from '../codec.ts';
import { isJsonObject, type JsonValue } from '../json.ts';
import type { Op } from '../vocabulary.ts';
import { fixturesIn } from '../wire-fixtures.fixtures.ts';
import { huawei } from './index.ts';

const codec = codecOf(huawei);
const folder = new URL('../../fixtures/huawei/', import.meta.url);
const fixtures = fixturesIn(readdirSync(folder).map((file) => [file, readFileSync(new URL(file, folder), 'utf8')]));

/** Where the names and values are the user's own: nothing there is "not given". */
const OWN = new Set(['properties', 'content', 'extension_info', 'task_ext_info', 'config_content', 'commandBody']);

/** The parameters of commands and of the product's own events are the user's; those of the system's events are not. */
const OWN_PARAS: ReadonlySet<Op> = new Set<Op>(['command.invoke', 'command.result', 'event.post', 'event.notify']);

/** The paths of the members that the protocol defines. */
function membersOf(op: Op, value: JsonValue, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (Array.isArray(value)) return value.flatMap((each, index) => membersOf(op, each, [...path, index]));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const isOwn = OWN.has(name) || (name === 'paras' && OWN_PARAS.has(op));
    return [[...path, name], ...(isOwn ? [] : membersOf(op, member, [...path, name]))];
  });
}

/** A copy with one member changed; undefined takes it out. */
function changed(body: JsonValue, path: readonly (string | number)[], to: JsonValue | undefined): JsonValue {
  const copy = structuredClone(body);
  const [last = '', parents] = [path.at(-1), path.slice(0, -1)];
  const parent = parents.reduce<any>((at, step) => at[step], copy) as Record<string | number, unknown>;
  if (to === undefined) delete parent[last];
  else parent[last] = to;
  return copy;
}

/** What is read, or undefined when the frame is refused. */
function read({ direction, topic, via }: { readonly direction: 'up' | 'down'; readonly topic: string; readonly via: string }, body: JsonValue): unknown {
  let isRefused = false;
  const reads = codec.decode(direction, { topic, payload: JSON.stringify(body), via }, () => {
    isRefused = true;
  });
  return isRefused ? undefined : reads;
}

describe('A member that may be left out', () => {
  const cases = [...fixtures].flatMap(([op, list]) => {
    const { direction } = codec.row(op);
    // What is bytes has no members, though it may look like a document.
    return list.flatMap(({ name, topic, via, payload, message }) => (isJsonObject(payload) && !(payload instanceof Uint8Array) && !('bytes' in message.body) ? membersOf(op, payload).map((path) => ({ op, what: name, direction, topic, via, wire: payload, path, at: path.join('.') })) : []));
  });
  const optional = cases.filter(({ wire, path, ...frame }) => read(frame, changed(wire, path, undefined)) !== undefined);

  it('is looked for in every message that has one', () => {
    expect(optional.length).toBeGreaterThan(500);
  });

  it.each([...new Set(optional.map(({ op }) => op))])('means the same as null or "" when it is left out (%s)', (wanted) => {
    for (const { op, what, wire, path, at, ...frame } of optional) {
      if (op !== wanted) continue;
      const without = read(frame, changed(wire, path, undefined));
      expect(read(frame, changed(wire, path, null)), `${at} null in ${what}`).toEqual(without);
      expect(read(frame, changed(wire, path, '')), `${at} "" in ${what}`).toEqual(without);
    }
  });
});
