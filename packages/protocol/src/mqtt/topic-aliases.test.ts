import { describe, expect, it } from 'vitest';
import { REASON_CODES } from './reason-codes.ts';
import { reasonText } from './reason-words.ts';
import { IncomingAliases, OutgoingAliases } from './topic-aliases.ts';

function sent(aliases: OutgoingAliases, topics: readonly string[]): unknown[] {
  const written: unknown[] = [];
  for (const topic of topics) aliases.publish(topic, (name, alias) => written.push(alias === undefined ? name : [name, alias]));
  return written;
}

describe('outgoing aliases', () => {
  it('are given at the second use, and the topic is left out from then on', () => {
    expect(sent(new OutgoingAliases(2), ['a', 'a', 'a', 'b', 'a', 'b', 'b'])).toEqual(['a', ['a', 1], ['', 1], 'b', ['', 1], ['b', 2], ['', 2]]);
  });

  it('are as many as the other end takes', () => {
    expect(sent(new OutgoingAliases(1), ['a', 'b', 'a', 'b', 'b', 'a'])).toEqual(['a', 'b', ['a', 1], 'b', 'b', ['', 1]]);
    expect(sent(new OutgoingAliases(0), ['a', 'a', 'a'])).toEqual(['a', 'a', 'a']);
  });

  it('are not used up by topics that never come again', () => {
    const aliases = new OutgoingAliases(1);
    sent(aliases, Array.from({ length: 1000 }, (_, at) => `request_id=${at}`));
    expect(sent(aliases, ['a', 'a', 'a'])).toEqual(['a', ['a', 1], ['', 1]]);
  });

  it('are not given by a packet that could not be written', () => {
    const aliases = new OutgoingAliases(1);
    const fail = (): never => {
      throw new Error('not written');
    };
    sent(aliases, ['a']);
    expect(() => aliases.publish('a', fail)).toThrow('not written');
    expect(sent(aliases, ['a', 'a'])).toEqual([['a', 1], ['', 1]]);
  });
});

describe('incoming aliases', () => {
  it('stand for the topic that they came with last', () => {
    const aliases = new IncomingAliases(2);
    expect(aliases.topicOf('a', undefined)).toBe('a');
    expect(aliases.topicOf('a', { topicAlias: 2 })).toBe('a');
    expect(aliases.topicOf('', { topicAlias: 2 })).toBe('a');
    expect(aliases.topicOf('b', { topicAlias: 2 })).toBe('b');
    expect(aliases.topicOf('', { topicAlias: 2 })).toBe('b');
  });

  it('are no more than what a connection may hold, however many there may be', () => {
    const aliases = new IncomingAliases(4);
    const [one, two] = ['a'.repeat(40_000), 'b'.repeat(40_000)];
    expect(aliases.topicOf(one, { topicAlias: 1 })).toBe(one);
    // In the place of the first there is room for another.
    expect(aliases.topicOf(two, { topicAlias: 1 })).toBe(two);
    expect(aliases.topicOf(one, { topicAlias: 2 })).toBeUndefined();
  });

  it('are a protocol error above the maximum, or when nothing was said of them', () => {
    const aliases = new IncomingAliases(2);
    expect(aliases.topicOf('', { topicAlias: 1 })).toBeUndefined();
    expect(aliases.topicOf('a', { topicAlias: 3 })).toBeUndefined();
    expect(new IncomingAliases(0).topicOf('a', { topicAlias: 1 })).toBeUndefined();
  });
});

it('every reason code that a packet may carry has words', () => {
  for (const { codes } of Object.values(REASON_CODES)) for (const code of codes) if (code < 0x18 && code > 0x02 || code >= 0x80) expect(reasonText(code)).not.toContain('does not define');
  expect(reasonText(0x87)).toBe('0x87 not authorized');
});
