import { topicMatches } from '@lianyun/protocol/mqtt';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RoutingIndex } from './routing-index.ts';

const level = fc.constantFrom('a', 'b', '', '$s');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/')).filter((text) => text !== '');
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.constantFrom('', '', '/#'))
  .map(([levels, end]) => levels.join('/') + end)
  .filter((text) => text !== '');
const step = fc.record({ isAdd: fc.boolean(), filter: fc.oneof(filter, fc.constant('#')), subscriber: fc.nat(3) });

describe('the routing index', () => {
  it('finds exactly those subscribers that have a filter that matches', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), topic, (steps, subject) => {
        const subscribers = [{ id: 0 }, { id: 1 }, { id: 2 }, { id: 3 }];
        const index = new RoutingIndex<object>();
        const plain = new Map<string, Set<object>>();
        for (const { isAdd, filter: text, subscriber } of steps) {
          const who = subscribers[subscriber] as object;
          const others = plain.get(text) ?? new Set();
          plain.set(text, others);
          if (isAdd) {
            index.add(text, who);
            others.add(who);
          } else {
            index.remove(text, who);
            others.delete(who);
          }
        }
        const expected = new Set([...plain].flatMap(([text, who]) => (topicMatches(text, subject) ? [...who] : [])));
        expect(new Set(index.match(subject))).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });
});
