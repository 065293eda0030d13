import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { filter, FUZZ_TIMEOUT_MS, runs, topic } from './packet-arbitraries.fixtures.ts';
import { isTopicFilter, isTopicName, topicMatches } from './topic.ts';

vi.setConfig({ testTimeout: FUZZ_TIMEOUT_MS });

/** Section 4.7 as a regular expression: the definition that the matcher is checked against. */
function matchesByDefinition(pattern: string, name: string): boolean {
  if (name.startsWith('$') && /^[+#]/.test(pattern)) return false;
  const levels = pattern.split('/').map((level) => (level === '+' ? '[^/]*' : level === '#' ? '.*' : level.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')));
  const source = levels.join('/').replace(/\/\.\*$/, pattern.endsWith('/#') ? '(/.*)?' : '/.*');
  return new RegExp(`^${source}$`, 'su').test(name);
}

describe('topic names', () => {
  it.each(['a', '/', '/a', 'a//b', '$oc/devices/d/sys/messages/up', '设备/1', 'a b'])('%j is one', (name) => {
    expect(isTopicName(name)).toBe(true);
  });

  it.each(['', 'a/+', '#', 'a\u0000', 'a\n', 'a\u0085', 'a\uD800', 'a\uFFFF', 'x'.repeat(65_536), '云'.repeat(21_846)])('%j is none', (name) => {
    expect(isTopicName(name)).toBe(false);
  });
});

describe('topic filters', () => {
  it.each(['a', '#', '+', '/', '+/+', 'a/+/b', 'a/#', '/+', '+/#', '$SYS/#', '云'.repeat(21_845)])('%j is one', (name) => {
    expect(isTopicFilter(name)).toBe(true);
  });

  it.each(['', 'a#', '#/a', 'a/#/', 'a+', '+a', 'a/b+/c', '##', '++', 'a\u0000', '+\t'])('%j is none', (name) => {
    expect(isTopicFilter(name)).toBe(false);
  });
});

describe('matching', () => {
  it.each([
    ['a/b', 'a/b'], ['a/+', 'a/b'], ['a/+', 'a/'], ['+', 'a'], ['+/+', '/a'], ['/+', '/a'], ['#', 'a/b/c'], ['a/#', 'a'], ['a/#', 'a/b/c'], ['a/+/c', 'a/b/c'],
    ['$SYS/#', '$SYS/a'], ['$SYS/+', '$SYS/a'], ['+/b/#', 'a/b'], ['a//b', 'a//b'], ['a/+/b', 'a//b'],
  ])('%j gets a message on %j', (pattern, name) => {
    expect(topicMatches(pattern, name)).toBe(true);
  });

  it.each([
    ['a', 'a/b'], ['a/b', 'a'], ['a/+', 'a'], ['a/+', 'a/b/c'], ['+', '/a'], ['#', '$SYS/a'], ['+/a', '$SYS/a'], ['a/#', 'ab'], ['A', 'a'], ['a/', 'a'], ['a', 'a/'],
    ['a/b/#', 'a'],
  ])('%j gets nothing on %j', (pattern, name) => {
    expect(topicMatches(pattern, name)).toBe(false);
  });

  it('agrees with the definition of section 4.7', () => {
    const near = fc.tuple(topic, fc.array(fc.constantFrom('keep', '+', '#'), { maxLength: 6 })).map(([name, steps]) => {
      const levels = name.split('/').map((level, i) => (steps[i] === '+' ? '+' : level));
      const cut = steps.indexOf('#');
      return { name, pattern: cut >= 0 && cut < levels.length ? [...levels.slice(0, cut), '#'].join('/') : levels.join('/') };
    });
    const small = fc.array(fc.constantFrom('', 'a', 'b', '$x'), { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/')).filter((name) => name !== '');
    const free = fc.tuple(filter, topic).map(([pattern, name]) => ({ pattern, name }));
    const close = fc.tuple(small, small).map(([a, name]) => ({ pattern: a.replace('b', '+').replace(/\/[^/]*$/, '/#'), name }));
    fc.assert(fc.property(fc.oneof(near, free, close), ({ pattern, name }) => {
      fc.pre(isTopicFilter(pattern));
      expect(topicMatches(pattern, name)).toBe(matchesByDefinition(pattern, name));
    }), runs(2000));
  });
});
